"""``synth bench``: figures measured on this machine, as a table or as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from cli.lazy import LazyGroup

COMMANDS = {
    "end-to-end": ("cli.synth_bench:end_to_end", "CPU time of every step of the chain, and memory."),
    "render": ("cli.synth_bench:render", "Cost of a twin, step by step, beside stock pyrender."),
    "retarget": ("cli.synth_bench:retarget", "Fitted weights against known ones, and the rate of the fit."),
}


@click.group("bench", cls=LazyGroup, table=COMMANDS)
def bench() -> None:
    """Measure speed and quality on this machine.

    Speeds are CPU time of one process, so that other work on the machine does not count; compare only figures of one
    run.
    """
    from synth.run.pool import ONE_THREAD

    os.environ.update(ONE_THREAD)  # as in the workers; idle threads of a library would count as work


assets_option = click.option(
    "--assets", default="hm08", show_default=True, metavar="NAME|FOLDER", help="Rig to measure with."
)


@click.command("end-to-end")
@assets_option
@click.option("--frames", type=click.IntRange(8, 100_000), default=96, show_default=True, help="Frames to measure on.")
@click.option("--renderer", default="auto", show_default=True, help="auto, egl, osmesa or software.")
@click.option(
    "--size", type=click.IntRange(32, 2048), default=256, show_default=True, help="Side of the twins, pixels."
)
@click.option("--samples", type=int, default=4, show_default=True, help="Samples per pixel.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def end_to_end(assets: str, frames: int, renderer: str, size: int, samples: int, as_json: bool) -> None:
    """Measure tracking, fitting, drawing and writing on simulated footage.

    Memory is that of a worker process for so many frames and for four times as many: it must not grow with them.
    """
    from synth.bench.end_to_end import measure

    show(measure(frames, renderer, size, samples, assets), as_json)


@click.command()
@assets_option
@click.option("--frames", type=click.IntRange(8, 100_000), default=32, show_default=True, help="Frames per round.")
@click.option(
    "--size", type=click.IntRange(32, 2048), default=256, show_default=True, help="Side of the twins, pixels."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the expressions.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def render(assets: str, frames: int, size: int, seed: int, as_json: bool) -> None:
    """Measure every renderer that works here, and each step between weights and encoded twin."""
    from synth.bench.render import bench_render

    show(bench_render(size, frames, seed, assets), as_json)


@click.command()
@assets_option
@click.option("--frames", type=click.IntRange(8, 100_000), default=400, show_default=True, help="Frames per subject.")
@click.option("--subjects", type=click.IntRange(1, 1000), default=4, show_default=True, help="Simulated subjects.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the simulated expressions.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def retarget(assets: str, frames: int, subjects: int, seed: int, as_json: bool) -> None:
    """Fit simulated landmarks whose weights are known: correlation and error by input, noise and method."""
    from assets.rig_bundle import load_rig
    from synth.bench.retarget import retarget_table

    show(retarget_table(load_rig(assets), frames=frames, subjects=subjects, seed=seed), as_json)


def show(rows: Sequence[Any], as_json: bool) -> None:
    """Print records as a table, or as a JSON list.

    Parameters
    ----------
    rows : sequence of dataclass instances
        All of one class; its fields are the columns.
    as_json : bool
    """
    from dataclasses import asdict

    records = [{name: None if value != value else value for name, value in asdict(row).items()} for row in rows]
    if as_json:
        import json

        click.echo(json.dumps(records, indent=1))
        return
    names = list(records[0])
    cells = [[_text(record[name]) for name in names] for record in records]
    heads = [name.replace("_", " ") for name in names]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    numeric = [all(isinstance(record[name], int | float | None) for record in records) for name in names]
    for line in (heads, *cells):
        padded = [
            text.rjust(w) if right else text.ljust(w) for text, w, right in zip(line, widths, numeric, strict=True)
        ]
        click.echo("  ".join(padded).rstrip())


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
