"""Loading: a kept case read back, from a folder that may be damaged, foreign or hostile.

Nothing in the folder is trusted. The configuration decides which arrays there are and how large
they are. A file is opened only if it is a plain file of at most that size.
"""

import dataclasses
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from parity.execution.ask import answer
from parity.model.case import Array, Case, check_size, layout
from parity.model.config import Config
from parity.model.errors import ConfigError, KeepingError
from parity.model.finding import NoTraceError
from parity.model.formats import decoded, is_bfloat16
from parity.model.trace import Trace
from parity.reference.base import Reference
from parity.reproduce import npz
from parity.reproduce.environment import differences, surroundings
from parity.reproduce.npz import Layout
from parity.reproduce.save import (
    ANSWER,
    CASE,
    DTYPES,
    FORMAT,
    MOST_BYTES,
    MOST_RECORD_BYTES,
    NAMES,
    RECORD,
    storable,
)
from parity.subjects.subject import Subject

LONGEST_ID, LONGEST_TEXT = 300, 1000
MOST_AXES = 8
DEEPEST = 30
"""How deep lists and objects of the record may be nested, at most."""


@dataclass(frozen=True, kw_only=True)
class KeptCase:
    """A case that failed, as it was when it was saved."""

    folder: Path
    case: Case
    subject: str
    answer: Trace | None
    surroundings: Mapping[str, str]
    summary: str  # of the verdict


def is_folder(text: str) -> bool:
    """Return whether `text` means a folder, not a configuration's id."""
    separators = [mark for mark in ("/", os.sep, os.altsep) if mark]
    return any(mark in text for mark in separators) or _is_dir(Path(text))


def read(folder: Path) -> KeptCase:
    """Return the case that is kept in `folder`, bit for bit.

    Raises KeepingError, in one line that names the file and what is expected there.
    """
    if not _is_dir(folder):
        _refuse(folder, f"must be a folder with {RECORD} and {CASE}")
    record = _record(folder / RECORD)
    config = _config(folder / RECORD, record)
    arrays = _arrays(folder / CASE, layout(config), record.get("sha256"))
    _check_whole(folder / CASE, config, arrays)
    return KeptCase(
        folder=folder,
        case=Case.of(config, arrays),
        subject=_subject(folder, record),
        answer=_answer(folder, record.get("answer")),
        surroundings=_surroundings(folder / RECORD, record),
        summary=_text(folder / RECORD, _object(folder / RECORD, record, "verdict"), "summary"),
    )


def _check_whole(path: Path, config: Config, arrays: Mapping[str, Array]) -> None:
    """Refuse labels outside the classes, and lengths outside the steps."""
    ignored = [config.ignore_index] if config.ignored != "none" else []
    within = {"labels": (0, config.classes - 1), "step_labels": (0, config.classes - 1)}
    within |= {"lengths": (1, config.steps)} if config.packed else {}
    for name, (least, most) in within.items():
        own = arrays[name][~np.isin(arrays[name], ignored)]
        if not ((own >= least) & (own <= most)).all():
            _refuse(path, f"{name} must be from {least} to {most}")


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that is too long for any file
        return False


def as_then(kept: KeptCase, subject: Subject, reference: Reference) -> tuple[str, ...]:
    """Return in words whether `subject` answers the kept bits, and what has changed since."""
    lines = [f"when it was kept: {kept.summary}"]
    if kept.answer is not None and subject.name == kept.subject:
        lines[0] += f"; {_same_bits(kept.answer, subject, kept.case)}"
    other = differences(kept.surroundings, surroundings(reference))
    return (*lines, *([f"changed since then: {'; '.join(other)}"] if other else []))


def _same_bits(then: Trace, subject: Subject, case: Case) -> str:
    try:
        now: Trace = storable(answer(subject, case))
    except NoTraceError:
        return "the subject gives no answer now"
    names = dict.fromkeys((*then, *now))
    other = [n for n in names if not (n in then and n in now and _is_same(then[n], now[n]))]
    if not other:
        return "the subject answers the same bits now"
    return f"the subject answers other bits now in {', '.join(other[:12])}"


def _is_same(one: Array, other: Array) -> bool:
    return npz.digest({"": one}) == npz.digest({"": other})


