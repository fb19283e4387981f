"""Proportions in which women's and men's faces differ, as a check of a gender axis that does not use its recipe.

Directions after the anthropometry of adult faces (Farkas 1994; Fink et al. 2005; Burriss et al. 2007): men have the
longer lower face and chin, wider jaw and nose and more prominent brow; women have larger eyes for their
face, fuller lips and brows further above the eyes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.keyed import rng_for
from assets.rig import Rig

# Landmarks of mediapipe478 by name.
_P = {
    "chin": 152, "lower_lip": 17, "upper_lip": 0, "lip_line": 13, "subnasal": 2, "nasion": 168, "glabella": 9,
    "jaw_left": 365, "jaw_right": 136, "cheek_left": 454, "cheek_right": 234, "nose_left": 358, "nose_right": 129,
    "mouth_left": 291, "mouth_right": 61, "eye_top_left": 386, "eye_bottom_left": 374, "eye_top_right": 159,
    "eye_bottom_right": 145, "brow_left": 334, "brow_right": 105, "outer_left": 263, "outer_right": 33,
    "inner_left": 362, "inner_right": 133,
}  # fmt: skip

MALE_SIGN: dict[str, int] = {
    "chin_height": 1, "lower_face_height": 1, "jaw_width": 1, "nose_width": 1, "brow_prominence": 1,
    "eye_height": -1, "lip_height": -1, "brow_height": -1,
}  # fmt: skip
"""Proportion to +1 where men have the larger one on average, -1 where women have."""


def proportions(points: np.ndarray) -> dict[str, np.ndarray]:
    """Return face proportions by name, each (...), of landmarks (..., 478, 3): pure ratios without size."""
    at = {name: np.asarray(points)[..., index, :] for name, index in _P.items()}

    def gap(a: str, b: str) -> np.ndarray:
        return np.linalg.norm(at[a] - at[b], axis=-1)

    face_width = gap("cheek_left", "cheek_right")
    face_height = gap("nasion", "chin")
    eyes = (gap("eye_top_left", "eye_bottom_left") + gap("eye_top_right", "eye_bottom_right")) / 2
    eye_z = (at["inner_left"] + at["inner_right"])[..., 2] / 2
    eye_y = (at["inner_left"] + at["inner_right"] + at["outer_left"] + at["outer_right"])[..., 1] / 4
    return {
        "chin_height": gap("lower_lip", "chin") / face_height,
        "lower_face_height": gap("subnasal", "chin") / face_width,
        "jaw_width": gap("jaw_left", "jaw_right") / face_width,
        "nose_width": gap("nose_left", "nose_right") / face_width,
        "brow_prominence": (at["glabella"][..., 2] - eye_z) / face_width,
        "eye_height": eyes / face_height,
        "lip_height": gap("upper_lip", "lower_lip") / gap("mouth_left", "mouth_right"),
        "brow_height": ((at["brow_left"] + at["brow_right"])[..., 1] / 2 - eye_y) / face_height,
    }


@dataclass(frozen=True)
class Dimorphism:
    """How far a rig's female and male faces lie apart.

    Attributes
    ----------
    d_prime : dict of str to float
        Per proportion, (mean male - mean female) / pooled standard deviation, signed so that positive is the
        direction known from people.
    joint_d_prime : float
        Of the linear combination that tells them apart best (Fisher), estimated on one half of the faces and measured
        on the other.
    """

    d_prime: dict[str, float]
    joint_d_prime: float

    @property
    def agreeing(self) -> int:
        """How many proportions go the known way."""
        return sum(value > 0 for value in self.d_prime.values())


def dimorphism(rig: Rig, count: int = 200, seed: int = 0, coordinate: float = 1.0) -> Dimorphism:
    """Measure random female and male faces of a rig.

    Parameters
    ----------
    rig : Rig
        With a landmark table and a ``gender`` axis.
    count : int
        Faces per gender.
    seed : int
    coordinate : float
        Women stand at minus this coordinate of the axis, men at plus.
    """
    if rig.landmarks is None or "gender" not in rig.axes:
        raise ValueError("needs a landmark table and a gender axis")
    rng = rng_for(seed, "dimorphism")
    table = rig.landmarks
    base = table.points(rig.vertices_mm.astype(np.float64))
    modes = np.array([table.points(mode) for mode in rig.identity_mm]).reshape(len(rig.identity_mm), -1, 3)
    axis = table.points(rig.axes["gender"].delta_mm)
    people = (
        np.tensordot(rng.standard_normal((2, count, len(modes))), modes, 1) if len(modes) else np.zeros((2, 1, 1, 1))
    )
    values = proportions(base + people + coordinate * np.array([-1, 1])[:, None, None, None] * axis)
    women, men = np.stack([values[name] for name in MALE_SIGN], -1)
    spread = np.sqrt((women.var(0) + men.var(0)) / 2)
    signs = np.array(list(MALE_SIGN.values()))
    difference = signs * (men.mean(0) - women.mean(0)) / np.maximum(spread, 1e-9)
    joint = _fisher(women, men) if len(modes) else float("inf")
    return Dimorphism(dict(zip(MALE_SIGN, difference.tolist(), strict=True)), joint)


def _fisher(women: np.ndarray, men: np.ndarray) -> float:
    half = len(women) // 2
    within = np.cov(women[:half].T) + np.cov(men[:half].T)
    direction = np.linalg.solve(within, men[:half].mean(0) - women[:half].mean(0))
    one, other = women[half:] @ direction, men[half:] @ direction
    return float((other.mean() - one.mean()) / np.sqrt((one.var() + other.var()) / 2))
