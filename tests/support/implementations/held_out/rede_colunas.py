import numpy as np


def softmax(v):
    e = np.exp(v - np.max(v))
    return e / np.sum(e)


class Rede:
    """Rede de Elman. Cada exemplo é percorrido sozinho e tudo são vetores-coluna."""

    def __init__(self, entradas, ocultos, saidas, taxa=0.1):
        self.taxa = taxa
        self.We = np.random.randn(ocultos, entradas) * 0.1
        self.Wr = np.random.randn(ocultos, ocultos) * 0.1
        self.Ws = np.random.randn(saidas, ocultos) * 0.1
        self.be = np.zeros((ocultos, 1))
        self.bs = np.zeros((saidas, 1))

    def propaga(self, exemplo):
        """exemplo: (tempo, entradas). Devolve os estados e a saída antes da softmax, (saidas, 1)"""
        h = np.zeros((self.Wr.shape[0], 1))
        estados = []
        for x in exemplo:
            h = np.tanh(np.matmul(self.We, x.reshape(-1, 1)) + np.matmul(self.Wr, h) + self.be)
            estados.append(h)
        return estados, np.matmul(self.Ws, h) + self.bs

    def treina(self, X, Y):
        """X: (exemplos, tempo, entradas), Y: (exemplos, saidas), um só 1 em cada linha.

        Um passo com o gradiente médio; devolve a perda média (antes do passo).
        """
        gWe, gWr, gWs = np.zeros(self.We.shape), np.zeros(self.Wr.shape), np.zeros(self.Ws.shape)
        gbe, gbs = np.zeros(self.be.shape), np.zeros(self.bs.shape)
        perda = 0
        for exemplo, y in zip(X, Y):
            h, o = self.propaga(exemplo)
            alvo = y.reshape(-1, 1)
            perda += np.max(o) + np.log(np.sum(np.exp(o - np.max(o)))) - np.sum(alvo * o)
            do = softmax(o) - alvo
            gWs += np.matmul(do, h[-1].T)
            gbs += do
            dh = np.matmul(self.Ws.T, do)
            for t in range(len(h) - 1, 0, -1):
                da = dh * (1 - h[t] ** 2)
                gWe += np.matmul(da, exemplo[t].reshape(1, -1))
                gWr += np.matmul(da, h[t - 1].T)
                gbe += da
                dh = np.matmul(self.Wr.T, da)
        m = len(X)
        self.We -= self.taxa * gWe / m
        self.Wr -= self.taxa * gWr / m
        self.Ws -= self.taxa * gWs / m
        self.be -= self.taxa * gbe / m
        self.bs -= self.taxa * gbs / m
        return perda / m


if __name__ == '__main__':
    np.random.seed(0)
    X = np.random.rand(60, 5, 2)
    classe = (X[:, :, 0].mean(axis=1) > X[:, :, 1].mean(axis=1)).astype(int)
    rede = Rede(2, 6, 2, taxa=0.5)
    for epoca in range(100):
        perda = rede.treina(X, np.eye(2)[classe])
    acertos = [np.argmax(rede.propaga(x)[1]) == c for x, c in zip(X, classe)]
    print('perda', perda, 'acertos', np.mean(acertos))
