"""Draws the pictures of one simulated recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from assets.rig_bundle import load_rig
from assets.standin import standin_corpus
from synth.avatars.build import build_avatar
from synth.avatars.mesh import AvatarMesh
from synth.avatars.pose import pose_vertices
from synth.render.choose import open_renderer
from synth.render.protocol import Renderer
from synth.render.scene import Pose, Scene
from synth.standin.exposure import Exposure, Film
from synth.standin.scenes import subject_scene
from synth.standin.subjects import Subject, subject_spec

if TYPE_CHECKING:
    from synth.standin.sequence import StandinSequence

OVERSAMPLE = 1.5
"""Pictures are drawn this much larger, one sample per pixel, and averaged: 2.25 samples per pixel, at 0.6 of the
cost of 4; the lens blur hides the difference."""

BLOCK = 8
"""Frames that are posed together. Blocks begin at multiples of this, so that pictures do not depend on the start."""


@dataclass
class _Stage:
    """A renderer of this process and what was last put before it."""

    renderer: Renderer
    mesh: AvatarMesh | None = None
    scene: Scene | None = None

    def take(self, mesh: AvatarMesh, scene: Scene) -> None:
        """Load a subject and a scene unless they are there already."""
        if self.mesh is not mesh or self.scene != scene:
            self.renderer.load(mesh, scene)
            self.mesh, self.scene = mesh, scene


@cache
def _stage(renderer: str, size_px: int) -> _Stage:
    """Return the stage of a kind; it lives as long as the process."""
    return _Stage(open_renderer(renderer, size_px, 1))


@lru_cache(maxsize=2)
def _mesh(rig: str, corpus: str, person: Subject, seed: int) -> AvatarMesh:
    """Build a subject; the recordings of one subject come one after the other and share it."""
    loaded = load_rig(rig)
    return build_avatar(loaded, subject_spec(loaded, standin_corpus(corpus), person, seed))


class Studio:
    """One subject in one scene before one camera.

    Parameters
    ----------
    recording : StandinSequence
    """

    def __init__(self, recording: StandinSequence) -> None:
        self.recording = recording
        corpus, seed = recording.corpus, recording.seed
        self.mesh = _mesh(recording.rig, corpus.name, recording.person, seed)
        self.scene = subject_scene(corpus, recording.subject, self.mesh.spec.skin_ita_deg, seed)
        self.exposure = Exposure(self.scene.sensor, seed, *recording.keys)
        self.drawn_px = round(OVERSAMPLE * max(corpus.camera.width_px, corpus.camera.height_px))

    def record(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the JPEGs of planned frames ``start`` to ``stop``.

        The renderer draws squares; the picture is the middle of the square's lower end.
        """
        camera = self.recording.corpus.camera
        size = (camera.width_px, camera.height_px)
        width, height = (round(OVERSAMPLE * side) for side in size)
        left, top = (self.drawn_px - width) // 2, self.drawn_px - height
        stage = _stage(self.recording.renderer, self.drawn_px)
        for first in range(start - start % BLOCK, stop, BLOCK):
            truth = self.recording.truth(first, first + BLOCK)
            spare = BLOCK - len(truth.weights)
            weights = np.pad(truth.weights, ((0, spare), (0, 0)))
            gaze = np.pad(truth.gaze_rad, ((0, spare), (0, 0), (0, 0)))
            positions, normals = pose_vertices(self.mesh, weights, gaze)
            for row in range(max(start - first, 0), min(stop - first, BLOCK)):
                eyes = OVERSAMPLE * truth.eyes_px[row] + [left, top]
                pose = Pose(truth.rotation[row], eyes, OVERSAMPLE * float(truth.px_per_mm[row]))
                stage.take(self.mesh, self.scene)
                drawn = stage.renderer.draw(positions[row], normals[row], truth.weights[row], pose)
                window = drawn[top : top + height, left : left + width]
                picture = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
                yield self.exposure.record(picture, int(self.recording.frames[first + row]))


_FILM = Film()


def film_pictures(recording: StandinSequence, start: int, stop: int) -> Iterator[np.ndarray]:
    """Yield the pictures (H, W, 3) uint8 of planned frames ``start`` to ``stop``, kept ones without drawing."""
    roll = (recording.corpus.name, recording.person, recording.seed, recording.renderer, recording.rig)
    row = start
    while row < stop:
        place = (recording.name, int(recording.frames[row]))
        kept = _FILM.find(roll, place)
        if kept is not None:
            yield kept
            row += 1
            continue
        for coded in Studio(recording).record(row, stop):
            yield _FILM.keep(roll, (recording.name, int(recording.frames[row])), coded)
            row += 1
