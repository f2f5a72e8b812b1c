"""Forwards: the ways to ask somebody's code for its states and scores, each with its evidence."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from parity.adapter import names
from parity.adapter.attempts import Failed
from parity.adapter.binding import Binding, Call, Loop
from parity.adapter.search.answers import Seen, seen, seen_by_step
from parity.adapter.search.calls import Proposal, proposals
from parity.adapter.search.leaves import Leaf
from parity.adapter.search.loops import started
from parity.adapter.search.objects import Making
from parity.adapter.search.places import Hypothesis, forms, hypotheses
from parity.adapter.search.probe import ACTIVATIONS, Probe, expected, writable
from parity.adapter.search.several import always, joined
from parity.adapter.search.static import global_names
from parity.adapter.search.trials import Outcome, Target, perturbed, tried
from parity.adapter.shapes import SIZES
from parity.model.case import Case

ROLES = ("x", "mask", "h_0", "labels", "one_hot", "step_labels", "step_one_hot", "lr")
"""Roles of a forward pass's arguments, but for weights."""

LABELS = ("labels", "one_hot", "step_labels", "step_one_hot")

LOSSES = ("mean", "squared", "steps", "squared-steps")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A function or method that may run the network."""

    name: str  # as an expression calls it
    function: Any
    penalty: float = 0.0  # how little its name says so


def resets(probe: Probe, own: Sequence[Entry]) -> tuple[str, ...]:
    """Return the calls that clear what an earlier case has left: gradients, a state, a tape."""
    found = []
    for entry in own:
        name = entry.name.rpartition(".")[2]
        if names.is_like(name, names.RESET) and not re.search("param|weight", name.lower()):
            told = list(
                itertools.islice(
                    proposals(entry.name, entry.function, probe.manner, ("h_0", "batch")), 1
                )
            )
            found += [one.text for one in told if one.is_named]
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is tried in one manner of asking."""

    attempts: int
    proposals: int  # of one function, at most
    penalty: float  # of a proposal, at most
    loops: bool = False  # cells, called at every step, and not whole sequences

    def of(self, some: Iterator[Proposal]) -> Iterator[Proposal]:
        """Yield the proposals that are tried."""
        for count, proposal in enumerate(some):
            if proposal.penalty > self.penalty or count >= self.proposals:
                return
            yield proposal


@dataclass(frozen=True, kw_only=True)
class Forward:
    """A forward pass that was asked: a binding with one call, and what it has answered."""

    probe: Probe
    binding: Binding
    entry: Entry
    proposal: Proposal
    outcome: Outcome
    seen: Mapping[str, Seen]
    leaves: Mapping[str, str] = field(default_factory=dict)  # by parameter: its array
    activation: str = "tanh"
    penalty: float = 0.0
    loss: str = ""  # the kind of loss that it has answered
    unplaced: str = ""  # an array of a weight's shape that is read, and is no parameter

    @property
    def evidence(self) -> float:
        """How much of the answer is right, in the order of computation."""
        hidden = self.seen.get("hidden")
        right = [s for s in self.seen.values() if s.is_right]
        states = 0.0 if hidden is None else 10.0 * hidden.steps + 60.0 * hidden.is_right
        logits = 40.0 * any("logits" in s.kind for s in right)
        last = 20.0 * any(s.kind == "last" for s in right)
        return states + logits + last + 15.0 * bool(self.loss)

    @property
    def rank(self) -> tuple[float, ...]:
        """What decides between two: evidence, then what is answered at all, then names."""
        answered = 4.0 * ("hidden" in self.seen) + 2.0 * any("logits" in k for k in self.seen)
        answered += 1.0 * ("last" in self.seen)
        return self.evidence, -self.penalty + answered

    @property
    def is_right(self) -> bool:
        """Whether all states, and all else that it has answered, are right."""
        states = self.seen.get("hidden")
        asked = bool(self.proposal.roles & {"labels", "one_hot", "step_labels", "step_one_hot"})
        if asked and not self.loss:
            return False  # other labels may be wanted
        return bool(self.seen) and all(
            s.is_right for s in self.seen.values() if s.kind != "last" or states is None
        )

    @property
    def answers_most(self) -> bool:
        """Whether it has answered states or scores: gradients of them can be asked for."""
        return "hidden" in self.seen or any("logits" in kind for kind in self.seen)

    @property
    def from_zero(self) -> bool:
        """Whether it was given no initial state."""
        given = {"h_0", "h_t"} & self.proposal.roles
        return not given and "h_0" not in self.binding.parameters

    @property
    def case(self) -> Case:
        """The case that it was asked about."""
        return self.outcome.session.case


