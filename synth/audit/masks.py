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

from assets.errors import InputError
from assets.shard import MEND, Shard, find_shards
from assets.shard_format import NOT_TRANSFERRED
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
    shards : int
        Shards with twins.
    written : int
        Those that had to be changed.
    """

    units: tuple[str, ...]
    shards: int
    written: int


def apply_to_run(out: Path, audit: dict[str, Any]) -> Masked:
    """Write ``avatars/not_transferred`` and the attribute ``audit`` into every shard with twins.

    Every shard is copied, changed under a hidden name, and renamed; the checksums of the run follow. Applying the same
    audit again changes nothing; applying a later one replaces the masks. Killed in between, a shard
    keeps its old bytes, and the same command finishes the work.

    Parameters
    ----------
    out : Path
        Run folder or single shard.
    audit : dict
        As ``synth.audit.report.record`` returns it.

    Raises
    ------
    InputError
        If another run is writing to the folder, or it cannot be written.
    """
    if out.is_dir() and (out / RUN_FILE).exists():
        with run_lock(out):
            return _apply(out, audit)
    return _apply(out, audit)


def _apply(out: Path, audit: dict[str, Any]) -> Masked:
    failed = {column for column, row in audit["units"].items() if row["verdict"] == FAILED}
    text = json.dumps(summary(audit), sort_keys=True)
    units: set[str] = set()
    shards = written = 0
    for path in find_shards(out):
        with Shard(path) as shard:
            if not shard.twins:
                continue
            names, twins = shard.au_names, len(shard.twins)
        mask = np.tile(np.array([name in failed for name in names], np.uint8), (twins, 1)).reshape(twins, len(names))
        units |= failed & set(names)
        shards += 1
        written += _write(path, mask, text, out)
    return Masked(tuple(sorted(units)), shards, written)


def summary(audit: dict[str, Any]) -> dict[str, Any]:
    """Return what a shard keeps of an audit: rule, frames and, per Action Unit, verdict, share and reason."""
    keep = ("verdict", "share", "r", "slope", "reason")
    units = {column: {key: row.get(key) for key in keep} for column, row in audit["units"].items()}
    return {"rule": audit["rule"], "frames": audit["about"]["frames"], "units": units}


def _write(path: Path, mask: np.ndarray, text: str, out: Path) -> bool:
    """Change one shard if it does not hold these masks yet; keep its checksum right in any case."""
    with h5py.File(path, "r") as file:
        same = (
            NOT_TRANSFERRED in file and file.attrs.get("audit") == text and np.array_equal(file[NOT_TRANSFERRED], mask)
        )
    if not same:
        partial = partial_path(path)
        with output_errors(path):
            shutil.copyfile(path, partial)
            try:
                _change(partial, mask, text)
                _record_checksum(out, path, file_sha256(partial))
                os.replace(partial, path)
            finally:
                partial.unlink(missing_ok=True)
    else:
        _record_checksum(out, path, file_sha256(path))
    return not same


def _change(path: Path, mask: np.ndarray, text: str) -> None:
    with h5py.File(path, "r+") as file:
        if NOT_TRANSFERRED in file and file[NOT_TRANSFERRED].shape != mask.shape:
            what = f"masks of shape {file[NOT_TRANSFERRED].shape} do not fit {mask.shape}"
            raise InputError.one(what, path, MEND)
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
