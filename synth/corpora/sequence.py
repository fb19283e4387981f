"""What every corpus reader returns: sequences, and what kept a subject from being read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from assets.errors import InputError, Problem, closest
from synth.corpora.landmark_files import LandmarkFiles
from synth.sources.images import ImageSequence
from synth.sources.match import take_rows
from synth.tracks import GivenLandmarks, Labels, Sequence


@dataclass(frozen=True, eq=False)
class CorpusSequence:
    """One coded sequence of a corpus; see ``synth.tracks.Sequence``.

    Attributes
    ----------
    corpus : str
        ``bp4d``, ``disfa`` or ``gft``.
    subject, name, apparent_gender : str
    frames : (T,) int64
        Frame numbers as the label file counts them.
    time_s : (T,) float64
    labels : Labels
        Source ``coded``.
    stream : Sequence
        The pictures, one per coded frame.
    stream_frames : (N,) int64
        Coded frames, ascending; ``frames`` are all or some of them.
    landmark_files : LandmarkFiles or None
    split : str
        ``train``, ``val`` or ``test`` where the corpus has an official partition, else empty.
    """

    corpus: str
    subject: str
    name: str
    apparent_gender: str
    frames: np.ndarray
    time_s: np.ndarray
    labels: Labels
    stream: Sequence
    stream_frames: np.ndarray
    landmark_files: LandmarkFiles | None = None
    split: str = ""

    @cached_property
    def given_landmarks(self) -> GivenLandmarks | None:
        """The corpus's own landmarks, or None if it brings none. Read on first use.

        Raises
        ------
        InputError
            If a landmark file is broken; it names file and row.
        """
        return None if self.landmark_files is None else self.landmark_files.read(self.frames)

    def take(self, rows: np.ndarray) -> CorpusSequence:
        """Return the sequence with only some of its planned frames.

        Parameters
        ----------
        rows : (N,) int
            Ascending places in ``frames``.
        """
        old = self.labels
        intensity = None if old.intensity is None else old.intensity[rows]
        labels = replace(old, au=old.au[rows], mask=old.mask[rows], intensity=intensity)
        return replace(self, frames=self.frames[rows], time_s=self.time_s[rows], labels=labels)

    def picture_file(self, row: int) -> str | None:
        """Return the file of a planned frame, None where there is none, or where the pictures are a video's."""
        if not isinstance(self.stream, ImageSequence):
            return None
        return self.stream.picture_file(int(np.searchsorted(self.stream_frames, self.frames[row])))

    def pictures(self, start: int = 0, stop: int | None = None) -> Iterator[np.ndarray | None]:
        """Yield one (H, W, 3) uint8 RGB picture per planned frame, None where it does not exist."""
        rows = np.searchsorted(self.stream_frames, self.frames[start:stop])
        return take_rows(self.stream, rows).pictures()


@dataclass(frozen=True)
class OpenedCorpus:
    """What could be opened, and what could not.

    Attributes
    ----------
    name : str
    sequences : tuple of CorpusSequence
        Sorted by subject and name; complete for every subject that is in it.
    failed : mapping of str to tuple of Problem
        Subject (or a file name that belongs to no subject) to everything wrong with it. A subject with one broken
        sequence is left out as a whole, so that a shard is never silently short.
    """

    name: str
    sequences: tuple[CorpusSequence, ...]
    failed: Mapping[str, tuple[Problem, ...]]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems of all subjects that failed."""
        return tuple(problem for found in self.failed.values() for problem in found)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Subjects that could be opened, sorted."""
        return tuple(sorted({sequence.subject for sequence in self.sequences}))


def choose_subjects(found: Iterable[str], wanted: Iterable[str] | None, where: object) -> list[str]:
    """Return the subjects to open, sorted.

    Parameters
    ----------
    found : iterable of str
        Subjects that lie on disk.
    wanted : iterable of str or None
        What the user asked for; None is everything found.
    where : object
        The corpus folder, for the message.

    Raises
    ------
    InputError
        If nothing was found, or one that was asked for is not there.
    """
    there = sorted(set(found))
    if not there:
        raise InputError.one("no subject of this corpus was found", where, "check that --root names the corpus folder")
    if wanted is None:
        return there
    asked = sorted(set(wanted))
    if not asked:
        raise InputError.one("no subject is named", "--subjects", "name one or more, or leave it out for all")
    missing = [
        Problem(f"subject {name!r} is not there", str(where), closest(name, there))
        for name in asked
        if name not in there
    ]
    if missing:
        raise InputError(missing)
    return asked


def open_each(
    corpus: str,
    subjects: Iterable[str],
    open_subject: Callable[[str], list[CorpusSequence]],
    failed: Mapping[str, tuple[Problem, ...]] | None = None,
) -> OpenedCorpus:
    """Open subject after subject; one that fails is recorded and the others go on.

    Parameters
    ----------
    corpus : str
    subjects : iterable of str
    open_subject : callable
        Returns the sequences of one subject or raises ``InputError``.
    failed : mapping or None
        Problems that are known already.

    Raises
    ------
    InputError
        If not a single subject could be opened: every problem.
    """
    sequences: list[CorpusSequence] = []
    problems = dict(failed or {})
    for subject in subjects:
        if subject in problems:
            continue
        try:
            sequences += open_subject(subject)
        except InputError as error:
            problems[subject] = error.problems
    opened = OpenedCorpus(corpus, tuple(sorted(sequences, key=lambda one: (one.subject, one.name))), problems)
    if not sequences:
        raise InputError(opened.problems)
    return opened


def strangers(found: Iterable[str], known: Iterable[str], title: str, where: object) -> dict[str, tuple[Problem, ...]]:
    """Return a problem for each subject on disk that the corpus does not have.

    Parameters
    ----------
    found, known : iterable of str
    title : str
        Name of the corpus in print.
    where : object
        The corpus folder.
    """
    members = set(known)
    return {
        name: (Problem(f"{name} is no subject of {title}", str(where), f"take it out; {closest(name, members)}"),)
        for name in sorted(set(found) - members)
    }
