"""Which triplets to show: where the twins follow best, and where they fail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synth.audit.agreement import visible_change
from synth.audit.reading import Readings
from synth.audit.specific import specific

EXAMPLES = 2
"""Best and worst triplets that are kept of each Action Unit."""

ACTIVE_SHARE = 0.15
"""Share of the frames, those in which the real face shows most, among which good examples are sought."""


@dataclass(frozen=True)
class Example:
    """One triplet.

    Attributes
    ----------
    subject : int
        Place among the audited subjects.
    row : int
        Row of the shard.
    activation : (I,) float64
        Of the real face and the twins; 0 is the face's own median, 1 the real face's span.
    """

    subject: int
    row: int
    activation: np.ndarray


def activations(readings: Readings, column: int, judges: tuple[str, ...]) -> np.ndarray:
    """Return activations (I, T) of an Action Unit: the mean over estimators, each relative to the real face's span,
    or to what is visible where the face moves less.

    Estimators without a judge's standing are used where there is no judge at all.
    """
    own = specific(readings)
    scaled = []
    for name in judges or readings.estimators:
        values = own.values[own.estimators.index(name), :, :, column, 0]
        if not np.isfinite(values).any(1).all():
            continue
        low, high = np.nanquantile(values[0], (0.20, 0.95))
        centre = np.nanmedian(values, axis=1, keepdims=True)
        step = visible_change(name, readings)[column]
        scaled.append((values - centre) / max(high - low, step))
    return np.mean(scaled, axis=0) if scaled else np.full(own.values.shape[1:3], np.nan)


def choose_examples(
    subjects: list[Readings], column: int, judges: tuple[str, ...], count: int
) -> tuple[list[Example], list[Example]]:
    """Return the best and the worst triplets of an Action Unit, never two of neighbouring frames.

    Best: least mistaken among the frames in which the real face shows most. Worst: most mistaken of all.
    """
    activity = [activations(one, column, judges) for one in subjects]
    place = np.concatenate([np.full(a.shape[1], s) for s, a in enumerate(activity)])
    frame = np.concatenate([np.arange(a.shape[1]) for a in activity])
    real = np.concatenate([a[0] for a in activity])
    error = np.concatenate([np.abs(a[1:] - a[0]).mean(0) for a in activity])
    if not np.isfinite(error).any():
        return [], []
    active = real >= np.nanquantile(real, 1 - ACTIVE_SHARE)
    order = np.argsort(error, kind="stable")
    fine = order[np.isfinite(error[order])]
    best = _apart(fine[active[fine]], place, frame, subjects, count)
    worst = _apart(fine[::-1], place, frame, subjects, count)

    def example(index: int) -> Example:
        s, t = int(place[index]), int(frame[index])
        return Example(s, int(subjects[s].rows[t]), activity[s][:, t])

    return [example(i) for i in best], [example(i) for i in worst]


def _apart(order: np.ndarray, place: np.ndarray, frame: np.ndarray, subjects: list[Readings], count: int) -> list[int]:
    chosen: list[int] = []
    for index in order:
        gap = max(2, len(subjects[place[index]].rows) // 20)
        if all(place[index] != place[other] or abs(frame[index] - frame[other]) >= gap for other in chosen):
            chosen.append(int(index))
        if len(chosen) == count:
            break
    return chosen
