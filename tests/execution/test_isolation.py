"""Isolation: whatever a subject does to its process has a name, and the run goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from parity import (
    Config,
    ConfigError,
    Limits,
    Misbehaviour,
    SubjectError,
    Verdict,
    draw,
    isolated,
    judge,
)
from parity.cli.compare import main
from parity.execution import wire
from parity.execution.ask import observe
from parity.execution.process import IN_A_ROW, Process, closed
from parity.reference.frameworks.pytorch import pytorch
from parity.report.text import failure_message

BAD, GOOD = Config(steps=2), Config()
"""The planted subjects misbehave in configurations of two steps, and answer rightly in others."""

SUBJECTS = """
import ctypes, gc, os, random, signal, subprocess, sys, threading, time
import numpy as np
from parity import scratch

def planted(misbehave):
    def run(case):
        right = scratch.run(case)
        if case.config.steps != 2:
            return right
        return misbehave(case, right) or right
    return run

@planted
def hangs(case, right):
    while True:
        pass

@planted
def hangs_in_c(case, right):
    ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock

@planted
def leaves(case, right):
    os._exit(3)

@planted
def segfaults(case, right):
    ctypes.string_at(0)

@planted
def is_killed(case, right):
    os.kill(os.getpid(), signal.SIGKILL)

@planted
def exits(case, right):
    sys.exit(3)

@planted
def interrupts(case, right):
    raise KeyboardInterrupt

@planted
def fills_memory(case, right):
    return right | {"hidden": np.ones(2**30)}

@planted
def fills_memory_slowly(case, right):
    heap = []
    while True:
        heap.append(bytearray(2**22))

@planted
def answers_too_much(case, right):
    return right | {"hidden": np.ones(2**23)}

@planted
def claims_a_huge_shape(case, right):
    return right | {"hidden": np.broadcast_to(np.zeros(()), (10**6, 10**6, 10**3))}

@planted
def writes_input(case, right):
    case.x[0] = 0

@planted
def writes_input_behind_numpy(case, right):
    ctypes.memset(case.x.ctypes.data, 0, 8)

CALLS = []

@planted
def keeps_state(case, right):
    CALLS.append(1)
    return right | {"logits": right["logits"] + len(CALLS)}

@planted
def draws(case, right):
    return right | {"logits": right["logits"] + np.random.rand()}

@planted
def draws_from_the_system(case, right):
    return right | {"logits": right["logits"] + np.random.default_rng().random()}

@planted
def answers_nothing(case, right):
    return [1]

@planted
def answers_objects(case, right):
    return right | {"hidden": np.array([object(), None])}

class Evil(dict):
    def items(self):
        raise RuntimeError("no items today")
    __iter__ = keys = values = __len__ = __contains__ = items

@planted
def answers_evil(case, right):
    return Evil(right)

class Liar(np.ndarray):
    def __reduce__(self):
        return os._exit, (3,)
    __array__ = __array_ufunc__ = None

@planted
def answers_liars(case, right):
    return {name: np.asarray(array).view(Liar) for name, array in right.items()}

@planted
def closes_every_fd(case, right):
    os.closerange(0, 100)

@planted
def writes_into_every_fd(case, right):
    for fd in range(3, 100):
        try:
            os.write(fd, b"garbage" * 10)
        except OSError:
            pass

@planted
def claims_a_huge_frame(case, right):
    import struct
    for fd in range(3, 100):
        try:
            os.write(fd, struct.pack("<4sIQ", b"rnn\\x01", 2**31, 2**60))
        except OSError:
            pass

@planted
def answers_nan(case, right):
    return {name: array * np.nan for name, array in right.items()}

@planted
def answers_zeros(case, right):
    return {name: np.zeros_like(array) for name, array in right.items()}

@planted
def answers_constants(case, right):
    return {
        name: np.random.default_rng(1).random(array.shape).astype(array.dtype)
        for name, array in right.items()
    }

@planted
def makes_all_agree(case, right):
    from parity.model import comparison, verdict
    comparison._structure = lambda *_: (comparison.Status.AGREES, "")
    verdict.Verdict.passed = True
    verdict.Verdict.failures = ()
    np.isfinite = np.isclose = np.array_equal = lambda *_, **__: np.True_
    np.abs = lambda array: array * 0
    return right | {"grad/W_h": right["grad/W_h"] * 2}

