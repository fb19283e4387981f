"""Reading the pictures of one shard: landmarks detected again, three kinds of activation, and a second reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.errors import NoFaceError
from assets.shard import Shard
from assets.shard_format import IMAGE_REAL
from synth.audit.disturb import disturb
from synth.audit.flow import FOLLOWED, FlowTracker, most_ordinary
from synth.audit.geometry import AUDITED, geometric_activation
from synth.audit.pixels import PIXEL_MEASURES, Look, pixel_activation
from synth.audit.pose_free import Placement, pose_free
from synth.audit.readout import read_out
from synth.landmarks.canonical import shape_error_mm
from synth.landmarks.finder import LARGEST_SHAPE_ERROR_MM, SURE_PRESENCE, Networks, find_faces
from synth.landmarks.window import Window, window_around
from synth.shards.encode import decode_picture

ESTIMATORS = ("landmarks", "scores", "pixels", "flow")
"""Geometric activation, the network's own scores, pixel measures, geometric activation by optical flow."""

SIDES = ("both", "left", "right")

_NEAR = 0.06
"""A window whose centre or side is farther than this share off is looked at again."""

AGAIN_FRAMES, TWIN_AGAIN_FRAMES = 120, 60
"""Most real pictures of a subject, and most pictures of each of its twins, that are read twice."""

_FLIP = np.array([1, 0])


@dataclass(frozen=True)
class Readings:
    """What was read in the chosen frames of one subject.

    Attributes
    ----------
    subject : str
    images : tuple of str
        ``real`` first.
    rows : (T,) int64
        Rows of the shard.
    values : (E, I, T, A, 3) float64
        By estimator, image, frame, Action Unit and side (both, left, right); NaN where nothing was found.
    again : (E, I, T, A) float64
        Second reading of the pictures, mirrored, turned, shrunk and encoded anew; NaN where there was none.
    labels, known : (T, A) bool
        Occurrence of the audited Action Units and whether it is known.
    estimators : tuple of str
        Along the first axis of ``values``; any that is none of ``ESTIMATORS`` comes from elsewhere
        (``synth.audit.outside``).
    visible : (A,) float64 or None
        Change that counts as variation, for the estimator from elsewhere.
    """

    subject: str
    images: tuple[str, ...]
    rows: np.ndarray
    values: np.ndarray
    again: np.ndarray
    labels: np.ndarray
    known: np.ndarray
    estimators: tuple[str, ...] = ESTIMATORS
    visible: np.ndarray | None = None

    @property
    def unread(self) -> int:
        """Pictures of which the first estimator says nothing, because no face was found."""
        return int(np.isnan(self.values[0, ..., 0]).all(-1).sum())


@dataclass(frozen=True)
class _Seen:
    """A face in one picture."""

    points_mm: np.ndarray
    placement: Placement
    scores: np.ndarray


class _Eye:
    """Looks at pictures of one group in order; each look begins where the last face was.

    Parameters
    ----------
    networks : Networks
    """

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._window: Window | None = None

    def look(self, picture: np.ndarray) -> _Seen | None:
        """Return the face in a picture, None if there is none."""
        points = self._points(picture)
        if points is None:
            return None
        self._window = window_around(points)
        points_mm, placement = pose_free(points)
        return _Seen(points_mm, placement, self._networks.blendshapes(points).astype(float))

    def _points(self, picture: np.ndarray) -> np.ndarray | None:
        window = self._window
        for _ in range(3):
            if window is None:
                break
            points, presence = self._networks.landmarks(picture, window)
            if presence < SURE_PRESENCE or shape_error_mm(points) > LARGEST_SHAPE_ERROR_MM:
                break
            around = window_around(points)
            if _close(window, around):
                return points
            window = around
        faces = find_faces(self._networks, picture, tiled=False)
        return faces[0].points_px if faces else None


def _close(one: Window, other: Window) -> bool:
    apart = float(np.hypot(*(np.array(one.centre_px) - np.array(other.centre_px)))) / other.side_px
    return apart < _NEAR and abs(one.side_px / other.side_px - 1) < _NEAR and abs(one.tilt_rad - other.tilt_rad) < _NEAR


def spread_rows(rows: np.ndarray, count: int | None) -> np.ndarray:
    """Return ``count`` rows spread evenly over ``rows``; all of them for None."""
    if count is None or count >= len(rows):
        return rows
    return rows[np.round(np.linspace(0, len(rows) - 1, count)).astype(int)]


