"""Lights, backgrounds and cameras of the stand-in corpora; none of them is used for twins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from assets.keyed import rng_for
from assets.standin import StandinCorpus
from synth.render.scene import Background, Light, Scene, Sensor

Triple = tuple[float, float, float]


def _towards(azimuth_rad: float, elevation_rad: float) -> Triple:
    """Return the unit vector towards a light; azimuth is positive to image right, 0 is the camera."""
    across = np.cos(elevation_rad)
    return (
        float(across * np.sin(azimuth_rad)), float(np.sin(elevation_rad)), float(across * np.cos(azimuth_rad)),
    )  # fmt: skip


def _tint(base: Triple, strength: float) -> Triple:
    return tuple((strength * np.asarray(base)).round(5).tolist())


def _studio(rng: np.random.Generator) -> tuple[tuple[Light, ...], Triple, Background]:
    """Two soft boxes of equal strength and a top light before an even backdrop."""
    key = rng.uniform(0.85, 1.05)
    lights = (
        Light(_towards(np.radians(-42 + rng.normal(0, 3)), np.radians(18)), _tint((1.0, 0.99, 0.97), 0.52 * key)),
        Light(_towards(np.radians(42 + rng.normal(0, 3)), np.radians(18)), _tint((1.0, 0.99, 0.97), 0.46 * key)),
        Light(_towards(0.0, np.radians(65)), _tint((0.95, 0.98, 1.0), 0.20 * key)),
    )
    shade = rng.uniform(0.10, 0.16)
    backdrop = Background(_tint((0.85, 0.95, 1.1), shade), _tint((0.8, 0.9, 1.05), 0.7 * shade), 0.05)
    return lights, _tint((1.0, 1.0, 1.0), 0.26), backdrop


def _viewing_room(rng: np.random.Generator) -> tuple[tuple[Light, ...], Triple, Background]:
    """A lamp from the upper left and the bluish glow of a screen, before a plain wall."""
    lights = (
        Light(_towards(np.radians(-28 + rng.normal(0, 8)), np.radians(38)), _tint((1.0, 0.90, 0.76), 0.72)),
        Light(_towards(np.radians(6), np.radians(-12)), _tint((0.70, 0.84, 1.0), rng.uniform(0.15, 0.28))),
    )
    wall = rng.uniform(0.22, 0.34)
    backdrop = Background(_tint((1.0, 0.93, 0.82), wall), _tint((0.9, 0.82, 0.7), 0.6 * wall), 0.12)
    return lights, _tint((1.0, 0.94, 0.86), 0.20), backdrop


def _common_room(rng: np.random.Generator) -> tuple[tuple[Light, ...], Triple, Background]:
    """Ceiling light, a window on either side and a busy room behind."""
    side = rng.choice([-1.0, 1.0])
    lights = (
        Light(
            _towards(np.radians(rng.normal(0, 25)), np.radians(62)), _tint((1.0, 0.95, 0.83), rng.uniform(0.42, 0.60))
        ),
        Light(
            _towards(side * np.radians(rng.uniform(45, 75)), np.radians(rng.uniform(5, 25))),
            _tint((0.82, 0.92, 1.0), rng.uniform(0.2, 0.6)),
        ),
        Light(_towards(-side * np.radians(50), np.radians(10)), _tint((1.0, 0.9, 0.8), rng.uniform(0.05, 0.18))),
    )
    hue = rng.uniform(0.5, 1.0, (2, 3))
    top, bottom = _tint(tuple(hue[0]), rng.uniform(0.12, 0.4)), _tint(tuple(hue[1]), rng.uniform(0.05, 0.25))
    return lights, _tint((1.0, 0.97, 0.9), rng.uniform(0.22, 0.32)), Background(top, bottom, 0.7, clutter=9)


ROOMS: dict[str, Callable[[np.random.Generator], tuple[tuple[Light, ...], Triple, Background]]] = {
    "standin-bp4d": _studio,
    "standin-disfa": _viewing_room,
    "standin-gft": _common_room,
}


def auto_exposure(ita_deg: float) -> float:
    """Return by how much a camera brightens its picture for a skin of this individual typology angle.

    Cameras meter on the face and make up for a quarter of the difference to a light skin. The lightness of the
    skin is ``L* = 50 + 18 tan(ITA)`` (the definition of the angle with b* = 18), its luminance that of CIE 1976.
    """
    lightness = np.clip(50.0 + 18.0 * np.tan(np.radians(ita_deg)), 12.0, 85.0)
    luminance = ((lightness + 16.0) / 116.0) ** 3
    return float(np.clip((0.36 / luminance) ** 0.25, 0.9, 1.5))


def subject_scene(corpus: StandinCorpus, subject: str, ita_deg: float, seed: int) -> Scene:
    """Return the scene in which all recordings of a subject were made.

    Parameters
    ----------
    corpus : StandinCorpus
    subject : str
    ita_deg : float
        The subject's skin, on which the camera meters.
    seed : int
        Root seed.
    """
    rng = rng_for(seed, "standin", corpus.name, subject, "room")
    lights, ambient, background = ROOMS[corpus.name](rng)
    bright = auto_exposure(ita_deg)
    lights = tuple(Light(light.direction, _tint(light.colour, bright)) for light in lights)
    ambient = _tint(ambient, bright)
    camera = corpus.camera
    gain = np.exp(rng.normal(0.0, 0.02, 3))
    sensor = Sensor(
        noise=float(rng.uniform(*camera.noise)),
        blur_px=float(rng.uniform(*camera.blur_px)),
        gain=tuple(gain.round(4).tolist()),
        jpeg_quality=int(rng.integers(camera.jpeg_quality[0], camera.jpeg_quality[1] + 1)),
    )
    top, bottom = _tint(background.top, bright), _tint(background.bottom, bright)
    background = replace(background, top=top, bottom=bottom, seed=int(rng.integers(0, 2**31)))
    return Scene(lights, ambient, background, float(rng.uniform(*camera.distance_mm)), sensor)
