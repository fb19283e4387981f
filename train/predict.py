"""Action Units of every frame of some shards: one row per frame, faces or not."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.shard import Shard
from train.data.frames import frame_table
from train.loop.checkpoint import load_detector
from train.loop.fabric import make_fabric
from train.loop.files import replace_file
from train.loop.scoring import probabilities
from train.metrics.counts import THRESHOLD
from train.settings import TrainSettings


@dataclass(frozen=True)
class FramePrediction:
    """One frame.

    Attributes
    ----------
    subject, sequence : str
    frame : int
        As the source counts.
    time_s : float
        NaN if unknown.
    confidence : float
        Face presence; NaN if unknown.
    success : bool
        Whether a face was found and cut out.
    probs : (A,) float32
        NaN without a face.
    shard, row : int
        Where the frame lies.
    """

    subject: str
    sequence: str
    frame: int
    time_s: float
    confidence: float
    success: bool
    probs: np.ndarray
    shard: int
    row: int


def predict_shards(
    checkpoint: Path, shards: Sequence[Shard], settings: TrainSettings
) -> tuple[tuple[str, ...], list[FramePrediction], dict]:
    """Detect Action Units in every planned frame of shards.

    Parameters
    ----------
    checkpoint : Path
        A run folder or its ``checkpoint.pt``.
    shards : sequence of Shard
    settings : TrainSettings
        ``accelerator``, ``precision``, ``batch`` and ``workers`` are used.

    Returns
    -------
    columns : tuple of str
    rows : list of FramePrediction
        One for each planned frame, in the order of the shards.
    meta : dict
        Of the checkpoint.
    """
    detector, meta = load_detector(checkpoint)
    columns = tuple(meta["aus"])
    fabric = make_fabric(settings)
    detector.to(fabric.device)
    table = frame_table(shards)
    batch, workers = max(32, settings.batch), max(0, settings.workers)
    probs = probabilities(detector, table, len(columns), fabric, batch, workers)
    found = {(int(s), int(r)): probs[i] for i, (s, r) in enumerate(zip(table.shard, table.row, strict=True))}
    rows = [row for number, shard in enumerate(shards) for row in _rows(number, shard, found, len(columns))]
    return columns, rows, meta


def _rows(number: int, shard: Shard, found: dict[tuple[int, int], np.ndarray], count: int) -> Iterator[FramePrediction]:
    arrays = [shard.array(f"frames/{name}") for name in ("sequence", "frame", "time_s", "confidence")]
    nothing = np.full(count, np.nan, np.float32)
    for row, (sequence, frame, time_s, confidence) in enumerate(zip(*arrays, strict=True)):
        probs = found.get((number, row))
        yield FramePrediction(
            shard.subject, shard.sequences[sequence], int(frame), float(time_s), float(confidence), probs is not None,
            nothing if probs is None else probs, number, row,
        )  # fmt: skip


def write_predictions(path: Path, columns: Sequence[str], rows: Sequence[FramePrediction]) -> None:
    """Write one CSV row per frame: ``AU01_p`` is the probability, ``AU01_c`` 1 where it is above one half.

    Both are empty where no face was found.
    """
    names = ["subject", "sequence", "frame", "time_s", "confidence", "success"]
    header = names + [f"{column}_p" for column in columns] + [f"{column}_c" for column in columns]

    def write(part: Path) -> None:
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(_cells(row) for row in rows)

    replace_file(path, write)


def _cells(row: FramePrediction) -> list[str]:
    cells = [row.subject, row.sequence, str(row.frame), _number(row.time_s, 4), _number(row.confidence, 4)]
    probs = [_number(float(value), 4) for value in row.probs]
    active = ["" if np.isnan(value) else str(int(value > THRESHOLD)) for value in row.probs]
    return [*cells, str(int(row.success)), *probs, *active]


def _number(value: float, digits: int) -> str:
    return "" if np.isnan(value) else f"{value:.{digits}f}"
