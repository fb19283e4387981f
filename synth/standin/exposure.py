"""What the camera of a stand-in corpus does to a drawn picture: blur, white balance, noise, compression."""

from __future__ import annotations

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

    def apply(self, picture: np.ndarray, frame: int) -> np.ndarray:
        """Return the picture (H, W, 3) uint8 as the camera would have stored it.

        Parameters
        ----------
        picture : (H, W, 3) uint8, sides up to 512
            As drawn, sRGB.
        frame : int
            Frame number; it chooses the noise.
        """
        sensor = self.sensor
        height, width = picture.shape[:2]
        stored = picture
        if sensor.blur_px > 0:
            stored = cv2.GaussianBlur(stored, (0, 0), sensor.blur_px, borderType=cv2.BORDER_REPLICATE)
        stored = cv2.LUT(stored, self._gain)
        if self._tile is not None:
            rng = rng_for(self.seed, *self.keys, "grain", frame)
            top, left = rng.integers(0, _TILE - height + 1), rng.integers(0, _TILE - width + 1)
            stored = cv2.add(stored, self._tile[top : top + height, left : left + width], dtype=cv2.CV_8U)
        if sensor.jpeg_quality:
            coded = simplejpeg.encode_jpeg(stored, quality=sensor.jpeg_quality, colorsubsampling="420")
            stored = simplejpeg.decode_jpeg(coded)
        return stored
