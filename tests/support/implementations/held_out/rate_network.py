import numpy as np


class RateNetwork:
    """Rectified-linear firing rates, driven by stimuli (n_stim, trials, time).

    The readout is linear and is looked at when the trial is over:
        r(t) = [ w_rec r(t-1) + w_stim s(t) + theta ]_+         z = w_out r(end)
    """

    def __init__(self, n_stim, n_rec, n_readout, g=1.2, seed=0):
        rs = np.random.RandomState(seed)
        self.w_stim = rs.randn(n_rec, n_stim) / np.sqrt(n_stim)
        self.w_rec = g * rs.randn(n_rec, n_rec) / np.sqrt(n_rec)
        self.w_out = rs.randn(n_readout, n_rec) / np.sqrt(n_rec)
        self.theta = 0.1 * np.ones((n_rec, 1))     # thresholds
        self.r_init = np.zeros((n_rec, 1))         # rates at stimulus onset, not learnt

    def run_trials(self, stim):
        n_trials, n_time = stim.shape[1:]
        self.stim = stim
        self.rates = np.zeros((self.w_rec.shape[0], n_trials, n_time))
        r = np.repeat(self.r_init, n_trials, axis=1)
        for t in range(n_time):
            r = np.maximum(self.w_rec @ r + self.w_stim @ stim[:, :, t] + self.theta, 0)
            self.rates[:, :, t] = r
        return self.w_out @ r                      # (n_readout, trials)

    def error(self, z, z_target):
        return 0.5 * np.mean(np.sum((z - z_target) ** 2, axis=0))

    def assign_credit(self, z, z_target):
        n_trials, n_time = self.stim.shape[1:]
        eps = (z - z_target) / n_trials
        self.dw_out = eps @ self.rates[:, :, -1].T
        self.dw_stim = np.zeros_like(self.w_stim)
        self.dw_rec = np.zeros_like(self.w_rec)
        self.dtheta = np.zeros_like(self.theta)
        credit = self.w_out.T @ eps
        for t in range(n_time - 1, -1, -1):
            credit = credit * (self.rates[:, :, t] > 0)
            before = self.rates[:, :, t - 1] if t > 0 else np.repeat(self.r_init, n_trials, axis=1)
            self.dw_stim += credit @ self.stim[:, :, t].T
            self.dw_rec += credit @ before.T
            self.dtheta += credit.sum(axis=1, keepdims=True)
            credit = self.w_rec.T @ credit

    def plasticity(self, rate):
        for name in ("w_stim", "w_rec", "w_out", "theta"):
            setattr(self, name, getattr(self, name) - rate * getattr(self, "d" + name))


# evidence accumulation: which of two streams was larger on average?
rs = np.random.RandomState(10)
net = RateNetwork(2, 20, 1, g=0.8)
for block in range(5):
    stim = rs.rand(2, 30, 8)
    choice = np.sign(stim[0].sum(1) - stim[1].sum(1))[None, :]
    z = net.run_trials(stim)
    print("block %d: error %.3f" % (block, net.error(z, choice)))
    net.assign_credit(z, choice)
    net.plasticity(0.005)
