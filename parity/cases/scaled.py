"""Scaled: a case with some arrays multiplied, which shows mistakes that ordinary numbers hide."""

from parity.model.case import Array, Case


def with_large_gradients(case: Case, head: float = 30) -> Case:
    """Make gradients in the hundreds and do not saturate the layer; multiply W_out by `head`."""
    times: dict[str, float] = {"x": 100, "W_x": 0.01, "W_out": head, "upstream": 1000}
    if case.config.data != "drawn":
        del times["x"], times["W_x"]
    scaled: dict[str, Array] = {name: getattr(case, name) * by for name, by in times.items()}
    return case.replace(**scaled)
