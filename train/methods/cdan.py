"""CDAN: a discriminator on features conditioned on predictions (Long et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.losses.adversarial import (
    Discriminator,
    conditioned,
    domain_loss,
    entropy_weights,
    reverse_gradient,
    warm_up,
)
from train.methods.method import DISCRIMINATOR, ENCODER, HEADS, Aligned


class Cdan(Aligned):
    """DANN on the outer product of probabilities and features; ``--entropy-weighting`` makes it CDAN+E."""

    name = "cdan"
    summary = "CDAN: discriminator conditioned on predictions."
    logged = "domain"
    updates = (ENCODER, HEADS, DISCRIMINATOR)

    @classmethod
    def discriminator(cls, feature_size: int, au_count: int) -> nn.Module:
        """Return the discriminator over the outer product."""
        return Discriminator(feature_size * au_count)

    def distance(self, source: Tensor, target: Tensor, step: int) -> Tensor:
        """Return the loss of the discriminator on features joined with their probabilities."""
        features = torch.cat([source, target])
        probs = self.system.probs(features)
        weights = entropy_weights(probs) if self.settings.entropy_weighting else None
        joint = reverse_gradient(conditioned(features, probs), warm_up(step))
        return domain_loss(self.system.domain_logits(joint), len(source), weights)
