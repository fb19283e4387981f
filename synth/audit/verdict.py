"""The rule that says whether an Action Unit was transferred; every threshold of the audit's judgement stands here."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from assets.action_units import ACTION_UNITS
from synth.audit.agreement import SHORTEST_TRACK, Agreement
from synth.audit.geometry import AUDITED
from synth.audit.qualified import LEAST_SHARE, qualified
from synth.audit.reading import ESTIMATORS
from synth.audit.readout import resting_limits

TRANSFERRED, WEAK, NOT_TRANSFERRED, NO_VARIATION = "transferred", "weak", "not transferred", "no variation"
VERDICTS = (TRANSFERRED, WEAK, NOT_TRANSFERRED, NO_VARIATION)
JUDGED = VERDICTS[:3]
NOT_JUDGED = "not judged"
"""Where only an estimator without a second reading could judge: its correlation is told, and nothing follows.

Also where only an estimator from elsewhere is asked, and has no estimates."""

TOO_FEW = "too few frames"
"""Where an estimator could judge, had it more frames: nothing follows, and masks stay as they are."""

NO_SECOND_READING = "has no second reading that varies"

LEAST_REPEATABILITY = 0.50
"""An estimator that agrees less than this with itself does not judge."""

LEAST_AREA = 0.60
"""An estimator that tells the label apart less than this on the real frames does not judge."""

LEAST_POSITIVES = 10
"""Labelled frames from which an Action Unit counts as varying."""

LEAST_FRAMES = 30
"""Real frames that an estimator must have read to judge an Action Unit.

