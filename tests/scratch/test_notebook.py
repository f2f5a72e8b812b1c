"""scratch gives the numbers that the original notebook printed, with the notebook's own calls."""

import numpy as np
import pytest

from parity.scratch import ScratchSimpleRNNClassifier, SimpleRNN, softmax

FORWARD_EXAMPLE = [
    [0.01744804, -0.01809214, -0.00733537, 0.02353047, -0.01589661, -0.00291828],
    [0.02475063, 0.01492887, -0.00131434, 0.01434083, -0.00562717, -0.00838413],
    [0.0045935, 0.0196712, 0.01454075, 0.00940329, 0.00687638, -0.00491381],
    [-0.02007635, -0.02387972, -0.0103665, -0.01783901, -0.00104322, 0.00930331],
]
"""Part 1, "Simple Forward propagation implementation of RNN": y[:, 0, :] to eight decimals."""

SMALL_SEQUENCE = [[0.79494228, 0.81839002, 0.83939649, 0.85584174]]
"""Part 2, "Experiment of forward propagation with small sequence": h after three steps."""

TOY_LOSS = 1.0985512704761449
"""Part 3, the toy example's loss, which is the mean of -log(p + 1e-12)."""


def toy() -> tuple[ScratchSimpleRNNClassifier, np.ndarray, np.ndarray]:
    np.random.seed(0)
    x = np.random.randn(2, 5, 4)
    y = np.random.randint(0, 3, size=(2,))
    model = ScratchSimpleRNNClassifier(4, 6, 3, lr=1e-2, seed=0)
    return model, model.forward(x), y


def test_forward_example() -> None:
    """Part 1: batch 4, steps 5, features 3, nodes 6, data seed 0, layer seed 42."""
    np.random.seed(0)
    x = np.random.randn(4, 5, 3)
    y = SimpleRNN(3, 6, seed=42).forward(x)
    assert y.shape == (4, 5, 6)
    np.testing.assert_allclose(y[:, 0, :], FORWARD_EXAMPLE, rtol=0, atol=0.5e-8)


def test_small_sequence() -> None:
    """Part 2: weights given as integers over 100 and a bias of integer ones."""
    rnn = SimpleRNN(2, 4)
    rnn.W_x = np.array([[1, 3, 5, 7], [3, 5, 7, 8]]) / 100
    rnn.W_h = np.array([[1, 3, 5, 7], [2, 4, 6, 8], [3, 5, 7, 8], [4, 6, 8, 10]]) / 100
    rnn.b = np.array([1, 1, 1, 1])
    x = np.array([[[1, 2], [2, 3], [3, 4]]]) / 100
    np.testing.assert_allclose(rnn.forward(x)[:, -1], SMALL_SEQUENCE, rtol=0, atol=0.5e-8)


def test_toy_loss_is_reproduced_with_its_epsilon() -> None:
    """Part 3: with the notebook's own log(p + 1e-12) the printed number comes out to rounding."""
    _, logits, y = toy()
    p = softmax(logits)[[0, 1], y]
    assert -np.log(p + 1e-12).mean() == pytest.approx(TOY_LOSS, rel=0, abs=4.5e-16)


def test_toy_loss_without_the_epsilon() -> None:
    """Part 3: the right loss is 1.0985512704791446, which is 3.0e-12 above: the mean of 1e-12/p."""
    model, logits, y = toy()
    loss = model.backward(y)
    p = softmax(logits)[[0, 1], y]
    assert loss - TOY_LOSS == pytest.approx((1e-12 / p).mean(), rel=1e-3)
    assert loss == pytest.approx(1.0985512704791446, rel=0, abs=4.5e-16)


def test_toy_example_runs_to_its_end() -> None:
    """Part 3: forward, backward, update_params; the second loss is smaller."""
    model, _, y = toy()
    first = model.backward(y)
    model.update_params()
    np.random.seed(0)
    model.forward(np.random.randn(2, 5, 4))
    assert model.backward(y) < first
