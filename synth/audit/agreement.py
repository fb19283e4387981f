"""Real frame and twin side by side, Action Unit by Action Unit: how well one follows the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.keyed import rng_for
from synth.audit.geometry import AUDITED, MEASURES
from synth.audit.label_auc import label_aucs
from synth.audit.moments import Cell, block_numbers, cell, correlation, pooled, slope, weighings
from synth.audit.pixels import PIXEL_MEASURES
from synth.audit.reading import ESTIMATORS, Readings
from synth.audit.readout import VISIBLE_SCORE
from synth.audit.specific import resting_rows, specific

ROUNDS = 400
SHUFFLES = 100
INTERVAL = (0.025, 0.975)
SHORTEST_TRACK = 4
"""Frames of a subject from which no turn of the shuffled control brings frames together that belong together."""

Triple = tuple[np.ndarray, np.ndarray, np.ndarray]
"""A value with the ends of its interval."""

QUIET_SHARE = 0.30
"""Share of the frames in which an Action Unit without labels is taken to be inactive: those that read lowest."""


@dataclass(frozen=True)
class Agreement:
    """What one estimator says about every audited Action Unit; all arrays are (A,) float64, NaN where unknown.

    Attributes
    ----------
    estimator : str
    frames : pairs of a real frame and a twin
    real_frames : real frames that are read, and with them some twin, in tracks of at least ``SHORTEST_TRACK``
    subjects : int
    by_subject : bool
        Whether the intervals draw subjects; else only blocks of time.
    r, r_low, r_high : correlation of twin and real within subject and avatar, with its 95 % interval
    control : 97.5 % quantile of the correlation of frames that do not belong together
    slope, slope_low, slope_high : of twin on real, corrected for noise in the real measure
    offset, offset_low, offset_high : twin minus real where the Action Unit is inactive, in the measure's unit
    level : activation of the twins where the Action Unit is inactive
    female_male, female_male_low, female_male_high : correlation of the female with the male twin
    female_male_ceiling : the same correlation if both twins did exactly the same: geometric mean of how well two
        readings of the female and of the male twin's pictures correlate (Spearman 1904)
    repeatability : correlation of two readings of the real pictures
    span : distance from the 20th to the 95th percentile on real frames, median over subjects
    visible : span from which an Action Unit counts as varying
    asymmetry : correlation of left minus right, real and twin
    auc_real, auc_twin, auc_twin_low, auc_twin_high : area under the ROC of the label, within subject
    positives : frames with the label
    """

    estimator: str
    frames: np.ndarray
    real_frames: np.ndarray
    subjects: int
    by_subject: bool
    r: np.ndarray
    r_low: np.ndarray
    r_high: np.ndarray
    control: np.ndarray
    slope: np.ndarray
    slope_low: np.ndarray
    slope_high: np.ndarray
    offset: np.ndarray
    offset_low: np.ndarray
    offset_high: np.ndarray
    level: np.ndarray
    female_male: np.ndarray
    female_male_low: np.ndarray
    female_male_high: np.ndarray
    female_male_ceiling: np.ndarray
    repeatability: np.ndarray
    span: np.ndarray
    visible: np.ndarray
    asymmetry: np.ndarray
    auc_real: np.ndarray
    auc_twin: np.ndarray
    auc_twin_low: np.ndarray
    auc_twin_high: np.ndarray
    positives: np.ndarray


def visible_change(estimator: str, readings: Readings) -> np.ndarray:
    """Return the least change (A,) of an estimator's readings that counts as variation."""
    if estimator not in ESTIMATORS:
        return np.full(len(AUDITED), np.nan) if readings.visible is None else readings.visible
    if estimator == "scores":
        return np.full(len(AUDITED), VISIBLE_SCORE)
    table = PIXEL_MEASURES if estimator == "pixels" else MEASURES
    steps = [getattr(table[n], "visible_mm", None) or getattr(table[n], "visible", np.nan) if n in table else np.nan
             for n in AUDITED]  # fmt: skip
    return np.array(steps, float)


