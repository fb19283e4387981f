"""What a run writes: the locked configuration, the chosen epoch, the scores."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.errors import InputError
from train.data.assemble import RunData, TestSet
from train.data.frames import FrameTable, fingerprint, rows_digest
from train.data.people import people
from train.loop.checkpoint import CHECKPOINT, read_checkpoint
from train.loop.files import replace_file, write_json
from train.loop.scoring import score, scored_set, twin_gap
from train.loop.state import save_state
from train.loop.stored import SCORES, read_gap, read_scored, write_gap, write_scored
from train.metrics.report import counterfactual_gap, evaluate
from train.models.build import Detector
from train.settings import TrainSettings, as_table, deviations

if TYPE_CHECKING:
    from train.loop.run import Run

LOCK, METRICS, BEST = "config.lock", "metrics.json", "best.pt"
SIMULATED_NOTE = "simulated stand-in: the pictures called real were rendered; scores say nothing about real faces"
ORACLE_NOTE = "oracle-target: the epoch was chosen on target labels; not a fair score"

_SCORING = ("boot", "fairness", "gender_csv")
"""Settings that the scores alone depend on: those of a finished run are made anew from what it stored."""

_FREE = ("workers", "cache_gb", "log_every", "save_every", *_SCORING)
"""Settings that a continued run may change. Whom a list of genders deals to which side is part of the data."""


def run_meta(
    settings: TrainSettings, method: str, stage: str, data: RunData, initial: dict[str, Any] | None
) -> dict[str, Any]:
    """Return everything that tells this run from others; it is written to ``config.lock`` and the checkpoint."""
    notes = [f"departs from the paper: {text}" for text in deviations(settings, method)]
    if data.simulated:
        notes.insert(0, SIMULATED_NOTE)
    chosen = settings.select == "oracle-target"
    if chosen:
        notes.append(ORACLE_NOTE)
    return {
        "method": method,
        "stage": stage,
        "aus": list(data.columns),
        "heads": settings.heads,
        "settings": as_table(settings),
        "deviations": deviations(settings, method),
        "simulated": data.simulated,
        "notes": notes,
        "source": _described(data.source, data.source_name, True),
        "target": _described(data.target, data.target_name, chosen) if data.target is not None else None,
        "val": None if data.val is None else rows_digest(data.val.table),
        "test": None if data.test is None else rows_digest(data.test.table),
        "trained_on": sorted(people(data.source) | set(initial.get("trained_on", ()) if initial else ())),
        "init": None if initial is None else {key: initial[key] for key in ("method", "stage", "source", "settings")},
        "versions": {name: _version(name) for name in ("twinface", "torch", "timm", "lightning", "numpy")},
    }


def _described(table: FrameTable, name: str, with_labels: bool) -> dict[str, Any]:
    licences = {json.dumps(shard.json("licences"), sort_keys=True) for shard in table.shards}
    return {
        "corpus": name,
        "subjects": len(set(table.shard.tolist())),
        "frames": len(table),
        "paired": int(table.paired.sum()),
        "twins": list(table.twins),
        "fingerprint": fingerprint(table, with_labels),
        "rows": rows_digest(table),
        "licences": [json.loads(text) for text in sorted(licences)],
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def earlier_result(out: Path, meta: dict[str, Any]) -> dict[str, Any] | None:
    """Return the scores of the folder if the same run is finished there, None if it is to begin or to continue.

    Raises
    ------
    InputError
        If the folder holds another run.
    """
    lock = out / LOCK
    if lock.is_file():
        try:
            before = json.loads(lock.read_text(encoding="utf-8"))
        except ValueError:
            raise InputError.one("config.lock is damaged", lock, "pass another --out") from None
        changed = _changed(before, meta)
        if changed:
            what = f"the folder holds another run, which differs in {', '.join(changed[:6])}"
            raise InputError.one(what, out, "pass another --out, or the same settings to continue")
        if (out / METRICS).is_file() and (meta["test"] is None or (out / SCORES).is_file()):
            return json.loads((out / METRICS).read_text(encoding="utf-8"))
    return None


def _changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    old, new = before.get("settings", {}), now["settings"]
    names = [key for key in new if key not in _FREE and old.get(key) != new[key]]
    same = json.loads(json.dumps(now))
    names += [
        key
        for key in ("method", "stage", "aus", "source", "target", "val", "test", "init")
        if before.get(key) != same[key]
    ]
    return names


def rescored(out: Path, settings: TrainSettings, data: RunData, before: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of a finished run for the labels, genders and bootstrap draws of now; no network is run.

    Where they differ from those of before, the folder follows.

    Parameters
    ----------
    out : Path
    settings : TrainSettings
    data : RunData
        The same frames as of before.
    before : dict
        Content of ``metrics.json``.
    """
    table = dict(before)
    scored = None
    if data.test is not None:
        scored = scored_set(data.test, read_scored(out).probs)
        scores = evaluate(scored, settings.fairness, settings.boot, settings.seed)
        table["test"] = {"test_set": data.test.name, **scores}
    gap = read_gap(out)
    if gap is not None:
        table["counterfactual_gap"] = counterfactual_gap(gap, settings.boot, settings.seed)
    table = json.loads(json.dumps(table))
    if table != before:
        if scored is not None:
            write_scored(out, scored)
        lock = json.loads((out / LOCK).read_text(encoding="utf-8"))
        lock["settings"] |= {name: getattr(settings, name) for name in _SCORING}
        write_json(out / LOCK, lock)
        write_json(out / METRICS, table)
    return table


