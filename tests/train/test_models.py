"""Base models have their published shapes, learn, and never start at random unasked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from assets.errors import InputError
from train.data.batches import PairedBatch
from train.loop.checkpoint import narrowed
from train.losses.supervised import au_loss
from train.models.build import Detector, Heads, build_encoder
from train.models.drml import RegionLayer, join_regions, split_regions
from train.models.jaanet import LANDMARKS, landmark_loss
from train.models.jaanet_attention import CENTRES, attention_maps, centre_table
from train.models.weights import fit_state, read_weights

BP4D = tuple(f"AU{n:02d}" for n in (1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24))


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_drml_has_the_published_shape() -> None:
    encoder = build_encoder("drml", "none", BP4D)
    head = encoder.make_head(12, 0, 0.0)
    assert encoder.facts.side_px == 170
    convolutions = (
        (3 * 11 * 11 + 1) * 32 + 64 * (32 * 9 + 1) * 32 + 64 * 2 * 32 + 2 * 32
        + (32 * 64 + 1) * 16 + (16 * 64 + 1) * 16 + (16 * 36 + 1) * 16 + (16 * 25 + 1) * 16
    )  # fmt: skip
    full = (16 * 27 * 27 + 1) * 4096 + (4096 + 1) * 2048
    assert count(encoder) == convolutions + full
    assert count(head) == (2048 + 1) * 12
    assert round((count(encoder) + count(head)) / 1e6) == 57
    assert encoder(torch.zeros(1, 3, 170, 170)).shape == (1, 2048)


@pytest.mark.parametrize(("name", "side_px"), [("vgg11", 16), ("test_vit", 30)])
def test_a_side_that_a_backbone_cannot_take_is_one_clear_error(name: str, side_px: int) -> None:
    with pytest.raises(InputError, match=f"--input-px: {name} takes no pictures of {side_px} pixels"):
        build_encoder(name, "none", BP4D, side_px)


def test_a_head_of_one_layer_can_be_narrowed_too() -> None:
    """The head of DRML is a single linear layer, so its parameters have one name less on their path."""
    with torch.device("meta"):
        encoder = build_encoder("drml", "none", BP4D)
    heads = Heads([encoder.make_head(len(BP4D), 8, 0.0) for _ in (0, 1)]).state_dict()
    meta = {"aus": list(BP4D), "heads": 2, "settings": {"backbone": "drml"}}
    kept = (BP4D[-1], BP4D[0])
    small, _ = narrowed({"heads": heads}, meta, kept, "here")
    assert len(heads) == 4
    for key, value in heads.items():
        assert torch.equal(small["heads"][key], value[[len(BP4D) - 1, 0]])


def test_regions_split_and_join_without_loss_and_have_weights_of_their_own() -> None:
    x = torch.randn(2, 3, 16, 16)
    parts = split_regions(x, 4)
    assert torch.equal(join_regions(parts, 4), x)
    assert torch.equal(parts[:, 3 * 5 : 3 * 6], x[:, :, 4:8, 4:8]), "patch 5 is row 1, column 1 of a 4 × 4 grid"
    layer = RegionLayer(3, 4).eval()
    changed = x.clone()
    changed[:, :, 4:8, 4:8] += 1
    differs = (layer(changed) != layer(x)).any(1)[0]
    assert differs[4:8, 4:8].float().mean() > 0.5
    differs[4:8, 4:8] = False
    assert not differs.any(), "a patch must not reach into its neighbours"
    same = torch.ones(1, 3, 16, 16)
    out = split_regions(layer(same), 4).reshape(16, 3, 4, 4)
    assert not torch.allclose(out[0], out[1])


def test_jaanet_has_the_published_shape() -> None:
    encoder = build_encoder("jaanet", "none", BP4D)
    head = encoder.make_head(12, 0, 0.0)
    tower = sum(
        9 * a * b + b + 2 * b for a, b in ((64, 96), (96, 96), (96, 128), (128, 128), (128, 160), (160, 160))
    )  # fmt: skip
    region = 0
    for inputs, outputs in ((3, 32), (32, 64)):
        region += 9 * inputs * outputs + outputs + 2 * outputs
        chain = (outputs, outputs // 2, outputs // 4, outputs // 4)
        for i, grid in enumerate((8, 4, 2)):
            region += grid * grid * (2 * chain[i] + 9 * chain[i] * chain[i + 1] + chain[i + 1])
    align = (4000 + 1) * 512 + (512 + 1) * 98
    refine = (9 + 1) * 64 + 2 * (9 * 64 + 1) * 64 + 3 * 128 + 9 * 64 + 1
    local = tower + (4000 + 1) * 64 + (64 + 1) * 2
    assert count(encoder) == region + 2 * tower + align + 12 * (refine + local)
    assert count(head) == (12000 + 1) * 512 + (512 + 1) * 24
    assert round((count(encoder) + count(head)) / 1e6, 1) == 25.2
    encoder.eval()
    features, extras = encoder(torch.zeros(1, 3, 176, 176))
    assert features.shape == (1, 12000)
    assert extras["landmarks"].shape == (1, 98)
    assert extras["local"].shape == (1, 12)


def test_attention_peaks_at_its_centres_and_follows_the_landmarks() -> None:
    points = torch.rand(1, LANDMARKS, 2, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.25
    pairs, shifts = centre_table(["AU12"])
    maps = attention_maps(points, pairs, shifts, 52)
    assert maps.min() == 0
    assert maps.max() == 1
    for landmark in CENTRES[12][:2]:
        x, y = (points[0, landmark] * 52).round().int().tolist()
        assert maps[0, 0, y, x] == 1
    half = round(51 / 2 * 0.14)
    assert (maps > 0).sum() <= 2 * (2 * half + 1) ** 2
    moved = attention_maps(points + 4 / 52, pairs, shifts, 52)
    assert torch.allclose(moved[..., 4:, 4:], maps[..., :-4, :-4], atol=1e-6)
    with pytest.raises(InputError, match="no region for AU 20"):
        centre_table(["AU20"])


def test_landmark_loss_is_relative_to_the_eye_distance_and_leaves_unknown_out() -> None:
    truth = torch.rand(3, LANDMARKS, 2)
    found = truth.flatten(1) + 0.1
    eyes = (truth[:, 19:25].mean(1) - truth[:, 25:31].mean(1)).square().sum(1)
    expected = (98 * 0.01 / (2 * eyes))[:2].mean()
    truth[2, 5] = float("nan")
    assert torch.allclose(landmark_loss(found, truth), expected, rtol=1e-4)
    assert landmark_loss(found[2:], truth[2:]) == 0


def overfit(name: str, columns: tuple[str, ...], lr: float, size: int) -> float:
    """Train on 64 pictures that show their labels as light or dark patches; return the share of labels it knows.

    Convolutions of this size are slow on a processor, hence two passes; dropout is off.
    """
    torch.manual_seed(0)
    encoder, labels = build_encoder(name, "none", columns), len(columns)
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    au = (torch.rand(64, labels) < 0.5).float()
    coarse = torch.randn(64, 3, 6, 6) * 0.3
    for i in range(labels):
        coarse[:, :, 1 + 3 * i : 3 + 3 * i, 2:4] += 2 * au[:, i, None, None, None] - 1
    x = F.interpolate(coarse, (encoder.facts.side_px,) * 2, mode="bilinear")
    marks = torch.full((LANDMARKS, 2), 0.5)
    marks[19:25], marks[25:31] = torch.tensor([0.35, 0.4]), torch.tensor([0.65, 0.4])
    marks = marks + torch.randn(64, LANDMARKS, 2) * 0.01
    heads = Heads([encoder.make_head(labels, 64, 0.0)])
    optimiser = torch.optim.AdamW([*encoder.parameters(), *heads.parameters()], lr)
    known, empty = torch.ones(size, labels), torch.empty(0)
    for start in 2 * list(range(0, 64, size)):
        rows = torch.arange(start, start + size)
        out = encoder(x[rows])
        features, extras = out if encoder.has_extras else (out, None)
        loss = au_loss(heads(features), au[rows], known)
        if extras is not None:
            batch = PairedBatch(empty, empty, empty, au[rows], known, empty, empty, marks[rows])
            loss = loss + encoder.extra_loss(extras, batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    detector = Detector(encoder, heads).eval()
    with torch.no_grad():
        probs = torch.cat([detector(x[i : i + 16]) for i in range(0, 64, 16)])
    return float(((probs > 0.5) == (au > 0)).float().mean())


@pytest.mark.slow
def test_drml_overfits_64_frames() -> None:
    assert overfit("drml", ("AU01", "AU12"), 3e-4, 8) > 0.95


@pytest.mark.slow
def test_jaanet_overfits_64_frames() -> None:
    assert overfit("jaanet", ("AU01",), 1e-3, 4) > 0.95


@pytest.mark.parametrize("name", ["resnet18", "test_vit", "mobilenetv3_small_050", "tf_efficientnet_lite0"])
def test_timm_backbones_give_one_feature_per_picture(name: str) -> None:
    encoder = build_encoder(name, "none", BP4D, 64).eval()
    with torch.no_grad():
        assert encoder(torch.zeros(2, 3, 64, 64)).shape == (2, encoder.feature_size)


def test_swin_base_is_that_of_the_paper() -> None:
    encoder = build_encoder("swin_base_patch4_window7_224", "none", BP4D)
    assert encoder.feature_size == 1024
    assert encoder.facts.side_px == 224
    assert encoder.facts.crop_ratio == 224 / 256
    assert encoder.facts.mean == (0.485, 0.456, 0.406)
    assert 86e6 < count(encoder) < 88e6


def test_unknown_backbones_and_sides_are_named() -> None:
    with pytest.raises(InputError, match="did you mean 'resnet18'"):
        build_encoder("resnet81", "none", BP4D)
    with pytest.raises(InputError, match="drml takes 170 pixels"):
        build_encoder("drml", "none", BP4D, 64)
    with pytest.raises(InputError, match="no ImageNet weights"):
        build_encoder("drml", "imagenet", BP4D)


def test_weights_that_cannot_be_had_are_an_error_not_a_random_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from train.models import timm_backbones

    original = timm_backbones.timm.create_model

    def offline(name: str, pretrained: bool = False, **options: object) -> nn.Module:
        if pretrained:
            raise OSError("no network")
        return original(name, pretrained=False, **options)

    monkeypatch.setattr(timm_backbones.timm, "create_model", offline)
    with pytest.raises(InputError, match="cannot be had"):
        build_encoder("test_resnet", "imagenet", BP4D)


def test_weights_of_a_file_arrive_whole_or_not_at_all(tmp_path: Path) -> None:
    torch.manual_seed(1)
    teacher = build_encoder("test_resnet", "none", BP4D, 32)
    torch.save(teacher.state_dict(), tmp_path / "named.pth")
    renamed = {f"other{i}": value for i, value in enumerate(teacher.net.state_dict().values())}
    torch.save(renamed | {"fc.weight": torch.zeros(10, 3)}, tmp_path / "renamed.pth")
    for file in ("named.pth", "renamed.pth"):
        torch.manual_seed(2)
        pupil = build_encoder("test_resnet", str(tmp_path / file), BP4D, 32)
        for key, value in teacher.state_dict().items():
            assert torch.equal(pupil.state_dict()[key], value)
    torch.save(dict(list(teacher.state_dict().items())[:-3]), tmp_path / "short.pth")
    with pytest.raises(InputError, match="do not fit"):
        build_encoder("test_resnet", str(tmp_path / "short.pth"), BP4D, 32)
    before = {key: value.clone() for key, value in teacher.net.state_dict().items()}
    with pytest.raises(InputError):
        fit_state(teacher.net, read_weights(tmp_path / "short.pth"), "here")
    assert all(torch.equal(value, before[key]) for key, value in teacher.net.state_dict().items())


def test_weights_files_run_no_code(tmp_path: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil(), protocol=2))
    for file, message in (("evil.pth", "no weights file"), ("absent.pth", "no such weights file")):
        with pytest.raises(InputError, match=message):
            read_weights(tmp_path / file)
    torch.save({"a": 1}, tmp_path / "plain.pth")
    with pytest.raises(InputError, match="no state dictionary"):
        read_weights(tmp_path / "plain.pth")
    (tmp_path / "bad.safetensors").write_bytes(b"x" * 20)
    with pytest.raises(InputError, match="no weights file"):
        read_weights(tmp_path / "bad.safetensors")
    assert not (tmp_path / "ran").exists()


def test_a_detector_averages_probabilities_of_its_heads() -> None:
    encoder = build_encoder("test_resnet", "none", BP4D, 32)
    heads = Heads([encoder.make_head(12, 8, 0.0) for _ in range(2)])
    detector = Detector(encoder, heads).eval()
    x = torch.randn(3, 3, 32, 32)
    with torch.no_grad():
        features = encoder(x)
        expected = (heads.members[0](features).sigmoid() + heads.members[1](features).sigmoid()) / 2
        assert np.allclose(detector(x).numpy(), expected.numpy(), atol=1e-6)
