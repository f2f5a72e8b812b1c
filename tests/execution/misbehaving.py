"""Subjects that misbehave, each in one way, in configurations of two steps.

In any other configuration all of them answer rightly.
"""
# ruff: noqa: ANN001, ANN201, ANN202, ANN204, D102, SIM105 - subjects, as their authors would write them

import ctypes
import os
import random
import signal
import subprocess
import sys
import threading
import time

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
def interrupts_its_harness_and_hangs(case, right):
    os.kill(os.getppid(), signal.SIGALRM)
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
            os.write(fd, struct.pack("<4sIQ", b"rnn\x01", 2**31, 2**60))
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


# These are only noted


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


# These do no harm


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
    known = {"torch", "parity.reference", "flint"} & set(sys.modules)
    assert not known, known


@planted
def reads_its_input(case, right):
    assert sys.stdin.read() == ""


SURVIVED = [
    exits,
    interrupts,
    fills_memory,
    answers_too_much,
    claims_a_huge_shape,
    writes_input,
    writes_input_behind_numpy,
    answers_nothing,
    answers_objects,
    answers_evil,
]
"""Faults after which the process goes on."""


def one_after_the_other(case):
    """Misbehave in the way that the seed decides."""
    return SURVIVED[case.config.seed % len(SURVIVED)](case)
