"""Landmarks that corpora bring: text files of 49 points, lists over all pictures, and DISFA's MATLAB files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from assets.errors import InputError, Problem
from assets.landmarks import SCHEMES
from synth.corpora.codes import frame_number
from synth.corpora.folders import visible
from synth.corpora.mat_file import LARGEST_BYTES, read_array
from synth.tracks import GivenLandmarks

_SEPARATORS = re.compile(r"[\s,;]+")
_FIRST_PIXEL = 1.0
"""The 49-point text files count pixels from 1."""


def _numbers(line: str) -> list[float]:
    return [float(text) for text in _SEPARATORS.split(line.strip()) if text]


def _points(values: Sequence[float]) -> np.ndarray:
    """Return (49, 2) float32 pixels counted from 0; NaN where the file says that there is no face."""
    points = np.asarray(values, np.float32).reshape(-1, 2)
    if not np.isfinite(points).all() or (points <= 0).all():
        return np.full_like(points, np.nan)
    return points - np.float32(_FIRST_PIXEL)


def _bad_row(path: Path, line: int, count: int, wanted: str) -> InputError:
    return InputError.one(f"{count} numbers", f"{path} row {line}", f"each row holds {wanted}")


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError.one(f"this is no readable text file ({error})", path, "save it as UTF-8 text, or delete it")


class LandmarkFiles(Protocol):
    """Landmarks that lie on disk and are read when they are first asked for."""

    def read(self, frames: np.ndarray) -> GivenLandmarks:
        """Return the landmarks of the given frames, NaN where a file has none."""
        ...


@dataclass(frozen=True, eq=False)
class TextLandmarks:
    """One text file for a sequence.

    A row holds a frame number and 49 ``x y`` pairs, or the pairs alone; then rows belong to the coded frames in order.

    Attributes
    ----------
    path : Path
    coded : (N,) int64
        Frame of each row of the label file, ascending.
    """

    path: Path
    coded: np.ndarray

    def read(self, frames: np.ndarray) -> GivenLandmarks:
        """Return the (T, 49, 2) landmarks of the frames; NaN where the file has no row or no face.

        Raises
        ------
        InputError
            At a row with another count of numbers, a repeated frame, or rows without frame numbers whose count is
            not that of the coded frames.
        """
        size = 2 * SCHEMES["ibug49"].count
        rows = self._rows(size)
        points = np.full((len(frames), size // 2, 2), np.nan, np.float32)
        place = {int(frame): index for index, frame in enumerate(frames)}
        for frame, values in self._numbered(rows, size):
            if frame in place:
                points[place[frame]] = _points(values)
        return GivenLandmarks("ibug49", points)

    def _numbered(self, rows: list[tuple[int, list[float]]], size: int) -> Iterator[tuple[int, list[float]]]:
        """Yield frame and 98 numbers of each row."""
        if len(rows[0][1]) == size:
            if len(rows) != len(self.coded):
                what = f"{len(rows)} rows without frame numbers for {len(self.coded)} coded frames"
                raise InputError.one(what, self.path, "write the frame number at the beginning of each row")
            for frame, (_, values) in zip(self.coded, rows, strict=True):
                yield int(frame), values
            return
        seen: dict[int, int] = {}
        for line, values in rows:
            if not 0 <= values[0] < 1e15 or values[0] % 1:
                what = f"{values[0]:g} is no frame number"
                raise InputError.one(what, f"{self.path} row {line}", "write a whole number from 0")
            frame = int(values[0])
            if frame in seen:
                what = f"frame {frame} stands in row {seen[frame]} too"
                raise InputError.one(what, f"{self.path} row {line}", "keep one row per frame")
            seen[frame] = line
            yield frame, values[1:]

    def _rows(self, size: int) -> list[tuple[int, list[float]]]:
        """Return line number and numbers of each row that is not blank; all rows have the same length."""
        rows = []
        line = 0
        try:
            with self.path.open(encoding="utf-8-sig") as file:
                for line, text in enumerate(file, 1):
                    if text.strip():
                        rows.append((line, _numbers(text)))
        except UnicodeDecodeError as error:
            raise _unreadable(self.path, error) from None
        except ValueError as error:
            where = f"{self.path} row {line}"
            raise InputError.one(f"this is no row of numbers ({error})", where, "mend or delete the file") from None
        except OSError as error:
            raise _unreadable(self.path, error) from None
        if not rows:
            raise InputError.one("the landmark file is empty", self.path, "fill it or delete it")
        wanted = len(rows[0][1]) if len(rows[0][1]) in (size, size + 1) else size + 1
        for line, values in rows:
            if len(values) != wanted:
                raise _bad_row(self.path, line, len(values), f"{wanted} numbers: [frame,] 49 pairs of x and y")
        return rows


@dataclass(frozen=True, eq=False)
class ListedLandmarks:
    """Rows of landmark lists that run over many sequences; a frame may stand in several lists, always the same.

    Attributes
    ----------
    paths : tuple of Path
        49 ``x y`` pairs in each row of a list.
    lists : (N,) int64
        Place of each row's list in ``paths``, ascending.
    frames : (N,) int64
    lines : (N,) int64
        Row of each frame in its list, from 1.
    offsets : (N,) int64
        Where the row begins, in bytes.
    """

    paths: tuple[Path, ...]
    lists: np.ndarray
    frames: np.ndarray
    lines: np.ndarray
    offsets: np.ndarray

    def read(self, frames: np.ndarray) -> GivenLandmarks:
        """Return the (T, 49, 2) landmarks of the frames; NaN where the list leaves a frame out.

        Raises
        ------
        InputError
            At a row with another count of numbers, and at a frame with other points in another row.
        """
        count = SCHEMES["ibug49"].count
        points = np.full((len(frames), count, 2), np.nan, np.float32)
        place = {int(frame): index for index, frame in enumerate(frames)}
        told: dict[int, str] = {}
        for number, path in enumerate(self.paths):
            own = self.lists == number
            with _opened(path) as file:
                for frame, line, offset in zip(self.frames[own], self.lines[own], self.offsets[own], strict=True):
                    index = place.get(int(frame))
                    if index is None:
                        continue
                    found, where = _listed_row(file, path, int(line), int(offset)), f"{path} row {line}"
                    if index in told and not np.array_equal(points[index], found, equal_nan=True):
                        what = f"frame {frame} has other points than in {told[index]}"
                        raise InputError.one(what, where, "take out one of the two lists")
                    points[index], told[index] = found, where
        return GivenLandmarks("ibug49", points)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from None


def _listed_row(file: BinaryIO, path: Path, line: int, offset: int) -> np.ndarray:
    """Return the (49, 2) points of one row of a list."""
    count = 2 * SCHEMES["ibug49"].count
    file.seek(offset)
    try:
        values = _numbers(file.readline().decode("ascii"))
    except ValueError:
        raise InputError.one("this is no row of numbers", f"{path} row {line}", "mend the row") from None
    if len(values) != count:
        raise _bad_row(path, line, len(values), f"{count} numbers")
    return _points(values)


def index_lists(folder: Path) -> dict[tuple[str, str], ListedLandmarks]:
    """Index pairs of lists ``*_path.txt`` (``F001/T1/2440.jpg``) and ``*_land.txt`` (its points in the same row).

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict of (str, str) to ListedLandmarks
        By subject and task in capitals; empty if the folder holds no such pair.

    Raises
    ------
    InputError
        If a list cannot be read, two lists of a pair differ in length, or a row names no picture.
    """
    rows: dict[tuple[str, str], list[tuple[int, int, int, int]]] = {}
    lists: list[Path] = []
    for paths in visible(folder):
        points = paths.with_name(paths.name.removesuffix("_path.txt") + "_land.txt")
        if not paths.name.endswith("_path.txt") or not points.is_file():
            continue
        try:
            names = [text.strip() for text in paths.read_text(encoding="utf-8-sig").split("\n") if text.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(paths, error) from None
        lists.append(points)
        starts = _line_starts(points)
        if len(names) != len(starts):
            what = f"{len(starts)} rows for the {len(names)} pictures of {paths.name}"
            raise InputError.one(what, points, "take both lists from the same place")
        for line, (name, start) in enumerate(zip(names, starts, strict=True), 1):
            parts = name.replace("\\", "/").split("/")
            frame = frame_number(parts[-1].rsplit(".", 1)[0])
            if len(parts) < 3 or frame is None:
                raise InputError.one(f"{name!r} names no picture", f"{paths} row {line}", "write F001/T1/2440.jpg")
            key = parts[-3].upper(), parts[-2].upper()
            rows.setdefault(key, []).append((len(lists) - 1, frame, line, start))
    return {key: ListedLandmarks(tuple(lists), *np.array(found, np.int64).T) for key, found in rows.items()}


def _line_starts(path: Path) -> list[int]:
    """Return where each line that is not blank begins, in bytes."""
    starts = []
    place = 0
    with _opened(path) as file:
        for line in file:
            if line.strip():
                starts.append(place)
            place += len(line)
    return starts


@dataclass(frozen=True)
class MatLandmarks:
    """One MATLAB file for each frame.

    Attributes
    ----------
    files : tuple of (int, str)
        Frame number, counted as the labels do, and file.
    """

    files: tuple[tuple[int, str], ...]

    def read(self, frames: np.ndarray) -> GivenLandmarks:
        """Return the (T, 66, 2) landmarks of the frames; NaN where a frame has no file.

        Raises
        ------
        InputError
            Every file that is unreadable or holds no ``pts`` of 66 points.
        """
        place = {int(frame): index for index, frame in enumerate(frames)}
        points = np.full((len(frames), SCHEMES["ibug66"].count, 2), np.nan, np.float32)
        problems: list[Problem] = []
        for frame, path in self.files:
            if frame not in place:
                continue
            try:
                points[place[frame]] = read_mat_points(path)
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)
        return GivenLandmarks("ibug66", points)


def read_mat_points(path: str | Path) -> np.ndarray:
    """Return the (66, 2) float32 points of one MATLAB file; all NaN if it holds a NaN.

    Raises
    ------
    InputError
        If the file is too large, no MATLAB file of version 5 to 7, or holds no ``pts`` of this shape.
    """
    mend = "take the file from the corpus again, or delete it: the detector then places this frame"
    try:
        if Path(path).stat().st_size > LARGEST_BYTES:
            raise InputError.one("too large for 66 landmarks", path, mend)
        points = read_array(Path(path).read_bytes(), "pts")
    except (ValueError, OSError) as error:
        raise InputError.one(f"this is no readable .mat file ({error})", path, mend) from None
    wanted = (SCHEMES["ibug66"].count, 2)
    if points is None or points.shape != wanted:
        shape = "missing" if points is None else f"of shape {points.shape}"
        raise InputError.one(f"'pts' is {shape}, not {wanted}", path, mend)
    with np.errstate(over="ignore"):
        points = points.astype(np.float32)
    return np.where(np.isfinite(points).all(), points, np.float32(np.nan))
