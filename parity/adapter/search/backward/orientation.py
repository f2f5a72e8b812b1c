"""Orientation: whether W_h is held the other way around than W_x, or used so by mistake.

A network whose forward pass computes h @ W_h.T, with W_x as it is, has either another layout or a
mistake. The states cannot tell these apart; the backward pass can. Where it treats W_h as W_x, and
every array is what the mistake alone would give, it is the mistake.
"""

import ast
from dataclasses import replace

import numpy as np

from parity.adapter.attempts import Failed, attempt
from parity.adapter.binding import Binding, Call
from parity.adapter.expressions import is_transposed
from parity.adapter.running.interpreter import Run
from parity.adapter.search.backward.composed import Whole
from parity.adapter.search.backward.gradients import held_text, parameters_of
from parity.adapter.search.probe import share
from parity.adapter.search.trials import Target
from parity.adapter.search.truth import answers


def oriented(target: Target, whole: Whole, binding: Binding) -> Binding:
    """Return the binding, or the one with W_h as W_x is held, where the mistake explains it all."""
    main, forward = whole.main, whole.forward
    if main is None or not {"W_x", "W_h"} <= {*parameters_of(forward)}:
        return binding
    held = [is_transposed(held_text(forward, name)) for name in ("W_x", "W_h")]
    layer = {"W_x", "W_h"} & main.found.weights
    if held[0] == held[1] or layer <= main.found.right:
        return binding
    other = _turned(binding)
    options = {n: v for n, v in binding.config.items() if n not in ("data", "batch")}
    case = forward.probe.case(**options)
    run = Run(replace(other, by_steps=False), target.module)
    answered = attempt(target.module, target.attempts, lambda: run(case))
    if isinstance(answered, Failed):
        return binding
    wrong = answers(case, turned=True)
    compared = [n for n in answered if n in wrong and not n.startswith("step")]
    explained = all(share(np.asarray(answered[n]), np.asarray(wrong[n])) == 1 for n in compared)
    return other if compared and explained else binding


def _turned(binding: Binding) -> Binding:
    """Return the binding with W_h the other way around: its place, its gradient, its argument."""
    parameters = dict(binding.parameters)
    if "W_h" in parameters:
        parameters["W_h"] = _flipped(parameters["W_h"])
    calls = {item: _turned_call(call) for item, call in binding.calls.items()}
    return replace(binding, parameters=parameters, calls=calls)


def _turned_call(call: Call) -> Call:
    answers = tuple((n, _flipped(t) if n.endswith("/W_h") else t) for n, t in call.answers)
    expression = ast.unparse(_Turn().visit(ast.parse(call.expression, mode="eval")))
    return replace(call, expression=expression, answers=answers)


class _Turn(ast.NodeTransformer):
    """Turns the argument W_h around."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if ast.unparse(node) == "W_h.T":
            return node.value
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id != "W_h":
            return node
        return ast.Attribute(value=node, attr="T", ctx=ast.Load())


def _flipped(text: str) -> str:
    return text.removesuffix(".T") if text.endswith(".T") else f"{text}.T"
