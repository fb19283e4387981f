"""The audit's arithmetic against independent implementations and known truth."""

from __future__ import annotations

import numpy as np
import pytest

from assets.action_units import ACTION_UNITS
from assets.keyed import rng_for
from synth.audit.agreement import ROUNDS, agreement, inactive, twin_pairs
from synth.audit.geometry import AUDITED
from synth.audit.label_auc import auc
from synth.audit.moments import block_numbers, cell, correlation, pooled, slope, weighings
from synth.audit.qualified import qualified, shares_of
from synth.audit.reading import ESTIMATORS, spread_rows
from synth.audit.specific import ALSO_MOVED_BY, ONE_SIDED, resting_rows, specific
from synth.audit.verdict import (
    JUDGED,
    LEAST_FRAMES,
    NO_VARIATION,
    NOT_TRANSFERRED,
    TOO_FEW,
    TRANSFERRED,
    WEAK,
    verdicts,
)
from tests.synth.audit_cases import readings

PLAIN = [AUDITED.index(n) for n in AUDITED if n not in ONE_SIDED and n not in ALSO_MOVED_BY]
"""Action Units whose measures are taken as they are."""


def test_pooled_correlation_is_that_of_values_centred_by_subject() -> None:
    rng = rng_for(0, "pooled")
    groups = [(rng.normal(size=(n, 3)) + 5 * i, rng.normal(size=(n, 3)) - 9 * i) for i, n in enumerate((30, 50, 17))]
    groups = [(x, 0.5 * x + y) for x, y in groups]
    found = correlation(pooled([cell(x, y) for x, y in groups]))[0]
    x = np.concatenate([x - x.mean(0) for x, _ in groups])
    y = np.concatenate([y - y.mean(0) for _, y in groups])
    for column in range(3):
        assert found[column] == pytest.approx(np.corrcoef(x[:, column], y[:, column])[0, 1], abs=1e-9)


def test_estimators_that_miss_perfect_twins_do_not_judge() -> None:
    found = [agreement([readings("perfect", i) for i in range(3)], name) for name in ESTIMATORS]
    judges = {verdict.number: verdict.judges for verdict in verdicts(found)}
    for number, names in judges.items():
        assert set(names) <= {name for name in ESTIMATORS if qualified(name, number)}
    assert "pixels" not in judges[17]
    assert "flow" in judges[6]


def test_the_table_of_perfect_twins_is_read_from_an_audit() -> None:
    empty = {ACTION_UNITS[number].column: {"estimators": {}} for number in AUDITED}
    empty["AU12"] = {"estimators": {
        "flow": {"r": 0.6, "repeatability": 0.8}, "pixels": {"r": 0.3, "repeatability": 0.4}, "scores": {"r": None},
    }}  # fmt: skip
    table = shares_of({"units": empty})
    assert table["flow"] == {12: 0.75}
    assert table["pixels"] == table["scores"] == table["landmarks"] == {}


def test_frames_without_a_reading_count_for_nothing() -> None:
    rng = rng_for(0, "gaps")
    x, y = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    x[3, 0], y[7, 0], y[9:20, 1] = np.nan, np.nan, np.nan
    sums = pooled([cell(x, y)])
    assert sums[0, 0].tolist() == [38, 29]
    fine = np.isfinite(x[:, 0]) & np.isfinite(y[:, 0])
    assert correlation(sums)[0, 0] == pytest.approx(np.corrcoef(x[fine, 0], y[fine, 0])[0, 1])
    assert np.isnan(correlation(pooled([cell(np.full((9, 1), np.nan), np.ones((9, 1)))]))).all()


def test_a_whole_sample_is_the_bootstrap_draw_in_which_everything_counts_once() -> None:
    x = rng_for(0, "whole").normal(size=(60, 2))
    one = cell(x, x**2)
    np.testing.assert_allclose(pooled([one], [np.ones((1, len(one.sums)))]), pooled([one]))


