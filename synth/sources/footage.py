"""The user's own footage: videos, pictures, folders, manifests. What cannot be read is set aside, the rest goes on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from assets.errors import InputError, Problem, closest
from synth.sources.csv_table import raise_problems
from synth.sources.file_names import check_name, name_problem
from synth.sources.gender import parse_gender
from synth.sources.images import IMAGE_SUFFIXES, ImageSequence, image_problem, open_images
from synth.sources.manifest import read_manifest
from synth.sources.match import FootageSequence
from synth.sources.video import VIDEO_SUFFIXES, open_video


@dataclass
class Footage:
    """What was found.

    Attributes
    ----------
    kinds : set of str
        ``video``, ``images``, ``manifest``.
    sequences : list of VideoSequence or ImageSequence
        Of subjects that can be read as a whole. A picture among them may still be broken: its row will say so.
    failed : dict of str to tuple of Problem
        Subjects with a video or a name that cannot be read, and why.
    """

    kinds: set[str] = field(default_factory=set)
    sequences: list[FootageSequence] = field(default_factory=list)
    failed: dict[str, tuple[Problem, ...]] = field(default_factory=dict)

    def fail(self, subject: str, problems: Iterable[Problem]) -> None:
        """Set a subject aside; problems add up."""
        self.failed[subject] = (*self.failed.get(subject, ()), *problems)


def open_footage(names: tuple[str, ...], gender: str, au_threshold: float) -> Footage:
    """Open paths.

    A subject of which one video cannot be read is left out as a whole, so that its shard is never silently short. A
    broken picture keeps its row.

    Parameters
    ----------
    names : tuple of str
        Paths of videos, pictures, folders, manifests.
    gender : str
        Apparent gender of subjects for whom no manifest gives one.
    au_threshold : float
        Least value of an ``AU…_r`` column that counts as active.

    Raises
    ------
    InputError
        If nothing can be read: every problem. Two inputs of one name.
    """
    found = Footage()
    value = parse_gender(gender, "--gender")
    for name in names:
        if not name.strip():
            raise InputError.one("the name of a source is empty", "--source", "name a video, picture, folder or CSV")
        try:
            _open_one(Path(name), value, au_threshold, found)
        except InputError as error:
            found.fail(Path(name).stem, error.problems)
    found.sequences = [sequence for sequence in found.sequences if sequence.subject not in found.failed]
    if not found.sequences:
        raise_problems(problem for problems in found.failed.values() for problem in problems)
    _refuse_unreadable(found.sequences)
    doubles = [key for key, n in Counter((s.subject, s.name) for s in found.sequences).items() if n > 1]
    raise_problems(
        Problem(f"two inputs are called {subject}/{name}", "--source", "rename one, or list them in a CSV manifest")
        for subject, name in doubles
    )
    return found


def _open_one(path: Path, gender: str, au_threshold: float, found: Footage) -> None:
    """Open one path and add what it holds."""
    suffix = path.suffix.lower()
    check_name(path)
    if path.is_dir():
        found.kinds.add("images")
        _open_folder(path, gender, found)
    elif not path.exists():
        bare = "/" not in str(path) and not suffix
        hint = closest(str(path), ("standin-bp4d", "standin-disfa", "standin-gft")) if bare else "check the path"
        raise InputError.one("there is no such file or folder", path, hint)
    elif suffix == ".csv":
        found.kinds.add("manifest")
        sequences, failed = read_manifest(path, au_threshold)
        found.sequences += [replace(s, apparent_gender=gender) if s.apparent_gender == "unknown" else s
                            for s in sequences]  # fmt: skip
        for subject, problems in failed.items():
            found.fail(subject, problems)
    elif suffix in VIDEO_SUFFIXES:
        found.kinds.add("video")
        found.sequences.append(open_video(path, path.stem, path.stem, gender))
    elif suffix in IMAGE_SUFFIXES:
        found.kinds.add("images")
        found.sequences.append(open_images([path], path.stem, path.stem, gender))
    else:
        raise InputError.one("this is no video, picture, folder or CSV", path, "pass MP4, AVI, MOV, JPEG, PNG or CSV")


def _open_folder(folder: Path, gender: str, found: Footage) -> None:
    """Open a folder: pictures in it are one sequence; sub-folders are subjects, their sub-folders sequences.

    A folder without sub-folders is one subject. Videos are sequences of the subject whose folder holds them, and
    subjects of their own in the top folder. Links back to a folder around them are passed over; what lies still deeper
    is no sequence, and is listed.
    """
    before = len(found.sequences), len(found.failed)
    for place, subject in _places(folder, found):
        files = [path for path in _entries(place) if path.is_file()]
        pictures = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
        if pictures:
            found.sequences.append(open_images(pictures, subject, place.resolve().name, gender))
        for video in (path for path in files if path.suffix.lower() in VIDEO_SUFFIXES):
            owner = video.stem if place == folder else subject
            try:
                found.sequences.append(open_video(video, owner, video.stem, gender))
            except InputError as error:
                found.fail(owner, error.problems)
    if before == (len(found.sequences), len(found.failed)):
        raise InputError.one("the folder holds no picture and no video", folder, "pass another folder")


def _places(folder: Path, found: Footage) -> list[tuple[Path, str]]:
    """Return the folders to look into, each with its subject; note those that cannot be read or lie too deep."""
    places = [(folder, folder.resolve().name)]
    for child in _folders_in(folder, (folder,)):
        try:
            inner = _folders_in(child, (folder, child))
            deep = [one for own in inner for one in _folders_in(own, (folder, child, own))]
        except InputError as error:
            found.fail(child.name, error.problems)
            continue
        places += [(child, child.name), *((one, child.name) for one in inner)]
        mend = "move it up to SUBJECT/SEQUENCE, or list it in a CSV manifest"
        for one in deep:
            if any(_holds_footage(Path(place), names) for place, _, names in os.walk(one)):
                found.fail(str(one.relative_to(folder)), [Problem("this lies too deep to be read", str(one), mend)])
    return places


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, sorted, without what is hidden; names must be UTF-8 text."""
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InputError.one(f"the folder cannot be read ({error.strerror})", folder, "check its rights") from None
    ours = (path for path in found if path.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES or path.is_dir())
    raise_problems(problem for path in ours if (problem := name_problem(path)) is not None)
    return found


def _folders_in(folder: Path, around: tuple[Path, ...]) -> list[Path]:
    """Return the folders in a folder but for links to one of those around."""
    known = {os.path.realpath(path) for path in around}
    return [path for path in _entries(folder) if path.is_dir() and os.path.realpath(path) not in known]


def _holds_footage(folder: Path, names: list[str]) -> bool:
    paths = (folder / name for name in names if not name.startswith("."))
    return any(path.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES for path in paths)


def _refuse_unreadable(sequences: list[FootageSequence]) -> None:
    """Raise if not a single picture can be read; looks no further than the first that can."""
    problems: list[Problem] = []
    for sequence in sequences:
        if not isinstance(sequence, ImageSequence):
            return
        for path in sequence.paths:
            problem = None if path is None else image_problem(path)
            if problem is None:
                return
            problems.append(problem)
    raise_problems(problems)