def read_shard(
    shard: Shard, networks: Networks, frames: int | None = None, advance: Callable[[float], None] | None = None
) -> Readings | None:
    """Read the complete triplets of a shard.

    Parameters
    ----------
    shard : Shard
        With twins.
    networks : Networks
    frames : int or None
        Most frames to read, spread evenly; None reads all.
    advance : function or None
        Called with the share of the shard's pictures that was read since the last call; the shares add up to 1.

    Returns
    -------
    Readings or None
        None if there is no complete triplet.

    Raises
    ------
    NoFaceError
        If no face is found in any real picture.
    """
    rows = spread_rows(shard.complete_rows(), frames)
    if not len(rows):
        return None
    shape = (len(ESTIMATORS), len(shard.images), len(rows), len(AUDITED), len(SIDES))
    values, again = np.full(shape, np.nan), np.full(shape[:4], np.nan)
    twice = [
        spread_rows(np.arange(len(rows)), AGAIN_FRAMES if image == IMAGE_REAL else TWIN_AGAIN_FRAMES)
        for image in shard.images
    ]
    share = 1 / sum(len(rows) + len(chosen) for chosen in twice)

    def step(pictures: float) -> None:
        if advance is not None:
            advance(pictures * share)

    for index, (image, chosen) in enumerate(zip(shard.images, twice, strict=True)):
        values[:, index] = _read_images(shard, image, rows, networks, step)
        again[:, index, chosen] = _read_images(shard, image, rows[chosen], networks, step, disturbed=True)[..., 0]
    if np.isnan(values[0, 0]).all():
        raise NoFaceError.one("no face is found in its real pictures", shard.path, "look at them with `synth view`")
    return Readings(shard.subject, shard.images, rows, values, again, *labels_of(shard, rows))


def labels_of(shard: Shard, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return occurrence and whether it is known, (T, A) bool each, of the audited Action Units in some rows."""
    labels, known = np.zeros((2, len(rows), len(AUDITED)), bool)
    for column, name in enumerate(shard.au_names):
        number = int(name.removeprefix("AU"))
        if number in AUDITED:
            place = AUDITED.index(number)
            known[:, place] = shard.au_mask[rows, column] == 1
            labels[:, place] = (shard.au[rows, column] == 1) & known[:, place]
    return labels, known


def _read_images(
    shard: Shard,
    image: str,
    rows: np.ndarray,
    networks: Networks,
    step: Callable[[float], None],
    disturbed: bool = False,
) -> np.ndarray:
    """Return the activations (E, T, A, 3) of one group of pictures; disturbed ones are mirrored back.

    ``step`` hears half a picture when its face was looked for, and the other half when it was measured.
    """
    eye = _Eye(networks)

    def picture(row: int) -> np.ndarray:
        data = shard.read_bytes(image, int(row))
        if data is None:
            raise NoFaceError.one(f"row {row} has no picture {image!r}", shard.path, "run `synth verify` on the run")
        whole = decode_picture(data)
        return disturb(whole) if disturbed else whole

    looks = []
    for row in rows:
        looks.append(eye.look(picture(row)))
        step(0.5)
    there = [t for t, face in enumerate(looks) if face is not None]
    seen = [face for face in looks if face is not None]
    sided = np.full((len(ESTIMATORS), len(rows), len(AUDITED), 2), np.nan)
    if seen:
        faces = np.array([face.points_mm for face in seen])
        median = np.median(faces, axis=0)
        first = most_ordinary(faces, median, [face.placement for face in seen])
        tracker = FlowTracker(picture(rows[there[first]]), seen[first].placement, median)
        followed = np.empty_like(faces)
        for i, (t, face) in enumerate(zip(there, seen, strict=True)):
            now = picture(rows[t])
            followed[i] = tracker.points(now, face.placement)
            sided[1, t] = read_out(face.scores)
            sided[2, t] = pixel_activation(Look(now, face.placement, median, face.points_mm))
            step(0.5)
        sided[0, there], sided[3, there] = geometric_activation(faces), geometric_activation(followed)
        sided[3][:, [number not in FOLLOWED for number in AUDITED]] = np.nan
    if disturbed:
        sided = sided[..., _FLIP]
    out = np.concatenate([sided.mean(-1, keepdims=True), sided], -1)
    return _relative(out)


def _relative(values: np.ndarray) -> np.ndarray:
    """Divide edge energies by the person's median; each side by its own."""
    for column, number in enumerate(AUDITED):
        measure = PIXEL_MEASURES.get(number)
        if measure is not None and measure.relative and np.isfinite(values[2, :, column]).any():
            values[2, :, column] /= np.abs(np.nanmedian(values[2, :, column], axis=0))
    return values
