import torch
import math


class IRNN:
    """ReLU RNN with identity initialisation (Le, Jaitly, Hinton 2015).

    Gradients are written out; tensors are plain float64 tensors without
    requires_grad. Classifies from the state after the last step.
    """

    def __init__(self, input_size, hidden_size, n_classes, lr=0.01, device="cpu"):
        opts = dict(dtype=torch.float64, device=device)
        self.W_ih = torch.randn(hidden_size, input_size, **opts) / math.sqrt(input_size)
        self.W_hh = torch.eye(hidden_size, **opts)
        self.b_h = torch.zeros(hidden_size, **opts)
        self.W_out = torch.randn(n_classes, hidden_size, **opts) / math.sqrt(hidden_size)
        self.b_out = torch.zeros(n_classes, **opts)
        self.lr = lr

    def forward(self, x):
        """x: (batch, time, input) -> logits (batch, classes)"""
        self.x = x
        B, T, _ = x.shape
        self.h = x.new_zeros(B, T + 1, self.W_hh.shape[0])
        for t in range(T):
            a = x[:, t] @ self.W_ih.t() + self.h[:, t] @ self.W_hh.t() + self.b_h
            self.h[:, t + 1] = a.clamp(min=0)
        self.logits = self.h[:, -1] @ self.W_out.t() + self.b_out
        return self.logits

    def loss(self, y):
        logp = torch.log_softmax(self.logits, dim=1)
        return -logp.gather(1, y.view(-1, 1)).mean()

    def backward(self, y):
        B, T, _ = self.x.shape
        d = torch.softmax(self.logits, dim=1)
        d.scatter_add_(1, y.view(-1, 1), -torch.ones(B, 1, dtype=d.dtype))
        d /= B
        self.dW_out = d.t() @ self.h[:, -1]
        self.db_out = d.sum(0)
        self.dW_ih = torch.zeros_like(self.W_ih)
        self.dW_hh = torch.zeros_like(self.W_hh)
        self.db_h = torch.zeros_like(self.b_h)
        dh = d @ self.W_out
        for t in range(T - 1, -1, -1):
            da = dh * (self.h[:, t] > 0)
            self.dW_ih += da.t() @ self.x[:, t]
            self.dW_hh += da.t() @ self.h[:, t]
            self.db_h += da.sum(0)
            dh = da @ self.W_hh

    def step(self):
        for name in ("W_ih", "W_hh", "b_h", "W_out", "b_out"):
            getattr(self, name).sub_(self.lr * getattr(self, "d" + name))

    def train_batch(self, x, y):
        self.forward(x)
        value = self.loss(y).item()
        self.backward(y)
        self.step()
        return value


if __name__ == "__main__":
    torch.manual_seed(0)
    # which of the two marked numbers is larger? (variation on the adding problem)
    B, T = 128, 12
    x = torch.zeros(B, T, 2, dtype=torch.float64)
    x[:, :, 0] = torch.rand(B, T, dtype=torch.float64)
    i = torch.randint(0, T // 2, (B,))
    j = torch.randint(T // 2, T, (B,))
    r = torch.arange(B)
    x[r, i, 1] = 1
    x[r, j, 1] = 1
    y = (x[r, i, 0] < x[r, j, 0]).long()
    net = IRNN(2, 20, 2, lr=0.02)
    for epoch in range(200):
        v = net.train_batch(x, y)
        if epoch % 50 == 0:
            print(epoch, round(v, 4))
    print("accuracy", (net.forward(x).argmax(1) == y).double().mean().item())
