"""Runs whose frames have other twins than a pair, or twins of two rigs."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.rig_bundle import load_rig, save_bundle
from assets.shard import Shard
from assets.shard_format import Status
from synth.extract import TABLE, extract_run
from synth.run.config import RenderConfig
from synth.run.plan import make_plan, shard_folder
from synth.run.rigs import rig_names, shared_coverage
from synth.run.run import run
from synth.shards.checksums import dataset_digests
from synth.verify import verify_run
from synth.view import view_run

SKIN = RenderConfig(subjects=2, frames=4, size=64, samples=1, axes="skin", renderer="software")
NAMES = ("light", "medium", "dark")


def rendered(out: Path, config: RenderConfig, workers: int = 1) -> list[Path]:
    assert not run(config, make_plan(config), out, workers).failed
    return sorted(shard_folder(out).glob("*.h5"))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("three") / "out"
    rendered(out, SKIN, workers=2)
    return out


@pytest.mark.slow
def test_three_twins_per_frame(three: Path, tmp_path: Path) -> None:
    assert verify_run(three).faults == []
    for path in sorted(shard_folder(three).glob("*.h5")):
        with Shard(path) as shard:
            shard.validate()
            assert shard.twins == NAMES
            assert shard.file.attrs["axes"] == "skin"
            assert [avatar["spec"]["levels"] for avatar in shard.avatars()] == [{"skin": name} for name in NAMES]
            assert len({str(avatar["spec"]["scene"]) for avatar in shard.avatars()}) == 1
            rows = shard.complete_rows()
            assert len(rows)
            landmarks = shard.array("frames/twin_landmarks_px")[rows]
            np.testing.assert_array_equal(landmarks[:, 0], landmarks[:, 2])
            pictures = {shard.read_bytes(name, int(rows[0])).tobytes() for name in NAMES}
            assert len(pictures) == 3
    assert view_run(three, tmp_path / "sheet.png", count=2, tile_px=48) == 2
    extract_run(three, tmp_path / "files")
    with (tmp_path / "files" / TABLE).open() as file:
        assert set(NAMES) <= set(csv.DictReader(file).fieldnames or ())


@pytest.mark.slow
def test_workers_and_resuming_do_not_matter(three: Path, tmp_path: Path) -> None:
    first, second = rendered(tmp_path / "out", SKIN)
    digests = {path.name: dataset_digests(path) for path in (first, second)}
    assert digests == {path.name: dataset_digests(path) for path in sorted(shard_folder(three).glob("*.h5"))}
    second.unlink()
    result = run(SKIN, make_plan(SKIN), tmp_path / "out", 1)
    assert result.kept == 1
    assert dataset_digests(second) == digests[second.name]


@pytest.mark.slow
def test_the_trainer_reads_tuples_of_three(three: Path) -> None:
    frames = pytest.importorskip("train.data.frames")
    table = frames.frame_table([Shard(path) for path in sorted(shard_folder(three).glob("*.h5"))])
    assert table.twins == NAMES
    assert table.paired.sum() > 4


@pytest.mark.slow
def test_each_rig_has_its_own_fit(tmp_path: Path) -> None:
    """A rig whose units move half as far needs larger weights for the same face."""
    rig = load_rig("hm08")
    save_bundle(replace(rig, name="half", shapes_mm=0.5 * rig.shapes_mm, correctives=()), tmp_path / "half")
    assets = f"female=hm08,male={tmp_path / 'half'}"
    config = RenderConfig(subjects=1, frames=6, size=64, samples=1, assets=assets, renderer="software")
    (path,) = rendered(tmp_path / "out", config)
    assert verify_run(tmp_path / "out").faults == []
    with Shard(path) as shard:
        shard.validate()
        ok = shard.status == Status.OK
        female, male = shard.array("frames/weights")[ok], shard.array("twins/male/weights")[ok]
        assert "twins/female/weights" not in shard.file
        assert male.sum() > 1.15 * female.sum()
        rigs = shard.json("rigs")
        assert [rigs[twin]["name"] for twin in shard.twins] == ["hm08", "half"]
        assert {avatar["spec"]["avatar"]["rig"] for avatar in shard.avatars()} == {"hm08", "half"}
        assert set(shard.json("coverage")) == set(rigs["male"]["coverage"]) == set(shard.au_names)
        assert shard.json("licences")["rig_2"]["name"] == "half"


def test_rigs_by_gender_and_their_shared_coverage() -> None:
    assert rig_names("hm08") == {"female": "hm08", "male": "hm08"}
    assert rig_names("male=a/b, female=c,d") == {"female": "c,d", "male": "a/b"}
    tables = [{"AU01": {"status": "driven"}, "AU02": {"status": "missing"}},
              {"AU01": {"status": "approximated"}, "AU02": {"status": "driven"}}]  # fmt: skip
    shared = shared_coverage(tables)
    assert [row["status"] for row in shared.values()] == ["approximated", "missing"]
