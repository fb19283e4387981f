"""Where the joints of a glTF skin put the vertices of a mesh at rest (section 3.7.3 of the specification)."""

from __future__ import annotations

from typing import Any

import numpy as np

from synth.importers.gltf_buffers import GltfFile
from synth.importers.obj import REACH_LIMIT

SETS = 4
"""Sets of four joints per vertex that are read."""


def rest_matrices(
    file: GltfFile, node: dict[str, Any], attributes: dict[str, Any], count: int, worlds: dict[int, np.ndarray]
) -> np.ndarray | None:
    """Return the matrix (V, 4, 4) that takes each vertex of a skinned mesh into the scene.

    Meshes of one head may be bound in spaces of their own, so that only their joints bring eyes and teeth into it.

    Parameters
    ----------
    file : GltfFile
    node : dict
        With a ``skin``.
    attributes : dict
        Of the primitive.
    count : int
        Vertices of the primitive.
    worlds : dict of int to (4, 4) float
        World matrices of the nodes of the scene.

    Returns
    -------
    (V, 4, 4) float64 or None
        None where the mesh names no joints.

    Raises
    ------
    InputError
        If joints, weights or matrices do not fit each other.
    """
    if "JOINTS_0" not in attributes:
        return None
    key = f"skins[{node['skin']}]"
    bound = _bound(file, file.entry("skins", node["skin"]), key, worlds)
    mixed, total = np.zeros((count, 4, 4)), np.zeros(count)
    for number in range(SETS):
        if f"JOINTS_{number}" not in attributes:
            break
        joints = file.accessor(attributes[f"JOINTS_{number}"])
        weights = file.accessor(attributes.get(f"WEIGHTS_{number}")).astype(float)
        if joints.shape != (count, 4) or weights.shape != (count, 4) or joints.dtype.kind == "f":
            raise file.fault(f"JOINTS_{number} and WEIGHTS_{number} are not four per vertex", key)
        if joints.min() < 0 or joints.max() >= len(bound) or weights.min() < 0:
            raise file.fault(f"JOINTS_{number} lead out of its {len(bound)} joints, or a weight is negative", key)
        mixed += np.einsum("vk,vkij->vij", weights, bound[joints])
        total += weights.sum(1)
    mixed[total <= 0], total[total <= 0] = bound[0], 1.0
    return mixed / total[:, None, None]


def _bound(file: GltfFile, skin: dict[str, Any], key: str, worlds: dict[int, np.ndarray]) -> np.ndarray:
    """Return the matrices (J, 4, 4) from the space in which a mesh is bound into the scene, joint by joint."""
    joints = skin.get("joints")
    if not isinstance(joints, list) or not joints:
        raise file.fault("has no joints", key)
    for joint in joints:
        file.entry("nodes", joint)
        if joint not in worlds:
            raise file.fault(f"its joint {joint} is not in the scene", key)
    inverse = np.tile(np.eye(4), (len(joints), 1, 1))
    if "inverseBindMatrices" in skin:
        stored = file.accessor(skin["inverseBindMatrices"])
        if stored.shape[1] != 16 or len(stored) < len(joints):
            raise file.fault(f"has {len(stored)} inverse bind matrices for {len(joints)} joints", key)
        if np.abs(stored).max() > REACH_LIMIT:
            raise file.fault(f"an inverse bind matrix reaches further than {REACH_LIMIT:g}", key)
        inverse = stored[: len(joints)].astype(float).reshape(-1, 4, 4).transpose(0, 2, 1)
    return np.stack([worlds[joint] for joint in joints]) @ inverse
