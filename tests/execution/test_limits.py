"""Limits of a subject's time and memory."""

import pytest

from parity import ConfigError, Limits

BAD_LIMITS = {
    "no time": ({"seconds": 0.0}, "the time limit must be above 0 and at most 86400 s"),
    "endless": ({"seconds": float("inf")}, "got inf"),
    "nan": ({"seconds": float("nan")}, "got nan"),
    "no memory": ({"megabytes": 0}, "the memory limit must be at least 256 MB, got 0"),
}


@pytest.mark.parametrize(("limits", "message"), BAD_LIMITS.values(), ids=BAD_LIMITS.keys())
def test_nonsense_limit_is_refused(limits: dict[str, float], message: str) -> None:
    """A limit that is not valid is named with its value."""
    with pytest.raises(ConfigError, match=message):
        Limits(**limits)  # type: ignore[arg-type]
