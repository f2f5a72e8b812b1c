"""One training step of the scratch classifier against eager PyTorch's, on the grid's shapes.

`python -m benchmarks.training_step`: forward, backward and SGD step, one thread each, medians of
runs in alternating order in one process. A ratio under 1 means that scratch is faster.
"""

import itertools
import os

for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from parity.case import Case
from parity.config import Config
from parity.drawing import draw
from parity.grid import CLASSES, GRIDS
from scratch import ScratchSimpleRNNClassifier


def scratch_step(case: Case) -> Callable[[], object]:
    """Return one training step of the scratch classifier, from the case's weights."""
    config = case.config
    model = ScratchSimpleRNNClassifier(
        config.features, config.hidden, config.classes, lr=case.lr, dtype=config.dtype
    )
    model.rnn.W_x, model.rnn.W_h, model.rnn.b = case.W_x, case.W_h, case.b
    model.W_out, model.b_out = case.W_out, case.b_out

    def step() -> None:
        model.forward(case.x, case.h_0)
        model.backward(case.labels)
        model.update_params()

    return step


def torch_step(case: Case) -> Callable[[], object]:
    """Return one training step as a PyTorch user writes it: modules and optimiser kept."""
    config = case.config
    dtype = getattr(torch, config.dtype)
    rnn = nn.RNN(config.features, config.hidden, batch_first=True, dtype=dtype)
    head = nn.Linear(config.hidden, config.classes, dtype=dtype)
    optimiser = torch.optim.SGD([*rnn.parameters(), *head.parameters()], lr=case.lr)
    x, h_0, labels = (torch.tensor(array) for array in (case.x, case.h_0[None], case.labels))
    x.requires_grad_()  # scratch gives the gradients of x and h_0 as well
    h_0.requires_grad_()
    loss = nn.CrossEntropyLoss()

    def step() -> None:
        optimiser.zero_grad()
        _, final = rnn(x, h_0)
        loss(head(final[0]), labels).backward()
        optimiser.step()

    return step


def medians(*steps: Callable[[], object], seconds: float = 0.06, least: int = 15) -> list[float]:
    """Return the median seconds of each, called in turn, for so long and so often at least."""
    for step in steps:
        step(), step()
    taken: list[list[float]] = [[] for _ in steps]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken[0]) < least:
        for step, times in zip(steps, taken, strict=True):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in taken]


def main() -> None:
    """Print the slowest and fastest shapes and the geometric mean over the full grid's shapes."""
    torch.set_num_threads(1)
    grid = GRIDS["full"]
    ratios: dict[str, float] = {}
    sizes = itertools.product(
        ("float64", "float32"), grid.batch, grid.steps, grid.features, grid.hidden
    )
    for dtype, batch, steps, features, hidden in sizes:
        config = Config(
            dtype=dtype, batch=batch, steps=steps, features=features, hidden=hidden, classes=CLASSES
        )
        case = draw(config)
        ours, theirs = medians(scratch_step(case), torch_step(case))
        ratios[str(config)] = ours / theirs
    ordered = sorted(ratios, key=ratios.__getitem__)
    print("training step, scratch / eager PyTorch, one thread")
    for name in [*ordered[:3], *ordered[-3:]]:
        print(f"  {name:32} {ratios[name]:.2f}")
    mean = statistics.geometric_mean(ratios.values())
    print(f"  {len(ratios)} shapes: geometric mean {mean:.2f}, largest {max(ratios.values()):.2f}")


if __name__ == "__main__":
    main()
