"""Which expression unit a shape of another program is: a table, a map file, and proposals, but no guesses."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assets.errors import InputError, Problem, closest
from assets.units import UNIT_INDEX, UNITS, mirror_name
from synth.importers.files import read_bounded

CLOSE = 0.78
"""Similarity of two names (`difflib.SequenceMatcher.ratio`) from which a match is proposed."""

RAMP_MM = 6.0
"""Half width of the band around the middle of the face over which a two-sided shape is divided."""

# Stems of other naming schemes, lower case and without separators, and the ARKit stem they stand for.
_ALIASES = {
    "browsdown": "browDown", "browdrop": "browDown", "browlower": "browDown",
    "browraiseinner": "browInnerUp", "browinnerraise": "browInnerUp", "innerbrowup": "browInnerUp",
    "browraiseouter": "browOuterUp", "browouterraise": "browOuterUp", "outerbrowup": "browOuterUp",
    "cheekraise": "cheekSquint", "cheekraiser": "cheekSquint", "eyesclosed": "eyeBlink", "eyeclosed": "eyeBlink",
    "blink": "eyeBlink", "eyeslookup": "eyeLookUp", "eyeslookdown": "eyeLookDown", "jawdrop": "jawOpen",
    "mouthopen": "jawOpen", "mouthshut": "mouthClose", "mouthuplower": "mouthShrugLower",
    "mouthupupper": "mouthUpperUp", "mouthdownlower": "mouthLowerDown", "upperlipup": "mouthUpperUp",
    "lowerlipdown": "mouthLowerDown", "mouthrollinupper": "mouthRollUpper", "mouthrollinlower": "mouthRollLower",
    "chinraise": "mouthShrugLower", "smile": "mouthSmile", "frown": "mouthFrown", "pucker": "mouthPucker",
    "funnel": "mouthFunnel", "nosewrinkle": "noseSneer", "sneer": "noseSneer", "eyewiden": "eyeWide",
}  # fmt: skip

_SIDES = {"left": "Left", "l": "Left", "right": "Right", "r": "Right"}
_SIDE_AT_END = re.compile(
    r"^(?P<stem>.+?)[\s_.\-]*(?P<side>Left|Right|left|right|LEFT|RIGHT|(?<=[\s_.\-])[lLrR]|(?<=[a-z])[LR])$"
)
_SIDE_AT_START = re.compile(r"^(?P<side>left|right|l|r)[\s_.\-]+(?P<stem>.+)$", re.IGNORECASE)


def split_side(name: str) -> tuple[str, str]:
    """Return ``(stem, side)`` of a shape name; the side is ``Left``, ``Right`` or empty.

    Prefixes up to a dot or colon that a program adds (``blendShape1.``, ``Head:``) are dropped, unless what
    follows is only a side.
    """
    head, _, tail = name.rpartition(":")
    text = tail or head
    _, dot, rest = text.partition(".")
    if dot and len(rest) > 2:
        text = rest
    for pattern in (_SIDE_AT_END, _SIDE_AT_START):
        match = pattern.match(text)
        if match:
            return match["stem"], _SIDES[match["side"].lower()]
    return text, ""


def _key(stem: str) -> str:
    text = re.sub(r"[^a-z0-9]", "", stem.lower())
    for prefix in ("arkit", "blendshape", "bs", "shape", "expressions", "face"):
        if text.startswith(prefix) and text[len(prefix) :] in _STEMS:
            return text[len(prefix) :]
    return text


_STEMS = {re.sub(r"(Left|Right)$", "", unit).lower() for unit in UNITS} | set(_ALIASES)
_UNIT_BY_KEY = {(split_side(unit)[0].lower(), split_side(unit)[1]): unit for unit in UNITS}


def units_of(name: str) -> tuple[str, ...]:
    """Return the units that a shape name stands for.

    One name for a plain match, two for a name without a side where the units have sides, none for an unknown
    name. The half of a central unit (``browInnerUp_L``) gives that unit.
    """
    stem, side = split_side(name)
    key = _key(stem)
    key = _ALIASES.get(key, key).lower()
    whole, left = _UNIT_BY_KEY.get((key, "")), _UNIT_BY_KEY.get((key, "Left"))
    if side and (key, side) in _UNIT_BY_KEY:
        return (_UNIT_BY_KEY[key, side],)
    if whole:
        return (whole,)
    return (left, mirror_name(left)) if left and not side else ()


@dataclass(frozen=True)
class NameMap:
    """The user's own table.

    Attributes
    ----------
    shapes : dict of str to str
        Source shape to unit; an empty string leaves the shape out.
    parts : dict of str to str
        Source piece to role.
    """

    shapes: dict[str, str]
    parts: dict[str, str]


def read_map(path: Path, roles: Iterable[str]) -> NameMap:
    """Read a map file: TOML with the tables ``[shapes]`` and ``[parts]``.

    Raises
    ------
    InputError
        If it is no TOML, or names a unit or role that does not exist: all such lines at once.
    """
    try:
        tables = tomllib.loads(read_bounded(path, 1 << 20).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError.one(
            f"is not a TOML file ({error})", path, 'write lines such as "MySmile_L" = "mouthSmileLeft"'
        ) from None
    known = {"shapes": [*UNITS, ""], "parts": list(roles)}
    problems = [
        Problem(f"unknown table [{t}]", str(path), "use [shapes] and [parts]") for t in tables if t not in known
    ]
    found: dict[str, dict[str, str]] = {}
    for table, choices in known.items():
        found[table] = tables.get(table, {}) if isinstance(tables.get(table, {}), dict) else {}
        for source, target in found[table].items():
            if target not in choices:
                problems.append(Problem(f"{target!r} is not a {'unit' if table == 'shapes' else 'role'}",
                                        f"{path}:{table}.{source}", closest(str(target), choices)))  # fmt: skip
    if problems:
        raise InputError(problems)
    return NameMap(found["shapes"], found["parts"])


@dataclass(frozen=True)
class Matching:
    """What became of the names of a source.

    Attributes
    ----------
    units : dict of str to tuple of str
        Unit to the source shapes that make it up.
    split : tuple of str
        Source shapes that move both sides and are divided in the middle.
    proposed : dict of str to str
        Unknown source names to the unit they resemble; not used.
    unknown : tuple of str
        Names that resemble nothing.
    """

    units: dict[str, tuple[str, ...]]
    split: tuple[str, ...]
    proposed: dict[str, str]
    unknown: tuple[str, ...]


def match_names(names: Iterable[str], table: dict[str, str], where: str) -> Matching:
    """Match source names to units.

    Parameters
    ----------
    names : iterable of str
    table : dict of str to str
        The user's own; it goes before the built-in table.
    where : str

    Raises
    ------
    InputError
        If two names claim the same unit, or the user's table names a shape that the source lacks.
    """
    names = sorted(names)
    problems = [
        Problem(f"the source has no shape {name!r}", f"{where}: map file", closest(name, names))
        for name in table
        if name not in names
    ]
    claims: dict[str, list[str]] = {}
    split, loose = [], []
    for name in names:
        if name in table:
            claimed: tuple[str, ...] = (table[name],) if table[name] else ()
        else:
            claimed = units_of(name)
            if not claimed:
                loose.append(name)
        if len(claimed) == 2:
            split.append(name)
        for unit in claimed:
            claims.setdefault(unit, []).append(name)
    for name in list(split):
        if any(len(claims[unit]) > 1 for unit in units_of(name)):
            split.remove(name)
            for unit in units_of(name):
                claims[unit].remove(name)
    for unit, claimed_by in claims.items():
        sides = {split_side(name)[1] for name in claimed_by}
        if len(claimed_by) > 1 and not (len(claimed_by) == 2 and sides == {"Left", "Right"}):
            problems.append(
                Problem(f"{' and '.join(map(repr, claimed_by))} both mean {unit}", where, "keep one in a --map file")
            )
    if problems:
        raise InputError(problems)
    units = {unit: tuple(claims[unit]) for unit in UNITS if claims.get(unit)}
    proposed = {name: hit for name in loose if (hit := _resembles(name))}
    return Matching(units, tuple(split), proposed, tuple(name for name in loose if name not in proposed))


def _resembles(name: str) -> str | None:
    stem, side = split_side(name)
    hits = difflib.get_close_matches(_key(stem), sorted(_STEMS), n=1, cutoff=CLOSE)
    if not hits:
        return None
    found = units_of(hits[0] + ("_" + side if side else ""))
    return found[0] if found else None


def shapes_by_unit(shapes: dict[str, np.ndarray], matching: Matching) -> dict[str, np.ndarray]:
    """Return the displacements (V, 3) that are used, by unit; those that move both sides, by the unit's stem."""
    out: dict[str, np.ndarray] = {}
    for unit, sources in matching.units.items():
        for source in sources:
            key = split_side(unit)[0] if source in matching.split else unit
            if source not in matching.split or unit.endswith("Left"):
                out[key] = out[key] + shapes[source] if key in out else shapes[source]
    return out


