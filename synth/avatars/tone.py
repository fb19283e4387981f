"""Colour of skin from its individual typology angle, and conversions of colour."""

from __future__ import annotations

import numpy as np

_ITA = (-60.0, -30.0, 10.0, 28.0, 41.0, 55.0, 65.0)
_YELLOW = (9.5, 15.0, 19.0, 18.5, 17.0, 14.5, 12.5)
_RED = (8.5, 11.0, 12.5, 12.0, 11.0, 9.5, 8.5)

ITA_GROUPS: dict[str, tuple[float, float]] = {
    "very light": (55.0, 60.0), "light": (41.0, 55.0), "intermediate": (28.0, 41.0), "tan": (10.0, 28.0),
    "brown": (-30.0, 10.0), "dark": (-50.0, -30.0),
}  # fmt: skip
"""Groups of the individual typology angle (Chardon et al. 1991), degrees; the ends are limits of what we draw."""


def to_linear(display: np.ndarray) -> np.ndarray:
    """Return linear RGB of display RGB in [0, 1] (IEC 61966-2-1)."""
    display = np.asarray(display)
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def to_display(linear: np.ndarray) -> np.ndarray:
    """Return display RGB in [0, 1] of linear RGB (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def lab_to_linear(lab: np.ndarray) -> np.ndarray:
    """Return linear RGB (..., 3) of CIELAB (..., 3) under D65, not below 0.002."""
    lightness, a, b = np.moveaxis(np.asarray(lab, float), -1, 0)
    fy = (lightness + 16) / 116
    f = np.stack([fy + a / 500, fy, fy - b / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * [0.9505, 1.0, 1.089]
    matrix = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    return np.clip(xyz @ matrix.T, 0.002, 1.0)


def skin_tone(ita_deg: float) -> np.ndarray:
    """Return the linear RGB (3,) of skin with this individual typology angle.

    The angle fixes lightness for a given yellowness, ``L = 50 + b tan(ITA)``; yellowness and redness
    follow the usual course over skin tones.
    """
    yellow = float(np.interp(ita_deg, _ITA, _YELLOW))
    red = float(np.interp(ita_deg, _ITA, _RED))
    lightness = 50 + yellow * np.tan(np.radians(ita_deg))
    return lab_to_linear(np.array([lightness, red, yellow]))


def ita_group(ita_deg: float) -> str:
    """Return the name of the group that an individual typology angle in degrees belongs to."""
    for name, (low, _) in ITA_GROUPS.items():
        if ita_deg >= low:
            return name
    return "dark"
