# ruff: noqa: E402
"""Drawing with OpenGL, as a subclass of pyrender's renderer: the one module that imports either.

pyrender gives the off-screen context, the texture upload and the shader cache. The frame loop is our
own: vertices are lit by the software renderer's kernel and streamed into one buffer, everything else is
uploaded once per avatar, and the projection is upside down so that the picture needs no flip after it is read.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
os.environ.setdefault("LP_NUM_THREADS", "0")
import OpenGL

if os.environ["PYOPENGL_PLATFORM"] == "egl":
    os.environ["PYGLET_HEADLESS"] = "1"  # pyrender imports pyglet, and it the libraries of an X display otherwise
    import OpenGL.EGL  # must come before error checking is switched off (PyOpenGL 3.1.10)
OpenGL.ERROR_CHECKING = False
OpenGL.ERROR_LOGGING = False

import numpy as np
import pyrender
from OpenGL import GL
from pyrender.renderer import Renderer as PyrenderRenderer
from pyrender.shader_program import ShaderProgram, ShaderProgramCache

from synth.avatars.mesh import AvatarMesh
from synth.framing import HEAD_SCALE
from synth.render.background import paint_background
from synth.render.raster_kernels import CORNER, light_vertices
from synth.render.resolve import resolve
from synth.render.scene import Pose, Scene
from synth.render.shading import FrameTerms, StaticTerms, frame_terms, root_texture, static_terms

SHADERS = Path(__file__).parent / "shaders"

SIDE_OF_SAMPLES = {1: 1.0, 2: 1.5, 4: 2.0, 9: 3.0, 16: 4.0}
NEAREST_FROM_SAMPLES = 4
"""From so many samples per pixel on, their average smooths the texture, and the cheaper lookup will do."""


class GLRenderer(PyrenderRenderer):
    """Draws with OpenGL in an off-screen context; see `synth.render.protocol.Renderer`.

    Parameters
    ----------
    platform : str
        ``egl`` or ``osmesa``; one of them per process, fixed by the first use.
    size_px : int
        Side of the pictures.
    samples : int
        Samples per pixel: 1, 2 (one and a half along each side), 4, 9 or 16.
    """

    def __init__(self, platform: str, size_px: int, samples: int) -> None:
        self.name, self.size_px, self.samples = platform, size_px, samples
        self._side = round(size_px * SIDE_OF_SAMPLES[samples])
        self._context = _open_context(platform, self._side)
        super().__init__(self._side, self._side)
        self._program_cache = ShaderProgramCache(shader_dir=str(SHADERS))
        self._places: dict[tuple[int, str], int] = {}
        self._programs = {
            "solid": self._program("face.vert", "face.frag", {}),
            "strand": self._program("face.vert", "face.frag", {"STRAND": 1}),
            "cut": self._program("face.vert", "face.frag", {"STRAND": 1, "CUT": 1}),
            "eye": self._program("eye.vert", "eye.frag", {}),
        }
        self._make_target()
        self._pixels = np.empty((self._side, self._side, 4), np.uint8)
        self._buffers: list[int] = []
        self._textures: list[pyrender.Texture] = []
        self._mesh: AvatarMesh | None = None

    def load(self, mesh: AvatarMesh, scene: Scene) -> None:
        """Upload everything that does not change from frame to frame."""
        self._context.make_current()
        self._unload()
        self._mesh, self._scene = mesh, scene
        self._background = paint_background(scene.background, self.size_px)
        self._upload_geometry(mesh)
        for picture in (root_texture(mesh.texture), mesh.crease_map):
            texture = pyrender.Texture(source=picture, source_channels="RGBA")
            smooth = self.samples < NEAREST_FROM_SAMPLES
            texture.sampler.minFilter = GL.GL_LINEAR_MIPMAP_NEAREST if smooth else GL.GL_NEAREST_MIPMAP_NEAREST
            texture.sampler.wrapS = texture.sampler.wrapT = GL.GL_CLAMP_TO_EDGE
            texture._add_to_context()
            self._textures.append(texture)
        self._fixed = static_terms(mesh, scene)
        self._set_static(self._fixed)
        GL.glDisable(GL.GL_BLEND)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LESS)
        GL.glCullFace(GL.GL_BACK)
        GL.glFrontFace(GL.GL_CW)
        GL.glClearColor(0.0, 0.0, 0.0, 0.0)

    def draw(self, positions_mm: np.ndarray, normals: np.ndarray, weights: np.ndarray, pose: Pose) -> np.ndarray:
        """Return the picture (size, size, 3) uint8; see `synth.render.protocol.Renderer.draw`."""
        self.submit(positions_mm, normals, weights, pose)
        return self.read()

    def submit(self, positions_mm: np.ndarray, normals: np.ndarray, weights: np.ndarray, pose: Pose) -> None:
        """Stream a frame to the context and draw it, without reading it."""
        if self._mesh is None:
            raise RuntimeError("load an avatar before drawing")
        self._context.make_current()  # another renderer of this process may have drawn since
        terms = frame_terms(self._mesh, self._scene, positions_mm, weights, pose, self.size_px)
        self._stream(np.ascontiguousarray(positions_mm, np.float32), normals, terms)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._target)
        GL.glViewport(0, 0, self._side, self._side)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT)
        GL.glBindVertexArray(self._array)
        for unit, texture in enumerate(self._textures):
            GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
            texture._bind()
        for name in ("solid", "eye", "strand", "cut"):
            first, count = self._mesh.ranges[name]
            if not count:
                continue
            self._programs[name]._bind()
            self._set_frame(name, terms)
            (GL.glDisable if name in ("strand", "cut") else GL.glEnable)(GL.GL_CULL_FACE)
            GL.glDrawElements(GL.GL_TRIANGLES, 3 * count, GL.GL_UNSIGNED_INT, ctypes.c_void_p(12 * first))

    def read(self) -> np.ndarray:
        """Return the picture drawn last, (size, size, 3) uint8, over the background."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._target)
        GL.glReadPixels(0, 0, self._side, self._side, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, self._pixels)
        return resolve(self._pixels, self._background)

    def close(self) -> None:
        """Give back the context."""
        if self._context is None:
            return
        self._unload()
        self._program_cache.clear()
        _drop_context(self._context)
        self._context = None

    def _program(self, vertex: str, fragment: str, defines: dict[str, int]) -> ShaderProgram:
        program = self._program_cache.get_program(vertex, fragment, defines=defines)
        if not program._in_context():
            program._add_to_context()
        return program

    def _make_target(self) -> None:
        self._target = GL.glGenFramebuffers(1)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._target)
        for attachment, kind in (
            (GL.GL_COLOR_ATTACHMENT0, GL.GL_RGBA8),
            (GL.GL_DEPTH_ATTACHMENT, GL.GL_DEPTH_COMPONENT24),
        ):
            store = GL.glGenRenderbuffers(1)
            GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, store)
            GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, kind, self._side, self._side)
            GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, attachment, GL.GL_RENDERBUFFER, store)
        if GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) != GL.GL_FRAMEBUFFER_COMPLETE:
            raise RuntimeError(f"no framebuffer of {self._side} pixels")
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)

    def _upload_geometry(self, mesh: AvatarMesh) -> None:
        count = len(mesh.rest_mm)
        self._used = np.ones(count, np.bool_)
        self._corner = np.zeros((count, CORNER), np.float32)
        self._corner[:, 6:8] = mesh.uv
        self._array = GL.glGenVertexArrays(1)
        self._dynamic, indices = GL.glGenBuffers(2)
        self._buffers = [int(self._dynamic), int(indices)]
        GL.glBindVertexArray(self._array)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._dynamic)
        GL.glBufferData(GL.GL_ARRAY_BUFFER, (12 + self._corner.strides[0]) * count, None, GL.GL_STREAM_DRAW)
        GL.glVertexAttribPointer(0, 3, GL.GL_FLOAT, GL.GL_FALSE, 12, ctypes.c_void_p(0))
        for place, width, start in ((1, 3, 0), (2, 3, 3), (3, 2, 6), (4, 3, 8)):
            offset = ctypes.c_void_p(12 * count + 4 * start)
            GL.glVertexAttribPointer(place, width, GL.GL_FLOAT, GL.GL_FALSE, self._corner.strides[0], offset)
        for place in range(5):
            GL.glEnableVertexAttribArray(place)
        triangles = np.ascontiguousarray(mesh.triangles, np.uint32)
        GL.glBindBuffer(GL.GL_ELEMENT_ARRAY_BUFFER, indices)
        GL.glBufferData(GL.GL_ELEMENT_ARRAY_BUFFER, triangles.nbytes, triangles, GL.GL_STATIC_DRAW)

    def _stream(self, positions: np.ndarray, normals: np.ndarray, frame: FrameTerms) -> None:
        """Light the vertices and send them."""
        mesh, fixed = self._mesh, self._fixed
        if mesh is None:
            return
        light_vertices(
            positions, np.ascontiguousarray(normals, np.float32), mesh.occlusion, mesh.visibility, mesh.materials,
            mesh.crease_regions, self._used, fixed.material, frame.light_direction, fixed.light_colour,
            fixed.light_count, fixed.sky, fixed.ground, frame.up, frame.camera, frame.fold, self._corner,
        )  # fmt: skip
        size = positions.nbytes
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._dynamic)
        GL.glBufferData(GL.GL_ARRAY_BUFFER, size + self._corner.nbytes, None, GL.GL_STREAM_DRAW)
        GL.glBufferSubData(GL.GL_ARRAY_BUFFER, 0, size, positions)
        GL.glBufferSubData(GL.GL_ARRAY_BUFFER, size, self._corner.nbytes, self._corner)

    def _place(self, program: ShaderProgram, name: str) -> int:
        key = (program._program_id, name)
        if key not in self._places:
            self._places[key] = GL.glGetUniformLocation(program._program_id, name)
        return self._places[key]

    def _set_static(self, terms: StaticTerms) -> None:
        for program in self._programs.values():
            program._bind()
            GL.glUniform3fv(self._place(program, "light_colour"), 4, terms.light_colour)
            GL.glUniform1i(self._place(program, "light_count"), terms.light_count)
            GL.glUniform3fv(self._place(program, "sky"), 1, terms.sky)
            GL.glUniform3fv(self._place(program, "ground"), 1, terms.ground)
            GL.glUniform3fv(self._place(program, "tint"), 1, terms.tint)
            GL.glUniform3fv(self._place(program, "centre"), 2, terms.centre)
            GL.glUniform4fv(self._place(program, "tile"), 1, terms.tile)
            GL.glUniform1f(self._place(program, "iris_rad"), terms.iris_rad)
            GL.glUniform1i(self._place(program, "albedo_map"), 0)
            GL.glUniform1i(self._place(program, "crease_map"), 1)

    def _set_frame(self, name: str, terms: FrameTerms) -> None:
        program = self._programs[name]
        GL.glUniformMatrix4fv(self._place(program, "to_clip"), 1, GL.GL_TRUE, terms.to_clip)
        if name == "eye":
            GL.glUniform3fv(self._place(program, "light_direction"), 4, terms.light_direction)
            GL.glUniform3fv(self._place(program, "up"), 1, terms.up)
            GL.glUniform3fv(self._place(program, "camera"), 1, terms.camera)
            GL.glUniformMatrix3fv(self._place(program, "to_gaze"), 2, GL.GL_TRUE, terms.to_gaze)
            GL.glUniform4fv(self._place(program, "lid"), 2, terms.lid)

    def _unload(self) -> None:
        for texture in self._textures:
            texture.delete()
        self._textures = []
        if self._buffers:
            GL.glDeleteBuffers(len(self._buffers), self._buffers)
            GL.glDeleteVertexArrays(1, [int(self._array)])
            self._buffers = []
        self._mesh = None


