"""A scene without a renderer: light, camera, background and sensor, all plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Light:
    """A directional light.

    Attributes
    ----------
    direction : (3,) float
        Unit vector from the head towards the light, camera axes (x right, y up, z to the viewer).
    colour : (3,) float
        Linear RGB times intensity.
    """

    direction: tuple[float, float, float]
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class Background:
    """What stands behind the head: a vertical gradient between two linear RGB colours, soft blobs, boxes.

    Attributes
    ----------
    top, bottom : (3,) float
        Linear RGB.
    texture : float
        Contrast of the blobs.
    seed : int
        Places blobs and boxes.
    clutter : int
        Number of upright boxes out of focus: shelves, frames, windows.
    """

    top: tuple[float, float, float]
    bottom: tuple[float, float, float]
    texture: float = 0.0
    seed: int = 0
    clutter: int = 0


@dataclass(frozen=True)
class Sensor:
    """What the camera does to the picture after it is drawn.

    Attributes
    ----------
    noise : float
        Standard deviation of the sensor noise in grey levels of 255.
    blur_px : float
        Standard deviation of the lens blur in pixels of the picture.
    gain : (3,) float
        White balance, per channel.
    jpeg_quality : int
        0 for none, else 1 to 100: the frame is compressed and decoded again.
    """

    noise: float = 0.0
    blur_px: float = 0.0
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    jpeg_quality: int = 0


@dataclass(frozen=True)
class Scene:
    """Everything around the head.

    Attributes
    ----------
    lights : tuple of Light
        At most four.
    ambient : (3,) float
        Linear RGB from above; half of it comes from below.
    background : Background
    camera_distance_mm : float
        From the camera to the point between the eyes.
    sensor : Sensor
    """

    lights: tuple[Light, ...]
    ambient: tuple[float, float, float]
    background: Background
    camera_distance_mm: float = 900.0
    sensor: Sensor = Sensor()


@dataclass(frozen=True)
class Pose:
    """Where the head is in one frame.

    Attributes
    ----------
    rotation : (3, 3) float
        Head to camera.
    eyes_px : (2,) float or None
        Where the point between the eyes falls in the picture; None is the framing's standard place.
    px_per_mm : float or None
        Scale at the depth of the eyes; None is the framing's standard scale.
    """

    rotation: np.ndarray
    eyes_px: np.ndarray | None = None
    px_per_mm: float | None = None