def agreement(readings: list[Readings], estimator: str, seed: int = 0, rounds: int = ROUNDS) -> Agreement:
    """Compare all twins with their real frames, subject by subject.

    Correlations, slopes and areas are those of the specific part of each measure (``synth.audit.specific``); the offset
    and the level are those of the measure itself.

    Parameters
    ----------
    readings : list of Readings
        One per subject.
    estimator : str
        One of those in the readings.
    seed : int
    rounds : int
        Bootstrap rounds.
    """
    e = readings[0].estimators.index(estimator)
    rng = rng_for(seed, "audit", estimator)
    subjects = [specific(one) for one in readings]
    pairs = [(s, g) for s in range(len(subjects)) for g in range(1, len(subjects[s].images))]
    cells = [cell(subjects[s].values[e, 0, ..., 0], subjects[s].values[e, g, ..., 0]) for s, g in pairs]
    weights, by_subject = weighings(cells, [s for s, _ in pairs], rng, rounds)
    repeat = repeatability(subjects, estimator)
    drawn, whole = pooled(cells, weights), pooled(cells)
    r = interval(correlation(whole)[0], correlation(drawn))
    steep = interval(slope(whole, repeat)[0], slope(drawn, repeat))
    offset, level = _offsets(readings, e, rng, rounds)
    return Agreement(
        estimator, whole[0, 0], _real_frames(subjects, e), len(subjects), by_subject, *r, _control(subjects, e, rng),
        *steep, *offset, level,
        *_female_male(subjects, e, rng, rounds), _ceiling(subjects, e), repeat, _span(subjects, e),
        visible_change(estimator, readings[0]), _asymmetry(subjects, e), *label_aucs(subjects, e, rng, rounds),
    )  # fmt: skip


def repeatability(subjects: list[Readings], estimator: str) -> np.ndarray:
    """Return the correlation (A,) of both readings of the real pictures, within subjects."""
    e = subjects[0].estimators.index(estimator)
    return correlation(pooled([cell(s.values[e, 0, ..., 0], s.again[e, 0]) for s in subjects]))[0]


