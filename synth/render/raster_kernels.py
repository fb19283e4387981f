"""Compiled steps before shading: projection and coverage in software, light at the vertices for all renderers.

Everything is single precision: a whole number that meets a float32 in compiled code makes doubles of both.
"""

from __future__ import annotations

import numpy as np
from numba import njit

HAIR, FIRST_TWO_SIDED = 7, 5

PLANE = 7
"""Numbers kept of every covered triangle: the planes (3 + 3) of its first two weights, and its pyramid level."""

CORNER = 12
"""Numbers kept of every vertex: diffuse and specular light (3 + 3), texture place (2), depth of its folds (3)."""

ZERO, HALF, ONE, TWO, THREE = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2), np.float32(3)
LEVELS = 6
EDGE = np.float32(-2e-5)
"""Weights down to this count as inside, so that rounding leaves no gap between neighbours."""


@njit(cache=True, fastmath=True)
def project_vertices(positions, to_clip, side, out):  # pragma: no cover - compiled
    """Write column, row and depth of every vertex (M, 3), columns and rows of a grid of ``side`` samples."""
    half = HALF * side
    for v in range(positions.shape[0]):
        x, y, z = positions[v, 0], positions[v, 1], positions[v, 2]
        inverse = ONE / (to_clip[3, 0] * x + to_clip[3, 1] * y + to_clip[3, 2] * z + to_clip[3, 3])
        column = (to_clip[0, 0] * x + to_clip[0, 1] * y + to_clip[0, 2] * z + to_clip[0, 3]) * inverse
        row = (to_clip[1, 0] * x + to_clip[1, 1] * y + to_clip[1, 2] * z + to_clip[1, 3]) * inverse
        depth = to_clip[2, 0] * x + to_clip[2, 1] * y + to_clip[2, 2] * z + to_clip[2, 3]
        out[v, 0], out[v, 1], out[v, 2] = (column + ONE) * half - HALF, (row + ONE) * half - HALF, depth * inverse


@njit(cache=True, fastmath=True)
def cover(
    points, triangles, first, count, two_sided, texels, corner, alpha, depth, owner, plane, used
):  # pragma: no cover - compiled
    """Write the nearest triangle of every sample, and mark the vertices of all triangles that are seen.

    ``alpha`` with more than one row cuts away where it is below 128.
    """
    last_row, last_column = np.float32(depth.shape[0] - 1), np.float32(depth.shape[1] - 1)
    cut = alpha.shape[0] > 1
    for t in range(first, first + count):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1 = points[a, 0], points[a, 1], points[b, 0], points[b, 1]
        x2, y2 = points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == ZERO or (area > ZERO and not two_sided):
            continue
        left, right = np.ceil(max(min(x0, x1, x2), ZERO)), np.floor(min(max(x0, x1, x2), last_column))
        top, bottom = np.ceil(max(min(y0, y1, y2), ZERO)), np.floor(min(max(y0, y1, y2), last_row))
        if left > right or top > bottom:
            continue
        inverse = ONE / area
        z0, dz1, dz2 = points[a, 2], points[b, 2] - points[a, 2], points[c, 2] - points[a, 2]
        ax, ay = (y1 - y2) * inverse, (x2 - x1) * inverse
        bx, by = (y2 - y0) * inverse, (x0 - x2) * inverse
        row0, row1 = ax * (left - x2) + ay * (top - y2), bx * (left - x2) + by * (top - y2)
        dz = bx * dz1 - (ax + bx) * dz2
        ia, ib, ic = _reach(ax), _reach(bx), _reach(-ax - bx)
        wide, seen = right - left, False
        for y in range(np.int32(top), np.int32(bottom) + 1):
            row2 = ONE - row0 - row1
            qa, qb, qc = (EDGE - row0) * ia, (EDGE - row1) * ib, (EDGE - row2) * ic
            begin = max(qa if ia > ZERO else ZERO, qb if ib > ZERO else ZERO, qc if ic > ZERO else ZERO, ZERO)
            end = min(qa if ia < ZERO else wide, qb if ib < ZERO else wide, qc if ic < ZERO else wide, wide)
            begin, end = np.ceil(begin), np.floor(end)
            if begin <= end:
                z = z0 + row1 * dz1 + row2 * dz2 + begin * dz
                for x in range(np.uint64(np.int32(left + begin)), np.uint64(np.int32(left + end) + 1)):
                    if z < depth[y, x]:
                        w0 = row0 + ax * (np.float32(np.int32(x)) - left)
                        w1 = row1 + bx * (np.float32(np.int32(x)) - left)
                        if not cut or _solid(alpha, corner, a, b, c, w0, w1):
                            depth[y, x], owner[y, x] = z, t
                            seen = True
                    z += dz
            row0, row1 = row0 + ay, row1 + by
        if seen:
            used[a] = used[b] = used[c] = True
            plane[t, 0], plane[t, 1], plane[t, 2] = ax, ay, -ax * x2 - ay * y2
            plane[t, 3], plane[t, 4], plane[t, 5] = bx, by, -bx * x2 - by * y2
            plane[t, 6] = _level(texels[t], abs(area))


