"""Diagnosis: why a subject differs, proven by the numbers - or unknown, and what can be said."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from parity.cause import Cause
from parity.config import Config
from parity.explaining import Attempt, Explainer, Mistakes
from parity.facts import facts, related
from parity.mistake import Mistake
from parity.observation import Finding
from parity.probes import ASKED, TELLING, Probe, further, linear, probes
from parity.restating import restated
from parity.subject import Subject
from parity.witness import Witness, hear
from parity.yardstick import Yardstick

HEAD = ("grad/W_out", "grad/b_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """What was tried, and how many arrays, in computation order, it explains."""

    says: str
    explained: int
    arrays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Why a subject differs: causes that are proven, or facts when it is unknown."""

    causes: tuple[Cause, ...]
    facts: tuple[str, ...]
    problems: tuple[str, ...]  # probes that the subject did not answer
    probes: int  # that it answered
    ranking: tuple[Ranked, ...]
    seconds: float


@np.errstate(all="ignore")
def diagnose(subject: Subject, config: Config, yardstick: Yardstick) -> Diagnosis:
    """Say why `subject`, which differs at `config`, does so.

    The subject is asked about a dozen probes around the configuration. At most three mistakes are
    the cause when the textbook with them planted gives the subject's numbers, within rounding, in
    every array that it offers to every probe. Otherwise the cause is unknown.
    """
    start = time.perf_counter()
    testimony = hear(subject, probes(config), yardstick)
    if len(testimony.witnesses) < 2 and config.dtype != "float64":
        testimony = hear(subject, probes(config, config.dtype), yardstick)
    known = restated(testimony.witnesses, yardstick)
    explained = _Explained()
    if known.explicable and known.witnesses:
        explained = _explain(known.witnesses, subject, config, yardstick)
    own = tuple(map(_own_fault, testimony.findings[:1]))
    return Diagnosis(
        causes=(*own, *known.causes, *explained.causes),
        facts=explained.facts if not known.causes or explained.ranking else (),
        problems=testimony.problems,
        probes=len(testimony.witnesses),
        ranking=explained.ranking,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Explained:
    """What mistakes in the equations explain."""

    causes: tuple[Cause, ...] = ()
    facts: tuple[str, ...] = ()
    ranking: tuple[Ranked, ...] = ()


def _explain(
    witnesses: Sequence[Witness], subject: Subject, config: Config, yardstick: Yardstick
) -> _Explained:
    """Explain the witnesses of the kind and the activation that were asked about.

    A subject may have other code for the others, or none; they only help to choose.
    """
    same = [w for w in witnesses if _is_like(w.case.config, config)]
    others = [w for w in witnesses if w not in same]
    explainer = Explainer(same, yardstick)
    if explainer.reach(()) == len(explainer.names):
        return _Explained(facts=(f"all {len(same)} probing configurations agree",))
    found, tried = _search(explainer, subject, config, yardstick)
    ranking = _ranking(explainer, tried)
    if not found:
        said = tuple(_facts(explainer, subject, config, yardstick))
        return _Explained(facts=said, ranking=ranking)
    elsewhere = Explainer(others, yardstick)
    found = [m for m in found if elsewhere.reach(m) == len(elsewhere.names)] or found
    return _Explained(causes=tuple(_causes(explainer, found)), ranking=ranking)


def _is_like(one: Config, other: Config) -> bool:
    return (one.kind, one.activation) == (other.kind, other.activation)


def _own_fault(finding: Finding) -> Cause:
    return Cause(
        says="The subject writes into the arrays it is given.",
        look_for="an operation in place, as +=, on an argument: copy it first",
        evidence=(finding.text, *finding.evidence.splitlines()[-3:]),
    )


# -- the search ----------------------------------------------------------------------------------


def _search(
    explainer: Explainer, subject: Subject, config: Config, yardstick: Yardstick
) -> tuple[list[Mistakes], list[Attempt]]:
    """Return the explanations that nothing tells apart, the likeliest first, and what was tried."""
    catalogue = list(_with_values(explainer.witnesses, yardstick.catalogue))
    found, tried = explainer.explanations(catalogue)
    found.sort(key=lambda mistakes: -min(m.seen for m in mistakes))
    for probe in further(config):
        if len(found) < 2:
            break
        found = _surviving(found, probe, subject, yardstick)
    return found, tried


def _with_values(witnesses: Sequence[Witness], catalogue: Sequence[Mistake]) -> list[Mistake]:
    """Return the catalogue with its numbers: the usual ones, and those the witnesses suggest."""
    each: list[Mistake] = []
    for mistake in catalogue:
        guessed = [
            value
            for w in witnesses
            for value in (mistake.guess(w.case, w.subject, w.reference) if mistake.guess else ())
            if np.isfinite(value)
        ]
        each += mistake.having((*mistake.values, *guessed)) if mistake.values else (mistake,)
    return each


def _surviving(
    found: list[Mistakes], probe: Probe, subject: Subject, yardstick: Yardstick
) -> list[Mistakes]:
    """Return the explanations that hold for one more probe, where these predict other numbers."""
    predictions = [yardstick.predict(probe.case, mistakes) for mistakes in found]
    first, *others = ([a.tobytes() for a in p.values()] for p in predictions)
    if all(other == first for other in others):
        return found
    explainer = Explainer(hear(subject, [probe], yardstick).witnesses, yardstick)
    holding = [m for m in found if explainer.reach(m) == len(explainer.names)]
    return holding if explainer.names else found


# -- what is said --------------------------------------------------------------------------------


def _causes(explainer: Explainer, found: Sequence[Mistakes]) -> list[Cause]:
    """Return a cause for each mistake of the first explanation."""
    best, *others = found
    hidden = [w.label for i, w in enumerate(explainer.witnesses) if _is_right(explainer, i)]
    shown = [w.label for w in explainer.witnesses if w.label not in hidden]
    also = tuple(" and ".join(map(str, mistakes)) for mistakes in others)
    causes = [_cause(explainer, best, mistake) for mistake in best]
    first = replace(causes[0], also=also, hidden_at=tuple(hidden), shown_at=tuple(shown))
    return [first, *causes[1:]]


def _is_right(explainer: Explainer, i: int) -> bool:
    return all(explainer.fits((), i, n) for n in explainer.names if n in _offer(explainer, i))


def _offer(explainer: Explainer, i: int) -> set[str]:
    return set(explainer.witnesses[i].subject)


def _cause(explainer: Explainer, mistakes: Mistakes, mistake: Mistake) -> Cause:
    """Return one mistake with its evidence: the arrays that only it explains."""
    without = tuple(other for other in mistakes if other is not mistake)
    changed = [n for n in explainer.names if _needs(explainer, without, n)]
    count, right = len(explainer.witnesses), [n for n in explainer.names if n not in changed]
    told = [n for n in changed if n.replace("step/", "grad/") not in changed or n[:5] != "step/"]
    same = f"{_listed(told)} equal {_what(explainer, mistakes, changed)}"
    evidence = [f"{same}, within rounding, in {count} of {count} configurations"]
    if len(mistakes) == 1 and any(n[:5] != "step/" for n in right):
        evidence.append(f"{_listed([n for n in right if n[:5] != 'step/'])} agree")
    return Cause(says=sentence(mistake), look_for=mistake.look_for, evidence=tuple(evidence))


def _needs(explainer: Explainer, without: Mistakes, name: str) -> bool:
    offer = [i for i, w in enumerate(explainer.witnesses) if name in w.subject]
    return not all(explainer.fits(without, i, name) for i in offer)


def _what(explainer: Explainer, mistakes: Mistakes, changed: Sequence[str]) -> str:
    """Return what the changed arrays equal: PyTorch's by a factor, or the textbook's."""
    own = [n for n in changed if not n.startswith("step/")]
    relations = {_relation(explainer, name) for name in own}
    if len(mistakes) == 1 and len(relations) == 1 and None not in relations:
        return f"PyTorch's {relations.pop()}"
    return "the textbook's with this mistake" + (" and the others" if len(mistakes) > 1 else "")


def _relation(explainer: Explainer, name: str) -> str | None:
    """Return what makes the subject's array of the right one, in a configuration that shows it."""
    shown = _shown(explainer, name)
    allowed = explainer.allowed(shown, name)
    return related(shown.subject[name], shown.reference[name], allowed, shown.case.config)


def _shown(explainer: Explainer, name: str) -> Witness:
    """Return the witness that shows best what is wrong with an array: all its sizes differ."""
    offer = [(i, w) for i, w in enumerate(explainer.witnesses) if name in w.subject]
    wrong = [w for i, w in offer if not explainer.fits((), i, name)]
    return min(wrong, key=lambda w: (w.label not in TELLING, w.label == ASKED))


def sentence(mistake: Mistake) -> str:
    """Return what a mistake says, as a sentence of its own."""
    text = str(mistake)
    return f"{text[0].upper()}{text[1:]}."


def _listed(names: Sequence[str]) -> str:
    """Return names as one text, and the head's pair of gradients by a name of their own."""
    said = ["the head's gradients" if n in HEAD and set(names) >= set(HEAD) else n for n in names]
    return ", ".join(dict.fromkeys(said))


def _ranking(explainer: Explainer, tried: Sequence[Attempt]) -> tuple[Ranked, ...]:
    best = sorted(tried, key=lambda attempt: (-attempt.explained, len(attempt.mistakes)))
    return tuple(
        Ranked(
            says=" and ".join(map(str, attempt.mistakes)),
            explained=attempt.explained,
            arrays=len(explainer.names),
        )
        for attempt in best
    )


# -- what is known when nothing explains it ------------------------------------------------------


def _facts(
    explainer: Explainer, subject: Subject, config: Config, yardstick: Yardstick
) -> list[str]:
    """Return what is wrong first, where, and what makes it vanish."""
    name = explainer.names[explainer.reach(())]
    offer = [i for i, w in enumerate(explainer.witnesses) if name in w.subject]
    wrong = [i for i in offer if not explainer.fits((), i, name)]
    said = [
        f"{name} differs first in computation order: in {len(wrong)} of {len(offer)} configurations"
    ]
    shown = _shown(explainer, name)
    ours, theirs, sizes = shown.subject[name], shown.reference[name], shown.case.config
    said += facts(name, ours, theirs, explainer.allowed(shown, name), sizes)
    hidden = [w.label for i, w in enumerate(explainer.witnesses) if _is_right(explainer, i)]
    if hidden:
        said.append(f"nothing differs at: {', '.join(hidden)}")
    open_relus = hear(subject, [Probe(label="linear", case=linear(config))], yardstick)
    told = Explainer(open_relus.witnesses, yardstick)
    if told.names and told.reach(()) == len(told.names):
        said.append("where every relu is open, and the network linear, nothing differs")
    return said
