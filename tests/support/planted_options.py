"""Every mistake in an option, planted into `scratch` by editing its source.

Each has a configuration that shows it, by its id.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Edit:
    """`old`, which must stand exactly once in `file`, becomes `new`."""

    file: str
    old: str
    new: str


def _in(file: str, *pairs: tuple[str, str]) -> tuple[Edit, ...]:
    """Return the edits of one file of `scratch`: old and new."""
    return tuple(Edit(file=f"{file}.py", old=old, new=new) for old, new in pairs)


def _stacked(*pairs: tuple[str, str]) -> tuple[Edit, ...]:
    return _in("stacked", *pairs)


def _subject(*pairs: tuple[str, str]) -> tuple[Edit, ...]:
    return _in("subject", *pairs)


def _pooling(*pairs: tuple[str, str]) -> tuple[Edit, ...]:
    return _in("pooling", *pairs)


def _loss(*pairs: tuple[str, str]) -> tuple[Edit, ...]:
    return _in("loss", *pairs)


def _optimizer(*pairs: tuple[str, str]) -> tuple[Edit, ...]:
    return _in("optimizer", *pairs)


def _clipping(*pairs: tuple[str, str]) -> tuple[Edit, ...]:
    return _in("clipping", *pairs)


def _classifier(*pairs: tuple[str, str]) -> tuple[Edit, ...]:
    return _in("sequence_classifier", *pairs)


# -- lines that several mistakes edit --------------------------------------------------------------

CELL = "        return _kernels.cell("
SUFFIX = "        suffix = _suffix(layer, direction)\n        W_x,"
H_0 = "None if initial is None else initial[layer * self.directions + direction],"
INITIAL = 'initial = self._states("h_0", h_0, layout)'
BACK = "named, initial = self._back_layer(layer, runs[layer], above, last, below)\n"
EACH = "        for direction, run in enumerate(runs):\n"
D_FINAL = "None if last is None else last[layer * self.directions + direction],"
ABOVE = "None if above is None else above[..., own],"
FINAL = "final = [layout.write_state(run.final)"
READ = "below = layout.copy(x)\n"
UPSTREAM = "above = self._upstream(d_output, layout)\n"
MASK = "np.multiply(below, masks[layer - 1], below)"
HIDDEN = "[run.hidden for run in runs]"
INNER = "*(run.hidden for run in runs)"
OUTPUT = "*(run.hidden for run in runs[-1])"
MASKS = "[_laid_out(case, own) for name, own in case.more.items()"
LENGTHS = 'case.more.get("lengths"), masks or None'
INPUTS = f"return _laid_out(case, case.x), h_0, {LENGTHS}"
OWN = "        return _own(output, final)\n"
SHARE = "rounded(widened(d_state) / divisor, output.dtype)"
SHARED = "return np.where(own, share[:, None], output.dtype.type(0)), None"
PUT = "np.put_along_axis(d_output, winners, d_state[:, None], axis=1)"
ASKED = "widened(given), numbers, kept, widened(weights), label_smoothing, reduction\n"
ANSWER = "    return rounded(loss, given.dtype), rounded(gradient, given.dtype)\n"
NORM = 'norm = own.sum() if reduction == "mean" else logits.dtype.type(1)'
SPREAD = "np.where(kept, (log_p * weights).sum(axis=1), 0)"
EVEN = "even = np.where(kept, smoothing / classes / norm, 0)[:, None]"
SMOOTHED = "gradient += even * (p * weights.sum() - weights)"
FOUND = "    return loss, gradient\n"
DECAY = "        if self.weight_decay:\n            g = plus(g, self.weight_decay, weight)\n"
UPHILL = "        if self.maximize:\n            g = -g\n"
NESTEROV = "g = plus(g, self.momentum, v) if self.nesterov else v"
FIRST = "return g.copy()  # the first step is not dampened"
LATER = "plus(times(self.momentum, self.state[name]), 1 - self.dampening, g)"
STEP = "return plus(weight, -self.lr, g)"
CLIPPED = "gradients = {name: self.grads[name] for name in self.parameters}"
NAMED = "named = {name: gradients[name] for name in rnn.weights}"
GRADS = "        self.grads = {"
SUM_UP = "{n: g + before.get(n, 0) for n, g in self.grads.items()}"


def _again(name: str, weights: str, smoothing: str) -> tuple[Edit, ...]:
    """Compute the loss or its gradient once more, from other options."""
    pair = "loss, _" if name == "loss" else "_, gradient"
    call = f"_cross_entropy(widened(given), numbers, kept, {weights}, {smoothing}, reduction)"
    return _loss((ANSWER, f"    {pair} = {call}\n{ANSWER}"))


Planted = tuple[str, tuple[Edit, ...]]

LAYERS: dict[str, Planted] = {
    "every layer above the second reads the first layer's states": (
        "l3",
        _stacked(("below = _joined(runs[-1])", "below = _joined(runs[0])")),
    ),
    "every layer uses the first layer's W_h": (
        "l2",
        _stacked((CELL, f'        W_h = self.weights["W_h" + _suffix(0, direction)]\n{CELL}')),
    ),
    "every layer uses the first layer's bias": (
        "l2",
        _stacked((CELL, f'        b = [self.weights["b" + _suffix(0, direction)]]\n{CELL}')),
    ),
    "every layer above the second uses the second one's weights": (
        "layer-l3",
        _stacked((SUFFIX, SUFFIX.replace("layer,", "min(layer, 1),"))),
    ),
    "every layer and direction starts from the first one's initial state": (
        "bi",
        _stacked((H_0, "None if initial is None else initial[0],")),
    ),
    "the initial states are read as directions of layers, not as layers of directions": (
        "l2-bi",
        _stacked((H_0, H_0.replace("[layer * self.directions + ", "[layer + self.layers * "))),
    ),
    "only the first layer starts from its initial state, the others from zero": (
        "l2",
        _stacked((H_0, H_0.replace("initial is None", "initial is None or layer"))),
    ),
    "an initial state that is not handed over is taken as one": (
        "withouth0",
        _stacked(
            (
                INITIAL,
                (
                    "sizes = (self.layers * self.directions, *layout.batch, self.n_nodes)\n"
                    "        h_0 = np.ones(sizes, self.dtype) if h_0 is None else h_0\n"
                    f"        {INITIAL}"
                ),
            )
        ),
    ),
    "no gradient reaches the layers below the last one": (
        "l2",
        _stacked((BACK, f"{BACK}            below *= 0 if layer else 1\n")),
    ),
    "every layer goes back through the states of the last one": (
        "l2",
        _stacked(
            (
                BACK,
                "kept = [\n"
                "                _kernels._run(r.cell, r.x, s.states, r.rows, r.reverse)\n"
                "                for r, s in zip(runs[layer], runs[-1])\n"
                "            ]\n            " + BACK.replace("runs[layer]", "kept"),
            )
        ),
    ),
    "above the first layer, the gradient of W_x is made of the layer's own states": (
        "l2",
        _stacked(
            (
                EACH,
                (
                    f"{EACH}            if layer:\n"
                    "                own = run.hidden.copy()\n"
                    "                run = _kernels._run(run.cell, own, run.states, None, False)\n"
                ),
            )
        ),
    ),
    "the gradient goes down to the layer below through W_h, not through W_x": (
        "l2",
        _stacked(
            (
                EACH,
                (
                    f"{EACH}            if layer:\n"
                    "                cell = run.cell._replace(W_x_T=run.cell.W_h_T)\n"
                    "                run = run._replace(cell=cell)\n"
                ),
            )
        ),
    ),
    "the final states are the last layer's in every place": (
        "layer-l2",
        _stacked(
            ("for layer_runs in runs for run in layer_runs]", "for _ in runs for run in runs[-1]]")
        ),
    ),
    "the final states' gradients are left out in the layers below the last one": (
        "layer-l2",
        _stacked(
            (D_FINAL, D_FINAL.replace("last is None", "last is None or layer < self.layers - 1"))
        ),
    ),
    "the second direction reads the sequence forwards, too": (
        "bi",
        _stacked(("reverse=direction == 1,", "reverse=False,")),
    ),
    "the reverse direction's outputs are not turned back, nor are their gradients": (
        "bi",
        _stacked(
            *(
                (old, old.replace("hidden", "hidden[:: -1 if run.reverse else 1]"))
                for old in (HIDDEN, INNER, OUTPUT)
            ),
            (ABOVE, "None if above is None else above[:: -1 if direction else 1][..., own],"),
        ),
    ),
    "the gradients by the reverse direction's outputs are not turned around": (
        "layer-bi",
        _stacked((ABOVE, "None if above is None else above[:: -1 if direction else 1][..., own],")),
    ),
    "the directions are joined in the wrong order, forward and backward": (
        "l2-bi",
        _stacked(
            (HIDDEN, HIDDEN.replace("in runs", "in runs[::-1]")),
            (INNER, INNER.replace("in runs", "in runs[::-1]")),
            (OUTPUT, OUTPUT.replace("runs[-1]", "runs[-1][::-1]")),
            (
                "own = slice(direction * self.n_nodes, (direction + 1) * self.n_nodes)",
                "own = slice((1 - direction) * self.n_nodes, (2 - direction) * self.n_nodes)",
            ),
        ),
    ),
    "both directions use the forward one's weights": (
        "bi",
        _stacked((SUFFIX, SUFFIX.replace("direction", "0"))),
    ),
    "what a layer's inputs get is the reverse direction's gradient alone": (
        "l2-bi",
        _stacked(("more=direction == 1,", "more=False,")),
    ),
    "the reverse direction's final state is read at the last step, where it begins": (
        "bi-own",
        _stacked(
            (FINAL, FINAL.replace("run.final", "run.hidden[-1] if run.reverse else run.final"))
        ),
    ),
    "a time-first input is read as a batch-first one by a reshape": (
        "layer-timefirst",
        _stacked(
            (
                READ,
                (
                    "below = np.asarray(x)\n"
                    "        if not self.batch_first:\n"
                    "            sizes = (*layout.batch, layout.steps, -1)\n"
                    "            below = below.reshape(sizes).swapaxes(0, 1)\n"
                    "        below = layout.copy(below)\n"
                ),
            )
        ),
    ),
    "the steps of an unbatched sequence are taken for a batch of single steps": (
        "b1-layer-unbatched",
        _in("_layout", ("return array[:, None]", "return array[None]")),
    ),
    "a layer without biases learns biases all the same": (
        "biasoff-u2",
        _subject(
            ('"bias": config.bias != "absent",', '"bias": True,'),
            (
                "    return {name: w for name, w in case.parameters.items() if name not in ",
                (
                    '    biases = {cell.name("b"): case.b * 0 for cell in case.config.cells}\n'
                    "    return biases | {n: w for n, w in case.parameters.items() if n not in "
                ),
            ),
        ),
    ),
}

LENGTHS_OF_ROWS: dict[str, Planted] = {
    "the lengths are ignored: all sequences are taken to have all steps": (
        "unsorted-own",
        _subject((LENGTHS, "None, masks or None")),
    ),
    "every sequence is taken to be one step shorter than it is": (
        "unsorted-own",
        _subject(
            (
                INPUTS,
                (
                    'lengths = case.more.get("lengths")\n'
                    "    lengths = None if lengths is None else np.maximum(lengths - 1, 1)\n"
                    "    return _laid_out(case, case.x), h_0, lengths, masks or None"
                ),
            )
        ),
    ),
    "states go on through the padding, though outputs are zero there": (
        "layer-unsorted",
        _stacked(
            (
                READ,
                (
                    f"{READ}        if layout.rows is not None:\n"
                    "            whole = layout._by_time(np.asarray(x, below.dtype))\n"
                    "            below = whole[:, layout.order]\n"
                ),
            ),
            ("layout.write(by_time.copy())", "layout._replace(rows=None).write(by_time.copy())"),
            ("                layout.rows,\n", "                None,\n"),
            (
                "reverse=direction == 1,\n            )",
                "reverse=direction == 1,\n            )._replace(rows=layout.rows)",
            ),
            (FINAL, FINAL.replace("run.final", "run._replace(rows=None).final")),
            (
                "            found = _kernels.backward(\n                run,",
                (
                    "            if above is not None and run.rows is not None:\n"
                    "                above[run.rows.padding] = 0\n"
                    "            found = _kernels.backward(\n"
                    "                run._replace(rows=None),"
                ),
            ),
        ),
    ),
    "where a sequence has ended, the output is its last state, not zero": (
        "unsorted",
        _stacked(
            (
                "        output[rows.padding] = 0\n",
                (
                    "        ends = [r.states[-1] if r.reverse else r.final for r in runs]\n"
                    "        stay = np.broadcast_to(np.concatenate(ends, axis=-1), output.shape)\n"
                    "        output[rows.padding] = stay[rows.padding]\n"
                ),
            ),
            (f"layout.write({OUTPUT})", "layout._replace(rows=None).write(_joined(runs[-1]))"),
            (f"layout.write({INNER})", "layout._replace(rows=None).write(_joined(runs))"),
        ),
    ),
    "the final state is read at the last step, though the sequence may have ended": (
        "layer-unsorted",
        _stacked(
            (
                FINAL,
                FINAL.replace(
                    "run.final",
                    "run.final if run.reverse or run.rows is None else"
                    " np.where(run.rows.padding[-1][:, None], 0, run.states[-1])",
                ),
            )
        ),
    ),
    "where a sequence has ended, the gradient by its final state is lost": (
        "unsorted-own",
        _stacked(
            (
                D_FINAL,
                (
                    "None if last is None else last[layer * self.directions + direction]"
                    " * (run.reverse or run.rows is None or ~run.rows.padding[-1][:, None]),"
                ),
            )
        ),
    ),
    "the gradient by the outputs of the padding is passed on to the states": (
        "layer-unsorted",
        _stacked(
            (
                UPSTREAM,
                (
                    f"{UPSTREAM}        if layout.rows is not None and above is not None:\n"
                    "            above = layout._by_time(np.asarray(d_output))[:, layout.order]\n"
                ),
            ),
            (
                EACH,
                (
                    f"{EACH}            beyond = 0\n"
                    "            if run.rows and above is not None:\n"
                    "                padding, start = run.rows.padding, direction * self.n_nodes\n"
                    "                beyond = (above * padding[..., None]).sum(axis=0)\n"
                    "                beyond = beyond[:, start : start + self.n_nodes]\n"
                ),
            ),
            (
                D_FINAL,
                (
                    "(0 if last is None else last[layer * self.directions + direction])"
                    " + beyond * (not run.reverse),"
                ),
            ),
            ("initial.append(found.h_0)", "initial.append(found.h_0 + beyond * run.reverse)"),
        ),
    ),
    "rows are sorted by length, and never put back in their order": (
        "unsorted-own",
        _subject(
            (
                INPUTS,
                (
                    'lengths = case.more.get("lengths")\n'
                    "    order = np.argsort(0 if lengths is None else -lengths, kind='stable')\n"
                    "    if lengths is not None:\n"
                    "        axis = 1 if config.call == 'time-first' else 0\n"
                    "        masks = [np.take(mask, order, axis) for mask in masks]\n"
                    "        h_0 = None if h_0 is None else h_0[:, order]\n"
                    "        x = np.take(_laid_out(case, case.x), order, axis)\n"
                    "        return x, h_0, lengths[order], masks or None\n"
                    f"    {INPUTS}"
                ),
            )
        ),
    ),
    "rows are sorted by length, but not their initial states": (
        "unsorted-meanpool",
        _stacked((INITIAL, INITIAL.replace("layout", "layout._replace(order=None)"))),
    ),
}

DROPOUT: dict[str, Planted] = {
    "what dropout keeps is not scaled: its mask is of zeros and ones": (
        "l2-drop0.5",
        _subject((MASKS, MASKS.replace("own)", "(own > 0).astype(own.dtype))"))),
    ),
    "dropout has one mask for all steps": (
        "l2-drop0.5",
        _subject((MASKS, MASKS.replace("own)", "np.repeat(own[:, :1], own.shape[1], axis=1))"))),
    ),
    "dropout has one mask for all layers": (
        "l3-drop0.5",
        _subject((MASKS, MASKS.replace("own)", 'case.more["mask_l0"])'))),
    ),
    "dropout's mask is missing in the backward": (
        "l2-drop0.5",
        _stacked((MASK, "pass")),
    ),
    "the last layer's states are dropped, too": (
        "layer-l2-drop0.5",
        _stacked(
            (
                f"return layout.write({OUTPUT}), np.stack(final)",
                (
                    "last = 1 if factors is None else factors[-1]\n"
                    "        return layout.write(_joined(runs[-1]) * last), np.stack(final)"
                ),
            ),
            (
                UPSTREAM,
                (
                    f"{UPSTREAM}        if masks is not None and above is not None:\n"
                    "            above = above * masks[-1]\n"
                ),
            ),
        ),
    ),
    "in evaluation states are multiplied by the share that training keeps": (
        "l2-drop0.5-evaluation",
        _stacked(
            (
                "        if not (self.training and self.dropout):\n",
                (
                    "        if not self.training and self.dropout:\n"
                    "            kept = np.full(shape, 1 - self.dropout, self.dtype)\n"
                    "            return [layout.read(kept)] * between\n"
                    "        if not (self.training and self.dropout):\n"
                ),
            )
        ),
    ),
}

POOLING: dict[str, Planted] = {
    "the classifier's mean is taken over all steps, the padding among them": (
        "unsorted-meanpool",
        _pooling(
            ("divisor = counts[:, None]", "divisor = (counts[:, None] * 0 + output.shape[1])")
        ),
    ),
    "the gradient of the classifier's mean over the steps is not divided by their number": (
        "meanpool",
        _pooling((SHARE, SHARE.replace(" / divisor", ""))),
    ),
    "the gradient of the classifier's mean over the steps goes to the last step alone": (
        "meanpool",
        _pooling(
            (
                SHARED,
                (
                    "d_output = np.zeros_like(output)\n"
                    "        d_output[:, -1] = d_state\n"
                    "        return d_output, None"
                ),
            )
        ),
    ),
    "the gradient of the classifier's maximum over the steps goes to every step": (
        "maxpool",
        _pooling((PUT, "d_output[:] = d_state[:, None]")),
    ),
    "the gradient of the classifier's maximum over the steps goes to the last step": (
        "maxpool",
        _pooling((PUT, "d_output[:, -1] = d_state")),
    ),
    "the classifier's maximum is taken over the zeros of the padding, too": (
        "unsorted-maxpool",
        _pooling(("np.where(own, widened(output), -np.inf).argmax", "widened(output).argmax")),
    ),
    "the classifier reads the last step, though the sequence may have ended before": (
        "unsorted-own",
        _pooling((OWN, "        return _last(output)\n")),
    ),
    "of both directions, the classifier reads the step at which the sequence ends": (
        "bi-unsorted-own",
        _pooling(
            (
                OWN,
                (
                    "        ends = np.full(len(output), output.shape[1])\n"
                    "        ends = ends if lengths is None else np.asarray(lengths)\n"
                    "        rows = np.arange(len(output))\n\n"
                    "        def backward(d_state: Array) -> tuple[Array, None]:\n"
                    "            d_output = np.zeros_like(output)\n"
                    "            d_output[rows, ends - 1] = d_state\n"
                    "            return d_output, None\n\n"
                    "        return Pooled(output[rows, ends - 1], backward)\n"
                ),
            )
        ),
    ),
}

LOSS: dict[str, Planted] = {
    "the class weights are ignored": (
        "weighted",
        _loss((ASKED, ASKED.replace("widened(weights)", "np.ones_like(widened(weights))"))),
    ),
    "the weighted loss is divided by the number of labels, not by the sum of weights": (
        "weighted",
        _loss((NORM, NORM.replace("own.sum()", "kept.sum()"))),
    ),
    "the class weights are missing in the gradient of the loss": (
        "weighted",
        _again("gradient", "np.ones_like(widened(weights))", "label_smoothing"),
    ),
    "the class weights are missing in the loss, though its gradient has them": (
        "weighted",
        _again("loss", "np.ones_like(widened(weights))", "label_smoothing"),
    ),
    "label smoothing weighs every class by the label's weight, not by its own": (
        "weighted-smooth0.1",
        _loss(
            (SPREAD, "np.where(kept, log_p.sum(axis=1) * weights[picked], 0)"),
            (SMOOTHED, "gradient += even * weights[picked][:, None] * (p * classes - 1)"),
        ),
    ),
    "label smoothing is ignored": (
        "smooth0.1",
        _loss((ASKED, ASKED.replace("label_smoothing", "0.0"))),
    ),
    "label smoothing is missing in the gradient of the loss": (
        "smooth0.1",
        _again("gradient", "widened(weights)", "0.0"),
    ),
    "label smoothing is missing in the loss, though its gradient has it": (
        "smooth0.1",
        _again("loss", "widened(weights)", "0.0"),
    ),
    "label smoothing is divided by classes - 1, though the label has a share of it": (
        "smooth0.1",
        _loss(
            ("smoothing / classes * (spread", "smoothing / (classes - 1) * (spread"),
            (EVEN, EVEN.replace("/ classes", "/ (classes - 1)")),
        ),
    ),
    "label smoothing does not know the class weights": (
        "weighted-smooth0.1",
        _loss(
            (SPREAD, SPREAD.replace(" * weights", "")),
            (SMOOTHED, "gradient += even * (p * classes - 1)"),
        ),
    ),
    "label smoothing is shared among the other classes: s / (classes - 1)": (
        "smooth0.1",
        _loss(
            (
                "smoothing / classes * (spread.sum() / norm)",
                "smoothing / (classes - 1) * (spread.sum() / norm)",
            ),
            (SPREAD, f"{SPREAD} - np.where(kept, own * log_p[rows, picked], 0)"),
            (EVEN, EVEN.replace("/ classes", "/ (classes - 1)")),
            (
                SMOOTHED,
                (
                    f"{SMOOTHED} - even * own[:, None] * p\n"
                    "        gradient[rows, picked] += even[:, 0] * own"
                ),
            ),
        ),
    ),
    "label smoothing is added to the labels, of which 1 - s should be left": (
        "smooth0.1",
        _loss(
            ("loss = (1 - smoothing) * loss - ", "loss = loss - "),
            ("np.where(kept, (1 - smoothing) * own / norm, 0)", "np.where(kept, own / norm, 0)"),
        ),
    ),
    "ignored labels count in what the loss is divided by": (
        "ignore",
        _loss((NORM, NORM.replace("own.sum()", "logits.dtype.type(batch)"))),
    ),
    "the gradient by the logits is not zero where the label is ignored": (
        "ignore",
        _loss((FOUND, f"    gradient += np.where(kept, 0, 1)[:, None] * p / norm\n{FOUND}")),
    ),
    "ignored labels count, as class 0": (
        "ignore",
        _loss(
            (
                "    kept: Array = labels != ignore_index\n",
                (
                    "    labels = np.where(labels == ignore_index, 0, labels)\n"
                    "    unsigned = labels.view(np.uint64)\n"
                    "    kept: Array = labels >= 0\n"
                ),
            )
        ),
    ),
    "the loss is a mean where a sum is asked for, and so is its gradient": (
        "sum",
        _loss((NORM, "norm = own.sum()")),
    ),
    "the gradient of a loss that is a sum is that of the mean": (
        "sum",
        _loss((FOUND, '    gradient /= own.sum() if reduction == "sum" else 1\n' + FOUND)),
    ),
    "the loss is a mean where a sum is asked for, though its gradient is the sum's": (
        "sum",
        _loss((FOUND, '    loss /= own.sum() if reduction == "sum" else 1\n' + FOUND)),
    ),
}

OPTIMISER: dict[str, Planted] = {
    "momentum has no effect: no velocity is kept from one update to the next": (
        "mom0.9-u2",
        _optimizer(("if name not in self.state:", "if True:")),
    ),
    "the velocity is a moving average: momentum v + (1 - momentum) g": (
        "mom0.9-u2",
        _optimizer(
            (FIRST, "return times(1 - self.momentum, g)"),
            (LATER, LATER.replace("dampening", "momentum")),
        ),
    ),
    "the first update's gradient is dampened, too": (
        "mom0.9-damp0.3",
        _optimizer((FIRST, "return times(1 - self.dampening, g)")),
    ),
    "the dampening of momentum is ignored": (
        "mom0.9-damp0.3-u2",
        _optimizer((LATER, LATER.replace("1 - self.dampening", "1"))),
    ),
    "Nesterov's momentum is plain momentum": (
        "mom0.9-nesterov",
        _optimizer((NESTEROV, "g = v")),
    ),
    "Nesterov's step is g + v: the momentum factor is missing": (
        "mom0.9-nesterov-u2",
        _optimizer((NESTEROV, NESTEROV.replace("self.momentum", "1"))),
    ),
    "Nesterov's step is momentum v: the gradient is not added to it": (
        "mom0.9-nesterov-u2",
        _optimizer(
            (NESTEROV, NESTEROV.replace("plus(g, self.momentum, v)", "times(self.momentum, v)"))
        ),
    ),
    "the weight decay is ignored": (
        "wd0.1",
        _optimizer((DECAY, "")),
    ),
    "the weight decay has the wrong sign: weights grow": (
        "wd0.1",
        _optimizer((DECAY, DECAY.replace("plus(g, ", "plus(g, -"))),
    ),
    "the weight decay is doubled": (
        "wd0.1",
        _optimizer((DECAY, DECAY.replace("plus(g, ", "plus(g, 2 * "))),
    ),
    "biases are left out of the weight decay": (
        "wd0.1",
        _optimizer(
            (DECAY, DECAY.replace("self.weight_decay:", "self.weight_decay and weight.ndim > 1:"))
        ),
    ),
    "the weight decay is decoupled: weights shrink beside the velocity": (
        "mom0.9-wd0.1-u2",
        _optimizer(
            (DECAY, ""), (STEP, "return plus(weight, -self.lr, plus(g, self.weight_decay, weight))")
        ),
    ),
    "maximize is ignored: the step goes downhill": (
        "maximize",
        _optimizer((UPHILL, "")),
    ),
    "maximize turns the weight decay around, too": (
        "wd0.1-maximize",
        _optimizer((UPHILL + DECAY, DECAY + UPHILL)),
    ),
    "each gradient is clipped by its own norm, not all by their common one": (
        "clipnorm0.1",
        _clipping(("widened(factor.astype(g.dtype))", "_factor(_norm(g, norm_type), bound)")),
    ),
    "gradients are scaled to the norm that they are to be clipped at, shorter ones, too": (
        "clipnorm5",
        _clipping(
            (
                "return np.minimum(rounded(widened(reciprocal) * limit, dtype), dtype.type(1))",
                "return rounded(widened(reciprocal) * limit, dtype)",
            )
        ),
    ),
    "the norm that gradients are clipped by takes in those of x and of the initial states": (
        "clipnorm0.1",
        _classifier((CLIPPED, "gradients = dict(self.grads)")),
    ),
    "every entry is clipped at the norm that is asked for": (
        "clipnorm0.1",
        _clipping(("return scaled, total", "return clip_by_value(gradients, limit), total")),
    ),
    "gradients are clipped at a value from above, and not from below": (
        "clipvalue0.02",
        _clipping(
            (
                "np.maximum(np.minimum(widened(g), bound), -bound)",
                "np.minimum(widened(g), bound)",
            )
        ),
    ),
    "gradients are scaled by their norm where entries are to be clipped": (
        "clipvalue0.02",
        _clipping(
            (
                "    return {\n        name: rounded(np.maximum(",
                (
                    "    return clip_by_norm(gradients, bound)[0] or {\n"
                    "        name: rounded(np.maximum("
                ),
            )
        ),
    ),
    "the head's gradients are neither clipped nor counted in the norm": (
        "clipnorm0.1",
        _classifier(
            (CLIPPED, CLIPPED.replace("self.parameters", "self.rnn.weights")),
            (
                "        return gradients\n",
                (
                    '        head = {name: self.grads[name] for name in ("W_out", "b_out")}\n'
                    "        return head | gradients\n"
                ),
            ),
        ),
    ),
    "the gradients that are told of are clipped already": (
        "clipnorm0.1",
        _subject(
            (
                "_gradients(case, model.grads)",
                "_gradients(case, model.grads | model.clipped_grads())",
            )
        ),
    ),
    "the weight decay is added before gradients are clipped": (
        "wd0.1-clipnorm0.1",
        (
            *_classifier(
                (CLIPPED, "gradients = self.optimizer.pulls(self.parameters, self.grads)")
            ),
            *_subject((NAMED, "named = optimizer.pulls(rnn.weights, gradients)")),
            *_optimizer(
                (UPHILL + DECAY, ""),
                (
                    "    def _velocity(",
                    (
                        "    def pulls(self, parameters, gradients):\n"
                        "        sign, decay = -1 if self.maximize else 1, self.weight_decay\n"
                        "        own = parameters.items()\n"
                        "        return {n: plus(sign * gradients[n], decay, w) for n, w in own}\n"
                        "\n    def _velocity("
                    ),
                ),
            ),
        ),
    ),
    "gradients are added up from one update to the next": (
        "u2",
        _classifier(
            (GRADS, f"        before = self.grads\n{GRADS}"),
            (
                "        return loss\n\n    def clipped",
                f"        self.grads = {SUM_UP}\n        return loss\n\n    def clipped",
            ),
        ),
    ),
    "every update takes the first one's gradients": (
        "u2",
        _classifier((GRADS, "        self.grads = self.grads or {")),
    ),
    "every update starts from the final states of the one before": (
        "u2",
        _stacked(
            (INITIAL, f'h_0 = getattr(self, "kept", h_0)\n        {INITIAL}'),
            (
                f"        return layout.write({OUTPUT})",
                (f"        self.kept = np.stack(final)\n        return layout.write({OUTPUT})"),
            ),
        ),
    ),
}

PLANTED_OPTIONS: dict[str, Planted] = (
    LAYERS | LENGTHS_OF_ROWS | DROPOUT | POOLING | LOSS | OPTIMISER
)
