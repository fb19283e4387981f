"""Estimates from elsewhere as a judge: known signals come back, tables in any shape, every gap and mistake is told."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from assets.errors import InputError
from assets.shard import Shard, find_shards
from cli.errors import run_command
from cli.synth_main import main
from synth.audit.disturb import disturb
from synth.audit.estimate_tables import read_estimates, visible_changes
from synth.audit.files import read_record
from synth.audit.geometry import AUDITED
from synth.audit.outside import Outside, read_outside
from synth.audit.report import Audit, audit_run, record
from synth.audit.verdict import NOT_JUDGED, TRANSFERRED, WEAK
from synth.extract import extract_run
from synth.picture_names import AGAIN, picture_names
from synth.shards.encode import decode_picture
from tests.contract.tiny_shards import TinySubject, write_tiny_shard
from tests.synth.estimate_cases import AUS, Signal, estimates, tiny_run, write_by_folder, write_table

COLUMNS = [AUDITED.index(number) for number in AUS]
Rows = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(tmp_path_factory.mktemp("outside") / "out")


def outside_of(out: Path, table: Path, name: str | None = None) -> Outside:
    return read_outside(table, name, find_shards(out))


def audited(out: Path, table: Path, **options: int) -> Audit:
    return audit_run(out, None, outside=outside_of(out, table), **options)


def centred(rows: Rows, image: str) -> np.ndarray:
    """Return the readings of one image, less each subject's mean."""
    groups: dict[str, list[np.ndarray]] = {}
    for name in sorted(rows):
        shard, _, group, _ = name.split("/")
        if group == image:
            groups.setdefault(shard, []).append(rows[name])
    return np.concatenate([np.array(values) - np.mean(values, 0) for values in groups.values()])


def test_a_known_signal_gives_its_correlations_and_slope_back(out: Path, tmp_path: Path) -> None:
    rows = estimates(out)
    found = audited(out, write_table(tmp_path / "own.csv", rows)).agreements[0]
    real, female, male, again = (centred(rows, image) for image in ("real", "female", "male", AGAIN))
    for place, column in enumerate(COLUMNS):
        x = np.concatenate([real[:, place], real[:, place]])
        y = np.concatenate([female[:, place], male[:, place]])
        assert found.repeatability[column] == pytest.approx(np.corrcoef(real[:, place], again[:, place])[0, 1])
        assert found.slope[column] == pytest.approx(0.9 * 0.6, abs=0.06)
        assert found.slope[column] == pytest.approx((x @ y) / (x @ x) / found.repeatability[column])
        assert found.female_male[column] == pytest.approx(_pooled(female[:, place], male[:, place]))
        pooled = (real[:, place] @ female[:, place] + real[:, place] @ male[:, place]) / np.sqrt((x @ x) * (y @ y))
        assert found.r[column] == pytest.approx(pooled)
        assert found.r_low[column] < found.r[column] < found.r_high[column]
        assert found.control[column] < found.r_low[column]
    others = [i for i in range(len(AUDITED)) if i not in COLUMNS]
    assert np.isnan(found.r[others]).all()


def _pooled(x: np.ndarray, y: np.ndarray) -> float:
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def test_verdicts_come_from_this_estimator_alone(out: Path, tmp_path: Path) -> None:
    def verdicts(signal: Signal) -> dict[int, str]:
        table = write_table(tmp_path / "own.csv", estimates(out, signal))
        return {v.number: v.verdict for v in audited(out, table).verdicts if v.number in AUS}

    assert set(verdicts(Signal(1.0, 1.0)).values()) == {TRANSFERRED}
    assert set(verdicts(Signal(0.3, 1.0, noise=0.05)).values()) == {WEAK}
    unknown = audited(out, write_table(tmp_path / "own.csv", estimates(out)))
    assert {v.verdict for v in unknown.verdicts if v.number not in AUS} == {NOT_JUDGED}
    assert unknown.estimators == ("own",)


def test_the_order_of_rows_and_other_rows_do_not_matter(out: Path, tmp_path: Path) -> None:
    rows = list(estimates(out).items())
    first = record(audited(out, write_table(tmp_path / "a" / "own.csv", rows), seed=3))
    turned = write_table(tmp_path / "b" / "own.csv", rows[::-1], naming="input", prefix="C:\\my pictures\\")
    assert record(audited(out, turned, seed=3)) == first


def test_tables_by_folder_say_the_same_as_one_with_names(out: Path, tmp_path: Path) -> None:
    rows = estimates(out)
    by_name = outside_of(out, write_table(tmp_path / "own.csv", rows, scale=5.0, header="au_{}_intensity"))
    by_order = outside_of(out, write_by_folder(tmp_path / "own", rows))
    assert by_name.values.keys() == by_order.values.keys() == rows.keys()
    for name, values in rows.items():
        np.testing.assert_allclose(by_order.values[name][COLUMNS], 5 * values)
        np.testing.assert_array_equal(by_name.values[name], by_order.values[name])
    np.testing.assert_array_equal(by_order.visible[COLUMNS], 0.5)


