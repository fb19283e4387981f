"""Identities whose lips stay in contact: modes and axes lose what would part or cross resting lips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synth.build.assembly import Assembly
from synth.build.identity import FACE_FLOOR_MM, MINOR_WEIGHT
from synth.build.lips import LipLine
from synth.build.population import IdentityBasis


def with_sealed_lips(basis: IdentityBasis, lips: LipLine, assembly: Assembly) -> IdentityBasis:
    """Return the basis with sealed lips, its modes again perpendicular to each other and to the axes.

    Sealing is linear, so that sums of sealed displacements are sealed. The nearest perpendicular modes (symmetric
    orthogonalisation after Löwdin) and the share of them along the axes are such sums.

    Parameters
    ----------
    basis : IdentityBasis
    lips : LipLine
    assembly : Assembly
        Says which vertices are skin; they weigh most in the inner product, as in the fit of the basis.
    """
    skin = np.unique(next(part.faces for part in assembly.parts if part.name == "skin"))
    weight = np.full(assembly.attachment.count, MINOR_WEIGHT)
    weight[skin[basis.mean_mm[skin, 1] > FACE_FLOOR_MM]] = 1.0
    scale = np.repeat(np.sqrt(weight), 3)
    axes = {name: lips.sealed(delta) for name, delta in basis.axes_mm.items()}
    modes = np.stack([lips.sealed(mode) for mode in basis.modes_mm]).reshape(len(basis.modes_mm), -1)
    lengths = np.linalg.norm(modes * scale, axis=1)
    columns = np.stack([axis.ravel() for axis in list(axes.values())[:4]])
    along = np.linalg.lstsq((columns * scale).T, (modes * scale).T, rcond=None)[0]
    modes = modes - along.T @ columns
    modes /= np.linalg.norm(modes * scale, axis=1)[:, None]
    values, vectors = np.linalg.eigh((modes * scale) @ (modes * scale).T)
    modes = lengths[:, None] * ((vectors / np.sqrt(values)) @ vectors.T @ modes)
    return replace(basis, axes_mm=axes, modes_mm=modes.reshape(basis.modes_mm.shape))
