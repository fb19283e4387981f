"""Compiled shading of the software renderer, one colour per surface in a pixel; as the fragment shaders."""

from __future__ import annotations

import numpy as np
from numba import njit

SAME_SURFACE = 2e-3
"""Samples of a pixel whose depths differ by less share one colour."""


@njit(cache=True, fastmath=True)
def to_display(c):  # pragma: no cover - compiled
    """Return the display value in [0, 255] of a linear one, with a soft shoulder."""
    c = max(c, np.float32(0))
    c = c * (np.float32(1) + np.float32(0.12) * c) / (np.float32(1) + np.float32(0.32) * c)
    s1 = np.sqrt(c)
    s2 = np.sqrt(s1)
    s3 = np.sqrt(s2)
    value = np.float32(0.585122381) * s1 + np.float32(0.783140355) * s2 - np.float32(0.368262736) * s3
    return np.float32(255) * min(max(value, np.float32(0)), np.float32(1))


@njit(cache=True, fastmath=True)
def to_linear(c):  # pragma: no cover - compiled
    """Return the linear value of a display value in [0, 255]."""
    c = c * np.float32(1 / 255.0)
    return c * (c * (c * np.float32(0.305306011) + np.float32(0.682171111)) + np.float32(0.012522878))


@njit(cache=True, fastmath=True)
def sample(pyramid, offsets, widths, heights, level, u, v, out):  # pragma: no cover - compiled
    """Write the bilinear RGBA (4,) of one level of a flat picture pyramid at (u, v)."""
    width, height, start = widths[level], heights[level], offsets[level]
    x, y = u * width - np.float32(0.5), (np.float32(1) - v) * height - np.float32(0.5)
    x0, y0 = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - x0, y - y0
    left, right = min(max(x0, 0), width - 1), min(max(x0 + 1, 0), width - 1)
    top, bottom = min(max(y0, 0), height - 1), min(max(y0 + 1, 0), height - 1)
    i00, i10 = start + top * width + left, start + top * width + right
    i01, i11 = start + bottom * width + left, start + bottom * width + right
    w00, w10 = (1 - fx) * (1 - fy), fx * (1 - fy)
    w01, w11 = (1 - fx) * fy, fx * fy
    for c in range(4):
        out[c] = pyramid[i00, c] * w00 + pyramid[i10, c] * w10 + pyramid[i01, c] * w01 + pyramid[i11, c] * w11


@njit(cache=True, fastmath=True)
def _step(low, high, x):  # pragma: no cover - compiled
    t = min(max((x - low) / (high - low), np.float32(0)), np.float32(1))
    return t * t * (3 - 2 * t)


@njit(cache=True, fastmath=True)
def eye_colour(
    p, centre, to_gaze, lid, tile, directions, colours, sky, ground, up, camera,
    albedo, offsets, widths, heights, level, texel, out,
):  # fmt: skip  # pragma: no cover - compiled
    """Write the display colour (3,) of a point on an eyeball; the same sums as ``eye.frag``."""
    side = 0 if p[0] > 0 else 1
    d, local, n = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    size = np.float32(0)
    for k in range(3):
        d[k] = p[k] - centre[side, k]
        size += d[k] * d[k]
    d /= np.sqrt(size)
    for k in range(3):
        local[k] = to_gaze[side, k, 0] * d[0] + to_gaze[side, k, 1] * d[1] + to_gaze[side, k, 2] * d[2]
    angle = np.arccos(min(max(local[2], np.float32(-1)), np.float32(1)))
    planar = max(np.sqrt(local[0] * local[0] + local[1] * local[1]), np.float32(1e-5))
    reach = min(angle, np.float32(1.18)) / planar
    u, v = tile[0] + tile[2] * local[0] * reach, tile[1] + tile[3] * local[1] * reach
    sample(albedo, offsets, widths, heights, level, u, v, texel)
    bulge = (1 - _step(np.float32(0.35), np.float32(0.55), angle)) * np.float32(0.35)
    size = np.float32(0)
    for k in range(3):
        n[k] = d[k] + bulge * (d[k] - to_gaze[side, 2, k] * local[2])
        size += n[k] * n[k]
    n /= np.sqrt(size)
    across = (p[0] - lid[side, 2]) / lid[side, 3]
    fall = max(1 - across * across, np.float32(0))
    middle = (lid[side, 0] + lid[side, 1]) * np.float32(0.5)
    top, bottom = middle + (lid[side, 0] - middle) * fall, middle + (lid[side, 1] - middle) * fall
    shadow = np.float32(0.32) + np.float32(0.68) * _step(np.float32(-0.3), np.float32(4.2), top - p[1])
    shadow *= np.float32(0.7) + np.float32(0.3) * _step(np.float32(-0.3), np.float32(1.6), p[1] - bottom)
    shadow *= np.float32(0.62) + np.float32(0.38) * _step(np.float32(0), np.float32(0.55), fall)
    view = camera - p
    view /= np.sqrt(view[0] * view[0] + view[1] * view[1] + view[2] * view[2])
    high = (d[0] * up[0] + d[1] * up[1] + d[2] * up[2]) * np.float32(0.5) + np.float32(0.5)
    for c in range(3):
        diffuse, specular = ground[c] + (sky[c] - ground[c]) * high, np.float32(0)
        for i in range(directions.shape[0]):
            if colours[i, c] <= 0:
                continue
            h = directions[i] + view
            h /= np.sqrt(h[0] * h[0] + h[1] * h[1] + h[2] * h[2])
            nl = d[0] * directions[i, 0] + d[1] * directions[i, 1] + d[2] * directions[i, 2]
            nh = max(n[0] * h[0] + n[1] * h[1] + n[2] * h[2], np.float32(0))
            diffuse += colours[i, c] * min(max((nl + np.float32(0.3)) / np.float32(1.3), np.float32(0)), np.float32(1))
            glint = _step(np.float32(0.9962), np.float32(0.9992), nh) * np.float32(0.9)
            specular += colours[i, c] * (glint + nh ** np.float32(60) * np.float32(0.05))
        lit = to_linear(texel[c]) * diffuse * shadow * np.float32(0.92)
        out[c] = to_display(lit + specular * (np.float32(0.35) + np.float32(0.65) * shadow))


