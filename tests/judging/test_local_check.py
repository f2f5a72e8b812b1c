"""The local check: each step is compared with the one that follows from the subject's own."""

from typing import Any

import numpy as np
import pytest

from parity import Case, Config, Status, draw, scratch
from parity.reference.thresholds import LIMIT
from tests.judging.verdicts import Run, verdict_of


def wrong_from(first: int) -> Run:
    """Return the hidden states of a layer that transposes W_h from step `first` on."""

    def run(case: Case) -> dict[str, Any]:
        h, states = case.h_0, []
        for t in range(case.config.steps):
            h = np.tanh(
                case.x[:, t] @ case.W_x + h @ (case.W_h if t < first else case.W_h.T) + case.b
            )
            states.append(h)
        return {"hidden": np.stack(states, axis=1)}

    return run


@pytest.mark.parametrize("first", [0, 1, 4])
def test_local_check_names_the_first_wrong_step(first: int) -> None:
    """The forward witness says at which step the mistake begins."""
    verdict = verdict_of(wrong_from(first), thorough=True)
    local = next(c for c in verdict.comparisons if c.against == "f of own h[t-1]")
    assert local.status is Status.DIFFERS
    assert local.detail.startswith(f"first wrong at t = {first}")


def with_delta(wrong_at: int | None) -> Run:
    """Return a layer that offers delta, with the recurrence left out once, at `wrong_at`."""

    def run(case: Case) -> dict[str, Any]:
        hidden = scratch.run(case)["hidden"]
        upstream = case.upstream.copy()
        upstream[:, -1] += case.upstream_final
        delta, carried = np.empty_like(hidden), 0.0
        for t in reversed(range(case.config.steps)):
            delta[:, t] = (upstream[:, t] + carried * (t != wrong_at)) * (1 - hidden[:, t] ** 2)
            carried = delta[:, t] @ case.W_h.T
        return {"hidden": hidden, "delta": delta}

    return run


def test_local_check_goes_backward_too() -> None:
    """Where delta is offered, the backward witness names the step, seen from the end."""
    case = draw(Config(kind="layer"))
    verdict = verdict_of(with_delta(wrong_at=2), case, thorough=True)
    local = next(c for c in verdict.comparisons if c.name == "delta")
    assert local.detail.startswith("first wrong at t = 2, in 1 of 5 steps")
    assert verdict_of(with_delta(wrong_at=None), case, thorough=True).passed


@pytest.mark.parametrize("kind", ["layer", "classifier"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_local_check_does_not_explode(kind: str, dtype: str) -> None:
    """Over 200 steps of near-chaotic weights a right layer stays far under its allowance."""
    config = Config(kind=kind, dtype=dtype, steps=200, hidden=16, weights="chaotic", batch=2)
    verdict = verdict_of(scratch.run, draw(config), thorough=True)
    local = next(c for c in verdict.comparisons if c.against == "f of own h[t-1]")
    assert local.greatest is not None
    assert local.greatest.used * LIMIT < 8
