"""The settings and the strategies of property tests."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from parity.model.config import OPTIONS, Config
from parity.model.errors import ConfigError
from parity.model.options import Choice, Count, Number, Option, Switch

repeatable = settings(derandomize=True, max_examples=50, deadline=None, database=None)
"""Fifty examples that depend only on the test; a slow one does not fail, and none is kept."""


def values_of(option: Option) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of an option."""
    if isinstance(option, Count):
        return st.integers(option.least, 20) | st.integers(option.least, 10**6)
    if isinstance(option, Number):
        return st.sampled_from([0, 0.1, 1]) | st.floats(0, option.most, allow_infinity=False)
    if isinstance(option, Switch):
        return st.booleans()
    if isinstance(option, Choice):
        return st.sampled_from(list(option.tokens))
    return st.just(1) | st.floats(0, exclude_min=True, allow_infinity=False)  # a rate


@st.composite
def configs(choose: st.DrawFn) -> Config:
    """Return a strategy for configurations: options change one by one, if the rest allows it."""
    config = Config()
    for name in choose(st.lists(st.sampled_from(list(OPTIONS)), unique=True)):
        value = choose(values_of(OPTIONS[name]))
        try:
            config = config.replace(**{name: value})
        except ConfigError:
            continue
    return config
