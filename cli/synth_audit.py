"""``synth audit``: whether the twins of a run show what their labels say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_STYLE = {"transferred": "green", "weak": "yellow", "not transferred": "red", "no variation": "dim"}
_NUMBERS = ("share", "control", "f–m r", "label")


@click.command(
    epilog="""Examples:

    \b
    synth audit out/clip                        all frames; writes out/clip/audit/
    synth audit out --frames 60                 60 frames of each subject, spread evenly
    synth audit out --apply                     mask what did not transfer, so that the trainer leaves it out
    synth audit out/clip --json > audit.json
    synth audit --neutral 5                     do 30 avatars at rest read as neutral?

    Exit codes: 0 judged (whatever the verdicts; with --neutral: none reads above rest), 1 avatars at rest read
    above resting real faces, 2 a mistake in the input, 3 no face found.
    """
)
@click.argument("out", type=Path, required=False)
@click.option("--frames", type=click.IntRange(8, 1_000_000), metavar="N",
              help="Most frames of each subject, spread evenly.  [all]")  # fmt: skip
@click.option("--apply", "apply_masks", is_flag=True, help="Write the masks `not_transferred` into the shards.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap and the shuffled control.")
@click.option("--page/--no-page", default=True, show_default=True, help="Write the page with pictures and plots.")
@click.option("--json", "as_json", is_flag=True, help="Print the audit as JSON instead of a table.")
@click.option("--neutral", type=click.IntRange(1, 1000), metavar="N", help="Instead of auditing a run, draw N people "
              "at rest for each gender and three skin tones, and read them.")  # fmt: skip
@click.option("--assets", default="hm08", show_default=True, metavar="NAME|PATH", help="Rig for --neutral.")
def audit(out: Path | None, frames: int | None, apply_masks: bool, seed: int, page: bool, as_json: bool,
          neutral: int | None, assets: str) -> int:  # fmt: skip
    """Judge, Action Unit by Action Unit, whether the twins of the run in OUT show what the real frames show.

    Landmarks are detected again in the stored pictures, real and drawn alike. Four estimators are compared over the
    same frames: lengths between landmarks, the network's own scores, edges and colours of the pixels, and lengths
    between points that optical flow follows. The result is printed, and written to OUT/audit as a page (index.html),
    as tables (audit.csv, twins.csv) and as JSON.
    """
    from assets.errors import InputError

    if neutral is not None:
        return _neutral(assets, neutral, seed, as_json)
    if out is None:
        raise InputError.one("no run is named", "synth audit", "pass the --out folder of a `synth render` run")
    from assets.shard import find_shards
    from cli.progress import counted
    from synth.audit.files import PAGE_FILE, audit_folder, write_tables
    from synth.audit.report import audit_run
    from synth.landmarks.track import TrackSettings, open_networks
    from synth.run.native import quiet_libraries

    with quiet_libraries():
        networks = open_networks(TrackSettings())
    with counted("auditing", len(find_shards(out))) as advance:
        found = audit_run(out, networks, frames, seed, advance)
    folder = audit_folder(out)
    values = write_tables(folder, found)
    if page:
        from synth.audit.page import write_page

        write_page(folder / PAGE_FILE, found, values)
    lines = []
    if apply_masks:
        from synth.audit.masks import apply_to_run

        masked = apply_to_run(out, values)
        names = " ".join(masked.units) or "none of the labelled Action Units"
        lines.append(f"masked    {names}; {masked.written} of {masked.shards} shards changed")
    if as_json:
        import json

        click.echo(json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False))
        return 0
    _print_table(values)
    for line in lines:
        click.echo(line)
    click.echo(f"written   {folder / PAGE_FILE if page else folder}")
    return 0


def _number(value: float | None) -> str:
    if value is None:
        return ""
    text = f"{value:.2f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _span(row: dict[str, Any], name: str) -> str:
    if row.get(name) is None:
        return ""
    return f"{_number(row[name])} [{_number(row[name + '_low'])}, {_number(row[name + '_high'])}]"


def _print_table(values: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    about = values["about"]
    kind = " (simulated)" if about["simulated"] else ""
    click.echo(f"source    {about['corpus']}{kind}: {about['subjects']} subjects, {about['frames']} frames, "
               f"{about['pictures']} pictures, {about['pictures_without_face']} without a face")  # fmt: skip
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("AU", "", "verdict", "share", "r", "control", "slope", "f–m r", "label", "judges"):
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
    for column, row in values["units"].items():
        label = f"{_number(row.get('auc_twin'))}/{_number(row.get('auc_real'))}" if row.get("auc_real") else ""
        judges = "".join(
            name[0] if name in row["judges"] else "·" for name in ("landmarks", "scores", "pixels", "flow")
        )
        verdict = Text(row["verdict"] + (" ▲" if row["above_rest"] else ""), _STYLE[row["verdict"]])
        numbers = (_number(row.get("control")), _span(row, "slope"), _number(row.get("female_male")))
        table.add_row(column, row["name"], verdict, _number(row.get("share")), _span(row, "r"), *numbers, label, judges)
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=150)
    console.print(table)
    counts = ", ".join(f"{count} {name}" for name, count in values["counts"].items() if count)
    click.echo(f"verdicts  {counts}")
    click.echo(
        f"r within subject and twin; {values['interval']}; share = r / repeatability; label = area on twin/real;"
    )
    click.echo("judges: landmarks, scores, pixels, flow; ▲ twins at rest read above resting real faces")


def _neutral(assets: str, people: int, seed: int, as_json: bool) -> int:
    from synth.audit.neutral import read_neutral

    found = read_neutral(assets, people, seed)
    if as_json:
        import json

        click.echo(json.dumps(found.record(), indent=1, sort_keys=True))
    else:
        for line in found.lines():
            click.echo(line)
    return 1 if found.exceeding else 0
