"""Environment: versions and flags outside the case that can change bits."""

import os
import platform
from collections.abc import Mapping
from importlib import metadata

import numpy as np

from parity.model.formats import flushes_to_zero
from parity.reference.base import Reference

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_CORETYPE")

Surroundings = dict[str, str]


def surroundings(reference: Reference) -> Surroundings:
    """Return versions and precision flags, of this process and of the reference's framework."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = {
        "rnn-parity": _own_version(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "numpy": np.__version__,
        "numpy's BLAS": f"{blas.get('name')} {blas.get('version')}",
        "flush to zero": str(flushes_to_zero()),
        **{name: os.environ[name] for name in THREADS if name in os.environ},
        **reference.environment(),
    }
    return {name: "".join(c for c in found[name] if c.isprintable())[:200] for name in found}


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return what has changed since then, each in a few words."""
    names = dict.fromkeys((*then, *now))
    return tuple(
        f"{name} {now.get(name, 'unset')}, was {then.get(name, 'unset')}"
        for name in names
        if then.get(name) != now.get(name)
    )


def _own_version() -> str:
    try:
        return metadata.version("rnn-parity")
    except metadata.PackageNotFoundError:
        return "not installed"
