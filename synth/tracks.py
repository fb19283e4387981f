"""What flows from the source to the pictures: frames, tracks, expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Labels:
    """Action Unit labels of the planned frames of one sequence.

    Attributes
    ----------
    numbers : tuple of int
        Action Unit numbers, the A axis.
    au : (T, A) uint8
        Occurrence 0 or 1.
    mask : (T, A) uint8
        1 where the label is known.
    source : str
        ``coded``, ``simulated``, ``csv`` or ``none``.
    intensity : (T, A) float32 or None
        0 to 5, NaN where unknown.
    """

    numbers: tuple[int, ...]
    au: np.ndarray
    mask: np.ndarray
    source: str
    intensity: np.ndarray | None = None


class Sequence(Protocol):
    """A run of pictures of one subject; ``synth.sources``, ``synth.corpora`` and ``synth.standin`` make them."""

    @property
    def subject(self) -> str:
        """Subject identifier."""
        ...

    @property
    def name(self) -> str:
        """Task, video file or folder; unique within the subject."""
        ...

    @property
    def apparent_gender(self) -> str:
        """``female``, ``male`` or ``unknown``."""
        ...

    @property
    def frames(self) -> np.ndarray:
        """(T,) int64, sorted, unique: the planned frame numbers."""
        ...

    @property
    def time_s(self) -> np.ndarray:
        """(T,) float64 seconds since the start of the sequence, NaN if unknown."""
        ...

    @property
    def labels(self) -> Labels | None:
        """Labels of the planned frames."""
        ...

    @property
    def given_landmarks(self) -> GivenLandmarks | None:
        """Landmarks that came with the pictures."""
        ...

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray | None]:
        """Yield one (H, W, 3) uint8 RGB picture per planned frame, None where it does not exist.

        Memory does not grow with the number of frames.
        """
        ...


@dataclass(frozen=True)
class GivenLandmarks:
    """Landmarks the user brings.

    Attributes
    ----------
    scheme : str
        ``ibug49``, ``ibug66``, ``ibug68`` or ``mediapipe478``.
    points_px : (T, L, 2|3) float32
        NaN rows where there is no face.
    """

    scheme: str
    points_px: np.ndarray


@dataclass(frozen=True)
class FrameTrack:
    """Landmarks of every planned frame of one sequence. Rows are never removed.

    Attributes
    ----------
    subject, sequence : str
    frames : (T,) int64
    scheme : str
    landmarks_px : (T, L, 2|3) float32
        Source pixels, x right, y down, z in pixels with the viewer at -z; NaN where there is no face. An array, or
        ``synth.shards.stored_points.StoredPoints``, which reads its rows from disk.
    image_size_px : (2,) int
        Width and height of the source pictures.
    network_weights : (T, 51) float32 or None
        Scores of ``assets.units.NETWORK_UNITS``; NaN where there is no face.
    confidence : (T,) float32
    faces_found : (T,) int16
    status : (T,) uint8
        ``assets.shard_format.Status``: OK, NO_FACE or FRAME_MISSING.
    appearance : (T, F) float32 or None
        Optional evidence from pixels (furrow and fold measures), NaN where there is no face. An array, or
        ``synth.run.scratch_rows.ScratchRows``.
    person : (T,) int16 or None
        Who is seen: 0 in most frames; scene cuts and changes of person begin others. None is one person.
    """

    subject: str
    sequence: str
    frames: np.ndarray
    scheme: str
    landmarks_px: np.ndarray
    image_size_px: tuple[int, int]
    network_weights: np.ndarray | None
    confidence: np.ndarray
    faces_found: np.ndarray
    status: np.ndarray
    appearance: np.ndarray | None = None
    person: np.ndarray | None = None


@dataclass(frozen=True)
class ExpressionTrack:
    """What is transferred to the twins: expression, head rotation and gaze, one row per planned frame.

    Attributes
    ----------
    weights : (T, 52) float32
        In [0, 1], columns ``assets.units.UNITS``; zeros where the status is not OK.
    rotation : (T, 3, 3) float32
        Head to camera; rig axes (x to the subject's left, y up, z out of the face) to camera axes
        (x right, y up, z towards the viewer). Identity means facing the camera.
    translation_mm : (T, 3) float32
        Head origin (between the eyes) in camera axes.
    px_per_mm : (T,) float32
        Scale of the head in source pixels at its own depth.
    gaze_rad : (T, 2, 2) float32
        Yaw (positive to the subject's left) and pitch (positive up) of the left and right eye, relative to the head.
    residual_px : (T,) float32
        Root mean square landmark residual, in pixels of the 256-pixel crop.
    eyes_px : (T, 2) float32
        Midpoint between the eye centres in source pixels.
    status : (T,) uint8
    camera_distance_mm : float
        Distance at which the subject was fitted.
    identity : (P,) float32
        The subject's identity coefficients. Used for fitting only: they never reach a twin.
    notes : dict
        Settings and diagnostics for the shard's provenance.
    """

    weights: np.ndarray
    rotation: np.ndarray
    translation_mm: np.ndarray
    px_per_mm: np.ndarray
    gaze_rad: np.ndarray
    residual_px: np.ndarray
    eyes_px: np.ndarray
    status: np.ndarray
    camera_distance_mm: float
    identity: np.ndarray
    notes: dict = field(default_factory=dict)
