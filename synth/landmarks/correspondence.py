"""Where the 478 landmarks sit on a rig: portraits from several views, the network, rays into the surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RBFInterpolator
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from assets.errors import InputError
from assets.landmarks import (
    FACE_OVAL,
    INNER_LIP_RING,
    LEFT_EYE_RING,
    LEFT_IRIS,
    MEDIAPIPE_COUNT,
    MIRROR_POINTS,
    RIGHT_EYE_RING,
    RIGHT_IRIS,
)
from assets.rig import LandmarkTable, Rig
from assets.units import UNIT_INDEX
from synth.landmarks.canonical import canonical_face_mm
from synth.landmarks.finder import Networks, find_faces
from synth.landmarks.portrait import PX_PER_MM, Sitter, View

VIEWS_RAD = tuple((yaw, pitch) for yaw in (-0.4, -0.2, 0.0, 0.2, 0.4) for pitch in (-0.18, 0.0, 0.18))
OPEN_MOUTH = {"jawOpen": 0.5, "mouthUpperUpLeft": 0.3, "mouthUpperUpRight": 0.3}
_LARGEST_MEAN_MM = 4.0
"""A table that misses what the network saw by more than this on average is not one of a face."""

_MARGIN_PX = 14.0
"""A ray that misses the skin takes the nearest skin pixel within this distance."""


@dataclass(frozen=True)
class TableReport:
    """How well the table explains what the network saw.

    Attributes
    ----------
    views : int
        Portraits in which a face was found.
    residual_mm : (478,) float64
        Distance in the frontal picture between table point and network point.
    repaired : tuple of int
        Landmarks that were replaced by what their neighbours predict.
    symmetric : bool
        Whether left and right were averaged.
    neutral_scores : (51,) float32
        What the network reads from the resting rig in front view.
    """

    views: int
    residual_mm: np.ndarray
    repaired: tuple[int, ...]
    symmetric: bool
    neutral_scores: np.ndarray

    @property
    def mean_mm(self) -> float:
        """Mean residual over the landmarks."""
        return float(self.residual_mm.mean())


def compute_landmark_table(rig: Rig, networks: Networks | None = None) -> tuple[LandmarkTable, TableReport]:
    """Find the surface point of every landmark on a rig, without any hand work.

    Parameters
    ----------
    rig : Rig
        With eyeballs; lips are placed better if it has ``jawOpen``.
    networks : Networks or None
        None opens the built-in ones.

    Returns
    -------
    table : LandmarkTable
    report : TableReport

    Raises
    ------
    InputError
        If the network finds no face on the rig.
    """
    if networks is None:
        from synth.landmarks.litert import FaceNetworks

        networks = FaceNetworks()
    sitter = Sitter(rig)
    surface = _Surface(rig, sitter)
    frontal, points, views = _gather(rig, sitter, networks, surface)
    symmetric = surface.is_symmetric()
    placed, repaired = _repair(points, symmetric)
    table = surface.table(placed, rig)
    projected = table.points(frontal[0].positions_px)
    residual = np.linalg.norm(projected[:, :2] - frontal[1][:, :2], axis=1) / PX_PER_MM
    if residual.mean() > _LARGEST_MEAN_MM:
        raise _no_face(rig)
    scores = networks.blendshapes(frontal[1])
    return table, TableReport(views, residual, repaired, symmetric, scores)


def _no_face(rig: Rig) -> InputError:
    return InputError.one("the landmark network finds no face on this rig", rig.name, "check its axes and its scale")


class _Surface:
    """The skin of a rig at rest."""

    def __init__(self, rig: Rig, sitter: Sitter) -> None:
        self.triangles = sitter.triangles[sitter.on_skin]
        self.rest = rig.vertices_mm.astype(float)
        self.all_triangles = sitter.triangles
        self.on_skin = sitter.on_skin
        self._tree = cKDTree(self.rest[self.triangles].mean(1))

    def under(self, view: View, points_px: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        """Return resting surface points (N, 3) under picture points (N, 2), NaN where the skin is too far away."""
        height, width = view.ids.shape
        usable = (view.ids >= 0) & allowed[np.maximum(view.ids, 0)]
        away, nearest = distance_transform_edt(~usable, return_indices=True)
        x = np.clip(np.floor(points_px[:, 0]).astype(int), 0, width - 1)
        y = np.clip(np.floor(points_px[:, 1]).astype(int), 0, height - 1)
        row, column = nearest[0][y, x], nearest[1][y, x]
        corners = self.all_triangles[view.ids[row, column]]
        found = (self.rest[corners] * view.share[row, column][:, :, None]).sum(1)
        found[away[y, x] > _MARGIN_PX] = np.nan
        return found

    def is_symmetric(self) -> bool:
        """Tell whether the skin is its own mirror image to within a millimetre."""
        used = np.unique(self.triangles)
        distance, _ = cKDTree(self.rest[used]).query(self.rest[used] * np.array([-1.0, 1.0, 1.0]))
        return bool(np.quantile(distance, 0.95) < 1.0)

    def table(self, points: np.ndarray, rig: Rig) -> LandmarkTable:
        """Attach points (478, 3) to the nearest skin triangle, those of the irises to the eyeballs."""
        vertices = np.zeros((MEDIAPIPE_COUNT, 3), np.int32)
        weights = np.zeros((MEDIAPIPE_COUNT, 3), np.float32)
        _, near = self._tree.query(points[:468], k=24)
        for i, candidates in enumerate(near):
            corners = self.rest[self.triangles[candidates]]
            share, distance = _closest(points[i], corners)
            best = int(np.argmin(distance))
            vertices[i], weights[i] = self.triangles[candidates[best]], share[best]
        for eye, iris in ((0, LEFT_IRIS), (1, RIGHT_IRIS)):
            for i, place in zip(iris, iris_points(rig, eye), strict=True):
                vertices[i], weights[i] = _on_ball(rig, eye, place)
        return LandmarkTable("mediapipe478", vertices, weights)


def _closest(point: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return barycentric weights (N, 3) of and distances (N,) to the nearest points of triangles (N, 3, 3)."""
    edges = corners[:, 1:] - corners[:, :1]
    gram = np.einsum("nij,nkj->nik", edges, edges) + 1e-9 * np.eye(2)
    right = np.einsum("nij,nj->ni", edges, point - corners[:, 0])
    inner = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
    share = np.column_stack([1 - inner.sum(1), inner])
    outside = (share < 0).any(1)
    for n in np.flatnonzero(outside):
        best = np.inf
        for one, other in ((0, 1), (1, 2), (2, 0)):
            along = corners[n, other] - corners[n, one]
            t = float(np.clip((point - corners[n, one]) @ along / max(along @ along, 1e-12), 0, 1))
            off = float(np.linalg.norm(corners[n, one] + t * along - point))
            if off < best:
                best, share[n] = off, 0.0
                share[n, one], share[n, other] = 1 - t, t
    distance = np.linalg.norm((share[:, :, None] * corners).sum(1) - point, axis=1)
    return share, distance


