"""A head as a file describes it, before units, axes, part names and shape names are understood."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from assets.keyed import rng_for
from assets.rig import Licence


@dataclass(frozen=True)
class Piece:
    """Faces that belong together in the source.

    Attributes
    ----------
    name : str
        Name of the object, mesh or group.
    material : str
        Name of its material, or an empty string.
    faces : (F, 4) int32
        Indices into ``SourceHead.vertices``; a triangle repeats its last index.
    uv_faces : (F, 4) int32
        Indices into ``SourceHead.uv``; -1 where the source has no texture coordinates.
    """

    name: str
    material: str
    faces: np.ndarray
    uv_faces: np.ndarray


@dataclass(frozen=True)
class SourceHead:
    """One head in the unit and the axes of its file.

    Attributes
    ----------
    where : str
        File or folder, for messages.
    vertices : (V, 3) float64
    uv : (N, 2) float64
        v up.
    pieces : tuple of Piece
    shapes : dict of str to (V, 3) float32
        Displacements at full strength, by the source's own names.
    identity : (P, V, 3) float32
        Displacements of identity modes for standard normal coefficients; P may be 0.
    roles : dict of str to str
        Role of pieces by name, where the reader knows it (see `synth.importers.roles`).
    unit_mm : float or None
        Length of the source's unit where the format fixes it.
    licence : Licence or None
        Where the source states it.
    textures : dict of str to (H, W, 3) uint8
        Colour textures by the name of the material; row 0 is v = 1.
    left_out : tuple of str
        What of the file is not used, one sentence each.
    """

    where: str
    vertices: np.ndarray
    uv: np.ndarray
    pieces: tuple[Piece, ...]
    shapes: dict[str, np.ndarray]
    identity: np.ndarray
    roles: dict[str, str] = field(default_factory=dict)
    unit_mm: float | None = None
    licence: Licence | None = None
    textures: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def merge(heads: list[SourceHead], where: str) -> SourceHead:
    """Join heads that share unit and axes into one; a shape of one leaves the others at rest.

    Parameters
    ----------
    heads : list of SourceHead
        At least one, none with identity modes.
    where : str
    """
    vertices = np.concatenate([head.vertices for head in heads])
    shapes: dict[str, np.ndarray] = {}
    pieces, first, first_uv = [], 0, 0
    for head in heads:
        rows = slice(first, first + len(head.vertices))
        for name, delta in head.shapes.items():
            shapes.setdefault(name, np.zeros((len(vertices), 3), np.float32))[rows] += delta
        for piece in head.pieces:
            uv_faces = np.where(piece.uv_faces >= 0, piece.uv_faces + first_uv, -1)
            pieces.append(Piece(piece.name, piece.material, piece.faces + first, uv_faces))
        first += len(head.vertices)
        first_uv += len(head.uv)
    uv = np.concatenate([head.uv for head in heads])
    nobody = np.zeros((0, len(vertices), 3), np.float32)
    textures = {name: picture for head in heads for name, picture in head.textures.items()}
    return SourceHead(
        where, vertices, uv, tuple(pieces), shapes, nobody, unit_mm=heads[0].unit_mm, textures=textures
    )  # fmt: skip


def weld(head: SourceHead) -> SourceHead:
    """Join vertices at the same position that every shape and mode moves alike.

    Files that keep one texture coordinate per vertex double it along seams; the doubles would tear apart when a rig is
    smoothed. Lips that touch stay apart, because the shapes part them.
    """
    size = max(float(np.ptp(head.vertices, axis=0).max()), 1e-12)
    columns = [head.vertices]
    moves = [*head.shapes.values(), *head.identity]
    if moves:
        mix = rng_for(0, "weld").standard_normal(len(moves))
        columns.append(
            sum((share * move for share, move in zip(mix, moves, strict=True)), np.zeros_like(head.vertices))
        )
    key = np.round(np.concatenate(columns, 1) / (size * 1e-6)).astype(np.int64)
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    pieces = []
    for piece in head.pieces:
        faces = inverse[piece.faces].astype(np.int32)
        whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
        pieces.append(replace(piece, faces=faces[whole], uv_faces=piece.uv_faces[whole]))
    return replace(
        head,
        vertices=head.vertices[first],
        pieces=tuple(piece for piece in pieces if len(piece.faces)),
        shapes={name: delta[first] for name, delta in head.shapes.items()},
        identity=head.identity[:, first],
    )
