# RNN for fmin_cg: all parameters are unrolled into one vector theta, as in the course.
import numpy as np


def unroll(*thetas):
    return np.concatenate([t.ravel() for t in thetas])


def roll(theta, n, h, k):
    """n features, h hidden units, k classes -> Theta_x (h,n), Theta_h (h,h), b (h,), Theta_y (k,h), c (k,)"""
    shapes = [(h, n), (h, h), (h,), (k, h), (k,)]
    parts, start = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        parts.append(theta[start:start + size].reshape(shape))
        start += size
    return parts


def rand_initialize(n, h, k, epsilon_init=0.12):
    size = h * n + h * h + h + k * h + k
    return np.random.rand(size) * 2 * epsilon_init - epsilon_init


def hypothesis(theta, X, n, h, k):
    """X: (m, T, n) -> logarithms of the probabilities (m, k), activations [a0, a1, ... aT]"""
    Theta_x, Theta_h, b, Theta_y, c = roll(theta, n, h, k)
    a = [np.zeros((X.shape[0], h))]
    for t in range(X.shape[1]):
        a.append(np.tanh(X[:, t, :] @ Theta_x.T + a[t] @ Theta_h.T + b))
    z = a[-1] @ Theta_y.T + c
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True)), a


def cost_function(theta, X, y, n, h, k):
    """Returns J and its gradient, unrolled like theta."""
    m, T = X.shape[:2]
    Theta_x, Theta_h, b, Theta_y, c = roll(theta, n, h, k)
    log_h, a = hypothesis(theta, X, n, h, k)
    Y = np.eye(k)[y]
    J = -(Y * log_h).sum() / m

    delta_y = (np.exp(log_h) - Y) / m
    grad_Theta_y = delta_y.T @ a[T]
    grad_c = delta_y.sum(axis=0)
    grad_Theta_x, grad_Theta_h, grad_b = 0, 0, 0
    delta = delta_y @ Theta_y * (1 - a[T] ** 2)
    for t in range(T, 0, -1):
        grad_Theta_x = grad_Theta_x + delta.T @ X[:, t - 1, :]
        grad_Theta_h = grad_Theta_h + delta.T @ a[t - 1]
        grad_b = grad_b + delta.sum(axis=0)
        delta = delta @ Theta_h * (1 - a[t - 1] ** 2)
    return J, unroll(grad_Theta_x, grad_Theta_h, grad_b, grad_Theta_y, grad_c)


def gradient_descent(theta, X, y, n, h, k, alpha=0.5, num_iters=100):
    J_history = []
    for _ in range(num_iters):
        J, grad = cost_function(theta, X, y, n, h, k)
        theta = theta - alpha * grad
        J_history.append(J)
    return theta, J_history


if __name__ == '__main__':
    X = np.random.randn(40, 6, 2)
    y = (X[:, :, 0].sum(axis=1) > 0).astype(int)
    theta, J_history = gradient_descent(rand_initialize(2, 5, 2), X, y, 2, 5, 2)
    print('J: %.4f -> %.4f' % (J_history[0], J_history[-1]))
