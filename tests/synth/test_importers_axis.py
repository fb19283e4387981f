"""Attribute axes, identity modes, lips: mathematics of what an import adds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.keyed import rng_for
from assets.landmarks import MIRROR_POINTS
from assets.rig import LandmarkTable, Rig
from assets.rig_bundle import load_rig
from assets.units import UNIT_INDEX
from synth.importers.dimorphism import MALE_SIGN, dimorphism, proportions
from synth.importers.gender_axis import PRIOR_MM2, add_axes, landmark_shift, without_directions
from synth.importers.lips import seal_lips
from synth.importers.overlay import Overlay
from synth.landmarks.canonical import canonical_face_mm


@pytest.fixture(scope="module")
def reference() -> Rig:
    """The built-in rig; landmarks at the skin vertices nearest to the canonical face if it has none yet."""
    rig = load_rig("hm08")
    if rig.landmarks is not None:
        return rig
    from synth.landmarks.correspondence import compute_landmark_table

    return replace(rig, landmarks=compute_landmark_table(rig)[0])


def test_what_is_left_is_isotropic_and_free_of_the_directions() -> None:
    rng = rng_for(0, "modes")
    modes = rng.standard_normal((8, 30, 3)) * np.geomspace(3, 0.3, 8)[:, None, None]
    directions = rng.standard_normal((2, 8))
    kept = without_directions(modes, directions)
    assert len(kept) == 6
    flat, new = modes.reshape(8, -1), kept.reshape(6, -1)
    back = np.linalg.lstsq(flat.T, new.T, rcond=None)[0].T
    np.testing.assert_allclose(back @ back.T, np.eye(6), atol=1e-4)
    np.testing.assert_allclose(back @ directions.T, 0, atol=1e-4)
    size = np.linalg.norm(new, axis=1)
    assert (np.diff(size) <= 1e-6).all()
    np.testing.assert_allclose(new @ new.T, np.diag(size**2), atol=1e-3 * size[0] ** 2)


def test_an_axis_inside_the_modes_is_recovered(reference: Rig) -> None:
    bare = replace(reference, axes={})
    gender = reference.axes["gender"].delta_mm
    length = 2.0
    rig = replace(bare, identity_mm=np.concatenate([bare.identity_mm[:20], gender[None] / length]).astype(np.float32))
    found, reports = add_axes(
        rig, replace(reference, axes={"gender": reference.axes["gender"]}), Overlay(reference, rig)
    )
    assert reports[0].how == "learned"
    assert reports[0].explained > 0.95
    inside = landmark_shift(rig, found.axes["gender"].delta_mm)
    wanted = landmark_shift(reference, gender)
    cosine = (inside * wanted).sum() / np.sqrt((inside**2).sum() * (wanted**2).sum())
    assert cosine > 0.99
    assert np.linalg.norm(reports[0].coefficients) == pytest.approx(length, rel=0.35)
    assert len(found.identity_mm) <= 20
    assert PRIOR_MM2 > 0


def test_axes_are_carried_over_to_a_head_without_modes(reference: Rig) -> None:
    bare = replace(reference, axes={}, identity_mm=reference.identity_mm[:0])
    found, reports = add_axes(bare, reference, Overlay(reference, bare))
    assert {report.how for report in reports} == {"carried over"}
    assert set(found.axes) == set(reference.axes)
    skin = np.unique(np.concatenate([p.faces.ravel() for p in bare.parts if p.material == "skin"]))
    want = reference.axes["gender"].delta_mm - reference.axes["gender"].delta_mm[reference.eye_vertices].mean((0, 1))
    error = np.linalg.norm(found.axes["gender"].delta_mm[skin] - want[skin], axis=1)
    assert np.median(error) < 0.5
    for eye in bare.eye_vertices:
        ball = (bare.vertices_mm + found.axes["gender"].delta_mm)[eye]
        reach = np.linalg.norm(ball - ball.mean(0), axis=1) / np.linalg.norm(
            bare.vertices_mm[eye] - bare.vertices_mm[eye].mean(0), axis=1
        )
        assert np.ptp(reach) < 1e-3


def test_the_overlay_of_a_rig_on_itself_moves_nothing(reference: Rig) -> None:
    points = reference.vertices_mm[::50].astype(float)
    assert np.abs(Overlay(reference, reference)(points) - points).max() < 1e-6


def test_the_overlay_follows_a_similarity(reference: Rig) -> None:
    grown = replace(reference, vertices_mm=(reference.vertices_mm * 1.08).astype(np.float32))
    skin = np.unique(np.concatenate([p.faces.ravel() for p in reference.parts if p.material == "skin"]))
    points = reference.vertices_mm[skin][reference.vertices_mm[skin][:, 1] > -60].astype(float)
    error = np.linalg.norm(Overlay(reference, grown)(points) - 1.08 * points, axis=1)
    assert np.quantile(error, 0.9) < 4.0


def test_proportions_are_free_of_size_and_side() -> None:
    face = np.zeros((478, 3))
    face[:468] = canonical_face_mm()[0]
    face[468:] = face[[33, 263] * 5]
    first = proportions(face)
    assert set(first) == set(MALE_SIGN)
    mirrored = face[list(MIRROR_POINTS)] * [-1, 1, 1]
    for other in (face * 1.3, mirrored):
        for name, value in proportions(other).items():
            assert value == pytest.approx(first[name], abs=1e-6), name


def test_dimorphism_is_zero_without_a_difference_and_odd_in_the_axis(reference: Rig) -> None:
    none = dimorphism(reference, 400, coordinate=0.0)
    assert max(map(abs, none.d_prime.values())) < 0.25
    forward, back = dimorphism(reference, 400), dimorphism(reference, 400, coordinate=-1.0)
    assert np.corrcoef(list(forward.d_prime.values()), list(back.d_prime.values()))[0, 1] < -0.8


def lips(gap_mm: float) -> Rig:
    """Return two strips that touch along y = 0; the lower one follows the jaw, and mode 0 opens a gap."""
    base = load_rig("hm08")
    x = np.linspace(-25, 25, 26)
    upper = np.stack([x, np.full(26, 0.2), np.zeros(26)], 1)
    rows = [upper + np.array([0, 3.0 * k, 0]) for k in range(8)] + [
        upper * [1, -1, 1] - [0, 3.0 * k, 0] for k in range(8)
    ]
    vertices = np.concatenate(rows).astype(np.float32)
    index = np.arange(16 * 26).reshape(16, 26)
    quads = [
        np.stack([index[a, :-1], index[a, 1:], index[a + 1, 1:], index[a + 1, :-1]], -1) for a in range(15) if a != 7
    ]
    faces = np.concatenate(quads).astype(np.int32)
    low = np.arange(len(vertices)) >= 8 * 26
    shapes = np.zeros((52, len(vertices), 3), np.float32)
    shapes[UNIT_INDEX["jawOpen"], low, 1] = -20
    mode = np.zeros((1, len(vertices), 3), np.float32)
    mode[0, low, 1], mode[0, :, 2] = -gap_mm, 1.5
    corner = np.zeros((478, 3), np.int32)
    corner[78], corner[308], corner[14] = index[0, 0], index[0, -1], index[8, 13]
    table = LandmarkTable("mediapipe478", corner, np.tile(np.float32([1, 0, 0]), (478, 1)))
    part = replace(base.parts[0], faces=faces, uv_faces=np.zeros_like(faces))
    has = np.zeros(52, bool)
    has[UNIT_INDEX["jawOpen"]] = True
    return replace(
        base, vertices_mm=vertices, parts=(part,), shapes_mm=shapes, has_shape=has, identity_mm=mode, axes={},
        landmarks=table, correctives=(),
    )  # fmt: skip


def test_lips_stay_together_and_move_on() -> None:
    sealed = seal_lips(lips(1.0))
    upper, lower = np.arange(0, 26), np.arange(8 * 26, 9 * 26)
    gap = sealed.identity_mm[0, upper, 1] - sealed.identity_mm[0, lower, 1]
    assert np.abs(gap[3:-3]).max() < 0.1
    np.testing.assert_allclose(sealed.identity_mm[0, :, 2], 1.5, atol=1e-6)
    far = np.arange(7 * 26, 8 * 26)
    np.testing.assert_allclose(sealed.identity_mm[0, far], lips(1.0).identity_mm[0, far], atol=1e-6)
    assert (sealed.vertices_mm[upper, 1] < sealed.vertices_mm[lower, 1] + 0.5).all()
