"""Pieces of the renderers that need no avatar: choice, scenes, backgrounds, resolving, sheets."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assets.errors import InputError
from assets.keyed import rng_for
from synth.avatars.visibility import sphere_directions, visible_share
from synth.render.background import paint_background
from synth.render.choose import NAMES, RendererProbe, _working, choose_renderer, open_renderer, probe, probe_renderers
from synth.render.resolve import SAMPLE_RANGE, resolve, tone
from synth.render.scene import Background
from synth.render.scenes import DISTANCE_MM, sample_scene, scene_from_json, scene_to_json
from synth.render.shading import pigment_tint
from synth.render.sheet import contact_sheet
from synth.render.software import picture_pyramid

ROOT = Path(__file__).resolve().parents[2]


def test_unknown_renderer_is_a_user_mistake_with_a_hint() -> None:
    with pytest.raises(InputError, match="did you mean 'software'"):
        open_renderer("sofware")


@pytest.mark.parametrize(("size", "samples"), [(256, 3), (8, 4), (4096, 1), (255, 2)])
def test_impossible_size_or_samples_are_user_mistakes(size: int, samples: int) -> None:
    with pytest.raises(InputError):
        open_renderer("software", size, samples)


def test_probes_cover_all_renderers_and_software_always_works() -> None:
    found = probe_renderers()
    assert [trial.name for trial in found] == list(NAMES)
    assert found[-1].available
    assert all(trial.mend for trial in found if not trial.available)
    assert choose_renderer("auto") == next(t.name for t in found if t.available and not t.on_processor)


@pytest.mark.parametrize(
    ("device", "expected"),
    [("llvmpipe (LLVM 15.0.6, 256 bits)", "software"), ("softpipe", "software"), ("NVIDIA H100/PCIe/SSE2", "egl")],
)
def test_auto_takes_opengl_only_where_a_graphics_card_draws(
    monkeypatch: pytest.MonkeyPatch, device: str, expected: str
) -> None:
    monkeypatch.setattr(
        "synth.render.choose.probe", lambda name: probe(name) if name == "software" else _working(name, device)
    )
    assert choose_renderer("auto") == expected
    assert choose_renderer("egl") == "egl"


def test_broken_renderer_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RendererProbe("egl", False, "libEGL is not installed", "apt-get install libegl1")
    monkeypatch.setattr("synth.render.choose.probe", lambda name: broken if name == "egl" else probe(name))
    with pytest.raises(InputError, match="apt-get install libegl1"):
        choose_renderer("egl")


@pytest.mark.skipif(not probe("egl").available, reason="OpenGL does not work here")
def test_opengl_needs_no_library_of_an_x_display() -> None:
    """A server with a graphics card has none; pyrender's viewer, which nobody opens, asks for them through pyglet."""
    program = (
        "import ctypes\n"
        "load = ctypes.cdll.LoadLibrary\n"
        "def without(name):\n"
        "    if 'libX' in name:\n"
        "        raise OSError(name)\n"
        "    return load(name)\n"
        "ctypes.cdll.LoadLibrary = without\n"
        "import synth.render.gl\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]


def test_scenes_survive_json_exactly_and_are_plausible() -> None:
    for number in range(20):
        scene = sample_scene(rng_for(0, number))
        assert scene_from_json(scene_to_json(scene)) == scene
        assert DISTANCE_MM[0] <= scene.camera_distance_mm <= DISTANCE_MM[1]
        assert all(np.linalg.norm(light.direction) == pytest.approx(1) for light in scene.lights)
    with pytest.raises(InputError):
        scene_from_json('{"lights": []}')


def test_background_is_a_gradient_with_keyed_blobs() -> None:
    plain = paint_background(Background((0.5,) * 3, (0.1,) * 3), 64)
    assert (np.diff(plain[:, 0, 0].astype(int)) <= 0).all()
    assert (plain == plain[:, :1]).all()
    one, other = (paint_background(Background((0.5,) * 3, (0.1,) * 3, 0.5, seed), 64) for seed in (1, 2))
    assert not np.array_equal(one, other)
    assert np.array_equal(one, paint_background(Background((0.5,) * 3, (0.1,) * 3, 0.5, 1), 64))


@pytest.mark.parametrize("factor", [1.0, 1.5, 2.0, 3.0])
def test_resolving_keeps_a_constant_and_the_background(factor: float) -> None:
    size = 16
    samples = np.zeros((int(size * factor),) * 2 + (4,), np.uint8)
    background = np.full((size, size, 3), 77, np.uint8)
    assert (resolve(samples, background) == 77).all()
    samples[:] = [128, 64, 32, 255]
    expected = tone(SAMPLE_RANGE * (np.array([128, 64, 32]) / 255) ** 2)
    assert np.abs(resolve(samples, background).astype(float) - expected).max() <= 1


@pytest.mark.parametrize("factor", [1.5, 2.0])
def test_resolving_mixes_by_covered_area(factor: float) -> None:
    """A half plane over black covers each pixel by its share of the area."""
    size, edge = 16, 7.5
    fine = int(size * factor)
    samples = np.zeros((fine, fine, 4), np.uint8)
    column = int(edge * factor)
    samples[:, :column] = [200, 200, 200, 255]
    picture = resolve(samples, np.zeros((size, size, 3), np.uint8)).astype(float)
    full = tone(SAMPLE_RANGE * (200 / 255) ** 2)
    cover = np.clip(column / factor - np.arange(size), 0, 1)
    assert np.abs(picture[0, :, 0] - cover * full).max() <= 1.5


def test_tone_curve_rises_and_does_not_clip_below_full_light() -> None:
    values = tone(np.linspace(0, 1, 200))
    assert (np.diff(values) > 0).all()
    assert values[-1] < 250


def test_pigments_follow_beer_and_lambert() -> None:
    assert np.allclose(pigment_tint(0, 0), 1)
    assert np.allclose(pigment_tint(0.1, 0.2) * pigment_tint(0.3, -0.1), pigment_tint(0.4, 0.1), rtol=1e-5)
    more = pigment_tint(0.2, 0.0)
    assert more[2] < more[1] < more[0] < 1


def test_pyramid_levels_are_box_means() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 96, 4)).astype(np.uint8)
    texels, offsets, widths, heights = picture_pyramid(picture)
    assert list(widths[:3]) == [96, 48, 24]
    level = texels[offsets[1] : offsets[2]].reshape(heights[1], widths[1], 4)
    means = picture.reshape(32, 2, 48, 2, 4).astype(float).mean((1, 3))
    assert np.abs(level - means).max() <= 0.5 + 1e-6


