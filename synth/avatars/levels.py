"""Protected attributes as axes: which twins a frame gets, and in what alone they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from assets.errors import InputError, Problem, closest
from assets.keyed import rng_for
from assets.rig import Rig
from synth.avatars.sample import ANCESTRIES, GENDERS, sample_avatar, sample_avatars
from synth.avatars.spec import AvatarSpec
from synth.avatars.tone import ITA_GROUPS

AXES: dict[str, tuple[str, ...]] = {
    "gender": GENDERS,
    "skin": ("light", "medium", "dark"),
    "age": ("young", "old"),
    "ancestry": ("african", "asian", "european"),
}
"""Axes and their levels; twins are named by their levels in this order: ``female_light``."""

DEFAULT_AXES = ("gender",)

SKIN_ITA_DEG = {"light": (44.0, 55.0), "medium": (12.0, 26.0), "dark": (-44.0, -26.0)}
"""Individual typology angle of each level of ``skin``, degrees; the gaps keep the levels apart."""

AGE_COORDINATE = {"young": (-0.8, -0.45), "old": (0.55, 0.85)}
"""Coordinate on the rig's age axis (-1 to 1) of each level of ``age``."""

OWN_SHARE = 0.9
"""Share of the named ancestry at a level of ``ancestry``; the other two have the rest."""

_ANCESTRY_AXES = dict(zip(AXES["ancestry"], ANCESTRIES, strict=True))
_CREASES_PER_AGE = 0.34
_GREY_RGB = np.array([0.30, 0.29, 0.28])
_LAST_AGE_WITHOUT_GREY = 0.4
_BETWEEN = ("intermediate", "tan")
"""Skin groups whose colours of hair and eyes occur with every skin tone."""


@dataclass(frozen=True)
class LevelTwin:
    """One avatar of a tuple.

    Attributes
    ----------
    spec : AvatarSpec
    person : str
        Twins of one tuple with the same person differ in their levels alone, and stand in the same scene.
    levels : dict of str to str
        Axis to level.
    """

    spec: AvatarSpec
    person: str
    levels: dict[str, str]


