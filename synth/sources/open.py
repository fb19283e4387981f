"""From ``--source`` to sequences: videos, pictures, folders, manifests and the simulated stand-in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from assets.corpora import CORPORA
from assets.errors import InputError, Problem, closest
from synth.sources.csv_table import raise_problems
from synth.sources.footage import open_footage
from synth.sources.label_csv import DEFAULT_INTENSITY_THRESHOLD
from synth.sources.match import attach_labels, limit_frames, read_labels
from synth.tracks import Sequence

STANDIN_CORPORA = ("standin-bp4d", "standin-disfa", "standin-gft")
DEFAULT_SOURCE = STANDIN_CORPORA[0]
DEFAULT_STANDIN_SUBJECTS = 30


@dataclass(frozen=True)
class SourceSpec:
    """What the user asks for.

    Attributes
    ----------
    sources : tuple of str
        Paths, one stand-in corpus, or one licensed corpus; empty is the default stand-in.
    labels : str or None
        Path of a label CSV for footage.
    landmarks : str or None
        Path of landmarks the user brings.
    gender : str
        Apparent gender of subjects for whom no manifest gives one.
    au_threshold : float
        Least intensity that counts as active.
    subjects : int or None
        Keep the first so many subjects, by name.
    frames : int or None
        Keep at most so many frames of each subject, spread evenly.
    seed : int
        Seeds the simulated source.
    renderer : str
        Draws the simulated source.
    root : str or None
        Folder of a licensed corpus; ``labels`` and ``landmarks`` are then folders in it.
    options : tuple of str
        Further options of a licensed corpus, ``key=value``.
    """

    sources: tuple[str, ...] = ()
    labels: str | None = None
    landmarks: str | None = None
    gender: str = "unknown"
    au_threshold: float = DEFAULT_INTENSITY_THRESHOLD
    subjects: int | None = None
    frames: int | None = None
    seed: int = 0
    renderer: str = "auto"
    root: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """An opened source.

    Attributes
    ----------
    corpus : str
        For example ``standin-bp4d``, ``video``, ``images``, ``manifest``.
    simulated : bool
        Whether the frames are themselves rendered.
    licence : str
        What is known about the rights in the frames.
    subjects : dict of str to tuple of Sequence
        Sequences of each subject, subjects sorted by name.
    failed : dict of str to tuple of Problem
        Subjects that could not be opened while the others could, and why.
    """

    corpus: str
    simulated: bool
    licence: str
    subjects: dict[str, tuple[Sequence, ...]]
    failed: dict[str, tuple[Problem, ...]] = field(default_factory=dict)


def open_source(spec: SourceSpec) -> Source:
    """Open everything a specification names and check it.

    Subjects that cannot be read while others can are in ``failed``; with ``landmarks`` everything must be readable.

    Raises
    ------
    InputError
        Every problem found, at once: nothing that can be read, unknown names, labels that do not match.
    """
    names = spec.sources or (DEFAULT_SOURCE,)
    standins = [name for name in names if name.startswith("standin") and not Path(name).exists()]
    if standins:
        return _open_standin(names, spec)
    if spec.root is not None or any(name in CORPORA and not Path(name).exists() for name in names):
        return _open_licensed(names, spec)
    found = open_footage(names, spec.gender, spec.au_threshold)
    kinds, sequences = found.kinds, found.sequences
    if spec.landmarks is not None:
        raise_problems(problem for problems in found.failed.values() for problem in problems)
        _check_one_name_each(sequences, spec.landmarks)
        from synth.landmarks.given import attach_landmarks

        sequences = attach_landmarks(sequences, spec.landmarks)
    if spec.labels is not None:
        rows = read_labels(spec.labels, spec.au_threshold)
        sequences = attach_labels(sequences, rows, frozenset(found.failed))
    subjects = sorted({sequence.subject for sequence in sequences})
    if spec.subjects is not None and spec.subjects > len(subjects):
        what = f"{spec.subjects} subjects asked for but the source has {len(subjects)}"
        raise InputError.one(what, "--subjects", f"use --subjects {len(subjects)} or leave it out")
    kept = subjects[: spec.subjects]
    sequences = [sequence for sequence in sequences if sequence.subject in kept]
    if spec.frames is not None:
        sequences = limit_frames(sequences, spec.frames)
    by_subject: dict[str, tuple[Sequence, ...]] = {
        name: tuple(s for s in sequences if s.subject == name) for name in kept
    }
    kind = kinds.pop() if len(kinds) == 1 else "mixed"
    return Source(kind, False, "as granted to the user by its owner", by_subject, found.failed)


def _check_one_name_each(sequences: Iterable[Sequence], path: str) -> None:
    """Refuse sequences of one name: landmark files tell sequences apart by it, so that one would get another's face."""
    owners: dict[str, list[str]] = {}
    for sequence in sequences:
        owners.setdefault(sequence.name, []).append(sequence.subject)
    raise_problems(
        Problem(f"subjects {', '.join(subjects)} all have a sequence {name!r}", path, "give each a name of its own")
        for name, subjects in owners.items()
        if len(subjects) > 1
    )


