"""Bringing label rows and frames together, and picking frames."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from assets.errors import InputError, Problem
from synth.sources.csv_table import CsvTable, raise_problems, read_csv, with_names
from synth.sources.images import ImageSequence
from synth.sources.label_csv import AuCells, read_au_cells
from synth.sources.video import VideoSequence
from synth.tracks import Labels, Sequence

FootageSequence = VideoSequence | ImageSequence
S = TypeVar("S", bound=Sequence)

FRAME_COLUMNS = ("frame", "frame_number", "0", "")
"""Columns that may hold the frame number, best first; BP4D calls it ``0``, data frames leave it blank."""

TOLERATED_SHARE = 0.01
"""Label rows without a frame become rows with status FRAME_MISSING up to this share (or one row); more is an error."""


@dataclass(frozen=True)
class LabelRows:
    """Labels by subject, sequence and frame.

    Attributes
    ----------
    table : CsvTable
    frames : (N,) int64
        As written in the file.
    keys : tuple of (subject, sequence)
        One per row; empty text matches everything.
    cells : AuCells
    """

    table: CsvTable
    frames: np.ndarray
    keys: tuple[tuple[str, str], ...]
    cells: AuCells


def read_labels(path: str, intensity_threshold: float) -> LabelRows:
    """Read a label file.

    Raises
    ------
    InputError
        Missing file or columns, unknown Action Units, unreadable cells, two rows for one frame.
    """
    table = with_names(read_csv(path), ("subject", "sequence", "frame", "success"))
    column = next((name for name in FRAME_COLUMNS if name in table.header), None)
    if column is None:
        raise InputError.one("no column holds the frame number", f"{table.path} row 1", "call it 'frame'")
    cells = read_au_cells(table, intensity_threshold, frozenset({column}))
    if not cells.numbers:
        raise InputError.one("no column names an Action Unit", f"{table.path} row 1", "call them AU01, AU12_c, …")
    frames, problems = integer_column(table, column)
    keys = tuple((row.get("subject", ""), row.get("sequence", "")) for _, row in table.rows)
    seen: dict[tuple[str, str, int], int] = {}
    for (line, _), key, frame in zip(table.rows, keys, frames, strict=True):
        first = seen.setdefault((*key, int(frame)), line)
        if first != line:
            what = f"frame {frame} was already labelled in row {first}"
            problems.append(Problem(what, table.where(line, column), "keep one of the two rows"))
    raise_problems(problems)
    return LabelRows(table, frames, keys, cells)


def integer_column(table: CsvTable, column: str) -> tuple[np.ndarray, list[Problem]]:
    """Return a column as (N,) int64 and what is wrong with it."""
    values = np.zeros(len(table.rows), np.int64)
    problems = []
    for index, (line, row) in enumerate(table.rows):
        try:
            text = row[column]
            number = int(text) if text.isascii() and text.isdigit() else float(text)
            values[index] = int(number)
            valid = number == values[index] and number >= 0
        except (ValueError, OverflowError):
            valid = False
        if not valid:
            problems.append(
                Problem(f"{row[column]!r} is no frame number", table.where(line, column), "write 0, 1, 2, …")
            )
    return values, problems


def attach_labels(
    sequences: list[FootageSequence], labels: LabelRows, absent: frozenset[str] = frozenset()
) -> list[FootageSequence]:
    """Return the sequences with the labels of their frames; frames without a row keep mask 0.

    Rows of subjects in ``absent``, which could not be read, are passed over; a row that names nobody could be theirs.

    Videos count frames from 0, and so may pictures. A file beside them that has no row 0 but one for the frame after
    the last, and every one that OpenFace wrote (it has a column ``success``), counts from 1.

    Raises
    ------
    InputError
        Rows of subjects or sequences that do not exist, two rows for one frame, rows of more frames than may be
        missing, and rows for pictures whose names do not number them.
    """
    groups: dict[int, list[int]] = {}
    problems: list[Problem] = []
    for row, (subject, name) in enumerate(labels.keys):
        fitting = [i for i, s in enumerate(sequences) if subject in ("", s.subject) and name in ("", s.name)]
        could_be = absent if not subject and not name else absent & {subject}
        if could_be and not fitting:
            continue
        if len(fitting) + len(could_be) == 1:
            groups.setdefault(fitting[0], []).append(row)
            continue
        line = labels.table.rows[row][0]
        what = (
            "matches no sequence of the source"
            if not fitting
            else f"could belong to {len(fitting) + len(could_be)} sequences"
        )
        known = ", ".join(sorted({f"{s.subject}/{s.name}" for s in sequences})[:6])
        mend = f"fill the columns 'subject' and 'sequence'; the source has {known}"
        problems.append(Problem(f"label row {subject}/{name} {what}", labels.table.where(line), mend))
    raise_problems(problems[:1] if len(problems) == len(labels.keys) else problems)
    out = list(sequences)
    for index, rows in groups.items():
        out[index] = _attach(sequences[index], labels, np.array(rows))
    return out


def _attach(sequence: FootageSequence, labels: LabelRows, rows: np.ndarray) -> FootageSequence:
    frames = labels.frames[rows]
    _check_rows(sequence, labels, rows)
    if np.array_equal(sequence.frames, np.arange(len(sequence.frames))):
        counts_from_one = 0 not in frames and ("success" in labels.table.header or len(sequence.frames) in frames)
        frames = frames - int(counts_from_one)
    if np.array_equal(np.sort(frames) + 1, sequence.frames):
        place = labels.table.where(labels.table.rows[rows[0]][0])
        what = f"the rows count one less than the frames of {sequence.subject}/{sequence.name}"
        raise InputError.one(f"{what}, from {sequence.frames[0]}", place, "add 1 to each frame number")
    absent = ~np.isin(frames, sequence.frames)
    if absent.sum() > max(1, TOLERATED_SHARE * len(rows)):
        line = labels.table.rows[rows[np.argmax(absent)]][0]
        have = f"{sequence.frames[0]} to {sequence.frames[-1]}" if len(sequence.frames) else "none"
        what = f"{absent.sum()} of {len(rows)} label rows name frames that {sequence.subject}/{sequence.name} lacks"
        raise InputError.one(
            f"{what} (it has {have})", labels.table.where(line), "check that labels and source belong together"
        )
    if absent.any():
        sequence = _with_missing(sequence, frames[absent])
    place = np.searchsorted(sequence.frames, frames)
    cells = labels.cells
    shape = (len(sequence.frames), len(cells.numbers))
    au, mask = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    au[place], mask[place] = cells.au[rows], cells.mask[rows]
    intensity = None
    if cells.intensity is not None:
        intensity = np.full(shape, np.nan, np.float32)
        intensity[place] = cells.intensity[rows]
    return replace(sequence, labels=Labels(cells.numbers, au, mask, "csv", intensity))


def _check_rows(sequence: FootageSequence, labels: LabelRows, rows: np.ndarray) -> None:
    """Refuse two rows for one frame, and rows for pictures that their names do not number."""
    values, first, counts = np.unique(labels.frames[rows], return_index=True, return_counts=True)
    raise_problems(
        Problem(
            f"{counts[i]} rows label frame {values[i]} of {sequence.subject}/{sequence.name}",
            labels.table.where(labels.table.rows[rows[first[i]]][0]),
            "keep one of them",
        )
        for i in np.flatnonzero(counts > 1)
    )
    if isinstance(sequence, ImageSequence) and sequence.odd_file:
        what = "the name of this picture gives it no frame number of its own, so that labels cannot be told apart"
        raise InputError.one(what, sequence.odd_file, "move it elsewhere, or list the pictures in a CSV manifest")


def _with_missing(sequence: FootageSequence, extra: np.ndarray) -> FootageSequence:
    """Return the sequence with planned frames that the source does not have."""
    frames = np.concatenate([sequence.frames, extra])
    order = np.argsort(frames)
    time_s = np.concatenate([sequence.time_s, np.full(len(extra), np.nan)])[order]
    changes: dict = {"frames": frames[order], "time_s": time_s}
    if isinstance(sequence, ImageSequence):
        paths = [*sequence.paths, *[None] * len(extra)]
        changes["paths"] = tuple(paths[i] for i in order)
    if sequence.given_landmarks is not None:
        points = sequence.given_landmarks.points_px
        blank = np.full((len(extra), *points.shape[1:]), np.nan, np.float32)
        given = replace(sequence.given_landmarks, points_px=np.concatenate([points, blank])[order])
        changes["given_landmarks"] = given
    return replace(sequence, **changes)


def take_rows(sequence: S, rows: np.ndarray) -> S:
    """Return a sequence of any kind with only some of its planned frames; ``rows`` (N,) int, ascending."""
    stored = {field.name for field in fields(sequence) if field.init}  # type: ignore[arg-type]
    changes: dict = {"frames": sequence.frames[rows], "time_s": sequence.time_s[rows]}
    if isinstance(sequence, ImageSequence):
        changes["paths"] = tuple(sequence.paths[i] for i in rows)
    if sequence.labels is not None:
        old = sequence.labels
        intensity = None if old.intensity is None else old.intensity[rows]
        changes["labels"] = replace(old, au=old.au[rows], mask=old.mask[rows], intensity=intensity)
    if sequence.given_landmarks is not None:
        given = sequence.given_landmarks
        changes["given_landmarks"] = replace(given, points_px=given.points_px[rows])
    return replace(sequence, **{name: value for name, value in changes.items() if name in stored})  # type: ignore


def limit_frames(sequences: list[FootageSequence], count: int) -> list[FootageSequence]:
    """Keep at most ``count`` frames of each subject, spread evenly over its labelled frames (all, if none is).

    Sequences that keep no frame are left out.
    """
    labelled = {s.subject for s in sequences if s.labels is not None and s.labels.mask.any()}
    candidates = [_candidates(s, s.subject in labelled) for s in sequences]
    totals: Counter[str] = Counter()
    for sequence, rows in zip(sequences, candidates, strict=True):
        totals[sequence.subject] += len(rows)
    passed: Counter[str] = Counter()
    out = []
    for sequence, rows in zip(sequences, candidates, strict=True):
        total, start = totals[sequence.subject], passed[sequence.subject]
        passed[sequence.subject] += len(rows)
        picks = np.arange(total) if total <= count else np.round(np.linspace(0, total - 1, count)).astype(int)
        own = picks[(picks >= start) & (picks < start + len(rows))] - start
        if len(own):
            out.append(take_rows(sequence, rows[own]))
    return out


def _candidates(sequence: FootageSequence, labelled_only: bool) -> np.ndarray:
    if not labelled_only:
        return np.arange(len(sequence.frames))
    return np.zeros(0, int) if sequence.labels is None else np.flatnonzero(sequence.labels.mask.any(1))
