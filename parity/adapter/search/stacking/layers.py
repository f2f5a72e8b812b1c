"""Layers: whether a network has as many layers and directions as it is asked to have.

What the search has found for one layer is said of every one, and tried on a case of two layers,
of two directions, and of both. The network knows the option where its answers are right there;
or where there is one way only to say it, and they move as they must.
"""

import ast
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from parity.adapter import borders, names
from parity.adapter.attempts import Failed, attempt
from parity.adapter.binding import Binding, Call
from parity.adapter.expressions import evaluate
from parity.adapter.running.interpreter import made
from parity.adapter.running.session import AXES_OF_A_CELL, Session
from parity.adapter.search.calling.calls import is_required, parameters
from parity.adapter.search.forward.templates import of_directions, of_last, of_layers
from parity.adapter.search.probe import Probe, expected, share
from parity.adapter.search.proof import doubts
from parity.adapter.search.trials import Target
from parity.cases.draw import draw
from parity.model.case import Case
from parity.model.errors import ConfigError
from parity.model.names import ArrayName

LAYERS = (
    r"n?_?(num)?_?layers?",
    r"n_?layers?",
    r"depth",
    r"n?_?stack(s|ed)?",
    r"nlayers",
    r"n_?levels",
)
DIRECTIONS = (
    r"bi",
    r"bi_?dir(ectional)?",
    r"is_?bi.*",
    r".*bidirectional.*",
)

STEPS = 7
"""The steps of the case: another number than that of all layers and directions."""

TRIED = 12
"""Combinations of places that are tried, at most."""

OPTIONS: Mapping[str, Any] = {"layers": 2, "bidirectional": True}


def layered(target: Target, probe: Probe, binding: Binding) -> Binding:
    """Return the binding of a network of any number of layers, or directions, where it is one."""
    if not binding.make or target.cls is None or probe.manner.one_row or probe.manner.several:
        return binding
    for option in OPTIONS:
        for make in _makes(target.cls, binding.make, option):
            one = _Option(target, probe, replace(binding, make=make), option).bound()
            if one is not None:
                binding = one
                break
    return binding


# -- how it is made --------------------------------------------------------------------------------


def _makes(cls: type, make: str, option: str) -> Iterator[str]:
    """Yield the call that makes an object with that many layers, or directions."""
    words = {"layers": LAYERS, "bidirectional": DIRECTIONS}[option]
    tree = ast.parse(make, mode="eval").body
    if not isinstance(tree, ast.Call):
        return
    named = [p for p in parameters(cls) if names.is_like(p.name, words)]
    for parameter in named:
        place = [p.name for p in parameters(cls)].index(parameter.name)
        if place < len(tree.args):
            args = [ast.unparse(a) for a in tree.args]
            args[place] = option
            rest = [f"{k.arg}={ast.unparse(k.value)}" for k in tree.keywords]
        else:
            args = [ast.unparse(a) for a in tree.args]
            kept = [k for k in tree.keywords if k.arg != parameter.name]
            rest = [
                *(f"{k.arg}={ast.unparse(k.value)}" for k in kept),
                f"{parameter.name}={option}",
            ]
        if not isinstance(parameter.default, (list, tuple)) or is_required(parameter):
            yield f"{ast.unparse(tree.func)}({', '.join([*args, *rest])})"
    if option == "layers":
        yield from _of_lists(tree)


def _of_lists(call: ast.Call) -> Iterator[str]:
    """Yield the call with a list of sizes, or of cells, with as many as there are layers."""
    for place, argument in enumerate(call.args):
        new = None
        match argument:
            case ast.List(elts=[ast.Call() as cell]) | ast.Tuple(elts=[ast.Call() as cell]):
                one = ast.unparse(cell).replace("features", "(width if k else features)")
                new = f"[{one} for k in range(layers)]"
            case ast.List(elts=elts) | ast.Tuple(elts=elts):
                sizes = [ast.unparse(e) for e in elts]
                if sizes.count("hidden") == 1:
                    at = sizes.index("hidden")
                    new = f"[{', '.join([*sizes[:at], '*[hidden] * layers', *sizes[at + 1 :]])}]"
        if new is not None:
            args = [ast.unparse(a) for a in call.args]
            args[place] = new
            rest = [f"{k.arg}={ast.unparse(k.value)}" for k in call.keywords]
            yield f"{ast.unparse(call.func)}({', '.join([*args, *rest])})"


