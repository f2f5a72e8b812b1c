"""The handful: the few configurations that a comparison without a configuration asks about."""

from parity.model.config import Config

HANDFUL: tuple[Config, ...] = tuple(
    map(
        Config.parse,
        (
            "b7-t5-f3-h6-c4-tanh-f64-s0",
            "b2-t51-f5-h5-c4-tanh-f64-s0-chaotic-largegrads-noh0-lr0.001",
            "b2-t2-f16-h16-c2-tanh-f64-s0-small-zeros-onelabel-noh0-lr0.3",
            "b33-t1-f3-h33-c12-tanh-f64-s0-small-repeated",
            "b2-t5-f1-h5-c5-tanh-f64-s0-small-zeros-lr0.3",
            "b1-t5-f5-h16-c5-tanh-f64-s0-chaotic-large-eachlabel-largegrads-noh0-lr0.3",
            "b3-t4-f5-h4-c3-tanh-f64-s0-withouth0",
            "b3-t4-f5-h4-c3-tanh-f64-s0-l2",
            "b3-t4-f5-h4-c3-tanh-f64-s0-bi",
        ),
    )
)
"""The ordinary one, and a greedy cover of what it does not show: `python -m benchmarks.handful`.

All are of the ordinary kind, activation and dtype, and small enough to be probes of a diagnosis.
The last ones are for networks that know an absent initial state, layers or directions: others are
not asked with them.
"""
