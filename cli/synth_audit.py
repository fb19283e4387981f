"""``synth audit``: whether the twins of a run show what their labels say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from synth.audit.report import Audit

_STYLE = {"transferred": "green", "weak": "yellow", "not transferred": "red", "no variation": "dim",
          "not judged": "dim", "too few frames": "dim"}  # fmt: skip
_NUMBERS = ("share", "control", "f–m r", "drawn", "label")


@click.command(
    epilog="""Examples:

    \b
    synth audit out/clip                        all frames; writes out/clip/audit/
    synth audit out --frames 60                 60 frames of each subject, spread evenly
    synth audit out --apply                     mask what did not transfer, so that the trainer leaves it out
    synth audit out/clip --json > audit.json
    synth audit out/clip --estimates openface/  one more judge: tables that OpenFace, py-feat or others made of
                                                the pictures of `synth extract --again` (docs/own-estimator.md)
    synth audit out/clip --estimates own.csv --only-estimates    that estimator alone
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
@click.option("--estimates", type=Path, metavar="CSV|DIR", help="Action Unit estimates of the extracted pictures: a "
              "column that names the picture, and AU12, AU12_r or AU12_c.")  # fmt: skip
@click.option("--estimates-name", metavar="NAME", help="What to call that estimator.  [name of the file or folder]")
@click.option("--only-estimates", is_flag=True, help="Judge by --estimates alone.")
@click.option("--neutral", type=click.IntRange(1, 1000), metavar="N", help="Instead of auditing a run, draw N people "
              "at rest for each gender and three skin tones, and read them.")  # fmt: skip
@click.option("--assets", default="hm08", show_default=True, metavar="NAME|PATH", help="Rig for --neutral.")
def audit(out: Path | None, frames: int | None, apply_masks: bool, seed: int, page: bool, as_json: bool,
          estimates: Path | None, estimates_name: str | None, only_estimates: bool, neutral: int | None,
          assets: str) -> int:  # fmt: skip
    """Judge, Action Unit by Action Unit, whether the twins of the run in OUT show what the real frames show.

    Landmarks are detected again in the stored pictures, real and drawn alike. Four estimators are compared over the
    same frames: lengths between landmarks, the network's own scores, edges and colours of the pixels, and lengths
    between points that optical flow follows. The result is printed, and written to OUT/audit as a page (index.html),
    as tables (audit.csv, twins.csv) and as JSON. With --estimates, an estimator of your own judges, too.
    """
    from assets.errors import InputError

    if neutral is not None:
        return _neutral(assets, neutral, seed, as_json)
    if out is None:
        raise InputError.one("no run is named", "synth audit", "pass the --out folder of a `synth render` run")
    if estimates is None and (only_estimates or estimates_name):
        raise InputError.one("there are no estimates", "synth audit", "pass a table with --estimates")
    from synth.audit.files import PAGE_FILE, audit_folder, write_tables

    found = _audit(out, frames, seed, estimates, estimates_name, only_estimates)
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
        kept = f"; too few frames: masks of {' '.join(masked.kept)} left as they were" if masked.kept else ""
        lines.append(f"masked    {names}; {masked.written} of {masked.shards} shards changed{kept}")
    if as_json:
        import json

        click.echo(json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False))
        return 0
    _print_table(values)
    for line in lines:
        click.echo(line)
    click.echo(f"written   {folder / PAGE_FILE if page else folder}")
    return 0