# -- one option ------------------------------------------------------------------------------------


class _Option:
    """The attempt to ask a network for several layers, or for two directions."""

    def __init__(self, target: Target, probe: Probe, binding: Binding, option: str) -> None:
        self.target, self.probe, self.option = target, probe, option
        config = dict(binding.config)
        calls = {name: _with_every_final(call) for name, call in binding.calls.items()}
        finals = any("every_upstream_final" in call.names for call in calls.values())
        if config.get("kind") == "layer" and not finals:
            config["kind"] = "classifier"  # no gradients by every final state
        self.binding = replace(binding, config=config, calls=calls, knows=(*binding.knows, option))

    def bound(self) -> Binding | None:
        """Return the binding that knows the option; None where there is none."""
        if (case := self._case()) is None:
            return None
        ways = list(itertools.islice(self._placed(case), TRIED))
        for call in _handed(self.binding.calls["forward"].expression):
            for places in ways:
                one = self._answered(places, call, case, alone=len(ways) == 1)
                if one is not None:
                    return one
        return None

    def _case(self) -> Case | None:
        several = {name: value for name, value in OPTIONS.items() if name in self.binding.knows}
        try:
            config = self.probe.config.replace(steps=STEPS, **several)
            return draw(config.replace(**self.binding.config))
        except ConfigError:
            return None

    def _session(self, binding: Binding, case: Case) -> Session | None:
        def action() -> Session:
            return Session(
                binding, self.target.module, case, made(binding, self.target.module, case)
            )

        found = attempt(self.target.module, self.target.attempts, action)
        return None if isinstance(found, Failed) else found

    # -- places ------------------------------------------------------------------------------------

    def _templates(self, text: str, session: Session) -> Iterator[str]:
        """Yield what is said of the first cell, said of every one."""
        if self.option == "layers":
            yield from of_layers(text)
        else:
            yield from of_directions(text, session.value)

    def _placed(self, case: Case) -> Iterator[dict[str, str]]:
        """Yield places of which every cell has its own."""
        session = self._session(self.binding, case)
        if session is None:
            return
        options = []
        for name, text in self.binding.parameters.items():
            if name not in AXES_OF_A_CELL:
                options.append([(name, text)])
                continue
            fitting = [t for t in self._templates(text, session) if _fits(session, name, t)]
            if not fitting:
                return
            options.append([(name, t) for t in fitting])
        for chosen in itertools.product(*options):
            places = dict(chosen)
            again = self._session(replace(self.binding, parameters=places), case)
            if again is not None and self._all_hold(again, case):
                yield places

    def _all_hold(self, session: Session, case: Case) -> bool:
        """Return whether every weight is in its place after all were set: none shares one."""

        def action() -> bool:
            session.set_weights()
            for name, place, scope in session.places():
                if name in case.parameters:
                    there = borders.as_array(evaluate(place, scope))
                    if there is None or not borders.holds(there, getattr(case, name)):
                        return False
            return True

        return attempt(self.target.module, self.target.attempts, action) is True

    # -- answers -----------------------------------------------------------------------------------

    def _answered(
        self, places: Mapping[str, str], expression: str, case: Case, *, alone: bool
    ) -> Binding | None:
        """Return the binding with these places, and where each answer is; None without states."""
        forward = replace(self.binding.calls["forward"], expression=expression)
        binding = replace(
            self.binding, parameters=places, calls={**self.binding.calls, "forward": forward}
        )
        right = expected(case)
        calls: dict[str, Call] = {}
        for item, call in binding.calls.items():
            session = self._run(replace(binding, calls={**calls, item: call}), case, item)
            if session is None:
                return None
            told = [self._answer(session, name, where, right) for name, where in call.answers]
            if any(
                text is None and name != "grad/h_0"
                for (name, _), text in zip(call.answers, told, strict=True)
            ):
                return None
            kept = tuple((n, t) for (n, _), t in zip(call.answers, told, strict=True) if t)
            calls[item] = replace(call, answers=kept)
        whole = replace(binding, calls=calls)
        return whole if self._is_proven(whole, case, right, alone=alone) else None

    def _run(self, binding: Binding, case: Case, item: str) -> Session | None:
        """Return the session after the calls up to one, whose answers are not yet read."""
        last = replace(binding.calls[item], answers=self._by_step(binding.calls[item]))
        session = self._session(replace(binding, calls={**binding.calls, item: last}), case)
        if session is None:
            return None
        done = attempt(self.target.module, self.target.attempts, session.run)
        return None if isinstance(done, Failed) else session

    def _by_step(self, call: Call) -> tuple[tuple[str, str], ...]:
        return () if not call.loop else call.answers

    def _answer(
        self, session: Session, name: str, where: str, right: Mapping[str, Any]
    ) -> str | None:
        """Return where an answer is in a network of several cells: the right one, or the first."""
        axes = AXES_OF_A_CELL.get(ArrayName.parse(name).quantity)
        every = self._templates(where, session)
        ways = list(of_last(where)) if axes is None else [*every, where]
        fitting = []
        for text in ways:
            found = _read(session, name, text)
            if found is None or not all(
                n not in right or np.shape(a) == right[n].shape for n, a in found.items()
            ):
                continue
            if axes is not None and len(found) < len(session.case.config.cells):
                continue
            if all(n not in right or share(np.asarray(a), right[n]) == 1 for n, a in found.items()):
                return text
            fitting.append(text)
        return fitting[0] if fitting else None

    def _is_proven(
        self, binding: Binding, case: Case, right: Mapping[str, Any], *, alone: bool
    ) -> bool:
        session = self._session(binding, case)
        if session is None:
            return False
        found = attempt(self.target.module, self.target.attempts, session.run)
        if isinstance(found, Failed):
            return False
        hidden = np.asarray(found.get("hidden", np.zeros(0)))
        if share(hidden, right["hidden"]) == 1:
            return True
        return (
            alone
            and hidden.shape == right["hidden"].shape
            and not doubts(
                self.target, replace(binding, calls={"forward": binding.calls["forward"]}), case
            )
        )


