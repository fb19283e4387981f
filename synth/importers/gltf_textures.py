"""Colour textures of glTF materials: images in a buffer, in the document or beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from synth.importers.gltf_buffers import GltfFile, clean_name
from synth.importers.textures import decode_texture


def material_name(file: GltfFile, index: Any) -> str:
    """Return the name of a material, with its number where it has none or shares it with another."""
    name = clean_name(file.entry("materials", index).get("name"))
    others = [m.get("name") for m in file.table("materials") if isinstance(m, dict)]
    if not name:
        return f"material {index}"
    return f"{name} ({index})" if others.count(name) > 1 else name


def colour_textures(file: GltfFile, used: set[str]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Return the base colour textures (H, W, 3) uint8 of the materials that are used, and what is left out.

    Left out are textures on a second set of coordinates and transformed ones (KHR_texture_transform), which do not lie
    on the coordinates that are read, those that are neither PNG nor JPEG, and normal maps.

    Returns
    -------
    dict of str to (H, W, 3) uint8
        By the name of the material.
    tuple of str
        One sentence for each thing left out.

    Raises
    ------
    InputError
        If a reference leads nowhere or an image is damaged.
    """
    out, left_out, relief = {}, [], []
    for index in range(len(file.table("materials"))):
        name, material = material_name(file, index), file.entry("materials", index)
        if name not in used:
            continue
        if isinstance(material.get("normalTexture"), dict):
            relief.append(name)
        surface = material.get("pbrMetallicRoughness")
        reference = surface.get("baseColorTexture") if isinstance(surface, dict) else None
        if not isinstance(reference, dict):
            continue
        source = file.entry("textures", reference.get("index")).get("source")
        extensions = reference.get("extensions")
        moved = isinstance(extensions, dict) and "KHR_texture_transform" in extensions
        if reference.get("texCoord", 0) != 0 or moved:
            left_out.append(f"the texture of {name!r} is not used: it lies on coordinates of its own")
        elif source is None:
            left_out.append(f"the texture of {name!r} is not used: it is no PNG or JPEG")
        else:
            out[name] = decode_texture(_image_bytes(file, source), f"{file.path}:images[{source}]")
    if relief:
        names = ", ".join(map(repr, relief))
        left_out.append(f"normal maps are not used, folds are shaded by the expression instead: {names}")
    return out, tuple(left_out)


def _image_bytes(file: GltfFile, index: Any) -> bytes:
    image = file.entry("images", index)
    if "uri" in image:
        return file.resource(image["uri"], f"images[{index}].uri")
    return file.view_bytes(image.get("bufferView"))
