"""The two loss curves of a training run and the distance between them, as a picture."""

from pathlib import Path

import numpy as np

from parity.judging.training import Training
from parity.model.errors import MissingExtraError, ParityError


def plot_training(training: Training, path: Path) -> None:
    """Write both loss curves, and their difference on a logarithmic axis, to `path`.

    Raises MissingExtraError without matplotlib, ParityError when the file cannot be written.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(
            "--plot needs matplotlib: pip install 'rnn-parity[plot]'"
        ) from error
    ours, theirs = training.losses.T
    steps = np.arange(1, len(ours) + 1)
    difference = np.abs(ours - theirs)
    equal = int(np.count_nonzero(difference == 0))

    figure = Figure(figsize=(8, 6), layout="constrained")
    curves, gap = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    figure.suptitle(f"{training.verdict.config}", fontsize=10)
    curves.plot(steps, theirs, color="0.7", linewidth=4, label=training.verdict.reference)
    curves.plot(steps, ours, color="C0", linewidth=1, label=training.verdict.subject)
    curves.set_ylabel("mini-batch loss")
    curves.set_ylim(bottom=0)
    curves.legend()
    gap.plot(steps, np.where(difference > 0, difference, np.nan), ".", color="C3", markersize=4)
    if equal < len(steps):
        gap.set_yscale("log")
    gap.set_ylabel("|difference|")
    gap.set_title(f"bit-equal in {equal} of {len(steps)} steps", fontsize=9)
    gap.set_xlabel("SGD step")
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise ParityError(f"cannot write the plot to {str(path)!r}: {error}") from error