def iris_points(rig: Rig, eye: int) -> np.ndarray:
    """Return the centre and four rim points (5, 3) of an iris at rest, in the landmark model's order.

    The iris is taken as half as wide as the eyeball, on its front.
    """
    ball = rig.vertices_mm[rig.eye_vertices[eye]].astype(float)
    centre = rig.eye_centres_mm()[eye].astype(float)
    radius = np.ptp(ball[:, 1]) / 2
    rim = 0.5 * radius
    depth = np.sqrt(radius**2 - rim**2)
    flat = np.array([[0, 0], [rim, 0], [0, rim], [-rim, 0], [0, -rim]])
    return centre + np.column_stack([flat, [radius, depth, depth, depth, depth]])


def _on_ball(rig: Rig, eye: int, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the three eyeball vertices and weights whose mean lies nearest to a point of the eyeball."""
    own = rig.eye_vertices[eye]
    part = next(p for p in rig.parts if np.isin(p.faces[:, 0], own).any() and p.material == "eye")
    triangles = np.concatenate([part.faces[:, [0, 1, 2]], part.faces[:, [0, 2, 3]]])
    triangles = triangles[np.isin(triangles, own).all(1)]
    share, distance = _closest(place, rig.vertices_mm[triangles].astype(float))
    best = int(np.argmin(distance))
    return triangles[best], share[best]


def _gather(rig: Rig, sitter: Sitter, networks: Networks, surface: _Surface) -> tuple:
    """Return the frontal view with its landmarks, the mean surface points (468, 3), and the number of views."""
    everything = np.arange(468)
    oval, inner = np.isin(everything, FACE_OVAL), np.isin(everything, INNER_LIP_RING)
    rings = np.isin(everything, (*LEFT_EYE_RING, *RIGHT_EYE_RING, *INNER_LIP_RING))
    normals_ok = surface.on_skin
    total, count = np.zeros((468, 3)), np.zeros(468)
    frontal, views = None, 0

    def add(view: View, points: np.ndarray, which: np.ndarray) -> None:
        found = surface.under(view, points[:468, :2], normals_ok)
        good = which & np.isfinite(found[:, 0])
        total[good] += found[good]
        count[good] += 1

    for yaw, pitch in VIEWS_RAD:
        view = sitter.portrait(rig.vertices_mm, yaw, pitch)
        faces = find_faces(networks, view.picture, tiled=False)
        if not faces:
            continue
        views += 1
        straight = yaw == 0.0
        if straight and pitch == 0.0:
            frontal = (view, faces[0].points_px)
        turned_away = (canonical_face_mm()[0][:, 0] * yaw) > 25.0 * abs(yaw)
        add(view, faces[0].points_px, ~inner & ~turned_away & (straight | ~(oval | rings)))
    if frontal is None:
        raise _no_face(rig)
    opened = rig.vertices_mm.astype(float)
    for name, weight in OPEN_MOUTH.items():
        opened = opened + weight * rig.shapes_mm[UNIT_INDEX[name]]
    for pitch in (-0.12, 0.0, 0.12):
        view = sitter.portrait(opened, 0.0, pitch)
        for face in find_faces(networks, view.picture, tiled=False)[:1]:
            views += 1
            add(view, face.points_px, inner)
    points = np.full((468, 3), np.nan)
    points[count > 0] = total[count > 0] / count[count > 0, None]
    return frontal, points, views


def _repair(points: np.ndarray, symmetric: bool, rounds: int = 4) -> tuple[np.ndarray, tuple[int, ...]]:
    """Average with the mirror image, and replace what disagrees with its neighbours.

    A thin-plate spline from the canonical face predicts every landmark from the others.
    """
    mirror = np.array(MIRROR_POINTS[:468])
    flip = np.array([-1.0, 1.0, 1.0])
    if symmetric:
        twin = points[mirror] * flip
        both = np.isfinite(points[:, 0]) & np.isfinite(twin[:, 0])
        points = np.where(both[:, None], (points + twin) / 2, np.where(np.isfinite(points), points, twin))
    canonical, _ = canonical_face_mm()
    good = np.isfinite(points[:, 0])
    predicted = points
    for _ in range(rounds):
        spline = RBFInterpolator(canonical[good], points[good], kernel="thin_plate_spline", smoothing=30.0)
        predicted = spline(canonical)
        error = np.linalg.norm(predicted - points, axis=1)
        limit = max(4.0, 4.5 * float(np.median(error[good])))
        good = np.isfinite(points[:, 0]) & (error < limit)
    placed = np.where(good[:, None], points, predicted)
    return placed, tuple(int(i) for i in np.flatnonzero(~good))
