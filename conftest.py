"""Plumbing of the tests: the options, the grid, and one computation per configuration."""

import os

for _library in ("OMP", "OPENBLAS", "MKL"):  # before NumPy: a worker is a process, not a crowd
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import parity
from parity.cases.grid import GRIDS, Group
from parity.execution.ask import unlimited
from parity.execution.limits import MEMORY_LIMIT, TIME_LIMIT
from parity.execution.process import closed, isolated
from parity.judging.comparator import OWN_GRADIENT
from parity.model.names import ArrayName
from parity.model.verdict import Verdict
from parity.report.text import (
    assumed_lines,
    diagnosis_lines,
    failure_message,
    headline,
    line,
    notes,
)
from parity.subjects.capabilities import fitting
from parity.subjects.subject import DEFAULT

pytest_plugins = ["pytester"]

CHAPTERS = {
    "test_forward": "forward",
    "test_gradients": "gradients",
    "test_sgd_step": "step",
    "test_behaviour": "behaviour",
}
"""Which part of the computation each test of the grid is about."""

GRID_FILES = [f"{name}.py" for name in CHAPTERS]

Check = Callable[[Group, str], None]

SHRUNK = 5
"""Kinds of failure, at most, for which a run looks for the smallest failing case."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the grid's options."""
    options = parser.getgroup("parity", "the grid of configurations compared with PyTorch")
    options.addoption("--grid", choices=list(GRIDS), default="default", help="default: default")
    options.addoption("--seeds", type=int, metavar="N", help="seeds for each configuration")
    options.addoption("--no-keep", action="store_true", help="keep no failing case in .parity")
    options.addoption(
        "--subject",
        default=DEFAULT,
        metavar="SUBJECT",
        help="what the grid judges: module, file.py or file.ipynb, each also with :name",
    )
    options.addoption(
        "--run-all", action="store_true", help="execute every statement of the subject's file"
    )
    options.addoption(
        "--compared",
        type=Path,
        metavar="FILE",
        help="write each configuration's largest share of its allowance as JSON",
    )
    options.addoption(
        "--time-limit",
        type=float,
        default=TIME_LIMIT,
        metavar="SECONDS",
        help=f"what the subject may take for one configuration; default: {TIME_LIMIT:g}",
    )
    options.addoption(
        "--memory-limit",
        type=int,
        default=MEMORY_LIMIT,
        metavar="MB",
        help=f"what the subject's process may fill; default: {MEMORY_LIMIT}",
    )
    options.addoption(
        "--in-process",
        action="store_true",
        help="run the subject in the tests' process, without limits: for a debugger",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse nonsense before anything is collected."""
    seeds = config.getoption("--seeds")
    if seeds is not None and seeds < 1:
        raise pytest.UsageError(f"--seeds must be at least 1, got {seeds}")
    if hasattr(config, "workerinput"):  # whoever has started this worker has looked
        config.stash[KNOWN] = json.loads(config.workerinput["subject"])
        return
    try:
        subject = _loaded(config)
    except parity.ParityError as error:
        raise pytest.UsageError(str(error)) from error
    closed(subject)  # each worker has a process of its own, from its first case on
    config.stash[KNOWN] = {
        "asks": dict(subject.asks),
        "knows": list(subject.knows),
        "offers": subject.offers,
        "assumed": assumed_lines(subject),
    }


def _loaded(config: pytest.Config) -> parity.Subject:
    spec, seconds = config.getoption("--subject"), config.getoption("--time-limit")
    limits = parity.Limits(seconds=seconds, megabytes=config.getoption("--memory-limit"))
    options = {"run_all": config.getoption("--run-all")}
    if config.getoption("--in-process"):
        return unlimited(spec, **options)
    return isolated(spec, limits=limits, options=options)


KNOWN = pytest.StashKey[dict[str, Any]]()
"""What the subject can be asked, and what it answers where that is known."""


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker what is known of the subject: they must collect the same tests."""
    node.workerinput["subject"] = json.dumps(node.config.stash[KNOWN])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every test of the grid its groups, under ids that compare-one-config understands.

    Those that the subject cannot be asked about are left out.
    """
    if "group" not in metafunc.fixturenames:
        return
    known = metafunc.config.stash[KNOWN]
    grid = GRIDS[metafunc.config.getoption("--grid")]
    every = grid.groups(metafunc.config.getoption("--seeds"))
    asked = (replace(g, configs=fitting(g.configs, known["asks"], known["knows"])) for g in every)
    groups = {group.id: group for group in asked if group.configs}
    part = CHAPTERS[metafunc.function.__name__]
    if part == "behaviour":
        groups = {name: group for name, group in groups.items() if group.more_than_one_way}
    elif known["offers"] is not None and part not in _chapters(known["offers"]):
        reason = f"{metafunc.config.getoption('--subject')} answers nothing of this: not checked"
        metafunc.parametrize("group", [pytest.param(None, marks=pytest.mark.skip(reason=reason))])
        return
    metafunc.parametrize("group", groups.values(), ids=groups.keys())


def _chapters(offers: Iterable[str]) -> set[str]:
    """Return the parts of the computation that arrays of these names belong to."""
    return {ArrayName.parse(name).chapter for name in offers}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Send the tests of one group to one worker, so that each case is computed once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        """The group's id is the scope; any other test is a scope of its own."""

        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            grid = re.search(r"\[(.+)\]$", test) if Path(file).name in GRID_FILES else None
            return grid[1] if grid else nodeid

    return ByGroup(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(scope="session")
def subject(pytestconfig: pytest.Config) -> Iterator[parity.Subject]:
    """What the grid judges, in one process for all tests of this worker."""
    judged = _loaded(pytestconfig)
    yield judged
    closed(judged)


@pytest.fixture(scope="session")
def verdicts(
    subject: parity.Subject, pytestconfig: pytest.Config
) -> Callable[[Group], tuple[Verdict, ...]]:
    """Judge the configurations of a group, the first time it is asked for."""
    from parity.reference.frameworks.pytorch import pytorch

    known: dict[str, tuple[Verdict, ...]] = {}
    in_full = pytestconfig.getoption("--compared") is not None

    def of(group: Group) -> tuple[Verdict, ...]:
        if group.id not in known:
            known[group.id] = tuple(
                parity.judge(subject, parity.draw(config), pytorch, resolution=in_full)
                for config in group.configs
            )
        return known[group.id]

    return of


@pytest.fixture(scope="session")
def why(
    subject: parity.Subject, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Verdict], str]:
    """Diagnose the subject once for each kind of case, whichever worker comes first."""
    from parity.reference.frameworks.pytorch import pytorch

    def of(verdict: Verdict) -> str:
        if not _first_to(tmp_path_factory, f"diagnosed-{verdict.config.kind}"):
            return ""
        diagnosis = parity.diagnose(subject, verdict.config, pytorch)
        return "\n".join(["", *diagnosis_lines(diagnosis)])

    return of


@pytest.fixture(scope="session")
def aftermath(
    subject: parity.Subject, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Verdict], str]:
    """Keep and shrink one failing case of each kind of failure, whichever worker comes first."""
    from parity.reference.frameworks.pytorch import pytorch
    from parity.reproduce.follow_up import follow
    from parity.reproduce.symptom import symptom

    keeping = not pytestconfig.getoption("--no-keep")

    def of(verdict: Verdict) -> str:
        if not _first_to(tmp_path_factory, f"kept-{symptom(verdict)}"):
            return ""
        shrinking = any(_first_to(tmp_path_factory, f"shrunk-{n}") for n in range(SHRUNK))
        case = parity.draw(verdict.config)
        done = follow(subject, case, verdict, pytorch, keeping=keeping, shrinking=shrinking)
        return "".join(f"\n{line}" for line in (*done.lines, *done.problems))

    return of


