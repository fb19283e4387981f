"""The rig: one head with named expression shapes, an identity basis and attribute axes.

Frame of reference of every rig, after loading: millimetres, right-handed, y up, the face looks
along +z, +x is the side of the subject's *left* (image right when seen from the front), and the
origin lies midway between the two eyeball centres of the neutral head.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

MATERIALS = ("skin", "eye", "teeth", "tongue", "cavity", "lash", "brow", "hair", "cloth", "cornea")
"""What a part is made of; renderers shade by this name. ``cavity`` is the dark inside of the mouth."""


@dataclass(frozen=True)
class Licence:
    """Where an asset comes from and what may be done with it."""

    spdx: str
    attribution: str
    source: str
    may_train: bool


@dataclass(frozen=True)
class Part:
    """One named piece of the head.

    Attributes
    ----------
    name : str
        ``skin``, ``eye_left``, ``eye_right``, ``teeth_upper``, ``teeth_lower``, ``tongue``,
        ``lashes``, ``brows``, ``hair_<style>``, ``cloth_<style>`` …
    material : str
        One of ``MATERIALS``.
    faces : (F, 4) int32
        Rig vertex indices, counter-clockwise seen from outside; a triangle repeats its last index.
    uv_faces : (F, 4) int32
        Indices into ``Rig.uv`` in the same order.
    subdivide : bool
        Whether one level of Catmull-Clark applies before rendering.
    optional : bool
        Drawn only when an avatar asks for it by name (hair styles, beards, glasses).
    """

    name: str
    material: str
    faces: np.ndarray
    uv_faces: np.ndarray
    subdivide: bool = True
    optional: bool = False


@dataclass(frozen=True)
class Axis:
    """A protected attribute as a straight line through shape space.

    Attributes
    ----------
    name : str
        ``gender``, ``age``, ``ancestry_african`` …
    delta_mm : (V, 3) float32
        Displacement at coordinate +1; coordinates run from -1 (``low``) to +1 (``high``).
    low, high : str
        What the ends look like, for example ``female`` and ``male``.
    """

    name: str
    delta_mm: np.ndarray
    low: str
    high: str


@dataclass(frozen=True)
class Corrective:
    """A shape that is added where several units act at once; its weight is the product of theirs.

    Attributes
    ----------
    drivers : tuple of str
        Unit names.
    delta_mm : (V, 3) float32
    """

    drivers: tuple[str, ...]
    delta_mm: np.ndarray


@dataclass(frozen=True)
class LandmarkTable:
    """Where landmarks sit on the surface.

    Attributes
    ----------
    scheme : str
        ``mediapipe478``.
    vertices : (L, 3) int32
        Rig vertices of the triangle that holds each landmark.
    barycentric : (L, 3) float32
        Weights that sum to 1.
    """

    scheme: str
    vertices: np.ndarray
    barycentric: np.ndarray

    def points(self, vertices_mm: np.ndarray) -> np.ndarray:
        """Return landmark positions (..., L, 3) of vertices (..., V, 3), in their unit."""
        corners = np.take(vertices_mm, self.vertices, axis=-2)
        return (corners * self.barycentric[..., None]).sum(-2)


@dataclass(frozen=True)
class Rig:
    """A head that can be given an identity, attributes and an expression.

    Attributes
    ----------
    name, version : str
    licence : Licence
    vertices_mm : (V, 3) float32
        Mean neutral head.
    uv : (N, 2) float32
        Texture coordinates in [0, 1], v up.
    parts : tuple of Part
    shapes_mm : (52, V, 3) float32
        Displacement of each unit of ``assets.units.UNITS`` at weight 1; zero where the rig has none.
        ``eyeLook*`` rows move lids only: the eyeballs are rotated about their centres.
    has_shape : (52,) bool
        Which units the rig really has.
    correctives : tuple of Corrective
    identity_mm : (P, V, 3) float32
        Identity modes, scaled so that coefficients are standard normal in the population.
    axes : dict of str to Axis
    landmarks : LandmarkTable or None
    eye_vertices : (2, E) int32
        Vertices of the left and of the right eyeball; their mean is the centre of rotation.
    max_gaze_rad : float
        Eyeball rotation at weight 1 of an ``eyeLook*`` unit.
    maps : dict of str to (H, W) uint8
        Masks in the texture space of the skin: ``lips``, ``brow_female``, ``wrinkle_forehead`` …
        Row 0 is the top of the texture (v = 1).
    regions : dict of str to (4,) float
        Boxes ``(u0, v0, u1, v1)`` of the texture square by what they hold: ``head``, ``eye``, ``hair`` …
        An eye is an azimuthal map about the pupil in the centre of its box, whose edge is 120 degrees
        from the optical axis; hair strands run along v, from the root at ``v1`` to the tip at ``v0``.
    lid_pairs : (2, P, 2) int32 or None
        Per eye, vertices of the upper and the lower lid that meet when it closes; see ``assets.rig_lids``.
    fingerprint : str
        SHA-256 of the content, hexadecimal.
    """

    name: str
    version: str
    licence: Licence
    vertices_mm: np.ndarray
    uv: np.ndarray
    parts: tuple[Part, ...]
    shapes_mm: np.ndarray
    has_shape: np.ndarray
    correctives: tuple[Corrective, ...]
    identity_mm: np.ndarray
    axes: dict[str, Axis]
    landmarks: LandmarkTable | None
    eye_vertices: np.ndarray
    max_gaze_rad: float = 0.52
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    regions: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    lid_pairs: np.ndarray | None = None
    fingerprint: str = ""

    def eye_centres_mm(self, vertices_mm: np.ndarray | None = None) -> np.ndarray:
        """Return the (2, 3) centres of the left and right eyeball of ``vertices_mm`` (V, 3)."""
        vertices = self.vertices_mm if vertices_mm is None else vertices_mm
        return vertices[self.eye_vertices].mean(1)

    def neutral_mm(self, identity: np.ndarray | None = None, attributes: dict[str, float] | None = None) -> np.ndarray:
        """Return the resting head (V, 3) of an identity (P,) and of coordinates along the axes."""
        head = self.vertices_mm.astype(np.float64)
        if identity is not None:
            coefficients = np.asarray(identity, float)
            head = head + np.tensordot(coefficients, self.identity_mm[: len(coefficients)], 1)
        for name, coordinate in (attributes or {}).items():
            head = head + coordinate * self.axes[name].delta_mm
        return head.astype(np.float32)
