"""The people of the stand-in corpora: names, apparent gender, faces unlike those of the twins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.corpora import fold_subjects
from assets.keyed import rng_for
from assets.rig import Rig
from assets.standin import StandinCorpus
from synth.avatars.spec import AvatarSpec

_ITA_DEG = {"light": (47.0, 8.0, 31.0, 60.0), "asian": (37.0, 7.0, 22.0, 50.0),
            "olive": (20.0, 7.0, 6.0, 34.0), "dark": (-20.0, 16.0, -46.0, 4.0)}  # fmt: skip
_ANCESTRY = {"light": "caucasian", "asian": "asian", "olive": "caucasian", "dark": "african"}
_HAIR_RGB = {
    "light": ((0.30, 0.20, 0.10), (0.09, 0.05, 0.03), (0.16, 0.09, 0.05), (0.26, 0.10, 0.04), (0.02, 0.015, 0.012)),
    "asian": ((0.012, 0.010, 0.010), (0.03, 0.018, 0.014)),
    "olive": ((0.02, 0.014, 0.010), (0.06, 0.035, 0.022)),
    "dark": ((0.010, 0.008, 0.008), (0.018, 0.012, 0.010)),
}
_IRIS_RGB = {
    "light": ((0.12, 0.22, 0.32), (0.10, 0.16, 0.09), (0.12, 0.06, 0.025), (0.16, 0.20, 0.22)),
    "asian": ((0.035, 0.018, 0.010),),
    "olive": ((0.05, 0.026, 0.012), (0.09, 0.07, 0.03)),
    "dark": ((0.025, 0.013, 0.008),),
}
_WORN_BY = {
    "bob": "female", "long": "female", "bun": "female", "cropped": "male", "short": "male", "side": "male",
}  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """One simulated person.

    Attributes
    ----------
    name : str
        In the style of the mimicked corpus: ``F001``, ``SN001``, ``001A``.
    apparent_gender : str
        ``female`` or ``male``.
    tone : str
        Key of the corpus's ``tones``.
    """

    name: str
    apparent_gender: str
    tone: str


def subjects_of(corpus: StandinCorpus, count: int, seed: int) -> tuple[Subject, ...]:
    """Return the first ``count`` subjects; every prefix keeps the corpus's gender ratio to within one person.

    Skin tones are dealt by the same rule within each apparent gender, in an order that the seed shuffles, so
    that small runs have them all.
    """
    women = corpus.females / (corpus.females + corpus.males)
    genders = ["female" if int((i + 1) * women) > int(i * women) else "male" for i in range(count)]
    tones = {gender: _dealt(corpus, gender, genders.count(gender), seed) for gender in ("female", "male")}
    names = _names(corpus, genders)
    return tuple(
        Subject(name, gender, tones[gender][genders[:i].count(gender)])
        for i, (name, gender) in enumerate(zip(names, genders, strict=True))
    )


def _names(corpus: StandinCorpus, genders: list[str]) -> list[str]:
    """Return names in the style of the mimicked corpus, without end."""
    if corpus.mimics == "bp4d":
        return [f"{g[0].upper()}{genders[: i + 1].count(g):03d}" for i, g in enumerate(genders)]
    if corpus.mimics == "disfa":
        known = sorted(name for part in fold_subjects("disfa") for name in part)
        return [known[i] if i < len(known) else f"SN{33 + i - len(known):03d}" for i in range(len(genders))]
    return [f"{1 + i // 3:03d}{'ABC'[i % 3]}" for i in range(len(genders))]


def _dealt(corpus: StandinCorpus, gender: str, count: int, seed: int) -> list[str]:
    """Deal skin tones to people so that the shares hold as nearly as they can after each person."""
    tones = list(corpus.tones)
    rng_for(seed, "standin", corpus.name, gender, "tones").shuffle(tones)
    owed = dict.fromkeys(tones, 0.0)
    dealt = []
    for _ in range(count):
        for tone in tones:
            owed[tone] += corpus.tones[tone]
        tone = max(tones, key=lambda name: owed[name])
        owed[tone] -= 1.0
        dealt.append(tone)
    return dealt


def subject_spec(rig: Rig, corpus: StandinCorpus, subject: Subject, seed: int) -> AvatarSpec:
    """Return what a subject looks like.

    Faces are drawn from keys that no twin uses and from a distribution of their own: identity coefficients are
    normal with standard deviation 0.9, cut at 2.

    Parameters
    ----------
    rig : Rig
        Its identity modes, axes and optional parts bound the choice.
    corpus : StandinCorpus
    subject : Subject
    seed : int
        Root seed.
    """
    rng = rng_for(seed, "standin", corpus.name, subject.name, "looks")
    identity = np.clip(0.9 * rng.standard_normal(len(rig.identity_mm)), -2.0, 2.0)
    female = subject.apparent_gender == "female"
    middle, spread, low, high = _ITA_DEG[subject.tone]
    old = rng.uniform(*corpus.age)
    beard = 0.0 if female or rng.random() < 0.45 else rng.uniform(0.25, 0.95)
    return AvatarSpec(
        name=f"{corpus.name}/{subject.name}",
        rig=rig.name,
        apparent_gender=subject.apparent_gender,
        identity=tuple(np.round(identity, 6).tolist()),
        attributes=_attributes(rig, subject, old, rng),
        skin_ita_deg=float(np.clip(rng.normal(middle, spread), low, high)),
        melanin=float(rng.normal(0.0, 0.04)),
        haemoglobin=float(rng.normal(0.0, 0.045)),
        roughness=float(rng.uniform(0.38, 0.62)),
        hair=_part(rig, "hair_", subject.apparent_gender, rng),
        cloth=_part(rig, "cloth_", subject.apparent_gender, rng),
        hair_rgb=_near(_HAIR_RGB[subject.tone], rng),
        iris_rgb=_near(_IRIS_RGB[subject.tone], rng),
        cloth_rgb=tuple((rng.uniform(0.02, 0.5) * rng.uniform(0.4, 1.0, 3)).round(4).tolist()),
        brow_thickness=float(rng.uniform(0.65, 0.95) if female else rng.uniform(0.95, 1.35)),
        brow_density=float(rng.uniform(0.7, 1.2)),
        beard=float(beard),
        lip_redness=float(rng.uniform(0.45, 1.0) if female else rng.uniform(0.15, 0.5)),
        freckles=float(rng.uniform(0.0, 0.6) ** 2 if subject.tone == "light" else 0.0),
        creases=float(np.clip(0.45 + 0.3 * old + rng.normal(0.0, 0.12), 0.15, 1.0)),
        seed=int(rng.integers(0, 2**31)),
    )


def _attributes(rig: Rig, subject: Subject, old: float, rng: np.random.Generator) -> dict[str, float]:
    """Return coordinates along those of the rig's axes that are understood: gender, age, ancestry."""
    sign = -1.0 if subject.apparent_gender == "female" else 1.0
    wanted = {"gender": sign * rng.uniform(0.8, 1.0), "age": old}
    for name in ("african", "asian", "caucasian"):
        own = name == _ANCESTRY[subject.tone]
        wanted[f"ancestry_{name}"] = rng.uniform(0.4, 0.8) if own else rng.uniform(-0.35, 0.0)
    return {name: round(float(value), 6) for name, value in wanted.items() if name in rig.axes}


def _part(rig: Rig, prefix: str, apparent_gender: str, rng: np.random.Generator) -> str:
    """Choose an optional part of the rig, empty if it has none of the kind.

    Parts that carry the other gender in their name are left out; long hair is mostly worn by women and cropped
    hair by men, so that observers would judge the apparent gender as intended.
    """
    other = "male" if apparent_gender == "female" else "female"
    names = sorted(part.name for part in rig.parts if part.optional and part.name.startswith(prefix))
    names = [name for name in names if other not in name.split("_")]
    if not names:
        return ""
    chances = np.array([0.08 if _WORN_BY.get(name.removeprefix(prefix), apparent_gender) == other else 1.0
                        for name in names])  # fmt: skip
    return str(rng.choice(names, p=chances / chances.sum()))


def _near(colours: tuple[tuple[float, float, float], ...], rng: np.random.Generator) -> tuple[float, float, float]:
    """Choose a colour and vary its brightness."""
    red, green, blue = np.asarray(colours[rng.integers(len(colours))]) * rng.uniform(0.75, 1.3)
    return round(float(red), 5), round(float(green), 5), round(float(blue), 5)
