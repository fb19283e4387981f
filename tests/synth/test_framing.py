"""Real crops and twins put the eyes at the same place and scale."""

import numpy as np
import pytest

from synth.framing import EYE_LINE, HEAD_SCALE, crop_from_source
from synth.render.camera import project, view_of
from synth.render.scene import Background, Pose, Scene

SCENE = Scene((), (0.3, 0.3, 0.3), Background((0.1,) * 3, (0.1,) * 3), 870.0)
EYES_MM = np.array([[31.5, 0.0, 0.0], [-31.5, 0.0, 0.0]])


def _turn(yaw: float, pitch: float, roll: float) -> np.ndarray:
    cy, sy, cp, sp, cr, sr = *_cs(yaw), *_cs(pitch), *_cs(roll)
    roll_matrix = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
    yaw_matrix = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return roll_matrix @ yaw_matrix @ np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])


def _cs(angle: float) -> tuple[float, float]:
    return float(np.cos(angle)), float(np.sin(angle))


@pytest.mark.parametrize("size", [64, 256, 512])
@pytest.mark.parametrize("roll", [-0.4, 0.0, 0.7])
def test_crop_puts_frontal_eyes_where_the_twin_has_them(size: int, roll: float) -> None:
    middle, scale = np.array([431.0, 266.5]), 2.6
    half = 31.5 * scale * np.array([np.cos(roll), np.sin(roll)])
    source = np.stack([middle + half, middle - half])
    crop = crop_from_source(middle, scale, roll, size)
    cropped = source @ crop[:, :2].T + crop[:, 2]
    twin = project(EYES_MM, Pose(np.eye(3)), SCENE, size)
    assert np.allclose(cropped, twin, atol=1e-3 * size)


def test_eyes_stay_in_place_however_the_head_turns() -> None:
    for angles in ((0.5, 0.2, 0.0), (-0.9, -0.3, 0.1), (0.0, 0.6, -0.4)):
        place = project(np.zeros(3), Pose(_turn(*angles)), SCENE, 256)
        assert np.allclose(place, [128, 256 * EYE_LINE])


def test_turned_head_meets_its_crop_under_the_same_camera() -> None:
    """A source camera on the eyes and the twin's camera see the same picture up to the crop's affine map."""
    rng = np.random.default_rng(3)
    head = rng.uniform(-80, 80, (40, 3))
    rotation, roll, scale, middle = _turn(0.4, -0.2, 0.0), 0.3, 3.1, np.array([612.0, 380.0])
    rolled = _turn(0.0, 0.0, roll) @ rotation
    source_view = Pose(rolled, middle, scale)
    source = project(head, source_view, SCENE, 1000)
    crop = crop_from_source(middle, scale, roll, 256)
    assert np.allclose(source @ crop[:, :2].T + crop[:, 2], project(head, Pose(rotation), SCENE, 256), atol=1e-2)


def test_clip_matrix_agrees_with_projection() -> None:
    pose = Pose(_turn(0.3, 0.2, -0.1), np.array([100.0, 90.0]), 0.9)
    points = np.random.default_rng(0).uniform(-90, 90, (25, 3))
    clip = np.c_[points, np.ones(25)] @ view_of(pose, SCENE, 256).clip_matrix().astype(float).T
    pixels = (clip[:, :2] / clip[:, 3:] + 1) / 2 * 256
    assert np.allclose(pixels, project(points, pose, SCENE, 256), atol=1e-3)
    assert (np.abs(clip[:, 2] / clip[:, 3]) < 1).all()


def test_scale_at_the_eyes_is_the_framing_scale() -> None:
    left, right = project(EYES_MM, Pose(np.eye(3)), SCENE, 256)
    assert left[0] - right[0] == pytest.approx(63 * HEAD_SCALE * 256)
