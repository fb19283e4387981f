"""DISFA: one AVI per subject and camera, one text file of intensities per subject and unit, one .mat per frame."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.action_units import ACTION_UNITS
from assets.corpora import CORPORA, fold_subjects
from assets.errors import InputError, Problem, closest
from synth.corpora.folders import check_root, child_named, find_part, optional_part, visible
from synth.corpora.gender_file import find_gender_file, gender_of, read_gender_file
from synth.corpora.landmark_files import MatLandmarks
from synth.corpora.sequence import CorpusSequence, OpenedCorpus, choose_subjects, open_each, strangers
from synth.sources.csv_table import raise_problems
from synth.sources.video import VideoSequence, open_video
from synth.tracks import Labels

CAMERAS = ("left", "right")
LABEL_PLACES = ("ActionUnit_Labels",)
LANDMARK_PLACES = ("Landmark_Points",)

CODED_UNITS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
"""Units with a label file; eight of them are the published set."""

HIGHEST = 5

LENGTH_SLACK = 1
"""A video may have this many frames more or fewer than there are label rows; the longer one is cut."""

_SUBJECT = re.compile(r"^SN\d{3}$", re.IGNORECASE)
_VIDEO = re.compile(r"^(?:left|right)video(SN\d{3})_comp\.avi$", re.IGNORECASE)
_ROW = re.compile(r"^\s*(\d{1,18})\s*[,;\s]\s*(\d{1,18})(?:\.0*)?\s*$", re.ASCII)
_NAMED_FROM_ZERO = re.compile(r"^SN\d{3}_(\d+)_lm$", re.IGNORECASE)
_NAMED_BY_L = re.compile(r"^l(\d+)_lm$", re.IGNORECASE)


@dataclass(frozen=True)
class _Places:
    """The folders of one DISFA tree and what to read from them."""

    videos: Path
    labels: Path
    landmarks: Path | None
    gender_file: Path
    genders: dict[str, str]
    camera: str
    numbers: tuple[int, ...]


def open_disfa(
    root: str | Path,
    *,
    subjects: Iterable[str] | None = None,
    camera: str = "left",
    aus: tuple[int, ...] | None = None,
    images: str | None = None,
    labels: str | None = None,
    landmarks: str | None = None,
    gender: str | None = None,
) -> OpenedCorpus:
    """Open DISFA: one sequence for each subject, one planned frame for each label row that has a picture.

    Intensity 2 and above is occurrence 1; the raw intensity is kept beside it. Frames count from 1, as in the label
    files; picture n of the video is frame n + 1.

    Parameters
    ----------
    root : str or Path
    subjects : iterable of str or None
        For example ``["SN001"]``; None is every subject on disk.
    camera : str
        ``left`` or ``right``. One camera for the whole corpus, so that no person is seen twice.
    aus : tuple of int or None
        Units to read out of the twelve with files; None is the eight that are published.
    images, labels, landmarks : str or None
        Folders, absolute or below the root; None looks in the usual places. The landmarks are taken to belong to
        the left camera: with the right one they are used only if their folder is named.
    gender : str or None
        CSV with the columns ``subject,apparent_gender``; None is ``gender.csv`` or ``sex.csv`` in the root.

    Raises
    ------
    InputError
        If a folder or the gender file is missing, the camera or a unit is unknown, a subject that was asked for is
        not there, or no subject could be opened.
    """
    top = check_root(root, "DISFA")
    if camera not in CAMERAS:
        raise InputError.one(f"unknown camera {camera!r}", "--camera", closest(camera, CAMERAS))
    numbers = CORPORA["disfa"].au_numbers if aus is None else aus
    raise_problems(
        Problem(f"DISFA does not code {ACTION_UNITS[number].column}", "--aus", f"choose from {CODED_UNITS}")
        for number in numbers
        if number not in CODED_UNITS
    )
    side = camera.capitalize()
    usual = (f"Video_{side}Camera", f"Videos_{side}Camera", f"{side}Camera")
    videos = find_part(top, images, usual, f"videos of the {camera} camera", "--images")
    codes = find_part(top, labels, LABEL_PLACES, "intensity files", "--labels")
    points = None
    if camera == "left" or landmarks is not None:
        points = optional_part(top, landmarks, LANDMARK_PLACES, "landmarks", "--landmarks")
    gender_file = find_gender_file(top, gender)
    places = _Places(videos, codes, points, gender_file, read_gender_file(gender_file), camera, numbers)
    found = _subjects_on_disk(videos, codes)
    failed = strangers(found, (name for part in fold_subjects("disfa") for name in part), "DISFA", top)
    chosen = choose_subjects(found, subjects, top)
    if subjects is not None:
        failed = {name: problems for name, problems in failed.items() if name in chosen}
    return open_each("disfa", chosen, lambda name: [_open_subject(name, places)], failed)


def _subjects_on_disk(videos: Path, codes: Path) -> list[str]:
    """Return everyone who has a label folder or a video, sorted."""
    found = {entry.name.upper() for entry in visible(codes) if entry.is_dir() and _SUBJECT.match(entry.name)}
    matches = (_VIDEO.match(entry.name) for entry in visible(videos))
    return sorted(found | {match[1].upper() for match in matches if match})


def _open_subject(subject: str, places: _Places) -> CorpusSequence:
    """Open the video and the labels of one subject; all problems at once."""
    problems: list[Problem] = []
    gender, video, codes = "unknown", None, None
    try:
        gender = gender_of(subject, places.genders, places.gender_file)
    except InputError as error:
        problems += error.problems
    try:
        video = _open_video(subject, gender, places)
    except InputError as error:
        problems += error.problems
    try:
        codes = _read_labels(subject, places)
    except InputError as error:
        problems += error.problems
    if problems or video is None or codes is None:
        raise InputError(problems)
    return _join(subject, gender, video, codes, places)


def _open_video(subject: str, gender: str, places: _Places) -> VideoSequence:
    name = f"{places.camera.capitalize()}Video{subject}_comp.avi"
    path = child_named(places.videos, name)
    if path is None:
        mend = "take it from the corpus, or choose other subjects with --subjects"
        raise InputError.one("the video of a coded subject is missing", places.videos / name, mend)
    return open_video(path, subject, path.stem, gender)


def _read_labels(subject: str, places: _Places) -> np.ndarray:
    """Return the (N, A) uint8 intensities of frames 1 to N."""
    folder = child_named(places.labels, subject)
    problems: list[Problem] = []
    columns: list[np.ndarray] = []
    paths: list[Path] = []
    for number in places.numbers:
        name = f"{subject}_au{number}.txt"
        path = None if folder is None else child_named(folder, name)
        if path is None:
            where = places.labels / subject / name
            problems.append(Problem("the label file is missing", str(where), "take it from the corpus"))
            continue
        try:
            columns.append(read_intensity_file(path))
            paths.append(path)
        except InputError as error:
            problems += error.problems
    counts = [len(column) for column in columns]
    usual = max(set(counts), key=counts.count, default=0)
    for path, count in zip(paths, counts, strict=True):
        if count != usual:
            what = f"{count} rows where the subject's other units have {usual}"
            problems.append(Problem(what, str(path), "take the file from the corpus again"))
    raise_problems(problems)
    return np.stack(columns, axis=1)


def read_intensity_file(path: Path) -> np.ndarray:
    """Read one ``SN001_au12.txt``: rows ``frame,intensity``, frames 1, 2, 3, … without gap.

    Returns
    -------
    (N,) uint8
        0 to 5.

    Raises
    ------
    InputError
        Every row that is something else.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (UnicodeDecodeError, OSError) as error:
        raise InputError.one(f"this is no readable text file ({error})", path, "take it from the corpus") from None
    values: list[int] = []
    problems: list[Problem] = []
    for line, text in enumerate(lines, 1):
        if not text.strip():
            continue
        match = _ROW.match(text)
        if match is None or int(match[2]) > HIGHEST:
            mend = f"write frame,intensity with an intensity from 0 to {HIGHEST}"
            problems.append(Problem(f"{text.strip()!r} is no coded frame", f"{path} row {line}", mend))
        elif not problems and int(match[1]) != len(values) + 1:
            what = f"frame {match[1]} where frame {len(values) + 1} is due"
            problems.append(Problem(what, f"{path} row {line}", "frames count 1, 2, 3, … without gap"))
        values.append(0 if match is None else min(int(match[2]), HIGHEST))
    if not values:
        problems.append(Problem("the label file is empty", str(path), "take it from the corpus"))
    raise_problems(problems)
    return np.array(values, np.uint8)


