"""The page of an audit: one file that holds its table, plots and pictures, and loads nothing."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from assets.shard import Shard
from synth.audit.examples import EXAMPLES, Example, choose_examples
from synth.audit.geometry import AUDITED
from synth.audit.page_style import STYLE
from synth.audit.plots import course, scatter, whisker
from synth.audit.report import Audit, share_of
from synth.audit.specific import specific
from synth.audit.verdict import NO_VARIATION, NOT_JUDGED, NOT_TRANSFERRED, TOO_FEW, TRANSFERRED, WEAK
from synth.shards.encode import decode_picture
from synth.shards.writer import output_errors

_CLASS = {TRANSFERRED: "transferred", WEAK: "weak", NOT_TRANSFERRED: "failed", NO_VARIATION: "still",
          NOT_JUDGED: "still", TOO_FEW: "still"}  # fmt: skip
_PICTURE_QUALITY = 82


def write_page(path: Path, audit: Audit, values: dict[str, Any]) -> None:
    """Write the page.

    Parameters
    ----------
    path : Path
    audit : Audit
    values : dict
        Its record.
    """
    text = page(audit, values)
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def page(audit: Audit, values: dict[str, Any]) -> str:
    """Return the page as HTML."""
    about = values["about"]
    kind = "simulated real frames: no person is shown" if about["simulated"] else "real frames"
    chips = "".join(
        f'<span class="chip {_CLASS[name]}">{count} {escape(name)}</span>' for name, count in values["counts"].items()
    )
    sections = "".join(_section(audit, values, column) for column in range(len(AUDITED)))
    sentence = (
        f"{about['subjects']} subjects, {about['frames']} frames, {about['pictures']} pictures read "
        f"({about['pictures_without_face']} without a face); labels: {about['label_source']}"
        + (f", label prior {about['label_prior']}" if about["label_source"] != "none" else "") + "."
    )  # fmt: skip
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Label-transfer audit: {escape(str(about["corpus"]))}</title><style>{STYLE}</style>
<main><h1>Label-transfer audit</h1>
<p class="faint">{escape(str(about["corpus"]))} · {kind} · rig {escape(str(about["assets"]))}</p>
<p>Does the twin show the Action Unit that its label names? {escape(sentence)}</p>
<div class="chips">{chips}</div>{_table(values)}{_estimates(about.get("estimates"))}
<p class="faint">Intervals: {escape(values["interval"])}. Share: correlation divided by the estimator's own
repeatability; that of female and male, in brackets, by its repeatability on the drawn pictures. As drawn: the
same r of the twins' meshes, and how far the female one moves over how far the male one does; no picture is read for it.
Grey bar: what frames
that do not belong together reach.
▲: the twins at rest read above resting real faces.</p>
<details><summary>The rule</summary><p>{escape(values["rule"])}</p></details>
<p class="key faint"><i style="background:var(--real)"></i>real<i style="background:var(--female)"></i>female twin<i
style="background:var(--male)"></i>male twin</p>{sections}</main></html>
"""


