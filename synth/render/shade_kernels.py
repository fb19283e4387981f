"""Compiled shading of the software renderer, one colour per surface in a pixel; as the fragment shaders.

Everything is kept in single precision and in scalars: arrays inside the loop cost more than the sums.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from synth.render.resolve import tone

SAME_SURFACE = np.float32(2e-3)
"""Samples of a pixel whose depths differ by less share one colour."""

TONE_STEPS = 4096
TONE_RANGE = np.float32(4.0)
"""Linear light up to this value is looked up; more is white anyway."""

ZERO, HALF, ONE, TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
BYTE = np.float32(1 / 255.0)
STEPS16 = np.float32(16)

EVEN, ODD = np.uint64(0x00FF00FF), np.uint64(0xFF00FF00)
LANE, SIXTEEN, TWENTY_FOUR = np.uint64(0xFFFF), np.uint64(16), np.uint64(24)
LANE_UNIT = np.float32(1 / 256.0)


def tone_table() -> np.ndarray:
    """Return display values (4096,) float32 in [0, 255] over the square root of linear light."""
    return tone(TONE_RANGE * (np.arange(TONE_STEPS) / (TONE_STEPS - 1)) ** 2).astype(np.float32)


@njit(cache=True, fastmath=True, inline="always")
def _tone(table, linear):  # pragma: no cover - compiled
    place = np.sqrt(max(linear, ZERO) * np.float32(1 / 4.0)) * np.float32(TONE_STEPS - 1)
    return table[np.uint64(min(np.int32(place + HALF), np.int32(TONE_STEPS - 1)))]


@njit(cache=True, fastmath=True, inline="always")
def _linear(c):  # pragma: no cover - compiled
    c = c * BYTE
    return c * c


@njit(cache=True, fastmath=True, inline="always")
def _clamp(x):  # pragma: no cover - compiled
    return min(max(x, ZERO), ONE)


@njit(cache=True, fastmath=True, inline="always")
def _step(low, high, x):  # pragma: no cover - compiled
    t = _clamp((x - np.float32(low)) / np.float32(high - low))
    return t * t * (np.float32(3) - TWO * t)


@njit(cache=True, fastmath=True, inline="always")
def _lanes(packed):  # pragma: no cover - compiled
    """Return four bytes as the four 16 bit lanes of one word: bytes 0, 2, 1, 3 from below."""
    word = np.uint64(packed)
    return (word & EVEN) | ((word & ODD) << TWENTY_FOUR)


@njit(cache=True, fastmath=True, inline="always")
def _bytes(word):  # pragma: no cover - compiled
    """Return four lanes of 256 times a byte, in the order of the bytes."""
    zero = np.float32(np.int32(word & LANE)) * LANE_UNIT
    two = np.float32(np.int32((word >> SIXTEEN) & LANE)) * LANE_UNIT
    one = np.float32(np.int32((word >> (SIXTEEN + SIXTEEN)) & LANE)) * LANE_UNIT
    three = np.float32(np.int32(word >> (SIXTEEN + SIXTEEN + SIXTEEN))) * LANE_UNIT
    return zero, one, two, three


@njit(cache=True, fastmath=True, inline="always")
def texel(maps, sizes, level, u, v):  # pragma: no cover - compiled
    """Return albedo and creases (4 + 4, in [0, 255]) of one level of the packed pyramid at (u, v), bilinear.

    The four weights are multiples of 1/256, so that a word holds the sums of four channels at once.
    """
    offset, width, height = sizes[level, 0], sizes[level, 1], sizes[level, 2]
    x = min(max(u * np.float32(width) - HALF, ZERO), np.float32(width) - np.float32(1.01))
    y = min(max((ONE - v) * np.float32(height) - HALF, ZERO), np.float32(height) - np.float32(1.01))
    left, top = np.int32(x), np.int32(y)
    across = np.uint64(np.int32((x - np.float32(left)) * STEPS16))
    down = np.uint64(np.int32((y - np.float32(top)) * STEPS16))
    a = np.uint64(offset + top * width + left)
    c = a + np.uint64(width)
    b, d = a + np.uint64(1), c + np.uint64(1)
    wd = across * down
    wb, wc = (across << np.uint64(4)) - wd, (down << np.uint64(4)) - wd
    wa = np.uint64(256) - wb - wc - wd
    colour = _lanes(maps[a, 0]) * wa + _lanes(maps[b, 0]) * wb + _lanes(maps[c, 0]) * wc + _lanes(maps[d, 0]) * wd
    crease = _lanes(maps[a, 1]) * wa + _lanes(maps[b, 1]) * wb + _lanes(maps[c, 1]) * wc + _lanes(maps[d, 1]) * wd
    return _bytes(colour), _bytes(crease)


@njit(cache=True, fastmath=True)
def eye_light(
    px, py, pz, cornea, lid, directions, colours, sky, ground, up, camera, d, n
):  # pragma: no cover - compiled
    """Return diffuse light and highlight (3 + 3) at a point of an eyeball; the same sums as ``eye.frag``."""
    across = (px - lid[2]) / lid[3]
    fall = max(ONE - across * across, ZERO)
    middle = (lid[0] + lid[1]) * HALF
    top, bottom = middle + (lid[0] - middle) * fall, middle + (lid[1] - middle) * fall
    shadow = np.float32(0.26) + np.float32(0.74) * _step(-0.3, 5.6, top - py)
    shadow *= np.float32(0.70) + np.float32(0.30) * _step(-0.3, 1.8, py - bottom)
    shadow *= np.float32(0.40) + np.float32(0.60) * _step(0.0, 0.8, fall)
    inner = _step(0.45, 0.95, across if px < ZERO else -across)
    warm = ONE - shadow
    vx, vy, vz = camera[0] - px, camera[1] - py, camera[2] - pz
    size = ONE / np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx * size, vy * size, vz * size
    high = (d[0] * up[0] + d[1] * up[1] + d[2] * up[2]) * HALF + HALF
    red, green, blue = (ground[0] + (sky[0] - ground[0]) * high, ground[1] + (sky[1] - ground[1]) * high,
                        ground[2] + (sky[2] - ground[2]) * high)  # fmt: skip
    shine_red = shine_green = shine_blue = ZERO
    for i in range(directions.shape[0]):
        lx, ly, lz = directions[i, 0], directions[i, 1], directions[i, 2]
        hx, hy, hz = lx + vx, ly + vy, lz + vz
        size = ONE / np.sqrt(max(hx * hx + hy * hy + hz * hz, np.float32(1e-12)))
        nl = _clamp((d[0] * lx + d[1] * ly + d[2] * lz + np.float32(0.3)) / np.float32(1.3))
        nh = max((n[0] * hx + n[1] * hy + n[2] * hz) * size, ZERO)
        glint = _step(0.9962, 0.9992, nh) * np.float32(1.1) + nh ** np.float32(60) * np.float32(0.04)
        red, green, blue = red + colours[i, 0] * nl, green + colours[i, 1] * nl, blue + colours[i, 2] * nl
        shine_red += colours[i, 0] * glint
        shine_green += colours[i, 1] * glint
        shine_blue += colours[i, 2] * glint
    gain = shadow * np.float32(0.92)
    shine = (np.float32(0.35) + np.float32(0.65) * shadow) * (np.float32(0.3) + np.float32(0.7) * cornea)
    red *= gain
    green *= gain * (ONE - np.float32(0.10) * warm) * (ONE - np.float32(0.26) * inner)
    blue *= gain * (ONE - np.float32(0.20) * warm) * (ONE - np.float32(0.26) * inner)
    return red, green, blue, shine_red * shine, shine_green * shine, shine_blue * shine


@njit(cache=True, fastmath=True)
def eye_place(px, py, pz, centre, to_gaze, tile, iris_rad, d, n):  # pragma: no cover - compiled
    """Write the direction and the normal (3,) of a point on an eyeball; return its place in the atlas and its share
    of the cornea.
    """
    d[0], d[1], d[2] = px - centre[0], py - centre[1], pz - centre[2]
    size = ONE / np.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    d[0], d[1], d[2] = d[0] * size, d[1] * size, d[2] * size
    x = to_gaze[0, 0] * d[0] + to_gaze[0, 1] * d[1] + to_gaze[0, 2] * d[2]
    y = to_gaze[1, 0] * d[0] + to_gaze[1, 1] * d[1] + to_gaze[1, 2] * d[2]
    z = to_gaze[2, 0] * d[0] + to_gaze[2, 1] * d[1] + to_gaze[2, 2] * d[2]
    angle = np.arccos(min(max(z, -ONE), ONE))
    reach = min(angle, np.float32(1.18)) / max(np.sqrt(x * x + y * y), np.float32(1e-5))
    cornea = ONE - _step(0.8 * iris_rad, 1.25 * iris_rad, angle)
    bulge = cornea * np.float32(0.35)
    for k in range(3):
        n[k] = d[k] + bulge * (d[k] - to_gaze[2, k] * z)
    size = ONE / np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2])
    n[0], n[1], n[2] = n[0] * size, n[1] * size, n[2] * size
    return tile[0] + tile[2] * x * reach, tile[1] + tile[3] * y * reach, cornea


@njit(cache=True, fastmath=True, inline="always")
def _mix(values, k, a, b, c, wa, wb, wc):  # pragma: no cover - compiled
    return values[a, k] * wa + values[b, k] * wb + values[c, k] * wc


@njit(cache=True, fastmath=True, inline="always")
def _surface(corner, a, b, c, wa, wb, wc, strand, maps, sizes, level, tint, table):  # pragma: no cover - compiled
    """Return the display colour (3, in [0, 255]) of a point of anything but an eye; as ``face.frag``."""
    u, v = _mix(corner, 6, a, b, c, wa, wb, wc), _mix(corner, 7, a, b, c, wa, wb, wc)
    colour, crease = texel(maps, sizes, level, u, v)
    t0, t1, t2 = _linear(colour[0]), _linear(colour[1]), _linear(colour[2])
    d0, s0 = _mix(corner, 0, a, b, c, wa, wb, wc), _mix(corner, 3, a, b, c, wa, wb, wc)
    d1, s1 = _mix(corner, 1, a, b, c, wa, wb, wc), _mix(corner, 4, a, b, c, wa, wb, wc)
    d2, s2 = _mix(corner, 2, a, b, c, wa, wb, wc), _mix(corner, 5, a, b, c, wa, wb, wc)
    gloss = crease[3] * TWO * BYTE
    if strand:
        thin, dense = np.float32(0.30), np.float32(2.5)
        r = _tone(table, t0 * d0 + (thin + dense * t0) * s0 * gloss)
        g = _tone(table, t1 * d1 + (thin + dense * t1) * s1 * gloss)
        return r, g, _tone(table, t2 * d2 + (thin + dense * t2) * s2 * gloss)
    f0, f1 = _mix(corner, 8, a, b, c, wa, wb, wc), _mix(corner, 9, a, b, c, wa, wb, wc)
    flat, skin = np.float32(1.00392), colour[3] * BYTE
    relief = (crease[0] * TWO * BYTE - flat) * f0 + (crease[1] * TWO * BYTE - flat) * f1
    relief += (crease[2] * TWO * BYTE - flat) * _mix(corner, 10, a, b, c, wa, wb, wc)
    e0, e2 = relief * np.float32(0.78), relief * np.float32(1.08)
    e0, e1, e2 = ONE + e0 + HALF * e0 * e0, ONE + relief + HALF * relief * relief, ONE + e2 + HALF * e2 * e2
    gloss *= e1
    r = _tone(table, t0 * (ONE + (tint[0] - ONE) * skin) * d0 * e0 + s0 * gloss)
    g = _tone(table, t1 * (ONE + (tint[1] - ONE) * skin) * d1 * e1 + s1 * gloss)
    return r, g, _tone(table, t2 * (ONE + (tint[2] - ONE) * skin) * d2 * e2 + s2 * gloss)


@njit(cache=True, fastmath=True)
def shade(
    owner, depth, side, triangles, plane, corner, positions, starts, maps, sizes, tint,
    centre, to_gaze, lid, tile, iris_rad, directions, colours, sky, ground, up, camera, table, background, picture,
):  # fmt: skip  # pragma: no cover - compiled
    """Write the picture (S, S, 3) uint8: one colour per surface in a pixel, averaged over its samples."""
    d, n = np.empty(3, np.float32), np.empty(3, np.float32)
    part = ONE / np.float32(side * side)
    middle = HALF * np.float32(side) - HALF
    for y in range(picture.shape[0]):
        my = np.float32(y * side) + middle
        for x in range(picture.shape[1]):
            mx = np.float32(x * side) + middle
            red = green = blue = r = g = bl = ZERO
            last, last_depth, last_program = -1, np.float32(9), -1
            for row in range(np.uint64(y * side), np.uint64(y * side + side)):
                for column in range(np.uint64(x * side), np.uint64(x * side + side)):
                    t = owner[row, column]
                    if t < 0:
                        red += np.float32(np.int32(background[y, x, 0]))
                        green += np.float32(np.int32(background[y, x, 1]))
                        blue += np.float32(np.int32(background[y, x, 2]))
                        continue
                    z = depth[row, column]
                    program = 0 if t < starts[1] else (1 if t < starts[2] else 2)
                    if t != last and not (program == last_program and abs(z - last_depth) < SAME_SURFACE):
                        last, last_depth, last_program = t, z, program
                        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
                        wa = _clamp(plane[t, 0] * mx + plane[t, 1] * my + plane[t, 2])
                        wb = min(max(plane[t, 3] * mx + plane[t, 4] * my + plane[t, 5], ZERO), ONE - wa)
                        wc = ONE - wa - wb
                        level = np.int32(plane[t, 6])
                        if program == 1:
                            px = _mix(positions, 0, a, b, c, wa, wb, wc)
                            py = _mix(positions, 1, a, b, c, wa, wb, wc)
                            pz = _mix(positions, 2, a, b, c, wa, wb, wc)
                            e = 0 if px > ZERO else 1
                            u, v, cornea = eye_place(px, py, pz, centre[e], to_gaze[e], tile, iris_rad, d, n)
                            lights = eye_light(
                                px, py, pz, cornea, lid[e], directions, colours, sky, ground, up, camera, d, n
                            )
                            base, _ = texel(maps, sizes, level, u, v)
                            r = _tone(table, _linear(base[0]) * lights[0] + lights[3])
                            g = _tone(table, _linear(base[1]) * lights[1] + lights[4])
                            bl = _tone(table, _linear(base[2]) * lights[2] + lights[5])
                        else:
                            r, g, bl = _surface(
                                corner, a, b, c, wa, wb, wc, program == 2, maps, sizes, level, tint, table
                            )
                    red, green, blue = red + r, green + g, blue + bl
            picture[y, x, 0] = np.uint8(np.int32(red * part + HALF))
            picture[y, x, 1] = np.uint8(np.int32(green * part + HALF))
            picture[y, x, 2] = np.uint8(np.int32(blue * part + HALF))