@njit(cache=True, fastmath=True, inline="always")
def _reach(slope):  # pragma: no cover - compiled
    """Return how many columns a weight with this slope takes to change by one."""
    return ONE / (slope if abs(slope) > np.float32(1e-9) else np.float32(1e-9))


@njit(cache=True, fastmath=True)
def _solid(alpha, corner, a, b, c, w0, w1):  # pragma: no cover - compiled
    w2 = ONE - w0 - w1
    u = w0 * corner[a, 6] + w1 * corner[b, 6] + w2 * corner[c, 6]
    v = w0 * corner[a, 7] + w1 * corner[b, 7] + w2 * corner[c, 7]
    column = min(max(int(u * np.float32(alpha.shape[1])), 0), alpha.shape[1] - 1)
    row = min(max(int((ONE - v) * np.float32(alpha.shape[0])), 0), alpha.shape[0] - 1)
    return alpha[row, column] >= 128


@njit(cache=True, fastmath=True)
def _level(texels, area):  # pragma: no cover - compiled
    """Return the pyramid level whose texels are about as large as a pixel; ``texels`` is in the area's unit."""
    level = ZERO
    while texels > TWO * area and level < np.float32(LEVELS - 1):
        texels *= np.float32(0.25)
        level += ONE
    return level


@njit(cache=True, fastmath=True)
def light_vertices(
    positions, normals, occlusion, visibility, materials, regions, used,
    terms, directions, colours, lights, sky, ground, up, camera, fold, out,
):  # fmt: skip  # pragma: no cover - compiled
    """Write diffuse and specular light and fold depths of the used vertices, for both renderers."""
    red_wrap, green_wrap, blue_wrap = np.float32(1), np.float32(0.42), np.float32(0.28)
    for v in range(positions.shape[0]):
        if not used[v]:
            continue
        kind = materials[v]
        rough, reflect, gain = terms[kind, 0], terms[kind, 1], terms[kind, 3]
        vx, vy, vz = camera[0] - positions[v, 0], camera[1] - positions[v, 1], camera[2] - positions[v, 2]
        size = ONE / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx, vy, vz = vx * size, vy * size, vz * size
        nx, ny, nz = normals[v, 0], normals[v, 1], normals[v, 2]
        facing_camera = nx * vx + ny * vy + nz * vz
        if facing_camera < ZERO and kind >= FIRST_TWO_SIDED:
            nx, ny, nz, facing_camera = -nx, -ny, -nz, -facing_camera
        nv = max(facing_camera, np.float32(0.05))
        a2 = rough * rough * rough * rough
        k = (rough + ONE) * (rough + ONE) * np.float32(0.125)
        high = (nx * up[0] + ny * up[1] + nz * up[2]) * HALF + HALF
        wr, wg, wb = terms[kind, 2] * red_wrap, terms[kind, 2] * green_wrap, terms[kind, 2] * blue_wrap
        red = (ground[0] + (sky[0] - ground[0]) * high) * occlusion[v]
        green = (ground[1] + (sky[1] - ground[1]) * high) * occlusion[v]
        blue = (ground[2] + (sky[2] - ground[2]) * high) * occlusion[v]
        shine = reflect * gain * np.float32(0.6)
        red_shine, green_shine, blue_shine = red * shine, green * shine, blue * shine
        for i in range(lights):
            lx, ly, lz = directions[i, 0], directions[i, 1], directions[i, 2]
            open_ = visibility[v, 0] + visibility[v, 1] * lx + visibility[v, 2] * ly + visibility[v, 3] * lz
            open_ = min(max(open_, ZERO), ONE)
            open_ = open_ * open_ * (THREE - TWO * open_)
            nl = nx * lx + ny * ly + nz * lz
            closed = (ONE - open_) * np.float32(0.25)
            red += colours[i, 0] * _soft(nl, wr) * (open_ + closed * wr)
            green += colours[i, 1] * _soft(nl, wg) * (open_ + closed * wg)
            blue += colours[i, 2] * _soft(nl, wb) * (open_ + closed * wb)
            hx, hy, hz = lx + vx, ly + vy, lz + vz
            size = ONE / np.sqrt(max(hx * hx + hy * hy + hz * hz, np.float32(1e-12)))
            hx, hy, hz = hx * size, hy * size, hz * size
            om = ONE - max(vx * hx + vy * hy + vz * hz, ZERO)
            fresnel = reflect + (ONE - reflect) * om * om * om * om * om
            if kind == HAIR:
                lobe = _strand_lobe(nx, ny, nz, hx, hy, hz, nl)
            else:
                face, nh = max(nl, ZERO), max(nx * hx + ny * hy + nz * hz, ZERO)
                d = nh * nh * (a2 - ONE) + ONE
                lobe = face * a2 / (d * d * (face * (ONE - k) + k) * (nv * (ONE - k) + k)) * np.float32(0.25)
            lobe *= fresnel * open_ * gain
            red_shine += colours[i, 0] * lobe
            green_shine += colours[i, 1] * lobe
            blue_shine += colours[i, 2] * lobe
        out[v, 0], out[v, 1], out[v, 2] = red, green, blue
        out[v, 3], out[v, 4], out[v, 5] = red_shine, green_shine, blue_shine
        out[v, 8], out[v, 9], out[v, 10] = fold[regions[v, 0]], fold[regions[v, 1]], fold[regions[v, 2]]