def entries(owner: Any, module: Any) -> list[Entry]:
    """Return the callables of an object or a module, those that say that they run forward first."""
    own = _own(owner, module)
    found = []
    for name in own:
        value = getattr(owner, name)
        penalty = _penalty(name)
        found.append(Entry(name=_called(name), function=value, penalty=penalty))
    return sorted(found, key=lambda entry: entry.penalty)


def _called(name: str) -> str:
    return "model" if name == "__call__" else f"model.{name}" if name in _CASE_NAMES else name


_CASE_NAMES = {"hidden", "steps", "batch", "features", "classes", "layers", "x", "f", "b", "labels"}


def _own(owner: Any, module: Any) -> list[str]:
    if owner is module:
        names_ = [
            n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__
        ]
    else:
        kinds = [
            k
            for k in type(owner).__mro__
            if k.__module__ not in ("builtins", "torch.nn.modules.module")
        ]
        names_ = [n for kind in kinds for n in vars(kind)]
    names_ = list(dict.fromkeys(names_))
    return [
        n
        for n in names_
        if not (n in vars(object) or n in _PROTOCOL or n == "main")
        and callable(getattr(owner, n, None))
        and not isinstance(getattr(owner, n), type)
        and not _opens_files(getattr(owner, n))
    ]


def _opens_files(function: Any) -> bool:
    """Return whether a function opens a file by itself: a number could be one of ours."""
    return "open" in global_names(function)


_PROTOCOL = {
    *("__len__", "__iter__", "__next__", "__enter__", "__exit__", "__getitem__", "__setitem__"),
    *("__contains__", "__add__", "__getattr__", "__setstate__", "__post_init__", "__del__"),
}
"""Methods that the language itself calls; a `__forward__` is the author's own."""


def _penalty(name: str) -> float:
    if (rank := names.rank(name, names.FORWARD)) is not None:
        return 0.02 * rank
    base = 1.0
    for extra, words in (
        (0.2, names.LOSS),
        (0.4, names.STEP),
        (0.6, names.BACKWARD),
        (0.6, names.TRAIN),
    ):
        if names.is_like(name, words):
            base = 0.6 + extra
            break
    if names.is_like(name, (*names.UPDATE, *names.RESET, *names.MAKER, *OTHERS)):
        base += 2.0
    return base + 1.0 * name.startswith("_") * (name != "__call__")


OTHERS: names.Words = (
    *(r"sample.*", r"generate.*", r"plot.*", r"show.*", r"save.*", r"load.*"),
    *(r"print.*", r"fit.*", r"test.*", r"get_.*", r"set_.*", r".*softmax.*"),
    *(r".*tanh.*", r"sigmoid", r"relu", r".*derivative.*", r"d_.*", r"one_?hot.*"),
)


def of_object(
    target: Target, probe: Probe, making: Making, model: Any, effort: Effort
) -> Iterator[Forward]:
    """Yield the forward passes of an object, those with little to guess first."""
    budget = target.attempts.made + effort.attempts
    own = entries(model, target.module)
    made = making.binding(target, resets(probe, own))
    if effort.loops:
        yield from _looped(target, probe, making, made, own, effort, budget)
        return
    queue = [
        (entry, proposal)
        for entry in own
        for proposal in effort.of(proposals(entry.name, entry.function, probe.manner, ROLES))
        if "x" in proposal.roles
    ]
    queue.sort(key=lambda pair: pair[0].penalty + pair[1].penalty)
    for entry, proposal in queue:
        if target.attempts.made > budget or not target.attempts.left:
            return
        start = {} if "h_0" in proposal.roles else {"initial": "zero"}
        call = Call(expression=proposal.text)
        binding = replace(made, calls={"forward": call}, config=start)
        yield from _asked(target, probe, making, entry, proposal, binding)


