"""PM2: paired moment matching, the method of Lu et al. (eqs. 6 to 9)."""

from __future__ import annotations

from train.losses.moments import paired_moment_loss
from train.methods.mcd import Mcd
from train.methods.method import Losses, Views
from train.settings import TrainSettings


class Pm2(Mcd):
    """MCD whose first step also pulls each real frame and its twins together.

    As the paper writes it by default. Named departures: ``num_k``, ``discrepancy_on``, ``pair_scale`` and
    ``twin_labels``.
    """

    name = "pm2"
    summary = "PM2: paired moment matching of real frames and their twins."

    @classmethod
    def needs_twins(cls, settings: TrainSettings) -> bool:
        """Unless neither β nor the twins' labels count."""
        return settings.beta > 0 or settings.twin_labels

    def step_1(self, views: Views) -> Losses:
        """½ (L_AU1 + L_AU2) + β L_PM2, eq. 7; frames without twins enter L_AU alone."""
        real, *twins = self.system.features(views.real, *views.twins)
        supervised = self.system.au_loss(real, views.batch)
        losses = {"total": supervised, "L_AU": supervised}
        if self.settings.beta > 0:
            members = [real[views.batch.paired], *twins]
            losses["L_PM2"] = paired_moment_loss(members, self.settings.pair_scale)
            losses["total"] = losses["total"] + self.settings.beta * losses["L_PM2"]
        if self.settings.twin_labels:
            losses["L_AU twins"] = self.system.twin_au_loss(twins, views.batch)
            losses["total"] = losses["total"] + losses["L_AU twins"]
        return losses
