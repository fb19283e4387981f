"""``synth audit`` on whole runs: from shards to table, page and masks."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from assets.shard import Shard, find_shards
from assets.shard_format import NOT_TRANSFERRED, Status
from cli.errors import run_command
from cli.synth_main import main
from synth.audit.document import document
from synth.audit.files import read_record
from synth.audit.masks import apply_to_run
from synth.audit.report import audit_run
from synth.audit.sheet import write_sheet
from synth.audit.verdict import TOO_FEW, VERDICTS
from synth.landmarks.track import TrackSettings, open_networks
from synth.run.config import RenderConfig
from synth.run.plan import make_plan
from synth.run.run import run
from synth.shards.checksums import dataset_digests
from synth.verify import verify_run
from tests.contract.tiny_shards import TinySubject, write_tiny_shard

pytestmark = pytest.mark.slow


def call(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(a) for a in arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value or 0, result.output


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("audit") / "out"
    config = RenderConfig(subjects=1, frames=16, size=128, samples=1)
    assert not run(config, make_plan(config), out, 1, False).failed
    return out


@pytest.fixture
def out(rendered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rendered, tmp_path / "out"))


def test_progress_names_every_shard_and_reaches_its_end(out: Path) -> None:
    path = find_shards(out)[0]
    shutil.copy(path, path.with_name("other.h5"))
    seen: list[tuple[str, float]] = []
    audit_run(out, open_networks(TrackSettings()), frames=4, advance=lambda *step: seen.append(step))
    assert seen.pop() == ("comparing", 0.0)
    for name in (path.stem, "other"):
        shares = [share for stem, share in seen if stem == name]
        assert len(shares) > 20
        assert sum(shares) == pytest.approx(1)


def test_a_bar_is_drawn_on_a_terminal_alone(out: Path) -> None:
    command = f"from cli.synth_main import main; main(['audit', {str(out)!r}, '--frames', '8', '--no-page'])"
    variables = {**os.environ, "TERM": "xterm"}
    output = {}
    for kind in ("pipe", "terminal"):
        ours, theirs = os.openpty() if kind == "terminal" else os.pipe()
        child = subprocess.Popen(
            [sys.executable, "-c", command],
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env=variables,
        )
        os.close(theirs)
        output[kind] = b""
        with contextlib.suppress(OSError):  # a terminal whose other end was closed
            while text := os.read(ours, 1 << 16):
                output[kind] += text
        os.close(ours)
        assert child.wait() == 0
    assert output["pipe"] == b""
    assert b"auditing" in output["terminal"]


def test_a_run_is_audited_twice_with_the_same_result(out: Path) -> None:
    code, text = call("audit", out)
    assert code == 0
    assert "AU12" in text
    assert "verdicts" in text
    folder = out / "audit"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(first) == {"audit.json", "audit.csv", "twins.csv", "index.html"}
    call("audit", out)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    record = json.loads(first["audit.json"])
    assert record == read_record(out)
    assert sum(record["counts"].values()) == len(record["units"])
    assert record["about"]["frames"] == len(Shard(find_shards(out)[0]).complete_rows())
    assert verify_run(out).faults == []


def test_tables_hold_every_unit_and_every_twin(out: Path) -> None:
    call("audit", out, "--no-page")
    rows = list(csv.DictReader((out / "audit" / "audit.csv").open(encoding="utf-8")))
    assert {row["verdict"] for row in rows} <= {*VERDICTS, TOO_FEW}
    twins = list(csv.DictReader((out / "audit" / "twins.csv").open(encoding="utf-8")))
    assert {row["twin"] for row in twins} == {"female", "male"}
    assert {row["estimator"] for row in twins} == {"landmarks", "scores", "pixels", "flow"}
    assert all(-1 <= float(row["r"]) <= 1 for row in twins)


def test_the_page_stands_alone(out: Path) -> None:
    call("audit", out)
    page = (out / "audit" / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    links = re.findall(r'(?:src|href)="([^"]{1,40})', page)
    assert links
    assert all(link.startswith(("data:image/jpeg;base64,", "#AU")) for link in links)
    assert "url(" not in page
    assert "http" not in re.sub(r'"data:[^"]*"', "", page)


def test_fewer_frames_are_spread_evenly(out: Path) -> None:
    call("audit", out, "--frames", 8, "--no-page")
    record = read_record(out)
    assert record["about"]["frames"] == 8
    assert record["about"]["pictures"] == 24


def test_masks_are_applied_once_and_verify_still_passes(out: Path) -> None:
    call("audit", out, "--no-page")
    record = read_record(out)
    shard = find_shards(out)[0]
    before = dataset_digests(shard)
    with Shard(shard) as opened:
        names = opened.au_names
    record["units"][names[0]]["verdict"] = "not transferred"
    record["units"][names[1]]["verdict"] = "weak"
    assert apply_to_run(out, record).written == 1
    after = dataset_digests(shard)
    assert {name: digest for name, digest in after.items() if name not in (NOT_TRANSFERRED, "@audit")} == before
    with Shard(shard) as opened:
        mask = opened.array(NOT_TRANSFERRED)
        assert mask.shape == (2, len(names))
        assert mask[:, :2].tolist() == [[1, 0], [1, 0]]
        assert opened.json("audit")["units"][names[0]]["verdict"] == "not transferred"
        opened.validate()
    assert verify_run(out).faults == []
    content = shard.read_bytes()
    assert apply_to_run(out, record).written == 0
    assert shard.read_bytes() == content
    record["units"][names[0]]["verdict"] = "transferred"
    assert apply_to_run(out, record).written == 1
    with Shard(shard) as opened:
        assert not opened.array(NOT_TRANSFERRED)[:, 0].any()
    assert verify_run(out).faults == []
    assert not list(shard.parent.glob(".*.partial"))


def test_masks_are_not_written_on_top_of_damage(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = find_shards(out)[0]
    with h5py.File(path, "r+") as file:
        file["frames/au"][0] = 1 - file["frames/au"][0]
    damaged, checksums = path.read_bytes(), (out / "checksums.json").read_bytes()
    assert verify_run(out).faults
    assert run_command(main, "synth", ["audit", str(out), "--no-page", "--apply"]) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert f"{path}: its checksum differs" in errors[0]
    assert (path.read_bytes(), (out / "checksums.json").read_bytes()) == (damaged, checksums)


def test_a_kill_between_checksum_and_renaming_is_mended_by_the_same_command(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*names: Path) -> None:
        raise KeyboardInterrupt

    call("audit", out, "--no-page")
    record = read_record(out)
    record["units"]["AU12"]["verdict"] = "not transferred"
    with monkeypatch.context() as patch:
        patch.setattr("synth.audit.masks.os.replace", killed)
        patch.setattr("synth.audit.masks.write_json", lambda path, table: path.write_text(json.dumps(table)))
        with pytest.raises(KeyboardInterrupt):
            apply_to_run(out, record)
    assert verify_run(out).faults
    assert apply_to_run(out, record).units == ("AU12",)
    assert verify_run(out).faults == []
    assert not list(find_shards(out)[0].parent.glob(".*.partial"))


def test_eight_frames_are_too_few_to_mask_anything(out: Path) -> None:
    before = find_shards(out)[0].read_bytes()
    _, text = call("audit", out, "--frames", 8, "--no-page", "--apply")
    assert "0 of 1 shards changed; too few frames: masks of AU" in text
    assert "too few frames" in read_record(out)["counts"]
    assert find_shards(out)[0].read_bytes() == before


def test_a_masked_run_still_counts_as_finished(out: Path) -> None:
    call("audit", out, "--no-page", "--apply")
    config = RenderConfig(subjects=1, frames=16, size=128, samples=1)
    again = run(config, make_plan(config), out, 1, False)
    assert again.kept == 1
    assert verify_run(out).faults == []


def test_mistakes_are_one_line_each(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tiny_shard(tmp_path / "real_only" / "F0.h5", TinySubject("F0", twins=()))
    write_tiny_shard(tmp_path / "no_face" / "F0.h5", TinySubject("F0", frames=8))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "F0.h5").write_bytes(b"no shard")
    torn = tmp_path / "torn" / "F0.h5"
    torn.parent.mkdir()
    shutil.copy(find_shards(out)[0], torn)
    with h5py.File(torn, "r+") as file:
        blob = file["images/female/blob"]
        blob[...] = np.zeros(len(blob), np.uint8)
    cases = {
        "nowhere": (2, "no such folder"), "real_only": (2, "no complete triplet"), "no_face": (3, "no face is found"),
        "broken": (2, "no readable HDF5"), "torn": (2, "cannot be read"),
    }  # fmt: skip
    for name, (code, words) in cases.items():
        assert run_command(main, "synth", ["audit", str(tmp_path / name)]) == code, name
        error = capsys.readouterr().err.strip().splitlines()
        assert len([line for line in error if line.startswith("synth: error:")]) == 1, error
        assert words in error[-1]
    assert run_command(main, "synth", ["audit"]) == 2
    assert run_command(main, "synth", ["audit", str(out), "--frames", "3"]) == 2


def test_a_frame_without_a_face_in_one_twin_is_left_out(out: Path) -> None:
    path = find_shards(out)[0]
    with h5py.File(path, "r+") as file:
        row = int(np.flatnonzero(file["frames/status"][()] == Status.OK)[3])
        offset = file["images/male/offset"]
        other = file["images/real/blob"]
        start, length = offset[row]
        flat = _plain_picture(int(file.attrs["size_px"]), int(length))
        assert len(other)
        file["images/male/blob"][start : start + length] = np.frombuffer(flat, np.uint8)
    call("audit", out, "--no-page")
    assert read_record(out)["about"]["pictures_without_face"] == 1


def _plain_picture(side: int, length: int) -> bytes:
    import simplejpeg

    data = simplejpeg.encode_jpeg(np.full((side, side, 3), 90, np.uint8), 80, "RGB", "444")
    return data + b"\0" * (length - len(data))


def test_an_estimator_of_ones_own_judges_beside_the_others(out: Path, tmp_path: Path) -> None:
    """Its readings are how dark each picture is; those of the others do not change, and --apply takes its verdicts."""
    call("audit", out, "--no-page")
    before = read_record(out)
    call("extract", out, tmp_path / "pictures", "--again")
    lines = ["path,AU25,AU26"]
    for path in sorted(tmp_path.glob("pictures/**/*.jpg")):
        lines.append(f"{path},{1 - cv2.imread(str(path)).mean() / 255:.5f},")
    table = tmp_path / "dark.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    _, text = call("audit", out, "--estimates", table)
    assert "D = dark" in text
    after = read_record(out)
    assert after["about"]["estimates"]["without_row"] == 0
    for column, row in after["units"].items():
        own = row["estimators"].pop("dark")
        assert row["estimators"] == before["units"][column]["estimators"]
        assert (own["r"] is not None) == (column == "AU25")
    page = (out / "audit" / "index.html").read_text(encoding="utf-8")
    assert page.count("dark: r, share") == 1
    call("audit", out, "--estimates", table, "--only-estimates", "--apply")
    alone = read_record(out)
    assert set(alone["units"]["AU25"]["estimators"]) == {"dark"}
    assert sum(alone["counts"].values()) == len(alone["units"])
    assert alone["counts"]["not judged"] >= len(alone["units"]) - 1
    assert verify_run(out).faults == []


def test_the_document_compares_before_and_after(out: Path, tmp_path: Path) -> None:
    call("audit", out, "--no-page")
    for name in ("before", "after"):
        shutil.copytree(out / "audit", tmp_path / name / "clip" / "audit")
    changed = tmp_path / "after" / "clip" / "audit" / "audit.json"
    record = json.loads(changed.read_text(encoding="utf-8"))
    first = next(iter(record["units"]))
    judged = {"r": 0.8, "r_low": 0.7, "r_high": 0.9, "slope": 0.9, "female_male": 0.95}
    record["units"][first] |= {"verdict": "transferred", "share": 0.91, **judged}
    changed.write_text(json.dumps(record), encoding="utf-8")
    plain = document(tmp_path / "before", tmp_path / "after", {})
    assert "## Outside judges" not in plain
    record["about"]["estimates"] = {"name": "alien"}
    for judge, names in (("outside-one", ("before", "after")), ("outside-two", ("after",))):
        for name in names:
            folder = tmp_path / name / judge / "clip" / "audit"
            folder.mkdir(parents=True)
            (folder / "audit.json").write_text(json.dumps(record), encoding="utf-8")
        (tmp_path / "after" / f"{judge}.txt").write_text(f"{judge} is a program.\n", encoding="utf-8")
    text = document(tmp_path / "before", tmp_path / "after", {"again": tmp_path / "before"})
    told = text[text.index("## Outside judges") :].split("\n## ")[0]
    one, two = told.split("### alien")[1:]
    assert "outside-one is a program." in one
    assert f"| {first} | .91 → .91 (.90 → .90) .95 → .95 |" in one.splitlines()
    assert "outside-two is a program." in two
    assert f"| {first} | .91 (.90) .95 |" in two.splitlines()
    assert "**transferred**" in text or "| transferred |" in text
    assert "→ .91" in text
    assert "## Ablations" in text
    assert all(line.count("|") == 10 for line in text.splitlines() if line.startswith("| AU0") and "[" in line)


def test_the_sheet_shows_best_and_worst(out: Path, tmp_path: Path) -> None:
    call("audit", out, "--no-page")
    write_sheet(out, tmp_path / "sheet.jpg")
    sheet = cv2.imread(str(tmp_path / "sheet.jpg"))
    shown = sum(
        len(row["examples"][kind][:1]) for row in read_record(out)["units"].values() for kind in ("best", "worst")
    )
    assert sheet.shape[0] > -(-shown // 4) * 104
    assert sheet.shape[1] > 4 * 3 * 104


def test_avatars_at_rest_are_read() -> None:
    code, text = call("audit", "--neutral", 1, "--json")
    record = json.loads(text)
    assert record["avatars"] == 6
    assert code == (1 if record["exceeding"] else 0)
    assert {"limit", "median", "p95", "highest", "above"} == set(record["units"]["jawOpen"])