def parse_axes(text: str, where: str = "--axes") -> tuple[str, ...]:
    """Return the axes that a text such as ``gender,skin`` names, in the order of ``AXES``.

    Raises
    ------
    InputError
        If there is none, or one is unknown or stands there twice.
    """
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    problems = [Problem(f"there is no axis {name!r}", where, closest(name, AXES)) for name in names if name not in AXES]
    problems += [
        Problem(f"axis {name!r} stands there twice", where, "name it once")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if not names:
        problems.append(Problem("no axis is named", where, f"name some of {', '.join(AXES)}"))
    if problems:
        raise InputError(problems)
    return tuple(axis for axis in AXES if axis in names)


def level_sets(axes: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the levels of every twin of a tuple, in the order of the twins."""
    return [dict(zip(axes, levels, strict=True)) for levels in product(*(AXES[axis] for axis in axes))]


def twin_names(axes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the twins of a tuple: ``female_light, female_medium, …``."""
    return tuple("_".join(levels.values()) for levels in level_sets(axes))


def check_rig(rig: Rig, axes: tuple[str, ...]) -> None:
    """Check that a rig can show the levels.

    Raises
    ------
    InputError
        If it lacks an axis of its own; skin is painted and needs none.
    """
    needed = {"age": ("age",), "ancestry": ANCESTRIES}
    lacking = [axis for axis in axes if not set(needed.get(axis, ())) <= set(rig.axes)]
    if lacking:
        raise InputError(
            Problem(f"rig {rig.name!r} has no axis of {axis}", "--axes", "leave it out, or choose another --assets")
            for axis in lacking
        )


def sample_tuples(
    seed: int, rigs: Mapping[str, Rig], axes: tuple[str, ...], count: int
) -> tuple[tuple[LevelTwin, ...], ...]:
    """Return ``count`` tuples of avatars.

    A tuple holds a woman and a man, two different people as in the paper, if ``gender`` is an axis; otherwise one
    person, women and men in turn. All other axes change nothing but what they name: the twins of one person share
    identity, hair style, clothes and scene. A tuple depends on the seed and its number only.

    Parameters
    ----------
    seed : int
    rigs : mapping of str to Rig
        Rig of each apparent gender.
    axes : tuple of str
        Of ``AXES``.
    count : int
    """
    if axes == DEFAULT_AXES:
        drawn = {gender: sample_avatars(seed, rigs[gender], 2 * count)[place::2]
                 for place, gender in enumerate(GENDERS)}  # fmt: skip
        return tuple(
            tuple(LevelTwin(drawn[gender][i], drawn[gender][i].name, {"gender": gender}) for gender in GENDERS)
            for i in range(count)
        )
    out = []
    for number in range(count):
        people: dict[str, AvatarSpec] = {}
        twins = []
        for levels in level_sets(axes):
            gender = levels.get("gender", GENDERS[number % 2])
            if gender not in people:
                people[gender] = _person(seed, rigs[gender], gender, number, axes)
            twins.append(_at_levels(seed, people[gender], levels))
        out.append(tuple(twins))
    return tuple(out)


def _person(seed: int, rig: Rig, gender: str, number: int, axes: tuple[str, ...]) -> AvatarSpec:
    """Return a person who can be shown at every level.

    If skin is an axis, hair and eyes have colours that occur with every tone; if age is one, the hair is not grey.
    """
    name = f"{gender}-{number:03d}"
    turn, place = divmod(number, len(ITA_GROUPS))
    dealt = rng_for(seed, "skin groups of people", gender, turn).permutation(list(ITA_GROUPS))[place]
    group = _BETWEEN[number % 2] if "skin" in axes else str(dealt)
    for attempt in range(1000):
        person = sample_avatar(rng_for(seed, "person", gender, number, attempt), rig, name, gender, group)
        if "age" not in axes or person.attributes.get("age", 0.0) <= _LAST_AGE_WITHOUT_GREY:
            return person
    raise ValueError(f"no young person among 1000 for {name}")


def _at_levels(seed: int, person: AvatarSpec, levels: Mapping[str, str]) -> LevelTwin:
    """Return the twin of a person at some levels."""
    changes: dict[str, Any] = {}
    attributes = dict(person.attributes)
    for axis, level in levels.items():
        rng = rng_for(seed, "level", person.name, axis, level)
        if axis == "skin":
            changes["skin_ita_deg"] = round(float(rng.uniform(*SKIN_ITA_DEG[level])), 3)
        elif axis == "age":
            age = round(float(rng.uniform(*AGE_COORDINATE[level])), 6)
            creases = person.creases + _CREASES_PER_AGE * (age - attributes["age"])
            changes["creases"] = round(float(np.clip(creases, 0.08, 1.0)), 4)
            changes["hair_rgb"] = _greyed(person.hair_rgb, rng.uniform(0.25, 0.9) if level == "old" else 0.0)
            attributes["age"] = age
        elif axis == "ancestry":
            rest = (1 - OWN_SHARE) / 2
            for name, axis_name in _ANCESTRY_AXES.items():
                attributes[axis_name] = round(1.15 * ((OWN_SHARE if name == level else rest) - 1 / 3), 6)
    suffix = [level for axis, level in levels.items() if axis != "gender"]
    spec = replace(person, name="-".join([person.name, *suffix]), attributes=attributes, **changes)
    return LevelTwin(spec, person.name, dict(levels))


def _greyed(colour: tuple[float, float, float], share: float) -> tuple[float, float, float]:
    red, green, blue = (round(float(c), 5) for c in np.array(colour) + (_GREY_RGB - np.array(colour)) * share)
    return red, green, blue
