"""A cause is named by a slug, and nothing depends on its sentence."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from parity import Case, Config, Diagnosis, Subject, diagnose, scratch
from parity.reference.frameworks.pytorch import pytorch
from parity.reference.mistakes import by_slug
from parity.report.json_output import diagnosis_data, to_json

Run = Callable[[Case], dict[str, Any]]


def diagnosis_of(run: Run) -> Diagnosis:
    return diagnose(Subject(name="mine.py", run=run), Config(), pytorch)


def clipping(case: Case) -> dict[str, Any]:
    answer = scratch.run(case)
    clipped = {n: np.clip(a, -1e-3, 1e-3) for n, a in answer.items() if n.startswith("grad/")}
    own = {n: clipped.get(n, a) for n, a in answer.items() if not n.startswith("step/")}
    return own | {n: answer[n] for n in ("grad/x", "grad/h_0")}


def test_cause_has_the_slug_and_the_number_of_its_mistake() -> None:
    """Programs read which mistake it is, and its number, without the sentence."""
    found = diagnosis_of(clipping)
    (cause,) = json.loads(to_json(diagnosis_data(found)))["diagnosis"]["causes"]
    assert cause["slug"] == "clip-value-unasked"
    assert cause["value"] == pytest.approx(1e-3)
    assert found.causes[0].name == "clip-value-unasked=0.001"


def redrawing() -> Run:
    rng = np.random.default_rng(0)
    return lambda case: scratch.run(case.replace(W_h=rng.random(case.W_h.shape)))


def writing() -> Run:
    def run(case: Case) -> dict[str, Any]:
        case.x[:] *= 2
        return scratch.run(case)

    return run


def rounding() -> Run:
    def run(case: Case) -> dict[str, Any]:
        answer = scratch.run(case)
        return answer | {"hidden": answer["hidden"].astype("float16").astype(case.config.dtype)}

    return run


MISBEHAVIOUR = {
    "nondeterministic": redrawing,
    "writes-into-inputs": writing,
    "coarse-format": rounding,
}


@pytest.mark.parametrize("slug", MISBEHAVIOUR)
def test_misbehaviour_has_a_slug_of_its_own(slug: str) -> None:
    """A cause that is not a mistake in the equations has a slug that no mistake has."""
    causes = diagnosis_of(MISBEHAVIOUR[slug]()).causes
    assert [cause.name for cause in causes] == [slug]
    assert slug not in by_slug
