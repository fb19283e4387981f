"""The default rig with its landmark table, and simulated tracks of it."""

from __future__ import annotations

import functools

import numpy as np

from assets.rig import Rig
from assets.rig_bundle import load_rig, with_landmarks
from assets.shard_format import Status
from assets.units import NETWORK_UNITS, UNIT_INDEX
from synth.fit.face_model import FITTED_COLUMNS
from synth.fit.head_pose import HeadPose, rotation_of
from synth.landmarks.correspondence import compute_landmark_table
from synth.tracks import FrameTrack


@functools.cache
def default_rig() -> Rig:
    """Return hm08 with a landmark table."""
    rig = load_rig("hm08")
    return rig if rig.landmarks is not None else with_landmarks(rig, compute_landmark_table(rig)[0])


def unit_weights(frames: int, **weights: float | np.ndarray) -> np.ndarray:
    """Return (T, 52) weights with some units set."""
    result = np.zeros((frames, 52))
    for name, values in weights.items():
        result[:, UNIT_INDEX[name]] = values
    return result


def landmarks_mm(rig: Rig, weights: np.ndarray, identity: np.ndarray | None = None) -> np.ndarray:
    """Return the landmarks (T, 478, 3) of weights (T, 52), correctives included, built on the whole mesh."""
    points = []
    for row in weights:
        head = rig.neutral_mm(identity).astype(float) + np.tensordot(row, rig.shapes_mm.astype(float), 1)
        for corrective in rig.correctives:
            head = head + np.prod([row[UNIT_INDEX[name]] for name in corrective.drivers]) * corrective.delta_mm
        points.append(rig.landmarks.points(head))
    return np.array(points)


def swinging_pose(frames: int, distance_mm: float = 700.0) -> HeadPose:
    """Return a pose that turns and shifts slowly."""
    phase = np.linspace(0, 2 * np.pi, frames, endpoint=False)
    vectors = np.stack([0.15 * np.sin(phase), 0.3 * np.sin(phase + 1), 0.1 * np.cos(phase)], 1)
    place = np.stack([320 + 20 * np.sin(phase), 180 + 10 * np.cos(phase)], 1)
    return HeadPose(rotation_of(vectors), np.full(frames, 1.6), place, np.zeros(frames), distance_mm)


def track_of(
    points_px: np.ndarray,
    scores: np.ndarray | None = None,
    scheme: str = "mediapipe478",
    frames: np.ndarray | None = None,
) -> FrameTrack:
    """Return a track of landmarks (T, L, D)."""
    count = len(points_px)
    found = np.isfinite(points_px).all((1, 2))
    return FrameTrack(
        subject="s", sequence="q", frames=np.arange(count) if frames is None else frames, scheme=scheme,
        landmarks_px=points_px.astype(np.float32), image_size_px=(640, 360), network_weights=scores,
        confidence=np.ones(count, np.float32), faces_found=np.ones(count, np.int16),
        status=np.where(found, Status.OK, Status.NO_FACE).astype(np.uint8),
    )  # fmt: skip


def ideal_scores(weights: np.ndarray) -> np.ndarray:
    """Return scores (T, 51) of a network that reads weights (T, 52) as they are."""
    return weights[:, [UNIT_INDEX[name] for name in NETWORK_UNITS]].astype(np.float32)


def fitted(weights: np.ndarray) -> np.ndarray:
    """Return the fitted columns of weights (T, 52)."""
    return weights[:, FITTED_COLUMNS]
