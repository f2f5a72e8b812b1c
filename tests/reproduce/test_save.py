"""Saving: the files of a failing case, and their folder."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from parity import Config, Subject, draw
from parity.model.errors import KeepingError
from parity.reproduce import save
from parity.reproduce.load import read
from tests.reproduce.kept import SMALL, doubled, halved, kept_of, raising, wordy


def test_numpy_reads_it_without_pickle(folder: Path) -> None:
    """case.npz and answer.npz are ordinary NumPy files."""
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
    """A failure that is kept twice has one folder, whose name is readable."""
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
    """Of several writers one folder remains, whole, and no other file is left."""
    target = kept_of(tmp_path).folder
    files = {file.name: file.read_bytes() for file in target.iterdir()}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: save._put(target, files), range(80)))
    assert list(target.parent.iterdir()) == [target]
    assert read(target).case.snapshot() == draw(SMALL).snapshot()


def test_large_cases_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit nothing is kept, and one line says so; only a large answer is left out."""
    monkeypatch.setattr(save, "MOST_BYTES", 1000)
    with pytest.raises(KeepingError, match=r"not kept: the case takes [\d,]+ bytes, more"):
        kept_of(tmp_path, draw(Config()))
    kept = kept_of(tmp_path, subject=Subject(name="wordy.py", run=wordy))
    assert not (kept.folder / "answer.npz").exists()
    assert [note.partition(" bytes")[0] for note in kept.notes] == ["the answer takes 8,728"]
    assert read(kept.folder).case.snapshot() == draw(SMALL).snapshot()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """Where no folder can be made, the error names the folder and the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(KeepingError, match=r"not kept: '.*/file/cases/b2-.*': "):
        kept_of(tmp_path / "file")
