"""The default rig is what it promises: symmetric, closed, fair in its axes, and clear of its own teeth and hair."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.keyed import rng_for
from assets.rig import Rig
from assets.rig_bundle import BUILT_IN, load_rig
from assets.rig_checks import validate_rig
from assets.rig_lids import closing_gain
from assets.rig_maps import triangles
from assets.units import GAZE_UNITS, MIRROR, UNIT_INDEX, UNITS

BUNDLE_LIMIT_BYTES = 6 << 20
FACE_FLOOR_MM = -118.0


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("hm08")


@pytest.fixture(scope="module")
def face(rig: Rig) -> np.ndarray:
    """Skin of the head."""
    skin = np.unique(part_faces(rig, "skin"))
    return skin[rig.vertices_mm[skin, 1] > FACE_FLOOR_MM]


def part_faces(rig: Rig, name: str) -> np.ndarray:
    return next(part.faces for part in rig.parts if part.name == name)


def first_hits(rig: Rig, names: list[str], targets: np.ndarray) -> list[str]:
    """Return the part that a viewer in front sees first at each (x, y), by intersecting all triangles."""
    parts = [part for part in rig.parts if part.name in names]
    corners = np.concatenate([triangles(part.faces) for part in parts])
    owner = np.repeat([part.name for part in parts], [len(triangles(part.faces)) for part in parts])
    a, b, c = (rig.vertices_mm[corners[:, k]].astype(float) for k in range(3))
    seen = []
    for x, y in targets:
        point = np.array([x, y])
        area = np.cross(b - a, c - a)[:, 2]
        area = np.where(np.abs(area) < 1e-9, np.inf, area)

        def share(p: np.ndarray, q: np.ndarray, point: np.ndarray = point, area: np.ndarray = area) -> np.ndarray:
            u, v = p[:, :2] - point, q[:, :2] - point
            return (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / area

        w = np.stack([share(b, c), share(c, a), share(a, b)], 1)
        inside = (w >= -1e-9).all(1) & np.isfinite(area)
        depth = (w * np.stack([a[:, 2], b[:, 2], c[:, 2]], 1)).sum(1)
        depth[~inside] = -np.inf
        seen.append(str(owner[depth.argmax()]) if inside.any() else "")
    return seen


def test_nothing_is_wrong(rig: Rig) -> None:
    assert validate_rig(rig) == []


def test_bundle_is_small_and_free(rig: Rig) -> None:
    assert sum(path.stat().st_size for path in BUILT_IN["hm08"].iterdir()) <= BUNDLE_LIMIT_BYTES
    assert rig.licence.spdx == "CC0-1.0"
    assert "CC0" in (BUILT_IN["hm08"] / "LICENSE").read_text()


def test_all_units_move_something(rig: Rig) -> None:
    strength = np.abs(rig.shapes_mm).max((1, 2))
    assert rig.has_shape.all()
    assert strength.min() > 0.5, UNITS[int(strength.argmin())]


def test_units_are_mirror_images(rig: Rig) -> None:
    soft = np.unique(np.concatenate([part_faces(rig, "skin"), part_faces(rig, "mouth")]))
    points = rig.vertices_mm[soft]
    distance, partner = cKDTree(points).query(points * [-1, 1, 1])
    assert distance.max() < 0.05
    mirrored = rig.shapes_mm[list(MIRROR)][:, soft][:, partner] * [-1, 1, 1]
    np.testing.assert_allclose(mirrored, rig.shapes_mm[:, soft], atol=0.06)


def test_identity_does_not_move_along_the_axes(rig: Rig, face: np.ndarray) -> None:
    weight = np.zeros(len(rig.vertices_mm))
    for name in ("skin", "mouth", "tongue", "eye_left", "eye_right"):
        weight[np.unique(part_faces(rig, name))] = 0.04
    weight[face] = 1.0

    def unit(fields: np.ndarray) -> np.ndarray:
        flat = (fields * np.sqrt(weight)[:, None]).reshape(len(fields), -1).astype(float)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    modes = unit(rig.identity_mm)
    assert len(modes) >= 50
    assert np.abs(modes @ modes.T - np.eye(len(modes))).max() < 0.05
    axes = unit(np.stack([axis.delta_mm for axis in rig.axes.values()]))
    assert np.abs(modes @ axes.T).max() < 0.05


def test_gender_stays_apparent_whatever_the_identity(rig: Rig, face: np.ndarray) -> None:
    direction = rig.axes["gender"].delta_mm[face].ravel().astype(float)
    direction /= np.linalg.norm(direction) ** 2
    found: dict[float, list[float]] = {-1.0: [], 1.0: []}
    for gender, coordinates in found.items():
        for k in range(60):
            identity = rng_for(0, "person", k, str(gender)).normal(size=len(rig.identity_mm))
            head = rig.neutral_mm(identity, {"gender": gender})
            coordinates.append(float((head - rig.vertices_mm)[face].ravel() @ direction))
    women, men = np.array(found[-1.0]), np.array(found[1.0])
    d_prime = (men.mean() - women.mean()) / np.sqrt((men.var() + women.var()) / 2)
    assert d_prime > 6


def test_ancestry_axes_balance(rig: Rig) -> None:
    total = sum(rig.axes[f"ancestry_{name}"].delta_mm for name in ("african", "asian", "caucasian"))
    assert np.abs(total).max() < 0.1


def test_eyeballs_stay_spheres_for_every_identity(rig: Rig) -> None:
    for k in range(5):
        rng = rng_for(0, "eyes", k)
        head = rig.neutral_mm(rng.normal(size=len(rig.identity_mm)), {"gender": rng.uniform(-1, 1)})
        centres = rig.eye_centres_mm(head)
        np.testing.assert_allclose(centres.mean(0), 0, atol=0.6)
        for eye, centre in zip(rig.eye_vertices, centres, strict=True):
            radius = np.linalg.norm(head[eye] - centre, axis=1)
            assert radius.max() / radius.min() < 1.075


def test_gaze_units_move_lids_only(rig: Rig) -> None:
    for name in GAZE_UNITS:
        assert not rig.shapes_mm[UNIT_INDEX[name]][rig.eye_vertices].any()
    down, lid = rig.shapes_mm[UNIT_INDEX["eyeLookDownLeft"]], rig.lid_pairs[0, :, 0]
    assert down[lid, 1].max() < -0.5


def test_blink_closes_lids_and_spares_the_brow(rig: Rig) -> None:
    brow = (np.abs(rig.vertices_mm[:, 0] - 30) < 12) & (np.abs(rig.vertices_mm[:, 1] - 19) < 4)
    brow &= rig.vertices_mm[:, 2] > 10
    blink = rig.shapes_mm[UNIT_INDEX["eyeBlinkLeft"]]
    assert brow.sum() >= 3
    assert np.abs(blink[brow]).max() < 1.6
    for k in range(6):
        identity = 0.8 * rng_for(0, "lids", k).normal(size=len(rig.identity_mm))
        head = rig.neutral_mm(identity)
        for eye, unit in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
            delta = rig.shapes_mm[UNIT_INDEX[unit]] * closing_gain(rig, head)[eye]
            upper, lower = rig.lid_pairs[eye].T
            gap = (head + delta)[upper, 1] - (head + delta)[lower, 1]
            half = (head + 0.5 * delta)[upper, 1] - (head + 0.5 * delta)[lower, 1]
            assert gap.max() < 0.1
            assert half.mean() > 1.0


def test_resting_mouth_shows_no_teeth(rig: Rig) -> None:
    inside = ["teeth_upper", "teeth_lower", "gums_upper", "gums_lower", "tongue", "mouth"]
    targets = np.stack(np.meshgrid(np.linspace(-24, 24, 13), np.linspace(-82, -66, 17)), -1).reshape(-1, 2)
    seen = first_hits(rig, ["skin", *inside], targets)
    assert not {"teeth_upper", "teeth_lower", "gums_upper", "gums_lower", "tongue"} & set(seen)


def test_jaw_carries_lower_teeth_without_bending_them(rig: Rig) -> None:
    faces = part_faces(rig, "teeth_lower")
    opened = rig.vertices_mm + 0.5 * rig.shapes_mm[UNIT_INDEX["jawOpen"]]

    def lengths(points: np.ndarray) -> np.ndarray:
        return np.linalg.norm(points[faces[:, 0]] - points[faces[:, 2]], axis=1)

    np.testing.assert_allclose(lengths(opened), lengths(rig.vertices_mm), rtol=0.12)
    assert not rig.shapes_mm[UNIT_INDEX["jawOpen"]][np.unique(part_faces(rig, "teeth_upper"))].any()


def test_optional_parts_leave_the_face_free(rig: Rig) -> None:
    styles = [part.name for part in rig.parts if part.optional]
    assert sum(name.startswith("hair_") for name in styles) >= 5
    assert sum(name.startswith("cloth_") for name in styles) >= 2
    eyes_and_brows = [(s * x, y) for s in (-1, 1) for x in (14, 31, 46, 54) for y in (-8, 0, 14, 22)]
    mouth = [(x, y) for x in (-25, 0, 25) for y in (-60, -75, -100)]
    for style in styles:
        assert style not in first_hits(rig, ["skin", style], np.array(eyes_and_brows + mouth)), style


@pytest.mark.parametrize("strength", [0.1, 0.3, 0.6, 1.0])
def test_mouth_close_undoes_an_open_jaw_however_far_it_is_open(rig: Rig, strength: float) -> None:
    jaw, close = (rig.shapes_mm[UNIT_INDEX[name]].astype(float) for name in ("jawOpen", "mouthClose"))
    assert not any("mouthClose" in corrective.drivers for corrective in rig.correctives)
    table = rig.landmarks
    assert table is not None

    def gap(delta: np.ndarray) -> np.ndarray:
        points = table.points(rig.vertices_mm + strength * delta)
        return (points[[82, 13, 312]] - points[[87, 14, 317]])[:, 1]

    assert np.all(gap(jaw) > 18 * strength)
    np.testing.assert_allclose(gap(jaw + close), gap(np.zeros_like(jaw)), atol=0.3 + 1.6 * strength)


@pytest.mark.parametrize("unit", ["mouthSmileLeft", "mouthStretchLeft", "mouthFrownLeft", "mouthDimpleLeft"])
def test_the_lining_of_the_mouth_goes_no_further_than_the_flesh_over_it(rig: Rig, unit: str) -> None:
    skin, mouth = (np.unique(part_faces(rig, name)) for name in ("skin", "mouth"))
    move = np.linalg.norm(rig.shapes_mm[UNIT_INDEX[unit]], axis=1)
    distance, over = cKDTree(rig.vertices_mm[skin]).query(rig.vertices_mm[mouth], k=8)
    deep = distance[:, 0] > 10.5
    assert deep.sum() > 50
    assert np.all(move[mouth][deep] <= move[skin[over]].max(1)[deep] + 4.0)


def test_texture_layout_has_no_folds_that_matter(rig: Rig) -> None:
    skin = next(part for part in rig.parts if part.name == "skin")
    assert rig.uv[skin.uv_faces].min() >= 0
    assert rig.uv[skin.uv_faces].max() <= 1
    corners = rig.uv[triangles(skin.uv_faces)]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    assert np.abs(area[area < 0]).sum() < 0.01 * area[area > 0].sum()
