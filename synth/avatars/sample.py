"""Drawing avatars at random, balanced over apparent gender and skin tone."""

from __future__ import annotations

import numpy as np

from assets.keyed import rng_for
from assets.rig import Rig
from synth.avatars.spec import AvatarSpec, spec_from_json, spec_to_json
from synth.avatars.tone import ITA_GROUPS, ita_group

__all__ = ["GENDERS", "sample_avatar", "sample_avatars", "spec_from_json", "spec_to_json"]

GENDERS = ("female", "male")
"""Apparent genders; avatar number ``2 i`` is female, ``2 i + 1`` male."""

Triple = tuple[float, float, float]

_HAIR_RGB: dict[str, tuple[Triple, ...]] = {
    "fair": (
        (0.34, 0.22, 0.10),
        (0.17, 0.095, 0.045),
        (0.085, 0.045, 0.024),
        (0.035, 0.02, 0.012),
        (0.20, 0.07, 0.025),
    ),
    "middle": ((0.06, 0.034, 0.02), (0.03, 0.018, 0.012), (0.014, 0.01, 0.008), (0.11, 0.06, 0.03)),
    "deep": ((0.014, 0.010, 0.008), (0.009, 0.008, 0.0075), (0.022, 0.014, 0.010)),
}
_IRIS_RGB: dict[str, tuple[Triple, ...]] = {
    "fair": ((0.11, 0.165, 0.225), (0.14, 0.175, 0.19), (0.12, 0.15, 0.08), (0.13, 0.07, 0.03), (0.07, 0.034, 0.016)),
    "middle": ((0.10, 0.05, 0.022), (0.06, 0.03, 0.014), (0.11, 0.09, 0.04)),
    "deep": ((0.045, 0.022, 0.012), (0.03, 0.016, 0.010)),
}
_ANCESTRY: dict[str, tuple[float, float, float]] = {
    "very light": (0.02, 0.10, 0.88), "light": (0.04, 0.26, 0.70), "intermediate": (0.12, 0.44, 0.44),
    "tan": (0.34, 0.36, 0.30), "brown": (0.68, 0.18, 0.14), "dark": (0.92, 0.05, 0.03),
}  # fmt: skip
"""Mean shares of African, Asian and European ancestry in the shape of a face of each skin group."""

ANCESTRIES = ("ancestry_african", "ancestry_asian", "ancestry_caucasian")


def sample_avatar(
    rng: np.random.Generator, rig: Rig, name: str, apparent_gender: str, skin_group: str | None = None
) -> AvatarSpec:
    """Return a random person.

    Parameters
    ----------
    rng : numpy Generator
    rig : Rig
        Its identity modes, axes and optional parts bound the choice.
    name : str
        Unique in the run.
    apparent_gender : str
        ``female`` or ``male``.
    skin_group : str, optional
        Key of `synth.avatars.tone.ITA_GROUPS`; drawn at random if left out. Everything that depends on
        gender is drawn independently of it.
    """
    female = apparent_gender == "female"
    group = skin_group or str(rng.choice(list(ITA_GROUPS)))
    ita = float(rng.uniform(*ITA_GROUPS[group]))
    age = float(rng.uniform(-0.8, 0.85))
    identity = np.clip(0.66 * rng.standard_normal(len(rig.identity_mm)), -1.5, 1.5)
    shade = "fair" if ita > 38 else "middle" if ita > 12 else "deep"
    beard = 0.0 if female else float(rng.choice([rng.uniform(0.06, 0.22), rng.uniform(0.3, 0.95)], p=[0.5, 0.5]))
    return AvatarSpec(
        name=name,
        rig=rig.name,
        apparent_gender=apparent_gender,
        identity=tuple(np.round(identity, 6).tolist()),
        attributes=_attributes(rng, rig, female, age, group),
        skin_ita_deg=round(ita, 3),
        melanin=round(float(rng.normal(0, 0.03)), 5),
        haemoglobin=round(float(rng.normal(0, 0.06)), 5),
        roughness=round(float(rng.uniform(0.42, 0.58)), 4),
        hair=_hair(rng, rig, apparent_gender, age),
        cloth=_optional_part(rng, rig, "cloth_", apparent_gender),
        hair_rgb=_hair_colour(rng, shade, age, female),
        iris_rgb=_varied(rng, _IRIS_RGB[shade]),
        cloth_rgb=_cloth_colour(rng),
        brow_thickness=round(float(rng.uniform(0.82, 1.08) if female else rng.uniform(0.95, 1.25)), 4),
        brow_density=round(float(rng.uniform(0.95, 1.25)), 4),
        beard=round(beard, 4),
        lip_redness=round(float(rng.uniform(0.3, 0.9) if female else rng.uniform(0.1, 0.4)), 4),
        freckles=round(float(rng.uniform(0, 1) ** 2 * 0.8 if shade == "fair" else rng.uniform(0, 0.15)), 4),
        creases=round(float(np.clip(0.36 + 0.34 * age + rng.normal(0, 0.08), 0.08, 1.0)), 4),
        seed=int(rng.integers(0, 2**31)),
    )


