"""MCD: two heads that disagree on the target, an encoder that makes them agree (Saito et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

from train.losses.discrepancy import discrepancy
from train.methods.method import ENCODER, HEADS, Losses, Method, Phase, Views, target_of
from train.settings import TrainSettings


class Mcd(Method):
    """The three steps of the paper without its moment distance: eqs. 7 to 9 with β = 0."""

    name = "mcd"
    summary = "MCD: maximum classifier discrepancy."
    two_heads = True

    @classmethod
    def needs_target(cls, settings: TrainSettings) -> bool:
        """Whenever the discrepancy counts."""
        return settings.alpha > 0

    def phases(self) -> Sequence[Phase]:
        """Steps 1, 2 and 3; with α = 0 the last two would only repeat step 1 and are left out."""
        steps = [Phase("step 1", (ENCODER, HEADS), self.step_1)]
        if self.settings.alpha > 0:
            steps.append(Phase("step 2", (HEADS,), self.step_2))
            steps += [Phase("step 3", (ENCODER,), self.step_3)] * self.settings.num_k
        return steps

    def step_1(self, views: Views) -> Losses:
        """½ (L_AU1 + L_AU2), eq. 7 with β = 0."""
        (real,) = self.system.features(views.real)
        supervised = self.system.au_loss(real, views.batch)
        return {"total": supervised, "L_AU": supervised}

    def step_2(self, views: Views) -> Losses:
        """½ (L_AU1 + L_AU2) − α L_Dis, eq. 8; E is fixed, so that β L_PM2 is a constant and is not computed."""
        real, target = self.system.features(views.real, target_of(views))
        supervised = self.system.au_loss(real, views.batch)
        apart = discrepancy(self.system.logits(target), self.settings.discrepancy_on)
        return {"total": supervised - self.settings.alpha * apart, "L_Dis step 2": apart}

    def step_3(self, views: Views) -> Losses:
        """α L_Dis, eq. 9; the heads are fixed."""
        (target,) = self.system.features(target_of(views))
        apart = discrepancy(self.system.logits(target), self.settings.discrepancy_on)
        return {"total": self.settings.alpha * apart, "L_Dis step 3": apart}
