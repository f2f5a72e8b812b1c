"""Automatic mutants: a sample is judged rightly, and the generator makes the edits it lists."""

import ast
import functools
import textwrap

import pytest

from parity import Config, draw, judge
from parity.cases.grid import GRIDS
from parity.model.case import Case
from parity.model.trace import Trace
from parity.reference.frameworks.pytorch import pytorch
from parity.subjects.subject import Run
from tests.support.auto_mutants import AutoMutant, Label, edits_of, generate, labelled
from tests.support.auto_mutants.labels import ROUNDING, cases, distance
from tests.support.auto_mutants.operators import OPERATORS
from tests.support.plain import PlainNetwork

EXAMPLES = {
    "swap-operator": ("return a * b", ["return a / b"]),
    "swap-operands": ("return a @ b", ["return b @ a"]),
    "flip-sign": ("return -a", ["return a"]),
    "drop-term": ("return a - b", ["return a", "return b"]),
    "drop-factor": ("return a * b", ["return a", "return b"]),
    "change-constant": ("return a * 2", ["return a * 3", "return a * 1"]),
    "drop-transpose": ("return a.T", ["return a"]),
    "add-transpose": ("return a @ b", ["return a.T @ b", "return a @ b.T"]),
    "shift-index": ("return a[:, :-1]", ["return a[:, :0]", "return a[:, :-2]"]),
    "shift-range": ("return range(n)", ["return range(n - 1)", "return range(0 + 1, n)"]),
    "other-axis": ("return a.sum(axis=0)", ["return a.sum(axis=1)"]),
    "drop-reversed": ("return reversed(a)", ["return a"]),
    "unwrap-call": ("return np.tanh(a)", ["return a"]),
    "swap-function": ("return a.sum()", ["return a.mean()"]),
    "other-variable": ("return a", ["return b"]),
    "drop-statement": ("a.sort()", ["pass"]),
    "add-up": ("a = b", ["a += b"]),
    "overwrite": ("a += b", ["a = b"]),
    "strictness": ("return a > b", ["return a >= b"]),
    "negate": ("return n if n else m", ["return n if not n else m"]),
    "take-branch": ("return np.where(n, a, b)", ["return a", "return b"]),
}
"""For each operator a statement, and all statements that it makes of it."""

SAMPLE = (
    "back_through_time:l10:other-variable:1",
    "back_through_time:l11:add-up:1",
    "back_through_time:l11:take-branch:1",
    "back_through_time:l9:shift-index:2",
    "backward:l15:shift-index:2",
    "backward:l17:other-variable:2",
    "backward:l7:drop-reversed:1",
    "classified_at_every_step:l12:shift-index:2",
    "d_W_out:l3:drop-transpose:1",
    "d_W_x:l3:other-variable:1",
    "d_logits:l6:other-variable:2",
    "d_logits:l7:other-axis:1",
    "d_logits:l8:drop-factor:2",
    "given_gradients:l10:shift-index:3",
    "given_gradients:l11:other-variable:4",
    "heading:l5:drop-term:2",
    "layer_input:l3:drop-term:2",
    "log_softmax:l3:drop-term:2",
    "log_softmax:l3:swap-function:1",
    "log_softmax:l4:flip-sign:1",
    "log_softmax:l4:swap-operands:1",
    "logits:l3:add-transpose:1",
    "loss:l4:other-variable:3",
    "mean_over_steps:l4:swap-operator:1",
    "norm_factor:l3:drop-term:1",
    "norm_factor:l3:swap-operator:2",
    "norm_factor:l4:drop-factor:2",
    "own_steps:l3:strictness:1",
    "products:l3:shift-range:2",
    "read:l4:change-constant:4",
    "read:l4:negate:2",
    "relu:l3:unwrap-call:1",
    "run:l11:overwrite:1",
    "targets:l3:swap-operator:2",
    "together:l3:shift-index:3",
    "unpooled_last:l5:add-up:1",
    "values:l12:drop-statement:1",
    "values:l14:overwrite:1",
    "velocity:l6:drop-factor:2",
)
"""Mutants of every operator; some of them are right."""

HANDFUL = (
    "b7-t5-f3-h6-c4-relu-f64-s0-l2-unsorted-drop0.5-meanpool-ignore0-mom0.9-damp0.3",
    (
        "b7-t5-f3-h6-c4-relu-f64-s0-layer-l2-withouth0-biasoff-timefirst-drop0.5-mom0.9-nesterov"
        "-clipnorm0.1"
    ),
    (
        "b7-t5-f3-h6-c4-tanh-f64-s0-bi-withouth0-biasoff-ones-maxpool-sum-weighted-smooth0.1-mom0.9"
        "-damp0.3-clipnorm0.1-u3"
    ),
    "b7-t8-f3-h5-c4-tanh-f64-s0-layer-chaotic-largegrads-lr0.3",
    "b7-t1-f3-h6-c4-tanh-f64-s0-huge",
)
"""Configurations of the default grid that together show every wrong mutant of the sample."""


