"""The command ``synth``."""

from __future__ import annotations

import click

from cli.lazy import LazyGroup

COMMANDS = {
    "render": ("cli.synth_render:render", "Turn footage into triplets: real, female twin, male twin."),
    "ingest": ("cli.synth_ingest:ingest", "Turn real frames into aligned crops with labels, without twins."),
    "verify": ("cli.synth_inspect:verify", "Check a run: counts, triplets, pictures, checksums."),
    "view": ("cli.synth_inspect:view", "Write a contact sheet of triplets with their Action Units."),
    "audit": ("cli.synth_audit:audit", "Judge whether the twins show what their labels say."),
    "extract": ("cli.synth_inspect:extract", "Write the pictures as files and the labels as a CSV."),
    "report": ("cli.synth_report:report_group", "Figures and tables about corpora."),
    "assets": ("cli.synth_assets:assets", "List, build and validate avatar assets."),
    "doctor": ("cli.synth_doctor:doctor", "Say what this machine lacks and how to mend it."),
    "bench": ("cli.synth_bench:bench", "Measure speed and quality on this machine."),
}


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        click.echo(f"twinface {version('twinface')}")
        ctx.exit()


@click.group(
    "synth",
    cls=LazyGroup,
    table=COMMANDS,
    epilog="""Examples:

    \b
    synth render --subjects 4 --frames 24 --out out/first     simulated faces, nothing to configure
    synth render --source clip.mp4 --avatars 2 --out out/clip your own video
    synth view out/clip                                       look at the triplets
    synth verify out/clip                                     check them
    """,
)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
              help="Show the version and exit.")  # fmt: skip
def main() -> None:
    """Paired synthetic twins of real facial expressions.

    Every frame of a real face is drawn again as a woman and as a man who show the same expression and carry the
    same Action Unit labels.
    """