@njit(cache=True, fastmath=True, inline="always")
def _soft(nl, wrap):  # pragma: no cover - compiled
    return min(max((nl + wrap) / (ONE + wrap), ZERO), ONE)


@njit(cache=True, fastmath=True)
def _strand_lobe(nx, ny, nz, hx, hy, hz, nl):  # pragma: no cover - compiled
    """Return the highlight of a hanging strand of hair: brightest where the half vector is at right angles to it."""
    lean = ny - np.float32(0.25) * nz
    sx, sy, sz = nx * lean, ny * lean - ONE, nz * lean + np.float32(0.2501)
    th = sx * hx + sy * hy + sz * hz
    across = max(ONE - th * th / (sx * sx + sy * sy + sz * sz), ZERO)
    across = across * across * across
    across = across * across
    across = across * across
    return across * across * np.float32(2.2) * min(max(nl * TWO + np.float32(0.3), ZERO), ONE)


@njit(cache=True)
def halve(picture, out):  # pragma: no cover - compiled
    """Write the rounded means (H / 2, W / 2, 4) of blocks of four texels."""
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            for k in range(4):
                above = np.int32(picture[2 * y, 2 * x, k]) + np.int32(picture[2 * y, 2 * x + 1, k])
                below = np.int32(picture[2 * y + 1, 2 * x, k]) + np.int32(picture[2 * y + 1, 2 * x + 1, k])
                out[y, x, k] = (above + below + 2) // 4
