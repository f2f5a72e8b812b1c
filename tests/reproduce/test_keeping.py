"""Keeping: a failing case on disk, repeated bit for bit, and refused when it is not what it was."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from parity import Case, Config, Subject, Verdict, draw, judge, scratch
from parity.model.errors import KeepingError
from parity.reference.frameworks.pytorch import pytorch
from parity.reproduce import save as keeping
from parity.reproduce.load import KeptCase, as_then, read
from parity.reproduce.save import Kept, keep

SMALL = Config(batch=2, steps=3, hidden=2)


def halved(case: Case) -> dict[str, Any]:
    trace = dict(scratch.run(case))
    return trace | {"grad/W_h": trace["grad/W_h"] / 2}


def doubled(case: Case) -> dict[str, Any]:
    trace = dict(scratch.run(case))
    return trace | {"hidden": trace["hidden"] * 2}


def wordy(case: Case) -> dict[str, Any]:
    return scratch.run(case) | {"padding": np.zeros(1000)}


def raising(case: Case) -> dict[str, Any]:
    raise KeyError("states")


HALVED = Subject(name="halved.py", run=halved)


def kept_of(root: Path, case: Case | None = None, subject: Subject = HALVED) -> Kept:
    case = case or draw(SMALL)
    return keep(subject, case, judge(subject, case, pytorch), pytorch, root)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept_of(tmp_path_factory.mktemp("made")).folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "cases" / made.name))


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
    """A record that knows fewer options is read: they were at their defaults then."""
    path = folder / "case.json"
    record = json.loads(path.read_text())
    del record["config"]["layers"], record["config"]["updates"]
    path.write_text(json.dumps(record))
    assert read(folder).case.config == SMALL


def test_lengths_that_no_sequence_has_are_refused(tmp_path: Path) -> None:
    """Lengths are looked at before a network walks over them."""
    case = draw(SMALL.replace(lengths="unsorted"))
    verdict, wrong = judge(HALVED, case, pytorch), case.replace(lengths=np.array([0, 9]))
    folder = keep(HALVED, wrong, verdict, pytorch, tmp_path).folder
    with pytest.raises(KeepingError, match="lengths must be from 1 to 3"):
        read(folder)


def test_arrays_that_were_not_drawn_come_back(tmp_path: Path) -> None:
    """A NaN keeps its payload, a zero its sign, and nothing is drawn anew."""
    x = np.array(draw(SMALL).x)
    x[0, 0, 0] = np.frombuffer(b"\x01\x02\x03\x04\x05\x06\xf8\x7f")[0]
    x[1, 1, 1] = -0.0
    case = draw(SMALL).replace(x=x)
    assert read(kept_of(tmp_path, case).folder).case.snapshot() == case.snapshot()


def test_read_arrays_cannot_be_written(folder: Path) -> None:
    """A case that was read is as read-only as one that was drawn."""
    array = read(folder).case.W_h
    with pytest.raises(ValueError, match="read-only"):
        array[...] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


def test_numpy_reads_it_without_pickle(folder: Path) -> None:
    """case.npz and answer.npz are ordinary files of NumPy's."""
    with np.load(folder / "case.npz", allow_pickle=False) as arrays:
        assert arrays["x"].tobytes() == draw(SMALL).x.tobytes()
    with np.load(folder / "answer.npz", allow_pickle=False) as arrays:
        assert arrays["loss"].shape == ()


def test_record_says_what_can_change_bits(folder: Path) -> None:
    """case.json holds versions, precision flags and the verdict."""
    record = json.loads((folder / "case.json").read_text())
    said = record["surroundings"]
    assert said["numpy"] == np.__version__
    assert said["flush to zero"] == "False"
    assert {"python", "torch", "torch threads", "torch mkldnn", "platform"} <= said.keys()
    assert record["verdict"]["passed"] is False
    assert record["config"]["hidden"] == 2


def test_same_failure_has_the_same_folder(tmp_path: Path) -> None:
    """Kept twice, a failure is written over itself; its name is readable."""
    first, again = kept_of(tmp_path), kept_of(tmp_path)
    assert first == again
    assert list((tmp_path / "cases").iterdir()) == [first.folder]
    assert first.folder.name.startswith("b2-t3-f3-h2-c4-tanh-f64-s0.grad-W_h-DIFFERS.")


