"""Options of the corpora as text, the way the command line and configuration files carry them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.action_units import parse_au
from assets.errors import InputError, Problem
from synth.sources.csv_table import raise_problems

LARGEST_OFFSET = 10**9
"""Of frame numbers, in either direction."""


def parse_options(texts: Mapping[str, str | int | None]) -> dict[str, Any]:
    """Return options in the types that the openers take; those that are None are left out.

    Parameters
    ----------
    texts : mapping of str to str, int or None
        ``subjects``, ``tasks``: names with commas between. ``aus``: Action Units with commas between. ``columns``:
        ``frame=Frame,AU12=au12``. ``missing_codes``: codes with commas between, where nothing is the blank code.
        ``frame_offset``: a whole number. All others stay as they are.

    Raises
    ------
    InputError
        At an unknown Action Unit, a list without a name, a pair without ``=``, or an offset that is no number.
    """
    values: dict[str, Any] = {}
    for name, value in texts.items():
        if value is None:
            continue
        text = str(value)
        if name in ("subjects", "tasks", "aus") and not names_in(text):
            raise InputError.one("nothing is named", f"--{name}", "name one or more, or leave it out")
        if name in ("subjects", "tasks"):
            values[name] = names_in(text)
        elif name == "aus":
            values[name] = tuple(dict.fromkeys(parse_au(unit, "--aus").number for unit in names_in(text)))
        elif name == "columns":
            values[name] = _column_map(text)
        elif name == "missing_codes":
            values[name] = [code.strip() for code in text.split(",")]
        elif name == "frame_offset":
            values[name] = _whole_number(text)
        else:
            values[name] = value
    return values


def split_pairs(pairs: tuple[str, ...], where: str) -> dict[str, str]:
    """Return ``key=value`` texts as a mapping; dashes in keys count as underscores.

    Raises
    ------
    InputError
        Every text without ``=``, and every key that stands there twice.
    """
    raise_problems(
        Problem(f"{pair!r} is no key=value", where, "write for example camera=right")
        for pair in pairs
        if "=" not in pair
    )
    split: dict[str, str] = {}
    for key, value in (pair.split("=", 1) for pair in pairs):
        name = key.strip().replace("-", "_")
        if name in split:
            raise InputError.one(f"{name!r} stands there twice", where, "name it once")
        split[name] = value.strip()
    return split


def names_in(text: str) -> list[str]:
    """Return the names between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _column_map(text: str) -> dict[str, str]:
    pairs = names_in(text)
    raise_problems(
        Problem(f"{pair!r} is no key=column", "--columns", "write for example frame=Frame,AU12=au12_occ")
        for pair in pairs
        if "=" not in pair
    )
    return {key.strip(): column.strip() for key, column in (pair.split("=", 1) for pair in pairs)}


def _whole_number(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise InputError.one(f"{text[:40]!r} is no whole number", "--frame-offset", "write for example 1") from None
    if abs(number) > LARGEST_OFFSET:
        raise InputError.one(f"{number} is out of range", "--frame-offset", "write for example 1")
    return number
