"""The plugin in somebody else's project: what it adds, and that it adds nothing unasked."""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from parity.cases.grid import GRIDS
from tests.gate.conftest import SUBJECTS, outside

SMOKE = list(GRIDS["smoke"].groups())

IN_SMOKE = 3 * len(SMOKE) + sum(group.more_than_one_way for group in SMOKE)
"""The tests of the smoke grid: the behaviour is that of some groups."""

HEAVY = ("numpy", "torch", "rich", "hypothesis", "xdist")

OWN_TEST = """
import reference, scratch

def test_mine(request):
    assert reference.MINE and scratch.MINE
"""

UNTOUCHED = f"""
import sys

def test_mine(request):
    assert not [name for name in {HEAVY[:3]} if name in sys.modules]
    assert not request.config.pluginmanager.has_plugin("parity-grid")
"""

TABLE = """
[tool.parity]
subject = "subjects.py:seeding"
grid = "smoke"
"""


def test_loading_the_plugin_is_cheap() -> None:
    """pytest imports the plugin in every project; the plugin imports no heavy library."""
    program = (
        f"import sys, parity.cli.pytest_plugin; print([n for n in {HEAVY} if n in sys.modules])"
    )
    assert outside("-c", program, program="python").stdout.strip() == "[]"


@pytest.mark.parametrize("table", ["", TABLE], ids=["no table", "table"])
def test_run_without_the_grid_is_left_alone(tmp_path: Path, table: str) -> None:
    """A plain `pytest` runs the project's tests alone, even with a table that names a subject."""
    (tmp_path / "pyproject.toml").write_text(table)
    (tmp_path / "test_mine.py").write_text(UNTOUCHED)
    done = outside("-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1][:8]) == (0, "1 passed")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of another project's tests and the grid, on two workers, from a subfolder."""

    folder: Path
    code: int
    printed: str

    @property
    def suite(self) -> ET.Element:
        """Return the results that JUnit XML has."""
        found = ET.parse(self.folder / "sub" / "junit.xml").getroot().find("testsuite")
        assert found is not None
        return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("project")
    for name, text in {
        "pyproject.toml": TABLE + "seeds = 1\n[tool.pytest]\ntestpaths = ['tests']\n",
        "subjects.py": SUBJECTS,
        "reference.py": "MINE = True\n",
        "scratch.py": "MINE = True\n",
        "parity_subject.py": "raise ImportError('nobody asked for this')\n",
        "conftest.py": "import reference\n",
        "tests/__init__.py": "",
        "tests/test_mine.py": OWN_TEST,
        "sub/notes.txt": "",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    flags = ["-n", "2", "-p", "no:cacheprovider", "--parity-grid=smoke", "--junitxml=junit.xml"]
    done = outside(*flags, "--rootdir=..", "..", cwd=folder / "sub")
    return Run(folder=folder, code=done.returncode, printed=done.stdout + done.stderr)


@pytest.mark.slow
def test_grid_is_added_to_the_projects_own_tests(run: Run) -> None:
    """The project's tests and the four chapters of the grid run, whatever its files are called."""
    assert run.code == 0, run.printed
    assert f"{1 + IN_SMOKE} passed" in run.printed


@pytest.mark.slow
def test_each_configuration_is_computed_once(run: Run) -> None:
    """On two workers and in three chapters, each configuration is judged once.

    Called twice on purpose, to see whether it answers the same; the chapter of behaviour asks
    again for the first configuration of most groups.
    """
    lines = (run.folder / "log").read_text().splitlines()
    asked_again = {group.id for group in SMOKE if group.more_than_one_way}
    once = {str(config) for group in SMOKE for config in group.configs} - asked_again
    assert once
    assert {line: lines.count(line) for line in once} == dict.fromkeys(once, 2)


@pytest.mark.slow
def test_summary_says_how_much_was_compared(run: Run) -> None:
    """A green run says what it rests on, and names the subject as seen from the working folder."""
    found = re.search(
        r"\.\./subjects\.py:seeding against PyTorch: (\d+) arrays compared", run.printed
    )
    assert found is not None
    assert int(found[1]) > 256


@pytest.mark.slow
def test_a_note_fails_nothing_and_is_said_once(run: Run) -> None:
    """The summary of a green run lists the things that a subject does beside its numbers."""
    assert run.printed.count("note: CHANGED_RANDOM_STATE  the subject draws from or seeds") == 1


@pytest.mark.slow
def test_junit_xml_has_every_test(run: Run) -> None:
    """A CI server reads the results from JUnit XML."""
    assert (run.suite.get("tests"), run.suite.get("failures")) == (str(1 + IN_SMOKE), "0")
    names = {case.get("classname") for case in run.suite.iter("testcase")}
    assert {"tests.test_mine", "parity.test_forward", "parity.test_behaviour"} <= names


def collected(project: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the ids of the tests that pytest collects, without running them."""
    done = project.runpytest_inprocess("-q", "-n", "0", "--collect-only", *arguments)
    return [line for line in done.outlines if "::" in line]


def test_always_adds_the_grid_unless_tests_are_named(project: pytest.Pytester) -> None:
    """With `always = true` a plain `pytest` runs the grid; a run that names its tests does not."""
    project.makepyprojecttoml(f"{TABLE}always = true\nin-process = true\n")
    project.makepyfile(test_mine="def test_mine(): pass")
    found = collected(project)
    assert found[0] == "test_mine.py::test_mine"
    assert len(found) == 1 + IN_SMOKE
    assert collected(project, "test_mine.py") == ["test_mine.py::test_mine"]


SUBJECT = ("--parity-subject", "subjects.py")

ALONE = (*SUBJECT, "--parity-grid", "smoke", "--parity-in-process")


def test_grid_can_run_alone(project: pytest.Pytester) -> None:
    """`--pyargs parity.gate.grid` names the grid's own files, and they are collected once."""
    assert len(collected(project, *ALONE, "--pyargs", "parity.gate.grid")) == IN_SMOKE
    forward = collected(project, *ALONE, "--pyargs", "parity.gate.grid.test_forward")
    assert len(forward) == len(SMOKE)


def test_tests_are_selected_as_any_other(project: pytest.Pytester) -> None:
    """`-k` with a chapter and a configuration's id selects that test alone."""
    name = SMOKE[-1].id
    found = collected(project, *ALONE, "-k", f"test_forward and {name}")
    assert found == [f"parity/test_forward.py::test_forward[{name}]"]


ERRORS = {
    "subject": (("--parity-subject", "nowhere"), "subject 'nowhere': there is no such module"),
    "no subject": (("--parity-grid", "smoke"), "the grid has no subject: give --parity-subject"),
    "seeds": ((*SUBJECT, "--parity-seeds", "0"), "seeds must be at least 1, got 0"),
    "time limit": (
        (*SUBJECT, "--parity-time-limit", "-1"),
        "the time limit must be above 0 and at most 86400 s",
    ),
    "grid": ((*SUBJECT, "--parity-grid", "huge"), "grid must be one of smoke, default, full, got"),
    "two workers": (("--parity-subject", "nowhere", "-n", "2"), "there is no such module"),
    "no case fits": (
        ("--parity-subject", "halves.py", "--parity-grid", "smoke"),
        "no configuration of the smoke grid fits halves.py",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_bad_options_are_refused(
    project: pytest.Pytester, arguments: tuple[str, ...], message: str
) -> None:
    """Nonsense on pytest's command line is refused in one line, before anything runs."""
    project.makepyfile(halves="CONFIG = {'dtype': 'float16'}\ndef run(case): return {}")
    done = project.runpytest_inprocess("-q", *arguments)
    assert done.ret == 4
    assert [message in line for line in done.errlines if line] == [True]


def test_bad_table_is_refused(project: pytest.Pytester) -> None:
    """A misspelt key is refused in one line, in a plain `pytest`, too: it is never ignored."""
    project.makepyprojecttoml("[tool.parity]\nalway = true\n")
    done = project.runpytest_inprocess("-q")
    assert done.ret == 4
    assert ["has an unknown key 'alway'" in line for line in done.errlines if line] == [True]
