# -*- coding: utf-8 -*-
# Classificador de sentimento: embedding -> RNN simples -> sigmoide
# Trabalho 2, Aprendizado Profundo
import numpy as np


def sigmoide(z):
    return 1.0 / (1.0 + np.exp(-z))


class RedeSentimento:
    """
    frases: matriz de inteiros (lote, tempo)
    rotulos: vetor (lote,) com 0 ou 1
    """

    def __init__(self, vocab, dim_emb, dim_oculta, semente=0):
        g = np.random.default_rng(semente)
        self.E = g.normal(0, 0.3, (vocab, dim_emb))
        self.Wx = g.normal(0, 0.3, (dim_emb, dim_oculta))
        self.Wh = g.normal(0, 0.3, (dim_oculta, dim_oculta))
        self.bh = np.zeros(dim_oculta)
        self.w = g.normal(0, 0.3, dim_oculta)
        self.b = 0.0

    def frente(self, frases):
        lote, tempo = frases.shape
        self.frases = frases
        self.emb = self.E[frases]                      # (lote, tempo, dim_emb)
        h = np.zeros((lote, self.Wh.shape[0]))
        self.estados = [h]
        for t in range(tempo):
            h = np.tanh(self.emb[:, t, :] @ self.Wx + h @ self.Wh + self.bh)
            self.estados.append(h)
        self.prob = sigmoide(h @ self.w + self.b)
        return self.prob

    def custo(self, rotulos):
        p = self.prob
        return -np.mean(rotulos * np.log(p) + (1 - rotulos) * np.log(1 - p))

    def tras(self, rotulos):
        lote, tempo = self.frases.shape
        dz = (self.prob - rotulos) / lote              # (lote,)
        h_fim = self.estados[-1]
        self.dw = h_fim.T @ dz
        self.db = dz.sum()
        self.dE = np.zeros_like(self.E)
        self.dWx = np.zeros_like(self.Wx)
        self.dWh = np.zeros_like(self.Wh)
        self.dbh = np.zeros_like(self.bh)
        dh = np.outer(dz, self.w)
        for t in range(tempo - 1, -1, -1):
            da = dh * (1 - self.estados[t + 1] ** 2)
            self.dWx += self.emb[:, t, :].T @ da
            self.dWh += self.estados[t].T @ da
            self.dbh += da.sum(axis=0)
            # a mesma palavra pode aparecer mais de uma vez
            np.add.at(self.dE, self.frases[:, t], da @ self.Wx.T)
            dh = da @ self.Wh.T

    def atualizar(self, taxa):
        self.E -= taxa * self.dE
        self.Wx -= taxa * self.dWx
        self.Wh -= taxa * self.dWh
        self.bh -= taxa * self.dbh
        self.w -= taxa * self.dw
        self.b -= taxa * self.db

    def treinar(self, frases, rotulos, taxa=0.5, epocas=150):
        historico = []
        for ep in range(epocas):
            self.frente(frases)
            historico.append(self.custo(rotulos))
            self.tras(rotulos)
            self.atualizar(taxa)
            if ep % 50 == 0:
                print("época %d custo %.4f" % (ep, historico[-1]))
        return historico


if __name__ == "__main__":
    textos = ["filme muito bom hoje", "filme muito ruim hoje", "nao gostei nada dele", "gostei muito dele hoje",
              "que filme tao bom", "que filme tao ruim", "nao foi nada bom", "nao foi nada ruim"]
    y = np.array([1, 0, 0, 1, 1, 0, 0, 1])
    palavras = sorted({p for t in textos for p in t.split()})
    X = np.array([[palavras.index(p) for p in t.split()] for t in textos])
    rede = RedeSentimento(len(palavras), 6, 10)
    rede.treinar(X, y)
    print(np.round(rede.frente(X), 2))
