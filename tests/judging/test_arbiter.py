"""The arbiter: who is wrong, by how much, and how exact PyTorch is."""

from parity import Config, draw, scratch
from parity.reference.frameworks.pytorch import twin
from parity.report.text import failure_message
from tests.judging.verdicts import VALUES, off_by, verdict_of


def test_arbiter_blames_the_subject() -> None:
    """The verdict says that a subject is wrong, by how much, and how exact PyTorch is."""
    message = failure_message(verdict_of(off_by("grad/W_h", 1.5), thorough=True))
    assert "the subject is wrong, by " in message
    assert "(PyTorch is within 2.7 ulp of the exact value)" in message


def test_arbiter_blames_pytorch() -> None:
    """If PyTorch were wrong, a right subject would not be blamed."""
    case = draw(Config())
    broken = twin.run(case) | {"grad/W_x": twin.run(case)["grad/W_x"] * 1.01}
    verdict = verdict_of(scratch.run, case, expected=broken, thorough=True)
    ruling = next(c.ruling for c in verdict.failures if c.name == "grad/W_x")
    assert ruling is not None
    assert ruling.text.startswith("PyTorch is wrong, by ")


def test_arbiter_blames_both() -> None:
    """Two wrong answers that differ are both called wrong."""
    case = draw(Config())
    broken = twin.run(case) | {"grad/b": twin.run(case)["grad/b"] * 1.01}
    verdict = verdict_of(off_by("grad/b", 3), case, expected=broken, thorough=True)
    ruling = next(c.ruling for c in verdict.failures if c.name == "grad/b")
    assert ruling is not None
    assert ruling.text.startswith("both are wrong")


def test_exact_shows_both_sides_of_every_array() -> None:
    """If they are asked for, both errors are there whether or not anything differs."""
    verdict = verdict_of(scratch.run, exact=True)
    rulings = {c.name: c.ruling for c in verdict.comparisons if c.name in VALUES}
    assert len(rulings) == 10
    assert all(r is not None and r.enclosed and r.subject < 10 for r in rulings.values())
