"""Axes, unit, eyeballs and welding: whatever the file says, the rig stands in its own frame."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from assets.errors import InputError
from assets.keyed import rng_for
from assets.rig_bundle import load_rig
from assets.units import UNIT_INDEX
from synth.importers.eyeballs import fit_sphere, rebuild_eyes
from synth.importers.frame import find_rotation, find_unit, rotation_from
from synth.importers.source import Piece, SourceHead, weld

NAMES = ("jawOpen", "browInnerUp", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "mouthSmileRight")
ROTATIONS = [
    rotation_from(np.eye(3)[y] * a, np.eye(3)[z] * b, "")
    for y, z in itertools.permutations(range(3), 2)
    for a, b in itertools.product((1, -1), repeat=2)
]


def hm08() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rig = load_rig("hm08")
    return rig.vertices_mm.astype(float), {n: rig.shapes_mm[UNIT_INDEX[n]].astype(float) for n in NAMES}


def test_the_24_rotations_are_rotations() -> None:
    assert len({m.tobytes() for m in ROTATIONS}) == 24
    for matrix in ROTATIONS:
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3))
        assert np.linalg.det(matrix) == pytest.approx(1)


@pytest.mark.parametrize("turn", range(24))
@pytest.mark.parametrize("sided", [True, False])
def test_rotation_is_found_from_the_shapes(turn: int, sided: bool) -> None:
    vertices, shapes = hm08()
    if not sided:
        shapes = {"jawOpen": shapes["jawOpen"], "browInnerUp": shapes["browInnerUp"]}
    matrix = ROTATIONS[turn]
    found, exchanged, how = find_rotation(vertices @ matrix, {n: s @ matrix for n, s in shapes.items()}, "head")
    np.testing.assert_array_equal(found, matrix)
    assert not exchanged
    assert how == "found from the shapes"


def test_swapped_sides_are_refused_and_given_axes_win() -> None:
    vertices, shapes = hm08()
    swapped = {n.replace("Left", "X").replace("Right", "Left").replace("X", "Right"): s for n, s in shapes.items()}
    with pytest.raises(InputError, match="right side"):
        find_rotation(vertices, swapped, "head")
    for names, exchanged in ((swapped, True), (shapes, False)):
        rotation, found, how = find_rotation(vertices, names, "head", "y", "z")
        np.testing.assert_array_equal(rotation, np.eye(3))
        assert (found, how) == (exchanged, "given")
    with pytest.raises(InputError, match="same line"):
        find_rotation(vertices, shapes, "head", "y", "-y")
    with pytest.raises(InputError, match="not an axis"):
        find_rotation(vertices, shapes, "head", "w", "z")


@pytest.mark.parametrize(("unit", "size"), [("mm", 1.0), ("cm", 10.0), ("dm", 100.0), ("m", 1000.0)])
@pytest.mark.parametrize("eyes_mm", [50.0, 63.0, 75.0])
def test_unit_from_the_distance_of_the_eyes(unit: str, size: float, eyes_mm: float) -> None:
    assert find_unit(300 / size, eyes_mm / size, "head", None, None)[0] == size
    assert find_unit(300 / size, eyes_mm / size, "head", None, 1000.0)[0] == size
    assert find_unit(300 / size, None, "head", None, None)[0] == size


def test_no_metric_unit_gives_human_eyes() -> None:
    with pytest.raises(InputError, match="apart"):
        find_unit(900.0, 200.0, "head", None, None)
    assert find_unit(900.0, 200.0, "head", "mm", None)[0] == 1.0


def test_sphere_fit_is_exact_on_a_sphere_and_sets_an_iris_aside() -> None:
    rng = rng_for(0, "sphere")
    rays = rng.standard_normal((300, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    centre = np.array([31.0, 2.0, -5.0])
    sphere = fit_sphere(centre + 12.5 * rays[rays[:, 2] > -0.2])
    np.testing.assert_allclose(sphere.centre, centre, atol=1e-9)
    assert sphere.radius == pytest.approx(12.5)
    disc = centre + np.column_stack([rng.uniform(-5, 5, (120, 2)), np.full(120, 8.0)])
    robust = fit_sphere(np.concatenate([centre + 12.5 * rays, disc]))
    np.testing.assert_allclose(robust.centre, centre, atol=1e-6)


def test_rebuilt_eyes_turn_about_their_mean_and_stay_round() -> None:
    rng = rng_for(1, "eyes")
    rays = rng.standard_normal((400, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    left, right = 12 * rays + [31, 0, 0], 12 * rays - [31, 0, 0]
    shift, growth = np.array([1.0, -2.0, 0.5]), 0.05
    modes = np.stack([np.tile(shift, (400, 1)), growth * (left - [31, 0, 0])])
    eyes = rebuild_eyes((left, right), (modes, modes[:, :, :]), "x")
    np.testing.assert_allclose(eyes.vertices_mm.mean(1), [[31, 0, 0], [-31, 0, 0]], atol=1e-6)
    grown = eyes.vertices_mm[0] + eyes.identity_mm.sum(0)[0]
    np.testing.assert_allclose(grown.mean(0), [32, -2, 0.5], atol=0.02)
    reach = np.linalg.norm(grown - grown.mean(0), axis=1) / np.linalg.norm(eyes.vertices_mm[0] - [31, 0, 0], axis=1)
    np.testing.assert_allclose(reach, 1 + growth, atol=2e-3)
    with pytest.raises(InputError, match="radius"):
        rebuild_eyes((left * 3, right * 3), (modes[:0], modes[:0]), "x")


def test_weld_joins_seams_but_not_lips() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0.0]])
    faces = np.array([[0, 1, 2, 2], [3, 5, 4, 4]], np.int32)
    piece = Piece("skin", "", faces, faces)
    still = SourceHead("x", points, np.zeros((6, 2)), (piece,), {"a": np.ones((6, 3), np.float32)}, np.zeros((0, 6, 3)))
    assert len(weld(still).vertices) == 4
    parted = still.shapes["a"].copy()
    parted[3] = -1
    apart = SourceHead("x", points, np.zeros((6, 2)), (piece,), {"a": parted}, np.zeros((0, 6, 3)))
    assert len(weld(apart).vertices) == 5
