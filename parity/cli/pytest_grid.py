"""The grid in a test run: its tests collected, sent to workers, checked and summed up.

`parity.cli.pytest_plugin` loads it when a run uses the grid; it costs other runs nothing.
"""

import importlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from parity.cases.grid import GRIDS, Group
from parity.cli.pytest_plugin import SETTINGS, WANTED
from parity.execution.ask import unlimited
from parity.execution.coverage import Record, packed, unpacked
from parity.execution.limits import MEMORY_LIMIT, TIME_LIMIT, Limits
from parity.execution.process import closed, isolated, recorded
from parity.gate import grid as tests
from parity.gate.accept import fitting_groups
from parity.gate.gate import BEHAVIOUR, Check, Gate, is_silent, nothing_of_this, share
from parity.gate.settings import Settings
from parity.gate.tally import Tally
from parity.judging.coverage import coverage_of, incomplete
from parity.model.coverage import Coverage
from parity.model.errors import ConfigError, ParityError
from parity.model.names import ArrayName
from parity.model.verdict import Verdict
from parity.report.text import assumed_lines, coverage_lines, line, notes
from parity.subjects.subject import Subject

CHAPTERS = {
    "test_forward": "forward",
    "test_gradients": "gradients",
    "test_sgd_step": "step",
    "test_behaviour": BEHAVIOUR,
}
"""The tests of the grid, each in a file of its name, and the chapter that it checks."""

GRID_TEST = re.compile(rf"::(?:{'|'.join(CHAPTERS)})\[(.+)\]$")
"""The end of the id of a test of the grid, with its group."""

SUBJECT = pytest.StashKey[Subject]()
"""The subject of the grid, if this process has loaded it."""

KNOWN = pytest.StashKey[dict[str, Any]]()
"""The options that the subject supports, and the arrays that it answers, if known."""

COVERAGE = pytest.StashKey[Coverage]()
"""The subject's lines that all configurations together cover, after a run over all of them."""

RECORD = pytest.StashKey[Record]()
"""The subject's sources and the lines that have run in all workers, as far as they have ended."""

# -- the subject -----------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Load the subject before anything is collected; a worker gets its description instead."""
    if hasattr(config, "workerinput"):
        sent = json.loads(config.workerinput["parity"])
        config.stash[WANTED] = sent["wanted"]
        if sent["known"] is not None:
            config.stash[KNOWN] = sent["known"]
    elif config.stash[WANTED]:
        try:
            _groups(config)
        except ParityError as error:
            raise pytest.UsageError(str(error)) from error
        if config.getoption("numprocesses", None):
            closed(config.stash[SUBJECT])  # each worker has its own process


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the subject's description to each worker: they must all collect the same tests."""
    stash = node.config.stash
    sent = {"wanted": stash[WANTED], "known": stash.get(KNOWN, None)}
    node.workerinput["parity"] = json.dumps(sent)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the subject's process."""
    if SUBJECT in config.stash:
        closed(config.stash[SUBJECT])


def _subject(config: pytest.Config) -> Subject:
    """Return the subject, loaded when first needed. Raises SubjectError, ConfigError."""
    if SUBJECT not in config.stash:
        config.stash[SUBJECT] = _loaded(config.stash[SETTINGS])
    return config.stash[SUBJECT]


def _loaded(chosen: Settings) -> Subject:
    limits = Limits(
        seconds=TIME_LIMIT if chosen.time_limit is None else chosen.time_limit,
        megabytes=MEMORY_LIMIT if chosen.memory_limit is None else chosen.memory_limit,
    )
    if chosen.grid not in GRIDS:
        raise ConfigError(f"grid must be one of {', '.join(GRIDS)}, got {chosen.grid!r}")
    if chosen.in_process:
        return unlimited(chosen.named, run_all=chosen.run_all)
    return isolated(chosen.named, limits=limits, options={"run_all": chosen.run_all})


