"""From probabilities to the scores that a run reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.corpora import FEMALE, MALE
from assets.errors import InputError, Problem
from train.metrics.bootstrap import interval, mean_defined, subject_weights
from train.metrics.counts import Counts, f1, subject_counts
from train.metrics.fairness import FAIRNESS


@dataclass(frozen=True)
class Scored:
    """Probabilities of a test set with its labels.

    Attributes
    ----------
    columns : tuple of str
        Action Units.
    probs, au, mask : (N, A) float32
    subject : (N,) int64
        Number of the subject of each frame.
    subjects, gender : tuple of str
        Name and apparent gender of each subject.
    """

    columns: tuple[str, ...]
    probs: np.ndarray
    au: np.ndarray
    mask: np.ndarray
    subject: np.ndarray
    subjects: tuple[str, ...]
    gender: tuple[str, ...]

    def counts(self) -> Counts:
        """Return the counts of each subject."""
        return subject_counts(self.probs, self.au, self.mask, self.subject, len(self.subjects))


def refuse_unknown_gender(subjects: Sequence[str], gender: Sequence[str], where: object) -> None:
    """Raise if the gender of a subject is unknown or one gender is absent: EO and SPD are then undefined.

    Raises
    ------
    InputError
    """
    mend = "pass --gender-csv FILE (columns subject,gender) or --no-fairness"
    unknown = [name for name, value in zip(subjects, gender, strict=True) if value not in (FEMALE, MALE)]
    if unknown:
        names = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
        what = f"EO and SPD need the apparent gender of every subject; unknown for {len(unknown)} of {len(subjects)}"
        raise InputError.one(f"{what}: {names}", where, mend)
    absent = [value for value in (FEMALE, MALE) if value not in gender]
    if absent:
        raise InputError(
            Problem(f"no subject is {value}, so EO and SPD are undefined", str(where), mend) for value in absent
        )


def evaluate(scored: Scored, fairness: bool, draws: int, seed: int) -> dict[str, Any]:
    """Return all scores with 95 % intervals over subjects, as a table ready for JSON; fractions, not percent.

    Parameters
    ----------
    scored : Scored
    fairness : bool
        Report EO, SPD and their relatives.
    draws : int
        Bootstrap draws; 0 leaves the intervals out.
    seed : int

    Raises
    ------
    InputError
        If a gender is needed and unknown.
    """
    if fairness:
        refuse_unknown_gender(scored.subjects, scored.gender, "fairness")
    counts = scored.counts()
    weights = subject_weights(scored.gender, draws, seed)
    everyone = np.ones(len(scored.subjects))
    known = (counts.tp + counts.fn + counts.fp + counts.tn).sum(0)
    positive = (counts.tp + counts.fn).sum(0)
    table: dict[str, Any] = {
        "aus": list(scored.columns),
        "frames": len(scored.probs),
        "subjects": len(scored.subjects),
        "women": sum(value == FEMALE for value in scored.gender),
        "men": sum(value == MALE for value in scored.gender),
        "positive_rate": _plain(positive / np.maximum(known, 1)),
        "selection_rate": _plain(counts.selected.sum(0) / len(scored.probs)),
        "f1": _score(lambda w: f1(counts.weighted(w)), everyone, weights),
    }
    empty = [name for name, n, p in zip(scored.columns, known, positive, strict=True) if p in (0, n)]
    table["single_class_aus"] = empty
    if fairness:
        side = {name: np.array([value == name for value in scored.gender], float) for name in (FEMALE, MALE)}
        for name, function in FAIRNESS.items():

            def score(w: np.ndarray, function: Callable = function) -> np.ndarray:
                return function(counts.weighted(w * side[FEMALE]), counts.weighted(w * side[MALE]))

            table[name] = _score(score, everyone, weights)
    return table


def _score(function: Callable[[np.ndarray], np.ndarray], everyone: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """Return a score per Action Unit and its average, with intervals."""
    values = function(everyone)
    out: dict[str, Any] = {
        "per_au": _plain(values),
        "avg": _plain(mean_defined(values)),
        "undefined": int((~np.isfinite(values)).sum()),
    }
    if len(weights):
        drawn = function(weights)
        out["avg_interval"] = interval(mean_defined(drawn))
        out["per_au_interval"] = [interval(drawn[:, i]) for i in range(drawn.shape[1])]
    return out


def _plain(values: np.ndarray) -> Any:
    """Return plain floats; None for what is undefined."""
    rounded = np.round(np.asarray(values, float), 6)
    if rounded.ndim == 0:
        return float(rounded) if np.isfinite(rounded) else None
    return [float(value) if np.isfinite(value) else None for value in rounded]


@dataclass(frozen=True)
class Gap:
    """|p(x_f) − p(x_m)| summed per subject: the paper's case study for every pair.

    Attributes
    ----------
    columns, subjects : tuple of str
    sums : (S, A) float64
        Sum over the pairs of each subject.
    pairs : (S, 1) float64
        Number of frames of each subject.
    """

    columns: tuple[str, ...]
    subjects: tuple[str, ...]
    sums: np.ndarray
    pairs: np.ndarray

    def weighted(self, weights: np.ndarray) -> np.ndarray:
        """Return the mean gap (..., A) with subject ``weights`` (..., S)."""
        return (weights @ self.sums) / np.maximum(weights @ self.pairs, 1)


def twin_gaps(columns: Sequence[str], probs: np.ndarray, subject: np.ndarray, subjects: Sequence[str]) -> Gap:
    """Sum the gaps of each subject.

    Parameters
    ----------
    columns : sequence of str
    probs : (P, G, A) float
        Probabilities of the G twins of each frame; with more than two the mean runs over all pairs of twins.
    subject : (P,) int
    subjects : sequence of str
    """
    twins = probs.shape[1]
    pairs = [(a, b) for a in range(twins) for b in range(a + 1, twins)]
    gap = np.mean([np.abs(probs[:, a] - probs[:, b]) for a, b in pairs], axis=0)
    sums, frames = np.zeros((len(subjects), len(columns))), np.zeros((len(subjects), 1))
    np.add.at(sums, subject, gap)
    np.add.at(frames, subject, 1.0)
    return Gap(tuple(columns), tuple(subjects), sums, frames)


def counterfactual_gap(gap: Gap, draws: int, seed: int) -> dict[str, Any]:
    """Return the mean gap per Action Unit with intervals over subjects, as a table ready for JSON."""
    weights = subject_weights(["one"] * len(gap.subjects), draws, seed)
    table = _score(gap.weighted, np.ones(len(gap.subjects)), weights)
    return {"aus": list(gap.columns), "pairs": int(gap.pairs.sum()), **table}
