"""Limits: how long a subject may take, and how much memory it may fill."""

import math
from dataclasses import dataclass

from parity.execution.runner import SECONDS
from parity.model.errors import ConfigError

LONGEST = 86_400.0
"""Seconds: a day. No timer of the system is asked for more."""

LEAST = 256
"""Megabytes without which NumPy and its BLAS do not start."""


MEGABYTES = 4096
"""Unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a subject's process is given. Refuses nonsense with a ConfigError."""

    seconds: float = SECONDS  # for one configuration, both answers together
    megabytes: int = MEGABYTES  # of 2**20 bytes, that the whole process may write to

    def __post_init__(self) -> None:
        if not (math.isfinite(self.seconds) and 0 < self.seconds <= LONGEST):
            raise ConfigError(
                f"the time limit must be above 0 and at most {LONGEST:.0f} seconds, "
                f"got {self.seconds:g}"
            )
        if self.megabytes < LEAST:
            raise ConfigError(f"the memory limit must be at least {LEAST} MB, got {self.megabytes}")
