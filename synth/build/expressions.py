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
from synth.build.handles import Membrane
from synth.build.lips import LipLine
from synth.build.lower_face import handles_of
from synth.build.sculpt import Clay
from synth.build.upper_face import LOOK_DOWN_BLINK, OVER_EYE, UPPER_BUMPS, over_eyeball

MPFB_ANCESTRIES = ("african", "asian", "caucasian")

LIP_SEAL = 0.06
LID_REACH_MM = 4.5
SET_BACK = {
    "tongue": ((0.8, 0.7, 1.02), (0, -7.5, -2.0)),
}  # fmt: skip
"""Stretch about the rear of the part and shift, mm: nothing of it shows between closed lips."""

TONGUE_SINKS_MM = (0.0, -4.0, -5.0)
TONGUE_REACHES_MM = (0.0, 4.0, 15.0)
SEALED = ("mouthSmile", "mouthStretch", "mouthDimple", "mouthFrown", "mouthPress", "mouthShrugLower", "noseSneer")
"""Units that leave closed lips closed."""

RECIPES: dict[str, tuple[tuple[str, float], ...]] = {
    "browInnerUp": (("unit:browInnerUp", 0.55), ("mpfb:eyebrows-left-inner-up", 0.75),
                    ("mpfb:eyebrows-right-inner-up", 0.75)),
    "browOuterUp": (("unit:browOuterUp{Side}", 0.65), ("mpfb:eyebrows-{side}-extern-up", 0.35)),
    "browDown": (("unit:browDown{Side}", 0.5), ("mpfb:eyebrows-{side}-down", 0.85)),
    "eyeBlink": (("mpfb:eye-{side}-closure", 0.75), ("unit:eyeBlink{Side}", 0.25)),
    "eyeWide": (("unit:eyeWide{Side}", 0.75), ("mpfb:eye-{side}-opened-up", 0.2)),
    "eyeSquint": (("unit:eyeSquint{Side}", 0.6), ("mpfb:eye-{side}-slit", 0.3)),
    "cheekSquint": (("unit:cheekSquint{Side}", 0.55), ("unit:eyeSquint{Side}", 0.12)),
    "noseSneer": (("mpfb:eyebrows-{side}-down", 0.4),),
    "mouthUpperUp": (),
    "mouthSmile": (),
    "mouthDimple": (),
    "mouthStretch": (("mpfb:neck-platysma", 0.2),),
    "mouthFrown": (),
    "mouthLowerDown": (("unit:mouthLowerDown{Side}", 0.8), ("mpfb:mouth-depression-retraction", 0.25)),
    "mouthPress": (), "mouthRollUpper": (), "mouthRollLower": (),
    "mouthShrugLower": (),
    "mouthFunnel": (("mpfb:mouth-protusion", 0.75), ("unit:mouthFunnel", 0.3)),
    "mouthPucker": (("mpfb:mouth-pursing", 0.75), ("unit:mouthPucker", 0.35)),
    "mouthClose": (("unit:mouthClose", 0.985),),
    "jawOpen": (("unit:jawOpen", 0.8), ("mpfb:mouth-open", 0.22)),
    "tongueOut": (("unit:tongueOut", 1.0), ("unit:jawOpen", 0.2), ("unit:mouthLowerDownLeft", 0.2),
                  ("unit:mouthLowerDownRight", 0.2)),
}  # fmt: skip
"""Units that differ from the face unit of the same name, with gains."""


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
    lining : (n,) int
        Vertices of the mouth's lining, those of the lips left out.
    """

    def __init__(
        self,
        clay: Clay,
        fetch: Callable[[str], np.ndarray],
        rim: np.ndarray,
        eye_centre_mm: np.ndarray,
        tongue: np.ndarray,
        lips: LipLine,
        lining: np.ndarray,
    ) -> None:
        self.clay, self.fetch, self.rim, self.eye_centre_mm, self.tongue = clay, fetch, rim, eye_centre_mm, tongue
        self.lips = lips
        self.membrane = Membrane(clay, lining)

    def term(self, name: str) -> np.ndarray:
        """Return the displacement (V, 3) that a term names."""
        kind, _, target = name.partition(":")
        if kind == "unit":
            return self.fetch(f"unit/{target}")
        return np.mean([self.fetch(f"expression/units/{a}/{target}") for a in MPFB_ANCESTRIES], axis=0)

    def lid_share(self) -> np.ndarray:
        """Return (V,): 1 on the margin of the left eye's lids, falling off over the lids."""
        rest = self.clay.rest_mm
        distance = np.linalg.norm(rest[:, None] - rest[self.rim][None], axis=2).min(1)
        return np.exp(-0.5 * (distance / LID_REACH_MM) ** 2) * self.clay.soft

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
        handles = handles_of(stem)
        if handles:
            pulled = self.membrane.pulled(handles)
            total += pulled * self.clay.left_share() if sided else pulled
        for bump in UPPER_BUMPS.get(stem, ()):
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
    if stem in SEALED:
        delta = mixer.lips.sealed(delta)
    if stem == "jawOpen":
        return delta + mixer.tongue[:, None] * np.array(TONGUE_SINKS_MM)
    if stem == "tongueOut":
        rear, tip = clay.rest_mm[mixer.tongue, 2].min(), clay.rest_mm[mixer.tongue, 2].max()
        ahead = np.clip((clay.rest_mm[:, 2] - rear) / (tip - rear), 0, 1) * mixer.tongue
        return delta + ahead[:, None] ** 1.5 * np.array(TONGUE_REACHES_MM)
    if stem == "eyeBlink":
        return blink_shape(clay, delta, mixer.rim, mixer.eye_centre_mm)
    if stem == "browDown":
        return clay.smoothed(delta, clay.near((0, 38, 28), (5, 18, 22)) * clay.soft, 10)
    if stem == "browOuterUp":
        return delta * (1 - mixer.lid_share()[:, None])
    if stem == "eyeLookDown":
        delta = delta + LOOK_DOWN_BLINK * finish("eyeBlink", mixer.mix("eyeBlink", True), mixer)
    return over_eyeball(clay, delta, mixer.eye_centre_mm, mixer.rim) if stem in OVER_EYE else delta


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
