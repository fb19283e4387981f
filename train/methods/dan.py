"""DAN: multi-kernel maximum mean discrepancy between source and target features (Long et al. 2015)."""

from __future__ import annotations

from torch import Tensor

from train.losses.kernels import dan_loss
from train.methods.method import Aligned


class Dan(Aligned):
    """L_AU + trade-off · MK-MMD(source, target)."""

    name = "dan"
    summary = "DAN: multi-kernel MMD between source and target features."
    logged = "MMD"

    def distance(self, source: Tensor, target: Tensor, step: int) -> Tensor:
        """Return MK-MMD of the features."""
        return dan_loss(source, target)
