"""Evidence: the report of an explanation, and the report where there is none."""

import re
from collections.abc import Sequence
from dataclasses import replace

from parity.diagnosis.cause import Cause
from parity.diagnosis.describe import facts, related
from parity.diagnosis.inquiry import Inquiry
from parity.diagnosis.predictions import Mistakes, Predictions
from parity.diagnosis.probes import ASKED, DISTINCT, Probe, linear
from parity.diagnosis.responses import Response
from parity.model.config import Config
from parity.model.finding import Finding
from parity.model.names import ArrayName
from parity.reference.mistakes.mistake import Mistake

HEAD = ("grad/W_out", "grad/b_out")


def own_fault(finding: Finding) -> Cause:
    """Return the cause for a subject that writes into its inputs."""
    return Cause(
        slug="writes-into-inputs",
        says="The subject writes into the arrays it is given.",
        look_for="an operation in place, as +=, on an argument: copy it first",
        evidence=(finding.text, *finding.evidence.splitlines()[-3:]),
    )


def wrong_shapes(responses: Sequence[Response], config: Config) -> list[Cause]:
    """Return a cause for each array of another shape than PyTorch's."""
    own = [r for r in responses if _is_like(r.case.config, config)]
    names = dict.fromkeys(name for response in own for name in response.misshapen)
    return [_wrong_shape(name, own) for name in names]


def _is_like(one: Config, other: Config) -> bool:
    return (one.kind, one.activation) == (other.kind, other.activation)


def _wrong_shape(name: str, responses: Sequence[Response]) -> Cause:
    offer = [r for r in responses if name in r.subject or name in r.misshapen]
    wrong = [r for r in offer if name in r.misshapen]
    return Cause(
        slug="wrong-shape",
        says=f"{name} has {wrong[0].misshapen[name]}.",
        look_for="the axes of the sum, or of the product, that the array comes from",
        evidence=(f"in {len(wrong)} of {len(offer)} configurations",),
        hidden_at=tuple(r.label for r in offer if r not in wrong),
        shown_at=tuple(r.label for r in wrong),
    )


def causes(predictions: Predictions, found: Sequence[Mistakes]) -> list[Cause]:
    """Return a cause for each mistake of the first explanation.

    First come those that make the configuration itself wrong, then those that most others show.
    """
    best, *others = found
    shown = {mistake: _shown_at(predictions, best, mistake) for mistake in best}
    ordered = sorted(best, key=lambda mistake: (ASKED not in shown[mistake], -len(shown[mistake])))
    also = tuple(" and ".join(map(str, mistakes)) for mistakes in others)
    names = tuple(tuple(mistake.name for mistake in mistakes) for mistakes in others)
    labels = [response.label for response in predictions.responses]
    first, *further = [
        replace(
            _cause(predictions, best, mistake),
            hidden_at=tuple(label for label in labels if label not in shown[mistake]),
            shown_at=tuple(shown[mistake]),
        )
        for mistake in ordered
    ]
    return [replace(first, also=also, also_names=names), *further]


def _shown_at(predictions: Predictions, mistakes: Mistakes, mistake: Mistake) -> list[str]:
    """Return the labels of the responses that this mistake alone can explain."""
    without = tuple(other for other in mistakes if other is not mistake)
    return [
        response.label
        for i, response in enumerate(predictions.responses)
        if not all(predictions.fits(without, i, name) for name in response.subject)
    ]


def _is_right(predictions: Predictions, i: int) -> bool:
    response = predictions.responses[i]
    return not response.misshapen and all(predictions.fits((), i, n) for n in response.subject)


def _cause(predictions: Predictions, mistakes: Mistakes, mistake: Mistake) -> Cause:
    """Return one mistake with its evidence: the arrays that only this mistake explains."""
    without = tuple(other for other in mistakes if other is not mistake)
    explained = [n for n in predictions.names if _needs(predictions, without, n)]
    first = _beginnings(explained)
    same = f"{_listed(first)} equal{_s(first)} {_what(predictions, mistakes, explained)}"
    count = len(predictions.responses)
    evidence = [f"{same}, within rounding, in {count} of {count} configurations"]
    right = [n for n in _without_first_step(predictions.names) if n not in explained]
    if len(mistakes) == 1 and right:
        evidence.append(f"{_listed(right)} agree{_s(right)}")
    return Cause(
        slug=mistake.slug,
        value=mistake.value,
        says=sentence(mistake),
        look_for=mistake.look_for,
        evidence=tuple(evidence),
    )


