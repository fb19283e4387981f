"""Apparent gender of the subjects, from a file the user writes: DISFA and GFT have no public list."""

from __future__ import annotations

from pathlib import Path

from assets.errors import InputError, Problem
from synth.corpora.folders import child_named
from synth.sources.csv_table import raise_problems, read_csv
from synth.sources.gender import parse_gender

USUAL_NAMES = ("gender.csv", "sex.csv")
_GENDER_COLUMNS = ("apparent_gender", "gender", "sex")
COLUMNS = f"subject,{_GENDER_COLUMNS[0]}"


def find_gender_file(root: Path, given: str | Path | None) -> Path:
    """Return the gender file.

    Parameters
    ----------
    root : Path
        Corpus folder; ``gender.csv`` and ``sex.csv`` are looked for in it.
    given : str, Path or None
        What the user named, absolute or below the root.

    Raises
    ------
    InputError
        If there is none; it names the file and its columns.
    """
    mend = f"write a CSV with the columns {COLUMNS} (female, male or unknown), or name it with --gender"
    if given is not None:
        path = root / Path(given).expanduser()
        if not path.is_file():
            raise InputError.one("the gender file is missing", path, mend)
        return path
    for name in USUAL_NAMES:
        found = child_named(root, name)
        if found is not None:
            return found
    raise InputError.one("the gender file is missing", root / USUAL_NAMES[0], mend)


def read_gender_file(path: Path) -> dict[str, str]:
    """Return subject, in capitals as the corpora name them, to ``female``, ``male`` or ``unknown``.

    Raises
    ------
    InputError
        If a column is missing; every value that is none of these, and every subject that stands there twice.
    """
    table = read_csv(path)
    names = {name.lower(): name for name in table.header}
    column = next((names[name] for name in _GENDER_COLUMNS if name in names), None)
    if column is None or "subject" not in names:
        raise InputError.one("a column is missing", f"{path} row 1", f"write the columns {COLUMNS}")
    genders: dict[str, str] = {}
    seen: set[str] = set()
    problems: list[Problem] = []
    for line, cells in table.rows:
        subject = cells[names["subject"]].upper()
        if subject in seen:
            problems.append(Problem(f"subject {subject!r} stands there twice", table.where(line), "keep one row"))
        seen.add(subject)
        try:
            genders[subject] = parse_gender(cells[column], table.where(line, column))
        except InputError as error:
            problems += error.problems
    raise_problems(problems)
    return genders


def gender_of(subject: str, genders: dict[str, str], path: Path) -> str:
    """Return the gender of one subject.

    Raises
    ------
    InputError
        If the file has no row for the subject.
    """
    if subject not in genders:
        raise InputError.one(f"no row for subject {subject}", path, f"add it: {subject},female|male|unknown")
    return genders[subject]
