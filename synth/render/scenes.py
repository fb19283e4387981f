"""Scenes for twins: portrait light from three sides, plain backgrounds, plausible distances."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from assets.errors import InputError
from synth.render.scene import Background, Light, Scene, Sensor

Triple = tuple[float, float, float]

DISTANCE_MM = (600.0, 1500.0)


def sample_scene(rng: np.random.Generator) -> Scene:
    """Return a random portrait scene.

    A key light from one side and above, a weaker fill from the other side, a light from behind, and the
    sky; colours wander between warm and cool. The sensor adds nothing, so that twins stay clean.

    Parameters
    ----------
    rng : numpy Generator
    """
    side = rng.choice([-1.0, 1.0])
    key = Light(
        _towards(side * rng.uniform(18, 52), rng.uniform(18, 48)),
        _coloured(rng.uniform(0.62, 0.86), rng.uniform(-0.09, 0.06)),
    )
    fill = Light(
        _towards(-side * rng.uniform(30, 70), rng.uniform(-5, 20)),
        _coloured(rng.uniform(0.18, 0.42), rng.uniform(-0.04, 0.08)),
    )
    back = Light(
        _towards(-side * rng.uniform(120, 165), rng.uniform(20, 50)),
        _coloured(rng.uniform(0.15, 0.55), rng.uniform(-0.05, 0.08)),
    )
    ambient = _coloured(rng.uniform(0.26, 0.40), rng.uniform(-0.02, 0.05))
    brightness = float(np.exp(rng.uniform(np.log(0.06), np.log(0.5))))
    hue = rng.uniform(0.75, 1.0, 3)
    top = _rounded(brightness * hue)
    bottom = _rounded(brightness * rng.uniform(0.45, 1.1) * hue * rng.uniform(0.9, 1.1, 3))
    background = Background(top, bottom, round(float(rng.uniform(0, 0.5)), 4), int(rng.integers(0, 2**31)))
    distance = round(float(rng.uniform(*DISTANCE_MM)), 1)
    return Scene((key, fill, back), ambient, background, distance, Sensor())


def _towards(azimuth_deg: float, elevation_deg: float) -> Triple:
    """Return the unit vector towards a light; azimuth 0 is the camera, positive is image right."""
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    across = np.cos(elevation)
    vector = (across * np.sin(azimuth), np.sin(elevation), across * np.cos(azimuth))
    return float(vector[0]), float(vector[1]), float(vector[2])


def _coloured(strength: float, cool: float) -> Triple:
    return _rounded(strength * np.array([1 - cool, 1.0, 1 + cool]))


def _rounded(colour: np.ndarray) -> Triple:
    red, green, blue = (round(float(value), 5) for value in colour)
    return red, green, blue


def scene_to_json(scene: Scene) -> str:
    """Return the scene as one line of JSON; `scene_from_json` gives back an equal one."""
    return json.dumps(asdict(scene), sort_keys=True, allow_nan=False)


def scene_from_json(text: str) -> Scene:
    """Return the scene written by `scene_to_json`.

    Raises
    ------
    InputError
        If the text does not describe a scene.
    """
    try:
        values = json.loads(text)
        lights = tuple(Light(tuple(item["direction"]), tuple(item["colour"])) for item in values["lights"])
        back, sensor = values["background"], values["sensor"]
        background = Background(
            tuple(back["top"]), tuple(back["bottom"]), back["texture"], back["seed"], back["clutter"]
        )
        optics = Sensor(sensor["noise"], sensor["blur_px"], tuple(sensor["gain"]), sensor["jpeg_quality"])
        return Scene(lights, tuple(values["ambient"]), background, values["camera_distance_mm"], optics)
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError.one(f"no scene ({error})", "scene description", "write it with scene_to_json") from error