@pytest.fixture
def check(
    subject: parity.Subject,
    verdicts: Callable[[Group], tuple[Verdict, ...]],
    subtests: pytest.Subtests,
    record_property: Callable[[str, object], None],
    why: Callable[[Verdict], str],
    aftermath: Callable[[Verdict], str],
) -> Check:
    """Fail, as a subtest, each configuration of a group that does not pass one chapter.

    One in which the noise hides the answer is skipped. A passing one makes no subtest: reports of
    thousands would cost more than the comparisons.
    """
    from parity.reference.frameworks.pytorch import pytorch
    from parity.reproduce.follow_up import is_failure

    def judged_of(group: Group, chapter: str) -> list[Verdict]:
        if chapter == "behaviour":
            return [parity.judge_behaviour(subject, parity.draw(group.configs[0]), pytorch)]
        return [verdict.only(chapter) for verdict in verdicts(group)]

    def in_full(verdict: Verdict, chapter: str) -> str:
        if chapter != "behaviour":
            case = parity.draw(verdict.config)
            thorough = parity.judge(subject, case, pytorch, thorough=True).only(chapter)
            verdict = verdict if thorough.passed else thorough
        return failure_message(verdict)

    def after(verdict: Verdict, group: Group) -> str:
        """Keep the verdict of all chapters where it fails: it says what is wrong first."""
        whole = next(v for v in verdicts(group) if v.config == verdict.config)
        if is_failure(whole):
            return aftermath(whole)
        return aftermath(verdict) if verdict.failures or verdict.findings else ""

    def one(group: Group, chapter: str) -> None:
        judged = judged_of(group, chapter)
        record_property("configurations", len(judged))
        record_property("comparisons", sum(len(verdict.compared) for verdict in judged))
        record_property("shares", {str(v.config): _share(v) for v in judged if v.passed})
        record_property("undecided", [str(v.config) for v in judged if v.only_undecided])
        record_property("not_checked", sorted({n for v in judged for n in v.left_out}))
        record_property("notes", [note for v in judged for note in notes(v)])
        hidden = [v for v in judged if v.only_undecided]
        for verdict in hidden:
            with subtests.test(str(verdict.config)):
                pytest.skip(f"{verdict.config}: {line(verdict.undecided[0])}")
        wrong = [v for v in judged if not v.passed and v not in hidden]
        for place, verdict in enumerate(wrong):
            with subtests.test(str(verdict.config)):
                message = in_full(verdict, chapter) if place == 0 else _brief(verdict)
                pytest.fail(message + why(verdict) + after(verdict, group), pytrace=False)

    return one


