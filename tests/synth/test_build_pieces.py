"""The pieces of the rig builder, each against its mathematics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.errors import InputError
from synth.build.anatomy import boundary_loops, connected_pieces
from synth.build.attach import Attachment, averaging, taking
from synth.build.dental import Arch
from synth.build.eyeballs import unit_eyeball
from synth.build.graft import affine_weights, nearest_weights
from synth.build.lashes import strip_grid
from synth.build.population import Population, axis_coordinates, fit_basis, reconstruction_error_mm
from synth.build.source import BASE_VERTICES, SourceWheel, parse_obj, parse_target
from synth.build.unwrap import relax, triangles_of


def grid_faces(rows: int, columns: int) -> np.ndarray:
    index = np.arange(rows * columns).reshape(rows, columns)
    return np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)


def test_wrong_or_missing_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no wheel at this path"):
        SourceWheel(tmp_path / "absent.whl")
    (tmp_path / "other.whl").write_bytes(b"not it")
    with pytest.raises(InputError, match="SHA-256"):
        SourceWheel(tmp_path / "other.whl")


def test_target_and_obj_text() -> None:
    displacement = parse_target("# comment\n3 1 2 -3\n\n7 .5 0 0\n")
    assert displacement.shape == (BASE_VERTICES, 3)
    assert displacement[3].tolist() == [1, 2, -3]
    assert np.count_nonzero(displacement) == 4
    text = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\ng body\nf 1/1 2/2 3/3 4/4\n"
    vertices, uv, faces, uv_faces, groups = parse_obj(text)
    assert (vertices.shape, uv.shape, faces.tolist(), uv_faces.tolist()) == (
        (4, 3),
        (4, 2),
        [[0, 1, 2, 3]],
        [[0, 1, 2, 3]],
    )
    assert groups.tolist() == ["body"]


def test_boundary_of_a_grid_and_of_a_ring() -> None:
    loops = boundary_loops(grid_faces(4, 6))
    assert [len(loop) for loop in loops] == [2 * (4 + 6) - 4]
    ring = np.array([[k, (k + 1) % 8, (k + 1) % 8 + 8, k + 8] for k in range(8)])
    assert sorted(len(loop) for loop in boundary_loops(ring)) == [8, 8]


def test_pieces_and_strips() -> None:
    strip = grid_faces(5, 13)
    pieces = connected_pieces(np.concatenate([strip + 65, strip]))
    assert [int(piece.min()) for piece in pieces] == [0, 65]
    grid = strip_grid(strip)
    assert grid.shape == (5, 13)
    assert (np.abs(np.diff(grid, axis=1)) == 1).all()
    assert (np.abs(np.diff(grid, axis=0)) == 13).all()


def test_attachment_is_linear() -> None:
    attachment = Attachment()
    attachment.add(taking(np.array([5, 9])))
    attachment.add(averaging([np.array([1, 2, 3])]), np.array([[1.0, 0, 0]]))
    field = np.random.default_rng(0).normal(size=(BASE_VERTICES, 3))
    moved = attachment.displacement_mm(field)
    np.testing.assert_allclose(moved, 100 * np.stack([field[5], field[9], field[1:4].mean(0)]))
    assert attachment.offset_mm()[2].tolist() == [1.0, 0, 0]


def test_eyeball_turns_about_the_mean_of_its_vertices() -> None:
    directions, radii, quads, uv = unit_eyeball()
    np.testing.assert_allclose((directions * radii[:, None]).mean(0), 0, atol=1e-12)
    points = directions * radii[:, None]
    normal = np.cross(points[quads[:, 2]] - points[quads[:, 0]], points[quads[:, 1]] - points[quads[:, 0]])
    assert ((normal * points[quads].mean(1)).sum(1) < 0).all()
    assert np.ptp(uv, axis=0).max() <= 1


def test_affine_weights_reproduce_affine_motion() -> None:
    rng = np.random.default_rng(1)
    anchors_mm, points = rng.normal(0, 20, (30, 3)), rng.normal(0, 20, (12, 3))
    weights = affine_weights(points, anchors_mm, np.arange(30), 30)
    matrix, shift = rng.normal(size=(3, 3)), rng.normal(size=3)
    np.testing.assert_allclose(weights @ (anchors_mm @ matrix + shift), points @ matrix + shift, atol=1e-9)


def test_nearest_weights_are_an_average() -> None:
    rng = np.random.default_rng(2)
    anchors = rng.normal(0, 20, (50, 3))
    weights = nearest_weights(anchors[:10], anchors, np.arange(50), 50, 6)
    np.testing.assert_allclose(np.asarray(weights.sum(1)).ravel(), 1)
    assert (weights.toarray()[:, :10].diagonal() > 0.5).all()


def test_arch_keeps_arc_length_and_mirror_symmetry() -> None:
    arch = Arch((0, -73, 25), 29.0, 1.0)
    along = np.linspace(0, 40, 200)
    points = arch.place(along, np.zeros(200), np.zeros(200))
    np.testing.assert_allclose(np.linalg.norm(np.diff(points, axis=0), axis=1).sum(), 40, rtol=0.01)
    left, right = (arch.place(np.array([s * 12.0]), np.array([3.0]), np.array([2.0])) for s in (1, -1))
    np.testing.assert_allclose(left * [-1, 1, 1], right)
    depth = np.linalg.norm(arch.place(along, 0 * along, 0 * along + 2) - points, axis=1)
    np.testing.assert_allclose(depth, 2.0, atol=1e-6)


def test_relaxation_unrolls_a_cylinder_without_distortion() -> None:
    rows, columns, radius = 9, 15, 10.0
    angle, height = np.meshgrid(np.linspace(0, 2.5, columns), np.linspace(0, 12, rows))
    points = np.stack([radius * np.sin(angle), height, radius * np.cos(angle)], -1).reshape(-1, 3)
    triangles = triangles_of(grid_faces(rows, columns))
    start = np.stack([np.sin(angle / 2.5) * 3 + 0.1 * height, height**1.3], -1).reshape(-1, 2)
    flat = relax(start, triangles, points[triangles], np.ones(len(triangles)), sweeps=300)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]])
    rest = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    found = np.linalg.norm(flat[edges[:, 0]] - flat[edges[:, 1]], axis=1)
    np.testing.assert_allclose(found, rest, rtol=0.02)


def test_basis_recovers_axes_and_orthogonal_modes() -> None:
    rng = np.random.default_rng(4)
    count, vertices = 400, 30
    gender, age = rng.choice([-1.0, 1.0], count), rng.uniform(-1, 1, count)
    ancestry = rng.dirichlet([0.5] * 3, count)
    mean, truth = rng.normal(0, 50, (vertices, 3)), rng.normal(0, 3, (7, vertices, 3))
    hidden = rng.normal(size=(count, 2))
    heads = mean + np.einsum("n,vc->nvc", gender, truth[0]) + np.einsum("n,vc->nvc", age, truth[1])
    heads = heads + np.einsum("nk,kvc->nvc", hidden, truth[2:4]) + np.einsum("nk,kvc->nvc", ancestry, truth[4:])
    population = Population(heads, gender, age, ancestry)
    weight = rng.uniform(0.2, 1, vertices)
    basis = fit_basis(population, weight, 2)
    np.testing.assert_allclose(basis.axes_mm["gender"], truth[0], atol=1.0)
    np.testing.assert_allclose(sum(basis.axes_mm[n] for n in basis.axes_mm if "ancestry" in n), 0, atol=1e-9)
    scaled = basis.modes_mm * np.sqrt(weight)[:, None]
    axes = np.stack([a * np.sqrt(weight)[:, None] for a in basis.axes_mm.values()])
    np.testing.assert_allclose(np.einsum("kvc,avc->ka", scaled, axes), 0, atol=1e-6)
    assert abs((scaled[0] * scaled[1]).sum()) < 1e-6 * np.linalg.norm(scaled[0]) * np.linalg.norm(scaled[1])
    assert basis.explained[-1] > 0.999
    fresh = population.part(slice(0, 20))
    assert np.corrcoef(axis_coordinates(basis, fresh, weight)[:, 0], fresh.gender)[0, 1] > 0.95
    assert reconstruction_error_mm(basis, fresh, weight).mean() < 0.7