def _open_context(platform: str, side: int) -> pyrender.platforms.base.Platform:
    """Return a current context of the platform."""
    if platform == "egl":
        from pyrender.platforms import egl

        context = egl.EGLPlatform(side, side, device=egl.get_device_by_index(int(os.environ.get("EGL_DEVICE_ID", "0"))))
    else:
        from pyrender.platforms.osmesa import OSMesaPlatform

        context = OSMesaPlatform(side, side)
    context.init_context()
    context.make_current()
    return context


def _drop_context(context: pyrender.platforms.base.Platform) -> None:
    """Give a context back. An EGL display stays open: the other renderers of the process share it."""
    if hasattr(context, "_egl_context"):
        OpenGL.EGL.eglMakeCurrent(context._egl_display, None, None, None)
        OpenGL.EGL.eglDestroyContext(context._egl_display, context._egl_context)
    else:
        context.delete_context()


def device_name() -> str:
    """Return what the current context draws with, for example ``llvmpipe (LLVM 15.0.6, 256 bits)``."""
    return bytes(GL.glGetString(GL.GL_RENDERER) or b"").decode()


class StockRenderer:
    """pyrender as it comes, for comparison: its own shader, scene graph and fourfold multisampling.

    Buffers are kept between frames, which is the cheapest way to use it for a moving mesh.

    Parameters
    ----------
    mesh : AvatarMesh
    scene : Scene
    size_px : int
    """

    def __init__(self, mesh: AvatarMesh, scene: Scene, size_px: int) -> None:
        texture = pyrender.Texture(source=np.ascontiguousarray(mesh.texture[..., :3]), source_channels="RGB")
        material = pyrender.MetallicRoughnessMaterial(
            baseColorTexture=texture, metallicFactor=0.0, roughnessFactor=mesh.spec.roughness
        )
        self._primitive = pyrender.Primitive(
            positions=mesh.rest_mm, normals=mesh.rest_mm, texcoord_0=mesh.uv, indices=mesh.triangles, material=material
        )
        self._scene = pyrender.Scene(ambient_light=list(scene.ambient))
        self._scene.add(pyrender.Mesh([self._primitive]))
        for light in scene.lights:
            forward = np.asarray(light.direction, float)
            across = np.cross([0.0, 1.0, 0.0], forward)
            across /= np.linalg.norm(across)
            pose = np.eye(4)
            pose[:3, :3] = np.stack([across, np.cross(forward, across), forward], 1)
            colour = np.asarray(light.colour) / max(light.colour)
            self._scene.add(pyrender.DirectionalLight(colour, 3.0 * max(light.colour)), pose=pose)
        camera = np.eye(4)
        camera[2, 3] = scene.camera_distance_mm
        angle = 2 * np.arctan(0.5 / HEAD_SCALE / scene.camera_distance_mm)
        self._scene.add(pyrender.PerspectiveCamera(angle, znear=50.0, zfar=4000.0), pose=camera)
        self._renderer = pyrender.OffscreenRenderer(size_px, size_px)
        self._renderer.render(self._scene)

    def draw(self, positions_mm: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Return the picture (size, size, 3) uint8 of moved vertices."""
        self._renderer._platform.make_current()
        block = np.concatenate([positions_mm, normals, self._primitive.texcoord_0], axis=1, dtype=np.float32)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, self._primitive._buffers[0])
        GL.glBufferSubData(GL.GL_ARRAY_BUFFER, 0, block.nbytes, np.ascontiguousarray(block))
        return self._renderer.render(self._scene)[0]

    def close(self) -> None:
        """Give back the context."""
        self._renderer._renderer.delete()
        _drop_context(self._renderer._platform)
