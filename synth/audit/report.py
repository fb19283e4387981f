"""The audit of a whole run: from shards to one plain record that every output is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assets.action_units import ACTION_UNITS
from assets.errors import InputError, NoFaceError
from assets.shard import Shard, find_shards
from synth.audit.agreement import Agreement, agreement
from synth.audit.drawn import Drawn, drawn_agreement, read_drawn
from synth.audit.examples import EXAMPLES, choose_examples
from synth.audit.geometry import AUDITED
from synth.audit.measures import measure_table
from synth.audit.outside import Outside, coverage
from synth.audit.reading import Readings, read_shard, spread_rows
from synth.audit.verdict import (
    LEAST_REPEATABILITY,
    NOT_JUDGED,
    OUTSIDE_RULE,
    RULE,
    TOO_FEW,
    VERDICTS,
    Verdict,
    verdicts,
)
from synth.landmarks.finder import Networks

FORMAT = "twinface-audit"
VERSION = 1


@dataclass(frozen=True)
class Audit:
    """Everything an audit found.

    Attributes
    ----------
    readings : list of Readings
        One per subject.
    paths : list of Path
        Shard of each subject.
    agreements : list of Agreement
        One per estimator.
    verdicts : list of Verdict
        One per audited Action Unit.
    by_twin : list of dict
        Subject, twin, Action Unit and estimator, one row each.
    about : dict
        Corpus, counts, settings of the run.
    drawn : Drawn or None
        Female and male twins as drawn; None where that is not known, with the reason in ``about["not_drawn"]``.
    """

    readings: list[Readings]
    paths: list[Path]
    agreements: list[Agreement]
    verdicts: list[Verdict]
    by_twin: list[dict[str, Any]]
    about: dict[str, Any]
    drawn: Drawn | None = None

    def counts(self) -> dict[str, int]:
        """Return how many Action Units got each verdict; ``NOT_JUDGED`` and ``TOO_FEW`` only where there is one."""
        counts = {name: sum(v.verdict == name for v in self.verdicts) for name in (*VERDICTS, NOT_JUDGED, TOO_FEW)}
        return {name: count for name, count in counts.items() if count or name in VERDICTS}

    @property
    def estimators(self) -> tuple[str, ...]:
        """Names of the estimators."""
        return tuple(one.estimator for one in self.agreements)


def audit_run(
    out: Path,
    networks: Networks | None,
    frames: int | None = None,
    seed: int = 0,
    advance: Callable[[str, float], None] | None = None,
    outside: Outside | None = None,
) -> Audit:
    """Audit a run folder or a single shard, one shard in memory at a time.

    Parameters
    ----------
    out : Path
    networks : Networks or None
        None looks at no picture: ``outside`` judges alone.
    frames : int or None
        Most frames of each subject, spread evenly; None takes all.
    seed : int
        Of the bootstrap and the shuffled control.
    advance : function or None
        Called with the name of a shard's file and the share of it that was read since the last call, which add up to 1;
        and with ``comparing`` and 0 once all are read.
    outside : Outside or None
        Estimates from elsewhere, one more judge.

    Raises
    ------
    InputError
        If there is no shard, no twin, no complete triplet, a shard cannot be read, or there are no estimates of its
        real frames or of its twins.
    NoFaceError
        If no face is found in the real pictures of any subject.
    """
    paths, readings, about, faceless = _read_shards(out, networks, frames, advance, outside)
    if faceless and not readings:
        raise faceless[0]
    if not readings:
        raise InputError.one("there is no complete triplet to audit", out, "render it with `synth render`")
    if outside is not None:
        about["estimates"] = coverage(outside, paths, readings)
    if advance is not None:
        advance("comparing", 0.0)
    agreements = [agreement(readings, name, seed) for name in readings[0].estimators]
    about |= {
        "subjects": len(readings),
        "frames": int(sum(len(one.rows) for one in readings)),
        "pictures": int(sum(one.values.shape[1] * one.values.shape[2] for one in readings)),
        "pictures_without_face": int(sum(one.unread for one in readings)),
        "subjects_without_face": [problem.where for error in faceless for problem in error.problems],
        "frames_per_subject": frames,
        "seed": seed,
    }
    rows = [row for one in readings for row in _by_twin(one)]
    drawn = None
    try:
        drawn = _as_drawn(paths, readings, seed)
    except InputError as error:
        about["not_drawn"] = str(error)
    return Audit(readings, paths, agreements, verdicts(agreements), rows, about, drawn)


def _as_drawn(paths: list[Path], readings: list[Readings], seed: int) -> Drawn | None:
    """Return how alike female and male twins are drawn; None where no real picture was looked at."""
    if "landmarks" not in readings[0].estimators:
        return None
    lengths = []
    for path, one in zip(paths, readings, strict=True):
        try:
            with Shard(path) as shard:
                lengths.append(read_drawn(shard, one.rows))
        except (OSError, KeyError, ValueError) as error:
            what = f"the shard does not tell how its twins were drawn ({' '.join(str(error).split())})"
            raise InputError.one(what, path, "render the run again") from None
    return drawn_agreement(readings, lengths, seed)


@dataclass
class _Part:
    """What is told of one shard: however far its reading came, it counts as one in the end."""

    name: str
    tell: Callable[[str, float], None] | None
    told: float = 0.0

    def step(self, share: float) -> None:
        """Tell a share."""
        self.told += share
        if self.tell is not None:
            self.tell(self.name, share)


def _read_shards(
    out: Path,
    networks: Networks | None,
    frames: int | None,
    advance: Callable[[str, float], None] | None,
    outside: Outside | None,
) -> tuple[list[Path], list[Readings], dict[str, Any], list[NoFaceError]]:
    """Return the shards with triplets, what was read, what the first says of itself, and errors of faceless ones."""
    paths: list[Path] = []
    readings: list[Readings] = []
    faceless: list[NoFaceError] = []
    about: dict[str, Any] = {}
    for path in find_shards(out):
        part = _Part(path.stem, advance)
        try:
            with Shard(path) as shard:
                found = _read(shard, networks, frames, outside, part) if shard.twins else None
                about = about or (_about(shard) if shard.twins else {})
        except NoFaceError as error:
            faceless.append(error)
            continue
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            what = f"the shard cannot be read ({' '.join(str(error).split())})"
            raise InputError.one(what, path, "run `synth verify` on the run") from None
        finally:
            part.step(1.0 - part.told)
        if found is not None:
            readings.append(found)
            paths.append(path)
    return paths, readings, about, faceless


def _read(
    shard: Shard, networks: Networks | None, frames: int | None, outside: Outside | None, part: _Part
) -> Readings | None:
    found = None if networks is None else read_shard(shard, networks, frames, part.step)
    if outside is None:
        return found
    if networks is None:
        return outside.readings(shard, spread_rows(shard.complete_rows(), frames))
    return None if found is None else outside.beside(found, shard)


def _about(shard: Shard) -> dict[str, Any]:
    config = shard.json("config")
    return {
        "corpus": str(shard.file.attrs["corpus"]),
        "simulated": shard.simulated,
        "label_source": str(shard.file.attrs["label_source"]),
        "label_prior": config.get("label_prior"),
        "assets": config.get("assets"),
        "size_px": int(shard.file.attrs["size_px"]),
        "twins": list(shard.twins),
    }


def _by_twin(readings: Readings) -> list[dict[str, Any]]:
    """Return correlation, slope and offset of every twin of one subject."""
    from synth.audit.twin_rows import twin_rows

    return twin_rows(readings)


def plain(value: Any) -> Any:
    """Return a value ready for JSON: arrays as lists, four decimals, unknown numbers as None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float | np.floating):
        return round(float(value), 4) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def record(audit: Audit) -> dict[str, Any]:
    """Return the audit as plain values, ready for JSON."""
    units: dict[str, Any] = {}
    for column, ruling in enumerate(audit.verdicts):
        number = AUDITED[column]
        estimators = {}
        for one in audit.agreements:
            values = {key: value[column] for key, value in asdict(one).items() if isinstance(value, np.ndarray)}
            estimators[one.estimator] = values
        units[ruling.column] = {
            "name": ACTION_UNITS[number].name, "verdict": ruling.verdict, "reason": ruling.reason,
            "judges": ruling.judges, "above_rest": ruling.above_rest, **ruling.values, "estimators": estimators,
            "drawn": {} if audit.drawn is None else {key: value[column] for key, value in asdict(audit.drawn).items()},
            "examples": _examples(audit, column),
        }  # fmt: skip
    return plain({
        "format": FORMAT, "version": VERSION, "about": audit.about, "counts": audit.counts(),
        "rule": RULE + (OUTSIDE_RULE if "estimates" in audit.about else ""), "units": units, "twins": audit.by_twin,
        "measures": measure_table(audit.estimators, audit.about.get("estimates")),
        "interval": "95 %, subjects and blocks of time" if audit.agreements[0].by_subject else "95 %, blocks of time",
    })  # fmt: skip


def share_of(row: dict[str, Any]) -> float | None:
    """Return one estimator's correlation over its repeatability, None where it does not repeat or was not asked twice.

    Parameters
    ----------
    row : dict
        As ``record`` holds it under an Action Unit's ``estimators``.
    """
    repeatability = row.get("repeatability") or 0.0
    return row["r"] / repeatability if row.get("r") is not None and repeatability >= LEAST_REPEATABILITY else None


def _examples(audit: Audit, column: int) -> dict[str, list[dict[str, Any]]]:
    """Return where the best and the worst triplets of an Action Unit lie, and how active each face is there."""
    chosen = choose_examples(audit.readings, column, audit.verdicts[column].judges, EXAMPLES)
    return {
        kind: [
            {"subject": audit.readings[e.subject].subject, "row": e.row, "activation": e.activation} for e in examples
        ]
        for kind, examples in zip(("best", "worst"), chosen, strict=True)
    }
