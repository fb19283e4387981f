"""One row for every subject, twin, Action Unit and estimator."""

from __future__ import annotations

from typing import Any

import numpy as np

from assets.action_units import ACTION_UNITS
from synth.audit.agreement import inactive
from synth.audit.geometry import AUDITED
from synth.audit.moments import cell, correlation, pooled, slope
from synth.audit.reading import Readings
from synth.audit.specific import specific


def twin_rows(readings: Readings) -> list[dict[str, Any]]:
    """Return r, repeatability, slope and offset for each twin, Action Unit and estimator of one subject."""
    own = specific(readings)
    rows = []
    for e, estimator in enumerate(readings.estimators):
        repeat = correlation(pooled([cell(own.values[e, 0, ..., 0], own.again[e, 0])]))[0]
        quiet = inactive(readings, e)
        for g, image in enumerate(readings.images[1:], 1):
            sums = pooled([cell(own.values[e, 0, ..., 0], own.values[e, g, ..., 0])])
            r, steep = correlation(sums)[0], slope(sums, repeat)[0]
            apart = np.where(quiet, readings.values[e, g, ..., 0] - readings.values[e, 0, ..., 0], np.nan)
            for column, number in enumerate(AUDITED):
                if np.isnan(r[column]):
                    continue
                known = apart[:, column][np.isfinite(apart[:, column])]
                rows.append({
                    "subject": readings.subject, "twin": image, "au": ACTION_UNITS[number].column,
                    "estimator": estimator, "frames": int(sums[0, 0, column]), "r": float(r[column]),
                    "repeatability": float(repeat[column]), "slope": float(steep[column]),
                    "offset": float(known.mean()) if len(known) else float("nan"),
                })  # fmt: skip
    return rows
