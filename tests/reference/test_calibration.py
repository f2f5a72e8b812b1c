"""A small run of `make calibrate`: it gives no false alarm, and has the power that is claimed."""

import pytest

from benchmarks.alarms import FULL, METHODS, judged
from benchmarks.calibrate import main, share_caught, total
from benchmarks.power import MISTAKES
from parity.model.comparison import Status

pytestmark = pytest.mark.slow

CASES, PLANTED = 20, 15
SLACK = 0.2
"""Below the share that is asked for: 2.6 standard deviations of a share of 0.9 in 15 cases."""

ASKED = {name: mistake.wanted for name, mistake in MISTAKES.items() if mistake.wanted > 0}
"""Chaotic weights have no required share: rounding is as large as the mistake there."""


def test_correct_code_is_never_accused() -> None:
    """Eight implementations with other orders of summation, on twenty cases: nothing differs."""
    tallies = total(judged(seed, {FULL: METHODS[FULL]}) for seed in range(CASES))
    assert [alarm.where for tally in tallies.values() for alarm in tally.alarms] == []
    agreed = sum(tally.statuses[Status.AGREES] for tally in tallies.values())
    assert agreed > CASES * 8 * 10


@pytest.mark.parametrize("name", ASKED)
def test_planted_mistakes_are_caught(name: str) -> None:
    """Each small mistake is caught in the share of cases that the README claims."""
    assert share_caught(name, PLANTED, seed=0) >= ASKED[name] - SLACK


def test_command_prints_every_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The command runs from end to end, however small."""
    main(["--pairs", "8", "--power", "2", "--ablated", "1", "--workers", "1", "--seed", "3"])
    out = capsys.readouterr().out
    titles = ("false alarms: 8 judgements", "power: 2 ordinary cases", "ablations: the first 1")
    assert all(title in out for title in titles)
