"""On a CUDA device everything is as on the processor: losses, gradients, repeated and cut runs, checkpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.train.test_loop import Cut, tensors
from tests.train.tiny_system import SIDE, make_system, make_views
from train.loop.checkpoint import load_detector
from train.loop.evaluate import evaluate_checkpoint
from train.loop.run import train
from train.loop.system import System
from train.methods.method import Method, Views
from train.methods.registry import METHODS
from train.settings import TrainSettings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")

CPU = TrainSettings(lr=1e-2, accelerator="cpu", batch=6, dropout=0.0)
CUDA = replace(CPU, accelerator="cuda", precision="32")


def system_of(settings: TrainSettings, name: str) -> tuple[System, Method]:
    """Build a system without dropout, whose random numbers differ between devices."""
    system, method = make_system(settings, name)
    for module in nn.ModuleDict(system.plain).modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return system, method


def moved(views: Views, device: torch.device) -> Views:
    twins = tuple(twin.to(device) for twin in views.twins)
    target = views.target.to(device) if views.target is not None else None
    return replace(views, batch=views.batch.to(device), real=views.real.to(device), twins=twins, target=target)


def gradients(system: System, updates: tuple[str, ...]) -> Tensor:
    parts = [p.grad.flatten().cpu() for name in updates for p in system.plain[name].parameters() if p.grad is not None]
    return torch.cat(parts)


def distance(one: Tensor, two: Tensor) -> float:
    return float((one - two).norm() / two.norm())


def compare(name: str, settings: TrainSettings, loss: float, gradient: float) -> None:
    """Run each phase on both devices, from the same state, and compare what it gives."""
    system, method = system_of(settings, name)
    reference, plain = system_of(CPU, name)
    for phase, known in zip(method.phases(), plain.phases(), strict=True):
        for key, module in system.plain.items():
            module.load_state_dict(reference.plain[key].state_dict())
        views = make_views(CPU, name, step=500)
        expected = reference.run_phase(known, [views])
        found = system.run_phase(phase, [moved(views, system.fabric.device)])
        for key, value in expected.items():
            assert float(found[key]) == pytest.approx(float(value), rel=loss, abs=loss), (phase.name, key)
        assert distance(gradients(system, phase.updates), gradients(reference, phase.updates)) < gradient, phase.name


@pytest.mark.parametrize("name", METHODS)
def test_losses_and_gradients_in_32_bits_are_those_of_the_processor(name: str) -> None:
    compare(name, CUDA, 1e-5, 1e-4)


@pytest.mark.parametrize("name", METHODS)
def test_losses_and_gradients_in_mixed_precision_are_near(name: str) -> None:
    compare(name, replace(CUDA, precision="bf16"), 2e-2, 2e-1)


@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_a_run_is_the_same_bit_by_bit_when_repeated_with_any_number_of_workers(
    precision: str, tiny: TrainSettings, base: Path, tmp_path: Path
) -> None:
    settings = replace(tiny, accelerator="cuda", precision=precision, cache_gb=0)
    results = [train(replace(settings, workers=n), "pm2", tmp_path / str(n), base) for n in (0, 2)]
    one, two = tensors(tmp_path / "0"), tensors(tmp_path / "2")
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert results[0]["test"] == results[1]["test"]


@pytest.mark.parametrize("name", ["pm2", "dann"])
def test_a_run_cut_on_the_card_continues_bit_equal(name: str, tiny: TrainSettings, base: Path, tmp_path: Path) -> None:
    settings = replace(tiny, accelerator="cuda", epochs=2, accumulate=2, batch=4, steps_per_epoch=3)
    whole = train(settings, name, tmp_path / "whole", base)
    with pytest.raises(KeyboardInterrupt):
        train(settings, name, tmp_path / "cut", base, Cut(2))
    assert train(settings, name, tmp_path / "cut", base) == whole
    one, two = tensors(tmp_path / "whole"), tensors(tmp_path / "cut")
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_checkpoint_of_the_card_is_read_and_scored_on_the_processor(
    tiny: TrainSettings, corpora: Path, tmp_path: Path
) -> None:
    train(replace(tiny, accelerator="cuda"), "source", tmp_path / "run", stage="base")
    assert all(value.device.type == "cpu" for value in tensors(tmp_path / "run").values())
    detector, _ = load_detector(tmp_path / "run")
    side = detector.encoder.facts.side_px
    pictures = torch.randn(5, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        here = detector(pictures)
        there = detector.to("cuda")(pictures.to("cuda")).cpu()
    assert torch.allclose(here, there, atol=1e-5)
    scores = [
        evaluate_checkpoint(tmp_path / "run", str(corpora / "tgt"), replace(tiny, accelerator=name, precision="32"))
        for name in ("cpu", "cuda")
    ]
    assert scores[0]["test"]["f1"]["avg"] == pytest.approx(scores[1]["test"]["f1"]["avg"], abs=0.02)


def test_a_run_begun_on_one_device_starts_the_next_on_the_other(
    tiny: TrainSettings, base: Path, tmp_path: Path
) -> None:
    train(replace(tiny, accelerator="cuda"), "mcd", tmp_path / "there", base)
    result = train(tiny, "pm2", tmp_path / "back", tmp_path / "there")
    assert result["method"] == "pm2"


def test_32_bits_are_32_bits_in_convolutions_too() -> None:
    """cuDNN would otherwise round the factors to ten bits (TF32), a relative error of about 3e-4."""
    make_system(CUDA, "source")
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(4, 64, SIDE, SIDE, generator=generator), torch.randn(64, 64, 3, 3, generator=generator)
    exact = nn.functional.conv2d(x.double(), weight.double())
    found = nn.functional.conv2d(x.cuda(), weight.cuda()).double().cpu()
    assert distance(found, exact) < 1e-5
