"""All sequences of a subject as one table of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assets.rig import Rig
from assets.shard_format import Status
from synth.fit.fit import fit_track
from synth.fit.settings import FitSettings
from synth.run.scratch_rows import ScratchRows
from synth.run.scratch_rows import joined as joined_rows
from synth.shards.stored_points import StoredPoints
from synth.shards.stored_points import joined as joined_points
from synth.standin.sequence import StandinSequence
from synth.tracks import ExpressionTrack, FrameTrack, Labels, Sequence

_GAP_FRAMES = 1_000_000
"""Frame numbers of a subject's sequences are set this far apart, so that nothing is smoothed across them."""


@dataclass(frozen=True)
class Ticking:
    """A sequence that reports each picture it hands out."""

    sequence: Sequence
    tick: Callable[[int], None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sequence, name)

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray | None]:
        """Yield the pictures of the sequence; see ``synth.tracks.Sequence``."""
        for picture in self.sequence.pictures(start, stop):
            yield picture
            self.tick(1)


def subject_labels(sequences: tuple[Sequence, ...], numbers: tuple[int, ...]) -> Labels:
    """Return the labels of all sequences, one row per planned frame and one column per number.

    Action Units a sequence does not code are masked.
    """
    parts = [_spread(sequence, numbers) for sequence in sequences]
    sources = sorted({s.labels.source for s in sequences if s.labels is not None}) or ["none"]
    intensities = [part.intensity for part in parts]
    known = any(values is not None for values in intensities)
    blank = [np.full(part.au.shape, np.nan, np.float32) for part in parts]
    strength = [b if i is None else i for i, b in zip(intensities, blank, strict=True)]
    return Labels(
        numbers,
        np.concatenate([part.au for part in parts]),
        np.concatenate([part.mask for part in parts]),
        ", ".join(sources),
        np.concatenate(strength) if known else None,
    )


def _spread(sequence: Sequence, numbers: tuple[int, ...]) -> Labels:
    """Return a sequence's labels in the columns of ``numbers``."""
    shape = (len(sequence.frames), len(numbers))
    au, mask = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    labels = sequence.labels
    if labels is None:
        return Labels(numbers, au, mask, "none")
    columns = [numbers.index(number) for number in labels.numbers]
    au[:, columns], mask[:, columns] = labels.au * labels.mask, labels.mask
    intensity = None
    if labels.intensity is not None:
        intensity = np.full(shape, np.nan, np.float32)
        intensity[:, columns] = labels.intensity
    return Labels(numbers, au, mask, labels.source, intensity)


def fit_subject(
    tracks: list[FrameTrack],
    sequences: tuple[Sequence, ...],
    rig: Rig,
    label_prior: float,
    use_labels: bool = True,
    settings: FitSettings | None = None,
) -> ExpressionTrack:
    """Fit all sequences of a subject and return one row per planned frame, in their order.

    Sequences from the same camera share one fit, and so one identity.

    Parameters
    ----------
    tracks : list of FrameTrack
    sequences : tuple of Sequence
    rig : Rig
    label_prior : float
        0 to 1.
    use_labels : bool
        Whether the labels may help at all; without, nothing in the result depends on them.
    settings : FitSettings or None
    """

    def fit(track: FrameTrack, members: list[int]) -> ExpressionTrack:
        labels = _joined_labels([sequences[i] for i in members]) if use_labels else None
        return fit_track(track, rig, labels=labels, label_prior=label_prior, settings=settings)

    return each_camera(tracks, fit)


def each_camera(tracks: list[FrameTrack], fit: Callable[[FrameTrack, list[int]], ExpressionTrack]) -> ExpressionTrack:
    """Fit the sequences of each camera as one track and return the rows of all tracks, in their order.

    Parameters
    ----------
    tracks : list of FrameTrack
        One per sequence; those with the same picture size and landmark scheme come from one camera.
    fit : callable
        Receives the joined track of a camera and the places of its sequences in the list.
    """
    groups: dict[tuple, list[int]] = {}
    for index, track in enumerate(tracks):
        groups.setdefault((track.image_size_px, track.scheme), []).append(index)
    fitted: dict[int, ExpressionTrack] = {}
    for members in groups.values():
        whole = fit(_joined([tracks[i] for i in members]), members)
        if len(members) == len(tracks):
            return whole
        start = 0
        for i in members:
            stop = start + len(tracks[i].frames)
            fitted[i] = _rows(whole, slice(start, stop))
            start = stop
    return _stacked([fitted[i] for i in range(len(tracks))])


def _joined_labels(sequences: list[Sequence]) -> Labels | None:
    numbers = sorted({n for s in sequences if s.labels is not None for n in s.labels.numbers})
    return subject_labels(tuple(sequences), tuple(numbers)) if numbers else None


def _joined(tracks: list[FrameTrack]) -> FrameTrack:
    """Return several tracks of one subject as one."""
    if len(tracks) == 1:
        return tracks[0]
    frames, base = [], 0
    for track in tracks:
        frames.append(track.frames - track.frames[0] + base)
        base = int(frames[-1][-1]) + _GAP_FRAMES

    def joined(name: str) -> Any:
        values = [getattr(track, name) for track in tracks]
        if isinstance(values[0], StoredPoints):
            return joined_points(values)
        if all(isinstance(value, ScratchRows) for value in values):
            return joined_rows(values)
        return None if any(value is None for value in values) else np.concatenate(values)

    names = ("landmarks_px", "network_weights", "confidence", "faces_found", "status", "appearance")
    arrays: dict[str, Any] = {name: joined(name) for name in names}
    arrays["person"] = _joined_persons(tracks)
    return replace(
        tracks[0],
        sequence="+".join(track.sequence for track in tracks),
        frames=np.concatenate(frames),
        **arrays,
    )


def _joined_persons(tracks: list[FrameTrack]) -> np.ndarray:
    """Return who is seen in each row: 0 is the subject in every track, all others are different people."""
    parts, others = [], 0
    for track in tracks:
        person = np.zeros(len(track.frames), np.int16) if track.person is None else track.person
        parts.append(np.where(person > 0, person + others, 0).astype(np.int16))
        others = max(others, int(parts[-1].max(initial=0)))
    return np.concatenate(parts)


_ROWS = ("weights", "rotation", "translation_mm", "px_per_mm", "gaze_rad", "residual_px", "eyes_px", "status")


def _rows(track: ExpressionTrack, rows: slice) -> ExpressionTrack:
    chosen: dict[str, Any] = {name: getattr(track, name)[rows] for name in _ROWS}
    return replace(track, **chosen)


def _stacked(tracks: list[ExpressionTrack]) -> ExpressionTrack:
    """Return the rows of several fits; what is one per subject is taken from the fit with the most frames."""
    main = max(tracks, key=lambda track: int((track.status == Status.OK).sum()))
    joined: dict[str, Any] = {name: np.concatenate([getattr(track, name) for track in tracks]) for name in _ROWS}
    return replace(main, **joined)


def with_true_weights(fit: ExpressionTrack, sequences: tuple[Sequence, ...]) -> ExpressionTrack:
    """Return the fit of a simulated subject with the weights its faces were drawn with.

    Twins of these weights are the ceiling: what the audit misses in them is not the fault of the fit.

    Parameters
    ----------
    fit : ExpressionTrack
        One row per planned frame of all sequences, in their order.
    sequences : tuple of Sequence
        All of a stand-in corpus.
    """
    true = np.concatenate([one.truth().weights for one in sequences if isinstance(one, StandinSequence)])
    return replace(fit, weights=true.astype(np.float32))
