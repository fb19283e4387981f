"""Landmarks of every planned frame of a sequence, with one face followed from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.errors import InputError, closest
from assets.shard_format import Status
from synth.appearance.measures import LAYOUT, measure
from synth.landmarks.canonical import shape_error_mm
from synth.landmarks.finder import LARGEST_SHAPE_ERROR_MM, SURE_PRESENCE, Face, Networks, find_faces
from synth.landmarks.scenes import SceneSplitter, by_length
from synth.landmarks.window import window_around
from synth.tracks import FrameTrack, Sequence

FACE_RULES = ("largest", "central", "first")
DETECTORS = ("litert", "mediapipe")


@dataclass(frozen=True)
class TrackSettings:
    """How faces are found and followed.

    Attributes
    ----------
    detector : str
        ``litert`` (built in) or ``mediapipe`` (optional extra, reports usage to its maker).
    face_rule : str
        Which of several faces is the subject when a track begins: the ``largest``, the most ``central``,
        or the ``first`` track's face again, that is, the one nearest to where the face was last seen.
    tiled : bool
        Whether small faces are sought on tiles.
    pixels : bool
        Whether furrows, folds, brow hair, lips and lids are measured for the fit.
    scores : bool
        Whether the scores of the landmark network are read for the fit.
    """

    detector: str = "litert"
    face_rule: str = "largest"
    tiled: bool = True
    pixels: bool = True
    scores: bool = True

    def __post_init__(self) -> None:
        for value, choices, option in (
            (self.detector, DETECTORS, "detector"),
            (self.face_rule, FACE_RULES, "face rule"),
        ):
            if value not in choices:
                raise InputError.one(f"unknown {option} {value!r}", option, closest(value, choices))


def open_networks(settings: TrackSettings) -> Networks:
    """Load the networks that the settings name.

    Raises
    ------
    InputError
        If the optional package is not installed or the model file is not the expected one.
    """
    if settings.detector == "mediapipe":
        from synth.landmarks.mediapipe_backend import MediapipeNetworks

        return MediapipeNetworks()
    from synth.landmarks.litert import FaceNetworks

    return FaceNetworks()


class FaceTracker:
    """Follows one face through pictures that come one after the other.

    Parameters
    ----------
    networks : Networks
    settings : TrackSettings
    """

    def __init__(self, networks: Networks, settings: TrackSettings) -> None:
        self._networks = networks
        self._settings = settings
        self._face: Face | None = None
        self._last_centre: np.ndarray | None = None

    def step(self, picture: np.ndarray | None) -> tuple[Face | None, int]:
        """Return the face in the next picture (None where there is none) and how many faces were seen."""
        if picture is None:
            self._face = None
            return None, 0
        count = 0
        if self._face is not None:
            points, presence = self._networks.landmarks(picture, window_around(self._face.points_px))
            kept = presence >= SURE_PRESENCE and _plausible(points, picture.shape)
            self._face = Face(points, presence) if kept else None
            count = max(1, len(self._networks.detect(picture))) if kept else 0
        if self._face is None:
            faces = find_faces(self._networks, picture, self._settings.tiled)
            count = len(faces)
            self._face = self._chosen(faces, picture.shape)
        if self._face is not None:
            self._last_centre = self._face.centre_px
        return self._face, count

    def _chosen(self, faces: list[Face], shape: tuple[int, ...]) -> Face | None:
        if not faces:
            return None
        rule = self._settings.face_rule
        if rule == "largest" or (rule == "first" and self._last_centre is None):
            return max(faces, key=lambda face: face.size_px)
        place = np.array([shape[1], shape[0]]) / 2 if rule == "central" else self._last_centre
        return min(faces, key=lambda face: float(np.linalg.norm(face.centre_px - place)))


def _plausible(points_px: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Tell whether tracked points still look like a face inside the picture."""
    flat = points_px[:468, :2]
    low, high = flat.min(0), flat.max(0)
    inside = np.minimum(high, [shape[1], shape[0]]) - np.maximum(low, 0)
    placed = (high - low).min() >= 8 and (inside > 0.3 * (high - low)).all()
    return bool(placed and shape_error_mm(points_px) <= LARGEST_SHAPE_ERROR_MM)


def track_sequence(
    sequence: Sequence,
    settings: TrackSettings | None = None,
    networks: Networks | None = None,
    points: Any = None,
    measures: Any = None,
) -> FrameTrack:
    """Place landmarks in every planned frame of one sequence, in order, one picture in memory at a time.

    Parameters
    ----------
    sequence : Sequence
        Landmarks the user gave with it are taken over instead of running a network.
    settings : TrackSettings or None
    networks : Networks or None
        Opened networks to use; None opens them.
    points : (T, 478, 3) array or None
        Takes the landmarks, all NaN before; may lie on disk. None makes a new array. Not for given landmarks.
    measures : (T, F) array or None
        Takes the measures of pixels in the same way, where the settings ask for them.

    Returns
    -------
    FrameTrack
        One row per planned frame: status ``OK``, ``NO_FACE`` or ``FRAME_MISSING``.
    """
    settings = settings or TrackSettings()
    if sequence.given_landmarks is not None:
        from synth.landmarks.given import track_from_given

        return track_from_given(sequence)
    networks = networks or open_networks(settings)
    tracker = FaceTracker(networks, settings)
    count = len(sequence.frames)
    points = np.full((count, 478, 3), np.nan, np.float32) if points is None else points
    scores = np.full((count, 51), np.nan, np.float32) if settings.scores else None
    confidence = np.zeros(count, np.float32)
    found = np.zeros(count, np.int16)
    seen = None
    if settings.pixels:
        seen = np.full((count, LAYOUT.count), np.nan, np.float32) if measures is None else measures
    status = np.full(count, Status.FRAME_MISSING, np.uint8)
    splitter, scenes = SceneSplitter(), np.full(count, -1, np.int64)
    size = (0, 0)
    for row, picture in enumerate(sequence.pictures()):
        face, found[row] = tracker.step(picture)
        if picture is None:
            continue
        size = (picture.shape[1], picture.shape[0])
        status[row] = Status.NO_FACE if face is None else Status.OK
        scenes[row] = splitter.step(picture, face, int(sequence.frames[row]))
        if face is not None:
            points[row] = face.points_px
            confidence[row] = face.presence
            if scores is not None:
                scores[row] = networks.blendshapes(face.points_px)
            if seen is not None:
                seen[row] = measure(picture, face.points_px)
    return FrameTrack(
        sequence.subject,
        sequence.name,
        sequence.frames,
        "mediapipe478",
        points,
        size,
        scores,
        confidence,
        found,
        status,
        seen,
        by_length(scenes) if np.isfinite(sequence.time_s).any() else None,
    )
