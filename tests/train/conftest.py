"""Fixtures of the training tests: tiny corpora, written once, and settings that fit them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.contract.tiny_shards import write_tiny_corpus
from train.settings import TrainSettings


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with ``src`` (four subjects with twins, some frames without, some labels unknown) and ``tgt``."""
    root = tmp_path_factory.mktemp("corpora")
    write_tiny_corpus(root, "src", subjects=4, frames=20, size_px=32, unpaired=(3,), missing=(5,), unknown=0.1)
    write_tiny_corpus(root, "tgt", subjects=4, frames=12, size_px=32, twins=())
    return root


@pytest.fixture(scope="session")
def tiny(corpora: Path) -> TrainSettings:
    """Settings of a run that takes a second."""
    return TrainSettings(
        source="src", target="tgt", data_root=str(corpora), backbone="test_resnet", weights="none", input_px=28,
        hidden=8, epochs=1, steps_per_epoch=4, lr=1e-3, batch=8, workers=0, boot=20, accelerator="cpu", log_every=1,
    )  # fmt: skip


@pytest.fixture(scope="session")
def base(tiny: TrainSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished stage A run; tests leave it as it is."""
    from train.loop.run import train

    folder = tmp_path_factory.mktemp("runs") / "base"
    train(tiny, "source", folder, stage="base")
    return folder
