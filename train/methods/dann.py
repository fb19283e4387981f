"""DANN: a discriminator that the encoder learns to fool (Ganin et al. 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.losses.adversarial import Discriminator, domain_loss, reverse_gradient, warm_up
from train.methods.method import DISCRIMINATOR, ENCODER, HEADS, Aligned


class Dann(Aligned):
    """L_AU + trade-off · domain loss, whose gradient is reversed on its way into the encoder."""

    name = "dann"
    summary = "DANN: adversarial domain discriminator on features."
    logged = "domain"
    updates = (ENCODER, HEADS, DISCRIMINATOR)

    @classmethod
    def discriminator(cls, feature_size: int, au_count: int) -> nn.Module:
        """Return the discriminator over features."""
        return Discriminator(feature_size)

    def distance(self, source: Tensor, target: Tensor, step: int) -> Tensor:
        """Return the loss of the discriminator on features reversed before it."""
        reversed_features = reverse_gradient(torch.cat([source, target]), warm_up(step))
        return domain_loss(self.system.domain_logits(reversed_features), len(source))
