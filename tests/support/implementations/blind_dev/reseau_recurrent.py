# TP 5 : réseau récurrent simple (fonctions, sans classe)
import numpy as np


def initialiser(n_e, n_c, n_s, graine=0):
    alea = np.random.RandomState(graine)
    return {
        'Wec': alea.randn(n_e, n_c) * 0.2,   # entrée -> cachée
        'Wcc': alea.randn(n_c, n_c) * 0.2,   # cachée -> cachée
        'Wcs': alea.randn(n_c, n_s) * 0.2,   # cachée -> sortie
        'bc': np.zeros(n_c),
        'bs': np.zeros(n_s),
    }


def propager(sequence, poids, h0):
    """sequence : (T, N, n_e). Renvoie les sorties (T, N, n_s) et les états."""
    h = h0.copy()
    etats = [h0]
    sorties = []
    for x in sequence:
        h[:] = np.tanh(np.dot(x, poids['Wec']) + np.dot(h, poids['Wcc']) + poids['bc'])
        etats.append(h)
        sorties.append(np.dot(h, poids['Wcs']) + poids['bs'])
    return np.array(sorties), etats


def cout(sorties, cibles):
    """moyenne sur le lot, somme sur le temps et les composantes"""
    N = cibles.shape[1]
    return np.sum((sorties - cibles) ** 2) / (2 * N)


def retropropager(sequence, sorties, cibles, etats, poids):
    T, N, _ = sequence.shape
    g = {cle: np.zeros_like(val) for cle, val in poids.items()}
    dh_suivant = np.zeros_like(etats[0])
    for t in range(T - 1, -1, -1):
        ds = (sorties[t] - cibles[t]) / N
        g['Wcs'] += np.dot(etats[t + 1].T, ds)
        g['bs'] += ds.sum(axis=0)
        dh = np.dot(ds, poids['Wcs'].T) + dh_suivant
        dz = dh * (1 - etats[t + 1] ** 2)
        g['Wec'] += np.dot(sequence[t].T, dz)
        g['Wcc'] += np.dot(etats[t].T, dz)
        g['bc'] += dz.sum(axis=0)
        dh_suivant = np.dot(dz, poids['Wcc'].T)
    return g


def descente(poids, g, pas):
    for cle in poids:
        poids[cle] = poids[cle] - pas * g[cle]
    return poids


def apprendre(sequence, cibles, n_c=12, epoques=200, pas=0.05):
    poids = initialiser(sequence.shape[2], n_c, cibles.shape[2])
    h0 = np.zeros((sequence.shape[1], n_c))
    for e in range(epoques):
        sorties, etats = propager(sequence, poids, h0)
        g = retropropager(sequence, sorties, cibles, etats, poids)
        poids = descente(poids, g, pas)
        if e % 50 == 0:
            print("époque %d, coût %.4f" % (e, cout(sorties, cibles)))
    return poids


if __name__ == '__main__':
    # mémoire à retard : la cible est l'entrée deux pas plus tôt
    np.random.seed(1)
    seq = np.random.uniform(-1, 1, (15, 30, 1))
    cib = np.concatenate([np.zeros((2, 30, 1)), seq[:-2]], axis=0)
    apprendre(seq, cib)
