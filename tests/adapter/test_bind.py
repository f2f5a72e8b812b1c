"""Bind: people write what they would guess, and each mistake is told in one line that names it."""

import math
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import parity
from parity.adapter.bind import bind
from parity.adapter.binding import BindError
from parity.adapter.constructor import constructor_call
from parity.adapter.load import load
from parity.execution.limits import Limits
from parity.gate.accept import accepted, groups
from parity.judging.judge import judge
from parity.model.config import Config
from parity.model.errors import SubjectError
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Subject
from tests.adapter.networks import (
    CELL,
    CHAR_RNN,
    FAULTY,
    STACK,
    Cell,
    CharRNN,
    Faulty,
    Stack,
    Trained,
)

# -- mistakes --------------------------------------------------------------------------------------


NETWORKS = Path(__file__).with_name("networks.py")
LINE = NETWORKS.read_text(encoding="utf-8").splitlines().index("        return x[:, 99]") + 1

MISTAKES: dict[str, tuple[type, dict[str, Any], str]] = {
    "a place with the axes swapped": (
        CharRNN,
        {"W_x": "Wxh"},
        "`Wxh` has shape (5, 4), W_x has (4, 5): did you mean `Wxh.T`?",
    ),
    "a place with an axis too many": (
        CharRNN,
        {"b": "bh"},
        "`bh` has shape (5, 1), b has (5,): did you mean `bh[:, 0]`?",
    ),
    "a place that is not there": (
        CharRNN,
        {"W_h": "Whhh.T"},
        "`W_h`: there is no 'Whhh' in `Whhh.T`; did you mean Whh",
    ),
    "a key that is not there": (
        Stack,
        {"W_x": 'weights["weight_l0"].T'},
        "`W_x`: there is no 'weight_l0' in `weights[\"weight_l0\"].T`; did you mean weight_",
    ),
    "no place": (
        CharRNN,
        {"W_h": "Whh + 3 * Whh"},
        "`W_h`: `3 * Whh` is not a place that an array can be written to",
    ),
    "a place that keeps a copy": (
        Faulty,
        {"b": "copied"},
        "`b`: `copied` cannot be set: AttributeError: property 'copied' of 'Faulty' object",
    ),
    "not a parameter": (
        CharRNN,
        {"W_y": "Why.T"},
        "`W_y` is not a parameter, and no item uses it: one of W_x, W_h, b, W_out, b_out, h_0",
    ),
    "not text": (CharRNN, {"W_x": 3}, '`W_x` must be text, as in W_x="Wxh.T", got 3'),
    "open": (CharRNN, {"W_x": ...}, "`W_x` is open: write it in the place of `...`"),
    "not Python": (CharRNN, {"W_x": "Wxh.T)"}, "`W_x`: 'Wxh.T)' is not a Python expression"),
    "no size": (
        CharRNN,
        {"make": "CharRNN(hidden)"},
        "`make`: CharRNN(hidden) raised TypeError: CharRNN.__init__() missing 2 required",
    ),
    "no such class": (
        CharRNN,
        {"make": "CharRN(hidden, features, classes)"},
        ("`make`: CharRN(hidden, features, classes) raised NameError: name 'CharRN' is not "
        "defined; did you mean CharRNN"),
    ),
    "no such method": (
        CharRNN,
        {"forward": "forwrd(x.T)"},
        "`forward`: forwrd(x.T) raised NameError: name 'forwrd' is not defined; did you mean",
    ),
    "too many arguments": (
        CharRNN,
        {"forward": "forward(x, h_0)"},
        "`forward`: forward(x, h_0) raised TypeError: CharRNN.forward() takes 2 positional",
    ),
    "an error in a line of the network": (
        Faulty,
        {},
        ("`forward` raised IndexError: index 99 is out of bounds for axis 1 with size 3 "
        f"(networks.py, line {LINE})"),
    ),
    "a stub": (Faulty, {"forward": "stub(x)"}, "`forward` raised NotImplementedError (networks.py"),
    "an answer in another layout": (
        CharRNN,
        {"forward": "scores, states = forward(x.T) -> logits: scores.T, hidden: states"},
        ("`forward`: the answer `hidden: states` has shape (3, 5, 2), expected (batch, steps, "
        "hidden) = (2, 3, 5): did you mean `states.transpose(2, 0, 1)`?"),
    ),
    "an answer that raises": (
        CharRNN,
        {"forward": "scores, states = forward(x.T) -> logits: scores.T, hidden: states[9]"},
        "`forward`: the answer `hidden: states[9]` raised IndexError",
    ),
    "an answer of words": (
        Faulty,
        {"forward": "prints(x) -> hidden: out"},
        "`forward`: the answer `hidden: out` is not numbers: (array of <U4)",
    ),
    "a gradient in the other layout": (
        CharRNN,
        {"backward": "bptt() -> grad/W_x: dWxh"},
        ("`backward`: the answer `grad/W_x: dWxh` has shape (5, 4), expected (4, 5): did you mean "
        "`dWxh.T`?"),
    ),
    "gradients that nobody reads": (
        Cell,
        {"backward": "for t: backward(x[:, t], h, h, h)"},
        "`backward`: write where the gradients are, as in `for t: backward(x[:, t], h, h, h) -> ",
    ),
    "an unknown answer": (
        CharRNN,
        {"forward": "forward(x.T) -> states: out[1]"},
        "`forward`: `states` is not an answer: one of hidden, logits",
    ),
    "an answer without a name": (
        CharRNN,
        {"forward": "forward(x.T) -> out[1]"},
        "`forward`: `out[1]` must be an answer, as in `hidden: states.T`",
    ),
    "no answer of any shape": (
        Faulty,
        {"forward": "prints(x)"},
        "`forward`: no answer is named, and none has the shape of one: out (str)",
    ),
    "probabilities are not logits": (
        Faulty,
        {"forward": "probabilities(x)"},
        "`forward`: no answer is named, and none has the shape of one: out (2, 7)",
    ),
    "not a call": (
        CharRNN,
        {"forward": "for x in y: forward(x)"},
        "`forward`: `for x in y: forward(x)`",
    ),
    "an option without such a value": (
        CharRNN,
        {"activation": "sigmoid"},
        "activation must be one of tanh, relu, got 'sigmoid'",
    ),
    "options that exclude each other": (
        CharRNN,
        {"kind": "layer", "loss": "sum"},
        "a layer has no loss, got loss sum",
    ),
    "an unknown option": (CharRNN, {"options": ["speed"]}, "`options`: OPTIONS of bind has"),
}  # fmt: skip

