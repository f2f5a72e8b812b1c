"""Names that other projects have, too: the harness finds its own parts where it is installed."""

from pathlib import Path

import pytest

from tests.gate.conftest import outside

OTHERS = dict.fromkeys(("parity", "reference", "scratch"), "raise ImportError('the wrong file')\n")

OWN_TEST = """
import parity
import my_rnn

@parity.parametrize(my_rnn.run)
def test_mine(check):
    check()

@parity.parametrize("my_rnn.py")
def test_by_name(check):
    check()
"""

MY_RNN = """
from parity import scratch

def run(case):
    return scratch.run(case)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose files are called as parts of the harness are."""
    for name, text in {**OTHERS, "my_rnn": MY_RNN}.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def test_reference_beside_a_test_is_another(folder: Path) -> None:
    """`parity.parametrize` compares with its own reference, whatever lies beside the test."""
    (folder / "test_mine.py").write_text(OWN_TEST)
    done = outside("-q", "-p", "no:cacheprovider", "-n", "0", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "34 passed" in done.stdout


COMMANDS = {
    "default": ((), "parity.scratch"),
    "file": (("--subject", "my_rnn.py"), "my_rnn.py"),
    "module": (("--subject", "my_rnn"), "my_rnn"),
    "in process": (("--subject", "my_rnn.py", "--in-process"), "my_rnn.py"),
}


@pytest.mark.parametrize(("arguments", "name"), COMMANDS.values(), ids=COMMANDS)
def test_command_finds_its_own_parts(folder: Path, arguments: tuple[str, ...], name: str) -> None:
    """The command judges what was named, and by default the network that was installed with it."""
    done = outside("--json", "-", *arguments, program="compare-one-config", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f'"subject": "{name}"' in done.stdout


def test_scratch_of_the_working_folder_can_be_named(folder: Path) -> None:
    """Whoever names `scratch` gets the file beside him, and not the harness's network."""
    done = outside("--subject", "scratch", program="compare-one-config", cwd=folder)
    assert done.returncode == 2
    assert "ImportError: the wrong file" in done.stderr