def _share(verdict: Verdict) -> float:
    """Return the largest share of 32 sigma that an array has used.

    A plain step is left out: w - lr * g has one rounding, and is allowed one.
    """
    plain = verdict.config.plain_step
    noisy = (c for c in verdict.compared if not ArrayName.parse(c.name).is_step or not plain)
    held = (c.greatest for c in noisy if c.against != OWN_GRADIENT)
    return max((greatest.used for greatest in held if greatest is not None), default=0.0)


def _first_to(factory: pytest.TempPathFactory, what: str) -> bool:
    """Return whether this worker is the first one of the run that asks."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    try:
        (shared / what).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _brief(verdict: Verdict) -> str:
    names = ", ".join(dict.fromkeys(c.name for c in verdict.failures))
    return f"{verdict.config}: {headline(verdict)}" + (f": {names}" if names else "")


@dataclass
class Tally:
    """What the tests of the grid have said of themselves."""

    configurations: int = 0
    comparisons: int = 0
    left_out: set[str] = field(default_factory=set)
    noted: dict[str, str] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)  # by configuration that agrees
    undecided: set[str] = field(default_factory=set)

    def add(self, found: dict[str, Any]) -> None:
        """Count what one test has recorded."""
        self.configurations += int(found.get("configurations", 0))
        self.comparisons += int(found.get("comparisons", 0))
        self.left_out.update(found.get("not_checked", ()))
        self.undecided.update(found.get("undecided", ()))
        for note in found.get("notes", ()):
            self.noted.setdefault(note.partition("  ")[0], note)
        for config, share in found.get("shares", {}).items():
            self.shares[config] = max(share, self.shares.get(config, 0.0))

    def data(self) -> dict[str, Any]:
        """Return what `--compared` writes."""
        agreed = {name: used for name, used in self.shares.items() if name not in self.undecided}
        return {"shares": agreed, "undecided": sorted(self.undecided)}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was compared: a green run over nothing must not look like one over all."""
    tally, config = Tally(), terminalreporter.config
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if getattr(report, "when", None) == "call" and not hasattr(report, "context"):
            tally.add(dict(report.user_properties))
    if (file := config.getoption("--compared")) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(tally.data(), indent=1), encoding="utf-8")
    if tally.configurations:
        terminalreporter.write_line(
            f"{config.getoption('--subject')} against PyTorch: {tally.comparisons} arrays compared"
        )
        for said in config.stash[KNOWN]["assumed"]:
            terminalreporter.write_line(said)
    if tally.left_out:
        names = ", ".join(sorted(tally.left_out))
        terminalreporter.write_line(f"left out by the subject, so not checked: {names}")
    for note in tally.noted.values():
        terminalreporter.write_line(f"note: {note}", light=True)
