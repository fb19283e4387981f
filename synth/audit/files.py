"""The audit as files: JSON, CSV, and what it left there earlier."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from assets.errors import InputError
from synth.audit.report import FORMAT, VERSION, Audit, plain, record, share_of
from synth.shards.writer import output_errors

FOLDER = "audit"
JSON_FILE, CSV_FILE, TWINS_FILE, PAGE_FILE = "audit.json", "audit.csv", "twins.csv", "index.html"

_UNIT_COLUMNS = (
    "verdict", "share", "r", "r_low", "r_high", "control", "repeatability", "slope", "slope_low", "slope_high",
    "female_male", "female_male_low", "female_male_high", "female_male_share", "label_share", "auc_real", "auc_twin",
    "above_rest", "judges", "reason",
)  # fmt: skip
_DRAWN_COLUMNS = (
    "female_male", "female_male_low", "female_male_high", "amplitude", "amplitude_low", "amplitude_high",
)  # fmt: skip
_OUTSIDE_COLUMNS = ("r", "r_low", "r_high", "control", "repeatability", "slope", "female_male")
_TWIN_COLUMNS = ("subject", "twin", "au", "estimator", "frames", "r", "repeatability", "slope", "offset")


def audit_folder(out: Path) -> Path:
    """Return where the audit of a run, or of a single shard, is written."""
    return out / FOLDER if out.is_dir() else out.with_name(f"{out.stem}-{FOLDER}")


def write_tables(folder: Path, audit: Audit) -> dict[str, Any]:
    """Write ``audit.json``, ``audit.csv`` (one row per Action Unit) and ``twins.csv`` (one per subject, twin, unit).

    How alike female and male twins are drawn stands in the columns ``drawn_female_male`` … of ``audit.csv``; with
    estimates from elsewhere, what they say alone stands in further ones, ``estimates_r`` ….

    Returns
    -------
    dict
        What was written as JSON.
    """
    values = record(audit)
    outside = values["about"].get("estimates")
    more = tuple(f"drawn_{name}" for name in _DRAWN_COLUMNS)
    more += tuple(f"estimates_{name}" for name in (*_OUTSIDE_COLUMNS, "share")) if outside else ()
    units = [
        {"au": column, **row, **{f"drawn_{name}": row["drawn"].get(name) for name in _DRAWN_COLUMNS},
         **(_outside_cells(row["estimators"][outside["name"]]) if outside else {})}
        for column, row in values["units"].items()
    ]  # fmt: skip
    files = {
        JSON_FILE: json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False) + "\n",
        CSV_FILE: _table(("au", "name", *_UNIT_COLUMNS, *more), units),
        TWINS_FILE: _table(_TWIN_COLUMNS, plain(audit.by_twin)),
    }
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    return values


def _outside_cells(row: dict[str, Any]) -> dict[str, Any]:
    cells = {name: row.get(name) for name in _OUTSIDE_COLUMNS} | {"share": plain(share_of(row))}
    return {f"estimates_{name}": value for name, value in cells.items()}


def read_json_file(path: Path) -> Any:
    """Read a JSON file that the audit wrote.

    Raises
    ------
    InputError
        If it is missing or broken.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError.one("there is no audit", path, "run `synth audit` on the run") from None
    except (OSError, ValueError):
        raise InputError.one("this file is no audit", path, "run `synth audit` on the run again") from None


def read_record(path: Path) -> dict[str, Any]:
    """Read an ``audit.json``, or that of a run folder.

    Raises
    ------
    InputError
        If there is none, or it is none.
    """
    file = path / FOLDER / JSON_FILE if path.is_dir() else path
    values = read_json_file(file)
    if not isinstance(values, dict) or values.get("format") != FORMAT or values.get("version") != VERSION:
        raise InputError.one("this file is no audit of this version", file, "run `synth audit` on the run again")
    return values


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = [row.get(name) for name in columns]
        writer.writerow([" ".join(cell) if isinstance(cell, list) else "" if cell is None else cell for cell in cells])
    return text.getvalue()
