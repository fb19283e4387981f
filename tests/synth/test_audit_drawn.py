"""Female and male twins as drawn: landmarks posed without pictures, and how alike they move."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from assets.errors import InputError
from assets.keyed import rng_for
from assets.rig_bundle import load_rig
from assets.shard import Shard, find_shards
from assets.units import UNITS
from synth.audit.drawn import drawn_agreement, landmarks_mm, read_drawn
from synth.audit.geometry import AUDITED
from synth.audit.report import audit_run, record
from synth.avatars.build import build_avatar
from synth.avatars.pose import mesh_landmarks, pose_vertices
from synth.avatars.sample import sample_avatars
from synth.landmarks.track import TrackSettings, open_networks
from synth.run.config import RenderConfig
from synth.run.plan import make_plan
from synth.run.run import run
from tests.synth.audit_cases import readings


def test_landmarks_lie_where_the_drawn_mesh_has_them() -> None:
    rig = load_rig("hm08")
    weights = rng_for(0, "drawn").uniform(size=(4, len(UNITS))) * (rng_for(1, "drawn").uniform(size=len(UNITS)) < 0.3)
    for spec in sample_avatars(3, rig, 2):
        mesh = build_avatar(rig, spec)
        drawn = mesh_landmarks(mesh, pose_vertices(mesh, weights)[0])
        ours = landmarks_mm(rig, spec, weights)
        apart = np.linalg.norm((ours - ours.mean(1, keepdims=True)) - (drawn - drawn.mean(1, keepdims=True)), axis=-1)
        assert np.quantile(apart[:, :468], 0.95) < 0.7  # the drawn surface is a smoothed subdivision
        assert np.abs((ours - ours[0]) - (drawn - drawn[0]))[:, :468].max() < 1.5


def test_agreement_and_amplitude_of_known_motions() -> None:
    one = readings("perfect")
    rng = rng_for(0, "drawn lengths")
    moved = one.values[0, 0, :, :, 0]
    alike = drawn_agreement([one], [np.stack([1.3 * moved + 5.0, moved])], rounds=20)
    assert np.allclose(alike.female_male, 1.0)
    assert np.allclose(alike.amplitude, 1.3)
    assert np.allclose([alike.amplitude_low, alike.amplitude_high], 1.3)
    noisy = moved + moved.std(0) * rng.normal(size=moved.shape)
    apart = drawn_agreement([one], [np.stack([noisy, moved])], rounds=50)
    free = [AUDITED.index(n) for n in (7, 12, 25, 26, 43)]
    assert np.all(np.abs(apart.female_male[free] - np.sqrt(0.5)) < 0.15)
    assert np.all(apart.female_male_low[free] < apart.female_male[free])
    assert np.all(apart.female_male_high[free] > apart.female_male[free])


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn") / "out"
    config = RenderConfig(subjects=1, frames=12, size=96, samples=1)
    assert not run(config, make_plan(config), out, 1, False).failed
    return out


@pytest.mark.slow
def test_a_run_tells_how_alike_its_twins_are_drawn(rendered: Path) -> None:
    values = record(audit_run(rendered, open_networks(TrackSettings())))
    found = {name: row["drawn"] for name, row in values["units"].items()}
    moving = [row for row in found.values() if row["female_male"] is not None]
    assert len(moving) > 12
    assert np.median([row["female_male"] for row in moving]) > 0.95
    assert 0.7 < np.median([row["amplitude"] for row in moving]) < 1.4


@pytest.mark.slow
def test_lengths_are_those_of_the_weights_in_the_shard(rendered: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(rendered, tmp_path / "out"))
    with Shard(find_shards(out)[0]) as shard:
        rows = shard.complete_rows()
        before = read_drawn(shard, rows)
    with h5py.File(find_shards(out)[0], "r+") as file:
        weights = file["frames/weights"][:]
        weights[:, UNITS.index("jawOpen")] = np.linspace(0, 1, len(weights))
        file["frames/weights"][:] = weights
    with Shard(find_shards(out)[0]) as shard:
        after = read_drawn(shard, rows)
    jaw, brow = AUDITED.index(26), AUDITED.index(1)
    assert np.all(np.ptp(after[:, :, jaw], axis=1) > 5.0)
    assert np.abs(after[:, :, brow] - before[:, :, brow]).max() < 0.7


@pytest.mark.slow
def test_another_build_of_the_rig_is_told_not_guessed(rendered: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(rendered, tmp_path / "out"))
    with h5py.File(find_shards(out)[0], "r+") as file:
        versions = json.loads(file.attrs["versions"])
        file.attrs["versions"] = json.dumps({**versions, "rig": "hm08 1 " + "0" * 64})
    with Shard(find_shards(out)[0]) as shard, pytest.raises(InputError, match="another build of rig hm08"):
        read_drawn(shard, shard.complete_rows())
    audit = audit_run(out, open_networks(TrackSettings()))
    assert audit.drawn is None
    assert "another build" in audit.about["not_drawn"]
    assert record(audit)["units"]["AU12"]["drawn"] == {}


@pytest.mark.slow
@pytest.mark.parametrize("attribute", ["config", "versions"])
def test_a_shard_that_does_not_say_its_rig_is_audited_all_the_same(
    rendered: Path, tmp_path: Path, attribute: str
) -> None:
    out = Path(shutil.copytree(rendered, tmp_path / "out"))
    with h5py.File(find_shards(out)[0], "r+") as file:
        known = json.loads(file.attrs[attribute])
        file.attrs[attribute] = json.dumps({k: v for k, v in known.items() if k not in ("assets", "rig")})
    audit = audit_run(out, open_networks(TrackSettings()))
    assert audit.drawn is None
    assert "does not tell how its twins were drawn" in audit.about["not_drawn"]
