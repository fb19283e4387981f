"""Scores over seeds and folds, with intervals over subjects and seeds together."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assets.corpora import FEMALE, MALE
from assets.keyed import rng_for
from train.loop.outcome import METRICS
from train.metrics.bootstrap import interval, mean_defined, subject_weights
from train.metrics.counts import f1
from train.metrics.fairness import eo_f1_ratio, spd
from train.metrics.report import Gap, Scored

FAIRNESS_OF_TABLES = {"eo": eo_f1_ratio, "spd": spd}


@dataclass(frozen=True)
class Pooled:
    """One score of one method.

    Attributes
    ----------
    columns : tuple of str
        Action Units.
    per_au : (A,) float64
        Mean over seeds and folds; NaN where undefined everywhere.
    avg : float
        Mean over Action Units, then folds, then seeds.
    seed_avgs : tuple of float
        Average of each seed.
    per_au_draws : (R, A) float64
    avg_draws : (R,) float64
        The same of every bootstrap draw. Equal draws of two methods hold the same subjects and the same seeds.
    """

    columns: tuple[str, ...]
    per_au: np.ndarray
    avg: float
    seed_avgs: tuple[float, ...]
    per_au_draws: np.ndarray
    avg_draws: np.ndarray


def always_active(run: Scored) -> Scored:
    """Return the same frames with every Action Unit predicted active: what F1 costs nothing to reach."""
    return replace(run, probs=np.ones_like(run.probs))


def read_metrics(run: Path) -> dict[str, Any]:
    """Read ``metrics.json`` of a run."""
    return json.loads((run / METRICS).read_text(encoding="utf-8"))


def pool_scores(folds: Sequence[Sequence[Scored]], draws: int, key: str, fairness: bool = True) -> dict[str, Pooled]:
    """Pool the runs of one method: ``f1`` and, where both genders are tested, ``eo`` and ``spd``.

    Parameters
    ----------
    folds : sequence of sequence of Scored
        For each fold the runs of all seeds; a cross-domain direction is one fold. The seeds of a fold share its
        test set.
    draws : int
        Bootstrap draws.
    key : str
        Of the corpus; equal keys draw the same subjects for every method.
    fairness : bool
    """
    two = all({FEMALE, MALE} <= set(runs[0].gender) for runs in folds)
    names = ["f1", *(FAIRNESS_OF_TABLES if two and fairness else ())]
    weights = [subject_weights(runs[0].gender, draws, 0, f"{key} {number}") for number, runs in enumerate(folds)]
    out = {}
    for name in names:
        scores = [[_score_of(run, name) for run in runs] for runs in folds]
        out[name] = _pool(folds[0][0].columns, scores, [len(runs[0].subjects) for runs in folds], weights, key)
    return out


def pool_gaps(runs: Sequence[Gap], draws: int, key: str) -> Pooled:
    """Pool the gaps between twins over seeds."""
    weights = subject_weights(["one"] * len(runs[0].subjects), draws, 0, key)
    return _pool(runs[0].columns, [[run.weighted for run in runs]], [len(runs[0].subjects)], [weights], key)


def _score_of(run: Scored, name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from subject weights (R, S) to a score (R, A)."""
    counts = run.counts()
    if name == "f1":
        return lambda weights: f1(counts.weighted(weights))
    women, men = (np.array([value == side for value in run.gender], float) for side in (FEMALE, MALE))
    function = FAIRNESS_OF_TABLES[name]
    return lambda weights: function(counts.weighted(weights * women), counts.weighted(weights * men))


def _pool(
    columns: tuple[str, ...],
    folds: Sequence[Sequence[Callable[[np.ndarray], np.ndarray]]],
    subjects: Sequence[int],
    weights: Sequence[np.ndarray],
    key: str,
) -> Pooled:
    seeds, draws = len(folds[0]), len(weights[0])
    times = rng_for(0, "bootstrap", "seeds").multinomial(seeds, np.full(seeds, 1 / seeds), draws).astype(float)
    whole = np.stack(
        [[score(np.ones((1, count)))[0] for score in runs] for runs, count in zip(folds, subjects, strict=True)]
    )  # (folds, seeds, A)
    drawn = np.stack([[score(w) for score in runs] for runs, w in zip(folds, weights, strict=True)])  # (…, R, A)
    seed_avgs = mean_defined(mean_defined(whole).T)
    avg_draws = mean_defined(np.moveaxis(mean_defined(drawn), 0, -1))  # (seeds, R)
    per_seed = mean_defined(np.moveaxis(drawn, 0, -1))  # (seeds, R, A)
    return Pooled(
        columns, mean_defined(whole.reshape(-1, len(columns)).T), float(mean_defined(seed_avgs)), tuple(seed_avgs),
        _weighted_mean(per_seed, times.T[..., None]), _weighted_mean(avg_draws, times.T),
    )  # fmt: skip


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over the first axis with weights, leaving out NaN; NaN where nothing is left."""
    weights = np.where(np.isfinite(values), weights, 0.0)
    total = weights.sum(0)
    return np.where(total > 0, (np.nan_to_num(values) * weights).sum(0) / np.maximum(total, 1e-12), np.nan)


def both(parts: Sequence[Pooled]) -> Pooled:
    """Return the mean over several directions: the last column of the paper's tables; it has no Action Units."""
    nothing = np.empty((len(parts[0].avg_draws), 0))
    return Pooled(
        (), np.empty(0), float(np.mean([part.avg for part in parts])),
        tuple(float(np.mean(values)) for values in zip(*(part.seed_avgs for part in parts), strict=True)),
        nothing, np.mean([part.avg_draws for part in parts], axis=0),
    )  # fmt: skip


def difference(method: Pooled, reference: Pooled) -> tuple[float, list[float] | None]:
    """Return how much larger the average of a method is than that of a reference, with its 95 % interval.

    The difference is taken within each draw, so what both share (subjects, seeds, stage A) cancels.
    """
    return method.avg - reference.avg, interval(method.avg_draws - reference.avg_draws)


def summary_of(scores: Mapping[str, Pooled]) -> dict[str, Any]:
    """Return averages, intervals and seeds, ready for JSON."""
    return {
        name: {"avg": score.avg, "interval": interval(score.avg_draws), "seeds": list(score.seed_avgs)}
        for name, score in scores.items()
    }
