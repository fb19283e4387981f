"""Sampled people: women and men differ as in surveys, resting eyes are open, upper-face units have real amplitudes."""

from __future__ import annotations

import numpy as np
import pytest

from assets.rig import Rig
from assets.rig_bundle import load_rig
from assets.units import UNIT_INDEX
from synth.avatars.resting import calm
from synth.avatars.sample import sample_avatars
from synth.build.proportions import male_displacement, width_factor
from synth.importers.dimorphism import MALE_SIGN, proportions

PEOPLE = 60
INNER, OUTER, MIDDLE = (285, 336), (276, 300), (282, 334)
"""MediaPipe landmarks of the left brow: lower and upper edge."""


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("hm08")


@pytest.fixture(scope="module")
def heads(rig: Rig) -> dict[str, np.ndarray]:
    found: dict[str, list[np.ndarray]] = {"female": [], "male": []}
    for spec in sample_avatars(0, rig, PEOPLE):
        found[spec.apparent_gender].append(calm(rig, rig.neutral_mm(np.asarray(spec.identity), spec.attributes)))
    return {gender: np.stack(rows) for gender, rows in found.items()}


def _landmarks(rig: Rig, heads_mm: np.ndarray) -> np.ndarray:
    assert rig.landmarks is not None
    return np.stack([rig.landmarks.points(head) for head in heads_mm])


def test_women_and_men_differ_as_in_surveys(rig: Rig, heads: dict[str, np.ndarray]) -> None:
    women, men = (proportions(_landmarks(rig, heads[gender])) for gender in ("female", "male"))
    for name, sign in MALE_SIGN.items():
        spread = np.sqrt((women[name].var(ddof=1) + men[name].var(ddof=1)) / 2)
        effect = sign * (men[name].mean() - women[name].mean()) / spread
        assert 0.6 < effect < (4.0 if name == "jaw_width" else 3.0), (name, effect)


def test_faces_are_as_wide_as_those_of_people(rig: Rig, heads: dict[str, np.ndarray]) -> None:
    for gender, index in (("female", (0.82, 0.93)), ("male", (0.84, 0.95))):
        points = _landmarks(rig, heads[gender])
        height = np.linalg.norm(points[:, 168] - points[:, 152], axis=1)
        width = np.linalg.norm(points[:, 454] - points[:, 234], axis=1)
        jaw = np.linalg.norm(points[:, 397] - points[:, 172], axis=1)
        assert index[0] - 0.06 < (height / width).mean() < index[1] + 0.06
        assert 0.62 < (jaw / width).mean() < 0.80


def test_resting_eyes_are_open_and_their_upper_lid_crosses_the_iris(rig: Rig, heads: dict[str, np.ndarray]) -> None:
    assert rig.lid_pairs is not None
    upper, lower = rig.lid_pairs[0].T
    for rows in heads.values():
        centre = np.stack([rig.eye_centres_mm(head)[0] for head in rows])
        margin = rows[:, upper, 1].max(1) - centre[:, 1]
        opening = (rows[:, upper, 1] - rows[:, lower, 1]).max(1)
        assert 2.5 < np.median(margin) < 5.9
        assert margin.min() > 1.5
        assert opening.min() > 8.0
        assert opening.max() < 13.0


@pytest.mark.parametrize(
    ("unit", "place", "least_mm", "most_mm"),
    [
        ("browInnerUp", INNER, 7.0, 11.0),
        ("browOuterUpLeft", OUTER, 6.0, 10.0),
        ("browDownLeft", INNER, -9.5, -6.0),
    ],
)
def test_brows_move_as_far_as_those_of_people(
    rig: Rig, unit: str, place: tuple[int, int], least_mm: float, most_mm: float
) -> None:
    assert rig.landmarks is not None
    moved = rig.landmarks.points(rig.shapes_mm[UNIT_INDEX[unit]])[list(place)].mean(0)
    assert least_mm < moved[1] < most_mm
    if unit == "browDownLeft":
        assert -6.0 < moved[0] < -3.0


def test_an_inner_raise_is_oblique_and_an_outer_one_arched(rig: Rig) -> None:
    assert rig.landmarks is not None

    def rise(unit: str, place: tuple[int, int]) -> float:
        return float(rig.landmarks.points(rig.shapes_mm[UNIT_INDEX[unit]])[list(place), 1].mean())  # type: ignore[union-attr]

    assert rise("browInnerUp", INNER) > 3 * rise("browInnerUp", MIDDLE) > 0
    assert rise("browOuterUpLeft", OUTER) > 5 * abs(rise("browOuterUpLeft", INNER))


def test_lids_are_told_apart(rig: Rig) -> None:
    assert rig.lid_pairs is not None
    upper, lower = rig.lid_pairs[0].T
    rise = {name: rig.shapes_mm[UNIT_INDEX[f"{name}Left"]][:, 1] for name in
            ("eyeWide", "eyeSquint", "cheekSquint", "eyeLookDown")}  # fmt: skip
    assert rise["eyeWide"][upper].mean() > 3.0 > abs(rise["eyeWide"][lower].mean())
    assert rise["eyeSquint"][lower].mean() > 2.0
    assert rise["cheekSquint"][lower].mean() > 2.0
    assert -8.0 < rise["eyeLookDown"][upper].mean() < -4.0
    cheek = rig.landmarks.vertices[330] if rig.landmarks is not None else np.zeros(3, int)
    assert rise["cheekSquint"][cheek].mean() > 5 * abs(rise["eyeSquint"][cheek].mean())


def test_women_and_men_wear_hair_that_suits_them(rig: Rig) -> None:
    people = sample_avatars(3, rig, 120)
    styles = {g: {p.hair for p in people if p.apparent_gender == g} for g in ("female", "male")}
    assert not styles["female"] & styles["male"]
    assert len(styles["female"]) >= 5
    assert len(styles["male"]) >= 5
    assert "" not in styles["female"]
    receding = [p.attributes["age"] for p in people if p.hair == "hair_receding"]
    assert all(age > -0.5 for age in receding)


def test_proportions_are_mirror_symmetric_and_fade_out() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform([-90, -200, -150], [90, 110, 50], (500, 3))
    flipped = points * [-1, 1, 1]
    assert np.allclose(width_factor(points), width_factor(flipped))
    assert np.allclose(male_displacement(points), male_displacement(flipped) * [-1, 1, 1])
    factor = width_factor(points)
    assert ((factor > 0.8) & (factor <= 1)).all()
    assert np.allclose(width_factor(np.array([[10.0, -90.0, 20.0], [70.0, -90.0, -160.0], [70.0, 90.0, 0.0]])), 1)
