"""A rig of a few vertices for tests of the bundle format."""

from __future__ import annotations

import numpy as np

from assets.rig import Axis, Corrective, LandmarkTable, Licence, Part, Rig
from assets.units import UNITS


def tiny_rig() -> Rig:
    """Return a rig with two square parts, one axis, one corrective, one map and a landmark."""
    rng = np.random.default_rng(0)
    count = 8
    faces = np.array([[0, 1, 2, 3]], np.int32)
    shapes = np.round(rng.normal(0, 3, (len(UNITS), count, 3)), 2).astype(np.float32)
    return Rig(
        name="tiny",
        version="1",
        licence=Licence("CC0-1.0", "nobody", "a test", True),
        vertices_mm=rng.normal(0, 50, (count, 3)).astype(np.float32),
        uv=rng.random((count, 2)).astype(np.float32),
        parts=(Part("skin", "skin", faces, faces), Part("hair_bob", "hair", faces + 4, faces + 4, True, True)),
        shapes_mm=shapes,
        has_shape=np.ones(len(UNITS), bool),
        correctives=(Corrective(("jawOpen", "mouthClose"), shapes[0]),),
        identity_mm=shapes[:5],
        axes={"gender": Axis("gender", shapes[1], "female", "male")},
        landmarks=LandmarkTable("mediapipe478", np.array([[0, 1, 2]], np.int32), np.full((1, 3), 1 / 3, np.float32)),
        eye_vertices=np.array([[0, 1], [2, 3]], np.int32),
        maps={"lips": rng.integers(0, 255, (4, 4)).astype(np.uint8)},
        regions={"head": (0.0, 0.25, 1.0, 1.0)},
        lid_pairs=np.array([[[0, 1]], [[2, 3]]], np.int32),
    )
