"""``synth ingest``: real frames without twins."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from cli.errors import report

DEFAULT_OUT = "out"


@click.command(
    epilog="""Examples:

    \b
    synth ingest --corpus bp4d --root /data/BP4D --out out/bp4d
    synth ingest --corpus disfa --root /data/DISFA --camera left --gender people.csv
    synth ingest --corpus gft --root /data/GFT --split test --columns frame=Frame
    synth ingest --corpus video --root a.mp4 --root b.mp4 --labels aus.csv
    synth ingest --corpus standin-gft --subjects 12 --frames 60

    docs/datasets.md describes the layouts. A subject with anything wrong is listed and left out; the others go on.
    Mend it and give the same command again: finished subjects are kept.

    Exit codes: 0 done, 1 some subjects or pictures could not be read, 2 a mistake in the input, 3 no face anywhere.
    """
)
@click.option("--corpus", metavar="NAME", help="bp4d, disfa, gft, video, folder, csv, or a stand-in corpus.")
@click.option("--root", multiple=True, metavar="PATH", help="The corpus folder; for footage one or more paths.")
@click.option("--subjects", metavar="NAMES", help="Only these, with commas between; of a stand-in, how many.")
@click.option("--tasks", metavar="NAMES", help="BP4D: only these, for example T1,T2.")
@click.option("--aus", metavar="NUMBERS", help="Action Units to read, for example 1,2,4.  [the published set]")
@click.option("--camera", metavar="SIDE", help="DISFA: left or right.  [left]")
@click.option("--split", metavar="NAME", help="GFT: only train, val or test.")
@click.option("--images", metavar="FOLDER", help="Where pictures or videos lie, if not in the usual place.")
@click.option("--labels", metavar="PATH", help="Where label files lie; of footage, a CSV with labels.")
@click.option("--landmarks", metavar="PATH", help="Where landmarks lie; none leaves the corpus's own aside.")
@click.option("--intensity", metavar="FOLDER", help="BP4D: where the intensities of FERA 2015 lie.")
@click.option("--gender", metavar="CSV|VALUE", help="DISFA, GFT: file with subject,apparent_gender; footage: a value.")
@click.option("--partition", metavar="CSV", help="GFT: file with subject,split.  [ROOT/partition.csv]")
@click.option("--columns", metavar="MAP", help="GFT: what its tables call a thing: frame=Frame,AU12=au12_occ.")
@click.option("--missing-codes", metavar="CODES", help="GFT: codes for unknown, with commas between.  [9,999,-1,blank]")
@click.option("--frame-offset", type=int, metavar="N", help="GFT: added to frame numbers of the tables.  [0]")
@click.option("--au-threshold", type=float, metavar="X", help="Footage: AU…_r columns count as active from here.  [1]")
@click.option("--frames", type=int, metavar="N", help="Frames per subject, spread evenly.  [all]")
@click.option("--seed", type=int, metavar="N", help="Seeds a stand-in corpus.  [0]")
@click.option("--size", type=int, metavar="PX", help="Side of every crop.  [256]")
@click.option("--encoding", metavar="NAME", help="jpeg (quality 95, 4:2:0) or png (lossless).  [jpeg]")
@click.option("--detector", metavar="NAME", help="litert, or mediapipe (optional; sends usage data to its maker).  "
              "[litert]")  # fmt: skip
@click.option("--face-rule", metavar="NAME", help="Which of several faces: largest, central, first.  [largest]")
@click.option("--assets", metavar="NAME|PATH", help="Rig that measures the head.  [hm08]")
@click.option("--out", type=Path, metavar="FOLDER", help=f"Where the run goes.  [{DEFAULT_OUT}]")
@click.option("--workers", type=int, metavar="N", help="Processes; the result does not depend on it.  [all cores]")
@click.option("--config", type=Path, metavar="TOML", help="Settings from a file; options given here win.")
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever the folder holds.")
@click.pass_context
def ingest(ctx: click.Context, out: Path | None, workers: int | None, config: Path | None, overwrite: bool,
           **options: Any) -> None:  # fmt: skip
    """Turn real frames into aligned crops with their labels, without twins.

    Licensed corpora are read in their own layout; nothing of them is shipped with this program. Each planned frame
    has one row in OUT/shards/SUBJECT.h5, and its status says whether a face was found in it.
    """
    from assets.errors import InputError
    from synth.doctor import usable_cores
    from synth.run.config import make_config, read_config
    from synth.run.ingest import IngestConfig, plan_ingest

    values = read_config(config) if config is not None else {}
    saved_out, saved_workers = values.pop("out", DEFAULT_OUT), values.pop("workers", None)
    if config is not None:
        make_config(values, str(config), IngestConfig)
    given = {field.name: options[field.name] for field in fields(IngestConfig) if options[field.name] not in (None, ())}
    if "corpus" not in values | given:
        raise InputError.one("no corpus named", "--corpus", "name bp4d, disfa, gft, video, folder, csv or a stand-in")
    settings = make_config(values | given, "", IngestConfig)
    crew = workers if workers is not None else saved_workers if saved_workers is not None else usable_cores()
    if not isinstance(crew, int) or not 1 <= crew <= 1024:
        raise InputError.one(f"{crew!r} worker processes are not possible", "--workers", "use 1 to 1024")
    plan = plan_ingest(settings)
    source = plan.source
    kind = " (simulated: rendered faces, no person is shown)" if source.simulated else ""
    click.echo(f"source    {source.corpus}{kind}: {len(plan.subjects)} subjects, {plan.frames} frames")
    ctx.exit(_run(settings, plan, Path(saved_out) if out is None else out, crew, overwrite))


def _run(settings: Any, plan: Any, folder: Path, workers: int, overwrite: bool) -> int:
    """Carry the plan out, say what became of it, and return the exit code."""
    from cli.progress import progress_watcher
    from cli.synth_render import count_lines
    from synth.run.run import run

    with progress_watcher() as watcher:
        result = run(settings, plan, folder, workers, overwrite, watcher)
    for subject, problems in (result.failed | result.flawed).items():
        report("synth", (f"subject {subject}: {problem}" for problem in problems))
    if result.kept:
        click.echo(f"kept      {result.kept} subjects were finished before")
    for line in count_lines(result.total, plan.frames, len(result.failed)):
        click.echo(line)
    click.echo(f"shards    {len(result.counts)} in {folder / 'shards'}; check them with: synth verify {folder}")
    return 1 if result.failed or result.flawed else 0
