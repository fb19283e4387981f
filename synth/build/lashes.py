"""Eyelashes as single strands that lie in the lash strips of the base mesh."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from assets.keyed import rng_for
from synth.build.anatomy import boundary_loops
from synth.build.graft import Graft

STRANDS = {"upper": 72, "lower": 24}
LENGTH = {"upper": (0.52, 0.88), "lower": (0.24, 0.40)}
"""Share of the strip's depth that a strand spans: shortest at the inner corner, longest outside."""

WIDTH_MM = {"upper": 0.42, "lower": 0.24}
STEPS = 3
UNEVEN, BEND, OUTER_SHARE = (0.62, 1.08), 0.05, 0.45
"""Range of single lengths, sideways sweep of the tips as a share of the strip, and length at the outer corner."""

LINE = {"upper": (40, 0.28), "lower": (0, 0.0)}
"""Pieces of the dark line that the roots of the strands form, and the share of the strip's depth it spans."""

FORWARD_MM = 1.1
"""How far lashes stand off their strip, so that the lower lid does not show through those of a closed eye."""

LINE_FADES = 0.25
"""Where in the lashes' tile the line ends, from 0 at the roots to 1 at the tips of the strands."""

Piece = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Vertices of a strip and bilinear weights, both (n, 4), offsets in mm (n, 3) and shares (n,) from root to tip."""


def strip_grid(faces: np.ndarray) -> np.ndarray:
    """Return the vertices of a strip of quads (f, 4) as a grid (rows, columns), columns along the long side."""
    neighbours: dict[int, set[int]] = {}
    for quad in faces.tolist():
        for k in range(4):
            neighbours.setdefault(quad[k], set()).update((quad[k - 1], quad[(k + 1) % 4]))
    loop = boundary_loops(faces)[0].tolist()
    counts = {v: int((faces == v).sum()) for v in loop}
    corners = [k for k, v in enumerate(loop) if counts[v] == 1]
    spans = [(corners[(i + 1) % 4] - corners[i]) % len(loop) for i in range(4)]
    first = int(np.argmax(spans))
    row = [loop[(corners[first] + k) % len(loop)] for k in range(spans[first] + 1)]
    rows, seen = [row], set(row)
    while len(rows) * len(row) < len(neighbours):
        row = [min(neighbours[v] - seen) for v in rows[-1]]
        seen.update(row)
        rows.append(row)
    return np.array(rows)


def lash_graft(rest_mm: np.ndarray, strips: dict[str, list[np.ndarray]], eye_centres_mm: np.ndarray) -> Graft:
    """Return the lashes of both eyes.

    Parameters
    ----------
    rest_mm : (V, 3) float
    strips : dict of str to list of (rows, columns) int
        ``upper`` and ``lower``: the grids of the left and the right eye.
    eye_centres_mm : (2, 3) float
    """
    rows, columns, values, offsets, faces, uv = [], [], [], [], [], []
    count = 0
    for kind, grids in strips.items():
        for grid in grids:
            grid = _rooted(rest_mm, grid, eye_centres_mm)
            pieces = [_strand(rest_mm, grid, kind, strand) for strand in range(STRANDS[kind])]
            for index, weight, offset, out in [*pieces, *_line(grid, *LINE[kind])]:
                number = len(index)
                rows.append(np.repeat(np.arange(count, count + number), 4))
                columns.append(index.ravel())
                values.append(weight.ravel())
                offsets.append(offset)
                faces.append(count + _faces(number))
                uv.append(np.stack([np.full(number, 0.5), 1 - out], -1))
                count += number
    weights = sp.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(count, len(rest_mm))
    )
    points = weights @ rest_mm + np.concatenate(offsets)
    return Graft("lashes", "lash", points, weights, np.concatenate(faces), np.concatenate(uv), subdivide=False)


def _faces(number: int) -> np.ndarray:
    """Return the quads (n, 4) of a ribbon of so many vertices; an odd last one is its point."""
    a = 2 * np.arange((number - 1) // 2)
    quads = np.stack([a, a + 1, a + 3, a + 2], -1)
    return np.minimum(quads, number - 1)


def _rooted(rest_mm: np.ndarray, grid: np.ndarray, eye_centres_mm: np.ndarray) -> np.ndarray:
    """Turn a grid so that row 0 lies on the lid and column 0 at the inner corner of the eye."""
    centre = eye_centres_mm[np.abs(eye_centres_mm[:, 0] - rest_mm[grid, 0].mean()).argmin()]
    distance = np.linalg.norm(rest_mm[grid] - centre, axis=-1).mean(1)
    if distance[0] > distance[-1]:
        grid = grid[::-1]
    tip = int(np.linalg.norm(rest_mm[grid] - centre, axis=-1).mean(1).argmax())
    grid = grid[: tip + 1]
    return grid if abs(rest_mm[grid[0, 0], 0]) < abs(rest_mm[grid[0, -1], 0]) else grid[:, ::-1]


def _strand(rest_mm: np.ndarray, grid: np.ndarray, kind: str, strand: int) -> Piece:
    """Return one strand of 2 S - 1 vertices that ends in a point."""
    rng = rng_for(0, "lash", kind, strand)
    place = (strand + 0.5 + rng.uniform(-0.35, 0.35)) / STRANDS[kind]
    low, high = LENGTH[kind]
    reach = (low + (high - low) * np.sin(np.pi * (0.15 + 0.6 * place))) * rng.uniform(*UNEVEN)
    reach *= np.interp(place, [0.8, 1.0], [1.0, OUTER_SHARE])
    fan, bend = 0.10 * (place - 0.35) + rng.uniform(-0.02, 0.02), BEND * rng.uniform(0.2, 1.0)
    along = np.linspace(0, 1, STEPS)
    index, weight = _on_strip(grid, 0.03 + 0.94 * place + fan * along + bend * along * (along - 0.6), reach * along)
    middle = (rest_mm[index] * weight[..., None]).sum(1)
    tangent = np.gradient(middle, axis=0)
    side = np.cross(tangent, [0.0, 0.0, 1.0])
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    half = side * (WIDTH_MM[kind] / 2 * (1 - along)[:, None])
    offset = (np.stack([half, -half], 1) + np.array([0, 0, FORWARD_MM])).reshape(-1, 3)
    return np.repeat(index, 2, 0)[:-1], np.repeat(weight, 2, 0)[:-1], offset[:-1], np.repeat(along, 2)[:-1]


def _line(grid: np.ndarray, pieces: int, depth: float) -> list[Piece]:
    """Return the line along the roots as one ribbon, thinnest at the inner corner, or nothing."""
    if not pieces:
        return []
    along = np.linspace(0.04, 0.98, pieces + 1)
    reach = depth * (0.45 + 0.55 * np.sin(np.pi * (0.1 + 0.65 * along)))
    index, weight = _on_strip(grid, np.repeat(along, 2), np.stack([np.zeros_like(along), reach], 1).ravel())
    out = np.tile([0.0, 1.0], pieces + 1)
    return [(index, weight, np.tile([0, 0, FORWARD_MM], (len(out), 1)), LINE_FADES * out)]


def _on_strip(grid: np.ndarray, across: np.ndarray, along: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices and bilinear weights, both (n, 4), of places on a strip, in shares of its two sides."""
    u = np.clip(across, 0, 1) * (grid.shape[1] - 1)
    v = np.clip(along, 0, 1) * (grid.shape[0] - 1)
    i, j = np.minimum(v.astype(int), grid.shape[0] - 2), np.minimum(u.astype(int), grid.shape[1] - 2)
    s, t = v - i, u - j
    index = np.stack([grid[i, j], grid[i, j + 1], grid[i + 1, j], grid[i + 1, j + 1]], -1)
    return index, np.stack([(1 - s) * (1 - t), (1 - s) * t, s * (1 - t), s * t], -1)
