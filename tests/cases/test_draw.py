"""Drawing: a case has the same bits everywhere, and hides no mistake."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from parity.cases.draw import draw
from parity.model.case import ALWAYS, Case
from parity.model.config import Config
from parity.model.errors import ConfigError
from parity.reference.frameworks.pytorch import pytorch

ARRAYS = ("x", "h_0", "W_x", "W_h", "b", "W_out", "b_out", "upstream", "upstream_final")


def digest(case: Case) -> str:
    return hashlib.sha256(b"".join(case.snapshot())).hexdigest()[:16]


def test_same_bits_on_every_machine() -> None:
    """The default case has the bits it always had: a saved id still means the same numbers."""
    assert digest(draw(Config())) == "c3d79e620ac0af56"
    assert digest(draw(Config(dtype="float32", kind="layer"))) == "025384987a935ea4"


def test_same_bits_in_another_process() -> None:
    """Neither hash randomisation nor the global random state changes a case."""
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
    """Two seeds do not share any number."""
    one, other = draw(Config(seed=0)), draw(Config(seed=1))
    assert not np.intersect1d(one.W_h, other.W_h).size


def test_digits_are_rows_of_real_images() -> None:
    """With data digits the sequences are scikit-learn's images, and the labels are theirs."""
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    case = draw(Config(batch=3).replace(data="digits"))
    row = int(np.flatnonzero((digits.images / 16 == case.x[0]).all(axis=(1, 2)))[0])
    assert case.labels[0] == digits.target[row]
    assert case.x.shape == (3, 8, 8)


def test_arrays_of_further_options_come_last() -> None:
    """Arrays that only some configurations have are drawn after those that all have."""
    config = Config(layers=2, lengths="unsorted", class_weights="drawn")
    assert list(draw(config).arrays)[: len(ALWAYS)] == list(draw(Config()).arrays)
    assert set(draw(config).more) >= {"W_x_l1", "h_0_l1", "lengths", "class_weights"}
    assert not draw(Config()).more


LENGTHS = {
    "sorted": lambda own: (np.diff(own) <= 0).all() and own[0] > own[-1],
    "unsorted": lambda own: (np.diff(own) > 0).any(),
    "equal": lambda own: (own == 5).all(),
    "ones": lambda own: (own == 1).all(),
}


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("seed", range(4))
def test_lengths_are_what_they_are_called(lengths: str, seed: int) -> None:
    """Lengths lie within the steps, and where they are drawn, rows have different lengths."""
    own = draw(Config(lengths=lengths, seed=seed)).lengths
    assert LENGTHS[lengths](own)
    assert own.min() >= 1
    assert own.max() <= 5


@pytest.mark.parametrize("ignored", ["some", "class"])
def test_some_labels_count_and_some_do_not(ignored: str) -> None:
    """The first label counts and the second one does not, so every mean has something to divide."""
    case = draw(Config(ignored=ignored))
    counts = case.labels != case.config.ignore_index
    assert counts[0]
    assert not counts[1]


def test_masks_keep_their_share() -> None:
    """Masks are 0 or 1 / (1 - p); with p = 1 nothing is kept, and nothing is divided by zero."""
    mask = draw(Config(layers=2, dropout=0.75, hidden=32)).mask_l0
    assert set(np.unique(mask)) == {0.0, 4.0}
    assert 0.2 < (mask > 0).mean() < 0.3
    assert not draw(Config(layers=2, dropout=1.0)).mask_l0.any()
    assert "mask_l0" not in draw(Config(layers=2, dropout=0.75, mode="evaluation")).more


def test_zero_is_zero() -> None:
    """An array that a subject cannot be given is zero in the case; everything else is drawn."""
    case = draw(Config(initial="zero", bias="zero"))
    assert not any(np.any(array) for array in (case.h_0, case.b, case.b_out))
    assert all(np.all(array) for array in (case.W_x, case.W_h, case.W_out, case.x))


def test_ids_are_one_hot() -> None:
    """Every input is a single 1; a vocabulary has as many classes as ids."""
    case = draw(Config(features=5).replace(data="vocabulary"))
    assert (case.x.sum(axis=2) == 1).all()
    assert case.config.classes == 5
    with pytest.raises(ConfigError, match="classes must be features, 5, with data vocabulary"):
        case.config.replace(classes=3)


def test_zeros_are_exact() -> None:
    """With data zeros some inputs are exactly 0, and one step of the first row is all zero."""
    x = draw(Config(data="zeros")).x
    assert not x[0, 2].any()
    assert 0.1 < (x == 0).mean() < 0.6


def test_repeated_rows_and_steps() -> None:
    """With data repeated every second row and step is its neighbour's, and so is h_0."""
    case = draw(Config(data="repeated", batch=5))
    np.testing.assert_array_equal(case.x[1::2], case.x[:4:2])
    np.testing.assert_array_equal(case.x[:, 1::2], case.x[:, :4:2])
    np.testing.assert_array_equal(case.h_0[1::2], case.h_0[:4:2])
    assert len(np.unique(case.x[:, :, 0])) == 3 * 3


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_large_inputs_saturate_nothing(dtype: str) -> None:
    """With data large every input is beyond 1000, and x W_x is as large as ever."""
    case = draw(Config(data="large", dtype=dtype))
    assert (np.abs(case.x) >= 1000).all()
    assert case.x.min() < 0 < case.x.max()
    assert np.abs(case.x.astype(float) @ case.W_x.astype(float)).max() < 3
    assert {case.x.dtype, case.W_x.dtype} == {np.dtype(dtype)}


def test_labels_are_all_the_same_or_each_in_turn() -> None:
    """Labels one are a single class; labels each have every class that the rows have room for."""
    assert len(np.unique(draw(Config(labels="one")).labels)) == 1
    case = draw(Config(labels="each", loss="steps"))
    assert set(case.labels) == set(case.step_labels.flat) == set(range(4))
    assert case.labels.dtype == np.int64


def test_tiny_gradients_are_scaled() -> None:
    """W_out of a classifier and the upstream gradients of a layer are a millionth of the usual."""
    case = draw(Config(gradients="tiny"))
    for array, within in ((case.W_out, 6**-0.5), (case.upstream, 3**0.5)):
        assert 0.8e-6 * within < np.abs(array).max() <= 1e-6 * within


@pytest.mark.parametrize(("dtype", "largest"), {"float64": 709.0, "float32": 88.0}.items())
def test_large_gradients_overflow_an_exponential_and_no_probability(
    dtype: str, largest: float
) -> None:
    """In float64 exp(l) overflows unless a row's own largest is subtracted; none vanishes then."""
    for hidden, weights in ((1, "chaotic"), (6, "torch"), (16, "chaotic")):
        config = Config(gradients="large", dtype=dtype, hidden=hidden, weights=weights)
        logits = pytorch.run(draw(config))["logits"].astype(float)
        assert np.ptp(logits, axis=1).max() < 0.99 * largest
        if dtype == "float64":
            assert logits.max() > largest
            assert np.ptp(logits.max(axis=1)) > largest
    layer = draw(Config(gradients="large", kind="layer", dtype=dtype))
    assert np.abs(layer.upstream).max() > 1000
