"""Wire: the messages between the harness and a subject's process, and their format.

A frame is a prefix (magic, bytes of the header, bytes of the payload), a header in JSON and the raw
bytes of arrays. The header lists, under "arrays", groups of [name, dtype, shape]; each array begins
at the next multiple of ALIGN bytes. Nothing is pickled: a message has text, numbers, and bytes that
are read as numbers.
"""

import json
import math
import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parity.model.case import Array
from parity.model.formats import code, decoded

Group = dict[str, Array]
Header = dict[str, Any]

ALIGN = 16
PREFIX = struct.Struct("<4sIQ")
MAGIC = b"rnn\x01"

LONGEST_HEADER = 2**20
"""Bytes of names, shapes and findings, at most: a thousand times those of an ordinary answer."""

MOST_AXES = 32

_DTYPE = re.compile(r"[<>|=]?[fiub]\d{1,2}|bfloat16")


class MalformedError(Exception):
    """These bytes are not a frame."""


class OversizedError(Exception):
    """A frame that is larger than the other side accepts."""


def pack(header: Header, groups: Sequence[Mapping[str, Array]] = (), most: int = 2**62) -> bytes:
    """Return one frame. Raises OversizedError for a payload over `most` bytes."""
    listed = [[[name, code(a.dtype), a.shape] for name, a in group.items()] for group in groups]
    text = json.dumps({**header, "arrays": listed}).encode()
    parts: list[bytes] = []
    size = 0
    for group in groups:
        for array in group.values():
            size += -size % ALIGN + array.nbytes
    if size > most or len(text) > LONGEST_HEADER:
        raise OversizedError(f"{max(size, len(text)) / 2**20:.0f} MB")
    at = 0
    for group in groups:
        for array in group.values():
            parts += [bytes(-at % ALIGN), array.tobytes()]
            at += -at % ALIGN + array.nbytes
    return b"".join([PREFIX.pack(MAGIC, len(text), size), text, *parts])


def sizes(prefix: bytes, most: int) -> tuple[int, int]:
    """Return the lengths of header and payload. Raises MalformedError, also if one is too large."""
    magic, header, payload = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise MalformedError(f"it begins with {prefix[:12]!r}")
    if header > LONGEST_HEADER or payload > most:
        raise MalformedError(f"it claims a header of {header} and arrays of {payload} bytes")
    return header, payload


def unpack(header: bytes, payload: bytes) -> tuple[Header, list[Group]]:
    """Return a frame's header and its arrays, which are read-only: their memory is immutable.

    Raises MalformedError for anything that `pack` does not write.
    """
    try:
        read = json.loads(header)
        groups, end = _groups(read["arrays"], payload)
    except MalformedError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise MalformedError(f"{type(error).__name__}: {error}"[:200]) from error
    if end != len(payload):
        raise MalformedError(f"its arrays take {end} bytes, not {len(payload)}")
    return read, groups


def _groups(listed: Any, payload: bytes) -> tuple[list[Group], int]:
    groups: list[Group] = []
    at = 0
    for entries in listed:
        group: Group = {}
        for name, dtype, shape in entries:
            at += -at % ALIGN
            group[_text(name)] = array = _array(_dtype(dtype), _shape(shape), payload, at)
            at += array.nbytes
        groups.append(group)
    return groups, at


def _array(dtype: np.dtype[Any], shape: tuple[int, ...], payload: bytes, at: int) -> Array:
    if math.prod(shape) * dtype.itemsize > len(payload) - at:
        raise MalformedError(f"an array of shape {shape} is missing")
    return np.ndarray(shape, dtype, buffer=payload, offset=at)


def _text(name: Any) -> str:
    if not isinstance(name, str):
        raise MalformedError(f"{name!r} is not a name"[:200])
    return name


def _dtype(dtype: Any) -> np.dtype[Any]:
    if not (isinstance(dtype, str) and _DTYPE.fullmatch(dtype)):
        raise MalformedError(f"{dtype!r} is not a dtype of numbers"[:200])
    return decoded(dtype)


def _shape(shape: Any) -> tuple[int, ...]:
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not whole or len(shape) > MOST_AXES:
        raise MalformedError(f"{shape!r} is not a shape"[:200])
    return tuple(shape)
