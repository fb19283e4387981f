"""``synth verify``, ``synth view`` and ``synth extract``: looking into finished runs."""

from __future__ import annotations

from pathlib import Path

import click

from cli.errors import report


@click.command(epilog="Exit codes: 0 whole, 1 something is missing or wrong (each fault is listed).")
@click.argument("out", type=Path)
@click.option("--quick", is_flag=True, help="Do not decode the pictures.")
@click.option("--json", "as_json", is_flag=True, help="Print counts and faults as JSON.")
@click.pass_context
def verify(ctx: click.Context, out: Path, quick: bool, as_json: bool) -> None:
    """Check the run in OUT (or one shard file).

    Every planned frame must have its row, every status must be accounted for, every complete triplet must have its
    three pictures, every picture must decode, and every shard must have the checksum it had when it was finished.
    """
    from cli.synth_run import count_lines
    from synth.verify import verify_run

    verdict = verify_run(out, decode=not quick)
    if as_json:
        import json

        click.echo(json.dumps({"subjects": verdict.counts, "faults": verdict.faults}, indent=1, sort_keys=True))
    else:
        kind = " (simulated real frames)" if verdict.simulated else ""
        click.echo(f"shards    {len(verdict.counts)}{kind}")
        for line in count_lines(verdict.total, verdict.total("planned"), 0):
            click.echo(line)
        if not verdict.faults:
            click.echo("verified  nothing is missing")
    report("synth", verdict.faults)
    ctx.exit(1 if verdict.faults else 0)


@click.command(
    epilog="""Examples:

    \b
    synth view out/clip
    synth view out --subject F001 --subject M002 --rows 8
    synth view out/clip --frame 120 --frame 300 --to sheet.png
    """
)
@click.argument("out", type=Path)
@click.option("--to", "destination", type=Path, metavar="PNG", help="File to write.  [OUT/sheet.png]")
@click.option("--subject", "subjects", multiple=True, metavar="NAME", help="Show only this one. May be repeated.")
@click.option("--frame", "frames", multiple=True, type=int, metavar="N", help="Show this frame. May be repeated.")
@click.option("--rows", type=click.IntRange(1, 500), default=12, show_default=True, help="Frames to show.")
@click.option(
    "--tile", type=click.IntRange(32, 1024), default=176, show_default=True, help="Side of a picture, pixels."
)
def view(out: Path, destination: Path | None, subjects: tuple[str, ...], frames: tuple[int, ...], rows: int,
         tile: int) -> None:  # fmt: skip
    """Write a contact sheet of the run in OUT: each real crop, its twins beside it, and the labels.

    A run of `synth ingest` has no twins: its real crops are shown. By default the sheet shows strong expressions that
    differ from each other, and one at rest.
    """
    from synth.view import view_run

    target = destination or (out if out.is_dir() else out.parent) / "sheet.png"
    count = view_run(out, target, subjects, frames, rows, tile)
    click.echo(f"{target}: {count} frames")


@click.command(
    epilog="""Examples:

    \b
    synth extract out/clip pictures
    synth extract out/clip pictures --again     for an estimator of your own: docs/own-estimator.md
    """
)
@click.argument("out", type=Path)
@click.argument("destination", type=Path)
@click.option("--again", is_flag=True, help="Also write a second copy of every real picture, mirrored, turned, shrunk "
              "and encoded anew, in folders real_again: for how well an estimator repeats itself.")  # fmt: skip
def extract(out: Path, destination: Path, again: bool) -> None:
    """Write the pictures of the run in OUT as files under DESTINATION, with two tables beside them.

    Files are called shard/sequence/image/frame.jpg; image is real, or the name of a twin. frames.csv has one row per
    planned frame and a column per Action Unit: 1, 0, or blank where it is unknown. pictures.csv has one row per
    picture: its file, subject, image, sequence, frame, and row of the shard.
    """
    from synth.extract import INDEX, TABLE, extract_run

    rows, pictures = extract_run(out, destination, again=again)
    click.echo(f"{destination / TABLE}: {rows} rows, {pictures} pictures")
    click.echo(f"{destination / INDEX}: every picture")
