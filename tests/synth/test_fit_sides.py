"""Lips that meet, lids that move together: what the fit makes of small differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fit_cases import default_rig

from assets.units import GAZE_UNITS, UNIT_INDEX
from synth.fit.eyes import blinks_with_lowered_gaze, closed_as_seen, gaze_share
from synth.fit.face_model import FITTED_INDEX, FITTED_UNITS, face_model
from synth.fit.frame_fit import Prior, fit_frames
from synth.fit.head_pose import HeadPose
from synth.fit.lip_gap import LIP_PAIRS, LIPS_SEEN, with_lip_gap
from synth.fit.two_sides import SLACK, believed_difference, tied_lids


def _weights(**values: float) -> np.ndarray:
    result = np.zeros((1, len(FITTED_UNITS)))
    for name, value in values.items():
        result[:, FITTED_INDEX[name]] = value
    return result


@pytest.mark.parametrize(("left", "right"), [(0.9, 0.6), (0.4, 0.7), (0.5, 0.5)])
def test_lids_that_differ_a_little_move_together(left: float, right: float) -> None:
    found = tied_lids(_weights(eyeBlinkLeft=left, eyeBlinkRight=right), np.eye(3)[None])
    middle = (left + right) / 2
    np.testing.assert_allclose([found[0, FITTED_INDEX["eyeBlink" + s]] for s in ("Left", "Right")], middle)


def test_a_wink_is_kept_in_front_view_and_doubted_in_profile() -> None:
    wink = _weights(eyeBlinkLeft=0.9, eyeWideRight=0.1)
    np.testing.assert_allclose(tied_lids(wink, np.eye(3)[None]), wink)
    c, s = np.cos(1.0), np.sin(1.0)
    turned = np.array([[[c, 0, s], [0, 1, 0], [-s, 0, c]]])
    found = tied_lids(wink, turned)[0]
    assert found[FITTED_INDEX["eyeBlinkRight"]] > 0.2


def test_a_wink_must_show_in_the_openings_of_the_lids() -> None:
    wink = _weights(eyeBlinkLeft=0.9, eyeWideRight=0.1)
    np.testing.assert_allclose(tied_lids(wink, np.eye(3)[None], np.array([[0.2, 1.0]])), wink)
    found = tied_lids(wink, np.eye(3)[None], np.array([[0.22, 0.3]]))[0]
    assert found[FITTED_INDEX["eyeBlinkLeft"]] == found[FITTED_INDEX["eyeBlinkRight"]] == pytest.approx(0.4)


@pytest.mark.parametrize("take_turns", [True, False])
def test_an_eye_that_is_closed_in_the_picture_is_closed_on_the_twin(take_turns: bool) -> None:
    model = replace(face_model(default_rig()), lids_take_turns=take_turns)
    gaze = np.zeros((1, len(GAZE_UNITS)))
    gaze[0, GAZE_UNITS.index("eyeLookDownLeft")] = 0.5
    share = gaze_share(gaze, model)
    weights = _weights(eyeWideLeft=0.7, eyeSquintLeft=0.9, eyeBlinkRight=0.3)
    found = closed_as_seen(weights, gaze, np.array([[0.1, 0.9]]), model)[0]
    blink = found[FITTED_INDEX["eyeBlinkLeft"]]
    together = blink + share[0, 0] - (blink * share[0, 0] if take_turns else 0.0)
    assert together == pytest.approx(1.0)
    assert found[FITTED_INDEX["eyeWideLeft"]] == 0
    assert found[FITTED_INDEX["eyeBlinkRight"]] == 0.3
    untouched = closed_as_seen(weights, gaze, np.array([[0.6, np.nan]]), model)
    np.testing.assert_allclose(untouched, weights)


def test_blinks_of_a_rig_whose_lids_add_up_are_left_alone() -> None:
    model = replace(face_model(default_rig()), lids_take_turns=False)
    gaze = np.full((1, len(GAZE_UNITS)), 0.9)
    weights = _weights(eyeBlinkLeft=0.1)
    np.testing.assert_array_equal(blinks_with_lowered_gaze(weights, gaze, model), weights)


def test_small_differences_of_the_reading_are_not_believed() -> None:
    mean = _weights(mouthSmileLeft=0.5, mouthSmileRight=0.5 - 0.9 * SLACK, browDownLeft=0.8, browDownRight=0.2)
    found = believed_difference(mean)[0]
    assert found[FITTED_INDEX["mouthSmileLeft"]] == 0
    assert found[FITTED_INDEX["browDownLeft"]] == pytest.approx(0.6 - SLACK)
    assert found[FITTED_INDEX["browDownRight"]] == pytest.approx(SLACK - 0.6)


def test_a_blink_with_a_low_gaze_leaves_the_lid_where_the_sum_puts_it() -> None:
    model = face_model(default_rig())
    gaze = np.zeros((1, len(GAZE_UNITS)))
    gaze[0, GAZE_UNITS.index("eyeLookDownLeft")] = 0.5
    weights = _weights(eyeBlinkLeft=0.4, eyeBlinkRight=0.4)
    found = blinks_with_lowered_gaze(weights, gaze, model)
    assert found[0, FITTED_INDEX["eyeBlinkLeft"]] > 0.4
    assert found[0, FITTED_INDEX["eyeBlinkRight"]] == 0.4


def test_lips_that_meet_in_the_picture_meet_on_the_fitted_face() -> None:
    model = face_model(default_rig())
    upper, lower = np.array(LIP_PAIRS).T
    raised = ["mouthUpperUpLeft", "mouthUpperUpRight"]
    subject = model.neutral + model.units[:, :, [FITTED_INDEX[name] for name in raised]].sum(-1) * 0.4
    subject[lower, 1] += (subject[upper] - subject[lower])[:, 1]
    pose = HeadPose(np.eye(3)[None], np.ones(1), np.full((1, 2), 100.0), np.zeros(1), 700.0)
    size = len(FITTED_UNITS)
    prior = Prior(np.zeros((1, size)), np.full((1, size), 5.0), np.zeros(size))
    gaps = []
    for tried in (model, with_lip_gap(model, model)):
        fit = fit_frames(pose.project(subject[None]), model.neutral, tried, prior, 0.1, 700.0)
        head = (model.units @ fit.weights[0]) + model.correction(fit.weights)[0]
        gaps.append(float(np.abs((head[upper] - head[lower])[:, 1]).mean()))
    assert gaps[1] < 0.7 * gaps[0]


def test_the_opening_is_that_of_the_whole_rig() -> None:
    model = face_model(default_rig())
    small = replace(model, units=0.5 * model.units)
    found = with_lip_gap(small, model)
    jaw = found.lip_units[0, :, FITTED_INDEX["jawOpen"]]
    np.testing.assert_allclose(jaw, LIPS_SEEN * (model.units[13] - model.units[14])[:, FITTED_INDEX["jawOpen"]])


def test_a_smile_alone_keeps_the_lips_sealed() -> None:
    rig = default_rig()
    smile = rig.shapes_mm[UNIT_INDEX["mouthSmileLeft"]] + rig.shapes_mm[UNIT_INDEX["mouthSmileRight"]]
    at = rig.landmarks.points
    rng = np.random.default_rng(0)
    for _ in range(5):
        rest = at(rig.neutral_mm(rng.normal(size=len(rig.identity_mm))).astype(float))
        moved = rest + at(smile.astype(float))
        for upper, lower in LIP_PAIRS[:3]:
            assert moved[upper, 1] - moved[lower, 1] < rest[upper, 1] - rest[lower, 1] + 0.3
    width = [np.ptp(face[[61, 291], 0]) for face in (at(rig.vertices_mm.astype(float)), at(rig.vertices_mm + smile))]
    assert 1.25 < width[1] / width[0] < 1.4