def test_visibility_of_a_plate_under_a_roof() -> None:
    """A plate half covered by a roof sees half of its sky; the fit knows from where."""
    plate = np.array([[x, 0, z] for x in np.linspace(-40, 40, 9) for z in np.linspace(-40, 40, 9)], float)
    quads = [[9 * i + j, 9 * i + j + 1, 9 * i + j + 10, 9 * i + j + 9] for i in range(8) for j in range(8)]
    roof = np.array([[0, 1.0, -400], [0, 300, -400], [0, 300, 400], [0, 1.0, 400]], float)
    points = np.concatenate([plate, roof])
    faces = np.array([*quads, [81, 82, 83, 84]])
    triangles = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    normals = np.tile([0.0, 1.0, 0.0], (len(points), 1))
    occlusion, fit = visible_share(points, normals, triangles)
    beside = 40 + 9 * 2  # well to the right of the wall at x = 0
    assert 0.35 < occlusion[beside] < 0.75
    towards_wall, away = np.array([1, -0.7, 0.7, 0]), np.array([1, 0.7, 0.7, 0])
    assert fit[beside] @ away > fit[beside] @ towards_wall + 0.4


def test_directions_cover_the_sphere_evenly() -> None:
    directions = sphere_directions(500)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    assert np.abs(directions.mean(0)).max() < 0.01
    assert np.allclose(directions.T @ directions / 500, np.eye(3) / 3, atol=0.01)


def test_contact_sheet_lays_pictures_out_in_rows() -> None:
    pictures = [np.full((20, 30, 3), value, np.uint8) for value in (50, 100, 150)]
    sheet = contact_sheet([*pictures, None], 2)
    assert sheet.shape == (2 * 24 + 4, 2 * 34 + 4, 3)
    assert (sheet[4:24, 4:34] == 50).all()
    assert (sheet[28:48, 4:34] == 150).all()
    captioned = contact_sheet(pictures, 3, ["a", "b", "c"])
    assert captioned.shape[0] > 28
    with pytest.raises(ValueError, match="one size"):
        contact_sheet([pictures[0], pictures[1][:10]], 2)
