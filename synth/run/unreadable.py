"""Picture files that are there but cannot be decoded: their rows say so, and the run lists them at its end."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from assets.errors import Problem
from assets.shard import Shard
from assets.shard_format import Status
from synth.run.plan import SubjectPlan
from synth.sources.csv_table import MOST_PROBLEMS
from synth.sources.images import image_problem
from synth.tracks import FrameTrack, Sequence


def picture_file(sequence: Sequence, row: int) -> str | None:
    """Return the picture file of a planned frame; None where none is named, or where the source is no set of files."""
    find = getattr(sequence, "picture_file", None)
    return None if find is None else find(row)


def mark_unreadable(track: FrameTrack, sequence: Sequence) -> FrameTrack:
    """Return the track with the status UNREADABLE where a picture file is there and gave no picture."""
    missing = np.flatnonzero(track.status == Status.FRAME_MISSING)
    files = [picture_file(sequence, int(row)) for row in missing]
    broken = [row for row, file in zip(missing, files, strict=True) if file is not None and os.path.isfile(file)]
    if not broken:
        return track
    status = track.status.copy()
    status[broken] = Status.UNREADABLE
    return replace(track, status=status)


def picture_problems(plan: SubjectPlan, shard: Path) -> tuple[Problem, ...]:
    """Return what is wrong with each picture file that was named and gave no picture, up to ``MOST_PROBLEMS`` lines.

    Parameters
    ----------
    plan : SubjectPlan
    shard : Path
        The finished shard of the subject.
    """
    with Shard(shard) as opened:
        rows = np.flatnonzero(np.isin(opened.status, (Status.UNREADABLE, Status.FRAME_MISSING)))
    starts = np.cumsum([0, *(len(sequence.frames) for sequence in plan.sequences)])
    found: list[Problem] = []
    for row in rows:
        place = int(np.searchsorted(starts, row, "right")) - 1
        file = picture_file(plan.sequences[place], int(row - starts[place]))
        if file is not None:
            undecodable = Problem("the picture cannot be decoded", file, "copy or export the picture again")
            found.append(image_problem(file) or undecodable)
    if len(found) > MOST_PROBLEMS:
        rest = Problem(f"{len(found) - MOST_PROBLEMS} more pictures", found[-1].where, "look at the rows in the shard")
        found = [*found[:MOST_PROBLEMS], rest]
    return tuple(found)
