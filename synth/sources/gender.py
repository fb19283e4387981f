"""Apparent gender as users write it."""

from __future__ import annotations

from assets.errors import InputError, closest

_SPELLINGS = {
    "female": "female", "f": "female", "woman": "female",
    "male": "male", "m": "male", "man": "male",
    "unknown": "unknown", "u": "unknown", "": "unknown",
}  # fmt: skip


def parse_gender(text: str, where: object) -> str:
    """Return ``female``, ``male`` or ``unknown``.

    Parameters
    ----------
    text : str
        Any case; ``f`` and ``m`` are understood, blank is unknown.
    where : object
        File and row, for the message.

    Raises
    ------
    InputError
        If it is none of these.
    """
    gender = _SPELLINGS.get(text.strip().lower())
    if gender is None:
        hint = closest(text.strip().lower(), ("female", "male", "unknown"))
        raise InputError.one(f"{text!r} is no value of apparent gender", where, f"{hint} (female, male or unknown)")
    return gender