def test_one_of_several_columns_is_read_and_its_name_gives_the_scale(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("file,AU12_c,AU12_r,AU25,AU01_c,AU45_r\nx/y/real/1.jpg,1,2.5,30,1,4\n")
    table = read_estimates(path)[0]
    assert table.columns == {1: "AU01_c", 12: "AU12_r", 25: "AU25", 43: "AU45_r"}
    steps = dict(zip(AUDITED, visible_changes([table]), strict=True))
    assert (steps[1], steps[12], steps[25], steps[43]) == (0.1, 0.5, 10.0, 0.5)
    assert np.isnan(steps[2])


def test_without_second_readings_there_is_no_share_and_no_verdict(out: Path, tmp_path: Path) -> None:
    rows = estimates(out, Signal(1.0, 1.0))
    whole = audited(out, write_table(tmp_path / "a" / "own.csv", rows))
    once = {name: value for name, value in rows.items() if AGAIN not in name}
    found = audited(out, write_table(tmp_path / "b" / "own.csv", once))
    for ruling in found.verdicts:
        assert ruling.verdict == NOT_JUDGED
        assert not ruling.judges
        assert "share" not in ruling.values
        if ruling.number in AUS:
            assert ruling.values["r"] > 0.8
            assert np.isnan(ruling.values["slope"])
            assert "no second reading" in ruling.reason
    np.testing.assert_array_equal(found.agreements[0].r, whole.agreements[0].r)
    gaps = found.about["estimates"]["gaps"]
    assert len(gaps) == 1
    assert "192 of 192 second copies have no row" in gaps[0]
    assert "no share" in gaps[0]


def test_what_is_missing_is_counted_and_told(out: Path, tmp_path: Path) -> None:
    rows = estimates(out)
    male = sorted(name for name in rows if "/male/" in name)
    for name in male[:5]:
        del rows[name]
    rows[male[7]] = np.full(len(AUS), np.nan)
    about = audited(out, write_table(tmp_path / "own.csv", rows)).about
    told = about["estimates"]
    assert (told["pictures"], told["without_row"], told["without_reading"]) == (576, 5, 1)
    assert about["pictures_without_face"] == 6
    assert f"5 of 576 pictures have no row, the first {male[0]}" in told["gaps"][0]
    assert f"1 of 768 rows hold no reading, the first {male[7]}" in told["gaps"][1]


def test_rows_that_are_not_needed_are_counted(out: Path, tmp_path: Path) -> None:
    rows = estimates(out)
    told = audited(out, write_table(tmp_path / "own.csv", rows), frames=8).about["estimates"]
    assert told["pictures"] == 2 * 3 * 8
    assert told["second_readings"] == 2 * 8
    assert told["unused_rows"] == len(rows) - 2 * 4 * 8
    assert told["gaps"] == []


def mistakes(rows: Rows) -> dict[str, tuple[str, str]]:
    """Return the text of each bad table, and what must be said of it."""
    name = next(iter(rows))
    good = f"{name}.jpg,0.5"
    return {
        "no unit": (f"file,smile\n{good}\n", "no column names an audited Action Unit"),
        "no names": ("AU12,AU25\n1,0\n", "no column names the pictures"),
        "only frames": ("frame,AU12\n1,0\n2,0\n", "does not lie where a folder of pictures does"),
        "unknown": (f"file,AU12\n{good}\nother/T1/real/000001.jpg,1\nx.jpg,1\n", "2 rows name no picture of this run"),
        "several": (f"file,AU12\n{good}\n000001.jpg,1\n", "1 rows name several pictures"),
        "twice": (f"file,AU12\n{good}\n{good}\n", "1 rows are about a picture that has a row already"),
        "no number": (f"file,AU12\n{name}.jpg,strong\n", "1 cells hold no number, the first 'strong'"),
        "scale": (f"file,AU12\n{name}.jpg,-7\n", "1 values lie outside 0 to 1, the first -7"),
        "large": (f"file,AU12_r\n{name}.jpg,7\n", "1 values lie outside 0 to 5, the first 7"),
        "nothing": (f"file,AU12\n{name}.jpg,NaN\n", "says nothing about any real frame"),
        "only real": (f"file,AU12\n{name}.jpg,1\n", "says nothing about any twin"),
        "empty": ("file,AU12\n", "holds no rows"),
    }


def test_every_mistake_is_one_line(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for case, (text, words) in mistakes(estimates(out)).items():
        table = tmp_path / f"{case}.csv"
        table.write_text(text)
        arguments = ["audit", str(out), "--estimates", str(table), "--only-estimates", "--estimates-name", "own"]
        assert run_command(main, "synth", arguments) == 2, case
        lines = capsys.readouterr().err.strip().splitlines()
        errors = [line for line in lines if line.startswith("synth: error:")]
        assert len(errors) == 1, (case, lines)
        assert words in errors[0]
        assert case in errors[0]
    for arguments in (["--only-estimates"], ["--estimates-name", "own"], ["--estimates", str(tmp_path / "none.csv")]):
        assert run_command(main, "synth", ["audit", str(out), *arguments]) == 2
        assert capsys.readouterr().err.count("synth: error:") == 1


def test_an_estimator_may_not_be_called_like_those_of_the_audit(out: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "flow.csv", estimates(out))
    with pytest.raises(InputError, match="cannot name an estimator"):
        outside_of(out, table)
    assert outside_of(out, table, "other").name == "other"


def test_a_folder_that_was_read_in_part_is_no_sequence(out: Path, tmp_path: Path) -> None:
    rows = estimates(out)
    del rows[sorted(rows)[0]]
    with pytest.raises(InputError, match="95 rows do not count the 96 pictures"):
        outside_of(out, write_by_folder(tmp_path / "own", rows))


def test_two_rows_never_share_a_picture_file(tmp_path: Path) -> None:
    path = write_tiny_shard(tmp_path / "F0.h5", TinySubject("F0", frames=4))
    import h5py

    with h5py.File(path, "r+") as file:
        file["frames/frame"][1] = file["frames/frame"][0]
    with Shard(path) as shard, pytest.raises(InputError, match="stand for two rows"):
        picture_names(shard)


def test_extracted_files_and_their_index_are_what_tables_may_name(out: Path, tmp_path: Path) -> None:
    rows, pictures = extract_run(out, tmp_path / "pictures", again=True)
    assert (rows, pictures) == (192, 4 * 192)
    index = list(csv.DictReader((tmp_path / "pictures" / "pictures.csv").open(encoding="utf-8")))
    written = {path.relative_to(tmp_path / "pictures").as_posix() for path in tmp_path.glob("pictures/**/*.jpg")}
    assert written == {row["file"] for row in index}
    with Shard(find_shards(out)[0]) as shard:
        names = picture_names(shard)
        one = next(row for row in index if row["subject"] == shard.subject and row["image"] == "male")
        assert one["file"] == names["male"][int(one["row"])] + ".jpg"
        real = decode_picture(shard.read_bytes("real", 5))
        copy = decode_picture((tmp_path / "pictures" / f"{names[AGAIN][5]}.jpg").read_bytes())
        np.testing.assert_array_equal(copy, disturb(real))
    table = write_table(tmp_path / "own.csv", {row["file"][:-4]: np.full(3, 0.2) for row in index}, prefix="")
    assert len(outside_of(out, table).values) == len(index)


def test_the_command_writes_tables_and_page(out: Path, tmp_path: Path) -> None:
    run = tiny_run(tmp_path / "out", frames=48)
    folder = write_by_folder(tmp_path / "openface", estimates(run))
    (folder / "frames.csv").write_text("path,AU12\nlabels/are/no/estimates.jpg,1\n")
    options = ["--estimates", str(folder), "--only-estimates", "--estimates-name", "OpenFace<2>"]
    assert run_command(main, "synth", ["audit", str(run), *options]) == 2
    options[-1] = "OpenFace-2"
    result = CliRunner().invoke(main, ["audit", str(run), *options], standalone_mode=False)
    assert result.exception is None
    assert "288 of 288 pictures" in result.output
    assert "O = OpenFace-2" in result.output
    found = read_record(run)
    rows = list(csv.DictReader((run / "audit" / "audit.csv").open(encoding="utf-8")))
    smile = next(row for row in rows if row["au"] == "AU12")
    assert smile["judges"] == "OpenFace-2"
    assert float(smile["estimates_r"]) == found["units"]["AU12"]["estimators"]["OpenFace-2"]["r"] == float(smile["r"])
    twins = list(csv.DictReader((run / "audit" / "twins.csv").open(encoding="utf-8")))
    assert {row["estimator"] for row in twins} == {"OpenFace-2"}
    page = (run / "audit" / "index.html").read_text(encoding="utf-8")
    head, *body = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    assert all(row.count("<td") == head.count("<th") for row in body)
    assert "OpenFace-2: r, share" in head
    assert "column AU12_r" in page
    json.loads((run / "audit" / "audit.json").read_text(encoding="utf-8"))