def _join(subject: str, gender: str, video: VideoSequence, codes: np.ndarray, places: _Places) -> CorpusSequence:
    """Bring video and labels to the same length and make the sequence."""
    pictures, rows = len(video.frames), len(codes)
    if abs(pictures - rows) > LENGTH_SLACK:
        what = f"{pictures} frames for {rows} label rows in {places.labels / subject}"
        mend = f"they may differ by {LENGTH_SLACK} at most: take both from the same release"
        raise InputError.one(what, video.path, mend)
    count = min(pictures, rows)
    intensity = codes[:count].astype(np.float32)
    least = CORPORA["disfa"].positive_from_intensity
    au = (codes[:count] >= least).astype(np.uint8)
    labels = Labels(places.numbers, au, np.ones_like(au), "coded", intensity)
    frames = np.arange(1, count + 1, dtype=np.int64)
    stream = VideoSequence(subject, video.name, gender, video.path, frames - 1, video.time_s[:count])
    points = None if places.landmarks is None else find_mat_files(places.landmarks, subject)
    time_s = video.time_s[:count]
    return CorpusSequence("disfa", subject, video.name, gender, frames, time_s, labels, stream, frames, points)


def find_mat_files(folder: Path, subject: str) -> MatLandmarks | None:
    """Return the landmark files of a subject by frame number, counted from 1 as the labels do.

    Files are called ``SN001_0000_lm.mat``, counted from 0, or ``l00001_lm.mat``, counted from 1 unless number 0 is
    among them. A number without file is a frame without landmarks; the others keep their numbers.

    Parameters
    ----------
    folder : Path
        ``Landmark_Points``.
    subject : str

    Raises
    ------
    InputError
        If two files carry one number, or both ways of naming are mixed.
    """
    own = child_named(folder, subject)
    if own is None:
        return None
    inner = child_named(own, "tmp_frame_lm")
    place = own if inner is None else inner
    zero: dict[int, str] = {}
    letter: dict[int, str] = {}
    for path in visible(place):
        for pattern, files in ((_NAMED_FROM_ZERO, zero), (_NAMED_BY_L, letter)):
            match = pattern.match(path.stem) if path.suffix.lower() == ".mat" else None
            if match is None:
                continue
            number = int(match[1])
            if number in files:
                what = f"{Path(files[number]).name} and {path.name} have the same number"
                raise InputError.one(what, place, "keep one of the two")
            files[number] = str(path)
    if zero and letter:
        what = f"{len(zero)} files named by subject and {len(letter)} named l…: their numbers cannot be told apart"
        raise InputError.one(what, place, "keep one of the two sets")
    first = 0 if zero or 0 in letter else 1
    files = zero or letter
    return MatLandmarks(tuple((number - first + 1, files[number]) for number in sorted(files))) if files else None