def mirrored(matching: Matching) -> Matching:
    """Return the matching with left and right exchanged; shapes that move both sides are divided by place anyway."""
    units = {
        unit if any(source in matching.split for source in sources) else mirror_name(unit): sources
        for unit, sources in matching.units.items()
    }
    return replace(matching, units={unit: units[unit] for unit in UNITS if unit in units})


def unit_shapes(shapes: dict[str, np.ndarray], matching: Matching, x_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the displacements (52, V, 3) float32 and which units there are (52,) bool.

    Parameters
    ----------
    shapes : dict of str to (V, 3) float
        In the frame of the rig.
    matching : Matching
    x_mm : (V,) float
        Sideways position of each vertex, positive on the subject's left.
    """
    out = np.zeros((len(UNITS), len(x_mm), 3), np.float32)
    has = np.zeros(len(UNITS), bool)
    left_share = np.clip(0.5 + np.asarray(x_mm) / (2 * RAMP_MM), 0, 1)[:, None]
    for unit, sources in matching.units.items():
        index = UNIT_INDEX[unit]
        has[index] = True
        for source in sources:
            share: np.ndarray | float = 1.0
            if source in matching.split:
                share = left_share if unit.endswith("Left") else 1 - left_share
            out[index] += shapes[source] * share
    return out, has
