"""Which Action Units a rig can show: driven by shapes made for them, approximated by others, or missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from assets.action_units import ACTION_UNITS, parse_au
from assets.rig import Rig
from assets.units import AU_UNITS, UNIT_INDEX, mirror_name

DRIVEN, APPROXIMATED, MISSING = "driven", "approximated", "missing"

VISIBLE_MM = 1.0
"""A full movement below this is hardly seen in a 256-pixel picture (about one pixel at the usual framing)."""

_BORROWED = {
    23: "no unit of its own: lips pressed and rolled in",
    25: "no unit of its own: lips raised and lowered a little",
}


def coverage(rig: Rig, au_numbers: Iterable[int | str]) -> dict[str, dict[str, Any]]:
    """Say for each Action Unit whether the rig shows it and by what.

    Parameters
    ----------
    rig : Rig
    au_numbers : iterable of int or str
        Numbers or names such as ``12`` and ``AU12``; order is kept.

    Returns
    -------
    dict of str to dict
        By column name (``AU12``): ``status`` (``driven``, ``approximated`` or ``missing``), ``units`` (present
        units with their gain), ``absent`` (units the rig lacks), ``peak_mm`` (largest displacement of any vertex
        at full strength) and ``note``. Plain values: ready for JSON.

    Raises
    ------
    InputError
        If a name is not an Action Unit of the table.

    Notes
    -----
    *driven*: all units of the AU are there and were made for it. *approximated*: the AU has no unit of its own, one
    of its units is absent, or the full movement is smaller than ``VISIBLE_MM``. *missing*: none of its units is there.
    """
    return {ACTION_UNITS[n].column: _cover(rig, n) for n in (parse_au(name).number for name in au_numbers)}


def _cover(rig: Rig, number: int) -> dict[str, Any]:
    recipe = AU_UNITS.get(number, ())
    present = {name: gain for name, gain in recipe if rig.has_shape[UNIT_INDEX[name]]}
    absent = [name for name, _ in recipe if name not in present]
    row: dict[str, Any] = {"status": MISSING, "units": present, "absent": absent, "peak_mm": 0.0, "note": ""}
    if not present:
        row["note"] = "the rig has none of its units" if recipe else "no unit moves it"
        return row
    movement = np.zeros(rig.vertices_mm.shape)
    for name, gain in present.items():
        movement += gain * rig.shapes_mm[UNIT_INDEX[name]]
    row["peak_mm"] = round(float(np.sqrt((movement**2).sum(1).max())), 2)
    notes = [_BORROWED[number]] if number in _BORROWED else []
    if absent:
        notes.append("one side only" if {mirror_name(n) for n in absent} & set(present) else "part of its units")
    if row["peak_mm"] < VISIBLE_MM:
        notes.append(f"moves less than {VISIBLE_MM:g} mm")
    row["note"] = "; ".join(notes)
    row["status"] = APPROXIMATED if notes else DRIVEN
    return row


def coverage_lines(table: dict[str, dict[str, Any]]) -> list[str]:
    """Return one readable line per Action Unit of a ``coverage`` table."""
    lines = []
    for column, row in table.items():
        name = ACTION_UNITS[int(column[2:])].name
        by = " + ".join(u if gain == 1 else f"{gain:g} {u}" for u, gain in row["units"].items()) or "-"
        note = f" ({row['note']})" if row["note"] else ""
        lines.append(f"{column} {name:<22} {row['status']:<13} {row['peak_mm']:5.1f} mm  {by}{note}")
    return lines