def _looped(
    target: Target,
    probe: Probe,
    making: Making,
    made: Binding,
    own: Sequence[Entry],
    effort: Effort,
    budget: int,
) -> Iterator[Forward]:
    """Yield forward passes that call a cell of an object at every step."""
    for entry in own:
        for proposal, binding in started(
            target, probe, made, entry.name, entry.function, most=effort.proposals
        ):
            if target.attempts.made > budget:
                return
            carried = "h_t" in proposal.roles or "h_0" in binding.parameters
            full = replace(binding, config={} if carried else {"initial": "zero"})
            yield from _asked(target, probe, making, entry, proposal, full)


def _asked(
    target: Target,
    probe: Probe,
    making: Making,
    entry: Entry,
    proposal: Proposal,
    binding: Binding,
) -> Iterator[Forward]:
    """Ask once with the object's own weights; where it answers, find out where they sit."""
    case = probe.case(**binding.config)
    outcome = tried(target, binding, case, title=proposal.text)
    if isinstance(outcome, Failed) or not _answers(probe, case, outcome):
        return
    if _makes_weights(probe, outcome):  # in the first call: the setting of weights comes later
        binding = replace(binding, setup=(*binding.setup, proposal.text))
        outcome = tried(target, binding, case)
        if isinstance(outcome, Failed):
            return
    penalty = making.penalty + entry.penalty + proposal.penalty
    live, state = live_leaves(target, probe, binding, case, outcome)
    if not target.several and (option := always(probe, outcome, live)):
        target.several = option
        return
    own = {leaf.text: leaf.text for leaf in live}
    if probe.manner.several:
        pairs = joined(probe, outcome.session, live)
        own = {pair.text: text for text, pair in pairs.items()}
        live = [*pairs.values(), *(leaf for leaf in live if _of_head(probe, leaf))]
        own |= {leaf.text: leaf.text for leaf in live if leaf.text not in own}
    for hypothesis in itertools.islice(hypotheses(probe, live), 24):
        held = _with_head(probe, outcome, hypothesis)
        placed = {**binding.parameters, **held.places}
        if state:
            placed["h_0"] = state
        known = {*placed, *({"b"} & making.roles)}
        bias = {"bias": "zero"} if lacks_bias(known) else {}
        full = replace(binding, parameters=placed, config={**binding.config, **bias})
        yield from judged(
            target, probe, full, entry, proposal,
            leaves={n: own.get(t, t) for n, t in held.leaves.items()},
            penalty=penalty + held.penalty,
            unplaced=_unplaced(outcome, live, held),
            both="activation" in making.roles,
        )  # fmt: skip


def _unplaced(outcome: Outcome, live: Sequence[Leaf], hypothesis: Hypothesis) -> str:
    """Return an array that is read, could be a weight, and has no place; empty without one."""
    placed = " ".join(hypothesis.places.values())
    for leaf in live:
        is_gradient = leaf.text.endswith(".grad") or names.is_like(leaf.name, names.GRADIENT)
        if leaf.text in outcome.before and leaf.text not in placed and not is_gradient:
            return leaf.text
    return ""


def _of_head(probe: Probe, leaf: Leaf) -> bool:
    """Return whether an array has the shape of a head's weights."""
    parts = {part for form in forms(probe, leaf) for part in form.parts}
    return bool(parts) and parts <= {"W_out", "b_out"}


def _makes_weights(probe: Probe, outcome: Outcome) -> bool:
    """Return whether an object has had no square matrix before its first call, and has one now."""
    square = [
        leaf for leaf in outcome.held if any("W_h" in form.parts for form in forms(probe, leaf))
    ]
    return bool(square) and not any(leaf.text in outcome.before for leaf in square)


