"""``train export``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("checkpoint", type=Path)
@click.argument("out", type=Path)
def export(checkpoint: Path, out: Path) -> None:
    """Write CHECKPOINT (a run folder) to OUT as ONNX and compare it with torch.

    The graph takes RGB pictures from 0 to 255, (batch, 3, side, side), and gives one probability per Action Unit;
    names, side and crop ratio stand in its metadata.
    """
    from train.export import export_onnx

    facts = export_onnx(checkpoint, out)
    click.echo(f"Action Units: {' '.join(facts['aus'])}; input {facts['side_px']} px; {facts['megabytes']:.1f} MB")
    click.echo(f"largest difference from torch: {facts['largest_difference']:.1e} in a probability; written to {out}")
