"""CSV manifests: one row per picture, per video, or per labelled video frame."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from assets.errors import InputError, Problem
from synth.sources.csv_table import CsvTable, raise_problems, read_csv, with_names
from synth.sources.gender import parse_gender
from synth.sources.images import IMAGE_SUFFIXES, ImageSequence, frame_numbers, image_problem
from synth.sources.label_csv import AuCells, read_au_cells
from synth.sources.match import FootageSequence, LabelRows, attach_labels, integer_column
from synth.sources.video import VIDEO_SUFFIXES, open_video
from synth.tracks import Labels

COLUMNS = ("path", "subject", "gender", "sequence", "frame")


def read_manifest(
    path: str | Path, intensity_threshold: float
) -> tuple[list[FootageSequence], dict[str, tuple[Problem, ...]]]:
    """Read a manifest with the columns ``path, subject, gender, sequence, frame`` and Action Units.

    Only ``path`` must be there; case does not matter, and ``apparent_gender`` and ``sex`` are ``gender`` too. Paths
    are relative to the manifest. Rows of pictures with the same subject and sequence form one sequence; a video stands
    in one row, or in one row per labelled frame.

    Parameters
    ----------
    path : str or Path
    intensity_threshold : float
        Least value of an ``AU…_r`` column that counts as active.

    Returns
    -------
    sequences : list of VideoSequence or ImageSequence
        In the order of first appearance. A picture that is broken or not there keeps its row.
    failed : dict of str to tuple of Problem
        Subjects whose rows cannot be used, and why.

    Raises
    ------
    InputError
        Problems of the table itself, all at once.
    """
    table = with_names(read_csv(path), COLUMNS, dict.fromkeys(("apparent_gender", "sex"), "gender"))
    if "path" not in table.header:
        raise InputError.one("a manifest needs a column 'path'", f"{table.path} row 1", "add it")
    cells = read_au_cells(table, intensity_threshold, frozenset({"frame"}))
    groups, genders, problems = _group(table)
    raise_problems(problems)
    out: list[FootageSequence] = []
    failed: dict[str, tuple[Problem, ...]] = {}
    for (subject, name), rows in groups.items():
        is_video = _file(table, rows[0]).suffix.lower() in VIDEO_SUFFIXES
        make = _video_sequence if is_video else _image_sequence
        try:
            out.append(make(table, cells, rows, subject, name, genders[subject]))
        except InputError as error:
            failed[subject] = (*failed.get(subject, ()), *error.problems)
    return [sequence for sequence in out if sequence.subject not in failed], failed


def _file(table: CsvTable, row: int) -> Path:
    return table.path.parent / table.rows[row][1]["path"]


def _group(table: CsvTable) -> tuple[dict[tuple[str, str], list[int]], dict[str, str], list[Problem]]:
    """Return rows by (subject, sequence), the gender of each subject, and what is wrong."""
    groups: dict[tuple[str, str], list[int]] = {}
    genders: dict[str, str] = {}
    gender_line: dict[str, int] = {}
    problems: list[Problem] = []
    for row, (line, record) in enumerate(table.rows):
        file = _file(table, row)
        suffix = file.suffix.lower()
        if suffix not in VIDEO_SUFFIXES | IMAGE_SUFFIXES or "\0" in record["path"]:
            what = f"{record['path']!r} is neither a picture nor a video"
            problems.append(Problem(what, table.where(line, "path"), "name a JPEG, PNG, MP4, AVI or MOV file"))
            continue
        own = file.stem if suffix in VIDEO_SUFFIXES else Path(os.path.realpath(file)).parent.name
        subject = record.get("subject") or own
        name = record.get("sequence") or own
        groups.setdefault((subject, name), []).append(row)
        try:
            gender = parse_gender(record.get("gender", ""), table.where(line, "gender"))
        except InputError as error:
            problems += error.problems
            continue
        if genders.setdefault(subject, gender) != gender:
            what = f"subject {subject!r} was {genders[subject]!r} in row {gender_line[subject]} and is {gender!r} here"
            problems.append(Problem(what, table.where(line, "gender"), "give each subject one value"))
        gender_line.setdefault(subject, line)
    return groups, genders, problems


def _labels(cells: AuCells, rows: np.ndarray) -> Labels | None:
    if not cells.numbers:
        return None
    intensity = None if cells.intensity is None else cells.intensity[rows]
    return Labels(cells.numbers, cells.au[rows], cells.mask[rows], "csv", intensity)


def _image_sequence(
    table: CsvTable, cells: AuCells, rows: list[int], subject: str, name: str, gender: str
) -> ImageSequence:
    """Make a sequence of one picture per row."""
    files = [_file(table, row) for row in rows]
    lines = [table.rows[row][0] for row in rows]
    found = [image_problem(file, table.where(line, "path")) for file, line in zip(files, lines, strict=True)]
    flaws = [problem for problem in found if problem is not None]
    problems: list[Problem] = []
    numbers = frame_numbers(files)
    if "frame" in table.header and any(table.rows[row][1]["frame"] for row in rows):
        part = replace(table, rows=tuple(table.rows[row] for row in rows))
        numbers, bad = integer_column(part, "frame")
        problems += bad
    seen: dict[int, int] = {}
    for line, number in zip(lines, numbers, strict=True):
        first = seen.setdefault(int(number), line)
        if first != line:
            what = f"frame {number} of {subject}/{name} already stands in row {first}"
            problems.append(Problem(what, table.where(line), "keep one row per frame"))
    if problems or len(flaws) == len(files):
        raise_problems([*flaws, *problems])
    order = np.argsort(numbers, kind="stable")
    paths = tuple(str(files[i]) for i in order)
    labels = _labels(cells, np.array(rows)[order])
    return ImageSequence(subject, name, gender, paths, numbers[order], np.full(len(paths), np.nan), labels)


def _video_sequence(
    table: CsvTable, cells: AuCells, rows: list[int], subject: str, name: str, gender: str
) -> FootageSequence:
    """Make a sequence of one video, with labels if its rows carry frame numbers."""
    files = {_file(table, row) for row in rows}
    line = table.rows[rows[0]][0]
    if len(files) > 1:
        what = f"{subject}/{name} names {len(files)} files, one of them a video"
        raise InputError.one(what, table.where(line, "path"), "give each video a sequence name of its own")
    try:
        video = open_video(next(iter(files)), subject, name, gender)
    except InputError as error:
        raise InputError(
            Problem(p.what, f"{table.where(line, 'path')} ({p.where})", p.mend) for p in error.problems
        ) from None
    part = replace(table, rows=tuple(table.rows[row] for row in rows))
    if "frame" not in table.header or not any(row["frame"] for _, row in part.rows):
        if len(rows) > 1:
            what = f"{len(rows)} rows for one video but no frame numbers"
            raise InputError.one(what, table.where(line), "add a column 'frame', or keep one row per video")
        if cells.numbers and cells.mask[rows].any():
            what = "Action Units of a video need the number of the frame they belong to"
            raise InputError.one(what, table.where(line), "add a column 'frame', or pass them with --labels")
        return video
    frames, problems = integer_column(part, "frame")
    raise_problems(problems)
    rows_of = np.array(rows)
    own = AuCells(
        cells.numbers,
        cells.au[rows_of],
        cells.mask[rows_of],
        None if cells.intensity is None else cells.intensity[rows_of],
    )
    keys = tuple((subject, name) for _ in rows)
    return attach_labels([video], LabelRows(part, frames, keys, own))[0]
