"""The wire between the harness and a subject's process: every frame is checked."""

import numpy as np
import pytest

from parity import Config, draw
from parity.execution import wire

MALFORMED = {
    "no json": b"{",
    "no object": b"[]",
    "no arrays": b"{}",
    "a pickle": b'{"arrays": [[["x", "O", [1]]]]}',
    "a structure": b'{"arrays": [[["x", "f8,f8", [1]]]]}',
    "a huge shape": b'{"arrays": [[["x", "<f8", [1000000000000]]]]}',
    "a negative shape": b'{"arrays": [[["x", "<f8", [-1]]]]}',
    "a shape of text": b'{"arrays": [[["x", "<f8", "1"]]]}',
    "a number for a name": b'{"arrays": [[[1, "<f8", [1]]]]}',
    "an overflowing shape": b'{"arrays": [[["x", "<f8", [0, 9223372036854775807, 8]]]]}',
    "too few": b'{"arrays": [[["x", "<f4", [1]]]]}',
    "deep": b'{"arrays": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_header_is_refused(name: str) -> None:
    """A header that does not fit its bytes is not a frame: nothing is believed unchecked."""
    with pytest.raises(wire.MalformedError):
        wire.unpack(MALFORMED[name], bytes(8))


def test_arrays_cross_unchanged() -> None:
    """Every bit, shape and dtype arrives, and nobody can write to arrays that arrive."""
    case = draw(Config())
    sent = {"x": case.x, "none": np.zeros((0, 3), "f4"), "one": np.array(np.nan), "b": case.x > 0}
    frame = wire.pack({"number": 1}, [sent, {"x": case.x.T}])
    header, payload = wire.sizes(frame[: wire.PREFIX.size], 2**20)
    body = frame[wire.PREFIX.size :]
    assert len(body) == header + payload
    _, (got, turned) = wire.unpack(body[:header], body[header:])
    assert list(got) == list(sent)
    for name, array in sent.items():
        assert (got[name].dtype, got[name].shape) == (array.dtype, array.shape)
        assert got[name].tobytes() == array.tobytes()
    assert (turned["x"] == case.x.T).all()
    with pytest.raises(ValueError, match="WRITEABLE"):
        got["x"].flags.writeable = True
