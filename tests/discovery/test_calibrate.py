import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from ringfence.discovery.calibrate import (
    Calibration,
    calibrate,
    calibrated,
    error_interval,
    expected_calibration_error,
    lacking,
)
from ringfence.model.faults import Fault
from ringfence.model.schemas import SCORES


def drawn(seed: int, count: int, slope: float, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, labels, and the true probabilities the labels were drawn with."""
    chance = np.random.default_rng(seed)
    score = chance.normal(size=count) * 3
    truth = expit(slope * score + level)
    return score, chance.random(count) < truth, truth


def table(score: np.ndarray) -> pa.Table:
    order = np.argsort(-score, kind="stable")
    columns = {"account_id": [str(n) for n in order], "rank": np.arange(1, len(order) + 1), "score": score[order]}
    empty = {name: pa.nulls(len(order), SCORES.field(name).type) for name in SCORES.names[3:]}
    return pa.table({**columns, **empty}, schema=SCORES)


@pytest.mark.parametrize(("slope", "level"), [(1.0, 0.0), (0.3, -2.0), (2.0, 1.0)])
def test_the_curve_that_labels_were_drawn_from_is_found_again(slope: float, level: float) -> None:
    score, positive, truth = drawn(1, 20_000, slope, level)
    assert np.abs(calibrate(score, positive).probability(score) - truth).mean() < 0.01


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 9_999), st.integers(2, 200))
def test_a_higher_score_never_has_a_lower_probability(seed: int, count: int) -> None:
    score, positive, _ = drawn(seed, count, -0.5, 0.0)  # even where the labels say the opposite
    positive[:2] = [True, False]
    probability = calibrate(score, positive).probability(np.sort(score))
    assert (np.diff(probability) >= 0).all()
    assert ((probability > 0) & (probability < 1)).all()


def test_a_perfect_ranking_gives_no_certainty() -> None:
    score = np.linspace(-5, 5, 60)
    probability = calibrate(score, score > 0).probability(score)
    assert 0.8 < probability.max() < 0.9999


def test_a_curve_moves_to_the_operators_prevalence() -> None:
    score, positive, truth = drawn(2, 200_000, 1.0, 0.0)
    rare = (np.random.default_rng(3).random(len(score)) < 0.02) | ~positive  # a platform with few that belong
    share = float(positive[rare].mean())
    moved = calibrate(score[:20_000], positive[:20_000], prevalence=share)
    assert moved.probability(score[rare]).mean() == pytest.approx(share, rel=0.1)
    assert truth.mean() > 5 * share


def test_weights_undo_a_draw_that_preferred_the_top() -> None:
    score, positive, truth = drawn(4, 100_000, 1.0, -3.0)
    chance = np.where(score > 3, 0.5, 0.02)
    picked = np.random.default_rng(5).random(len(score)) < chance
    curve = calibrate(score[picked], positive[picked], 1 / chance[picked])
    assert curve.probability(score).mean() == pytest.approx(truth.mean(), rel=0.1)


def test_weights_undo_a_draw_that_preferred_positives() -> None:
    """Reports brought them in: at the same score they were four times as likely to be reviewed."""
    score, positive, truth = drawn(9, 100_000, 1.0, -2.0)
    chance = np.where(positive, 0.4, 0.1)
    picked = np.random.default_rng(10).random(len(score)) < chance
    told = score[picked], positive[picked], 1 / chance[picked]
    assert np.abs(calibrate(*told).probability(score) - truth).mean() < 0.01
    # Told the share that the weights say, the curve stays where it is.
    assert np.abs(calibrate(*told, prevalence=float(truth.mean())).probability(score) - truth).mean() < 0.01


def test_a_curve_is_kept_as_json() -> None:
    score, positive, _ = drawn(6, 500, 1.0, 0.0)
    curve = calibrate(score, positive)
    assert msgspec.json.decode(msgspec.json.encode(curve), type=Calibration) == curve


def test_scores_from_seeds_are_calibrated_on_reviews() -> None:
    score, positive, truth = drawn(7, 2_000, 1.0, -1.0)
    reviewed = pa.table({"account_id": [str(n) for n in range(400)], "label": positive[:400].astype(int)})
    found = calibrated(table(score), reviewed)
    assert found.schema.names == SCORES.names
    probability = np.empty(len(score))
    probability[np.array(found["account_id"].to_pylist(), dtype=int)] = found["probability"].to_numpy()
    assert np.abs(probability - truth).mean() < 0.05


@pytest.mark.parametrize("labels", [[1, 0] * 24, [1] * 60, []])
def test_too_few_reviews_or_one_class_leave_probabilities_null(labels: list[int]) -> None:
    reviewed = pa.table({"account_id": pa.array([str(n) for n in range(len(labels))]), "label": pa.array(labels)})
    found = calibrated(table(np.arange(100.0)), reviewed.cast(pa.schema([("account_id", "string"), ("label", "int8")])))
    assert found["probability"].null_count == 100
    assert (lacking(np.array(labels, dtype=bool)) or "").startswith(
        f"uncalibrated: {len(labels)} reviewed accounts are"
    )


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_prevalence_that_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(Fault, match="above 0 and below 1"):
        calibrate(np.arange(4.0), np.array([True, False, True, False]), prevalence=share)


def test_calibration_error_by_hand() -> None:
    probability = np.array([0.1, 0.3, 0.6, 0.8])
    positive = np.array([False, False, True, True])
    assert expected_calibration_error(probability, positive, bins=2) == pytest.approx((0.2 + 0.3) / 2)
    # Bins hold equally many accounts, wherever these stand: 0.1 with 0.2, and 0.3 with 0.9.
    skewed = np.array([0.1, 0.2, 0.3, 0.9])
    assert expected_calibration_error(skewed, skewed > 0.5, bins=2) == pytest.approx((0.15 + 0.1) / 2)
    assert expected_calibration_error(probability, positive, bins=15) == pytest.approx((0.1 + 0.3 + 0.4 + 0.2) / 4)


def test_the_interval_of_the_error_lies_around_what_was_measured() -> None:
    _, positive, truth = drawn(8, 3_000, 1.0, 0.0)
    error = error_interval(np.minimum(truth + 0.1, 1.0), positive)
    assert error.lowest < error.expected < error.highest
    assert error == error_interval(np.minimum(truth + 0.1, 1.0), positive)
