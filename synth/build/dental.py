"""Individual teeth and gums, set into the arches of the base mesh's teeth.

Crown widths and heights are rounded means of adult dentition (Wheeler's Dental Anatomy, table 1-1), the upper
crowns taller by one to two standard deviations: what shows of them is cut short by the gum's rounded rim, and the
lip of a real smile lies on the teeth, not on the gums. The arch is a tenth wider at the back, so that teeth reach the
corners of a smiling mouth as they do in people.
"""

from __future__ import annotations

import numpy as np

from synth.build.graft import Graft, affine_weights

UPPER_WIDTH_MM = (8.4, 6.5, 7.5, 7.0, 6.8, 10.0, 9.4)
UPPER_HEIGHT_MM = (12.4, 11.2, 12.0, 10.4, 9.6, 8.4, 7.6)
LOWER_WIDTH_MM = (5.3, 5.7, 6.8, 7.0, 7.1, 10.8, 10.2)
LOWER_HEIGHT_MM = (8.8, 9.2, 10.0, 8.6, 8.0, 7.4, 7.0)
EDGE_LIFT_MM = (0.0, 0.7, 0.1, 0.9, 1.1, 1.6, 2.0)
"""How far the cutting edge stands back from the occlusal plane, the same on both jaws."""

DEPTH_MM = (2.2, 2.2, 3.0, 6.0, 6.5, 8.5, 8.5)
ARCH_WIDTH_MM, ARCH_DEPTH_MM = 32.0, 42.0
GUM_COLUMNS, GUM_HEIGHT_MM = 28, 7.0
GUM_PROFILE = (
    (1.2, 8.0), (1.0, 9.2), (0.4, 9.4), (0.05, 8.0), (0.12, 4.0), (0.0, 1.2), (0.25, -0.2), (1.0, 0.6), (1.2, 2.5),
)  # fmt: skip
"""Cross-section from the tongue's side over the crest to the lips: share of the height, depth in mm."""


class Arch:
    """An elliptical dental arch, open to the back.

    Parameters
    ----------
    front_mm : (3,) float
        Where the midline of the front teeth's outer surface meets the occlusal plane.
    width_mm : float
        Half width at the rear.
    up : float
        +1 where crowns point down (upper jaw), -1 where they point up.
    """

    def __init__(self, front_mm: tuple[float, float, float], width_mm: float, up: float) -> None:
        self.front_mm, self.width_mm, self.up = np.array(front_mm), width_mm, up
        angle = np.linspace(0, np.pi / 2, 400)
        self._x, self._z = width_mm * np.sin(angle), -ARCH_DEPTH_MM * (1 - np.cos(angle))
        self._length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(self._x), np.diff(self._z)))])

    def place(self, along_mm: np.ndarray, height_mm: np.ndarray, depth_mm: np.ndarray) -> np.ndarray:
        """Return points (n, 3): signed arc length from the midline, height towards the gum, depth inwards."""
        along = np.abs(along_mm)
        x, z = np.interp(along, self._length, self._x), np.interp(along, self._length, self._z)
        ahead = np.minimum(along + 0.5, self._length[-1])
        tangent = np.stack([np.interp(ahead, self._length, self._x) - x, np.interp(ahead, self._length, self._z) - z])
        tangent /= np.maximum(np.linalg.norm(tangent, axis=0), 1e-9)
        inward_x, inward_z = tangent[1], -tangent[0]
        sign = np.where(along_mm < 0, -1.0, 1.0)
        return self.front_mm + np.stack(
            [sign * (x + inward_x * depth_mm), self.up * height_mm, z + inward_z * depth_mm], -1
        )


