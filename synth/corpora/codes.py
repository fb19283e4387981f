"""Reading coded Action Units and frame numbers out of a table."""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np

from assets.action_units import ACTION_UNITS
from assets.errors import Problem
from synth.sources.csv_table import CsvTable, raise_problems

MOST_DIGITS = 18
"""Digits of a frame number: more do not fit into the 64 bits that a shard has for it."""


def au_columns_of(table: CsvTable, numbers: tuple[int, ...], named: Mapping[int, str]) -> dict[int, str]:
    """Return the column of each wanted Action Unit.

    Parameters
    ----------
    table : CsvTable
    numbers : tuple of int
        Wanted units.
    named : mapping of int to str
        Columns that the user or the format fixes; others are found as ``6``, ``AU6``, ``au06``, ``AU06_c``.

    Raises
    ------
    InputError
        Every wanted unit without a column, or with several.
    """
    columns: dict[int, str] = {}
    problems = []
    for number in numbers:
        spellings = (
            str(number),
            f"au{number}",
            f"au{number:02d}",
            f"au{number}_c",
            f"au{number:02d}_c",
            f"au {number}",
        )
        usual = [name for name in table.header if name.lower() in spellings]
        column = named.get(number, usual[0] if usual else "")
        if number not in named and len(usual) > 1:
            what = f"columns {' and '.join(map(repr, usual))} both hold {ACTION_UNITS[number].column}"
            problems.append(Problem(what, f"{table.path} row 1", "keep one, or name the column with --columns"))
        elif column not in table.header:
            what = f"no column {column!r}" if column else "no column"
            mend = "add it, choose other units with --aus, or name the column with --columns"
            problems.append(Problem(f"{what} for {ACTION_UNITS[number].column}", f"{table.path} row 1", mend))
        columns[number] = column
    raise_problems(problems)
    return columns


def read_occurrence(table: CsvTable, columns: Mapping[int, str], missing: Set[str]) -> tuple[np.ndarray, np.ndarray]:
    """Read 0/1 codes.

    Parameters
    ----------
    table : CsvTable
    columns : mapping of int to str
        Action Unit number to column.
    missing : set of str
        Codes that mean *unknown*; they become mask 0. A whole number may be written as ``9.0`` in the table too.

    Returns
    -------
    au, mask : (N, A) uint8
        ``au`` is 0 where the mask is.

    Raises
    ------
    InputError
        Every cell that is neither 0, 1 nor a code for missing.
    """
    codes: dict[str, tuple[int, int]] = {text: (0, 0) for code in missing for text in (code, f"{code}.0")}
    codes |= {"0": (0, 1), "1": (1, 1), "0.0": (0, 1), "1.0": (1, 1)}
    au = np.zeros((len(table.rows), len(columns)), np.uint8)
    mask = np.zeros_like(au)
    problems = []
    known = ", ".join(["0", "1", *sorted(code or "blank" for code in missing)])
    for row, (line, cells) in enumerate(table.rows):
        for index, (number, column) in enumerate(columns.items()):
            code = codes.get(cells[column])
            if code is None:
                what = f"{cells[column]!r} is no code of {ACTION_UNITS[number].column}"
                problems.append(Problem(what, table.where(line, column), f"the codes are {known}"))
                continue
            au[row, index], mask[row, index] = code
    raise_problems(problems)
    return au, mask


def frame_number(text: str) -> int | None:
    """Return the frame number a text spells in ASCII digits, None if it spells none of at most 18 digits."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS else None


def read_frame_numbers(table: CsvTable, column: str) -> np.ndarray:
    """Return the (N,) int64 frame number of each row, in the order of the file.

    Raises
    ------
    InputError
        Every cell that is no whole number ≥ 0, and every number that stands twice.
    """
    numbers = np.zeros(len(table.rows), np.int64)
    first: dict[int, int] = {}
    problems = []
    for row, (line, cells) in enumerate(table.rows):
        number = frame_number(cells[column].removesuffix(".0"))
        if number is None:
            what = f"{cells[column]!r} is no frame number"
            problems.append(Problem(what, table.where(line, column), "write a whole number from 0"))
            continue
        numbers[row] = number
        if number in first:
            what = f"frame {number} stands in row {first[number]} too"
            problems.append(Problem(what, table.where(line, column), "keep one row per frame"))
        first.setdefault(number, line)
    raise_problems(problems)
    return numbers
