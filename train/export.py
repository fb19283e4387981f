"""A checkpoint as an ONNX file, checked against torch. The one module that imports onnxruntime."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from assets.errors import InputError
from assets.keyed import rng_for
from train.loop.checkpoint import load_detector
from train.loop.files import replace_file
from train.models.build import Detector

TOLERANCE = 1e-3
"""Largest difference of a probability between ONNX and torch."""


class Deployed(nn.Module):
    """A detector that takes plain pictures: scaling and normalisation are inside.

    Parameters
    ----------
    detector : Detector
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        facts = detector.encoder.facts
        self.detector = detector
        self.register_buffer("mean", 255 * torch.tensor(facts.mean).view(1, 3, 1, 1))
        self.register_buffer("scale", 1 / (255 * torch.tensor(facts.std).view(1, 3, 1, 1)))

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, side, side) float32 RGB from 0 to 255 → probabilities (B, A)."""
        return self.detector((pictures - self.mean) * self.scale)


def export_onnx(checkpoint: Path, out: Path, seed: int = 0) -> dict[str, Any]:
    """Write a checkpoint as ONNX with a free batch size and check it on random pictures.

    Parameters
    ----------
    checkpoint : Path
        A run folder or its ``checkpoint.pt``.
    out : Path
        The ``.onnx`` file; Action Units, input side and crop ratio stand in its metadata.
    seed : int
        Of the random pictures.

    Returns
    -------
    dict
        ``largest_difference`` of a probability, ``side_px``, ``aus``, ``megabytes``.

    Raises
    ------
    InputError
        If ONNX packages are missing, or the file differs from torch by more than ``TOLERANCE``.
    """
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise InputError.one(f"{error.name} is not installed", "export", "pip install 'twinface[export]'") from None
    detector, meta = load_detector(checkpoint)
    model, side = Deployed(detector).eval(), detector.encoder.facts.side_px
    pictures = rng_for(seed, "export").uniform(0, 255, (3, 3, side, side)).astype(np.float32)
    facts = {"aus": meta["aus"], "side_px": side, "crop_ratio": detector.encoder.facts.crop_ratio, "input": "RGB 0-255",
             "method": meta["method"], "simulated": meta["simulated"]}  # fmt: skip
    difference = 0.0

    def write(part: Path) -> None:
        nonlocal difference
        _write_graph(model, torch.from_numpy(pictures[:2]), part)
        graph = onnx.load(part)
        onnx.helper.set_model_props(graph, {key: json.dumps(value) for key, value in facts.items()})
        onnx.checker.check_model(graph)
        onnx.save(graph, part)
        session = onnxruntime.InferenceSession(str(part), providers=["CPUExecutionProvider"])
        (found,) = session.run(None, {"pictures": pictures})
        with torch.no_grad():
            expected = model(torch.from_numpy(pictures)).numpy()
        difference = float(np.abs(found - expected).max())
        if not difference <= TOLERANCE:
            what = f"ONNX and torch differ by {difference:.2g} in a probability"
            raise InputError.one(what, out, "report this backbone; nothing was written")

    replace_file(out, write)
    return {"largest_difference": difference, "megabytes": out.stat().st_size / 1e6, **facts}


def _write_graph(model: nn.Module, example: Tensor, path: Path) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch = torch.export.Dim("batch", min=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model, (example,), input_names=["pictures"], output_names=["probabilities"], dynamo=True, verbose=False,
            dynamic_shapes={"pictures": {0: batch}},
        )  # fmt: skip
    assert program is not None, "the exporter of dynamo=True returns a program"
    program.save(path)
