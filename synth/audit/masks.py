"""Masks of what did not transfer, written into the shards of a run; labels and rows stay as they are."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from assets.errors import InputError, Problem
from assets.shard import MEND, Shard, find_shards
from assets.shard_format import NOT_TRANSFERRED
from synth.audit.verdict import JUDGED, TOO_FEW
from synth.audit.verdict import NOT_TRANSFERRED as FAILED
from synth.run.folder import RUN_FILE, read_json, run_lock, write_json
from synth.shards.checksums import CHECKSUM_FILE, file_sha256
from synth.shards.writer import output_errors, partial_path


@dataclass(frozen=True)
class Masked:
    """What was masked.

    Attributes
    ----------
    units : tuple of str
        Labelled Action Units that are masked.
    kept : tuple of str
        Labelled Action Units with too few frames for a verdict: their masks are as they were.
    shards : int
        Shards with twins.
    written : int
        Those that had to be changed.
    """

    units: tuple[str, ...]
    kept: tuple[str, ...]
    shards: int
    written: int


def apply_to_run(out: Path, audit: dict[str, Any]) -> Masked:
    """Write ``avatars/not_transferred`` and the attribute ``audit`` into every shard with twins.

    Every shard is copied, changed under a hidden name, and renamed; the checksums of the run follow. Applying the same
    audit again changes nothing; applying a later one replaces the masks, but for Action Units that it had too few
    frames to judge. Killed in between, a shard keeps its old bytes, and the same command finishes the work.

    Parameters
    ----------
    out : Path
        Run folder or single shard.
    audit : dict
        As ``synth.audit.report.record`` returns it.

    Raises
    ------
    InputError
        If another run is writing to the folder, a shard changed since it was finished, or cannot be written.
    """
    if out.is_dir() and (out / RUN_FILE).exists():
        with run_lock(out):
            return _apply(out, audit)
    return _apply(out, audit)


def _apply(out: Path, audit: dict[str, Any]) -> Masked:
    paths = find_shards(out)
    _refuse_damaged(out, paths)
    text = json.dumps(summary(audit), sort_keys=True)
    nothing = bool(_with(audit, TOO_FEW)) and not any(_with(audit, verdict) for verdict in JUDGED)
    units: set[str] = set()
    kept: set[str] = set()
    shards = written = 0
    for path in paths:
        with Shard(path) as shard:
            if not shard.twins:
                continue
            names = shard.au_names
            mask = _mask(shard, audit)
        units |= {names[column] for column in np.flatnonzero(mask.any(0))}
        kept |= set(names) & _with(audit, TOO_FEW)
        shards += 1
        written += not nothing and _write(path, mask, text, out)
    return Masked(tuple(sorted(units)), tuple(sorted(kept)), shards, written)


def _with(audit: dict[str, Any], verdict: str) -> set[str]:
    return {column for column, row in audit["units"].items() if row["verdict"] == verdict}


def _mask(shard: Shard, audit: dict[str, Any]) -> np.ndarray:
    """Return the masks (G, A) uint8 of a shard after an audit."""
    names = np.array(shard.au_names)
    mask = np.zeros((len(shard.twins), len(names)), np.uint8)
    mask[:, np.isin(names, list(_with(audit, FAILED)))] = 1
    if NOT_TRANSFERRED in shard.file:
        before = shard.array(NOT_TRANSFERRED)
        if before.shape != mask.shape:
            what = f"masks of shape {before.shape} do not fit {mask.shape}"
            raise InputError.one(what, shard.path, MEND)
        unjudged = np.isin(names, list(_with(audit, TOO_FEW)))
        mask[:, unjudged] = before[:, unjudged]
    return mask


def _refuse_damaged(out: Path, paths: list[Path]) -> None:
    """Raise for every shard whose checksum is not the recorded one; finish what an earlier call was killed over.

    Raises
    ------
    InputError
    """
    recorded = read_json(out / CHECKSUM_FILE) if (out / CHECKSUM_FILE).is_file() else {}
    problems = []
    for path in paths:
        expected, partial = recorded.get(f"shards/{path.name}"), partial_path(path)
        if expected is None or file_sha256(path) == expected:
            continue
        if partial.is_file() and file_sha256(partial) == expected:
            os.replace(partial, path)
            continue
        what = "its checksum differs from the one recorded when it was finished, so nothing is masked"
        mend = "delete this file and run its `synth render` command again, which makes it anew; then audit it"
        problems.append(Problem(what, str(path), mend))
    if problems:
        raise InputError(problems)


def summary(audit: dict[str, Any]) -> dict[str, Any]:
    """Return what a shard keeps of an audit: rule, frames and, per Action Unit, verdict, share and reason."""
    keep = ("verdict", "share", "r", "slope", "reason")
    units = {column: {key: row.get(key) for key in keep} for column, row in audit["units"].items()}
    return {"rule": audit["rule"], "frames": audit["about"]["frames"], "units": units}


def _write(path: Path, mask: np.ndarray, text: str, out: Path) -> bool:
    """Change one shard if it does not hold these masks yet, and its checksum with it.

    If the process ends between checksum and renaming, the changed copy stays, and ``_refuse_damaged`` renames it.
    """
    with h5py.File(path, "r") as file:
        if NOT_TRANSFERRED in file and file.attrs.get("audit") == text and np.array_equal(file[NOT_TRANSFERRED], mask):
            return False
    partial = partial_path(path)
    with output_errors(path):
        try:
            shutil.copyfile(path, partial)
            _change(partial, mask, text)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        _record_checksum(out, path, file_sha256(partial))
        os.replace(partial, path)
    return True


def _change(path: Path, mask: np.ndarray, text: str) -> None:
    with h5py.File(path, "r+") as file:
        if NOT_TRANSFERRED in file:
            file[NOT_TRANSFERRED][...] = mask
        else:
            file.create_dataset(NOT_TRANSFERRED, data=mask)
        file.attrs["audit"] = text
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _record_checksum(out: Path, path: Path, digest: str) -> None:
    file = out / CHECKSUM_FILE
    if not file.is_file():
        return
    known = read_json(file)
    name = f"shards/{path.name}"
    if name in known and known[name] != digest:
        write_json(file, known | {name: digest})
