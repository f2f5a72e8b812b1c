"""Elman-Netz: sagt das naechste Element einer Zeitreihe voraus."""
import numpy as np


class ElmanNetz:

    def __init__(self, eingaben, verborgen, ausgaben):
        self.We = np.random.uniform(-0.5, 0.5, (verborgen, eingaben))
        self.Wk = np.random.uniform(-0.5, 0.5, (verborgen, verborgen))   # Kontext
        self.Wa = np.random.uniform(-0.5, 0.5, (ausgaben, verborgen))
        self.be = np.zeros(verborgen)
        self.ba = np.zeros(ausgaben)

    def vorwaerts(self, folge):
        """folge: (T, eingaben), eine einzelne Folge"""
        kontext = np.zeros(len(self.be))
        verlauf, ausgabe = [kontext], []
        for x in folge:
            kontext = np.tanh(self.We.dot(x) + self.Wk.dot(kontext) + self.be)
            verlauf.append(kontext)
            ausgabe.append(self.Wa.dot(kontext) + self.ba)
        return np.array(verlauf), np.array(ausgabe)

    def fehler(self, ausgabe, ziel):
        # halber quadratischer Fehler, summiert ueber alle Schritte
        return 0.5 * np.sum((ausgabe - ziel) ** 2)

    def rueckwaerts(self, folge, verlauf, ausgabe, ziel):
        g = {k: np.zeros_like(getattr(self, k)) for k in ("We", "Wk", "Wa", "be", "ba")}
        delta_spaeter = np.zeros(len(self.be))
        for t in reversed(range(len(folge))):
            e = ausgabe[t] - ziel[t]
            h, h_alt = verlauf[t + 1], verlauf[t]
            g["Wa"] += np.outer(e, h)
            g["ba"] += e
            delta = (self.Wa.T.dot(e) + self.Wk.dot(delta_spaeter)) * (1 - h ** 2)
            g["We"] += np.outer(delta, folge[t])
            g["Wk"] += np.outer(delta, h_alt)
            g["be"] += delta
            delta_spaeter = delta
        return g

    def lerne(self, folge, ziel, rate=0.01):
        verlauf, ausgabe = self.vorwaerts(folge)
        g = self.rueckwaerts(folge, verlauf, ausgabe, ziel)
        for k in g:
            setattr(self, k, getattr(self, k) - rate * g[k])
        return self.fehler(ausgabe, ziel)


if __name__ == "__main__":
    np.random.seed(0)
    t = np.linspace(0, 20, 200)
    reihe = np.sin(t)[:, None]
    netz = ElmanNetz(1, 10, 1)
    for runde in range(50):
        summe = 0
        for i in range(0, 180, 10):
            summe += netz.lerne(reihe[i:i + 10], reihe[i + 1:i + 11])
        if runde % 10 == 0:
            print("Runde", runde, "Fehler", summe)
