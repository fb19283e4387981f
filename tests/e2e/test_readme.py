"""The commands of the README run, in its order, from a folder of their own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from assets.shard import Shard, find_shards
from assets.shard_format import Status
from tests.synth.head_files import Z_UP, file_head, write_glb

ROOT = Path(__file__).resolve().parents[2]
SMALLER = (
    ("--subjects 30 --avatars 60", "--subjects 2 --avatars 4 --frames 3"),
    (
        "train pm2 --target gft",
        "train pm2 --target gft --aus 6,12 --standin-subjects 3 --standin-frames 16 --epochs 1 --base-epochs 1 "
        "--steps-per-epoch 2",
    ),
)
"""What the tests shrink, and how; everything else runs as it is written."""


def commands(document: Path) -> list[str]:
    """Return the lines of all ``sh`` blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+#.*$", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def write_clip(path: Path) -> None:
    """Write a short video of a simulated face, standing in for the reader's own."""
    from synth.standin import standin_sequences

    sequence = standin_sequences("standin-bp4d", 1, 6, seed=3, renderer="auto")[0]
    writer = None
    for picture in sequence.pictures():
        if writer is None:
            size = (picture.shape[1], picture.shape[0])
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, size)
        writer.write(picture[..., ::-1])
    writer.release()


def run(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command as a reader would, with the programs of this checkout."""
    for written, smaller in SMALLER:
        line = line.replace(written, smaller)
    program, *arguments = shlex.split(line)
    code = f"import sys; sys.argv[0] = {program!r}; from cli.{program}_main import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_readme_names_only_programs_and_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in commands(ROOT / "README.md"):
        program, *rest = shlex.split(line)
        assert program in {"make", "synth", "train"}, line
        if program == "make":
            assert re.search(rf"^{rest[0]}:", makefile, re.MULTILINE), line


def test_readme_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.slow
def test_readme_commands_run_in_order(tmp_path: Path) -> None:
    write_clip(tmp_path / "my-video.mp4")
    lines = [line for line in commands(ROOT / "README.md") if not line.startswith("make")]
    assert len(lines) >= 8
    for line in lines:
        done = run(line, tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    assert (tmp_path / "out/simulated/sheet.png").stat().st_size > 10_000
    assert len(list((tmp_path / "out/mine-pictures").rglob("*.jpg"))) == 18


@pytest.mark.slow
def test_own_avatar_from_a_downloaded_head_to_triplets(tmp_path: Path) -> None:
    """The first block of docs/own-avatar.md as it is printed, on a generated GLB in centimetres with z up."""
    write_clip(tmp_path / "clip.mp4")
    write_glb(file_head(0.1, Z_UP), tmp_path / "head.glb")
    lines = commands(ROOT / "docs/own-avatar.md")[:5]
    assert [line.split()[1] for line in lines] == ["assets", "assets", "assets", "render", "view"]
    for line in lines:
        done = run(line, tmp_path, TWINFACE_RIGS=str(tmp_path / "rigs"))
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "out/me/sheet.png").stat().st_size > 10_000
    shard = Shard(find_shards(tmp_path / "out/me")[0])
    assert (shard.status == Status.OK).all()
    assert len(shard.status) == 6
    assert shard.json("licences")["rig"]["spdx"] == "CC-BY-4.0"