def _known(config: pytest.Config) -> dict[str, Any]:
    """Return the subject's description, in plain values."""
    if KNOWN not in config.stash:
        subject = _subject(config)
        config.stash[KNOWN] = {
            "asks": dict(subject.asks),
            "knows": list(subject.knows),
            "offers": subject.offers,
            "assumed": [*subject.binding, *assumed_lines(subject)],
        }
    return config.stash[KNOWN]


# -- collecting ------------------------------------------------------------------------------------


class Chapter(pytest.Module):
    """A file of the grid, imported as a module of the package, wherever that is installed."""

    def _getobj(self) -> ModuleType:
        return importlib.import_module(f"{tests.__name__}.{self.path.stem}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the grid's tests, unless the run names files that have them already."""
    if not config.stash[WANTED] or any(map(_is_of_grid, items)):
        return
    folder = Path(tests.__path__[0])
    for name in CHAPTERS:
        file = Chapter.from_parent(session, path=folder / f"{name}.py", nodeid=f"parity/{name}.py")
        items.extend(session.genitems(file))


def _is_of_grid(item: pytest.Item) -> bool:
    return "parity_group" in getattr(item, "fixturenames", ())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every test of the grid its groups, with ids that compare-one-config understands."""
    if "parity_group" not in metafunc.fixturenames:
        return
    try:
        groups, known = _groups(metafunc.config), _known(metafunc.config)
    except ParityError as error:
        raise pytest.Collector.CollectError(str(error)) from error
    part, offers = CHAPTERS[metafunc.function.__name__], known["offers"]
    if part == BEHAVIOUR:
        groups = [group for group in groups if group.more_than_one_way]
    elif offers is not None and part not in {ArrayName.parse(name).chapter for name in offers}:
        skipped = pytest.mark.skip(reason=nothing_of_this(metafunc.config.stash[SETTINGS].named))
        metafunc.parametrize("parity_group", [pytest.param(None, marks=skipped, id=part)])
        return
    metafunc.parametrize("parity_group", groups, ids=[group.id for group in groups])


def _groups(config: pytest.Config) -> list[Group]:
    """Return the groups of the grid that the subject supports."""
    known, chosen = _known(config), config.stash[SETTINGS]
    every = GRIDS[chosen.grid].groups(chosen.seeds)
    groups = list(fitting_groups(every, known["asks"], known["knows"]))
    if not groups:
        raise ConfigError(f"no configuration of the {chosen.grid} grid fits {chosen.subject}")
    return groups


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Sends the tests of one group to one worker, so that each case is computed once.

    The group's id is the scope; any other test is its own scope.
    """

    def _split_scope(self, nodeid: str) -> str:
        grid = GRID_TEST.search(nodeid)
        return grid[1] if grid else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByGroup | None:
    """Send tests to workers by group, unless the run sets another order."""
    return ByGroup(config, log) if config.getoption("dist") == "load" else None


# -- checking --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _parity_gate(pytestconfig: pytest.Config) -> Gate:
    """The subject, judged once for all tests of this process."""
    chosen = pytestconfig.stash[SETTINGS]
    return Gate(
        _subject(pytestconfig),
        _groups(pytestconfig),
        keeping=not chosen.no_keep,
        in_full=chosen.compared is not None,
    )


@pytest.fixture
def parity_check(
    _parity_gate: Gate,
    subtests: pytest.Subtests,
    record_property: Callable[[str, object], None],
) -> Check:
    """Fail, as a subtest, each configuration of a group that does not pass one chapter.

    A configuration in which the noise hides the answer is skipped. A passing one makes no subtest:
    thousands of reports would cost more than the comparisons.
    """

    def check(group: Group, part: str) -> None:
        judged = _parity_gate.chapter(group, part)
        for name, value in _recorded(judged).items():
            record_property(name, value)
        if all(map(is_silent, judged)):
            one_row = group.configs[0].batch == 1
            if reason := _parity_gate.why_not_checked(part, one_row=one_row):
                pytest.skip(reason)
        for verdict in judged:
            if verdict.passed:
                continue
            with subtests.test(str(verdict.config)):
                if verdict.only_undecided:
                    pytest.skip(f"{verdict.config}: {line(verdict.undecided[0])}")
                pytest.fail(_parity_gate.failure(verdict, part), pytrace=False)

    return check


def _recorded(judged: list[Verdict]) -> dict[str, Any]:
    """Return a test's record of its configurations, for the summary and for JUnit XML."""
    return {
        "configurations": len(judged),
        "comparisons": sum(len(verdict.compared) for verdict in judged),
        "shares": {str(v.config): share(v) for v in judged if v.passed},
        "undecided": [str(v.config) for v in judged if v.only_undecided],
        "not_checked": sorted({name for v in judged for name in v.left_out}),
        "notes": [note for v in judged for note in notes(v)],
    }


# -- the summary -----------------------------------------------------------------------------------


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the subject's lines that have run in this worker to the controller.

    The controller knows nothing of the subject where only the workers have collected the grid.
    """
    config = session.config
    if not hasattr(config, "workeroutput") or SUBJECT not in config.stash:
        return
    if (record := recorded(config.stash[SUBJECT])) is not None:
        sent = {
            "known": _known(config),
            "sources": packed(record.sources),
            "executed": {file: sorted(lines) for file, lines in record.executed.items()},
        }
        config.workeroutput["parity"] = json.dumps(sent)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the lines that a worker sends."""
    text = getattr(node, "workeroutput", {}).get("parity")
    if text is None:
        return
    sent, stash = json.loads(text), node.config.stash
    stash.setdefault(KNOWN, sent["known"])
    record = stash.setdefault(RECORD, Record())
    record.sources = record.sources or unpacked(sent["sources"])
    record.add(sent["executed"])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Fail a run that agrees in every configuration and never executed a loss or a step."""
    done = yield
    coverage = _coverage(session.config)
    if coverage is not None:
        session.config.stash[COVERAGE] = coverage
        if coverage.grave and not session.testsfailed:
            session.testsfailed += 1
    return done


def _coverage(config: pytest.Config) -> Coverage | None:
    """Return the lines that all configurations together cover; None where some were not asked."""
    if hasattr(config, "workerinput"):
        return None
    record = config.stash.get(RECORD, None)
    if record is None and SUBJECT in config.stash:
        record = recorded(config.stash[SUBJECT])
    if record is None:
        return None
    asked = {match[1] for match in map(GRID_TEST.search, _node_ids(config)) if match}
    whole = asked >= {group.id for group in _groups(config)}
    return coverage_of(record) if whole else None


def _reports(config: pytest.Config) -> Iterator[Any]:
    """Yield the reports of the tests that have run, without those of subtests."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for report in itertools.chain.from_iterable(reporter.stats.values() if reporter else ()):
        if getattr(report, "when", None) == "call" and not hasattr(report, "context"):
            yield report


def _node_ids(config: pytest.Config) -> Iterator[str]:
    return (report.nodeid for report in _reports(config))


def _tally(config: pytest.Config) -> Tally:
    tally = Tally()
    for report in _reports(config):
        tally.add(dict(report.user_properties))
    return tally


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how much was compared: a green run over nothing must not look like one over all."""
    config = terminalreporter.config
    tally, chosen = _tally(config), config.stash[SETTINGS]
    if chosen.compared is not None:
        Path(chosen.compared).write_text(json.dumps(tally.data(), indent=1), encoding="utf-8")
    if tally.configurations:
        terminalreporter.write_line(
            f"{chosen.subject} against PyTorch: {tally.comparisons} arrays compared"
        )
        for said in config.stash[KNOWN]["assumed"] if KNOWN in config.stash else ():
            terminalreporter.write_line(said)
    coverage = config.stash.get(COVERAGE, None)
    for said in coverage_lines(coverage):
        terminalreporter.write_line(said)
    if (found := incomplete(coverage)) is not None:
        terminalreporter.write_line(f"{found.kind}  {found.text}", red=True)
    for said in tally.lines():
        terminalreporter.write_line(said, light=said.startswith("note: "))
