"""Corpora of Action Unit labels: which units they code, who is in them, folds, published rates.

Sources: public label lists and loaders (``docs/datasets.md`` names them) and the data section of
Lu et al., arXiv 2403.10737. Numbers that could not be verified are marked where they stand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from assets.errors import InputError, closest

STANDIN_PREFIX = "standin-"
"""A corpus name with this prefix is a simulated stand-in for the corpus named after it."""

FEMALE, MALE, UNKNOWN = "female", "male", "unknown"
"""Values of apparent gender, as shards spell them."""


@dataclass(frozen=True)
class Corpus:
    """What is known about one corpus.

    Attributes
    ----------
    name : str
        Key of ``CORPORA``, lower case.
    title : str
        The name in print.
    au_numbers : tuple of int
        Coded Action Units in the column order of public lists.
    subjects : int
        People in the corpus.
    women, men : int or None
        Gender counts; None where no public list was found.
    positive_rates : mapping of int to tuple of float
        Share of positive labels by Action Unit, one value for each part of the three-fold protocol.
    positive_from_intensity : int or None
        Smallest coded intensity that counts as active; None where occurrence itself is coded.
    within : str
        Protocol of within-domain evaluation: ``folds`` or ``partition``.
    """

    name: str
    title: str
    au_numbers: tuple[int, ...]
    subjects: int
    women: int | None
    men: int | None
    positive_rates: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    positive_from_intensity: int | None = None
    within: str = "folds"

    def mean_rate(self, number: int) -> float | None:
        """Return the share of positive labels of one Action Unit over the parts; None if unpublished."""
        rates = self.positive_rates.get(number)
        return None if not rates else sum(rates) / len(rates)


_BP4D_RATES = {
    1: (0.164, 0.203, 0.271), 2: (0.161, 0.131, 0.224), 4: (0.199, 0.196, 0.213), 6: (0.415, 0.464, 0.508),
    7: (0.590, 0.551, 0.503), 10: (0.577, 0.557, 0.653), 12: (0.559, 0.522, 0.609), 14: (0.400, 0.513, 0.488),
    15: (0.151, 0.200, 0.156), 17: (0.318, 0.366, 0.348), 23: (0.159, 0.173, 0.165), 24: (0.140, 0.157, 0.159),
}  # fmt: skip

_DISFA_RATES = {
    1: (0.042, 0.034, 0.074), 2: (0.026, 0.020, 0.075), 4: (0.118, 0.153, 0.181), 6: (0.054, 0.082, 0.102),
    9: (0.028, 0.030, 0.069), 12: (0.103, 0.142, 0.142), 25: (0.249, 0.303, 0.282), 26: (0.113, 0.095, 0.058),
}  # fmt: skip

CORPORA: Mapping[str, Corpus] = MappingProxyType(
    {
        "bp4d": Corpus(
            "bp4d", "BP4D", (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24), 41, 23, 18, MappingProxyType(_BP4D_RATES)
        ),
        "disfa": Corpus(
            # The gender counts stand in the corpus paper; no public list by subject was found.
            "disfa", "DISFA", (1, 2, 4, 6, 9, 12, 25, 26), 27, 12, 15, MappingProxyType(_DISFA_RATES), 2
        ),
        "gft": Corpus("gft", "GFT", (1, 2, 4, 6, 10, 12, 14, 15, 23, 24), 96, None, None, within="partition"),
    }
)  # fmt: skip
"""Corpora by name."""

GFT_PARTITION = {"train": 60, "val": 18, "test": 18}
"""Subjects in each official split of GFT."""

CROSS_DOMAIN_AUS: Mapping[tuple[str, str], tuple[int, ...]] = MappingProxyType(
    {("bp4d", "disfa"): (1, 2, 4, 6, 12), ("bp4d", "gft"): (1, 2, 4, 6, 10, 12, 14, 15, 23, 24)}
)
"""Action Units of the published cross-domain evaluations, by (source, target)."""


def base_name(name: str) -> str:
    """Return the corpus a name stands for: ``standin-gft`` → ``gft``."""
    return name.removeprefix(STANDIN_PREFIX)


def is_standin(name: str) -> bool:
    """Say whether a corpus name is that of a simulated stand-in."""
    return name.startswith(STANDIN_PREFIX)


def corpus_named(name: str, where: object = "corpus") -> Corpus:
    """Return the corpus of this name; a stand-in gives the corpus it stands for.

    Raises
    ------
    InputError
        If there is no such corpus.
    """
    corpus = CORPORA.get(base_name(name.lower()))
    if corpus is None:
        raise InputError.one(f"no corpus named {name!r}", where, closest(name, CORPORA))
    return corpus


def cross_domain_aus(source: str, target: str) -> tuple[int, ...]:
    """Return the Action Units that are evaluated across two corpora.

    A published pair gives its published set; any other pair what both code, in numerical order.

    Raises
    ------
    InputError
        If a corpus is unknown or the two have nothing in common.
    """
    pair = (base_name(source.lower()), base_name(target.lower()))
    if pair in CROSS_DOMAIN_AUS:
        return CROSS_DOMAIN_AUS[pair]
    shared = set(corpus_named(source, "source").au_numbers) & set(corpus_named(target, "target").au_numbers)
    return tuple(sorted(shared))


@cache
def _folds_file() -> dict:
    return json.loads((files("assets") / "data" / "folds.json").read_text(encoding="utf-8"))


def fold_subjects(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the subjects of each part of the three-fold protocol; test fold i is part i.

    Raises
    ------
    InputError
        If the corpus has no published folds.
    """
    corpus = corpus_named(name)
    entry = _folds_file().get(corpus.name)
    if entry is None:
        raise InputError.one(
            f"{corpus.title} has no published folds", "folds", "use its official partition or --val-subjects"
        )
    return tuple(tuple(part) for part in entry["parts"])


@cache
def paper_tables() -> dict:
    """Return the printed results of Lu et al. (tables 2 to 6, percent), as the paper prints them.

    They are shown beside measured results and always marked as printed.
    """
    return json.loads((files("assets") / "data" / "paper_tables.json").read_text(encoding="utf-8"))
