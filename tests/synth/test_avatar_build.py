"""Avatars of the default rig: sampling, specification, posing, texture."""

from dataclasses import replace

import numpy as np
import pytest

from assets.errors import InputError
from assets.keyed import rng_for
from assets.rig import MATERIALS, LandmarkTable, Rig
from assets.rig_bundle import load_rig
from assets.units import MIRROR, UNIT_INDEX, UNITS
from synth.avatars.build import build_avatar
from synth.avatars.creases import FOLD_INDEX
from synth.avatars.gallery import unit_weights
from synth.avatars.mesh import AvatarMesh
from synth.avatars.parts_paint import paint_lash
from synth.avatars.pose import coefficients, mesh_landmarks, pose_vertices
from synth.avatars.resting import calm
from synth.avatars.sample import sample_avatar, sample_avatars, skin_counts, spec_from_json, spec_to_json
from synth.avatars.tone import ITA_GROUPS, lab_to_linear, skin_tone


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("hm08")


@pytest.fixture(scope="module")
def mesh(rig: Rig) -> AvatarMesh:
    return build_avatar(rig, sample_avatars(0, rig, 1)[0])


def _random_weights(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.random((count, len(UNITS))) * (rng.random((count, len(UNITS))) < 0.3)).astype(np.float32)


def test_avatars_are_balanced_and_do_not_depend_on_their_number(rig: Rig) -> None:
    avatars = sample_avatars(0, rig, 24)
    assert avatars[:10] == sample_avatars(0, rig, 10)
    counts = skin_counts(avatars)
    assert counts["female"] == counts["male"] == dict.fromkeys(ITA_GROUPS, 2)
    assert [a.apparent_gender for a in avatars[:4]] == ["female", "male", "female", "male"]
    assert len({a.name for a in avatars}) == 24
    assert all(a.beard == 0 for a in avatars if a.apparent_gender == "female")
    assert sample_avatars(1, rig, 2) != avatars[:2]


def test_specification_survives_json_exactly(rig: Rig) -> None:
    for number in range(8):
        spec = sample_avatar(rng_for(3, number), rig, f"a{number}", ("female", "male")[number % 2])
        assert spec_from_json(spec_to_json(spec)) == spec


@pytest.mark.parametrize("text", ["{", "[1]", '{"name": "a"}'])
def test_broken_specification_is_a_user_mistake(text: str) -> None:
    with pytest.raises(InputError):
        spec_from_json(text)


def test_building_again_gives_the_same(rig: Rig, mesh: AvatarMesh) -> None:
    again = build_avatar(rig, mesh.spec)
    for name in ("rest_mm", "deltas_mm", "texture", "crease_map", "occlusion", "visibility", "triangles"):
        assert np.array_equal(getattr(mesh, name), getattr(again, name)), name


def test_zero_weights_are_the_rest_and_midpoint_of_eyes_is_the_origin(mesh: AvatarMesh) -> None:
    positions, normals = pose_vertices(mesh, np.zeros((1, 52)))
    assert np.allclose(positions[0], mesh.rest_mm, atol=1e-4)
    assert np.allclose(np.linalg.norm(normals[0], axis=1), 1, atol=1e-3)
    assert np.allclose(mesh.eye_centres_mm.mean(0), 0, atol=1e-4)


def test_posing_is_the_plain_sum_of_deltas(mesh: AvatarMesh) -> None:
    weights = _random_weights(3)
    positions, _ = pose_vertices(mesh, weights)
    full = np.zeros((len(mesh.deltas_mm), *mesh.rest_mm.shape), np.float32)
    full[:, mesh.moving] = mesh.deltas_mm
    expected = mesh.rest_mm + np.einsum("tk,kmd->tmd", coefficients(mesh, weights), full)
    assert np.allclose(positions, expected, atol=2e-3)
    one_by_one = np.concatenate([pose_vertices(mesh, row[None])[0] for row in weights])
    assert np.allclose(positions, one_by_one, atol=1e-3)


def test_correctives_act_as_products(mesh: AvatarMesh) -> None:
    weights = _random_weights(4, 2)
    factors = coefficients(mesh, weights)
    for column, drivers in enumerate(mesh.corrective_drivers):
        assert np.allclose(factors[:, 52 + column], np.prod(weights[:, list(drivers)], axis=1))


def test_normals_agree_with_trimesh(mesh: AvatarMesh) -> None:
    trimesh = pytest.importorskip("trimesh")
    positions, normals = pose_vertices(mesh, unit_weights((12,))[None])
    groups = mesh.normal_groups
    merged = np.zeros((groups.max() + 1, 3))
    merged[groups] = positions[0]
    body = trimesh.Trimesh(merged, groups[mesh.triangles], process=False)
    a, b, c = (merged[groups[mesh.triangles[:, k]]] for k in range(3))
    weight = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    sums = np.zeros_like(merged)
    for k in range(3):
        np.add.at(sums, groups[mesh.triangles[:, k]], body.face_normals * weight[:, None])
    expected = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12))[groups]
    fine = np.linalg.norm(expected, axis=1) > 0.5
    assert (np.abs(expected[fine] - normals[0][fine]).max(1) < 2e-2).mean() > 0.999


