"""Is a trial what a run of the product would see, and the same when it comes from the cache?"""

from pathlib import Path

import numpy as np
import pytest

from ringfence.demo import trial as trials
from ringfence.demo.trial import cached, loud_members, random_members
from ringfence.discovery import results, vetted
from ringfence.model.words import Opinion
from ringfence.world.adversary import Adversary


def test_a_cached_world_is_made_once_and_comes_back_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, made = cached(tmp_path, 1_500, 8)
    other, _ = cached(tmp_path, 1_500, 8, Adversary(camouflage=1))
    assert other.folder != world.folder
    monkeypatch.setattr(trials, "write", None)  # nothing more may be generated
    again, back = cached(tmp_path, 1_500, 8)
    assert again == world
    assert back.graph.accounts.equals(made.graph.accounts)
    assert back.graph.ties == made.graph.ties
    assert back.signals.equals(made.signals)
    assert (back.minors == made.minors).all()
    assert (back.truth.kind == made.truth.kind).all()


def test_a_trial_finds_what_the_product_finds(tmp_path: Path) -> None:
    world, trial = cached(tmp_path, 2_000, 9)
    found = trial.discover(trial.start(world.seed_accounts, terms=True))
    vetted.add(trial.workspace, world.seed_accounts, Opinion.POSITIVE, "test")
    product = results.discover(trial.workspace)
    assert np.array_equal(found.score, product.score)
    assert np.array_equal(found.members, product.members)


def test_seeds_drawn_are_members_and_loud_ones_are_louder(tmp_path: Path) -> None:
    _, trial = cached(tmp_path, 5_000, 10)
    ties = np.sum([relation.forward.degree() for relation in trial.graph.relations], axis=0)
    drawn = {name: trial.graph.find(of(trial, 10, 3)) for name, of in (("any", random_members), ("loud", loud_members))}
    for chosen in drawn.values():
        assert len(np.unique(chosen)) == 10
        assert trial.truth.member[chosen].all()
    assert ties[drawn["loud"]].min() >= np.sort(ties[trial.truth.member])[-20]
    assert ties[drawn["loud"]].mean() > ties[drawn["any"]].mean()
    assert random_members(trial, 10, 3) == random_members(trial, 10, 3) != random_members(trial, 10, 4)
