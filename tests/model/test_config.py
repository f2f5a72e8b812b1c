"""Config: frozen, checks itself, and has one text form."""

import contextlib
import dataclasses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parity.cases.grid import GRIDS
from parity.model.config import Config, short_id
from parity.model.errors import ConfigError
from tests.support.properties import configs, repeatable

BAD = {
    "no batch": ({"batch": 0}, "batch must be at least 1, got 0"),
    "negative steps": ({"steps": -3}, "steps must be at least 1, got -3"),
    "half a unit": ({"hidden": 1.5}, "hidden must be a whole number, got 1.5"),
    "true features": ({"features": True}, "features must be a whole number, got True"),
    "negative seed": ({"seed": -1}, "seed must be at least 0, got -1"),
    "unknown dtype": ({"dtype": "float8"}, "dtype must be one of float64, float32, float16"),
    "unknown activation": ({"activation": "gelu"}, "got 'gelu'"),
    "no rate": ({"lr": 0.0}, "lr must be a positive finite number, got 0.0"),
    "endless rate": ({"lr": float("inf")}, "lr must be a positive finite number, got inf"),
    "digits of 5 steps": ({"data": "digits"}, "steps must be 8 with data digits, got 5"),
    "no layers": ({"layers": 0}, "layers must be at least 1, got 0"),
    "a word for a switch": ({"bidirectional": "yes"}, "bidirectional must be True or False"),
    "much dropout": ({"layers": 2, "dropout": 1.5}, "dropout must be a number from 0 to 1, got"),
    "dropout of one layer": ({"dropout": 0.5}, "layers must be at least 2, got 1"),
    "evaluation of nothing": ({"mode": "evaluation"}, "mode evaluation needs dropout"),
    "many unbatched": (
        {"kind": "layer", "call": "unbatched"},
        "an unbatched call has one sequence of all steps, got batch 7",
    ),
    "classifier by time": ({"call": "time-first"}, "call time-first needs kind layer"),
    "pooled layer": ({"kind": "layer", "pool": "max"}, "a layer has no loss, got pool max"),
    "smoothed squares": (
        {"loss": "squared", "smoothing": 0.1},
        "smoothing needs loss mean or sum, got squared",
    ),
    "every packed step": (
        {"loss": "steps", "lengths": "sorted"},
        "loss steps reads every step as it is, got lengths sorted",
    ),
    "one class ignored": ({"ignored": "class", "classes": 1}, "at least 2 classes, got 1"),
    "Nesterov alone": ({"nesterov": True}, "nesterov needs momentum and no dampening"),
    "dampening alone": ({"dampening": 0.5}, "dampening needs momentum"),
    "clipped twice": ({"clip_value": 1.0, "clip_norm": 1.0}, "by value or by norm"),
    "negative momentum": ({"momentum": -0.5}, "momentum must be a number of at least 0, got -0.5"),
    "no updates": ({"updates": 0}, "updates must be at least 1, got 0"),
}

BAD_IDS = {
    "unknown part": ("b4-q5", "unknown or misplaced part 'q5'"),
    "twice": ("b4-b5", "misplaced part 'b5'"),
    "misplaced": ("t5-b4", "misplaced part 'b4'"),
    "negative": ("b-4", "batch must be at least 1, got -4"),
    "zero": ("b0-t5", "batch must be at least 1, got 0"),
    "words": ("hello world", "an id looks like b7-t5-f3-h6-c4-tanh-f64-s0"),
    "trailing": ("b4-", "unknown or misplaced part"),
    "bad rate": ("b4-lr1.2.3", "misplaced part 'lr1.2.3'"),
}


@pytest.mark.parametrize(("fields", "message"), BAD.values(), ids=BAD.keys())
def test_nonsense_is_refused(fields: dict[str, object], message: str) -> None:
    """A value without a meaning is refused with the value and the expected ones."""
    with pytest.raises(ConfigError) as raised:
        Config(**fields)
    assert message in str(raised.value)


@pytest.mark.parametrize(("text", "message"), BAD_IDS.values(), ids=BAD_IDS.keys())
def test_malformed_ids_are_refused(text: str, message: str) -> None:
    """An id without a meaning is refused, and the part is named."""
    with pytest.raises(ConfigError) as raised:
        Config.parse(text)
    assert message in str(raised.value)


@settings(repeatable, max_examples=150)
@given(configs())
@example(Config(lr=1e-05))
@example(Config(lr=1))
@example(Config(features=32, dtype="float32"))
def test_id_parses_back(config: Config) -> None:
    """Every configuration has one id, which is read as that configuration and no other."""
    again = Config.parse(str(config))
    assert again == config
    assert str(again) == str(config)
    assert vars(again) == vars(config)


parts = st.sampled_from(["b4", "t5", "f64", "h-1", "lr0.1", "lr1e-05", "layer", "u0", "drop", "-"])


@repeatable
@given(st.text(max_size=30) | st.lists(parts).map("-".join))
def test_any_text_is_an_id_or_refused(text: str) -> None:
    """A text is an id, which has one form of its own, or it is a ConfigError."""
    with contextlib.suppress(ConfigError):
        config = Config.parse(text)
        assert Config.parse(str(config)) == config


def test_ids_of_the_full_grid_are_all_different() -> None:
    """No two of the full grid's configurations share an id."""
    configs = [config for group in GRIDS["full"].groups() for config in group.configs]
    assert len({str(config) for config in configs}) == len(configs) > 10_000


def test_group_ids_name_their_first_member() -> None:
    """A group's id, as pytest prints it, can be pasted after compare-one-config."""
    groups = [group for grid in GRIDS.values() for group in grid.groups()]
    assert [Config.parse(group.id) for group in groups] == [g.configs[0] for g in groups]


def test_only_differences_are_appended() -> None:
    """The options beyond dtype and seed appear only where they differ from the default."""
    assert str(Config(lr=0.01)) == "b7-t5-f3-h6-c4-tanh-f64-s0"
    assert str(Config(lr=0.5, kind="layer")) == "b7-t5-f3-h6-c4-tanh-f64-s0-layer-lr0.5"


def test_configuration_is_frozen() -> None:
    """Nobody can change a configuration after it was checked."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().batch = 3  # type: ignore[misc]


def test_short_id_keeps_the_order() -> None:
    """A short id is written in the id's order whatever the order of its values."""
    assert short_id(dtype="float32", hidden=6, batch=7) == "b7-h6-f32"


def test_layer_has_no_loss() -> None:
    """A layer is judged through upstream gradients: it has none of the losses."""
    with pytest.raises(ConfigError, match="a layer has no loss, got loss steps"):
        Config(kind="layer", loss="steps")
    assert Config(loss="steps").replace(kind="layer").loss == "mean"
