"""The catalogue of mistakes: how an entry is named and found."""

import re
from collections import Counter
from pathlib import Path

import pytest

from parity.cases.draw import draw
from parity.model.config import Config
from parity.reference.equations.arithmetic import Plain
from parity.reference.equations.textbook import Textbook
from parity.reference.mistakes import CATALOGUE, by_slug
from parity.reference.mistakes.planting import plant

LONGEST = 40
"""Characters of a slug, at most: one fits into an id or a column of a table."""

CONFIGS = (
    "b4-t5-f3-h6-c4-relu-f64-s0-l3-clipnorm0.1-u2",
    "b3-t4-f3-h4-c3-tanh-f64-s0-layer-l2-bi-biasoff-unsorted-mom0.9-u2",
)


def repeated(texts: list[str]) -> list[str]:
    return [text for text, count in Counter(texts).items() if count > 1]


def test_slug_names_one_mistake() -> None:
    """No two mistakes share a slug, and each is found by its own."""
    assert not repeated([mistake.slug for mistake in CATALOGUE])
    assert all(by_slug[mistake.slug] is mistake for mistake in CATALOGUE)


def test_slug_is_short_kebab_case() -> None:
    """A slug is of lower-case words and digits, joined by hyphens, and short."""
    kebab = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
    odd = [m.slug for m in CATALOGUE if len(m.slug) > LONGEST or not kebab.fullmatch(m.slug)]
    assert not odd


def test_prose_is_of_one_mistake() -> None:
    """No two mistakes are described by the same sentence: a reader can tell them apart."""
    assert not repeated([mistake.says for mistake in CATALOGUE])


def test_number_keeps_the_slug() -> None:
    """A mistake with a number is named by the same slug, whatever the number."""
    leaky = by_slug["relu-leaky"]
    assert {mistake.slug for mistake in leaky.having(leaky.values)} == {leaky.slug}


def test_mistakes_replace_stages_of_the_equations() -> None:
    """A mistake replaces methods of the equations with functions."""
    first = [m.having(m.values)[0] if m.values else m for m in CATALOGUE]
    odd = {m.slug: [n for n in m.stages if not callable(getattr(Textbook, n, None))] for m in first}
    assert all(mistake.stages for mistake in first)
    assert not {slug: names for slug, names in odd.items() if names}


@pytest.mark.parametrize("name", CONFIGS)
def test_nothing_is_left_on_the_equations(name: str) -> None:
    """The equations keep their arithmetic and nothing else, whichever mistake they have."""
    config = Config.parse(name)
    case, shown = draw(config), [m for m in CATALOGUE if m.applies(config)]
    assert shown
    for mistake in (m.having(m.values)[0] if m.values else m for m in shown):
        book = plant([mistake])(Plain())
        book.run(case)
        assert set(vars(book)) == {"do"}, mistake.slug


def test_a_slug_never_changes() -> None:
    """Every slug that was ever published is still there; a new one is added to the list."""
    published = (Path(__file__).parent / "slugs.txt").read_text(encoding="utf-8").split()
    assert len(published) > 200
    assert sorted(by_slug) == published
