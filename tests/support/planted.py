"""Every mistake of the catalogue, planted into a right network by editing its source."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Edit:
    """`old`, which must stand exactly once in `file`, becomes `new`."""

    file: str
    old: str
    new: str
    into: str = "tests.support.network"  # or scratch, where the network has nothing to do wrongly


def _rnn(old: str, new: str) -> Edit:
    return Edit(file="rnn.py", old=old, new=new)


def _activations(old: str, new: str) -> Edit:
    return Edit(file="_activations.py", old=old, new=new)


def _classifier(old: str, new: str) -> Edit:
    return Edit(file="classifier.py", old=old, new=new)


def _loss(old: str, new: str) -> Edit:
    return Edit(file="loss.py", old=old, new=new)


def _subject(old: str, new: str) -> Edit:
    return Edit(file="subject.py", old=old, new=new)


# -- lines that several mistakes edit --------------------------------------------------------------

READ = "given.transpose(1, 0, 2)"
BIAS = "        states[1:] += b\n"
RECUR = "            states[t] += np.dot(states[t - 1], W_h, out=recurrent)\n"
NAMED = "_activations.named(activation)"
APPLY = "    if activation in _SLOPES:\n        activation(a, out=a)\n"
SLOPE = "return _SLOPES[activation](h)"
GRADED = "        loss, dlogits = self.compute_loss_and_grad(logits, y_true)\n"
LOGITS = "hidden[:, -1] @ W_out + b_out"
HEAD_W = '"W_out": hidden[:, -1].T @ dlogits,'
HEAD_B = '"b_out": dlogits.sum(axis=0),'
LOSS = "loss = (np.log(total[:, 0]) - shifted[rows, labels]).mean()"
SHIFTED = "shifted = logits - logits.max(axis=1, keepdims=True)"
NORMALISED = "    p /= total\n"
ONEHOT = "    p[rows, labels] -= 1\n"
BATCH = "    p /= len(logits)\n"
TANH_SLOPE = "return np.subtract(1, slope, out=slope)"
CARRY = "            da[t] += np.dot(da[t + 1], W_h_T, out=recurrent)\n"
SLOPE_LAST = "        da[-1] *= slope[-1]\n"
SLOPE_T = "            da[t] *= slope[t]\n"
UPSTREAM = '        da = np.array(dh_out.transpose(1, 0, 2), order="C")\n'
BACK = "        return da\n"
W_H_T = "np.ascontiguousarray(W_h.T)"
D_W_X = "dW_x = kept.x.T @ flat"
D_W_H = "dW_h = kept.states[:-1].reshape(-1, self.n_nodes).T @ flat"
D_B = "db = flat.sum(axis=0)"
D_X = "np.ascontiguousarray(dx)"
D_H_0 = "da[0] @ W_h.T"
FINISHED = "        if not inputs:\n"
RETURN_LOSS = "        return loss\n"
STEP = "weight - self.lr * self.grads[name]"
LAYER_STEP = "weight - case.lr * named[name]"
LAYER_NAMED = '    named = dict(zip(("W_x", "W_h", "b", "x", "h_0"), gradients, strict=True))\n'

UPDATING = (
    _classifier("        self.lr = lr\n", "        self.lr = self.rnn.lr = lr\n"),
    _subject(
        "    hidden = rnn.forward(case.x, case.h_0)\n",
        "    rnn.lr = case.lr\n    hidden = rnn.forward(case.x, case.h_0)\n",
    ),
    _rnn(D_H_0, "da[0] @ self.updated"),
)

PLANTED: dict[str, tuple[float | None, tuple[Edit, ...]]] = {
    # -- reading -----------------------------------------------------------------------------------
    "batch and time of the input are swapped by a reshape": (
        None,
        (_rnn(READ, "given.reshape(steps, batch, features)"),),
    ),
    "the sequence is read from its end": (
        None,
        (_rnn(READ, "given[:, ::-1].transpose(1, 0, 2)"),),
    ),
    "every step sees the input of the step before, the first one that of the last": (
        None,
        (_rnn(READ, "given[:, np.arange(steps) - 1].transpose(1, 0, 2)"),),
    ),
    "every step sees the input of the step after, the last one that of the first": (
        None,
        (_rnn(READ, "given[:, (np.arange(steps) + 1) % steps].transpose(1, 0, 2)"),),
    ),
    "labels are taken to count from 1": (
        None,
        (
            _loss(
                "rows = np.arange(len(logits))", "rows, labels = np.arange(len(logits)), labels - 1"
            ),
        ),
    ),
    "the initial state is ignored: h_0 is taken as zero": (
        None,
        (_rnn("        if h_0 is None:\n", "        if True:\n"),),
    ),
    "the initial state is ignored in the gradient of W_h": (
        None,
        (
            _rnn(
                D_W_H,
                "dW_h = kept.states[1:-1].reshape(-1, self.n_nodes).T @ flat[batch:]",
            ),
        ),
    ),
    "in the gradient of W_h, the state before the first step is the final one": (
        None,
        (
            _rnn(
                D_W_H,
                "dW_h = kept.states[1:][np.arange(steps) - 1].reshape(-1, self.n_nodes).T @ flat",
            ),
        ),
    ),
    "every step starts from h_0: the state is never advanced": (
        None,
        (_rnn("np.dot(states[t - 1], W_h,", "np.dot(states[0], W_h,"),),
    ),
    "the recurrence takes the state of two steps before": (
        None,
        (_rnn("np.dot(states[t - 1], W_h,", "np.dot(states[max(t - 2, 0)], W_h,"),),
    ),
    # -- forward -----------------------------------------------------------------------------------
    "the bias is missing in the forward": (None, (_rnn(BIAS, ""),)),
    "the bias is added twice in the forward": (None, (_rnn(BIAS, BIAS + BIAS),)),
    "the bias is added in the first step only": (None, (_rnn(BIAS, "        states[1] += b\n"),)),
    "W_h is transposed in the forward": (
        None,
        (_rnn("np.dot(states[t - 1], W_h,", "np.dot(states[t - 1], W_h.T,"),),
    ),
    "W_h is transposed throughout: it is kept in the layout of weight_hh": (
        None,
        (
            _rnn("np.dot(states[t - 1], W_h,", "np.dot(states[t - 1], W_h.T,"),
            _rnn(W_H_T, "W_h"),
            _rnn(D_H_0, "da[0] @ W_h"),
            _rnn(D_W_H, "dW_h = flat.T @ kept.states[:-1].reshape(-1, self.n_nodes)"),
        ),
    ),
    "the recurrence is missing in the forward": (None, (_rnn(RECUR, ""),)),
    "the input is missing in the forward": (
        None,
        (_rnn("np.dot(by_time, W_x, out=states[1:].reshape(-1, self.n_nodes))", "states[1:] = 0"),),
    ),
    "the activation asked for is ignored: it is always tanh": (
        None,
        (_rnn(NAMED, '_activations.named("tanh")'),),
    ),
    "the activation asked for is ignored: it is always relu": (
        None,
        (_rnn(NAMED, '_activations.named("relu")'),),
    ),
    "the activation is the logistic sigmoid": (
        None,
        (
            _activations(APPLY, "    if True:\n        a[...] = 1 / (1 + np.exp(-a))\n"),
            _activations(SLOPE, "return h * (1 - h)"),
        ),
    ),
    "there is no activation": (
        None,
        (
            _rnn("            _activations.apply(self.activation, states[t])\n", ""),
            _rnn("_activations.slope(self.activation, states)", "np.ones_like(states)"),
        ),
    ),
    "the activation is missing in the forward, though its derivative is taken": (
        None,
        (_rnn("            _activations.apply(self.activation, states[t])\n", ""),),
    ),
    "tanh is made of exponentials, which overflow": (
        None,
        (
            _activations(
                APPLY,
                "    if activation is np.tanh:\n"
                "        up, down = np.exp(a), np.exp(-a)\n"
                "        a[...] = (up - down) / (up + down)\n"
                "    elif activation in _SLOPES:\n"
                "        activation(a, out=a)\n",
            ),
        ),
    ),
    "the last step is not activated": (
        None,
        (
            _rnn(
                "            _activations.apply(self.activation, states[t])\n",
                "            if t < steps:\n"
                "                _activations.apply(self.activation, states[t])\n",
            ),
        ),
    ),
    "relu leaks: below zero its slope is {value}": (
        0.1,
        (
            _activations("np.maximum(a, 0, out=out)", "np.maximum(a, 0.1 * a, out=out)"),
            _activations(
                "np.greater(h, 0).astype(h.dtype)", "np.where(h > 0, 1, 0.1).astype(h.dtype)"
            ),
        ),
    ),
    # -- head and loss -----------------------------------------------------------------------------
    "the logits are read from the state before the last, which gets their gradient": (
        None,
        (
            _classifier(LOGITS, "self.rnn._forward.states[-2] @ W_out + b_out"),
            _classifier(HEAD_W, '"W_out": self.rnn._forward.states[-2].T @ dlogits,'),
            _classifier("dh_out[:, -1] = dlogits", "dh_out[:, -2:-1] = (dlogits"),
            _classifier("@ np.asarray(self.W_out, self.dtype).T", "@ self.W_out.T)[:, None]"),
        ),
    ),
    "the logits are read from the state after the first step, which gets their gradient": (
        None,
        (
            _classifier(LOGITS, "hidden[:, 0] @ W_out + b_out"),
            _classifier(HEAD_W, '"W_out": hidden[:, 0].T @ dlogits,'),
            _classifier("dh_out[:, -1] = dlogits", "dh_out[:, 0] = dlogits"),
        ),
    ),
    "the logits are read from the mean of all states, which all get their gradient": (
        None,
        (
            _classifier(LOGITS, "hidden.mean(axis=1) @ W_out + b_out"),
            _classifier(HEAD_W, '"W_out": hidden.mean(axis=1).T @ dlogits,'),
            _classifier("dh_out[:, -1] = dlogits", "dh_out[:] = (dlogits / hidden.shape[1]"),
            _classifier("@ np.asarray(self.W_out, self.dtype).T", "@ self.W_out.T)[:, None]"),
        ),
    ),
    "the logits pass through tanh, forward and backward": (
        None,
        (
            _classifier(LOGITS, f"np.tanh({LOGITS})"),
            _classifier(GRADED, GRADED + "        dlogits = dlogits * (1 - logits**2)\n"),
        ),
    ),
    "the logits pass through relu, forward and backward": (
        None,
        (
            _classifier(LOGITS, f"np.maximum({LOGITS}, 0)"),
            _classifier(GRADED, GRADED + "        dlogits = dlogits * (logits > 0)\n"),
        ),
    ),
    "the logits are read from the state before the last": (
        None,
        (
            _classifier(LOGITS, "self.rnn._forward.states[-2] @ W_out + b_out"),
            _classifier(HEAD_W, '"W_out": self.rnn._forward.states[-2].T @ dlogits,'),
        ),
    ),
    "the logits are read from the state after the first step": (
        None,
        (
            _classifier(LOGITS, "hidden[:, 0] @ W_out + b_out"),
            _classifier(HEAD_W, '"W_out": hidden[:, 0].T @ dlogits,'),
        ),
    ),
    "the logits are read from the mean of all states": (
        None,
        (
            _classifier(LOGITS, "hidden.mean(axis=1) @ W_out + b_out"),
            _classifier(HEAD_W, '"W_out": hidden.mean(axis=1).T @ dlogits,'),
        ),
    ),
    "the output bias is missing in the logits": (
        None,
        (_classifier(LOGITS, "hidden[:, -1] @ W_out"),),
    ),
    "the output bias is added twice": (None, (_classifier(LOGITS, LOGITS + " + b_out"),)),
    "the logits pass through tanh": (None, (_classifier(LOGITS, f"np.tanh({LOGITS})"),)),
    "the logits pass through relu": (None, (_classifier(LOGITS, f"np.maximum({LOGITS}, 0)"),)),
    "softmax is applied twice": (None, (_classifier(LOGITS, f"softmax({LOGITS})"),)),
    "the loss is a sum over the batch, its gradient that of the mean": (
        None,
        (_loss("labels]).mean()", "labels]).sum()"),),
    ),
    "the loss is divided by the batch size twice, its gradient once": (
        None,
        (_loss("labels]).mean()", "labels]).mean() / len(logits)"),),
    ),
    "the loss is divided by the number of classes, its gradient is not": (
        None,
        (_loss("labels]).mean()", "labels]).sum() / logits.size"),),
    ),
    "the loss is multiplied by the number of classes, its gradient is not": (
        None,
        (_loss("labels]).mean()", "labels]).mean() * logits.shape[1]"),),
    ),
    "the loss is multiplied by half the number of classes": (
        None,
        (_loss("labels]).mean()", "labels]).mean() * logits.shape[1] / 2"),),
    ),
    "the loss is divided by the number of steps, its gradient is not": (
        None,
        (_classifier(RETURN_LOSS, "        return loss / x.shape[1]\n"),),
    ),
    "the loss is multiplied by the number of steps, its gradient is not": (
        None,
        (_classifier(RETURN_LOSS, "        return loss * x.shape[1]\n"),),
    ),
    "the loss is twice what its gradient belongs to": (
        None,
        (_loss("labels]).mean()", "labels]).mean() * 2"),),
    ),
    "the loss is half of what its gradient belongs to": (
        None,
        (_loss("labels]).mean()", "labels]).mean() / 2"),),
    ),
    "the loss has the wrong sign": (
        None,
        (_loss(LOSS, "loss = (shifted[rows, labels] - np.log(total[:, 0])).mean()"),),
    ),
    "the loss is taken in bits": (
        None,
        (_loss("labels]).mean()", "labels]).mean() / np.log(2)"),),
    ),
    "the loss is -log p, which is infinite where p comes to zero": (
        None,
        (_loss(LOSS, "loss = -np.log(p[rows, labels] / total[:, 0]).mean()"),),
    ),
    "the loss is the logarithm of p + {value}": (
        1e-08,
        (_loss(LOSS, "loss = -np.log(p[rows, labels] / total[:, 0] + 1e-8).mean()"),),
    ),
    "probabilities are clipped at {value} in the loss": (
        0.001,
        (
            _loss(
                LOSS,
                "loss = -np.log(np.clip(p / total, 1e-3, 1 - 1e-3)[rows, labels]).mean()",
            ),
        ),
    ),
    "the loss is the binary cross-entropy of every class": (
        None,
        (
            _loss(
                LOSS,
                "y = np.eye(logits.shape[1], dtype=bool)[labels]\n"
                "    loss = -np.log(np.where(y, p / total, 1 - p / total)).sum() / len(logits)",
            ),
        ),
    ),
    "softmax does not subtract the largest logit": (
        None,
        (
            _loss(SHIFTED, "shifted = logits"),
            _loss(
                LOSS,
                "y = np.eye(logits.shape[1], dtype=logits.dtype)[labels]\n"
                "    loss = -np.log((y * p / total).sum(axis=1)).mean()",
            ),
        ),
    ),
    "softmax subtracts the largest logit of the whole matrix, not of each row": (
        None,
        (_loss(SHIFTED, "shifted = logits - logits.max()"),),
    ),
    "softmax is taken over the batch, not over the classes": (
        None,
        (
            _loss(SHIFTED, "shifted = logits - logits.max(axis=0, keepdims=True)"),
            _loss("total = p.sum(axis=1, keepdims=True)", "total = p.sum(axis=0, keepdims=True)"),
            _loss("np.log(total[:, 0])", "np.log(total[0, labels])"),
        ),
    ),
    "softmax is taken over the whole matrix, not over each row": (
        None,
        (
            _loss(SHIFTED, "shifted = logits - logits.max()"),
            _loss("total = p.sum(axis=1, keepdims=True)", "total = p.sum()"),
            _loss(LOSS, "loss = -np.log(p[rows, labels] / total).mean()"),
        ),
    ),
    "the gradient by the logits is p: the one-hot labels are not subtracted": (
        None,
        (_loss(ONEHOT, ""),),
    ),
    "the gradient by the logits has the wrong sign": (
        None,
        (_loss(BATCH, "    p /= -len(logits)\n"),),
    ),
    "the gradient by the logits takes the logits for probabilities": (
        None,
        (_loss(NORMALISED, "    p = logits.copy()\n"),),
    ),
    "the gradient by the logits is multiplied by p (1 - p) once more": (
        None,
        (
            _loss(NORMALISED, NORMALISED + "    slope = p * (1 - p)\n"),
            _loss(BATCH, "    p *= slope / len(logits)\n"),
        ),
    ),
    "the gradient of the mean loss is not divided by the batch size": (None, (_loss(BATCH, ""),)),
    "all gradients are divided by the batch size twice": (None, (_loss(BATCH, BATCH + BATCH),)),
    "the gradient by the logits is divided by the number of classes": (
        None,
        (_loss(BATCH, "    p /= p.size\n"),),
    ),
    "the gradient by the logits is doubled": (None, (_loss(BATCH, BATCH + "    p *= 2\n"),)),
    # -- backward ----------------------------------------------------------------------------------
    "the derivative of tanh is taken at the activated value: 1 - tanh(h)^2": (
        None,
        (_activations("slope = np.multiply(h, h)", "slope = np.tanh(h) ** 2"),),
    ),
    "the derivative of tanh is taken as 1 - h": (
        None,
        (_activations("slope = np.multiply(h, h)", "slope = h.copy()"),),
    ),
    "the derivative of tanh is taken as (1 - h)^2": (
        None,
        (_activations(TANH_SLOPE, "return np.square(1 - h)"),),
    ),
    "the derivative of tanh is taken as 1 + h^2": (
        None,
        (_activations("np.subtract(1, slope, out=slope)", "np.add(1, slope, out=slope)"),),
    ),
    "the derivative of the sigmoid, h (1 - h), is taken for that of tanh": (
        None,
        (_activations(TANH_SLOPE, "return np.multiply(h, 1 - h)"),),
    ),
    "the derivative of relu is taken for that of tanh": (
        None,
        (_activations("np.tanh: _tanh_slope", "np.tanh: _relu_slope"),),
    ),
    "the derivative of tanh is used with relu": (
        None,
        (_activations("relu: _relu_slope", "relu: _tanh_slope"),),
    ),
    "the derivative of relu is taken as the state itself": (
        None,
        (_activations("np.greater(h, 0).astype(h.dtype)", "np.maximum(h, 0)"),),
    ),
    "the derivative of the activation is missing in the backward": (
        None,
        (_rnn(SLOPE_LAST, ""), _rnn(SLOPE_T, "")),
    ),
    "the derivative of the activation is applied twice": (
        None,
        (_rnn(SLOPE_LAST, SLOPE_LAST + SLOPE_LAST), _rnn(SLOPE_T, SLOPE_T + SLOPE_T)),
    ),
    "the derivative of the activation is taken at the step before": (
        None,
        (_rnn("kept.states[1:]", "kept.states[:-1]"),),
    ),
    "the derivative of the activation is missing in the last step": (None, (_rnn(SLOPE_LAST, ""),)),
    "no gradient goes back through time": (None, (_rnn(CARRY, ""),)),
    "the gradient through time has the wrong sign": (
        None,
        (_rnn("da[t] += np.dot(da[t + 1]", "da[t] -= np.dot(da[t + 1]"),),
    ),
    "the gradient through time is added twice": (None, (_rnn(CARRY, CARRY + CARRY),)),
    "W_h is not transposed in the backward": (
        None,
        (_rnn(W_H_T, "W_h"), _rnn(D_H_0, "da[0] @ W_h")),
    ),
    "W_h is not transposed from step to step, though it is for h_0": (None, (_rnn(W_H_T, "W_h"),)),
    "the gradient goes back through time without the activation's derivative": (
        None,
        (
            _rnn(SLOPE_LAST, ""),
            _rnn(SLOPE_T, ""),
            _rnn(BACK, "        return da * slope\n"),
        ),
    ),
    "backpropagation is truncated: only the last {value} steps are gone back through": (
        3,
        (_rnn(BACK, "        da[:-3] = 0\n" + BACK),),
    ),
    "backpropagation is cut every {value} steps": (
        2,
        (
            _rnn(
                CARRY,
                "            if (t + 1) % 2 != 0:\n"
                "                da[t] += np.dot(da[t + 1], W_h_T, out=recurrent)\n",
            ),
        ),
    ),
    "the first step is left out of the backward": (
        None,
        (_rnn(BACK, "        da[0] = 0\n" + BACK),),
    ),
    "W_h is updated inside the loop of backpropagation": (
        None,
        (
            _rnn(CARRY, "            W_h_T -= self.lr * da[t + 1].T @ states[t]\n" + CARRY),
            *UPDATING,
            _rnn(
                BACK,
                "        self.updated = W_h_T - self.lr * da[0].T @ self._forward.states[0]\n"
                + BACK,
            ),
        ),
    ),
    "W_h is updated inside the loop of backpropagation, after each step's use of it": (
        None,
        (
            _rnn(CARRY, CARRY + "            W_h_T -= self.lr * da[t + 1].T @ states[t]\n"),
            *UPDATING,
            _rnn(BACK, "        self.updated = W_h_T\n" + BACK),
        ),
    ),
    "the last step's upstream gradient is added at every step": (
        None,
        (_rnn(UPSTREAM, UPSTREAM + "        da[:-1] += da[-1]\n"),),
    ),
    "only the last step's upstream gradient is used": (
        None,
        (_rnn(UPSTREAM, UPSTREAM + "        da[:-1] = 0\n"),),
    ),
    "the upstream gradients are used one step late": (
        None,
        (_rnn(UPSTREAM, UPSTREAM + "        da = np.roll(da, 1, axis=0)\n"),),
    ),
    "the final state's own upstream gradient is left out": (
        None,
        (_subject("    dh_out[:, -1] += case.upstream_final", "    "),),
    ),
    "the final state's own upstream gradient is counted twice": (
        None,
        (_subject("+= case.upstream_final", "+= 2 * case.upstream_final"),),
    ),
    "the gradient of h_0 is that of the first pre-activation: W_h is left out": (
        None,
        (_rnn(D_H_0, "da[0]"),),
    ),
    "the gradient of h_0 is zero": (None, (_rnn(D_H_0, "np.zeros_like(da[0])"),)),
    "W_h is not transposed in the gradient of h_0": (None, (_rnn(D_H_0, "da[0] @ W_h"),)),
    # -- parameters' gradients ---------------------------------------------------------------------
    "parameter gradients are overwritten in every step: only the first step's is left": (
        None,
        (
            _rnn(D_W_X, "dW_x = kept.x[:batch].T @ da[0]"),
            _rnn(D_W_H, "dW_h = kept.states[0].T @ da[0]"),
            _rnn(D_B, "db = da[0].sum(axis=0)"),
        ),
    ),
    "the gradient of W_h is overwritten in every step: only the first step's is left": (
        None,
        (_rnn(D_W_H, "dW_h = kept.states[0].T @ da[0]"),),
    ),
    "the gradient of W_x is overwritten in every step: only the first step's is left": (
        None,
        (_rnn(D_W_X, "dW_x = kept.x[:batch].T @ da[0]"),),
    ),
    "the gradient of b is overwritten in every step: only the first step's is left": (
        None,
        (_rnn(D_B, "db = da[0].sum(axis=0)"),),
    ),
    "parameter gradients are those of the last step alone": (
        None,
        (
            _rnn(D_W_X, "dW_x = kept.x[-batch:].T @ da[-1]"),
            _rnn(D_W_H, "dW_h = kept.states[-2].T @ da[-1]"),
            _rnn(D_B, "db = da[-1].sum(axis=0)"),
        ),
    ),
    "parameter gradients leave out the first step": (
        None,
        (
            _rnn(D_W_X, "dW_x = kept.x[batch:].T @ flat[batch:]"),
            _rnn(D_W_H, "dW_h = kept.states[1:-1].reshape(-1, self.n_nodes).T @ flat[batch:]"),
            _rnn(D_B, "db = flat[batch:].sum(axis=0)"),
        ),
    ),
    "parameter gradients are a mean over time": (
        None,
        (
            _rnn(D_W_X, D_W_X + " / steps"),
            _rnn(D_W_H, D_W_H + " / steps"),
            _rnn(D_B, "db = da.mean(axis=0).sum(axis=0)"),
        ),
    ),
    "the gradient of W_h pairs da[t] with h[t], not with h[t-1]": (
        None,
        (_rnn("kept.states[:-1].reshape", "kept.states[1:].reshape"),),
    ),
    "the gradient of W_h pairs da[t] with h[t-2]": (
        None,
        (
            _rnn(
                D_W_H,
                "late = np.concatenate([kept.states[:1], kept.states[:-2]])\n"
                "        dW_h = late.reshape(-1, self.n_nodes).T @ flat",
            ),
        ),
    ),
    "the gradient of W_x pairs da[t] with x[t-1], the first one with the last": (
        None,
        (_rnn(D_W_X, "dW_x = np.roll(kept.x, batch, axis=0).T @ flat"),),
    ),
    "the gradient of W_h is transposed": (
        None,
        (_rnn(D_W_H, "dW_h = flat.T @ kept.states[:-1].reshape(-1, self.n_nodes)"),),
    ),
    "the gradient of W_x is always zero": (None, (_rnn(D_W_X, "dW_x = np.zeros_like(W_x)"),)),
    "the gradient of W_h is always zero": (None, (_rnn(D_W_H, "dW_h = np.zeros_like(W_h)"),)),
    "the gradient of b is always zero": (
        None,
        (_rnn(D_B, "db = np.zeros(self.n_nodes, self.dtype)"),),
    ),
    "the gradient of W_out is always zero": (
        None,
        (_classifier(HEAD_W, '"W_out": np.zeros_like(self.W_out),'),),
    ),
    "the gradient of b_out is always zero": (
        None,
        (_classifier(HEAD_B, '"b_out": np.zeros_like(self.b_out),'),),
    ),
    "the gradient of x is always zero": (
        None,
        (_rnn(D_X, "np.zeros(kept.shape, self.dtype)"),),
    ),
    "no gradient reaches the layer: those of its parameters, x and h_0 are zero": (
        None,
        (_rnn(UPSTREAM, UPSTREAM + "        da[:] = 0\n"),),
    ),
    "the gradient of W_x is divided by the batch size": (
        None,
        (_rnn(D_W_X, f"{D_W_X} / batch"),),
    ),
    "the gradient of W_h is divided by the batch size": (
        None,
        (_rnn(D_W_H, f"{D_W_H} / batch"),),
    ),
    "the gradient of b is a mean over the batch and the steps": (
        None,
        (_rnn(D_B, "db = flat.mean(axis=0)"),),
    ),
    "recurrent gradients are divided by the batch size twice": (
        None,
        (_rnn("return dW_x, dW_h, db, np", "return dW_x / batch, dW_h / batch, db / batch, np"),),
    ),
    "all gradients of the layer, x and h_0 among them, are divided by the batch size": (
        None,
        (_rnn(BACK, "        return da / da.shape[1]\n"),),
    ),
    "recurrent gradients are not divided by the batch size, though the head's are": (
        None,
        (_rnn(UPSTREAM, UPSTREAM + "        da *= da.shape[1]\n"),),
    ),
    "the head's gradients are divided by the batch size twice": (
        None,
        (
            _classifier(HEAD_W, '"W_out": hidden[:, -1].T @ dlogits / len(x),'),
            _classifier(HEAD_B, '"b_out": dlogits.mean(axis=0),'),
        ),
    ),
    "the head's gradients are not divided by the batch size, though the layer's are": (
        None,
        (
            _classifier(HEAD_W, '"W_out": hidden[:, -1].T @ dlogits * len(x),'),
            _classifier(HEAD_B, '"b_out": dlogits.sum(axis=0) * len(x),'),
        ),
    ),
    "the gradient of b is a mean over the batch": (
        None,
        (_rnn(D_B, "db = da.mean(axis=1).sum(axis=0)"),),
    ),
    "the gradient of b_out is a mean over the batch": (
        None,
        (_classifier(HEAD_B, '"b_out": dlogits.mean(axis=0),'),),
    ),
    "recurrent gradients are divided by the number of hidden units": (
        None,
        (
            _rnn(
                FINISHED,
                "        for gradient in (dW_x, dW_h, db):\n"
                "            gradient /= self.n_nodes\n" + FINISHED,
            ),
        ),
    ),
    "the gradient of x is divided by the batch size": (
        None,
        (_rnn(D_X, "np.ascontiguousarray(dx) / batch"),),
    ),
    "gradients are clipped by value at {value}": (
        0.1,
        (
            _classifier(
                RETURN_LOSS,
                '        for name in ("W_x", "W_h", "b", "W_out", "b_out"):\n'
                "            np.clip(self.grads[name], -0.1, 0.1, out=self.grads[name])\n"
                + RETURN_LOSS,
            ),
            _subject(
                LAYER_NAMED,
                LAYER_NAMED + '    for name in ("W_x", "W_h", "b"):\n'
                "        np.clip(named[name], -0.1, 0.1, out=named[name])\n",
            ),
        ),
    ),
    "recurrent gradients are clipped by value at {value}": (
        0.1,
        (
            _rnn(
                FINISHED,
                "        for gradient in (dW_x, dW_h, db):\n"
                "            np.clip(gradient, -0.1, 0.1, out=gradient)\n" + FINISHED,
            ),
        ),
    ),
    "gradients are clipped at {value} on their way back through time": (
        0.1,
        (
            _rnn(
                "np.dot(da[t + 1], W_h_T, out=recurrent)",
                "np.clip(np.dot(da[t + 1], W_h_T, out=recurrent), -0.1, 0.1)",
            ),
        ),
    ),
    "gradients are clipped by their common norm at {value}, as clip_grad_norm_ does it": (
        0.25,
        (
            _classifier(
                RETURN_LOSS,
                '        own = [self.grads[n] for n in ("W_x", "W_h", "b", "W_out", "b_out")]\n'
                "        norm = np.sqrt(sum((g**2).sum() for g in own))\n"
                "        if norm > 0.25:\n"
                "            for g in own:\n"
                "                g *= 0.25 / (norm + 1e-6)\n" + RETURN_LOSS,
            ),
            _subject(
                LAYER_NAMED,
                LAYER_NAMED + "    norm = np.sqrt(sum((g**2).sum() for g in gradients[:3]))\n"
                "    if norm > 0.25:\n"
                "        for g in gradients[:3]:\n"
                "            g *= 0.25 / (norm + 1e-6)\n",
            ),
        ),
    ),
    "the gradient of every pre-activation is clipped at {value}": (
        0.1,
        (
            _rnn(SLOPE_LAST, SLOPE_LAST + "        np.clip(da[-1], -0.1, 0.1, out=da[-1])\n"),
            _rnn(SLOPE_T, SLOPE_T + "            np.clip(da[t], -0.1, 0.1, out=da[t])\n"),
        ),
    ),
    "gradients are clipped by their common norm at {value}": (
        0.25,
        (
            _classifier(
                RETURN_LOSS,
                '        own = [self.grads[n] for n in ("W_x", "W_h", "b", "W_out", "b_out")]\n'
                "        norm = np.sqrt(sum((g**2).sum() for g in own))\n"
                "        if norm > 0.25:\n"
                "            for g in own:\n"
                "                g *= 0.25 / norm\n" + RETURN_LOSS,
            ),
            _subject(
                LAYER_NAMED,
                LAYER_NAMED + "    norm = np.sqrt(sum((g**2).sum() for g in gradients[:3]))\n"
                "    if norm > 0.25:\n"
                "        for g in gradients[:3]:\n"
                "            g *= 0.25 / norm\n",
            ),
        ),
    ),
    "each gradient is clipped by its own norm at {value}": (
        0.25,
        (
            _classifier(
                RETURN_LOSS,
                '        for name in ("W_x", "W_h", "b", "W_out", "b_out"):\n'
                "            norm = np.linalg.norm(self.grads[name])\n"
                "            if norm > 0.25:\n"
                "                self.grads[name] *= 0.25 / norm\n" + RETURN_LOSS,
            ),
            _subject(
                LAYER_NAMED,
                LAYER_NAMED + '    for name in ("W_x", "W_h", "b"):\n'
                "        norm = np.linalg.norm(named[name])\n"
                "        if norm > 0.25:\n"
                "            named[name] *= 0.25 / norm\n",
            ),
        ),
    ),
    # -- step --------------------------------------------------------------------------------------
    "the step goes up the gradient": (
        None,
        (
            _classifier(STEP, "weight + self.lr * self.grads[name]"),
            _subject(LAYER_STEP, "weight + case.lr * named[name]"),
        ),
    ),
    "the step updates nothing": (
        None,
        (
            _classifier("weight - self.lr * self.grads[name]", "weight"),
            _subject("weight - case.lr * named[name]", "weight"),
        ),
    ),
    "the step takes the learning rate twice": (
        None,
        (
            _classifier(STEP, "weight - 2 * self.lr * self.grads[name]"),
            _subject(LAYER_STEP, "weight - 2 * case.lr * named[name]"),
        ),
    ),
    "the step is multiplied by the square of the learning rate": (
        None,
        (
            _classifier(STEP, "weight - self.lr**2 * self.grads[name]"),
            _subject(LAYER_STEP, "weight - case.lr**2 * named[name]"),
        ),
    ),
    "the step is divided by the batch size, as the gradient was": (
        None,
        (
            _classifier(STEP, "weight - self.lr * self.grads[name] / len(self.grads['x'])"),
            _subject(LAYER_STEP, "weight - case.lr * named[name] / config.batch"),
        ),
    ),
    "the step is divided by the number of steps": (
        None,
        (
            _classifier(STEP, "weight - self.lr * self.grads[name] / self.grads['x'].shape[1]"),
            _subject(LAYER_STEP, "weight - case.lr * named[name] / config.steps"),
        ),
    ),
    "the step does not update the head": (
        None,
        (
            _classifier(
                '((self.rnn, ("W_x", "W_h", "b")), (self, ("W_out", "b_out")))',
                '((self.rnn, ("W_x", "W_h", "b")),)',
            ),
        ),
    ),
    "the step does not update the biases": (
        None,
        (
            _classifier(
                '((self.rnn, ("W_x", "W_h", "b")), (self, ("W_out", "b_out")))',
                '((self.rnn, ("W_x", "W_h")), (self, ("W_out",)))',
            ),
            _subject(LAYER_STEP, f'weight if name == "b" else {LAYER_STEP}'),
        ),
    ),
    "the step does not update W_h": (
        None,
        (
            _classifier('((self.rnn, ("W_x", "W_h", "b")),', '((self.rnn, ("W_x", "b")),'),
            _subject(LAYER_STEP, f'weight if name == "W_h" else {LAYER_STEP}'),
        ),
    ),
    "the step moves b twice, as two trainable biases do": (
        None,
        (
            _classifier(
                '((self.rnn, ("W_x", "W_h", "b")),', '((self.rnn, ("W_x", "W_h", "b", "b")),'
            ),
            _subject(LAYER_STEP, "weight - (2 if name == 'b' else 1) * case.lr * named[name]"),
        ),
    ),
    "the step decays weights at a rate of {value}": (
        0.01,
        (
            _classifier(STEP, "weight - self.lr * (self.grads[name] + 0.01 * weight)"),
            _subject(LAYER_STEP, "weight - case.lr * (named[name] + 0.01 * weight)"),
        ),
    ),
    "the learning rate is always {value}": (
        0.1,
        (
            _classifier(STEP, "weight - 0.1 * self.grads[name]"),
            _subject(LAYER_STEP, "weight - 0.1 * named[name]"),
        ),
    ),
}
