"""Interpreter: a binding is run on every case as its author meant it."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from parity.adapter.bind import bind
from parity.adapter.binding import Binding, Call
from parity.adapter.running.interpreter import Run
from parity.adapter.running.pieces import AnswerError
from parity.cases.draw import draw
from parity.judging.judge import judge
from parity.model.config import Config
from parity.model.verdict import Verdict
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject
from tests.adapter.networks import CELL, CHAR_RNN, STACK, Cell, CharRNN, Stack, Trained


def judged(run: Any, config: Config) -> Verdict:
    subject = Subject(name="bound", run=run, asks=run.CONFIG, knows=run.OPTIONS)
    return judge(subject, draw(subject.asked(config)), pytorch, thorough=True)


def binding(**calls: str) -> Binding:
    return Binding(calls={name: Call.parse(text) for name, text in calls.items()})


def answers(config: Config, functions: Mapping[str, Any], **calls: str) -> Mapping[str, Any]:
    return Run(binding(**calls), functions)(draw(config))


SIZES = Config(batch=2, steps=3, features=4, hidden=5, classes=7)


@pytest.mark.parametrize(
    "config",
    {
        "one cell": SIZES,
        "layers": SIZES.replace(layers=3),
        "directions": SIZES.replace(bidirectional=True),
        "both": SIZES.replace(layers=2, bidirectional=True, dtype="float32"),
    }.values(),
    ids=str,
)
def test_every_layer_and_direction_is_bound_by_one_place(config: Config) -> None:
    """Weights, gradients, final states and steps of all cells are set and read: all agree."""
    verdict = judged(bind(Stack, **STACK), config)
    assert verdict.passed, verdict.failures
    assert not verdict.left_out
    second = {f"{kind}/b_hh{c.suffix}" for c in config.cells for kind in ("grad", "step")}
    assert second <= {comparison.name for comparison in verdict.compared}


def test_places_are_entries_of_lists() -> None:
    """Weights in lists of lists are found by the numbers of a layer and a direction."""
    net = SimpleNamespace(U=[[None, None], [None, None]])
    case = draw(SIZES.replace(layers=2, bidirectional=True))
    Run(Binding(parameters={"W_h": "net.U[layer][direction].T"}), {"net": net})(case)
    for cell in case.config.cells:
        expected = getattr(case, cell.name("W_h"))
        np.testing.assert_array_equal(net.U[cell.layer][int(cell.reverse)].T, expected)


def test_a_network_of_columns_is_judged_whole() -> None:
    """Weights on the left, sequences in columns, a head: every array is found in its layout."""
    verdict = judged(bind(CharRNN, **CHAR_RNN), SIZES)
    assert verdict.passed, verdict.failures
    assert set(verdict.left_out) == {"grad/x", "grad/h_0"}


def test_a_cell_is_called_for_every_step_and_back() -> None:
    """One-step functions become a layer: states are joined along time, gradients as they say."""
    verdict = judged(bind(Cell, **CELL), SIZES)
    assert verdict.passed, verdict.failures
    assert {"hidden", "grad/W_h", "grad/x", "grad/h_0"} <= {c.name for c in verdict.compared}


def test_gradients_that_a_step_returns_are_summed() -> None:
    """A parameter's gradient that every step returns anew is the sum over the steps."""
    found = answers(
        SIZES,
        {"back": lambda x, d: (x.T @ d, d)},
        backward="for t reversed: dW, dx = back(x[:, t], upstream[:, t]) -> "
        "grad/W_x: dW, grad/x: dx",
    )
    case = draw(SIZES)
    assert found["grad/x"].shape == (2, 3, 5)
    expected = np.einsum("btf,bth->fh", case.x, found["grad/x"])
    np.testing.assert_allclose(found["grad/W_x"], expected, rtol=1e-12)


