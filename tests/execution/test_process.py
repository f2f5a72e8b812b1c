"""A subject's process: everything that a subject does to it has a name, and the run goes on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from parity import Config, Limits, Misbehaviour, SubjectError, Verdict, draw, isolated, judge
from parity.cli.compare import main
from parity.execution.ask import observe
from parity.execution.process import IN_A_ROW, Process, closed
from parity.reference.frameworks.pytorch import pytorch
from parity.report.text import failure_message

BAD, GOOD = Config(steps=2), Config()
"""The subjects of misbehaving.py misbehave in configurations of two steps alone."""

FILE = Path(__file__).with_name("misbehaving.py")
SHORT, SMALL = Limits(seconds=1.0), Limits(megabytes=768)


def verdicts(spec: str, limits: Limits = SMALL) -> tuple[Verdict, Verdict]:
    """Return the results of one process in the planted configuration, and then in another."""
    subject = isolated(spec, limits=limits)
    try:
        bad, good = (judge(subject, draw(config), pytorch) for config in (BAD, GOOD))
    finally:
        closed(subject)
    return bad, good


ENDED = {
    "hangs": ("TIMEOUT", "no answer in 1 s"),
    "hangs_in_c": ("TIMEOUT", "no answer in 1 s"),
    "leaves": ("CRASHED", "the subject's process ended with exit status 3"),
    "segfaults": ("CRASHED", "the subject's process was ended by signal 11 (SIGSEGV)"),
    "is_killed": ("CRASHED", "killed by signal 9 (SIGKILL), as the system does when memory runs"),
    "fills_memory_slowly": ("OUT_OF_MEMORY", "more memory than there is"),
    "keeps_state": ("STATEFUL", "answers differently: logits; in fresh processes it does not"),
    "draws": ("NONDETERMINISTIC", "its answers differ even in fresh processes"),
    "draws_from_the_system": ("NONDETERMINISTIC", "differ even in fresh processes"),
    "closes_every_fd": ("CRASHED", "the subject's process"),
    "writes_into_every_fd": ("CRASHED", "is not an answer: it begins with b'garbage"),
    "claims_a_huge_frame": ("CRASHED", "is not an answer: it claims a header of 2147483648"),
}
"""Faults after which a subject has another process, or that are seen by asking several."""

SURVIVED = {
    "exits": ("RAISED", "the subject raised SystemExit: 3"),
    "interrupts": ("RAISED", "the subject raised KeyboardInterrupt"),
    "fills_memory": ("OUT_OF_MEMORY", "more memory than there is"),
    "answers_too_much": ("OUT_OF_MEMORY", "answer is too large: 128 MB"),
    "claims_a_huge_shape": ("OUT_OF_MEMORY", "more memory than there is"),
    "writes_input": ("MUTATED_INPUT", "writes into the case's arrays, which are read-only"),
    "writes_input_behind_numpy": ("MUTATED_INPUT", "the subject changed the case's arrays"),
    "answers_nothing": ("INCOMPLETE", "must return a mapping of names to arrays, got list"),
    "answers_objects": ("INCOMPLETE", "hidden must be an array of real numbers, got dtype object"),
    "answers_evil": ("RAISED", "RuntimeError: no items today"),
}
"""Faults after which its process goes on, in the order of misbehaving.py."""


def assert_named(bad: Verdict, kind: str, message: str) -> None:
    assert [finding.kind for finding in bad.faults] == [kind]
    assert message in bad.faults[0].text
    assert not bad.passed
    assert not bad.comparable


@pytest.mark.parametrize("name", ENDED)
def test_fault_has_a_name_and_the_run_goes_on(name: str) -> None:
    """Each misbehaviour fails its configuration under its name, and the next one is right."""
    bad, good = verdicts(f"{FILE}:{name}", SHORT if "hangs" in name else SMALL)
    assert_named(bad, *ENDED[name])
    assert good.passed
    if name in {"hangs", "segfaults"}:  # the line in which it does is the evidence
        evidence = bad.faults[0].evidence
        assert f'{FILE.name}", line' in evidence
        assert f" in {name}" in evidence
        assert "/parity/" not in evidence


def test_faults_that_a_process_survives_have_names_too(subtests: pytest.Subtests) -> None:
    """One process misbehaves in every such way, and is right after each."""
    with Process(f"{FILE}:one_after_the_other", limits=SMALL) as process:
        subject = process.subject()
        for seed, (name, named) in enumerate(SURVIVED.items()):
            with subtests.test(name):
                assert_named(judge(subject, draw(BAD.replace(seed=seed)), pytorch), *named)
                assert judge(subject, draw(GOOD.replace(seed=seed)), pytorch).passed


NOTES = {
    "changes_error_state": ("CHANGED_ERROR_STATE", "error state changed (over=raise)"),
    "changes_random_state": ("CHANGED_RANDOM_STATE", "draws from or seeds Python and NumPy's glob"),
    "leaves_threads": ("LEFT_THREADS", "leaves 2 threads running: spinner, spinner"),
    "prints_megabytes": ("OUTPUT", "the subject prints 8 MB, which begin with 'all of it:'"),
}


@pytest.mark.parametrize("name", NOTES)
def test_note_fails_nothing(name: str) -> None:
    """The harness reports things that a subject leaves behind, and its right numbers pass."""
    kind, message = NOTES[name]
    bad, good = verdicts(f"{FILE}:{name}")
    assert bad.passed
    assert [finding.kind for finding in bad.notes] == [kind]
    assert message in failure_message(bad)
    assert good.passed
    assert not good.findings


HARMLESS = [
    "prints",
    "replaces_stdout",
    "forks",
    "leaves_a_process",
    "reads_its_input",
    "finds_no_reference",
    "answers_liars",
]


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_conduct_is_no_finding(name: str) -> None:
    """A subject may print, fork, start processes and look for input: its numbers are judged."""
    for verdict in verdicts(f"{FILE}:{name}"):
        assert verdict.passed
        assert not verdict.findings


CHEATS = {
    "answers_nan": ("NOT_FINITE", "hidden, logits, loss, grad/W_out, grad/b_out, grad/W_x"),
    "answers_zeros": ("DIFFERS", "are zero throughout"),
    "answers_constants": ("DIFFERS", "are the same numbers for every case"),
    "makes_all_agree": ("DIFFERS", "DIFFERS  grad/W_h at"),
}


@pytest.mark.parametrize("name", CHEATS)
def test_cheat_changes_no_verdict(name: str) -> None:
    """Neither empty answers nor changes to the harness in its process let a subject pass."""
    status, message = CHEATS[name]
    subject = isolated(f"{FILE}:{name}")
    verdict = judge(subject, draw(BAD), pytorch, thorough=True)
    closed(subject)
    assert status in [comparison.status for comparison in verdict.failures]
    assert message in failure_message(verdict)


def test_output_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    """A subject's prints appear on standard error."""
    verdicts(f"{FILE}:prints")
    assert capsys.readouterr().err == "look at me\nlook at me\n"
    verdicts(f"{FILE}:prints_and_crashes")
    assert capsys.readouterr().err == "last words\n"


