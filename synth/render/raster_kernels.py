"""Compiled steps of the software renderer before shading: light at the vertices, then coverage."""

from __future__ import annotations

import numpy as np
from numba import njit

HAIR, FIRST_TWO_SIDED = 7, 5


@njit(cache=True, fastmath=True)
def light_vertices(
    positions, normals, occlusion, visibility, materials, terms, directions, colours, sky, ground, up, camera, out
):  # pragma: no cover - compiled
    """Write diffuse and specular light (M, 6) per vertex; the same sums as ``face.vert``."""
    one = np.float32(1)
    wrap_of = np.array([1.0, 0.42, 0.28], np.float32)
    soft, wrap = np.empty(3, np.float32), np.empty(3, np.float32)
    for v in range(positions.shape[0]):
        kind = materials[v]
        rough, reflect, gain = terms[kind, 0], terms[kind, 1], terms[kind, 3]
        vx, vy, vz = camera[0] - positions[v, 0], camera[1] - positions[v, 1], camera[2] - positions[v, 2]
        size = one / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx, vy, vz = vx * size, vy * size, vz * size
        nx, ny, nz = normals[v, 0], normals[v, 1], normals[v, 2]
        facing_camera = nx * vx + ny * vy + nz * vz
        if facing_camera < 0 and kind >= FIRST_TWO_SIDED:
            nx, ny, nz, facing_camera = -nx, -ny, -nz, -facing_camera
        if facing_camera < -0.35:
            continue
        nv = max(facing_camera, np.float32(0.05))
        a2 = rough * rough * rough * rough
        k = (rough + one) * (rough + one) * np.float32(0.125)
        lean = ny - np.float32(0.25) * nz
        sx, sy, sz = nx * lean, ny * lean - one, nz * lean + np.float32(0.2501)
        size = one / np.sqrt(sx * sx + sy * sy + sz * sz)
        sx, sy, sz = sx * size, sy * size, sz * size
        high = (nx * up[0] + ny * up[1] + nz * up[2]) * np.float32(0.5) + np.float32(0.5)
        for c in range(3):
            wrap[c] = terms[kind, 2] * wrap_of[c]
            out[v, c] = (ground[c] + (sky[c] - ground[c]) * high) * occlusion[v]
            out[v, 3 + c] = out[v, c] * reflect * gain * np.float32(0.6)
        for i in range(directions.shape[0]):
            lx, ly, lz = directions[i, 0], directions[i, 1], directions[i, 2]
            if colours[i, 0] + colours[i, 1] + colours[i, 2] <= 0:
                continue
            open_ = visibility[v, 0] + visibility[v, 1] * lx + visibility[v, 2] * ly + visibility[v, 3] * lz
            open_ = min(max(open_, np.float32(0)), one)
            open_ = open_ * open_ * (3 - 2 * open_)
            nl = nx * lx + ny * ly + nz * lz
            for c in range(3):
                soft[c] = min(max((nl + wrap[c]) / (one + wrap[c]), np.float32(0)), one)
                shade = open_ + (one - open_) * wrap[c] * np.float32(0.25)
                out[v, c] += colours[i, c] * soft[c] * shade
            hx, hy, hz = lx + vx, ly + vy, lz + vz
            size = one / np.sqrt(max(hx * hx + hy * hy + hz * hz, np.float32(1e-12)))
            hx, hy, hz = hx * size, hy * size, hz * size
            nh = max(nx * hx + ny * hy + nz * hz, np.float32(0))
            om = one - max(vx * hx + vy * hy + vz * hz, np.float32(0))
            fresnel = reflect + (one - reflect) * om * om * om * om * om
            if kind == HAIR:
                th = sx * hx + sy * hy + sz * hz
                spread = min(max(nl * 2 + np.float32(0.3), np.float32(0)), one)
                lobe = max(one - th * th, np.float32(0)) ** np.float32(24) * np.float32(2.2) * spread
            else:
                face = max(nl, np.float32(0))
                d = nh * nh * (a2 - one) + one
                lobe = face * a2 / (d * d) * np.float32(0.25) / ((face * (one - k) + k) * (nv * (one - k) + k))
            for c in range(3):
                out[v, 3 + c] += colours[i, c] * (fresnel * lobe * open_ * gain)


@njit(cache=True, fastmath=True)
def project_vertices(positions, to_clip, size, out):  # pragma: no cover - compiled
    """Write pixel x, pixel y, depth and 1 / w of every vertex (M, 4)."""
    for v in range(positions.shape[0]):
        x, y, z = positions[v, 0], positions[v, 1], positions[v, 2]
        w = to_clip[3, 0] * x + to_clip[3, 1] * y + to_clip[3, 2] * z + to_clip[3, 3]
        inverse = np.float32(1) / w
        for row in range(2):
            value = to_clip[row, 0] * x + to_clip[row, 1] * y + to_clip[row, 2] * z + to_clip[row, 3]
            out[v, row] = (value * inverse + np.float32(1)) * np.float32(0.5) * size
        depth = to_clip[2, 0] * x + to_clip[2, 1] * y + to_clip[2, 2] * z + to_clip[2, 3]
        out[v, 2], out[v, 3] = depth * inverse, inverse


@njit(cache=True, fastmath=True)
def cover(points, triangles, first, count, two_sided, side, uv, alpha, depth, owner):  # pragma: no cover - compiled
    """Write the nearest triangle of every sample; ``alpha`` with rows cuts away where it is below 128."""
    rows, columns = depth.shape
    scale, half = np.float32(side), np.float32(0.5)
    zero, one = np.float32(0), np.float32(1)
    for t in range(first, first + count):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0 = points[a, 0] * scale - half, points[a, 1] * scale - half
        x1, y1 = points[b, 0] * scale - half, points[b, 1] * scale - half
        x2, y2 = points[c, 0] * scale - half, points[c, 1] * scale - half
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0 or (area > 0 and not two_sided):
            continue
        left = int(np.ceil(max(min(x0, x1, x2), zero)))
        right = int(np.floor(min(max(x0, x1, x2), np.float32(columns - 1))))
        top = int(np.ceil(max(min(y0, y1, y2), zero)))
        bottom = int(np.floor(min(max(y0, y1, y2), np.float32(rows - 1))))
        if left > right or top > bottom:
            continue
        inverse = one / area
        z0, dz1, dz2 = points[a, 2], points[b, 2] - points[a, 2], points[c, 2] - points[a, 2]
        ax, ay = (y1 - y2) * inverse, (x2 - x1) * inverse
        bx, by = (y2 - y0) * inverse, (x0 - x2) * inverse
        for y in range(top, bottom + 1):
            w0 = ax * (left - x2) + ay * (y - y2)
            w1 = bx * (left - x2) + by * (y - y2)
            for x in range(left, right + 1):
                w2 = one - w0 - w1
                if w0 >= 0 and w1 >= 0 and w2 >= 0:
                    z = z0 + w1 * dz1 + w2 * dz2
                    if z < depth[y, x]:
                        solid = True
                        if alpha.shape[0] > 1:
                            u = w0 * uv[a, 0] + w1 * uv[b, 0] + w2 * uv[c, 0]
                            v = w0 * uv[a, 1] + w1 * uv[b, 1] + w2 * uv[c, 1]
                            column = min(max(int(u * alpha.shape[1]), 0), alpha.shape[1] - 1)
                            row = min(max(int((one - v) * alpha.shape[0]), 0), alpha.shape[0] - 1)
                            solid = alpha[row, column] >= 128
                        if solid:
                            depth[y, x], owner[y, x] = z, t
                w0 += ax
                w1 += bx
