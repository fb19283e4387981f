"""The opening between the lips after the fit is the one in the picture."""

from __future__ import annotations

import numpy as np
import pytest
from fit_cases import default_rig, landmarks_mm, swinging_pose, unit_weights

from synth.fit.face_model import FITTED_COLUMNS, FITTED_INDEX, FaceModel, face_model
from synth.fit.lip_gap import LIPS_SEEN, with_lip_gap
from synth.fit.lips_as_seen import opened_as_seen, opening_mm

CLOSE = FITTED_INDEX["mouthClose"]


def model() -> FaceModel:
    whole = face_model(default_rig())
    return with_lip_gap(whole, whole)


def seen_by_network(true: np.ndarray) -> np.ndarray:
    """Return landmarks (T, 478, 3) in pixels, the lower lip as far from the upper one as the network sees it."""
    points = landmarks_mm(default_rig(), true)
    rest = landmarks_mm(default_rig(), np.zeros_like(true[:1]))[0]
    for upper, lower in model().lip_rows:
        sealed = rest[lower] - rest[upper]
        sealed[1] = 0.0
        points[:, lower] = (
            points[:, upper] + sealed + LIPS_SEEN * (points[:, lower] - points[:, upper] - (rest[lower] - rest[upper]))
        )
    return swinging_pose(len(true)).project(points)


def fitted(weights: np.ndarray, **wrong: float) -> np.ndarray:
    result = weights[:, FITTED_COLUMNS].copy()
    for name, value in wrong.items():
        result[:, FITTED_INDEX[name]] += value
    return result


@pytest.mark.parametrize(
    ("true", "wrong"),
    [
        ({"jawOpen": 0.3}, {"mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4}),
        ({"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}, {"jawOpen": 0.2}),
        ({"jawOpen": 0.4, "mouthClose": 0.2}, {"mouthClose": 0.4}),
    ],
)
def test_the_opening_is_the_seen_one_whatever_else_the_fit_got_wrong(true: dict, wrong: dict) -> None:
    weights = unit_weights(6, **true)
    found = opened_as_seen(fitted(weights, **wrong), seen_by_network(weights), swinging_pose(6), model())
    wanted = opening_mm(weights[:, FITTED_COLUMNS], model())[:, 1]
    np.testing.assert_allclose(opening_mm(found, model())[:, 1], wanted, rtol=0.13, atol=0.6)


def test_lips_never_pass_through_each_other() -> None:
    weights = np.random.default_rng(3).uniform(0, 1, (40, 52))
    found = opened_as_seen(fitted(weights), seen_by_network(np.zeros((40, 52))), swinging_pose(40), model())
    assert opening_mm(found, model())[:, 1].min() > -1.5
    others = np.arange(found.shape[1]) != CLOSE
    np.testing.assert_array_equal(found[:, others], fitted(weights)[:, others])


def test_an_opening_that_the_other_units_do_not_reach_is_left_alone() -> None:
    wide = unit_weights(4, jawOpen=0.8)
    found = opened_as_seen(fitted(unit_weights(4, jawOpen=0.3)), seen_by_network(wide), swinging_pose(4), model())
    np.testing.assert_array_equal(found[:, CLOSE], 0.0)