def _audit(out: Path, frames: int | None, seed: int, estimates: Path | None, name: str | None, alone: bool) -> Audit:
    from assets.shard import find_shards
    from cli.progress import counted
    from synth.audit.outside import read_outside
    from synth.audit.report import audit_run
    from synth.landmarks.track import TrackSettings, open_networks
    from synth.run.native import quiet_libraries

    shards = find_shards(out)
    outside = None if estimates is None else read_outside(estimates, name, shards)
    networks = None
    if not alone:
        with quiet_libraries():
            networks = open_networks(TrackSettings())
    with counted("auditing", len(shards)) as advance:
        return audit_run(out, networks, frames, seed, advance, outside)


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
    outside = about.get("estimates")
    names = list(next(iter(values["units"].values()))["estimators"])
    letters = {name: name[0].upper() if outside and name == outside["name"] else name[0] for name in names}
    own_column = [f"{outside['name']}: r, share"] if outside else []
    without = "a face" if "landmarks" in names else "a reading"
    kind = " (simulated)" if about["simulated"] else ""
    click.echo(f"source    {about['corpus']}{kind}: {about['subjects']} subjects, {about['frames']} frames, "
               f"{about['pictures']} pictures, {about['pictures_without_face']} without {without}")  # fmt: skip
    if outside:
        _print_estimates(outside)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("AU", "", "verdict", "share", "r", "control", "slope", "f–m r", "drawn", "label", *own_column,
                 "judges"):  # fmt: skip
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
    for column, row in values["units"].items():
        label = f"{_number(row.get('auc_twin'))}/{_number(row.get('auc_real'))}" if row.get("auc_real") else ""
        judges = "".join(letters[name] if name in row["judges"] else "·" for name in names)
        verdict = Text(row["verdict"] + (" ▲" if row["above_rest"] else ""), _STYLE[row["verdict"]])
        numbers = (_number(row.get("control")), _span(row, "slope"), _agree(row), _drawn(row))
        table.add_row(column, row["name"], verdict, _number(row.get("share")), _span(row, "r"), *numbers, label,
                      *([_own(row["estimators"][outside["name"]])] if outside else []), judges)  # fmt: skip
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=150)
    console.print(table)
    counts = ", ".join(f"{count} {name}" for name, count in values["counts"].items() if count)
    click.echo(f"verdicts  {counts}")
    click.echo(
        f"r within subject and twin; {values['interval']}; share = r / repeatability, for f–m in brackets;\n"
        "drawn = f–m r of the meshes, × how far the female one moves over how far the male one does; "
        "label = area on twin/real;"
    )
    if about.get("not_drawn"):
        click.echo(f"drawn: not known: {about['not_drawn']}")
    told = [f"{letters[name]} = {name}" if outside and name == outside["name"] else name for name in names]
    mark = "; ▲ twins at rest read above resting real faces" if "scores" in names else ""
    click.echo(f"judges: {', '.join(told)}{mark}")


def _agree(row: dict[str, Any]) -> str:
    share = _number(row.get("female_male_share"))
    return _number(row.get("female_male")) + (f" ({share})" if share else "")


def _drawn(row: dict[str, Any]) -> str:
    found = row["drawn"]
    if found.get("female_male") is None:
        return ""
    return f"{_number(found['female_male'])} ×{_number(found['amplitude'])}"


def _own(row: dict[str, Any]) -> str:
    from synth.audit.report import share_of

    return "" if row.get("r") is None else f"{_number(row['r'])}, {_number(share_of(row)) or '–'}"


def _print_estimates(outside: dict[str, Any]) -> None:
    """Print what the estimates cover; every gap is a line."""
    there = outside["pictures"] - outside["without_row"]
    click.echo(f"estimates {outside['name']}: {there} of {outside['pictures']} pictures in {outside['source']}, "
               f"{len(outside['columns'])} Action Units, {outside['second_readings']} second readings, "
               f"{outside['unused_rows']} rows not needed")  # fmt: skip
    for gap in outside["gaps"]:
        click.echo(f"          {gap}")


def _neutral(assets: str, people: int, seed: int, as_json: bool) -> int:
    from cli.progress import counted
    from synth.audit.neutral import AVATARS_EACH, read_neutral

    with counted("at rest", people * AVATARS_EACH) as advance:
        found = read_neutral(assets, people, seed, lambda name: advance(name, 1.0))
    if as_json:
        import json

        click.echo(json.dumps(found.record(), indent=1, sort_keys=True))
    else:
        for line in found.lines():
            click.echo(line)
    return 1 if found.exceeding else 0
