"""Writes docs/fidelity.md: ``python -m synth.audit.document docs/fidelity.md BEFORE AFTER [NAME=FOLDER …]``.

BEFORE and AFTER are folders that hold one audited run per source, under the same names
(``BEFORE/clip/audit/audit.json``), and perhaps ``neutral.json``, the output of ``synth audit --neutral N --json``.
Each NAME=FOLDER is a variant of AFTER with one thing changed, for the table of ablations. A sentence about a source
may stand in ``AFTER/clip/about.txt``. Audits of the same runs by an outside estimator alone
(``synth audit --estimates … --only-estimates``) lie in ``BEFORE/outside-NAME`` and ``AFTER/outside-NAME``; what it is
says ``AFTER/outside-NAME.txt``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from synth.audit.document_outside import outside_sections
from synth.audit.document_tables import (
    Record,
    change,
    folder_records,
    high,
    interval,
    number,
    right_slope,
    totals_table,
)
from synth.audit.files import read_json_file
from synth.audit.measures import measure_table
from synth.audit.verdict import JUDGED, RULE, TRANSFERRED

_METHOD = """All correlations and slopes are within subject and twin, so faces that differ at rest do not count. The
*shuffled* control is the 97.5 % quantile of the same correlation after turning the twins in time against their real
frames by at least a quarter of the track. Slopes are twin on real, divided by the repeatability of the real measure,
which makes up for its noise; noise in the twin does not bias them. The repeatability compares real pictures with the
same ones mirrored, turned by 4°, shrunk and encoded anew; errors that both readings share count as agreement, so shares
are, if anything, too low. Measures that answer to several Action Units are freed of the others first, with slopes from
the real frames (`synth.audit.specific.ALSO_MOVED_BY`). Female and male twin cannot agree better than an estimator
agrees with itself on drawn pictures: the share of the female–male r, in brackets, is divided by the geometric mean of
both twins' repeatability (Spearman 1904), measured on up to 60 pictures of each twin in the same way. It is the median
over the judges for which that mean is at least .5, so that it may rest on fewer judges than the r beside it. *As drawn*
is the same correlation between the landmark lengths of the two meshes, and, behind ×, how far the female twin moves
over how far the male one does (ratio of standard deviations, in millimetres of the canonical face): no picture is read,
so it says how alike the twins of a frame are drawn, and nothing about how alike they look to an estimator.
"""

_PICTURE = """
## Best and worst triplets

![best and worst triplet of every Action Unit](pictures/fidelity-simulated.jpg)

Simulated source: for each Action Unit the triplet that follows best and the one that fails most (real | female | male);
the percentages are each face's activation, 0 its own median, 100 % the real face's usual span. No person is shown.
"""

BROWS = ("AU01", "AU02", "AU04")

_HEAD = """# Fidelity: does the twin show the Action Unit?

<!-- Written by `python -m synth.audit.document`; do not edit. -->

