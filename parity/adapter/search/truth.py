"""Truth: what a right network answers to a probing case, to recognise answers by their values.

It is written here, in plain NumPy, since the search runs in the subject's process, which never has
the reference: a subject is judged elsewhere, by other code.

    h[t] = f(x[t] W_x + h[t-1] W_h + b),  l = h[-1] W_out + b_out,  da[t] = f'(h[t]) dh[t],
    dh[t-1] = upstream[t-1] + da[t] W_h^T  (Werbos 1990)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from parity.model.case import Array, Case
from parity.model.cell import Cell

ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
}

SLOPES: Mapping[str, Callable[[Array], Array]] = {
    "tanh": lambda h: 1 - h * h,
    "relu": lambda h: (h > 0).astype(h.dtype),
}


@dataclass(frozen=True, kw_only=True)
class _Ran:
    """One cell's pass over a sequence, in the order of its own steps."""

    cell: Cell
    x: Array
    states: list[Array]  # from the initial state on


def answers(case: Case, *, turned: bool = False) -> dict[str, Array]:
    """Return the states, scores, loss and gradients of a right network, by the harness's names.

    `turned`: of one that uses W_h transposed in its forward pass, by mistake.
    """
    layers, hidden = _forward(case, turned=turned)
    every = hidden @ case.W_out + case.b_out
    loss, d_every = _loss(case, every)
    if case.config.kind == "layer":
        upstream = case.upstream
        head: dict[str, Array] = {}
    else:
        upstream = d_every @ case.W_out.T
        head = {
            "loss": np.asarray(loss),
            "grad/W_out": np.einsum("nth,ntc->hc", hidden, d_every),
            "grad/b_out": d_every.sum(axis=(0, 1)),
        }
    found = {"hidden": hidden, "every_logits": every, "logits": every[:, -1]}
    found |= head | _backward(case, layers, upstream)
    for number, ran in enumerate(layers[:-1]):
        found[f"hidden_l{number}"] = _joined(ran)
    return found | {one.cell.name("final"): one.states[-1] for ran in layers for one in ran}


def _forward(case: Case, *, turned: bool) -> tuple[list[list[_Ran]], Array]:
    f, x, layers = ACTIVATIONS[case.config.activation], case.x, []
    for layer in range(case.config.layers):
        ran = []
        for cell in (c for c in case.config.cells if c.layer == layer):
            W_x, W_h, b, h = (getattr(case, cell.name(n)) for n in ("W_x", "W_h", "b", "h_0"))
            inputs = x[:, ::-1] if cell.reverse else x
            states = [h]
            for t in range(case.config.steps):
                h = f(inputs[:, t] @ W_x + h @ (W_h.T if turned else W_h) + b)
                states.append(h)
            ran.append(_Ran(cell=cell, x=inputs, states=states))
        layers.append(ran)
        x = _joined(ran)
    return layers, x


def _joined(ran: list[_Ran]) -> Array:
    """Return the states of both directions side by side, in the order of time."""
    parts = []
    for one in ran:
        states = np.stack(one.states[1:], axis=1)
        parts.append(states[:, ::-1] if one.cell.reverse else states)
    return np.concatenate(parts, axis=2)


def _loss(case: Case, every: Array) -> tuple[float, Array]:
    """Return the loss, and its gradient by the logits of every step."""
    config = case.config
    rows = np.eye(config.classes)
    if config.every_step:
        wanted, counted = rows[case.step_labels], every
    else:
        wanted, counted = rows[case.labels][:, None], every[:, -1:]
    if config.squared:
        apart = counted - wanted
        loss, gradient = float((apart**2).sum()) / 2 / config.batch, apart / config.batch
    else:
        p = softmax(counted)
        with np.errstate(divide="ignore"):
            loss = float(-np.log((p * wanted).sum(axis=2)).sum()) / config.batch
        gradient = (p - wanted) / config.batch
    whole = np.zeros_like(every)
    whole[:, -gradient.shape[1] :] = gradient
    return loss, whole


def _backward(case: Case, layers: list[list[_Ran]], upstream: Array) -> dict[str, Array]:
    """Return the gradients of every layer, from the last one down, and by x."""
    slope = SLOPES[case.config.activation]
    found: dict[str, Array] = {}
    for ran in reversed(layers):
        below = np.zeros_like(ran[0].x)
        for place, one in enumerate(ran):
            h = case.config.hidden
            own = upstream[:, :, place * h : (place + 1) * h]
            own = own[:, ::-1] if one.cell.reverse else own
            gradients, dx = _through_time(case, one, own, slope)
            found |= {f"grad/{one.cell.name(n)}": g for n, g in gradients.items()}
            below = below + (dx[:, ::-1] if one.cell.reverse else dx)
        upstream = below
    return found | {"grad/x": upstream}


def _through_time(
    case: Case, one: _Ran, upstream: Array, slope: Callable[[Array], Array]
) -> tuple[dict[str, Array], Array]:
    W_x, W_h = (getattr(case, one.cell.name(n)) for n in ("W_x", "W_h"))
    found = {"W_x": np.zeros_like(W_x), "W_h": np.zeros_like(W_h), "b": np.zeros(len(W_h))}
    dx, later = np.zeros_like(one.x), np.zeros_like(one.states[0])
    if case.config.kind == "layer":
        later = getattr(case, one.cell.name("upstream_final"))
    for t in reversed(range(case.config.steps)):
        da = (upstream[:, t] + later) * slope(one.states[t + 1])
        found["W_x"] += one.x[:, t].T @ da
        found["W_h"] += one.states[t].T @ da
        found["b"] += da.sum(axis=0)
        dx[:, t], later = da @ W_x.T, da @ W_h.T
    return found | {"h_0": later}, dx


def softmax(logits: Array) -> Array:
    """exp(l) / sum exp(l), along the last axis."""
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    normalised: Array = p / p.sum(axis=-1, keepdims=True)
    return normalised
