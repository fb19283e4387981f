"""Ingest from a corpus tree to shards: every row against what was generated, and what happens to a broken subject."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from corpus_trees import Tree, Truth, gft_partition, make_bp4d, make_gft, number_in, write_text

from assets.corpora import CORPORA
from assets.shard import Shard
from assets.shard_format import IMAGE_REAL, Status
from cli.errors import run_command
from cli.synth_main import main
from synth.shards.encode import decode_picture
from synth.verify import verify_run


def synth(*arguments: object) -> int:
    return run_command(main, "synth", [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Tree, int]:
    """A tree with one broken subject, ingested once."""
    root, out = tmp_path_factory.mktemp("bp4d"), tmp_path_factory.mktemp("run") / "out"
    tree = make_bp4d(root)
    table = root / "AUCoding/AU_OCC/F002_T1.csv"
    table.write_text(table.read_text().replace("\n", ",5\n", 2))
    code = synth("ingest", "--corpus", "bp4d", "--root", root, "--out", out, "--workers", 1)
    return root, out, tree, code


def test_rows_are_those_of_the_corpus(ingested: tuple[Path, Path, Tree, int]) -> None:
    _, out, tree, _ = ingested
    for name in ("F001", "M001"):
        truths = [tree[name, task] for task in ("T1", "T2")]
        with Shard(out / "shards" / f"{name}.h5") as shard:
            shard.validate()
            assert shard.au_names == tuple(f"AU{number:02d}" for number in CORPORA["bp4d"].au_numbers)
            assert shard.file.attrs["apparent_gender"] == truths[0].gender
            assert shard.file.attrs["label_source"] == "coded"
            assert shard.file.attrs["landmark_scheme"] == "ibug49"
            assert not shard.simulated
            assert shard.images == (IMAGE_REAL,)
            np.testing.assert_array_equal(shard.array("frames/frame"), np.concatenate([t.frames for t in truths]))
            np.testing.assert_array_equal(shard.au, np.concatenate([t.au for t in truths]))
            np.testing.assert_array_equal(shard.au_mask, np.concatenate([t.mask for t in truths]))
            np.testing.assert_array_equal(
                shard.array("frames/au_intensity"), np.concatenate([t.intensity for t in truths])
            )
            np.testing.assert_array_equal(shard.status, np.concatenate([expected_status(t) for t in truths]))
            np.testing.assert_array_equal(
                shard.array("frames/sequence"), np.repeat([0, 1], [len(t.frames) for t in truths])
            )


def expected_status(truth: Truth) -> np.ndarray:
    """A flat picture shows no face, so that a frame without landmarks stays without."""
    status = np.full(len(truth.frames), Status.REAL_ONLY)
    status[np.isnan(truth.points_px[:, 0, 0])] = Status.NO_FACE
    status[~truth.has_picture] = Status.FRAME_MISSING
    return status


def test_each_row_has_the_crop_of_its_own_picture(ingested: tuple[Path, Path, Tree, int]) -> None:
    _, out, tree, _ = ingested
    with Shard(out / "shards" / "M001.h5") as shard:
        numbers = np.concatenate([tree["M001", task].picture_numbers for task in ("T1", "T2")])
        for row, number in enumerate(numbers):
            data = shard.read_bytes(IMAGE_REAL, row)
            assert (data is None) == (shard.status[row] != Status.REAL_ONLY)
            if data is not None:
                assert decode_picture(data).shape == (256, 256, 3)
                assert number_in(decode_picture(data)) == number


def test_crops_put_the_eyes_where_twins_have_them(ingested: tuple[Path, Path, Tree, int]) -> None:
    """The points of the corpus, carried into the crop, are level, centred and of one size."""
    out = ingested[1]
    with Shard(out / "shards" / "F001.h5") as shard:
        rows = np.flatnonzero(shard.status == Status.REAL_ONLY)
        maps = shard.array("frames/crop_from_source")[rows]
        points = shard.array("frames/landmarks_px")[rows][..., :2]
    in_crop = np.einsum("tij,tlj->tli", maps[..., :2], points) + maps[:, None, :, 2]
    right, left = in_crop[:, 19:25].mean(1), in_crop[:, 25:31].mean(1)
    middle, span = (right + left) / 2, left - right
    assert np.abs(middle - [128, 0.4 * 256]).max() < 8
    assert np.abs(span[:, 1]).max() < 6
    assert np.ptp(span[:, 0]) < 10


def test_a_broken_subject_fails_alone_and_is_taken_up_when_mended(
    ingested: tuple[Path, Path, Tree, int], capfd: pytest.CaptureFixture[str]
) -> None:
    root, out, tree, code = ingested
    assert code == 1
    record = json.loads((out / "run.json").read_text())
    assert record["results"]["F002"]["state"] == "failed"
    assert "F002_T1.csv row 1: column '5' stands there twice" in record["results"]["F002"]["problems"][0]
    assert sorted(path.name for path in (out / "shards").glob("*.h5")) == ["F001.h5", "M001.h5"]
    before = {path.name: path.stat().st_mtime_ns for path in (out / "shards").glob("*.h5")}
    arguments = ("ingest", "--corpus", "bp4d", "--root", root, "--out", out, "--workers", 1)
    assert synth(*arguments) == 1
    assert "synth: error: subject F002: " in capfd.readouterr().err
    table = root / "AUCoding/AU_OCC/F002_T1.csv"
    table.write_text(table.read_text().replace(",5\n", "\n"))
    assert synth(*arguments) == 0
    assert "kept      2 subjects" in capfd.readouterr().out
    assert {name: (out / "shards" / name).stat().st_mtime_ns for name in before} == before
    verdict = verify_run(out)
    assert verdict.faults == []
    assert verdict.counts["F002"]["planned"] == sum(len(tree["F002", task].frames) for task in ("T1", "T2"))


@pytest.mark.slow
def test_crops_do_not_depend_on_the_labels(tmp_path: Path) -> None:
    """Labels of a target corpus must reach nothing but the label columns."""
    make_bp4d(tmp_path / "bp4d")
    arguments = ["ingest", "--corpus", "bp4d", "--root", tmp_path / "bp4d", "--subjects", "F001", "--workers", 1]
    assert synth(*arguments, "--out", tmp_path / "before") == 0
    for path in (tmp_path / "bp4d/AUCoding/AU_OCC").glob("F001*.csv"):
        lines = path.read_text().splitlines()
        write_text(path, [lines[0], *(line.split(",")[0] + ",0" * line.count(",") for line in lines[1:])])
    assert synth(*arguments, "--out", tmp_path / "after") == 0
    with Shard(tmp_path / "before/shards/F001.h5") as one, Shard(tmp_path / "after/shards/F001.h5") as other:
        assert one.au.any()
        assert not other.au.any()
        for name in ("crop_from_source", "weights", "head_rotation", "landmarks_px", "status"):
            np.testing.assert_array_equal(one.array(f"frames/{name}"), other.array(f"frames/{name}"))
        for row in range(len(one)):
            np.testing.assert_array_equal(one.read_bytes(IMAGE_REAL, row), other.read_bytes(IMAGE_REAL, row))


def test_the_split_of_gft_is_in_the_shard(ingested: tuple[Path, Path, Tree, int], tmp_path: Path) -> None:
    make_gft(tmp_path / "gft")
    partition = gft_partition()
    options = ("--corpus", "gft", "--root", tmp_path / "gft", "--subjects", "001A,032A", "--workers", 1)
    assert synth("ingest", *options, "--out", tmp_path / "out") == 0
    for name in ("001A", "032A"):
        with Shard(tmp_path / "out/shards" / f"{name}.h5") as shard:
            shard.validate()
            assert shard.file.attrs["split"] == partition[name]
    assert partition["001A"] != partition["032A"]
    with Shard(ingested[1] / "shards" / "F001.h5") as shard:
        assert "split" not in shard.file.attrs


def test_a_wrong_option_leaves_finished_work_alone(
    ingested: tuple[Path, Path, Tree, int], capfd: pytest.CaptureFixture[str]
) -> None:
    root, out, _, _ = ingested
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (out / "shards").glob("*.h5"))
    assert synth("ingest", "--corpus", "bp4d", "--root", root, "--out", out, "--size", 128) == 2
    assert "--size was 256 in the run this folder holds, now 128" in capfd.readouterr().err
    assert synth("ingest", "--corpus", "bp4d", "--root", root / "nowhere", "--out", out) == 2
    assert synth("ingest", "--root", root) == 2
    assert sorted((path.name, path.stat().st_mtime_ns) for path in (out / "shards").glob("*.h5")) == before
