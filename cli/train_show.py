"""Scores as lines of text."""

from __future__ import annotations

from typing import Any

SCORES = (
    ("f1", "F1 %"),
    ("eo_f1_ratio", "EO % (F1 ratio, eq. 11)"),
    ("spd", "SPD % (eq. 12)"),
    ("equal_opportunity_difference", "TPR difference %"),
    ("demographic_parity_ratio", "demographic parity ratio %"),
)


def score_lines(result: dict[str, Any]) -> list[str]:
    """Return the scores of a run or an evaluation, one line each, with what they were measured on.

    Parameters
    ----------
    result : dict
        Content of ``metrics.json`` or of an evaluation.
    """
    lines = []
    if result.get("simulated"):
        lines.append("SIMULATED STAND-IN: rendered pictures took the place of real ones")
    lines += [f"note: {text}" for text in result.get("deviations", ())]
    if known := result.get("trained_on"):
        who = ", ".join(known[:5]) + (" …" if len(known) > 5 else "")
        lines.append(f"WARNING: trained on labels of {len(known)} of these subjects ({who}): no score of new people")
    test = result.get("test")
    if test is None:
        return [*lines, "no test set was given, so nothing was scored (pass --target or --fold)"]
    rule = result.get("selection", {}).get("rule")
    lines.append(f"test set: {test['test_set']}")
    lines.append(
        f"{test['frames']} frames, {test['subjects']} subjects ({test['women']} female, {test['men']} male)"
        + (f"; epoch chosen by: {rule}" if rule else "")
    )
    names = test["aus"]
    lines.append(" " * 28 + "".join(f"{name:>7}" for name in names) + "    avg  95 % over subjects")
    for key, title in SCORES:
        if key in test:
            lines.append(_row(title, test[key]))
    if test.get("single_class_aus"):
        lines.append(f"one class only in the labels: {' '.join(test['single_class_aus'])}")
    gap = result.get("counterfactual_gap")
    if gap:
        lines.append(_row("|p(f) − p(m)| % over twins", gap) + f"   {gap['pairs']} pairs")
    return lines


def _row(title: str, score: dict[str, Any]) -> str:
    cells = "".join(f"{100 * value:7.1f}" if value is not None else "      –" for value in score["per_au"])
    average = f"{100 * score['avg']:7.1f}" if score["avg"] is not None else "      –"
    between = score.get("avg_interval")
    shown = f"  {100 * between[0]:.1f} to {100 * between[1]:.1f}" if between else ""
    left_out = f"  ({score['undefined']} undefined, left out)" if score.get("undefined") else ""
    return f"{title:<28}{cells}{average}{shown}{left_out}"