def test_hanging_subject_is_not_asked_for_ever() -> None:
    """After three configurations without an answer the others are not asked."""
    with Process(f"{FILE}:hangs", limits=Limits(seconds=0.2)) as process:
        subject = process.subject()
        found = [observe(subject, draw(BAD)).findings[0] for _ in range(5)]
    assert {finding.kind for finding in found} == {Misbehaviour.TIMEOUT}
    said = "not asked: the 3 configurations before took longer than 0.2 s each"
    assert [finding.text == said for finding in found] == [False] * 3 + [True] * 2


def test_crashing_subject_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subject that only crashes is not asked further; after one answer it is asked again."""
    monkeypatch.setitem(IN_A_ROW, Misbehaviour.CRASHED, 2)
    with Process(f"{FILE}:leaves") as process:
        subject = process.subject()
        asked = [BAD, GOOD, BAD, BAD, BAD]
        found = [[f.text for f in observe(subject, draw(config)).findings] for config in asked]
    ended = ["the subject's process ended with exit status 3"]
    refused = ["not asked: the 2 configurations before each ended the subject's process"]
    assert found == [ended, [], ended, ended, refused]


def test_torch_subject_is_found_out(tmp_path: Path) -> None:
    """A subject that is PyTorch's own RNN and autograd agrees, and the verdict says what it is."""
    path = tmp_path / "cheat.py"
    path.write_text("from parity.reference.frameworks.pytorch.twin import run\n")
    _, good = verdicts(str(path), Limits())
    assert good.passed
    (note,) = good.notes
    assert note.kind is Misbehaviour.USES_TORCH
    assert "called its RNN and autograd while it answered" in note.text


