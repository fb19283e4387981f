"""JAN: joint maximum mean discrepancy of features and outputs (Long et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

from train.losses.kernels import jan_loss
from train.methods.method import ENCODER, HEADS, Losses, Method, Phase, Views, target_of
from train.settings import TrainSettings


class Jan(Method):
    """L_AU + trade-off · JMMD(source, target); the output kernel works on sigmoids, one per Action Unit."""

    name = "jan"
    summary = "JAN: joint MMD of features and outputs."

    @classmethod
    def needs_target(cls, settings: TrainSettings) -> bool:
        """Always."""
        return True

    def phases(self) -> Sequence[Phase]:
        """One step on everything."""
        return [Phase("align", (ENCODER, HEADS), self.align)]

    def align(self, views: Views) -> Losses:
        """Features and probabilities of both domains."""
        source, target = self.system.features(views.real, target_of(views))
        supervised = self.system.au_loss(source, views.batch)
        probs = [self.system.probs(features) for features in (source, target)]
        apart = jan_loss(source, target, *probs)
        return {"total": supervised + self.settings.trade_off * apart, "L_AU": supervised, "JMMD": apart}
