"""Silence: code that is loaded or tried prints nothing, however it prints."""

import logging
import sys
from pathlib import Path

import pytest

from parity.adapter.attempts import Attempts, attempt
from parity.subjects.silence import silenced
from parity.subjects.source import read


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


def test_loading_a_script_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A definition that prints while it is executed, on either stream, is not heard."""
    path = tmp_path / "loud.py"
    path.write_text(
        "import sys\nclass Loud:\n    print('out')\n    print('error', file=sys.stderr)\n"
    )
    assert read(path).module.Loud
    assert capsys.readouterr() == ("", "")


def test_trying_code_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """A progress bar on standard error is not heard while an adapter is looked for."""
    done = attempt(None, Attempts(most=1), lambda: print("50%", file=sys.stderr) or "done")
    assert done == "done"
    assert capsys.readouterr() == ("", "")