def select_epoch(run: Run, epoch: int) -> None:
    """Score the epoch that has just ended, if a selection rule asks for it, and keep the best."""
    rule = run.settings.select
    test = {"last": None, "source-val": run.data.val, "oracle-target": run.data.test}[rule]
    if test is None:
        return
    table, _ = _scored(run, test, fairness=False, draws=0)
    value = table["f1"]["avg"]
    best = run.meta.setdefault("selection", {"rule": rule, "best": -1.0, "epoch": -1, "history": []})
    best["history"].append(value)
    if value > best["best"]:
        best["best"], best["epoch"] = value, epoch + 1
        save_state(run, BEST)
    run.reporter.note(f"epoch {epoch + 1}: F1 {100 * value:.1f} on {test.name} (rule {rule})")


def _scored(run: Run, test: TestSet, fairness: bool, draws: int) -> tuple[dict[str, Any], Any]:
    detector = Detector(run.system.encoder, run.system.heads)
    batch = max(64, run.settings.batch)
    return score(detector, test, run.fabric, batch, run.workers, fairness, draws, run.settings.seed)


def finish(run: Run) -> dict[str, Any]:
    """Score the chosen epoch and write ``metrics.json``, ``scores.npz`` and ``gap.npz``."""
    settings = run.settings
    if (run.out / BEST).is_file() and settings.select != "last":
        state, _ = read_checkpoint(run.out / BEST)
        for key, module in run.system.plain.items():
            module.load_state_dict(state[key])
        if run.fabric.is_global_zero:
            replace_file(run.out / CHECKPOINT, lambda part: part.write_bytes((run.out / BEST).read_bytes()))
    table: dict[str, Any] = {
        key: run.meta[key] for key in ("method", "stage", "aus", "simulated", "notes", "deviations")
    }
    table["selection"] = run.meta.get("selection", {"rule": settings.select})
    table["seed"] = settings.seed
    within = run.data.target is None and (settings.fold >= 0 or settings.partition)
    table["evaluation"] = "within-domain" if within else settings.evaluation
    table["corpora"] = {"source": run.data.source_name, "target": run.data.target_name}
    if run.data.test is not None:
        scores, scored = _scored(run, run.data.test, settings.fairness, settings.boot)
        if run.fabric.is_global_zero:
            write_scored(run.out, scored)
        table["test"] = scores
    detector = Detector(run.system.encoder, run.system.heads)
    table["counterfactual_gap"], gap = twin_gap(
        detector, run.data.source, run.data.columns, run.fabric, 128, run.workers, settings.boot, settings.seed,
        settings.gap_frames,
    )  # fmt: skip
    if gap is not None and run.fabric.is_global_zero:
        write_gap(run.out, gap)
    if run.fabric.is_global_zero:
        write_json(run.out / METRICS, table)
    run.fabric.barrier()
    return table