@njit(cache=True, fastmath=True)
def shade(
    points, triangles, owner, depth, side, uv, light, regions, fold, tint, ranges, positions,
    albedo, crease, offsets, widths, heights, levels,
    centre, to_gaze, lid, tile, directions, colours, sky, ground, up, camera, background, picture,
):  # fmt: skip  # pragma: no cover - compiled
    """Write the picture (S, S, 3) uint8: one colour per surface in a pixel, averaged over its samples."""
    colour, texel, relief = np.empty(3, np.float32), np.empty(4, np.float32), np.empty(4, np.float32)
    total, place, w = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    share = side * side
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            total[:] = 0
            last, last_depth, last_program = -1, np.float32(9), -1
            for s in range(share):
                row, column = y * side + s // side, x * side + s % side
                t = owner[row, column]
                if t < 0:
                    for c in range(3):
                        total[c] += background[y, x, c]
                    continue
                z = depth[row, column]
                program = 0 if t < ranges[1] else (1 if t < ranges[2] else 2)
                near = program == last_program and abs(z - last_depth) < SAME_SURFACE
                if t != last and not near:
                    last, last_depth, last_program = t, z, program
                    _corner_weights(points, triangles, t, x + np.float32(0.5), y + np.float32(0.5), w)
                    if program == 1:
                        for k in range(3):
                            place[k] = 0
                            for i in range(3):
                                place[k] += w[i] * positions[triangles[t, i], k]
                        eye_colour(
                            place, centre, to_gaze, lid, tile, directions, colours, sky, ground, up, camera,
                            albedo, offsets, widths, heights, levels[t], texel, colour,
                        )  # fmt: skip
                    else:
                        _face_colour(
                            triangles, t, w, uv, light, regions, fold, tint, program,
                            albedo, crease, offsets, widths, heights, levels[t], texel, relief, colour,
                        )  # fmt: skip
                for c in range(3):
                    total[c] += colour[c]
            for c in range(3):
                picture[y, x, c] = np.uint8(total[c] / share + np.float32(0.5))


@njit(cache=True, fastmath=True)
def _corner_weights(points, triangles, t, x, y, w):  # pragma: no cover - compiled
    """Write perspective-correct weights (3,) of a pixel's middle in a triangle, kept inside it."""
    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
    inverse = np.float32(1) / ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))
    w0 = ((y1 - y2) * (x - x2) + (x2 - x1) * (y - y2)) * inverse
    w1 = ((y2 - y0) * (x - x2) + (x0 - x2) * (y - y2)) * inverse
    w0 = min(max(w0, np.float32(0)), np.float32(1))
    w1 = min(max(w1, np.float32(0)), 1 - w0)
    w[0], w[1], w[2] = w0 * points[a, 3], w1 * points[b, 3], (1 - w0 - w1) * points[c, 3]
    w /= w[0] + w[1] + w[2]


@njit(cache=True, fastmath=True)
def _face_colour(
    triangles, t, w, uv, light, regions, fold, tint, program,
    albedo, crease, offsets, widths, heights, level, texel, relief, out,
):  # fmt: skip  # pragma: no cover - compiled
    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    u = w[0] * uv[a, 0] + w[1] * uv[b, 0] + w[2] * uv[c, 0]
    v = w[0] * uv[a, 1] + w[1] * uv[b, 1] + w[2] * uv[c, 1]
    sample(albedo, offsets, widths, heights, level, u, v, texel)
    furrow, gloss = np.float32(0), np.float32(0)
    if program == 0:
        sample(crease, offsets, widths, heights, level, u, v, relief)
        for k in range(3):
            depth = w[0] * fold[regions[a, k]] + w[1] * fold[regions[b, k]] + w[2] * fold[regions[c, k]]
            furrow += (relief[k] * np.float32(2 / 255.0) - np.float32(1.00392)) * depth
        gloss = relief[3] * np.float32(2 / 255.0)
    for k in range(3):
        diffuse = w[0] * light[a, k] + w[1] * light[b, k] + w[2] * light[c, k]
        specular = w[0] * light[a, 3 + k] + w[1] * light[b, 3 + k] + w[2] * light[c, 3 + k]
        base = to_linear(texel[k])
        if program == 2:
            lit = base * diffuse + (np.float32(0.35) + np.float32(2.5) * base) * specular
        else:
            base *= 1 + (tint[k] - 1) * texel[3] * np.float32(1 / 255.0)
            strength = np.float32(0.78) if k == 0 else (np.float32(1) if k == 1 else np.float32(1.08))
            lit = base * diffuse * np.exp(furrow * strength) + specular * gloss
        out[k] = to_display(lit)
