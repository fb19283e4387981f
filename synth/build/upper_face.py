"""What is sculpted on brows, lids and the skin around the eyes, and what their sums need in addition.

Amplitudes follow measurements of adults: an inner brow rises 8 to 10 mm and an outer one as much, frowning lowers
the brow by 6 to 8 mm and draws it 4 to 5 mm towards the middle, the opening of the eye goes from 0 through about
10 mm at rest to 14 mm, and an upper lid follows a lowered gaze over three quarters of the way of the iris.
"""

from __future__ import annotations

import numpy as np

from assets.rig import Corrective
from assets.units import UNIT_INDEX
from synth.build.sculpt import Bump, Clay

UPPER_BUMPS: dict[str, tuple[Bump, ...]] = {
    "browInnerUp": (
        Bump((15, 20, 29), (11, 9, 16), (-0.3, 2.6, 0.3)),
        Bump((12, 40, 27), (14, 12, 20), (0, 1.6, 0)),
        Bump((23, 9, 20), (8, 5, 12), (0, 0.8, 0)),
        Bump((0, 6, 27), (7, 8, 12), (0, 1.4, 0)),
    ),
    "noseSneer": (
        Bump((10, 9, 28), (9, 7, 12), (-1.2, -1.4, 0.4)),
        Bump((28, 21, 24), (14, 8, 14), (-0.4, -0.6, 0.2)),
        Bump((27, -16, 20), (11, 5, 12), (-0.4, 2.6, 1.3)),
        Bump((31, -7, 17), (11, 3.5, 10), (0, 1.2, 0.5)),
    ),
    "browOuterUp": (
        Bump((39, 26, 17), (11, 9, 16), (0.2, 4.1, -0.2)),
        Bump((29, 24, 25), (7, 9, 14), (0, 3.0, 0)),
        Bump((17, 20, 28), (6, 8, 12), (0, 0.4, 0)),
        Bump((57, 17, 1), (7, 8, 10), (0.2, 1.8, -0.2)),
        Bump((40, 44, 18), (16, 12, 20), (0, 1.6, -0.2)),
        Bump((46, 11, 12), (10, 5, 12), (0, 1.3, 0)),
    ),
    "browDown": (
        Bump((15, 19, 29), (11, 9, 14), (-3.9, -0.9, 0.9)),
        Bump((36, 26, 20), (13, 8, 14), (-1.6, -1.6, 0.4)),
        Bump((7, 15, 30), (4, 8, 10), (0, 0, 1.1)),
        Bump((28, 10, 22), (13, 5, 12), (-0.6, -1.7, 0.7)),
    ),
    "cheekSquint": (
        Bump((40, -25, 16), (15, 11, 18), (-1.4, 4.1, 3.0)),
        Bump((38, -29, 18), (12, 7, 16), (0, 0.6, 2.0)),
        Bump((31, -12, 18), (12, 4, 14), (0, 1.9, 2.0)),
        Bump((34, -19, 18), (14, 2.6, 12), (0, 0.6, -1.4)),
        Bump((33, -6, 17), (11, 3.5, 10), (0, 0.9, 0.4)),
        Bump((54, 0, 6), (6, 9, 12), (-2.6, 0.2, 1.1)),
        Bump((53, 15, 7), (8, 6, 12), (-0.8, -2.0, 0.3)),
        Bump((45, 4, 11), (6, 4, 10), (-0.4, -1.1, 0.2)),
    ),
    "eyeSquint": (
        Bump((33, -6, 17), (10, 3.5, 10), (-0.5, 1.0, 0.5)),
        Bump((33, 5, 18), (12, 4, 10), (0, -0.3, 0.2)),
        Bump((33, -12, 17), (12, 3, 12), (0, 0.4, 0.9)),
    ),
    "eyeWide": (Bump((33, 6, 18), (11, 5, 10), (0, 1.3, 0)),),
    "eyeLookDown": (Bump((33, -7, 17), (11, 4, 10), (0, -1.0, 0)),),
}  # fmt: skip
"""Sculpted on the left on top of what is mixed; central units get the mirror image as well."""