ITEMS = {Cell: CELL, CharRNN: CHAR_RNN, Faulty: FAULTY, Stack: STACK}


@pytest.mark.parametrize(("target", "items", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line_that_names_the_item(
    target: type, items: dict[str, Any], message: str
) -> None:
    """A wrong item is refused at once, by one line that says what is wrong with it."""
    with pytest.raises(BindError) as refused:
        bind(target, **{**ITEMS[target], **items})
    assert str(refused.value).startswith(message)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("target", [3, "my_rnn.py", Trained()])
def test_a_target_is_a_class_or_functions(target: Any) -> None:
    """An object, a text or a number is not bound: the message says what is."""
    with pytest.raises(BindError, match="bind takes a class, a function, a module or a dictionary"):
        bind(target, forward="forward(x)")


@pytest.mark.parametrize("name", ["W_x", "W_h", "W_out"])
def test_a_weight_that_is_never_given_is_missed(name: str) -> None:
    """A network that is judged must get every weight: one without a place is named."""
    items = {n: text for n, text in CHAR_RNN.items() if n != name}
    with pytest.raises(BindError, match=f"`{name}` has no place, and no call takes it"):
        bind(CharRNN, **items)


def test_a_wrong_number_is_no_mistake_of_the_binding() -> None:
    """A gradient of a shape that no layout explains is the network's own: it is judged, later."""

    class Wrong(Cell):
        def backward(self, d: Any, x: Any, before: Any, after: Any) -> Any:
            found = super().backward(d, x, before, after)
            self.db = self.db.sum()
            return found

    assert bind(Wrong, **CELL).binding.calls["backward"]


# -- what is guessed -------------------------------------------------------------------------------


def test_a_layer_is_bound_in_a_line() -> None:
    """The constructor, the answer's name, the kind and the activation are read off the network."""

    class Layer:
        def __init__(self, n_in: int, n_hidden: int) -> None:
            self.Wx, self.Wh = np.zeros((n_in, n_hidden)), np.zeros((n_hidden, n_hidden))

        def forward(self, x: Any) -> Any:
            h, states = 0 * x[:, 0] @ self.Wx, []
            for t in range(x.shape[1]):
                h = np.maximum(0, x[:, t] @ self.Wx + h @ self.Wh)
                states.append(h)
            return states

    run = bind(Layer, W_x="Wx", W_h="Wh", forward="forward(x)")
    assert run.binding.make == "Layer(features, hidden)"
    assert str(run.binding.calls["forward"]) == (
        "forward(x) -> hidden: np.array(out).transpose(1, 0, 2)"
    )
    assert run.CONFIG == {
        "kind": "layer", "initial": "zero", "bias": "absent", "activation": "relu",
    }  # fmt: skip


def test_a_head_without_a_bias_is_asked_without_one() -> None:
    """Where no item has b_out, every bias of the case is zero: the network has nothing to add."""

    class Bare(CharRNN):
        def __init__(self, hidden: int, n_in: int, n_out: int) -> None:
            super().__init__(hidden, n_in, n_out)
            self.by = 0

    gone = ("b_out", "backward", "update")
    run = bind(Bare, **{name: text for name, text in CHAR_RNN.items() if name not in gone})
    assert run.CONFIG["bias"] == "zero"
    case = parity.draw(Config().replace(**run.CONFIG))
    assert judge(Subject(name="bare", run=run), case, pytorch).passed


def test_answers_without_an_arrow_are_told_by_their_shapes() -> None:
    """In the probing case no two sizes are equal: each returned array is one answer's, or none."""
    run = bind(CharRNN, **{**CHAR_RNN, "forward": "scores, states = forward(x.T)"})
    written = str(run.binding.calls["forward"])
    assert written == (
        "scores, states = forward(x.T) -> logits: scores.T, hidden: states.transpose(2, 0, 1)"
    )
    assert "shapes" in run.binding.remarks["forward"].text


def test_a_value_of_an_option_restricts_it() -> None:
    """`loss="sum"` is an option, `loss="cost(scores, labels)"` a call: the value tells them."""
    call = bind(CharRNN, **CHAR_RNN)
    assert "loss" in call.binding.calls
    assert call.CONFIG["loss"] == "mean"
    items = {name: text for name, text in CHAR_RNN.items() if name in ("forward", *PLACES)}
    option = bind(CharRNN, **items, loss="squared", batch=1)
    assert "loss" not in option.binding.calls
    assert (option.CONFIG["loss"], option.CONFIG["batch"]) == ("squared", 1)


PLACES = ("W_x", "W_h", "b", "W_out", "b_out")


def test_layers_and_directions_are_supported_where_a_place_knows_them() -> None:
    """A place that uses `layer` or `reverse` makes the run know the option."""
    assert set(bind(Stack, **STACK).OPTIONS) == {"layers", "bidirectional"}
    one = {**STACK, "W_x": 'weights["weight_ih_l0"].T'}
    assert bind(Stack, **one, layers=1, bidirectional=False).OPTIONS == ()


def test_weights_in_float32_restrict_the_format() -> None:
    """A place that holds float32 alone is asked in float32: a finer case would be rounded."""

    class Single(Cell):
        def __init__(self, input_size: int, hidden_size: int) -> None:
            super().__init__(input_size, hidden_size)
            self.W = self.W.astype(np.float32)

    assert bind(Single, **CELL).CONFIG["dtype"] == "float32"


def test_functions_share_a_dictionary_of_weights() -> None:
    """Functions are bound as a module or a dictionary, and share any value that an item names."""

    def forward(x: Any, p: Any, h: Any) -> Any:
        states = []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ p["in"] + h @ p["rec"])
            states.append(h)
        return np.stack(states, axis=1), states

    items = {
        "p": "{}", "W_x": "p['in']", "W_h": "p['rec']", "forward": "forward(x, p, h_0)",
    }  # fmt: skip
    module = ModuleType("functions")
    module.forward = forward  # type: ignore[attr-defined]
    for target in ({"forward": forward}, module, forward):
        run = bind(target, **items)
        case = parity.draw(Config().replace(**run.CONFIG))
        expected = forward(case.x, {"in": case.W_x, "rec": case.W_h}, case.h_0)[0]
        np.testing.assert_array_equal(run(case)["hidden"], expected)


SCRIPT = """
import numpy as np

n_hidden = 100
W, U, h = np.zeros((3, 4)), None, np.zeros(n_hidden)


def states(x):
    out, state = np.empty((*x.shape[:2], n_hidden)), h
    for t in range(x.shape[1]):
        out[:, t] = state = np.tanh(x[:, t] @ W + state @ U)
    return out
"""


@pytest.mark.parametrize("options", [{}, {"batch": 1}])
def test_globals_of_a_script_are_places(options: dict[str, Any]) -> None:
    """Sizes, weights and a state that functions read from their module are set there."""
    module = ModuleType("script")
    exec(SCRIPT, module.__dict__)
    run = bind(module, hidden="n_hidden", W_x="W", W_h="U", h_0="h", forward="states(x)", **options)
    case = parity.draw(Config().replace(**run.CONFIG))
    assert judge(Subject(name="script", run=run), case, pytorch).passed
    assert vars(module)["n_hidden"] == case.config.hidden


CONSTRUCTORS = {
    "sizes": ("input_size, hidden_size, output_size", "C(features, hidden, classes)"),
    "short": ("nIn, nHidden, nOut", "C(features, hidden, classes)"),
    "defaults": ("n_x, n_h, scale=0.1", "C(features, hidden)"),
    "options": (
        "vocab_size, hidden_dim, *, nonlinearity='tanh', num_layers=1",
        "C(features, hidden, nonlinearity=activation, num_layers=layers)",
    ),
    "an object for the activation": ("features, units, activation=print", "C(features, hidden)"),
}


@pytest.mark.parametrize(("parameters", "call"), CONSTRUCTORS.values(), ids=CONSTRUCTORS.keys())
def test_a_constructor_of_sizes_is_understood(parameters: str, call: str) -> None:
    """A parameter whose name is plainly a size gets it; other parameters keep their defaults."""
    known: dict[str, Any] = {}
    exec(f"class C:\n    def __init__(self, {parameters}): ...", known)
    assert constructor_call(known["C"]) == call


def test_a_parameter_that_is_no_size_is_asked_for() -> None:
    """A constructor with a parameter that nobody can guess needs `make`, and says which one."""

    class C:
        def __init__(self, hidden_size: int, corpus: str) -> None: ...

    with pytest.raises(
        BindError, match="`make` is needed: nobody can guess the parameter 'corpus'"
    ):
        constructor_call(C)


# -- a bound network is a subject ------------------------------------------------------------------

FILE = """
import numpy as np
from parity import bind


class Layer:
    def __init__(self, n_in, n_hidden):
        self.Wx, self.Wh = np.zeros((n_in, n_hidden)), np.zeros((n_hidden, n_hidden))

    def forward(self, x):
        h, states = 0 * x[:, 0] @ self.Wx, []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ self.Wx + h @ self.Wh)
            states.append(h)
        return np.stack(states, axis=1)


run = bind(Layer, W_x="Wx", W_h="WEIGHT", forward="forward(x)")
"""


def test_a_file_that_binds_is_a_subject(tmp_path: Path) -> None:
    """A file with `run = bind(...)` is loaded as one with a hand-written run is."""
    path = tmp_path / "bound.py"
    path.write_text(FILE.replace("WEIGHT", "Wh"), encoding="utf-8")
    subject = load(str(path))
    assert subject.asks["kind"] == "layer"
    assert subject.binding[0] == "asked as: Layer(features, hidden); forward(x)"
    case = parity.draw(subject.asked(Config()))
    assert set(subject.run(case)) == {"hidden"}


def test_a_file_binds_under_any_name(tmp_path: Path) -> None:
    """`other = bind(...)` is executed, and named on the command line, as `file.py:other`."""
    path = tmp_path / "several.py"
    text = FILE.replace("WEIGHT", "Wh").replace("run = bind", "other = bind")
    path.write_text(text, encoding="utf-8")
    assert load(f"{path}:other").binding[0] == "asked as: Layer(features, hidden); forward(x)"


def test_a_mistake_in_a_file_is_one_line(tmp_path: Path) -> None:
    """A wrong item in a file is reported with the file's name, and without a traceback."""
    path = tmp_path / "wrong.py"
    path.write_text(FILE.replace("WEIGHT", "Whh"), encoding="utf-8")
    with pytest.raises(SubjectError) as refused:
        load(str(path))
    said = f"subject {str(path)!r}: `W_h`: there is no 'Whh' in `Whh`; did you mean Wh?"
    assert str(refused.value) == said


bound = bind(Cell, **CELL)


def test_a_bound_network_goes_where_a_run_goes() -> None:
    """`verify` and `parametrize` take it: they know its name, its restrictions and its binding."""
    subject = accepted(bound, Limits())
    assert subject.name.endswith("bound")
    assert subject.asks == bound.CONFIG
    assert subject.binding[0].startswith(
        "asked as: Cell(features, hidden); clear(); for t: forward"
    )
    asked = [config for group in groups("smoke", subject) for config in group.configs]
    assert asked
    assert {config.kind for config in asked} == {"layer"}


def test_binding_leaves_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """The checks print nothing and draw nothing: what they do is known to nobody."""
    np.random.seed(3)
    with pytest.raises(BindError):
        bind(Faulty, **{**FAULTY, "forward": "prints(x) -> hidden: out"})
    assert capsys.readouterr().out == ""
    assert math.isclose(np.random.rand(), 0.5507979025745755)
