"""M³SDA: moment matching of real, synthetic and target features (Peng et al. 2019), as the paper compares with it."""

from __future__ import annotations

import torch

from train.losses.moments import multi_source_moment_loss
from train.methods.mcd import Mcd
from train.methods.method import Losses, Views, target_of
from train.settings import TrainSettings


class M3sda(Mcd):
    """MCD, L_AU on the synthetic source too, and β · eq. 4 over all pairs of {real, synthetic, target}."""

    name = "m3sda"
    summary = "M3SDA: moment matching of real, synthetic and target features."

    @classmethod
    def needs_twins(cls, settings: TrainSettings) -> bool:
        """Always: they are its second source."""
        return True

    @classmethod
    def needs_target(cls, settings: TrainSettings) -> bool:
        """Always: the moments of the target are matched too."""
        return True

    def step_1(self, views: Views) -> Losses:
        """L_AU(real) + L_AU(synthetic) + β Σ d(D_i, D_j)."""
        real, target, *twins = self.system.features(views.real, target_of(views), *views.twins)
        supervised = self.system.au_loss(real, views.batch)
        synthetic = self.system.twin_au_loss(twins, views.batch)
        apart = multi_source_moment_loss([real, torch.cat(twins), target])
        total = supervised + synthetic + self.settings.beta * apart
        return {"total": total, "L_AU": supervised, "L_AU twins": synthetic, "moments": apart}