def sample_avatars(seed: int, rig: Rig, count: int) -> tuple[AvatarSpec, ...]:
    """Return ``count`` avatars, even numbers female, odd ones male.

    Skin groups are dealt in shuffled rounds, separately for each gender, so that both genders have the
    same groups equally often. An avatar depends on the seed and its number only, not on ``count``.

    Parameters
    ----------
    seed : int
        Root seed, 0 included.
    rig : Rig
    count : int
    """
    avatars = []
    for number in range(count):
        gender = GENDERS[number % 2]
        turn, place = divmod(number // 2, len(ITA_GROUPS))
        order = rng_for(seed, "skin groups", gender, turn).permutation(list(ITA_GROUPS))
        rng = rng_for(seed, "avatar", number)
        avatars.append(sample_avatar(rng, rig, f"{gender}-{number:03d}", gender, str(order[place])))
    return tuple(avatars)


def _attributes(rng: np.random.Generator, rig: Rig, female: bool, age: float, group: str) -> dict[str, float]:
    """Return coordinates along those of the rig's axes that are understood."""
    shares = rng.dirichlet(np.array(_ANCESTRY[group]) * 3.5 + 0.05)
    wanted = {"gender": float(rng.uniform(0.7, 1.05)) * (-1 if female else 1), "age": age}
    wanted |= {axis: float(1.15 * (share - 1 / 3)) for axis, share in zip(ANCESTRIES, shares, strict=True)}
    return {name: round(value, 6) for name, value in wanted.items() if name in rig.axes}


_STYLES_OF = {
    "female": {"long", "wavy", "bob", "bun", "curls", "ponytail"},
    "male": {"cropped", "short", "side", "curly", "receding", "buzz"},
}
"""Words in the names of optional parts that make observers think of one gender; other words suit both."""

_RARE = {"hair_bun": 0.15, "hair_curly": 0.7}
"""Relative share of styles that say less about gender; the others have 1."""

_SHAVED = 0.10
"""Share of men whose hair is only painted: shaved, or bald with a ring of stubble."""


def _hair(rng: np.random.Generator, rig: Rig, apparent_gender: str, age: float) -> str:
    """Choose a hair style; receding hair is for the older half of the men."""
    style = _optional_part(rng, rig, "hair_", apparent_gender)
    recedes, shaved = rng.random() < 0.5 * (age + 0.5), rng.random() < _SHAVED
    if apparent_gender == "female":
        return style
    if style == "hair_receding" and not recedes:
        style = "hair_cropped" if any(part.name == "hair_cropped" for part in rig.parts) else style
    return "" if shaved else style


def _optional_part(rng: np.random.Generator, rig: Rig, prefix: str, apparent_gender: str) -> str:
    """Choose an optional part of the rig; names with a word of the other gender only are left out."""
    other = "male" if apparent_gender == "female" else "female"
    barred = (_STYLES_OF[other] - _STYLES_OF[apparent_gender]) | {other}
    names = sorted(part.name for part in rig.parts if part.optional and part.name.startswith(prefix))
    fitting = [name for name in names if not barred & set(name.split("_"))] or names
    shares = np.array([_RARE.get(name, 1.0) for name in fitting])
    return str(rng.choice(fitting, p=shares / shares.sum())) if names else ""


def _hair_colour(rng: np.random.Generator, shade: str, age: float, female: bool) -> Triple:
    """Choose a colour of hair, grey in the older ones; many women dye theirs."""
    colour = np.array(_varied(rng, _HAIR_RGB[shade]))
    grey = float(np.clip(max(age - 0.55, 0.0) * rng.uniform(-1.2, 3.0), 0, 0.3 if female else 0.9))
    return _rounded(colour + (np.array([0.30, 0.29, 0.28]) - colour) * grey)


def _cloth_colour(rng: np.random.Generator) -> Triple:
    brightness = np.exp(rng.uniform(np.log(0.02), np.log(0.5)))
    hue = rng.uniform(0.35, 1.0, 3)
    return _rounded(brightness * hue / hue.max())


def _varied(rng: np.random.Generator, colours: tuple[Triple, ...]) -> Triple:
    return _rounded(np.array(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.8, 1.25))


def _rounded(colour: np.ndarray) -> Triple:
    red, green, blue = (round(float(value), 5) for value in colour)
    return red, green, blue


def skin_counts(avatars: tuple[AvatarSpec, ...]) -> dict[str, dict[str, int]]:
    """Return how many avatars of each apparent gender fall into each skin group."""
    table = {gender: dict.fromkeys(ITA_GROUPS, 0) for gender in GENDERS}
    for avatar in avatars:
        table[avatar.apparent_gender][ita_group(avatar.skin_ita_deg)] += 1
    return table
