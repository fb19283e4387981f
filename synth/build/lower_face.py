"""What the units of nose, cheeks, lips and chin do to the lower face, as handles on the mean head.

Directions and sizes were chosen against the muscles' pulls in the Facial Action Coding System (Ekman, Friesen and
Hager 2002) and checked for size against measurements of a scan-based face model. One row is one place of the left
half and its displacement at weight 1, in millimetres.
"""

from __future__ import annotations

from synth.build.handles import Handle, Vector

PLACES: dict[str, tuple[Vector, str]] = {
    "corner": ((25, -74, 22), ""),
    "upper_mid": ((0, -64, 36), "upper"), "upper_peak": ((7, -62, 35), "upper"), "upper_side": ((15, -65, 31), "upper"),
    "upper_rim_mid": ((0, -72, 34), "upper"), "upper_rim": ((12, -72, 32), "upper"),
    "lower_rim_mid": ((0, -72, 31), "lower"), "lower_rim": ((12, -72, 29), "lower"),
    "upper_end": ((20.5, -72.5, 26), "upper"), "lower_end": ((20.5, -74, 26), "lower"),
    "lower_mid": ((0, -84, 33), "lower"), "lower_side": ((13, -82, 30), "lower"),
    "under_lip": ((0, -91, 27), "lower"), "under_corner": ((26, -90, 18), ""),
    "boss": ((0, -106, 25), ""), "boss_side": ((14, -104, 22), ""), "chin": ((0, -119, 10), ""),
    "tip": ((0, -42, 47), ""), "base": ((0, -51, 39), ""), "wing": ((19, -42, 25), ""),
    "wing_foot": ((15, -49, 27), ""),
    "nose_side": ((10, -26, 29), ""), "nose_bridge": ((0, -22, 36), ""), "nose_root": ((0, -6, 27), ""),
    "lip_skin": ((11, -57, 33), "upper"), "dimple": ((31, -74, 17), ""),
    "fold": ((30, -54, 20), ""), "fold_low": ((33, -66, 17), ""), "cheek": ((40, -46, 16), ""),
    "triangle": ((27, -34, 21), ""), "infra": ((34, -27, 17), ""), "bone": ((49, -37, 11), ""),
    "jowl": ((46, -77, 4), ""), "jowl_high": ((52, -60, 2), ""),
}  # fmt: skip
"""Places that handles name, with the lip they belong to."""

