"""Telling: what an explanation is reported as, and what is reported where there is none."""

import re
from collections.abc import Sequence
from dataclasses import replace

from parity.diagnosis.cause import Cause
from parity.diagnosis.describe import facts, related
from parity.diagnosis.predictions import Mistakes, Predictions
from parity.diagnosis.probes import ASKED, TELLING, Probe, linear
from parity.diagnosis.responses import Witness, hear
from parity.model.config import Config
from parity.model.finding import Finding
from parity.model.names import ArrayName
from parity.reference.base import Reference
from parity.reference.mistakes.mistake import Mistake
from parity.subjects.subject import Subject

HEAD = ("grad/W_out", "grad/b_out")


def own_fault(finding: Finding) -> Cause:
    """Return the cause that a subject's writing into its inputs is."""
    return Cause(
        says="The subject writes into the arrays it is given.",
        look_for="an operation in place, as +=, on an argument: copy it first",
        evidence=(finding.text, *finding.evidence.splitlines()[-3:]),
    )


def causes(told: Predictions, found: Sequence[Mistakes]) -> list[Cause]:
    """Return a cause for each mistake of the first explanation."""
    best, *others = found
    hidden = [w.label for i, w in enumerate(told.witnesses) if _is_right(told, i)]
    shown = [w.label for w in told.witnesses if w.label not in hidden]
    also = tuple(" and ".join(map(str, mistakes)) for mistakes in others)
    named = [_cause(told, best, mistake) for mistake in best]
    first = replace(named[0], also=also, hidden_at=tuple(hidden), shown_at=tuple(shown))
    return [first, *named[1:]]


def _is_right(told: Predictions, i: int) -> bool:
    witness = told.witnesses[i]
    return not witness.misshapen and all(told.fits((), i, n) for n in witness.subject)


def _cause(told: Predictions, mistakes: Mistakes, mistake: Mistake) -> Cause:
    """Return one mistake with its evidence: the arrays that only it explains."""
    without = tuple(other for other in mistakes if other is not mistake)
    changed = [n for n in told.names if _needs(told, without, n)]
    first = _beginnings(changed)
    same = f"{_listed(first)} equal{_s(first)} {_what(told, mistakes, changed)}"
    count = len(told.witnesses)
    evidence = [f"{same}, within rounding, in {count} of {count} configurations"]
    right = [n for n in _without_first_step(told.names) if n not in changed]
    if len(mistakes) == 1 and right:
        evidence.append(f"{_listed(right)} agree{_s(right)}")
    return Cause(says=sentence(mistake), look_for=mistake.look_for, evidence=tuple(evidence))


def _s(names: Sequence[str]) -> str:
    return "s" if len(names) == 1 else ""


def _beginnings(changed: Sequence[str]) -> list[str]:
    """Return the names without those of steps that a wrong gradient alone makes wrong."""
    names = map(ArrayName.parse, changed)
    follow = {str(name.first_step) for name in names if name.is_gradient}
    return [name for name in changed if name not in follow]


def _without_first_step(names: Sequence[str]) -> list[str]:
    return [name for name in names if not ArrayName.parse(name).is_first_step]


def _needs(told: Predictions, without: Mistakes, name: str) -> bool:
    offer = [i for i, w in enumerate(told.witnesses) if name in w.subject]
    return not all(told.fits(without, i, name) for i in offer)


def _what(told: Predictions, mistakes: Mistakes, changed: Sequence[str]) -> str:
    """Return what the changed arrays equal: PyTorch's by a factor, or the textbook's."""
    relations = {_relation(told, name) for name in _without_first_step(changed)}
    relation = relations.pop() if len(mistakes) == 1 and len(relations) == 1 else None
    if relation is not None:
        return f"PyTorch's {relation}"
    return "the textbook's with this mistake" + (" and the others" if len(mistakes) > 1 else "")


def _relation(told: Predictions, name: str) -> str | None:
    """Return what makes the subject's array of the right one, the same wherever sizes tell it."""
    offer = [(i, w) for i, w in enumerate(told.witnesses) if name in w.subject]
    wrong = [w for i, w in offer if w.label in TELLING and not told.fits((), i, name)]
    found = [
        related(
            w.subject[name],
            told.right(w, name),
            told.allowed(w, name),
            w.case.config,
        )
        for w in wrong
    ]
    kinds = {None if relation is None else re.sub(r"\S+ = ", "", relation) for relation in found}
    return found[0] if len(kinds) == 1 else None


def _shown(told: Predictions, name: str) -> Witness:
    """Return the witness that shows best what is wrong with an array: all its sizes differ."""
    offer = [(i, w) for i, w in enumerate(told.witnesses) if name in w.subject]
    wrong = [w for i, w in offer if not told.fits((), i, name)]
    return min(wrong, key=lambda w: (w.label not in TELLING, w.label == ASKED))


def sentence(mistake: Mistake) -> str:
    """Return what a mistake says, as a sentence of its own."""
    text = str(mistake)
    return f"{text[0].upper()}{text[1:]}."


def _listed(names: Sequence[str]) -> str:
    """Return names as one text, and the head's pair of gradients by a name of their own."""
    said = ["the head's gradients" if n in HEAD and set(names) >= set(HEAD) else n for n in names]
    return ", ".join(dict.fromkeys(said))


# -- what is known when nothing explains it ------------------------------------------------------


def unexplained(
    told: Predictions, subject: Subject, config: Config, reference: Reference
) -> list[str]:
    """Return what is wrong first, where, and what makes it vanish."""
    name = told.names[told.reach(())]
    offer = [i for i, w in enumerate(told.witnesses) if name in w.subject]
    wrong = [i for i in offer if not told.fits((), i, name)]
    said = [
        f"{name} differs first in computation order: in {len(wrong)} of {len(offer)} configurations"
    ]
    shown = _shown(told, name)
    ours, theirs, sizes = shown.subject[name], told.right(shown, name), shown.case.config
    said += facts(name, ours, theirs, told.allowed(shown, name), sizes)
    hidden = [w.label for i, w in enumerate(told.witnesses) if _is_right(told, i)]
    if hidden:
        said.append(f"nothing differs at: {', '.join(hidden)}")
    if subject.asks.get("activation", "relu") != "relu":
        return said
    open_relus = hear(subject, [Probe(label="linear", case=linear(config))], reference)
    line = Predictions(open_relus.witnesses)
    if line.names and line.reach(()) == len(line.names) and shown.label in TELLING:
        said.append("where every relu is open, and the network linear, nothing differs")
    return said
