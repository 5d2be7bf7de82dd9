import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.exposure.cuts.budget import NO_CONTACT, Cut, Sample, contact, cut
from ringfence.exposure.cuts.odds import Odds

ACCOUNTS, VIEWERS, SLOTS = 60, 25, 5


def drawn(seed: int) -> tuple[Odds, np.ndarray, Sample]:
    rng = np.random.default_rng(seed)
    log_odds = np.round(rng.normal(-4, 3, ACCOUNTS), 1)  # rounded, so that some are equal
    flagged = rng.random(ACCOUNTS) < 0.1
    nobody = np.zeros(ACCOUNTS, dtype=bool)
    follows = [np.sort(rng.choice(ACCOUNTS, 4, replace=False)).astype(np.uint32) for _ in range(VIEWERS)]
    slates = np.array([rng.choice(ACCOUNTS, SLOTS, replace=False) for _ in range(VIEWERS)])
    slates[rng.random(slates.shape) < 0.1] = -1
    return Odds(log_odds, nobody, nobody), flagged, Sample(follows, slates)


def spent(chosen: Cut, odds: Odds, sample: Sample) -> float:
    """The cost of every slot that the cut leaves out, viewer by viewer."""
    total = 0.0
    for followed, slate in zip(sample.follows, sample.slates, strict=True):
        shown = slate[slate >= 0].astype(np.uint32)
        total += float((1 - odds.probability[shown[~chosen.keep(7, followed, shown)]]).sum())
    return total


@given(st.integers(0, 10_000), st.floats(0, 0.5))
@settings(deadline=None)
def test_a_cut_keeps_to_its_budget_and_one_step_deeper_would_not(seed: int, budget: float) -> None:
    odds, flagged, sample = drawn(seed)
    chosen = cut(odds, flagged, [sample], budget)
    room = budget * (sample.slates >= 0).sum()
    filter_alone = spent(Cut(flagged, odds.log_odds, odds.probability, np.inf), odds, sample)
    assert spent(chosen, odds, sample) <= max(room, filter_alone) + 1e-9
    if np.isfinite(chosen.threshold):
        deeper = Cut(flagged, odds.log_odds, odds.probability, np.nextafter(chosen.threshold, -np.inf))
        assert spent(deeper, odds, sample) > room - 1e-9


@given(st.integers(0, 10_000))
@settings(deadline=None)
def test_flagged_accounts_are_never_kept_and_a_larger_budget_keeps_no_more(seed: int) -> None:
    odds, flagged, sample = drawn(seed)
    small, large = (cut(odds, flagged, [sample], budget) for budget in (0.02, 0.2))
    everybody = np.arange(ACCOUNTS, dtype=np.uint32)
    for followed in sample.follows:
        kept = small.keep(7, followed, everybody)
        assert not kept[flagged].any()
        assert not (large.keep(7, followed, everybody) & ~kept).any()


def test_the_worst_suggester_sets_the_threshold() -> None:
    odds, flagged, sample = drawn(1)
    _, _, other = drawn(2)
    both = cut(odds, flagged, [sample, other], 0.1).threshold
    assert both == max(cut(odds, flagged, [one], 0.1).threshold for one in (sample, other))


def test_whoever_follows_nobody_is_in_no_contact() -> None:
    odds, flagged, _ = drawn(3)
    nobody = np.array([], dtype=np.uint32)
    assert contact(odds.probability, [nobody]).tolist() == [NO_CONTACT]
    assert Cut(flagged, odds.log_odds, odds.probability, np.inf).keep(7, nobody, nobody).tolist() == []
