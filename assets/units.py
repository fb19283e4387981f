"""Expression units (ARKit blendshape names), their mirror images, and what each Action Unit drives.

Units are the coordinates of an expression: weight 0 is rest, weight 1 is the full movement.
The first 51 stand in the order in which the MediaPipe face landmarker reports its scores.
"""

from __future__ import annotations

NETWORK_UNITS: tuple[str, ...] = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight",
    "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight",
)  # fmt: skip

UNITS: tuple[str, ...] = (*NETWORK_UNITS, "tongueOut")
"""The 52 unit names, in the column order of every weight array of the project."""

UNIT_INDEX: dict[str, int] = {name: i for i, name in enumerate(UNITS)}

GAZE_UNITS: tuple[str, ...] = tuple(name for name in UNITS if name.startswith("eyeLook"))
"""Units that turn the eyes; they are derived from the gaze angles, never fitted."""


def mirror_name(name: str) -> str:
    """Return the unit on the other side of the face; a central unit is its own mirror image."""
    if name.endswith("Left"):
        return name[:-4] + "Right"
    if name.endswith("Right"):
        return name[:-5] + "Left"
    return name


MIRROR: tuple[int, ...] = tuple(UNIT_INDEX[mirror_name(name)] for name in UNITS)
"""``weights[..., MIRROR]`` are the weights of the mirrored face."""


def _both(stem: str, gain: float = 1.0) -> tuple[tuple[str, float], ...]:
    return ((stem + "Left", gain), (stem + "Right", gain))


AU_UNITS: dict[int, tuple[tuple[str, float], ...]] = {
    1: (("browInnerUp", 1.0),),
    2: _both("browOuterUp"),
    4: _both("browDown"),
    5: _both("eyeWide"),
    6: _both("cheekSquint"),
    7: _both("eyeSquint"),
    9: _both("noseSneer"),
    10: _both("mouthUpperUp"),
    12: _both("mouthSmile"),
    14: _both("mouthDimple"),
    15: _both("mouthFrown"),
    16: _both("mouthLowerDown"),
    17: (("mouthShrugLower", 1.0),),
    18: (("mouthPucker", 1.0),),
    20: _both("mouthStretch"),
    22: (("mouthFunnel", 1.0),),
    23: (*_both("mouthPress", 0.2), ("mouthRollLower", 0.6), ("mouthRollUpper", 0.6)),
    24: _both("mouthPress"),
    25: (*_both("mouthLowerDown", 0.7), *_both("mouthUpperUp", 0.2), ("jawOpen", 0.15)),
    26: (("jawOpen", 0.5),),
    27: (("jawOpen", 1.0),),
    28: (("mouthRollLower", 1.0), ("mouthRollUpper", 1.0)),
    34: (("cheekPuff", 1.0),),
    43: _both("eyeBlink"),
    45: _both("eyeBlink"),
}
"""Action Unit number to ``(unit, gain)``. Sources disagree on 23 and 24; 25 has no unit of its own."""
