# -*- coding: utf-8 -*-
"""Práctica 4 - Redes recurrentes. Clasificador de secuencias."""
import numpy as np


class RedRecurrente:
    def __init__(self, n_entrada, n_oculta, n_salida, tasa=0.1, semilla=0):
        gen = np.random.RandomState(semilla)
        self.W_ent = gen.randn(n_entrada, n_oculta) * 0.1
        self.W_rec = gen.randn(n_oculta, n_oculta) * 0.1
        self.W_sal = gen.randn(n_oculta, n_salida) * 0.1
        self.b_oc = np.zeros((1, n_oculta))
        self.b_sal = np.zeros((1, n_salida))
        self.tasa = tasa

    def softmax(self, z):
        z = z - z.max(axis=1, keepdims=True)
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)

    def adelante(self, X):
        """X: (pasos, lote, n_entrada). Devuelve las probabilidades del lote."""
        pasos, lote, _ = X.shape
        self.X = X
        self.estados = np.zeros((pasos + 1, lote, self.W_rec.shape[0]))
        for t in range(pasos):
            z = X[t] @ self.W_ent + self.estados[t] @ self.W_rec + self.b_oc
            self.estados[t + 1] = np.tanh(z)
        self.probs = self.softmax(self.estados[pasos] @ self.W_sal + self.b_sal)
        return self.probs

    def perdida(self, Y):
        """Entropía cruzada media, Y en one-hot."""
        return -np.sum(Y * np.log(self.probs + 1e-12)) / Y.shape[0]

    def atras(self, Y):
        pasos, lote, _ = self.X.shape
        dz_sal = (self.probs - Y) / lote
        self.dW_sal = self.estados[pasos].T @ dz_sal
        self.db_sal = dz_sal.sum(axis=0, keepdims=True)
        self.dW_ent = np.zeros_like(self.W_ent)
        self.dW_rec = np.zeros_like(self.W_rec)
        self.db_oc = np.zeros_like(self.b_oc)
        dh = dz_sal @ self.W_sal.T
        for t in range(pasos, 0, -1):
            dz = dh * (1 - self.estados[t] ** 2)
            self.dW_ent += self.X[t - 1].T @ dz
            self.dW_rec += self.estados[t - 1].T @ dz
            self.db_oc += dz.sum(axis=0, keepdims=True)
            dh = dz @ self.W_rec.T

    def actualizar(self):
        for nombre in ("W_ent", "W_rec", "W_sal", "b_oc", "b_sal"):
            p = getattr(self, nombre)
            p -= self.tasa * getattr(self, "d" + nombre)

    def entrenar(self, X, Y, epocas=100, verboso=True):
        historial = []
        for ep in range(epocas):
            self.adelante(X)
            historial.append(self.perdida(Y))
            self.atras(Y)
            self.actualizar()
            if verboso and ep % 20 == 0:
                print(f"época {ep}: pérdida = {historial[-1]:.4f}")
        return historial


if __name__ == "__main__":
    rs = np.random.RandomState(3)
    X = rs.randn(7, 50, 2)
    clase = (X.sum(axis=(0, 2)) > 0).astype(int)
    Y = np.eye(2)[clase]
    red = RedRecurrente(2, 12, 2, tasa=0.5)
    red.entrenar(X, Y)
    print("aciertos:", np.mean(red.adelante(X).argmax(1) == clase))
