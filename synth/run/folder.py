"""The folder of a run: who may write to it, what it holds, what is finished."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from assets.errors import InputError, Problem
from assets.shard import MEND, Shard
from assets.shard_format import SHARD_SUFFIX
from synth.run.config import RenderConfig, config_toml
from synth.run.plan import RunPlan, shard_folder
from synth.shards.checksums import CHECKSUM_FILE, file_sha256
from synth.shards.failures import output_errors

RUN_FILE, CONFIG_FILE = "run.json", "config.toml"
RUN_LOCK, WORKER_LOCK = ".run.lock", ".workers.lock"
_ORPHANS_WAIT_S = 20.0


@contextlib.contextmanager
def run_lock(out: Path) -> Iterator[None]:
    """Hold the folder for this run; waits for workers that an earlier, killed run left behind.

    Raises
    ------
    InputError
        If another run is writing to it.
    """
    with output_errors(out):
        shard_folder(out).mkdir(parents=True, exist_ok=True)
        lock, workers = (out / RUN_LOCK).open("a"), (out / WORKER_LOCK).open("a")
    with lock, workers:
        busy = InputError.one("another run is writing to this folder", out, "wait for it, or choose another --out")
        if not _try_lock(lock):
            raise busy
        waited = 0.0
        while not _try_lock(workers):
            if waited > _ORPHANS_WAIT_S:
                raise busy
            time.sleep(0.1)
            waited += 0.1
        fcntl.flock(workers, fcntl.LOCK_UN)
        yield


def hold_as_worker(out: Path) -> IO[str]:
    """Mark the folder as written by this worker until the returned file is closed or the process ends."""
    file = (out / WORKER_LOCK).open("a")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_json(path: Path, value: Any) -> None:
    """Write JSON under another name, then rename: a reader never sees half of it."""
    with output_errors(path):
        part = path.with_name(f".{path.name}.partial")
        part.write_text(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, path)


def read_json(path: Path) -> Any:
    """Read a JSON file of the run folder.

    Raises
    ------
    InputError
        If it is missing or broken.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError.one("this folder holds no run", path.parent, "pass the --out of `synth render`") from None
    except (ValueError, UnicodeDecodeError):
        raise InputError.one("this file is broken", path, "render again with --overwrite") from None


def prepare_folder(out: Path, config: RenderConfig, plan: RunPlan, overwrite: bool) -> None:
    """Make the folder ready: empty it if asked to, or check that it holds the same run.

    Raises
    ------
    InputError
        If the folder holds a run of another configuration, or something that is no run.
    """
    run_file = out / RUN_FILE
    if overwrite:
        for path in shard_folder(out).iterdir():
            if path.is_file() and path.name.endswith((SHARD_SUFFIX, f"{SHARD_SUFFIX}.partial")):
                path.unlink()
        for name in (RUN_FILE, CONFIG_FILE, CHECKSUM_FILE):
            (out / name).unlink(missing_ok=True)
    elif run_file.exists():
        _check_same(out, read_json(run_file), config, plan)
    with output_errors(out):
        (out / CONFIG_FILE).write_text(config_toml(config), encoding="utf-8")


def _check_same(out: Path, saved: dict[str, Any], config: RenderConfig, plan: RunPlan) -> None:
    before, now = saved.get("config", {}), json.loads(config.to_json())
    defaults = json.loads(type(config)().to_json())
    mend = "repeat the options of that run, choose another --out, or pass --overwrite"
    problems = [
        Problem(f"--{name.replace('_', '-')} was {before.get(name)!r} in the run this folder holds, now {now[name]!r}",
                str(out), mend)
        for name in now
        if before.get(name, defaults.get(name)) != now[name]
    ]  # fmt: skip
    planned = json.loads(json.dumps(plan.record()))
    if not problems and not _goes_on(saved, planned):
        problems.append(Problem("the source holds other frames or labels than when this run began", str(out), mend))
    if problems:
        raise InputError(problems)


def _goes_on(saved: dict[str, Any], planned: dict[str, Any]) -> bool:
    """Say whether the plan is the saved one, but for subjects that could not be opened then or cannot be now.

    Without avatars no subject depends on another, so that one may come or go; with avatars the pairing would change.
    """
    before = saved.get("plan", {})
    if planned["avatars"]:
        return before == planned
    shared = set(before.get("subjects", {})) & set(planned["subjects"])
    same = all(before["subjects"][name] == planned["subjects"][name] for name in shared)
    return same and all(before.get(name) == planned[name] for name in ("corpus", "au_names", "avatars"))


def finished_subjects(out: Path, config: RenderConfig, plan: RunPlan) -> dict[str, str]:
    """Return subject to shard checksum of those whose shard is complete; checksums that are missing are computed.

    Raises
    ------
    InputError
        If a shard with a finished name cannot be read, or was rendered with other options.
    """
    now, defaults = json.loads(config.to_json()), json.loads(type(config)().to_json())
    path = out / CHECKSUM_FILE
    known: dict[str, str] = read_json(path) if path.exists() else {}
    done = {}
    for subject in plan.subjects:
        file = shard_folder(out) / subject.file_name
        if file.exists():
            with Shard(file) as shard:
                if len(shard) != subject.frames:
                    what = f"the shard has {len(shard)} rows, planned are {subject.frames}"
                    raise InputError.one(what, file, MEND)
                if defaults | shard.json("config") != now:
                    mend = "repeat the options of that run, choose another --out, or pass --overwrite"
                    raise InputError.one("the shard was rendered with other options", file, mend)
            done[subject.subject] = known.get(f"shards/{subject.file_name}") or file_sha256(file)
    return done


def write_checksums(out: Path, plan: RunPlan, done: dict[str, str]) -> None:
    """Write ``checksums.json``: file name to SHA-256 of every finished shard."""
    files = {subject.subject: f"shards/{subject.file_name}" for subject in plan.subjects}
    write_json(out / CHECKSUM_FILE, {files[subject]: digest for subject, digest in done.items()})
