"""``synth render``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.synth_run import EXIT_CODES, carry_out, read_settings, run_options, say_source


@click.command(
    epilog=f"""Examples:

    \b
    synth render --subjects 30 --avatars 60
    synth render --source clip.mp4 --avatars 2 --out out/clip
    synth render --source people/ --labels aus.csv --gender female
    synth render --source frames.csv --workers 8 --dry-run
    synth render --source clip.mp4 --axes gender,skin --out out/six
    synth render --config out/clip/config.toml --out out/again

    A run that was stopped goes on when the same command is given again: finished subjects are kept, and the
    result is the same as that of an unbroken run.

    Exit codes: {EXIT_CODES}
    """
)
@click.option("--source", multiple=True, metavar="PATH|NAME", help="Video, picture, folder, CSV manifest, a stand-in "
              "corpus (standin-bp4d, -disfa, -gft), or bp4d, disfa, gft with --root. May be repeated.  "
              "[standin-bp4d]")  # fmt: skip
@click.option("--root", metavar="FOLDER", help="Where the corpus of --source bp4d, disfa or gft lies.")
@click.option("--option", multiple=True, metavar="KEY=VALUE", help="Option of that corpus, for example camera=right or "
              "split=train (docs/datasets.md). May be repeated.")  # fmt: skip
@click.option("--labels", metavar="CSV", help="Action Units by frame: OpenFace, py-feat, BP4D, or frame,AU1,AU12.")
@click.option("--landmarks", metavar="FILE", help="Your own landmarks (CSV or npz) instead of the detector's.")
@click.option("--gender", metavar="VALUE", help="Apparent gender of the subjects: female, male, unknown.  [unknown]")
@click.option("--subjects", type=int, metavar="N", help="Number of subjects.  [all; 30 of a stand-in]")
@click.option("--avatars", type=int, metavar="N", help="Number of avatars, a multiple of the twins of "
              "a frame.  [one tuple per subject]")  # fmt: skip
@click.option("--samples", type=int, metavar="N", help="Samples per pixel of the twins: 1, 2, 4, 9, 16.  [4]")
@click.option("--renderer", metavar="NAME", help="auto, egl, osmesa or software.  [auto]")
@click.option("--label-prior", type=float, metavar="X", help="How strongly known labels bear on the fit, 0 to 1; 0 is "
              "pure tracking.  [0.5]")  # fmt: skip
@click.option("--pixel-evidence", type=float, metavar="X", help="How strongly furrows, folds and brow hair bear on the "
              "fit, 0 to 1.  [1]")  # fmt: skip
@click.option("--weights", metavar="NAME", help="fit, or true: what a simulated source really did, the ceiling of any "
              "fit.  [fit]")  # fmt: skip
@click.option("--assets", metavar="NAME|PATH", help="Rig of the avatars, or female=NAME,male=NAME.  [hm08]")
@click.option("--axes", metavar="NAMES", help="What the twins of a frame differ in, with commas between: gender, skin "
              "(light, medium, dark), age (young, old), ancestry (african, asian, european).  [gender]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Try a few frames, say what the run would take, write nothing.")
@run_options
@click.pass_context
def render(ctx: click.Context, out: Path | None, workers: int | None, config: Path | None, overwrite: bool,
           dry_run: bool, **options: Any) -> None:  # fmt: skip
    """Turn real frames into triplets: the real face, a female twin and a male twin.

    Without --source the real frames are simulated: faces rendered from the built-in head, labelled at the rates that
    were published for BP4D. No person is shown, and every output says so.

    Rows are never dropped: each planned frame has one row in OUT/shards/SUBJECT.h5, and its status says whether the
    triplet is complete.
    """
    from synth.run.config import RenderConfig, make_config
    from synth.run.plan import make_plan

    values, folder, crew = read_settings(RenderConfig, options, config, out, workers)
    settings = make_config(values)
    plan = make_plan(settings)
    say_source(plan)
    click.echo(f"avatars   {plan.avatars}: {plan.pairing}")
    if dry_run:
        _print_estimate(settings, plan, crew, folder)
        return
    ctx.exit(carry_out(settings, plan, folder, crew, overwrite))


def _print_estimate(settings: Any, plan: Any, workers: int, folder: Path) -> None:
    from synth.run.probe import estimate

    cost = estimate(settings, plan, workers)
    click.echo(f"frames    {cost.frames} real, {cost.twins} twins")
    click.echo(f"disk      {cost.gigabytes:.3g} GB in {folder}")
    click.echo(
        f"time      {cost.minutes:.1f} minutes with {workers} workers (from {cost.probed_frames} frames tried here)"
    )
    click.echo("nothing was written")
