"""Tables as Markdown, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from train.report.tables import Cell, Column, Row, Table

PRINTED = "paper prints (not measured here)"
CSV_HEADER = (
    "table", "row", "group", "column", "value_percent", "low_percent", "high_percent", "paper_prints_percent", "title",
)  # fmt: skip


def header(table: Table) -> list[str]:
    """Return the headings: measured columns, then the paper's printed averages, marked as such."""
    return [table.rows_are, *(c.title for c in table.columns), *(f"{c.title}, {PRINTED}" for c in _marked(table))]


def line(table: Table, row: Row) -> list[str]:
    """Return a row as text, in percent; wide columns show their 95 % interval, what is undefined is a dash."""
    own = [_text(row.cells.get(column), column.wide) for column in table.columns]
    cells = [row.cells.get(column) for column in _marked(table)]
    return [row.name, *own, *("–" if cell is None or cell.printed is None else f"{cell.printed:.1f}" for cell in cells)]


def _marked(table: Table) -> list[Column]:
    """Return the columns for which the paper prints something; of Action Units it stands in the CSV alone."""
    return [
        column
        for column in table.columns
        if column.wide and any((cell := row.cells.get(column)) and cell.printed is not None for row in table.rows)
    ]


def _text(cell: Cell | None, wide: bool) -> str:
    if cell is None or cell.value != cell.value:
        return "–"
    between = f" ({100 * cell.interval[0]:.1f} to {100 * cell.interval[1]:.1f})" if wide and cell.interval else ""
    return f"{100 * cell.value:.1f}{between}"


def to_markdown(table: Table) -> str:
    """Return a table as Markdown."""
    names = header(table)
    lines = [f"### {table.title}", "", "| " + " | ".join(names) + " |", "|---" + "|--:" * (len(names) - 1) + "|"]
    lines += ["| " + " | ".join(line(table, row)) + " |" for row in table.rows]
    return "\n".join([*lines, "", *(f"- {note}" for note in table.notes), ""])


def to_csv(tables: Sequence[Table]) -> str:
    """Return all tables as one CSV with a line per cell, intervals and printed figures of every Action Unit."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for table in tables:
        for row in table.rows:
            for column in table.columns:
                cell = row.cells.get(column)
                if cell is not None:
                    numbers = [cell.value, *(cell.interval or (None, None))]
                    percent = [_number(None if n is None else 100 * n) for n in numbers]
                    place = [table.key, row.name, column.group, column.name]
                    writer.writerow([*place, *percent, _number(cell.printed), table.title])
    return out.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.2f}"


def to_latex(table: Table) -> str:
    """Return a table as a LaTeX table; its caption holds title and notes."""
    body = [
        " & ".join(map(_safe, cells)) + r" \\" for cells in ([header(table)] + [line(table, r) for r in table.rows])
    ]
    lines = [r"\begin{table}", rf"\caption{{{_safe(table.title)}. {_safe('. '.join(table.notes))}}}"]
    lines += [rf"\begin{{tabular}}{{l{'r' * (len(header(table)) - 1)}}}", r"\hline", body[0], r"\hline", *body[1:]]
    return "\n".join([*lines, r"\hline", r"\end{tabular}", r"\end{table}", ""])


def _safe(text: str) -> str:
    replaced = {"%": r"\%", "–": "--", "−": "$-$", "α": r"$\alpha$", "β": r"$\beta$", "_": r"\_", "&": r"\&",
                "|": r"$|$", "`": ""}  # fmt: skip
    return "".join(replaced.get(letter, letter) for letter in text)


def files_of(tables: Sequence[Table], heading: str) -> dict[str, str]:
    """Return the content of ``tables.md``, ``tables.csv`` and ``tables.tex``."""
    return {
        "tables.md": f"# {heading}\n\n" + "\n".join(map(to_markdown, tables)),
        "tables.csv": to_csv(tables),
        "tables.tex": "\n".join(map(to_latex, tables)),
    }
