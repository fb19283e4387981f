"""GFT: one subject per seat of a group of three, 1,800 frames each, one table of codes per subject.

The release's own column names and code for *missing* could not be verified from public sources; both can be set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.action_units import parse_au
from assets.corpora import CORPORA, GFT_PARTITION
from assets.errors import InputError, Problem, closest
from assets.partition import missing_partition, read_partition
from synth.corpora.codes import au_columns_of, read_frame_numbers, read_occurrence
from synth.corpora.folders import check_root, child_named, find_part, optional_part, pictures_by_number, visible
from synth.corpora.gender_file import COLUMNS, find_gender_file, gender_of, read_gender_file
from synth.corpora.landmark_files import LandmarkFiles, TextLandmarks
from synth.corpora.sequence import CorpusSequence, OpenedCorpus, choose_subjects, open_each
from synth.sources.csv_table import CsvTable, raise_problems, read_csv
from synth.sources.gender import parse_gender
from synth.sources.images import ImageSequence
from synth.sources.match import FRAME_COLUMNS
from synth.sources.video import VIDEO_SUFFIXES, VideoSequence, open_video
from synth.tracks import Labels

IMAGE_PLACES = ("images", "frames", "videos", "Videos", ".")
LABEL_PLACES = ("labels", "annotations", "AUCoding")
LANDMARK_PLACES = ("landmarks",)
PARTITION_NAME = "partition.csv"

MISSING_CODES = frozenset({"9", "999", "-1", ""})
"""Codes that mean *unknown* unless the user names others."""

ROW_NUMBER = "#row"
"""Column name that stands for the place of the row, from 1."""

FRAMES_PER_SECOND = 30.0
"""1,800 frames are one minute."""

LENGTH_SLACK = 1
_SUBJECT = re.compile(r"^\d{3}[A-Z]$", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class _Places:
    """The parts of one GFT tree and how to read the tables."""

    images: Path
    labels: Path
    landmarks: Path | None
    partition: dict[str, str]
    partition_file: Path
    gender_file: Path | None
    genders: dict[str, str]
    numbers: tuple[int, ...]
    columns: Mapping[str, str]
    au_columns: Mapping[int, str]
    missing: Set[str]
    offset: int


def open_gft(
    root: str | Path,
    *,
    subjects: Iterable[str] | None = None,
    split: str | None = None,
    aus: tuple[int, ...] | None = None,
    images: str | None = None,
    labels: str | None = None,
    landmarks: str | None = None,
    gender: str | None = None,
    partition: str | None = None,
    columns: Mapping[str, str] | None = None,
    missing_codes: Iterable[str] | None = None,
    frame_offset: int = 0,
) -> OpenedCorpus:
    """Open GFT: one sequence for each subject, one planned frame for each row of its table.

    Pictures are ``images/001A/1.jpg``, found by integer and counted from 1, or ``videos/001A.mp4``, whose first
    picture is frame 1. A row without picture stays planned and comes as None.

    Parameters
    ----------
    root : str or Path
    subjects : iterable of str or None
        For example ``["001A"]``; None is every subject on disk.
    split : str or None
        ``train``, ``val`` or ``test`` to open one official split only.
    aus : tuple of int or None
        Units to read; None is the ten that are published.
    images, labels, landmarks : str or None
        Folders, absolute or below the root; None looks in the usual places.
    gender : str or None
        CSV with the columns ``subject,apparent_gender``; None is ``gender.csv`` in the root. Not needed if
        ``columns`` names a column ``gender`` in the tables.
    partition : str or None
        CSV with the columns ``subject,split``; None is ``partition.csv`` in the root.
    columns : mapping of str to str or None
        What the tables call a thing: keys ``frame``, ``gender`` and Action Units (``AU12``). ``frame`` may be
        ``#row``: the place of the row, from 1.
    missing_codes : iterable of str or None
        Codes for *unknown*; None is 9, 999, -1 and blank.
    frame_offset : int
        Added to every frame number of the tables to get the number of the picture.

    Raises
    ------
    InputError
        If a folder, the partition or the gender file is missing or wrong, a subject that was asked for is not there,
        or no subject could be opened.
    """
    top = check_root(root, "GFT")
    if split is not None and split not in GFT_PARTITION:
        raise InputError.one(f"unknown split {split!r}", "--split", closest(split, GFT_PARTITION))
    named, au_named = _split_columns(columns or {})
    partition_file = top / (PARTITION_NAME if partition is None else Path(partition).expanduser())
    if not partition_file.is_file():
        raise missing_partition(partition_file)
    gender_file = None if "gender" in named else find_gender_file(top, gender)
    places = _Places(
        find_part(top, images, IMAGE_PLACES, "pictures or videos", "--images"),
        find_part(top, labels, LABEL_PLACES, "label tables", "--labels"),
        optional_part(top, landmarks, LANDMARK_PLACES, "landmarks", "--landmarks"),
        {name.upper(): part for name, part in read_partition(partition_file).items()},
        partition_file,
        gender_file,
        {} if gender_file is None else read_gender_file(gender_file),
        CORPORA["gft"].au_numbers if aus is None else aus,
        named,
        au_named,
        MISSING_CODES if missing_codes is None else _codes_for_missing(missing_codes),
        frame_offset,
    )
    plan, failed = _plan(places)
    if split is not None:
        plan = {name: table for name, table in plan.items() if places.partition.get(name, split) == split}
    chosen = choose_subjects(plan, subjects, top)
    if subjects is not None:
        failed = {name: problems for name, problems in failed.items() if name in chosen}
    return open_each("gft", chosen, lambda name: [_open_subject(name, plan[name], places)], failed)


def _split_columns(columns: Mapping[str, str]) -> tuple[dict[str, str], dict[int, str]]:
    """Return the column map for ``frame`` and ``gender``, and that for Action Units."""
    named: dict[str, str] = {}
    units: dict[int, str] = {}
    for key, column in columns.items():
        if key.lower() in ("frame", "gender"):
            named[key.lower()] = column
        else:
            units[parse_au(key, "--columns").number] = column
    return named, units


def _codes_for_missing(codes: Iterable[str]) -> frozenset[str]:
    """Return the codes; none of them may be a label."""
    given = frozenset(code.strip() for code in codes)
    raise_problems(
        Problem(f"{code} is a label, not a code for unknown", "--missing-codes", "leave it out")
        for code in sorted(given & {"0", "1", "0.0", "1.0"})
    )
    return given


def _plan(places: _Places) -> tuple[dict[str, Path | None], dict[str, tuple[Problem, ...]]]:
    """Return subject to table (None if it is missing), and tables that belong to no subject."""
    plan: dict[str, Path | None] = {}
    failed: dict[str, tuple[Problem, ...]] = {}
    side_files = {os.path.realpath(path) for path in (places.partition_file, places.gender_file) if path is not None}
    for path in visible(places.labels):
        if path.suffix.lower() != ".csv" or os.path.realpath(path) in side_files:
            continue
        if _SUBJECT.match(path.stem):
            subject = path.stem.upper()
            other = plan.setdefault(subject, path)
            if other is not None and other != path:
                what = f"{other.name} and {path.name} are both of {subject}"
                failed[subject] = (Problem(what, str(places.labels), "keep one of the two"),)
        else:
            failed[path.stem] = (Problem("this name is no subject", str(path), "name it 001A.csv: group and seat"),)
    for entry in visible(places.images):
        name = entry.name if entry.is_dir() else entry.stem
        if _SUBJECT.match(name) and (entry.is_dir() or entry.suffix.lower() in VIDEO_SUFFIXES):
            plan.setdefault(name.upper(), None)
    return plan, failed


def _open_subject(subject: str, path: Path | None, places: _Places) -> CorpusSequence:
    if path is None:
        where = places.labels / f"{subject}.csv"
        raise InputError.one("the label file is missing", where, "take it from the corpus, or choose --subjects")
    if subject not in places.partition:
        raise InputError.one(
            f"no row for subject {subject}", places.partition_file, f"add it: {subject},train|val|test"
        )
    table = read_csv(path)
    columns = au_columns_of(table, places.numbers, places.au_columns)
    numbers = _frame_numbers(table, places)
    au, mask = read_occurrence(table, columns, places.missing)
    gender = _gender(subject, table, places)
    order = np.argsort(numbers, kind="stable")
    frames = numbers[order]
    stream = _open_stream(subject, gender, frames + places.offset, path, places)
    points = _landmarks(subject, frames, places)
    order, frames = order[: len(stream.frames)], frames[: len(stream.frames)]
    labels = Labels(places.numbers, au[order], mask[order], "coded")
    split = places.partition[subject]
    return CorpusSequence("gft", subject, subject, gender, frames, stream.time_s, labels, stream, frames, points, split)


def _frame_numbers(table: CsvTable, places: _Places) -> np.ndarray:
    """Return the frame number of each row."""
    column = places.columns.get("frame")
    if column == ROW_NUMBER:
        return np.arange(1, len(table.rows) + 1, dtype=np.int64)
    by_lower = {name.lower(): name for name in table.header}
    usual = next((by_lower[name.lower()] for name in FRAME_COLUMNS if name.lower() in by_lower), None)
    column = usual if column is None else column
    if column is None or column not in table.header:
        mend = f"name it with --columns frame=NAME; frame={ROW_NUMBER} counts the rows from 1"
        raise InputError.one("no column holds the frame number", f"{table.path} row 1", mend)
    return read_frame_numbers(table, column)


def _gender(subject: str, table: CsvTable, places: _Places) -> str:
    """Return apparent gender from the gender file, or from the table's own column, which must not contradict itself."""
    if places.gender_file is not None:
        return gender_of(subject, places.genders, places.gender_file)
    column = places.columns["gender"]
    if column not in table.header:
        mend = f"mend --columns gender=NAME, or write gender.csv with the columns {COLUMNS}"
        raise InputError.one(f"no column {column!r}", f"{table.path} row 1", mend)
    values = {parse_gender(cells[column], table.where(line, column)) for line, cells in table.rows}
    if len(values) > 1:
        what = f"several genders in one table: {', '.join(sorted(values))}"
        raise InputError.one(what, f"{table.path}, column {column}", "one subject has one value")
    return values.pop()


