"""Saving: a failing case is written to its own folder, from which it can be repeated.

| file       | what                                                                            |
|------------|---------------------------------------------------------------------------------|
| case.npz   | the arrays of the case                                                          |
| case.json  | configuration, subject, versions, precision flags, verdict, SHA-256 of the arrays |
| answer.npz | the subject's answer, unless it is large or changes from call to call           |
"""

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parity.execution.ask import answer
from parity.model.case import Array, Case
from parity.model.errors import KeepingError
from parity.model.finding import Misbehaviour, NoTraceError
from parity.model.formats import code, is_bfloat16
from parity.model.trace import Trace
from parity.model.verdict import Verdict
from parity.reference.base import Reference
from parity.report.json_output import to_json, verdict_data
from parity.reproduce import npz
from parity.reproduce.environment import surroundings
from parity.reproduce.symptom import symptom
from parity.subjects.subject import Subject

FOLDER = Path(".parity")
CASE, ANSWER, RECORD = "case.npz", "answer.npz", "case.json"
FORMAT = {"name": "rnn-parity case", "version": 1}

MOST_BYTES = 64 * 2**20
"""Bytes of a case, and of an answer, at most: a larger one is not kept."""

MOST_RECORD_BYTES = 4 * 2**20
LONGEST_ENTRY = 10_000
"""Characters of a text in the record: a subject's exception may print a whole array."""

DTYPES = {f"<{kind}" for kind in ("f2", "f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8")}
DTYPES |= {"|b1", "|i1", "|u1", "bfloat16"}
"""Dtypes of an answer that every machine can read."""

NAMES = r"[A-Za-z_][A-Za-z0-9_/]{0,99}"
"""The names of an answer's arrays that are kept."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The folder of a kept case, and problems on the way."""

    folder: Path
    notes: tuple[str, ...]


def keep(
    subject: Subject, case: Case, verdict: Verdict, reference: Reference, root: Path = FOLDER
) -> Kept:
    """Write a case on which `subject` failed to a folder under `root`, and return it.

    The same failure has the same folder. It is written elsewhere and then renamed, so several
    processes may do it at once. Raises KeepingError when it cannot be written, or is too large.
    """
    if (size := sum(array.nbytes for array in case.arrays.values())) > MOST_BYTES:
        raise KeepingError(
            f"not kept: the case takes {_bytes(size)}, more than {_bytes(MOST_BYTES)}"
        )
    answered, notes = _answer(subject, case, verdict)
    record = to_json(_record(case, verdict, answered, surroundings(reference))).encode()
    if len(record) > MOST_RECORD_BYTES:
        raise KeepingError(f"not kept: the verdict takes {_bytes(len(record))}")
    files = {CASE: npz.pack(case.arrays), RECORD: record}
    if answered is not None:
        files[ANSWER] = npz.pack(answered)
    folder = root / "cases" / _name(case, verdict)
    try:
        _ignored(root)
        _put(folder, files)
    except OSError as error:
        raise KeepingError(f"not kept: {str(folder)!r}: {error.strerror}") from error
    return Kept(folder=folder, notes=notes)


def _record(
    case: Case, verdict: Verdict, answered: Trace | None, around: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "id": str(case.config),
        "config": dataclasses.asdict(case.config),
        "subject": verdict.subject,
        "sha256": npz.digest(case.arrays),
        "answer": None if answered is None else _described(answered),
        "surroundings": dict(around),
        "verdict": _shortened(verdict_data(verdict)),
    }


def _described(answered: Trace) -> dict[str, Any]:
    """Return what a reader must know about the answer before it opens the file."""
    arrays = {name: [_code(array.dtype), array.shape] for name, array in answered.items()}
    return {"sha256": npz.digest(answered), "arrays": arrays}


def _answer(subject: Subject, case: Case, verdict: Verdict) -> tuple[Trace | None, tuple[str, ...]]:
    """Return the subject's arrays, if it has one answer; if not, None and the reason."""
    if any(finding.kind is not Misbehaviour.MUTATED_INPUT for finding in verdict.findings):
        return None, ()
    try:
        answered = storable(answer(subject, case))
    except NoTraceError:
        return None, ()
    if (size := sum(array.nbytes for array in answered.values())) > MOST_BYTES:
        return None, (f"the answer takes {_bytes(size)}, more than {_bytes(MOST_BYTES)}: not kept",)
    return answered, ()


def storable(answered: Trace) -> dict[str, Array]:
    """Return the arrays of an answer that can be kept: with a usual name and dtype."""
    return {
        name: array
        for name, array in answered.items()
        if _code(array.dtype) in DTYPES and re.fullmatch(NAMES, name)
    }


def _code(dtype: np.dtype[Any]) -> str:
    return code(dtype if is_bfloat16(dtype) else dtype.newbyteorder("<"))


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    return value[:LONGEST_ENTRY] if isinstance(value, str) else value


def _name(case: Case, verdict: Verdict) -> str:
    """Return the folder's name: the id, the symptom, and eight digits of a hash of the rest."""
    what = symptom(verdict)
    counts = json.dumps([verdict.subject, dataclasses.astuple(what), npz.digest(case.arrays)])
    return f"{str(case.config)[:120]}.{what}.{hashlib.sha256(counts.encode()).hexdigest()[:8]}"


def _ignored(root: Path) -> None:
    """Make the folder, and keep it out of version control, as pytest does with its cache."""
    (root / "cases").mkdir(parents=True, exist_ok=True)
    if not (root / ".gitignore").exists():
        (root / ".gitignore").write_text("# Made by compare-one-config.\n*\n", encoding="utf-8")


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder next to `folder` and rename it; if several processes do so, one stays."""
    tag = f"{os.getpid()}-{secrets.token_hex(4)}"
    new, old = (folder.with_name(f".{folder.name}.{tag}.{what}") for what in ("new", "old"))
    try:
        new.mkdir()
        for name, content in files.items():
            (new / name).write_bytes(content)
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError as error:  # another process was first, with the same failure
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST} and not folder.is_dir():
                raise
    finally:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)


def _bytes(size: int) -> str:
    return f"{size:,} bytes"