def _with_head(probe: Probe, outcome: Outcome, found: Hypothesis) -> Hypothesis:
    """Return the places with those of a head that the call does not read, but a loss may."""
    if {"W_out", "b_out"} & {*found.places}:
        return found
    places, leaves = dict(found.places), dict(found.leaves)
    for part in ("W_out", "b_out"):
        spare = [
            form
            for leaf in outcome.held
            if leaf.text in outcome.before and not outcome.has_changed(leaf)
            if hypothesised(probe, leaf)
            for form in forms(probe, leaf)
            if form.parts == (part,)
        ]
        if len(spare) > 1:  # a weight called V is no memory of an optimiser
            spare = [form for form in spare if not names.is_like(form.leaf.name, names.GRADIENT)]
        if len(spare) == 1:
            places[part], leaves[part] = spare[0].views[0][1], spare[0].leaf.text
    return replace(found, places=places, leaves=leaves)


def lacks_bias(parts: Set[str]) -> bool:
    """Return whether a network has no bias, or none in its head: then all biases are zero."""
    return "b" not in parts or ("W_out" in parts and "b_out" not in parts)


def _answers(probe: Probe, case: Case, outcome: Outcome) -> bool:
    """Return whether there is an array of states or scores, or a number, in an answer."""
    found = outcome.found
    if seen(probe, case, found) or outcome.session.history:
        return True
    return any(leaf.array.size == 1 for leaf in outcome.returned)


def live_leaves(
    target: Target, probe: Probe, binding: Binding, case: Case, outcome: Outcome
) -> tuple[list[Leaf], str]:
    """Return the held arrays that the answer depends on, and the place of an initial state.

    An initial state has no effect where every square matrix is zero; a bias has.
    """
    held = [leaf for leaf in outcome.held if leaf.text in outcome.before]
    shaped = [leaf for leaf in held if hypothesised(probe, leaf)]
    live = [leaf for leaf in shaped if _moves(target, binding, case, outcome, leaf)]
    if not live:  # made in the call itself
        held = [leaf for leaf in outcome.held if hypothesised(probe, leaf)]
        return held, ""
    flat = [leaf for leaf in live if leaf.array.size == probe.config.hidden]
    square = [leaf for leaf in live if leaf.array.shape == (probe.config.hidden,) * 2]
    if probe.manner.layers > 1:
        return live, ""  # a second layer's W_x is square, too
    if len(flat) > 1 or (flat and names.is_like(flat[0].name, names.STATE)):
        states = [
            leaf for leaf in flat if not _moves(target, binding, case, None, leaf, zeroed=square)
        ]
        live = [leaf for leaf in live if leaf not in states]
        if states and not outcome.has_changed(states[0]):
            return live, states[0].text
    return live, ""


def hypothesised(probe: Probe, leaf: Leaf) -> bool:
    """Return whether an array has the shape of a parameter."""
    return leaf.array.dtype.kind == "f" and bool(forms(probe, leaf))


def _moves(
    target: Target,
    binding: Binding,
    case: Case,
    outcome: Outcome | None,
    leaf: Leaf,
    zeroed: Sequence[Leaf] = (),
) -> bool:
    """Return whether a little more in an array changes what a call answers."""

    def tweak(session: Any) -> None:
        for other in zeroed:
            session.value(other.text)[...] = 0
        if moving:
            perturbed(leaf.text)(session)

    answers = []
    for moving in (False, True):
        if not moving and outcome is not None:
            answers.append(outcome)
            continue
        found = tried(target, binding, case, tweak=tweak)
        if isinstance(found, Failed):
            return False
        answers.append(found)
    first, second = ({a.text: a.array for a in o.found if a.text != leaf.text} for o in answers)
    return any(
        text in second and not np.array_equal(array, second[text], equal_nan=True)
        for text, array in first.items()
    )


