"""Whole runs on simulated faces: every row accounted for, and the same bytes whatever happens on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

import synth.shards.writer as shard_writer
from assets.errors import InputError
from assets.rig_bundle import load_rig
from assets.shard import Shard
from assets.shard_format import Status
from synth.extract import extract_run
from synth.render.choose import choose_renderer
from synth.run.config import RenderConfig, make_config
from synth.run.plan import make_plan, shard_folder
from synth.run.pool import run_jobs
from synth.run.run import run, subject_jobs
from synth.run.subject import render_subject
from synth.shards.checksums import dataset_digests
from synth.verify import verify_run
from synth.view import pick_rows, view_run

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SMALL = RenderConfig(subjects=2, frames=6, size=64, samples=1)


def render(out: Path, config: RenderConfig = SMALL, workers: int = 1, overwrite: bool = False):
    return run(config, make_plan(config), out, workers, overwrite)


def digests(out: Path) -> dict[str, dict[str, str]]:
    return {path.name: dataset_digests(path) for path in sorted(shard_folder(out).glob("*.h5"))}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "out"
    result = render(out, workers=2)
    assert not result.failed
    return out


def test_true_weights_are_those_the_source_was_drawn_with(tmp_path: Path) -> None:
    config = make_config({"subjects": 1, "frames": 6, "size": 64, "samples": 1, "weights": "true"})
    assert not render(tmp_path / "out", config).failed
    (sequence,) = make_plan(config).subjects[0].sequences
    (path,) = shard_folder(tmp_path / "out").glob("*.h5")
    with h5py.File(path) as file:
        np.testing.assert_allclose(file["frames/weights"][:], sequence.truth().weights, atol=1e-3)
        assert json.loads((tmp_path / "out" / "run.json").read_text())["config"]["weights"] == "true"


def test_one_row_per_planned_frame_and_every_status_counted(unbroken: Path) -> None:
    verdict = verify_run(unbroken)
    assert verdict.faults == []
    assert verdict.simulated
    record = json.loads((unbroken / "run.json").read_text())
    assert record["totals"]["planned"] == 12
    assert sum(record["totals"][code.name.lower()] for code in Status) == 12
    assert verdict.total("ok") > 8
    for plan in record["plan"]["subjects"].values():
        with Shard(unbroken / plan["shard"]) as shard:
            assert len(shard) == plan["planned_frames"]
            assert sorted(a["apparent_gender"] for a in shard.avatars()) == ["female", "male"]


def test_a_row_can_be_drawn_again_from_the_shard_alone(unbroken: Path) -> None:
    from synth.avatars.build import build_avatar
    from synth.avatars.spec import spec_from_json
    from synth.render.choose import open_renderer
    from synth.render.scenes import scene_from_json
    from synth.run.twins import draw_twin
    from synth.shards.encode import ENCODERS

    path = next(shard_folder(unbroken).glob("*.h5"))
    with Shard(path) as shard:
        row = int(shard.complete_rows()[0])
        config = shard.json("config")
        renderer = open_renderer(shard.json("versions")["renderer"], config["size"], config["samples"])
        record = shard.avatars()[1]["spec"]
        mesh = build_avatar(load_rig(config["assets"]), spec_from_json(json.dumps(record["avatar"])))
        scene = scene_from_json(json.dumps(record["scene"]))
        arrays = [shard.array(f"frames/{n}")[[row]] for n in ("weights", "gaze_rad", "twin_rotation")]
        ((picture, points),) = draw_twin(renderer, mesh, scene, *arrays)
        stored = cv2.imdecode(shard.read_bytes("male", row), cv2.IMREAD_COLOR).astype(int)
        again = cv2.imdecode(np.frombuffer(ENCODERS["jpeg"](picture), np.uint8), cv2.IMREAD_COLOR).astype(int)
        assert np.abs(stored - again).mean() < 1
        np.testing.assert_allclose(shard.array("frames/twin_landmarks_px")[row, 1], points, atol=0.02)


def test_workers_do_not_matter(unbroken: Path, tmp_path: Path) -> None:
    render(tmp_path / "out", workers=1)
    assert digests(tmp_path / "out") == digests(unbroken)
    for name in ("run.json", "config.toml"):
        assert (tmp_path / "out" / name).read_bytes() == (unbroken / name).read_bytes()


def test_killed_runs_go_on_to_the_same_bytes(unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["render", "--subjects", "2", "--frames", "6", "--size", "64", "--samples", "1", "--out", str(out)]
    program = "from cli.synth_main import main\nif __name__ == '__main__':\n    main()\n"
    script = tmp_path / "program.py"
    script.write_text(program)
    command = [sys.executable, str(script), *options, "--workers", "1"]
    for moment in (lambda: list(out.glob("shards/.*.partial")), lambda: list(out.glob("shards/*.h5"))):
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while not moment() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = [path.name for path in shard_folder(out).glob("*.h5")]
    before = {name: (shard_folder(out) / name).stat().st_mtime_ns for name in kept}
    result = render(out)
    assert result.kept == len(kept) >= 1
    assert {name: (shard_folder(out) / name).stat().st_mtime_ns for name in kept} == before
    assert digests(out) == digests(unbroken)
    assert verify_run(out).faults == []


def render_until(argument: tuple, tick) -> None:
    """Render with a flush every second row and die after so many steps; runs in a worker."""
    job, steps = argument
    shard_writer.FLUSH_ROWS = 2
    done = 0

    def count(n: int) -> None:
        nonlocal done
        done += n
        if done >= steps:
            os.kill(os.getpid(), signal.SIGKILL)

    render_subject(job, count)


def test_a_subject_killed_between_flushes_goes_on(unbroken: Path, tmp_path: Path) -> None:
    plan = make_plan(SMALL)
    renderer = choose_renderer(SMALL.renderer)
    shard_folder(tmp_path).mkdir(parents=True)
    job = subject_jobs(SMALL, plan, tmp_path, renderer, list(plan.subjects))[0]
    for steps in (9, 14):
        (outcome,) = run_jobs(render_until, [(job, steps)], ["s"], 1, lambda j, n: None)
        assert "code -9" in str(outcome.problems[0])
        (partial,) = shard_folder(tmp_path).glob(".*.partial")
    assert partial.exists()
    (outcome,) = run_jobs(render_until, [(job, 10**9)], ["s"], 1, lambda j, n: None)
    assert not outcome.problems
    path = shard_folder(tmp_path) / job.plan.file_name
    assert dataset_digests(path) == dataset_digests(shard_folder(unbroken) / job.plan.file_name)


def test_another_configuration_leaves_the_run_alone(unbroken: Path) -> None:
    before = digests(unbroken)
    with pytest.raises(InputError, match="--seed was 0"):
        render(unbroken, make_config({"subjects": 2, "frames": 6, "size": 64, "samples": 1, "seed": 1}))
    assert digests(unbroken) == before


def test_finished_shards_of_another_configuration_are_not_taken_over(unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(unbroken, out)
    (out / "run.json").unlink()
    with pytest.raises(InputError, match="rendered with other options"):
        render(out, make_config({"subjects": 2, "frames": 6, "size": 64, "samples": 1, "seed": 1}))
    assert render(out).kept == 2
    assert digests(out) == digests(unbroken)


def test_a_run_is_not_continued_with_another_rig(unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(unbroken, out)
    first, second = sorted(shard_folder(out).glob("*.h5"))
    with h5py.File(first, "r+") as file:
        versions = json.loads(file.attrs["versions"])
        file.attrs["versions"] = json.dumps(versions | {"rig": "hm08 1 0123456789"})
    assert render(out).kept == 2
    second.unlink()
    with pytest.raises(InputError, match="drawn with rig hm08 1, of which another build is here now"):
        render(out)


def test_overwriting_removes_nothing_that_is_not_of_the_run(unbroken: Path, tmp_path: Path) -> None:
    from synth.run.folder import prepare_folder

    out = tmp_path / "out"
    shutil.copytree(unbroken, out)
    for place in (out, shard_folder(out)):
        (place / "notes.txt").write_text("mine")
    prepare_folder(out, SMALL, make_plan(SMALL), overwrite=True)
    left = sorted(path.name for path in out.rglob("[!.]*") if path.is_file())
    assert left == ["config.toml", "notes.txt", "notes.txt"]


def test_two_runs_cannot_write_to_one_folder(unbroken: Path) -> None:
    from synth.run.folder import run_lock

    with run_lock(unbroken), pytest.raises(InputError, match="another run is writing"):
        render(unbroken)


def test_verify_lists_what_is_wrong(unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(unbroken, out)
    first, second = sorted(shard_folder(out).glob("*.h5"))
    first.unlink()
    with second.open("r+b") as file:
        file.seek(second.stat().st_size // 2)
        content = file.read(64)
        file.seek(-64, os.SEEK_CUR)
        file.write(bytes(255 - byte for byte in content))
    faults = verify_run(out).faults
    assert any(first.name in line and "missing" in line for line in faults)
    assert any(second.name in line and "checksum" in line for line in faults)
    assert all("command of the run again" in line or "run the same command again" in line for line in faults), faults


def test_a_damaged_picture_is_named(unbroken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(unbroken, out)
    path = sorted(shard_folder(out).glob("*.h5"))[0]
    with h5py.File(path, "r+") as file:
        start, length = file["images/real/offset"][0]
        file["images/real/blob"][start + 2 : start + length] = 0
        frame = int(file["frames/frame"][0])
    for act in (
        lambda: view_run(out, tmp_path / "sheet.png", subjects=(path.stem,), frames=(frame,)),
        lambda: extract_run(out, tmp_path / "pictures", again=True),
    ):
        with pytest.raises(InputError, match="real picture of row 0: the picture cannot be decoded"):
            act()


def test_contact_sheet_shows_what_was_asked(unbroken: Path, tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    assert view_run(unbroken, target, count=4, tile_px=64) == 4
    sheet = cv2.imread(str(target))
    assert sheet.shape[1] > 2 * 3 * 64
    with pytest.raises(InputError, match="no subject"):
        view_run(unbroken, target, subjects=["nobody"])
    with pytest.raises(InputError, match="no frame 999999"):
        view_run(unbroken, target, frames=[999999])
    with pytest.raises(InputError, match=r"sheet\.png or sheet\.jpg"):
        view_run(unbroken, tmp_path / "sheet.gif")


def test_picked_rows_are_strong_and_different() -> None:
    weights = np.zeros((40, 52), np.float32)
    weights[5, 3], weights[6, 3], weights[20, 24], weights[30, 40] = 0.9, 0.85, 0.8, 0.7
    assert set(pick_rows(weights, np.arange(40), 4)) >= {5, 20, 30}
    assert pick_rows(weights, np.arange(3), 4).tolist() == [0, 1, 2]
    assert len(set(pick_rows(weights, np.arange(40), 12))) == 12


def test_rows_without_known_expressions_are_spread_evenly() -> None:
    """Crops of an ingest have no weights."""
    assert pick_rows(np.zeros((40, 52), np.float32), np.arange(40), 4).tolist() == [0, 13, 26, 39]
    alike = np.full((10, 52), 0.5, np.float32)
    assert len(set(pick_rows(alike, np.arange(10), 5))) == 5


def test_extracted_pictures_and_labels_are_those_of_the_shards(unbroken: Path, tmp_path: Path) -> None:
    from synth.sources.csv_table import read_csv

    rows, pictures = extract_run(unbroken, tmp_path / "files")
    table = read_csv(tmp_path / "files" / "frames.csv")
    assert rows == len(table.rows) == 12
    assert pictures == sum(bool(row[k]) for _, row in table.rows for k in ("path", "female", "male"))
    with Shard(sorted(shard_folder(unbroken).glob("*.h5"))[0]) as shard:
        row = int(shard.complete_rows()[0])
        record = table.rows[row][1]
        assert (tmp_path / "files" / record["male"]).read_bytes() == shard.read_bytes("male", row).tobytes()
        for column, name in enumerate(shard.au_names):
            assert record[name] == (str(shard.au[row, column]) if shard.au_mask[row, column] else "")
    with pytest.raises(InputError, match="not empty"):
        extract_run(unbroken, tmp_path / "files")
