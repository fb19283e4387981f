"""Checks of a finished run: counts, triplets, pictures, checksums."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assets.errors import InputError, Problem
from assets.shard import Shard, find_shards
from assets.shard_format import IMAGE_REAL, WITHOUT_PICTURE, Status
from synth.run.folder import RUN_FILE, read_json
from synth.shards.checksums import CHECKSUM_FILE, file_sha256
from synth.shards.encode import decode_picture

_MADE_ANEW = "delete this file and give the command of the run again: it makes what is missing anew and keeps the rest"


@dataclass
class Verdict:
    """What a check found.

    Attributes
    ----------
    counts : dict of str to dict
        Subject to the counts of ``shard_counts``.
    faults : list of str
        One line for everything that is missing or wrong, with its mend; empty if the run is whole.
    simulated : bool
        Whether any of the real frames are simulated.
    """

    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    simulated: bool = False

    def total(self, name: str) -> int:
        """Return the sum of one count over all subjects."""
        return sum(counts[name] for counts in self.counts.values())


def shard_counts(path: Path) -> dict[str, Any]:
    """Return ``planned``, the count of each status by name, and ``median_residual_px`` of a shard's twins."""
    with Shard(path) as shard:
        status = shard.status
        drawn = np.isin(status, (Status.OK, Status.RENDER_FAILED))
        residual = shard.array("frames/residual_px")[drawn]
    counts = {code.name.lower(): int((status == code).sum()) for code in Status}
    median = round(float(np.median(residual)), 3) if len(residual) else None
    return {"planned": len(status), **counts, "median_residual_px": median}


def verify_run(out: Path, decode: bool = True) -> Verdict:
    """Check a run folder, or a single shard.

    Parameters
    ----------
    out : Path
    decode : bool
        Whether to decode every picture; costs about 0.3 ms each.

    Returns
    -------
    Verdict

    Raises
    ------
    InputError
        If there is nothing to check.
    """
    verdict = Verdict()
    if out.is_dir() and (out / RUN_FILE).exists():
        _check_plan(out, verdict)
        paths = [path for path in (out / "shards").glob("*.h5") if not path.name.startswith(".")]
    else:
        paths = find_shards(out)
    checksums = read_json(out / CHECKSUM_FILE) if (out / CHECKSUM_FILE).is_file() else {}
    for path in sorted(paths):
        expected = checksums.get(f"shards/{path.name}")
        if expected is not None and file_sha256(path) != expected:
            verdict.faults.append(_fault(path, "its checksum differs from the one recorded when it was finished"))
        try:
            with Shard(path) as shard:
                verdict.faults += check_shard(shard, decode)
                verdict.counts[shard.subject] = shard_counts(path)
                verdict.simulated |= shard.simulated
        except InputError as error:
            verdict.faults += map(str, error.problems)
        except (OSError, KeyError, RuntimeError) as error:
            verdict.faults.append(_fault(path, f"it cannot be read ({error})"))
    return verdict


def _fault(path: Path, what: str, mend: str = _MADE_ANEW) -> str:
    return str(Problem(what, str(path), mend))


def _check_plan(out: Path, verdict: Verdict) -> None:
    """Compare the plan with what is there."""
    record = read_json(out / RUN_FILE)
    for subject, planned in record["plan"]["subjects"].items():
        path = out / planned["shard"]
        state = record["results"].get(subject, {"state": "planned"})
        if not path.exists():
            why = "; ".join(state.get("problems", ())) or "not rendered yet"
            what = f"the shard of subject {subject!r} is missing ({why})"
            verdict.faults.append(_fault(path, what, "give the command of the run again: it makes what is missing"))
            continue
        try:
            with Shard(path) as shard:
                rows = len(shard)
        except InputError:
            continue
        if rows != planned["planned_frames"]:
            verdict.faults.append(_fault(path, f"{rows} rows for {planned['planned_frames']} planned frames"))


def check_shard(shard: Shard, decode: bool = True) -> list[str]:
    """Return one line, with its mend, for everything wrong inside a shard.

    Parameters
    ----------
    shard : Shard
    decode : bool
        Whether to decode every picture.

    Raises
    ------
    InputError
        If the file deviates from the format.
    """
    shard.validate()
    faults = []
    status = shard.status
    if not shard.file.attrs["complete"]:
        faults.append("it is not marked complete")
    known = np.isin(status, list(Status))
    if not known.all():
        faults.append(f"{(~known).sum()} rows have no known status")
    sequence, frame = shard.array("frames/sequence"), shard.array("frames/frame")
    if len(np.unique(np.stack([sequence, frame]), axis=1).T) != len(frame):
        faults.append("a frame has two rows")
    if (shard.au[shard.au_mask == 1] > 1).any() or (shard.au_mask > 1).any():
        faults.append("a label is neither 0 nor 1")
    for image in shard.images:
        faults += _check_pictures(shard, image, decode)
    return [_fault(shard.path, fault) for fault in faults]


def _check_pictures(shard: Shard, image: str, decode: bool) -> list[str]:
    offsets, status = shard.offsets[image], shard.status
    faults = []
    size = shard.file[f"images/{image}/blob"].shape[0]
    start, length = offsets[:, 0], offsets[:, 1]
    if (start < 0).any() or (length < 0).any() or (start + length > size).any():
        return [f"pictures of {image!r} lie outside their blob"]
    if not (start[1:] == start[:-1] + length[:-1]).all() or (len(start) and start[-1] + length[-1] != size):
        faults.append(f"pictures of {image!r} leave gaps or overlap")
    there = length > 0
    complete = status == Status.OK
    if image == IMAGE_REAL:
        complete = ~np.isin(status, WITHOUT_PICTURE)
    missing, surplus = np.flatnonzero(complete & ~there), np.flatnonzero(np.isin(status, WITHOUT_PICTURE) & there)
    if len(missing):
        faults.append(f"{len(missing)} rows lack their picture {image!r}, first row {missing[0]}")
    if len(surplus):
        faults.append(f"{len(surplus)} rows without a face have a picture {image!r}, first row {surplus[0]}")
    if decode:
        side = int(shard.file.attrs["size_px"])
        bad = [row for row in np.flatnonzero(there) if not _decodes(shard, image, int(row), side)]
        if bad:
            faults.append(f"{len(bad)} pictures {image!r} cannot be decoded to {side} px, first row {bad[0]}")
    return faults


def _decodes(shard: Shard, image: str, row: int, side: int) -> bool:
    data = shard.read_bytes(image, row)
    try:
        return data is not None and decode_picture(data).shape == (side, side, 3)
    except ValueError:
        return False
