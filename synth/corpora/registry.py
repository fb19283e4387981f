"""The corpora by name: the one way in for ``synth render``, ``synth ingest`` and everything else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from assets.errors import InputError, Problem, closest
from synth.corpora.bp4d import open_bp4d
from synth.corpora.disfa import open_disfa
from synth.corpora.gft import open_gft
from synth.corpora.sequence import CorpusSequence, OpenedCorpus

Opener = Callable[..., OpenedCorpus]

OPENERS: Mapping[str, Opener] = MappingProxyType({"bp4d": open_bp4d, "disfa": open_disfa, "gft": open_gft})
"""Corpus name to its opener; its keyword arguments are the options."""

NO_LANDMARKS = "none"
"""Value of ``landmarks`` that leaves the corpus's own points aside, so that the detector places them."""

LICENCE = "licensed corpus: as agreed between the user and its owner; nothing of it may be passed on"
"""What shards of these corpora say about the rights in the frames."""


def corpus_options(name: str) -> tuple[str, ...]:
    """Return the names of the options that a corpus takes.

    Raises
    ------
    InputError
        If there is no such corpus.
    """
    return tuple(inspect.signature(_opener(name)).parameters)[1:]


def open_corpus(name: str, root: str | Path, *, frames: int | None = None, **options: object) -> OpenedCorpus:
    """Open a corpus by name.

    Parameters
    ----------
    name : str
        A key of ``OPENERS``.
    root : str or Path
        The corpus folder.
    frames : int or None
        Keep at most so many frames of each subject, spread evenly over what is coded.
    **options
        Keyword arguments of the corpus's opener; None means *not given*. ``landmarks="none"`` leaves the corpus's
        own points aside.

    Returns
    -------
    OpenedCorpus
        Sequences of every subject that could be opened, and the problems of every subject that could not.

    Raises
    ------
    InputError
        If there is no such corpus or option, or nothing could be opened.
    """
    opener = _opener(name)
    given = {key: value for key, value in options.items() if value is not None}
    known = corpus_options(name)
    strange = [key for key in given if key not in known]
    if strange:
        raise InputError(
            Problem(f"{name} takes no such option", f"--{key.replace('_', '-')}", closest(key, known))
            for key in strange
        )
    without_points = given.get("landmarks") == NO_LANDMARKS
    if without_points:
        del given["landmarks"]
    opened = opener(root, **given)
    if without_points:
        opened = replace(opened, sequences=tuple(replace(one, landmark_files=None) for one in opened.sequences))
    return opened if frames is None else replace(opened, sequences=_spread(opened.sequences, frames))


def _opener(name: str) -> Opener:
    opener = OPENERS.get(name.lower())
    if opener is None:
        raise InputError.one(f"no corpus named {name!r}", "--corpus", closest(name, OPENERS))
    return opener


def _spread(sequences: tuple[CorpusSequence, ...], count: int) -> tuple[CorpusSequence, ...]:
    """Keep at most ``count`` frames of each subject, evenly spread over its sequences as if they were one."""
    if count < 1:
        raise InputError.one(f"{count} frames", "--frames", "ask for 1 or more")
    totals: dict[str, int] = {}
    for sequence in sequences:
        totals[sequence.subject] = totals.get(sequence.subject, 0) + len(sequence.frames)
    passed = dict.fromkeys(totals, 0)
    out = []
    for sequence in sequences:
        total, start = totals[sequence.subject], passed[sequence.subject]
        passed[sequence.subject] += len(sequence.frames)
        picks = np.arange(total) if total <= count else np.round(np.linspace(0, total - 1, count)).astype(int)
        rows = picks[(picks >= start) & (picks < start + len(sequence.frames))] - start
        if len(rows):
            out.append(sequence.take(rows))
    return tuple(out)
