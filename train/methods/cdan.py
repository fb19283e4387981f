"""CDAN: a discriminator on features conditioned on predictions (Long et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from train.losses.adversarial import (
    Discriminator,
    conditioned,
    domain_loss,
    entropy_weights,
    reverse_gradient,
    warm_up,
)
from train.methods.method import DISCRIMINATOR, ENCODER, HEADS, Losses, Method, Phase, Views, target_of
from train.settings import TrainSettings


class Cdan(Method):
    """DANN on the outer product of probabilities and features; ``--entropy-weighting`` makes it CDAN+E."""

    name = "cdan"
    summary = "CDAN: discriminator conditioned on predictions."

    @classmethod
    def needs_target(cls, settings: TrainSettings) -> bool:
        """Always."""
        return True

    @classmethod
    def discriminator(cls, feature_size: int, au_count: int) -> nn.Module:
        """Return the discriminator over the outer product."""
        return Discriminator(feature_size * au_count)

    def phases(self) -> Sequence[Phase]:
        """One step on everything."""
        return [Phase("align", (ENCODER, HEADS, DISCRIMINATOR), self.align)]

    def align(self, views: Views) -> Losses:
        """Features of both domains in one pass, joined with their probabilities."""
        source, target = self.system.features(views.real, target_of(views))
        supervised = self.system.au_loss(source, views.batch)
        features = torch.cat([source, target])
        probs = self.system.probs(features)
        weights = entropy_weights(probs) if self.settings.entropy_weighting else None
        joint = reverse_gradient(conditioned(features, probs), warm_up(views.step))
        domain = domain_loss(self.system.domain_logits(joint), len(source), weights)
        return {"total": supervised + self.settings.trade_off * domain, "L_AU": supervised, "domain": domain}
