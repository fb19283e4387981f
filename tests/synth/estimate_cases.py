"""Runs of tiny shards, and tables of an estimator whose readings are known functions of a known signal."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.keyed import rng_for
from assets.shard import Shard, find_shards
from synth.picture_names import AGAIN, picture_names
from tests.contract.tiny_shards import write_tiny_corpus
from tests.synth.audit_cases import smooth

AUS = (2, 12, 25)
CENTRE, STEP = 0.5, 0.12


@dataclass(frozen=True)
class Signal:
    """What the estimator reads: ``slope`` times the real signal on female twins, ``male`` of that on male ones.

    ``noise`` is the error of each reading, as a share of the real signal's deviation.
    """

    slope: float = 0.6
    male: float = 0.8
    noise: float = 0.3


def tiny_run(folder: Path, subjects: int = 2, frames: int = 96) -> Path:
    """Write a run of tiny shards with next to no labels; return its folder."""
    write_tiny_corpus(folder, "shards", subjects, frames, size_px=16, unknown=1.0)
    return folder


def estimates(out: Path, signal: Signal = Signal()) -> dict[str, np.ndarray]:
    """Return what the estimator reads, (3,) for ``AUS`` by picture name, second copies among them."""
    rows: dict[str, np.ndarray] = {}
    for path in find_shards(out):
        with Shard(path) as shard:
            names = picture_names(shard)
            rng = rng_for(0, "estimates", shard.subject)
            course = smooth(rng, len(shard), len(AUS))
        gains = {"real": 1.0, AGAIN: 1.0, "female": signal.slope, "male": signal.slope * signal.male}
        for image, gain in gains.items():
            read = gain * course + signal.noise * rng.normal(size=course.shape)
            rows |= {name: value for name, value in zip(names[image], CENTRE + STEP * read, strict=True) if name}
    return rows


def write_table(path: Path, rows: dict[str, np.ndarray] | Iterable[tuple[str, np.ndarray]], scale: float = 1.0,
                header: str = "AU{:02d}", naming: str = "file", prefix: str = "/data/pictures/") -> Path:  # fmt: skip
    """Write a table of estimates; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([naming, *(header.format(number) for number in AUS)])
        for name, values in rows.items() if isinstance(rows, dict) else rows:
            writer.writerow([f"{prefix}{name}.jpg", *(scale * values)])
    return path


def write_by_folder(folder: Path, rows: dict[str, np.ndarray]) -> Path:
    """Write tables as OpenFace does from folders of pictures: frames count from 1, intensities 0 to 5."""
    groups: dict[str, list[np.ndarray]] = {}
    for name in sorted(rows):
        groups.setdefault(name.rpartition("/")[0], []).append(rows[name])
    for name, values in groups.items():
        path = folder / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["frame", " face_id", " success", *(f" AU{number:02d}_r" for number in AUS)])
            writer.writerows([i, 0, 1, *(5 * value)] for i, value in enumerate(values, 1))
    return folder
