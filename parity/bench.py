"""The bench: two traces of one case, compared array by array in units of the noise floor."""

from dataclasses import replace

import numpy as np

from parity.arbiter import rule
from parity.case import Array, Case
from parity.comparison import Comparison, Status, comparable, compare
from parity.precision import UNIT_ROUNDOFF
from parity.trace import OPTIONAL, Trace
from parity.yardstick import (
    FEW_COPIES,
    LIMIT,
    MANY_COPIES,
    PROVEN,
    SUSPICIOUS,
    USELESS,
    Exact,
    Floor,
    Yardstick,
    step_rounding,
)

OWN_GRADIENT = "w - lr * own gradient"

CHAOS = "rounding is as large as the answer, as in a chaotic network or after an overflow"


class Bench:
    """Both traces of one case, and the floors between them, estimated as finely as needed."""

    def __init__(
        self,
        case: Case,
        yardstick: Yardstick,
        subject: Trace,
        reference: Trace,
        *,
        resolution: bool,
    ) -> None:
        self.case, self.yardstick, self.resolution = case, yardstick, resolution
        self.subject, self.reference = subject, reference
        self.u = UNIT_ROUNDOFF[case.config.dtype]
        self.gates, self.own_gates = self._gates()
        self._floors: dict[tuple[int, bool], Floor] = {}
        self._exacts: dict[bool, Exact] = {}

    def comparisons(self) -> tuple[Comparison, ...]:
        """Compare all names, in the reference's order; names it does not know come last."""
        known: list[Comparison] = []
        for name in self.reference:
            known += self._step(name) if name.startswith("step/") else [self._value(name)]
        detail = f"expected one of {', '.join(self.reference)}"
        unknown = (
            Comparison(
                name=name, status=Status.UNKNOWN_NAME, against=self.yardstick.name, detail=detail
            )
            for name in self.subject
            if name not in self.reference and name not in OPTIONAL
        )
        return (*_after_overflow(known), *unknown)

    # -- who is wrong ----------------------------------------------------------------------------

    def ruled(self, found: Comparison, *, always: bool) -> Comparison:
        """Add the arbiter's ruling to a difference, or to any comparison of values."""
        name, differs = found.name, found.status is Status.DIFFERS
        if found.greatest is None or name.startswith("step/") or not (differs or always):
            return found
        own = self.own_gates is not None
        ruling = rule(
            name,
            (self.subject[name], self._exact(own=own)),
            (self.reference[name], self._exact(own=False)),
            self._floor(self._finest(own=own), own=own).sigma[name],
            self.yardstick.name,
        )
        return replace(found, ruling=ruling)

    def _finest(self, *, own: bool) -> int:
        """Return the most copies from which a floor was estimated, and few if from none."""
        return MANY_COPIES if (MANY_COPIES, own) in self._floors else FEW_COPIES

    def _exact(self, *, own: bool) -> Exact:
        if own not in self._exacts:
            gates = self.own_gates if own else self.gates
            self._exacts[own] = self.yardstick.exact(self.case, gates)
        return self._exacts[own]

    # -- one array -------------------------------------------------------------------------------

    def _value(self, name: str) -> Comparison:
        """Compare a state, the loss or a gradient."""
        if name not in self.subject:
            return self._left_out(name)
        if self.own_gates is None or not name.startswith("grad/"):
            return self._by_noise(name, self.reference[name])
        own = self._floor(0, own=True).clean[name].astype(self.reference[name].dtype)
        return self._by_noise(name, own, own=True)

    def _step(self, name: str) -> list[Comparison]:
        """Compare a stepped parameter with the reference's, and with w - lr * own gradient.

        A wrong gradient and a wrong step are two mistakes, and only the second tells them apart.
        """
        if name not in self.subject:
            return [self._left_out(name)]
        parameter = name.partition("/")[2]
        gradient = self.subject.get(f"grad/{parameter}")
        weight = self.case.parameters[parameter]
        rounding = step_rounding(self.case, weight, self.reference[f"grad/{parameter}"])
        expected, own = self.reference[name], self.own_gates is not None
        if own:  # the gradients of other gates make another step
            clean = self._floor(0, own=True).clean[f"grad/{parameter}"]
            expected = (weight - self.case.lr * clean).astype(weight.dtype)
        found = [self._by_noise(name, expected, scale=self.case.lr, extra=rounding, own=own)]
        if gradient is not None and comparable(gradient, self.reference[f"grad/{parameter}"]):
            expected = (weight - self.case.lr * gradient.astype(np.float64)).astype(weight.dtype)
            allowed = step_rounding(self.case, weight, gradient)
            found.append(compare(name, self.subject[name], expected, allowed, against=OWN_GRADIENT))
        return found

    def _left_out(self, name: str) -> Comparison:
        return Comparison(name=name, status=Status.INCOMPLETE, against=self.yardstick.name)

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
        """Compare with `scale` times the floor of the array, plus `extra`, allowed."""
        key = name.replace("step/", "grad/")

        def held(allowed: Array) -> Comparison:
            against = self.yardstick.name
            return compare(
                name, self.subject[name], expected, scale * allowed + extra, against=against
            )

        proof = held(PROVEN * self.u * self._floor(0, own=own).gauge[key])
        if proof.greatest is None or (proof.status is Status.AGREES and not self.resolution):
            return proof
        for copies in (FEW_COPIES, MANY_COPIES):
            floor = self._floor(copies, own=own)
            found = held(LIMIT * floor.sigma[key])
            if found.greatest is None or found.greatest.used * LIMIT <= SUSPICIOUS:
                break
            apart = np.max(np.abs(self.subject[name].astype(np.float64) - expected))
            if apart > scale * LIMIT * floor.most[key] + np.max(extra):
                break  # no estimate of the noise could explain so much
        if found.name == key:  # of a step, its gradient says it
            found = self._typical(found, expected, floor)
        return self._weighed(found, floor, key, proven=proof.status is Status.AGREES)

    def _weighed(self, found: Comparison, floor: Floor, key: str, *, proven: bool) -> Comparison:
        """Add what the comparison is worth; where that is nothing, say that it decides nothing."""
        largest = float(np.max(np.abs(self.reference[key]), initial=0.0))
        noise = LIMIT * float(np.max(floor.sigma[key]))
        resolution = noise / largest if largest > 0 else 0.0 if proven else float("inf")
        if found.name == key:
            found = replace(found, resolution=resolution)
        parameter = key.startswith("grad/") and key not in ("grad/x", "grad/h_0")
        useless = not resolution <= USELESS if parameter else not np.isfinite(noise)
        if found.status is Status.AGREES and useless and not proven:
            hidden = f"an error of {resolution:.0%} of the largest entry could hide in the noise"
            detail = hidden if np.isfinite(noise) else CHAOS
            return replace(found, status=Status.INCONCLUSIVE, detail=detail)
        unseen = floor.near_kink and "hidden" not in self.subject and key.startswith("grad/")
        if found.status is Status.DIFFERS and unseen:
            detail = "a pre-activation is within noise of relu's kink: offer `hidden`"
            return replace(found, status=Status.INCONCLUSIVE, detail=detail)
        return found

    def _typical(self, found: Comparison, expected: Array, floor: Floor) -> Comparison:
        """Add to a difference how many roundings its entries are typically off."""
        if found.status is not Status.DIFFERS:
            return found
        difference = np.abs(self.subject[found.name].astype(np.float64) - expected)
        z = (difference / floor.sigma[found.name])[difference > 0]
        return replace(found, typical=float(np.median(z)))

    def _floor(self, copies: int, *, own: bool = False) -> Floor:
        if (copies, own) not in self._floors:
            gates = self.own_gates if own else self.gates
            self._floors[copies, own] = self.yardstick.floor(self.case, copies, gates)
        return self._floors[copies, own]

    def _gates(self) -> tuple[Array | None, Array | None]:
        """Return relu's gates on the reference's side, and the subject's where they differ.

        Rounding can flip a gate whose pre-activation is near zero, and every gradient behind it
        then differs by more than rounding: each side is right for its own gates. A flip that is
        no rounding is a difference of `hidden` itself.
        """
        if self.case.config.activation != "relu":
            return None, None
        gates = self.reference["hidden"] > 0
        own = self.subject.get("hidden")
        if own is None or not comparable(own, self.reference["hidden"]):
            return gates, None
        flipped = bool(((own > 0) != gates).any())
        return gates, (own > 0 if flipped else None)


def _after_overflow(known: list[Comparison]) -> list[Comparison]:
    """Return `known`, nobody accused of what follows from an overflow on both sides."""
    undefined, found = False, []
    for comparison in known:
        undefined = undefined or comparison.status is Status.UNDEFINED
        follows = undefined and comparison.status is Status.NOT_FINITE
        found.append(replace(comparison, status=Status.UNDEFINED) if follows else comparison)
    return found
