"""Kodierer: liest eine Folge (Zeit, Stapel, Merkmale) und gibt nur den letzten Zustand weiter."""
import numpy as np


class Gewichte:
    def __init__(self, n_ein, n_versteckt):
        zufall = np.random.default_rng(17)
        grenze = 1 / np.sqrt(n_versteckt)
        self.ein = zufall.uniform(-grenze, grenze, (n_ein, n_versteckt))
        self.rueck = zufall.uniform(-grenze, grenze, (n_versteckt, n_versteckt))
        self.schwelle = zufall.uniform(-grenze, grenze, (1, n_versteckt))
        self.nullen()

    def nullen(self):
        self.d_ein = np.zeros_like(self.ein)
        self.d_rueck = np.zeros_like(self.rueck)
        self.d_schwelle = np.zeros_like(self.schwelle)


class Zelle:
    """Ein Zeitschritt. Alle Zellen teilen sich dieselben Gewichte."""

    def __init__(self, gewichte):
        self.g = gewichte

    def vorwaerts(self, x, h):
        self.x, self.h_alt = x, h
        self.h_neu = np.tanh(x @ self.g.ein + h @ self.g.rueck + self.g.schwelle)
        return self.h_neu

    def rueckwaerts(self, dh):
        da = dh * (1 - self.h_neu ** 2)
        self.g.d_ein += self.x.T @ da
        self.g.d_rueck += self.h_alt.T @ da
        self.g.d_schwelle += da.sum(axis=0, keepdims=True)
        return da @ self.g.ein.T, da @ self.g.rueck.T


class Kodierer:
    def __init__(self, n_ein, n_versteckt):
        self.gewichte = Gewichte(n_ein, n_versteckt)
        self.n_versteckt = n_versteckt

    def vorwaerts(self, folge, h_anfang=None):
        h = np.zeros((folge.shape[1], self.n_versteckt)) if h_anfang is None else h_anfang
        self.zellen = [Zelle(self.gewichte) for _ in folge]
        for zelle, x in zip(self.zellen, folge):
            h = zelle.vorwaerts(x, h)
        return h

    def rueckwaerts(self, dh):
        """dh: Gradient nach dem letzten Zustand. Gibt den nach der Folge und den nach h_anfang."""
        self.gewichte.nullen()
        d_folge = []
        for zelle in reversed(self.zellen):
            dx, dh = zelle.rueckwaerts(dh)
            d_folge.insert(0, dx)
        return np.array(d_folge), dh

    def lernen(self, lernrate):
        g = self.gewichte
        g.ein -= lernrate * g.d_ein
        g.rueck -= lernrate * g.d_rueck
        g.schwelle -= lernrate * g.d_schwelle
