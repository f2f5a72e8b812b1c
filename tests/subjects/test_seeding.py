"""Seeding: the author's own draws, the same each time."""

import random

import numpy as np

from parity.subjects.seeding import seeded


def drawn() -> list[float]:
    with seeded():
        return [
            random.random(),
            np.random.randn(),
            np.random.default_rng().normal(),
            np.random.RandomState().normal(),
        ]


def test_draws_without_a_seed_are_the_same_in_every_block() -> None:
    """Global draws, and those of generators without a seed, do not depend on what was before."""
    first = drawn()
    np.random.randn(3)
    assert drawn() == first


def test_two_generators_of_a_block_differ() -> None:
    """Two matrices that an author draws from two generators are not equal by accident."""
    with seeded():
        assert np.random.default_rng().normal() != np.random.default_rng().normal()


def test_the_users_own_draws_go_on_as_before() -> None:
    """The global states are put back, and a generator without a seed is random again."""
    random.seed(5)
    np.random.seed(5)
    expected = random.random(), np.random.randn()
    random.seed(5)
    np.random.seed(5)
    drawn()
    assert (random.random(), np.random.randn()) == expected
    assert np.random.default_rng().normal() != np.random.default_rng().normal()


def test_pytorch_is_seeded_where_it_is_loaded() -> None:
    """PyTorch's global draws are the same in every block, and its state is put back."""
    import torch

    before = torch.get_rng_state()
    with seeded():
        first = torch.rand(2).tolist()
    with seeded():
        assert torch.rand(2).tolist() == first
    assert torch.equal(torch.get_rng_state(), before)
