"""The square, possibly tilted window of a picture in which landmarks are sought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Window:
    """A square window.

    Attributes
    ----------
    centre_px : (2,) float
    side_px : float
    tilt_rad : float
        Rotation of the window, positive clockwise in the picture.
    """

    centre_px: tuple[float, float]
    side_px: float
    tilt_rad: float = 0.0

    def to_source(self, patch_px: int) -> np.ndarray:
        """Return the (2, 3) affine map from a patch of that side to the source picture."""
        cosine, sine = np.cos(self.tilt_rad), np.sin(self.tilt_rad)
        linear = np.array([[cosine, -sine], [sine, cosine]]) * (self.side_px / patch_px)
        centre = np.array(self.centre_px) - linear @ np.array([patch_px / 2, patch_px / 2])
        return np.column_stack([linear, centre])

    def shifted(self, x_px: float, y_px: float) -> Window:
        """Return the window moved by so many pixels."""
        return Window((self.centre_px[0] + x_px, self.centre_px[1] + y_px), self.side_px, self.tilt_rad)


def window_around(points_px: np.ndarray) -> Window:
    """Return the window for the next frame from the (478, 2|3) landmarks of this one.

    The window is level with the outer eye corners and 1.5 times as large as the tilted box of all points.
    """
    flat = points_px[:468, :2]
    across = flat[263] - flat[33]
    tilt = float(np.arctan2(across[1], across[0]))
    cosine, sine = np.cos(tilt), np.sin(tilt)
    level = np.array([[cosine, sine], [-sine, cosine]])
    turned = flat @ level.T
    low, high = turned.min(0), turned.max(0)
    centre = level.T @ ((low + high) / 2)
    return Window((float(centre[0]), float(centre[1])), float(1.5 * (high - low).max()), tilt)
