"""``train eval``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cli.train_options import given, setting_options

USED = ("data_root", "aus", "gender_csv", "fairness", "workers", "batch", "boot", "seed", "accelerator", "precision")


def _unused() -> tuple[str, ...]:
    from dataclasses import fields

    from train.settings import TrainSettings

    return tuple(item.name for item in fields(TrainSettings) if item.name not in USED)


@click.command("eval")
@click.argument("checkpoint", type=Path)
@click.argument("corpus")
@setting_options(("data", "loop"), skip=_unused())
@click.option("--allow-single-class", is_flag=True, help="Score Action Units that are always or never active, too.")
@click.option("--out", type=Path, metavar="JSON", help="Write the scores to this file.")
def evaluate(checkpoint: Path, corpus: str, allow_single_class: bool, out: Path | None, **options: Any) -> None:
    """Score CHECKPOINT (a run folder) on CORPUS (a folder of shards, or a name under --data-root).

    F1 for each Action Unit, the paper's EO and SPD, TPR-based equal opportunity, demographic parity, and the gap
    between twins if the shards hold any; intervals are drawn over subjects.
    """
    from cli.train_show import score_lines
    from train.loop.evaluate import evaluate_checkpoint
    from train.loop.files import write_json
    from train.settings import TrainSettings, with_values

    settings = with_values(TrainSettings(), given(options, None), "options")
    result = evaluate_checkpoint(checkpoint, corpus, settings, allow_single_class)
    for line in score_lines(json.loads(json.dumps(result))):
        click.echo(line)
    if out is not None:
        write_json(out, result)
        click.echo(f"written to {out}")
