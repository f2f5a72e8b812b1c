"""Written: a binding is a file that people read, fill in and run, and a few lines of a verdict."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parity.adapter.bind import bind
from parity.adapter.binding import BindError, Binding, Call, Certainty, Remark
from parity.adapter.load import load
from parity.adapter.written import file_of, mixed_layout, summary
from parity.model.errors import SubjectError
from tests.adapter import networks
from tests.adapter.networks import CELL, CHAR_RNN, STACK, Cell, CharRNN, Stack

PACKAGE = ("import tests.adapter.networks as theirs",)

BOUND = {
    "columns": (CharRNN, CHAR_RNN),
    "layers": (Stack, STACK),
    "a cell": (Cell, CELL),
    "functions": (
        {"shout": lambda x, p: x @ p["a\\'"]},
        {"p": "{}", "W_x": 'p["a\\\\\'"]',
         "W_h": "p['h']", "forward": "shout(x, p) -> hidden: out"},
    ),
}  # fmt: skip


def executed(text: str, theirs: Any) -> Binding:
    """Return the binding of a written file, with `theirs` for its module."""
    known: dict[str, Any] = {"theirs": theirs}
    exec("\n".join(line for line in text.splitlines() if "as theirs" not in line), known)
    found: Binding = known["run"].binding
    return found


@pytest.mark.parametrize(("target", "items"), BOUND.values(), ids=BOUND.keys())
def test_a_written_binding_is_read_back(target: Any, items: dict[str, str]) -> None:
    """The file of a binding, when it is run, has the same binding, whatever its texts are."""
    binding = bind(target, **items).binding
    text = file_of(binding, "networks.py", PACKAGE)
    theirs = target if isinstance(target, dict) else networks
    assert replace(executed(text, theirs), remarks={}) == replace(binding, remarks={})
    assert max(map(len, (line.partition("  #")[0] for line in text.splitlines()))) <= 100


def test_each_item_is_followed_by_its_remark() -> None:
    """A reader sees beside each item how much is known of it, and why."""
    remarks = {
        "W_x": Remark(certainty=Certainty.CERTAIN, text="h[0] moves with it"),
        "b": Remark(certainty=Certainty.LIKELY, text="by its name"),
    }
    binding = Binding(make="C(hidden)", parameters={"W_x": "Wx.T", "b": "bias"}, remarks=remarks)
    lines = file_of(binding, "c.py:C", PACKAGE).splitlines()
    assert '    W_x="Wx.T",  # certain: h[0] moves with it' in lines
    assert '    b="bias",  # likely: by its name' in lines


def test_an_open_item_is_a_blank(tmp_path: Path) -> None:
    """A place that nobody knows is a blank: the file says which one, and runs when it is filled."""
    source = Path(networks.__file__).read_text(encoding="utf-8")
    (tmp_path / "cells.py").write_text(source, encoding="utf-8")
    binding = bind(Cell, **CELL).binding
    places = {name: text for name, text in binding.parameters.items() if name != "W_h"}
    wanted = Remark(certainty=Certainty.OPEN, text="the place of W_h, (hidden, hidden)")
    blank = replace(binding, parameters=places, remarks={**binding.remarks, "W_h": wanted})
    imports = ('theirs = definitions(Path(__file__).parent / "cells.py")',)
    written = tmp_path / "bound.py"
    written.write_text(file_of(blank, "cells.py:Cell", imports), encoding="utf-8")
    assert "    W_h=...,  # open: the place of W_h, (hidden, hidden)\n" in written.read_text()
    with pytest.raises(SubjectError, match="`W_h` is open: write it in the place"):
        load(str(written))
    written.write_text(written.read_text().replace("W_h=...", 'W_h="U"'), encoding="utf-8")
    assert load(str(written)).asks["kind"] == "layer"


OPEN_CALLS = ("backward(x, ...) -> grad/W_x: dW", "backward(x) -> grad/W_x: dW, grad/W_h: ...")


@pytest.mark.parametrize("text", OPEN_CALLS)
def test_an_open_part_of_a_call_is_named(text: str) -> None:
    """A call with a blank among its arguments or its answers is open as a whole."""
    with pytest.raises(BindError, match=r"`backward` is open: .* has a `\.\.\.`"):
        bind(Cell, **{**CELL, "backward": text})


def test_a_verdict_shows_five_lines_at_most() -> None:
    """How a network is asked is said shortly: the calls, the arrays, the options, what is odd."""
    binding = bind(CharRNN, **{**CHAR_RNN, "forward": "scores, states = forward(x.T)"}).binding
    mixed = replace(binding, parameters={**binding.parameters, "W_h": "Whh"})
    lines = summary(mixed)
    assert len(lines) == 5
    assert lines[0] == (
        "asked as: CharRNN(hidden, features, classes); forward(x.T); cost(scores, labels); "
        "bptt(); descend(lr)"
    )
    assert lines[1].startswith("arrays: W_x=Wxh.T, W_h=Whh, b=bh[:, 0]")
    assert "activation tanh" in lines[2]


LAYOUTS = {
    "PyTorch's": ({"W_x": "W.T", "W_h": "U.T"}, "f(x)", ""),
    "its transpose": ({"W_x": "W", "W_h": "U"}, "f(x)", ""),
    "mixed": ({"W_x": "W.T", "W_h": "U"}, "f(x)", "W_x is held transposed, W_h is not"),
    "mixed, the other": ({"W_x": "W", "W_h": "U.T"}, "f(x)", "W_h is held transposed, W_x is not"),
    "mixed arguments": ({}, "f(x, W_x.T, W_h)", "W_x is held transposed, W_h is not"),
    "alike arguments": ({}, "f(x, W_x.T, W_h.T)", ""),
}


@pytest.mark.parametrize(("places", "call", "said"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_mixed_layout_is_said(places: dict[str, str], call: str, said: str) -> None:
    """Where one weight is used transposed and the other is not, PyTorch's own cannot be copied."""
    found = mixed_layout(Binding(parameters=places, calls={"forward": Call.parse(call)}))
    assert found.startswith(said)
    assert bool(found) == bool(said)
