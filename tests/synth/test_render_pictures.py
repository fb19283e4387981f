"""Both renderers on the default rig: same picture, right place, light and expression where they belong."""

from collections.abc import Iterator

import numpy as np
import pytest

from assets.rig import MATERIALS
from assets.rig_bundle import load_rig
from assets.units import UNIT_INDEX
from synth.avatars.build import build_avatar
from synth.avatars.gallery import head_turn, unit_weights
from synth.avatars.mesh import AvatarMesh
from synth.avatars.pose import pose_vertices
from synth.avatars.sample import sample_avatars
from synth.render.camera import project
from synth.render.choose import open_renderer, probe
from synth.render.protocol import Renderer
from synth.render.scene import Background, Light, Pose, Scene

GREEN = Background((0.0, 1.0, 0.0), (0.0, 1.0, 0.0))
SCENE = Scene((Light((0.5, 0.4, 0.77), (0.7, 0.7, 0.7)),), (0.35, 0.35, 0.35), GREEN, 900.0)
SIZE = 128


@pytest.fixture(scope="module")
def mesh() -> AvatarMesh:
    rig = load_rig("hm08")
    return build_avatar(rig, sample_avatars(0, rig, 4)[3])


@pytest.fixture(scope="module")
def software(mesh: AvatarMesh) -> Iterator[Renderer]:
    renderer = open_renderer("software", SIZE, 4)
    renderer.load(mesh, SCENE)
    yield renderer
    renderer.close()


@pytest.fixture(scope="module")
def hardware(mesh: AvatarMesh) -> Iterator[Renderer]:
    name = next((name for name in ("egl", "osmesa") if probe(name).available), None)
    if name is None:
        pytest.skip(f"no OpenGL here: {probe('egl').reason}; {probe('osmesa').reason}")
    renderer = open_renderer(name, SIZE, 4)
    yield renderer
    renderer.close()


def _draw(renderer: Renderer, mesh: AvatarMesh, weights: np.ndarray, pose: Pose, gaze=None) -> np.ndarray:
    positions, normals = pose_vertices(mesh, weights[None], gaze)
    return renderer.draw(positions[0], normals[0], weights, pose).copy()


def _drawn(picture: np.ndarray) -> np.ndarray:
    """Return where something stands before the green background."""
    red, green, blue = np.moveaxis(picture.astype(int), -1, 0)
    return ~((green > 200) & (red < 60) & (blue < 60))


@pytest.mark.parametrize("yaw", [0.0, 0.5, -0.6])
def test_both_renderers_draw_the_same(mesh: AvatarMesh, hardware: Renderer, software: Renderer, yaw: float) -> None:
    hardware.load(mesh, SCENE)
    weights, pose = unit_weights((1, 6, 12, 26), 0.8), Pose(head_turn(yaw))
    one, other = (_draw(renderer, mesh, weights, pose).astype(int) for renderer in (hardware, software))
    face = np.s_[40:110, 35:95]
    assert np.abs(one - other)[face].mean() < 2.5
    assert np.abs(one - other).mean() < 3.5
    assert (_drawn(one) != _drawn(other)).mean() < 0.01


def test_closing_one_renderer_leaves_the_others_of_the_process(mesh: AvatarMesh, hardware: Renderer) -> None:
    hardware.load(mesh, SCENE)
    weights, pose = np.zeros(52, np.float32), Pose(np.eye(3))
    before = _draw(hardware, mesh, weights, pose)
    other = open_renderer(hardware.name, SIZE, 1)
    other.load(mesh, SCENE)
    _draw(other, mesh, weights, pose)
    other.close()
    assert np.array_equal(_draw(hardware, mesh, weights, pose), before)


def test_eyes_are_drawn_where_the_framing_puts_them(mesh: AvatarMesh, software: Renderer) -> None:
    """Looking left or right changes pixels around the projected eye centres and nowhere else."""
    weights, pose = np.zeros(52, np.float32), Pose(np.eye(3))
    ahead = _draw(software, mesh, weights, pose).astype(int)
    aside = _draw(software, mesh, weights, pose, np.full((1, 2, 2), [0.4, 0.0])).astype(int)
    rows, columns = np.nonzero(np.abs(ahead - aside).sum(2) > 40)
    places = np.stack([columns, rows], 1) + 0.5
    eyes = project(mesh.eye_centres_mm, pose, SCENE, SIZE)
    distance = np.linalg.norm(places[:, None] - eyes, axis=2).min(1)
    assert len(places) > 20
    assert distance.max() < 14 * 0.00425 * SIZE * 1.4
    for eye in eyes:
        near = np.linalg.norm(places - eye, axis=1) < 8
        assert np.abs(places[near].mean(0) - eye).max() < 4


def test_silhouette_agrees_with_projected_vertices(mesh: AvatarMesh, software: Renderer) -> None:
    """Every front skin vertex that projects into the picture lies on a drawn pixel."""
    pose = Pose(head_turn(0.3))
    weights = np.zeros(52, np.float32)
    positions, _ = pose_vertices(mesh, weights[None])
    picture = _draw(software, mesh, weights, pose)
    skin = mesh.materials == MATERIALS.index("skin")
    pixels = project(positions[0][skin], pose, SCENE, SIZE)
    inside = ((pixels > 1) & (pixels < SIZE - 1)).all(1)
    columns, rows = np.floor(pixels[inside]).astype(int).T
    assert _drawn(picture)[rows, columns].mean() > 0.98


def test_mirrored_weights_on_a_mirrored_light_mirror_the_change(mesh: AvatarMesh, software: Renderer) -> None:
    """A left smile moves the picture's right half more than its left half, a right smile the other way round."""
    pose = Pose(np.eye(3))
    rest = _draw(software, mesh, np.zeros(52, np.float32), pose).astype(int)
    shares = []
    for unit in ("mouthSmileLeft", "mouthSmileRight"):
        weights = np.zeros(52, np.float32)
        weights[UNIT_INDEX[unit]] = 1
        change = np.abs(_draw(software, mesh, weights, pose).astype(int) - rest).sum(2)
        shares.append(change[:, SIZE // 2 :].sum() / change.sum())
    assert shares[0] > 0.75
    assert shares[1] < 0.25


def test_light_from_the_left_brightens_the_left(mesh: AvatarMesh) -> None:
    renderer = open_renderer("software", 64, 1)
    halves = []
    for side in (-1.0, 1.0):
        renderer.load(mesh, Scene((Light((side * 0.9, 0.2, 0.38), (0.8,) * 3),), (0.15,) * 3, GREEN))
        picture = _draw(renderer, mesh, np.zeros(52, np.float32), Pose(np.eye(3))).astype(float).mean(2)
        halves.append(picture[24:44, 18:30].mean() - picture[24:44, 34:46].mean())
    assert halves[0] > 15
    assert halves[1] < -15


def test_pictures_are_deterministic_and_loading_resets(mesh: AvatarMesh, software: Renderer) -> None:
    pose, weights = Pose(head_turn(-0.2)), unit_weights((4, 15))
    first = _draw(software, mesh, weights, pose)
    _draw(software, mesh, unit_weights((26,)), Pose(head_turn(0.4)))
    assert np.array_equal(first, _draw(software, mesh, weights, pose))


def test_hardware_pictures_are_deterministic(mesh: AvatarMesh, hardware: Renderer) -> None:
    pose, weights = Pose(head_turn(-0.2)), unit_weights((4, 15))
    hardware.load(mesh, SCENE)
    first = _draw(hardware, mesh, weights, pose)
    hardware.load(mesh, SCENE)
    assert np.array_equal(first, _draw(hardware, mesh, weights, pose))
