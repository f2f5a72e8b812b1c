"""Case: drawn once, the same bits everywhere, and read-only."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from parity.case import Case, layout
from parity.config import Config
from parity.drawing import draw

ARRAYS = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out", "upstream", "upstream_final")


def digest(case: Case) -> str:
    return hashlib.sha256(b"".join(case.snapshot())).hexdigest()[:16]


def test_same_bits_on_every_machine() -> None:
    """The default case has the bits it always had: a saved id still means the same numbers."""
    assert digest(draw(Config())) == "c3d79e620ac0af56"
    assert digest(draw(Config(dtype="float32", kind="layer"))) == "025384987a935ea4"


def test_same_bits_in_another_process() -> None:
    """Neither hash randomisation nor the global random state has a say."""
    program = (
        "import numpy, random; numpy.random.seed(5); random.seed(5)\n"
        "from parity import Config, draw; print(draw(Config()).snapshot())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == str(draw(Config()).snapshot())


def test_global_random_state_is_left_alone() -> None:
    """Drawing a case does not move NumPy's global generator."""
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    draw(Config())
    assert np.random.rand() == expected


@pytest.mark.parametrize("name", [*ARRAYS, "labels"])
def test_arrays_cannot_be_written(name: str) -> None:
    """A case's array refuses a write, and refuses to be made writable."""
    array = getattr(draw(Config()), name)
    with pytest.raises(ValueError, match="read-only"):
        array[...] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


@pytest.mark.parametrize("name", ARRAYS)
def test_inputs_hide_nothing(name: str) -> None:
    """No array is constant or zero anywhere, and none is all ones."""
    array = getattr(draw(Config()), name)
    assert len(np.unique(array)) == array.size
    assert np.all(array != 0)


def test_recurrent_weights_are_not_symmetric() -> None:
    """A transposed W_h is another matrix."""
    W_h = draw(Config()).W_h
    assert not np.allclose(W_h, W_h.T, atol=0.05)


@pytest.mark.parametrize(
    ("weights", "within"), {"torch": 0.25, "small": 0.01, "chaotic": 0.375}.items()
)
def test_weight_scales(weights: str, within: float) -> None:
    """Weights fill the range that their scale names: 1/sqrt(16), 0.01, 1.5/sqrt(16)."""
    largest = np.abs(draw(Config(hidden=16, weights=weights)).W_h).max()
    assert 0.95 * within < largest <= within


def test_seeds_draw_different_cases() -> None:
    """Two seeds share no number."""
    one, other = draw(Config(seed=0)), draw(Config(seed=1))
    assert not np.intersect1d(one.W_h, other.W_h).size


def test_digits_are_rows_of_real_images() -> None:
    """With data digits the sequences are scikit-learn's images, and the labels theirs."""
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    case = draw(Config(batch=3).replace(data="digits"))
    row = int(np.flatnonzero((digits.images / 16 == case.x[0]).all(axis=(1, 2)))[0])
    assert case.labels[0] == digits.target[row]
    assert case.x.shape == (3, 8, 8)


@pytest.mark.parametrize("name", ["b2-t3-f4-h5-c6", "f32-layer", "t8-f8-c10-digits"])
def test_layout_is_what_is_drawn(name: str) -> None:
    """The layout of a configuration names every array of its case, with its dtype and shape."""
    if name.endswith("digits"):
        pytest.importorskip("sklearn")
    config = Config.parse(name)
    drawn = {key: (array.dtype, array.shape) for key, array in draw(config).arrays.items()}
    assert list(drawn.items()) == list(layout(config).items())
