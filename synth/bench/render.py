"""What a twin costs, step by step, beside stock pyrender: CPU time per frame, all in one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import simplejpeg

from assets.keyed import rng_for
from assets.rig_bundle import load_rig
from assets.units import UNITS
from synth.avatars.build import build_avatar
from synth.avatars.mesh import AvatarMesh
from synth.avatars.pose import pose_vertices
from synth.avatars.sample import sample_avatars
from synth.render.choose import open_renderer, probe
from synth.render.protocol import Renderer
from synth.render.scene import Pose, Scene
from synth.render.scenes import sample_scene

BATCH = 16
ROUNDS = 5


@dataclass(frozen=True)
class RenderRow:
    """One step or renderer.

    Attributes
    ----------
    name : str
    cpu_ms : float
        CPU milliseconds per frame, the least of several rounds.
    per_second : float
        Frames per second and core.
    to_stock : float
        Cost as a share of stock pyrender's; NaN where it could not be measured.
    n : int
        Frames per round.
    """

    name: str
    cpu_ms: float
    per_second: float
    to_stock: float
    n: int


def bench_render(size_px: int = 256, frames: int = 32, seed: int = 0, assets: str = "hm08") -> list[RenderRow]:
    """Return the cost of stock pyrender, of every renderer and sampling, and of the steps around drawing.

    The same avatar, expressions and size are used throughout. CPU time is that of all threads of the
    process; the least of several rounds is taken, so that other work on the machine counts little.

    Parameters
    ----------
    size_px : int
    frames : int
        Frames per round.
    seed : int
        Of the avatar and its expressions.
    assets : str
        Name or folder of the rig.
    """
    rig = load_rig(assets)
    mesh = build_avatar(rig, sample_avatars(seed, rig, 1)[0])
    scene = sample_scene(rng_for(seed, "bench", "scene"))
    rng = rng_for(seed, "bench", "weights")
    weights = (rng.random((BATCH, len(UNITS))) * (rng.random((BATCH, len(UNITS))) < 0.25)).astype(np.float32)
    positions, normals = pose_vertices(mesh, weights)
    stock = _stock(mesh, scene, size_px, positions, normals, frames)
    costs: dict[str, float] = {}
    if stock is not None:
        costs["stock pyrender, updated in place, MSAA 4"] = stock
    costs |= _steps(mesh, scene, weights, size_px, frames)
    for name, samples in (("egl", 1), ("egl", 2), ("egl", 4), ("osmesa", 4), ("software", 1), ("software", 4)):
        if probe(name).available and not (name == "osmesa" and probe("egl").available):
            renderer = open_renderer(name, size_px, samples)
            renderer.load(mesh, scene)
            costs[f"draw, {name}, {samples} samples"] = _drawing(renderer, positions, normals, weights, frames)
            if samples == 4:
                costs[f"weights to JPEG, {name}, 4 samples"] = _whole(renderer, mesh, weights, frames)
            renderer.close()
    nan = float("nan")
    return [RenderRow(name, ms, 1000 / ms, ms / stock if stock else nan, frames) for name, ms in costs.items()]


def _least(function: Callable[[int], object], frames: int) -> float:
    """Return CPU milliseconds per call."""
    function(0)
    best = np.inf
    for _ in range(ROUNDS):
        begin = time.process_time()
        for frame in range(frames):
            function(frame)
        best = min(best, (time.process_time() - begin) / frames)
    return 1000 * best


def _stock(
    mesh: AvatarMesh, scene: Scene, size_px: int, positions: np.ndarray, normals: np.ndarray, frames: int
) -> float | None:
    if not probe("egl").available:
        return None
    from synth.render.gl import StockRenderer

    stock = StockRenderer(mesh, scene, size_px)
    cost = _least(lambda frame: stock.draw(positions[frame % BATCH], normals[frame % BATCH]), max(frames // 4, 4))
    stock.close()
    return cost


def _steps(mesh: AvatarMesh, scene: Scene, weights: np.ndarray, size_px: int, frames: int) -> dict[str, float]:
    """Return the cost of posing and of encoding."""
    renderer = open_renderer("software", size_px, 4)
    renderer.load(mesh, scene)
    positions, normals = pose_vertices(mesh, weights)
    picture = renderer.draw(positions[0], normals[0], weights[0], Pose(np.eye(3)))
    batches = max(frames // BATCH, 1)
    return {
        "blend and normals": _least(lambda _: pose_vertices(mesh, weights), batches) / BATCH,
        "encode JPEG 95 4:2:0": _least(lambda _: encode(picture), frames),
    }


def encode(picture: np.ndarray) -> bytes:
    """Return the JPEG of a picture (H, W, 3) uint8 as it is stored by default."""
    return simplejpeg.encode_jpeg(picture, quality=95, colorspace="RGB", colorsubsampling="420")


def _drawing(renderer: Renderer, positions: np.ndarray, normals: np.ndarray, weights: np.ndarray, frames: int) -> float:
    pose = Pose(np.eye(3))
    return _least(
        lambda frame: renderer.draw(positions[frame % BATCH], normals[frame % BATCH], weights[frame % BATCH], pose),
        frames,
    )


def _whole(renderer: Renderer, mesh: AvatarMesh, weights: np.ndarray, frames: int) -> float:
    pose = Pose(np.eye(3))

    def batch(_: int) -> None:
        positions, normals = pose_vertices(mesh, weights)
        for row in range(BATCH):
            encode(renderer.draw(positions[row], normals[row], weights[row], pose))

    return _least(batch, max(frames // BATCH, 1)) / BATCH
