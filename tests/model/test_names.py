"""Names: every text is one, and a name is printed as the text from which it is read."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from parity.cases.draw import draw
from parity.model.cell import Cell
from parity.model.config import Config
from parity.model.names import (
    ArrayName,
    Kind,
    behaviour_name,
    gradient_name,
    second_bias,
    step_name,
)
from parity.reference.frameworks.pytorch import pytorch

QUANTITIES = (
    "W_x",
    "W_h",
    "b",
    "b_hh",
    "h_0",
    "W_out",
    "b_out",
    "x",
    "hidden",
    "final",
    "loss",
    "delta",
)

names = st.builds(
    ArrayName,
    quantity=st.sampled_from(QUANTITIES),
    kind=st.sampled_from((Kind.VALUE, Kind.GRADIENT)),
    layer=st.none() | st.integers(0, 1000),
    reverse=st.booleans(),
)
steps = st.builds(
    ArrayName,
    quantity=st.sampled_from(QUANTITIES),
    kind=st.just(Kind.STEP),
    layer=st.none() | st.integers(0, 1000),
    reverse=st.booleans(),
    update=st.integers(1, 1000),
)
pieces = ("grad/", "step/", "step2/", "step1/", "step02/", "/", "W_x", "_l1", "_l01", "_reverse")


@given(names | steps)
def test_a_name_is_read_from_what_it_prints(name: ArrayName) -> None:
    """`parse` gives back every part of a name that `str` has printed."""
    assert ArrayName.parse(str(name)) == name


@given(st.text() | st.lists(st.sampled_from(pieces)).map("".join))
def test_every_text_is_a_name(text: str) -> None:
    """A subject may answer anything: no text is refused, and each is printed unchanged."""
    name = ArrayName.parse(text)
    assert str(name) == text
    assert name.chapter in ("forward", "gradients", "step", "behaviour")


@given(steps)
def test_a_step_knows_its_gradient(name: ArrayName) -> None:
    """Behind a step is the gradient by the same parameter, from which the first step follows."""
    assert str(name.gradient) == gradient_name(name.parameter)
    assert str(name) == step_name(name.update, name.parameter)
    assert str(name.gradient.first_step) == step_name(1, name.parameter)


@given(st.sampled_from((gradient_name, lambda name: step_name(1, name))), st.integers(0, 9))
def test_a_second_bias_belongs_to_the_first(kind: Callable[[str], str], layer: int) -> None:
    """The arrays of a second bias are those of the reference's only bias, in every layer."""
    b = Cell(layer=layer, reverse=True).name("b")
    second = ArrayName.parse(kind(second_bias(b)))
    assert second.is_second_bias
    assert str(second.in_reference) == kind(b)
    assert not second.in_reference.is_second_bias


@given(st.integers(0, 9), st.booleans(), st.sampled_from(("W_x", "h_0", "final")))
def test_a_cell_and_a_name_agree(layer: int, reverse: bool, of: str) -> None:  # noqa: FBT001
    """The name that a cell gives to an array leads back to the cell."""
    cell = Cell(layer=layer, reverse=reverse)
    assert ArrayName.parse(cell.name(of)).cell == cell
    assert ArrayName.parse(cell.name(of)).quantity == of


def test_a_traces_names_say_what_they_are() -> None:
    """Chapters follow one another, and `by_row` is true where the first axis is the batch."""
    config = Config(layers=2, bidirectional=True, updates=2, batch=3, kind="layer", steps=4)
    config = config.replace(features=5, hidden=6)
    trace = pytorch.run(draw(config))
    parsed = {text: ArrayName.parse(text) for text in trace}
    chapters = [name.chapter for name in parsed.values()]
    assert chapters == sorted(chapters, key=("forward", "gradients", "step").index)
    rows = {text for text, name in parsed.items() if name.by_row}
    assert rows == {
        text for text, array in trace.items() if array.shape[:1] == (3,) and "step" not in text
    }


def test_a_comparison_of_behaviour_has_a_chapter_of_its_own() -> None:
    """A comparison of behaviour has a chapter of its own, outside those of the computation."""
    name = ArrayName.parse(behaviour_name("one row alone"))
    assert (name.chapter, name.parameter) == ("behaviour", "one row alone")
