"""``train predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.train_options import given, setting_options

USED = ("batch", "accelerator", "precision")


def _unused() -> tuple[str, ...]:
    from dataclasses import fields

    from train.settings import TrainSettings

    return tuple(item.name for item in fields(TrainSettings) if item.name not in USED)


@click.command()
@click.argument("checkpoint", type=Path)
@click.argument("source", type=Path)
@setting_options(("loop",), skip=_unused())
@click.option("--workers", type=click.IntRange(0), metavar="N", help="Loader processes.  [0]")
@click.option("--out", type=Path, metavar="CSV", help="The table.  [SOURCE's name + _au.csv]")
@click.option("--video", type=Path, metavar="MP4", help="Also write a video: the face beside a bar for each AU.")
@click.option("--strip", type=Path, metavar="PNG", help="Also write a picture of six frames with their bars.")
@click.option("--crops", type=Path, metavar="FOLDER", help="Keep the face crops here and reuse them.  [temporary]")
def predict(checkpoint: Path, source: Path, out: Path | None, video: Path | None, strip: Path | None,
            crops: Path | None, **options: Any) -> None:  # fmt: skip
    """Detect Action Units in SOURCE with CHECKPOINT (a run folder).

    SOURCE is a video, a picture, a folder of either, or a folder of shards. Faces are tracked and cut out just as for
    training. The table has one row per frame: subject, sequence, frame, time_s, confidence, success, then AU01_p …
    (probability) and AU01_c … (1 above one half); without a face these are empty.
    """
    from tempfile import TemporaryDirectory

    from assets.errors import InputError
    from assets.shard import Shard, find_shards
    from train.predict import predict_shards, write_predictions
    from train.settings import TrainSettings, with_values

    if not source.exists():
        raise InputError.one("there is no such file or folder", source, "pass a video, a picture or a folder")
    settings = with_values(TrainSettings(), {"workers": 0, **given(options, None)}, "options")
    table = out or Path(f"{source.name.split('.')[0]}_au.csv")
    with TemporaryDirectory() as temporary:
        folder = source if _holds_shards(source) else _cut_faces(source, crops or Path(temporary) / "crops")
        shards = [Shard(path) for path in find_shards(folder)]
        columns, rows, meta = predict_shards(checkpoint, shards, settings)
        write_predictions(table, columns, rows)
        note = "detector trained on simulated stand-ins" if meta["simulated"] else ""
        if video is not None or strip is not None:
            from train.report.strip import write_strip, write_video

            if strip is not None:
                write_strip(strip, rows, shards, columns, note)
            if video is not None:
                times = [row.time_s for row in rows[:2]]
                step = times[1] - times[0] if len(times) == 2 else 0.0
                write_video(video, rows, shards, columns, 1 / step if step > 0 else 25.0, note)
    if meta["simulated"]:
        click.echo("note: this detector was trained on simulated stand-ins; it has not seen a real face")
    found = sum(row.success for row in rows)
    click.echo(f"{len(rows)} frames, a face in {found}; {len(columns)} Action Units; written to {table}")


def _holds_shards(source: Path) -> bool:
    from assets.shard_format import SHARD_SUFFIX

    if source.is_file():
        return source.suffix == SHARD_SUFFIX
    return any(next(place.glob(f"*{SHARD_SUFFIX}"), None) is not None for place in (source, source / "shards"))


def _cut_faces(source: Path, folder: Path) -> Path:
    """Track the faces of footage and cut them out as training does; return the run folder."""
    from assets.errors import InputError
    from cli.progress import progress_watcher
    from synth.doctor import usable_cores
    from synth.run.config import make_config
    from synth.run.plan import make_plan, plan_source
    from synth.run.run import run

    plan = make_plan(config := make_config({"source": (str(source),)}))
    plan = plan_source(plan.source, 0, [()] * len(plan.subjects), "no avatars: real crops only")
    with progress_watcher() as watcher:
        result = run(config, plan, folder, usable_cores(), watcher=watcher)
    if result.failed:
        raise InputError(dict.fromkeys(problem for problems in result.failed.values() for problem in problems))
    return folder
