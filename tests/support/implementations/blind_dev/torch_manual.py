"""Vanilla RNN trained without autograd (tensors only), exercise 2.3."""
import torch

torch.manual_seed(0)
torch.set_grad_enabled(False)


class ManualRNN:
    def __init__(self, vocab_size, hidden, dtype=torch.float32):
        self.H = hidden
        self.V = vocab_size
        s = hidden ** -0.5
        self.Wxh = (torch.rand(vocab_size, hidden, dtype=dtype) * 2 - 1) * s
        self.Whh = (torch.rand(hidden, hidden, dtype=dtype) * 2 - 1) * s
        self.bh = torch.zeros(hidden, dtype=dtype)
        self.Why = (torch.rand(hidden, vocab_size, dtype=dtype) * 2 - 1) * s
        self.by = torch.zeros(vocab_size, dtype=dtype)

    def named(self):
        return {"Wxh": self.Wxh, "Whh": self.Whh, "bh": self.bh, "Why": self.Why, "by": self.by}

    def forward(self, idx, h=None):
        """idx: LongTensor (B, T). Returns log-probabilities (B, T, V) and h_T."""
        B, T = idx.shape
        if h is None:
            h = torch.zeros(B, self.H, dtype=self.Wxh.dtype)
        self.idx = idx
        self.hidden = [h]
        logps = []
        for t in range(T):
            # row lookup == one_hot(idx) @ Wxh
            h = torch.tanh(self.Wxh[idx[:, t]] + h @ self.Whh + self.bh)
            self.hidden.append(h)
            logps.append(torch.log_softmax(h @ self.Why + self.by, dim=-1))
        self.logp = torch.stack(logps, dim=1)
        return self.logp, h

    def loss(self, targets):
        B, T = targets.shape
        picked = self.logp.gather(2, targets.unsqueeze(2)).squeeze(2)
        return -picked.mean()

    def backward(self, targets):
        B, T = targets.shape
        grads = {k: torch.zeros_like(v) for k, v in self.named().items()}
        dlogits = self.logp.exp()
        dlogits.scatter_add_(2, targets.unsqueeze(2), -torch.ones(B, T, 1, dtype=dlogits.dtype))
        dlogits /= B
        dh_next = torch.zeros(B, self.H, dtype=dlogits.dtype)
        for t in reversed(range(T)):
            h, h_prev = self.hidden[t + 1], self.hidden[t]
            grads["Why"] += h.t() @ dlogits[:, t]
            grads["by"] += dlogits[:, t].sum(0)
            dh = dlogits[:, t] @ self.Why.t() + dh_next
            dz = dh * (1 - h.pow(2))
            grads["bh"] += dz.sum(0)
            grads["Whh"] += h_prev.t() @ dz
            grads["Wxh"].index_add_(0, self.idx[:, t], dz)
            dh_next = dz @ self.Whh.t()
        return grads

    def step(self, grads, lr):
        for k, p in self.named().items():
            p.sub_(lr * grads[k])


if __name__ == "__main__":
    text = "hello world, hello rnn. " * 20
    chars = sorted(set(text))
    data = torch.tensor([chars.index(c) for c in text])
    net = ManualRNN(len(chars), 32)
    for it in range(300):
        start = torch.randint(0, len(data) - 17, (8,))
        xb = torch.stack([data[s:s + 16] for s in start])
        yb = torch.stack([data[s + 1:s + 17] for s in start])
        net.forward(xb)
        if it % 100 == 0:
            print(it, net.loss(yb).item())
        net.step(net.backward(yb), lr=1.0)
