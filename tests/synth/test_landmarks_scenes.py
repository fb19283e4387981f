"""Scene cuts and changes of person; frames whose landmarks are not to be believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.shard_format import Status
from synth.fit.bad_frames import LARGEST_JITTER, SHORTEST_SCENE, implausible
from synth.fit.fit import fit_track
from synth.fit.point_rows import PointRows
from synth.landmarks.finder import Face
from synth.landmarks.scenes import SceneSplitter, by_length, change, colours
from tests.synth.fit_cases import default_rig, ideal_scores, landmarks_mm, swinging_pose, track_of, unit_weights

RED, BLUE = ((np.full((36, 64, 3), colour, np.uint8)) for colour in ((200, 40, 40), (40, 40, 200)))


def face(x: float, size: float = 100.0) -> Face:
    corners = np.array([[0, 0, 0], [size, size, 0]], float)
    return Face(np.resize(corners, (478, 3)) + np.array([x, 50.0, 0]), 1.0)


def scenes(*steps: tuple) -> list[int]:
    splitter = SceneSplitter()
    return [splitter.step(picture, seen, frame) for frame, (picture, seen) in enumerate(steps)]


def test_a_cut_begins_a_scene_and_a_countershot_returns_to_the_first() -> None:
    one, other = (RED, face(100)), (BLUE, face(300))
    assert scenes(one, one, other, other, one, one) == [0, 0, 1, 1, 0, 0]


def test_a_face_that_leaps_is_another_one() -> None:
    assert scenes((RED, face(100)), (RED, face(130)), (RED, face(330))) == [0, 0, 1]
    assert scenes((RED, face(100)), (RED, face(100, 200.0))) == [0, 1]
    assert scenes((RED, face(100)), (RED, None), (RED, face(110))) == [0, -1, 0]


def test_colours_change_little_with_movement_and_wholly_at_a_cut() -> None:
    moved = RED.copy()
    moved[:6] = BLUE[:6]
    assert change(colours(RED), colours(RED)) == 0
    assert change(colours(RED), colours(moved)) == pytest.approx(1 / 6, abs=0.02)
    assert change(colours(RED), colours(BLUE)) == 1


def test_the_longest_scene_is_the_subject() -> None:
    np.testing.assert_array_equal(by_length(np.array([0, 0, 1, 1, 1, -1, 2])), [1, 1, 0, 0, 0, 0, 2])


@pytest.fixture(scope="module")
def two_people() -> tuple:
    """Return 40 frames of one face and 40 of another, both at rest but for a smile at the end."""
    rig = default_rig()
    smile = np.where(np.arange(40) > 25, 0.7, 0.0)
    weights = unit_weights(40, mouthSmileLeft=smile, mouthSmileRight=smile)
    heads = []
    for sign in (1.0, -1.0):
        identity = np.zeros(len(rig.identity_mm))
        identity[:4] = sign * np.array([1.5, -1.5, 1.5, 1.0])
        heads.append(swinging_pose(40).project(landmarks_mm(rig, weights, identity)))
    track = track_of(np.concatenate(heads), np.tile(ideal_scores(weights), (2, 1)))
    return rig, track, np.repeat([0, 1], 40).astype(np.int16)


def test_every_person_gets_an_identity_of_their_own(two_people: tuple) -> None:
    rig, track, person = two_people
    together = fit_track(replace(track, person=person), rig)
    assert together.notes["people"] == 2
    for who in (0, 1):
        rows = np.flatnonzero(person == who)
        names = ("frames", "landmarks_px", "network_weights", "confidence", "faces_found", "status")
        alone = fit_track(replace(track, **{name: getattr(track, name)[rows] for name in names}), rig)
        np.testing.assert_allclose(together.weights[rows], alone.weights, atol=1e-6)
        if who == 0:
            np.testing.assert_allclose(together.identity, alone.identity)


def test_shaking_landmarks_and_absent_faces_are_flagged_and_nothing_else(two_people: tuple) -> None:
    rig, track, _ = two_people
    points = track.landmarks_px[:40].copy()
    points[20, ::2] += LARGEST_JITTER * 100.0
    confidence = np.ones(40, np.float32)
    confidence[5] = 0.6
    shaken = replace(
        track, landmarks_px=points, confidence=confidence,
        **{name: getattr(track, name)[:40] for name in ("frames", "network_weights", "faces_found", "status")},
    )  # fmt: skip
    fitted = fit_track(shaken, rig)
    bad = np.flatnonzero(fitted.status == Status.FIT_BAD)
    assert {5, 20} <= set(bad.tolist()) <= {5, 19, 20, 21}
    assert fitted.notes["fit_bad"]["presence"] == 1
    assert fit_track(replace(shaken, network_weights=None), rig).notes["fit_bad"]["presence"] == 0


def test_a_face_between_two_cuts_flickers(two_people: tuple) -> None:
    _, track, _ = two_people
    person = np.zeros(80, np.int16)
    person[30 : 30 + SHORTEST_SCENE - 1] = 1
    rows = np.flatnonzero(person == 1)
    reasons = implausible(replace(track, person=person), rows, PointRows(track.landmarks_px, rows))
    assert reasons["flicker"].all()
    rows = np.flatnonzero(person == 0)
    reasons = implausible(replace(track, person=person), rows, PointRows(track.landmarks_px, rows))
    assert not reasons["flicker"].any()
