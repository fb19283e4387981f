"""Texture coordinates of the skin: those of the source inside the unit square, or a cylinder around the head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.rig_maps import SKIN_DETAIL
from synth.importers.source import Piece
from synth.importers.textures import detail_map

MARGIN = 0.005
OUTSIDE = 0.02


def skin_uv(
    uv: np.ndarray, drawn: list[tuple[str, Piece]], vertices: np.ndarray
) -> tuple[np.ndarray, list[tuple[str, Piece]]]:
    """Return texture coordinates (N, 2) in the unit square and the pieces that index them.

    Coordinates of the source are kept where the skin has them and they lie in the unit square. Otherwise the skin
    is laid out as a cylinder with its seam at the back of the head. Other parts without coordinates share one point:
    renderers lay them out by shape.

    Parameters
    ----------
    uv : (N, 2) float
    drawn : list of (str, Piece)
        Role and faces.
    vertices : (V, 3) float
        Millimetres, y up, face along +z.
    """
    out, pieces = [np.clip(uv, 0, 1), np.zeros((1, 2))], []
    count = len(uv)
    for role, piece in drawn:
        if role == "skin" and not _usable(uv, piece):
            wrapped, uv_faces = _cylinder(piece.faces, vertices)
            total = sum(map(len, out))
            pieces.append((role, replace(piece, uv_faces=(uv_faces + total).astype(np.int32))))
            out.append(wrapped)
        else:
            pieces.append((role, replace(piece, uv_faces=np.where(piece.uv_faces >= 0, piece.uv_faces, count))))
    return _compact(np.concatenate(out), pieces)


def skin_detail(
    textures: dict[str, np.ndarray], skin: list[Piece], uv: np.ndarray
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the map of skin detail from the colour texture of the skin, and a note on what became of it.

    Parameters
    ----------
    textures : dict of str to (H, W, 3) uint8
        By the name of the material.
    skin : list of Piece
    uv : (N, 2) float
        Of the source.
    """
    found = sorted({piece.material for piece in skin} & set(textures))
    if not found:
        return {}, []
    kept = all(_usable(uv, piece) for piece in skin) and all(piece.material in textures for piece in skin)
    if len(found) > 1 or not kept:
        why = "it is spread over several pictures" if len(found) > 1 else "its coordinates do not lie in one square"
        return {}, [f"the skin texture is not used: {why}"]
    return {SKIN_DETAIL: detail_map(textures[found[0]])}, [
        "pores, spots and lines of the skin texture are kept; its colour is not, so that skin tone can be chosen"
    ]


def _compact(uv: np.ndarray, pieces: list[tuple[str, Piece]]) -> tuple[np.ndarray, list[tuple[str, Piece]]]:
    used = np.unique(np.concatenate([piece.uv_faces.ravel() for _, piece in pieces]))
    place = np.zeros(len(uv), np.int32)
    place[used] = np.arange(len(used))
    return uv[used], [(role, replace(piece, uv_faces=place[piece.uv_faces])) for role, piece in pieces]


def _usable(uv: np.ndarray, piece: Piece) -> bool:
    if (piece.uv_faces < 0).any():
        return False
    corners = uv[piece.uv_faces]
    if corners.min() < -OUTSIDE or corners.max() > 1 + OUTSIDE:
        return False
    across, along = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    area = np.abs(across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]).sum() / 2
    return bool(0.05 < area < 1.05)


def _cylinder(faces: np.ndarray, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lay the skin out by azimuth and height; faces across the seam get their own coordinates."""
    rows, local = np.unique(faces, return_inverse=True)
    points, local = vertices[rows], local.reshape(faces.shape)
    axis_z = float(np.quantile(points[:, 2], 0.5))
    azimuth = np.arctan2(points[:, 0], points[:, 2] - axis_z) / (2 * np.pi) + 0.5
    height = points[:, 1]
    uv = np.stack([azimuth, (height - height.min()) / max(np.ptp(height), 1e-9)], 1)
    crossing = np.ptp(uv[local][..., 0], axis=1) > 0.5
    low = crossing[:, None] & (uv[local][..., 0] < 0.5)
    moved, copy = np.unique(local[low], return_inverse=True)
    local = local.copy()
    local[low] = len(uv) + copy.reshape(-1)
    uv = np.concatenate([uv, uv[moved] + [1.0, 0.0]])
    uv[:, 0] = uv[:, 0] / max(uv[:, 0].max(), 1.0)
    return MARGIN + uv * (1 - 2 * MARGIN), local
