"""The 52 expression units: what is mixed from the sources, and what is sculpted on top.

A term ``unit:NAME`` is a face unit of the source, ``mpfb:NAME`` the mean over three ancestries of an MPFB
expression target. ``{Side}`` becomes Left, ``{side}`` left. Sided units are made on the left half and
mirrored, so that left and right are exact mirror images.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assets.units import UNITS, mirror_name
from synth.build.blink import blink_shape
from synth.build.lips import LipLine
from synth.build.sculpt import Bump, Clay

MPFB_ANCESTRIES = ("african", "asian", "caucasian")

LIP_SEAL = 0.06
SET_BACK = {
    "tongue": ((0.8, 0.7, 1.02), (0, -7.5, -2.0)),
}  # fmt: skip
"""Stretch about the rear of the part and shift, mm: nothing of it shows between closed lips."""

TONGUE_SINKS_MM = (0.0, -4.0, -5.0)
TONGUE_REACHES_MM = (0.0, 4.0, 15.0)
SMILE_GAIN = np.array([1.18, 0.9, 1.12])

RECIPES: dict[str, tuple[tuple[str, float], ...]] = {
    "browInnerUp": (("unit:browInnerUp", 0.55), ("mpfb:eyebrows-left-inner-up", 0.75),
                    ("mpfb:eyebrows-right-inner-up", 0.75)),
    "browOuterUp": (("unit:browOuterUp{Side}", 0.75), ("mpfb:eyebrows-{side}-extern-up", 0.45)),
    "browDown": (("unit:browDown{Side}", 0.5), ("mpfb:eyebrows-{side}-down", 0.85)),
    "eyeBlink": (("mpfb:eye-{side}-closure", 0.75), ("unit:eyeBlink{Side}", 0.25)),
    "eyeWide": (("unit:eyeWide{Side}", 0.75), ("mpfb:eye-{side}-opened-up", 0.2)),
    "eyeSquint": (("unit:eyeSquint{Side}", 0.6), ("mpfb:eye-{side}-slit", 0.3)),
    "cheekSquint": (("unit:cheekSquint{Side}", 0.9), ("unit:eyeSquint{Side}", 0.22)),
    "noseSneer": (("unit:noseSneer{Side}", 0.9), ("mpfb:nose-{side}-elevation", 0.9),
                  ("mpfb:eyebrows-{side}-down", 0.4), ("mpfb:mouth-elevation", 0.22)),
    "mouthUpperUp": (("unit:mouthUpperUp{Side}", 0.5), ("mpfb:mouth-elevation", 0.75),
                     ("mpfb:nose-{side}-elevation", 0.35)),
    "mouthSmile": (("mpfb:mouth-corner-puller", 1.0), ("unit:mouthSmile{Side}", 0.3)),
    "mouthDimple": (("unit:mouthDimple{Side}", 0.45),),
    "mouthStretch": (("mpfb:mouth-retraction", 1.15), ("unit:mouthStretch{Side}", 0.25), ("mpfb:neck-platysma", 0.2)),
    "mouthFrown": (("unit:mouthFrown{Side}", 0.75), ("mpfb:mouth-depression", 0.35)),
    "mouthLowerDown": (("unit:mouthLowerDown{Side}", 0.8), ("mpfb:mouth-depression-retraction", 0.25)),
    "mouthPress": (),
    "mouthShrugLower": (("unit:mouthShrugLower", 0.9),),
    "mouthFunnel": (("mpfb:mouth-protusion", 0.75), ("unit:mouthFunnel", 0.3)),
    "mouthPucker": (("mpfb:mouth-pursing", 0.75), ("unit:mouthPucker", 0.35)),
    "mouthClose": (("unit:mouthClose", 0.05),),
    "jawOpen": (("unit:jawOpen", 0.8), ("mpfb:mouth-open", 0.22)),
    "tongueOut": (("unit:tongueOut", 1.0), ("unit:jawOpen", 0.2), ("unit:mouthLowerDownLeft", 0.2),
                  ("unit:mouthLowerDownRight", 0.2)),
}  # fmt: skip
"""Units that differ from the face unit of the same name, with gains."""

BUMPS: dict[str, tuple[Bump, ...]] = {
    "cheekSquint": (
        Bump((40, -24, 16), (15, 11, 18), (-1.0, 4.5, 2.6)),
        Bump((31, -12, 18), (12, 4, 14), (0, 1.6, 0.8)),
        Bump((53, -3, 8), (6, 9, 12), (-1.5, 0.8, 0.6)),
    ),
    "noseSneer": (
        Bump((10, -21, 28), (8, 10, 14), (-0.6, 3.0, 1.2)),
        Bump((17, -41, 30), (8, 8, 14), (0.8, 3.2, 0.2)),
        Bump((25, -34, 24), (8, 10, 14), (0.5, 2.4, 1.8)),
        Bump((10, 9, 28), (9, 7, 12), (-1.2, -2.2, 0.4)),
    ),
    "mouthUpperUp": (Bump((26, -42, 22), (9, 11, 14), (0.5, 2.0, 1.6)),),
    "mouthSmile": (
        Bump((42, -32, 16), (15, 12, 18), (0.6, 2.6, 2.4)),
        Bump((0, -75, 34), (15, 9, 14), (0, 1.6, -1.0)),
    ),
    "mouthDimple": (
        Bump((30, -73, 14), (5.5, 6.5, 12), (2.6, 0.5, -6.0)),
        Bump((39, -73, 8), (7, 13, 12), (1.6, 0.5, 2.2)),
        Bump((22, -66, 24), (6, 5, 10), (0.4, -0.6, 0.8)),
        Bump((30, -80, 14), (5, 5, 10), (0.3, 1.0, 0)),
    ),
    "mouthStretch": (Bump((30, -76, 13), (10, 11, 14), (3.2, -1.4, -1.6)),),
    "mouthShrugLower": (
        Bump((0, -101, 26), (15, 10, 14), (0, 4.2, 1.6)),
        Bump((0, -82, 33), (16, 6, 12), (0, 2.0, 1.6), "lower"),
        Bump((0, -69, 35), (14, 5, 12), (0, 1.0, 0.8), "upper"),
        Bump((25, -78, 16), (7, 6, 12), (0, -1.2, 0)),
    ),
}  # fmt: skip
"""Sculpted on top, on the left; central units get the mirror image as well."""


class ExpressionMixer:
    """Mixes displacements of the source into units.

    Parameters
    ----------
    clay : Clay
    fetch : callable
        From the name of a target of the source to its displacement (V, 3) in rig millimetres.
    rim : (n,) int
        Rim of the left eye's lids.
    eye_centre_mm : (3,) float
        Of the left eyeball.
    tongue : (V,) bool
    lips : LipLine
    """

    def __init__(
        self,
        clay: Clay,
        fetch: Callable[[str], np.ndarray],
        rim: np.ndarray,
        eye_centre_mm: np.ndarray,
        tongue: np.ndarray,
        lips: LipLine,
    ) -> None:
        self.clay, self.fetch, self.rim, self.eye_centre_mm, self.tongue = clay, fetch, rim, eye_centre_mm, tongue
        self.lips = lips

    def term(self, name: str) -> np.ndarray:
        """Return the displacement (V, 3) that a term names."""
        kind, _, target = name.partition(":")
        if kind == "unit":
            return self.fetch(f"unit/{target}")
        return np.mean([self.fetch(f"expression/units/{a}/{target}") for a in MPFB_ANCESTRIES], axis=0)

    def mix(self, stem: str, sided: bool) -> np.ndarray:
        """Return a unit before the finishing touches; a sided one as its left half."""
        terms = RECIPES.get(stem, ((f"unit:{stem}{{Side}}" if sided else f"unit:{stem}", 1.0),))
        total = np.zeros_like(self.clay.rest_mm)
        for name, gain in terms:
            own = "{Side}" in name or "{side}" in name
            delta = self.term(name.format(Side="Left", side="left"))
            if sided and not own:
                delta = delta * self.clay.left_share()
            total += gain * delta
        for bump in BUMPS.get(stem, ()):
            push = self.clay.bump(bump)
            total += push * self.clay.left_share() * 2 if sided and bump.centre[0] == 0 else push
            if not sided and bump.centre[0] != 0:
                total += self.clay.mirrored(push)
        return total


def expression_shapes(mixer: ExpressionMixer) -> np.ndarray:
    """Return all units (52, V, 3) in millimetres, in the order of ``UNITS``."""
    made: dict[str, np.ndarray] = {}
    for name in UNITS:
        if name.endswith("Right"):
            continue
        sided = name.endswith("Left") and mirror_name(name) in UNITS and name not in ("jawLeft", "mouthLeft")
        stem = name[:-4] if sided else name
        delta = finish(stem, mixer.mix(stem, sided), mixer)
        if sided or name in ("jawLeft", "mouthLeft"):
            made[name], made[mirror_name(name)] = delta, mixer.clay.mirrored(delta)
        else:
            made[name] = (delta + mixer.clay.mirrored(delta)) / 2
    return np.stack([made[name] for name in UNITS])


def finish(stem: str, delta: np.ndarray, mixer: ExpressionMixer) -> np.ndarray:
    """Return a unit with the corrections that depend on what was mixed."""
    clay = mixer.clay
    if stem == "mouthSmile":
        cheek = clay.near((46, -62, 5), (12, 22, 25)) * (1 - clay.near((27, -74, 16), (5, 5, 8)))
        return mixer.lips.sealed(clay.smoothed(delta * SMILE_GAIN, np.clip(1.3 * cheek, 0, 1) * clay.soft, 25))
    if stem == "mouthStretch":
        beside = clay.near((40, -74, 8), (11, 20, 25)) * (1 - clay.near((27, -75, 16), (4, 4, 8)))
        return mixer.lips.sealed(clay.smoothed(delta, np.clip(1.5 * beside, 0, 1) * clay.soft, 25))
    if stem == "mouthPress":
        return _press(mixer)
    if stem == "jawOpen":
        return delta + mixer.tongue[:, None] * np.array(TONGUE_SINKS_MM)
    if stem == "tongueOut":
        rear, tip = clay.rest_mm[mixer.tongue, 2].min(), clay.rest_mm[mixer.tongue, 2].max()
        ahead = np.clip((clay.rest_mm[:, 2] - rear) / (tip - rear), 0, 1) * mixer.tongue
        return delta + ahead[:, None] ** 1.5 * np.array(TONGUE_REACHES_MM)
    if stem == "eyeBlink":
        return blink_shape(clay, delta, mixer.rim, mixer.eye_centre_mm)
    return delta


def _press(mixer: ExpressionMixer) -> np.ndarray:
    """AU24: both lips roll in a little and swell above and below; the corners stay where they are."""
    clay = mixer.clay
    rolls = mixer.term("unit:mouthRollUpper") * 0.5 + mixer.term("unit:mouthRollLower") * 0.8
    swell = clay.bump(Bump((12, -64, 34), (14, 4, 12), (0, -0.6, 1.3), "upper"))
    swell += clay.bump(Bump((12, -85, 32), (14, 4.5, 12), (0, 1.2, 1.5), "lower"))
    corner = clay.bump(Bump((29, -74, 14), (5, 6, 10), (-0.8, -0.4, -1.2)))
    return (rolls + swell) * clay.left_share() + corner


def settle(mean_mm: np.ndarray, owner: np.ndarray, parts: list[str], fetch: Callable[[str], np.ndarray]) -> np.ndarray:
    """Return the mean head at rest: lips sealed, the tongue set back behind them.

    Parameters
    ----------
    mean_mm : (V, 3) float
    owner : (V,) int
        Part of each vertex, an index into ``parts``.
    parts : list of str
    fetch : callable
        As in `ExpressionMixer`.
    """
    rest = mean_mm + LIP_SEAL * fetch("unit/mouthClose")
    for name, (stretch, shift) in SET_BACK.items():
        rows = owner == parts.index(name)
        pivot = np.array([0.0, rest[rows, 1].mean(), rest[rows, 2].min()])
        rest[rows] = (mean_mm[rows] - pivot) * stretch + pivot + shift
    return rest