Of 30 pairs that do not belong together the correlation stays below .36 in 39 of 40 cases, of 8 below .71 (Student's t):
with fewer, the shuffled control hides what was transferred. It turns a track of 8 frames in five ways, and the
bootstrap draws four blocks of it: neither says how far chance reaches. Tracks of fewer than ``SHORTEST_TRACK`` frames
do not count.
"""

OF_LEAST = f"of at least {LEAST_FRAMES} frames"

FULL_SHARE, SOME_SHARE = 0.80, 0.40
"""Shares of the estimator's own repeatability from which an Action Unit is transferred, and weak."""

LEAST_SLOPE = 0.50
"""A twin that moves less than half as far is weak at best."""

RIGHT_SLOPE = (0.80, 1.20)
"""Slopes that count as the right amplitude."""

RULE = (
    f"An estimator judges an Action Unit if it reads at least {LEAST_FRAMES} real frames with twins (of subjects with "
    f"at least {SHORTEST_TRACK}), if two readings of the real pictures correlate by at least "
    f"{LEAST_REPEATABILITY:.1f}, if it follows perfect twins (simulated people, drawn again with their true weights) "
    f"by at least {LEAST_SHARE:.1f} of that, and if the Action Unit varies on the real face: where labels are known, "
    "at least "
    f"{LEAST_POSITIVES} frames carry it and the estimator tells them apart on the real frames (area at least "
    f"{LEAST_AREA:.1f}); else its 20th to 95th percentile spans a visible change. Without a judge the verdict is "
    f"“{NO_VARIATION}”, or “{TOO_FEW}” where an estimator lacks frames. All figures are "
    "medians over the judges. The share is the correlation of twin and real, "
    "divided by the judge's own repeatability; where labels are known, a second share is the area beyond one half "
    f"on the twins, divided by that on the real frames. “{TRANSFERRED}”: both shares at least {FULL_SHARE:.1f}, "
    f"slope at least {LEAST_SLOPE:.1f}, and the lower bound of the correlation above the shuffled control. "
    f"“{NOT_TRANSFERRED}”: a share below {SOME_SHARE:.1f}, or a correlation that is no better than the shuffled "
    f"control. “{WEAK}”: what lies between."
)
"""The rule in words, as printed in every report."""

OUTSIDE_RULE = (
    " Estimates from elsewhere are taken as they are; a tenth of their scale is a visible change. Whether they follow "
    f"perfect twins is not known. An estimator that {NO_SECOND_READING} does not judge; where no other does, the "
    f"verdict is “{NOT_JUDGED}”, and there is no share. So is an Action Unit that no estimator measures."
)
"""What is added to the rule where an estimator from elsewhere judges, too."""


@dataclass(frozen=True)
class Verdict:
    """The judgement on one Action Unit; numbers are medians over the judging estimators, NaN without a judge.

    Attributes
    ----------
    number : int
    verdict : str
        One of ``VERDICTS``, or ``NOT_JUDGED`` or ``TOO_FEW``.
    judges : tuple of str
        Estimators that judged.
    reason : str
        One clause.
    r, r_low, r_high, control, repeatability, share, share_low, slope, slope_low, slope_high, label_share
    female_male : correlation of the twins with each other
    female_male_share : the same over what the judge repeats on them, of judges that repeat by ``LEAST_REPEATABILITY``
    above_rest : bool
        Whether the twins at rest read above what resting real faces read (network scores).
    """

    number: int
    verdict: str
    judges: tuple[str, ...]
    reason: str
    values: dict[str, float] = field(default_factory=dict)
    above_rest: bool = False

    @property
    def column(self) -> str:
        """``AU01``."""
        return ACTION_UNITS[self.number].column


_MEDIANS = ("r", "r_low", "r_high", "control", "repeatability", "slope", "slope_low", "slope_high", "female_male",
          "female_male_low", "female_male_high", "auc_real", "auc_twin", "frames")  # fmt: skip


def verdicts(found: list[Agreement]) -> list[Verdict]:
    """Judge every audited Action Unit.

    Parameters
    ----------
    found : list of Agreement
        One per estimator.
    """
    limits = resting_limits()
    return [_verdict(found, column, float(limits[column])) for column in range(len(AUDITED))]


def _why_not(one: Agreement, column: int) -> str:
    """Return why an estimator does not judge, empty if it does."""
    repeats = bool(np.isfinite(one.repeatability[column]))
    if not repeats and (one.estimator in ESTIMATORS or not np.isfinite(one.r[column])):
        return "no measure"
    few = one.real_frames[column] < LEAST_FRAMES
    if not few and one.repeatability[column] < LEAST_REPEATABILITY:
        return "does not repeat"
    if not qualified(one.estimator, AUDITED[column]):
        return "does not follow perfect twins"
    if few:
        return f"reads {one.real_frames[column]} {OF_LEAST}"
    if one.positives[column] >= LEAST_POSITIVES:
        if np.isfinite(one.auc_real[column]) and one.auc_real[column] < LEAST_AREA:
            return "does not see the label on the real face"
    elif not one.span[column] >= one.visible[column]:
        return "varies too little"
    return "" if repeats else NO_SECOND_READING


def _verdict(found: list[Agreement], column: int, limit: float) -> Verdict:
    number = AUDITED[column]
    reasons = {one.estimator: _why_not(one, column) for one in found}
    judges = [one for one in found if not reasons[one.estimator]]
    above = any(one.estimator == "scores" and one.level[column] > limit for one in found)
    if not judges:
        short = [f"{name} {text}" for name, text in reasons.items() if text.endswith(OF_LEAST)]
        if short:
            return Verdict(number, TOO_FEW, (), "; ".join(short), {}, above)
        why = "; ".join(f"{name} {text}" for name, text in reasons.items() if text != "no measure")
        seeing = [one for one in found if reasons[one.estimator] == NO_SECOND_READING]
        unseen = not why and not any(one.estimator in ESTIMATORS for one in found)
        verdict = NOT_JUDGED if seeing or unseen else NO_VARIATION
        return Verdict(number, verdict, (), why or "no estimates of it" * unseen, _medians(seeing, column), above)
    values = _medians(judges, column)
    shares = [one.r[column] / one.repeatability[column] for one in judges]
    values["share"] = float(np.median(np.nan_to_num(shares)))
    values["share_low"] = float(np.median([one.r_low[column] / one.repeatability[column] for one in judges]))
    seen = [(one.auc_twin[column] - 0.5) / (one.auc_real[column] - 0.5) for one in judges
            if one.auc_real[column] >= LEAST_AREA]  # fmt: skip
    agree = [one.female_male[column] / one.female_male_ceiling[column] for one in judges
             if one.female_male_ceiling[column] >= LEAST_REPEATABILITY]  # fmt: skip
    values["female_male_share"] = float(np.median(agree)) if agree else float("nan")
    values["label_share"] = float(np.median(seen)) if seen else float("nan")
    verdict, reason = _ruling(values)
    return Verdict(number, verdict, tuple(one.estimator for one in judges), reason, values, above)


def _medians(judges: list[Agreement], column: int) -> dict[str, float]:
    return {name: float(np.median([getattr(one, name)[column] for one in judges])) for name in _MEDIANS if judges}


def _ruling(values: dict[str, float]) -> tuple[str, str]:
    share, label_share = values["share"], values["label_share"]
    both = share if np.isnan(label_share) else min(share, label_share)
    what = f"follows by {share:.0%} of what can be seen"
    if np.isfinite(label_share):
        what += f", tells the label by {label_share:.0%}"
    if not values["r"] > values["control"]:
        return NOT_TRANSFERRED, "no better than frames that do not belong together"
    if both < SOME_SHARE:
        return NOT_TRANSFERRED, what
    if both < FULL_SHARE:
        return WEAK, what
    if not values["r_low"] > values["control"]:
        return WEAK, f"{what}, but too few frames to tell it from chance"
    if values["slope"] < LEAST_SLOPE:
        return WEAK, f"moves only {values['slope']:.0%} as far"
    return TRANSFERRED, what
