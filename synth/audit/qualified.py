"""Which estimators can see which Action Units from one face to another: measured where the truth is known.

Even a perfect twin has another face, and an estimator that repeats well on one face may say nothing about another: the
edge of thin lips is not where that of full lips is. Twins drawn with the weights that a simulated source really had
(``synth render --source standin-bp4d --seed 7 --subjects 12 --avatars 24 --frames 48 --weights true``) show what each
estimator makes of perfect twins. ``python -m synth.audit.qualified OUT`` prints the table from the audit of such a run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from assets.action_units import ACTION_UNITS
from synth.audit.geometry import AUDITED
from synth.audit.reading import ESTIMATORS

LEAST_SHARE = 0.50
"""An estimator that follows perfect twins by less than this share of its own repeatability does not judge."""

LEAST_REPEATABLE = 0.50
"""Shares are only told for estimators that agree with themselves at least so well."""

SHARE_OF_PERFECT: dict[str, dict[int, float]] = {
    "landmarks": {
        1: 0.98, 2: 0.96, 4: 0.95, 5: 0.96, 6: 0.85, 7: 0.95, 9: 0.95, 10: 0.77, 12: 0.99,
        14: 0.71, 15: 0.91, 17: 0.80, 20: 0.83, 23: 0.75, 24: 0.76, 25: 0.98, 26: 0.94, 43: 0.97,
    },
    "scores": {
        1: 0.94, 2: 0.83, 4: 0.65, 5: 0.54, 7: 0.91, 10: 0.86, 12: 0.94, 14: 1.02, 15: 0.60,
        17: 0.85, 20: 0.66, 23: 0.59, 24: 0.54, 25: 0.87, 26: 0.87, 43: 0.97,
    },
    "pixels": {
        1: 0.93, 2: 0.77, 4: 0.87, 6: 0.24, 9: 0.54, 10: 0.54, 12: 0.90, 14: 0.74, 17: 0.30,
        23: 0.71, 24: 0.71, 25: 0.92, 26: 0.91, 43: 0.80,
    },
    "flow": {
        1: 0.91, 2: 0.63, 4: 0.92, 6: 0.86, 7: 0.90, 9: 0.79, 43: 0.89,
    },
}  # fmt: skip
"""Estimator and Action Unit to the correlation of perfect twins with the real face over the estimator's repeatability.

576 frames of 12 simulated people, 24 avatars. What does not repeat there is not listed and judges by the other rules.
"""


def qualified(estimator: str, number: int) -> bool:
    """Return whether an estimator may judge an Action Unit across faces; True where that was not measured."""
    return SHARE_OF_PERFECT.get(estimator, {}).get(number, 1.0) >= LEAST_SHARE


def shares_of(record: dict[str, Any]) -> dict[str, dict[int, float]]:
    """Return the table from the record of an audit (``audit.json``) of perfect twins."""
    table: dict[str, dict[int, float]] = {}
    for name in ESTIMATORS:
        table[name] = {}
        for number in AUDITED:
            found = record["units"][ACTION_UNITS[number].column]["estimators"].get(name, {})
            if (found.get("repeatability") or 0.0) >= LEAST_REPEATABLE and found.get("r") is not None:
                table[name][number] = round(found["r"] / found["repeatability"], 2)
    return table


def main(folder: str) -> None:
    """Print the table of a run's audit, ready to be pasted."""
    from synth.audit.files import read_record

    for name, row in shares_of(read_record(Path(folder))).items():
        cells = ", ".join(f"{number}: {share:.2f}" for number, share in row.items())
        sys.stdout.write(f'    "{name}": {{{cells}}},\n')


if __name__ == "__main__":
    main(sys.argv[1])
