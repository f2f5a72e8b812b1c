"""Limits: how long a subject may take, and how much memory it may fill."""

import math
from dataclasses import dataclass

from parity.model.errors import ConfigError

LONGEST_TIME = 86_400.0
"""Seconds: a day. No timer of the system is set to more."""

LEAST_MEMORY = 256
"""Megabytes that NumPy and its BLAS need to start."""


TIME_LIMIT = 10.0
"""Seconds that a subject may take for one case, both answers together, by default."""

MEMORY_LIMIT = 4096
"""Megabytes that a subject's process may fill, by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a subject's process. Refuses nonsense with a ConfigError."""

    seconds: float = TIME_LIMIT  # for one configuration, both answers together
    megabytes: int = MEMORY_LIMIT  # of 2**20 bytes, that the whole process may write to

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and 0 < self.seconds <= LONGEST_TIME):
            raise ConfigError(
                f"the time limit must be above 0 and at most {LONGEST_TIME:.0f} seconds, "
                f"got {self.seconds:g}"
            )
        if self.megabytes < LEAST_MEMORY:
            raise ConfigError(
                f"the memory limit must be at least {LEAST_MEMORY} MB, got {self.megabytes}"
            )