def test_each_distinct_failure_has_its_own_folder(tmp_path: Path) -> None:
    """Another subject, another first wrong array, other inputs: other folders."""
    x = draw(SMALL).x * 2
    made = [
        kept_of(tmp_path),
        kept_of(tmp_path, subject=Subject(name="other.py", run=halved)),
        kept_of(tmp_path, subject=Subject(name="halved.py", run=doubled)),
        kept_of(tmp_path, draw(SMALL).replace(x=x)),
        kept_of(tmp_path, subject=Subject(name="halved.py", run=raising)),
    ]
    assert len({kept.folder for kept in made}) == 5
    assert ".RAISED-KeyError." in made[-1].folder.name
    assert read(made[-1].folder).answer is None


def test_version_control_ignores_it(tmp_path: Path) -> None:
    """The folder brings its own .gitignore, as pytest's cache does."""
    kept_of(tmp_path / ".parity")
    assert "*" in (tmp_path / ".parity/.gitignore").read_text().splitlines()


def test_many_may_keep_the_same_case_at_once(tmp_path: Path) -> None:
    """Of several writers one remains, whole, and nothing lies about."""
    target = kept_of(tmp_path).folder
    files = {file.name: file.read_bytes() for file in target.iterdir()}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keeping._put(target, files), range(80)))
    assert list(target.parent.iterdir()) == [target]
    assert read(target).case.snapshot() == draw(SMALL).snapshot()


def test_large_cases_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit nothing is kept, in one line; a large answer alone is left out."""
    monkeypatch.setattr(keeping, "MOST_BYTES", 1000)
    with pytest.raises(KeepingError, match=r"not kept: the case takes [\d,]+ bytes, more"):
        kept_of(tmp_path, draw(Config()))
    kept = kept_of(tmp_path, subject=Subject(name="wordy.py", run=wordy))
    assert not (kept.folder / "answer.npz").exists()
    assert [note.partition(" bytes")[0] for note in kept.notes] == ["the answer takes 8,728"]
    assert read(kept.folder).case.snapshot() == draw(SMALL).snapshot()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """Where there is no folder to be made, the error says which, and why."""
    (tmp_path / "file").touch()
    with pytest.raises(KeepingError, match=r"not kept: '.*/file/cases/b2-.*': "):
        kept_of(tmp_path / "file")


# -- what is no kept case, or no longer ----------------------------------------------------------


def refusal(folder: Path) -> str:
    with pytest.raises(KeepingError) as refused:
        read(folder)
    text = str(refused.value)
    assert len(text.splitlines()) == 1
    return text


def as_before_or_refused(folder: Path, before: KeptCase) -> None:
    try:
        after = read(folder)
    except KeepingError:
        refusal(folder)
    else:
        assert after.case.config == before.case.config
        assert after.case.snapshot() == before.case.snapshot()


FILES = ["answer.npz", "case.json", "case.npz"]


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("name", FILES)
def test_flipped_bits_change_no_case(name: str, seed: int, folder: Path) -> None:
    """With a few bits flipped a case is the same, bit for bit, or refused in one line."""
    before, chance = read(folder), Random(seed)
    content = bytearray((folder / name).read_bytes())
    for _ in range(1 + seed % 3):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    (folder / name).write_bytes(content)
    as_before_or_refused(folder, before)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(name: str, seed: int, folder: Path) -> None:
    """Whatever its length, the beginning of a file is not taken for the whole."""
    content = (folder / name).read_bytes()
    length = Random(seed).randrange(len(content) - 1)  # the last byte of JSON is a line's end
    (folder / name).write_bytes(content[:length])
    assert name in refusal(folder)


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
    """Return what rewrites case.npz by NumPy's own means."""

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
    files = {"case.npz": keeping.npz.pack(case.arrays)}
    (folder / "case.npz").write_bytes(files["case.npz"])
    edit(sha256=keeping.npz.digest(case.arrays))(folder)


