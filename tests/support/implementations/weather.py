# Temperature class of tomorrow from the last days
import numpy as np

np.random.seed(5)


class WeatherRNN:
    def __init__(self, in_size, hid_size, out_size):
        self.Wi = np.random.randn(in_size, hid_size) * 0.1
        self.Wr = np.random.randn(hid_size, hid_size) * 0.1
        self.Wo = np.random.randn(hid_size, out_size) * 0.1
        self.bi = np.zeros((1, hid_size))
        self.bo = np.zeros((1, out_size))

    def forward(self, days):
        """days: (n, days, measurements)"""
        self.days = days
        self.h1 = np.tanh(days[:, 0] @ self.Wi + self.bi)     # nothing before the first day
        self.hidden = [self.h1]
        for d in range(1, days.shape[1]):
            h = np.tanh(days[:, d] @ self.Wi + self.hidden[-1] @ self.Wr + self.bi)
            self.hidden.append(h)
        return h @ self.Wo + self.bo

    def loss_and_grads(self, days, labels):
        out = self.forward(days)
        n = len(labels)
        out = out - out.max(axis=1, keepdims=True)
        logp = out - np.log(np.exp(out).sum(axis=1, keepdims=True))
        loss = -logp[range(n), labels].mean()
        d = np.exp(logp)
        d[range(n), labels] -= 1
        d = d / n
        grads = {'Wo': self.hidden[-1].T @ d, 'bo': d.sum(0, keepdims=True),
                 'Wi': 0, 'Wr': np.zeros_like(self.Wr), 'bi': 0}
        dh = d @ self.Wo.T
        for t in range(days.shape[1] - 1, -1, -1):
            dz = dh * (1 - self.hidden[t] ** 2)
            grads['Wi'] = grads['Wi'] + days[:, t].T @ dz
            grads['bi'] = grads['bi'] + dz.sum(0, keepdims=True)
            if t > 0:
                grads['Wr'] += self.hidden[t - 1].T @ dz
                dh = dz @ self.Wr.T
        return loss, grads


net = WeatherRNN(3, 6, 4)
days = np.random.randn(10, 7, 3)
labels = np.random.randint(0, 4, 10)
for epoch in range(3):
    loss, g = net.loss_and_grads(days, labels)
    for name in g:
        setattr(net, name, getattr(net, name) - 0.1 * g[name])
    print(epoch, round(loss, 4))
