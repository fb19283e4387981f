"""Subdivision, posing and landmarks of avatars on a small hand-made rig."""

import numpy as np
import pytest

from synth.avatars.pose import gaze_rotation
from synth.avatars.subdivide import catmull_clark, face_corners, linear_points, point_indices, refined_triangles

CUBE = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
CUBE_FACES = np.array(
    [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
)  # fmt: skip


def _area_vector(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return np.cross(b - a, c - a) / 2


def test_one_step_on_a_cube_has_the_published_weights() -> None:
    """Face points are face means, edge points the mean of 2 ends and 2 face points, corners (F + 2E + 0 V) / 3."""
    corners = face_corners(CUBE_FACES)
    points = catmull_clark(corners, 8, 6) @ CUBE
    assert np.allclose(np.abs(points[8:14]).sum(1), 1.0)
    assert np.allclose(np.sort(np.abs(points[14:]), axis=1), [0, 0.75, 0.75])
    assert np.allclose(np.abs(points[:8]), 5 / 9)


def test_rows_sum_to_one_and_open_borders_follow_the_spline() -> None:
    faces = np.array([[0, 1, 4, 3], [1, 2, 5, 4]])
    corners = face_corners(faces)
    matrix = catmull_clark(corners, 6, 2)
    assert np.allclose(matrix.sum(1), 1)
    line = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0]], float)
    assert np.allclose((matrix @ line)[1], [1, 0, 0])
    assert np.allclose((matrix @ line)[:, 2], 0)


@pytest.mark.parametrize("share", [0.0, 0.35, 1.0])
def test_partial_refinement_is_watertight_and_keeps_the_winding(share: float) -> None:
    corners = face_corners(CUBE_FACES)
    split = np.random.default_rng(5).random(6) < share
    points, origin = refined_triangles(corners, split)
    triangles = point_indices(points, corners, 8, 6)
    flat = linear_points(corners, CUBE, 6)
    assert np.allclose(_area_vector(flat, triangles).sum(0), 0)
    assert np.linalg.norm(_area_vector(flat, triangles), axis=1).sum() == pytest.approx(24.0)
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), 1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    outward = (_area_vector(flat, triangles) * flat[triangles].mean(1)).sum(1)
    assert (outward > 0).all()
    assert np.isin(origin, np.arange(6)).all()


def test_triangles_are_split_into_three() -> None:
    corners = face_corners(np.array([[0, 1, 2, 2]]))
    points, _ = refined_triangles(corners, np.array([True]))
    assert len(points) == 6
    area = _area_vector(
        linear_points(corners, np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float), 1),
        point_indices(points, corners, 3, 1),
    )
    assert area.sum(0) == pytest.approx([0, 0, 0.5])


def test_gaze_turns_the_axis_to_yaw_and_pitch() -> None:
    gaze = np.array([[0.3, 0.0], [0.0, 0.25], [-0.4, -0.2]])
    axis = gaze_rotation(gaze)[..., 2]
    assert np.allclose(np.arctan2(axis[:, 0], axis[:, 2]), gaze[:, 0])
    assert np.allclose(np.arcsin(axis[:, 1]), gaze[:, 1])
    turns = gaze_rotation(gaze)
    assert np.allclose(turns @ np.swapaxes(turns, -1, -2), np.eye(3))
    assert np.allclose(np.linalg.det(turns), 1)
