"""Loading: a kept case is read bit for bit, and is refused when it has changed."""

import contextlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity import Config, Subject, Verdict, draw, judge
from parity.model.errors import KeepingError
from parity.reference.frameworks.pytorch import pytorch
from parity.reproduce import npz
from parity.reproduce.load import KeptCase, as_then, read
from parity.reproduce.save import keep
from tests.reproduce.kept import HALVED, SMALL, doubled, halved, kept_of, raising
from tests.support.properties import repeatable

CASES = [
    "b2-t3-h2",
    "b3-t1-f1-h4-c2-relu-f32-s7-layer-chaotic",
    "t8-f8-c10-digits",
    "huge-lr0.5",
    "bf16-l2-bi-unsorted-drop0.5-maxpool-weighted-ignore-u2",
]


@pytest.mark.parametrize("name", CASES)
def test_a_kept_case_comes_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    """Configuration, arrays, subject and answer are read as they were written."""
    if name.endswith("digits"):
        pytest.importorskip("sklearn")
    case = draw(Config.parse(name))
    again = read(kept_of(tmp_path, case).folder)
    assert again.case.config == case.config
    assert again.case.snapshot() == case.snapshot()
    assert again.subject == "halved.py"
    assert again.answer is not None
    assert {k: a.tobytes() for k, a in again.answer.items()} == {
        k: np.asarray(a).tobytes() for k, a in halved(case).items()
    }


def test_a_case_of_an_earlier_version_comes_back(folder: Path) -> None:
    """A record with fewer options is read: the others were at their defaults when it was kept."""
    path = folder / "case.json"
    record = json.loads(path.read_text())
    del record["config"]["layers"], record["config"]["updates"]
    path.write_text(json.dumps(record))
    assert read(folder).case.config == SMALL


def test_lengths_that_no_sequence_has_are_refused(tmp_path: Path) -> None:
    """Lengths are checked before a network uses them as indices."""
    case = draw(SMALL.replace(lengths="unsorted"))
    verdict, wrong = judge(HALVED, case, pytorch), case.replace(lengths=np.array([0, 9]))
    folder = keep(HALVED, wrong, verdict, pytorch, tmp_path).folder
    with pytest.raises(KeepingError, match="lengths must be from 1 to 3"):
        read(folder)


def test_arrays_that_were_not_drawn_come_back(tmp_path: Path) -> None:
    """A NaN keeps its payload, a zero keeps its sign, and nothing is drawn again."""
    x = np.array(draw(SMALL).x)
    x[0, 0, 0] = np.frombuffer(b"\x01\x02\x03\x04\x05\x06\xf8\x7f")[0]
    x[1, 1, 1] = -0.0
    case = draw(SMALL).replace(x=x)
    assert read(kept_of(tmp_path, case).folder).case.snapshot() == case.snapshot()


def test_read_arrays_cannot_be_written(folder: Path) -> None:
    """A case that was read is read-only, like one that was drawn."""
    array = read(folder).case.W_h
    with pytest.raises(ValueError, match="read-only"):
        array[...] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


# -- what is not a kept case -----------------------------------------------------------------------


def refusal(folder: Path) -> str:
    with pytest.raises(KeepingError) as refused:
        read(folder)
    text = str(refused.value)
    assert len(text.splitlines()) == 1
    return text


def as_before_or_refused(folder: Path, before: KeptCase) -> None:
    """A damaged folder gives a KeepingError of one line, and never another case."""
    try:
        after = read(folder)
    except KeepingError:
        refusal(folder)
    else:
        assert after.case.config == before.case.config
        assert after.case.snapshot() == before.case.snapshot()


@contextlib.contextmanager
def damaged(made: Path, name: str, content: bytes) -> Iterator[Path]:
    """Copy a kept case, and replace the content of one of its files."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(shutil.copytree(made, Path(place) / made.name))
        (folder / name).write_bytes(content)
        yield folder


files = st.sampled_from(["answer.npz", "case.json", "case.npz"])
places = st.integers(0, 2**20)  # in a file: counted again from its beginning when it is over


@settings(repeatable, max_examples=80)
@given(files, st.lists(st.tuples(places, st.integers(0, 7)), min_size=1, max_size=3))
def test_flipped_bits_change_no_case(made: Path, name: str, flips: list[tuple[int, int]]) -> None:
    """With a few bits flipped a case is the same, bit for bit, or refused in one line."""
    content = bytearray((made / name).read_bytes())
    for place, bit in flips:
        content[place % len(content)] ^= 1 << bit
    with damaged(made, name, content) as folder:
        as_before_or_refused(folder, read(made))


@repeatable
@given(files, places)
def test_a_truncated_file_is_refused(made: Path, name: str, place: int) -> None:
    """The beginning of a file, of any length, is not taken for the whole file."""
    content = (made / name).read_bytes()
    length = place % (len(content) - 1)  # the last byte of JSON is a line's end
    with damaged(made, name, content[:length]) as folder:
        assert name in refusal(folder)


@repeatable
@given(files, st.binary(max_size=64), places)
def test_foreign_bytes_change_no_case(made: Path, name: str, foreign: bytes, place: int) -> None:
    """Foreign bytes, in place of a file or in the middle of it, never give another case."""
    content = (made / name).read_bytes()
    place %= len(content)
    for other in (foreign, content[:place] + foreign + content[place:]):
        with damaged(made, name, other) as folder:
            as_before_or_refused(folder, read(made))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
NEEDED = ("format", "id", "config", "subject", "surroundings", "verdict", "sha256")


def places_of(record: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every list or object of a record with the place of each of its values."""
    pairs = record.items() if isinstance(record, dict) else enumerate(record)
    for place, value in list(pairs):
        yield record, place
        if isinstance(value, (dict, list)):
            yield from places_of(value)