def _tooth(width: float, height: float, depth: float, incisor: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return local points (18, 3) (along, height, depth) and quads of one crown, seen from outside."""
    column = np.array([-0.5, 0.0, 0.5]) * width
    points = []
    for inner in (False, True):
        for share, narrow in ((0.0, 1.14), (0.45, 1.2), (1.0, 0.96)):
            thick = depth * ((0.35 + 0.65 * share) if incisor else 0.9)
            bulge = np.array([0.55, 0.0, 0.55]) + 0.35 * abs(share - 0.45)
            along = column * narrow
            points.append(np.stack([along, np.full(3, share * height), thick + 0.4 - bulge if inner else bulge], -1))
    quads = []
    for row in range(2):
        for k in range(2):
            a = 3 * row + k
            quads += [[a, a + 1, a + 4, a + 3], [a + 10, a + 9, a + 12, a + 13]]
        left, right = 3 * row, 3 * row + 2
        quads += [[left + 9, left, left + 3, left + 12], [right, right + 9, right + 12, right + 3]]
    for k in range(2):
        quads += [[k + 9, k + 10, k + 1, k], [k + 6, k + 7, k + 16, k + 15]]
    return np.concatenate(points), np.array(quads)


def _row_of_teeth(arch: Arch, widths: tuple, heights: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    points: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    uv: list[np.ndarray] = []
    total = sum(widths)
    for side in (1.0, -1.0):
        start = 0.0
        for k, (width, height) in enumerate(zip(widths, heights, strict=True)):
            local, quads = _tooth(width * 0.99, height, DEPTH_MM[k], k < 3)
            along = start + width / 2 + local[:, 0]
            spot = arch.place(side * along, local[:, 1] + EDGE_LIFT_MM[k], local[:, 2])
            flip = (side * arch.up) < 0
            faces.append((quads[:, ::-1] if flip else quads) + sum(len(block) for block in points))
            points.append(spot)
            uv.append(np.stack([0.5 + 0.5 * side * along / total, local[:, 1] / max(heights)], -1))
            start += width
    return np.concatenate(points), np.concatenate(faces), np.clip(np.concatenate(uv), 0, 1)


def _gum(arch: Arch, widths: tuple, heights: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    total = sum(widths)
    along = np.linspace(-total, total, 2 * GUM_COLUMNS + 1)
    bounds = np.concatenate([[0], np.cumsum(widths)])
    middle = np.clip(np.searchsorted(bounds, np.abs(along), side="right") - 1, 0, len(widths) - 1)
    inside = (np.abs(along) - bounds[middle]) / np.array(widths)[middle]
    crest = np.array(heights)[middle] - 0.7 - 1.5 * np.clip(np.abs(2 * inside - 1), 0, 1) ** 2
    rows = [arch.place(along, crest + rise * GUM_HEIGHT_MM, np.full(len(along), depth)) for rise, depth in GUM_PROFILE]
    grid = np.arange(len(rows) * len(along)).reshape(len(rows), -1)
    quads = np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], -1).reshape(-1, 4)
    across = np.linspace(0, 1, len(rows))
    uv = np.stack([np.tile(np.linspace(0, 1, len(along)), len(rows)), np.repeat(across, len(along))], -1)
    return np.concatenate(rows), quads[:, ::-1] if arch.up > 0 else quads, uv


def dental_grafts(
    rest_mm: np.ndarray, upper: np.ndarray, lower: np.ndarray, lip_line_mm: tuple[float, float]
) -> list[Graft]:
    """Return teeth and gums of both jaws.

    Parameters
    ----------
    rest_mm : (V, 3) float
        Resting head.
    upper, lower : (n,) int
        Vertices of the teeth of the base mesh; the new teeth move with them.
    lip_line_mm : (y, z) of float
        Height of the closed lips, and depth of the foremost upper tooth.
    """
    y, z = lip_line_mm
    grafts = []
    for jaw, anchors, arch, widths, heights in (
        ("upper", upper, Arch((0, y - 2.8, z - 0.7), ARCH_WIDTH_MM, 1.0), UPPER_WIDTH_MM, UPPER_HEIGHT_MM),
        ("lower", lower, Arch((0, y - 1.6, z - 3.3), ARCH_WIDTH_MM - 2.0, -1.0), LOWER_WIDTH_MM, LOWER_HEIGHT_MM),
    ):
        for name, material, (points, faces, uv) in (
            (f"teeth_{jaw}", "teeth", _row_of_teeth(arch, widths, heights)),
            (f"gums_{jaw}", "tongue", _gum(arch, widths, heights)),
        ):
            weights = affine_weights(points, rest_mm[anchors], anchors, len(rest_mm))
            grafts.append(Graft(name, material, points, weights, faces, uv))
    return grafts
