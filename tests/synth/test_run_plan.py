"""Planning, configuration and the registration of real crops with twins."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from footage import write_image, write_lines, write_video
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from assets.errors import InputError
from assets.keyed import rng_for
from synth.framing import EYE_LINE, HEAD_SCALE
from synth.render.camera import project
from synth.render.scene import Background, Pose, Scene
from synth.run.config import RenderConfig, config_toml, make_config, read_config
from synth.run.crop import crop_maps, cut_crop, roll_of, without_roll
from synth.run.job import SubjectJob
from synth.run.plan import deal_avatars, make_plan
from synth.run.tracks import subject_labels

# -- pairing


@given(st.integers(1, 60), st.integers(1, 80))
def test_every_subject_has_a_pair_and_every_pair_a_subject(subjects: int, pairs: int) -> None:
    given_out, rule = deal_avatars(subjects, 2 * pairs)
    uses = Counter(pair for own in given_out for pair in own)
    assert len(given_out) == subjects
    assert all(given_out)
    assert set(uses) == set(range(pairs))
    assert max(uses.values()) - min(uses.values()) <= 1
    assert max(map(len, given_out)) - min(map(len, given_out)) <= 1
    assert ("round robin" in rule) == (pairs != subjects)


@pytest.mark.parametrize("avatars", [-2, 0, 1, 3, 61])
def test_odd_or_no_avatars_are_refused(avatars: int) -> None:
    with pytest.raises(InputError, match="multiple of 2"):
        deal_avatars(30, avatars)


def test_only_simulated_sources_have_true_weights(tmp_path: Path) -> None:
    write_image(tmp_path / "anna" / "1.png")
    with pytest.raises(InputError, match="--weights true: only simulated sources have true weights; leave it at fit"):
        make_plan(make_config({"source": (str(tmp_path / "anna"),), "weights": "true"}))
    with pytest.raises(InputError, match="is not available"):
        make_config({"weights": "truth"})


def test_plan_of_footage(tmp_path: Path) -> None:
    for name in ("anna/1.png", "anna/2.png", "ben/1.png"):
        write_image(tmp_path / "people" / name)
    plan = make_plan(make_config({"source": str(tmp_path / "people"), "avatars": 2}))
    assert [(p.subject, p.frames, p.tuples) for p in plan.subjects] == [("anna", 2, (0,)), ("ben", 1, (0,))]
    assert (plan.frames, plan.twins, plan.au_numbers) == (3, 6, ())
    assert plan.record()["planned_frames"] == 3


def test_subjects_that_would_share_a_file_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    path = write_lines(tmp_path / "m.csv", "path,subject,frame", "1.png,a b,0", "1.png,a:b,0")
    with pytest.raises(InputError, match=r"a_b\.h5"):
        make_plan(make_config({"source": str(path)}))


def test_names_of_any_script_have_files_of_their_own(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    path = write_lines(tmp_path / "m.csv", "path,subject,frame", "1.png,张三,0", "1.png,李四,0", "1.png,Zoé,0")
    plan = make_plan(make_config({"source": str(path)}))
    assert {one.file_name for one in plan.subjects} == {"张三.h5", "李四.h5", "Zoé.h5"}


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (f"1.png,{'x' * 300},s", "too long for a file"),
        (f"1.png,{'三' * 70},s", "too long for a file"),
        ('1.png,"a\nb",s', "control character"),
        ("1.png,a,s\0", "control character"),
    ],
)
def test_names_that_no_file_can_have_are_refused(row: str, text: str, tmp_path: Path) -> None:
    write_image(tmp_path / "1.png")
    path = write_lines(tmp_path / "m.csv", "path,subject,sequence", row)
    with pytest.raises(InputError, match=text):
        make_plan(make_config({"source": str(path)}))


def test_the_plan_knows_when_a_label_changed(tmp_path: Path) -> None:
    """Otherwise a finished shard would keep the old one in silence."""
    write_image(tmp_path / "1.png")
    records, keys = [], []
    for row in ("1.png,0,1,2.5", "1.png,0,1,2.5", "1.png,0,0,2.5", "1.png,0,9,2.5", "1.png,0,1,3.5", "1.png,1,1,2.5"):
        path = write_lines(tmp_path / "m.csv", "path,frame,AU1_c,AU1_r", row)
        config = make_config({"source": str(path)})
        plan = make_plan(config)
        records.append(json.dumps(plan.record(), sort_keys=True))
        keys.append(SubjectJob(config, "out", plan.subjects[0], (), plan.au_numbers, "none", {}).key())
    for texts in (records, keys):
        assert texts[0] == texts[1]
        assert len(set(texts)) == len(texts) - 1


def test_units_of_all_subjects_share_one_axis(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_video(tmp_path / f"{name}.avi", frames=3)
    labels = write_lines(tmp_path / "l.csv", "subject,frame,AU12,AU1", "a,0,1,", "a,1,0,", "b,2,,1")
    plan = make_plan(make_config({"source": [str(tmp_path / "a.avi"), str(tmp_path / "b.avi")], "labels": str(labels)}))
    assert plan.au_numbers == (1, 12)
    joined = subject_labels((*plan.subjects[0].sequences, *plan.subjects[1].sequences), plan.au_numbers)
    assert joined.mask.tolist() == [[0, 1], [0, 1], [0, 0], [0, 0], [0, 0], [1, 0]]
    assert joined.au.tolist() == [[0, 1], [0, 0], [0, 0], [0, 0], [0, 0], [1, 0]]


# -- configuration


@given(
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3),
    st.one_of(st.none(), st.integers(1, 1000)),
    st.integers(-(2**40), 2**40),
    st.floats(0, 1),
)
def test_saved_configuration_reads_back(source: list[str], frames: int | None, seed: int, prior: float) -> None:
    config = RenderConfig(source=tuple(source), frames=frames, seed=seed, label_prior=prior, encoding="png")
    assert make_config(tomllib.loads(config_toml(config))) == config


def test_every_mistake_in_a_configuration_is_named(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "c.toml", 'subject = 3', 'seed = "a"', "avatars = 3", 'renderer = "vulkan"', "size = 7",
        "frames = 0", "label_prior = 1.5", "source = []",
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        make_config(read_config(path), str(path))
    lines = [str(problem) for problem in caught.value.problems]
    assert len(lines) == 8
    assert all("c.toml" in line for line in lines)
    assert "did you mean 'subjects'" in lines[0]
    assert "multiple such as 2 or 4" in lines[-1]


def test_configuration_files_of_other_editors_and_those_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xef\xbb\xbfsubjects = 3\r\n")
    assert read_config(path) == {"subjects": 3}
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop.name)
    for odd in (tmp_path, path / "below", loop):
        with pytest.raises(InputError, match="check --config"):
            read_config(odd)


def test_seed_zero_is_a_seed() -> None:
    assert make_config({"seed": 0}).seed == 0


# -- registration


def random_pose(seed: int) -> tuple[Rotation, np.ndarray, float]:
    rng = rng_for(seed, "pose")
    angles = rng.uniform([-0.6, -0.4, -0.9], [0.6, 0.4, 0.9])
    return Rotation.from_euler("YXZ", angles), rng.uniform(200, 400, 2), float(rng.uniform(0.5, 4))


@pytest.mark.parametrize("seed", range(8))
def test_real_and_twin_are_registered(seed: int) -> None:
    """A head point falls on the same pixel of the crop and of the twin, whatever the pose in the source."""
    turn, eyes, scale = random_pose(seed)
    rotation = turn.as_matrix()
    scene = Scene((), (1, 1, 1), Background((0, 0, 0), (0, 0, 0)), camera_distance_mm=700)
    points = rng_for(seed, "points").uniform(-80, 80, (30, 3))
    in_source = project(points, Pose(rotation, eyes, scale), scene, 256)
    (crop_map,) = crop_maps(eyes[None], np.array([scale]), rotation[None], 256).astype(float)
    in_crop = in_source @ crop_map[:, :2].T + crop_map[:, 2]
    in_twin = project(points, Pose(without_roll(rotation)), scene, 256)
    np.testing.assert_allclose(in_crop, in_twin, atol=2e-3)
    assert abs(roll_of(without_roll(rotation))) < 1e-9


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_pixels_go_where_the_map_says(scale: float) -> None:
    """A blob at the eyes of the source lands on the eye line of the crop, to a fraction of a pixel."""
    eyes = np.array([333.25, 250.5])
    spread = 6 * scale / HEAD_SCALE / 256
    y, x = np.mgrid[:500, :640] + 0.5
    blob = 250 * np.exp(-((x - eyes[0]) ** 2 + (y - eyes[1]) ** 2) / (2 * spread**2))
    picture = np.repeat(blob[..., None], 3, 2).astype(np.uint8)
    rotation = Rotation.from_euler("Z", 0.4).as_matrix()
    (crop_map,) = crop_maps(eyes[None], np.array([scale]), rotation[None], 256)
    crop = cut_crop(picture, crop_map, 256)[..., 0].astype(float)
    rows, columns = np.mgrid[:256, :256] + 0.5
    centre = np.array([(crop * columns).sum(), (crop * rows).sum()]) / crop.sum()
    np.testing.assert_allclose(centre, [128, EYE_LINE * 256], atol=0.15)


def test_unknown_heads_have_no_map() -> None:
    maps = crop_maps(np.array([[np.nan, 1], [1, 1]]), np.array([1, np.nan]), np.tile(np.eye(3), (2, 1, 1)), 64)
    assert np.isnan(maps).all()
