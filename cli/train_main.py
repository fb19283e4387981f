"""The command ``train``."""

from __future__ import annotations

import click

from cli.lazy import LazyGroup

COMMANDS = {
    "pm2": ("cli.train_run:pm2", "PM2: paired moment matching of real frames and their twins."),
    "base": ("cli.train_run:base", "Stage A: train encoder and heads on the labelled source."),
    "source": ("cli.train_run:source", "Train on the source, align nothing (direct transfer)."),
    "dan": ("cli.train_run:dan", "DAN: multi-kernel MMD between source and target features."),
    "dann": ("cli.train_run:dann", "DANN: adversarial domain discriminator on features."),
    "jan": ("cli.train_run:jan", "JAN: joint MMD of features and outputs."),
    "cdan": ("cli.train_run:cdan", "CDAN: discriminator conditioned on predictions."),
    "mcd": ("cli.train_run:mcd", "MCD: maximum classifier discrepancy."),
    "m3sda": ("cli.train_run:m3sda", "M3SDA: moment matching of real, synthetic and target features."),
    "eval": ("cli.train_eval:evaluate", "Score a checkpoint on a corpus: F1, EO, SPD, intervals."),
    "predict": ("cli.train_predict:predict", "Detect Action Units in a video or pictures; write a CSV."),
    "compare": ("cli.train_compare:compare", "Run many methods and seeds; write the paper's tables 3 to 6."),
    "export": ("cli.train_export:export", "Write a checkpoint as ONNX and check it against torch."),
    "bench": ("cli.train_bench:bench", "Measure loader and training steps on this machine."),
}


@click.group(
    "train",
    cls=LazyGroup,
    table=COMMANDS,
    epilog="""Examples:

    \b
    train pm2 --target gft                                simulated stand-ins, nothing to configure
    train pm2 --source out/twins --target out/gft         your own shards
    train compare --methods source,mcd,pm2 --seeds 5      tables with intervals
    train predict out/train/pm2-gft clip.mp4              one CSV row per frame
    """,
)
def main() -> None:
    """Action Unit detectors that hold on other people and cameras, and for women and men alike.

    Trains on the shards of `synth render`: labelled real frames, their female and male twins, and unlabelled
    frames of a target.
    """
