"""Saving and restoring a run at any step, so that it continues as if it had never stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from assets.errors import InputError
from train.loop.checkpoint import CHECKPOINT, Progress, read_checkpoint, write_checkpoint

if TYPE_CHECKING:
    from train.loop.run import Run


def save_state(run: Run, name: str = CHECKPOINT) -> None:
    """Write modules, optimisers, progress and random states; one process writes, all take part."""
    share_buffers(run)
    generators = _gather_generators(run)
    if run.fabric.is_global_zero:
        state: dict[str, Any] = {key: module.state_dict() for key, module in run.system.plain.items()}
        state["optimisers"] = {key: optimiser.state_dict() for key, optimiser in run.system.optimisers.items()}
        state["progress"] = [run.progress.epoch, run.progress.step, int(run.progress.done)]
        state["generators"] = generators
        write_checkpoint(run.out / name, state, run.meta)
    run.fabric.barrier()


def load_state(run: Run, name: str = CHECKPOINT) -> Progress:
    """Restore what ``save_state`` wrote, the epochs scored for the selection rule included.

    Raises
    ------
    InputError
        If the run was saved by another number of processes.
    """
    state, meta = read_checkpoint(run.out / name)
    world = run.fabric.world_size
    if len(state["generators"]) != world:
        what = f"the run was saved by {len(state['generators'])} processes and cannot continue on {world}"
        raise InputError.one(what, run.out, "use as many --devices and --nodes, or another --out")
    for key, module in run.system.plain.items():
        module.load_state_dict(state[key])
    for key, optimiser in run.system.optimisers.items():
        optimiser.load_state_dict(state["optimisers"][key])
    cpu, cuda = state["generators"][run.fabric.global_rank]
    torch.set_rng_state(cpu)
    if len(cuda) and run.fabric.device.type == "cuda":
        torch.cuda.set_rng_state(cuda, run.fabric.device)
    if "selection" in meta:
        run.meta["selection"] = meta["selection"]
    epoch, step, done = state["progress"]
    return Progress(epoch, step, bool(done))


def share_buffers(run: Run) -> None:
    """Give all processes the buffers of the first, for example running statistics of batch normalisation."""
    if run.fabric.world_size > 1:
        for module in run.system.plain.values():
            for buffer in module.buffers():
                dist.broadcast(buffer, 0)


def _gather_generators(run: Run) -> list[list[torch.Tensor]]:
    cuda = run.fabric.device.type == "cuda"
    own = [torch.get_rng_state(), torch.cuda.get_rng_state(run.fabric.device) if cuda else torch.empty(0)]
    if run.fabric.world_size == 1:
        return [own]
    everyone: list[Any] = [None] * run.fabric.world_size
    dist.all_gather_object(everyone, own)
    return everyone
