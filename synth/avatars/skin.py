"""The albedo and the gloss of one avatar's skin, painted on the masks of its rig."""

from __future__ import annotations

import numpy as np

from assets.keyed import rng_for
from assets.rig_maps import DETAIL_LIMIT, SKIN_DETAIL
from synth.avatars.brows import paint_brows
from synth.avatars.paint_kernels import dye, lay_over, to_bytes
from synth.avatars.skin_masks import SkinMasks, skin_masks
from synth.avatars.skin_space import SkinSpace, noise
from synth.avatars.spec import AvatarSpec
from synth.avatars.tone import skin_tone

MELANIN = np.array([0.42, 0.75, 1.05], np.float32)
HAEMOGLOBIN = np.array([0.10, 0.85, 0.68], np.float32)
"""Optical density of red, green and blue per unit of a painted pigment."""

MOLE_REACH_MM = 4.0
"""A mole is not painted further than this from its middle: five standard deviations."""

FINER_SKIN = 0.65
"""Unevenness of women's skin, in pores, redness and shadows, relative to men's."""

BROWN_LIPS, FAIR_LIPS = np.array([0.82, 0.60, 0.61]), np.array([0.80, 0.49, 0.50])
"""Colour of bare lips relative to the skin around them, red, green and blue."""

LIP_LINE = 0.1
"""Darkness of the line between closed lips, which light hardly reaches."""

BROW_SHADE = 0.12
"""Highest luminance of brow hair over that of the skin: brows of fair or grey people are darker than their hair, and a
brow must stand out to be seen moving."""


