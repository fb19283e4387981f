"""Geometric activation of every Action Unit, from landmarks in millimetres of the pose-free face.

Each measure is a length that grows when the muscle of its Action Unit acts (the appearance changes of Ekman, Friesen
and Hager, Facial Action Coding System, 2002). It is taken on both sides of the face and has an arbitrary zero: only
its change over the frames of one person, and its level beside that of the real face, are used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.landmarks import MIRROR_POINTS

_MIRROR = np.array(MIRROR_POINTS)


class Side:
    """The subject's right half of a face; the left one is the right one of the mirrored face.

    Parameters
    ----------
    points_mm : (T, 478, 3) float
    """

    def __init__(self, points_mm: np.ndarray) -> None:
        self.points = points_mm

    def at(self, *points: int) -> np.ndarray:
        """Return the mean (T, 3) of some points: across (towards the subject's right), up, out."""
        return self.points[:, list(points)].mean(1) * np.array([-1.0, 1.0, 1.0])

    def across(self, *points: int) -> np.ndarray:
        """Return the distance (T,) from the middle of the face, millimetres."""
        return self.at(*points)[:, 0]

    def up(self, *points: int) -> np.ndarray:
        """Return the height (T,), millimetres."""
        return self.at(*points)[:, 1]


@dataclass(frozen=True)
class Measure:
    """How an Action Unit is read from landmarks.

    Attributes
    ----------
    number : int
    formula : str
        What is computed, in words; landmark numbers are those of the face mesh on the subject's right.
    rationale : str
        The appearance change it stands for.
    visible_mm : float
        Change that a coder would call a trace; less variation than that is none.
    read : function
        Of a ``Side``, in millimetres.
    """

    number: int
    formula: str
    rationale: str
    visible_mm: float
    read: Callable[[Side], np.ndarray]


def _corner_line(side: Side) -> np.ndarray:
    return side.up(33, 133)


def _thickness(side: Side) -> np.ndarray:
    upper = side.up(37, 39) - side.up(82, 81)
    return upper + side.up(87, 178) - side.up(84, 181)


def _gap(side: Side) -> np.ndarray:
    return side.up(82, 13) - side.up(87, 14)


_TABLE: tuple[Measure, ...] = (
    Measure(1, "height of the inner brow (55, 107) above the eye-corner line (33, 133)",
            "frontalis, inner part: inner corner of the brow goes up", 0.8,
            lambda s: s.up(55, 107) - _corner_line(s)),
    Measure(2, "height of the outer brow (70, 63) above the eye-corner line",
            "frontalis, outer part: outer part of the brow goes up", 0.8,
            lambda s: s.up(70, 63) - _corner_line(s)),
    Measure(4, "minus height of the whole brow (55, 65, 52, 107, 66, 105), minus half of its distance from the middle "
            "(55)", "corrugator: brows go down and together", 0.8,
            lambda s: _corner_line(s) - s.up(55, 65, 52, 107, 66, 105) - 0.5 * s.across(55, 107)),
    Measure(5, "height of the upper lid (160, 159, 158) above the eye-corner line",
            "levator palpebrae: the upper lid goes up", 0.4,
            lambda s: s.up(160, 159, 158) - _corner_line(s)),
    Measure(6, "height of the cheek (50, 101, 118, 36) above the wing of the nose at rest (tip 4 and bridge 6)",
            "orbicularis oculi, outer part: the cheek goes up", 0.5,
            lambda s: s.up(50, 101, 118, 36) - s.up(4, 6)),
    Measure(7, "height of the lower lid (144, 145, 153) above the eye-corner line",
            "orbicularis oculi, inner part: the lower lid goes up and straightens", 0.4,
            lambda s: s.up(144, 145, 153) - _corner_line(s)),
    Measure(9, "height of the nose wing (64, 98, 48, 115) below the root of the nose (168, 6)",
            "levator labii alaeque nasi: wings go up, the nose gets shorter", 0.5,
            lambda s: s.up(64, 98, 48, 115) - s.up(168, 6)),
    Measure(10, "height of the upper lip (37, 39, 40) below the base of the nose (2)",
            "levator labii: the upper lip goes up", 0.6,
            lambda s: s.up(37, 39, 40) - s.up(2)),
    Measure(12, "corner of the mouth (61): distance from the middle plus height below the base of the nose, over √2",
            "zygomaticus: corners go up and out", 0.8,
            lambda s: (s.across(61) + s.up(61) - s.up(2)) / np.sqrt(2)),
    Measure(14, "corner of the mouth (61): how far behind the lips' middle (0, 17), plus half its distance from the "
            "middle", "buccinator: corners are drawn in and back", 0.6,
            lambda s: s.at(0, 17)[:, 2] - s.at(61)[:, 2] + 0.5 * s.across(61)),
    Measure(15, "minus height of the corner (61) above the parting line of the lips (13, 14)",
            "depressor anguli oris: corners go down", 0.6,
            lambda s: s.up(13, 14) - s.up(61)),
    Measure(17, "height of the lower lip's rim (17, 84) below the base of the nose (2), and of the chin boss (199, "
            "200) above the chin (152, 148), halved", "mentalis: chin boss and lower lip go up", 0.6,
            lambda s: 0.5 * (s.up(17, 84) - s.up(2)) + 0.5 * (s.up(199, 200) - s.up(152, 148))),
    Measure(20, "distance of the corner (61) from the middle, less its height above the parting line",
            "risorius: the mouth gets wider without the corners going up", 0.8,
            lambda s: s.across(61) - np.maximum(0.0, s.up(61) - s.up(13, 14))),
    Measure(23, "minus height of both red lips (37–82, 87–84), minus a quarter of the corner's distance",
            "orbicularis oris: lips get thin and the mouth narrow", 0.5,
            lambda s: -_thickness(s) - 0.25 * s.across(61)),
    Measure(24, "minus height of both red lips, minus the gap between them",
            "orbicularis oris: lips are pressed on each other", 0.5,
            lambda s: -_thickness(s) - _gap(s)),
    Measure(25, "gap between the inner rims of the lips (13, 82 over 14, 87)",
            "the lips part", 0.6, _gap),
    Measure(26, "distance of the chin (152, 148) below the base of the nose (2)",
            "the jaw drops", 1.0,
            lambda s: s.up(2) - s.up(152, 148)),
    Measure(43, "minus the opening of the lids (160, 159, 158 over 144, 145, 153)",
            "the lids close", 0.6,
            lambda s: s.up(144, 145, 153) - s.up(160, 159, 158)),
)  # fmt: skip

MEASURES: dict[int, Measure] = {measure.number: measure for measure in _TABLE}
"""Action Unit number to its measure; these are the Action Units that are audited."""

AUDITED: tuple[int, ...] = tuple(MEASURES)


def geometric_activation(points_mm: np.ndarray) -> np.ndarray:
    """Return the measures of every audited Action Unit.

    Parameters
    ----------
    points_mm : (T, 478, 3) float
        As ``synth.audit.pose_free.pose_free`` returns them.

    Returns
    -------
    (T, A, 2) float64
        Millimetres of the canonical face, on the subject's left and right side.
    """
    mirrored = points_mm[:, _MIRROR] * np.array([-1.0, 1.0, 1.0])
    left, right = Side(mirrored), Side(points_mm)
    values = [[MEASURES[number].read(left), MEASURES[number].read(right)] for number in AUDITED]
    return np.moveaxis(np.array(values), 2, 0)
