# -*- coding: utf-8 -*-
"""Modelo de linguagem por caracteres (trabalho da disciplina)."""
import numpy as np


class ModeloCaracteres:
    def __init__(self, texto, oculta=40, taxa=0.1, semente=1):
        self.letras = sorted(set(texto))
        self.indice = {c: i for i, c in enumerate(self.letras)}
        V, rs = len(self.letras), np.random.RandomState(semente)
        self.taxa = taxa
        self.Wxh = rs.randn(oculta, V) * 0.05
        self.Whh = rs.randn(oculta, oculta) * 0.05
        self.Why = rs.randn(V, oculta) * 0.05
        self.bh = np.zeros((oculta, 1))
        self.by = np.zeros((V, 1))
        self.memoria = {n: np.zeros_like(getattr(self, n)) for n in self.nomes()}

    def nomes(self):
        return ["Wxh", "Whh", "Why", "bh", "by"]

    def passo_frente(self, entradas, h):
        """entradas: lista de inteiros"""
        self.entradas = entradas
        self.hs = [h]
        self.ps = []
        for i in entradas:
            # coluna i de Wxh = Wxh @ one_hot(i)
            h = np.tanh(self.Wxh[:, [i]] + self.Whh @ h) + self.bh
            y = self.Why @ h + self.by
            e = np.exp(y - np.max(y))
            self.hs.append(h)
            self.ps.append(e / np.sum(e))
        return self.ps, h

    def custo(self, alvos):
        return -sum(np.log(p[a, 0]) for p, a in zip(self.ps, alvos))

    def passo_tras(self, alvos):
        grad = {n: np.zeros_like(getattr(self, n)) for n in self.nomes()}
        dh_prox = np.zeros_like(self.hs[0])
        for t in reversed(range(len(alvos))):
            dy = self.ps[t].copy()
            dy[alvos[t]] -= 1
            grad["Why"] += dy @ self.hs[t + 1].T
            grad["by"] += dy
            dh = self.Why.T @ dy + dh_prox
            dbruto = (1 - self.hs[t + 1] ** 2) * dh
            grad["bh"] += dbruto
            grad["Wxh"][:, [self.entradas[t]]] += dbruto
            grad["Whh"] += dbruto @ self.hs[t].T
            dh_prox = self.Whh.T @ dbruto
        return grad

    def adagrad(self, grad):
        for n in self.nomes():
            g = np.clip(grad[n], -5, 5)
            self.memoria[n] += g * g
            setattr(self, n, getattr(self, n) - self.taxa * g / np.sqrt(self.memoria[n] + 1e-8))

    def treinar(self, texto, tamanho=15, iteracoes=500):
        p, h = 0, np.zeros_like(self.bh)
        for k in range(iteracoes):
            if p + tamanho + 1 > len(texto):
                p, h = 0, np.zeros_like(self.bh)
            ent = [self.indice[c] for c in texto[p:p + tamanho]]
            alvo = [self.indice[c] for c in texto[p + 1:p + tamanho + 1]]
            _, h = self.passo_frente(ent, h)
            custo = self.custo(alvo)
            self.adagrad(self.passo_tras(alvo))
            p += tamanho
            if k % 100 == 0:
                print("iteração", k, "custo", round(float(custo), 3))


if __name__ == "__main__":
    texto = "o rato roeu a roupa do rei de roma. " * 20
    modelo = ModeloCaracteres(texto)
    modelo.treinar(texto)