def paint_skin(space: SkinSpace, spec: AvatarSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return the skin tile and its gloss.

    Parameters
    ----------
    space : SkinSpace
    spec : AvatarSpec

    Returns
    -------
    texture : (S, S, 4) uint8
        Display RGB; alpha is the fraction of bare skin.
    gloss : (S, S) uint8
        128 is usual.
    """
    rng = rng_for(spec.seed, "skin")
    masks = skin_masks(space)
    female = spec.apparent_gender == "female"
    base = skin_tone(spec.skin_ita_deg).astype(np.float32)
    light = float(np.clip((spec.skin_ita_deg + 30) / 75, 0.25, 1.0))
    rough = FINER_SKIN if female else 1.0
    melanin, blood = _pigments(space, masks, spec, light, rng, rough)
    grain = (1 + rough * (0.034 * masks.pores + 0.022 * masks.fine)) * _detail(space)
    colour = dye(base, np.stack([MELANIN, HAEMOGLOBIN]), (melanin, blood), grain)
    _lips(colour, base, masks, spec, female)
    bare = _hairs(colour, 1 - 0.5 * masks.lips, base, space, masks, spec, female, rng)
    _lids(colour, base, masks, female)
    texture = np.empty((*colour.shape[:2], 4), np.uint8)
    texture[..., :3] = to_bytes(colour)
    texture[..., 3] = np.rint(255 * np.clip(bare, 0, 1))
    return texture, _gloss(masks, bare, spec, female)


def _detail(space: SkinSpace) -> np.ndarray | float:
    """Return the brightness (S, S) that the rig's own skin texture adds, 1 where it has none."""
    kept = space.maps.get(SKIN_DETAIL)
    return 1.0 if kept is None else np.exp(DETAIL_LIMIT * np.clip((255 * kept - 128) / 127, -1, 1))


def _pigments(
    space: SkinSpace, masks: SkinMasks, spec: AvatarSpec, light: float, rng: np.random.Generator, rough: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return painted melanin and haemoglobin (S, S), around 0; their unevenness is ``rough`` times that of men."""
    a, b, c = rng.uniform(0.7, 1.3, 3)
    blood = 0.17 * a * masks.cheeks * (1 + 0.16 * rough * masks.middle)
    blood += rough * (0.18 * b * masks.nose + 0.08 * c * masks.chin) + 0.10 * masks.ears
    blood += rough * (0.13 * masks.lids + 0.10 * masks.under_eye + 0.035 * masks.middle + 0.045 * masks.fine)
    blood -= 0.04 * masks.forehead
    melanin = 0.045 * masks.coarse * rng.choice([-1, 1]) + rough * (0.035 * masks.middle + 0.025 * masks.fine)
    melanin += rough * (0.16 + 0.10 * rng.uniform()) * masks.under_eye * (0.6 + 0.6 * spec.creases)
    melanin += 0.06 * masks.lids
    if spec.freckles > 0.02:
        spots = noise(space.position_mm, 3.2, int(rng.integers(1 << 30)), 2) + 0.4 * masks.middle
        where = masks.cheeks + 0.8 * masks.nose + 0.35 * masks.forehead + 0.15
        melanin += 0.75 * spec.freckles * light * np.clip(spots - 1.05, 0, 0.7) * np.clip(where, 0, 1)
    if spec.creases > 0.45:
        patches = noise(space.position_mm, 9.0, int(rng.integers(1 << 30)), 3)
        melanin += 0.22 * (spec.creases - 0.45) * np.clip(patches - 0.9, 0, 1)
    for _ in range(int(rng.integers(0, 4))):
        middle = np.array([rng.uniform(8, 62), rng.uniform(-100, 50)])
        melanin += _mole(space, middle, rng.choice([-1, 1]), rng.uniform(0.5, 1.1))
    return melanin.astype(np.float32), (blood * (0.45 + 0.55 * light)).astype(np.float32)


def _mole(space: SkinSpace, middle: np.ndarray, side: int, strength: float) -> np.ndarray:
    """Return the melanin (S, S) of one spot, a Gaussian of 0.8 mm, on one side of the face."""
    x, y = space.chart[..., 0], space.chart[..., 1]
    near = np.flatnonzero((np.abs(x - middle[0]) < MOLE_REACH_MM) & (np.abs(y - middle[1]) < MOLE_REACH_MM))
    away = ((x.ravel()[near] - middle[0]) / 0.8) ** 2 + ((y.ravel()[near] - middle[1]) / 0.75) ** 2
    out = np.zeros(x.shape, np.float32)
    on_side = space.side.ravel()[near] * side > 0.3
    out.ravel()[near] = strength * np.exp(-0.5 * away) * space.front.ravel()[near] * on_side
    return out


def _lips(colour: np.ndarray, base: np.ndarray, masks: SkinMasks, spec: AvatarSpec, female: bool) -> None:
    """Lay the red of the lips over the skin, streaked a little."""
    light = float(np.clip((spec.skin_ita_deg + 30) / 75, 0, 1))
    natural = base * (BROWN_LIPS + light * (FAIR_LIPS - BROWN_LIPS))
    rouge = np.array([0.36, 0.06, 0.07]) * (0.45 + 0.55 * light)
    redness = spec.lip_redness * (0.3 + 0.7 * light)
    red = natural + (rouge - natural) * (0.6 if female else 0.08) * redness
    cover = masks.lips * ((0.58 if female else 0.72) + 0.3 * redness)
    cover = np.clip(cover, 0, 0.95)
    lay_over(colour, red, cover)
    lay_over(colour, 0.2 * red, LIP_LINE * masks.lip_line)
    where = np.flatnonzero(cover > 0)
    streak = (0.05 * masks.fine.ravel()[where] + 0.03 * masks.pores.ravel()[where]) * cover.ravel()[where]
    colour.reshape(-1, 3)[where] += streak[:, None] * red.astype(np.float32)


def _hairs(
    colour: np.ndarray, bare: np.ndarray, base: np.ndarray, space: SkinSpace, masks: SkinMasks, spec: AvatarSpec,
    female: bool, rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Lay brows, beard and the hair of the scalp over the skin; return the share (S, S) of skin left bare."""
    hair = np.asarray(spec.hair_rgb, np.float32)
    stubble = noise(space.position_mm, 0.9, int(rng.integers(1 << 30)), 1)
    brow_colour = _no_lighter(hair * 0.5 + np.array([0.004, 0.003, 0.002], np.float32), BROW_SHADE * base)
    brow = paint_brows(space, spec.brow_thickness, spec.brow_density, female, rng.normal(0, 0.5), rng)
    layers = [(brow_colour, 0.92 * brow)]
    if spec.beard > 0:
        patch = np.clip(0.72 + 0.22 * stubble + 0.14 * masks.middle, 0, 1.2)
        layers.append((hair * 0.6 + 0.004, np.clip(spec.beard * masks.beard**1.4 * patch * 0.8, 0, 0.9)))
    roots = masks.crown if spec.hair == "hair_receding" else masks.swept if female else masks.scalp
    roots = roots * np.clip(0.9 + (0.04 if spec.hair else 0.12) * stubble, 0, 1)
    layers.append((hair * 0.7 + 0.003, roots * (0.96 if spec.hair else 0.86)))
    for tone, cover in layers:
        lay_over(colour, tone, cover)
        bare = bare * (1 - cover)
    return bare


def _no_lighter(colour: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return a linear colour (3,), dimmed to the luminance of a limit (3,) where it is brighter."""
    weights = np.array([0.2126, 0.7152, 0.0722], np.float32)
    return colour * min(1.0, float(weights @ limit) / max(float(weights @ colour), 1e-6))


def _lids(colour: np.ndarray, base: np.ndarray, masks: SkinMasks, female: bool) -> None:
    """Redden the lid edges and darken the line of the upper lashes."""
    wet = base * np.array([0.92, 0.60, 0.56]) + np.minimum(0.02, 0.1 * base[0])
    lay_over(colour, wet, 0.55 * masks.lid_edge)
    line = np.clip(masks.upper_lid_edge * (1.2 if female else 0.8), 0, 1)
    lay_over(colour, np.zeros(3), (0.85 if female else 0.65) * line)


def _gloss(masks: SkinMasks, bare: np.ndarray, spec: AvatarSpec, female: bool) -> np.ndarray:
    """Return the gloss (S, S) uint8: shiny where the skin is greasy or wet, broken up by pores."""
    gloss = 0.85 + 0.30 * masks.nose + 0.22 * masks.forehead + 0.12 * masks.cheeks + 0.15 * masks.chin
    gloss = gloss * np.clip(1 + 0.26 * masks.pores + 0.18 * masks.fine + 0.10 * masks.middle, 0.2, 1.9)
    gloss += (0.55 if female else 0.30) * masks.lips * (1 + 0.3 * masks.fine) + 0.5 * masks.lid_edge
    gloss *= 0.35 + 0.65 * np.clip(bare / (1 - 0.5 * masks.lips), 0, 1)
    gloss *= 1 - 0.3 * masks.scalp
    return np.rint(np.clip(128 * gloss, 0, 255)).astype(np.uint8)
