"""What a finished run stores beside its scores: probabilities with labels, and gaps between twins."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from assets.errors import InputError
from train.loop.files import replace_file
from train.metrics.report import Gap, Scored

SCORES, GAP = "scores.npz", "gap.npz"


def write_scored(run: Path, scored: Scored) -> None:
    """Write ``scores.npz``."""
    replace_file(run / SCORES, lambda part: _save_scores(part, scored))


def write_gap(run: Path, gap: Gap) -> None:
    """Write ``gap.npz``."""
    replace_file(run / GAP, lambda part: _save_gap(part, gap))


def _save_gap(path: Path, gap: Gap) -> None:
    with path.open("wb") as file:
        np.savez_compressed(
            file, columns=np.array(gap.columns), subjects=np.array(gap.subjects), sums=gap.sums, pairs=gap.pairs
        )  # fmt: skip


def _save_scores(path: Path, scored: Scored) -> None:
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            columns=np.array(scored.columns),
            probs=scored.probs.astype(np.float32),
            au=scored.au.astype(np.uint8),
            au_mask=scored.mask.astype(np.uint8),
            subject=scored.subject.astype(np.int32),
            subjects=np.array(scored.subjects),
            gender=np.array(scored.gender),
        )


@contextmanager
def _stored(path: Path) -> Iterator[Any]:
    """Open a file that a run stored; what is damaged in it is an ``InputError``."""
    try:
        with np.load(path, allow_pickle=False) as file:
            yield file
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        mend = "delete it and train again, with the same options: the last checkpoint is scored anew"
        raise InputError.one(f"damaged ({type(error).__name__})", path, mend) from error


def read_scored(run: Path, columns: Sequence[str] = ()) -> Scored:
    """Read the probabilities and labels that a run stored, of some Action Units or of all.

    Raises
    ------
    InputError
        If the run is not finished, or the file is damaged.
    """
    path = run / SCORES
    if not path.is_file():
        raise InputError.one("the run holds no scores", path, "run it to the end, with a test set")
    with _stored(path) as file:
        scored = Scored(
            tuple(map(str, file["columns"])), file["probs"], file["au"], file["au_mask"], file["subject"],
            tuple(map(str, file["subjects"])), tuple(map(str, file["gender"])),
        )  # fmt: skip
    if not columns:
        return scored
    keep = [scored.columns.index(column) for column in columns]
    return replace(
        scored, columns=tuple(columns), probs=scored.probs[:, keep], au=scored.au[:, keep], mask=scored.mask[:, keep]
    )  # fmt: skip


def read_gap(run: Path) -> Gap | None:
    """Read the gaps between twins that a run stored, None if it had no twins."""
    path = run / GAP
    if not path.is_file():
        return None
    with _stored(path) as file:
        return Gap(tuple(map(str, file["columns"])), tuple(map(str, file["subjects"])), file["sums"], file["pairs"])
