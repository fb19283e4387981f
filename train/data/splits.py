"""Splits of a corpus by subject: nobody is on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from assets.corpora import CORPORA, base_name, fold_subjects
from assets.errors import InputError, Problem, closest
from assets.keyed import rng_for

FOLDS = 3


def folds_of(subjects: Sequence[str], corpus: str, seed: int = 0, count: int = FOLDS) -> tuple[tuple[str, ...], ...]:
    """Deal subjects into folds: the published folds where all of them are listed, otherwise a seeded deal.

    Raises
    ------
    InputError
        If there are fewer subjects than folds.
    """
    if len(subjects) < count:
        what = f"{len(subjects)} subjects cannot fill {count} folds"
        raise InputError.one(what, corpus, f"add subjects; {count} folds need at least {count}")
    name = base_name(corpus)
    if count == FOLDS and name in CORPORA and CORPORA[name].within == "folds":
        parts = fold_subjects(name)
        if set(subjects) <= {person for part in parts for person in part}:
            return tuple(tuple(person for person in part if person in set(subjects)) for part in parts)
    order = rng_for(seed, "folds", corpus).permutation(len(subjects))
    ordered = [sorted(subjects)[i] for i in order]
    return tuple(tuple(ordered[part::count]) for part in range(count))


def held_out(subjects: Sequence[str], share: float, seed: int, corpus: str) -> tuple[str, ...]:
    """Draw the subjects that are held out, at least one and never all.

    Raises
    ------
    InputError
        If there is only one subject.
    """
    if len(subjects) < 2:
        raise InputError.one("a single subject cannot be split", corpus, "add subjects or use --protocol transductive")
    count = min(max(1, round(share * len(subjects))), len(subjects) - 1)
    order = rng_for(seed, "held-out", corpus).permutation(len(subjects))
    return tuple(sorted(sorted(subjects)[i] for i in order[:count]))


def rows_of(shard: np.ndarray, subjects: Sequence[str], chosen: Iterable[str]) -> np.ndarray:
    """Return (N,) bool: whether each frame belongs to a chosen subject.

    Raises
    ------
    InputError
        If a chosen subject is not there.
    """
    picked = set(chosen)
    unknown = sorted(picked - set(subjects))
    if unknown:
        raise InputError(Problem(f"no subject {name!r}", "subjects", closest(name, subjects)) for name in unknown)
    return np.isin(shard, [i for i, name in enumerate(subjects) if name in picked])
