"""Which rig the women and the men of a run are made from."""

from __future__ import annotations

import re
from functools import cache

from assets.coverage import APPROXIMATED, DRIVEN, MISSING
from assets.errors import InputError
from assets.rig import Rig
from assets.rig_bundle import load_rig
from synth.avatars.sample import GENDERS

_BY_GENDER = re.compile(r"^\s*(?:female|male)\s*=")
_WORST = (MISSING, APPROXIMATED, DRIVEN)


def rig_names(assets: str) -> dict[str, str]:
    """Return the rig of each apparent gender: a name or a path.

    Parameters
    ----------
    assets : str
        One rig for both, or ``female=NAME,male=NAME``.

    Raises
    ------
    InputError
        If only one of the two is named, or one twice.
    """
    if not _BY_GENDER.match(assets):
        return dict.fromkeys(GENDERS, assets)
    parts = [part.partition("=") for part in re.split(r",(?=\s*(?:female|male)\s*=)", assets)]
    found = {gender.strip(): name.strip() for gender, _, name in parts}
    if set(found) != set(GENDERS) or len(parts) != len(GENDERS) or not all(found.values()):
        raise InputError.one(f"{assets!r} does not name one rig for women and one for men", "--assets",
                             "write --assets female=NAME,male=NAME, or one name for both")  # fmt: skip
    return {gender: found[gender] for gender in GENDERS}


@cache
def loaded_rig(name: str) -> Rig:
    """Return a rig, read once per process."""
    return load_rig(name)


def load_rigs(assets: str) -> dict[str, Rig]:
    """Return the rig of each apparent gender.

    Raises
    ------
    InputError
        If a rig is not there or broken, or two rigs carry tables of different landmarks.
    """
    rigs = {gender: loaded_rig(name) for gender, name in rig_names(assets).items()}
    sizes = {0 if rig.landmarks is None else len(rig.landmarks.vertices) for rig in rigs.values()}
    if len(sizes) > 1:
        counts = " and ".join(map(str, sorted(sizes)))
        raise InputError.one(f"the rigs have landmark tables of {counts} points", "--assets", "import both rigs again")
    return rigs


def shared_coverage(tables: list[dict[str, dict]]) -> dict[str, dict]:
    """Return for each Action Unit the row of the rig that shows it worst: a tuple of twins shows no more than that."""
    first, *others = tables
    return {
        column: min([row, *(table[column] for table in others)], key=lambda one: _WORST.index(one["status"]))
        for column, row in first.items()
    }
