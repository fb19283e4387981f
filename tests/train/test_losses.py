"""The losses obey their equations."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from train.losses.adversarial import conditioned, domain_loss, entropy, entropy_weights, reverse_gradient, warm_up
from train.losses.discrepancy import discrepancy
from train.losses.kernels import DAN_FACTORS, dan_loss, gaussian_kernels, jan_loss, mmd
from train.losses.moments import (
    moment_distance,
    multi_source_moment_loss,
    pair_distance,
    paired_moment_loss,
    safe_norm,
)
from train.losses.supervised import au_loss

torch.set_num_threads(1)


def draw(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_au_loss_is_the_sum_over_aus_and_the_mean_over_frames() -> None:
    logits, au = draw(0, 5, 3), (draw(1, 5, 3) > 0).double()
    expected = sum(
        F.binary_cross_entropy(logits[b, i].sigmoid(), au[b, i]) for b in range(5) for i in range(3)
    ) / 5  # fmt: skip
    assert torch.allclose(au_loss(logits, au, torch.ones_like(au)), expected)


def test_two_heads_give_the_mean_of_their_losses() -> None:
    logits, au, mask = draw(0, 2, 5, 3), (draw(1, 5, 3) > 0).double(), torch.ones(5, 3).double()
    halves = 0.5 * (au_loss(logits[0], au, mask) + au_loss(logits[1], au, mask))
    assert torch.allclose(au_loss(logits, au, mask), halves)


def test_a_masked_label_changes_neither_value_nor_gradient() -> None:
    logits, mask = draw(0, 4, 3).requires_grad_(), torch.ones(4, 3).double()
    mask[2, 1] = 0
    results = []
    for value in (0.0, 1.0):
        au = torch.zeros(4, 3).double()
        au[2, 1] = value
        loss = au_loss(logits, au, mask)
        results.append((loss.detach(), torch.autograd.grad(loss, logits)[0]))
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])
    assert results[0][1][2, 1] == 0


def test_discrepancy_is_that_of_probabilities_unless_logits_are_asked_for() -> None:
    logits = draw(0, 2, 4, 3)
    p = logits.sigmoid()
    assert torch.allclose(discrepancy(logits), (p[0] - p[1]).abs().sum(1).mean())
    assert torch.allclose(discrepancy(logits, "logit"), (logits[0] - logits[1]).abs().sum(1).mean())


def test_equal_heads_have_no_discrepancy_and_no_gradient() -> None:
    one = draw(0, 4, 3)
    logits = torch.stack([one, one]).requires_grad_()
    loss = discrepancy(logits)
    assert loss == 0
    assert torch.equal(torch.autograd.grad(loss, logits)[0], torch.zeros_like(logits))


def test_pair_distance_is_that_of_first_and_second_powers() -> None:
    a, b = draw(0, 4, 7), draw(1, 4, 7)
    expected = torch.linalg.vector_norm(a - b, dim=1) + torch.linalg.vector_norm(a**2 - b**2, dim=1)
    assert torch.allclose(pair_distance(a, b), expected)


def test_three_members_give_equation_6() -> None:
    x, f, m = (draw(i, 4, 7) for i in range(3))
    expected = (pair_distance(x, f) + pair_distance(x, m) + pair_distance(f, m)).mean() / 3
    assert torch.allclose(paired_moment_loss([x, f, m]), expected)
    assert torch.allclose(paired_moment_loss([x, f, m], "sqrt_d"), expected / 7**0.5)


@settings(max_examples=20, deadline=None)
@given(members=st.integers(2, 5), seed=st.integers(0, 10**6))
def test_any_number_of_twins_is_the_mean_over_all_pairs(members: int, seed: int) -> None:
    features = [draw(seed + i, 3, 4) for i in range(members)]
    every = [
        pair_distance(features[i], features[j]).mean() for i in range(members) for j in range(members) if i != j
    ]  # fmt: skip
    assert torch.allclose(paired_moment_loss(features), torch.stack(every).mean())


def test_identical_members_give_zero_with_finite_gradient() -> None:
    f = draw(0, 4, 7).requires_grad_()
    loss = paired_moment_loss([f, f * 1.0, f * 1.0])
    gradient = torch.autograd.grad(loss, f)[0]
    assert loss == 0
    assert torch.equal(gradient, torch.zeros_like(f))


def test_no_paired_frame_gives_zero() -> None:
    empty = torch.empty(0, 7, requires_grad=True)
    loss = paired_moment_loss([empty, empty, empty])
    loss.backward()
    assert loss == 0


def test_permuting_the_batch_changes_nothing_only_if_triplets_move_together() -> None:
    x = draw(0, 8, 5)
    f, m = x + 0.01 * draw(1, 8, 5), x + 0.01 * draw(2, 8, 5)
    loss, order = paired_moment_loss([x, f, m]), torch.roll(torch.arange(8), 1)
    assert torch.allclose(paired_moment_loss([x[order], f[order], m[order]]), loss)
    assert paired_moment_loss([x, f[order], m[order]]) > 10 * loss


def test_swapping_female_and_male_changes_nothing() -> None:
    x, f, m = (draw(i, 4, 7) for i in range(3))
    assert torch.allclose(paired_moment_loss([x, f, m]), paired_moment_loss([x, m, f]))


def test_one_frame_has_the_same_pair_and_distribution_distance() -> None:
    real, synthetic = draw(0, 1, 7), draw(1, 1, 7)
    assert torch.allclose(moment_distance(real, synthetic), pair_distance(real, synthetic)[0])


def test_m3sda_averages_over_all_pairs_of_domains_and_leaves_empty_ones_out() -> None:
    a, b, c = draw(0, 4, 7), draw(1, 6, 7), draw(2, 3, 7)
    expected = (moment_distance(a, b) + moment_distance(a, c) + moment_distance(b, c)) / 3
    assert torch.allclose(multi_source_moment_loss([a, b, c]), expected)
    assert torch.allclose(multi_source_moment_loss([a, torch.empty(0, 7), c]), moment_distance(a, c))


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: paired_moment_loss([x, x.roll(1, 0), x.roll(2, 0)]),
        lambda x: moment_distance(x[:2], x[2:]),
        lambda x: dan_loss(x[:2], x[2:]) * 0 + safe_norm(x).sum(),
        lambda x: jan_loss(x[:2], x[2:], x[:2, :2].sigmoid().detach(), x[2:, :2].sigmoid().detach()) * 0 + x.sum(),
        lambda x: au_loss(x, torch.ones_like(x), torch.ones_like(x)),
        lambda x: discrepancy(torch.stack([x, x.roll(1, 0)])),
        lambda x: entropy(x.sigmoid()).sum(),
    ],
)
def test_gradients_agree_with_finite_differences(loss) -> None:
    assert torch.autograd.gradcheck(loss, draw(3, 4, 3).requires_grad_())


def test_mmd_gradient_agrees_with_finite_differences_at_fixed_bandwidth() -> None:
    x = draw(0, 5, 3)
    scale = (x.unsqueeze(0) - x.unsqueeze(1)).square().sum(-1).mean()

    def fixed(y: torch.Tensor) -> torch.Tensor:
        square = (y.unsqueeze(0) - y.unsqueeze(1)).square().sum(-1)
        return mmd(sum(torch.exp(-square / (2 * factor * scale)) for factor in DAN_FACTORS), 2)

    y = x.clone().requires_grad_()
    ours = torch.autograd.grad(mmd(gaussian_kernels(y, DAN_FACTORS), 2), y)[0]
    assert torch.autograd.gradcheck(fixed, x.clone().requires_grad_())
    z = x.clone().requires_grad_()
    assert torch.allclose(ours, torch.autograd.grad(fixed(z), z)[0])


def test_mmd_equals_the_double_sums_and_tells_shifted_samples_apart() -> None:
    a, b = draw(0, 40, 4), draw(1, 40, 4)
    k = gaussian_kernels(torch.cat([a, b]), DAN_FACTORS)
    inside = [sum(k[i, j] for i in part for j in part if i != j) / (40 * 39) for part in (range(40), range(40, 80))]
    across = sum(k[i, j] for i in range(40) for j in range(40, 80)) / 1600
    assert torch.allclose(mmd(k, 40), inside[0] + inside[1] - 2 * across)
    assert abs(dan_loss(a, b)) < 0.1 < dan_loss(a, b + 2)


def test_jan_sees_a_shift_of_outputs_that_dan_cannot() -> None:
    a, b = draw(0, 60, 4), draw(1, 60, 4)
    low, high = torch.full((60, 2), 0.05).double(), torch.full((60, 2), 0.95).double()
    assert jan_loss(a, b, low, high) > jan_loss(a, b, low, low) + 0.1


def test_reversal_negates_the_gradient_and_keeps_the_value() -> None:
    x = draw(0, 3).requires_grad_()
    y = reverse_gradient(x, 0.3)
    assert torch.equal(y, x)
    assert torch.allclose(torch.autograd.grad(y.sum(), x)[0], torch.full((3,), -0.3).double())


def test_warm_up_rises_from_zero_to_one() -> None:
    values = [warm_up(step) for step in (0, 10, 1000, 100_000)]
    assert values[0] == 0
    assert values == sorted(values)
    assert values[-1] == pytest.approx(1)


def test_entropy_is_positive_largest_at_one_half_and_weights_fall_with_it() -> None:
    probs = torch.tensor([[0.5], [0.9], [0.1], [1.0], [0.0]])
    values = entropy(probs)
    assert (values >= 0).all()
    assert values.argmax() == 0
    assert torch.allclose(values[1], values[2])
    assert entropy_weights(probs).argmin() == 0


def test_domain_loss_counts_both_domains_alike() -> None:
    logits = torch.zeros(10, 1)
    assert domain_loss(logits, 2) == pytest.approx(torch.log(torch.tensor(2.0)).item())
    confident = torch.cat([torch.full((2, 1), 9.0), torch.full((8, 1), -9.0)])
    assert domain_loss(confident, 2) < 1e-3
    assert torch.allclose(domain_loss(confident, 2, torch.ones(10)), domain_loss(confident, 2))


def test_cdan_joins_by_the_outer_product_and_stops_the_gradient_of_the_probabilities() -> None:
    features, probs = draw(0, 3, 4).requires_grad_(), draw(1, 3, 2).sigmoid().requires_grad_()
    joint = conditioned(features, probs)
    assert torch.allclose(joint, torch.einsum("na,nd->nad", probs, features).reshape(3, 8))
    joint.sum().backward()
    assert features.grad is not None
    assert probs.grad is None
