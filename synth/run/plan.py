"""Which frames are rendered with which avatars, decided before anything is drawn."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assets.action_units import au_columns
from assets.errors import InputError, Problem
from assets.shard_format import SHARD_SUFFIX, TWIN_PAIR
from synth.avatars.levels import parse_axes, twin_names
from synth.run.config import RenderConfig
from synth.sources.csv_table import raise_problems
from synth.sources.open import Source, SourceSpec, open_source
from synth.tracks import Sequence

_SAFE = frozenset("._-")
"""What the name of a shard may hold beside letters and digits, which may be of any script."""

LONGEST_NAME_BYTES = 200
"""Of a shard: file systems take 255, and the run adds endings of its own."""


@dataclass(frozen=True)
class SubjectPlan:
    """One shard.

    Attributes
    ----------
    subject : str
    apparent_gender : str
    file_name : str
        Of the shard.
    sequences : tuple of Sequence
    frames : int
        Planned frames, over all sequences.
    tuples : tuple of int
        Numbers of its tuples of avatars among those of the run; with the default axes a tuple is a pair.
    """

    subject: str
    apparent_gender: str
    file_name: str
    sequences: tuple[Sequence, ...]
    frames: int
    tuples: tuple[int, ...]

    def digest(self) -> str:
        """Return 16 hex digits of names, frame numbers and labels: a finished shard must not outlive another label."""
        found = hashlib.sha256()
        for sequence in self.sequences:
            parts: list[Any] = [sequence.name, getattr(sequence, "split", ""), np.asarray(sequence.frames, np.int64)]
            if sequence.labels is not None:
                labels = sequence.labels
                parts += [repr(labels.numbers), labels.source, labels.au, labels.mask]
                parts += [] if labels.intensity is None else [labels.intensity]
            for part in parts:
                content = part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes()
                found.update(len(content).to_bytes(8, "little") + content)
        return found.hexdigest()[:16]


@dataclass(frozen=True)
class RunPlan:
    """The whole run.

    Attributes
    ----------
    source : Source
    au_numbers : tuple of int
        The A axis of every shard.
    avatars : int
    pairing : str
        The rule in words.
    subjects : tuple of SubjectPlan
        Sorted by name.
    twin_names : tuple of str
        The twins of a tuple.
    """

    source: Source
    au_numbers: tuple[int, ...]
    avatars: int
    pairing: str
    subjects: tuple[SubjectPlan, ...]
    twin_names: tuple[str, ...] = TWIN_PAIR

    @property
    def frames(self) -> int:
        """Planned frames of all subjects."""
        return sum(plan.frames for plan in self.subjects)

    @property
    def twins(self) -> int:
        """Twins to draw if a face is found in every frame."""
        return sum(len(self.twin_names) * len(plan.tuples) * plan.frames for plan in self.subjects)

    def record(self) -> dict[str, Any]:
        """Return the plan as plain values for ``run.json``.

        Labels of a simulated source follow from the configuration, which stands there too.
        """
        return {
            "corpus": self.source.corpus,
            "simulated": self.source.simulated,
            "au_names": list(au_columns(self.au_numbers)),
            "avatars": self.avatars,
            "pairing": self.pairing,
            "twins": list(self.twin_names) if self.avatars else [],
            "planned_frames": self.frames,
            "subjects": {
                plan.subject: {
                    "shard": f"shards/{plan.file_name}",
                    "apparent_gender": plan.apparent_gender,
                    "planned_frames": plan.frames,
                    "sequences": {s.name: len(s.frames) for s in plan.sequences},
                    "avatar_tuples": list(plan.tuples),
                }
                | ({} if self.source.simulated else {"labels": plan.digest()})
                for plan in self.subjects
            },
        }


def deal_avatars(subjects: int, avatars: int, names: tuple[str, ...] = TWIN_PAIR) -> tuple[list[tuple[int, ...]], str]:
    """Return the tuples of avatars of each subject and the rule in words.

    Parameters
    ----------
    subjects : int
    avatars : int
        A multiple of the size of a tuple.
    names : tuple of str
        The twins of a tuple.

    Raises
    ------
    InputError
        If ``avatars`` makes no whole tuples.
    """
    size = len(names)
    if avatars < size or avatars % size:
        what = f"{avatars} avatars cannot be shared out: every subject gets {size} ({', '.join(names)})"
        raise InputError.one(what, "--avatars", f"use a multiple of {size}, for example {size * subjects}")
    tuples = avatars // size
    kind = "pair" if size == 2 else f"tuple of {size}"
    if tuples == subjects:
        own = "one female and one male avatar" if names == TWIN_PAIR else f"{size} avatars ({', '.join(names)})"
        return [(i,) for i in range(subjects)], f"every subject has {own} of its own"
    many = f"{tuples} avatar pairs" if size == 2 else f"{tuples} tuples of {size} avatars"
    counted = "subject i, sorted by name and counted from 0,"
    if tuples < subjects:
        rule = f"round robin: {subjects} subjects share {many}; {counted} has {kind} i mod {tuples}"
        return [(i % tuples,) for i in range(subjects)], rule
    rule = f"round robin: {many} for {subjects} subjects; {counted} has those numbered"
    return (
        [tuple(range(i, tuples, subjects)) for i in range(subjects)],
        f"{rule} i, i + {subjects}, i + {2 * subjects}, … and every frame is drawn with all of them",
    )


def make_plan(config: RenderConfig) -> RunPlan:
    """Open the source and decide what is rendered.

    Raises
    ------
    InputError
        Everything wrong with the source or the numbers.
    """
    source = open_source(
        SourceSpec(
            config.source, config.labels, config.landmarks, config.gender, config.au_threshold, config.subjects,
            config.frames, config.seed, config.renderer, config.root, config.option,
        )
    )  # fmt: skip
    if config.weights == "true" and not source.simulated:
        raise InputError.one("only simulated sources have true weights", "--weights true", "leave it at fit")
    count = len(source.subjects)
    if not count:
        raise InputError.one("the source holds no frames", ", ".join(config.source), "check its files and labels")
    names = twin_names(parse_axes(config.axes))
    avatars = len(names) * count if config.avatars is None else config.avatars
    return plan_source(source, avatars, *deal_avatars(count, avatars, names), names)


def plan_source(
    source: Source,
    avatars: int,
    tuples: list[tuple[int, ...]],
    rule: str,
    twin_names: tuple[str, ...] = TWIN_PAIR,
) -> RunPlan:
    """Return the plan for an opened source.

    Parameters
    ----------
    source : Source
    avatars : int
        0 for real crops without twins.
    tuples : list of tuple of int
        Tuples of avatars of each subject.
    rule : str
        Who has which, in words.
    twin_names : tuple of str
        The twins of a tuple.

    Raises
    ------
    InputError
        If two subjects would share one file, or a name is too long for a file or holds a control character.
    """
    names = list(source.subjects)
    raise_problems(_name_problems(source))
    files = {name: _file_name(name) for name in names}
    taken: dict[str, str] = {}
    raise_problems(
        Problem(f"subjects {other!r} and {name!r} would share the file {files[name]}", "--source", "rename one")
        for name in names
        if (other := taken.setdefault(files[name].lower(), name)) != name
    )
    numbers: set[int] = set()
    for sequences in source.subjects.values():
        for sequence in sequences:
            numbers |= set(sequence.labels.numbers) if sequence.labels is not None else set()
    plans = tuple(
        SubjectPlan(name, _gender(sequences), files[name], sequences, sum(len(s.frames) for s in sequences), own)
        for (name, sequences), own in zip(source.subjects.items(), tuples, strict=True)
    )
    return RunPlan(source, tuple(sorted(numbers)), avatars, rule, plans, twin_names)


def _name_problems(source: Source) -> Iterator[Problem]:
    """Yield what is wrong with names of subjects and sequences."""
    for subject, sequences in source.subjects.items():
        if len(_file_name(subject).encode()) > LONGEST_NAME_BYTES:
            yield Problem(f"the subject's name {subject[:40]!r}… is too long for a file", "--source", "shorten it")
        for name in dict.fromkeys((subject, *(sequence.name for sequence in sequences))):
            if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
                yield Problem(f"the name {name[:40]!r} holds a control character", "--source", "rename it")


def shard_folder(out: Path) -> Path:
    """Return where the shards of a run lie."""
    return out / "shards"


def _file_name(subject: str) -> str:
    composed = unicodedata.normalize("NFC", subject)
    safe = "".join(letter if letter in _SAFE or letter.isalnum() else "_" for letter in composed).lstrip(".")
    return f"{safe or 'subject'}{SHARD_SUFFIX}"


def _gender(sequences: tuple[Sequence, ...]) -> str:
    known = sorted({s.apparent_gender for s in sequences} - {"unknown"})
    return known[0] if len(known) == 1 else "unknown"
