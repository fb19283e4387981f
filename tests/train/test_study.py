"""Protocols become runs, runs become pooled scores, scores become tables."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from assets.corpora import fold_subjects
from assets.errors import InputError
from assets.partition import group_of
from assets.shard import find_shards
from train.data.assemble import assemble
from train.data.splits import partition_of
from train.loop.checkpoint import load_detector, narrowed, read_checkpoint
from train.loop.reporter import Silent
from train.metrics.bootstrap import interval
from train.metrics.report import Gap, Scored, evaluate
from train.models.build import build_encoder
from train.report import execute
from train.report.execute import COST, Clock
from train.report.layout import header, line, to_csv, to_latex, to_markdown
from train.report.plan import Study, make_jobs, ready
from train.report.pooled import both, difference, pool_gaps, pool_scores
from train.report.protocols import ABLATION, PROTOCOLS, directed, protocols_named
from train.report.study import _shared_runs
from train.report.tables import Cell, Column, cross_table, difference_table, printed, printed_ablation, within_table
from train.settings import TrainSettings

COLUMNS = ("AU01", "AU12", "AU24")


def study(protocol: str, seeds: int = 1, **changes: object) -> Study:
    usual = Study(
        protocols_named(protocol), ("source", "mcd", "pm2"), tuple(range(seeds)),
        {name: f"/{name}" for name in ("bp4d", "disfa", "gft")}, (), TrainSettings(epochs=3), TrainSettings(), "deal",
        Path("runs"), Path("tables"),
    )  # fmt: skip
    return replace(usual, **changes)


def draw(seed: int, subjects: int = 8, frames: int = 400, quality: float = 0.6) -> Scored:
    labels = np.random.default_rng(99)
    au = (labels.random((frames, 3)) < (0.5, 0.3, 0.1)).astype(np.float32)
    rng = np.random.default_rng(seed)
    probs = np.clip(quality * au + rng.random((frames, 3)) * 0.7, 0, 1).astype(np.float32)
    gender = tuple(("female", "male")[i % 2] for i in range(subjects))
    names = tuple(f"S{i}" for i in range(subjects))
    return Scored(COLUMNS, probs, au, np.ones_like(au), np.arange(frames) % subjects, names, gender)


def test_every_run_of_all_protocols_is_made_once_and_after_the_one_it_starts_from() -> None:
    jobs = make_jobs(study("all", seeds=2))
    seen: set[str] = set()
    for job in jobs.every.values():
        assert job.init is None or job.init in seen
        seen.add(job.name)
    per_seed = 1 + 2 * 3 + 2 * 6 + (3 + 3 + 1)
    assert len(jobs.every) == 2 * per_seed, "stage A, methods, new weights of the ablation, folds and the partition"
    assert all(len(names) == 2 for names in jobs.methods.values())
    assert [len(folds) for folds in jobs.alone.values()] == [3, 1, 3]
    assert [one.name for one in ready(list(jobs.every.values())[:4], set())] == ["bp4d-base-s0"]


def test_the_ablation_reuses_the_runs_that_are_equal_bit_by_bit() -> None:
    jobs = make_jobs(study("all"))
    assert jobs.weights["gft", (0.0, 0.0)] == jobs.methods["gft", "source"]
    assert jobs.weights["gft", (0.3, 0.0)] == jobs.methods["gft", "mcd"]
    assert jobs.weights["gft", (0.3, 0.5)] == jobs.methods["gft", "pm2"]
    assert {pair for _, pair in jobs.weights} == set(ABLATION)
    job = jobs.every["bp4d-disfa-pm2-a1-b0.5-s0"]
    assert (job.settings.alpha, job.settings.beta, job.settings.target) == (1.0, 0.5, "/disfa")


@pytest.mark.parametrize("alpha", [0.3, 0.7, 1.0, 0.0])
def test_the_note_of_table_6_names_the_runs_that_are_shared(alpha: float) -> None:
    """The weight of L_Dis is a setting: a study with another α must not speak of 0.3."""
    usual = study("ablation", adapt=TrainSettings(alpha=alpha))
    shared = {pair: names[0].split("-")[2] for (_, pair), names in make_jobs(usual).weights.items()}
    (note,) = _shared_runs(usual, set(ABLATION))
    told = re.findall(r"\(α, β\) = \((\S+), 0\) that of mcd", note)
    assert [(float(text), 0.0) for text in told] == [pair for pair, name in shared.items() if name == "mcd"]
    assert "α = β = 0 is the run of source" in note
    assert shared[0.0, 0.0] == "source"
    assert _shared_runs(usual, set()) == []


def test_a_partition_reaches_only_the_corpus_that_is_evaluated_on_it() -> None:
    """The official list names subjects of GFT alone; a run on BP4D that read it would refuse its own subjects."""
    named = TrainSettings(partition="official.csv", fold=1)
    jobs = make_jobs(study("all", base=named, adapt=named, base_models=("drml",), partition="official.csv"))
    for name, job in jobs.every.items():
        assert job.settings.partition == ("official.csv" if "-partition-" in name else "")
        assert job.settings.fold == (int(name.split("-fold")[1][0]) if "-fold" in name else -1)


def test_more_seeds_and_fewer_methods_name_the_same_runs() -> None:
    whole = make_jobs(study("all", seeds=3)).every
    one = make_jobs(
        study("cross", seeds=5, methods=("source", "pm2"), protocols=(directed(PROTOCOLS["cross"], target="gft"),))
    )
    shared = {name for name in one.every if name.endswith(("s0", "s1", "s2"))}
    assert shared <= set(whole)
    assert all(one.every[name] == whole[name] for name in shared)
    assert {name for name in one.every} - set(whole) == {
        f"{name}-s{seed}"
        for name in ("bp4d-base", "bp4d-gft-source", "bp4d-gft-pm2", "gft-partition")
        for seed in (3, 4)
    }


def test_protocols_turn_to_other_corpora_and_unknown_ones_are_named() -> None:
    mine = directed(PROTOCOLS["cross"], "twins", "mine")
    assert (mine.pairs, mine.alone) == ((("twins", "mine"),), ("mine",))
    assert directed(PROTOCOLS["within"], "twins").alone == ("twins", "disfa", "gft")
    with pytest.raises(InputError, match="did you mean 'cross'"):
        protocols_named("corss")


def test_base_models_keep_their_own_input_and_scratch_ones_start_at_random() -> None:
    jobs = make_jobs(study("cross", base_models=("drml", "resnet18")))
    drml, resnet = (jobs.every[f"bp4d-gft-model-{name}-s0"].settings for name in ("drml", "resnet18"))
    assert (drml.backbone, drml.weights, drml.input_px, drml.epochs) == ("drml", "none", 0, 3)
    assert resnet.weights == "imagenet"


def test_the_clock_learns_from_runs_and_ignores_finished_ones() -> None:
    jobs = list(make_jobs(study("cross")).every.values())
    clock = Clock(jobs, at_once=2)
    clock.made(jobs[0], None)
    assert clock.remaining_s() is None
    clock.made(jobs[1], 10.0)
    left = [job.method for job in jobs[2:] if job.stage == "adapt"]
    per_cost = 10.0 / (COST[jobs[1].method] * 10)
    own = sum(10.0 if name == jobs[1].method else per_cost * COST[name] * 10 for name in left)
    base = sum(per_cost * COST["source"] * 3 for job in jobs[2:] if job.stage == "base")
    assert clock.remaining_s() == pytest.approx((own + base) / 2)


def test_one_seed_and_one_fold_pool_to_the_scores_of_the_run() -> None:
    run = draw(0)
    pooled, table = pool_scores([[run]], 50, "gft"), evaluate(run, True, 0, 0)
    for name, key in {"f1": "f1", "eo": "eo_f1_ratio", "spd": "spd"}.items():
        assert np.allclose(pooled[name].per_au, table[key]["per_au"], atol=1e-6)
        assert pooled[name].avg == pytest.approx(table[key]["avg"], abs=1e-6)
        low, high = interval(pooled[name].avg_draws)
        assert low < high


def test_seeds_and_folds_are_averaged_and_seeds_widen_the_interval() -> None:
    good, bad = draw(0, quality=0.9), draw(1, quality=0.3)
    f1 = [pool_scores([[run]], 400, "x")["f1"] for run in (good, bad)]
    seeds, folds = pool_scores([[good, bad]], 400, "x")["f1"], pool_scores([[good], [bad]], 400, "x")["f1"]
    for pooled in (seeds, folds):
        assert np.allclose(pooled.per_au, (f1[0].per_au + f1[1].per_au) / 2)
        assert pooled.avg == pytest.approx((f1[0].avg + f1[1].avg) / 2)
    assert len(seeds.seed_avgs) == 2
    assert len(folds.seed_avgs) == 1
    assert seeds.avg_draws.std() > 3 * folds.avg_draws.std(), "a drawn pair of seeds is often twice the same"


def test_differences_are_paired_over_subjects_and_seeds() -> None:
    runs = [draw(seed) for seed in range(3)]
    better = [replace(run, probs=np.clip(run.probs + 0.05 * run.au, 0, 1)) for run in runs]
    one, two = (pool_scores([part], 500, "x")["f1"] for part in (runs, better))
    value, (low, high) = difference(two, one)
    assert low <= value <= high
    alone = interval(two.avg_draws)
    assert high - low < 0.5 * (alone[1] - alone[0])
    assert difference(one, one) == (0.0, [0.0, 0.0])
    assert both([one, two]).avg == pytest.approx((one.avg + two.avg) / 2)


def test_gaps_are_pooled_over_pairs_of_subjects_and_seeds() -> None:
    gaps = [Gap(("AU01",), ("a", "b"), np.array([[1.0], [3.0]]), np.array([[10.0], [10.0]])) for _ in range(2)]
    pooled = pool_gaps(gaps, 100, "x")
    assert pooled.avg == pytest.approx(0.2)
    assert pooled.avg_draws.min() >= 0.1
    assert pooled.avg_draws.max() <= 0.3


def test_tables_show_intervals_and_keep_the_printed_figures_apart() -> None:
    rows = {
        name: {t: pool_scores([[draw(seed)]], 50, t)["f1"] for t in ("disfa", "gft")}
        for seed, name in enumerate(("source", "pm2"))
    }
    table = cross_table("3", True, rows, lambda row, t, units: printed("f1", row, t, units), ["a note"])
    assert table.title.startswith("STAND-IN corpora (simulated). Table 3")
    names, cells = header(table), line(table, table.rows[1])
    assert len(names) == len(cells) == 1 + 3 + 1 + 3 + 1 + 1 + 3
    assert names[-3:] == [f"{n}, paper prints (not measured here)" for n in ("disfa avg", "gft avg", "avg of all")]
    assert cells[-3:] == ["42.7", "39.3", "41.0"]
    assert " to " in cells[4]
    assert "| pm2 |" in to_markdown(table)
    assert r"STAND-IN corpora" in to_latex(table)
    assert "%" not in to_latex(table).replace(r"\%", "")
    text = to_csv([table])
    assert "3,pm2,gft,AU24," in text
    assert ",44.10," in text, "the printed figure of a single Action Unit"
    wide = difference_table(True, {"f1": rows}, [])
    assert [row.name for row in wide.rows] == ["pm2"]
    assert wide.rows[0].cells[Column("F1 gft", "avg", True)].interval is not None


def test_table_2_has_one_column_for_each_unit_of_any_corpus() -> None:
    score = pool_scores([[draw(0)]], 20, "x", fairness=False)["f1"]
    table = within_table(False, {"bp4d": score, "gft": replace(score, columns=("AU01", "AU12", "AU23"))}, [])
    assert [column.name for column in table.columns] == ["AU01", "AU12", "AU23", "AU24", "avg"]
    assert line(table, table.rows[1])[4] == "–"
    assert line(table, table.rows[0])[-1] == "62.6"
    assert table.rows[0].cells[Column("", "AU12")].printed == 88.3
    assert not table.title.startswith("STAND-IN")


def test_printed_lines_of_table_6_are_found_by_their_weights() -> None:
    assert printed_ablation(1.0, 0.5, "gft", ("AU24",)) == {"AU24": 37.1, "avg": 35.2, "both": 37.6}
    assert printed_ablation(0.7, 0.5, "gft", ("AU24",)) == {}
    assert Cell(0.5).printed is None


def test_a_dealt_partition_keeps_groups_together_and_an_official_one_is_followed(tmp_path: Path) -> None:
    names = [f"{group:03d}{seat}" for group in range(1, 33) for seat in "ABC"]
    split = partition_of(names, "standin-gft", "deal")
    assert split == partition_of(names, "standin-gft", "deal")
    assert sorted(split.values()).count("test") == sorted(split.values()).count("val") == 18
    assert all(len({split[n] for n in names if group_of(n) == group}) == 1 for group in map(group_of, names))
    path = tmp_path / "partition.csv"
    lines = [f"{name},{'train' if i < 60 else 'val' if i < 78 else 'test'}" for i, name in enumerate(names)]
    path.write_text("subject,split\n" + "\n".join(lines))
    assert partition_of(names[:80], "gft", str(path))["027A"] == "test"
    with pytest.raises(InputError, match="subject 'X1' is not in the list"):
        partition_of([*names, "X1"], "gft", str(path))
    with pytest.raises(InputError, match="no subject is in test and val"):
        partition_of(names[:30], "gft", str(path))
    with pytest.raises(InputError, match="2 groups of subjects cannot fill three splits"):
        partition_of(names[:6], "standin-gft", "deal")


def test_a_partition_separates_training_from_test(corpora: Path, tiny: TrainSettings, tmp_path: Path) -> None:
    from tests.contract.tiny_shards import write_tiny_corpus

    folder = write_tiny_corpus(tmp_path, "g", subjects=4, frames=12, size_px=32, twins=())
    settings = replace(tiny, source=str(folder), target="", partition="deal")
    data = assemble(settings)
    assert not set(data.source.shard) & set(data.test.table.shard)
    assert "dealt by group, no official list" in data.test.name
    val = assemble(replace(settings, select="source-val")).val
    assert not set(val.table.shard) & (set(data.source.shard) | set(data.test.table.shard))
    with pytest.raises(InputError, match="a fold and a partition"):
        assemble(replace(settings, fold=1))


def test_the_partition_that_shards_name_is_followed(tiny: TrainSettings, tmp_path: Path) -> None:
    from tests.contract.tiny_shards import write_tiny_corpus

    folder = write_tiny_corpus(tmp_path, "g", subjects=4, frames=12, size_px=32, twins=())
    settings = replace(tiny, source=str(folder), target="", partition="shards")
    with pytest.raises(InputError, match="names no split"):
        assemble(settings)
    sides = dict(zip(find_shards(folder), ("test", "train", "val", "train"), strict=True))
    for path, side in sides.items():
        with h5py.File(path, "r+") as file:
            file.attrs["split"] = side
    data = assemble(replace(settings, select="source-val"))
    assert "official" in data.test.name
    for table, side in ((data.source, "train"), (data.val.table, "val"), (data.test.table, "test")):
        used = {table.shards[number].path for number in set(table.shard)}
        assert used == {path for path, own in sides.items() if own == side}


def test_folds_do_not_depend_on_the_seed_of_training(corpora: Path, tiny: TrainSettings) -> None:
    one, two = (assemble(replace(tiny, target="", fold=0, seed=seed)).test.table.shard for seed in (0, 1))
    assert np.array_equal(one, two)
    assert len(fold_subjects("bp4d")) == 3


def test_a_narrowed_checkpoint_gives_the_same_probabilities_for_the_units_kept(base: Path) -> None:
    from train.loop.checkpoint import write_checkpoint

    state, meta = read_checkpoint(base)
    kept = ("AU12", "AU01")
    small, small_meta = narrowed(state, meta, kept, "here")
    path = base.parent / "narrowed.pt"
    write_checkpoint(path, {key: small[key] for key in ("encoder", "heads")}, small_meta)
    whole, part = load_detector(base)[0], load_detector(path)[0]
    x = torch.randn(3, 3, 28, 28)
    rows = [meta["aus"].index(unit) for unit in kept]
    assert torch.equal(whole(x)[:, rows], part(x))
    with pytest.raises(InputError, match="but AU01 AU26 are asked for"):
        narrowed(state, meta, ("AU01", "AU26"), "here")


def end_at_once(*_: object) -> None:
    """Stands for a process that the system kills."""
    os._exit(9)


def test_a_process_that_is_killed_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "_in_process", end_at_once)
    jobs = list(make_jobs(study("within")).every.values())[:1]
    with pytest.raises(InputError, match="ended from outside"):
        execute.run_jobs(jobs, tmp_path, 2, Silent())


def test_depth_leaves_out_stages_and_keeps_the_weights_of_the_others() -> None:
    whole = build_encoder("resnet18", "none", COLUMNS, 64)
    cut = build_encoder("resnet18", "none", COLUMNS, 64, depth=4)
    assert (whole.feature_size, cut.feature_size) == (512, 256)
    assert cut(torch.zeros(2, 3, 64, 64)).shape == (2, 256)
    assert sum(p.numel() for p in cut.parameters()) < sum(p.numel() for p in whole.parameters())
    with pytest.raises(InputError, match="5 stages that can be kept, not 9"):
        build_encoder("resnet18", "none", COLUMNS, 64, depth=9)
    with pytest.raises(InputError, match="drml has no stages"):
        build_encoder("drml", "none", COLUMNS, depth=2)
