"""Interpreter: runs a binding on a case.

In: a binding, the module that it is of, a case. Out: the arrays that the network answers, by the
harness's names. The object is kept from one case of a configuration to the next, as a user would
keep it: what leaks from one call into the next is part of what is judged.
"""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from parity.adapter.binding import Binding
from parity.adapter.expressions import evaluate, names_in
from parity.adapter.running.pieces import Within, plainly
from parity.adapter.running.scope import HELPERS, CaseNames, Scope
from parity.adapter.running.session import Session
from parity.model.biases import shares
from parity.model.case import Array, Case
from parity.model.names import ArrayName, gradient_name, second_bias, step_name

FAR: Mapping[str, tuple[float, ...]] = {
    "float32": (2.0**60, 2.0**120),
    "float64": (2.0**60, 2.0**540, 2.0**1020),
}
"""Learning rates, by format, at which a step is all gradient; the later ones for small gradients.

In w - lr * g the digits of g are lost where lr * g is not much larger than w. The range of a half
format is too small for such a rate: no gradients are read there.
"""

CLEAR = 2.0**32
"""A step this many times as large as the weight has all digits of the gradient."""


class Run:
    """A subject's `run(case)` made of a binding. `last` keeps the values of the last run."""

    def __init__(self, binding: Binding, module: Any) -> None:
        self.binding, self.module = binding, module
        self.CONFIG, self.OPTIONS = dict(binding.config), binding.knows
        self._models: dict[str, Any] = {}
        self.last: Session | None = None

    def __call__(self, case: Case) -> dict[str, Any]:
        """Return the network's answers to a case."""
        session = Session(self.binding, self.module, case, self._model(case))
        self.last = session
        answer = session.run()
        return answer | self._by_steps(case, answer) if self.binding.by_steps else answer

    def _by_steps(self, case: Case, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the gradients of a network that only changes its weights: (w - w') / lr.

        Each number is read at the first rate at which its step is all gradient.
        """
        found: dict[str, Array] = {}
        unclear: dict[str, Array] = {}
        for place, rate in enumerate(FAR.get(case.x.dtype.name, ())):
            try:
                read = self._at_rate(case, answer, rate)
            except (Exception, SystemExit):
                if place == 0:
                    raise
                break  # somebody's own code refuses so large a rate
            for name, (value, clear) in read.items():
                if name not in found:
                    found[name], unclear[name] = value, ~clear
                elif value.shape == found[name].shape:
                    better = unclear[name] & np.isfinite(value)
                    found[name] = np.where(better, value, found[name])
                    unclear[name] = unclear[name] & ~clear
            if not any(where.any() for where in unclear.values()):
                break
        return found

    def _at_rate(
        self, case: Case, answer: Mapping[str, Any], rate: float
    ) -> dict[str, tuple[Array, Array]]:
        """Return the gradients that a step at a rate shows, and where it has all their digits."""
        far = case.replace(case.config.replace(lr=rate))
        found = {}
        with np.errstate(all="ignore"):  # large gradients overflow at a rate for small ones
            stepped = Session(self.binding, self.module, far, self._model(far)).run()
            for name, weight in _before_a_step(case, stepped).items():
                if step_name(1, name) in stepped and gradient_name(name) not in answer:
                    moved = np.asarray(weight - np.asarray(stepped[step_name(1, name)]))
                    clear = np.abs(moved) >= CLEAR * np.max(np.abs(weight), initial=0)
                    found[gradient_name(name)] = moved / case.x.dtype.type(rate), clear
        return found

    def _model(self, case: Case) -> Any:
        binding = self.binding
        if not binding.make:
            return None
        key = str(case.config.replace(seed=0))
        takes_arrays = bool(names_in(binding.make) & set(case.arrays))
        if binding.fresh or takes_arrays or key not in self._models:
            self._models[key] = made(binding, self.module, case)
        return self._models[key]


def made(binding: Binding, module: Any, case: Case, within: Within = plainly) -> Any:
    """Return a new object, after its set-up calls. The author's own draws are the same each time.

    within: what surrounds the execution of each item.
    """
    state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(0)
    np.random.seed(0)
    try:
        names = CaseNames(case, tensors=binding.tensors)
        with within("make", binding.make):
            model = evaluate(binding.make, Scope(names, module, HELPERS))
        for call in binding.setup:
            with within("setup", call):
                evaluate(call, Scope(names, {"model": model}, model, module, HELPERS))
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)
    return model


def _before_a_step(case: Case, stepped: Mapping[str, Any]) -> dict[str, Array]:
    """Return every parameter before the step: of two biases, each one's own share."""
    found = dict(case.parameters)
    for name, array in case.parameters.items():
        if ArrayName.parse(name).quantity == "b" and step_name(1, second_bias(name)) in stepped:
            found[name], found[second_bias(name)] = shares(array)
    return found
