"""Truth: the search's own equations, which recognise answers, agree with the reference's."""

import numpy as np
import pytest

from parity import Config, draw
from parity.adapter.search.truth import answers
from parity.reference.mistakes import by_slug
from parity.reference.mistakes.planting import predict
from parity.reference.noise.floor import noise_floor

CONFIGS = (
    "b3-t4-f6-h8-c10-tanh-f64-s0",
    "b3-t4-f6-h8-c10-relu-f64-s1",
    "b3-t4-f6-h8-c10-tanh-f64-s2-layer",
    "b1-t4-f6-h8-c10-tanh-f64-s3-squared",
    "b3-t4-f6-h8-c10-tanh-f64-s4-steps",
    "b3-t4-f6-h8-c10-relu-f64-s5-squaredsteps",
    "b3-t4-f6-h8-c10-tanh-f64-s6-layer-l2-bi",
    "b3-t4-f6-h8-c10-tanh-f64-s7-l3",
    "b2-t5-f4-h3-c6-relu-f64-s8-bi",
)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_answer_is_that_of_the_textbook(name: str) -> None:
    """States, scores, loss and gradients equal the reference's, within rounding."""
    case = draw(Config.parse(name))
    found, right = answers(case), noise_floor(case, 0).clean
    compared = [n for n in right if n in found]
    assert {"hidden", "grad/W_x", "grad/W_h", "grad/b", "grad/x", "grad/h_0"} <= {*compared}
    missing = [n for n in right if n not in found and not n.startswith("step")]
    assert missing == []
    for n in compared:
        if not (n == "logits" and case.config.every_step):
            np.testing.assert_allclose(found[n], right[n], rtol=1e-12, atol=1e-14, err_msg=n)


def test_the_turned_network_has_the_catalogue_s_mistake() -> None:
    """With W_h transposed in the forward pass alone, every array is what the mistake gives."""
    case = draw(Config(batch=3, steps=4, features=6, hidden=8, classes=10))
    wrong = predict(case, [by_slug["wh-transposed-forward"]])
    found = answers(case, turned=True)
    for name in ("hidden", "logits", "loss", "grad/W_x", "grad/W_h", "grad/x", "grad/h_0"):
        np.testing.assert_allclose(found[name], wrong[name], rtol=1e-12, atol=1e-14, err_msg=name)
