"""Arrays as bytes of a `.npz` file and back: what `numpy.load` reads, never pickled.

The format has no name for bfloat16: its bits are kept as numbers of uint16.

Reading trusts nothing: the names, dtypes and shapes are known before. A file that has others, or
lies about its sizes, is refused before anything is allocated.
"""

import contextlib
import hashlib
import io
import math
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from parity.model.case import Array
from parity.model.formats import is_bfloat16

Layout = tuple[np.dtype[Any], tuple[int, ...]]

MEMBER = 1024
"""Bytes that one array takes besides its entries, at most, in a file that `pack` wrote."""


_MAGIC = b"\x93NUMPY\x01\x00"  # version 1.0 of the .npy format


def pack(arrays: Mapping[str, Array]) -> bytes:
    """Return the arrays as an uncompressed `.npz`, the same bytes on every machine."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(_member(name))  # dated 1980: the file does not depend on today
            archive.writestr(member, _header(array.dtype, array.shape) + _bytes(array))
    return file.getvalue()


def unpack(content: bytes, expected: Mapping[str, Layout]) -> dict[str, Array]:
    """Return read-only arrays from a file of `pack`.

    Raises ValueError when it holds other names, dtypes or shapes, or is not such a file.
    """
    with _damage_is_a_value_error():
        archive = zipfile.ZipFile(io.BytesIO(content))
    with archive:
        members = _members(archive, list(expected))
        pairs = zip(members, expected.items(), strict=True)
        return {name: _read(archive, member, name, what) for member, (name, what) in pairs}


@contextlib.contextmanager
def _damage_is_a_value_error() -> Iterator[None]:
    """Guard only calls of zipfile, which raises a dozen kinds of errors for a damaged file."""
    try:
        yield
    except Exception as error:
        raise ValueError(f"is not a .npz file, or damaged ({type(error).__name__})") from error


def most(expected: Mapping[str, Layout]) -> int:
    """Return how many bytes a file of these arrays may have, at most."""
    return size(expected) + MEMBER * (len(expected) + 1)


def size(expected: Mapping[str, Layout]) -> int:
    """Return how many bytes the entries of all arrays have."""
    return sum(math.prod(shape) * dtype.itemsize for dtype, shape in expected.values())


def digest(arrays: Mapping[str, Array]) -> str:
    """Return the SHA-256 of names, dtypes, shapes and entries."""
    found = hashlib.sha256()
    for name, array in arrays.items():
        found.update(f"{name} ".encode() + _header(array.dtype, array.shape) + _bytes(array))
    return found.hexdigest()


def _members(archive: zipfile.ZipFile, names: list[str]) -> list[zipfile.ZipInfo]:
    found = [member.filename for member in archive.infolist()]
    expected = [_member(name) for name in names]
    if found != expected:
        raise ValueError(f"holds {_few(found)}, expected {_few(expected)}")
    return archive.infolist()


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, expected: Layout) -> Array:
    dtype, shape = expected
    entries = size({name: expected})
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > entries + MEMBER:
        raise ValueError(f"{name} takes {member.file_size} bytes, expected {entries} and a header")
    with _damage_is_a_value_error():
        content = archive.read(member)
    start = len(_MAGIC) + 2 + int.from_bytes(content[len(_MAGIC) :][:2], "little")
    text = content[len(_MAGIC) + 2 : start].rstrip()  # NumPy's own padding varies
    if not content.startswith(_MAGIC) or text != _text(dtype, shape):
        raise ValueError(f"{name} is not an array of dtype {dtype} and shape {shape}")
    if len(content) - start != entries:
        raise ValueError(f"{name} has {len(content) - start} bytes of entries, expected {entries}")
    own = np.dtype(np.uint16) if is_bfloat16(dtype) else dtype
    found = np.frombuffer(content[start:], _little(own)).astype(own)
    return np.frombuffer(found.tobytes(), dtype).reshape(shape)


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return the header that stands before the entries."""
    text = _text(dtype, shape)
    text += b" " * (-(len(_MAGIC) + 2 + len(text) + 1) % 64) + b"\n"  # entries start aligned
    return _MAGIC + len(text).to_bytes(2, "little") + text


def _text(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    said = f"'descr': {_little(dtype).str!r}, 'fortran_order': False, 'shape': {shape}, "
    return f"{{{said}}}".encode()


def _bytes(array: Array) -> bytes:
    array = array.view(np.uint16) if is_bfloat16(array.dtype) else array
    return array.astype(_little(array.dtype)).tobytes()


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype("<u2") if is_bfloat16(dtype) else dtype.newbyteorder("<")


def _member(name: str) -> str:
    return f"{name}.npy"


def _few(names: list[str]) -> str:
    return f"{', '.join(names[:12])!r}" + (" ..." if len(names) > 12 else "")
