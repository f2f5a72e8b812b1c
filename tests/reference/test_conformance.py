"""The conformance table: it knows every option of the PyTorch that is installed, and no other."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks.conformance import main
from parity.cases.grid import GRIDS
from parity.model.config import Config
from parity.reference.frameworks.pytorch.conformance import PYTORCH_OPTIONS, stale, table, unknown
from tests.gate.conftest import GRID, outside


def test_every_option_of_pytorch_is_known() -> None:
    """An option that a new PyTorch has, and the table does not, fails this test."""
    assert unknown() == []


def test_no_option_is_stale() -> None:
    """The table claims nothing about options that PyTorch does not have."""
    assert stale() == []


def test_new_option_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PyTorch whose SGD had one more parameter would be noticed."""

    def made(self: object, params: object, lr: float, warmth: float = 0.0) -> None:
        """Take one more parameter."""

    monkeypatch.setattr(torch.optim.SGD, "__init__", made)
    assert unknown() == ["warmth of optim.SGD"]


def test_default_grid_compares_every_option() -> None:
    """Every option of the table has a configuration that shows it."""
    configs = [c for group in GRIDS["default"].groups() for c in group.configs]
    shown = [o for o in PYTORCH_OPTIONS if o.shows is not None]
    assert [o for o in shown if not any(o.shows(config) for config in configs)] == []


def test_table_counts_what_agreed() -> None:
    """A line says how many configurations had the option, and the largest share they used."""
    shares = {str(Config(layers=2)): 0.25, str(Config(layers=3)): 0.5, str(Config()): 0.75}
    assert "| `nn.RNN` | `num_layers` | 2 | 50% |" in table(shares)


@pytest.mark.slow
def test_command_prints_what_a_run_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`pytest --parity-compared FILE` and the command make the table of the run just before."""
    file = tmp_path / "compared.json"
    flags = ["-q", "-n", "0", "-p", "no:cacheprovider", "--parity-grid", "smoke"]
    done = outside(*flags, "--parity-compared", str(file), *GRID)
    assert done.returncode == 0, done.stdout
    assert len(json.loads(file.read_text())["shares"]) == 16
    main([str(file)])
    said = capsys.readouterr().out
    assert "| `nn.RNN` | `nonlinearity='relu'` | 8 |" in said
    assert "16 configurations agree; in 0 others" in said


NO_REPORTS: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "cannot read {file}: No such file or directory"),
    "no JSON": (b"| a table |", "{file} is not JSON: Expecting value"),
    "no text": (b"\xff\xfe", "{file} is not JSON: 'utf-8' codec can't decode"),
    "a list": (b"[]", '{file} has no "shares" and "undecided"'),
    "another report": (b'{"rows": []}', '{file} has no "shares" and "undecided"'),
    "half of one": (b'{"shares": {}}', '{file} has no "shares" and "undecided"'),
    "shares of text": (b'{"shares": {"b2": "a"}, "undecided": []}', '{file} has no "shares"'),
    "other ids": (
        b'{"shares": {"nonsense": 0.5}, "undecided": []}',
        "{file} is not a report of pytest --parity-compared: ",
    ),
}


@pytest.mark.parametrize(("content", "message"), NO_REPORTS.values(), ids=NO_REPORTS.keys())
def test_what_is_no_report_is_said_in_one_line(
    content: bytes | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with 2, and says why the file is not valid."""
    file = tmp_path / "compared.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit, match="2"):
        main([str(file)])
    said = capsys.readouterr()
    assert said.out == ""
    usage, error = said.err.splitlines()
    assert usage.startswith("usage: python -m benchmarks.conformance")
    assert f"error: {message.format(file=file)}" in error


def test_command_needs_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the command ends with 2 and says so; `--help` describes the file."""
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "error: the following arguments are required: FILE" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "from pytest --parity-compared" in capsys.readouterr().out
