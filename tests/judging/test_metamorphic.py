"""The metamorphic checks: rules that hold for any recurrent layer, asked in other ways."""

from typing import Any

import numpy as np
import pytest

from parity import Case, Config, Subject, draw, judge, scratch
from parity.reference.frameworks.pytorch import pytorch
from tests.judging.verdicts import Run, verdict_of


def mixing_rows(case: Case) -> dict[str, Any]:
    """Normalise over the batch, as a batch norm left in training mode does."""
    return scratch.run(case.replace(x=case.x - 1e-9 * case.x.mean(axis=0)))


def first_row_counts_more(case: Case) -> dict[str, Any]:
    bias = np.zeros_like(case.h_0)
    bias[0] = 1e-9
    return scratch.run(case.replace(h_0=case.h_0 + bias))


def clipping(case: Case) -> dict[str, Any]:
    trace = scratch.run(case)
    return trace | {"grad/W_x": np.clip(trace["grad/W_x"], -50, 50)}


def upstream_squashed(case: Case) -> dict[str, Any]:
    """Let a whole array's sign, homogeneous but not additive, into the gradient."""
    trace = scratch.run(case)
    return trace | {"grad/b": trace["grad/b"] + 1e-9 * np.abs(case.upstream).sum(axis=(0, 1))}


BROKEN = {
    "rows mix": (mixing_rows, "classifier", {"one row alone"}),
    "rows have places": (first_row_counts_more, "classifier", {"rows reversed"}),
    "gradients clipped": (clipping, "layer", {"upstream x -1024"}),
    "not additive": (upstream_squashed, "layer", {"upstream x -1024"}),
}


@pytest.mark.parametrize(("run", "kind", "broken"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_behaviour_is_named(run: Run, kind: str, broken: set[str]) -> None:
    """A rule of every layer that a subject breaks is reported by the name of its question."""
    verdict = verdict_of(run, draw(Config(kind=kind)), thorough=True).only("behaviour")
    assert broken <= {c.name.removeprefix("behaviour/") for c in verdict.failures}


def upstream_in_relation(case: Case) -> dict[str, Any]:
    """Scale the gradient by a ratio of upstreams, which stays as it is when all of it scales."""
    trace = scratch.run(case)
    ratio = np.abs(case.upstream[:, :1]).sum() / np.abs(case.upstream).sum()
    return trace | {"grad/b": trace["grad/b"] * (1 + 1e-9 * ratio)}


def test_additivity_is_asked_for_itself() -> None:
    """A gradient that scales and does not add up fails in two parts, and only there."""
    verdict = verdict_of(upstream_in_relation, draw(Config(kind="layer")), thorough=True)
    failed = {c.name for c in verdict.only("behaviour").failures}
    assert failed == {"behaviour/upstream in two parts"}


def test_subject_that_cannot_do_one_row_is_told() -> None:
    """A subject that raises when it is asked in another way is reported with the question."""

    def run(case: Case) -> dict[str, Any]:
        if case.config.batch == 1:
            raise IndexError("no batch")
        return scratch.run(case)

    (finding,) = verdict_of(run, thorough=True).findings
    assert finding.text == "asked for one row alone: the subject raised IndexError: no batch"


def test_clipping_is_seen_though_ordinary_gradients_are_small() -> None:
    """Clipping that the configuration does not ask for is found with large gradients.

    Once something differs already, large gradients are not asked for.
    """

    def clipped(case: Case) -> dict[str, np.ndarray]:
        trace = {n: a for n, a in scratch.run(case).items() if not n.startswith("step/")}
        return {n: np.clip(a, -5, 5) if n.startswith("grad/") else a for n, a in trace.items()}

    case = draw(Config())
    verdict = judge(Subject(name="clipped", run=clipped), case, pytorch, thorough=True)
    assert [c.name for c in verdict.failures] == ["behaviour/large gradients"]
    wrong = Subject(name="wrong", run=lambda c: clipped(c) | {"loss": np.array(1.0)})
    names = [c.name for c in judge(wrong, case, pytorch, thorough=True).comparisons]
    assert "behaviour/large gradients" not in names