`synth audit` reads the stored pictures again, real and drawn alike, with four estimators: *landmarks*, lengths between
landmarks that are detected anew; *scores*, the landmark network's own unit scores; *pixels*, edges and colours; *flow*,
lengths between points that optical flow follows from the person's most ordinary picture. The network took part in the
fit, so landmarks and scores flatter. Pixels and flow use it only to know where to look, but the fit weighs furrows and
brow edges in the pixels of the source, too. Flow takes no part in the fit. None of them is a human coder, and none
knows that a hand before the face is no face.
"""


def source_section(name: str, before: Record | None, after: Record, note: str = "") -> list[str]:
    """Return one source's table: verdict, share, correlation, slope and agreement of the genders, before and after."""
    about = after["about"]
    kind = "simulated" if about["simulated"] else "real"
    lines = [f"\n## {name}\n"]
    lines += [note + "\n"] if note else []
    lines += [
        f"{about['corpus']}, {kind}, n = {about['subjects']} subjects, {about['frames']} frames, "
        f"{len(about['twins'])} twins; labels: {about['label_source']}; intervals {after['interval']}.\n"
    ]
    lines.append(
        "| AU | verdict | share | r [95 %] | shuffled | slope [95 %] | female–male r | as drawn | "
        "label area twin / real |"
    )
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for column, row in after["units"].items():
        old: Record = before["units"][column] if before else {"verdict": "–"}
        verdict = row["verdict"] if old["verdict"] == row["verdict"] else f"{old['verdict']} → **{row['verdict']}**"
        cells = [
            f"{column} {row['name']}" + (" ▲" if row["above_rest"] else ""), verdict, change(old, row, "share"),
            f"{number(old.get('r'))} → {interval(row, 'r')}", number(row.get("control")),
            f"{number(old.get('slope'))} → {interval(row, 'slope')}", _agreement(old, row), _drawn(row),
            "–" if row.get("auc_real") is None else f"{number(row.get('auc_twin'))} / {number(row.get('auc_real'))}",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _agreement(old: Record, row: Record) -> str:
    share = f" ({number(row['female_male_share'])})" if row.get("female_male_share") is not None else ""
    return change(old, row, "female_male") + share


def _drawn(row: Record) -> str:
    found = row.get("drawn") or {}
    if found.get("female_male") is None:
        return "–"
    return f"{interval(found, 'female_male')} × {number(found['amplitude'])}"


def neutral_section(before: Record | None, after: Record | None) -> list[str]:
    """Return what avatars at rest read, unit by unit, as far as some read above resting real faces."""
    if after is None:
        return []
    lines = [
        "\n## Avatars at rest\n",
        f"Landmark network's scores of {after['avatars']} frontal avatars (two genders, three skin tones) with all "
        "weights 0; the limit is the highest score that resting real faces showed.\n",
        "| unit | limit | median | 95th percentile | highest | above the limit |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in after["units"].items():
        old = before["units"][name] if before else None
        if not row["above"] and not (old and old["above"]):
            continue
        cells = [number(row["limit"])]
        cells += [f"{number(old[key]) if old else '–'} → {number(row[key])}" for key in ("median", "p95", "highest")]
        cells.append(f"{len(old['above']) if old else '–'} → {len(row['above'])} of {after['avatars']}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def goals_section(after: dict[str, Record]) -> list[str]:
    """Return, in words, which goals each source meets and what falls short."""
    lines = ["\n## What falls short\n"]
    for name, record in after.items():
        judged = {c: row for c, row in record["units"].items() if row["verdict"] in JUDGED}
        apart = [f"{c} ({number(r['female_male'])})" for c, r in judged.items() if not high(r, "female_male")]
        failed = [
            f"{c} ({r['verdict']}, {number(r['share'])})" for c, r in judged.items() if r["verdict"] != TRANSFERRED
        ]
        amplitude = [f"{c} ({number(r['slope'])})" for c, r in judged.items() if not right_slope(r)]
        brows = ", ".join(f"{c} {record['units'][c]['verdict']}" for c in BROWS)
        lines.append(f"- **{name}**: brows: {brows}. Not transferred or weak (share): {', '.join(failed) or 'none'}. "
                     f"Slope outside .8–1.2: {', '.join(amplitude) or 'none'}. Female–male r below .9: "
                     f"{', '.join(apart) or 'none'}.")  # fmt: skip
    return lines


def method_section() -> list[str]:
    """Return the rule and the table of measures."""
    head = ["\n## How it is judged\n", f"{RULE}\n", _METHOD]
    lines = [*head, "| AU | landmarks | scores | pixels | flow |", "|---|---|---|---|---|"]
    for column, row in measure_table().items():
        lines.append(f"| {column} | {row['landmarks']} | {row['scores']} | {row['pixels']} | {row['flow']} |")
    return lines


def document(before_folder: Path, after_folder: Path, variants: dict[str, Path]) -> str:
    """Return docs/fidelity.md.

    Parameters
    ----------
    before_folder, after_folder : Path
    variants : dict of str to Path
        Ablations by name.
    """
    before, after = folder_records(before_folder), folder_records(after_folder)
    lines = [_HEAD, "## Summary\n", "Action Units of all sources together, each source counted by itself.\n"]
    shared = {name: record for name, record in before.items() if name in after}
    lines += totals_table({"before": shared, "after": after})
    for name, record in after.items():
        note = after_folder / name / "about.txt"
        text = note.read_text(encoding="utf-8").strip() if note.is_file() else ""
        lines += source_section(name, before.get(name), record, text)
    lines.append("\n▲: the twins at rest read above resting real faces (network scores).")
    if variants:
        lines += ["\n## Ablations\n", "One thing changed at a time, over the sources that were rendered again.\n"]
        for name, folder in variants.items():
            records = folder_records(folder)
            base = {key: after[key] for key in records if key in after}
            lines += [f"**{name}** ({', '.join(records)})\n", *totals_table({"as it is": base, name: records}), ""]
    lines += outside_sections(before_folder, after_folder)
    lines += [_PICTURE] if "simulated" in after else []
    lines += neutral_section(*(_neutral(folder) for folder in (before_folder, after_folder)))
    lines += goals_section(after)
    return "\n".join([*lines, *method_section()]) + "\n"


def _neutral(folder: Path) -> Record | None:
    file = folder / "neutral.json"
    return read_json_file(file) if file.is_file() else None


if __name__ == "__main__":
    target, first, second, *others = sys.argv[1:]
    chosen = {name: Path(folder) for name, folder in (text.split("=", 1) for text in others)}
    Path(target).write_text(document(Path(first), Path(second), chosen), encoding="utf-8")
