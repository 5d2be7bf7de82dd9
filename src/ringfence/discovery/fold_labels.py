"""What do the labels around an account say? Told without its own, and without those of its fold.

Labelled accounts are dealt into folds. The sums that go into an account's columns are kept fold by fold, so that any
fold can be left out by a subtraction: an account's own label is in its own fold, and never reaches its own columns by
whatever path.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.aggregates import Circle, Matrix
from ringfence.discovery.labels import Labels
from ringfence.graph.csr import Index
from ringfence.graph.local import aggregate, propagate

OUT = -1  # the fold of an account without a label
DAMPING, STEPS = 0.85, 10  # of the walk that hears from further away, as in PageRank


@dataclass(frozen=True, slots=True)
class Voice:
    """One way of hearing labels: for each account, fold by fold, how many it hears and how many of them are positive.

    Both are accounts x folds. `steady` is how many heard labels weigh as much as what is known without any.
    """

    name: str
    heard: Matrix
    positive: Matrix
    steady: float


@dataclass(frozen=True, slots=True)
class FoldLabels:
    """All voices, the fold of each account, and how many labels each fold has and how many are positive."""

    voices: tuple[Voice, ...]
    fold: NDArray[np.int64]
    size: NDArray[np.float64]
    positive: NDArray[np.float64]

    @property
    def names(self) -> tuple[str, ...]:
        kinds = ("share of positive labels {}", "number of labels {}")
        return tuple(kind.format(voice.name) for voice in self.voices for kind in kinds)

    def of(self, accounts: Index, left_out: int = OUT) -> Matrix:
        """Columns for `accounts` from the labels that are neither in their own fold nor in the one `left_out`.

        The share is told as what exceeds the share in all labels, shrunk towards 0 where few are heard.
        """
        kept = np.arange(len(self.size)) != left_out
        usual = self.positive[kept].sum() / max(self.size[kept].sum(), 1.0)
        heeded = (kept & (self.fold[accounts][:, None] != np.arange(len(self.size)))).astype(np.float32)
        columns = []
        for voice in self.voices:
            heard = (voice.heard[accounts] * heeded).sum(axis=1)
            excess = (voice.positive[accounts] * heeded).sum(axis=1) - usual * heard
            columns += [excess / (heard + voice.steady), np.log1p(heard)]
        return np.column_stack(columns).astype(np.float32) if columns else np.empty((len(accounts), 0), np.float32)

    def said(self, account: int, column: int, left_out: int = OUT) -> str:
        """One of the columns of `of` for one account, in words."""
        voice = self.voices[column // 2]
        kept = np.arange(len(self.size)) != left_out
        heeded = kept & (np.arange(len(self.size)) != self.fold[account])
        heard = float(voice.heard[account][heeded].sum())
        if column % 2:
            return f"hears {heard:.1f} times as many labels {voice.name} as an account usually does"
        share = float(voice.positive[account][heeded].sum()) / heard if heard else 0.0
        usual = self.positive[kept].sum() / max(self.size[kept].sum(), 1.0)
        return f"{share:.2f} of the labels {voice.name} are positive, of all {usual:.2f}"


def folds(reviewed: Labels, accounts: int, count: int, seed: int) -> NDArray[np.int64]:
    """For each account its fold, or `OUT` where it has no label; each fold has its part of either class."""
    chance = np.random.default_rng(seed)
    dealt = np.full(accounts, OUT)
    for start, said in ((0, True), (1, False)):
        group = chance.permutation(reviewed.accounts[reviewed.positive == said])
        dealt[group] = (np.arange(len(group)) + start) % count
    return dealt


def fold_labels(around: Sequence[Circle], reviewed: Labels, fold: NDArray[np.int64], count: int) -> FoldLabels:
    """Everything that is heard of the labels, one step away, two, and along a walk."""
    marks = np.zeros((len(fold), 2 * count), np.float32)
    marks[reviewed.accounts, fold[reviewed.accounts]] = 1.0
    marks[reviewed.accounts[reviewed.positive], count + fold[reviewed.accounts[reviewed.positive]]] = 1.0
    voices = []
    for one in around:
        near = _heard(one, marks)
        even = np.asarray(near / np.maximum(one.matrix.degree(), 1)[:, None], dtype=np.float32)
        far = _heard(one, even)
        voices += [_voice(f"among neighbours ({one.name})", near), _voice(f"two steps away ({one.name})", far)]
    if around:
        voices.append(_voice("along walks", _walked(around, marks)))
    sizes = marks.sum(axis=0, dtype=np.float64)
    return FoldLabels(tuple(voices), fold, sizes[:count], sizes[count:])


def _heard(circle: Circle, marks: Matrix) -> Matrix:
    """The sum of the marks of an account's neighbours; one heard through an object counts the less the more use it."""
    if circle.users is None:
        return propagate(circle.matrix, marks)
    return propagate(circle.matrix, circle.share[:, None] * propagate(circle.users, marks))


def _walked(around: Sequence[Circle], marks: Matrix) -> Matrix:
    """Marks carried by walks that start at each account, turn home with 1 - `DAMPING`, and take any relation alike."""
    heard = np.zeros_like(marks)
    wave = marks
    for _ in range(STEPS):
        steps = [aggregate(c.matrix, wave if c.users is None else aggregate(c.users, wave)) for c in around]
        wave = np.asarray(DAMPING * sum(steps) / len(steps), dtype=np.float32)
        heard += wave
    return heard


def _voice(name: str, heard: Matrix) -> Voice:
    count = heard.shape[1] // 2
    # In units of what is usually heard, so that one constant serves counts and weighted counts alike.
    usual = max(float(heard[:, :count].sum(axis=1).mean()), 1e-12)
    return Voice(name, heard[:, :count] / usual, heard[:, count:] / usual, 0.1)
