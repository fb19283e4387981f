"""The landmarks of a rig as a linear function of identity and expression."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

from assets.errors import InputError
from assets.landmarks import FACE_OVAL, LEFT_IRIS, RIGHT_IRIS, RIGID_WEIGHTS, SCHEMES
from assets.rig import Rig
from assets.units import GAZE_UNITS, UNIT_INDEX, UNITS, mirror_name

FITTED_UNITS: tuple[str, ...] = tuple(name for name in UNITS if name not in GAZE_UNITS and name != "tongueOut")
"""The 43 units whose weights the fit looks for: not the gaze, not the tongue (no landmark is on it)."""

FITTED_COLUMNS = np.array([UNIT_INDEX[name] for name in FITTED_UNITS])
FITTED_INDEX = {name: i for i, name in enumerate(FITTED_UNITS)}
OTHER_SIDE = np.array([FITTED_INDEX[mirror_name(name)] for name in FITTED_UNITS])
"""``weights[:, OTHER_SIDE]`` are the weights of the mirrored face; central units map to themselves."""

GAZE_COLUMNS = np.array([UNIT_INDEX[name] for name in GAZE_UNITS])

_OVAL_TRUST = 0.15


@dataclass(frozen=True)
class FaceModel:
    """Landmarks of a rig in head axes, millimetres.

    Attributes
    ----------
    scheme : str
    neutral : (L, 3) float64
        Mean face at rest.
    units : (L, 3, K) float64
        Displacement of each of ``FITTED_UNITS`` at weight 1.
    gaze : (L, 3, 8) float64
        Displacement by ``assets.units.GAZE_UNITS``: lids only.
    identity : (L, 3, P + A) float64
        The rig's P identity modes, then its A axes.
    modes : int
        P.
    products : tuple of ((...) int, (L, 3) float64)
        Fitted-unit columns whose product drives a corrective, and its displacement.
    trust : (L,) float64
        How much each point counts; 0 for the irises, little for the outline of the face.
    rigid : (L,) float64
        Weights of the rigid alignment that starts the fit.
    eye_centres : (2, 3) float64
    iris_rows : (2, 5) int or None
        Rows of the left and right iris, None where the scheme has none.
    corner_rows : (2, 2) int
        Rows of the outer and inner corner of the left and right eye.
    max_gaze_rad : float
    present : (K,) bool
        Which fitted units the rig has.
    lids_take_turns : bool
        Whether the rig takes the product of a blink and a lowered gaze off again, so that they never add up.
    lip_rows : (P, 2) int or None
        Rows of the upper and lower inner lip whose opening is evidence of its own.
    lip_units : (P, 3, K) float64
        What each unit adds to that opening; empty where there are no such rows.
    """

    scheme: str
    neutral: np.ndarray
    units: np.ndarray
    gaze: np.ndarray
    identity: np.ndarray
    modes: int
    products: tuple[tuple[tuple[int, ...], np.ndarray], ...]
    trust: np.ndarray
    rigid: np.ndarray
    eye_centres: np.ndarray
    iris_rows: np.ndarray | None
    corner_rows: np.ndarray
    max_gaze_rad: float
    present: np.ndarray
    lids_take_turns: bool = True
    lip_rows: np.ndarray | None = None
    lip_units: np.ndarray = field(default_factory=lambda: np.empty((0, 3, len(FITTED_UNITS))))

    @property
    def corrections(self) -> np.ndarray:
        """Displacements of the correctives, (L, 3, C)."""
        shapes = [delta for _, delta in self.products]
        return np.stack(shapes, -1) if shapes else np.empty((*self.neutral.shape, 0))

    def slopes(self, weights: np.ndarray) -> np.ndarray | None:
        """Return the derivative (T, C, K) of each corrective's weight at weights (T, K), None without correctives."""
        if not self.products:
            return None
        result = np.zeros((len(weights), len(self.products), weights.shape[1]))
        for row, (columns, _) in enumerate(self.products):
            for column in columns:
                others = [c for c in columns if c != column]
                result[:, row, column] += weights[:, others].prod(1)
        return result

    def correction(self, weights: np.ndarray) -> np.ndarray | None:
        """Return what the correctives add (T, L, 3) at weights (T, K), None if the rig has none."""
        if not self.products:
            return None
        gains = np.stack([weights[:, list(columns)].prod(1) for columns, _ in self.products], 1)
        return np.tensordot(gains, np.stack([delta for _, delta in self.products]), 1)


def face_model(rig: Rig, scheme: str = "mediapipe478") -> FaceModel:
    """Reduce a rig to the landmarks of a scheme.

    Raises
    ------
    InputError
        If the rig has no landmark table or the scheme is unknown.
    """
    if rig.landmarks is None:
        raise InputError.one("this rig has no landmark table", rig.name, "import the rig again to compute it")
    if scheme not in SCHEMES:
        raise InputError.one(f"unknown landmark scheme {scheme!r}", "scheme", f"choose one of: {', '.join(SCHEMES)}")
    return _reduced(_ById(rig), scheme)


class _ById:
    """A rig as a cache key: equal when it is the same object or has the same fingerprint."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.key = rig.fingerprint or id(rig)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and (self.rig is other.rig or (self.key == other.key and bool(self.key)))


@functools.lru_cache(maxsize=8)
def _reduced(key: _ById, scheme: str) -> FaceModel:
    rig, table, points = key.rig, key.rig.landmarks, np.array(SCHEMES[scheme].points)
    assert table is not None  # checked by face_model

    def at(vertices: np.ndarray) -> np.ndarray:
        return table.points(vertices.astype(np.float64))[..., points, :]

    shapes = np.moveaxis(at(rig.shapes_mm), 0, -1)
    identity = [at(rig.identity_mm)] + [at(axis.delta_mm)[None] for axis in rig.axes.values()]
    trust = np.where(np.isin(points, (*LEFT_IRIS, *RIGHT_IRIS)), 0.0, 1.0)
    trust[np.isin(points, FACE_OVAL)] *= _OVAL_TRUST
    rigid = np.array([RIGID_WEIGHTS.get(int(p), 0.0) for p in points])
    if (rigid > 0).sum() < 8:
        rigid = trust * np.where(points > 0, 1.0, 0.0)
    place = {int(p): i for i, p in enumerate(points)}
    iris = np.array([[place.get(p, -1) for p in ring] for ring in (LEFT_IRIS, RIGHT_IRIS)])
    products = tuple(
        (tuple(FITTED_INDEX[name] for name in corrective.drivers), at(corrective.delta_mm))
        for corrective in rig.correctives
        if all(name in FITTED_INDEX for name in corrective.drivers)
    )
    return FaceModel(
        scheme=scheme,
        neutral=at(rig.vertices_mm),
        units=np.ascontiguousarray(shapes[:, :, FITTED_COLUMNS]),
        gaze=np.ascontiguousarray(shapes[:, :, GAZE_COLUMNS]),
        identity=np.ascontiguousarray(np.moveaxis(np.concatenate(identity), 0, -1)),
        modes=len(rig.identity_mm),
        products=products,
        trust=trust,
        rigid=rigid,
        eye_centres=rig.eye_centres_mm().astype(float),
        iris_rows=iris if (iris >= 0).all() else None,
        corner_rows=np.array([[place[263], place[362]], [place[33], place[133]]]),
        max_gaze_rad=rig.max_gaze_rad,
        present=np.asarray(rig.has_shape)[FITTED_COLUMNS].astype(bool),
        lids_take_turns=any(set(c.drivers) == {"eyeBlinkLeft", "eyeLookDownLeft"} for c in rig.correctives),
    )