def test_group_ends_with_its_subject() -> None:
    """Processes that a subject has started end with its own process."""
    verdicts(f"{FILE}:leaves_a_process")
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert "sleep 61.5" not in running.stdout


@pytest.mark.slow
def test_subject_ends_with_its_harness() -> None:
    """A harness that is killed leaves no process behind, not even one that hangs."""
    program = (
        "from parity import *; from parity.execution.ask import observe\n"
        f"subject = isolated('{FILE}:hangs', limits=Limits(seconds=0.2))\n"
        "print(subject.run._child._process.pid, flush=True)\n"
        "import threading, os; threading.Timer(0.1, os._exit, [0]).start()\n"
        f"observe(subject, draw(Config.parse('{BAD}')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    until = time.monotonic() + 60  # it ends at once; a busy machine may need a while to say so
    while _runs(int(done.stdout)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(int(done.stdout))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def alarm_is_ctrl_c() -> Iterator[None]:
    """Let SIGALRM do what Ctrl-C does; xdist's workers handle SIGINT in their own way."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm_is_ctrl_c")
def test_interrupt_ends_the_child() -> None:
    """Ctrl-C while a subject hangs reaches the user's process, and the subject's process ends."""
    with Process(f"{FILE}:interrupts_its_harness_and_hangs") as process:
        subject = process.subject()
        assert process._child is not None
        pid = process._child._process.pid
        with pytest.raises(KeyboardInterrupt):
            observe(subject, draw(BAD))
        assert not _runs(pid)


LOADS = {
    "exit": (
        "import os\nos._exit(4)\ndef run(case): ...",
        "does not load: the subject's process ended with exit st",
    ),
    "raise": ("import nothing_like_this\ndef run(case): ...", "does not import"),
    "interrupt": (
        "raise KeyboardInterrupt\ndef run(case): ...",
        "does not load: the subject raised KeyboardInterr",
    ),
    "crash": (
        "import ctypes\nctypes.string_at(0)\ndef run(case): ...",
        "ended by signal 11 (SIGSEGV)",
    ),
}


@pytest.mark.parametrize("name", LOADS)
def test_subject_that_does_not_load_is_refused(name: str, tmp_path: Path) -> None:
    """Anything that goes wrong while a subject is imported is a SubjectError that says so."""
    source, message = LOADS[name]
    path = tmp_path / "broken.py"
    path.write_text(source)
    with pytest.raises(SubjectError) as raised:
        isolated(str(path))
    assert message in str(raised.value)


def test_in_process_subject_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    """`--in-process` runs the subject where a debugger sees it, with the findings of that place."""
    command = [str(BAD), "--in-process", "--subject", f"{FILE}:changes_error_state"]
    assert main(command) == 0
    assert "note: CHANGED_ERROR_STATE" in capsys.readouterr().out
    assert np.geterr()["over"] == "warn"
