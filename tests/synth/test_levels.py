"""Axes of protected attributes: what the twins of a tuple share, and in what they differ."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import pairwise

import pytest

from assets.errors import InputError
from assets.rig import Rig
from assets.rig_bundle import load_rig
from synth.avatars.levels import (
    AGE_COORDINATE,
    AXES,
    SKIN_ITA_DEG,
    LevelTwin,
    check_rig,
    level_sets,
    parse_axes,
    sample_tuples,
    twin_names,
)
from synth.avatars.sample import ANCESTRIES, sample_avatars


@pytest.fixture(scope="module")
def rig() -> Rig:
    return load_rig("hm08")


def drawn(rig: Rig, axes: str, count: int, seed: int = 0) -> tuple[tuple[LevelTwin, ...], ...]:
    return sample_tuples(seed, {"female": rig, "male": rig}, parse_axes(axes), count)


def test_names_are_the_levels_in_one_order() -> None:
    assert parse_axes("skin, Gender") == ("gender", "skin")
    assert twin_names(("gender",)) == ("female", "male")
    assert twin_names(("gender", "skin")) == ("female_light", "female_medium", "female_dark", "male_light",
                                              "male_medium", "male_dark")  # fmt: skip
    assert len(level_sets(tuple(AXES))) == 2 * 3 * 2 * 3
    assert len(set(twin_names(tuple(AXES)))) == 36


@pytest.mark.parametrize("text", ["", "gender,gender", "hair", "gender,skn"])
def test_wrong_axes_are_named(text: str) -> None:
    with pytest.raises(InputError, match="--axes"):
        parse_axes(text)


def test_the_default_pair_is_that_of_the_avatars(rig: Rig) -> None:
    avatars = sample_avatars(4, rig, 6)
    pairs = drawn(rig, "gender", 3, 4)
    assert [twin.spec for pair in pairs for twin in pair] == list(avatars)


@pytest.mark.parametrize("axes", ["skin", "age", "ancestry", "gender,skin", "gender,age,ancestry"])
def test_twins_of_one_person_differ_in_the_axes_alone(rig: Rig, axes: str) -> None:
    may_differ = {"name", *({"skin_ita_deg"} if "skin" in axes else ()),
                  *({"attributes", "creases", "hair_rgb"} if "age" in axes else ()),
                  *({"attributes"} if "ancestry" in axes else ())}  # fmt: skip
    for group in drawn(rig, axes, 4):
        people: dict[str, list[LevelTwin]] = {}
        for twin in group:
            people.setdefault(twin.person, []).append(twin)
            assert twin.spec.apparent_gender == twin.levels.get("gender", twin.spec.apparent_gender)
        assert len(people) == (2 if "gender" in axes else 1)
        for twins in people.values():
            for one, other in pairwise(twins):
                mine, theirs = asdict(one.spec), asdict(other.spec)
                assert {key for key in mine if mine[key] != theirs[key]} <= may_differ
                changed = {k for k in mine["attributes"] if mine["attributes"][k] != theirs["attributes"][k]}
                allowed = {*(("age",) if "age" in axes else ()), *(ANCESTRIES if "ancestry" in axes else ())}
                assert changed <= allowed


def test_levels_lie_where_they_are_said_to(rig: Rig) -> None:
    for group in drawn(rig, "skin,age,ancestry", 3, 7):
        for twin in group:
            low, high = SKIN_ITA_DEG[twin.levels["skin"]]
            assert low <= twin.spec.skin_ita_deg <= high
            low, high = AGE_COORDINATE[twin.levels["age"]]
            assert low <= twin.spec.attributes["age"] <= high
            shares = {name: twin.spec.attributes[axis] for name, axis in zip(AXES["ancestry"], ANCESTRIES, strict=True)}
            assert max(shares, key=shares.__getitem__) == twin.levels["ancestry"]
    ends = sorted(SKIN_ITA_DEG.values())
    assert all(before[1] < after[0] for before, after in pairwise(ends))


def test_a_tuple_depends_on_the_seed_and_its_number_alone(rig: Rig) -> None:
    assert drawn(rig, "gender,skin", 5)[:2] == drawn(rig, "gender,skin", 2)
    assert drawn(rig, "gender,skin", 2, 1) != drawn(rig, "gender,skin", 2)
    names = [twin.spec.name for group in drawn(rig, "gender,skin", 5) for twin in group]
    assert len(set(names)) == len(names)
    without = [{twin.spec.apparent_gender for twin in group} for group in drawn(rig, "skin", 4)]
    assert without == [{"female"}, {"male"}] * 2


def test_a_rig_without_the_axis_is_refused(rig: Rig) -> None:
    bare = replace(rig, axes={})
    check_rig(bare, ("gender", "skin"))
    with pytest.raises(InputError) as caught:
        check_rig(bare, ("age", "ancestry"))
    assert len(caught.value.problems) == 2
