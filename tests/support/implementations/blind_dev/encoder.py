"""Recurrent encoder with type annotations. Pure functions, no hidden state."""
from dataclasses import dataclass, fields
from typing import List, NamedTuple, Tuple

import numpy as np

Array = np.ndarray


@dataclass
class Params:
    input_kernel: Array      # (features, units)
    hidden_kernel: Array     # (units, units)
    bias: Array              # (units,)

    @classmethod
    def create(cls, features: int, units: int, seed: int = 0) -> "Params":
        rng = np.random.default_rng(seed)
        return cls(
            input_kernel=rng.normal(scale=features ** -0.5, size=(features, units)),
            hidden_kernel=rng.normal(scale=units ** -0.5, size=(units, units)),
            bias=np.zeros(units),
        )

    def zeros_like(self) -> "Params":
        return Params(*(np.zeros_like(getattr(self, f.name)) for f in fields(self)))


class Tape(NamedTuple):
    inputs: Array
    initial: Array
    outputs: Array


def encode(params: Params, inputs: Array, initial: Array) -> Tuple[Array, Array, Tape]:
    """inputs (time, batch, features), initial (batch, units).

    Returns all the outputs (time, batch, units), the final state and the tape.
    """
    outputs: List[Array] = []
    state = initial
    for step_input in inputs:
        state = np.tanh(step_input @ params.input_kernel
                        + state @ params.hidden_kernel
                        + params.bias)
        outputs.append(state)
    stacked = np.stack(outputs)
    return stacked, state, Tape(inputs, initial, stacked)


def encode_vjp(params: Params, tape: Tape, d_outputs: Array, d_final: Array) -> Tuple[Params, Array, Array]:
    """Gradients of the parameters, the inputs and the initial state."""
    grads = params.zeros_like()
    d_inputs = np.zeros_like(tape.inputs)
    d_state = d_final
    for t in reversed(range(tape.inputs.shape[0])):
        previous = tape.outputs[t - 1] if t > 0 else tape.initial
        d_pre = (d_state + d_outputs[t]) * (1.0 - tape.outputs[t] ** 2)
        grads.input_kernel += tape.inputs[t].T @ d_pre
        grads.hidden_kernel += previous.T @ d_pre
        grads.bias += d_pre.sum(axis=0)
        d_inputs[t] = d_pre @ params.input_kernel.T
        d_state = d_pre @ params.hidden_kernel.T
    return grads, d_inputs, d_state


def sgd(params: Params, grads: Params, learning_rate: float) -> Params:
    return Params(*(getattr(params, f.name) - learning_rate * getattr(grads, f.name)
                    for f in fields(params)))


def demo() -> None:
    rng = np.random.default_rng(1)
    params = Params.create(2, 4)
    inputs = rng.normal(size=(7, 12, 2))
    goal = np.tanh(rng.normal(size=(12, 4)))
    for i in range(101):
        outputs, final, tape = encode(params, inputs, np.zeros((12, 4)))
        diff = final - goal
        grads, _, _ = encode_vjp(params, tape, np.zeros_like(outputs), diff / len(diff))
        params = sgd(params, grads, 0.1)
        if i % 25 == 0:
            print(f"{i:4d} {0.5 * (diff ** 2).sum(axis=1).mean():.5f}")


if __name__ == "__main__":
    demo()
