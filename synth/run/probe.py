"""What a run will cost, measured on a few of its frames."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from synth.render.choose import choose_renderer
from synth.run.config import RenderConfig
from synth.run.plan import RunPlan, SubjectPlan, shard_folder
from synth.run.run import subject_jobs
from synth.run.subject import render_subject
from synth.sources.match import take_rows
from synth.tracks import Sequence

FEW, MORE = 4, 20
"""Frames of the two timed trials; their difference is the cost of a frame, the rest is the cost of a subject."""

START_S = 6.0
"""Starting workers and compiling kernels, once per run."""


@dataclass(frozen=True)
class Estimate:
    """What a run will take.

    Attributes
    ----------
    frames, twins : int
    gigabytes : float
    minutes : float
        On the given number of workers, if the machine has nothing else to do.
    probed_frames : int
    """

    frames: int
    twins: int
    gigabytes: float
    minutes: float
    probed_frames: int


def estimate(config: RenderConfig, plan: RunPlan, workers: int) -> Estimate:
    """Render a few frames of the first subject into a temporary folder and extrapolate.

    Parameters
    ----------
    config : RenderConfig
    plan : RunPlan
    workers : int
    """
    subject = plan.subjects[0]
    few, more = _shortened(subject, FEW), _shortened(subject, MORE)
    _trial(config, plan, few)
    few_s, few_bytes = _trial(config, plan, few)
    more_s, more_bytes = _trial(config, plan, more)
    extra = more.frames - few.frames
    frame_s = max(more_s - few_s, 0) / extra if extra else few_s / few.frames
    frame_bytes = max(more_bytes - few_bytes, 0) / extra if extra else few_bytes / few.frames
    subject_s = max(few_s - few.frames * frame_s, 0.0)
    share = [len(p.tuples) / len(subject.tuples) for p in plan.subjects]
    frames = sum(p.frames * s for p, s in zip(plan.subjects, share, strict=True))
    seconds = START_S + (frames * frame_s + sum(share) * subject_s) / min(workers, len(plan.subjects))
    return Estimate(plan.frames, plan.twins, frames * frame_bytes / 1e9, seconds / 60, more.frames)


def _shortened(plan: SubjectPlan, count: int) -> SubjectPlan:
    """Return the plan with about ``count`` frames, spread evenly."""
    sequences: list[Sequence] = []
    left = count
    for sequence in plan.sequences:
        keep = min(left, len(sequence.frames))
        if keep:
            rows = np.unique(np.linspace(0, len(sequence.frames) - 1, keep).astype(int))
            sequences.append(take_rows(sequence, rows))
            left -= len(rows)
    return replace(plan, sequences=tuple(sequences), frames=sum(len(s.frames) for s in sequences))


def _trial(config: RenderConfig, plan: RunPlan, subject: SubjectPlan) -> tuple[float, int]:
    """Render one short subject and return seconds and bytes."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        shard_folder(out).mkdir()
        (job,) = subject_jobs(config, plan, out, choose_renderer(config.renderer), [subject])
        begin = time.perf_counter()
        render_subject(job, lambda steps: None)
        return time.perf_counter() - begin, (shard_folder(out) / subject.file_name).stat().st_size
