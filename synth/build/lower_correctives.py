"""What the sums of two units of the lower face get wrong, as handles; see `synth.build.lower_face`."""

from __future__ import annotations

from assets.rig import Corrective
from synth.build.handles import Handle, Membrane, Vector
from synth.build.lower_face import PLACES

PAIRS: tuple[tuple[str, str, dict[str, Vector]], ...] = (
    # A laugh: an open jaw pulls the corners in and down, which the smiling muscles resist; the upper teeth show.
    ("jawOpen", "mouthSmile*", {
        "corner": (5.0, 4.0, -2.4), "fold": (2.0, 1.4, 0.8), "fold_low": (3.6, 2.4, 0.2), "jowl": (2.2, 1.0, 0),
        "cheek": (1.2, 1.8, 1.6), "upper_end": (3.6, 3.8, -2.2), "upper_rim_mid": (0, 4.4, -0.8),
        "upper_rim": (1.6, 4.2, -2.0), "upper_peak": (0.4, 3.2, -1.2), "upper_mid": (0, 3.0, -0.8),
        "upper_side": (1.6, 3.2, -2.6), "lower_rim": (3.2, 1.0, -1.0), "lower_side": (3.2, 1.0, -1.0),
        "lower_rim_mid": (0, 1.4, 0), "lower_mid": (0, 1.0, 0), "base": (0, 0.2, 0), "boss": (0, 0, 0),
    }),
    # A grin: stretched over the teeth, the upper lip is drawn up; the lower one gives a little of its way down.
    ("mouthSmile*", "mouthLowerDown*", {
        "upper_rim_mid": (0, 0.6, -0.6), "upper_rim": (0.2, 0.6, -0.6), "upper_mid": (0, 0.5, -0.8),
        "upper_side": (0.2, 0.4, -0.8), "upper_end": (0, 0.2, -0.2), "lower_rim_mid": (0, 0.4, -0.8),
        "lower_rim": (0.2, -0.6, -0.8), "lower_mid": (0, 0.3, -0.6), "lower_side": (0.2, -0.4, -0.6),
        "corner": (0, 0.2, 0),
        "under_lip": (0, 0.2, 0), "boss": (0, 0, 0), "base": (0, 0, 0), "under_corner": (0, 0, 0),
    }),
    # A broad smile that bares the teeth: the lip is drawn straight between its corners, which go up with it.
    ("mouthSmile*", "mouthUpperUp*", {
        "upper_rim_mid": (0, -4.4, 0), "upper_rim": (-0.4, -2.8, 0.2), "upper_mid": (0, -4.2, 0.2),
        "upper_peak": (0, -4.0, 0.2), "upper_side": (-0.6, -2.6, 0.4), "upper_end": (0.2, 1.4, 0),
        "corner": (0.3, 2.4, -0.4), "lower_end": (0.2, 0.6, 0), "fold": (-0.6, -1.6, 0.6), "fold_low": (0, 1.6, 0),
        "cheek": (-0.4, -0.8, -0.4), "triangle": (0, -1.4, -0.6), "wing": (-0.6, -0.6, 0),
        "base": (0, -0.6, 0), "lower_rim_mid": (0, -6.6, -0.4), "lower_rim": (0, -5.0, -0.4), "lower_mid": (0, -5.6, 0),
        "lower_side": (0, -4.2, 0), "under_lip": (0, -2.6, 0), "under_corner": (0, 1.0, 0), "boss": (0, 0, 0),
        "jowl": (0, 0.8, 0),
    }),
    # Disgust, and both levators of the lip: they pull at the same skin, which gives only once.
    ("noseSneer*", "mouthUpperUp*", {
        "wing": (-0.8, -3.0, -0.4), "wing_foot": (-0.6, -3.0, 0), "fold": (0, -3.4, 0.4), "triangle": (0, -3.2, -1.2),
        "cheek": (0, -2.2, -0.8), "infra": (0, -1.6, -0.6), "upper_mid": (0, -1.8, 0), "upper_side": (-0.2, -2.0, 0),
        "upper_rim_mid": (0, -1.4, 0), "upper_rim": (0, -1.4, 0), "corner": (0, -0.6, 0), "lower_rim_mid": (0, -0.8, 0),
        "base": (0, -0.6, 0), "tip": (0, -0.3, 0),
    }),
    # Lips that are rolled in cannot go further back than the teeth.
    ("mouthSmile*", "mouthPress*", {
        "upper_rim_mid": (0, 0, 2.6), "upper_rim": (0, 0, 2.6), "lower_rim_mid": (0, 0, 2.2), "lower_rim": (0, 0, 2.4),
        "upper_mid": (0, 0.4, 1.2), "lower_mid": (0, -1.0, 0.8), "corner": (-0.4, -1.2, 1.2),
        "under_lip": (0, -0.6, -0.6), "fold_low": (0, 0, 0), "base": (0, 0, 0),
    }),
    # A mouth is not stretched twice.
    ("mouthSmile*", "mouthStretch*", {
        "corner": (-4.6, -1.0, 4.2), "upper_rim": (-2.0, 0, 2.0), "lower_rim": (-2.0, 0, 2.0),
        "fold_low": (-3.0, -0.8, 2.0),
        "jowl": (-2.0, 0, 0), "upper_rim_mid": (0, 0, 1.4), "lower_rim_mid": (0, 0, 1.0), "upper_side": (-2.0, 0, 2.2),
        "lower_side": (-2.0, 0, 2.0), "under_corner": (-2.4, -0.4, 1.8), "base": (0, 0, 0),
    }),
)  # fmt: skip
"""Two units, ``*`` for the side of both, and what is added at weight 1 of each, left and mirrored."""

CENTRAL: tuple[tuple[str, str, dict[str, Vector]], ...] = (
    # A funnel on a dropped jaw is round: the lower lip does not go down twice.
    ("jawOpen", "mouthFunnel", {
        "lower_rim_mid": (0, 7.0, 0), "lower_rim": (-1.6, 4.6, 0.6), "lower_mid": (0, 6.0, 0),
        "lower_side": (-1.0, 4.4, 0.4),
        "corner": (-3.4, 1.0, 1.4), "upper_rim_mid": (0, -1.0, 0), "upper_rim": (-1.4, -0.6, 0.4),
        "under_lip": (0, 3.6, 0),
        "fold_low": (-1.6, 0, 0.6), "under_corner": (-1.6, 1.2, 0.4), "boss": (0, 0.6, 0), "base": (0, 0, 0),
    }),
)  # fmt: skip


def lower_correctives(membrane: Membrane) -> list[Corrective]:
    """Return the correctives of nose, cheeks, lips and chin."""
    clay = membrane.clay
    found = []
    for first, second, pulls in CENTRAL:
        found.append(Corrective((first, second), membrane.pulled(_handles(pulls))))
    for first, second, pulls in PAIRS:
        left = membrane.pulled(_handles(pulls)) * clay.left_share()
        for side, delta in (("Left", left), ("Right", clay.mirrored(left))):
            found.append(Corrective((first.replace("*", side), second.replace("*", side)), delta))
    return found


def _handles(pulls: dict[str, Vector]) -> tuple[Handle, ...]:
    return tuple(Handle(PLACES[place][0], move, PLACES[place][1]) for place, move in pulls.items())
