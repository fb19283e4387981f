"""Rendered people with known weights, for calibrating the features and for measuring the fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.keyed import rng_for
from assets.rig import Rig
from assets.shard_format import Status
from assets.units import AU_UNITS, UNIT_INDEX
from synth.appearance.calibrate import Sitting, calibrated, write_response
from synth.appearance.evidence import nuisances, resting_share
from synth.appearance.features import features
from synth.appearance.measures import LAYOUT, measure
from synth.avatars.build import build_avatar
from synth.avatars.sample import sample_avatars
from synth.fit.face_model import FITTED_COLUMNS
from synth.fit.head_pose import rotation_of
from synth.landmarks.litert import FaceNetworks
from synth.landmarks.track import FaceTracker, TrackSettings
from synth.render.choose import open_renderer
from synth.run.twins import draw_twin, twin_scene
from synth.tracks import FrameTrack

SHOWN_AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 18, 20, 22, 23, 24, 25, 26, 43)
_FRAMES_PER_EVENT = 12.0
_FRAME_PX = 256


def acted_weights(seed: int, name: str, frames: int) -> np.ndarray:
    """Return weights (T, 52): Action Units that come and go, often two or three at a time."""
    rng = rng_for(seed, "acted weights", name)
    numbers = [number for number in SHOWN_AUS if number in AU_UNITS]
    count = max(1, round(frames / _FRAMES_PER_EVENT))
    order = np.concatenate([rng.permutation(numbers) for _ in range(1 + count // len(numbers))])[:count]
    starts = np.linspace(0, frames - 10, count) + rng.uniform(-6, 6, count)
    clock, weights = np.arange(frames), np.zeros((frames, 52))
    for number, start in zip(order, starts, strict=True):
        onset, hold, offset = rng.uniform(4, 9), rng.uniform(3, 14), rng.uniform(4, 9)
        rise, fall = (clock - start) / onset, (start + onset + hold + offset - clock) / offset
        course = rng.uniform(0.3, 1.0) * np.clip(np.minimum(rise, fall), 0.0, 1.0)
        for unit, gain in AU_UNITS[int(number)]:
            weights[:, UNIT_INDEX[unit]] = np.maximum(weights[:, UNIT_INDEX[unit]], gain * course)
    return weights


def acted_track(rig: Rig, seed: int, number: int, frames: int) -> tuple[FrameTrack, np.ndarray, Sitting | None]:
    """Return what the tracker makes of a rendered person, the true weights (T, 52), and the features with their truth.

    Parameters
    ----------
    rig : Rig
    seed, number : int
        Which person, in which light.
    frames : int

    Returns
    -------
    track : FrameTrack
    weights : (T, 52) float64
    sitting : Sitting or None
        None where no face was found.
    """
    spec = sample_avatars(seed, rig, number + 1)[number]
    rng = rng_for(seed, "acted pose", spec.name)
    weights = acted_weights(seed, spec.name, frames)
    time_s, phase = np.arange(frames) / 25.0, rng.uniform(0, 6, 3)
    swing = np.stack([0.08 * np.sin(1.1 * time_s), 0.16 * np.sin(0.8 * time_s), 0.04 * np.sin(0.9 * time_s)], 1)
    rotation = rotation_of(swing * np.cos(phase) * rng.uniform(0.4, 1.3))
    gaze = np.zeros((frames, 2, 2))
    gaze[..., 0] = 0.12 * np.sin(0.7 * time_s + phase[0])[:, None]
    scene = twin_scene(seed, "sitting", spec.name, float(rng.uniform(500, 1500)))
    networks = FaceNetworks()
    tracker = FaceTracker(networks, TrackSettings())
    points = np.full((frames, 478, 3), np.nan, np.float32)
    scores, seen = np.full((frames, 51), np.nan, np.float32), np.full((frames, LAYOUT.count), np.nan, np.float32)
    confidence = np.zeros(frames, np.float32)
    drawings = draw_twin(
        open_renderer("software", _FRAME_PX, 4), build_avatar(rig, spec), scene, weights, gaze, rotation
    )
    for row, (picture, _) in enumerate(drawings):
        face = tracker.step(picture)[0]
        if picture is not None and face is not None:
            points[row], confidence[row] = face.points_px, face.presence
            scores[row], seen[row] = networks.blendshapes(face.points_px), measure(picture, face.points_px)
    found = confidence > 0
    track = FrameTrack(
        spec.name, "acted", np.arange(frames), "mediapipe478", points, (_FRAME_PX, _FRAME_PX), scores, confidence,
        found.astype(np.int16), np.where(found, Status.OK, Status.NO_FACE).astype(np.uint8), seen,
    )  # fmt: skip
    if not found.any():
        return track, weights, None
    true = weights[:, FITTED_COLUMNS]
    calm = np.where(found, resting_share(true, np.zeros((frames, 1), bool)), 0.0)
    signal = features(seen, calm)[found]
    signal = signal - np.median(signal[calm[found] >= np.quantile(calm[found], 0.7)], axis=0)
    return track, weights, Sitting(signal, true[found], nuisances(rotation, gaze)[found])


def build_response(rig: Rig, path: Path, people: int = 14, frames: int = 320, seed: int = 77) -> None:
    """Calibrate on rendered people of a rig and store the response; about half a minute of CPU time per person."""
    made = [acted_track(rig, seed, number, frames)[2] for number in range(people)]
    write_response(calibrated([sitting for sitting in made if sitting is not None]), path)
