"""README and docs: the example does what it says, and numbers and tables are the code's."""

import re
import sys
from pathlib import Path

import pytest

from parity import Config, draw, judge, load
from parity.adapter.bind import PARAMETERS
from parity.adapter.binding import CALLS
from parity.adapter.running.scope import COMPUTED, SIZES, WEIGHTS
from parity.adapter.running.session import CELL_NAMES
from parity.cases.grid import GRIDS
from parity.cli.compare import main
from parity.reference.frameworks.pytorch import pytorch
from parity.reference.frameworks.pytorch.conformance import PYTORCH_OPTIONS
from parity.reference.mistakes import CATALOGUE

ROOT = Path(__file__).parents[1]
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {"README.md": README, "gate.md": DOCS["gate.md"]}


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


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", GRIDS)
def test_sizes_of_the_grids_are_as_said(name: str, page: str) -> None:
    """The command that runs a grid stands beside the number of its configurations."""
    count = sum(len(group.configs) for group in GRIDS[name].groups())
    commands = re.findall(
        rf"^    pytest .*\b{name}\b.*#.*|^    pytest .*# {name}\b.*", PAGES[page], re.MULTILINE
    )
    assert len(commands) == 1
    assert re.findall(r"\b\d[\d,]*\b", commands[0].partition("#")[2])[0] == f"{count:,}"


def test_size_of_the_catalogue_is_as_said() -> None:
    """The number of mistakes in the docs is that of the catalogue."""
    assert f"holds {len(CATALOGUE)} mistakes" in DOCS["diagnosis.md"]


def test_conformance_table_is_of_the_same_options() -> None:
    """The table in the docs has a line for each option that the command prints one for."""
    heads = [f"| `{option.owner}` | `{option.name}` |" for option in PYTORCH_OPTIONS]
    assert [head for head in heads if DOCS["conformance.md"].count(head) != 1] == []


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{name}" for name in DOCS)])
def test_links_lead_somewhere(page: str) -> None:
    """Every file that a page links to exists, and the README links to every page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []
    assert page != "README.md" or {f"docs/{name}" for name in DOCS} <= set(links)


def test_a_network_is_bound_as_the_docs_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines that bind a network, run as they stand, make it agree in every array it offers."""
    text = DOCS["your-own-rnn.md"]
    (code,) = (c for c in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "bind(" in c)
    networks = ROOT / "tests" / "adapter" / "networks.py"
    (tmp_path / "my_rnn.py").write_text(networks.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "bound.py").write_text(code, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "my_rnn", raising=False)
    subject = load(str(tmp_path / "bound.py"))
    sys.modules.pop("my_rnn", None)
    verdict = judge(subject, draw(subject.asked(Config())), pytorch)
    assert verdict.passed
    steps = {f"step/{name}" for name in ("W_x", "W_h", "b", "W_out", "b_out")}
    gradients = {"grad/W_x", "grad/W_h", "grad/b"}
    compared = {comparison.name for comparison in verdict.compared}
    assert compared == {"hidden", "logits", "loss", *gradients, *steps}


def test_names_that_a_binding_knows_are_in_the_docs() -> None:
    """Every name of the case that an expression can use stands in the docs' table."""
    text = DOCS["your-own-rnn.md"]
    names = {*SIZES, *COMPUTED, *WEIGHTS, *CELL_NAMES, *CALLS, *PARAMETERS}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []
