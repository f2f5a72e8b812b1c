"""Adapting: from somebody's class or functions to a `run(case)`, by asking and looking."""

from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from parity.adapter.adapter import drafts, runner
from parity.adapter.drafting import skeleton
from parity.adapter.trial import answered
from parity.adapter.writing import assumptions, file_of
from parity.cases.draw import draw
from parity.subjects.subject import Run


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """An adapter: its text, the `run` it defines, and the facts that a user must know."""

    text: str
    run: Run | None  # None where the search found nothing: somebody has to complete the text
    asks: dict[str, Any] = field(default_factory=dict)
    offers: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    lacking: str = ""


def adapt(module: ModuleType, name: str, title: str, imports: tuple[str, ...]) -> Adapted:
    """Return an adapter for a class or function of `module`; without a name, for what is there.

    `imports` are the lines that make `theirs` this module in the adapter's text.
    """
    draft = drafts(module, name)
    if draft is None:
        text, tried = skeleton(module, name, title, imports)
        return Adapted(text=text, run=None, assumed=tried)
    run = runner(draft)
    case = draw(draft.ground.config.replace(**draft.asks))
    said = list(assumptions(draft))
    said += [f"tried {problem}" for problem in draft.problems if not draft.complete]
    return Adapted(
        text=file_of(draft, title, imports),
        run=run,
        asks=dict(draft.asks),
        offers=tuple(answered(run, case) or ()),
        assumed=tuple(said),
        lacking=draft.lacking,
    )
