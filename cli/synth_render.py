"""``synth render``: the main job."""

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
    synth render --subjects 30 --avatars 60
    synth render --source clip.mp4 --avatars 2 --out out/clip
    synth render --source people/ --labels aus.csv --gender female
    synth render --source frames.csv --workers 8 --dry-run
    synth render --source clip.mp4 --axes gender,skin --out out/six
    synth render --config out/clip/config.toml --out out/again

    A run that was stopped goes on when the same command is given again: finished subjects are kept, and the
    result is the same as that of an unbroken run.

    Exit codes: 0 done, 1 some subjects or pictures could not be read, 2 a mistake in the input, 3 no face anywhere.
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
@click.option("--au-threshold", type=float, metavar="X", help="AU…_r columns count as active from here.  [1]")
@click.option("--subjects", type=int, metavar="N", help="Number of subjects.  [all; 30 of a stand-in]")
@click.option("--avatars", type=int, metavar="N", help="Number of avatars, a multiple of the twins of "
              "a frame.  [one tuple per subject]")  # fmt: skip
@click.option(
    "--frames", type=int, metavar="N", help="Frames per subject, spread evenly over the labelled ones.  [all]"
)
@click.option("--seed", type=int, metavar="N", help="Root of all randomness; 0 is a seed like any other.  [0]")
@click.option("--size", type=int, metavar="PX", help="Side of every picture.  [256]")
@click.option("--samples", type=int, metavar="N", help="Samples per pixel of the twins: 1, 2, 4, 9, 16.  [4]")
@click.option("--encoding", metavar="NAME", help="jpeg (quality 95, 4:2:0) or png (lossless).  [jpeg]")
@click.option("--renderer", metavar="NAME", help="auto, egl, osmesa or software.  [auto]")
@click.option("--detector", metavar="NAME", help="litert, or mediapipe (optional; sends usage data to its maker).  "
              "[litert]")  # fmt: skip
@click.option("--face-rule", metavar="NAME", help="Which of several faces: largest, central, first.  [largest]")
@click.option("--label-prior", type=float, metavar="X", help="How strongly known labels bear on the fit, 0 to 1; 0 is "
              "pure tracking.  [0.5]")  # fmt: skip
@click.option("--assets", metavar="NAME|PATH", help="Rig of the avatars, or female=NAME,male=NAME.  [hm08]")
@click.option("--axes", metavar="NAMES", help="What the twins of a frame differ in, with commas between: gender, skin "
              "(light, medium, dark), age (young, old), ancestry (african, asian, european).  [gender]")  # fmt: skip
@click.option("--out", type=Path, metavar="FOLDER", help=f"Where the run goes.  [{DEFAULT_OUT}]")
@click.option("--workers", type=int, metavar="N", help="Processes; the result does not depend on it.  [all cores]")
@click.option("--config", type=Path, metavar="TOML", help="Settings from a file; options given here win.")
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever the folder holds.")
@click.option("--dry-run", is_flag=True, help="Try a few frames, say what the run would take, write nothing.")
@click.pass_context
def render(ctx: click.Context, out: Path | None, workers: int | None, config: Path | None, overwrite: bool,
           dry_run: bool, **options: Any) -> None:  # fmt: skip
    """Turn real frames into triplets: the real face, a female twin and a male twin.

    Without --source the real frames are simulated: faces rendered from the built-in head, labelled at the rates that
    were published for BP4D. No person is shown, and every output says so.

    Rows are never dropped: each planned frame has one row in OUT/shards/SUBJECT.h5, and its status says whether the
    triplet is complete.
    """
    from assets.errors import InputError
    from synth.doctor import usable_cores
    from synth.run.config import RenderConfig, make_config, read_config
    from synth.run.plan import make_plan

    values = read_config(config) if config is not None else {}
    saved_out, saved_workers = values.pop("out", DEFAULT_OUT), values.pop("workers", None)
    if config is not None:
        make_config(values, str(config))
    given = {field.name: options[field.name] for field in fields(RenderConfig) if options[field.name] not in (None, ())}
    settings = make_config(values | given)
    folder = Path(saved_out) if out is None else out
    crew = workers if workers is not None else saved_workers if saved_workers is not None else usable_cores()
    if not isinstance(crew, int) or not 1 <= crew <= 1024:
        raise InputError.one(f"{crew!r} worker processes are not possible", "--workers", "use 1 to 1024")
    plan = make_plan(settings)
    kind = " (simulated: rendered faces, no person is shown)" if plan.source.simulated else ""
    click.echo(f"source    {plan.source.corpus}{kind}: {len(plan.subjects)} subjects, {plan.frames} frames")
    click.echo(f"avatars   {plan.avatars}: {plan.pairing}")
    if dry_run:
        _print_estimate(settings, plan, crew, folder)
        return
    ctx.exit(_run(settings, plan, folder, crew, overwrite))


def _print_estimate(settings: Any, plan: Any, workers: int, folder: Path) -> None:
    from synth.run.probe import estimate

    cost = estimate(settings, plan, workers)
    click.echo(f"frames    {cost.frames} real, {cost.twins} twins")
    click.echo(f"disk      {cost.gigabytes:.3g} GB in {folder}")
    click.echo(
        f"time      {cost.minutes:.1f} minutes with {workers} workers (from {cost.probed_frames} frames tried here)"
    )
    click.echo("nothing was written")


def _run(settings: Any, plan: Any, folder: Path, workers: int, overwrite: bool) -> int:
    from cli.progress import progress_watcher
    from synth.run.run import run

    with progress_watcher() as watcher:
        result = run(settings, plan, folder, workers, overwrite, watcher)
    for subject, problems in (result.failed | result.flawed).items():
        report("synth", (f"subject {subject}: {problem}" for problem in problems))
    click.echo(f"renderer  {result.renderer}")
    if result.kept:
        click.echo(f"kept      {result.kept} subjects were finished before")
    for line in count_lines(result.total, plan.frames, len(result.failed)):
        click.echo(line)
    look = f"; look at them with: synth view {folder}" if result.total("ok") else ""
    click.echo(f"shards    {len(result.counts)} in {folder / 'shards'}{look}")
    return 1 if result.failed or result.flawed else 0


def count_lines(total: Any, planned: int, failed: int) -> list[str]:
    """Return the sum of all statuses in words.

    Parameters
    ----------
    total : callable
        Status name to count.
    planned : int
        Rows that were planned.
    failed : int
        Subjects without a shard.
    """
    from assets.shard_format import Status

    names = [code.name.lower() for code in Status]
    parts = [f"{total(name)} {name}" for name in names if total(name) or name == "ok"]
    missing = planned - sum(total(name) for name in names)
    if missing:
        parts.append(f"{missing} in {failed} failed subjects" if failed else f"{missing} not rendered")
    return [f"rows      {planned} planned = {' + '.join(parts)}"]