def test_a_step_back_knows_the_state_before() -> None:
    """On the way back `h` is the state of its step and `h_before` the one before, or h_0."""
    seen = []
    answers(
        SIZES,
        {"step": lambda x, h: h + 1, "back": lambda h, before: seen.append((h, before))},
        forward="for t: h = step(x[:, t], h)",
        backward="for t reversed: back(h, h_before)",
    )
    h_0 = draw(SIZES).h_0
    assert [(after - h_0).round().max() for after, _ in seen] == [3, 2, 1]
    np.testing.assert_array_equal(seen[-1][1], h_0)


def test_states_that_an_object_keeps_are_read_at_every_step() -> None:
    """A state in an attribute, not returned, is read after each step."""
    keeper = SimpleNamespace()
    found = answers(
        SIZES,
        {"keeper": keeper, "step": lambda x: setattr(keeper, "h", x * 2)},
        forward="for t: step(x[:, t]) -> hidden: keeper.h",
    )
    np.testing.assert_array_equal(found["hidden"], draw(SIZES).x * 2)


def test_a_training_step_starts_from_the_weights_anew() -> None:
    """An update and a training step of one object each start from the case's own weights."""
    calls = {name: Call.parse("train(1.0)") for name in ("update", "train")}
    bound = Binding(make="Trained()", parameters={"W_x": "W"}, calls=calls)
    case = draw(SIZES)
    np.testing.assert_array_equal(
        Run(bound, {"Trained": Trained})(case)["step/W_x"], case.W_x - 1.0
    )


def test_the_object_is_kept_from_one_case_to_the_next() -> None:
    """Cases of one configuration share an object, as a user would; `fresh` gives each its own."""

    class Counter:
        calls = 0

        def forward(self) -> Any:
            self.calls += 1
            return np.array(self.calls)

    calls = {"forward": Call.parse("forward() -> loss: out")}
    for fresh, counts in ((False, [1, 2]), (True, [1, 1])):
        bound = Binding(make="Counter()", calls=calls, fresh=fresh)
        run = Run(bound, {"Counter": Counter})
        assert [int(run(draw(SIZES))["loss"]) for _ in range(2)] == counts


def test_authors_draws_are_the_same_each_time() -> None:
    """An author's own random weights are the same in every run, and nobody else's draws change."""

    class Drawn:
        def __init__(self) -> None:
            self.W = np.random.randn(3)

    bound = Binding(make="Drawn()", calls={"forward": Call.parse("self.W -> loss: out")})
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    first, second = (Run(bound, {"Drawn": Drawn})(draw(SIZES))["loss"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_tensors_are_handed_over_and_read() -> None:
    """With `tensors`, arrays are PyTorch's on the way in, and NumPy's on the way out."""
    torch = pytest.importorskip("torch")
    seen = []

    def forward(x: Any) -> Any:
        seen.append(type(x))
        return [x[:, t] * 2 for t in range(x.shape[1])]

    calls = {"forward": Call.parse("forward(x) -> hidden: np.stack(out, axis=1)")}
    run = Run(Binding(calls=calls, tensors=True), {"forward": forward})
    found = run(draw(SIZES))
    np.testing.assert_array_equal(found["hidden"], draw(SIZES).x * 2)
    assert seen == [torch.Tensor]


def test_the_case_is_never_handed_over_to_be_changed() -> None:
    """Weights handed over are copies: code that updates them in place changes no case."""

    def update(W: Any) -> Any:
        W *= 0
        return W

    case = draw(SIZES)
    before = case.snapshot()
    run = Run(binding(update="update(W_x) -> step/W_x: out"), {"update": update})
    assert not run(case)["step/W_x"].any()
    assert case.snapshot() == before


def test_an_answer_that_cannot_be_read_is_named() -> None:
    """An expression of an answer that raises is the binding's mistake: it names the answer."""
    with pytest.raises(
        AnswerError, match=r"the answer `hidden: out\.states` raised AttributeError"
    ):
        answers(SIZES, {"forward": lambda x: x}, forward="forward(x) -> hidden: out.states")
