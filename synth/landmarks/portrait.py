"""Plain portraits of a rig, made only so that the landmark network finds a face on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rig import Rig
from assets.units import UNIT_INDEX
from synth.landmarks.id_buffer import rasterise

SIZE_PX = 512
PX_PER_MM = 1.9
DISTANCE_MM = 900.0
_CENTRE_BELOW_EYES_MM = 32.0
_COLOURS = {
    "skin": (203, 158, 134), "eye": (232, 228, 224), "teeth": (222, 214, 200), "tongue": (150, 80, 78),
    "cavity": (40, 18, 16), "lash": (45, 34, 30), "brow": (62, 44, 34), "hair": (60, 44, 36), "cloth": (90, 96, 110),
}  # fmt: skip
_LIP, _BROW, _IRIS, _PUPIL = (172, 92, 88), (62, 44, 34), (84, 60, 42), (16, 13, 12)


@dataclass(frozen=True)
class View:
    """What one portrait shows.

    Attributes
    ----------
    picture : (S, S, 3) uint8
    ids : (S, S) int32
        Triangle behind each pixel, -1 for none.
    share : (S, S, 3) float32
        Barycentric weights.
    positions_px : (V, 3) float64
        Projected vertices: x, y in pixels, z towards the viewer in mm.
    """

    picture: np.ndarray
    ids: np.ndarray
    share: np.ndarray
    positions_px: np.ndarray


class Sitter:
    """A rig prepared for portraits.

    Parameters
    ----------
    rig : Rig

    Attributes
    ----------
    triangles : (F, 3) int32
    on_skin : (F,) bool
        Triangles that may hold landmarks.
    """

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        quads, texture, materials = [], [], []
        for part in rig.parts:
            if part.optional or part.material in ("cornea", "lash", "hair"):
                continue
            rows = np.concatenate([part.faces[:, [0, 1, 2]], part.faces[:, [0, 2, 3]]])
            places = np.concatenate([part.uv_faces[:, [0, 1, 2]], part.uv_faces[:, [0, 2, 3]]])
            whole = (rows[:, 0] != rows[:, 2]) & (rows[:, 1] != rows[:, 2]) & (rows[:, 0] != rows[:, 1])
            rows, places = rows[whole], places[whole]
            quads.append(rows)
            texture.append(places)
            materials += [part.material] * len(rows)
        self.triangles = np.concatenate(quads).astype(np.int32)
        self.on_skin = np.array([m == "skin" for m in materials])
        self._colour = np.array([_COLOURS.get(m, _COLOURS["skin"]) for m in materials], float)
        self._uv = rig.uv[np.concatenate(texture)].astype(float)
        maps = [rig.maps[name] for name in sorted(rig.maps) if name.startswith("brow")]
        self._brow_map = np.mean([m.astype(float) for m in maps], 0) / 255 if _same_size(maps) else None
        self._painted_brows = self._brow_map is None and "brow" not in materials
        units = _unit_sizes(rig, ("mouthRollUpper", "mouthRollLower"))
        self._lip = np.clip((units / max(units.max(), 1e-9) - 0.5) / 0.2, 0, 1) * 0.6

    def portrait(self, vertices_mm: np.ndarray, yaw_rad: float = 0.0, pitch_rad: float = 0.0) -> View:
        """Draw vertices (V, 3) seen from the front, turned about the eye midpoint."""
        turn = _turn(yaw_rad, pitch_rad)
        head = vertices_mm.astype(float) @ turn.T + np.array([0.0, _CENTRE_BELOW_EYES_MM, 0.0])
        zoom = PX_PER_MM * DISTANCE_MM / (DISTANCE_MM - head[:, 2])
        seen = np.column_stack([SIZE_PX / 2 + zoom * head[:, 0], SIZE_PX / 2 - zoom * head[:, 1], head[:, 2]])
        ids, share = rasterise(seen, self.triangles, SIZE_PX)
        return View(self._shade(head, ids, share), ids, share, seen)

    def _shade(self, head: np.ndarray, ids: np.ndarray, share: np.ndarray) -> np.ndarray:
        hit = ids >= 0
        which, weight = ids[hit], share[hit][:, :, None].astype(float)
        corners = self.triangles[which]
        rest = (self.rig.vertices_mm[corners] * weight).sum(1)
        colour = self._paint(which, corners, rest, share[hit])
        normal = (_normals(head, self.triangles)[corners] * weight).sum(1)
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
        normal *= np.sign(normal[:, 2:] + 1e-9)
        key, fill = np.array([0.35, 0.55, 0.76]), np.array([-0.5, 0.1, 0.86])
        light = 0.42 + 0.5 * np.clip(normal @ key, 0, None) + 0.22 * np.clip(normal @ fill, 0, None)
        picture = np.full((*ids.shape, 3), 96.0)
        picture[hit] = colour * light[:, None]
        return np.clip(picture, 0, 255).astype(np.uint8)

    def _paint(self, which: np.ndarray, corners: np.ndarray, rest: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Return the colour (N, 3) of surface points: material, lips, brows and irises."""
        colour = self._colour[which].copy()
        skin = self.on_skin[which]
        lip = (self._lip[corners] * share).sum(1) * skin
        colour += lip[:, None] * (np.array(_LIP) - colour)
        centres = self.rig.eye_centres_mm()
        half = abs(centres[0, 0] - centres[1, 0]) / 2
        if self._brow_map is not None:
            uv = (self._uv[which] * share[:, :, None]).sum(1)
            side = np.array(self._brow_map.shape[::-1])
            pixel = np.clip((uv * [1, -1] + [0, 1]) * side, 0, side - 1).astype(int)
            ink = np.clip(1.6 * self._brow_map[pixel[:, 1], pixel[:, 0]], 0, 1) * skin
            colour += 0.85 * ink[:, None] * (np.array(_BROW) - colour)
        if self._painted_brows:
            across = np.abs(rest[:, 0]) / half
            line = half * (0.80 - 0.16 * (across - 1.0) ** 2 / 0.6)
            ink = (1 - np.clip((np.abs(rest[:, 1] - line) / half - 0.09) / 0.05, 0, 1)) * skin * (rest[:, 2] > 0)
            ink *= np.clip((across - 0.38) / 0.08, 0, 1) * np.clip((1.72 - across) / 0.15, 0, 1)
            colour += 0.85 * ink[:, None] * (np.array(_BROW) - colour)
        for eye in range(2):
            ball = self.rig.vertices_mm[self.rig.eye_vertices[eye]]
            on_ball = np.isin(corners[:, 0], self.rig.eye_vertices[eye])
            off_axis = np.linalg.norm((rest - centres[eye])[:, :2], axis=1)
            front = on_ball & (rest[:, 2] > centres[eye, 2])
            radius = np.ptp(ball[:, 1]) / 2
            colour[front & (off_axis < 0.5 * radius)] = _IRIS
            colour[front & (off_axis < 0.2 * radius)] = _PUPIL
        return colour


def _same_size(maps: list[np.ndarray]) -> bool:
    return len(maps) > 0 and all(m.shape == maps[0].shape for m in maps)


def _unit_sizes(rig: Rig, names: tuple[str, ...]) -> np.ndarray:
    rows = [np.linalg.norm(rig.shapes_mm[UNIT_INDEX[name]], axis=1) for name in names]
    return np.sum(rows, axis=0)


def _turn(yaw_rad: float, pitch_rad: float) -> np.ndarray:
    cy, sy, cp, sp = np.cos(yaw_rad), np.sin(yaw_rad), np.cos(pitch_rad), np.sin(pitch_rad)
    return np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])


def _normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (points[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(points)
    for k in range(3):
        np.add.at(total, triangles[:, k], face)
    return total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12)