# -- what is only noted ---------------------------------------------------------------------------

@planted
def changes_error_state(case, right):
    np.seterr(over="raise")

@planted
def changes_random_state(case, right):
    random.seed(1), np.random.seed(1)

@planted
def leaves_threads(case, right):
    threading.Thread(target=time.sleep, args=(60,), name="spinner").start()

@planted
def prints_megabytes(case, right):
    print("all of it:")
    sys.stdout.write("x" * 3 * 2**20)
    os.write(2, b"y" * 2**20)

# -- what does no harm ----------------------------------------------------------------------------

@planted
def prints(case, right):
    print("look at me")

@planted
def prints_and_crashes(case, right):
    print("last words")
    ctypes.string_at(0)

@planted
def replaces_stdout(case, right):
    sys.stdout = sys.stderr = None

@planted
def forks(case, right):
    os.fork()  # both copies return an answer

@planted
def leaves_a_process(case, right):
    subprocess.Popen(["sleep", "61.5"])

@planted
def finds_no_reference(case, right):
    known = {"torch", "reference", "flint"} & set(sys.modules)
    assert not known, known

@planted
def reads_its_input(case, right):
    assert sys.stdin.read() == ""
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("subjects") / "planted.py"
    path.write_text(SUBJECTS)
    return path


SHORT, SMALL = Limits(seconds=0.5), Limits(megabytes=768)


def verdicts(spec: str, limits: Limits = SMALL) -> tuple[Verdict, Verdict]:
    """Return what one process comes to in the planted configuration, and then in another."""
    subject = isolated(spec, limits=limits)
    try:
        bad, good = (judge(subject, draw(config), pytorch) for config in (BAD, GOOD))
    finally:
        closed(subject)
    return bad, good


