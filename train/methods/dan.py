"""DAN: multi-kernel maximum mean discrepancy between source and target features (Long et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence

from train.losses.kernels import dan_loss
from train.methods.method import ENCODER, HEADS, Losses, Method, Phase, Views, target_of
from train.settings import TrainSettings


class Dan(Method):
    """L_AU + trade-off · MK-MMD(source, target)."""

    name = "dan"
    summary = "DAN: multi-kernel MMD between source and target features."

    @classmethod
    def needs_target(cls, settings: TrainSettings) -> bool:
        """Always."""
        return True

    def phases(self) -> Sequence[Phase]:
        """One step on everything."""
        return [Phase("align", (ENCODER, HEADS), self.align)]

    def align(self, views: Views) -> Losses:
        """Features of both domains in one pass."""
        source, target = self.system.features(views.real, target_of(views))
        supervised = self.system.au_loss(source, views.batch)
        apart = dan_loss(source, target)
        return {"total": supervised + self.settings.trade_off * apart, "L_AU": supervised, "MMD": apart}
