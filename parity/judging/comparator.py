"""The comparator compares two traces of one case, array by array, in units of the noise floor."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from parity.judging.arbiter import rule
from parity.judging.second_bias import (
    NOT_PLAIN,
    exact_with,
    floor_with,
    has_second_bias,
    stepping_from,
    with_second_bias,
)
from parity.model.branches import Branches, has_branches
from parity.model.case import Array, Case
from parity.model.comparison import Comparison, Status, compare, is_comparable
from parity.model.formats import UNIT_ROUNDOFF, smallest_normal
from parity.model.names import DELTA, SECOND_BIAS, ArrayName, gradient_name, step_name
from parity.model.trace import Trace, outputs
from parity.reference.base import Exact, Floor, Step
from parity.reference.exact.one_step import own_step
from parity.reference.exact.oracle import exact
from parity.reference.noise.floor import NoiseFloor, noise_floor
from parity.reference.thresholds import (
    FEW_COPIES,
    LIMIT,
    MANY_COPIES,
    PROVEN,
    SUSPICIOUS,
    USELESS,
    step_rounding,
)

OWN_GRADIENT = "w - lr * own gradient"

CHAOS = "rounding is as large as the answer, as in a chaotic network, or near over- or underflow"


class Comparator:
    """Both traces of one case, and the noise floors, estimated as finely as needed."""

    def __init__(
        self,
        case: Case,
        subject: Trace,
        reference: Trace,
        *,
        against: str,
        resolution: bool,
        floor: NoiseFloor | None = None,
    ) -> None:
        self.case, self.against, self.resolution = case, against, resolution
        self._noise_floor = floor or noise_floor
        self.subject = subject
        self.reference = with_second_bias(case, subject, reference)
        self._weights = stepping_from(case, subject)
        self._several = ("b", SECOND_BIAS) if has_second_bias(subject) else ()
        self.u = UNIT_ROUNDOFF[case.config.dtype]
        self._floors: dict[tuple[int, bool], Floor] = {}
        self._exacts: dict[bool, Exact] = {}
        self.branches = Branches.of(case, reference)
        self.own_branches = self._own_branches()
        self.parted = self._parted()
        self._steps: Mapping[str, Step] | None = None

    def comparisons(self) -> tuple[Comparison, ...]:
        """Compare all names, in the reference's order; unknown names come last."""
        known: list[Comparison] = []
        for name in self.reference:
            if name in self.subject or not ArrayName.parse(name).is_optional:
                known += self._compared(name)
        detail = f"expected one of {', '.join(self.reference)}"
        unknown = (
            Comparison(name=name, status=Status.UNKNOWN_NAME, against=self.against, detail=detail)
            for name in self.subject
            if name not in self.reference and name != DELTA
        )
        return (*_after_overflow(known, outputs(self.case.config)), *unknown)

    # -- who is wrong ----------------------------------------------------------------------------

    def ruled(self, found: Comparison, *, always: bool) -> Comparison:
        """Add the arbiter's ruling to a difference, or to any comparison of values."""
        name, differs = found.name, found.status is Status.DIFFERS
        is_step = ArrayName.parse(name).is_step
        if found.greatest is None or is_step or not (differs or always):
            return found
        own = self.own_branches is not None
        ruling = rule(
            name,
            (self.subject[name], self._exact(own=own)),
            (self.reference[name], self._exact(own=False)),
            self._floor(self._finest(own=own), own=own).sigma[name],
            self.against,
        )
        return replace(found, ruling=ruling)

    def _finest(self, *, own: bool) -> int:
        """Return the largest number of copies behind a floor; FEW_COPIES without any floor."""
        return MANY_COPIES if (MANY_COPIES, own) in self._floors else FEW_COPIES

    def _exact(self, *, own: bool) -> Exact:
        if own not in self._exacts:
            branches = self.own_branches if own else self.branches
            self._exacts[own] = exact_with(exact(self.case, branches), self.reference)
        return self._exacts[own]

    # -- one array -------------------------------------------------------------------------------

    def _compared(self, name: str) -> list[Comparison]:
        """Compare one array, a stepped parameter twice."""
        if name not in self.subject:
            return [Comparison(name=name, status=Status.INCOMPLETE, against=self.against)]
        parsed = ArrayName.parse(name)
        if not parsed.is_step:
            return [self._value(name)]
        plain = self.case.config.plain_step
        first = [self._plain_step(name) if plain else self._later(name)]
        own = self._by_own_gradients(name) if parsed.is_first_step else None
        return first if own is None else [*first, own]

    def _value(self, name: str) -> Comparison:
        """Compare a state, the loss or a gradient."""
        if self.own_branches is None or not ArrayName.parse(name).is_gradient:
            return self._by_noise(name, self.reference[name])
        own = self._floor(0, own=True).clean[name].astype(self.reference[name].dtype)
        return self._by_noise(name, own, own=True)

    def _plain_step(self, name: str) -> Comparison:
        """Compare w - lr * gradient with the reference's."""
        parameter = ArrayName.parse(name).parameter
        behind = gradient_name(parameter)
        weight, gradient = self._weights[parameter], self.reference[behind]
        rounding = step_rounding(self.case, weight, gradient)
        expected, own = self.reference[name], self.own_branches is not None
        if own:  # other branches have other gradients, and so another step
            clean = self._floor(0, own=True).clean[behind]
            expected = (weight - self.case.lr * clean).astype(weight.dtype)
        return self._by_noise(name, expected, scale=self.case.lr, extra=rounding, own=own)

    def _later(self, name: str) -> Comparison:
        """Compare the result of an optimiser with a state, or of a later step."""
        if ArrayName.parse(name).quantity in self._several:
            return self._unknown(name, NOT_PLAIN)
        if self.own_branches is not None or self._has_parted(name):
            return self._unknown(
                name, "rounding has changed a branch: two right runs separate here"
            )
        return self._by_noise(name, self.reference[name])

    def _by_own_gradients(self, name: str) -> Comparison | None:
        """Compare the first step with the step that follows from the subject's own gradients.

        A wrong gradient and a wrong step are two mistakes, and only this check separates them. None
        where a gradient that the step needs is missing.
        """
        parameter, config = ArrayName.parse(name).parameter, self.case.config
        if not config.plain_step and ArrayName.parse(name).quantity in self._several:
            return None
        needed = self.case.parameters if config.clip_norm else (parameter,)
        names = [gradient_name(other) for other in needed]
        offered = [n for n in names if n in self.subject]
        if not all(
            n in offered and is_comparable(self.subject[n], self.reference[n]) for n in names
        ):
            return None
        weight = self._weights[parameter]
        if config.plain_step:
            gradient = self.subject[gradient_name(parameter)]
            expected = (weight - self.case.lr * gradient.astype(np.float64)).astype(weight.dtype)
            allowed = step_rounding(self.case, weight, gradient)
        else:
            step = self._own_steps()[parameter]
            expected = step.expected.astype(weight.dtype)
            allowed = PROVEN * self.u * step.gauge + smallest_normal(config.dtype)
        return compare(name, self.subject[name], expected, allowed, against=OWN_GRADIENT)

    def _own_steps(self) -> Mapping[str, Step]:
        """Return the first step from the subject's own gradients, and right ones for the others."""
        if self._steps is None:
            right = {name: self.reference[gradient_name(name)] for name in self.case.parameters}
            offered = {
                name: self.subject.get(gradient_name(name), array) for name, array in right.items()
            }
            own = {n: a if is_comparable(a, right[n]) else right[n] for n, a in offered.items()}
            self._steps = own_step(self.case, own)
        return self._steps

    def _unknown(self, name: str, detail: str) -> Comparison:
        against, status = self.against, Status.INCONCLUSIVE
        return Comparison(name=name, status=status, against=against, detail=detail)

    # -- in units of noise -----------------------------------------------------------------------

    def _by_noise(
        self,
        name: str,
        expected: Array,
        *,
        scale: float = 1.0,
        extra: Array | float = 0.0,
        own: bool = False,
    ) -> Comparison:
        """Compare, and allow `scale` times the floor of the array, plus `extra`.

        A plain step has no own floor: the floor of its gradient is scaled.
        """
        parsed, plain = ArrayName.parse(name), self.case.config.plain_step
        key = str(parsed.gradient) if plain and parsed.is_step else name

        def held(allowed: Array) -> Comparison:
            against = self.against
            return compare(
                name, self.subject[name], expected, scale * allowed + extra, against=against
            )

        proof = held(PROVEN * self.u * self._floor(0, own=own).gauge[key])
        if proof.status is Status.NOT_FINITE and name == key:
            return self._beyond_the_reference(proof, own=own)
        if proof.greatest is None or (proof.status is Status.AGREES and not self.resolution):
            return proof
        for copies in (FEW_COPIES, MANY_COPIES):
            floor = self._floor(copies, own=own)
            found = held(LIMIT * floor.sigma[key])
            if found.greatest is None or found.greatest.used * LIMIT <= SUSPICIOUS:
                break
            apart = np.max(np.abs(self.subject[name].astype(np.float64) - expected))
            if apart > scale * LIMIT * floor.most[key] + np.max(extra):
                break  # no estimate of the noise could explain this difference
        if found.name == key:  # for a step, its gradient reports it
            found = self._typical(found, expected, floor)
        return self._weighed(found, floor, key, proven=proof.status is Status.AGREES)

    def _beyond_the_reference(self, found: Comparison, *, own: bool) -> Comparison:
        """Do not accuse a right subject where the reference overflows on the way."""
        name, array = found.name, self.subject[found.name].astype(np.float64)
        floor = self._floor(MANY_COPIES, own=own)
        apart = np.abs(array - floor.clean[name])
        if not (apart <= LIMIT * floor.sigma[name]).all() or not np.isfinite(apart).all():
            return found
        detail = f"{self.against} overflows on the way: {found.detail}"
        return replace(found, status=Status.INCONCLUSIVE, detail=detail)

    def _weighed(self, found: Comparison, floor: Floor, key: str, *, proven: bool) -> Comparison:
        """Add the resolution of the comparison; report where it decides nothing."""
        largest = float(np.max(np.abs(self.reference[key]), initial=0.0))
        noise = LIMIT * float(np.max(floor.sigma[key]))
        resolution = noise / largest if largest > 0 else 0.0 if proven else float("inf")
        behind = ArrayName.parse(key)
        own = behind.in_reference
        is_parameter = behind.is_gradient and own.parameter in self.case.parameters
        useless = not resolution <= USELESS if is_parameter else not np.isfinite(noise)
        if found.name == key:
            least = PROVEN * self.u * float(np.max(floor.gauge[key]))  # beyond it no agreement
            seen = least / largest if useless and proven and largest > 0 else resolution
            found = replace(found, resolution=seen)
        if found.status is Status.AGREES and useless and not proven:
            hidden = f"an error of {resolution:.0%} of the largest entry could hide in the noise"
            detail = hidden if np.isfinite(noise) else CHAOS
            return replace(found, status=Status.INCONCLUSIVE, detail=detail)
        if found.status is Status.DIFFERS and floor.near_kink and self._unseen(key):
            detail = "a pre-activation is within noise of relu's kink: offer `hidden`"
            return replace(found, status=Status.INCONCLUSIVE, detail=detail)
        return found

    def _typical(self, found: Comparison, expected: Array, floor: Floor) -> Comparison:
        """Add to a difference how many roundings its typical entry is off."""
        if found.status is not Status.DIFFERS:
            return found
        difference = np.abs(self.subject[found.name].astype(np.float64) - expected)
        z = (difference / floor.sigma[found.name])[difference > 0]
        return replace(found, typical=float(np.median(z)))

    def _floor(self, copies: int, *, own: bool = False) -> Floor:
        if (copies, own) not in self._floors:
            branches = self.own_branches if own else self.branches
            floor = self._noise_floor(self.case, copies, branches)
            self._floors[copies, own] = floor_with(floor, self.reference)
        return self._floors[copies, own]

    # -- branches --------------------------------------------------------------------------------

    def _own_branches(self) -> Branches | None:
        """Return the subject's branches where they are not the reference's, or are in doubt.

        Rounding can flip a gate of relu whose pre-activation is near zero, or the step that a
        maximum comes from. Then every gradient behind it differs by more than rounding, and both
        sides are right. A flip that rounding does not explain is a difference of `hidden` itself.
        """
        theirs, ours = self.branches, Branches.of(self.case, self.subject, self.reference)
        if theirs is None or ours is None:
            return None
        own = self._likeliest(ours)
        return own if own.doubt or not own.same(theirs) else None

    def _likeliest(self, shown: Branches) -> Branches:
        """Return the subject's branches; where its states do not show them, those that it follows.

        If its gradients follow neither the stored states nor those computed in float64, the gates
        in doubt stay in doubt, and the noise floor contains both.
        """
        clean = self._floor(0).clean
        doubted = shown.doubted(self.case.config, self.subject, clean)
        computed = Branches.of(self.case, clean)
        assert computed is not None  # as of every run of this case
        settled = doubted.settled(self.subject, computed)
        if not doubted.doubt and settled.same(shown):
            return shown
        return next(filter(self._is_followed, (shown, settled)), doubted)

    def _is_followed(self, branches: Branches) -> bool:
        """Return whether every gradient of the subject is right with these branches."""
        floor = self._noise_floor(self.case, FEW_COPIES, branches)
        names = [n for n in floor.sigma if n in self.subject and ArrayName.parse(n).is_gradient]
        kind = self.case.x.dtype
        found = [
            compare(name, self.subject[name], floor.clean[name].astype(kind), allowed, against="")
            for name, allowed in ((name, LIMIT * floor.sigma[name]) for name in names)
        ]
        return all(comparison.status is Status.AGREES for comparison in found)

    def _parted(self) -> int | None:
        """Return the first later step from which the two sides have different branches."""
        for update in range(2, self.case.config.updates + 1):
            name = step_name(update, "hidden")
            ours, theirs = self.subject.get(name), self.reference[name]
            if (
                ours is None
                or not has_branches(self.case.config)
                or not is_comparable(ours, theirs)
            ):
                continue
            one, other = (Branches.of(self.case, {"hidden": states}) for states in (ours, theirs))
            if one is None or other is None:
                continue
            clean = {"hidden": self._floor(0).clean[name]}
            doubted = one.doubted(self.case.config, {"hidden": ours}, clean)
            if doubted.doubt or not one.same(other):
                return update
        return None

    def _has_parted(self, name: str) -> bool:
        parsed = ArrayName.parse(name)
        return self.parted is not None and parsed.is_step and parsed.update >= self.parted

    def _unseen(self, key: str) -> bool:
        """Return whether it is unknown if the branches behind an array are the reference's."""
        config, parsed = self.case.config, ArrayName.parse(key)
        if parsed.is_step and not parsed.is_first_step:
            states = step_name(parsed.update, "hidden")
            return states not in self.subject or config.layers > 1
        known = all(name in self.subject for name in outputs(config))
        return parsed.is_gradient and not known


def _after_overflow(known: list[Comparison], states: Collection[str]) -> list[Comparison]:
    """Return `known`, without the differences that follow from an overflow on both sides.

    Behind states that are not finite a gradient means nothing, even a finite one: the order of sums
    decides whether relu's gates are open or closed.
    """
    undefined, lost, found = False, False, []
    for comparison in known:
        undefined = undefined or comparison.status is Status.UNDEFINED
        optional = ArrayName.parse(comparison.name).is_optional
        is_state = comparison.name in states or optional  # of later steps, too
        lost = lost or (comparison.status is Status.UNDEFINED and is_state)
        follows = undefined and comparison.status is Status.NOT_FINITE
        if lost and comparison.status is Status.DIFFERS and comparison.against != OWN_GRADIENT:
            detail = "behind states that are not finite on either side"
            found.append(replace(comparison, status=Status.UNDEFINED, greatest=None, detail=detail))
        else:
            found.append(replace(comparison, status=Status.UNDEFINED) if follows else comparison)
    return found
