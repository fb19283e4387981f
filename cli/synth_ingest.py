"""``synth ingest``: real frames without twins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.synth_run import EXIT_CODES, carry_out, read_settings, run_options, say_source


@click.command(
    epilog=f"""Examples:

    \b
    synth ingest --corpus bp4d --root /data/BP4D --out out/bp4d
    synth ingest --corpus disfa --root /data/DISFA --camera left --gender people.csv
    synth ingest --corpus gft --root /data/GFT --split test --columns frame=Frame
    synth ingest --corpus video --root a.mp4 --root b.mp4 --labels aus.csv
    synth ingest --corpus standin-gft --subjects 12 --frames 60

    docs/datasets.md describes the layouts. A subject with anything wrong is listed and left out; the others go on.
    Mend it and give the same command again: finished subjects are kept.

    Exit codes: {EXIT_CODES}
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
@click.option("--assets", metavar="NAME|PATH", help="Rig that measures the head.  [hm08]")
@run_options
@click.pass_context
def ingest(ctx: click.Context, out: Path | None, workers: int | None, config: Path | None, overwrite: bool,
           **options: Any) -> None:  # fmt: skip
    """Turn real frames into aligned crops with their labels, without twins.

    Licensed corpora are read in their own layout; nothing of them is shipped with this program. Each planned frame
    has one row in OUT/shards/SUBJECT.h5, and its status says whether a face was found in it.
    """
    from assets.errors import InputError
    from synth.run.config import make_config
    from synth.run.ingest import IngestConfig, plan_ingest

    values, folder, crew = read_settings(IngestConfig, options, config, out, workers)
    if "corpus" not in values:
        raise InputError.one("no corpus named", "--corpus", "name bp4d, disfa, gft, video, folder, csv or a stand-in")
    settings = make_config(values, "", IngestConfig)
    plan = plan_ingest(settings)
    say_source(plan)
    ctx.exit(carry_out(settings, plan, folder, crew, overwrite))
