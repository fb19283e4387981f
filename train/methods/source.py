"""Direct transfer: nothing is aligned."""

from __future__ import annotations

from collections.abc import Sequence

from train.methods.method import ENCODER, HEADS, Losses, Method, Phase, Views


class Source(Method):
    """Supervised training on the source alone (also stage A, ``train base``)."""

    name = "source"
    summary = "Train on the source, align nothing (direct transfer)."

    def phases(self) -> Sequence[Phase]:
        """One step: ½ (L_AU1 + L_AU2)."""
        return [Phase("source", (ENCODER, HEADS), self.supervised)]

    def supervised(self, views: Views) -> Losses:
        """L_AU, eq. 2, averaged over the heads."""
        (features,) = self.system.features(views.real)
        loss = self.system.au_loss(features, views.batch)
        return {"total": loss, "L_AU": loss}
