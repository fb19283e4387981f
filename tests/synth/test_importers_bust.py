"""Neck, shoulders and clothes of imported heads: measured, grown below the cut, draped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.rig import Part, Rig
from assets.rig_bundle import load_bundle, load_rig, save_bundle
from assets.units import UNIT_INDEX
from synth.build.anatomy import boundary_loops
from synth.build.garments import DEFAULT_NECK, GARMENTS, Bust, garment_graft
from synth.build.graft import compacted
from synth.importers.bust import FLOOR_MM, close_bust, ring_offsets
from synth.importers.clothes import dress
from synth.importers.neck import measure_neck, neck_of
from synth.importers.overlay import skin_vertices


@pytest.fixture(scope="module")
def reference() -> Rig:
    return load_rig("hm08")


def bare(rig: Rig, keep: tuple[str, ...] = ("skin", "mouth", "eye_left", "eye_right"), modes: int = 2) -> Rig:
    """The rig without hair, clothes and small parts, and with few modes: a head as a file brings it."""
    parts = tuple(part for part in rig.parts if part.name in keep)
    return compacted(
        replace(rig, parts=parts, identity_mm=rig.identity_mm[:modes], correctives=(), landmarks=None, name="own")
    )


def cut(rig: Rig, front_y: float, back_y: float | None = None) -> Rig:
    """The rig without skin below a height; in front of the neck it may be another one than behind."""
    parts = []
    for part in rig.parts:
        if part.material == "skin":
            corner = rig.vertices_mm[part.faces]
            level = np.where(corner[..., 2] > -45, front_y, front_y if back_y is None else back_y)
            keep = (corner[..., 1] > level).all(1)
            part = Part(part.name, part.material, part.faces[keep], part.uv_faces[keep], part.subdivide)
        parts.append(part)
    return compacted(replace(rig, parts=tuple(parts)))


CUTS = {"jaw": (-130.0, -85.0), "chin": (-130.0, -105.0), "neck": (-132.0, None), "shoulders": (-170.0, None)}


@pytest.fixture(scope="module", params=CUTS)
def head(request: pytest.FixtureRequest, reference: Rig) -> Rig:
    return cut(bare(reference), *CUTS[request.param])


def skin_of(rig: Rig) -> Part:
    return next(part for part in rig.parts if part.name == "skin")


def test_the_neck_is_found_whatever_is_left_of_it(head: Rig, reference: Rig) -> None:
    neck, scale = neck_of(head, reference)
    np.testing.assert_allclose(neck.axis_mm, DEFAULT_NECK.axis_mm, atol=4)
    assert abs(neck.shift_mm) < 4
    assert 0.9 < scale < 1.15


def test_a_neck_elsewhere_and_of_another_width_is_measured(reference: Rig) -> None:
    own = bare(reference)
    place = own.vertices_mm * np.array([1.1, 1, 1], np.float32) + np.array([0, -12, 8], np.float32)
    neck, scale = neck_of(replace(own, vertices_mm=place), reference)
    np.testing.assert_allclose(neck.axis_mm, np.add(DEFAULT_NECK.axis_mm, [0, 8]), atol=4)
    assert -17 < neck.shift_mm < -7
    assert scale == pytest.approx(1.1, abs=0.03)
    assert neck_of(reference, reference) == (DEFAULT_NECK, 1.0)


def test_the_cut_is_closed_by_the_shoulders_of_the_reference(head: Rig, reference: Rig) -> None:
    closed = close_bust(head, reference)
    count = len(head.vertices_mm)
    np.testing.assert_array_equal(closed.vertices_mm[:count], head.vertices_mm)
    for loop in boundary_loops(skin_of(closed).faces):
        level = closed.vertices_mm[loop, 1].mean()
        assert level > -80 or np.ptp(closed.vertices_mm[loop], axis=0).max() < 1e-3
    new = closed.vertices_mm[count:].astype(float)
    assert new[:, 1].min() < FLOOR_MM + 20
    shape = Bust(reference.vertices_mm.astype(float), skin_vertices(reference))
    away = new[(new[:, 1] < -235) & (np.hypot(new[:, 0], new[:, 2] + 95) > 5)]
    reach = np.hypot(away[:, 0], away[:, 2] - DEFAULT_NECK.axis_mm[1])
    wanted = shape.radius(np.arctan2(away[:, 0], away[:, 2] - DEFAULT_NECK.axis_mm[1]), away[:, 1])
    assert np.median(np.abs(reach - wanted)) < 6
    assert close_bust(closed, reference) is closed


def test_no_new_face_spans_a_seam_of_the_texture(head: Rig, reference: Rig) -> None:
    closed = close_bust(head, reference)
    new = skin_of(closed).uv_faces[len(skin_of(head).faces) :]
    old = head.uv[skin_of(head).uv_faces]
    assert np.ptp(closed.uv[new], axis=1).max() <= np.ptp(old, axis=1).max()


def test_shoulders_stay_when_the_jaw_opens_and_follow_who_it_is(reference: Rig) -> None:
    head = cut(bare(reference), *CUTS["jaw"])
    shift = np.zeros((1, len(head.vertices_mm), 3), np.float32)
    shift[..., 2] = 7.0
    closed = close_bust(replace(head, identity_mm=shift), reference)
    new = np.arange(len(head.vertices_mm), len(closed.vertices_mm))
    low = new[closed.vertices_mm[new, 1] < -190]
    jaw = closed.shapes_mm[UNIT_INDEX["jawOpen"]]
    assert np.abs(head.shapes_mm[UNIT_INDEX["jawOpen"]]).max() > 20
    assert np.abs(jaw[low]).max() < 0.1
    np.testing.assert_allclose(closed.identity_mm[0, new], shift[0, : len(new)], atol=1e-5)


def test_rings_leave_an_edge_smoothly_and_end_as_wanted() -> None:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    edge = np.stack([60 * np.sin(angle), -130 + 4 * np.cos(3 * angle), 55 * np.cos(angle) - 40], 1)
    offsets, let_go = ring_offsets(edge, (0.0, -40.0), -150.0, lambda azimuth, height: np.full(len(azimuth), 100.0))
    rings = edge + offsets
    assert (np.diff(rings[:-1, :, 1], axis=0) < 0).all()
    assert (np.diff(let_go, axis=0) >= 0).all()
    np.testing.assert_allclose(np.hypot(rings[-2, :, 0], rings[-2, :, 2] + 40), 100)
    assert np.abs(offsets[0][:, [0, 2]]).max() < 5
    np.testing.assert_allclose(rings[-1], rings[-1, :1].repeat(24, 0))
    chest = ring_offsets(edge - np.array([0, 60, 0]), (0.0, -40.0), -150.0, lambda azimuth, height: azimuth * 0 + 20)[0]
    np.testing.assert_allclose(chest[:-1, :, [0, 2]], 0, atol=1e-9)


def test_arms_are_no_cut_below_the_head(reference: Rig) -> None:
    own = bare(reference)
    skin = skin_of(own)
    near = np.linalg.norm(own.vertices_mm[skin.faces].mean(1) - np.array([190.0, -230, -110]), axis=1)
    part = replace(skin, faces=skin.faces[near > 45], uv_faces=skin.uv_faces[near > 45])
    holed = replace(own, parts=tuple(part if p is skin else p for p in own.parts))
    assert len(part.faces) < len(skin.faces)
    assert close_bust(holed, reference) is holed


def test_clothes_lie_on_the_skin_and_follow_it(head: Rig, reference: Rig, tmp_path: Path) -> None:
    closed = close_bust(head, reference)
    shift = np.zeros((1, len(closed.vertices_mm), 3), np.float32)
    shift[..., 1] = -5.0
    rig, notes = dress(replace(closed, identity_mm=shift), reference)
    assert not notes
    cloths = [part for part in rig.parts if part.material == "cloth"]
    assert [part.name for part in cloths] == [f"cloth_{garment.name}" for garment in GARMENTS]
    assert all(part.optional for part in cloths)
    used = np.unique(np.concatenate([part.faces for part in cloths]))
    np.testing.assert_allclose(rig.identity_mm[0, used], shift[0, : len(used)], atol=1e-4)
    assert not rig.shapes_mm[:, used].any()
    np.testing.assert_array_equal(rig.vertices_mm[: len(closed.vertices_mm)], closed.vertices_mm)
    loaded = load_bundle_of(rig, tmp_path)
    assert len(loaded.vertices_mm) == len(rig.vertices_mm)


def load_bundle_of(rig: Rig, folder: Path) -> Rig:
    save_bundle(rig, folder)
    return load_bundle(folder)


def test_no_skin_comes_through_a_garment(head: Rig, reference: Rig) -> None:
    """Outward from the axis of the neck, every vertex of the covered skin lies below the cloth."""
    rig, _ = dress(close_bust(head, reference), reference)
    cloth = next(part for part in rig.parts if part.name == "cloth_turtle")
    bust = Bust(rig.vertices_mm.astype(float), skin_vertices(rig))
    drape = Bust(rig.vertices_mm.astype(float), np.unique(cloth.faces))
    band = (bust.points[:, 1] < -215) & (bust.points[:, 1] > -300)
    azimuth = np.arctan2(bust.points[band, 0], bust.points[band, 2] + 95)
    reach = np.hypot(bust.points[band, 0], bust.points[band, 2] + 95)
    assert (reach < drape.radius(azimuth, bust.points[band, 1]) + 4.0).mean() > 0.97


def test_heads_with_clothes_or_without_a_neck_are_left_alone(reference: Rig) -> None:
    assert dress(reference, reference) == (reference, [])
    mask = cut(bare(reference), -60.0)
    rig, notes = dress(mask, reference)
    assert rig is mask
    assert "no clothes" in notes[0]


def test_the_default_neck_gives_the_garments_of_the_built_in_rig(reference: Rig) -> None:
    bust = Bust(reference.vertices_mm.astype(float), np.unique(skin_of(reference).faces))
    for garment in GARMENTS:
        made = garment_graft(bust, garment)
        stored = next(part for part in reference.parts if part.name == f"cloth_{garment.name}")
        distance = np.abs(reference.vertices_mm[np.unique(stored.faces)] - made.rest_mm[np.unique(made.faces)])
        assert np.quantile(distance, 0.99) < 0.5


def test_measures_of_the_built_in_neck(reference: Rig) -> None:
    found = measure_neck(reference)
    assert 40 < found.half_width < 60
    assert found.base_y < found.throat_y < -110
