"""``synth assets import``, ``coverage`` and ``view``: heads of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command(
    "import",
    epilog="""Examples:

    \b
    synth assets import ICT-FaceKit/ --as ict
    synth assets import head.glb --as me --licence CC-BY-4.0 --attribution "A. Artist" --may-train
    synth assets import shapes/ --as anna --map names.toml --unit cm --up z --front=-y
    """,
)
@click.argument("path", type=Path)
@click.option("--as", "name", required=True, metavar="NAME", help="Name of the rig: synth render --assets NAME.")
@click.option("--to", "folder", type=Path, metavar="FOLDER", help="Write the bundle here instead of the rig library.")
@click.option("--map", "map_file", type=Path, metavar="TOML", help="Names of shapes and parts that are not recognised.")
@click.option("--unit", metavar="NAME", help="Unit of the file: mm, cm, dm, m, inch.  [found from the eyes]")
@click.option("--up", metavar="AXIS", help="Axis that points up, for example z.  [found from the shapes]")
@click.option("--front", metavar="AXIS", help="Axis the face looks along, for example -y; together with --up.")
@click.option("--lashes", is_flag=True, help="Keep lash strips; without transparency they look like eyeliner.")
@click.option(
    "--texture/--no-texture",
    default=True,
    show_default=True,
    help="Keep pores, spots and lines of the head's skin texture; its colour is replaced by the skin tone.",
)
@click.option("--licence", "spdx", metavar="SPDX", help="Licence of the head.  [that of the source, else unknown]")
@click.option("--attribution", metavar="TEXT", help="Whom to name for it.")
@click.option("--may-train", is_flag=True, help="Its licence allows training models on pictures of it.")
@click.option("--overwrite", is_flag=True, help="Replace a rig of the same name.")
def import_rig(path: Path, name: str, **options: Any) -> None:
    """Turn the head at PATH into a rig: ICT-FaceKit, a .glb or .gltf file, or a folder of OBJ files.

    Unit, axes, parts and shape names are recognised or asked for; landmarks are found by rendering the head; what a
    head lacks (gender and age axes, skin, hair) is learned or borrowed from the built-in rig, and said so.
    """
    from assets.action_units import ACTION_UNITS
    from assets.coverage import coverage
    from assets.rig_bundle import save_bundle
    from synth.importers.choices import chosen_options, target_folder
    from synth.importers.importing import import_head

    target = target_folder(name, options.pop("folder"), options.pop("overwrite"))
    rig, report = import_head(
        path, name, chosen_options(**options), pictures=target, tell=lambda t: click.echo(f"{t} …")
    )
    save_bundle(rig, target, recipe={"imported": report.kind, "from": path.name, "notes": list(report.notes)})
    for note in report.notes:
        click.echo(f"- {note}")
    rows = coverage(rig, ACTION_UNITS).values()
    counts = {status: sum(row["status"] == status for row in rows) for status in ("driven", "approximated", "missing")}
    size = sum(file.stat().st_size for file in target.iterdir()) / 2**20
    click.echo(f"{target}: {len(rig.vertices_mm)} vertices, {int(rig.has_shape.sum())} units, {size:.1f} MiB")
    click.echo("Action Units: " + ", ".join(f"{count} {status}" for status, count in counts.items()))
    click.echo(f"next: synth assets view {name}, then synth render --assets {name}")


@click.command("coverage", epilog="Example:  synth assets coverage ict --target gft")
@click.argument("name", default="hm08", metavar="[NAME|FOLDER]")
@click.option("--target", metavar="CORPUS", help="Only the Action Units of bp4d, disfa or gft.  [all]")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def coverage_of_rig(name: str, target: str | None, as_json: bool) -> None:
    """Say for every Action Unit whether a rig drives it, approximates it or misses it, and by which shapes."""
    from assets.action_units import ACTION_UNITS
    from assets.corpora import corpus_named
    from assets.coverage import coverage, coverage_lines
    from assets.rig_bundle import load_rig

    numbers = corpus_named(target, "--target").au_numbers if target else tuple(ACTION_UNITS)
    table = coverage(load_rig(name), numbers)
    if as_json:
        import json

        click.echo(json.dumps(table, indent=1))
        return
    for line in coverage_lines(table):
        click.echo(line)


@click.command("view", epilog="Example:  synth assets view ict --to ict.png")
@click.argument("name", default="hm08", metavar="[NAME|FOLDER]")
@click.option("--to", "destination", type=Path, metavar="PNG", help="File to write.  [NAME.png]")
@click.option(
    "--size", type=click.IntRange(64, 1024), default=256, show_default=True, help="Side of a picture, pixels."
)
@click.option("--renderer", default="auto", show_default=True, help="auto, egl, osmesa or software.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed shows other people.")
@click.option("--units-only", is_flag=True, help="Leave the people out.")
def view_rig(name: str, destination: Path | None, size: int, renderer: str, seed: int, units_only: bool) -> None:
    """Draw a contact sheet: women and men in all skin tones, and every unit at full strength."""
    from assets.rig_bundle import load_rig
    from synth.importers.choices import write_png
    from synth.importers.rig_sheet import rig_sheet
    from synth.render.choose import open_renderer

    rig = load_rig(name)
    target = destination or Path(f"{Path(name).name}.png")
    write_png(target, rig_sheet(rig, open_renderer(renderer, size), seed, people=not units_only))
    click.echo(f"{target}")