def _fits(session: Session, name: str, text: str) -> bool:
    """Return whether there is an array of the right shape for every cell."""
    for cell in session.case.config.cells:
        try:
            there = borders.as_array(evaluate(text, session.scope_of(cell)))
        except Exception:  # noqa: BLE001 - whatever somebody's object raises
            return False
        if there is None or there.shape not in _shapes(session, cell.name(name)):
            return False
    return True


def _shapes(session: Session, name: str) -> tuple[tuple[int, ...], ...]:
    shape = getattr(session.case, name).shape
    return (shape, shape[1:]) if name.startswith("h_0") else (shape,)


def _read(session: Session, name: str, text: str) -> dict[str, Any] | None:
    try:
        return session.read(name, text)
    except Exception:  # noqa: BLE001 - whatever somebody's object raises
        return None


def _with_every_final(call: Call) -> Call:
    """Return a call that is handed the gradients by the final states of every cell."""
    every = re.sub(r"\bupstream_final\[None(, :)*\]", "every_upstream_final", call.expression)
    return replace(call, expression=every)


def _handed(expression: str) -> Iterator[str]:
    """Yield a forward pass that is handed the initial states of every cell."""
    for own in (r"\bh_0\[None(, :)*\]", r"\bh_0\b"):
        for every in ("every_h_0", "list(every_h_0)"):
            handed = re.sub(own, every, expression, count=1)
            if handed != expression:
                yield handed
    yield expression
