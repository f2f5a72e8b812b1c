"""Settings: the table of a project, and the command line over it."""

from pathlib import Path
from typing import Any

import pytest

from parity import ConfigError
from parity.gate.settings import OPTIONS, Settings, find_table, settings

EVERY = """
[tool.parity]
subject = "nets/my_rnn.py:Net"
grid = "full"
seeds = 3
time-limit = 20
memory-limit = 512
in-process = true
run-all = true
no-keep = true
compared = "compared.json"
always = true
"""


def written(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_every_option_can_stand_in_the_table(tmp_path: Path, monkeypatch: Any) -> None:
    """Each option has its key, and each key has its setting."""
    monkeypatch.chdir(tmp_path)
    table = find_table(written(tmp_path, EVERY))
    assert table is not None
    assert set(table.values) == {*OPTIONS, "always"}
    assert settings({}, table.values) == Settings(
        subject="nets/my_rnn.py:Net",
        grid="full",
        seeds=3,
        time_limit=20.0,
        memory_limit=512,
        in_process=True,
        run_all=True,
        no_keep=True,
        compared="compared.json",
        always=True,
    )


def test_a_key_may_have_underscores(tmp_path: Path) -> None:
    """A key of the table may be written as the field of a class is."""
    table = find_table(written(tmp_path, "[tool.parity]\ntime_limit = 20\nno_keep = true"))
    assert table is not None
    assert settings({}, table.values) == Settings(time_limit=20.0, no_keep=True)


def test_table_is_found_from_below(tmp_path: Path, monkeypatch: Any) -> None:
    """From a subfolder a subject's file is named from there; a module's name stays."""
    below = written(tmp_path, '[tool.parity]\nsubject = "my_rnn.py"') / "tests"
    below.mkdir()
    monkeypatch.chdir(below)
    for text, seen in (("my_rnn.py", "../my_rnn.py"), ("nets.rnn:run", "nets.rnn:run")):
        written(tmp_path, f'[tool.parity]\nsubject = "{text}"')
        table = find_table(below)
        assert table is not None
        assert (table.folder, table.values["subject"]) == (tmp_path, seen)


def test_command_line_wins() -> None:
    """An option that is given replaces the table's; the others stay."""
    chosen = settings({"grid": "smoke"}, {"grid": "full", "seeds": 2})
    assert (chosen.grid, chosen.seeds) == ("smoke", 2)


@pytest.mark.parametrize("text", ["", "[tool.other]\nseeds = 1\n", "no toml ["])
def test_no_table_is_no_table(tmp_path: Path, text: str) -> None:
    """A project without the table, or with a file that pytest itself refuses, has no settings."""
    assert find_table(written(tmp_path, text)) is None


WRONG = {
    "unknown": ("subjekt = 'my_rnn.py'", "has an unknown key 'subjekt'; it may have subject, "),
    "text": ("seeds = 'three'", "seeds in .* must be a whole number, got 'three'"),
    "flag": ("seeds = true", "seeds in .* must be a whole number, got True"),
    "number": ("always = 1", "always in .* must be true or false, got 1"),
    "list": ("subject = ['my_rnn.py']", "subject in .* must be a string"),
}


@pytest.mark.parametrize(("line", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_table_is_refused(tmp_path: Path, line: str, message: str) -> None:
    """An unknown key or a value of another kind is refused in one line that names the file."""
    with pytest.raises(ConfigError, match=message) as caught:
        find_table(written(tmp_path, f"[tool.parity]\n{line}\n"))
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)
