"""Maps in texture space interpolate linearly and put every vertex where its texture coordinate says."""

from __future__ import annotations

import numpy as np

from assets.rig_bundle import load_rig
from assets.rig_maps import position_map, rasterise, triangles


def test_linear_functions_are_reproduced() -> None:
    rng = np.random.default_rng(3)
    uv = rng.random((40, 3, 2))
    size = 64
    image, covered = rasterise(uv, np.stack([uv[..., 0], uv[..., 1]], -1), size)
    rows, columns = np.nonzero(covered)
    assert covered.sum() > 500
    np.testing.assert_allclose(image[rows, columns, 0], (columns + 0.5) / size, atol=1e-5)
    np.testing.assert_allclose(image[rows, columns, 1], 1 - (rows + 0.5) / size, atol=1e-5)


def test_coverage_is_the_area_of_a_triangle() -> None:
    uv = np.array([[[0.1, 0.1], [0.9, 0.1], [0.5, 0.8]]])
    covered = rasterise(uv, np.zeros((1, 3, 1)), 512)[1]
    np.testing.assert_allclose(covered.mean(), 0.5 * 0.8 * 0.7, rtol=0.01)


def test_triangles_of_mixed_faces() -> None:
    assert triangles(np.array([[0, 1, 2, 3], [4, 5, 6, 6]])).tolist() == [[0, 1, 2], [0, 2, 3], [4, 5, 6]]


def test_position_map_agrees_with_the_vertices() -> None:
    rig = load_rig("hm08")
    size = 256
    positions, covered = position_map(rig, size)
    skin = next(part for part in rig.parts if part.name == "skin")
    vertices, textures = skin.faces.ravel(), skin.uv_faces.ravel()
    frontal = (rig.vertices_mm[vertices, 2] > 5) & (np.abs(rig.vertices_mm[vertices, 1] - 25) < 20)
    u, v = rig.uv[textures[frontal]].T
    rows, columns = ((1 - v) * size).astype(int), (u * size).astype(int)
    inside = covered[rows, columns]
    error = np.linalg.norm(positions[rows, columns] - rig.vertices_mm[vertices[frontal]], axis=1)[inside]
    assert inside.mean() > 0.9
    assert np.median(error) < 1.5
