"""Colour textures of glTF materials: images in a buffer, in the document or beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from synth.importers.gltf_buffers import GltfFile
from synth.importers.textures import decode_texture


def material_name(file: GltfFile, index: Any) -> str:
    """Return the name of a material, or its number where it has none."""
    return str(file.entry("materials", index).get("name") or f"material {index}")


def colour_textures(file: GltfFile, used: set[str]) -> dict[str, np.ndarray]:
    """Return the base colour textures (H, W, 3) uint8 of the materials that are used, by the material's name.

    Left out are textures on a second set of coordinates and transformed ones (KHR_texture_transform): they do not lie
    on the coordinates that are read.

    Raises
    ------
    InputError
        If a reference leads nowhere or an image is damaged.
    """
    out = {}
    for index in range(len(file.document.get("materials", []))):
        name = material_name(file, index)
        surface = file.entry("materials", index).get("pbrMetallicRoughness")
        reference = surface.get("baseColorTexture") if isinstance(surface, dict) else None
        if name not in used or not isinstance(reference, dict) or reference.get("texCoord", 0) != 0:
            continue
        if "KHR_texture_transform" in (reference.get("extensions") or {}):
            continue
        source = file.entry("textures", reference.get("index")).get("source")
        if source is not None:
            out[name] = decode_texture(_image_bytes(file, source), f"{file.path}:images[{source}]")
    return out


def _image_bytes(file: GltfFile, index: Any) -> bytes:
    image = file.entry("images", index)
    if "uri" in image:
        return file.resource(image["uri"], f"images[{index}].uri")
    return file.view_bytes(image.get("bufferView"))
