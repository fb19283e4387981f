"""Action Unit labels from CSV files: OpenFace, py-feat, BP4D, or plain ``frame, AU1, AU12``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from assets.action_units import UNKNOWN_CODE, parse_au
from assets.errors import InputError, Problem
from synth.sources.csv_table import CsvTable, raise_problems

_AU_COLUMN = re.compile(r"^(?:AU[\s_]*\d\w*|\d{1,2})$", re.IGNORECASE)
_BLANK = {"", "nan", "na", "none", "null", "?", str(UNKNOWN_CODE), f"{UNKNOWN_CODE}.0"}
PROBABILITY_THRESHOLD = 0.5
"""A column of fractions in [0, 1], as py-feat writes, counts as active from here."""

DEFAULT_INTENSITY_THRESHOLD = 1.0
"""An ``AU…_r`` column counts as active from here (0 to 5); OpenFace's own occurrence is used where it stands beside."""


@dataclass(frozen=True)
class AuCells:
    """The Action Unit cells of a table, one row per line of the file.

    Attributes
    ----------
    numbers : tuple of int
        Ascending.
    au, mask : (N, A) uint8
    intensity : (N, A) float32 or None
        0 to 5, NaN where unknown; None if no column holds intensities.
    """

    numbers: tuple[int, ...]
    au: np.ndarray
    mask: np.ndarray
    intensity: np.ndarray | None


def read_au_cells(
    table: CsvTable, intensity_threshold: float = DEFAULT_INTENSITY_THRESHOLD, skip: frozenset[str] = frozenset()
) -> AuCells:
    """Read every Action Unit column of a table.

    ``AU12_c`` is occurrence, ``AU12_r`` intensity from 0 to 5, ``AU12`` (or ``12``) occurrence 0 or 1, or a
    probability if the column holds fractions. 9, blanks and NaN are unknown: mask 0. Rows with ``success`` 0 are
    unknown as a whole.

    Parameters
    ----------
    table : CsvTable
    intensity_threshold : float
        Least intensity that counts as active.
    skip : frozenset of str
        Columns that are no Action Unit although they look like one.

    Raises
    ------
    InputError
        Unknown Action Units, two columns for one, and cells that cannot be read, all at once.
    """
    occurrence, intensity = _find_columns(table, skip)
    numbers = tuple(sorted({*occurrence, *intensity}))
    shape = (len(table.rows), len(numbers))
    au, mask = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    strength = np.full(shape, np.nan, np.float32)
    problems: list[Problem] = []
    for index, number in enumerate(numbers):
        if number in intensity:
            values, bad = _read_column(table, intensity[number], 5.0, "an intensity from 0 to 5, 9 or blank")
            problems += bad
            strength[:, index] = values
            mask[:, index], au[:, index] = ~np.isnan(values), values >= intensity_threshold
        if number in occurrence:
            values, bad = _read_occurrence(table, occurrence[number])
            problems += bad
            mask[:, index], au[:, index] = ~np.isnan(values), values >= PROBABILITY_THRESHOLD
    raise_problems(problems)
    if "success" in table.header:
        mask[[row["success"] in ("0", "0.0") for _, row in table.rows]] = 0
    au[mask == 0] = 0
    return AuCells(numbers, au, mask, strength if intensity else None)


def _find_columns(table: CsvTable, skip: frozenset[str]) -> tuple[dict[int, str], dict[int, str]]:
    """Return Action Unit number to column, for occurrence and for intensity."""
    occurrence: dict[int, str] = {}
    intensity: dict[int, str] = {}
    problems: list[Problem] = []
    for name in table.header:
        if name in skip or not _AU_COLUMN.match(name):
            continue
        try:
            number = parse_au(name, f"{table.path} row 1").number
        except InputError as error:
            problems += error.problems
            continue
        kind = intensity if name.lower().endswith("_r") else occurrence
        if number in kind:
            problems.append(Problem(f"{kind[number]!r} and {name!r} name one unit", f"{table.path} row 1", "keep one"))
        kind[number] = name
    raise_problems(problems)
    return occurrence, intensity


def _read_occurrence(table: CsvTable, column: str) -> tuple[np.ndarray, list[Problem]]:
    values, problems = _read_column(table, column, 1.0, "0, 1, 9 or blank; name the column …_r if it holds intensities")
    known = values[~np.isnan(values)]
    if column.lower().endswith("_c") and not np.isin(known, (0, 1)).all():
        where = f"{table.path}, column {column}"
        problems.append(Problem("fractions in a column of occurrences", where, "write 0 or 1"))
    return values, problems


def _read_column(table: CsvTable, column: str, most: float, wanted: str) -> tuple[np.ndarray, list[Problem]]:
    """Return the column as (N,) float64 with NaN for unknown, and what is wrong with it."""
    values = np.full(len(table.rows), np.nan)
    problems = []
    for index, (line, row) in enumerate(table.rows):
        text = row[column]
        if text.lower() in _BLANK:
            continue
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value <= most:
            problems.append(Problem(f"{text!r} is no label", table.where(line, column), f"write {wanted}"))
        values[index] = value
    return values, problems
