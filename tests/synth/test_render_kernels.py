"""Compiled kernels against plain numpy: coverage, packed texels, paint."""

import numpy as np

from synth.avatars.paint_kernels import dye, lay_over, to_bytes
from synth.avatars.tone import to_display
from synth.render.raster_kernels import CORNER, PLANE, cover
from synth.render.shade_kernels import texel
from synth.render.software import packed_pyramid, picture_pyramid

SIDE = 48


def _covered(points: np.ndarray, triangles: np.ndarray, two_sided: bool = True) -> tuple[np.ndarray, ...]:
    count = len(triangles)
    depth, owner = np.full((SIDE, SIDE), 2, np.float32), np.full((SIDE, SIDE), -1, np.int32)
    plane, used = np.zeros((count, PLANE), np.float32), np.zeros(len(points), np.bool_)
    corner, alpha = np.zeros((len(points), CORNER), np.float32), np.zeros((1, 1), np.uint8)
    texels = np.ones(count, np.float32)
    cover(
        points.astype(np.float32), triangles.astype(np.int32), 0, count, two_sided, texels, corner, alpha, depth, owner,
        plane, used,
    )  # fmt: skip
    return depth, owner, plane, used


def test_nearest_triangle_owns_each_sample() -> None:
    """Random triangles, some partly outside, against a test of every sample with every triangle."""
    rng = np.random.default_rng(4)
    points = np.column_stack([rng.uniform(-12, SIDE + 12, (60, 2)), rng.uniform(0, 1, 60)])
    triangles = np.arange(60).reshape(20, 3)
    depth, owner, plane, used = _covered(points, triangles)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    nearest, expected = np.full((SIDE, SIDE), 2.0), np.full((SIDE, SIDE), -1)
    for t, (a, b, c) in enumerate(points[triangles]):
        weights = np.linalg.solve(
            np.stack([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1, 1, 1]]),
            np.stack([columns.ravel(), rows.ravel(), np.ones(SIDE**2)]),
        ).reshape(3, SIDE, SIDE)
        z = np.tensordot([a[2], b[2], c[2]], weights, 1)
        wins = (weights >= 0).all(0) & (z < nearest)
        nearest[wins], expected[wins] = z[wins], t
    assert (owner == expected).mean() > 0.998
    same = owner == expected
    assert np.abs(depth - nearest)[same].max() < 1e-3
    seen = np.unique(owner[owner >= 0])
    assert set(np.flatnonzero(used)) >= set(triangles[seen].ravel())
    y, x = np.argwhere(owner == seen[0])[0]
    weight = plane[seen[0], 0] * x + plane[seen[0], 1] * y + plane[seen[0], 2]
    assert -1e-3 <= weight <= 1 + 1e-3


def test_neighbours_leave_no_gap_and_backs_are_left_out() -> None:
    """A wrinkled grid of small triangles covers its whole square, seen from one side only."""
    rng = np.random.default_rng(5)
    step = np.linspace(-1, SIDE, 30)
    grid = np.stack(np.meshgrid(step, step), -1)
    grid[1:-1, 1:-1] += rng.uniform(-0.5, 0.5, (28, 28, 2))
    points = np.column_stack([grid.reshape(-1, 2), np.full(900, 0.5)])
    a = (np.arange(29)[:, None] * 30 + np.arange(29)).ravel()
    triangles = np.concatenate([np.stack([a, a + 1, a + 31], 1), np.stack([a, a + 31, a + 30], 1)])
    assert (_covered(points, triangles)[1] >= 0).all()
    sides = [(_covered(points, turned, False)[1] >= 0).mean() for turned in (triangles, triangles[:, ::-1])]
    assert sorted(sides) == [0.0, 1.0]


def test_packed_texels_are_bilinear_in_all_eight_channels() -> None:
    rng = np.random.default_rng(6)
    albedo, crease = rng.integers(0, 256, (2, 64, 96, 4)).astype(np.uint8)
    maps, sizes = packed_pyramid(albedo, crease)
    offset, width, height = sizes[1]
    for picture, which in ((albedo, 0), (crease, 1)):
        level = picture_pyramid(picture)[0][offset : offset + width * height].reshape(height, width, 4).astype(float)
        for u, v in rng.uniform(0.1, 0.9, (20, 2)):
            x, y = u * width - 0.5, (1 - v) * height - 0.5
            left, top = int(x), int(y)
            fx, fy = x - left, y - top
            block = level[top : top + 2, left : left + 2]
            expected = (1 - fy) * ((1 - fx) * block[0, 0] + fx * block[0, 1]) + fy * (
                (1 - fx) * block[1, 0] + fx * block[1, 1]
            )
            got = texel(maps, sizes, 1, np.float32(u), np.float32(v))[which]
            assert np.abs(np.array(got) - expected).max() < 255 / 16 * 2


def test_texels_of_a_flat_picture_are_exact() -> None:
    albedo, crease = np.empty((64, 96, 4), np.uint8), np.empty((64, 96, 4), np.uint8)
    albedo[:], crease[:] = [1, 50, 128, 255], [255, 7, 0, 91]
    maps, sizes = packed_pyramid(albedo, crease)
    for level in range(len(sizes)):
        got = texel(maps, sizes, level, np.float32(0.37), np.float32(0.81))
        assert np.allclose(got, [[1, 50, 128, 255], [255, 7, 0, 91]], atol=1e-3)


def test_display_bytes_follow_the_srgb_curve() -> None:
    linear = np.linspace(-0.1, 1.2, 4001).astype(np.float32)
    exact = 255 * to_display(linear)
    assert np.abs(to_bytes(linear) - exact).max() < 0.6
    assert to_bytes(np.zeros((3, 4, 3))).shape == (3, 4, 3)


def test_dye_is_beer_lambert_and_a_full_cover_replaces() -> None:
    rng = np.random.default_rng(7)
    base, densities, grain = np.array([0.5, 0.3, 0.2]), rng.uniform(0, 1, (2, 3)), rng.uniform(0.9, 1.1, (5, 6))
    first, second = rng.uniform(-0.2, 0.5, (2, 5, 6))
    colour = dye(base, densities, (first, second), grain)
    expected = base * np.exp(-first[..., None] * densities[0] - second[..., None] * densities[1]) * grain[..., None]
    assert np.allclose(colour, expected, rtol=1e-5)
    cover_share = np.zeros((5, 6))
    cover_share[0], cover_share[1] = 1.0, 0.25
    lay_over(colour, np.array([0.1, 0.2, 0.9]), cover_share)
    assert np.allclose(colour[0], [0.1, 0.2, 0.9], atol=1e-6)
    assert np.allclose(colour[1], 0.75 * expected[1] + 0.25 * np.array([0.1, 0.2, 0.9]), rtol=1e-5)
    assert np.allclose(colour[2:], expected[2:], rtol=1e-5)