PULLS: dict[str, dict[str, Vector]] = {
    "rest": {
        "corner": (0.3, 1.5, 0.2), "upper_rim": (0, 0.4, 0), "lower_rim": (0, 0.4, 0), "upper_rim_mid": (0, -0.2, 0.1),
        "lower_rim_mid": (0, -0.2, 0), "upper_mid": (0, -0.2, 0), "lower_mid": (0, -0.2, 0), "under_lip": (0, 0, 0.4),
        "lower_side": (0, 0.3, 0), "upper_side": (0, 0.2, 0), "boss": (0, 0, 0), "fold_low": (0, 0.5, 0.2),
        "base": (0, 0, 0), "wing_foot": (0, 0, 0), "upper_end": (0, 0.2, 0), "lower_end": (0, 1.6, 0.2),
    },
    "mouthRollUpper": {
        "upper_mid": (0, -5.0, -3.8), "upper_peak": (-0.2, -5.0, -3.4), "upper_side": (-0.5, -3.6, -2.7),
        "upper_rim_mid": (0, -0.4, -7.2), "upper_rim": (-1.0, -0.2, -6.4), "upper_end": (-1.7, 0, -1.6),
        "corner": (-2.0, 0, 0.2), "lower_end": (-1.5, 0, -0.4), "lower_rim": (0, 0, 0), "lower_rim_mid": (0, 0, 0),
        "lower_mid": (0, 0, 0), "base": (0, -0.8, -0.2), "wing_foot": (0, -0.8, 0.2), "fold_low": (-0.9, 0, 0.4),
        "under_corner": (-0.4, 0, 0.2), "jowl": (0, 0, 0), "fold": (0, -0.3, 0.4), "tip": (0, 0, 0),
        "nose_side": (0, 0, 0),
    },
    "mouthRollLower": {
        "lower_mid": (0, 7.2, -1.7), "lower_side": (-0.5, 5.2, -1.5), "lower_rim_mid": (0, 0.8, -6.4),
        "lower_rim": (-1.0, 0.5, -5.6), "lower_end": (-1.7, 0.2, -1.4), "corner": (-2.0, 0, 0.2),
        "upper_end": (-1.5, 0, -0.4), "upper_rim": (0, 0, 0), "upper_rim_mid": (0, 0, 0), "upper_mid": (0, 0, 0),
        "under_lip": (0, 6.2, 3.8), "boss": (0, 2.2, 1.4), "under_corner": (-0.4, 1.2, 0.9), "fold_low": (-0.9, 0, 0.4),
        "jowl": (0, 0, 0),
    },
    "noseSneer": {
        "wing": (1.0, 7.8, 1.2), "wing_foot": (0.6, 6.2, 0.4), "tip": (0, 2.6, 0.6), "base": (0, 2.8, 0.5),
        "nose_side": (-0.6, 5.0, 2.4), "nose_bridge": (0, 2.2, 0.4), "triangle": (-1.0, 9.0, 3.4),
        "infra": (-0.8, 6.0, 2.2), "fold": (-1.4, 8.4, 0.2), "cheek": (-1.2, 6.6, 2.8), "bone": (-0.4, 3.6, 1.4),
        "upper_mid": (0, 3.6, -0.6), "upper_peak": (0.2, 4.4, -0.6), "upper_side": (0.4, 5.0, -0.3),
        "upper_rim_mid": (0, 3.0, 0.0), "upper_rim": (0.3, 3.6, 0.0), "upper_end": (0, 3.2, 0.2),
        "corner": (-0.3, 2.8, 0.2), "lower_end": (0, 2.4, 0.2), "lower_rim_mid": (0, 2.0, 0), "lower_rim": (0, 2.2, 0),
        "lower_mid": (0, 1.4, 0), "fold_low": (-1.2, 6.0, 0.2), "under_corner": (0, 1.4, 0.2), "under_lip": (0, 0.4, 0),
        "boss": (0, 0, 0), "chin": (0, 0, 0),
    },
    "mouthUpperUp": {
        "upper_mid": (0, 7.9, -0.6), "upper_peak": (0.8, 8.8, -0.8), "upper_side": (1.8, 8.4, -0.8),
        "upper_rim_mid": (0, 8.1, 0.2), "upper_rim": (1.4, 7.7, 0), "upper_end": (1.1, 4.7, 0),
        "corner": (0.7, 2.0, -0.5), "wing": (2.4, 4.6, 0.2), "wing_foot": (2.2, 5.5, -0.6), "tip": (0, 0.2, 0),
        "base": (0, 1.5, -0.5), "fold": (1.7, 6.2, -0.9), "cheek": (0.8, 3.9, 2.4), "triangle": (0.7, 4.2, 2.4),
        "infra": (0.2, 2.3, 1.1), "bone": (0.3, 1.7, 0.8), "fold_low": (1.0, 3.2, -1.0), "lower_mid": (0, 0, 0),
        "lower_rim_mid": (0, 0.4, 0), "lower_rim": (0, 0.5, 0), "under_corner": (0, 0.5, 0),
    },
    "mouthSmile": {
        "corner": (9.2, 9.9, -9.8), "upper_mid": (0, 2.0, -4.2), "upper_peak": (2.2, 2.2, -4.8),
        "upper_side": (5.5, 4.0, -6.5), "upper_rim_mid": (0, 2.7, -3.5), "upper_rim": (4.8, 4.4, -5.6),
        "lower_rim_mid": (0, 2.7, -2.2), "lower_rim": (4.8, 4.4, -4.6), "lower_mid": (0, 2.9, -2.8),
        "lower_side": (4.2, 4.7, -5.5), "under_lip": (0, 2.2, -0.8), "under_corner": (4.0, 6.8, -4.2),
        "boss": (0, 1.8, 0.4), "fold": (5.8, 6.3, -2.0), "fold_low": (8.0, 9.2, -5.8), "cheek": (5.0, 6.6, 4.2),
        "triangle": (2.0, 3.5, 1.0), "infra": (1.5, 3.5, 2.2), "bone": (3.2, 5.2, 3.5), "jowl": (5.2, 6.8, -2.2),
        "jowl_high": (5.2, 6.0, 0.8), "wing": (1.6, 1.4, -0.4), "wing_foot": (2.0, 1.8, -1.0), "tip": (0, -0.3, -0.2),
        "base": (0, 0.2, -0.8), "upper_end": (7.6, 7.7, -8.6), "lower_end": (7.6, 7.7, -8.4),
    },
    "mouthDimple": {
        "corner": (1.6, 0.0, -6.9), "upper_mid": (0, -0.3, -0.4), "upper_peak": (0.5, -0.4, -0.5),
        "upper_side": (1.6, -0.8, -1.7), "upper_rim_mid": (0, -0.2, -0.5), "upper_rim": (1.6, -0.3, -1.3),
        "upper_end": (1.8, -0.1, -5.1), "lower_end": (1.6, 0.3, -5.6), "dimple": (1.2, 0.3, -2.8),
        "lower_rim_mid": (0, 0.0, -0.3), "lower_rim": (1.6, 0.0, -1.3), "lower_mid": (0, 0.7, -1.0),
        "lower_side": (1.7, 1.4, -2.1), "under_corner": (1.4, 3.4, -0.2), "under_lip": (0, 0.6, -0.5),
        "boss": (0, 1.0, 0), "boss_side": (0.7, 1.5, 0.3), "chin": (0, 0.2, 0.3),
        "fold": (0.6, 0.0, 1.6), "fold_low": (1.6, -0.5, 2.4), "cheek": (0.8, 0.4, 2.5), "jowl": (-0.2, 0.6, 1.7),
        "jowl_high": (0.3, 0.2, 1.4), "wing_foot": (0.3, -0.1, 0.1), "tip": (0, 0, 0), "base": (0, -0.1, 0),
    },
    "mouthFrown": {
        "corner": (1.8, -6.0, -1.4), "upper_mid": (0, -0.8, -0.5), "upper_peak": (0.3, -1.0, -0.6),
        "upper_side": (0.8, -2.4, -0.9), "upper_rim_mid": (0, -0.4, -0.3), "upper_rim": (0.8, -1.4, -0.7),
        "lower_rim_mid": (0, -0.4, 0.2), "lower_rim": (0.8, -1.4, -0.2), "lower_mid": (0, 0.0, 0.4),
        "lower_side": (0.8, -1.4, 0.4), "under_lip": (0, 0.4, 0.6), "under_corner": (1.0, -3.6, 2.0),
        "boss": (0, 0.8, 1.2), "boss_side": (0, 0.2, 1.0), "fold": (0.0, -2.4, -0.6), "fold_low": (0.6, -4.2, -0.8),
        "cheek": (-0.2, -1.6, -0.2), "jowl": (1.2, -2.4, 0.8), "wing_foot": (0.1, -0.9, -0.3), "base": (0, -0.3, -0.2),
    },
    "mouthShrugLower": {
        "boss": (0, 10.2, 3.2), "boss_side": (-1.0, 8.4, 2.9), "chin": (0, 5.6, 4.6), "under_lip": (0, 8.8, 3.0),
        "lower_mid": (0, 6.7, 4.6), "lower_side": (0.3, 5.1, 3.6), "lower_rim_mid": (0, 4.9, 4.4),
        "lower_rim": (0.5, 3.6, 3.3), "upper_rim_mid": (0, 4.4, 2.3), "upper_rim": (0.3, 2.8, 1.5),
        "upper_mid": (0, 2.8, 1.5), "upper_peak": (0, 2.6, 1.3), "upper_side": (0, 1.3, 0.8),
        "corner": (0.3, -1.5, 0.5),
        "under_corner": (-0.5, 2.8, 1.2), "jowl": (0, 0.5, 0.3), "base": (0, 0.5, 0.1), "fold_low": (0.3, -0.5, 0.3),
    },
    "mouthStretch": {
        "corner": (8.2, -1.0, -6.8), "upper_mid": (0, -0.9, -2.6), "upper_peak": (1.4, -1.0, -2.8),
        "upper_side": (3.8, -1.1, -3.8), "upper_rim_mid": (0, -0.3, -2.2), "upper_rim": (3.8, -0.6, -3.4),
        "upper_end": (6.4, -0.9, -5.6), "lower_end": (6.4, -0.9, -5.4),
        "lower_rim_mid": (0, -0.3, -1.6), "lower_rim": (4.0, -0.6, -3.0), "lower_mid": (0, 1.0, -2.6),
        "lower_side": (3.8, 0.5, -3.6), "under_lip": (0, 1.0, -0.6), "under_corner": (4.8, 0.0, -3.6),
        "fold": (2.4, -0.3, -1.0), "fold_low": (5.2, -0.4, -3.2), "cheek": (1.6, 0.2, 0.8), "jowl": (2.6, -0.2, 0.4),
        "jowl_high": (1.2, 0, 0.5), "wing_foot": (0.8, -0.4, -0.4), "boss": (0, 0.6, 0),
    },
    "mouthPress": {
        "upper_mid": (0, -3.8, 0.6), "upper_peak": (-0.1, -3.7, 1.2), "upper_side": (-0.4, -2.6, 1.1),
        "upper_rim_mid": (0, -0.2, -4.8), "upper_rim": (-0.3, -0.4, -4.4), "lower_rim_mid": (0, -0.2, -4.2),
        "lower_rim": (-0.3, -0.4, -4.0), "lower_mid": (0, 6.8, 1.4), "lower_side": (-0.4, 5.2, 1.4),
        "upper_end": (-0.5, -0.4, -1.3), "lower_end": (-0.5, -0.2, -1.3), "lip_skin": (0, -1.8, 2.0),
        "under_lip": (0, 5.2, 4.8), "boss": (0, 3.6, 2.0), "corner": (-0.5, -0.2, -0.7), "base": (0, -0.6, 0.3),
        "wing_foot": (0, -0.4, 0.4), "under_corner": (-0.2, 2.2, 1.9), "fold": (0.2, 0, 0.9), "fold_low": (0.4, 0, 1.2),
        "tip": (0, 0, 0), "nose_side": (0, 0, 0),
    },
    "jawOpen": {
        "upper_side": (-1.4, 0.8, 2.6), "upper_peak": (-0.6, 0.2, 0.8), "upper_rim": (-0.9, -0.4, 1.8),
        "upper_rim_mid": (0, -1.6, 0.2), "upper_mid": (0, -0.3, 0), "upper_end": (-0.6, 0.4, 1.0),
        "corner": (0.2, 0.6, 0),
        "fold": (-0.6, 1.5, 0.8), "fold_low": (0, 1.0, 0.8), "cheek": (-0.2, 0.6, 0), "lower_rim": (0, 0, 0),
        "lower_rim_mid": (0, 0, 0), "lower_mid": (0, 0, 0), "lower_side": (0, 0, 0), "lower_end": (0, 0, 0),
        "under_corner": (0, 0, 0), "boss": (0, 0, 0), "chin": (0, 0, 0), "jowl": (0, 0, 0), "base": (0, 0, 0),
    },
}  # fmt: skip
"""From a unit, or ``rest`` for what relaxes the resting mouth, to what it pulls, left and mirrored.

Places that are not named follow."""


def handles_of(stem: str) -> tuple[Handle, ...]:
    """Return the handles of a unit without its side, none where it is not sculpted so."""
    return tuple(Handle(PLACES[place][0], move, PLACES[place][1]) for place, move in PULLS.get(stem, {}).items())
