"""One broken picture, video or manifest row: it is listed, its row says so, and everything else is read."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from footage import write_lines

from assets.shard import Shard
from assets.shard_format import IMAGE_REAL, Status
from cli.errors import run_command
from cli.synth_main import main
from synth.standin.sequence import standin_sequences
from synth.verify import verify_run


def synth(*arguments: object) -> int:
    return run_command(main, "synth", [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures of a simulated face; of the second half the bytes is left, the third is none."""
    folder = tmp_path_factory.mktemp("people") / "anna"
    folder.mkdir()
    sequence = standin_sequences("standin-bp4d", 1, 2, 0, "software")[0]
    for number, picture in zip((1, 4), sequence.pictures(), strict=True):
        assert cv2.imwrite(str(folder / f"{number}.png"), picture[..., ::-1])
    whole = (folder / "1.png").read_bytes()
    (folder / "2.png").write_bytes(whole[: len(whole) // 2])
    (folder / "3.jpg").write_bytes(b"\xff\xd8 no picture \xff\xd9")
    return folder


def test_a_broken_picture_has_a_row_with_its_status(
    faces: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ("ingest", "--corpus", "folder", "--root", faces, "--out", tmp_path / "out", "--workers", 1)
    for kept in (False, True):
        assert synth(*arguments) == 1
        told = capfd.readouterr()
        lines = [line for line in told.err.splitlines() if line.startswith("synth: error: ")]
        assert len(lines) == 2
        assert "subject anna" in lines[0]
        assert "2.png: the picture breaks off before its end" in lines[0]
        assert "3.jpg" in lines[1]
        assert "2 real_only + 2 unreadable" in told.out
        assert ("kept      1 subjects" in told.out) == kept
    with Shard(tmp_path / "out/shards/anna.h5") as shard:
        assert shard.array("frames/frame").tolist() == [1, 2, 3, 4]
        assert shard.status.tolist() == [Status.REAL_ONLY, Status.UNREADABLE, Status.UNREADABLE, Status.REAL_ONLY]
        assert [shard.read_bytes(IMAGE_REAL, row) is not None for row in range(4)] == [True, False, False, True]
    assert verify_run(tmp_path / "out").faults == []
    record = json.loads((tmp_path / "out/run.json").read_text())
    assert len(record["results"]["anna"]["problems"]) == 2
    assert record["totals"]["unreadable"] == 2


def test_manifest_rows_without_their_picture_are_listed(
    faces: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{faces / name},x,{number}" for number, name in enumerate(("1.png", "2.png", "gone.png"))]
    manifest = write_lines(tmp_path / "m.csv", "path,subject,frame", *rows)
    assert synth("ingest", "--corpus", "csv", "--root", manifest, "--out", tmp_path / "out", "--workers", 1) == 1
    errors = capfd.readouterr().err
    assert "2.png: the picture breaks off" in errors
    assert "gone.png: the picture does not exist" in errors
    with Shard(tmp_path / "out/shards/x.h5") as shard:
        assert shard.status.tolist() == [Status.REAL_ONLY, Status.UNREADABLE, Status.FRAME_MISSING]
