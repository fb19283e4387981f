"""Small footage and label files for tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from assets.keyed import rng_for


def write_video(path: Path, frames: int = 12, size: tuple[int, int] = (64, 48), seed: int = 0) -> np.ndarray:
    """Write an MJPG video whose frame ``i`` is a flat grey of level ``10 + 15 i``; return the levels."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, size)
    levels = 10 + 15 * np.arange(frames)
    for level in levels:
        writer.write(np.full((size[1], size[0], 3), level, np.uint8))
    writer.release()
    return levels


def write_image(path: Path, level: int = 100, size: tuple[int, int] = (48, 32)) -> Path:
    """Write a flat picture with a little noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = rng_for(level, "image", path.name).integers(0, 8, (size[1], size[0], 3))
    assert cv2.imwrite(str(path), np.clip(level + noise, 0, 255).astype(np.uint8))
    return path


def write_lines(path: Path, *lines: str) -> Path:
    """Write a text file."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
