"""ReLU recurrent network on the adding problem.

Recurrent weights start as the identity.
"""
import numpy as np


class IRNN:
    def __init__(self, nin, nhid, nout):
        self.Wi = np.random.normal(0, 0.1, (nin, nhid))
        self.Wr = np.eye(nhid)
        self.bi = np.zeros(nhid)
        self.Wo = np.random.normal(0, 0.1, (nhid, nout))
        self.bo = np.zeros(nout)

    def predict(self, X):
        """X (N, T, nin) -> (N, nout)"""
        N, T, _ = X.shape
        self.X = X
        self.H = [np.zeros((N, self.Wr.shape[0]))]
        for t in range(T):
            a = X[:, t].dot(self.Wi) + self.H[-1].dot(self.Wr) + self.bi
            self.H.append(np.maximum(0, a))
        return self.H[-1].dot(self.Wo) + self.bo

    def grads(self, X, Y):
        """mean squared error over every element of Y"""
        P = self.predict(X)
        E = P - Y
        loss = (E ** 2).mean()
        dP = 2 * E / E.size
        out = dict(Wo=self.H[-1].T.dot(dP), bo=dP.sum(0),
                   Wi=np.zeros_like(self.Wi), Wr=np.zeros_like(self.Wr), bi=np.zeros_like(self.bi))
        dH = dP.dot(self.Wo.T)
        for t in range(X.shape[1])[::-1]:
            dA = dH * (1 - self.H[t + 1] ** 2)
            out["Wi"] += X[:, t].T.dot(dA)
            out["Wr"] += self.H[t].T.dot(dA)
            out["bi"] += dA.sum(0)
            dH = dA.dot(self.Wr.T)
        return loss, out

    def train(self, X, Y, lr=0.01):
        loss, g = self.grads(X, Y)
        for name in g:
            p = getattr(self, name)
            p -= lr * g[name]
        return loss


def adding_problem(n, T):
    X = np.zeros((n, T, 2))
    X[:, :, 0] = np.random.rand(n, T)
    for row in X:
        i, j = np.random.choice(T, 2, replace=False)
        row[i, 1] = row[j, 1] = 1
    return X, (X[:, :, 0] * X[:, :, 1]).sum(1, keepdims=True)


if __name__ == "__main__":
    np.random.seed(2)
    net = IRNN(2, 20, 1)
    for it in range(1000):
        X, Y = adding_problem(32, 6)
        loss = net.train(X, Y)
        if it % 200 == 0:
            print("iteration", it, "mse", loss)
