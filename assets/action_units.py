"""The FACS Action Units the project knows, and how users and files may spell them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assets.errors import InputError


@dataclass(frozen=True)
class ActionUnit:
    """One Action Unit of the Facial Action Coding System (Ekman, Friesen and Hager 2002)."""

    number: int
    name: str

    @property
    def column(self) -> str:
        """Column name, for example ``AU01``."""
        return f"AU{self.number:02d}"


_NAMES = {
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser", 6: "cheek raiser",
    7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser", 11: "nasolabial deepener", 12: "lip corner puller",
    14: "dimpler", 15: "lip corner depressor", 16: "lower lip depressor", 17: "chin raiser", 18: "lip pucker",
    20: "lip stretcher", 22: "lip funneler", 23: "lip tightener", 24: "lip pressor", 25: "lips part", 26: "jaw drop",
    27: "mouth stretch", 28: "lip suck", 34: "cheek puff", 43: "eyes closed", 45: "blink",
}  # fmt: skip

ACTION_UNITS: dict[int, ActionUnit] = {number: ActionUnit(number, name) for number, name in _NAMES.items()}

UNKNOWN_CODE = 9
"""The code BP4D and its relatives write where a coder could not tell; it becomes mask 0."""

_SPELLING = re.compile(r"^\s*(?:AU)?[\s_]*0*(\d{1,2})(?:_[rcRC])?\s*$", re.IGNORECASE)


def parse_au(text: str | int, where: object = "AU name") -> ActionUnit:
    """Return the Action Unit that ``text`` names: ``12``, ``AU12``, ``au_12``, ``AU12_c``.

    Raises
    ------
    InputError
        If the text names no Action Unit of the table.
    """
    match = _SPELLING.match(str(text))
    number = int(match.group(1)) if match else -1
    if number not in ACTION_UNITS:
        known = " ".join(map(str, ACTION_UNITS))
        raise InputError.one(f"{str(text)!r} is not a known Action Unit", where, f"use a number out of: {known}")
    return ACTION_UNITS[number]


def au_columns(numbers: tuple[int, ...] | list[int]) -> tuple[str, ...]:
    """Return column names such as ``("AU01", "AU12")`` for Action Unit numbers."""
    return tuple(ACTION_UNITS[number].column for number in numbers)