GLARE_AT_MM, GLARE_SHARES = (24.0, 42.0), (0.45, 0.05)
"""Share of a raised upper lid's way that a lowered brow takes back, and where: flat at its inner half, a glare."""

LOOK_DOWN_BLINK = 0.3
"""Share of a blink by which an upper lid follows a lowered gaze, beyond what the source gives."""


OVER_EYE = ("cheekSquint", "noseSneer", "eyeSquint", "eyeWide", "eyeLookDown", "eyeLookUp")
"""Units that slide skin over the eyeball."""

LID_REACH, LID_SPARE_MM = 1.15, 0.7
"""Lids are kept this much farther from the eye's centre than their margins, at most; spare distance where they move."""


def over_eyeball(clay: Clay, delta: np.ndarray, centre_mm: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """Return a displacement (V, 3) that leaves no lid nearer to the eyeball than it rests.

    Parameters
    ----------
    clay : Clay
    delta : (V, 3) float
        Of the left half of the face.
    centre_mm : (3,) float
        Of the left eyeball.
    rim : (n,) int
        Margin of the left eye's lids.
    """
    before, after = clay.rest_mm - centre_mm, clay.rest_mm + delta - centre_mm
    margin_mm = float(np.linalg.norm(before[rim], axis=1).mean())
    at_rest, now = np.linalg.norm(before, axis=1), np.linalg.norm(after, axis=1)
    moved = np.clip(np.linalg.norm(delta, axis=1) / 3.0, 0, 1)
    least = np.minimum(at_rest + LID_SPARE_MM * moved, LID_REACH * margin_mm)
    lid = clay.soft & (before[:, 2] > 0) & (at_rest > 0.94 * margin_mm) & (now < least)
    outwards = np.where(lid, least - now, 0.0) / np.maximum(now, 1e-6)
    return delta + outwards[:, None] * after


def upper_correctives(clay: Clay, shapes: np.ndarray, lids: np.ndarray) -> list[Corrective]:
    """Return the correctives of brows and lids.

    Parameters
    ----------
    clay : Clay
    shapes : (52, V, 3) float
        The finished units.
    lids : (V,) float
        1 on the margin of the left eye's lids, falling off over the lids.
    """
    inner = clay.near((15, 20, 29), (11, 10, 16))[:, None]
    frown, squint = shapes[UNIT_INDEX["browDownLeft"]], shapes[UNIT_INDEX["eyeSquintLeft"]]
    grief = clay.bump(Bump((12, 20, 29), (9, 9, 14), (-0.4, 5.4, 0.6)))
    grief += clay.bump(Bump((42, 25, 17), (10, 8, 14), (0, 0.8, 0)))
    grief += clay.bump(Bump((22, 10, 22), (7, 5, 12), (0, 1.4, 0.3)))
    covered = np.interp(clay.rest_mm[:, 0], GLARE_AT_MM, GLARE_SHARES) * lids
    glare = covered[:, None] * shapes[UNIT_INDEX["eyeWideLeft"]]
    # Raised and tightened lids: the upper one is held up, most of the lower one's way is left.
    held = np.where(squint[:, 1:2] < 0, 0.8, 0.35) * lids[:, None]
    pairs = (
        (("browInnerUp", "browDown*"), grief),
        (("noseSneer*", "browDown*"), -0.4 * frown * inner),
        (("browDown*", "eyeSquint*"), -0.6 * frown * lids[:, None]),
        (("cheekSquint*", "eyeSquint*"), -0.6 * squint * lids[:, None]),
        (("eyeBlink*", "browDown*"), -frown * lids[:, None]),
        (("eyeWide*", "eyeSquint*"), -held * squint),
        (("eyeWide*", "browDown*"), -glare),
        (("eyeWide*", "browDown*", "browInnerUp"), glare),
    )
    found = []
    for names, delta in pairs:
        for side, part in (("Left", delta), ("Right", clay.mirrored(delta))):
            found.append(Corrective(tuple(name.replace("*", side) for name in names), part))
    return found
