"""What a corpus holds: how often each Action Unit is active, and how many women and men take part."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.action_units import parse_au
from assets.corpora import CORPORA, FEMALE, MALE, UNKNOWN, base_name, is_standin
from assets.errors import InputError
from assets.keyed import rng_for
from assets.shard import Shard, find_shards
from assets.standin import STANDIN_CORPORA
from synth.shards.failures import output_errors

STANDIN_FRAMES = 600
"""Frames of each simulated subject whose labels are counted."""

DRAWS = 1000
RATE_TABLE, GENDER_TABLE = "au_rates.csv", "apparent_gender.csv"
GENDERS = (FEMALE, MALE, UNKNOWN)


@dataclass(frozen=True)
class SubjectCount:
    """Labels of one subject.

    Attributes
    ----------
    subject, apparent_gender : str
    active, known : dict of int to int
        Action Unit to the number of frames in which it is labelled active, and in which its label is known.
    frames : int
        Frames with at least one known label.
    """

    subject: str
    apparent_gender: str
    active: dict[int, int]
    known: dict[int, int]
    frames: int


@dataclass(frozen=True)
class CorpusCount:
    """Labels of one corpus.

    Attributes
    ----------
    corpus : str
        For example ``bp4d`` or ``standin-bp4d``.
    simulated : bool
    subjects : tuple of SubjectCount
    """

    corpus: str
    simulated: bool
    subjects: tuple[SubjectCount, ...]

    @property
    def title(self) -> str:
        """The name in print; a stand-in says that it is one."""
        name = base_name(self.corpus)
        printed = CORPORA[name].title if name in CORPORA else self.corpus
        return f"{printed} stand-in" if is_standin(self.corpus) else printed

    @property
    def frames(self) -> int:
        """Frames with at least one known label."""
        return sum(subject.frames for subject in self.subjects)

    @property
    def au_numbers(self) -> tuple[int, ...]:
        """Action Units with at least one known label, ascending."""
        return tuple(sorted({n for subject in self.subjects for n, count in subject.known.items() if count}))

    def gender_counts(self) -> dict[str, int]:
        """Return the number of subjects of each apparent gender."""
        return {gender: sum(s.apparent_gender == gender for s in self.subjects) for gender in GENDERS}


@dataclass(frozen=True)
class Rate:
    """Share of active labels of one Action Unit, with its 95 % interval over subjects, and what it rests on."""

    rate: float
    low: float
    high: float
    active: int
    known: int
    subjects: int


def rate_of(count: CorpusCount, number: int) -> Rate:
    """Return the rate of one Action Unit.

    The interval is that of a bootstrap over subjects (percentiles of ``DRAWS`` draws): frames of one person are not
    independent.
    """
    rows = [(s.active.get(number, 0), s.known.get(number, 0)) for s in count.subjects]
    table = np.array([row for row in rows if row[1]], float)
    active, known = table.sum(0)
    picks = rng_for(0, "rates", count.corpus, number).integers(0, len(table), (DRAWS, len(table)))
    drawn = table[picks].sum(1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], (2.5, 97.5))
    return Rate(active / known, float(low), float(high), int(active), int(known), len(table))


def published_rate(corpus: str, number: int) -> float | None:
    """Return the published rate of an Action Unit in the corpus, or in the one a stand-in takes the place of."""
    known = CORPORA.get(base_name(corpus))
    return None if known is None else known.mean_rate(number)


def count_corpora(names: Sequence[str], seed: int = 0) -> list[CorpusCount]:
    """Count the labels of runs and of stand-in corpora.

    Parameters
    ----------
    names : sequence of str
        Folders of runs (or single shards), and names of stand-in corpora; empty is all stand-ins. Runs of one corpus
        are counted together.
    seed : int
        Seeds the stand-ins.

    Raises
    ------
    InputError
        If a folder holds no shard, a subject stands in two of them, or a corpus has no label.
    """
    found: dict[str, tuple[bool, list[SubjectCount]]] = {}
    for name in names or STANDIN_CORPORA:
        counted = _standin(name, seed) if name in STANDIN_CORPORA else _shards(Path(name))
        for corpus, simulated, subject in counted:
            subjects = found.setdefault(corpus, (simulated, []))[1]
            if any(one.subject == subject.subject for one in subjects):
                what = f"subject {subject.subject!r} of {corpus} stands there twice"
                raise InputError.one(what, name, "name it once")
            subjects.append(subject)
    counts = [CorpusCount(corpus, flag, tuple(subjects)) for corpus, (flag, subjects) in found.items()]
    for count in counts:
        if not count.au_numbers:
            raise InputError.one(f"{count.corpus} has no known label", ", ".join(names), "take a run with labels")
    return counts


def _shards(folder: Path) -> Iterable[tuple[str, bool, SubjectCount]]:
    for path in find_shards(folder):
        with Shard(path) as shard:
            known = shard.au_mask == 1
            numbers = [parse_au(name).number for name in shard.au_names]
            yield (
                str(shard.file.attrs["corpus"]),
                shard.simulated,
                _counted(shard.subject, shard.apparent_gender, numbers, shard.au == 1, known),
            )


def _standin(name: str, seed: int) -> Iterable[tuple[str, bool, SubjectCount]]:
    """Count the labels of all subjects of a stand-in; nothing is drawn for it."""
    from synth.standin.sequence import standin_sequences

    facts = STANDIN_CORPORA[name]
    people = CORPORA[facts.mimics].subjects
    grouped: dict[str, list] = {}
    for sequence in standin_sequences(name, people, STANDIN_FRAMES, seed):
        grouped.setdefault(sequence.subject, []).append(sequence)
    for subject, sequences in grouped.items():
        au = np.concatenate([one.labels.au for one in sequences]) == 1
        known = np.concatenate([one.labels.mask for one in sequences]) == 1
        yield name, True, _counted(subject, sequences[0].apparent_gender, facts.au_numbers, au, known)


def _counted(subject: str, gender: str, numbers: Sequence[int], active: np.ndarray, known: np.ndarray) -> SubjectCount:
    """Return the counts of labels (T, A) bool."""
    on = dict(zip(numbers, (active & known).sum(0).tolist(), strict=True))
    seen = dict(zip(numbers, known.sum(0).tolist(), strict=True))
    return SubjectCount(subject, gender if gender in GENDERS else UNKNOWN, on, seen, int(known.any(1).sum()))


def write_tables(counts: Sequence[CorpusCount], folder: Path) -> list[Path]:
    """Write the numbers behind both figures as CSV and return the files.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    rates, genders = folder / RATE_TABLE, folder / GENDER_TABLE
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with rates.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["corpus", "simulated", "AU", "rate", "low95", "high95", "active_frames", "known_frames",
                             "subjects", "published_rate"])  # fmt: skip
            for count in counts:
                for number in count.au_numbers:
                    rate, published = rate_of(count, number), published_rate(count.corpus, number)
                    writer.writerow([count.corpus, int(count.simulated), f"AU{number:02d}", f"{rate.rate:.4f}",
                                     f"{rate.low:.4f}", f"{rate.high:.4f}", rate.active, rate.known, rate.subjects,
                                     "" if published is None else f"{published:.4f}"])  # fmt: skip
        with genders.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["corpus", "simulated", *GENDERS, "subjects", "frames"])
            for count in counts:
                by_gender = count.gender_counts()
                row = [by_gender[gender] for gender in GENDERS]
                writer.writerow([count.corpus, int(count.simulated), *row, len(count.subjects), count.frames])
    return [rates, genders]
