"""Topics of bags of words: shares of them, and beliefs of which region a word is told from."""

from __future__ import annotations

import numpy as np

from tuwen.arrays import Array


def shares(values: Array) -> Array:
    """Rows that add up to one."""
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def topic_shares(counts: Array, topics: Array, prior: float, steps: int = 100) -> Array:
    """Expected shares of topics in bags of words, (n, k), by variational steps of plain LDA.

    Args:
        counts: (n, d), none below zero.
        topics: Probabilities of the words in each topic, (k, d).
        prior: Concentration of the Dirichlet prior of a bag's shares.
        steps: At most.
    """
    from scipy.special import digamma

    totals = counts.sum(axis=1, keepdims=True)
    gamma = np.full((len(counts), len(topics)), prior) + totals / len(topics)
    for _ in range(steps):
        weights = np.exp(digamma(gamma) - digamma(gamma.sum(axis=1, keepdims=True)))
        new = prior + weights * ((counts / np.maximum(weights @ topics, 1e-300)) @ topics.T)
        moved, gamma = np.abs(new - gamma).max(initial=0), new
        if moved < 1e-5 * max(float(totals.max(initial=0)), 1.0):
            break
    return shares(gamma)


class PairOfBags:
    """An image and its text as counts: which regions and words there are, and beliefs of their topics.

    Args:
        image: Counts of visual words, (d_image,).
        text: Counts of words, (d_text,).
        topics: How many.
        prior: Concentration of the Dirichlet prior of the image's shares.
    """

    def __init__(self, image: Array, text: Array, topics: int, prior: float) -> None:
        self.regions, self.words = np.flatnonzero(image), np.flatnonzero(text)
        self.counts, self.times = image[self.regions][:, None], text[self.words]
        self.prior = prior
        self.phi = np.full((len(self.regions), topics), 1 / topics)  # of each region, (regions, topics)
        self.gamma = prior + (self.counts * self.phi).sum(axis=0)

    def improve(self, visual: Array, words: Array, steps: int = 3) -> tuple[float, Array]:
        """Better beliefs for logarithms of the topics; gives the document's part of the bound, and links."""
        from scipy.special import digamma, gammaln

        seen, told = visual[:, self.regions].T, words[:, self.words]
        for _ in range(steps):
            if len(self.words) and len(self.regions):
                links, _ = self._links(told)
                pull = (links * self.times) @ told.T
            else:
                pull = np.zeros_like(seen)
            logits = seen + digamma(self.gamma) + pull
            logits -= logits.max(axis=1, keepdims=True)
            self.phi = shares(np.exp(logits))
            self.gamma = self.prior + (self.counts * self.phi).sum(axis=0)
        expected = digamma(self.gamma) - digamma(self.gamma.sum())
        entropy = np.log(np.maximum(self.phi, 1e-300))
        bound = (self.counts * self.phi * (seen + expected - entropy)).sum()
        k = len(self.gamma)
        bound += gammaln(k * self.prior) - k * gammaln(self.prior) + ((self.prior - 1) * expected).sum()
        bound -= gammaln(self.gamma.sum()) - gammaln(self.gamma).sum() + ((self.gamma - 1) * expected).sum()
        links = np.empty((len(self.regions), len(self.words)))
        if links.size:
            links, sums = self._links(told)
            bound += float(self.times @ (sums - np.log(self.counts.sum())))
        return float(bound), links

    def _links(self, told: Array) -> tuple[Array, Array]:
        """Which region a word is told from, (regions, words), for one region of each kind; and log sums."""
        logits = self.phi @ told
        top = logits.max(axis=0)
        links = np.exp(logits - top)
        sums = (self.counts * links).sum(axis=0)
        return links / sums, np.log(sums) + top

    def count(self, seen: Array, told: Array, links: Array) -> None:
        """Add what is believed since `improve` to the counts of visual words and of words by topic."""
        believed = (self.counts * self.phi).T
        seen[:, self.regions] += believed
        told[:, self.words] += believed @ links * self.times
