"""Predictions drawn beside the faces they were made for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from assets.errors import InputError
from assets.shard import Shard
from assets.shard_format import IMAGE_REAL
from train.data.pictures import decode
from train.metrics.counts import THRESHOLD
from train.predict import FramePrediction

SIDE_PX = 256
ROW_PX = 20
ACTIVE, QUIET, INK = (40, 120, 220), (170, 170, 170), (30, 30, 30)


def panel(row: FramePrediction, shards: Sequence[Shard], columns: Sequence[str], note: str = "") -> np.ndarray:
    """Draw one frame: the face crop on the left, a bar for each Action Unit on the right, a note below.

    Returns
    -------
    (H, W, 3) uint8 BGR, of the same size for every frame.
    """
    height = max(SIDE_PX, ROW_PX * len(columns) + 30) + (ROW_PX if note else 0)
    canvas = np.full((height, SIDE_PX + 210, 3), 255, np.uint8)
    data = shards[row.shard].read_bytes(IMAGE_REAL, row.row) if row.success else None
    if data is not None:
        face = decode(data, shards[row.shard].path)[..., ::-1]
        canvas[:SIDE_PX, :SIDE_PX] = cv2.resize(face, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    when = "" if np.isnan(row.time_s) else f", {row.time_s:.2f} s"
    _text(canvas, f"{row.sequence[:16]}, {row.frame}{when}", (SIDE_PX + 8, 16))
    _text(canvas, note, (6, height - 6))
    for index, column in enumerate(columns):
        y = 30 + index * ROW_PX
        _text(canvas, column, (SIDE_PX + 8, y + 12))
        value = row.probs[index]
        if np.isnan(value):
            _text(canvas, "no face", (SIDE_PX + 60, y + 12))
            continue
        left, width = SIDE_PX + 60, 100
        cv2.rectangle(canvas, (left, y), (left + width, y + 14), QUIET, 1)
        fill = ACTIVE if value > THRESHOLD else QUIET
        cv2.rectangle(canvas, (left, y), (left + round(float(value) * width), y + 14), fill, -1)
        middle = left + round(THRESHOLD * width)
        cv2.line(canvas, (middle, y - 2), (middle, y + 16), INK, 1)
        _text(canvas, f"{value:.2f}", (left + width + 6, y + 12))
    return canvas


def _text(canvas: np.ndarray, text: str, at: tuple[int, int]) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)


def write_strip(
    path: Path, rows: Sequence[FramePrediction], shards: Sequence[Shard], columns: Sequence[str], note: str = "",
    count: int = 6,
) -> None:  # fmt: skip
    """Write a picture of ``count`` frames, spread evenly, one below the other in two columns."""
    chosen = [rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, count).round().astype(int))]
    panels = [panel(row, shards, columns, note) for row in chosen]
    if len(panels) % 2:
        panels.append(np.full_like(panels[0], 255))
    lines = [np.hstack(panels[i : i + 2]) for i in range(0, len(panels), 2)]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), np.vstack(lines)):
        raise InputError.one("the picture cannot be written", path, "use a name that ends in .png or .jpg")


def write_video(
    path: Path, rows: Sequence[FramePrediction], shards: Sequence[Shard], columns: Sequence[str], rate_hz: float,
    note: str = "",
) -> None:  # fmt: skip
    """Write an MP4 with one panel per frame."""
    first = panel(rows[0], shards, columns, note)
    path.parent.mkdir(parents=True, exist_ok=True)
    size = (first.shape[1], first.shape[0])
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate_hz, size)
    if not writer.isOpened():
        raise InputError.one("the video cannot be written", path, "use a name that ends in .mp4")
    for row in rows:
        writer.write(panel(row, shards, columns, note))
    writer.release()