def function(statement: str) -> ast.FunctionDef:
    source = f"""
    def tiny(a: Array, b: Array, n: int, m: str):
        {statement}
    """
    (node,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(node, ast.FunctionDef)
    return node


@pytest.mark.parametrize("operator", OPERATORS)
def test_operator_makes_its_edits(operator: str) -> None:
    """An operator makes all its edits of a statement, each once, and no other."""
    statement, expected = EXAMPLES[operator]
    edits = [edit for edit in edits_of(function(statement)) if edit.operator == operator]
    assert [ast.unparse(edit.function.body) for edit in edits] == expected


@pytest.mark.parametrize("operator", OPERATORS)
def test_operator_has_a_place_in_the_network(operator: str) -> None:
    """Every operator yields at least one mutant of the plain network."""
    assert any(mutant.edit.operator == operator for mutant in generate())


def test_names_are_unique() -> None:
    """A name finds one mutant."""
    names = [mutant.name for mutant in generate()]
    assert len(names) == len(set(names))


def test_generator_leaves_the_function_as_it_is() -> None:
    """The generator edits copies: the function itself does not change."""
    one = function("a[:, 0] = b.T @ a + 1")
    before = ast.dump(one)
    assert list(edits_of(one))
    assert ast.dump(one) == before


def test_plain_network_is_labelled_right() -> None:
    """The network that is edited is right, by autograd: its numbers are within rounding."""
    answers = ((PlainNetwork().run(case), expected) for case, expected in cases())
    assert all(distance(answer, expected) < ROUNDING for answer, expected in answers)
    assert labelled(PlainNetwork().run) is Label.RIGHT


@functools.cache
def label(name: str) -> Label:
    return labelled(mutant(name).run)


@functools.cache
def mutant(name: str) -> AutoMutant:
    return {each.name: each for each in generate()}[name]


@functools.cache
def asked() -> tuple[tuple[Case, Trace], ...]:
    cases = [draw(Config.parse(text)) for text in HANDFUL]
    return tuple((case, pytorch.run(case)) for case in cases)


def passes(name: str, case: Case, expected: Trace) -> bool:
    verdict = judge(mutant(name).subject(), case, pytorch, expected=expected)
    return verdict.passed or verdict.only_undecided


@pytest.mark.parametrize("name", SAMPLE)
def test_verdict_is_autograds(name: str) -> None:
    """A mutant fails somewhere in the handful if autograd calls it wrong, else it passes."""
    assert label(name) in {Label.RIGHT, Label.WRONG}
    assert all(passes(name, *each) for each in asked()) == (label(name) is Label.RIGHT)


def test_sample_has_every_operator_and_both_labels() -> None:
    """The sample has a mutant of every operator; some are wrong and some are right."""
    assert {mutant(name).edit.operator for name in SAMPLE} == OPERATORS.keys()
    assert {label(name) for name in SAMPLE} == {Label.RIGHT, Label.WRONG}


def test_handful_is_of_the_grid() -> None:
    """The default grid has the configurations that the sample is asked about."""
    grid = {str(config) for group in GRIDS["default"].groups() for config in group.configs}
    assert grid.issuperset(HANDFUL)


def test_label_partial() -> None:
    """A network that leaves an array out and is right in all others is neither right nor wrong."""

    def run(case: Case) -> Trace:
        return {n: array for n, array in PlainNetwork().run(case).items() if n != "grad/x"}

    assert labelled(run) is Label.PARTIAL


def test_label_unclear() -> None:
    """A difference of 1e-10 is called neither rounding nor a mistake."""
    assert labelled(off_by(1e-10)) is Label.UNCLEAR


def test_label_wrong() -> None:
    """A difference of 1e-8 is a mistake."""
    assert labelled(off_by(1e-8)) is Label.WRONG


def test_label_raises() -> None:
    """A network that never answers does not count as wrong: any check catches it."""

    def run(case: Case) -> Trace:
        raise ValueError

    assert labelled(run) is Label.RAISES


def off_by(share: float) -> Run:
    def run(case: Case) -> Trace:
        answer = PlainNetwork().run(case)
        return answer | {"grad/W_h": answer["grad/W_h"] * (1 + share)}

    return run
