"""JAX, compiled: lax.scan through time, and the whole training step is one XLA program.

Compiling is not timed, and neither is moving arrays to the device and back; nothing is donated. The
dispatch is synchronous, which is faster on a CPU. x W_x is computed for all steps at once or inside
the scan: the first is faster at small sizes, the second at large ones, and the faster one is used.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax import numpy as jnp

from benchmarks.timing import medians
from parity.model.case import Case

jax.config.update("jax_enable_x64", True)  # or float64 would be float32
jax.config.update("jax_cpu_enable_async_dispatch", False)

Weights = tuple[Any, ...]  # W_x, W_h, b, W_out, b_out


def forward(case: Case) -> Callable[[], Any]:
    """Return the logits."""
    *given, _ = _on_device(case)
    compiled = _faster([jax.jit(logits) for logits in (_at_once, _step_by_step)], given)
    return lambda: jax.block_until_ready(compiled(*given))


def training_step(case: Case) -> Callable[[], Any]:
    """Return one training step."""
    weights, x, h_0, labels = _on_device(case)
    both = [jax.jit(_stepped(logits, case.lr)) for logits in (_at_once, _step_by_step)]
    compiled = _faster(both, (weights, x, h_0, labels))

    def step() -> Any:
        nonlocal weights
        weights, loss, *_ = jax.block_until_ready(compiled(weights, x, h_0, labels))
        return loss

    return step


def _at_once(weights: Weights, x: Any, h_0: Any) -> Any:
    W_x, W_h, b, W_out, b_out = weights

    def step(h: Any, a: Any) -> tuple[Any, None]:
        return jnp.tanh(a + h @ W_h), None

    h, _ = jax.lax.scan(step, h_0, jnp.swapaxes(x, 0, 1) @ W_x + b)
    return h @ W_out + b_out


def _step_by_step(weights: Weights, x: Any, h_0: Any) -> Any:
    W_x, W_h, b, W_out, b_out = weights

    def step(h: Any, x_t: Any) -> tuple[Any, None]:
        return jnp.tanh(x_t @ W_x + h @ W_h + b), None

    h, _ = jax.lax.scan(step, h_0, jnp.swapaxes(x, 0, 1))
    return h @ W_out + b_out


def _stepped(logits: Callable[..., Any], lr: float) -> Callable[..., Any]:
    """Return a function that gives the new weights, the loss, and every gradient."""

    def loss(weights: Weights, x: Any, h_0: Any, labels: Any) -> Any:
        each = jax.nn.log_softmax(logits(weights, x, h_0))
        return -jnp.take_along_axis(each, labels[:, None], axis=1).mean()

    def stepped(weights: Weights, *rest: Any) -> tuple[Any, ...]:
        value, (d, dx, dh_0) = jax.value_and_grad(loss, (0, 1, 2))(weights, *rest)
        after = tuple(w - lr * dw for w, dw in zip(weights, d, strict=True))
        return after, value, d, dx, dh_0

    return stepped


def _on_device(case: Case) -> tuple[Weights, Any, Any, Any]:
    """Return the weights, x, h_0 and the labels."""
    weights = tuple(jnp.asarray(weight) for weight in case.parameters.values())
    x, h_0, labels = (jnp.asarray(array) for array in (case.x, case.h_0, case.labels))
    return weights, x, h_0, labels


def _faster(compiled: Sequence[Callable[..., Any]], given: Sequence[Any]) -> Callable[..., Any]:
    calls = [lambda run=run: jax.block_until_ready(run(*given)) for run in compiled]
    one, other = medians(*calls, seconds=0.05, least=3)
    return compiled[one > other]
