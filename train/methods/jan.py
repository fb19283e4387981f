"""JAN: joint maximum mean discrepancy of features and outputs (Long et al. 2017)."""

from __future__ import annotations

from torch import Tensor

from train.losses.kernels import jan_loss
from train.methods.method import Aligned


class Jan(Aligned):
    """L_AU + trade-off · JMMD(source, target); the output kernel works on sigmoids, one per Action Unit."""

    name = "jan"
    summary = "JAN: joint MMD of features and outputs."
    logged = "JMMD"

    def distance(self, source: Tensor, target: Tensor, step: int) -> Tensor:
        """Return JMMD of features and probabilities."""
        return jan_loss(source, target, self.system.probs(source), self.system.probs(target))
