# HW4 problem 2 - RNN layer
import numpy as np


class RNN:
    def __init__(self, D, H):
        self.Wx = np.random.randn(D, H) * 0.1
        self.Wh = np.random.randn(H, H) * 0.1
        self.b = np.zeros(H)

    def forward(self, x, h0):
        """x (N,T,D), h0 (N,H) -> h (N,T,H)"""
        N, T, D = x.shape
        h = np.zeros((N, T, self.b.size))
        hprev = h0
        for t in range(T):
            hprev = np.tanh(x[:, t, :] @ self.Wx + hprev @ self.Wh + self.b)
            h[:, t, :] = hprev
        self.x, self.h0, self.h = x, h0, h
        return h

    def backward(self, dh):
        """returns dx, dh0, dWx, dWh, db"""
        dx = np.zeros_like(self.x)
        dh0 = np.zeros_like(self.h0)
        dWx = np.zeros_like(self.Wx)
        dWh = np.zeros_like(self.Wh)
        db = np.zeros_like(self.b)
        ##########################################################
        # TODO: backprop through time (see slide 31)             #
        ##########################################################
        # ran out of time :(
        return dx, dh0, dWx, dWh, db
