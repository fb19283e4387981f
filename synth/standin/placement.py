"""Where the head of a simulated subject is in each picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.keyed import rng_for
from assets.standin import StandinCorpus
from synth.standin.behaviour import head_angles
from synth.standin.timeline import wander

EYE_DISTANCE_MM = 63.0
"""Typical distance between the eye centres; turns pixels between the eyes into a scale."""


@dataclass(frozen=True)
class Placement:
    """Head pose in the pictures of one recording.

    Attributes
    ----------
    rotation : (T, 3, 3) float64
        Head to camera.
    eyes_px : (T, 2) float64
        Midpoint between the eyes, picture pixels, y down.
    px_per_mm : (T,) float64
        At the depth of the eyes.
    """

    rotation: np.ndarray
    eyes_px: np.ndarray
    px_per_mm: np.ndarray


def rotations(angles_rad: np.ndarray) -> np.ndarray:
    """Return head-to-camera rotations (T, 3, 3) of yaw, pitch and roll (T, 3).

    Yaw is positive to the subject's left (image right), pitch upwards, roll clockwise in the picture;
    the head rolls, then nods, then turns.
    """
    yaw, pitch, roll = np.moveaxis(np.asarray(angles_rad, float), -1, 0)
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)

    def matrix(*rows: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.stack([np.stack(row, -1) for row in rows], -2)

    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    turn = matrix((cy, zero, sy), (zero, one, zero), (-sy, zero, cy))
    nod = matrix((one, zero, zero), (zero, cp, sp), (zero, -sp, cp))
    lean = matrix((cr, sr, zero), (-sr, cr, zero), (zero, zero, one))
    return np.einsum("tij,tjk,tkl->til", turn, nod, lean)


def placement_of(corpus: StandinCorpus, time_s: np.ndarray, seed: int, keys: tuple[str, ...]) -> Placement:
    """Return where the head is at each time (T,).

    Parameters
    ----------
    corpus : StandinCorpus
    time_s : (T,) float
    seed : int
    keys : tuple of str
        ``("standin", corpus, subject, recording)``.
    """
    camera = corpus.camera
    seat = rng_for(seed, *keys[:3], "seat")
    size = np.array([camera.width_px, camera.height_px], float)
    middle = size * (np.array([0.5, 0.43]) + seat.uniform(-1.0, 1.0, 2) * camera.off_centre * np.array([1.0, 0.45]))
    scale = seat.uniform(*camera.eye_distance_px) / EYE_DISTANCE_MM
    sway = wander(rng_for(seed, *keys, "sway"), time_s, 3, (0.03, 0.5))
    angles = head_angles(corpus, time_s, seed, keys)
    shift_mm = np.stack([9.0 * sway[:, 0] + 45.0 * np.sin(angles[:, 0]), 5.0 * sway[:, 1]], -1)
    px_per_mm = scale * (1.0 + 0.02 * sway[:, 2])
    eyes = middle + shift_mm * px_per_mm[:, None]
    return Placement(rotations(angles), eyes, px_per_mm)