@settings(repeatable, max_examples=60)
@given(st.data())
def test_a_record_with_one_other_field_changes_no_case(made: Path, data: st.DataObject) -> None:
    """A change of any one field, at any depth, gives the same case or is refused."""
    record = json.loads((made / "case.json").read_text())
    inside, place = data.draw(st.sampled_from(list(places_of(record))))
    if data.draw(st.booleans()):
        del inside[place]
    else:
        inside[place] = data.draw(anything)
    with damaged(made, "case.json", json.dumps(record).encode()) as folder:
        as_before_or_refused(folder, read(made))


@repeatable
@given(st.sampled_from(NEEDED), anything)
def test_no_field_may_be_of_another_type(made: Path, name: str, value: Any) -> None:
    """A field that a case needs is refused when it is missing, and when it is something else."""
    record = json.loads((made / "case.json").read_text())
    kind = type(record.pop(name))
    with damaged(made, "case.json", json.dumps(record).encode()) as folder:
        refusal(folder)
    if type(value) is not kind:
        with damaged(made, "case.json", json.dumps(record | {name: value}).encode()) as folder:
            refusal(folder)


def edit(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        record = json.loads((folder / "case.json").read_text())
        (folder / "case.json").write_text(json.dumps(record | changes))

    return change


def wrote(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def removed(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def linked(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).rename(folder.parent / "elsewhere")
        (folder / name).symlink_to(folder.parent / "elsewhere")

    return change


def piped(folder: Path) -> None:
    (folder / "case.npz").unlink()
    os.mkfifo(folder / "case.npz")


def arrays(
    change: Callable[[dict[str, Any]], dict[str, Any]], save: Callable[..., None] = np.savez
) -> Callable[[Path], None]:
    """Return a function that rewrites case.npz with NumPy alone."""

    def rewrite(folder: Path) -> None:
        with np.load(folder / "case.npz") as file:
            found = dict(file)
        save(folder / "case.npz", **change(found))

    return rewrite


def bomb(folder: Path) -> None:
    with zipfile.ZipFile(folder / "case.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in draw(SMALL).arrays:
            archive.writestr(f"{name}.npy", bytes(10**6))


def pickled(found: dict[str, Any]) -> dict[str, Any]:
    return found | {"b": np.array([print, 1], dtype=object)}


def wrong_label(folder: Path) -> None:
    case = draw(SMALL)
    case = case.replace(labels=case.labels + 100)
    files = {"case.npz": npz.pack(case.arrays)}
    (folder / "case.npz").write_bytes(files["case.npz"])
    edit(sha256=npz.digest(case.arrays))(folder)


def swapped(folder: Path) -> None:
    other = draw(SMALL.replace(seed=1))
    (folder / "case.npz").write_bytes(npz.pack(other.arrays))


ID = str(SMALL)
BIG = ID.replace("h2", "h100000")
WIDE = "b100000-t1-f1-h1-c100000-tanh-f64-s0"
ANSWER = {"sha256": "0", "arrays": {"x": ["<f8", [10**9]]}}

HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "no record": (removed("case.json"), "case.json': cannot be read: No such file"),
    "no arrays": (removed("case.npz"), "case.npz': cannot be read: No such file"),
    "no answer": (removed("answer.npz"), "answer.npz': cannot be read: No such file"),
    "linked record": (linked("case.json"), "case.json': must be a plain file, not a link"),
    "linked arrays": (linked("case.npz"), "case.npz': must be a plain file, not a link"),
    "a pipe": (piped, "case.npz': must be a plain file"),
    "not a number": (wrote("case.json", b"NaN"), "is not JSON"),
    "a long number": (wrote("case.json", b"1" * 10**5), "is not JSON"),
    "deep": (wrote("case.json", b'{"a":' + b"[" * 50 + b"]" * 50 + b"}"), "at most 30 levels"),
    "very deep": (wrote("case.json", b"[" * 10**6), "is not JSON"),
    "long": (wrote("case.json", b" " * (5 * 2**20)), "expected at most 4194304"),
    "another format": (edit(format={"name": "x"}), "its format must be 'rnn-parity case'"),
    "newer": (
        edit(format={"name": "rnn-parity case", "version": 2}),
        "has format version 2, expected 1",
    ),
    "bad id": (edit(id="b4-q7"), "unknown or misplaced part 'q7'"),
    "long id": (edit(id="b" + "1" * 5000), "its id must be a line of text"),
    "other id": (edit(id=ID.replace("b2", "b3")), "its config must be that of its id b3"),
    "huge config": (edit(id=BIG, config=vars(Config.parse(BIG))), "entries, more than"),
    "huge answer": (edit(id=WIDE, config=vars(Config.parse(WIDE))), "entries, more than"),
    "a subject with an escape": (edit(subject="\x1b[2J"), "must be a line of text"),
    "no surroundings": (edit(surroundings=[]), "its surroundings must be an object, got []"),
    "an answer of 8 GB": (edit(answer=ANSWER), "a dtype and a shape, got 'x'"),
    "an answer of objects": (edit(answer={"arrays": {"x": ["|O", [1]]}}), "a dtype and a shape"),
    "an answer of a path": (edit(answer={"arrays": {"../x": ["<f8", [1]]}}), "a dtype and a shape"),
    "text": (wrote("case.npz", b"hello"), "is not a .npz file, or damaged (BadZipFile)"),
    "large": (wrote("case.npz", bytes(10**6)), "has 1000000 bytes, expected at most"),
    "a bomb": (bomb, "x takes 1000000 bytes, expected 144"),
    "compressed": (arrays(dict, np.savez_compressed), "bytes, expected 144 and a header"),
    "other names": (arrays(lambda f: {"y": f["x"]}), "holds 'y.npy', expected 'x.npy, h_0.npy"),
    "other shape": (arrays(lambda f: f | {"x": f["x"].reshape(3, 2, 3)}), "x is not an array of"),
    "other dtype": (arrays(lambda f: f | {"x": f["x"].view("i8")}), "x is not an array of dtype"),
    "pickled": (arrays(pickled), "b is not an array of dtype float64 and shape (2,)"),
    "other labels": (wrong_label, "labels must be from 0 to 3"),
    "another case's arrays": (swapped, "its arrays have SHA-256"),
}


@pytest.mark.parametrize(("change", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_kept_case_is_refused(
    change: Callable[[Path], None], message: str, folder: Path
) -> None:
    """A damaged, foreign or hostile file is refused in one line that says what is expected."""
    change(folder)
    assert message in refusal(folder)


def test_a_subject_in_the_folder_is_not_run(folder: Path) -> None:
    """A folder that brings its own subject is refused: nothing in it is executed."""
    for name in (f"{folder}/evil.py", f"{folder}/evil.py:run", f"{folder}/../{folder.name}/a.py"):
        edit(subject=name)(folder)
        assert "its subject must not lie in the folder" in refusal(folder)


def test_resaved_by_numpy_it_is_the_same(folder: Path) -> None:
    """The file may be rewritten by numpy.savez: the arrays count, not the container."""
    before = read(folder)
    arrays(dict)(folder)
    assert read(folder).case.snapshot() == before.case.snapshot()


@pytest.mark.parametrize("name", ["nowhere/at/all", "a" * 5000, "/dev/null", "\n"])
def test_no_folder_is_refused(name: str) -> None:
    """A path that is not a folder is refused in one line."""
    assert "must be a folder with case.json and case.npz" in refusal(Path(name))


# -- repeating -----------------------------------------------------------------------------------


def test_same_bits_are_said(folder: Path) -> None:
    """A subject that gives the same answer, on the same machine, is reported in one line."""
    (line,) = as_then(read(folder), HALVED, pytorch)
    assert line == (
        "when it was kept: 2 of 20 comparisons with PyTorch fail; "
        "the subject answers the same bits now"
    )


def test_other_bits_are_said(folder: Path) -> None:
    """A subject that has changed is reported with the arrays in which its bits differ."""
    line, *_ = as_then(read(folder), Subject(name="halved.py", run=doubled), pytorch)
    assert "the subject answers other bits now in hidden, grad/W_h" in line
    line, *_ = as_then(read(folder), Subject(name="halved.py", run=raising), pytorch)
    assert "the subject gives no answer now" in line


def test_other_versions_are_said(folder: Path) -> None:
    """On another machine the report names the versions that differ."""
    record = json.loads((folder / "case.json").read_text())
    edit(surroundings=record["surroundings"] | {"numpy": "1.0"})(folder)
    _, line = as_then(read(folder), HALVED, pytorch)
    assert line == f"changed since then: numpy {np.__version__}, was 1.0"


def test_a_failure_is_the_same_again(folder: Path) -> None:
    """The verdict on the case that was read is the verdict that was kept."""

    def told(verdict: Verdict) -> list[str]:
        return [str(c) for c in verdict.comparisons]

    again = judge(HALVED, read(folder).case, pytorch)
    assert told(again) == told(judge(HALVED, draw(SMALL), pytorch))
