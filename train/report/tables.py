"""The paper's tables 2 to 6 from own runs, with the printed figures beside them and never among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assets.corpora import CORPORA, base_name, paper_tables
from train.metrics.bootstrap import interval
from train.report.pooled import Pooled, both, difference

TITLES = {
    "2": "Table 2: within-domain F1, %, higher is better",
    "3": "Table 3: cross-domain F1, %, higher is better",
    "4": "Table 4: equal opportunity of the paper (smaller over larger F1 of the genders), %, higher is better",
    "5": "Table 5: statistical parity difference, %, lower is better",
    "6": "Table 6: PM2 with other weights, cross-domain F1, %",
    "differences": "Differences to `source`, paired over subjects and seeds, percentage points",
    "gap": "Counterfactual gap |p(female twin) − p(male twin)|, %, lower is better",
}
"""Titles by key."""

PRINTED_KEYS = {"f1": "table3_f1", "eo": "table4_eo", "spd": "table5_spd"}
TARGET_SUPERVISED = "target-supervised"


@dataclass(frozen=True)
class Cell:
    """One figure as a fraction, not percent: value, 95 % interval, and what the paper prints there, in percent."""

    value: float
    interval: list[float] | None = None
    printed: float | None = None


@dataclass(frozen=True)
class Column:
    """One column: ``group`` is the corpus or direction, empty for an average over several; ``wide`` shows intervals."""

    group: str
    name: str
    wide: bool = False

    @property
    def title(self) -> str:
        """The heading."""
        return f"{self.group} {self.name}".strip()


@dataclass(frozen=True)
class Row:
    """One line: its name and its cells by column; an absent cell is a dash."""

    name: str
    cells: Mapping[Column, Cell]


@dataclass(frozen=True)
class Table:
    """One table; ``key`` is its number in the paper, ``rows_are`` the heading of the names."""

    key: str
    title: str
    rows_are: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def title_of(key: str, standin: bool) -> str:
    """Return the title of a table or figure; one made on stand-ins says so in its first words."""
    return f"STAND-IN corpora (simulated). {TITLES[key]}" if standin else TITLES[key]


def printed(score: str, row: str, target: str, columns: Sequence[str]) -> dict[str, float]:
    """Return what the paper prints for a row and a target, in percent, by Action Unit and ``avg``."""
    line = paper_tables().get(PRINTED_KEYS.get(score, ""), {}).get(row, {})
    return _printed_line(line, base_name(target), columns)


def printed_ablation(alpha: float, beta: float, target: str, columns: Sequence[str]) -> dict[str, float]:
    """Return one printed line of table 6."""
    lines = paper_tables()["table6_ablation_f1"]
    line: Mapping = next((line for line in lines if (line["alpha"], line["beta"]) == (alpha, beta)), {})
    return _printed_line(line, base_name(target), columns)


def _printed_line(line: Mapping, target: str, columns: Sequence[str]) -> dict[str, float]:
    numbers = paper_tables()["aus"].get(target, ())
    cells = {f"AU{number:02d}": value for number, value in zip(numbers, line.get(target, ()), strict=False)}
    out = {column: cells[column] for column in columns if column in cells}
    names = {"avg": f"{target}_avg", "both": "both_avg"}
    return out | {key: line[name] for key, name in names.items() if name in line}


Rows = Mapping[str, Mapping[str, Pooled]]
"""By row, then target."""


def cross_table(
    key: str,
    standin: bool,
    rows: Rows,
    look_up: Callable[[str, str, Sequence[str]], dict[str, float]],
    notes: Sequence[str],
    rows_are: str = "method",
) -> Table:
    """Build a table over cross-domain directions: Action Units and average of each, and the average of both.

    Parameters
    ----------
    key : str
    standin : bool
    rows : mapping
        Pooled scores by row and target.
    look_up : callable
        (row, target, columns) → what the paper prints.
    notes : sequence of str
    """
    targets = list(dict.fromkeys(target for scores in rows.values() for target in scores))
    units = {t: next(scores[t].columns for scores in rows.values() if t in scores) for t in targets}
    lines = []
    for name, scores in rows.items():
        cells: dict[Column, Cell] = {}
        for target, score in scores.items():
            paper = look_up(name, target, score.columns)
            cells |= _cells(target, score, paper)
        if len(targets) > 1 and len(scores) == len(targets):
            mean, paper = both([scores[t] for t in targets]), look_up(name, targets[0], ())
            cells[Column("", "avg of all", True)] = _average(mean, paper.get("both"))
        lines.append(Row(name, cells))
    columns = [column for t in targets for column in _columns(t, units[t])]
    if len(targets) > 1:
        columns.append(Column("", "avg of all", True))
    return Table(key, title_of(key, standin), rows_are, tuple(columns), tuple(lines), tuple(notes))


def within_table(standin: bool, rows: Mapping[str, Pooled], notes: Sequence[str]) -> Table:
    """Build table 2: one line per corpus over every Action Unit that one of them codes."""
    numbers = sorted({column for score in rows.values() for column in score.columns})
    lines = []
    for corpus, score in rows.items():
        line = paper_tables()["table2_f1_within"].get(base_name(corpus), {})
        coded = line.get("aus", CORPORA[base_name(corpus)].au_numbers if base_name(corpus) in CORPORA else ())
        paper = {f"AU{number:02d}": value for number, value in zip(coded, line.get("f1", ()), strict=False)}
        lines.append(Row(corpus, _cells("", score, paper | ({"avg": line["avg"]} if "avg" in line else {}))))
    columns = tuple(_columns("", numbers))
    return Table("2", title_of("2", standin), "corpus", columns, tuple(lines), tuple(notes))


def difference_table(standin: bool, scores: Mapping[str, Rows], notes: Sequence[str]) -> Table:
    """Build the table of paired differences: one line per method, one column per score and target."""
    lines: dict[str, dict[Column, Cell]] = {}
    columns: list[Column] = []
    for score, rows in scores.items():
        for target, reference in rows["source"].items():
            column = Column(f"{score.upper()} {target}", "avg", True)
            columns.append(column)
            for name, own in rows.items():
                if name != "source" and target in own:
                    lines.setdefault(name, {})[column] = Cell(*difference(own[target], reference))
    named = tuple(Row(name, cells) for name, cells in lines.items())
    return Table("differences", title_of("differences", standin), "method", tuple(columns), named, tuple(notes))


def _columns(group: str, units: Sequence[str]) -> list[Column]:
    return [*(Column(group, unit) for unit in units), Column(group, "avg", True)]


def _cells(group: str, score: Pooled, paper: Mapping[str, float]) -> dict[Column, Cell]:
    cells = {
        Column(group, unit): Cell(float(value), interval(score.per_au_draws[:, i]), paper.get(unit))
        for i, (unit, value) in enumerate(zip(score.columns, score.per_au, strict=True))
    }
    return cells | {Column(group, "avg", True): _average(score, paper.get("avg"))}


def _average(score: Pooled, paper: float | None) -> Cell:
    return Cell(score.avg, interval(score.avg_draws), paper)


def undefined_note(scores: Mapping[str, Mapping[str, Pooled]]) -> list[str]:
    """Say how many cells are undefined and were left out of averages."""
    count = sum(int(np.isnan(score.per_au).sum()) for row in scores.values() for score in row.values())
    return [f"{count} cells are undefined (F1 0 for both genders) and left out of the averages"] if count else []
