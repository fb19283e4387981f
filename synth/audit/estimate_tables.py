"""Tables of estimates that were made elsewhere: OpenFace, py-feat, LibreFace, or plain ``file, AU12``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.errors import InputError, Problem
from synth.audit.geometry import AUDITED
from synth.extract import INDEX, TABLE
from synth.sources.csv_table import CsvTable, raise_problems, read_csv

FILE_COLUMNS = (
    "file",
    "input",
    "path",
    "filename",
    "file_name",
    "file_path",
    "image_path",
    "picture",
    "image",
    "frame",
)
"""Columns that may name a picture, in the order in which they are preferred."""

SCALES = (1.0, 5.0, 100.0)
"""Scales of estimates: probabilities, intensities A to E as 1 to 5, percentages."""

INTENSITY_SCALE = 5.0
"""Scale of columns ``AU12_r`` (OpenFace) and ``au_12_intensity`` (LibreFace)."""

VISIBLE_SHARE = 0.10
"""Share of its scale from which a change of an estimate counts as variation."""

BEYOND = 0.10
"""Share of the scale by which regressions may leave it."""

STAND_INS = {45: 43}
"""Action Units that count as another where that one has no column: OpenFace reads blinks, not closed eyes."""

_COLUMN = re.compile(r"^AU[\s_]*0*(\d{1,2})(?:_(r|c|intensity))?$", re.IGNORECASE)
_INTENSITY, _PLAIN, _OCCURRENCE = range(3)
"""Kinds of columns; of several columns of one Action Unit the first kind is read."""

_KINDS = {"r": _INTENSITY, "intensity": _INTENSITY, "": _PLAIN, "c": _OCCURRENCE}


@dataclass(frozen=True)
class EstimateTable:
    """One table.

    Attributes
    ----------
    path : Path
    columns : dict of int to str
        Audited Action Unit to its column.
    lines : (N,) int64
        Line of each row in the file.
    names : tuple of str or None
        What each row calls its picture; None if no column does.
    frames : (N,) int64 or None
        The column ``frame`` where no column names pictures.
    values : (N, A) float64
        Estimates of ``AUDITED``, NaN where there is none.
    """

    path: Path
    columns: dict[int, str]
    lines: np.ndarray
    names: tuple[str, ...] | None
    frames: np.ndarray | None
    values: np.ndarray


def read_estimates(source: Path) -> list[EstimateTable]:
    """Read one table, or all tables in a folder and the folders in it but those of ``synth extract``.

    Parameters
    ----------
    source : Path
        A CSV file or a folder.

    Raises
    ------
    InputError
        If there is no table, no column of an audited Action Unit, no number in a cell that is not blank, or nothing
        that tells which picture a row belongs to.
    """
    paths = [source]
    if source.is_dir():
        paths = [path for path in sorted(source.rglob("*.csv")) if path.name not in (TABLE, INDEX)]
    if not paths:
        raise InputError.one("this folder holds no table", source, "pass a CSV file, or a folder of CSV files")
    return [_read(path) for path in paths]


def _read(path: Path) -> EstimateTable:
    table = read_csv(path)
    columns = _au_columns(table)
    naming = _file_column(table)
    values, problems = _cells(table, columns)
    if not columns:
        mend = "name columns AU12 (0 to 1, 0 to 5 or 0 to 100), AU12_r (0 to 5) or AU12_c (0 or 1)"
        problems.append(Problem("no column names an audited Action Unit", f"{path} row 1", mend))
    if naming is None and "frame" not in table.header:
        mend = "add a column `file` with the names that `synth extract` gave, as in its pictures.csv"
        problems.append(Problem("no column names the pictures", f"{path} row 1", mend))
    raise_problems(problems)
    rows = [row for _, row in table.rows]
    return EstimateTable(
        path,
        columns,
        np.array([line for line, _ in table.rows]),
        tuple(row[naming] for row in rows) if naming else None,
        None if naming else np.array([int(float(row["frame"])) for row in rows]),
        values,
    )


def _parse(column: str) -> tuple[int, int] | None:
    """Return number and kind of a column of estimates, None if it is none."""
    match = _COLUMN.match(column)
    return None if match is None else (int(match.group(1)), _KINDS[(match.group(2) or "").lower()])


def _au_columns(table: CsvTable) -> dict[int, str]:
    found: dict[int, tuple[int, str]] = {}
    for name in table.header:
        parsed = _parse(name)
        if parsed is not None and (parsed[0] not in found or parsed[1] < found[parsed[0]][0]):
            found[parsed[0]] = (parsed[1], name)
    for number, other in STAND_INS.items():
        if number in found:
            found.setdefault(other, found[number])
    return {number: name for number, (_, name) in sorted(found.items()) if number in AUDITED}


def _file_column(table: CsvTable) -> str | None:
    """Return the column that names pictures; ``frame`` is one only if it does not count."""
    by_name = {name.lower(): name for name in reversed(table.header)}
    for name in FILE_COLUMNS:
        column = by_name.get(name)
        if column is not None and not all(_is_count(row[column]) for _, row in table.rows):
            return column
    return None


def _is_count(text: str) -> bool:
    return bool(re.fullmatch(r"\d+(?:\.0*)?", text))


def _cells(table: CsvTable, columns: dict[int, str]) -> tuple[np.ndarray, list[Problem]]:
    """Return the estimates (N, A), NaN where a cell is blank or no face was found, and what is no number."""
    values = np.full((len(table.rows), len(AUDITED)), np.nan)
    wrong: list[tuple[str, int, str]] = []
    for index, (line, row) in enumerate(table.rows):
        if row.get("success") in ("0", "0.0"):
            continue
        for number, column in columns.items():
            value = _number(row[column])
            if value is None:
                wrong.append((row[column], line, column))
            else:
                values[index, AUDITED.index(number)] = value
    if not wrong:
        return values, []
    text, line, column = wrong[0]
    what = f"{len(wrong)} cells hold no number, the first {text!r}"
    return values, [Problem(what, table.where(line, column), "write a number, or nothing where there is no reading")]


def _number(text: str) -> float | None:
    """Return a cell as a number, NaN where it is blank or not finite, None if it is neither."""
    plain = text.lower().lstrip("+-")
    if plain in ("", "na", "none", "null", "?") or plain.startswith(("nan", "inf")):
        return math.nan
    try:
        return float(text)
    except ValueError:
        return None


def visible_changes(tables: list[EstimateTable]) -> np.ndarray:
    """Return the least change (A,) of each Action Unit's estimate that counts as variation, NaN without a column.

    A tenth of the scale: 0 to 5 for columns that are named intensities, 0 to 1 for occurrences; all others share the
    least of ``SCALES`` that holds them.

    Raises
    ------
    InputError
        If values lie on none of these scales.
    """
    kinds: dict[int, int] = {}
    for table in tables:
        for number, column in table.columns.items():
            parsed = _parse(column)
            kind = parsed[1] if parsed else _PLAIN
            kinds[AUDITED.index(number)] = max(kind, kinds.get(AUDITED.index(number), kind))
    common = _common_scale(tables, [place for place, kind in kinds.items() if kind == _PLAIN])
    of_kind = {_INTENSITY: INTENSITY_SCALE, _PLAIN: common, _OCCURRENCE: SCALES[0]}
    scales = np.full(len(AUDITED), np.nan)
    for place, kind in kinds.items():
        scales[place] = of_kind[kind]
    for table in tables:
        for number, column in table.columns.items():
            _check_scale(table, AUDITED.index(number), column, scales[AUDITED.index(number)])
    return VISIBLE_SHARE * scales


def _common_scale(tables: list[EstimateTable], places: list[int]) -> float:
    if not places:
        return math.nan
    values = np.concatenate([table.values[:, places].ravel() for table in tables])
    most = np.nanmax(values, initial=0.0)
    return next((scale for scale in SCALES if most <= scale * (1 + BEYOND)), SCALES[-1])


def _check_scale(table: EstimateTable, place: int, column: str, scale: float) -> None:
    values = table.values[:, place]
    with np.errstate(invalid="ignore"):
        outside = np.flatnonzero((values < -BEYOND * scale) | (values > (1 + BEYOND) * scale))
    if not len(outside):
        return
    where = f"{table.path} row {table.lines[outside[0]]}, column {column}"
    what = f"{len(outside)} values lie outside 0 to {scale:g}, the first {values[outside[0]]:g}"
    raise InputError.one(what, where, "give probabilities 0 to 1, intensities 0 to 5 or percentages 0 to 100")


def column_texts(tables: list[EstimateTable]) -> dict[int, str]:
    """Return, for each audited Action Unit with estimates, the column or columns they stand in."""
    texts: dict[int, str] = {}
    for number in AUDITED:
        names = sorted({table.columns[number] for table in tables if number in table.columns})
        if names:
            texts[number] = f"column {' or '.join(names)}"
    return texts
