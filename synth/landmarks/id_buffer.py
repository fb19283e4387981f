"""Which triangle is seen in each pixel, and where on it."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def _fill(points, triangles, ids, share, depth):
    height, width = ids.shape
    for t in range(triangles.shape[0]):
        a, b, c = points[triangles[t, 0]], points[triangles[t, 1]], points[triangles[t, 2]]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-9:
            continue
        left = max(0, int(np.ceil(min(a[0], b[0], c[0]) - 0.5)))
        right = min(width - 1, int(np.floor(max(a[0], b[0], c[0]) - 0.5)))
        top = max(0, int(np.ceil(min(a[1], b[1], c[1]) - 0.5)))
        bottom = min(height - 1, int(np.floor(max(a[1], b[1], c[1]) - 0.5)))
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5, y + 0.5
                v = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) / area
                w = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) / area
                u = 1.0 - v - w
                if u < 0.0 or v < 0.0 or w < 0.0:
                    continue
                z = u * a[2] + v * b[2] + w * c[2]
                if z > depth[y, x]:
                    depth[y, x] = z
                    ids[y, x] = t
                    share[y, x, 0] = u
                    share[y, x, 1] = v
                    share[y, x, 2] = w


def rasterise(points: np.ndarray, triangles: np.ndarray, size_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw triangles into an id buffer.

    Parameters
    ----------
    points : (V, 3) float
        x right and y down in pixels; z grows towards the viewer.
    triangles : (F, 3) int
        Both sides are drawn.
    size_px : int
        Side of the square buffer.

    Returns
    -------
    ids : (size, size) int32
        Triangle seen through each pixel centre, -1 for none.
    share : (size, size, 3) float32
        Barycentric weights on it; they interpolate linearly in the picture.
    """
    ids = np.full((size_px, size_px), -1, np.int32)
    share = np.zeros((size_px, size_px, 3), np.float32)
    depth = np.full((size_px, size_px), -np.inf)
    _fill(np.ascontiguousarray(points, float), np.ascontiguousarray(triangles, np.int64), ids, share, depth)
    return ids, share
