"""Names that other projects use, too: the harness finds its own parts where it is installed."""

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose files have the names of parts of the harness."""
    made = tmp_path_factory.mktemp("others")
    for name, text in {**OTHERS, "my_rnn": MY_RNN, "test_mine": OWN_TEST}.items():
        (made / f"{name}.py").write_text(text)
    return made


@pytest.mark.slow
def test_reference_beside_a_test_is_another(folder: Path) -> None:
    """`parity.parametrize` compares with its own reference, whatever lies beside the test.

    A subject that is named has a process, which is gone at the end without a warning.
    """
    done = outside("-q", "-p", "no:cacheprovider", "-n", "0", "-W", "error", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "34 passed" in done.stdout
    assert not done.stderr


COMMANDS = {
    "default": ((), "parity.scratch"),
    "module": (("--subject", "my_rnn"), "my_rnn"),
    "in process": (("--subject", "my_rnn.py", "--in-process"), "my_rnn.py"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "name"), COMMANDS.values(), ids=COMMANDS)
def test_command_finds_its_own_parts(folder: Path, arguments: tuple[str, ...], name: str) -> None:
    """The command judges what was named, and by default the network that was installed with it."""
    done = outside("--json", "-", *arguments, program="compare-one-config", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f'"subject": "{name}"' in done.stdout


@pytest.mark.slow
def test_scratch_of_the_working_folder_can_be_named(folder: Path) -> None:
    """The name `scratch` finds the file in the user's folder, and not the harness's network."""
    done = outside("--subject", "scratch", program="compare-one-config", cwd=folder)
    assert done.returncode == 2
    assert "ImportError: the wrong file" in done.stderr
