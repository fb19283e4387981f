"""The official partition of GFT, from a file the user writes: subject, split."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from assets.corpora import CORPORA, GFT_PARTITION
from assets.errors import InputError, Problem, closest

PARTITION_COLUMNS = ("subject", "split")
_SPELLINGS = {"validation": "val", "valid": "val", "dev": "val", "devel": "val", "development": "val",
              "training": "train", "testing": "test"}  # fmt: skip


def group_of(subject: str) -> str:
    """Return the group of three a GFT subject sat in: ``001A`` → ``001``."""
    return subject.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def read_partition(path: str | Path) -> dict[str, str]:
    """Read and check the partition file of GFT.

    Parameters
    ----------
    path : str or Path
        CSV with the columns ``subject`` and ``split`` (train, val or test), one row for each of the 96 subjects.

    Returns
    -------
    dict of str to str
        Subject to ``train``, ``val`` or ``test``.

    Raises
    ------
    InputError
        If the file is missing or lacks a column; every unknown split and repeated subject; if the counts are not
        60, 18 and 18; and every group whose members are in different splits.
    """
    path = Path(path)
    problems: list[Problem] = []
    partition: dict[str, str] = {}
    for line, cells in _rows(path):
        subject, text = cells["subject"], cells["split"].lower()
        split = _SPELLINGS.get(text, text)
        if split not in GFT_PARTITION:
            problems.append(Problem(f"unknown split {text!r}", f"{path} row {line}", closest(text, GFT_PARTITION)))
        if subject in partition:
            problems.append(Problem(f"subject {subject!r} stands there twice", f"{path} row {line}", "keep one row"))
        partition[subject] = split
    if not problems:
        problems = _count_problems(path, partition) + _group_problems(path, partition)
    if problems:
        raise InputError(problems)
    return partition


def missing_partition(path: str | Path) -> InputError:
    """Return the error for a partition file that is not there."""
    columns = ",".join(PARTITION_COLUMNS)
    mend = (
        f"write it with the columns {columns} (train, val or test; 60, 18 and 18 subjects) from the corpus's own list"
    )
    return InputError.one("the partition file of GFT is missing", path, mend)


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = [name.strip().lower() for name in next(reader, [])]
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except FileNotFoundError:
        raise missing_partition(path) from None
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError.one(f"this is no readable CSV file ({error})", path, "save it as UTF-8 text") from None
    lacking = [name for name in PARTITION_COLUMNS if name not in header]
    if lacking:
        mend = f"write the columns {','.join(PARTITION_COLUMNS)}"
        raise InputError(Problem(f"no column {name!r}", f"{path} row 1", mend) for name in lacking)
    rows = [(line, dict(zip(header, row, strict=False))) for line, row in lines if any(row)]
    short = [line for line, cells in rows if not set(PARTITION_COLUMNS) <= set(cells)]
    if short:
        raise InputError(Problem("too few cells", f"{path} row {line}", "write subject,split") for line in short)
    return rows


def _count_problems(path: Path, partition: dict[str, str]) -> list[Problem]:
    counts = Counter(partition.values())
    problems = [
        Problem(f"{counts[split]} subjects in {split}, not {wanted}", str(path), "check it against the official list")
        for split, wanted in GFT_PARTITION.items()
        if counts[split] != wanted
    ]
    if len(partition) != CORPORA["gft"].subjects:
        what = f"{len(partition)} subjects, not {CORPORA['gft'].subjects}"
        problems.append(Problem(what, str(path), "write one row for each subject of GFT"))
    return problems


def _group_problems(path: Path, partition: dict[str, str]) -> list[Problem]:
    groups: dict[str, set[str]] = {}
    for subject, split in partition.items():
        groups.setdefault(group_of(subject), set()).add(split)
    return [
        Problem(
            f"group {group} is in {' and '.join(sorted(splits))}",
            str(path),
            "keep people who sat together in one split",
        )
        for group, splits in sorted(groups.items())
        if len(splits) > 1
    ]
