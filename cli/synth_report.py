"""``synth report``: figures and tables about corpora."""

from __future__ import annotations

from pathlib import Path

import click

from cli.lazy import LazyGroup

COMMANDS = {
    "corpora": ("cli.synth_report:corpora", "Rates of Action Units and apparent gender, by corpus."),
}


@click.group("report", cls=LazyGroup, table=COMMANDS)
def report_group() -> None:
    """Draw figures and write tables about corpora."""


@click.command(
    epilog="""Examples:

    \b
    synth report corpora                                  the three stand-ins
    synth report corpora out/bp4d out/disfa --out figures
    """
)
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--out", type=Path, default=Path("out") / "report", show_default=True, metavar="FOLDER",
              help="Where the files go.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Seeds the stand-ins.")
def corpora(runs: tuple[str, ...], out: Path, seed: int) -> None:
    """Write how often each Action Unit is active, and how many women and men take part, by corpus.

    RUN is the folder of a `synth ingest` or `synth render`, or the name of a stand-in corpus; without any, all
    stand-ins are counted, as many subjects as the corpora they take the place of. Both figures are written as PNG and
    SVG, and the numbers behind them as CSV. Intervals are over subjects.
    """
    from synth.report.charts import write_figures
    from synth.report.corpora import count_corpora, write_tables

    counts = count_corpora(runs, seed)
    for count in counts:
        kind = " (simulated)" if count.simulated else ""
        click.echo(f"{count.corpus}{kind}: {len(count.subjects)} subjects, {count.frames} labelled frames")
    for path in [*write_tables(counts, out), *write_figures(counts, out)]:
        click.echo(str(path))
