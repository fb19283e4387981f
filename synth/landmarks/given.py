"""Landmarks that the user brings: CSV tables (also those of OpenFace) and npz files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from assets.errors import InputError, Problem
from assets.landmarks import SCHEMES
from assets.shard_format import Status
from synth.sources.csv_table import CsvTable, raise_problems, read_csv
from synth.tracks import FrameTrack, GivenLandmarks, Sequence

S = TypeVar("S", bound=Any)

_COORDINATE = re.compile(r"^([xyz])_?(\d{1,3})$")
_SEQUENCE_COLUMNS = ("sequence", "video", "name")
_LARGEST_BYTES = 2**31
_SCHEME_OF_COUNT = {scheme.count: name for name, scheme in SCHEMES.items()}


@dataclass(frozen=True)
class LandmarkRows:
    """Landmarks of one sequence as they stand in a file.

    Attributes
    ----------
    where : tuple of str
        Where each row stands, for messages.
    frames : (N,) int64 or None
        Frame numbers from 0; None where the file has none, then rows belong to the planned frames in order.
    points_px : (N, L, 2|3) float32
        Rows without a face are all NaN.
    """

    where: tuple[str, ...]
    frames: np.ndarray | None
    points_px: np.ndarray


def attach_landmarks(sequences: list[S], path: str | Path) -> list[S]:
    """Return sequences that carry the landmarks of a file, which replace the detector.

    Parameters
    ----------
    sequences : list of Sequence
        Frozen dataclasses with a field ``given_landmarks``.
    path : str or Path
        ``.csv``: one row per frame, columns ``x_0 y_0 x_1 …`` (``z_0 …`` may follow), optionally ``frame`` (from 0;
        from 1 in OpenFace's files) and ``sequence``. ``.npz``: an array (N, L, 2|3) named ``points_px`` or after
        the sequence, optionally ``frames``. L is 49, 66, 68 or 478.

    Raises
    ------
    InputError
        For an unknown number of points, rows of which only a part is known, frames or sequences that do not exist:
        each with file, row and column.
    """
    path = Path(path)
    names = [sequence.name for sequence in sequences]
    tables = _from_npz(path, names) if path.suffix.lower() == ".npz" else _from_csv(path, names)
    attached, problems = [], []
    for sequence in sequences:
        rows = tables.get(sequence.name)
        if rows is None:
            problems.append(Problem(f"no landmarks for {sequence.name!r}", str(path), "add its rows or leave it out"))
            continue
        points, faults = _planned(rows, sequence.frames, path)
        problems += faults
        attached.append(replace(sequence, given_landmarks=GivenLandmarks(_scheme(points.shape[1], path), points)))
    raise_problems(problems)
    return attached


def track_from_given(sequence: Sequence) -> FrameTrack:
    """Return the track of a sequence that brings its landmarks; pictures are read only to see which exist."""
    given = sequence.given_landmarks
    assert given is not None
    count = len(sequence.frames)
    found = np.isfinite(given.points_px).all((1, 2))
    status = np.where(found, Status.OK, Status.NO_FACE).astype(np.uint8)
    size = (0, 0)
    for row, picture in enumerate(sequence.pictures()):
        if picture is None:
            status[row] = Status.FRAME_MISSING
        else:
            size = (picture.shape[1], picture.shape[0])
    points = np.where((status == Status.OK)[:, None, None], given.points_px, np.nan).astype(np.float32)
    sure = (status == Status.OK).astype(np.float32)
    return FrameTrack(
        subject=sequence.subject,
        sequence=sequence.name,
        frames=sequence.frames,
        scheme=given.scheme,
        landmarks_px=points.reshape(count, *given.points_px.shape[1:]),
        image_size_px=size,
        network_weights=None,
        confidence=sure,
        faces_found=sure.astype(np.int16),
        status=status,
    )


def _scheme(count: int, path: Path) -> str:
    if count not in _SCHEME_OF_COUNT:
        known = ", ".join(f"{n} ({name})" for n, name in sorted(_SCHEME_OF_COUNT.items()))
        raise InputError.one(f"{count} landmarks are no known scheme", path, f"give one of: {known}")
    return _SCHEME_OF_COUNT[count]


def _planned(rows: LandmarkRows, frames: np.ndarray, path: Path) -> tuple[np.ndarray, list[Problem]]:
    """Put rows (N, …) at the planned frames (T,); frames without a row have no face."""
    if rows.frames is None:
        if len(rows.points_px) != len(frames):
            what = f"{len(rows.points_px)} rows of landmarks for {len(frames)} frames"
            return rows.points_px, [Problem(what, str(path), "add a column 'frame' or give one row per frame")]
        return rows.points_px, []
    points = np.full((len(frames), *rows.points_px.shape[1:]), np.nan, np.float32)
    place = {int(frame): i for i, frame in enumerate(frames)}
    problems, seen = [], set()
    for where, frame, values in zip(rows.where, rows.frames.tolist(), rows.points_px, strict=True):
        if frame not in place:
            problems.append(Problem(f"frame {frame} is not among the frames", where, "delete the row"))
        elif frame in seen:
            problems.append(Problem(f"frame {frame} stands there twice", where, "keep one row"))
        else:
            points[place[frame]] = values
            seen.add(frame)
    return points, problems


def _from_csv(path: Path, names: list[str]) -> dict[str, LandmarkRows]:
    table = read_csv(path)
    columns = _coordinate_columns(table)
    key = next((name for name in _SEQUENCE_COLUMNS if name in table.header), None)
    if key is None and len(names) > 1:
        what = f"the table does not say which of {len(names)} sequences its rows belong to"
        raise InputError.one(what, path, "add a column 'sequence'")
    base = 1 if {"success", "confidence"} <= set(table.header) else 0  # OpenFace counts frames from 1
    problems: list[Problem] = []
    grouped: dict[str, list[tuple[str, int | None, np.ndarray]]] = {}
    for line, cells in table.rows:
        name = names[0] if key is None else cells[key]
        if name not in names:
            problems.append(Problem(f"there is no sequence {name!r}", table.where(line, key), "name one of the source"))
            continue
        frame = None
        if "frame" in table.header:
            frame = _whole_number(table, line, cells["frame"], problems)
            frame = None if frame is None else frame - base
        absent = "success" in table.header and cells["success"] in ("0", "0.0")
        values = _row_values(table, line, cells, columns, absent, problems)
        grouped.setdefault(name, []).append((table.where(line), frame, values))
    raise_problems(problems)
    return {name: _stacked(rows, "frame" in table.header) for name, rows in grouped.items()}


def _stacked(rows: list[tuple[str, int | None, np.ndarray]], numbered: bool) -> LandmarkRows:
    frames = np.array([row[1] for row in rows], np.int64) if numbered else None
    return LandmarkRows(tuple(row[0] for row in rows), frames, np.stack([row[2] for row in rows]).astype(np.float32))


def _coordinate_columns(table: CsvTable) -> list[list[str]]:
    """Return the column names of every landmark, [[x, y(, z)], …]; refuse gaps and unknown counts."""
    found: dict[tuple[str, int], str] = {}
    for name in table.header:
        match = _COORDINATE.match(name)
        if match:
            found[match[1], int(match[2])] = name
    count = sum(axis == "x" for axis, _ in found)
    if not count:
        raise InputError.one("no columns x_0, y_0, x_1 … were found", f"{table.path} row 1", "name them so")
    first = min(number for axis, number in found if axis == "x")
    axes = ("x", "y", "z") if ("z", first) in found else ("x", "y")
    numbers = range(first, first + count)
    missing = [f"{axis}_{n}" for axis in axes for n in numbers if (axis, n) not in found]
    if missing:
        raise InputError.one(f"no column {missing[0]}", f"{table.path} row 1", "give x and y of every landmark")
    _scheme(count, table.path)
    return [[found[axis, n] for axis in axes] for n in numbers]


MOST_FRAMES = 10**9
"""Frame numbers beyond this are mistakes."""


def _whole_number(table: CsvTable, line: int, text: str, problems: list[Problem]) -> int | None:
    try:
        number = float(text)
        if number != int(number) or abs(number) > MOST_FRAMES:
            raise ValueError
        return int(number)
    except (ValueError, OverflowError):
        problems.append(Problem(f"{text!r} is no frame number", table.where(line, "frame"), "write a whole number"))
        return None


def _row_values(
    table: CsvTable, line: int, cells: dict[str, str], columns: list[list[str]], absent: bool, problems: list[Problem]
) -> np.ndarray:
    """Return the points (L, D) of one row, all NaN where it shows no face; report numbers that are missing."""
    shape = (len(columns), len(columns[0]))
    names = [name for point in columns for name in point]
    texts = [cells[name] for name in names]
    blank = [text == "" or text.lower() == "nan" for text in texts]
    if absent or all(blank):
        return np.full(shape, np.nan)
    values = np.full(len(names), np.nan)
    for i, (name, text) in enumerate(zip(names, texts, strict=True)):
        try:
            values[i] = np.nan if blank[i] else float(text)
        except ValueError:
            pass
        if not np.isfinite(values[i]):
            what = f"{text!r} is no coordinate" if text else "a coordinate is missing"
            problems.append(Problem(what, table.where(line, name), "write the number, or leave the whole row blank"))
            break
    return values.reshape(shape)


def _from_npz(path: Path, names: list[str]) -> dict[str, LandmarkRows]:
    mend = "save it with numpy.savez(path, points_px=..., frames=...)"
    if not path.is_file():
        raise InputError.one("there is no such file", path, "check the path")
    if path.stat().st_size > _LARGEST_BYTES:
        raise InputError.one("the file is larger than 2 GB", path, "split it")
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (ValueError, OSError, BadZipFile, EOFError) as error:
        raise InputError.one(f"this is no readable npz file ({error})", path, mend) from None
    frames = arrays.pop("frames", None)
    if len(names) == 1 and "points_px" in arrays:
        arrays = {names[0]: arrays["points_px"]}
    unknown = sorted(set(arrays) - set(names))
    if unknown:
        what = f"array {unknown[0]!r} is named after no sequence"
        raise InputError.one(what, path, "name arrays after the sequences, or 'points_px' if there is one")
    return {name: _checked(path, name, points, frames if len(arrays) == 1 else None) for name, points in arrays.items()}


def _checked(path: Path, name: str, points: np.ndarray, frames: np.ndarray | None) -> LandmarkRows:
    where = f"{path} array {name!r}"
    if points.ndim != 3 or points.shape[2] not in (2, 3) or points.dtype.kind not in "fiu":
        what = f"shape {points.shape} of {points.dtype} is not (frames, landmarks, 2 or 3) of numbers"
        raise InputError.one(what, where, "save the landmarks in pixels")
    _scheme(points.shape[1], path)
    numbers = points.astype(np.float32)
    known = np.isfinite(numbers)
    partly = np.flatnonzero(known.any((1, 2)) & ~known.all((1, 2)))
    raise_problems(_partly(where, partly))
    if frames is not None and (frames.shape != (len(points),) or frames.dtype.kind not in "iu"):
        what = f"'frames' has shape {frames.shape} for {len(points)} rows of landmarks"
        raise InputError.one(what, path, "give one whole number per row")
    places = tuple(f"{where} row {i}" for i in range(len(points)))
    return LandmarkRows(places, None if frames is None else frames.astype(np.int64), numbers)


def _partly(where: str, rows: Iterable[int]) -> list[Problem]:
    return [Problem("some coordinates are not finite", f"{where} row {row}", "make the whole row NaN") for row in rows]
