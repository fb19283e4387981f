"""BP4D's intensities as FERA 2015 released them: one small table for each unit and sequence."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.action_units import ACTION_UNITS, UNKNOWN_CODE
from assets.errors import InputError, Problem
from synth.corpora.codes import frame_number
from synth.corpora.folders import child_named, visible
from synth.sources.csv_table import raise_problems

FERA_UNITS = (6, 10, 12, 14, 17)
"""Action Units with coded intensity."""

HIGHEST = 5


def read_bp4d_intensity(
    folder: Path, subject: str, task: str, frames: np.ndarray, numbers: tuple[int, ...]
) -> np.ndarray | None:
    """Read the intensities of one sequence.

    Parameters
    ----------
    folder : Path
        Holds ``AU06``, ``AU10``, ``AU12``, ``AU14`` and ``AU17``, each with files ``F001_T1*.csv`` of rows
        ``frame,code``.
    subject, task : str
    frames : (T,) int64
        Coded frames, ascending. Rows of other frames are left alone.
    numbers : tuple of int
        The A axis.

    Returns
    -------
    (T, A) float32 or None
        0 to 5, NaN where unknown, not coded, or 9; None if the sequence has no such file.

    Raises
    ------
    InputError
        Every row that is not a frame number and a code out of 0 … 5 and 9, and every frame that stands twice, with
        its file.
    """
    values = np.full((len(frames), len(numbers)), np.nan, np.float32)
    place = {int(frame): row for row, frame in enumerate(frames)}
    any_file = False
    problems: list[Problem] = []
    for column, number in enumerate(numbers):
        path = _table(folder, number, f"{subject}_{task}") if number in FERA_UNITS else None
        if path is None:
            continue
        any_file = True
        try:
            for frame, code in _rows(path):
                if frame in place and code != UNKNOWN_CODE:
                    values[place[frame], column] = code
        except InputError as error:
            problems += error.problems
    raise_problems(problems)
    return values if any_file else None


def _table(folder: Path, number: int, stem: str) -> Path | None:
    unit = child_named(folder, ACTION_UNITS[number].column) or child_named(folder, f"AU{number}")
    if unit is None:
        return None
    names = (stem.lower(), f"{stem}_".lower())
    found = [
        path
        for path in visible(unit)
        if path.suffix.lower() == ".csv" and (path.stem.lower() == names[0] or path.stem.lower().startswith(names[1]))
    ]
    if len(found) > 1:
        raise InputError.one(f"{len(found)} tables for {stem}", unit, "keep one of them")
    return found[0] if found else None


def _rows(path: Path) -> list[tuple[int, int]]:
    """Return frame and code of each row; a first row that begins with no number is the header."""
    rows: list[tuple[int, int]] = []
    first: dict[int, int] = {}
    problems: list[Problem] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (UnicodeDecodeError, OSError) as error:
        raise InputError.one(f"this is no readable CSV file ({error})", path, "save it as UTF-8 text") from None
    for line, text in enumerate(lines, 1):
        cells = [cell.strip() for cell in text.split(",")]
        if not any(cells):
            continue
        frame = frame_number(cells[0])
        if frame is None and line == 1 and len(cells) == 2:
            continue
        code = frame_number(cells[-1])
        known = code is not None and (code <= HIGHEST or code == UNKNOWN_CODE)
        if len(cells) != 2 or frame is None or code is None or not known:
            mend = f"write frame,code with a code from 0 to {HIGHEST}, or {UNKNOWN_CODE} for unknown"
            problems.append(Problem(f"{text.strip()!r} is no coded frame", f"{path} row {line}", mend))
            continue
        if frame in first:
            what = f"frame {frame} stands in row {first[frame]} too"
            problems.append(Problem(what, f"{path} row {line}", "keep one row per frame"))
        first.setdefault(frame, line)
        rows.append((frame, code))
    raise_problems(problems)
    return rows
