"""The protocols of the paper as data: which corpora meet, which runs are made, which tables follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assets.errors import InputError, closest

ABLATION = ((0.0, 0.0), (1.0, 0.0), (0.3, 0.0), (0.0, 1.0), (0.0, 0.5), (1.0, 1.0), (1.0, 0.5), (0.3, 1.0), (0.3, 0.5))
"""The pairs (α, β) of the paper's table 6."""

BASE_MODELS = ("drml", "jaanet", "resnet18")
"""Base models of table 3 beside the one that is adapted; they are trained on the source and transferred as they are."""

FROM_SCRATCH = ("drml", "jaanet")
"""Base models that have no published weights and start at random."""


@dataclass(frozen=True)
class Protocol:
    """One protocol.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Source and target of each cross-domain direction.
    alone : tuple of str
        Corpora that are trained and tested within themselves.
    by_method : bool
        Run every method on every pair.
    weights : tuple of (float, float)
        Pairs (α, β) with which PM2 runs on every pair.
    tables : tuple of str
        Keys in ``train.report.tables.TABLES``.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    alone: tuple[str, ...] = ()
    by_method: bool = False
    weights: tuple[tuple[float, float], ...] = ()
    tables: tuple[str, ...] = ()


SOURCE = "bp4d"
"""The source of the paper's directions."""

PAIRS = ((SOURCE, "disfa"), (SOURCE, "gft"))

PROTOCOLS = {
    # The target-supervised row of table 3 is that of table 2 on the common Action Units, so cross needs these runs too.
    "cross": Protocol(
        PAIRS, ("disfa", "gft"), by_method=True, tables=("3", "4", "5", "differences", "gap"),
    ),
    "within": Protocol(alone=("bp4d", "disfa", "gft"), tables=("2",)),
    "ablation": Protocol(PAIRS, weights=ABLATION, tables=("6",)),
}  # fmt: skip
"""Protocols by name; ``all`` is all of them, and runs that two of them need are made once."""


def protocols_named(name: str) -> tuple[Protocol, ...]:
    """Return the protocols of a name, for ``all`` every one.

    Raises
    ------
    InputError
        If there is none.
    """
    if name == "all":
        return tuple(PROTOCOLS.values())
    if name not in PROTOCOLS:
        raise InputError.one(f"no protocol named {name!r}", "--protocol", closest(name, [*PROTOCOLS, "all"]))
    return (PROTOCOLS[name],)


def directed(protocol: Protocol, source: str = SOURCE, target: str = "") -> Protocol:
    """Return a protocol with another source, or with one target alone, which may be a corpus of the user's.

    Parameters
    ----------
    protocol : Protocol
    source, target : str
        Names of corpora; an empty target keeps those of the protocol.
    """
    alone = tuple(source if name == SOURCE else name for name in protocol.alone)
    pairs = tuple((source, other) for _, other in protocol.pairs)
    if target:
        pairs = ((source, target),) if pairs else ()
        alone = (target,) if alone else ()
    return replace(protocol, pairs=pairs, alone=alone)


def corpora_of(protocols: tuple[Protocol, ...]) -> tuple[str, ...]:
    """Return every corpus the protocols need, sources first, each once."""
    sources = [source for protocol in protocols for source, _ in protocol.pairs]
    targets = [target for protocol in protocols for _, target in protocol.pairs]
    alone = [name for protocol in protocols for name in protocol.alone]
    return tuple(dict.fromkeys([*sources, *targets, *alone]))