def _open_standin(names: tuple[str, ...], spec: SourceSpec) -> Source:
    problems = [
        Problem(f"unknown stand-in corpus {name!r}", "--source", closest(name, STANDIN_CORPORA))
        for name in names
        if name not in STANDIN_CORPORA
    ]
    if len(names) > 1:
        problems.append(Problem("a stand-in corpus cannot be mixed with other sources", "--source", "name it alone"))
    for option in ("labels", "landmarks"):
        if getattr(spec, option) is not None:
            problems.append(Problem("the simulated source brings its own", f"--{option}", "leave the option out"))
    raise_problems(problems)
    from assets.standin import DEFAULT_FRAMES_PER_SUBJECT
    from synth.render.choose import choose_renderer
    from synth.standin.sequence import standin_sequences

    count = DEFAULT_STANDIN_SUBJECTS if spec.subjects is None else spec.subjects
    frames = DEFAULT_FRAMES_PER_SUBJECT if spec.frames is None else spec.frames
    grouped: dict[str, list[Sequence]] = {}
    for sequence in standin_sequences(names[0], count, frames, spec.seed, choose_renderer(spec.renderer)):
        grouped.setdefault(sequence.subject, []).append(sequence)
    by_subject = {name: tuple(grouped[name]) for name in sorted(grouped)}
    return Source(names[0], True, "simulated: rendered from the built-in rig, no person is shown", by_subject)


def _open_licensed(names: tuple[str, ...], spec: SourceSpec) -> Source:
    """Open a licensed corpus through its reader in ``synth.corpora``."""
    from synth.corpora.options import parse_options, split_pairs
    from synth.corpora.registry import LICENCE, corpus_options, open_corpus

    if len(names) != 1 or spec.root is None:
        what = f"{names[0]} lies in no folder yet" if spec.root is None else "one corpus at a time"
        raise InputError.one(what, "--source", f"write --source {names[0]} --root FOLDER")
    known = corpus_options(names[0])
    own = {
        "labels": spec.labels,
        "landmarks": spec.landmarks,
        "gender": None if spec.gender == "unknown" else spec.gender,
    }
    pairs = split_pairs(spec.options, "--option")
    raise_problems(
        Problem(f"{names[0]} takes no option {key!r}", "--option", closest(key, known))
        if key not in known
        else Problem(f"{key!r} is named by --{key} too", "--option", "name it once")
        for key in pairs
        if key not in known or own.get(key) is not None
    )
    options = own | pairs
    opened = open_corpus(names[0], spec.root, frames=spec.frames, **parse_options(options))
    if spec.subjects is not None and spec.subjects > len(opened.subjects):
        what = f"{spec.subjects} subjects asked for but {len(opened.subjects)} can be opened"
        raise InputError.one(what, "--subjects", f"use --subjects {len(opened.subjects)} or leave it out")
    by_subject: dict[str, tuple[Sequence, ...]] = {
        name: tuple(one for one in opened.sequences if one.subject == name) for name in opened.subjects[: spec.subjects]
    }
    return Source(opened.name, False, LICENCE, by_subject, dict(opened.failed))