def _s(names: Sequence[str]) -> str:
    return "s" if len(names) == 1 else ""


def _beginnings(explained: Sequence[str]) -> list[str]:
    """Return the names without those of steps that a wrong gradient alone makes wrong."""
    names = map(ArrayName.parse, explained)
    follow = {str(name.first_step) for name in names if name.is_gradient}
    return [name for name in explained if name not in follow]


def _without_first_step(names: Sequence[str]) -> list[str]:
    return [name for name in names if not ArrayName.parse(name).is_first_step]


def _needs(predictions: Predictions, without: Mistakes, name: str) -> bool:
    offer = [i for i, r in enumerate(predictions.responses) if name in r.subject]
    return not all(predictions.fits(without, i, name) for i in offer)


def _what(predictions: Predictions, mistakes: Mistakes, explained: Sequence[str]) -> str:
    """Return what the explained arrays are equal to: PyTorch's by a factor, or the textbook's."""
    relations = {_relation(predictions, name) for name in _without_first_step(explained)}
    relation = relations.pop() if len(mistakes) == 1 and len(relations) == 1 else None
    if relation is not None:
        return f"PyTorch's {relation}"
    return "the textbook's with this mistake" + (" and the others" if len(mistakes) > 1 else "")


def _relation(predictions: Predictions, name: str) -> str | None:
    """Return the relation of the subject's array to the right one, if it is the same everywhere."""
    offer = [(i, r) for i, r in enumerate(predictions.responses) if name in r.subject]
    wrong = [r for i, r in offer if r.label in DISTINCT and not predictions.fits((), i, name)]
    found = [
        related(
            r.subject[name],
            predictions.right(r, name),
            predictions.allowed(r, name),
            r.case.config,
        )
        for r in wrong
    ]
    kinds = {None if relation is None else re.sub(r"\S+ = ", "", relation) for relation in found}
    return found[0] if len(kinds) == 1 else None


def _shown(predictions: Predictions, name: str) -> Response:
    """Return the response that shows best what is wrong with an array: its sizes all differ."""
    offer = [(i, r) for i, r in enumerate(predictions.responses) if name in r.subject]
    wrong = [r for i, r in offer if not predictions.fits((), i, name)]
    return min(wrong, key=lambda r: (r.label not in DISTINCT, r.label == ASKED))


def sentence(mistake: Mistake) -> str:
    """Return the text of a mistake as a sentence."""
    text = str(mistake)
    return f"{text[0].upper()}{text[1:]}."


def _listed(names: Sequence[str]) -> str:
    """Return names as one text, with one name for the head's pair of gradients."""
    said = ["the head's gradients" if n in HEAD and set(names) >= set(HEAD) else n for n in names]
    return ", ".join(dict.fromkeys(said))


# -- facts when nothing explains it --------------------------------------------------------------


def _first_wrong(predictions: Predictions) -> str:
    """Return the first wrong array in computation order, of the configuration itself if it has one.

    Another configuration may show another mistake, in an array that is right here.
    """
    asked = [i for i, r in enumerate(predictions.responses) if r.label == ASKED]
    for name in predictions.names:
        own = (i for i in asked if name in predictions.responses[i].subject)
        if not all(predictions.fits((), i, name) for i in own):
            return name
    return predictions.names[predictions.reach(())]


def unexplained(predictions: Predictions, inquiry: Inquiry) -> list[str]:
    """Return the first wrong array, where it is wrong, and where the difference vanishes."""
    name = _first_wrong(predictions)
    offer = [i for i, r in enumerate(predictions.responses) if name in r.subject]
    wrong = [i for i in offer if not predictions.fits((), i, name)]
    said = [
        f"{name} differs first in computation order: in {len(wrong)} of {len(offer)} configurations"
    ]
    shown = _shown(predictions, name)
    ours, theirs, sizes = shown.subject[name], predictions.right(shown, name), shown.case.config
    said += facts(name, ours, theirs, predictions.allowed(shown, name), sizes)
    hidden = [r.label for i, r in enumerate(predictions.responses) if _is_right(predictions, i)]
    if hidden:
        said.append(f"nothing differs at: {', '.join(hidden)}")
    if inquiry.subject.asks.get("activation", "relu") != "relu":
        return said
    open_relus = inquiry.ask([Probe(label="linear", case=linear(inquiry.config))])
    line = Predictions(open_relus.answered)
    if line.names and line.reach(()) == len(line.names) and shown.label in DISTINCT:
        said.append("where every relu is open, and the network linear, nothing differs")
    return said
