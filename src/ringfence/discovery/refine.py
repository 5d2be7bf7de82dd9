"""Who else is tied as the corroborated are? Learned from them, and so fit to judge those of whom less is known.

A member that posts nothing shares nothing, and no two families of ties can agree on it; but it keeps the company that
members keep. Trees learn from the corroborated what that is, one fold of them judged by the others, and are shown those
who nearly were as the others to tell them from: journalists, the audience, bird watchers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery.forest import Forest, grow
from ringfence.discovery.kinds import Kind
from ringfence.discovery.likeness import take_rows
from ringfence.graph import local
from ringfence.graph.csr import Csr

# The first round's answer, from TAUGHT on, teaches the second; of the second's, those from CUT on are found. An answer
# is the share of positives, classes weighted alike, in leaves the account was not used to grow.
# All chosen on generated worlds 41, 42 and 44.
TAUGHT, CUT = 0.5, 0.6
FOLDS, REPEATS, TREES, LEAST_LEAF = 3, 3, 60, 3
LEAST = 2  # positives that can be judged by one another
# How many others are shown, half of them from the next in line after the positives, as many of those as NEXT says.
OTHERS, NEXT = 3_000, 3_000
PRIOR, SPARE, ENOUGH = 3, 2, 3.0  # as in corroborate: shrinkage of a target's share, and of an account's mean

Scores = NDArray[np.float64]
Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Refined:
    """`score` (0 to 1) has one entry for each of `rows` (dense ids).

    `columns` is what the trees of `forests` saw, rows x names. Each forest judges only the rows that are true in its
    row of `unseen` (forests x rows), those it was not grown on, and a row's score is the mean of what these say.
    """

    rows: Rows
    score: Scores
    names: tuple[str, ...]
    columns: Matrix
    forests: tuple[Forest, ...]
    unseen: NDArray[np.bool_]

    def above(self, cut: float, accounts: int) -> NDArray[np.bool_]:
        """Who scores `cut` or more: one entry an account of the graph."""
        found = np.zeros(accounts, dtype=bool)
        found[self.rows[self.score >= cut]] = True
        return found

    def parts(self, places: Rows) -> Scores:
        """What each column adds to the score of the rows at `places`, and last where all start: they sum to it."""
        total = np.zeros((len(places), len(self.names) + 1))
        for forest, unseen in zip(self.forests, self.unseen[:, places], strict=True):
            total[unseen] += forest.parts(self.columns[places[unseen]], len(self.names))
        return np.asarray(total / np.maximum(self.unseen[:, places].sum(axis=0), 1)[:, None])


def refine(
    found: Sequence[Kind], rows: Rows, score: Scores, positives: NDArray[np.bool_], negatives: Rows, seed: int
) -> Refined:
    """Judge `rows` from `positives` (one entry an account), whom both families of ties agree on.

    `score` (one entry an account) says who is next in line after them. `negatives` are accounts that a person said
    are none: they are never positives, and always among the others.
    """
    members = positives.copy()
    members[negatives] = False
    first = _round(found, rows, score[rows], members, negatives, seed)
    members = first.above(TAUGHT, len(score))
    members[negatives] = False
    return _round(found, rows, first.score, members, negatives, seed + 1) if members.sum() >= LEAST else first


def _round(
    found: Sequence[Kind], rows: Rows, score: Scores, members: NDArray[np.bool_], negatives: Rows, seed: int
) -> Refined:
    names, columns = evidence(found, members, rows)
    chance = np.random.default_rng(seed)
    inside = members[rows]
    positives, rest = np.flatnonzero(inside), np.flatnonzero(~inside)
    line = rest[np.argsort(-score[rest], kind="stable")][: max(NEXT, len(positives))]
    said = np.flatnonzero(np.isin(rows, negatives))
    total, forests, judges = np.zeros(len(rows)), [], []
    for _ in range(REPEATS):
        others = np.concatenate([chance.choice(rest, OTHERS // 2), chance.choice(line, OTHERS // 2), said])
        others = np.unique(others)
        fold, fold_of_others = chance.permutation(len(positives)) % FOLDS, chance.permutation(len(others)) % FOLDS
        for number in range(FOLDS):
            shown, shown_others = positives[fold != number], others[fold_of_others != number]
            forest = grow(columns[shown], columns[shown_others], TREES, int(chance.integers(1 << 31)), LEAST_LEAF)
            unseen = np.ones(len(rows), dtype=bool)
            unseen[shown] = unseen[shown_others] = False
            total[unseen] += forest.ask(columns[unseen])
            judges.append(unseen)
            forests.append(forest)
    asked = np.array(judges)
    return Refined(rows, total / np.maximum(asked.sum(axis=0), 1), names, columns, tuple(forests), asked)


def evidence(found: Sequence[Kind], members: NDArray[np.bool_], rows: Rows) -> tuple[tuple[str, ...], Matrix]:
    """What ties `rows` to `members`, never counting an account as evidence for itself: names, and rows x names.

    For a kind that ties to accounts: how many, how many members, their share. For one that ties to content: how many,
    the members' share of each object's other users, summed, averaged, and the largest. And for every two kinds that tie
    to accounts: how many members those tied to are tied to in turn, each counted up to ENOUGH.
    """
    weight = members.astype(np.float64)
    names: list[str] = []
    columns: list[Scores] = []
    tied = {kind.name: _tied(kind, weight) for kind in found if kind.company}
    for kind in found:
        own = take_rows(kind.matrix, rows)
        row = own.sources().astype(np.int64)
        degree = own.degree().astype(np.float64)

        def summed(values: Scores, row: NDArray[np.int64] = row) -> Scores:
            return np.bincount(row, weights=values, minlength=len(rows)).astype(np.float64)

        names.append(f"{kind.name}: how many")
        columns.append(np.log1p(degree))
        if kind.company:
            sums = tied[kind.name][rows]
            names += [f"{kind.name}: members", f"{kind.name}: share of members"]
            columns += [np.log1p(sums), sums / (degree + SPARE)]
            for other in (one for one in found if one.company):
                itself = weight[rows][row] * _returned(own, take_rows(other.back, rows), members[rows])
                counted = np.minimum(tied[other.name][own.targets] - itself, ENOUGH)
                total = summed(counted)
                names += [f"{kind.name}, then {other.name}: members", f"{kind.name}, then {other.name}: mean"]
                columns += [np.log1p(total), total / (degree + SPARE)]
        else:
            users = kind.back.degree()[own.targets]
            share = (_tied_back(kind, weight)[own.targets] - weight[rows][row]) / (users - 1 + PRIOR)
            largest = np.zeros(len(rows))
            np.maximum.at(largest, row, share)
            names += [f"{kind.name}: members' share", f"{kind.name}: mean share", f"{kind.name}: largest share"]
            columns += [np.log1p(20 * summed(share)), summed(share) / (degree + SPARE), largest]
    return tuple(names), np.column_stack(columns).astype(np.float32)


def _returned(own: Csr, back: Csr, asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which ties of `own` are in `back` too, so that the target ties back; told of the rows that are `asked` alone."""
    row, row_back = own.sources().astype(np.int64), back.sources().astype(np.int64)
    inside, inside_back = asked[row], asked[row_back]
    returned = np.zeros(own.ties, dtype=bool)
    pairs = row[inside] * own.columns + own.targets[inside]
    pairs_back = row_back[inside_back] * own.columns + back.targets[inside_back]
    returned[inside] = np.isin(pairs, pairs_back, assume_unique=True)
    return returned


def _tied(kind: Kind, weight: Scores) -> Scores:
    """How many members each account is tied to by one kind."""
    mean = local.aggregate(kind.matrix, weight.astype(np.float32)[:, None])[:, 0]
    return np.asarray(np.rint(mean.astype(np.float64) * kind.matrix.degree()))


def _tied_back(kind: Kind, weight: Scores) -> Scores:
    """How many members use each object."""
    mean = local.aggregate(kind.back, weight.astype(np.float32)[:, None])[:, 0]
    return np.asarray(np.rint(mean.astype(np.float64) * kind.back.degree()))
