"""The audit's measures: free of pose, mirrored with the face, answering to the movement they are named after."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from assets.keyed import rng_for
from assets.landmarks import MIRROR_POINTS
from synth.audit.disturb import disturb
from synth.audit.flow import FlowTracker
from synth.audit.geometry import AUDITED, geometric_activation
from synth.audit.pixels import PIXEL_MEASURES, Look, pixel_activation
from synth.audit.pose_free import pose_free
from synth.audit.readout import UNREAD, read_out, resting_limits
from synth.landmarks.canonical import canonical_face_mm

MIRROR = np.array(MIRROR_POINTS)


def face_mm(noise_mm: float = 0.0) -> np.ndarray:
    """Return a canonical face with irises, a little lopsided if asked for."""
    points, _ = canonical_face_mm()
    irises = np.repeat(points[[468 - 1]], 10, axis=0)
    whole = np.concatenate([points, irises])
    return whole + noise_mm * rng_for(0, "lopsided").normal(size=whole.shape)


def seen(points_mm: np.ndarray, angles: tuple[float, float, float], scale: float) -> np.ndarray:
    turn, _ = cv2.Rodrigues(np.array(angles, float))
    turned = scale * points_mm @ turn.T + np.array([120.0, -90.0, 30.0])
    return turned * np.array([1.0, -1.0, -1.0])


@pytest.mark.parametrize("angles", [(0, 0, 0), (0.3, -0.5, 0.2)])
def test_pose_and_size_do_not_matter(angles: tuple[float, float, float]) -> None:
    truth = face_mm()
    points_mm, placement = pose_free(seen(truth, angles, 1.7))
    np.testing.assert_allclose(points_mm, truth, atol=1e-6)
    np.testing.assert_allclose(placement.to_picture(points_mm), seen(truth, angles, 1.7)[:, :2], atol=1e-6)
    lopsided = face_mm(0.5)
    frontal = geometric_activation(pose_free(seen(lopsided, (0, 0, 0), 1.0))[0][None])
    turned = geometric_activation(pose_free(seen(lopsided, angles, 2.3))[0][None])
    np.testing.assert_allclose(turned, frontal, atol=1e-6)


def test_sides_change_places_in_the_mirror() -> None:
    points = face_mm(1.0)
    mirrored = points[MIRROR] * np.array([-1.0, 1.0, 1.0])
    one, other = geometric_activation(np.stack([points, mirrored]))
    np.testing.assert_allclose(one, other[:, ::-1], atol=1e-9)
    assert not np.allclose(one, other)


MOVES = {  # Action Unit: landmarks on the subject's right, and how they move (across to the right, up, out)
    1: ((55, 107), (0, 2, 0)), 2: ((70, 63), (0, 2, 0)), 4: ((55, 65, 52, 107, 66, 105), (-1, -2, 0)),
    5: ((160, 159, 158), (0, 2, 0)), 6: ((50, 101, 118, 36), (0, 2, 0)), 7: ((144, 145, 153), (0, 2, 0)),
    9: ((64, 98, 48, 115), (0, 2, 0)), 10: ((37, 39, 40), (0, 2, 0)), 12: ((61,), (2, 2, 0)),
    14: ((61,), (0, 0, -2)), 15: ((61,), (0, -2, 0)), 17: ((17, 84, 199, 200), (0, 2, 0)), 20: ((61,), (2, 0, 0)),
    23: ((37, 39), (0, -2, 0)), 24: ((84, 181), (0, 2, 0)), 25: ((87, 14), (0, -2, 0)), 26: ((152, 148), (0, -2, 0)),
    43: ((160, 159, 158), (0, -2, 0)),
}  # fmt: skip


@pytest.mark.parametrize("number", AUDITED)
def test_every_measure_grows_with_the_movement_of_its_unit_on_that_side(number: int) -> None:
    points, (across, up, out) = face_mm(), MOVES[number][1]
    moved = points.copy()
    for point in MOVES[number][0]:
        moved[point] += np.array([-across, up, out])
    before, after = geometric_activation(np.stack([points, moved]))[:, AUDITED.index(number)]
    change = after - before
    assert change[1] > 0.9, f"the right side grew by {change[1]:.2f} mm"
    middle = any(MIRROR[point] == point for point in MOVES[number][0])
    assert change[0] < change[1] if middle else abs(change[0]) < 1e-9


def test_scores_are_gathered_side_by_side() -> None:
    from assets.units import NETWORK_UNITS

    scores = np.zeros(51)
    scores[NETWORK_UNITS.index("mouthSmileLeft")] = 0.8
    scores[NETWORK_UNITS.index("jawOpen")] = 0.5
    found = read_out(scores)
    assert found[AUDITED.index(12)].tolist() == [0.8, 0.0]
    assert found[AUDITED.index(26)].tolist() == [0.5, 0.5]
    for number in UNREAD:
        assert np.isnan(found[AUDITED.index(number)]).all()
    limits = resting_limits()
    assert ((limits > 0) & (limits < 0.7))[[n not in UNREAD for n in AUDITED]].all()


def drawing() -> np.ndarray:
    """Return a smooth grey picture with fine noise, so that every edge in it is one that a test draws."""
    flat = np.full((256, 256, 3), 150, np.uint8)
    return np.clip(flat + rng_for(0, "paper").normal(0, 2, flat.shape), 0, 255).astype(np.uint8)


def activation(picture: np.ndarray, points: np.ndarray) -> dict[int, np.ndarray]:
    points_mm, placement = pose_free(points)
    values = pixel_activation(Look(picture, placement, points_mm, points_mm))
    return dict(zip(AUDITED, values, strict=True))


def test_pixel_measures_see_what_is_drawn_where_it_belongs() -> None:
    points = seen(face_mm(), (0, 0, 0), 1.15)
    points[:, :2] += np.array([128, 128]) - points[:, :2].mean(0)
    before = activation(drawing(), points)
    furrowed, wrinkled = drawing(), drawing()
    x, y = points[[8, 9], :2].mean(0).astype(int)
    cv2.line(furrowed, (x - 3, y - 8), (x - 3, y + 8), (70, 60, 60), 1)
    cv2.line(furrowed, (x + 3, y - 8), (x + 3, y + 8), (70, 60, 60), 1)
    assert activation(furrowed, points)[4].min() > 3 * before[4].max()
    x, y = points[[168, 6], :2].mean(0).astype(int)
    for k in (-4, 0, 4):
        cv2.line(wrinkled, (x - 8, y + k), (x + 8, y + k), (70, 60, 60), 1)
    assert activation(wrinkled, points)[9].min() > 3 * before[9].max()
    assert activation(wrinkled, points)[17] == pytest.approx(before[17])


def test_a_dark_brow_is_followed_through_a_patch_that_stays() -> None:
    points = seen(face_mm(), (0, 0, 0), 1.15)
    points[:, :2] += np.array([128, 128]) - points[:, :2].mean(0)
    heights = []
    for lift in (0, 4):
        picture = drawing()
        for brow in ((55, 107, 65, 66), (285, 336, 295, 296)):
            x, y = points[list(brow), :2].mean(0).astype(int)
            cv2.rectangle(picture, (x - 12, y - 2 - lift), (x + 12, y + 2 - lift), (40, 30, 30), -1)
        heights.append(activation(picture, points)[1])
    assert heights[1] - heights[0] == pytest.approx(np.full(2, 4 / 1.15), abs=0.5)


def test_units_without_a_measure_are_unknown() -> None:
    points = seen(face_mm(), (0, 0, 0), 1.15)
    points[:, :2] += np.array([128, 128]) - points[:, :2].mean(0)
    found = activation(drawing(), points)
    for number in AUDITED:
        assert np.isnan(found[number]).all() == (number not in PIXEL_MEASURES)


def test_flow_follows_skin_that_moves_and_not_the_head() -> None:
    points = seen(face_mm(), (0, 0, 0), 1.15)
    points[:, :2] += np.array([128, 128]) - points[:, :2].mean(0)
    points_mm, placement = pose_free(points)
    spots = rng_for(0, "spots").integers(60, 220, (64, 64, 3)).astype(np.uint8)
    skin = cv2.resize(spots, (256, 256), interpolation=cv2.INTER_CUBIC)
    tracker = FlowTracker(skin, placement, points_mm)
    np.testing.assert_allclose(tracker.points(skin, placement), points_mm, atol=0.05)
    shift = np.float32([[1, 0, 3], [0, 1, -2]])
    moved, elsewhere = cv2.warpAffine(skin, shift, (256, 256)), pose_free(points + np.array([3, -2, 0]))[1]
    inner = np.array([55, 107, 285, 336, 61, 4])
    np.testing.assert_allclose(tracker.points(moved, elsewhere)[inner], points_mm[inner], atol=0.3)
    np.testing.assert_allclose(tracker.points(moved, placement)[inner], points_mm[inner], atol=0.3)
    lifted = skin.copy()
    x, y = points[[55, 107, 65, 66], :2].mean(0).astype(int)
    lifted[y - 24 : y + 16, x - 24 : x + 24] = skin[y - 21 : y + 19, x - 24 : x + 24]
    change = geometric_activation(np.stack([points_mm, tracker.points(lifted, placement)]))
    raised = (change[1] - change[0])[AUDITED.index(1)]
    assert 1.2 < raised[1] < 3.0, "a small patch drags its surroundings along, and they hold it back"
    assert abs(raised[0]) < 0.3


def test_disturbed_pictures_are_mirrored() -> None:
    picture = drawing()
    picture[100:140, 20:60] = (250, 20, 20)
    rows, columns = np.nonzero(disturb(picture)[..., 0].astype(int) - disturb(picture)[..., 1] > 100)
    assert columns.mean() > 180
    assert 90 < rows.mean() < 150
    assert disturb(picture).shape == picture.shape
