"""
TP : reconnaître la langue d'un prénom avec un réseau récurrent, sans bibliothèque.
Un prénom = une suite de lettres (entiers), tous les mots du lot ont la même longueur.
"""
import numpy as np

ALPHABET = "abcdefghijklmnopqrstuvwxyz_"


def encoder(mots, longueur):
    """ (lot, longueur, lettres) en un-parmi-n """
    out = np.zeros((len(mots), longueur, len(ALPHABET)))
    for i, m in enumerate(mots):
        for j, c in enumerate(m.ljust(longueur, "_")[:longueur]):
            out[i, j, ALPHABET.index(c)] = 1.0
    return out


def init_params(n_entree, n_cachee, n_classes, graine=0):
    r = np.random.RandomState(graine)
    return {
        "Wex": r.randn(n_entree, n_cachee) * 0.2,
        "Wcc": r.randn(n_cachee, n_cachee) * 0.2,
        "bc": np.zeros((1, n_cachee)),
        "Wcs": r.randn(n_cachee, n_classes) * 0.2,
        "bs": np.zeros((1, n_classes)),
    }


def softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def avant(p, X):
    lot, T, _ = X.shape
    etats = np.zeros((T + 1, lot, p["Wcc"].shape[0]))
    for t in range(T):
        etats[t + 1] = np.tanh(X[:, t].dot(p["Wex"]) + etats[t].dot(p["Wcc"]) + p["bc"])
    probas = softmax(etats[T].dot(p["Wcs"]) + p["bs"])
    return probas, etats


def entropie_croisee(probas, cibles):
    """ cibles : un-parmi-n, (lot, classes) ; moyenne sur le lot """
    return -np.mean(np.sum(cibles * np.log(probas + 1e-12), axis=1))


def arriere(p, X, probas, etats, cibles):
    lot, T, _ = X.shape
    g = {k: np.zeros_like(v) for k, v in p.items()}
    ds = probas - cibles
    g["Wcs"] = etats[T].T.dot(ds)
    g["bs"] = ds.sum(axis=0, keepdims=True)
    dc = ds.dot(p["Wcs"].T)
    for t in reversed(range(T)):
        da = dc * (1 - np.square(etats[t + 1]))
        g["Wex"] += X[:, t].T.dot(da)
        g["Wcc"] += etats[t].T.dot(da)
        g["bc"] += da.sum(axis=0, keepdims=True)
        dc = da.dot(p["Wcc"].T)
    return g


def entrainer(p, X, cibles, pas=0.5, tours=200):
    pertes = []
    for k in range(tours):
        probas, etats = avant(p, X)
        pertes.append(entropie_croisee(probas, cibles))
        g = arriere(p, X, probas, etats, cibles)
        for nom in p:
            p[nom] -= pas * g[nom]
        if k % 50 == 0:
            print("tour", k, "perte", pertes[-1])
    return pertes


if __name__ == "__main__":
    mots = ["pierre", "jeanne", "luc", "giulia", "marco", "paolo", "hans", "greta", "jurgen"]
    y = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    X = encoder(mots, 6)
    C = np.eye(3)[y]
    params = init_params(len(ALPHABET), 16, 3)
    entrainer(params, X, C)
    print("justes :", (avant(params, X)[0].argmax(1) == y).mean())