def twin_pairs(images: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return the places of each female twin and of the male one that belongs to it.

    Twins that do not differ in gender are paired with the next one of their tuple.
    """
    places = {name: i for i, name in enumerate(images)}
    pairs = [
        (place, places[partner])
        for name, place in places.items()
        if name.startswith("female") and (partner := name.replace("female", "male", 1)) in places
    ]
    return pairs or [(i, i + 1) for i in range(1, len(images) - 1)]


def _real_frames(subjects: list[Readings], e: int) -> np.ndarray:
    """Return the number (A,) of real frames that are read and have a twin that is read, too; short tracks have none."""
    counts = np.zeros(len(AUDITED), int)
    for one in subjects:
        fine = np.isfinite(one.values[e, ..., 0])
        counts += (fine[0] & fine[1:].any(0)).sum(0) * (len(one.rows) >= SHORTEST_TRACK)
    return counts


def interval(value: np.ndarray, drawn: np.ndarray) -> Triple:
    """Return a value (A,) with the ends of its 95 % interval over bootstrap rounds (R, A)."""
    unknown = np.isnan(drawn).all(0)
    low, high = np.nanquantile(np.where(unknown, 0.0, drawn), INTERVAL, axis=0)
    return value, np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def _female_male(subjects: list[Readings], e: int, rng: np.random.Generator, rounds: int) -> Triple:
    cells: list[Cell] = []
    owners: list[int] = []
    for s, readings in enumerate(subjects):
        for female, male in twin_pairs(readings.images):
            cells.append(cell(readings.values[e, female, ..., 0], readings.values[e, male, ..., 0]))
            owners.append(s)
    if not cells:
        unknown = np.full(len(AUDITED), np.nan)
        return unknown, unknown, unknown
    weights, _ = weighings(cells, owners, rng, rounds)
    return interval(correlation(pooled(cells))[0], correlation(pooled(cells, weights)))


def _ceiling(subjects: list[Readings], e: int) -> np.ndarray:
    """Return how well two readings of a female and of a male twin's pictures correlate, geometric mean (A,)."""
    found = []
    for side in (0, 1):
        places = [(s, pair[side]) for s in subjects for pair in twin_pairs(s.images)]
        twice = [cell(s.values[e, g, ..., 0], s.again[e, g]) for s, g in places]
        found.append(correlation(pooled(twice))[0] if twice else np.full(len(AUDITED), np.nan))
    return np.sqrt(np.clip(found[0], 0.0, 1.0) * np.clip(found[1], 0.0, 1.0))


def _control(subjects: list[Readings], e: int, rng: np.random.Generator) -> np.ndarray:
    """Return the 97.5 % quantile (A,) of r after turning every subject's twins in time by a quarter or more."""
    found = []
    for _ in range(SHUFFLES):
        cells = []
        for readings in subjects:
            count = len(readings.rows)
            step = int(rng.integers(max(1, count // 4), max(2, count - count // 4 + 1)))
            for g in range(1, len(readings.images)):
                turned = np.roll(readings.values[e, g, ..., 0], step, axis=0)
                cells.append(cell(readings.values[e, 0, ..., 0], turned))
        found.append(correlation(pooled(cells))[0])
    drawn = np.array(found)
    unknown = np.isnan(drawn).all(0)
    return np.where(unknown, np.nan, np.nanquantile(np.where(unknown, 0.0, drawn), INTERVAL[1], axis=0))


def inactive(readings: Readings, e: int) -> np.ndarray:
    """Return where (T, A) each Action Unit is inactive on the real face.

    By its labels where they are known; else in the frames whose second reading is among the lowest 30 %: chosen by one
    reading and measured by the other, noise favours neither side.
    """
    again = readings.again[e, 0]
    out = np.zeros(again.shape, bool)
    for column in range(again.shape[1]):
        absent = readings.known[:, column] & ~readings.labels[:, column]
        if absent.sum() >= 3:
            out[:, column] = absent
        elif np.isfinite(again[:, column]).any():
            with np.errstate(invalid="ignore"):
                out[:, column] = again[:, column] <= np.nanquantile(again[:, column], QUIET_SHARE)
    return out


def _offsets(subjects: list[Readings], e: int, rng: np.random.Generator, rounds: int) -> tuple[Triple, np.ndarray]:
    """Return the offset with its interval, and the twins' level at rest (A,)."""
    cells, owners, levels = [], [], []
    for s, readings in enumerate(subjects):
        quiet, calm = inactive(readings, e), resting_rows(readings)
        for g in range(1, len(readings.images)):
            cells.append(
                _differences(np.where(quiet, readings.values[e, g, ..., 0] - readings.values[e, 0, ..., 0], np.nan))
            )
            owners.append(s)
            levels.append(_median(readings.values[e, g, ..., 0][calm]))
    weights, _ = weighings(cells, owners, rng, rounds)
    return interval(_mean_difference(cells)[0], _mean_difference(cells, weights)), _median(np.array(levels))


def _differences(values: np.ndarray) -> Cell:
    """Return per block how many differences (T, A) are known and their sum."""
    fine = np.isfinite(values)
    blocks = block_numbers(len(values))
    sums = np.zeros((int(blocks[-1]) + 1, 2, values.shape[1]))
    np.add.at(sums, blocks, np.stack([fine.astype(float), np.where(fine, values, 0.0)], 1))
    return Cell(sums)


def _mean_difference(cells: list[Cell], weights: list[np.ndarray] | None = None) -> np.ndarray:
    """Return the mean (R, A) over cells of each cell's mean difference; cells without any do not count."""
    total, count = 0.0, 0.0
    for index, one in enumerate(cells):
        weight = np.ones((1, len(one.sums))) if weights is None else weights[index]
        sums = np.einsum("rb,bka->rka", weight, one.sums)
        known = sums[:, 0] > 0
        times = known * (weight.sum(1) / len(one.sums))[:, None]
        total = total + times * sums[:, 1] / np.maximum(sums[:, 0], 1e-12)
        count = count + times
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total / count, np.nan)


def _median(values: np.ndarray) -> np.ndarray:
    unknown = np.isnan(values).all(0)
    return np.where(unknown, np.nan, np.nanmedian(np.where(unknown, 0.0, values), axis=0))


def _span(subjects: list[Readings], e: int) -> np.ndarray:
    spans = []
    for readings in subjects:
        real = readings.values[e, 0, ..., 0]
        unknown = np.isnan(real).all(0)
        low, high = np.nanquantile(np.where(unknown, 0.0, real), (0.20, 0.95), axis=0)
        spans.append(np.where(unknown, np.nan, high - low))
    return _median(np.array(spans))


def _asymmetry(subjects: list[Readings], e: int) -> np.ndarray:
    cells = []
    for readings in subjects:
        sides = readings.values[e, ..., 1] - readings.values[e, ..., 2]
        cells += [cell(sides[0], sides[g]) for g in range(1, len(readings.images))]
    return correlation(pooled(cells))[0]
