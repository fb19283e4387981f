"""What `synth audit --apply` writes is what the trainer leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assets.shard import Shard, find_shards
from synth.audit.masks import apply_to_run
from tests.contract.tiny_shards import TinySubject, write_tiny_shard
from train.data.frames import frame_table, read_labels

COLUMNS = ("AU01", "AU04")


def audited(failed: tuple[str, ...], few: tuple[str, ...] = ()) -> dict:
    verdict = {column: "not transferred" if column in failed else "transferred" for column in COLUMNS}
    verdict |= dict.fromkeys(few, "too few frames")
    units = {column: {"verdict": verdict[column], "share": 0.1, "reason": ""} for column in COLUMNS}
    return {"units": units, "rule": "as written", "about": {"frames": 6}}


def test_twin_labels_that_did_not_transfer_are_masked_for_twins_only(tmp_path: Path) -> None:
    write_tiny_shard(tmp_path / "F000.h5", TinySubject("F000", frames=6, aus=(1, 4)))

    def labels(mask: bool = True):
        return read_labels(frame_table([Shard(path) for path in find_shards(tmp_path)]), COLUMNS, mask)

    before = labels()
    assert before.twin_mask.all()
    masked = apply_to_run(tmp_path, audited(("AU04",)))
    assert masked.units == ("AU04",)
    after = labels()
    assert after.twin_mask.any(0).tolist() == [True, False]
    np.testing.assert_array_equal(after.au_mask, before.au_mask)
    np.testing.assert_array_equal(after.au, before.au)
    assert labels(mask=False).twin_mask.all()
    apply_to_run(tmp_path, audited(()))
    assert labels().twin_mask.all()


def test_too_few_frames_leave_the_masks_as_they_were(tmp_path: Path) -> None:
    path = write_tiny_shard(tmp_path / "F000.h5", TinySubject("F000", frames=6, aus=(1, 4)))
    untouched = path.read_bytes()
    assert apply_to_run(tmp_path, audited((), few=COLUMNS)).written == 0
    assert path.read_bytes() == untouched

    def masked() -> list[bool]:
        with Shard(path) as shard:
            return shard.array("avatars/not_transferred").any(0).tolist()

    apply_to_run(tmp_path, audited(("AU04",)))
    done = apply_to_run(tmp_path, audited(("AU01",), few=("AU04",)))
    assert (done.units, done.kept, done.written) == (("AU01", "AU04"), ("AU04",), 1)
    assert masked() == [True, True]
    assert apply_to_run(tmp_path, audited((), few=COLUMNS)).written == 0
    assert masked() == [True, True]
    apply_to_run(tmp_path, audited(()))
    assert masked() == [False, False]
