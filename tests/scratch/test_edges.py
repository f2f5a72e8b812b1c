"""The edges of nn.RNN: where PyTorch accepts and where it refuses, and where scratch.RNN does.

Each row of the table in docs/edges.md is made and run on both sides.
"""

from pathlib import Path

import pytest

from tests.scratch.calls import Found, assert_same, by_scratch, by_torch, outcome
from tests.scratch.edge_rows import ROWS, WARNS, Row, Way

PAGE = (Path(__file__).parents[2] / "docs" / "edges.md").read_text(encoding="utf-8")
TABLE = "| call | PyTorch | scratch |\n|---|---|---|\n"

every_row = pytest.mark.parametrize("row", ROWS, ids=[row.call for row in ROWS])

COMPARED = ("output", "final", "W_x", "W_h")
"""Results that have the same shape in a call and in the call that it is like."""


def assert_like(found: Found, like: Found, dtype: str) -> None:
    assert_same(found, {name: like[name] for name in COMPARED}, dtype)


def _first_word(outcome: str) -> str:
    return outcome.removesuffix(WARNS).partition(",")[0].strip("`").replace("the same", "accepted")


@every_row
def test_pytorch_does_what_the_readme_says(row: Row, subtests: pytest.Subtests) -> None:
    """PyTorch raises this error, warns, or accepts; where the row says how, it computes that."""
    for number, way in enumerate(row.ways, 1):
        with subtests.test(f"call {number}"):
            said, found = outcome(by_torch, way.call)
            assert said == _first_word(row.pytorch), found
            if row.pytorch.startswith("accepted,"):
                assert way.like is not None
                assert_like(found, by_torch(way.like), way.call.dtype)


@every_row
def test_scratch_does_what_the_readme_says(row: Row, subtests: pytest.Subtests) -> None:
    """scratch refuses in one line that names the value, or computes PyTorch's numbers."""
    for number, way in enumerate(row.ways, 1):
        with subtests.test(f"call {number}"):
            _check_scratch(row, way)


def _check_scratch(row: Row, way: Way) -> None:
    said, found = outcome(by_scratch, way.call)
    if row.scratch.endswith(WARNS) and said == "RuntimeWarning":
        said = "accepted"
    assert said == _first_word(row.scratch), found
    if row.scratch.startswith("the same") or said == "UserWarning":
        _, expected = outcome(by_torch, way.call)
        assert_same(found, expected, way.call.dtype)
    elif said == "accepted":
        like = way.scratch_like or way.like
        assert like is not None
        assert_like(found, by_scratch(like), way.call.dtype)
    else:
        assert way.says
        assert way.says in found
        assert "\n" not in found


def test_every_row_has_calls() -> None:
    """Every row of the table is tested."""
    assert [row.call for row in ROWS if not row.ways] == []


def test_page_has_exactly_these_rows() -> None:
    """The table on the page is the table that is tested."""
    table = PAGE.partition(TABLE)[2].partition("\n\n")[0]
    assert table.splitlines() == [f"| {r.call} | {r.pytorch} | {r.scratch} |" for r in ROWS]
