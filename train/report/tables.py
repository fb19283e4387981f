"""The paper's tables 3 to 6 from own runs, with the printed numbers in a column of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.corpora import base_name, paper_tables
from train.report.pooled import Pooled

TITLES = {
    "f1": "Table 3: cross-domain F1, %, higher is better",
    "eo": "Table 4: equal opportunity of the paper (smaller over larger F1 of the genders), %, higher is better",
    "spd": "Table 5: statistical parity difference, %, lower is better",
    "ablation": "Table 6: PM2 with other weights, F1, %",
}
PRINTED_KEYS = {"f1": "table3_f1", "eo": "table4_eo", "spd": "table5_spd"}
PRINTED = "paper (printed)"


@dataclass(frozen=True)
class Row:
    """One line of a table: its name, its pooled score, and the paper's printed average, if it prints one."""

    name: str
    score: Pooled
    printed: float | None


@dataclass(frozen=True)
class Table:
    """One table: ``title``, ``columns`` (Action Units), ``rows`` and ``notes``."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def printed_average(score: str, method: str, target: str) -> float | None:
    """Return what the paper prints as the average over Action Units, in percent; None if it prints nothing."""
    table = paper_tables().get(PRINTED_KEYS.get(score, ""), {})
    return table.get(method, {}).get(f"{base_name(target)}_avg")


def printed_ablation(alpha: float, beta: float, target: str) -> float | None:
    """Return the printed F1 average of one line of table 6."""
    for line in paper_tables()["table6_ablation_f1"]:
        if (line["alpha"], line["beta"]) == (alpha, beta):
            return line.get(f"{base_name(target)}_avg")
    return None


def score_table(
    score: str, methods: Mapping[str, Mapping[str, Pooled]], target: str, columns: Sequence[str], notes: Sequence[str]
) -> Table:
    """Build the table of one score over methods."""
    rows = tuple(
        Row(name, scores[score], printed_average(score, name, target))
        for name, scores in methods.items()
        if score in scores
    )
    return Table(f"{TITLES[score]} ({target})", tuple(columns), rows, tuple(notes))


def ablation_table(
    cells: Mapping[tuple[float, float], Mapping[str, Pooled]], target: str, columns: Sequence[str], notes: Sequence[str]
) -> Table:
    """Build table 6: F1 over (α, β)."""
    rows = tuple(
        Row(f"α = {alpha:g}, β = {beta:g}", scores["f1"], printed_ablation(alpha, beta, target))
        for (alpha, beta), scores in cells.items()
    )
    return Table(f"{TITLES['ablation']} ({target})", tuple(columns), rows, tuple(notes))


def header(table: Table) -> list[str]:
    """Return the names of the columns."""
    return ["method", *table.columns, "avg", "95 % interval", "seeds", PRINTED]


def cells(row: Row) -> list[str]:
    """Return a row as text, in percent; what is undefined is a dash."""
    low_high = row.score.interval
    between = f"{100 * low_high[0]:.1f} to {100 * low_high[1]:.1f}" if low_high else "–"
    values = [_percent(value) for value in (*row.score.per_au, row.score.avg)]
    printed = "–" if row.printed is None else f"{row.printed:.1f}"
    return [row.name, *values, between, str(len(row.score.seed_avgs)), printed]


def _percent(value: float) -> str:
    return "–" if value != value else f"{100 * value:.1f}"


def to_markdown(table: Table) -> str:
    """Return a table as Markdown."""
    lines = [f"### {table.title}", ""]
    lines += ["| " + " | ".join(header(table)) + " |", "|---" * len(header(table)) + "|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in table.rows]
    return "\n".join([*lines, "", *(f"- {note}" for note in table.notes), ""])


def to_csv(table: Table) -> str:
    """Return a table as CSV; notes stand in front as lines that begin with ``#``."""
    out = io.StringIO()
    out.write(f"# {table.title}\n" + "".join(f"# {note}\n" for note in table.notes))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header(table))
    writer.writerows(cells(row) for row in table.rows)
    return out.getvalue()


def to_latex(table: Table) -> str:
    """Return a table as a LaTeX tabular with its title and notes in comments and caption."""
    replaced = {"%": r"\%", "–": "--", "α": r"$\alpha$", "β": r"$\beta$", "_": r"\_"}

    def safe(text: str) -> str:
        return "".join(replaced.get(letter, letter) for letter in text)

    body = [" & ".join(map(safe, line)) + r" \\" for line in ([header(table)] + [cells(row) for row in table.rows])]
    lines = [f"% {note}" for note in table.notes]
    lines += [r"\begin{table}", rf"\caption{{{safe(table.title)}. {safe(' '.join(table.notes))}}}"]
    lines += [rf"\begin{{tabular}}{{l{'r' * (len(header(table)) - 1)}}}", r"\hline", body[0], r"\hline", *body[1:]]
    return "\n".join([*lines, r"\hline", r"\end{tabular}", r"\end{table}", ""])


def write_everything(tables: Sequence[Table]) -> dict[str, str]:
    """Return the content of ``tables.md``, ``tables.csv`` and ``tables.tex``."""
    return {
        "tables.md": "\n".join(map(to_markdown, tables)),
        "tables.csv": "\n".join(map(to_csv, tables)),
        "tables.tex": "\n".join(map(to_latex, tables)),
    }
