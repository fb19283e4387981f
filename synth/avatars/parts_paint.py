"""Textures of everything but skin and hair: eyes, teeth, tongue, mouth, lashes, cloth."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from assets.keyed import rng_for
from synth.avatars.atlas import EYE_TILE_ANGLE_RAD, TILES
from synth.avatars.paint_kernels import to_bytes
from synth.avatars.spec import AvatarSpec
from synth.avatars.tone import skin_tone

SCLERA_DARK, SCLERA_FAIR = np.array([0.33, 0.285, 0.235]), np.array([0.46, 0.415, 0.37])
"""Linear RGB of the white of the eye of dark and of fair people."""

IRIS_MM, PUPIL_MM = 5.9, 2.1
"""Radii of the iris and of the pupil."""


BACK_TEETH_DARK, LOWER_BACK_DARK = 0.62, 0.95
"""How much darker the last upper and lower teeth are than the incisors: the cheeks beside them keep the light away, and
lower molars stand below the tongue and the rims of the lips."""

LOWER_SHADE = (0.16, 0.50)
"""Shares of the lower arch from which its teeth get darker, and are as dark as the last: what a half-open mouth shows
of it beside the tongue are the front teeth."""

LOWER_TEETH = 0.80
"""Brightness of the lower teeth beside the upper ones: they stand back, in the shade of lips and upper teeth."""


LASH_FADES = {"female": 0.45, "male": 0.7}
"""Share of the skin's colour at the tips of the lashes; many women darken theirs."""


