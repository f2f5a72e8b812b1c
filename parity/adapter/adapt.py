"""Adapting: from somebody's class or functions to a `run(case)`, by asking and looking."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from parity.adapter.attempts import quiet
from parity.adapter.binding import Binding
from parity.adapter.reasons import refusal
from parity.adapter.running.interpreter import Run
from parity.adapter.search.finish import finished
from parity.adapter.search.targets import best_of
from parity.adapter.written import file_of, summary
from parity.cases.draw import draw
from parity.model.config import Config


@dataclass(frozen=True, kw_only=True)
class Adapted:
    """An adapter: its text, the `run` it defines, and the facts that a user must know."""

    text: str
    run: Run | None  # None where the search found nothing: somebody has to complete the text
    asks: Mapping[str, Any] = field(default_factory=dict)
    knows: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    lacking: str = ""
    uncertain: str = ""
    binding: tuple[str, ...] = ()  # how it is asked, in at most five lines
    reason: str = ""  # why there is no run


def adapt(module: ModuleType, name: str, title: str, imports: tuple[str, ...]) -> Adapted:
    """Return an adapter for a class or function of `module`; without a name, for what is there.

    `imports` are the lines that make `theirs` this module in the adapter's text.
    """
    found, target = best_of(module, name)
    if found is None:
        open_, reason = refusal(target)
        return Adapted(text=file_of(open_, title, imports), run=None, reason=reason)
    done = finished(target, found)
    binding = replace(done.binding, lacking=done.lacking)
    run = Run(binding, module)
    return Adapted(
        text=file_of(binding, title, imports),
        run=run,
        asks=dict(binding.config),
        knows=binding.knows,
        offers=_offered(run, binding),
        assumed=done.assumed,
        lacking=done.lacking,
        uncertain="" if found.is_certain else found.doubt,
        binding=summary(binding),
    )


def _offered(run: Run, binding: Binding) -> tuple[str, ...]:
    """Return the names that it answers."""
    case = draw(Config().replace(**binding.config))
    try:
        with quiet():
            return tuple(run(case))
    except (Exception, SystemExit):  # noqa: BLE001 - somebody's own code; it is judged later
        return ()
