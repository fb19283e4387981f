"""What the loaders deliver: pairs stay together, labels go by name, nothing unknown counts."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from assets.errors import InputError
from assets.landmarks import mirror_of
from assets.shard import Shard, find_shards
from tests.contract.tiny_shards import TinySubject, labels_of, write_tiny_corpus, write_tiny_shard
from train.data.assemble import assemble, choose_columns, open_corpus, read_genders
from train.data.batches import TargetBatch
from train.data.datasets import BatchPlan, EvalDataset, Failed, PairedDataset, TargetDataset, move_landmarks
from train.data.frames import check_both_classes, fingerprint, frame_table, read_labels
from train.data.loading import batches
from train.data.order import eval_plans, source_plans, steps_per_epoch, target_plans
from train.data.pictures import Crops, decode, random_crops
from train.data.splits import folds_of, held_out, rows_of
from train.models.encoder import InputFacts, to_input
from train.settings import TrainSettings

COLUMNS = ("AU01", "AU04", "AU12")


def table_of(folder: Path):
    return frame_table([Shard(path) for path in find_shards(folder)])


def paired(folder: Path, **options: object) -> PairedDataset:
    table = table_of(folder)
    return PairedDataset(table, read_labels(table, COLUMNS), 0.875, with_twins=True, **options)


def test_frames_with_a_picture_are_used_and_paired_only_when_whole(corpora: Path) -> None:
    table = table_of(corpora / "src")
    assert len(table) == 4 * 19, "frame 5 of each subject has no picture"
    assert not table.paired[table.row == 3].any()
    assert table.paired.sum() == 4 * 18
    assert not table_of(corpora / "tgt").paired.any()


def test_labels_follow_their_names_in_any_order(tmp_path: Path) -> None:
    subject = TinySubject("F000", frames=8, aus=(12, 1, 4))
    write_tiny_shard(tmp_path / "F000.h5", subject)
    au, _ = labels_of(subject)
    labels = read_labels(table_of(tmp_path), ("AU01", "AU12"))
    assert np.array_equal(labels.au, au[:, [1, 0]])


def test_an_au_that_a_shard_does_not_code_is_masked_and_an_absent_one_is_named(tmp_path: Path) -> None:
    write_tiny_shard(tmp_path / "F000.h5", TinySubject("F000", frames=6, aus=(1, 4)))
    write_tiny_shard(tmp_path / "M000.h5", TinySubject("M000", frames=6, aus=(1, 12)))
    table = table_of(tmp_path)
    labels = read_labels(table, ("AU01", "AU12"))
    assert (labels.au_mask[table.shard == 0, 1] == 0).all()
    assert (labels.au_mask[table.shard == 1, 1] == 1).all()
    with pytest.raises(InputError, match="no shard codes AU26"):
        read_labels(table, ("AU26",))


def test_twin_labels_of_aus_that_the_rig_misses_are_masked_for_twins_only(tmp_path: Path) -> None:
    path = write_tiny_shard(tmp_path / "F000.h5", TinySubject("F000", frames=6, aus=(1, 4)))
    with h5py.File(path, "r+") as file:
        file.attrs["coverage"] = '{"AU01": {"status": "missing"}, "AU04": {"status": "driven"}}'
    table = table_of(tmp_path)
    labels = read_labels(table, ("AU01", "AU04"))
    assert labels.au_mask.all()
    assert labels.twin_mask.any(0).tolist() == [False, True]
    assert read_labels(table, ("AU01", "AU04"), mask_missing=False).twin_mask.all()


def test_a_triplet_gets_one_crop_and_one_mirroring(tmp_path: Path) -> None:
    """Twins are made byte-equal to the real picture, so that any difference comes from the augmentation."""
    path = write_tiny_shard(tmp_path / "F000.h5", TinySubject("F000", frames=12, size_px=32))
    with h5py.File(path, "r+") as file:
        for twin in ("female", "male"):
            del file[f"images/{twin}"]
            file.copy("images/real", f"images/{twin}")
    dataset = paired(tmp_path)
    batch = dataset.batch(BatchPlan(np.arange(12), (0, "crop", 1)))
    assert torch.equal(batch.twins[:, 0], batch.real)
    assert torch.equal(batch.twins[:, 1], batch.real)
    centre = dataset.batch(BatchPlan(np.arange(12)))
    assert not torch.equal(centre.real, batch.real)


def test_every_row_keeps_its_own_twins_subject_and_labels(corpora: Path) -> None:
    dataset = paired(corpora / "src")
    rows = np.array([40, 2, 17, 3, 61])
    mixed, alone = dataset.batch(BatchPlan(rows)), [dataset.batch(BatchPlan(np.array([row]))) for row in rows]
    assert torch.equal(mixed.real, torch.cat([one.real for one in alone]))
    assert torch.equal(mixed.twins, torch.cat([one.twins for one in alone]))
    assert torch.equal(mixed.au, torch.cat([one.au for one in alone]))
    assert mixed.paired.tolist() == [0, 1, 2, 4], "row 3 has no twins"
    assert mixed.subject.tolist() == dataset.table.shard[rows].tolist()
    assert torch.equal(mixed.twin_mask, mixed.au_mask[mixed.paired])


def test_methods_without_twins_decode_none(corpora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(corpora / "src")
    dataset = PairedDataset(table, read_labels(table, COLUMNS), 1.0, with_twins=False)
    asked: list[str] = []
    original = Shard.read_bytes
    monkeypatch.setattr(Shard, "read_bytes", lambda self, image, row: asked.append(image) or original(self, image, row))
    batch = dataset.batch(BatchPlan(np.arange(6)))
    assert set(asked) == {"real"}
    assert batch.twins.shape[:2] == (0, 0)


def test_a_target_batch_has_no_field_for_labels_and_its_dataset_reads_none(
    corpora: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {field.name for field in fields(TargetBatch)} == {"images", "subject"}

    def refuse(self: Shard) -> np.ndarray:
        raise AssertionError("labels of the target were read")

    monkeypatch.setattr(Shard, "au", property(refuse))
    monkeypatch.setattr(Shard, "au_mask", property(refuse))
    table = table_of(corpora / "tgt")
    fingerprint(table, with_labels=False)
    assert isinstance(TargetDataset(table, 1.0).batch(BatchPlan(np.arange(3))), TargetBatch)


def test_results_do_not_depend_on_the_number_of_workers(corpora: Path) -> None:
    dataset = paired(corpora / "src")
    plans = list(source_plans(len(dataset), 8, 0, 0, 6, seed=0))
    for one, two in zip(batches(dataset, plans, 0), batches(dataset, plans, 2), strict=True):
        assert torch.equal(one.real, two.real)
        assert torch.equal(one.twins, two.twins)


def test_loading_leaves_the_global_generator_alone(corpora: Path) -> None:
    dataset = paired(corpora / "src")
    before = torch.get_rng_state()
    list(batches(dataset, source_plans(len(dataset), 8, 0, 0, 2, seed=0), 1))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_pass_holds_every_frame_once_and_ranks_share_it_out() -> None:
    whole = [np.concatenate([p.rows for p in source_plans(96, 8, 3, 0, 12, 0)])]
    assert sorted(whole[0]) == list(range(96))
    ranks = [np.concatenate([p.rows for p in source_plans(96, 8, 3, 0, 6, 0, rank, 2)]) for rank in (0, 1)]
    assert sorted(np.concatenate(ranks)) == list(range(96))
    other = np.concatenate([p.rows for p in source_plans(96, 8, 4, 0, 12, 0)])
    assert not np.array_equal(other, whole[0])


def test_the_target_stream_repeats_no_frame_before_all_were_seen_and_resumes_anywhere() -> None:
    stream = np.concatenate([p.rows for p in target_plans(10, 4, 0, 5, 0)])
    assert sorted(stream[:10]) == sorted(stream[10:]) == list(range(10))
    resumed = [p.rows for p in target_plans(10, 4, 3, 5, 0)]
    assert np.array_equal(np.concatenate(resumed), stream[12:])


def test_evaluation_covers_every_frame_once_on_any_number_of_ranks() -> None:
    for world in (1, 3):
        rows = np.concatenate([p.rows for rank in range(world) for p in eval_plans(50, 8, rank, world)])
        assert sorted(rows) == list(range(50))


def test_a_batch_that_cannot_be_filled_is_refused() -> None:
    assert steps_per_epoch(100, 16, 1, 2) == 3
    with pytest.raises(InputError, match="--batch 5 or less"):
        steps_per_epoch(10, 16, 1, 2)


def test_crops_stay_inside_and_reach_both_ends() -> None:
    crops = random_crops(2000, 40, 32, np.random.default_rng(0))
    assert crops.top_left_px.min() == 0
    assert crops.top_left_px.max() == 8
    assert 0.45 < crops.mirrored.mean() < 0.55


def test_landmarks_move_with_crop_and_mirror() -> None:
    points = np.random.default_rng(0).uniform(4, 28, (1, 49, 2)).astype(np.float32)
    plain = move_landmarks(points, Crops(np.array([[2, 3]]), np.array([False]), 24))
    assert np.allclose(plain * 24, points - [3, 2], atol=1e-5)
    mirrored = move_landmarks(points, Crops(np.array([[2, 3]]), np.array([True]), 24))
    assert np.allclose(mirrored[0, :, 0] * 24, 23 - plain[0, list(mirror_of("ibug49")), 0] * 24, atol=1e-4)
    twice = mirrored[0, list(mirror_of("ibug49"))]
    assert np.allclose(twice[:, 1], plain[0, :, 1])


def test_input_is_scaled_normalised_and_resized() -> None:
    facts = InputFacts(8, 1.0, (0.5, 0.4, 0.3), (0.2, 0.2, 0.1))
    picture = torch.full((2, 3, 16, 16), 51, dtype=torch.uint8)
    x = to_input(picture, facts)
    assert x.shape == (2, 3, 8, 8)
    assert torch.allclose(x[0, :, 4, 4], torch.tensor([-1.5, -1.0, -1.0]), atol=1e-5)


def test_damage_is_found_before_training_and_bad_pictures_name_their_row(tmp_path: Path) -> None:
    folder = write_tiny_corpus(tmp_path, "src", subjects=2, frames=6, size_px=32)
    first, second = find_shards(folder)
    second.write_bytes(second.read_bytes()[:2000])
    with pytest.raises(InputError, match=second.name):
        frame_table([Shard(first), Shard(second)])
    with h5py.File(first, "r+") as file:
        start, length = file["images/real/offset"][2]
        file["images/real/blob"][start : start + length] = 0
    table = frame_table([Shard(first)])
    failed = EvalDataset(table, 1.0)[BatchPlan(np.arange(4))]
    assert isinstance(failed, Failed)
    with pytest.raises(InputError, match="row 2: a picture cannot be decoded"):
        list(batches(EvalDataset(table, 1.0), [BatchPlan(np.arange(4))], 1))


def test_an_unfinished_shard_is_refused(tmp_path: Path) -> None:
    path = write_tiny_shard(tmp_path / "F000.h5", TinySubject("F000", frames=4))
    with h5py.File(path, "r+") as file:
        file.attrs["complete"] = False
    with pytest.raises(InputError, match="unfinished"):
        table_of(tmp_path)


def test_png_decodes_to_rgb() -> None:
    import cv2

    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 200
    data = cv2.imencode(".png", image[..., ::-1])[1]
    assert np.array_equal(decode(data, "here"), image)


def test_folds_share_no_subject_and_follow_the_published_lists() -> None:
    own = folds_of([f"S{i}" for i in range(10)], "mine", seed=0)
    assert sorted(name for part in own for name in part) == sorted(f"S{i}" for i in range(10))
    assert folds_of(["F001", "M011", "F007"], "standin-bp4d") == (("F001",), ("M011",), ("F007",))
    with pytest.raises(InputError, match="2 subjects cannot fill 3 folds"):
        folds_of(["A", "B"], "mine")


def test_held_out_subjects_are_a_proper_subset() -> None:
    names = [f"S{i}" for i in range(5)]
    chosen = held_out(names, 0.4, 0, "mine")
    assert len(chosen) == 2
    assert held_out(names, 0.4, 0, "mine") == chosen
    with pytest.raises(InputError, match="no subject 'S9'"):
        rows_of(np.zeros(3, int), names, ["S9"])


def test_protocols_separate_subjects(corpora: Path, tiny: TrainSettings) -> None:
    from dataclasses import replace

    whole = assemble(tiny)
    assert len(whole.target) == len(whole.test.table) == 48
    apart = assemble(replace(tiny, evaluation="held-out"))
    assert not set(apart.target.shard) & set(apart.test.table.shard)
    fold = assemble(replace(tiny, target="", fold=1))
    assert not set(fold.source.shard) & set(fold.test.table.shard)
    val = assemble(replace(tiny, select="source-val", val_share=0.3))
    assert not set(val.source.shard) & set(val.val.table.shard)


def test_nobody_is_tested_whose_labels_are_trained_on(tmp_path: Path, tiny: TrainSettings) -> None:
    from dataclasses import replace

    for changes in ({}, {"evaluation": "held-out"}, {"fold": 1}):
        with pytest.raises(InputError, match="tested subjects are trained on with their labels"):
            assemble(replace(tiny, target="src", **changes))
    for folder, names in (("bp4d-twins", "AB"), ("bp4d", "BC"), ("others", "CD")):
        for name in names:
            write_tiny_shard(tmp_path / folder / f"{name}.h5", TinySubject(name, frames=12, corpus="standin-bp4d"))
    settings = replace(tiny, data_root=str(tmp_path), source="bp4d-twins", allow_single_class=True)
    with pytest.raises(InputError, match="1 tested subjects are trained on with their labels: B"):
        assemble(replace(settings, target="bp4d"))
    assert set(assemble(replace(settings, target="others")).test.table.subjects) == {"C", "D"}


def test_masks_of_an_audit_make_it_another_source(tmp_path: Path) -> None:
    path = tmp_path / "A.h5"
    write_tiny_shard(path, TinySubject("A", frames=4))
    before = fingerprint(table_of(tmp_path), with_labels=True)
    for value in (0, 1):
        with h5py.File(path, "r+") as file:
            shape = len(file["avatars/image"]), file["frames/au"].shape[1]
            if value == 0:
                file.create_dataset("avatars/not_transferred", shape, "uint8")
            file["avatars/not_transferred"][...] = value
        assert (fingerprint(table_of(tmp_path), with_labels=True) == before) == (value == 0)


def test_columns_are_the_published_set_of_the_pair_or_what_was_asked(tmp_path: Path, tiny: TrainSettings) -> None:
    from dataclasses import replace

    for name, aus in (("standin-bp4d", (1, 2, 4, 6, 7, 12)), ("standin-disfa", (1, 2, 4, 6, 9, 12))):
        write_tiny_shard(tmp_path / name / "A.h5", TinySubject("A", frames=4, aus=aus, corpus=name))
    source, target = (open_corpus(name, str(tmp_path), "x") for name in ("standin-bp4d", "standin-disfa"))
    assert choose_columns(tiny, source, target) == ("AU01", "AU02", "AU04", "AU06", "AU12")
    assert choose_columns(replace(tiny, aus="12,AU4"), source, target) == ("AU12", "AU04")
    with pytest.raises(InputError, match="AU09 is not coded by the source"):
        choose_columns(replace(tiny, aus="9"), source, target)
    with pytest.raises(InputError, match="no Action Unit is named"):
        choose_columns(replace(tiny, aus=","), source, target)


def test_one_class_only_is_refused_by_name(corpora: Path) -> None:
    labels = read_labels(table_of(corpora / "src"), COLUMNS)
    labels.au[:, 1] = 0
    labels.au_mask[:, 2] = 0
    with pytest.raises(InputError) as caught:
        check_both_classes(labels, COLUMNS, "here")
    assert [problem.what for problem in caught.value.problems] == [
        "AU04 is inactive in every frame", "AU12 has no known label",
    ]  # fmt: skip


def test_gender_lists_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "gender.csv"
    path.write_text("subject,gender\nA,F\nB,male\n")
    assert read_genders(str(path)) == {"A": "female", "B": "male"}
    path.write_text("subject,gender\nA,F\nB,x\nC,\n")
    with pytest.raises(InputError) as caught:
        read_genders(str(path))
    assert len(caught.value.problems) == 2
