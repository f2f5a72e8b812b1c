# Étiquetage de séquences : une étiquette par pas de temps
import numpy as np


class Etiqueteur:
    def __init__(self, nb_traits, nb_caches, nb_etiquettes):
        self.Pe = np.random.normal(0., .1, (nb_traits, nb_caches))       # poids d'entrée
        self.Pr = np.random.normal(0., .1, (nb_caches, nb_caches))       # poids récurrents
        self.Ps = np.random.normal(0., .1, (nb_caches, nb_etiquettes))   # poids de sortie
        self.bc = np.zeros(nb_caches)
        self.bs = np.zeros(nb_etiquettes)

    def propager(self, phrases):
        """phrases : (lot, temps, traits) -> scores (lot, temps, étiquettes)"""
        lot, temps, _ = phrases.shape
        self.phrases = phrases
        self.etats = np.zeros((lot, temps, self.bc.size))
        etat = np.zeros((lot, self.bc.size))
        for t in range(temps):
            etat = np.tanh(phrases[:, t].dot(self.Pe) + etat.dot(self.Pr) + self.bc)
            self.etats[:, t] = etat
        self.scores = self.etats.dot(self.Ps) + self.bs
        return self.scores

    def cout(self, etiquettes):
        """etiquettes : (lot, temps). Moyenne sur tous les mots du lot."""
        lp = self._log_probas()
        return -np.take_along_axis(lp, etiquettes[:, :, None], axis=2).mean()

    def _log_probas(self):
        s = self.scores - self.scores.max(axis=2, keepdims=True)
        return s - np.log(np.exp(s).sum(axis=2, keepdims=True))

    def retropropager(self, etiquettes):
        lot, temps = etiquettes.shape
        d = np.exp(self._log_probas())
        d[np.arange(lot)[:, None], np.arange(temps)[None, :], etiquettes] -= 1.
        d /= lot * temps
        precedents = np.concatenate([np.zeros_like(self.etats[:, :1]), self.etats[:, :-1]], axis=1)
        dz = np.zeros_like(self.etats)
        suivant = 0.
        for t in reversed(range(temps)):
            dz[:, t] = (d[:, t].dot(self.Ps.T) + suivant) * (1. - self.etats[:, t] ** 2)
            suivant = dz[:, t].dot(self.Pr.T)
        return {
            'Pe': np.einsum('ntf,nth->fh', self.phrases, dz),
            'Pr': np.einsum('nti,ntj->ij', precedents, dz),
            'Ps': np.einsum('nth,nte->he', self.etats, d),
            'bc': dz.sum(axis=(0, 1)),
            'bs': d.sum(axis=(0, 1)),
        }

    def apprendre(self, phrases, etiquettes, pas=.1):
        self.propager(phrases)
        for nom, gradient in self.retropropager(etiquettes).items():
            setattr(self, nom, getattr(self, nom) - pas * gradient)
        return self.cout(etiquettes)


if __name__ == '__main__':
    mots = np.random.randn(20, 9, 4)
    etiquettes = (np.cumsum(mots[:, :, 0], axis=1) > 0).astype(int)
    modele = Etiqueteur(4, 10, 2)
    for i in range(300):
        c = modele.apprendre(mots, etiquettes, 1.)
        if i % 60 == 0:
            print(i, 'coût :', round(float(c), 4))
