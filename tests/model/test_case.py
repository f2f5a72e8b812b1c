"""Case: its arrays by name, in their layout, and read-only."""

import pytest

from parity.cases.draw import draw
from parity.model.case import layout
from parity.model.config import Config

ARRAYS = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out", "upstream", "upstream_final")


@pytest.mark.parametrize("name", [*ARRAYS, "labels"])
def test_arrays_cannot_be_written(name: str) -> None:
    """A case's array refuses a write, and refuses to be made writable."""
    array = getattr(draw(Config()), name)
    with pytest.raises(ValueError, match="read-only"):
        array[...] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


LAYOUTS = (
    "b2-t3-f4-h5-c6",
    "f32-layer",
    "t8-f8-c10-digits",
    "f16-l3-bi-unsorted-drop0.5-weighted",
    "bf16-layer-l2-drop0.5-evaluation",
)


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout_is_what_is_drawn(name: str) -> None:
    """The layout of a configuration names every array of its case, with its dtype and shape."""
    if name.endswith("digits"):
        pytest.importorskip("sklearn")
    config = Config.parse(name)
    drawn = {key: (array.dtype, array.shape) for key, array in draw(config).arrays.items()}
    assert list(drawn.items()) == list(layout(config).items())


def test_unknown_array_is_said() -> None:
    """An array that the configuration does not have is an error that names both."""
    with pytest.raises(AttributeError, match="a case of b7-t5-f3-h6-c4-tanh-f64-s0 has no W_x_l1"):
        _ = draw(Config()).W_x_l1
