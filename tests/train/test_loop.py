"""A run can be cut anywhere and ends the same; what goes wrong leaves earlier files whole."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from assets.errors import InputError
from assets.shard import Shard, find_shards
from cli.train_show import score_lines
from train.loop import files
from train.loop.checkpoint import CHECKPOINT, load_detector, read_checkpoint
from train.loop.evaluate import evaluate_checkpoint
from train.loop.outcome import METRICS
from train.loop.reporter import Silent
from train.loop.run import train
from train.methods.registry import METHODS
from train.settings import TrainSettings


class Cut(Silent):
    """Asks the run to stop after some steps, as Ctrl-C does."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, steps: int, values: object) -> None:
        self.left -= steps
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    state, _ = read_checkpoint(folder)
    return {f"{part}.{key}": value for part in ("encoder", "heads") for key, value in state[part].items()}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_and_writes_its_results(name: str, tiny: TrainSettings, base: Path, tmp_path: Path) -> None:
    result = train(tiny, name, tmp_path / name, base)
    assert result["method"] == name
    assert result["simulated"] is True
    assert result["selection"] == {"rule": "last"}
    assert 0 <= result["test"]["f1"]["avg"] <= 1
    assert {path.name for path in (tmp_path / name).iterdir()} >= {
        "config.lock", "metrics.json", "checkpoint.pt", "log.csv", "scores.npz", "tensorboard",
    }  # fmt: skip
    meta = read_checkpoint(tmp_path / name)[1]
    assert meta["aus"] == ["AU01", "AU02", "AU04", "AU06", "AU12"]
    assert len(meta["source"]["fingerprint"]) == 16
    assert meta["source"]["licences"] == [{"source": {"spdx": "CC0-1.0"}}]
    with (tmp_path / name / "log.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(("name", "after"), [("pm2", 1), ("pm2", 5), ("dann", 3)])
def test_a_run_cut_in_the_middle_of_an_epoch_continues_bit_equal(
    name: str, after: int, tiny: TrainSettings, base: Path, tmp_path: Path
) -> None:
    settings = replace(tiny, epochs=2, accumulate=2, batch=4, steps_per_epoch=3)
    whole = train(settings, name, tmp_path / "whole", base)
    with pytest.raises(KeyboardInterrupt):
        train(settings, name, tmp_path / "cut", base, Cut(after))
    assert not (tmp_path / "cut" / METRICS).exists()
    continued = train(settings, name, tmp_path / "cut", base)
    one, two = tensors(tmp_path / "whole"), tensors(tmp_path / "cut")
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert continued == whole
    assert (tmp_path / "whole" / "log.csv").read_text() == (tmp_path / "cut" / "log.csv").read_text()


def test_the_same_seed_gives_the_same_run_with_any_number_of_workers_and_another_seed_another(
    tiny: TrainSettings, tmp_path: Path
) -> None:
    for name, change in {"a": {}, "b": {"workers": 1}, "c": {"seed": 1}}.items():
        train(replace(tiny, steps_per_epoch=2, **change), "source", tmp_path / name, stage="base")
    a, b, c = (tensors(tmp_path / name) for name in "abc")
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert not all(torch.equal(a[key], c[key]) for key in a)


def test_a_finished_run_is_returned_and_another_run_in_its_folder_refused(tiny: TrainSettings, base: Path) -> None:
    before = (base / CHECKPOINT).read_bytes()
    again = train(tiny, "source", base, stage="base")
    assert again == json.loads((base / METRICS).read_text())
    with pytest.raises(InputError, match="another run, which differs in lr"):
        train(replace(tiny, lr=0.5), "source", base, stage="base")
    assert (base / CHECKPOINT).read_bytes() == before


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(
    tiny: TrainSettings, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.loop import system

    settings, calls, original = replace(tiny, save_every=2), [0], system.au_loss

    def broken(*arguments: torch.Tensor) -> torch.Tensor:
        calls[0] += 1
        return original(*arguments) * (float("nan") if calls[0] == 3 else 1.0)

    monkeypatch.setattr(system, "au_loss", broken)
    with pytest.raises(InputError, match="not finite at step 3"):
        train(settings, "source", tmp_path / "nan", base)
    assert all(value.isfinite().all() for value in tensors(tmp_path / "nan").values())
    assert read_checkpoint(tmp_path / "nan")[0]["progress"] == [0, 2, 0]


def test_a_full_disk_is_one_error_and_the_earlier_checkpoint_is_whole(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (base / CHECKPOINT).read_bytes()

    def full(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError, match="no space left"):
        files.replace_file(base / CHECKPOINT, full)
    assert (base / CHECKPOINT).read_bytes() == before
    assert not list(base.glob(".*.part"))


@pytest.mark.parametrize(
    ("number", "mend"),
    [(errno.EACCES, "get the right to write there"), (errno.ENOSPC, "free space"), (errno.EIO, "mend the folder")],
)
def test_a_file_that_cannot_be_written_says_what_to_do(tmp_path: Path, number: int, mend: str) -> None:
    def refused(path: Path) -> None:
        raise OSError(number, os.strerror(number), str(path))

    with pytest.raises(InputError) as error:
        files.replace_file(tmp_path / "metrics.json", refused)
    assert error.value.problems[0].mend.startswith(mend)


def test_a_log_that_finds_the_disk_full_is_the_same_error(
    tiny: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.loop.logs import Logs

    def full(self: Logs, *arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Logs, "write", full)
    with pytest.raises(InputError, match=r"x: there is no space left; free space"):
        train(tiny, "source", tmp_path / "x", stage="base")


def test_checkpoints_that_do_not_fit_are_refused_before_training(
    tiny: TrainSettings, base: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"detects AU01 AU02 AU04 AU06 AU12, but AU01 AU12 are asked for"):
        train(replace(tiny, aus="1,12"), "pm2", tmp_path / "x", base)
    train(replace(tiny, heads=1), "source", tmp_path / "one", stage="base")
    with pytest.raises(InputError, match="pm2 needs two heads"):
        train(tiny, "pm2", tmp_path / "x", tmp_path / "one")
    (tmp_path / "bad.pt").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="cannot be read"):
        train(tiny, "pm2", tmp_path / "x", tmp_path / "bad.pt")
    torch.save({"some": torch.ones(1)}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="no checkpoint of this program"):
        train(tiny, "pm2", tmp_path / "x", tmp_path / "other.pt")
    assert not (tmp_path / "x").exists()


def test_a_base_of_another_fold_knows_who_is_tested(tiny: TrainSettings, tmp_path: Path) -> None:
    alone = replace(tiny, target="", fairness=False, allow_single_class=True, steps_per_epoch=1)
    train(replace(alone, fold=0), "source", tmp_path / "base", stage="base")
    with pytest.raises(InputError, match=r"the checkpoint was trained on [12] tested subjects: "):
        train(replace(alone, fold=1), "source", tmp_path / "x", tmp_path / "base")
    assert train(replace(alone, fold=0), "source", tmp_path / "x", tmp_path / "base")["test"]["subjects"] < 4


def test_a_base_that_was_trained_on_the_target_is_noticed_wherever_its_frames_lie(
    tiny: TrainSettings, base: Path, corpora: Path, tmp_path: Path
) -> None:
    shutil.copytree(corpora / "src", tmp_path / "elsewhere")
    turned = replace(tiny, source="tgt", target=str(tmp_path / "elsewhere"))
    with pytest.raises(InputError, match="the checkpoint was trained on 4 tested subjects: "):
        train(turned, "dan", tmp_path / "x", base)
    assert not (tmp_path / "x").exists()
    train(tiny, "dan", tmp_path / "adapted", base)
    for folder in (base, tmp_path / "adapted"):
        found = evaluate_checkpoint(folder, str(tmp_path / "elsewhere"), tiny)
        assert len(found["trained_on"]) == 4
        assert any(line.startswith("WARNING: trained on labels of 4 of these") for line in score_lines(found))
        others = evaluate_checkpoint(folder, str(corpora / "tgt"), tiny)
        assert others["trained_on"] == []
        assert not any("WARNING" in line for line in score_lines(others))


def _forbid_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*arguments: object) -> None:
        raise AssertionError("the network was run")

    monkeypatch.setattr("train.loop.run._start", started)


def test_a_finished_run_follows_boot_labels_and_genders_without_its_network(
    tiny: TrainSettings, corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(corpora, tmp_path / "data")
    settings = replace(tiny, data_root=str(tmp_path / "data"))
    out, shard = tmp_path / "run", sorted((tmp_path / "data" / "tgt").rglob("*.h5"))[0]
    first = train(settings, "source", out, stage="base")
    names = [Shard(path).subject for path in find_shards(tmp_path / "data" / "tgt")]
    genders = tmp_path / "genders.csv"
    genders.write_text("subject,gender\n" + "".join(f"{name},{'FM'[i > 0]}\n" for i, name in enumerate(names)))
    with monkeypatch.context() as patch:
        _forbid_training(patch)
        wide = train(replace(settings, boot=400), "source", out, stage="base")
        assert wide["test"]["f1"]["avg"] == first["test"]["f1"]["avg"]
        assert wide["test"]["f1"]["avg_interval"] != first["test"]["f1"]["avg_interval"]
        assert json.loads((out / METRICS).read_text()) == wide
        assert json.loads((out / "config.lock").read_text())["settings"]["boot"] == 400
        gender = train(replace(settings, gender_csv=str(genders)), "source", out, stage="base")
        assert (gender["test"]["women"], gender["test"]["men"]) == (1, 3)
        assert gender["test"]["f1"]["avg"] == first["test"]["f1"]["avg"]
        with h5py.File(shard, "r+") as file:
            file["frames/au"][2:] = 1 - file["frames/au"][2:]
        labels = train(settings, "source", out, stage="base")
        assert labels["test"]["f1"]["avg"] != first["test"]["f1"]["avg"]
    again = json.loads(json.dumps(train(settings, "source", tmp_path / "anew", stage="base")))
    assert labels == again
    with np.load(out / "scores.npz") as one, np.load(tmp_path / "anew" / "scores.npz") as two:
        assert all(np.array_equal(one[name], two[name]) for name in two)
    whole = (out / "scores.npz").read_bytes()
    (out / "scores.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        train(settings, "source", out, stage="base")
    (out / "scores.npz").unlink()
    assert json.loads(json.dumps(train(settings, "source", out, stage="base"))) == again


def test_another_content_of_the_same_partition_or_of_oracle_labels_is_another_run(
    tiny: TrainSettings, corpora: Path, tmp_path: Path
) -> None:
    shutil.copytree(corpora, tmp_path / "data")
    settings = replace(tiny, data_root=str(tmp_path / "data"), steps_per_epoch=1)

    def deal(*sides: str) -> TrainSettings:
        for path, side in zip(find_shards(tmp_path / "data" / "src"), sides, strict=True):
            with h5py.File(path, "r+") as file:
                file.attrs["split"] = side
        return replace(settings, target="", fairness=False, allow_single_class=True, partition="shards")

    train(deal("train", "train", "val", "test"), "source", tmp_path / "run", stage="base")
    with pytest.raises(InputError, match="another run, which differs in test;"):
        train(deal("train", "train", "test", "val"), "source", tmp_path / "run", stage="base")
    with pytest.raises(InputError, match="another run, which differs in source, test;"):
        train(deal("train", "test", "val", "train"), "source", tmp_path / "run", stage="base")
    oracle = replace(settings, select="oracle-target")
    train(oracle, "source", tmp_path / "oracle", stage="base")
    with h5py.File(sorted((tmp_path / "data" / "tgt").rglob("*.h5"))[0], "r+") as file:
        file["frames/au"][2:] = 1 - file["frames/au"][2:]
    with pytest.raises(InputError, match="another run, which differs in target"):
        train(oracle, "source", tmp_path / "oracle", stage="base")


def test_what_a_method_needs_is_checked_before_training(
    tiny: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="needs twins and no source frame has any"):
        train(replace(tiny, source="tgt", target="src"), "pm2", tmp_path / "x")
    with pytest.raises(InputError, match="adapts to a target and none is given"):
        train(replace(tiny, target=""), "dan", tmp_path / "x")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="1 CUDA devices were asked for, 0 are here"):
        train(replace(tiny, accelerator="cuda"), "source", tmp_path / "x")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InputError, match="2 CUDA devices were asked for, 1 are here"):
        train(replace(tiny, accelerator="auto", devices=2), "source", tmp_path / "x")


def test_selection_rules_are_named_and_the_oracle_is_marked(tiny: TrainSettings, tmp_path: Path) -> None:
    val = replace(tiny, epochs=2, steps_per_epoch=2, select="source-val", val_share=0.3)
    result = train(val, "source", tmp_path / "val", stage="base")
    chosen = result["selection"]
    assert chosen["rule"] == "source-val"
    assert chosen["best"] == max(chosen["history"])
    assert chosen["history"][chosen["epoch"] - 1] == chosen["best"]
    oracle = train(replace(tiny, steps_per_epoch=2, select="oracle-target"), "source", tmp_path / "o", stage="base")
    assert any("chosen on target labels" in note for note in oracle["notes"])
    assert oracle["test"]["f1"]["avg"] == pytest.approx(oracle["selection"]["best"])


def test_a_continued_run_remembers_the_epochs_that_were_scored(
    tiny: TrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first epoch is the best; a run that forgot it would let a worse one take its place."""
    from train.loop import outcome

    settings = replace(tiny, epochs=3, steps_per_epoch=2, select="source-val", val_share=0.3)
    original = outcome.score

    def falling(detector: object, test: object, *rest: object) -> tuple[dict, object]:
        table, scored = original(detector, test, *rest)
        seen.append(1)
        return {**table, "f1": {**table["f1"], "avg": 1.0 / len(seen)}}, scored

    monkeypatch.setattr(outcome, "score", falling)
    seen: list[int] = []
    whole = train(settings, "source", tmp_path / "whole", stage="base")["selection"]
    assert whole["history"] == [1.0, 1 / 2, 1 / 3]
    seen.clear()
    with pytest.raises(KeyboardInterrupt):
        train(settings, "source", tmp_path / "cut", reporter=Cut(3), stage="base")
    assert train(settings, "source", tmp_path / "cut", stage="base")["selection"] == whole
    assert "selection" not in json.loads((tmp_path / "cut" / "config.lock").read_text())
    one, two = tensors(tmp_path / "whole"), tensors(tmp_path / "cut")
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_file_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    def wrong(path: Path) -> None:
        path.write_bytes(b"half")
        raise InputError.one("it differs", path, "mend it")

    with pytest.raises(InputError, match="it differs"):
        files.replace_file(tmp_path / "model.onnx", wrong)
    assert not list(tmp_path.iterdir())


def test_departures_from_the_paper_are_written_with_the_result(tiny: TrainSettings, base: Path, tmp_path: Path) -> None:
    result = train(replace(tiny, num_k=2, twin_labels=True), "pm2", tmp_path / "x", base)
    assert result["deviations"] == ["num_k=2 (paper: 1)", "twin_labels=True (paper: False)"]
    assert read_checkpoint(tmp_path / "x")[1]["deviations"] == result["deviations"]


def test_evaluation_of_a_checkpoint_equals_the_score_of_its_run(tiny: TrainSettings, base: Path, corpora: Path) -> None:
    stored = json.loads((base / METRICS).read_text())["test"]
    again = evaluate_checkpoint(base, str(corpora / "tgt"), tiny)["test"]
    assert {key: again[key] for key in ("f1", "spd", "eo_f1_ratio")} == {
        key: stored[key] for key in ("f1", "spd", "eo_f1_ratio")
    }
    with pytest.raises(InputError, match="but AU01 are asked for"):
        evaluate_checkpoint(base, str(corpora / "tgt"), replace(tiny, aus="1"))
    detector, meta = load_detector(base)
    assert not detector.training
    assert meta["heads"] == 2


def test_training_learns_what_pictures_show(tiny: TrainSettings, tmp_path: Path) -> None:
    learned = replace(tiny, epochs=20, steps_per_epoch=0, lr=3e-3, hidden=32, fold=0, target="", batch=12)
    result = train(learned, "source", tmp_path / "x", stage="base")
    assert result["test"]["f1"]["avg"] > 0.75
    assert result["evaluation"] == "within-domain"