def test_eyes_turn_rigidly_about_their_centres(mesh: AvatarMesh) -> None:
    gaze = np.array([[[0.3, 0.1], [-0.2, -0.1]]])
    positions, _ = pose_vertices(mesh, np.zeros((1, 52)), gaze)
    for rows, centre in zip(mesh.eye_vertices, mesh.eye_centres_mm, strict=True):
        before = np.linalg.norm(mesh.rest_mm[rows] - centre, axis=1)
        assert np.allclose(np.linalg.norm(positions[0][rows] - centre, axis=1), before, atol=1e-3)
    left, right = mesh.eye_vertices
    front = left[mesh.rest_mm[left, 2].argmax()]
    assert positions[0][front, 0] > mesh.rest_mm[front, 0] + 3
    still = np.setdiff1d(np.arange(len(mesh.rest_mm)), np.concatenate([left, right]))
    assert np.allclose(positions[0][still], mesh.rest_mm[still], atol=1e-4)


def test_folds_follow_their_own_side(mesh: AvatarMesh) -> None:
    weights = np.zeros(52, np.float32)
    weights[UNIT_INDEX["mouthSmileLeft"]] = 1
    depth, mirrored = mesh.crease_drivers @ weights, mesh.crease_drivers @ weights[list(MIRROR)]
    left, right = FOLD_INDEX["nasolabial_left"], FOLD_INDEX["nasolabial_right"]
    assert depth[left] > 0.3
    assert depth[right] == 0
    assert mirrored[right] == pytest.approx(depth[left])
    rows = np.flatnonzero(mesh.crease_regions == left)
    assert len(rows) > 20
    assert (mesh.rest_mm[rows // 3, 0] > -1).all()


def test_texture_marks_skin_and_gets_darker_with_the_angle(rig: Rig, mesh: AvatarMesh) -> None:
    assert mesh.texture.dtype == np.uint8
    assert mesh.texture.shape[2] == 4
    luminance = [float(skin_tone(ita) @ [0.2126, 0.7152, 0.0722]) for ita in (58, 41, 28, 10, -30, -45)]
    assert (np.diff(luminance) < 0).all()
    assert np.isin(mesh.materials, np.arange(len(MATERIALS))).all()


def test_tone_has_the_angle_it_was_asked_for() -> None:
    """ITA = arctan((L* - 50) / b*), read back through an independent conversion to CIELAB."""
    cv2 = pytest.importorskip("cv2")
    for ita in (50.0, 35.0, 20.0, 0.0, -25.0):
        linear = skin_tone(ita)
        display = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        lab = cv2.cvtColor(display[None, None].astype(np.float32), cv2.COLOR_RGB2LAB)[0, 0]
        assert np.degrees(np.arctan2(lab[0] - 50, lab[2])) == pytest.approx(ita, abs=1.0)


def test_white_is_white() -> None:
    assert np.allclose(lab_to_linear(np.array([100.0, 0.0, 0.0])), 1.0, atol=2e-3)


def test_mouth_is_darker_inside_than_the_forehead(mesh: AvatarMesh) -> None:
    cavity = mesh.materials == MATERIALS.index("cavity")
    forehead = (mesh.materials == 0) & (mesh.rest_mm[:, 1] > 30) & (mesh.rest_mm[:, 2] > -20)
    assert mesh.occlusion[cavity].mean() < 0.5 * mesh.occlusion[forehead].mean()


def test_landmarks_ride_on_the_drawn_surface(rig: Rig) -> None:
    """They agree with the table on the rig itself up to the smoothing, at rest and with an expression."""
    skin = np.unique(rig.parts[0].faces)
    front = skin[(rig.vertices_mm[skin, 2] > 0) & (np.abs(rig.vertices_mm[skin, 1]) < 90)]
    corners = np.random.default_rng(0).choice(front, (478, 1)).repeat(3, 1).astype(np.int32)
    weights = np.tile(np.array([0.2, 0.3, 0.5], np.float32), (478, 1))
    marked = replace(rig, landmarks=LandmarkTable("mediapipe478", corners, weights), fingerprint="")
    spec = sample_avatars(0, rig, 1)[0]
    mesh = build_avatar(marked, spec)
    expression = unit_weights((12, 26), 0.5)
    head = calm(marked, rig.neutral_mm(np.array(spec.identity), spec.attributes))
    centre = rig.eye_centres_mm(head).mean(0)
    for row in (np.zeros(52, np.float32), expression):
        drawn = mesh_landmarks(mesh, pose_vertices(mesh, row[None])[0])[0]
        expected = marked.landmarks.points(head + np.tensordot(row, rig.shapes_mm, 1) - centre)
        assert np.linalg.norm(drawn - expected, axis=1).max() < 4.0
        assert np.median(np.linalg.norm(drawn - expected, axis=1)) < 0.6


def test_lashes_fade_from_dark_roots_towards_the_skin() -> None:
    spec = sample_avatars(0, load_rig("hm08"), 1)[0]
    tile = paint_lash(spec)[..., :3].astype(float).mean((1, 2))
    assert tile[-1] > 2 * tile[0]
    assert (np.diff(tile) >= 0).all()
    undyed = paint_lash(replace(spec, apparent_gender="male"))[..., :3].astype(float).mean((1, 2))
    assert undyed[-1] > tile[-1]
