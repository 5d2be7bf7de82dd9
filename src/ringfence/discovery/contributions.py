"""Which amounts does an account's score add up from? Exactly these, each in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ringfence.discovery import plain_words
from ringfence.discovery.expand import EQUALS, Expansion
from ringfence.discovery.pool import Pool
from ringfence.discovery.refine import Refined
from ringfence.discovery.signals import ranked

MOST, MOST_BENEATH = 8, 3  # what is smaller than the largest so many is told as one
SEED, NEGATIVE, ELSE = "named as a seed", "a person said it is none", "all else"
START, CLOSE, FIRST_LOOK = "where every account starts", "looked at closely", "corroboration, which tells equals apart"

Accounts = NDArray[np.int64]
Amounts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contribution:
    """A part of the score. `beneath` is what moved a learned vote most, in shares of its trees; it does not add up."""

    words: str
    amount: float
    beneath: tuple["Contribution", ...] = ()


def contributions(found: Expansion, accounts: Accounts) -> list[tuple[Contribution, ...]]:
    """For each of `accounts` (dense ids) what its score sums from, the largest amount either way first."""
    close = np.isin(accounts, found.rows)
    close &= ~np.isin(accounts, found.seeds.accounts) & ~np.isin(accounts, found.seeds.negatives)
    places = np.searchsorted(found.rows, accounts[close])
    if isinstance(found.ranking, Refined):
        told = _refined(found, found.ranking, places)
    else:
        told = _pooled(found, found.ranking, places)
    each = iter(told)
    seeds, negatives = set(found.seeds.accounts.tolist()), set(found.seeds.negatives.tolist())
    place = np.argsort(found.order()) + 1
    return [
        next(each) if looked else (_named(found, int(account), int(place[account]), seeds, negatives),)
        for account, looked in zip(accounts, close, strict=True)
    ]


def _named(found: Expansion, account: int, place: int, seeds: set[int], negatives: set[int]) -> Contribution:
    """The one contribution of an account that no ranking judged."""
    words = SEED if account in seeds else NEGATIVE if account in negatives else f"place {place:,} of the first look"
    return Contribution(words, float(found.score[account]))


def _refined(found: Expansion, ranking: Refined, places: Accounts) -> list[tuple[Contribution, ...]]:
    scale = math.log(len(found.rows))
    parts = ranking.parts(places) * scale
    words, summed = _by_words([*map(plain_words.of_evidence, ranking.names), START], parts)
    equals = EQUALS * (1 - ranked(found.judged.score[found.rows])[places]) * scale
    amounts = np.column_stack([summed, equals, np.full(len(places), _lift(found))])
    return [_told([*words, FIRST_LOOK, CLOSE], row) for row in amounts]


def _pooled(found: Expansion, ranking: Pool, places: Accounts) -> list[tuple[Contribution, ...]]:
    beneath = {name: _beneath(found, ranking, name, places) for name in ranking.forests}
    words = [*(plain_words.VOTES[name] for name in ranking.names), CLOSE]
    amounts = np.column_stack([ranking.parts[:, places].T, np.full(len(places), _lift(found))])
    return [
        _told(words, row, [beneath[name][place] if name in beneath else () for name in ranking.names])
        for place, row in enumerate(amounts)
    ]


def _lift(found: Expansion) -> float:
    """What all accounts looked at closely have over those that were not."""
    return math.log(found.graph.size / len(found.rows))


def _beneath(found: Expansion, ranking: Pool, name: str, places: Accounts) -> list[tuple[Contribution, ...]]:
    columns = ranking.columns[name]
    features = 0 if found.graph.features is None else found.graph.features.shape[1]
    kinds = [kind.name for kind in found.judged.kinds]
    names = plain_words.of_learner(kinds, features, columns.shape[1], signals="ties" in name)
    parts = ranking.forests[name].parts(np.ascontiguousarray(columns[places]), columns.shape[1])
    words, summed = _by_words(names, parts[:, :-1])
    return [tuple(_largest(words, row)[:MOST_BENEATH]) for row in summed]


def _by_words(words: Sequence[str], parts: Amounts) -> tuple[list[str], Amounts]:
    """The columns of `parts` that have the same words, summed: these words, and rows x words."""
    distinct = list(dict.fromkeys(words))
    place = {name: number for number, name in enumerate(distinct)}
    joins = np.zeros((len(words), len(distinct)))
    joins[np.arange(len(words)), [place[name] for name in words]] = 1.0
    return distinct, parts @ joins


def _largest(
    words: Sequence[str], amounts: Amounts, beneath: Sequence[tuple[Contribution, ...]] = ()
) -> list[Contribution]:
    order = np.argsort(-np.abs(amounts), kind="stable")
    return [
        Contribution(words[number], float(amounts[number]), beneath[number] if number < len(beneath) else ())
        for number in order.tolist()
        if amounts[number]
    ]


def _told(
    words: Sequence[str], amounts: Amounts, beneath: Sequence[tuple[Contribution, ...]] = ()
) -> tuple[Contribution, ...]:
    """The largest contributions, and all that is smaller as one."""
    every = _largest(words, amounts, beneath)
    small = every[MOST:]
    rest = (Contribution(ELSE, math.fsum(one.amount for one in small)),) if small else ()
    return (*every[:MOST], *rest)
