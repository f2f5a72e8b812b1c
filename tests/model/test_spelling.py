"""Spelling: a dash is as good as an underscore, and British as good as American."""

import pytest

from parity.cli.compare import main
from parity.model.config import Config
from parity.model.spelling import as_listed, underscored, with_dashes
from parity.subjects.capabilities import checked, known

FLAGS = {
    "--weight_decay": "--weight-decay",
    "--clip_norm=0.5": "--clip-norm=0.5",
    "--no_bidirectional": "--no-bidirectional",
    "--maximise": "--maximize",
    "--no-maximise": "--no-maximize",
    "--subject=my_rnn.py": "--subject=my_rnn.py",
    "my_rnn.py": "my_rnn.py",
}


@pytest.mark.parametrize(("typed", "meant"), FLAGS.items())
def test_flag_is_read_in_every_spelling(typed: str, meant: str) -> None:
    """Only a flag's name is respelled: not its value, and no other argument."""
    assert with_dashes([typed, "my_rnn.py"]) == [meant, "my_rnn.py"]
    assert with_dashes(["--", typed]) == ["--", typed]


def test_values_and_names_are_read_in_every_spelling() -> None:
    """A listed value has one spelling, and others are found by it; an unknown one stays."""
    assert as_listed("batch_first", ["batch-first", "time-first"]) == "batch-first"
    assert as_listed("sideways_first", ["batch-first"]) == "sideways_first"
    assert underscored("weight-decay") == underscored("weight_decay") == "weight_decay"


def test_adapter_lists_options_in_every_spelling() -> None:
    """CONFIG and OPTIONS of a subject's file are read like flags."""
    asks = checked({"weight-decay": 0.1, "kind": "layer", "call": "time_first"}, "mine")
    assert asks == {"weight_decay": 0.1, "kind": "layer", "call": "time-first"}
    assert known(["clip-norm", "maximise"], "mine") == ("clip_norm", "maximize")


def test_command_takes_every_spelling(capsys: pytest.CaptureFixture[str]) -> None:
    """The command itself reads them, and repeats them in its own spelling."""
    given = ["--kind", "layer", "--call", "time_first", "--weight_decay", "0.1", "--maximise"]
    assert main([*given, "--no_keep", "--json", "-"]) == 0
    config = Config(kind="layer", call="time-first", weight_decay=0.1, maximize=True)
    assert f'"id": "{config}"' in capsys.readouterr().out
