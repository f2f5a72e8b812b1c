# -*- coding: utf-8 -*-
# Practica 4: red neuronal recurrente hecha a mano, sin bibliotecas
import numpy as np


def log_softmax(v):
    v = v - np.max(v)
    return v - np.log(np.sum(np.exp(v)))


class RedRecurrente:
    """Clasifica una sola secuencia (T, n_entradas)."""

    def __init__(self, n_entradas, n_ocultas, n_clases, semilla=0):
        azar = np.random.RandomState(semilla)
        self.pesos = {
            'entrada': azar.randn(n_entradas, n_ocultas) * 0.1,
            'memoria': azar.randn(n_ocultas, n_ocultas) * 0.1,
            'salida': azar.randn(n_ocultas, n_clases) * 0.1,
            'sesgo_oculto': np.zeros(n_ocultas),
            'sesgo_salida': np.zeros(n_clases),
        }

    def adelante(self, secuencia):
        """Devuelve las probabilidades de las clases, (n_clases,)"""
        p = self.pesos
        self.secuencia = secuencia
        self.ocultas = [np.zeros(p['memoria'].shape[0])]
        for x in secuencia:
            z = np.dot(x, p['entrada']) + np.dot(self.ocultas[-1], p['memoria']) + p['sesgo_oculto']
            self.ocultas.append(np.tanh(z))
        self.log_probs = log_softmax(np.dot(self.ocultas[-1], p['salida']) + p['sesgo_salida'])
        return np.exp(self.log_probs)

    def perdida(self, etiqueta):
        return -self.log_probs[etiqueta]

    def atras(self, etiqueta):
        """Gradientes de la perdida con los mismos nombres que los pesos."""
        p = self.pesos
        gradientes = {nombre: np.zeros_like(w) for nombre, w in p.items()}
        error = np.exp(self.log_probs)
        error[etiqueta] -= 1
        gradientes['salida'] = np.outer(self.ocultas[-1], error)
        gradientes['sesgo_salida'] = error
        d_oculta = np.dot(p['salida'], error)
        for t in range(len(self.secuencia), 0, -1):
            delta = d_oculta * (1 - self.ocultas[t] ** 2)
            gradientes['entrada'] += np.outer(self.secuencia[t - 1], delta)
            gradientes['memoria'] += np.outer(self.ocultas[t - 1], delta)
            gradientes['sesgo_oculto'] += delta
            d_oculta = np.dot(p['memoria'], delta)
        return gradientes

    def actualizar(self, gradientes, tasa=0.1):
        for nombre in self.pesos:
            self.pesos[nombre] -= tasa * gradientes[nombre]


if __name__ == '__main__':
    red = RedRecurrente(1, 8, 2)
    azar = np.random.RandomState(3)
    for epoca in range(500):
        s = azar.randn(6, 1)
        clase = int(s.sum() > 0)
        red.adelante(s)
        if epoca % 100 == 0:
            print('epoca', epoca, 'perdida', red.perdida(clase))
        red.actualizar(red.atras(clase))
