"""``train compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.train_options import given, setting_options
from cli.train_run import OUT, base_options, base_values, prepare, run_options, stage_settings

DEFAULT_METHODS = "source,mcd,m3sda,pm2"


@click.command()
@click.option("--methods", default=DEFAULT_METHODS, show_default=True, help="Methods, or all.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Number of seeds, from --seed up.")
@click.option("--ablation", is_flag=True, help="Also run the nine weights (α, β) of the paper's table 6.")
@setting_options()
@base_options
@run_options
def compare(methods: str, seeds: int, ablation: bool, **options: Any) -> None:
    """Run several methods and seeds and write the paper's tables 3 to 6.

    Writes tables.md, tables.csv, tables.tex and summary.json to --out, with intervals over subjects and seeds. What
    the paper prints stands in a column of its own, marked so. Finished runs are kept; stage A is shared by all methods
    of a seed.
    """
    from assets.errors import InputError
    from cli.train_progress import reporter
    from train.methods.registry import METHODS
    from train.report.compare import Plan
    from train.report.compare import compare as run_all
    from train.report.tables import to_markdown

    if options["init"] is not None:
        raise InputError.one("stage A is run for every seed", "--init", "leave --init out")
    values = given(options, options["config"])
    values, standin = prepare(values, options["standin_subjects"], options["standin_frames"])
    adapt = stage_settings("adapt", values, standin)
    if not adapt.target:
        raise InputError.one("there is nothing to test on", "--target", "pass --target")
    base = stage_settings("base", base_values(values, options), standin)
    names = tuple(METHODS) if methods == "all" else tuple(name.strip() for name in methods.split(",") if name.strip())
    out = options["out"] or OUT / "compare"
    plan = Plan(names, tuple(range(adapt.seed, adapt.seed + seeds)), base, adapt, ablation, Path(out))
    with reporter() as shown:
        tables, _ = run_all(plan, shown)
    for table in tables:
        click.echo(to_markdown(table))
    click.echo(f"written to {out}")
