"""The catalogue of mistakes: how an entry is named and found."""

import re
from collections import Counter

from parity.reference.mistakes import CATALOGUE, by_slug

LONGEST = 40
"""Characters of a slug, at most: one fits into an id or a column of a table."""


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
