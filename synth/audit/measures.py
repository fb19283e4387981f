"""What each estimator measures, in words."""

from __future__ import annotations

from typing import Any

from assets.action_units import ACTION_UNITS
from assets.units import AU_UNITS
from synth.audit.flow import FOLLOWED
from synth.audit.geometry import AUDITED, MEASURES
from synth.audit.pixels import PIXEL_MEASURES
from synth.audit.reading import ESTIMATORS
from synth.audit.readout import UNREAD


def measure_table(
    estimators: tuple[str, ...] = ESTIMATORS, estimates: dict[str, Any] | None = None
) -> dict[str, dict[str, str]]:
    """Return what each estimator measures for every audited Action Unit.

    Parameters
    ----------
    estimators : tuple of str
    estimates : dict or None
        What the record says about estimates from elsewhere (``synth.audit.outside.coverage``).
    """
    table = {}
    for number in AUDITED:
        units = " + ".join(f"{gain:g} {name}" for name, gain in AU_UNITS[number])
        pixel = PIXEL_MEASURES.get(number)
        texts = {
            "landmarks": f"{MEASURES[number].formula} — {MEASURES[number].rationale}",
            "scores": "none: the network leaves these units near 0" if number in UNREAD else f"mean of {units}",
            "pixels": "none" if pixel is None else pixel.formula,
            "flow": "as landmarks" if number in FOLLOWED else "none",
        }
        if estimates is not None:
            texts[estimates["name"]] = estimates["columns"].get(ACTION_UNITS[number].column, "none")
        table[ACTION_UNITS[number].column] = {name: texts[name] for name in estimators}
    return table
