"""The modules under training, and the one place that freezes, feeds and updates them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from train.data.batches import PairedBatch
from train.losses.supervised import au_loss
from train.models.build import Heads
from train.models.encoder import Encoder
from train.settings import TrainSettings

if TYPE_CHECKING:
    from train.methods.method import Phase, Views


class System:
    """Encoder, heads and, for some methods, a discriminator, with one AdamW state each.

    Parameters
    ----------
    fabric : lightning.fabric.Fabric
        From ``train.loop.fabric``.
    encoder : Encoder
    heads : Heads
    discriminator : nn.Module or None
    settings : TrainSettings
    """

    def __init__(
        self, fabric: Any, encoder: Encoder, heads: Heads, discriminator: nn.Module | None, settings: TrainSettings
    ) -> None:
        self.fabric, self.settings = fabric, settings
        self.encoder, self.heads = encoder, heads
        self.plain: dict[str, nn.Module] = {"encoder": encoder, "heads": heads}
        if discriminator is not None:
            self.plain["discriminator"] = discriminator
        self.layout = torch.channels_last if settings.channels_last else torch.contiguous_format
        if settings.channels_last:
            encoder.to(memory_format=torch.channels_last)
        run = dict(self.plain)
        if settings.compile:
            run["encoder"] = torch.compile(encoder)  # type: ignore[assignment]
        self.raw, self.wrapped, self.optimisers = run, {}, {}
        for name, module in run.items():
            scale = settings.discriminator_lr_scale if name == "discriminator" else 1.0
            optimiser = torch.optim.AdamW(
                module.parameters(), lr=settings.lr * scale, weight_decay=settings.weight_decay
            )  # fmt: skip
            self.wrapped[name], self.optimisers[name] = fabric.setup(module, optimiser)
        self.active: frozenset[str] = frozenset()
        self.finite = torch.ones((), dtype=torch.bool, device=fabric.device)
        self._extras: dict[str, Tensor] = {}

    @contextmanager
    def only(self, updates: Sequence[str]) -> Iterator[None]:
        """Let ``updates`` learn; every other module is in evaluation mode and without gradients.

        A fixed module keeps all its tensors, running statistics of batch normalisation included.
        """
        self.active = frozenset(updates)
        for name, module in self.plain.items():
            module.requires_grad_(name in self.active).train(name in self.active)
        try:
            yield
        finally:
            self.active = frozenset()
            for module in self.plain.values():
                module.requires_grad_(True)

    def _run(self, name: str, x: Tensor) -> Any:
        """Run a module: through its wrapper if it learns, past it if it is fixed.

        A fixed module has no gradients to reduce, and the reducer of DDP would wait for them.
        """
        if name in self.active:
            return self.wrapped[name](x)
        with self.fabric.autocast():
            return self.raw[name](x)

    def features(self, *groups: Tensor) -> list[Tensor]:
        """Return the features (B_i, D) float32 of several groups of pictures, computed in one pass of E.

        Without gradient where E is fixed.
        """
        sizes = [len(group) for group in groups]
        pictures = torch.cat([group for group in groups if len(group)]).contiguous(memory_format=self.layout)
        with nullcontext() if "encoder" in self.active else torch.no_grad():
            out = self._run("encoder", pictures)
        self._extras = {}
        if self.encoder.has_extras:
            out, extras = out
            self._extras = {key: value[: sizes[0]] for key, value in extras.items()}
        return list(out.float().split(sizes))

    def logits(self, features: Tensor) -> Tensor:
        """(B, D) → (H, B, A) float32."""
        return self._run("heads", features).float()

    def probs(self, features: Tensor) -> Tensor:
        """(B, D) → (B, A): the mean probability over the heads (eq. 10)."""
        return self.logits(features).sigmoid().mean(0)

    def domain_logits(self, features: Tensor) -> Tensor:
        """(B, D) → (B, 1) float32, larger for the source."""
        return self._run("discriminator", features).float()

    def au_loss(self, features: Tensor, batch: PairedBatch) -> Tensor:
        """½ (L_AU1 + L_AU2) on the real frames, plus the encoder's own loss if it has one and learns."""
        loss = au_loss(self.logits(features), batch.au, batch.au_mask)
        if self._extras and "encoder" in self.active:
            loss = loss + self.encoder.extra_loss(self._extras, batch)
        return loss

    def twin_au_loss(self, twins: Sequence[Tensor], batch: PairedBatch) -> Tensor:
        """½ (L_AU1 + L_AU2) on the twins, which carry the labels of their real frame; 0 without a paired frame."""
        if not len(batch.paired):
            return batch.au.sum() * 0.0
        au, mask = batch.au[batch.paired], batch.twin_mask
        count = len(twins)
        return au_loss(self.logits(torch.cat(list(twins))), au.repeat(count, 1), mask.repeat(count, 1))

    def run_phase(self, phase: Phase, views: Sequence[Views]) -> Mapping[str, Tensor]:
        """Make one optimiser step on the mean loss of the micro-batches; return detached losses."""
        sums: dict[str, Tensor] = {}
        with self.only(phase.updates):
            for name in phase.updates:
                self.optimisers[name].zero_grad(set_to_none=True)
            for index, view in enumerate(views):
                with self._synchronised(index == len(views) - 1, phase.updates):
                    losses = phase.loss(view)
                    self.fabric.backward(losses["total"] / len(views))
                for key, value in losses.items():
                    sums[key] = sums.get(key, 0.0) + value.detach() / len(views)
            self.finite &= torch.isfinite(sums["total"])
            for name in phase.updates:
                self.optimisers[name].step()
        return sums

    @contextmanager
    def _synchronised(self, last: bool, names: Sequence[str]) -> Iterator[None]:
        """Reduce gradients over processes only with the last micro-batch."""
        if last or self.fabric.world_size == 1:
            yield
            return
        with ExitStack() as entered:
            for name in names:
                entered.enter_context(self.fabric.no_backward_sync(self.wrapped[name]))
            yield
