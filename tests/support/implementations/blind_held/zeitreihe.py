import numpy as np

# Vorhersage einer Zeitreihe mit einem kleinen RNN: aus den letzten
# `FENSTER` Messwerten (je `MERKMALE` Spalten) wird der naechste Wert geschaetzt.

MERKMALE = 2
VERSTECKT = 8
FENSTER = 12
LERNRATE = 0.05

rng = np.random.default_rng(7)
W_ein = rng.normal(scale=0.3, size=(MERKMALE, VERSTECKT))
W_rek = rng.normal(scale=0.3, size=(VERSTECKT, VERSTECKT))
b_v = np.zeros(VERSTECKT)
W_aus = rng.normal(scale=0.3, size=(VERSTECKT, 1))
b_aus = np.zeros(1)


def vorwaerts(X):
    """X: (Fenster, Stapel, Merkmale). Liefert Schaetzung (Stapel, 1) und alle Zustaende."""
    zustaende = [np.zeros((X.shape[1], VERSTECKT))]
    for x in X:
        zustaende.append(np.tanh(x @ W_ein + zustaende[-1] @ W_rek + b_v))
    y = zustaende[-1] @ W_aus + b_aus
    return y, zustaende


def verlust(y, ziel):
    return np.mean((y - ziel) ** 2)


def rueckwaerts(X, zustaende, y, ziel):
    d_y = 2.0 * (y - ziel) / y.size
    g = {}
    g["W_aus"] = zustaende[-1].T @ d_y
    g["b_aus"] = d_y.sum(axis=0)
    g["W_ein"] = np.zeros_like(W_ein)
    g["W_rek"] = np.zeros_like(W_rek)
    g["b_v"] = np.zeros_like(b_v)
    # nur der letzte Zustand geht in den Verlust ein
    delta = d_y @ W_aus.T
    for t in range(len(X), 0, -1):
        delta = delta * (1.0 - zustaende[t] ** 2)
        g["W_ein"] += X[t - 1].T @ delta
        g["W_rek"] += zustaende[t - 1].T @ delta
        g["b_v"] += delta.sum(axis=0)
        delta = delta @ W_rek.T
    return g


def lernschritt(X, ziel, lernrate=LERNRATE):
    global W_ein, W_rek, b_v, W_aus, b_aus
    y, zustaende = vorwaerts(X)
    g = rueckwaerts(X, zustaende, y, ziel)
    W_ein = W_ein - lernrate * g["W_ein"]
    W_rek = W_rek - lernrate * g["W_rek"]
    b_v = b_v - lernrate * g["b_v"]
    W_aus = W_aus - lernrate * g["W_aus"]
    b_aus = b_aus - lernrate * g["b_aus"]
    return verlust(y, ziel)


def daten(n):
    t = np.arange(n) * 0.2
    werte = np.stack([np.sin(t), np.cos(0.7 * t)], axis=1)
    fenster = np.stack([werte[i:i + FENSTER] for i in range(n - FENSTER)], axis=1)
    ziel = (werte[FENSTER:, :1])
    return fenster, ziel


if __name__ == "__main__":
    X, Z = daten(300)
    for epoche in range(200):
        v = lernschritt(X, Z)
        if epoche % 40 == 0:
            print(f"Epoche {epoche:4d}  Verlust {v:.5f}")
    y, _ = vorwaerts(X)
    print("groesster Fehler:", np.abs(y - Z).max())