FAULTS = {
    "hangs": ("TIMEOUT", "no answer in 0.5 s"),
    "hangs_in_c": ("TIMEOUT", "no answer in 0.5 s"),
    "leaves": ("CRASHED", "the subject's process ended with exit status 3"),
    "segfaults": ("CRASHED", "the subject's process was ended by signal 11 (SIGSEGV)"),
    "is_killed": ("CRASHED", "killed by signal 9 (SIGKILL), as the system does when memory runs"),
    "exits": ("RAISED", "the subject raised SystemExit: 3"),
    "interrupts": ("RAISED", "the subject raised KeyboardInterrupt"),
    "fills_memory": ("OUT_OF_MEMORY", "more memory than there is"),
    "fills_memory_slowly": ("OUT_OF_MEMORY", "more memory than there is"),
    "answers_too_much": ("OUT_OF_MEMORY", "too large to be taken: 128 MB"),
    "claims_a_huge_shape": ("OUT_OF_MEMORY", "more memory than there is"),
    "writes_input": ("MUTATED_INPUT", "writes into the case's arrays, which are read-only"),
    "writes_input_behind_numpy": ("MUTATED_INPUT", "the subject changed the case's arrays"),
    "keeps_state": ("STATEFUL", "answers otherwise: logits; in fresh processes it does not"),
    "draws": ("NONDETERMINISTIC", "its answers differ even in fresh processes"),
    "draws_from_the_system": ("NONDETERMINISTIC", "differ even in fresh processes"),
    "answers_nothing": ("INCOMPLETE", "must return a mapping of names to arrays, got list"),
    "answers_objects": ("INCOMPLETE", "hidden must be an array of real numbers, got dtype object"),
    "answers_evil": ("RAISED", "RuntimeError: no items today"),
    "closes_every_fd": ("CRASHED", "the subject's process"),
    "writes_into_every_fd": ("CRASHED", "is no answer: it begins with b'garbage"),
    "claims_a_huge_frame": ("CRASHED", "is no answer: it claims a header of 2147483648"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_has_a_name_and_the_run_goes_on(name: str, file: Path) -> None:
    """Each misbehaviour fails its configuration under its name, and the next one is right."""
    kind, message = FAULTS[name]
    bad, good = verdicts(f"{file}:{name}", SHORT if "hangs" in name else SMALL)
    assert [finding.kind for finding in bad.faults] == [kind]
    assert message in bad.faults[0].text
    assert not bad.passed
    assert not bad.comparable
    assert good.passed


NOTES = {
    "changes_error_state": ("CHANGED_ERROR_STATE", "error state changed (over=raise)"),
    "changes_random_state": ("CHANGED_RANDOM_STATE", "draws from or seeds Python and NumPy's glob"),
    "leaves_threads": ("LEFT_THREADS", "leaves 2 threads running: spinner, spinner"),
    "prints_megabytes": ("OUTPUT", "the subject prints 8 MB, which begin with 'all of it:'"),
}


@pytest.mark.parametrize("name", NOTES)
def test_note_fails_nothing(name: str, file: Path) -> None:
    """What a subject leaves behind is told of, and its right numbers pass."""
    kind, message = NOTES[name]
    bad, good = verdicts(f"{file}:{name}")
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
def test_harmless_conduct_is_no_finding(name: str, file: Path) -> None:
    """A subject may print, fork, start processes and look for input: its numbers are judged."""
    for verdict in verdicts(f"{file}:{name}"):
        assert verdict.passed
        assert not verdict.findings


CHEATS = {
    "answers_nan": ("NOT_FINITE", "hidden, logits, loss, grad/W_out, grad/b_out, grad/W_x"),
    "answers_zeros": ("DIFFERS", "are zero throughout"),
    "answers_constants": ("DIFFERS", "are the same numbers whatever the case"),
    "makes_all_agree": ("DIFFERS", "DIFFERS  grad/W_h at"),
}


@pytest.mark.parametrize("name", CHEATS)
def test_cheat_changes_no_verdict(name: str, file: Path) -> None:
    """Neither empty answers nor changes to the harness in the subject's process make a pass."""
    status, message = CHEATS[name]
    subject = isolated(f"{file}:{name}")
    verdict = judge(subject, draw(BAD), pytorch, thorough=True)
    closed(subject)
    assert status in [comparison.status for comparison in verdict.failures]
    assert message in failure_message(verdict)


def test_output_is_passed_on(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a subject prints appears on standard error."""
    verdicts(f"{file}:prints")
    assert capsys.readouterr().err == "look at me\nlook at me\n"
    verdicts(f"{file}:prints_and_crashes")
    assert capsys.readouterr().err == "last words\n"


def test_hang_and_crash_say_where(file: Path) -> None:
    """The line in which a subject hangs, or crashes, is the evidence."""
    for name in ("hangs", "segfaults"):
        (finding,) = verdicts(f"{file}:{name}", SHORT)[0].findings
        assert 'planted.py", line' in finding.evidence
        assert f" in {name}" in finding.evidence
        assert "/parity/" not in finding.evidence


def test_hanging_subject_is_not_asked_for_ever(file: Path) -> None:
    """After three configurations without an answer the others are not asked."""
    with Process(f"{file}:hangs", limits=Limits(seconds=0.2)) as process:
        subject = process.subject()
        found = [observe(subject, draw(BAD)).findings[0] for _ in range(5)]
    assert {finding.kind for finding in found} == {Misbehaviour.TIMEOUT}
    said = "not asked: the 3 configurations before took longer than 0.2 s each"
    assert [finding.text == said for finding in found] == [False] * 3 + [True] * 2


def test_crashing_subject_is_not_asked_for_ever(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a subject that only crashes; one answer in between, and it is asked again."""
    monkeypatch.setitem(IN_A_ROW, Misbehaviour.CRASHED, 2)
    with Process(f"{file}:leaves") as process:
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


def test_group_ends_with_its_subject(file: Path) -> None:
    """What a subject has started ends with its process."""
    verdicts(f"{file}:leaves_a_process")
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert "sleep 61.5" not in running.stdout


def test_subject_ends_with_its_harness(file: Path) -> None:
    """A harness that is killed leaves no process behind, not even one that hangs."""
    program = (
        "from parity import *; from parity.execution.ask import observe\n"
        f"subject = isolated('{file}:hangs', limits=Limits(seconds=0.2))\n"
        "print(subject.run._child._process.pid, flush=True)\n"
        "import threading, os; threading.Timer(0.1, os._exit, [0]).start()\n"
        f"observe(subject, draw(Config.parse('{BAD}')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    until = time.monotonic() + 5
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


def test_interrupt_ends_the_child(file: Path) -> None:
    """Ctrl-C while a subject hangs is the user's, and the subject's process is ended."""
    with Process(f"{file}:hangs", limits=Limits(seconds=30)) as process:
        subject = process.subject()
        assert process._child is not None
        pid = process._child._process.pid
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
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
    """Whatever importing a subject does, it is a SubjectError that says so."""
    source, message = LOADS[name]
    path = tmp_path / "broken.py"
    path.write_text(source)
    with pytest.raises(SubjectError) as raised:
        isolated(str(path))
    assert message in str(raised.value)


MALFORMED = {
    "no json": b"{",
    "no object": b"[]",
    "no arrays": b"{}",
    "a pickle": b'{"arrays": [[["x", "O", [1]]]]}',
    "a structure": b'{"arrays": [[["x", "f8,f8", [1]]]]}',
    "a huge shape": b'{"arrays": [[["x", "<f8", [1000000000000]]]]}',
    "a negative shape": b'{"arrays": [[["x", "<f8", [-1]]]]}',
    "a shape of text": b'{"arrays": [[["x", "<f8", "1"]]]}',
    "a number for a name": b'{"arrays": [[[1, "<f8", [1]]]]}',
    "an overflowing shape": b'{"arrays": [[["x", "<f8", [0, 9223372036854775807, 8]]]]}',
    "too few": b'{"arrays": [[["x", "<f4", [1]]]]}',
    "deep": b'{"arrays": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_header_is_refused(name: str) -> None:
    """Nothing that arrives is believed: a header that does not fit its bytes is no frame."""
    with pytest.raises(wire.MalformedError):
        wire.unpack(MALFORMED[name], bytes(8))


def test_arrays_cross_unchanged() -> None:
    """Every bit, shape and dtype arrives, and what arrives cannot be written to."""
    case = draw(GOOD)
    sent = {"x": case.x, "none": np.zeros((0, 3), "f4"), "one": np.array(np.nan), "b": case.x > 0}
    frame = wire.pack({"number": 1}, [sent, {"x": case.x.T}])
    header, payload = wire.sizes(frame[: wire.PREFIX.size], 2**20)
    body = frame[wire.PREFIX.size :]
    assert len(body) == header + payload
    _, (got, turned) = wire.unpack(body[:header], body[header:])
    assert list(got) == list(sent)
    for name, array in sent.items():
        assert (got[name].dtype, got[name].shape) == (array.dtype, array.shape)
        assert got[name].tobytes() == array.tobytes()
    assert (turned["x"] == case.x.T).all()
    with pytest.raises(ValueError, match="WRITEABLE"):
        got["x"].flags.writeable = True


BAD_LIMITS = {
    "no time": ({"seconds": 0.0}, "the time limit must be above 0 and at most 86400 s"),
    "endless": ({"seconds": float("inf")}, "got inf"),
    "nan": ({"seconds": float("nan")}, "got nan"),
    "no memory": ({"megabytes": 0}, "the memory limit must be at least 256 MB, got 0"),
}


@pytest.mark.parametrize(("limits", "message"), BAD_LIMITS.values(), ids=BAD_LIMITS.keys())
def test_nonsense_limit_is_refused(limits: dict[str, float], message: str) -> None:
    """A limit that is none is named with its value."""
    with pytest.raises(ConfigError, match=message):
        Limits(**limits)  # type: ignore[arg-type]


def test_in_process_subject_is_here(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--in-process` runs the subject where a debugger sees it, with what can be seen there."""
    command = [str(BAD), "--in-process", "--subject", f"{file}:changes_error_state"]
    assert main(command) == 0
    assert "note: CHANGED_ERROR_STATE" in capsys.readouterr().out
    assert np.geterr()["over"] == "warn"
