"""Reasons: why the search has found no way to ask, in one line, and what a person has to write."""

import traceback
from collections import Counter

from parity.adapter.binding import Binding, Certainty, Remark
from parity.adapter.search.trials import Target


def refusal(target: Target) -> tuple[Binding, str]:
    """Return a binding with blanks, and the reason why they were not filled in.

    What every attempt raised is told once, with its line.
    """
    named = target.name or "its functions"
    if not target.errors:
        return _open(target), f"nothing in it could be called as a forward pass of {named}"
    common = Counter(_said(error) for error in target.errors.values())
    said, count = common.most_common(1)[0]
    tried = next(text for text, error in target.errors.items() if _said(error) == said)
    made = all(text.startswith(f"{target.name}(") for text in target.errors) and target.name
    if made:
        return _open(target), f"{named} could not be made: `{tried}` raised {said}"
    every = "every call" if count == len(target.errors) else f"{count} of {len(target.errors)} calls"
    return _open(target), f"no call answers states of an RNN's shape: {every}, such as `{tried}`, raised {said}"


def _said(error: BaseException) -> str:
    """Return an error in one line, with the line of the author's file where it was raised."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/parity/" not in f.filename]
    text = " ".join(str(error).split())[:160]
    where = f" (line {frames[-1].lineno})" if frames and frames[-1].filename != "<binding>" else ""
    return f"{type(error).__name__}: {text}{where}"


def _open(target: Target) -> Binding:
    wanted = {
        "W_x": "where W_x (features, hidden) is held: `Wxh.T`",
        "W_h": "where W_h (hidden, hidden) is held",
        "b": "where the bias (hidden,) is held; leave it out where there is none",
        "forward": "the call, and where the states (batch, steps, hidden) are: `forward(x) -> hidden: out`",
    }
    if target.cls is not None:
        wanted = {"make": "how an object is made: `RNN(features, hidden)`", **wanted}
    remarks = {name: Remark(certainty=Certainty.OPEN, text=text) for name, text in wanted.items()}
    return Binding(remarks=remarks)
