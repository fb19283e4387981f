"""Scores of a method over several seeds, with intervals over subjects and seeds together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assets.corpora import FEMALE, MALE
from assets.errors import InputError
from assets.keyed import rng_for
from train.loop.outcome import METRICS, SCORES
from train.metrics.bootstrap import interval, mean_defined, subject_weights
from train.metrics.counts import f1
from train.metrics.fairness import eo_f1_ratio, spd
from train.metrics.report import Scored

SCORES_OF_TABLES = {"f1": "F1", "eo": "EO", "spd": "SPD"}


@dataclass(frozen=True)
class Pooled:
    """One score of one method.

    Attributes
    ----------
    per_au : (A,) float64
        Mean over seeds; NaN where undefined for every seed.
    avg : float
        Mean over Action Units and seeds.
    interval : (float, float) or None
        95 % over resampled subjects and seeds.
    seed_avgs : tuple of float
        Average of each seed.
    draws : (R,) float64
        The resampled averages; methods that share a seed of the bootstrap can be compared draw by draw.
    """

    per_au: np.ndarray
    avg: float
    interval: list[float] | None
    seed_avgs: tuple[float, ...]
    draws: np.ndarray


def read_scored(run: Path) -> Scored:
    """Read the probabilities and labels that a run stored.

    Raises
    ------
    InputError
        If the run is not finished.
    """
    path = run / SCORES
    if not path.is_file():
        raise InputError.one("the run holds no scores", path, "run it to the end, with a test set")
    with np.load(path, allow_pickle=False) as file:
        return Scored(
            tuple(map(str, file["columns"])), file["probs"], file["au"], file["au_mask"], file["subject"],
            tuple(map(str, file["subjects"])), tuple(map(str, file["gender"])),
        )  # fmt: skip


def read_metrics(run: Path) -> dict[str, Any]:
    """Read ``metrics.json`` of a run."""
    return json.loads((run / METRICS).read_text(encoding="utf-8"))


def pool(runs: Sequence[Scored], draws: int, seed: int) -> Mapping[str, Pooled]:
    """Pool the runs of one method that differ in their seed.

    Parameters
    ----------
    runs : sequence of Scored
        On the same test set.
    draws : int
        Bootstrap draws; each takes subjects within each gender and seeds, both with replacement.
    seed : int
        Of the bootstrap. Equal seeds draw the same subjects for every method.
    """
    gender = runs[0].gender
    weights = subject_weights(gender, draws, seed)
    everyone = np.ones((1, len(gender)))
    side = {name: np.array([value == name for value in gender], float) for name in (FEMALE, MALE)}
    chosen = rng_for(seed, "bootstrap", "seeds").multinomial(len(runs), np.full(len(runs), 1 / len(runs)), draws)
    two = all(part.any() for part in side.values())
    out = {}
    for name in SCORES_OF_TABLES if two else ("f1",):
        whole, drawn = [], []
        for run in runs:
            counts = run.counts()

            def score(w: np.ndarray, counts: Any = counts, name: str = name) -> np.ndarray:
                if name == "f1":
                    return f1(counts.weighted(w))
                women, men = (counts.weighted(w * side[group]) for group in (FEMALE, MALE))
                return (eo_f1_ratio if name == "eo" else spd)(women, men)

            whole.append(score(everyone)[0])
            drawn.append(mean_defined(score(weights)))
        averages = mean_defined(np.array(whole))
        resampled = mean_defined(_repeated(np.array(drawn).T, chosen)) if draws else np.empty(0)
        out[name] = Pooled(
            mean_defined(np.array(whole).T), float(mean_defined(averages)), interval(resampled),
            tuple(float(value) for value in averages), resampled,
        )  # fmt: skip
    return out


def _repeated(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return (R, S) ``values`` with each entry repeated as often as drawn; S stays, so the mean is the draw's."""
    return np.stack([np.repeat(row, count) for row, count in zip(values, times, strict=True)])


def difference(method: Pooled, reference: Pooled) -> dict[str, Any]:
    """Return how much larger the average of a method is than that of a reference, with a 95 % interval."""
    return {"avg": method.avg - reference.avg, "interval": interval(method.draws - reference.draws)}
