"""BP4D: picture folders ``F001/T1`` beside occurrence tables ``AUCoding/AU_OCC/F001_T1.csv``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.action_units import UNKNOWN_CODE
from assets.corpora import CORPORA, FEMALE, MALE, fold_subjects
from assets.errors import InputError, Problem, closest
from synth.corpora.codes import au_columns_of, read_frame_numbers, read_occurrence
from synth.corpora.folders import check_root, child_named, find_part, optional_part, pictures_by_number, visible
from synth.corpora.intensity import read_bp4d_intensity
from synth.corpora.landmark_files import LandmarkFiles, TextLandmarks, index_lists
from synth.corpora.sequence import CorpusSequence, OpenedCorpus, choose_subjects, open_each, strangers
from synth.sources.csv_table import raise_problems, read_csv
from synth.sources.images import ImageSequence
from synth.tracks import Labels

IMAGE_PLACES = ("Sequences(2D+3D)", "2D+3D", "Sequences", "images", ".")
LABEL_PLACES = ("AUCoding/AU_OCC", "AU_OCC", "AUCoding")
LANDMARK_PLACES = ("landmarks", "2DFeatures")
INTENSITY_PLACES = ("AU Intensity Codes3.0", "AUCoding/AU Intensity Codes3.0", "AUCoding/AU_INT", "AU_INT")

FRAMES_PER_SECOND = 25.0
"""Rate of the cameras (Zhang et al. 2014)."""

_SEQUENCE = re.compile(r"^([FM]\d{3})_(T\d)$", re.IGNORECASE | re.ASCII)
_SUBJECT = re.compile(r"^[FM]\d{3}$", re.IGNORECASE | re.ASCII)
_TASK = re.compile(r"^T\d$", re.IGNORECASE | re.ASCII)
_GENDERS = {"F": FEMALE, "M": MALE}


@dataclass(frozen=True)
class _Places:
    """The folders of one BP4D tree and the units to read."""

    root: Path
    images: Path
    landmarks: Path | None
    listed: Mapping[tuple[str, str], LandmarkFiles]
    intensity: Path | None
    numbers: tuple[int, ...]


def open_bp4d(
    root: str | Path,
    *,
    subjects: Iterable[str] | None = None,
    tasks: Iterable[str] | None = None,
    aus: tuple[int, ...] | None = None,
    images: str | None = None,
    labels: str | None = None,
    landmarks: str | None = None,
    intensity: str | None = None,
) -> OpenedCorpus:
    """Open BP4D: one sequence for each subject and task, one planned frame for each coded row.

    Pictures are found by the integer in their name. A coded row without picture stays planned and comes as None;
    a picture without coded row is not planned. Code 9 becomes mask 0. Apparent gender is the id's first letter.

    Parameters
    ----------
    root : str or Path
    subjects : iterable of str or None
        For example ``["F001", "M007"]``; None is every subject on disk.
    tasks : iterable of str or None
        ``T1`` to ``T8``; None is every task on disk.
    aus : tuple of int or None
        Units to read; None is the twelve that are published.
    images, labels, landmarks, intensity : str or None
        Folders, absolute or below the root; None looks in the usual places. Landmarks and the intensities of
        FERA 2015 are optional.

    Returns
    -------
    OpenedCorpus

    Raises
    ------
    InputError
        If a folder is missing, a subject or task that was asked for is not there, or no subject could be opened.
    """
    top = check_root(root, "BP4D")
    tables = find_part(top, labels, LABEL_PLACES, "occurrence tables", "--labels")
    pictures = find_part(top, images, IMAGE_PLACES, "picture folders", "--images")
    points = optional_part(top, landmarks, LANDMARK_PLACES, "landmarks", "--landmarks")
    codes = optional_part(top, intensity, INTENSITY_PLACES, "intensity tables", "--intensity")
    listed = {} if points is None else index_lists(points)
    places = _Places(top, pictures, points, listed, codes, CORPORA["bp4d"].au_numbers if aus is None else aus)
    plan, failed = _plan(tables, pictures)
    if tasks is not None:
        plan = _with_tasks(plan, {task.upper() for task in tasks}, top)
    failed |= strangers(plan, (name for part in fold_subjects("bp4d") for name in part), "BP4D", top)
    chosen = choose_subjects(plan, subjects, top)
    if subjects is not None:
        failed = {name: found for name, found in failed.items() if name in chosen}
    return open_each("bp4d", chosen, lambda name: _open_subject(name, plan[name], places), failed)


_Plan = dict[str, dict[str, Path | None]]
"""Subject to task to label file, None if it is missing."""


def _with_tasks(plan: _Plan, wanted: set[str], root: Path) -> _Plan:
    """Return the plan with the wanted tasks only; each of them must be there for some subject."""
    there = {task for found in plan.values() for task in found}
    raise_problems(
        Problem(f"task {task!r} is not there", str(root), closest(task, there))
        for task in sorted(wanted - there if there else ())
    )
    chosen = {name: {task: table for task, table in found.items() if task in wanted} for name, found in plan.items()}
    return {name: found for name, found in chosen.items() if found}


def _plan(tables: Path, pictures: Path) -> tuple[_Plan, dict[str, tuple[Problem, ...]]]:
    """Return the plan, and tables whose name fits no sequence or one that has a table already."""
    plan: _Plan = {}
    failed: dict[str, tuple[Problem, ...]] = {}
    for path in visible(tables):
        if path.suffix.lower() != ".csv":
            continue
        match = _SEQUENCE.match(path.stem)
        if match is None:
            what = "this name fits no sequence"
            failed[path.stem] = (Problem(what, str(path), "name it by subject and task: F001_T1.csv"),)
            continue
        subject, task = match[1].upper(), match[2].upper()
        other = plan.setdefault(subject, {}).setdefault(task, path)
        if other is not None and other != path:
            what = f"{other.name} and {path.name} are both of {subject} {task}"
            failed[subject] = (*failed.get(subject, ()), Problem(what, str(tables), "keep one of the two"))
    for folder in visible(pictures):
        if folder.is_dir() and _SUBJECT.match(folder.name):
            for inner in visible(folder):
                if inner.is_dir() and _TASK.match(inner.name):
                    plan.setdefault(folder.name.upper(), {}).setdefault(inner.name.upper(), None)
    return plan, failed


def _open_subject(subject: str, tasks: Mapping[str, Path | None], places: _Places) -> list[CorpusSequence]:
    """Open every task of a subject; all problems at once."""
    sequences: list[CorpusSequence] = []
    problems: list[Problem] = []
    for task, table in sorted(tasks.items()):
        try:
            if table is None:
                mend = f"take {subject}_{task}.csv from the corpus, or choose other tasks with --tasks"
                raise InputError.one("no label file for this task", places.images / subject / task, mend)
            sequences.append(_open_task(subject, task, table, places))
        except InputError as error:
            problems += error.problems
    raise_problems(problems)
    return sequences


def _open_task(subject: str, task: str, path: Path, places: _Places) -> CorpusSequence:
    table = read_csv(path)
    frame_column = table.header[0]
    columns = au_columns_of(table, places.numbers, {})
    if frame_column in columns.values():
        raise InputError.one("the first column is no frame number", f"{path} row 1", "put the frame number there")
    numbers = read_frame_numbers(table, frame_column)
    au, mask = read_occurrence(table, columns, {str(UNKNOWN_CODE)})
    order = np.argsort(numbers, kind="stable")
    frames = numbers[order]
    strength = None
    if places.intensity is not None:
        strength = read_bp4d_intensity(places.intensity, subject, task, frames, places.numbers)
    labels = Labels(places.numbers, au[order], mask[order], "coded", strength)
    files = pictures_by_number(_task_folder(subject, task, places))
    paths = tuple(files.get(int(frame)) for frame in frames)
    if not any(paths):
        what = f"none of the {len(frames)} coded frames of {path.name} has a picture"
        raise InputError.one(what, _task_folder(subject, task, places), "name pictures by their frame number")
    time_s = frames / FRAMES_PER_SECOND
    gender = _GENDERS[subject[0]]
    stream = ImageSequence(subject, task, gender, paths, frames, time_s)
    points = _landmarks(subject, task, frames, places)
    return CorpusSequence("bp4d", subject, task, gender, frames, time_s, labels, stream, frames, points)


def _task_folder(subject: str, task: str, places: _Places) -> Path:
    """Return the folder with the pictures of one sequence, in any case."""
    folder = child_named(places.images, subject)
    inner = None if folder is None else child_named(folder, task)
    if inner is None:
        mend = "unpack the pictures there, or choose other tasks with --tasks"
        raise InputError.one("no picture folder for a coded sequence", places.images / subject / task, mend)
    return inner


def _landmarks(subject: str, task: str, frames: np.ndarray, places: _Places) -> LandmarkFiles | None:
    """Return the landmark file of one sequence, or its rows in a list, or None."""
    if places.landmarks is None:
        return None
    for name in (f"{subject}_{task}.txt", f"{subject}_{task}.csv"):
        found = child_named(places.landmarks, name)
        if found is not None:
            return TextLandmarks(found, frames)
    return places.listed.get((subject, task))