def judged(
    target: Target,
    probe: Probe,
    binding: Binding,
    entry: Entry,
    proposal: Proposal,
    *,
    leaves: Mapping[str, str],
    penalty: float,
    both: bool,
    unplaced: str = "",
) -> Iterator[Forward]:
    """Run a whole binding, and yield it with what it has answered, for the likelier activation."""
    start = dict(binding.config)
    found = []
    outcome = None
    for activation in ACTIVATIONS:
        case = probe.case(**{**start, "activation": activation})
        if outcome is None or both:
            outcome = tried(target, binding, case)
        if isinstance(outcome, Failed):
            continue
        answered = _seen(target, probe, binding, case, _without_weights(outcome, leaves))
        loss = loss_kind(probe, start | {"activation": activation}, outcome)
        if loss:  # then so are the states and scores: what has their shape is a gradient
            answered = {kind: one for kind, one in answered.items() if one.share > 0}
        if answered or loss:
            found.append(
                Forward(
                    probe=probe, binding=binding, entry=entry, proposal=proposal, outcome=outcome,
                    seen=answered, leaves=leaves, activation=activation, penalty=penalty, loss=loss,
                    unplaced=unplaced,
                )
            )  # fmt: skip
    if found:
        yield max(found, key=lambda f: (f.rank, f.activation == "tanh"))


def _without_weights(outcome: Outcome, leaves: Mapping[str, str]) -> Outcome:
    """Return what a run has left but for the weights, which are no answer where they have moved."""
    weights = {*leaves.values()}
    kept = tuple(leaf for leaf in outcome.held if leaf.text not in weights)
    return replace(outcome, held=kept)


def _seen(
    target: Target, probe: Probe, binding: Binding, case: Case, outcome: Outcome
) -> dict[str, Seen]:
    call = binding.calls["forward"]
    if call.loop is Loop.ONCE:
        found = seen(probe, case, outcome.found)
        if call.names & {*LABELS} and not all(one.is_right for one in found.values()):
            found = seen(probe, case, _without_labels(target, binding, case, outcome))
        return found
    return seen_by_step(probe, case, outcome, partial(_with_answer, target, binding, case))


def _without_labels(target: Target, binding: Binding, case: Case, outcome: Outcome) -> list[Leaf]:
    """Return the arrays that stay as they are with other labels: no loss, and no gradient."""
    others = (np.roll(case.labels, 1), case.step_labels[::-1, ::-1])
    changed = case.replace(labels=others[0], step_labels=others[1])
    again = tried(target, binding, writable(changed))
    if isinstance(again, Failed):
        return outcome.found
    other = {leaf.text: leaf.array for leaf in again.found}
    return [
        leaf
        for leaf in outcome.found
        if leaf.text in other and np.array_equal(leaf.array, other[leaf.text], equal_nan=True)
    ]


def _with_answer(
    target: Target, binding: Binding, case: Case, kind: str, text: str
) -> np.ndarray[Any, Any] | None:
    """Return what a loop answers where one answer is read at every step."""
    call = replace(binding.calls["forward"], answers=((kind, text),))
    outcome = tried(target, replace(binding, calls={"forward": call}), case)
    return None if isinstance(outcome, Failed) else outcome.session.answers.get(kind)


def loss_kind(probe: Probe, changes: Mapping[str, Any], outcome: Outcome) -> str:
    """Return the kind of loss that a number in the answer is, up to a factor of sizes."""
    numbers = [float(leaf.array.reshape(())) for leaf in outcome.returned if leaf.array.size == 1]
    for kind in LOSSES if numbers else ():
        right = float(expected(probe.case(**{**changes, "loss": kind}))["loss"])
        for number in numbers:
            if any(
                abs(number - right * k) <= 1e-6 * abs(right * k) for k in factors(probe).values()
            ):
                return kind
    return ""


def factors(probe: Probe) -> dict[str, float]:
    """Return the factors by which somebody's loss may differ from ours, as text and number."""
    config, found = probe.config, {"1": 1.0}
    for text in ("batch", "steps", "batch * steps", "2", "classes", "2 * batch", "2 / classes"):
        size = float(eval(text, {n: getattr(config, n) for n in SIZES}))  # noqa: S307 - our own text
        if size != 1:
            found |= {text: size, f"1 / ({text})" if " " in text else f"1 / {text}": 1 / size}
    for over, size in (("classes", 1), ("classes * steps", config.steps)):  # of every entry
        found[f"2 / ({over})"] = 2 / (config.classes * size)
    found["1 / (classes * steps)"] = 1 / (config.classes * config.steps)
    return found
