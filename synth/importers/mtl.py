"""Material libraries of Wavefront OBJ: which picture colours which material, found beside the mesh only."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np

from synth.importers.textures import decode_texture

_RELIEF = ("map_bump", "bump", "norm", "map_norm", "map_kn")


def material_textures(
    neutral: bytes, beside: dict[str, bytes], where: str
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return the colour textures (``map_Kd``) of the libraries that an OBJ file names, and what is left out.

    Parameters
    ----------
    neutral : bytes
        The OBJ file.
    beside : dict of str to bytes
        Libraries and pictures by bare name in lower case. Nothing else is opened, whatever paths a library holds.
    where : str

    Returns
    -------
    dict of str to (H, W, 3) uint8
        By the name of the material.
    tuple of str
        One sentence for each thing left out.

    Raises
    ------
    InputError
        If a picture is damaged.
    """
    out, absent, relief = {}, set(), set()
    for library in (rest for key, rest in _statements(neutral) if key == "mtllib"):
        name = ""
        for file in _found(library, beside) or [word for word in map(_bare, library.split()) if word in beside]:
            for key, rest in _statements(beside[file]):
                if key == "newmtl":
                    name = rest
                elif key.lower() in _RELIEF:
                    relief.add(name)
                elif key == "map_Kd":
                    pictures = _found(rest, beside)
                    if pictures:
                        out[name] = decode_texture(beside[pictures[0]], f"{where}: {pictures[0]}")
                    else:
                        absent.add(_bare(rest))
    notes = []
    if absent:
        notes.append("textures that are not beside the mesh: " + ", ".join(map(repr, sorted(absent))))
    if relief:
        names = ", ".join(map(repr, sorted(relief)))
        notes.append(f"normal maps are not used, folds are shaded by the expression instead: {names}")
    return out, tuple(notes)


def _statements(data: bytes) -> list[tuple[str, str]]:
    """Return the first word and the rest of each line."""
    out = []
    for line in data.decode("utf-8", "replace").replace("\r", "\n").split("\n"):
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        out.append((key, rest.strip()))
    return out


def _bare(text: str) -> str:
    return PurePosixPath(text.strip().replace("\\", "/")).name.lower()


def _found(text: str, beside: dict[str, bytes]) -> list[str]:
    """Return the file that a path with options before it means: its whole name, else the name's last word."""
    whole = _bare(text)
    return [name for name in (whole, whole.split(" ")[-1], _bare(text.split(" ")[-1])) if name in beside][:1]
