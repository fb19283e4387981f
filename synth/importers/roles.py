"""What each piece of a source is, from its name and its material's name, or from its shape."""

from __future__ import annotations

import re

import numpy as np
import scipy.sparse as sp

from assets.errors import InputError, closest
from synth.importers.eyeballs import RADIUS_RANGE_MM, fit_sphere
from synth.importers.source import Piece, SourceHead

ROLES = (
    "skin", "eyes", "eye_left", "eye_right", "teeth", "teeth_upper", "teeth_lower", "tongue", "cavity",
    "lashes", "brows", "hair", "cloth", "drop",
)  # fmt: skip
"""``eyes`` and ``teeth`` are divided by place; ``drop`` is left out."""

LEAST_FACES, MOST_TRIED = 12, 200
"""Eyeballs have at least so many faces; of the pieces of their size, the ones with the most faces are tried."""

_LEFT = r"(?:left|(?:^|[\s_.\-])[lL](?:$|[\s_.\-\d])|(?<=[a-z])L(?:$|[\s_.\-\d]))"
_RIGHT = r"(?:right|(?:^|[\s_.\-])[rR](?:$|[\s_.\-\d])|(?<=[a-z])R(?:$|[\s_.\-\d]))"
_RULES: tuple[tuple[str, str], ...] = (
    (r"occlusion|lacrimal|tear|wetness|eye_?blend|eyeshadow|shadow|meniscus|caruncle|glass|light|camera", "drop"),
    (r"cornea|iris|pupil|lens", "drop_if_eyes"),
    (r"eye_?lash|lash", "lashes"),
    (r"eye_?brow|brow", "brows"),
    (r"eye_?socket|eye_?lid", "skin"),
    (r"sclera|eye_?ball|eye", "eyes"),
    (r"tongue", "tongue"),
    (r"gum|oral|palate|mouth_?(bag|cavity|inner|socket|inside)|inner_?mouth|^mouth", "cavity"),
    (r"teeth|tooth|denture", "teeth"),
    (r"hair|beard|moustache|scalp_?cap", "hair"),
    (r"shirt|cloth|collar|torso_?cover|outfit|top$|jacket|dress", "cloth"),
    (r"skin|head|face|body|neck|bust|torso", "skin"),
)  # fmt: skip


def role_of(name: str, material: str) -> str:
    """Return the role that a piece's name, else its material's name, tells, or an empty string."""
    for text in (name, material):
        for pattern, role in _RULES:
            if not re.search(pattern, text, re.IGNORECASE):
                continue
            if role == "eyes":
                return _sided(text)
            if role == "teeth":
                low, high = (
                    re.search(r"lower|bottom", text, re.IGNORECASE),
                    re.search(r"upper|top", text, re.IGNORECASE),
                )
                return "teeth_lower" if low else "teeth_upper" if high else "teeth"
            return role
    return ""


def _sided(text: str) -> str:
    if re.search(_LEFT, text) or re.search("left", text, re.IGNORECASE):
        return "eye_left"
    if re.search(_RIGHT, text) or re.search("right", text, re.IGNORECASE):
        return "eye_right"
    return "eyes"


def piece_roles(head: SourceHead, overrides: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return the role of each piece, and the labels of pieces taken for skin for want of a hint.

    Parameters
    ----------
    head : SourceHead
    overrides : dict of str to str
        The user's own: piece or material name to role.

    Raises
    ------
    InputError
        If an override names no piece.
    """
    names = {piece.name for piece in head.pieces} | {piece.material for piece in head.pieces}
    for name in overrides:
        if name not in names:
            raise InputError.one(f"the source has no piece {name!r}", f"{head.where}: map file", closest(name, names))
    roles, unsure = [], []
    for piece in head.pieces:
        role = overrides.get(piece.name) or overrides.get(piece.material) or head.roles.get(piece.name)
        if role is None:
            role = role_of(piece.name, piece.material)
        if not role:
            unsure.append(piece.name or piece.material or "unnamed")
            role = "skin"
        roles.append(role)
    has_eyes = any(role.startswith("eye") for role in roles)
    return [("drop" if has_eyes else "eyes") if role == "drop_if_eyes" else role for role in roles], unsure


def components(faces: np.ndarray, vertex_count: int) -> np.ndarray:
    """Return the connected component of each face (F,)."""
    edges = np.stack([faces[:, :3].ravel(), faces[:, 1:].ravel()])
    graph = sp.coo_matrix((np.ones(edges.shape[1]), edges), shape=(vertex_count, vertex_count))
    return sp.csgraph.connected_components(graph, directed=False)[1][faces[:, 0]]


def find_eyeballs(pieces: list[Piece], vertices_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Look for two separate balls of the size of eyes; return masks of the left's and the right's faces.

    Parameters
    ----------
    pieces : list of Piece
        Their faces are taken together, in order.
    vertices_mm : (V, 3) float
        In the frame of the rig.

    Returns
    -------
    two of (F,) bool, or None
        None where no such pair is there.
    """
    faces = np.concatenate([piece.faces for piece in pieces])
    label = components(faces, len(vertices_mm))
    balls = []
    for number in ball_sized(faces, label, vertices_mm):
        chosen = label == number
        sphere = fit_sphere(vertices_mm[np.unique(faces[chosen])])
        if RADIUS_RANGE_MM[0] <= sphere.radius <= RADIUS_RANGE_MM[1] and sphere.residual < 0.08:
            balls.append((sphere, chosen))
    best, pair = 4.0, None
    for left, left_mask in balls:
        for right, right_mask in balls:
            gap = left.centre - right.centre
            uneven = abs(left.radius - right.radius) + float(np.abs(gap[1:]).sum())
            if 40 < gap[0] < 90 and uneven < best:
                best, pair = uneven, (left_mask, right_mask)
    return pair


def ball_sized(faces: np.ndarray, label: np.ndarray, vertices_mm: np.ndarray) -> np.ndarray:
    """Return the components (n,) with enough faces and the extent of an eye; a hemisphere is as deep as its radius.

    So hair is not tried strand by strand.
    """
    number, place, count = np.unique(label, return_inverse=True, return_counts=True)
    low, high = np.full((len(number), 3), np.inf), np.full((len(number), 3), -np.inf)
    corners = vertices_mm[faces]
    np.minimum.at(low, place, corners.min(1))
    np.maximum.at(high, place, corners.max(1))
    extent = high - low
    fits = (extent.max(1) < 2.4 * RADIUS_RANGE_MM[1]) & (extent.min(1) > 0.3 * RADIUS_RANGE_MM[0])
    found = np.flatnonzero(fits & (count >= LEAST_FACES))
    return number[found[np.argsort(-count[found], kind="stable")][:MOST_TRIED]]
