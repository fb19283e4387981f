"""Reading a CSV file as text, with the row numbers an error message needs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from assets.errors import InputError, Problem

MOST_PROBLEMS = 20
"""Problems shown at once; more are counted."""

_OTHER_DIVIDERS = {";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class CsvTable:
    """A CSV file.

    Attributes
    ----------
    path : Path
    header : tuple of str
        Column names without surrounding blanks.
    rows : tuple of (int, dict of str to str)
        Line number in the file (the header is line 1) and cells by column, without surrounding blanks.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]

    def where(self, line: int, column: str | None = None) -> str:
        """Return ``file row N[, column C]`` for an error message."""
        return f"{self.path} row {line}" + (f", column {column}" if column else "")


def with_names(table: CsvTable, names: Iterable[str], also: Mapping[str, str] = MappingProxyType({})) -> CsvTable:
    """Return the table with certain columns under one spelling.

    Parameters
    ----------
    table : CsvTable
    names : iterable of str
        Lower-case names; a column of the same name in another case is renamed.
    also : mapping of str to str
        Other lower-case names to one of ``names``.

    Raises
    ------
    InputError
        If two columns come to one name.
    """
    spelling = {**{name: name for name in names}, **also}
    header = tuple(spelling.get(name.lower(), name) for name in table.header)
    raise_problems(
        Problem(f"column {name!r} stands there twice", f"{table.path} row 1", "keep one")
        for name in spelling.values()
        if header.count(name) > 1
    )
    rows = tuple((line, dict(zip(header, cells.values(), strict=True))) for line, cells in table.rows)
    return CsvTable(table.path, header, rows)


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise all problems at once, if there are any; beyond ``MOST_PROBLEMS`` they are only counted."""
    found = list(problems)
    if not found:
        return
    if len(found) > MOST_PROBLEMS:
        rest = Problem(f"{len(found) - MOST_PROBLEMS} more problems", found[-1].where, "mend these first")
        found = [*found[:MOST_PROBLEMS], rest]
    raise InputError(found)


def read_csv(path: str | Path) -> CsvTable:
    """Read a CSV file.

    Raises
    ------
    InputError
        If the file is missing, is no text, is empty, divides its cells by something else than commas, names a column
        twice, or has rows of another length.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(reader.line_num, row) for reader in [csv.reader(file)] for row in reader]
    except FileNotFoundError:
        raise InputError.one("there is no such file", path, "check the path") from None
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError.one(f"this is no readable CSV file ({error})", path, "save it as UTF-8 text") from None
    lines = [(number, [cell.strip() for cell in row]) for number, row in lines if any(cell.strip() for cell in row)]
    if len(lines) < 2:
        raise InputError.one("the table holds no rows", path, "write a header line and one line per frame")
    header = tuple(lines[0][1])
    dividers = [name for mark, name in _OTHER_DIVIDERS.items() if len(header) == 1 and mark in header[0]]
    if dividers:
        what = f"the cells are divided by {dividers[0]}"
        raise InputError.one(what, f"{path} row 1", "save it with commas between the cells")
    doubles = sorted({name for name in header if header.count(name) > 1})
    problems = [Problem(f"column {name!r} stands there twice", f"{path} row 1", "keep one") for name in doubles]
    problems += [
        Problem(f"{len(row)} cells for {len(header)} columns", f"{path} row {number}", "mend the row")
        for number, row in lines[1:]
        if len(row) != len(header)
    ]
    raise_problems(problems)
    return CsvTable(path, header, tuple((number, dict(zip(header, row, strict=True))) for number, row in lines[1:]))
