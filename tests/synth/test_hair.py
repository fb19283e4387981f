"""Hair and necklines: strands lie where they should, faces stay free, and the same key gives the same hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.rig import Rig
from assets.rig_bundle import load_rig
from synth.avatars.atlas import EDGE_FROM_U, MASS_TO_U, TILES, WHOLE_FROM_V
from synth.avatars.hair_paint import PERIOD_PX, paint_hair
from synth.avatars.sample import sample_avatars
from synth.avatars.skin_masks import skin_masks
from synth.avatars.skin_space import skin_space
from synth.avatars.surface import surface_of
from synth.build.default_rig import scalp_of
from synth.build.garments import GARMENTS, Bust, Garment, azimuth_of, neckline_mm
from synth.build.hair import hair_graft
from synth.build.hair_sheet import repeated
from synth.build.hair_styles import STYLES, Style
from synth.build.skull import SKULL_CENTRE_MM, Scalp

LIFT_AT_TIPS_MM = 1.5
"""How far the tips of combed hair may be off the skin: higher ones throw a dark shadow on the skin between them."""


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("hm08")


@pytest.fixture(scope="module")
def scalp(rig: Rig) -> Scalp:
    return Scalp(rig.vertices_mm, *scalp_of(rig))


def off_skin(scalp: Scalp, points: np.ndarray) -> np.ndarray:
    offset = points - SKULL_CENTRE_MM
    radius = np.linalg.norm(offset, axis=-1)
    return radius - scalp.radius(offset / radius[..., None])


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_strands_use_their_own_place_of_the_tile(scalp: Scalp, style: Style) -> None:
    graft = hair_graft(scalp, style)
    assert np.isfinite(graft.rest_mm).all()
    np.testing.assert_allclose(graft.uv.min(0), 0, atol=1e-9)
    np.testing.assert_allclose(graft.uv.max(0), 1, atol=1e-9)
    assert graft.uv_faces is not None
    quads = graft.uv[graft.uv_faces]
    thinning = (quads[..., 1] <= WHOLE_FROM_V).any(1)
    across = quads[thinning][..., 0]
    assert ((across <= MASS_TO_U + 1e-9).all(1) | (across >= EDGE_FROM_U - 1e-9).all(1)).all()


@pytest.mark.parametrize("style", [s for s in STYLES if not s.ends_mm], ids=lambda style: style.name)
def test_tips_in_front_lie_on_the_skin_above_the_brows(scalp: Scalp, style: Style) -> None:
    graft = hair_graft(scalp, style)
    tips = graft.rest_mm[style.columns * (style.rows - 1) : style.columns * style.rows]
    tips = tips[(tips[:, 2] > -20) & (np.abs(tips[:, 0]) < 45)]
    assert len(tips) >= 8
    assert off_skin(scalp, tips).max() < LIFT_AT_TIPS_MM
    assert tips[:, 1].min() > 40


@pytest.mark.parametrize("style", [s for s in STYLES if s.ends_mm], ids=lambda style: style.name)
def test_a_curtain_is_open_in_front_and_hangs_before_the_ears(scalp: Scalp, style: Style) -> None:
    points = hair_graft(scalp, style).rest_mm.reshape(-1, style.columns, 3)
    left, right = points[:, 0], points[:, -1]
    np.testing.assert_allclose(left[-1] * [-1, 1, 1], right[-1], atol=25)
    beside = (left[:, 1] < 0) & (left[:, 1] > -45)
    assert beside.any()
    assert left[beside, 0].min() > 56
    assert left[beside, 2].min() > -45


def test_every_style_has_another_outline(scalp: Scalp) -> None:
    """Half the width at ear, jaw and shoulder, and the height of the crown, differ between any two styles."""
    outlines = []
    for style in STYLES:
        points = hair_graft(scalp, style).rest_mm
        bands = [np.abs(points[np.abs(points[:, 1] - y) < 15, 0]).max(initial=0) for y in (60, 0, -80, -160)]
        outlines.append([*bands, points[:, 1].max()])
    table = np.array(outlines)
    gaps = np.abs(table[:, None] - table[None]).max(-1) + 100 * np.eye(len(table))
    assert gaps.min() > 0.8


def test_the_same_person_has_the_same_hair_and_tips_thin_out(rig: Rig) -> None:
    spec = sample_avatars(0, rig, 1)[0]
    first, gloss = paint_hair(spec, np.random.default_rng(1))
    again, _ = paint_hair(spec, np.random.default_rng(1))
    np.testing.assert_array_equal(first, again)
    assert gloss.shape == first.shape[:2] == (TILES["hair"].height, TILES["hair"].width)
    cover = first[..., 3] / 255
    height, width = cover.shape
    whole, mass, edge = int((1 - WHOLE_FROM_V) * height), int(MASS_TO_U * width), int(EDGE_FROM_U * width)
    assert cover[:whole].min() == 1
    middle = cover[(whole + height) // 2]
    assert 0.3 < middle[:mass].mean() < 1
    assert cover[-2, :mass].mean() < 0.25
    assert middle[edge : edge + 20].mean() > 0.8 > 0.3 > middle[-20:].mean()


@pytest.mark.parametrize("hair", ["hair_wavy", "hair_curly", "hair_curls"])
def test_curls_bend_the_strands(rig: Rig, hair: str) -> None:
    """Straight strands keep their colour along the tile; bent ones do not."""
    spec = sample_avatars(0, rig, 1)[0]

    def change(name: str) -> float:
        picture, _ = paint_hair(replace(spec, hair=name), np.random.default_rng(1))
        return float(np.abs(np.diff(picture[:380, :380, 1].astype(float), axis=0)).mean())

    assert change(hair) > 1.3 * change("hair_bob")


@pytest.mark.parametrize("hair", ["hair_bob", "hair_wavy", "hair_curly", "hair_curls"])
def test_the_tile_repeats_where_it_starts_anew(rig: Rig, hair: str) -> None:
    spec = replace(sample_avatars(0, rig, 1)[0], hair=hair)
    picture, _ = paint_hair(spec, np.random.default_rng(1))
    whole = picture[: int((1 - WHOLE_FROM_V) * len(picture)), :, :3].astype(float)
    left, right = whole[:, :8], whole[:, PERIOD_PX : PERIOD_PX + 8]
    assert np.abs(left - right).mean() < 2.0


def test_every_strip_of_quads_lies_within_one_repeat() -> None:
    around = np.cumsum(np.linspace(1, 2, 41))
    u, pairs = repeated(around, 3)
    assert len(pairs) == 40
    widths = u[pairs[:, 1]] - u[pairs[:, 0]]
    assert (widths > 0).all()
    assert widths.sum() == pytest.approx(3 * MASS_TO_U)


def test_women_have_less_hair_before_the_ears(rig: Rig) -> None:
    masks = skin_masks(skin_space(rig, surface_of(rig, ())))
    assert masks.swept.sum() < masks.scalp.sum()
    assert (masks.crown <= masks.scalp + 0.35).all()
    assert 0 <= masks.swept.min() <= masks.swept.max() <= 1


@pytest.mark.parametrize("garment", GARMENTS, ids=lambda garment: garment.name)
def test_no_gap_between_neck_and_neckline(rig: Rig, garment: Garment) -> None:
    """Along the neckline, the outermost skin within a few millimetres is where the garment takes it to be."""
    skin = next(part for part in rig.parts if part.name == "skin")
    vertices = np.unique(skin.faces)
    bust = Bust(rig.vertices_mm.astype(float), vertices)
    points = rig.vertices_mm[vertices].astype(float)
    reach = np.hypot(points[:, 0] - bust.neck.axis_mm[0], points[:, 2] - bust.neck.axis_mm[1])
    near = np.abs(points[:, 1] - neckline_mm(garment, azimuth_of(points))) < 5
    near &= reach < 100
    assert near.sum() > 20
    over = bust.radius(azimuth_of(points[near]), points[near, 1]) - reach[near]
    assert np.quantile(over, 0.9) < 6.0