def tile_grid(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return u (W,) to the right and v (H, 1) up of a tile."""
    tile = TILES[name]
    return (np.arange(tile.width) + 0.5) / tile.width, 1 - (np.arange(tile.height)[:, None] + 0.5) / tile.height


def as_texture(linear: np.ndarray, alpha: np.ndarray | float) -> np.ndarray:
    """Return a tile (H, W, 4) uint8 of linear RGB (H, W, 3) and an alpha in [0, 1]."""
    out = np.empty((*linear.shape[:2], 4), np.uint8)
    out[..., :3] = to_bytes(linear)
    out[..., 3] = np.rint(255 * np.broadcast_to(alpha, linear.shape[:2]))
    return out


def ramp(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Return a smooth step from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def sclera_tone(spec: AvatarSpec) -> np.ndarray:
    """Return the linear RGB (3,) of the white of the eye: yellower with age and pigment, and from person to person.

    It is darker than measured on bare sclera, for lids, lashes and the socket take light that is not traced here.
    """
    fair = float(np.clip((spec.skin_ita_deg + 40) / 90, 0, 1))
    yellow = 0.08 * spec.attributes.get("age", 0.0) + 0.10 * rng_for(spec.seed, "sclera").normal()
    white = SCLERA_DARK + fair * (SCLERA_FAIR - SCLERA_DARK)
    return white * np.exp(np.clip(yellow, -0.2, 0.25) * np.array([-0.25, -0.45, -1.0]))


def paint_eye(spec: AvatarSpec, eye_radius_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Return the eye's tile: sclera with a few vessels, limbus, fibres of the iris, pupil."""
    u, v = tile_grid("eye")
    x, y = (u - 0.5) * 2 * EYE_TILE_ANGLE_RAD, (v - 0.5) * 2 * EYE_TILE_ANGLE_RAD
    x, y = np.broadcast_arrays(x, y)
    angle, turn = np.hypot(x, y), np.arctan2(y, x)
    edge, hole = IRIS_MM / eye_radius_mm, PUPIL_MM / eye_radius_mm
    sclera = sclera_tone(spec) * np.ones((*angle.shape, 3))
    redness = ramp(0.55, 1.15, angle)[..., None]
    sclera = sclera * (1 - redness * np.array([0.14, 0.34, 0.34]))
    vessels = ndimage.gaussian_filter(rng.standard_normal(angle.shape), (5, 1.2))
    thread = np.clip(1 - 9 * np.abs(vessels / vessels.std()) / 3, 0, 1)[..., None] * redness
    sclera = sclera * (1 - thread * np.array([0.05, 0.30, 0.28]))
    iris = np.asarray(spec.iris_rgb) * np.ones((*angle.shape, 3))
    fibres = np.zeros(angle.shape)
    for frequency in (19, 31, 47, 73):
        fibres += np.cos(turn * frequency + rng.uniform(0, 6.3) + 3 * np.sin(angle * 9 + rng.uniform(0, 6.3)))
    radius = np.clip((angle - hole) / (edge - hole), 0, 1)
    iris = iris * (1 + 0.16 * fibres * (0.4 + 0.6 * radius))[..., None]
    iris = iris * (1.0 + 0.55 * np.exp(-(((radius - 0.25) / 0.18) ** 2)))[..., None]
    iris = iris * (1 - 0.86 * ramp(0.66, 1.0, radius))[..., None]
    colour = iris + (sclera - iris) * ramp(edge - 0.02, edge + 0.05, angle)[..., None]
    pupil = 1 - ramp(hole - 0.02, hole + 0.025, angle)
    return as_texture(colour * (1 - 0.97 * pupil)[..., None], 0.0)


def paint_teeth(rng: np.random.Generator) -> np.ndarray:
    """Return the teeth's tile: u runs along the arch, the upper row in the upper half, the lower below."""
    u, v = tile_grid("teeth")
    tile = TILES["teeth"]
    shade = rng.uniform(0.92, 1.04)
    colour = np.ones((tile.height, tile.width, 3)) * np.array([0.72, 0.68, 0.585]) * shade
    widths = np.array([8.5, 6.6, 7.6, 7.0, 6.8, 9.5, 9.5])
    edges = np.concatenate([[0], np.cumsum(widths)]) / (2 * widths.sum())
    gap = np.min([np.abs(np.abs(u - 0.5) - edge) for edge in edges], axis=0)
    colour = colour * (1 - 0.38 * np.exp(-((gap / 0.0045) ** 2)))[None, :, None]
    colour = colour * np.where(v > 0.5, 1.0, LOWER_TEETH)[..., None]
    within = np.where(v > 0.5, (v - 0.5) * 2, 1 - 2 * v)
    aside = np.abs(2 * u - 1)
    shade_behind = np.where(
        v > 0.5, BACK_TEETH_DARK * ramp(0.26, 0.78, aside), LOWER_BACK_DARK * ramp(*LOWER_SHADE, aside)
    )
    colour = colour * (1 - shade_behind)[..., None]
    colour = colour * (0.90 + 0.14 * ramp(0.0, 0.55, 1 - within) - 0.06 * ramp(0.8, 1.0, 1 - within))[..., None]
    return as_texture(colour, 0.0)


def paint_soft(name: str, rng: np.random.Generator) -> np.ndarray:
    """Return the tile of the tongue and gums, or of the inside of the mouth."""
    tile = TILES[name]
    colour = np.array([0.37, 0.12, 0.115]) if name == "tongue" else np.array([0.19, 0.050, 0.046])
    grain = ndimage.gaussian_filter(rng.standard_normal((tile.height, tile.width)), 1.2)
    return as_texture(colour * (1 + 0.12 * grain / grain.std())[..., None], 0.0)


def paint_lash(spec: AvatarSpec) -> np.ndarray:
    """Return the lashes' tile: nearly black roots, a little of the colour of the hair, and tips that fade to the skin.

    Strands are thinner than a pixel, and the fading stands for the skin that is seen between them.
    """
    _, v = tile_grid("lash")
    female = spec.apparent_gender == "female"
    dark = 0.006 + (0.05 if female else 0.10) * np.asarray(spec.hair_rgb)
    fade = LASH_FADES[spec.apparent_gender] * ramp(0.3, 1.0, 1 - v)[..., None]
    colour = dark + (skin_tone(spec.skin_ita_deg) - dark) * fade
    return as_texture(np.broadcast_to(colour, (TILES["lash"].height, TILES["lash"].width, 3)), 1.0)


def paint_cloth(spec: AvatarSpec, rng: np.random.Generator) -> np.ndarray:
    """Return the cloth's tile: a plain weave with soft folds of shade."""
    tile = TILES["cloth"]
    weave = rng.standard_normal((tile.height, tile.width))
    shade = ndimage.gaussian_filter(rng.standard_normal((tile.height, tile.width)), 9)
    colour = np.asarray(spec.cloth_rgb) * np.exp(0.05 * weave + 0.10 * shade / shade.std())[..., None]
    return as_texture(colour, 0.0)
