"""DANN: a discriminator that the encoder learns to fool (Ganin et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from train.losses.adversarial import Discriminator, domain_loss, reverse_gradient, warm_up
from train.methods.method import DISCRIMINATOR, ENCODER, HEADS, Losses, Method, Phase, Views, target_of
from train.settings import TrainSettings


class Dann(Method):
    """L_AU + trade-off · domain loss, whose gradient is reversed on its way into the encoder."""

    name = "dann"
    summary = "DANN: adversarial domain discriminator on features."

    @classmethod
    def needs_target(cls, settings: TrainSettings) -> bool:
        """Always."""
        return True

    @classmethod
    def discriminator(cls, feature_size: int, au_count: int) -> nn.Module:
        """Return the discriminator over features."""
        return Discriminator(feature_size)

    def phases(self) -> Sequence[Phase]:
        """One step on everything."""
        return [Phase("align", (ENCODER, HEADS, DISCRIMINATOR), self.align)]

    def align(self, views: Views) -> Losses:
        """Features of both domains in one pass, reversed before the discriminator."""
        source, target = self.system.features(views.real, target_of(views))
        supervised = self.system.au_loss(source, views.batch)
        reversed_features = reverse_gradient(torch.cat([source, target]), warm_up(views.step))
        domain = domain_loss(self.system.domain_logits(reversed_features), len(source))
        return {"total": supervised + self.settings.trade_off * domain, "L_AU": supervised, "domain": domain}
