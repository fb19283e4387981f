"""Who is in a table of frames, so that nobody is tested whose labels are trained on."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from assets.corpora import CORPORA, base_name
from assets.errors import InputError
from train.data.frames import FrameTable, fingerprint


def refuse_trained_on(source: FrameTable, test: FrameTable) -> None:
    """Refuse to test on subjects whose labels are trained on.

    Raises
    ------
    InputError
    """
    seen = people(source)
    both = [test.subjects[i] for i in np.unique(test.shard) if seen & person_keys(test, int(i))]
    if both:
        names = ", ".join(both[:5]) + (" …" if len(both) > 5 else "")
        mend = "pass a --target of other people; `train base --fold 0` tests on subjects of the source"
        raise InputError.one(f"{len(both)} tested subjects are trained on with their labels: {names}", "--target", mend)


def people(table: FrameTable) -> set[str]:
    """Return what tells whose frames are in a table, hashed: ``person_keys`` of everybody."""
    return {key for number in np.unique(table.shard) for key in person_keys(table, int(number))}


def person_keys(table: FrameTable, number: int) -> set[str]:
    """Return what two tables with the same person have in common, wherever they lie, hashed.

    That is the pictures of the shard, or the name within a known corpus; simulated people differ from seed to seed.
    """
    shard = table.shards[number]
    corpus = str(shard.file.attrs["corpus"])
    keys = {fingerprint(replace(table, shards=(shard,)), with_labels=False)}
    if base_name(corpus) in CORPORA:
        keys.add("\x1f".join((corpus, shard.subject, str(shard.file.attrs["seed"]) if shard.simulated else "")))
    return {hashlib.sha256(text.encode()).hexdigest()[:16] for text in keys}
