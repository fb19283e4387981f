"""What ``synth render`` and ``synth ingest`` have in common: options, settings, carrying out, what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from cli.errors import report

DEFAULT_OUT = "out"
EXIT_CODES = "0 done, 1 some subjects or pictures could not be read, 2 a mistake in the input, 3 no face anywhere."

_OPTIONS = (
    click.option("--au-threshold", type=float, metavar="X", help="AU…_r columns count as active from here.  [1]"),
    click.option("--frames", type=int, metavar="N", help="Frames per subject, spread evenly over the labelled ones.  "
                 "[all]"),
    click.option("--seed", type=int, metavar="N", help="Root of all randomness; 0 is a seed like any other.  [0]"),
    click.option("--size", type=int, metavar="PX", help="Side of every picture.  [256]"),
    click.option("--encoding", metavar="NAME", help="jpeg (quality 95, 4:2:0) or png (lossless).  [jpeg]"),
    click.option("--detector", metavar="NAME", help="litert, or mediapipe (optional; sends usage data to its maker).  "
                 "[litert]"),
    click.option("--face-rule", metavar="NAME", help="Which of several faces: largest, central, first.  [largest]"),
    click.option("--out", type=Path, metavar="FOLDER", help=f"Where the run goes.  [{DEFAULT_OUT}]"),
    click.option("--workers", type=int, metavar="N", help="Processes; the result does not depend on it.  [all cores]"),
    click.option("--config", type=Path, metavar="TOML", help="Settings from a file; options given here win."),
    click.option("--overwrite", is_flag=True, help="Begin anew, whatever the folder holds."),
)  # fmt: skip


def run_options(command: Callable) -> Callable:
    """Add the options of every run to a command; they come last on its help page."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_settings(
    kind: type, options: dict[str, Any], config: Path | None, out: Path | None, workers: int | None
) -> tuple[dict[str, Any], Path, int]:
    """Return the settings that were given, the folder of the run and the number of workers.

    Parameters
    ----------
    kind : type
        ``RenderConfig`` or ``IngestConfig``.
    options : dict
        Of the command line; None and () are *not given*.
    config : Path or None
        TOML file; the command line wins.
    out : Path or None
    workers : int or None

    Raises
    ------
    InputError
        Everything wrong in the file, or a number of workers that is not possible.
    """
    from assets.errors import InputError
    from synth.doctor import usable_cores
    from synth.run.config import make_config, read_config

    values = read_config(config) if config is not None else {}
    saved_out, saved_workers = values.pop("out", DEFAULT_OUT), values.pop("workers", None)
    if config is not None:
        make_config(values, str(config), kind)
    given = {field.name: options[field.name] for field in fields(kind) if options[field.name] not in (None, ())}
    crew = workers if workers is not None else saved_workers if saved_workers is not None else usable_cores()
    if not isinstance(crew, int) or not 1 <= crew <= 1024:
        raise InputError.one(f"{crew!r} worker processes are not possible", "--workers", "use 1 to 1024")
    return values | given, Path(saved_out) if out is None else out, crew


def say_source(plan: Any) -> None:
    """Print what is read."""
    kind = " (simulated: rendered faces, no person is shown)" if plan.source.simulated else ""
    click.echo(f"source    {plan.source.corpus}{kind}: {len(plan.subjects)} subjects, {plan.frames} frames")


def carry_out(settings: Any, plan: Any, folder: Path, workers: int, overwrite: bool) -> int:
    """Carry the plan out, say what became of it, and return the exit code."""
    from cli.progress import progress_watcher
    from synth.run.run import run

    with progress_watcher() as watcher:
        result = run(settings, plan, folder, workers, overwrite, watcher)
    for subject, problems in (result.failed | result.flawed).items():
        report("synth", (f"subject {subject}: {problem}" for problem in problems))
    if plan.avatars:
        click.echo(f"renderer  {result.renderer}")
    if result.kept:
        click.echo(f"kept      {result.kept} subjects were finished before")
    for line in count_lines(result.total, plan.frames, len(result.failed)):
        click.echo(line)
    shown = result.total("ok") or result.total("real_only")
    look = f"; look at them with: synth view {folder}" if shown else ""
    click.echo(f"shards    {len(result.counts)} in {folder / 'shards'}{look}")
    return 1 if result.failed or result.flawed else 0


def count_lines(total: Any, planned: int, failed: int) -> list[str]:
    """Return the sum of all statuses in words.

    Parameters
    ----------
    total : callable
        Status name to count.
    planned : int
        Rows that were planned.
    failed : int
        Subjects without a shard.
    """
    from assets.shard_format import Status

    names = [code.name.lower() for code in Status]
    parts = [f"{total(name)} {name}" for name in names if total(name)]
    missing = planned - sum(total(name) for name in names)
    if missing:
        parts.append(f"{missing} in {failed} failed subjects" if failed else f"{missing} not rendered")
    return [f"rows      {planned} planned = {' + '.join(parts) or '0 ok'}"]