def test_subjects_are_drawn_from_five_on_and_all_cells_of_a_subject_alike() -> None:
    x = rng_for(0, "draws").normal(size=(48, 1))
    cells = [cell(x, x) for _ in range(10)]
    weights, by_subject = weighings(cells, [i // 2 for i in range(10)], rng_for(0, "w"), 50)
    assert by_subject
    assert all((weights[2 * i] == weights[2 * i + 1]).all() for i in range(5))
    totals = sum(w.sum(1) for w in weights[::2])
    assert (totals == 5 * (block_numbers(48)[-1] + 1)).all()
    assert not weighings(cells[:4], [0, 0, 1, 1], rng_for(0, "w"), 5)[1]


@pytest.mark.parametrize("true_slope", [0.3, 1.0])
def test_slope_is_right_with_noise_in_both(true_slope: float) -> None:
    rng = rng_for(0, "slope")
    truth = rng.normal(size=(4000, 1))
    first, second = (truth + 0.7 * rng.normal(size=truth.shape) for _ in range(2))
    twin = true_slope * truth + 0.5 * rng.normal(size=truth.shape)
    repeat = correlation(pooled([cell(first, second)]))[0]
    sums = pooled([cell(first, twin)])
    assert slope(sums, repeat)[0, 0] == pytest.approx(true_slope, abs=0.06)
    assert slope(sums, np.ones(1))[0, 0] < 0.75 * true_slope


def test_area_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = rng_for(0, "auc")
    positive = rng.random(80) < 0.3
    values = np.round(rng.normal(size=80) + positive, 1)
    assert auc(values, positive) == pytest.approx(metrics.roc_auc_score(positive, values))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_twins_that_follow_agree_and_those_that_do_not_do_not(estimator: str) -> None:
    perfect = agreement([readings("perfect", offset=0.5)], estimator)
    columns = [i for i in PLAIN if np.isfinite(perfect.r[i])]
    assert (perfect.r[columns] > 0.97).all()
    assert (perfect.r_low[columns] > perfect.control[columns]).all()
    assert perfect.slope[columns] == pytest.approx(np.ones(len(columns)), abs=0.06)
    assert perfect.offset[columns] == pytest.approx(np.full(len(columns), 5.0), abs=0.6)
    assert (perfect.offset_low[columns] < perfect.offset[columns]).all()
    assert (perfect.offset[columns] < perfect.offset_high[columns]).all()
    assert (perfect.female_male[columns] > 0.97).all()
    flat = agreement([readings("flat")], estimator)
    assert flat.slope[columns] == pytest.approx(np.full(len(columns), 0.25), abs=0.05)
    unrelated = agreement([readings("unrelated", subject=i) for i in range(6)], estimator)
    assert (np.abs(unrelated.r[columns]) < 0.3).all()
    assert unrelated.by_subject


def test_the_ceiling_is_what_twins_that_do_the_same_reach() -> None:
    """Two readings with independent errors of equal size correlate as much as two twins do that differ in nothing."""
    cases = [readings("perfect", subject, noise=0.7) for subject in range(8)]
    same = agreement(cases, "scores")
    assert same.female_male_ceiling[PLAIN].max() < 0.8
    assert np.mean(same.female_male[PLAIN] / same.female_male_ceiling[PLAIN]) == pytest.approx(1.0, abs=0.05)
    for case in cases:
        case.values[:, 2] = case.values[:, 2][:, ::-1]
        case.again[:, 2] = case.again[:, 2][:, ::-1]
    apart = agreement(cases, "scores")
    np.testing.assert_allclose(apart.female_male_ceiling, same.female_male_ceiling)
    assert (np.abs(apart.female_male[PLAIN]) < 0.5 * apart.female_male_ceiling[PLAIN]).all()
    for case in cases:
        case.again[:, 1:] = np.nan
    assert np.isnan(agreement(cases, "scores").female_male_ceiling).all()


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = []
    for subject in range(8):
        found = agreement([readings("perfect", subject, frames=96, noise=0.6, offset=0.5)], "landmarks", rounds=200)
        held.append((found.offset_low[PLAIN] < 5.0) & (found.offset_high[PLAIN] > 5.0))
    assert np.mean(held) > 0.75


def test_verdicts_follow_the_rule() -> None:
    def ruled(*cases) -> dict[int, str]:
        return {v.number: v.verdict for v in verdicts([agreement(list(cases), name, rounds=80) for name in ESTIMATORS])}

    perfect = ruled(readings("perfect"))
    assert {perfect[AUDITED[i]] for i in PLAIN} == {TRANSFERRED}
    assert {ruled(readings("flat"))[AUDITED[i]] for i in PLAIN} == {WEAK}
    unrelated = ruled(*(readings("unrelated", subject=i) for i in range(6)))
    assert {unrelated[AUDITED[i]] for i in PLAIN} == {NOT_TRANSFERRED}
    still = readings("perfect")
    still.values[..., 0, :] = 0.0
    still.again[..., 0] = 0.0
    assert ruled(still)[AUDITED[0]] == NO_VARIATION


@pytest.mark.parametrize("kind", ["perfect", "unrelated"])
def test_too_few_frames_give_no_verdict(kind: str) -> None:
    def ruled(*frames: int) -> set[str]:
        cases = [readings(kind, subject, frames=count) for subject, count in enumerate(frames)]
        found = verdicts([agreement(cases, name, rounds=80) for name in ESTIMATORS])
        assert all("of at least 30 frames" in v.reason and not v.values for v in found if v.verdict == TOO_FEW)
        return {v.verdict for v in found}

    for few in ((4,), (8,), (LEAST_FRAMES - 1,), (8, 8, 8), (3,) * 20):
        assert ruled(*few) == {TOO_FEW}
    assert ruled(LEAST_FRAMES) <= {*JUDGED, NO_VARIATION}
    assert ruled(10, 10, 10) <= {*JUDGED, NO_VARIATION}


def test_labels_count_twins_that_move_at_the_wrong_time_do_not_pass() -> None:
    good = verdicts([agreement([readings("perfect", i, labelled=True) for i in range(5)], "scores")])
    assert all(v.values["label_share"] > 0.95 for v in good if v.judges)
    assert {v.verdict for v in good if v.judges} == {TRANSFERRED}
    bad = verdicts([agreement([readings("unrelated", i, labelled=True) for i in range(5)], "scores")])
    assert {v.verdict for v in bad if v.judges} == {NOT_TRANSFERRED}


def test_what_other_units_explain_is_taken_off() -> None:
    case = readings("perfect")
    dimple, smile = AUDITED.index(14), AUDITED.index(12)
    case.values[0, :, :, dimple] = 3.0 * case.values[0, :, :, smile]
    case.again[0, ..., dimple] = 3.0 * case.again[0, ..., smile]
    own = specific(case)
    assert own.values[0, 0, :, dimple, 0].std() < 0.05 * case.values[0, 0, :, dimple, 0].std()
    np.testing.assert_array_equal(own.values[1], case.values[1])


def test_opposites_count_only_beyond_rest() -> None:
    case = readings("perfect")
    own = specific(case).values[0, 0, :, AUDITED.index(1), 0]
    assert own.min() == 0.0
    raised = case.values[0, 0, :, AUDITED.index(1), 0]
    rest = np.median(raised[resting_rows(case)])
    np.testing.assert_allclose(own, np.maximum(raised - rest, 0))


def test_rest_is_known_from_labels_where_there_are_any() -> None:
    case = readings("perfect", labelled=True)
    assert (resting_rows(case) == ~case.labels.any(1)).all()
    quiet = inactive(case, 0)
    assert (quiet == ~case.labels).all()


def test_results_depend_on_the_seed_alone() -> None:
    cases = [readings("flat", i, frames=40) for i in range(5)]
    one, same, other = (agreement(cases, "landmarks", seed, rounds=ROUNDS // 4) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.r_low, same.r_low)
    np.testing.assert_array_equal(one.r, other.r)
    assert not np.array_equal(one.r_low, other.r_low)


def test_twins_are_paired_by_name_and_rows_spread_evenly() -> None:
    assert twin_pairs(("real", "female", "male", "female_2", "male_2")) == [(1, 2), (3, 4)]
    assert twin_pairs(("real", "female_dark", "female_light", "male_dark", "male_light")) == [(1, 3), (2, 4)]
    assert twin_pairs(("real", "light", "dark")) == [(1, 2)]
    assert twin_pairs(("real", "light")) == []
    assert spread_rows(np.arange(10) * 2, 4).tolist() == [0, 6, 12, 18]
    assert spread_rows(np.arange(3), 8).tolist() == [0, 1, 2]
