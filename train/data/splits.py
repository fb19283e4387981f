"""Splits of a corpus by subject: nobody is on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from assets.corpora import CORPORA, base_name, fold_subjects
from assets.errors import InputError, Problem, closest
from assets.keyed import rng_for

FOLDS = 3


def folds_of(
    subjects: Sequence[str], corpus: str, seed: int = 0, groups: Sequence[str] = (), count: int = FOLDS
) -> tuple[tuple[str, ...], ...]:
    """Deal subjects into folds: the published folds where all of them are listed, otherwise a seeded deal.

    Parameters
    ----------
    subjects : sequence of str
    corpus : str
    seed : int
    groups : sequence of str
        Apparent gender of each subject; the deal gives every fold its share of each.
    count : int
        Number of folds.

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
    ordered = _shuffled(subjects, groups, seed, "folds", corpus)
    return tuple(tuple(ordered[part::count]) for part in range(count))


def held_out(
    subjects: Sequence[str], share: float, seed: int, corpus: str, groups: Sequence[str] = ()
) -> tuple[str, ...]:
    """Draw the subjects that are held out, at least one and never all, with a share of each group.

    Raises
    ------
    InputError
        If there is only one subject.
    """
    if len(subjects) < 2:
        raise InputError.one("a single subject cannot be split", corpus, "add subjects or use --protocol transductive")
    count = min(max(1, round(share * len(subjects))), len(subjects) - 1)
    ordered = _shuffled(subjects, groups, seed, "held-out", corpus)
    return tuple(sorted(ordered[i * len(ordered) // count] for i in range(count)))


def _shuffled(subjects: Sequence[str], groups: Sequence[str], seed: int, *keys: str) -> list[str]:
    """Return the subjects in a seeded order, group by group."""
    group = dict(zip(subjects, groups or [""] * len(subjects), strict=True))
    names = sorted(subjects)
    return sorted((names[i] for i in rng_for(seed, *keys).permutation(len(names))), key=group.__getitem__)


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
