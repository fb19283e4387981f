"""Scores equal those of scikit-learn and fairlearn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    selection_rate,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, recall_score

from assets.errors import InputError
from train.metrics.bootstrap import interval, mean_defined, subject_weights
from train.metrics.counts import Counts, f1, subject_counts, true_positive_rate
from train.metrics.counts import selection_rate as our_selection_rate
from train.metrics.fairness import FAIRNESS, eo_f1_ratio, spd
from train.metrics.report import Scored, counterfactual_gap, evaluate, twin_gaps

COLUMNS = ("AU01", "AU12", "AU24")


def draw(seed: int, frames: int = 300, subjects: int = 6, known: float = 0.9) -> Scored:
    rng = np.random.default_rng(seed)
    au = (rng.random((frames, 3)) < (0.5, 0.3, 0.05)).astype(np.float32)
    probs = np.clip(0.6 * au + rng.random((frames, 3)) * 0.7, 0, 1).astype(np.float32)
    mask = (rng.random((frames, 3)) < known).astype(np.float32)
    gender = tuple(("female", "male")[i % 2] for i in range(subjects))
    return Scored(
        COLUMNS, probs, au, mask, rng.integers(0, subjects, frames), tuple(f"S{i}" for i in range(subjects)), gender
    )  # fmt: skip


def whole(counts: Counts) -> Counts:
    return counts.weighted(np.ones(len(counts.frames)))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), frames=st.integers(1, 200))
def test_f1_equals_scikit_learn_on_known_labels(seed: int, frames: int) -> None:
    s = draw(seed, frames)
    expected = []
    for i in range(3):
        known = s.mask[:, i] > 0
        expected.append(f1_score(s.au[known, i], s.probs[known, i] > 0.5, zero_division=0) if known.any() else 0.0)
    assert np.allclose(f1(whole(s.counts())), expected)


def test_rates_equal_scikit_learn_and_fairlearn() -> None:
    s = draw(0, known=1.0)
    counts = whole(s.counts())
    for i in range(3):
        active = s.probs[:, i] > 0.5
        assert true_positive_rate(counts)[i] == pytest.approx(recall_score(s.au[:, i], active))
        assert our_selection_rate(counts)[i] == pytest.approx(selection_rate(s.au[:, i], active))


@pytest.mark.parametrize("seed", range(4))
def test_fairness_equals_fairlearn(seed: int) -> None:
    s = draw(seed, known=1.0)
    group = np.array(s.gender)[s.subject]
    table = evaluate(s, fairness=True, draws=0, seed=0)
    for i in range(3):
        truth, active = s.au[:, i].astype(int), (s.probs[:, i] > 0.5).astype(int)
        frame = MetricFrame(
            metrics=lambda t, p: f1_score(t, p, zero_division=0), y_true=truth, y_pred=active, sensitive_features=group
        )  # fmt: skip
        values = {name: table[name]["per_au"][i] for name in FAIRNESS}
        assert values["eo_f1_ratio"] == pytest.approx(frame.ratio(), abs=1e-5)
        assert values["spd"] == pytest.approx(
            demographic_parity_difference(truth, active, sensitive_features=group), abs=1e-5
        )
        ratio = demographic_parity_ratio(truth, active, sensitive_features=group)
        assert values["demographic_parity_ratio"] == pytest.approx(ratio, abs=1e-5)
        difference = equal_opportunity_difference(truth, active, sensitive_features=group)
        assert values["equal_opportunity_difference"] == pytest.approx(difference, abs=1e-5)


def test_eo_and_the_tpr_difference_are_different_things() -> None:
    """All positives found in both groups, many false alarms in one: TPR is equal, F1 is not."""
    au = np.array([[1], [0], [0], [1], [0], [0]], float)
    probs = np.array([[0.9], [0.1], [0.1], [0.9], [0.9], [0.9]])
    s = Scored(("AU01",), probs, au, np.ones_like(au), np.array([0, 0, 0, 1, 1, 1]), ("A", "B"), ("female", "male"))
    table = evaluate(s, fairness=True, draws=0, seed=0)
    assert table["equal_opportunity_difference"]["avg"] == 0
    assert table["eo_f1_ratio"]["avg"] == pytest.approx(0.5)
    assert table["spd"]["avg"] == pytest.approx(2 / 3)


def test_zero_over_zero_is_zero_for_f1_and_left_out_of_eo() -> None:
    au = np.array([[1, 0], [1, 0]], float)
    probs = np.array([[0.9, 0.1], [0.9, 0.1]])
    s = Scored(("AU01", "AU24"), probs, au, np.ones_like(au), np.array([0, 1]), ("A", "B"), ("female", "male"))
    table = evaluate(s, fairness=True, draws=0, seed=0)
    assert table["f1"]["per_au"] == [1.0, 0.0]
    assert table["eo_f1_ratio"]["per_au"] == [1.0, None]
    assert table["eo_f1_ratio"]["avg"] == 1.0
    assert table["eo_f1_ratio"]["undefined"] == 1
    assert table["single_class_aus"] == ["AU01", "AU24"]


def test_a_masked_label_changes_no_label_score() -> None:
    s = draw(1)
    flipped = np.where(s.mask > 0, s.au, 1 - s.au)
    changed = Scored(s.columns, s.probs, flipped, s.mask, s.subject, s.subjects, s.gender)
    assert evaluate(s, True, 10, 0) == evaluate(changed, True, 10, 0)


def test_swapping_the_genders_changes_no_fairness_score() -> None:
    s = draw(2)
    other = tuple("male" if value == "female" else "female" for value in s.gender)
    swapped = Scored(s.columns, s.probs, s.au, s.mask, s.subject, s.subjects, other)
    one, two = evaluate(s, True, 0, 0), evaluate(swapped, True, 0, 0)
    assert all(one[name] == two[name] for name in FAIRNESS)


def test_counts_add_up_over_subjects() -> None:
    s = draw(3)
    alone = subject_counts(s.probs, s.au, s.mask, np.zeros(len(s.probs), int), 1)
    for part, total in zip(s.counts().parts(), alone.parts(), strict=True):
        assert np.array_equal(part.sum(0), total[0])


def test_bootstrap_keeps_group_sizes_and_matches_explicit_resampling() -> None:
    s = draw(4)
    weights = subject_weights(s.gender, 50, 0)
    assert (weights[:, ::2].sum(1) == 3).all()
    assert (weights[:, 1::2].sum(1) == 3).all()
    drawn = f1(s.counts().weighted(weights))
    frames = np.concatenate([np.tile(np.flatnonzero(s.subject == i), int(n)) for i, n in enumerate(weights[7])])
    for i in range(3):
        known = frames[s.mask[frames, i] > 0]
        assert drawn[7, i] == pytest.approx(f1_score(s.au[known, i], s.probs[known, i] > 0.5, zero_division=0))


def test_intervals_hold_the_score_and_widen_with_fewer_subjects() -> None:
    few, many = draw(5, 2000, subjects=4), draw(5, 2000, subjects=40)
    widths = []
    for s in (few, many):
        table = evaluate(s, False, 400, 0)["f1"]
        low, high = table["avg_interval"]
        assert low <= table["avg"] <= high
        widths.append(high - low)
    assert len(widths) == 2
    assert interval(np.array([np.nan, np.nan])) is None
    assert mean_defined(np.array([[1.0, np.nan], [np.nan, np.nan]]))[0] == 1.0


def test_gap_is_the_mean_difference_between_twins() -> None:
    rng = np.random.default_rng(0)
    probs = rng.random((20, 2, 3))
    table = counterfactual_gap(twin_gaps(COLUMNS, probs, rng.integers(0, 4, 20), list("abcd")), 10, 0)
    assert np.allclose(table["per_au"], np.abs(probs[:, 0] - probs[:, 1]).mean(0), atol=1e-6)
    swapped = twin_gaps(COLUMNS, probs[:, [1, 0]], np.zeros(20, int), ["a"])
    assert counterfactual_gap(swapped, 0, 0)["avg"] == table["avg"]


def test_unknown_or_absent_gender_is_one_clear_error() -> None:
    s = draw(0)
    unknown = Scored(s.columns, s.probs, s.au, s.mask, s.subject, s.subjects, ("unknown", *s.gender[1:]))
    with pytest.raises(InputError, match="unknown for 1 of 6: S0"):
        evaluate(unknown, True, 0, 0)
    women = Scored(s.columns, s.probs, s.au, s.mask, s.subject, s.subjects, ("female",) * 6)
    with pytest.raises(InputError, match="no subject is male"):
        evaluate(women, True, 0, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert evaluate(unknown, False, 10, 0)["f1"]["avg"] > 0


def test_direct_formulas() -> None:
    def one(tp: float, fp: float, fn: float, tn: float) -> Counts:
        return Counts(*(np.array([v]) for v in (tp, fp, fn, tn, tp + fp, tp + fp + fn + tn)))

    women, men = one(8, 2, 0, 10), one(3, 1, 4, 12)
    assert eo_f1_ratio(women, men)[0] == pytest.approx((6 / 11) / (16 / 18))
    assert spd(women, men)[0] == pytest.approx(10 / 20 - 4 / 20)