def swapped(folder: Path) -> None:
    other = draw(SMALL.replace(seed=1))
    (folder / "case.npz").write_bytes(keeping.npz.pack(other.arrays))


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
    "no JSON": (wrote("case.json", b"\x00\xff"), "is no JSON"),
    "not a number": (wrote("case.json", b"NaN"), "is no JSON"),
    "a long number": (wrote("case.json", b"1" * 10**5), "is no JSON"),
    "a list": (wrote("case.json", b"[]"), "must be a JSON object"),
    "deep": (wrote("case.json", b'{"a":' + b"[" * 50 + b"]" * 50 + b"}"), "at most 30 levels"),
    "very deep": (wrote("case.json", b"[" * 10**6), "is no JSON"),
    "long": (wrote("case.json", b" " * (5 * 2**20)), "expected at most 4194304"),
    "another format": (edit(format={"name": "x"}), "its format must be 'rnn-parity case'"),
    "no format": (edit(format=None), "is no kept case"),
    "newer": (
        edit(format={"name": "rnn-parity case", "version": 2}),
        "has format version 2, expected 1",
    ),
    "no id": (edit(id=7), "its id must be a line of text, got 7"),
    "bad id": (edit(id="b4-q7"), "unknown or misplaced part 'q7'"),
    "long id": (edit(id="b" + "1" * 5000), "its id must be a line of text"),
    "other id": (edit(id=ID.replace("b2", "b3")), "its config must be that of its id b3"),
    "other config": (edit(config={}), "its config must be that of its id"),
    "huge config": (edit(id=BIG, config=vars(Config.parse(BIG))), "entries, more than"),
    "huge answer": (edit(id=WIDE, config=vars(Config.parse(WIDE))), "entries, more than"),
    "no subject": (edit(subject=None), "its subject must be a line of text, got None"),
    "a subject with an escape": (edit(subject="\x1b[2J"), "must be a line of text"),
    "no surroundings": (edit(surroundings=[]), "its surroundings must be an object, got []"),
    "no verdict": (edit(verdict="fine"), "its verdict must be an object, got 'fine'"),
    "no hash": (edit(sha256=None), "its arrays have SHA-256"),
    "an answer of 8 GB": (edit(answer=ANSWER), "a dtype and a shape, got 'x'"),
    "an answer of objects": (edit(answer={"arrays": {"x": ["|O", [1]]}}), "a dtype and a shape"),
    "an answer of a path": (edit(answer={"arrays": {"../x": ["<f8", [1]]}}), "a dtype and a shape"),
    "no answer's arrays": (edit(answer=[]), "must be described by a SHA-256 and arrays"),
    "foreign arrays": (wrote("case.npz", b"PK\x03\x04"), "is no .npz file, or a damaged one"),
    "text": (wrote("case.npz", b"hello"), "is no .npz file, or a damaged one (BadZipFile)"),
    "large": (wrote("case.npz", bytes(10**6)), "has 1000000 bytes, expected at most"),
    "a bomb": (bomb, "x takes 1000000 bytes, expected 144"),
    "compressed": (arrays(dict, np.savez_compressed), "bytes, expected 144 and a header"),
    "other names": (arrays(lambda f: {"y": f["x"]}), "holds 'y.npy', expected 'x.npy, h_0.npy"),
    "other shape": (arrays(lambda f: f | {"x": f["x"].reshape(3, 2, 3)}), "x is no array of"),
    "other dtype": (arrays(lambda f: f | {"x": f["x"].view("i8")}), "x is no array of dtype"),
    "pickled": (arrays(pickled), "b is no array of dtype float64 and shape (2,)"),
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
    """What is no folder is refused in one line."""
    assert "must be a folder with case.json and case.npz" in refusal(Path(name))


# -- repeating -----------------------------------------------------------------------------------


def test_same_bits_are_said(folder: Path) -> None:
    """A subject that answers as it did, on the same machine, does so in one line."""
    (line,) = as_then(read(folder), HALVED, pytorch)
    assert line == (
        "when it was kept: 2 of 20 comparisons with PyTorch fail; "
        "the subject answers the same bits now"
    )


def test_other_bits_are_said(folder: Path) -> None:
    """A subject that was changed since is told by the arrays that it answers otherwise."""
    line, *_ = as_then(read(folder), Subject(name="halved.py", run=doubled), pytorch)
    assert "the subject answers other bits now in hidden, grad/W_h" in line
    line, *_ = as_then(read(folder), Subject(name="halved.py", run=raising), pytorch)
    assert "the subject gives no answer now" in line


def test_other_versions_are_said(folder: Path) -> None:
    """On another machine the report names what is not as it was."""
    record = json.loads((folder / "case.json").read_text())
    edit(surroundings=record["surroundings"] | {"numpy": "1.0"})(folder)
    _, line = as_then(read(folder), HALVED, pytorch)
    assert line == f"other than then: numpy {np.__version__}, then 1.0"


def test_a_failure_is_the_same_again(folder: Path) -> None:
    """The verdict of the case that was read is the verdict that was kept."""

    def told(verdict: Verdict) -> list[str]:
        return [str(c) for c in verdict.comparisons]

    again = judge(HALVED, read(folder).case, pytorch)
    assert told(again) == told(judge(HALVED, draw(SMALL), pytorch))