def _estimates(estimates: dict[str, Any] | None) -> str:
    """Return what an estimator from elsewhere had to say anything about."""
    if estimates is None:
        return ""
    gaps = "".join(f"<br>{escape(gap)}" for gap in estimates["gaps"])
    return (
        f'<p class="faint">{escape(estimates["name"])}: estimates from elsewhere ({escape(estimates["source"])}), '
        f"{estimates['pictures'] - estimates['without_row']} of {estimates['pictures']} pictures, "
        f"{estimates['second_readings']} second readings.{gaps}</p>"
    )


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _table(values: dict[str, Any]) -> str:
    rows = []
    outside = (values["about"].get("estimates") or {}).get("name")
    for column, row in values["units"].items():
        own = _own(row["estimators"][outside]) if outside else ""
        label = "" if row.get("auc_real") is None else f"{_short(row['auc_twin'])} of {_short(row['auc_real'])}"
        mark = " ▲" if row["above_rest"] else ""
        plot = whisker(row.get("r"), row.get("r_low"), row.get("r_high"), row.get("control"))
        rows.append(
            f'<tr><td><a href="#{column}">{column}</a></td><td>{escape(row["name"])}</td>'
            f'<td><span class="chip {_CLASS[row["verdict"]]}">{row["verdict"]}</span>{mark}</td>'
            f'<td class="n">{_short(row.get("share"))}</td><td class="n">{_short(row.get("r"))}</td><td>{plot}</td>'
            f'<td class="n">{_short(row.get("slope"))}</td><td class="n">{_agree(row)}</td>'
            f'<td class="n">{_drawn(row)}</td><td class="n">{label}</td>{own}'
            f'<td class="faint">{escape(", ".join(row["judges"]))}</td></tr>'
        )
    heads = (("AU", ""), ("", ""), ("verdict", ""), ("share", "n"), ("r", "n"), ("−.2 … 1", ""), ("slope", "n"),
             ("female–male r (share)", "n"), ("as drawn", "n"), ("label area", "n"),
             *([(f"{outside}: r, share", "n")] if outside else []), ("judges", ""))  # fmt: skip
    head = "".join(f'<th class="{side}">{escape(name)}</th>' for name, side in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _agree(row: dict[str, Any]) -> str:
    share = _short(row.get("female_male_share"))
    return _short(row.get("female_male")) + (f" ({share})" if share else "")


def _drawn(row: dict[str, Any]) -> str:
    found = row["drawn"]
    if found.get("female_male") is None:
        return ""
    return f"{_short(found['female_male'])} ×{_short(found['amplitude'])}"


def _own(row: dict[str, Any]) -> str:
    return f'<td class="n">{_short(row.get("r"))}, {_short(share_of(row)) or "–"}</td>'


def _section(audit: Audit, values: dict[str, Any], column: int) -> str:
    ruling = audit.verdicts[column]
    row = values["units"][ruling.column]
    best, worst = choose_examples(audit.readings, column, ruling.judges, EXAMPLES)
    measures = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(values['measures'][ruling.column][name])}{_facts(row['estimators'][name])}</dd>"
        for name in audit.estimators
    )
    shown = "".join(
        f'<h3>{title}</h3><div class="triplets">{"".join(_triplet(audit, example) for example in chosen)}</div>'
        for title, chosen in (("follows best", best), ("fails most", worst))
        if chosen
    )
    return (
        f'<section id="{ruling.column}"><div class="head"><h2>{ruling.column} {escape(row["name"])}</h2>'
        f'<span class="chip {_CLASS[ruling.verdict]}">{ruling.verdict}</span>'
        f'<span class="faint">{escape(ruling.reason)}</span></div>'
        f"<details><summary>what is measured</summary><dl>{measures}</dl></details>"
        f"{_plots(audit, column)}{shown}</section>"
    )


def _facts(row: dict[str, Any]) -> str:
    if row.get("r") is None:
        return ""
    return escape(
        f" (r {_short(row['r'])} [{_short(row['r_low'])}, {_short(row['r_high'])}], repeats "
        f"{_short(row['repeatability'])}, slope {_short(row['slope'])}, offset at rest "
        f"{_short(row['offset'])}, span {_short(row['span'])})"
    )


def _plots(audit: Audit, column: int) -> str:
    """Return the course of the first subject and one scatter plot per estimator."""
    own = [specific(one) for one in audit.readings]
    judges = audit.verdicts[column].judges or audit.estimators
    first = own[0]
    for name in judges:
        values = first.values[audit.estimators.index(name), :, :, column, 0]
        if np.isfinite(values).any(1).all():
            centred = values - np.nanmedian(values, axis=1, keepdims=True)
            line = course(list(zip(first.images, centred, strict=True)))
            title = f"<h3>{escape(name)} over time, {escape(first.subject)}</h3>"
            break
    else:
        line = title = ""
    plots = []
    for e, name in enumerate(audit.estimators):
        real: list[np.ndarray] = []
        twins: dict[str, list[np.ndarray]] = {}
        for one in own:
            values = one.values[e, :, :, column, 0]
            if not np.isfinite(values).any(1).all():
                continue
            centred = values - np.nanmedian(values, axis=1, keepdims=True)
            real.append(centred[0])
            for image, twin in zip(one.images[1:3], centred[1:3], strict=False):
                twins.setdefault(image, []).append(twin)
        if real:
            clouds = [(image, np.concatenate(parts)) for image, parts in twins.items()]
            plots.append(scatter(np.concatenate(real), clouds, name if name in judges else f"{name} (no judge)"))
    return f'{title}{line}<h3>twin (up) against real (right)</h3><div class="plots">{"".join(plots)}</div>'


def _triplet(audit: Audit, example: Example) -> str:
    readings = audit.readings[example.subject]
    with Shard(audit.paths[example.subject]) as shard:
        frame = int(shard.array("frames/frame")[example.row])
        pictures = [shard.read_bytes(image, example.row) for image in shard.images[:3]]
    cells = "".join(
        f'<div><img alt="{escape(name)}" loading="lazy" src="{_inline(data)}">'
        f"<span>{escape(name)} {value:+.0%}</span></div>"
        for name, data, value in zip(readings.images, pictures, example.activation, strict=False)
        if data is not None
    )
    return f'<div class="triplet">{cells}<span class="about">{escape(readings.subject)}, frame {frame}</span></div>'


def _inline(data: np.ndarray) -> str:
    """Return a picture as a data address, JPEG whatever it was stored as."""
    import simplejpeg

    picture = np.ascontiguousarray(decode_picture(data))
    coded = simplejpeg.encode_jpeg(picture, _PICTURE_QUALITY, "RGB", "420")
    return "data:image/jpeg;base64," + base64.b64encode(coded).decode("ascii")