# -- the folder's content ------------------------------------------------------------------------


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(_content(path, MOST_RECORD_BYTES), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        _refuse(path, f"is not JSON ({type(error).__name__})")
    if not isinstance(record, dict) or not _is_flat(record):
        _refuse(path, f"must be a JSON object, at most {DEEPEST} levels deep")
    found = record.get("format")
    if not isinstance(found, dict) or found.get("name") != FORMAT["name"]:
        _refuse(path, f"is not a kept case: its format must be {FORMAT['name']!r}")
    if type(found.get("version")) is not int or found["version"] != FORMAT["version"]:
        version = _shown(found.get("version"))
        _refuse(path, f"has format version {version}, expected {FORMAT['version']}")
    return record


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _is_flat(value: Any, deep: int = 0) -> bool:
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return deep < DEEPEST and all(_is_flat(item, deep + 1) for item in items)
    return True


def _config(path: Path, record: Mapping[str, Any]) -> Config:
    name = _text(path, record, "id", LONGEST_ID)
    try:
        config = Config.parse(name)
        check_size(config)
    except (ConfigError, ValueError) as error:  # ValueError: thousands of digits
        raise KeepingError(f"{str(path)!r}: {error}") from error
    kept = record.get("config")  # an earlier version had fewer options
    known = {**dataclasses.asdict(Config()), **(kept if isinstance(kept, dict) else {"": None})}
    if str(config) != name or known != dataclasses.asdict(config):
        _refuse(path, f"its config must be that of its id {name}")
    return config


def _arrays(path: Path, expected: Mapping[str, Layout], sha256: Any) -> dict[str, Array]:
    if (size := npz.size(expected)) > MOST_BYTES:
        _refuse(path, f"would have {size} bytes, and no case of more than {MOST_BYTES} is kept")
    try:
        arrays = npz.unpack(_content(path, npz.most(expected)), expected)
    except ValueError as error:
        raise KeepingError(f"{str(path)!r}: {error}") from error
    if (found := npz.digest(arrays)) != sha256:
        _refuse(path, f"its arrays have SHA-256 {found[:12]}..., expected {_shown(sha256)}")
    return arrays


def _answer(folder: Path, described: Any) -> Trace | None:
    if described is None:
        return None
    path = folder / RECORD
    if not isinstance(described, dict) or not isinstance(described.get("arrays"), dict):
        _refuse(path, "its answer must be described by a SHA-256 and arrays")
    expected = {name: _layout(path, name, what) for name, what in described["arrays"].items()}
    return _arrays(folder / ANSWER, expected, described.get("sha256"))


def _layout(path: Path, name: str, what: Any) -> Layout:
    dtype, shape = what if isinstance(what, list) and len(what) == 2 else (None, None)
    counts = shape if isinstance(shape, list) and len(shape) <= MOST_AXES else [None]
    known = dtype in DTYPES if isinstance(dtype, str) else False
    if not (known and re.fullmatch(NAMES, name) and all(_is_count(n) for n in counts)):
        what = f"{_shown(name)}: {_shown(what)}"
        _refuse(path, f"its answer's arrays must have a dtype and a shape, got {what}")
    own = decoded(str(dtype))
    return own if is_bfloat16(own) else own.newbyteorder("="), tuple(counts)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_BYTES


def _subject(folder: Path, record: Mapping[str, Any]) -> str:
    """Return the subject's name. A file in the folder itself is not trusted, and not run."""
    name = _text(folder / RECORD, record, "subject")
    inside = folder.resolve()
    if inside in (Path(name).resolve(), *Path(name).resolve().parents):
        _refuse(folder / RECORD, f"its subject must not lie in the folder, got {_shown(name)}")
    return name


def _surroundings(path: Path, record: Mapping[str, Any]) -> dict[str, str]:
    found = _object(path, record, "surroundings")
    return {name: _text(path, found, name) for name in found if name.isprintable()}


def _object(path: Path, record: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = record.get(name)
    if not isinstance(found, dict):
        _refuse(path, f"its {name} must be an object, got {_shown(found)}")
    return found


def _text(path: Path, record: Mapping[str, Any], name: str, longest: int = LONGEST_TEXT) -> str:
    found = record.get(name)
    if not isinstance(found, str) or not found.isprintable() or len(found) > longest:
        _refuse(path, f"its {name} must be a line of text, got {_shown(found)}")
    return found


def _content(path: Path, most: int) -> bytes:
    """Return the bytes of a plain file of at most `most` bytes; a link or a pipe is refused."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            _refuse(path, "must be a plain file, not a link")
        with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                _refuse(path, "must be a plain file")
            if found.st_size > most:
                _refuse(path, f"has {found.st_size} bytes, expected at most {most}")
            return file.read(most)
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror}")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _refuse(path: Path, why: str) -> NoReturn:
    raise KeepingError(f"{str(path)!r}: {why}")
