"""The part of docs/fidelity.md that tells how estimators judge that took no part in the fit."""

from __future__ import annotations

from pathlib import Path

from synth.audit.document_tables import Record, change, folder_records, number, totals_table
from synth.audit.verdict import JUDGED

STEM = "outside"


def outside_sections(before_folder: Path, after_folder: Path) -> list[str]:
    """Return a section for every outside judge: what it is, totals, then its figures by source.

    Parameters
    ----------
    before_folder, after_folder : Path
        With the audits by one judge alone in ``outside-NAME/SOURCE``, and what is said of it in ``outside-NAME.txt``
        beside the folder, in ``after_folder``. Without audits before, only those after are told.
    """
    lines = []
    for told in sorted(after_folder.glob(f"{STEM}*.txt")):
        after = folder_records(after_folder / told.stem)
        earlier = before_folder / told.stem
        before = folder_records(earlier) if earlier.is_dir() else {}
        name = next(iter(after.values()))["about"]["estimates"]["name"]
        lines += [f"\n### {name}\n", told.read_text(encoding="utf-8").strip() + "\n"]
        lines += judge_tables({key: record for key, record in before.items() if key in after}, after)
    return ["\n## Outside judges", *lines] if lines else []


def judge_tables(before: dict[str, Record], after: dict[str, Record]) -> list[str]:
    """Return totals of one judge, then share, slope and agreement of the genders of each Action Unit by source."""
    lines = totals_table({"before": before, "after": after} if before else {"after": after})
    what = "before → after" if before else "after"
    lines += [f"\nShare (slope of twin on real) female–male r, {what}:\n", "| AU | " + " | ".join(after) + " |"]
    lines.append("|---" * (len(after) + 1) + "|")
    for column in next(iter(after.values()))["units"]:
        if any(record["units"][column]["verdict"] in JUDGED for record in after.values()):
            cells = [_cell(before.get(name), record, column) for name, record in after.items()]
            lines.append(f"| {column} | " + " | ".join(cells) + " |")
    return lines


def _cell(before: Record | None, after: Record, column: str) -> str:
    row = after["units"][column]
    if row["verdict"] not in JUDGED:
        return "–"
    values = ("share", "slope", "female_male")
    if before is None:
        share, slope, agree = (number(row.get(name)) for name in values)
    else:
        share, slope, agree = (change(before["units"][column], row, name) for name in values)
    return f"{share} ({slope}) {agree}"
