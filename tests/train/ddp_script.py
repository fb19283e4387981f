"""Run by ``test_ddp.py`` in a process of its own: trains on two processes and tells what each ended with."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch

from train.loop import outcome, run
from train.settings import TrainSettings


def main() -> None:
    """Arguments: corpora, folder, method, "1" to cut the first run."""
    corpora, folder, method = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(1)
    settings = TrainSettings(
        source="src", target="tgt", data_root=str(corpora), backbone="test_resnet", weights="none", input_px=28,
        hidden=8, epochs=1, steps_per_epoch=3, lr=1e-2, batch=4, accumulate=2, workers=0, boot=5, accelerator="cpu",
        devices=2, log_every=1,
    )  # fmt: skip
    original = run.finish

    def finish(state: run.Run) -> dict:
        result = original(state)
        tensors = [v for m in state.system.plain.values() for v in m.state_dict().values()]
        digest = hashlib.sha256(b"".join(t.numpy().tobytes() for t in tensors)).hexdigest()
        rank = state.fabric.global_rank
        random = torch.get_rng_state().sum().item()
        report = {"digest": digest, "f1": result["test"]["f1"], "random": random, "world": state.fabric.world_size}
        (folder / f"rank{rank}.json").write_text(json.dumps(report))
        return result

    run.finish = finish
    run.train(replace(settings), method, folder / "run")
    assert outcome.METRICS in os.listdir(folder / "run")


if __name__ == "__main__":
    main()
