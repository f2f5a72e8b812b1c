"""Silence: code that is loaded or tried prints nothing, however it prints."""

import logging
import sys

import pytest

from parity.subjects.silence import silenced


def test_prints_of_every_kind_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    """Text, bytes and what cannot be encoded go nowhere, on both streams."""
    with silenced():
        print("out", "\ud800")
        print("a progress bar", end="\r", file=sys.stderr)
        sys.stderr.buffer.write(b"bytes")
    assert capsys.readouterr() == ("", "")


def test_a_stream_that_is_kept_stays_open(capsys: pytest.CaptureFixture[str]) -> None:
    """A logger that code makes while it is loaded may write later: it raises no error."""
    with silenced():
        handler = logging.StreamHandler()
    handler.handleError = pytest.fail  # type: ignore[assignment,method-assign]
    handler.emit(logging.LogRecord("subject", logging.INFO, "", 1, "later", (), None))
    assert capsys.readouterr() == ("", "")
