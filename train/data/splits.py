"""Splits of a corpus by subject: nobody is on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from assets.corpora import CORPORA, GFT_PARTITION, base_name, fold_subjects
from assets.errors import InputError, Problem, closest
from assets.keyed import rng_for
from assets.partition import group_of, read_partition

FOLDS = 3
DEAL = "deal"
"""In place of a partition file: deal the groups 60 : 18 : 18, the same way every time."""

SHARDS = "shards"
"""In place of a partition file: the side that `synth ingest` or `synth render` wrote into each shard."""


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


def partition_of(subjects: Sequence[str], corpus: str, partition: str, stored: Sequence[str] = ()) -> dict[str, str]:
    """Return ``train``, ``val`` or ``test`` for each subject.

    Parameters
    ----------
    subjects : sequence of str
    corpus : str
    partition : str
        Path of the official list (``assets.partition.read_partition``), or ``deal``: whole groups, of people who sat
        together, are dealt in the proportions of GFT's list, from a key of the corpus alone; or ``shards``.
    stored : sequence of str
        What the shard of each subject says, empty where it says nothing; read with ``shards``.

    Raises
    ------
    InputError
        If a subject is not in the list, or its shard says nothing, there are fewer than three groups to deal, or a
        split stays empty.
    """
    if partition == SHARDS:
        silent = [name for name, side in zip(subjects, stored or [""] * len(subjects), strict=True) if not side]
        if silent:
            mend = "pass --partition with a CSV of subject,split, or ingest the corpus with its partition.csv"
            raise InputError.one(f"the shard of {silent[0]!r} names no split (train, val, test)", corpus, mend)
        split = dict(zip(subjects, stored, strict=True))
    elif partition != DEAL:
        listed = read_partition(partition)
        unknown = [name for name in subjects if name not in listed]
        if unknown:
            mend = "use the subject names of the shards"
            raise InputError(Problem(f"subject {name!r} is not in the list", partition, mend) for name in unknown[:10])
        split = {name: listed[name] for name in subjects}
    else:
        groups = sorted({group_of(name) for name in subjects})
        if len(groups) < len(GFT_PARTITION):
            what = f"{len(groups)} groups of subjects cannot fill three splits"
            raise InputError.one(what, corpus, "add subjects: a group is the subjects whose names differ in the letter")
        dealt = [groups[i] for i in rng_for(0, "partition", corpus).permutation(len(groups))]
        share = max(1, round(len(groups) * GFT_PARTITION["test"] / sum(GFT_PARTITION.values())))
        side = dict.fromkeys(dealt[:share], "test") | dict.fromkeys(dealt[share : 2 * share], "val")
        split = {name: side.get(group_of(name), "train") for name in subjects}
    empty = sorted(set(GFT_PARTITION) - set(split.values()))
    if empty:
        raise InputError.one(f"no subject is in {' and '.join(empty)}", partition, "add the subjects of that split")
    return split


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
        mend = "add subjects or pass --evaluation transductive"
        raise InputError.one("a single subject cannot be split", corpus, mend)
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
