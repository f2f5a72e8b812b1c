"""The README's own example does what the README says."""

import re
from pathlib import Path

import pytest

from parity.cases.grid import GRIDS
from parity.cli.compare import main
from parity.reference.frameworks.pytorch.conformance import PYTORCH_OPTIONS
from parity.reference.mistakes import CATALOGUE

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_example_fails_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The RNN with one mistake fails in the arrays that the README shows, and in no other."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("my_rnn.py").write_text(code)
    assert main(["--subject", "my_rnn.py", "--shrink"]) == 1
    out = capsys.readouterr().out
    shown = re.findall(r"^  DIFFERS  (\S+)", README, re.MULTILINE)
    assert re.findall(r"^  DIFFERS  (\S+)", out, re.MULTILINE) == shown
    assert "3 of 10 comparisons with PyTorch fail" in out
    kept, _ = re.findall(r"^kept: .*", out, re.MULTILINE)
    assert kept in README
    (smallest,) = re.findall(r"^smallest failing case: \S+", out, re.MULTILINE)
    assert smallest in README


@pytest.mark.parametrize("name", GRIDS)
def test_sizes_of_the_grids_are_as_said(name: str) -> None:
    """The command that runs a grid stands beside the number of its configurations."""
    count = sum(len(group.configs) for group in GRIDS[name].groups())
    commands = re.findall(rf"^    pytest .*\b{name}\b.*$", README, re.MULTILINE)
    assert len(commands) == 1
    assert re.findall(r"\b\d[\d,]*\b", commands[0].partition("#")[2])[0] == f"{count:,}"


def test_size_of_the_catalogue_is_as_said() -> None:
    """The number of mistakes in the README is that of the catalogue."""
    assert f"holds {len(CATALOGUE)} mistakes" in README


def test_conformance_table_is_of_the_same_options() -> None:
    """The README's table has a line for each option that the command prints one for."""
    heads = [f"| `{option.owner}` | `{option.name}` |" for option in PYTORCH_OPTIONS]
    assert [head for head in heads if README.count(head) != 1] == []
