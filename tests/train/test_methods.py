"""The steps of the methods change what they may and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from assets.errors import InputError
from tests.train.tiny_system import TinyEncoder, equal, make_system, make_views, snapshot
from train.losses.adversarial import domain_loss
from train.methods.registry import METHODS, method_named
from train.models.build import Heads, refuse_equal_heads
from train.settings import SWITCHES, TrainSettings

SETTINGS = TrainSettings(lr=1e-2, accelerator="cpu", batch=6)
THREE_STEPS = [name for name, kind in METHODS.items() if kind.two_heads]


def run_steps(settings: TrainSettings, name: str, steps: int = 3) -> dict[str, torch.Tensor]:
    """Make some iterations and return every tensor."""
    system, method = make_system(settings, name)
    for step in range(steps):
        for phase in method.phases():
            system.run_phase(phase, [make_views(settings, name, step)])
    return snapshot(torch.nn.ModuleDict({"encoder": system.encoder, "heads": system.heads}))


@pytest.mark.parametrize("name", THREE_STEPS)
def test_step_2_leaves_every_tensor_of_the_encoder_bit_equal(name: str) -> None:
    system, method = make_system(SETTINGS, name)
    views = make_views(SETTINGS, name)
    one, two, three = method.phases()
    system.run_phase(one, [views])
    before, heads = snapshot(system.encoder), snapshot(system.heads)
    system.run_phase(two, [views])
    assert equal(before, snapshot(system.encoder))
    assert not equal(heads, snapshot(system.heads))
    heads = snapshot(system.heads)
    system.run_phase(three, [views])
    assert equal(heads, snapshot(system.heads))
    assert not equal(before, snapshot(system.encoder))


def test_step_2_runs_no_twin_and_step_3_only_the_target() -> None:
    system, method = make_system(SETTINGS, "pm2")
    views = make_views(SETTINGS, "pm2", size=6)
    for phase in method.phases():
        system.run_phase(phase, [views])
    assert isinstance(system.encoder, TinyEncoder)
    assert system.encoder.seen == [6 + 5 + 5, 6 + 6, 6]


def test_without_alpha_and_beta_pm2_equals_source_training_step_for_step() -> None:
    off = replace(SETTINGS, alpha=0.0, beta=0.0)
    assert equal(run_steps(off, "pm2"), run_steps(off, "source"))


def test_without_beta_pm2_equals_mcd() -> None:
    off = replace(SETTINGS, beta=0.0)
    assert equal(run_steps(off, "pm2"), run_steps(off, "mcd"))
    assert not equal(run_steps(SETTINGS, "pm2"), run_steps(SETTINGS, "mcd"))


def test_num_k_repeats_step_3() -> None:
    _, method = make_system(replace(SETTINGS, num_k=4), "pm2")
    assert [phase.name for phase in method.phases()] == ["step 1", "step 2"] + ["step 3"] * 4


@pytest.mark.parametrize(
    "switch", [{"num_k": 2}, {"discrepancy_on": "logit"}, {"pair_scale": "sqrt_d"}, {"twin_labels": True}]
)
def test_every_switch_of_pm2_has_an_effect(switch: dict) -> None:
    assert not equal(run_steps(SETTINGS, "pm2"), run_steps(replace(SETTINGS, **switch), "pm2"))


@pytest.mark.parametrize("name", ["dan", "dann", "jan", "cdan"])
def test_alignment_moves_the_encoder(name: str) -> None:
    states = []
    for trade_off in (1.0, 0.0):
        system, method = make_system(replace(SETTINGS, trade_off=trade_off), name)
        system.run_phase(method.phases()[0], [make_views(SETTINGS, name, step=1000)])
        states.append(snapshot(system.encoder))
    assert not equal(*states)


def test_entropy_weighting_changes_cdan() -> None:
    later = replace(SETTINGS, entropy_weighting=True)
    system, method = make_system(SETTINGS, "cdan")
    weighted_system, weighted = make_system(later, "cdan")
    views = make_views(SETTINGS, "cdan", step=1000)
    system.run_phase(method.phases()[0], [views])
    weighted_system.run_phase(weighted.phases()[0], [views])
    assert not equal(snapshot(system.encoder), snapshot(weighted_system.encoder))


def test_the_encoder_of_dann_goes_against_the_discriminator() -> None:
    system, method = make_system(replace(SETTINGS, dropout=0.0), "dann")
    system.encoder.net[-1].p = 0.0
    views = make_views(SETTINGS, "dann", step=10**6)
    weight = system.encoder.net[0].weight
    with system.only(("encoder", "heads", "discriminator")):
        losses = method.phases()[0].loss(views)
        whole = torch.autograd.grad(losses["total"], weight, retain_graph=True)[0]
        supervised = torch.autograd.grad(losses["L_AU"], weight)[0]
        features = torch.cat(system.features(views.real, views.target))
        plain = domain_loss(system.domain_logits(features), len(views.real))
        domain = torch.autograd.grad(plain, weight)[0]
    assert torch.allclose(whole - supervised, -domain, atol=1e-6)
    assert domain.norm() > 1e-4


def test_masked_labels_do_not_change_a_step() -> None:
    views = make_views(SETTINGS, "pm2")
    results = []
    for value in (0.0, 1.0):
        system, method = make_system(SETTINGS, "pm2")
        au = torch.where(views.batch.au_mask > 0, views.batch.au, value)
        for phase in method.phases():
            system.run_phase(phase, [replace(views, batch=replace(views.batch, au=au))])
        results.append(snapshot(system.encoder))
    assert equal(*results)


def test_swapping_the_twins_does_not_change_pm2() -> None:
    views = make_views(SETTINGS, "pm2")
    states = []
    for twins in (views.twins, views.twins[::-1]):
        system, method = make_system(replace(SETTINGS, dropout=0.0), "pm2")
        system.encoder.net[-1].p = 0.0
        system.run_phase(method.phases()[0], [replace(views, twins=twins)])
        states.append(snapshot(system.heads))
    for key in states[0]:
        assert torch.allclose(states[0][key], states[1][key], atol=1e-5)


def test_accumulated_micro_batches_give_the_mean_gradient() -> None:
    system, method = make_system(SETTINGS, "source")
    parts = [make_views(SETTINGS, "source", seed) for seed in (1, 2)]
    system.encoder.net[-1].p = 0.0
    system.encoder.eval()
    gradients = []
    for part in parts:
        loss = method.phases()[0].loss
        with system.only(("heads",)):
            system.heads.eval()
            gradients.append(torch.autograd.grad(loss(part)["total"], list(system.heads.parameters())))
    optimiser = system.optimisers["heads"]
    for group in optimiser.param_groups:
        group["lr"] = 0.0
    phase = method.phases()[0]
    system.raw["heads"].members[0][2].p = system.raw["heads"].members[1][2].p = 0.0
    system.run_phase(replace(phase, updates=("heads",)), parts)
    for parameter, first, second in zip(system.heads.parameters(), *gradients, strict=True):
        assert torch.allclose(parameter.grad, (first + second) / 2, atol=1e-6)


def test_one_optimiser_per_module_serves_all_steps() -> None:
    system, method = make_system(SETTINGS, "pm2")
    views = make_views(SETTINGS, "pm2")
    for phase in method.phases():
        system.run_phase(phase, [views])
    steps = {
        name: {int(state["step"]) for state in optimiser.state.values()}
        for name, optimiser in system.optimisers.items()
    }  # fmt: skip
    assert steps == {"encoder": {2}, "heads": {2}}


def test_equal_heads_are_refused() -> None:
    encoder = TinyEncoder()
    head = encoder.make_head(3, 5, 0.0)
    with pytest.raises(InputError, match="heads 1 and 2 are equal"):
        refuse_equal_heads(Heads([head, head]))


def test_views_hold_no_target_label() -> None:
    from dataclasses import fields

    from train.data.batches import TargetBatch

    assert {field.name for field in fields(TargetBatch)} == {"images", "subject"}


def test_every_method_lists_its_switches_and_an_unknown_one_is_named() -> None:
    assert set(SWITCHES) == set(METHODS)
    with pytest.raises(InputError, match="did you mean 'pm2'"):
        method_named("pm3")
