"""Numbers and tables that the sections of docs/fidelity.md share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from assets.errors import InputError
from synth.audit.files import FOLDER, JSON_FILE, read_record
from synth.audit.verdict import JUDGED, RIGHT_SLOPE, VERDICTS

Record = dict[str, Any]
GOALS = {"share": 0.80, "female_male": 0.90, "female_male_share": 0.90}


def folder_records(folder: Path) -> dict[str, Record]:
    """Return the audits of the runs in a folder by name.

    Raises
    ------
    InputError
        If there is none.
    """
    found = {path.parent.parent.name: read_record(path) for path in sorted(folder.glob(f"*/{FOLDER}/{JSON_FILE}"))}
    if not found:
        raise InputError.one("no audited run lies in this folder", folder, "run `synth audit` on each run in it")
    return found


def number(value: float | None) -> str:
    """Return two decimals without a leading zero; a dash where there is no value."""
    if value is None or not np.isfinite(value):
        return "–"
    text = f"{value:.2f}".replace("-", "−")
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def interval(row: Record, name: str) -> str:
    """Return a value with its 95 % interval."""
    if row.get(name) is None:
        return "–"
    return f"{number(row[name])} [{number(row.get(name + '_low'))}, {number(row.get(name + '_high'))}]"


def change(old: Record, row: Record, name: str) -> str:
    """Return a value before and after."""
    return f"{number(old.get(name))} → {number(row.get(name))}"


def totals(records: dict[str, Record]) -> Record:
    """Return sums over sources: verdicts, and medians of share, slope and agreement of the judged Action Units."""
    rows = [row for record in records.values() for row in record["units"].values() if row["verdict"] in JUDGED]
    shares = any(row.get("female_male_share") is not None for row in rows)
    drawn = bool(rows) and all(row.get("drawn") for row in rows)
    return {
        "judged": len(rows),
        **{name: sum(record["counts"][name] for record in records.values()) for name in VERDICTS},
        **{name: _median([row.get(name) for row in rows]) for name in _MEDIANS},
        "share reached": sum(high(row, "share") for row in rows),
        "slope reached": sum(map(right_slope, rows)),
        "agreement reached": sum(high(row, "female_male") for row in rows),
        "agreement as can be": sum(high(row, "female_male_share") for row in rows) if shares else "–",
        "agreement as drawn": sum(high(row["drawn"], "female_male") for row in rows) if drawn else "–",
    }


def _median(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else float("nan")


_MEDIANS = ("share", "slope", "female_male", "female_male_share")
_TOTALS = ("judged", *JUDGED, "share reached", "slope reached", "agreement reached", "agreement as can be",
           "agreement as drawn")  # fmt: skip


def totals_table(named: dict[str, dict[str, Record]]) -> list[str]:
    """Return a table with a row of totals for each set of audits."""
    heads = ("judged", *JUDGED, "share ≥ .8", "slope .8–1.2", "female–male r ≥ .9", "its share ≥ .9",
             "as drawn ≥ .9", "median share", "median slope", "median female–male r",
             "median of its share")  # fmt: skip
    lines = ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name, records in named.items():
        sums = totals(records)
        cells = [str(sums[key]) for key in _TOTALS] + [number(sums[key]) for key in _MEDIANS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def high(row: Record, name: str) -> bool:
    """Return whether a value reaches its goal."""
    return (row.get(name) or 0.0) >= GOALS[name]


def right_slope(row: Record) -> bool:
    """Return whether the slope is about 1."""
    return row.get("slope") is not None and RIGHT_SLOPE[0] <= row["slope"] <= RIGHT_SLOPE[1]
