"""``train bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.train_options import given, setting_options
from cli.train_run import prepare, run_options, stage_settings


@click.command()
@click.option("--methods", default="pm2", show_default=True, help="Methods to time, separated by commas.")
@click.option("--steps", type=click.IntRange(3), default=20, show_default=True, help="Iterations of each timing.")
@click.option("--json", "json_path", type=Path, metavar="FILE", help="Write the figures to this file.")
@setting_options()
@run_options
def bench(methods: str, steps: int, json_path: Path | None, **options: Any) -> None:
    """Time the loader beside the bare decoder, and each method with the loader and with one batch kept on the device.

    The ratio of the last two says what the loader costs: 1 is nothing. A loader's processes begin anew with every pass
    over the source; if a pass has fewer steps than are timed, that is counted, too, and said.
    """
    from train.bench import bench_loader, bench_step
    from train.loop.files import write_json

    values = given(options, options["config"])
    values, standin = prepare(values, options["standin_subjects"], options["standin_frames"])
    settings = stage_settings("adapt", values, standin)
    loader = bench_loader(settings)
    click.echo(
        f"loader: {loader['images_per_cpu_s']:.0f} images per second of one core "
        f"({loader['size_px']} px, {loader['kilobytes']:.1f} kB each); "
        f"decoder alone {loader['decoded_per_cpu_s']:.0f}, ratio {loader['of_decoder']:.2f}"
    )
    rows: list[dict[str, Any]] = []
    for name in (part.strip() for part in methods.split(",") if part.strip()):
        row = bench_step(settings, name, steps)
        rows.append(row)
        phases = "  ".join(f"{phase} {seconds * 1e3:.0f} ms" for phase, seconds in row["phase_s"].items())
        memory = f"  {row['peak_gigabytes']:.1f} GB" if row["peak_gigabytes"] is not None else ""
        click.echo(
            f"{name}: {row['frames_per_s']:.1f} source frames/s, batch {row['batch']}, {row['backbone']}, "
            f"{row['device']}, {row['precision']}{memory}"
        )
        click.echo(f"  {phases}; step with loader / in memory: {row['efficiency']:.2f} of the speed")
    short = min((row["steps_per_pass"] for row in rows), default=steps)
    if short < steps:
        click.echo(
            f"note: the {steps} timed steps take more than one pass over the source ({short} steps), and loaders begin "
            "anew with each; for the loader alone take more frames, a smaller --batch or fewer --steps"
        )
    if json_path is not None:
        write_json(json_path, {"loader": loader, "steps": rows})