def _open_stream(
    subject: str, gender: str, numbers: np.ndarray, table: Path, places: _Places
) -> ImageSequence | VideoSequence:
    """Return the pictures of the given numbers, which count from 1."""
    mend = "frames count from 1: mend the table or pass --frame-offset"
    folder = child_named(places.images, subject)
    if folder is not None and folder.is_dir():
        files = pictures_by_number(folder)
        paths = tuple(files.get(int(number)) for number in numbers)
        if not any(paths):
            raise InputError.one(f"no row of {table.name} has a picture", folder, mend)
        time_s = (numbers - 1) / FRAMES_PER_SECOND
        return ImageSequence(subject, subject, gender, paths, numbers, time_s)
    videos = [
        entry
        for entry in visible(places.images)
        if entry.stem.upper() == subject and entry.suffix.lower() in VIDEO_SUFFIXES
    ]
    if len(videos) != 1:
        what = "neither a picture folder nor a video" if not videos else f"{len(videos)} videos"
        raise InputError.one(
            f"{what} for subject {subject}", places.images, f"put {subject}/1.jpg or {subject}.mp4 there"
        )
    video = open_video(videos[0], subject, subject, gender)
    count = len(video.frames)
    if numbers[0] < 1:
        raise InputError.one(f"frame {numbers[0]} in a table of frames from 1", table, mend)
    if numbers[-1] > count + LENGTH_SLACK:
        what = f"{count} frames where {table.name} goes to frame {numbers[-1]}"
        raise InputError.one(what, video.path, f"they may differ by {LENGTH_SLACK} at most: take both from one release")
    places_in_video = numbers[numbers <= count] - 1
    if not len(places_in_video):
        raise InputError.one(f"no row of {table.name} has a picture", video.path, mend)
    return VideoSequence(subject, subject, gender, video.path, places_in_video, video.time_s[places_in_video])


def _landmarks(subject: str, coded: np.ndarray, places: _Places) -> LandmarkFiles | None:
    if places.landmarks is None:
        return None
    for name in (f"{subject}.txt", f"{subject}.csv"):
        found = child_named(places.landmarks, name)
        if found is not None:
            return TextLandmarks(found, coded)
    return None
