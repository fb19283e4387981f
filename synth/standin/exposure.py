"""What the camera of a stand-in corpus does to a drawn picture: blur, white balance, noise, compression."""

from __future__ import annotations

from collections.abc import Hashable

import cv2
import numpy as np
import simplejpeg

from assets.keyed import Key, rng_for
from synth.render.scene import Sensor

_TILE = 512


class Exposure:
    """Applies one sensor to the frames of one recording.

    A tile of noise is drawn once; every frame takes it from another place, so that a frame costs little and
    still depends on nothing but its number.

    Parameters
    ----------
    sensor : Sensor
    seed : int
        Root seed.
    *keys : int or str
        The recording.
    """

    def __init__(self, sensor: Sensor, seed: int, *keys: Key) -> None:
        self.sensor, self.seed, self.keys = sensor, seed, keys
        levels = np.arange(256)[:, None] * np.asarray(sensor.gain)
        self._gain = np.clip(levels + 0.5, 0, 255).astype(np.uint8)[:, None]
        self._tile: np.ndarray | None = None
        if sensor.noise > 0:
            grain = rng_for(seed, *keys, "noise").standard_normal((_TILE, _TILE, 3), np.float32)
            grain = 0.8 * grain + 0.6 * grain.mean(2, keepdims=True) * np.sqrt(3.0)
            self._tile = np.rint(grain * (sensor.noise / grain.std())).astype(np.int16)

    def expose(self, picture: np.ndarray, frame: int) -> np.ndarray:
        """Return the picture (H, W, 3) uint8 as it comes from the sensor, before compression.

        Parameters
        ----------
        picture : (H, W, 3) uint8, sides up to 512
            As drawn, sRGB.
        frame : int
            Frame number; it chooses the noise.
        """
        sensor = self.sensor
        height, width = picture.shape[:2]
        seen = picture
        if sensor.blur_px > 0:
            seen = cv2.GaussianBlur(seen, (0, 0), sensor.blur_px, borderType=cv2.BORDER_REPLICATE)
        seen = cv2.LUT(seen, self._gain)
        if self._tile is not None:
            rng = rng_for(self.seed, *self.keys, "grain", frame)
            top, left = rng.integers(0, _TILE - height + 1), rng.integers(0, _TILE - width + 1)
            seen = cv2.add(seen, self._tile[top : top + height, left : left + width], dtype=cv2.CV_8U)
        return seen

    def record(self, picture: np.ndarray, frame: int) -> bytes:
        """Return the JPEG in which the camera stores the picture; see ``expose``."""
        seen = self.expose(picture, frame)
        return simplejpeg.encode_jpeg(seen, quality=self.sensor.jpeg_quality, colorsubsampling="420")


class Film:
    """The recorded pictures of one subject, so that the chain's second look at them costs no second drawing.

    Parameters
    ----------
    limit_bytes : int
        Pictures beyond this are not kept; they are drawn again when asked for.
    """

    def __init__(self, limit_bytes: int = 64 << 20) -> None:
        self.limit_bytes = limit_bytes
        self._roll: Hashable = None
        self._pictures: dict[Hashable, bytes] = {}
        self._bytes = 0

    def find(self, roll: Hashable, place: Hashable) -> np.ndarray | None:
        """Return the picture (H, W, 3) uint8 kept for a place on a subject's roll, if there is one."""
        coded = self._pictures.get(place) if roll == self._roll else None
        return None if coded is None else simplejpeg.decode_jpeg(coded)

    def keep(self, roll: Hashable, place: Hashable, coded: bytes) -> np.ndarray:
        """Keep a JPEG, forgetting the pictures of another subject, and return its picture (H, W, 3) uint8."""
        if roll != self._roll:
            self._roll, self._bytes = roll, 0
            self._pictures.clear()
        if place not in self._pictures and self._bytes + len(coded) <= self.limit_bytes:
            self._pictures[place] = coded
            self._bytes += len(coded)
        return simplejpeg.decode_jpeg(coded)
