"""The command ``train``: every verb once, every mistake one line, exit code 2."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cli.errors import run_command
from cli.train_main import COMMANDS, main
from tests.contract.tiny_shards import write_tiny_corpus
from train.methods.registry import METHODS

ROOT = Path(__file__).resolve().parents[2]
QUICK = (
    "--backbone test_resnet --weights none --input-px 28 --hidden 8 --epochs 1 --steps-per-epoch 2 --batch 6 --lr 1e-3 "
    "--workers 0 --boot 10 --accelerator cpu"
).split()
STAGE_A = "--base-epochs 1 --base-lr 1e-3 --base-batch 6".split()


def run(*arguments: object) -> int:
    return run_command(main, "train", [str(argument) for argument in arguments])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def data(corpora: Path) -> list[str]:
    return ["--source", "src", "--target", "tgt", "--data-root", str(corpora)]


def problems(capsys: pytest.CaptureFixture) -> list[str]:
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines
    assert all(line.startswith("train: error: ") for line in lines), lines
    return lines


def test_help_is_quick_and_imports_no_torch() -> None:
    code = (
        "import sys, time; t = time.perf_counter()\n"
        "from cli.errors import run_command\n"
        "from cli.train_main import main\n"
        "code = run_command(main, 'train', ['--help'])\n"
        "heavy = {'torch', 'numpy', 'h5py', 'lightning', 'timm', 'cv2'} & set(sys.modules)\n"
        "print(code, sorted(heavy), time.perf_counter() - t)"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    last = out.strip().splitlines()[-1]
    assert last.startswith("0 [] ")
    assert float(last.split()[-1]) < 0.4
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_verb_has_a_help_page_without_torch(verb: str) -> None:
    code = (
        "import sys; from cli.errors import run_command; from cli.train_main import main\n"
        f"code = run_command(main, 'train', ['{verb}', '--help']); print(code, 'torch' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.strip().splitlines()[-1] == "0 False"


def test_every_method_has_a_verb() -> None:
    assert set(METHODS) <= set(COMMANDS)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_one_epoch_from_a_base(
    method: str, here: Path, base: Path, corpora: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run(method, *data(corpora), *QUICK, "--init", base, "--out", "run") == 0
    out = capsys.readouterr().out
    assert "SIMULATED STAND-IN" in out
    assert "AU01" in out
    assert "EO % (F1 ratio" in out
    assert json.loads((here / "run" / "metrics.json").read_text())["method"] == method


def test_an_adaptation_runs_stage_a_itself_and_the_saved_run_is_a_config_file(
    here: Path, corpora: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run("pm2", *data(corpora), *QUICK, *STAGE_A, "--num-k", 2) == 0
    out = capsys.readouterr().out
    assert "stage A in out/train/pm2-tgt-base" in out
    assert "departs from the paper: num_k=2 (paper: 1)" in out
    first = here / "out" / "train" / "pm2-tgt"
    assert run("pm2", "--config", first / "config.lock", *STAGE_A, "--out", "again", "--init", f"{first}-base") == 0
    one, two = (torch.load(p / "checkpoint.pt", weights_only=True) for p in (first, here / "again"))
    assert all(torch.equal(one["encoder"][key], two["encoder"][key]) for key in one["encoder"])


def test_base_within_one_corpus(here: Path, corpora: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("base", "--source", "src", "--data-root", corpora, *QUICK, "--fold", 1, "--no-fairness") == 0
    assert "fold 1 of 3, subject-exclusive" in capsys.readouterr().out


def test_a_fold_beside_a_target_is_said_to_shrink_the_source(
    here: Path, corpora: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run("base", *data(corpora), *QUICK, "--fold", 1, "--out", "both") == 0
    out = capsys.readouterr().out
    assert "source: fold 1 is left out of training and not scored; the test set is the target" in out
    assert "test set: standin-tgt, all frames" in out or "test set: tgt, all frames" in out
    assert run("base", *data(corpora), *QUICK, "--out", "one") == 0
    assert "left out of training" not in capsys.readouterr().out


def test_a_fresh_machine_gets_the_stand_ins_and_is_told_so(
    here: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli import train_standin

    def render(values: dict, folder: Path, twins: bool) -> None:
        if not folder.exists():
            aus = (1, 2, 4, 6, 10, 12, 14, 15)
            size, pair = (values["subjects"], values["frames"], 32), ("female", "male") if twins else ()
            write_tiny_corpus(folder.parent, folder.name, *size, aus=aus, twins=pair)

    monkeypatch.setattr(train_standin, "_render", render)
    sizes = ["--standin-subjects", 4, "--standin-frames", 12]
    quick = "--steps-per-epoch 2 --batch 6 --workers 0 --boot 10 --accelerator cpu --input-px 32".split()
    assert run("pm2", "--target", "gft", *sizes, *quick, "--base-epochs", 1, "--base-batch", 6) == 0
    out = capsys.readouterr().out
    assert out.count("simulated") >= 2
    assert "SIMULATED STAND-IN" in out
    assert len(list((here / "out" / "standin").glob("standin-gft-4x12-*"))) == 1
    assert json.loads((here / "out" / "train" / "pm2-gft" / "metrics.json").read_text())["simulated"] is True


def test_eval_predict_export_and_bench(here: Path, base: Path, corpora: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("eval", base, "tgt", "--data-root", corpora, "--boot", 10, "--workers", 0, "--out", "scores.json") == 0
    assert json.loads((here / "scores.json").read_text())["test"]["frames"] == 48
    assert run("predict", base, corpora / "src", "--out", "p.csv", "--strip", "s.png", "--video", "v.mp4") == 0
    with (here / "p.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 80, "one row per planned frame"
    blind = [row for row in rows if row["success"] == "0"]
    assert len(blind) == 4
    assert all(row["AU01_p"] == row["AU01_c"] == "" for row in blind)
    seen = [row for row in rows if row["success"] == "1"]
    assert all(
        (float(row["AU12_p"]) > 0.5) == (row["AU12_c"] == "1") for row in seen if abs(float(row["AU12_p"]) - 0.5) > 1e-3
    )
    assert (here / "s.png").stat().st_size > 1000
    assert (here / "v.mp4").stat().st_size > 1000
    assert run("bench", *data(corpora), *QUICK, "--steps", 3, "--json", "bench.json") == 0
    figures = json.loads((here / "bench.json").read_text())
    assert figures["steps"][0]["efficiency"] > 0
    loader = figures["loader"]
    assert loader["of_decoder"] == pytest.approx(loader["images_per_cpu_s"] / loader["decoded_per_cpu_s"])
    assert "decoder alone" in capsys.readouterr().out


def test_bench_says_when_its_steps_take_more_than_one_pass(
    here: Path, corpora: Path, capsys: pytest.CaptureFixture
) -> None:
    usable = 4 * (20 - 1)  # one frame of each subject has no picture
    batch = usable // 4
    for steps, told in ((4, 0), (5, 1)):
        assert run("bench", *data(corpora), *QUICK, "--batch", batch, "--methods", "source,pm2", "--steps", steps) == 0
        assert capsys.readouterr().out.count("one pass over the source (4 steps)") == told


def test_predictions_agree_with_the_scores_of_the_run(here: Path, base: Path, corpora: Path) -> None:
    import numpy as np

    assert run("predict", base, corpora / "tgt", "--out", "p.csv") == 0
    with (here / "p.csv").open() as file:
        table = [[float(row[f"AU{n:02d}_p"]) for n in (1, 2, 4, 6, 12)] for row in csv.DictReader(file)]
    with np.load(base / "scores.npz") as stored:
        assert np.allclose(np.array(table), stored["probs"], atol=1e-4)


def test_export_is_checked_against_torch(here: Path, base: Path, capsys: pytest.CaptureFixture) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    import numpy as np

    from train.export import Deployed
    from train.loop.checkpoint import load_detector

    assert run("export", base, "model.onnx") == 0
    assert "largest difference" in capsys.readouterr().out
    session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
    pictures = np.random.default_rng(5).uniform(0, 255, (7, 3, 28, 28)).astype(np.float32)
    expected = Deployed(load_detector(base)[0]).eval()(torch.from_numpy(pictures)).detach().numpy()
    assert np.allclose(session.run(None, {"pictures": pictures})[0], expected, atol=1e-4)
    assert json.loads(session.get_modelmeta().custom_metadata_map["aus"]) == ["AU01", "AU02", "AU04", "AU06", "AU12"]


def test_compare_writes_tables_and_figures_and_more_seeds_add_only_what_is_missing(
    here: Path, corpora: Path, capsys: pytest.CaptureFixture
) -> None:
    common = ["--methods", "source,m3sda,pm2", *data(corpora), *QUICK, *STAGE_A, "--base-models", "none", "--jobs", 1]
    assert run("compare", *common, "--seeds", 1, "--out", "study") == 0
    tables = here / "study" / "tables" / "cross-tgt-1-seeds"
    text = (tables / "tables.md").read_text()
    assert all(f"STAND-IN corpora (simulated). Table {number}" in text for number in (3, 4, 5))
    assert "base models drml, jaanet and resnet18 of the paper were left out" in text
    assert "| target-supervised |" in text
    assert "| always active (no model) |" in text
    assert r"\begin{tabular}" in (tables / "tables.tex").read_text()
    assert "STAND-IN" in (tables / "figure-7.svg").read_text()
    assert (tables / "figure-10.png").stat().st_size > 10_000
    rows = list(csv.DictReader((tables / "tables.csv").open()))
    assert {row["table"] for row in rows} == {"3", "4", "5", "differences", "gap"}
    assert all(float(r["low_percent"]) <= float(r["high_percent"]) for r in rows if r["low_percent"])
    before = {path: path.stat().st_mtime_ns for path in (here / "study").glob("*-s0/metrics.json")}
    assert len(before) == 1 + 3 + 3, "stage A, methods, folds of the target"
    capsys.readouterr()
    assert run("compare", *common, "--seeds", 2, "--out", "study") == 0
    out = capsys.readouterr().out
    assert out.count("already finished") == 7
    assert "14 of 14 runs finished" in out
    assert before == {path: path.stat().st_mtime_ns for path in before}, "finished runs are kept as they are"
    summary = json.loads((here / "study" / "tables" / "cross-tgt-2-seeds" / "summary.json").read_text())
    assert len(summary["cross"]["f1"]["pm2"]["tgt"]["seeds"]) == 2


def test_compare_runs_in_processes_and_names_what_went_wrong_in_one(
    here: Path, corpora: Path, capsys: pytest.CaptureFixture
) -> None:
    arguments = ["compare", "--methods", "source", *data(corpora), *QUICK, *STAGE_A, "--base-models", "none"]
    one = [*arguments, "--seeds", 1, "--protocol", "within", "--target", "src"]
    assert run(*one, "--jobs", 2, "--out", "two") == 0
    assert run(*one, "--jobs", 1, "--out", "one") == 0
    for name in ("src-fold0-s0", "src-fold2-s0"):
        first, second = (torch.load(here / out / name / "checkpoint.pt", weights_only=True) for out in ("one", "two"))
        assert all(torch.equal(first["encoder"][key], second["encoder"][key]) for key in first["encoder"])
    capsys.readouterr()
    assert run(*one, "--jobs", 2, "--out", "bad", "--base-batch", 500) == 2
    assert "cannot fill one step" in problems(capsys)[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pm3"], "did you mean 'pm2'"),
        (["pm2", "--targte", "gft"], "No such option"),
        (["pm2", "--source", "nowhere"], "no corpus 'nowhere'"),
        (["pm2", "--lr", "-1", "--source", "x"], "out of range"),
        (["pm2", "--dropout", "1.5", "--source", "x"], "pass a number from 0 to 1"),
        (["pm2", "--target", "gtf"], "no corpus named 'gtf'"),
        (["pm2", "--target", "gft", "--alpha", "nan"], "--alpha: nan is out of range"),
        (["pm2", "--target", "gft", "--aus", "6,99"], "'99' is not a known Action Unit"),
        (["pm2", "--target", "gft", "--base-batch", "0"], "--base-batch: 0 is out of range"),
        (["mcd", "--target", "gft", "--backbone", "resnet1"], "did you mean 'resnet18'"),
        (["compare", "--methods", "source,pm3"], "--methods: no method named 'pm3'"),
        (["eval", "nowhere", "x"], "there is no checkpoint"),
        (["predict", "nowhere", "absent.mp4"], "there is no such file"),
        (["predict", "nowhere", __file__, "--workers", "-1"], "-1 is not in the range x>=0"),
        (["export", "nowhere", "m.onnx"], "there is no checkpoint"),
        (["pm2", "--config", "absent.json"], "no such config file"),
    ],
)
def test_mistakes_are_one_line_each(
    arguments: list[str], message: str, here: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run(*arguments) == 2
    assert message in problems(capsys)[0]
    assert not (here / "out").exists()


def test_bad_corpora_and_checkpoints_leave_everything_as_it_was(
    here: Path, base: Path, corpora: Path, capsys: pytest.CaptureFixture
) -> None:
    before = {path: path.read_bytes() for path in base.iterdir() if path.is_file()}
    quick = [*data(corpora), *QUICK, "--init", base, "--out", "run"]
    write_tiny_corpus(here, "unknown", subjects=2, frames=6, size_px=32, twins=())
    import h5py

    for path in (here / "unknown").iterdir():
        with h5py.File(path, "r+") as file:
            file.attrs["apparent_gender"] = "unknown"
    cases = [
        (["pm2", *quick, "--aus", "1,12"], "the checkpoint detects AU01 AU02 AU04 AU06 AU12, but AU01 AU12"),
        (["pm2", *quick, "--target", str(here / "unknown")], "need the apparent gender of every subject"),
        (["pm2", *quick, "--batch", "500"], "cannot fill one step"),
        (["pm2", *quick, "--source", "tgt", "--target", "src"], "needs twins"),
        (["base", *data(corpora), *QUICK, "--fold", "7", "--out", "run"], "pass a number from -1 to 2"),
        (["base", *data(corpora), *QUICK, "--weights", "absent.pth", "--out", "run"], "no such weights file"),
        (["base", *data(corpora), *QUICK, "--accelerator", "cuda", "--out", "run"], "CUDA devices were asked for"),
        (["eval", base, str(here / "unknown"), "--workers", "0"], "need the apparent gender"),
    ]
    if torch.cuda.is_available():
        cases = [case for case in cases if "cuda" not in case[0]]
    for arguments, message in cases:
        assert run(*arguments) == 2, arguments
        assert message in problems(capsys)[0]
    assert {path: path.read_bytes() for path in base.iterdir() if path.is_file()} == before
