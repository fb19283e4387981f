"""What each step of the chain costs: CPU time per frame, on simulated footage, in one run."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assets.rig_bundle import load_rig
from synth.landmarks.track import TrackSettings, open_networks, track_sequence
from synth.render.choose import choose_renderer, open_renderer
from synth.run.config import RenderConfig
from synth.run.plan import make_plan, shard_folder
from synth.run.pool import run_jobs
from synth.run.run import subject_jobs
from synth.run.subject import render_subject
from synth.run.tracks import fit_subject
from synth.run.twins import draw_twin, twin_mesh, twin_scene
from synth.shards.encode import ENCODERS
from synth.shards.writer import ShardWriter


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes
    ----------
    name : str
    value : float
    unit : str
    n : int
        Frames it was measured on.
    """

    name: str
    value: float
    unit: str
    n: int


def _cpu_ms(function: Callable[[], Any], count: int) -> tuple[float, Any]:
    begin = time.process_time()
    value = function()
    return 1000 * (time.process_time() - begin) / count, value


def measure(
    frames: int = 96, renderer: str = "auto", size: int = 256, samples: int = 4, assets: str = "hm08"
) -> list[Row]:
    """Return the cost of decoding, tracking, fitting and drawing.

    Parameters
    ----------
    frames : int
        Frames of one simulated subject.
    renderer : str
    size, samples : int
        Of the twins.
    assets : str
        Name or folder of the rig.

    Returns
    -------
    list of Row
        CPU milliseconds per frame of each step, frames per second and core of fit and of weights to written twin,
        and the peak memory of a worker for ``frames`` and for four times as many.
    """
    chosen = choose_renderer(renderer)
    config = RenderConfig(subjects=1, frames=frames, renderer=chosen, size=size, samples=samples, assets=assets)
    plan = make_plan(config)
    (subject,) = plan.subjects
    rig = load_rig(config.assets)
    networks = open_networks(TrackSettings())
    pictures = [list(sequence.pictures()) for sequence in subject.sequences]
    held = [_Held(s, p) for s, p in zip(subject.sequences, pictures, strict=True)]
    track_sequence(held[0], TrackSettings(), networks)
    track_ms, tracks = _cpu_ms(lambda: [track_sequence(h, TrackSettings(), networks) for h in held], frames)
    fit_subject(tracks, subject.sequences, rig, 0.0)
    fit_ms, fitted = _cpu_ms(lambda: fit_subject(tracks, subject.sequences, rig, 0.0), frames)
    spec = subject_jobs(config, plan, Path("."), chosen, [subject])[0].avatars[0]
    scene = twin_scene(0, subject.subject, spec.name, fitted.camera_distance_mm)
    build_ms, mesh = _cpu_ms(lambda: twin_mesh(config.assets, spec), 1)
    drawer = open_renderer(chosen, size, samples)
    encode = ENCODERS[config.encoding]
    weights, gaze = fitted.weights, fitted.gaze_rad
    turn = np.broadcast_to(np.eye(3), (frames, 3, 3))

    def write() -> None:
        with tempfile.TemporaryDirectory() as folder, ShardWriter(Path(folder, "t.h5"), ("female",), frames) as writer:
            for picture, _ in draw_twin(drawer, mesh, scene, weights, gaze, turn):
                writer.append("female", None if picture is None else encode(picture))

    write()
    twin_ms, _ = _cpu_ms(write, frames)
    small, large = (_peak_mb(config, count) for count in (frames, 4 * frames))
    return [
        Row("track landmarks", track_ms, "CPU ms per frame", frames),
        Row("fit", fit_ms, "CPU ms per frame", frames),
        Row("fit, rate", 1000 / fit_ms, "frames/s and core", frames),
        Row("build an avatar", build_ms, "CPU ms", 1),
        Row(f"weights to written twin ({chosen}, {size} px)", twin_ms, "CPU ms per twin", frames),
        Row("weights to written twin, rate", 1000 / twin_ms, "twins/s and core", frames),
        Row("peak memory of a worker", small, "MB", frames),
        Row("peak memory of a worker", large, "MB", 4 * frames),
    ]


class _Held:
    """A sequence whose pictures are already in memory."""

    def __init__(self, sequence: Any, pictures: list[np.ndarray | None]) -> None:
        self._sequence, self._pictures = sequence, pictures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sequence, name)

    def pictures(self, start: int = 0, stop: int | None = None) -> Any:
        return iter(self._pictures[start:stop])


def _peak_mb(config: RenderConfig, frames: int) -> float:
    """Return the peak memory of a fresh process that renders one subject."""
    longer = replace(config, frames=frames)
    plan = make_plan(longer)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        shard_folder(out).mkdir()
        (job,) = subject_jobs(longer, plan, out, config.renderer, list(plan.subjects))
        (outcome,) = run_jobs(peak_of_subject, [job], ["bench"], 1, lambda job, steps: None)
    if outcome.value is None:
        raise RuntimeError("; ".join(map(str, outcome.problems)))
    return outcome.value


def peak_of_subject(job: Any, tick: Callable[[int], None]) -> float:
    """Render a subject and return this process's peak memory in megabytes; runs in a worker."""
    render_subject(job, tick)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
