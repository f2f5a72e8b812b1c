# -*- coding: utf-8 -*-
"""
Red recurrente simple (Elman) para predecir el siguiente valor de una serie.
Práctica 4 - Redes Neuronales.

Convenio: los vectores son columnas; una secuencia es una lista de columnas.
"""
import numpy as np

rng = np.random.RandomState(42)


def crear_pesos(n_ent, n_oc, n_sal):
    Wx = rng.normal(0, 1 / np.sqrt(n_ent), (n_oc, n_ent))
    Wh = rng.normal(0, 1 / np.sqrt(n_oc), (n_oc, n_oc))
    Wy = rng.normal(0, 1 / np.sqrt(n_oc), (n_sal, n_oc))
    bh = np.zeros((n_oc, 1))
    by = np.zeros((n_sal, 1))
    return [Wx, Wh, Wy, bh, by]


def propagar(pesos, entradas, h_inicial=None):
    """Devuelve las listas de estados (con el inicial delante) y de salidas."""
    Wx, Wh, Wy, bh, by = pesos
    h = np.zeros((Wh.shape[0], 1)) if h_inicial is None else h_inicial
    estados = [h]
    salidas = []
    for x in entradas:
        h = np.tanh(Wx @ x + Wh @ h + bh)
        estados.append(h)
        salidas.append(Wy @ h + by)
    return estados, salidas


def perdida(salidas, objetivos):
    # error cuadrático, sumado sobre los pasos
    return 0.5 * sum(float(np.sum((s - d) ** 2)) for s, d in zip(salidas, objetivos))


def retropropagar(pesos, entradas, estados, salidas, objetivos):
    Wx, Wh, Wy, bh, by = pesos
    gWx, gWh, gWy, gbh, gby = [np.zeros_like(p) for p in pesos]
    dh_sig = np.zeros_like(bh)
    for t in range(len(entradas) - 1, -1, -1):
        error = salidas[t] - objetivos[t]
        gWy += error @ estados[t + 1].T
        gby += error
        dh = Wy.T @ error + dh_sig
        dz = dh * (1 - estados[t + 1] ** 2)
        gWx += dz @ entradas[t].T
        gWh += dz @ estados[t].T
        gbh += dz
        dh_sig = Wh.T @ dz
    return [gWx, gWh, gWy, gbh, gby]


def actualizar(pesos, gradientes, tasa):
    for p, g in zip(pesos, gradientes):
        p = p - tasa * g
    return pesos


def paso(pesos, entradas, objetivos, tasa=0.01):
    estados, salidas = propagar(pesos, entradas)
    L = perdida(salidas, objetivos)
    g = retropropagar(pesos, entradas, estados, salidas, objetivos)
    actualizar(pesos, g, tasa)
    return L


if __name__ == "__main__":
    serie = np.sin(np.linspace(0, 12 * np.pi, 400))
    largo = 20
    pesos = crear_pesos(1, 12, 1)
    for epoca in range(6):
        total = 0.0
        for i in range(0, len(serie) - largo - 1, largo):
            ent = [np.array([[v]]) for v in serie[i:i + largo]]
            obj = [np.array([[v]]) for v in serie[i + 1:i + largo + 1]]
            total += paso(pesos, ent, obj)
        print("época", epoca, "pérdida", round(total, 4))
