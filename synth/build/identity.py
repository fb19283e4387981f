"""Fit the identity basis to sampled adults, on the vertices of the rig."""

from __future__ import annotations

import numpy as np

from synth.build.adults import AGE_OLDEST, AGE_YOUNG, detail_pairs, sample_adult
from synth.build.assembly import Assembly
from synth.build.population import IdentityBasis, Population, axis_coordinates, fit_basis, reconstruction_error_mm
from synth.build.proportions import mended
from synth.build.source import MM_PER_DM, SourceWheel

SAMPLES, HELD_OUT, MODES, SEED = 640, 64, 60, 0
EYE_DISTANCE_MM = 63.0
"""Adult mean; the whole population is scaled so that its mean head has it."""

FACE_FLOOR_MM = -118.0
MINOR_WEIGHT = 0.04
"""Weight of vertices that are not skin of the head, beside 1 for those that are."""


def fit_identity(source: SourceWheel, assembly: Assembly) -> tuple[IdentityBasis, float, dict]:
    """Return the basis, the scale from the base mesh to the rig, and the figures of the fit.

    The figures are the share of variance the modes explain after the axes, the error of heads that were
    not used for fitting, and how well the gender coordinate tells their gender.
    """
    population, scale = sample_population(source, assembly)
    weight = np.full(assembly.attachment.count, MINOR_WEIGHT)
    skin = np.unique(next(part.faces for part in assembly.parts if part.name == "skin"))
    face = skin[population.heads_mm[:, skin, 1].mean(0) > FACE_FLOOR_MM]
    weight[face] = 1.0
    known, unseen = population.part(slice(0, SAMPLES)), population.part(slice(SAMPLES, None))
    basis = fit_basis(known, weight, MODES)
    error = reconstruction_error_mm(basis, unseen, weight)[:, face]
    coordinate = axis_coordinates(basis, unseen, weight)[:, 0]
    men, women = coordinate[unseen.gender > 0.98], coordinate[unseen.gender < -0.98]
    spread = np.sqrt((men.var(ddof=1) + women.var(ddof=1)) / 2)
    return (
        basis,
        scale,
        {
            "samples": SAMPLES,
            "held_out": HELD_OUT,
            "modes": MODES,
            "seed": SEED,
            "explained": round(float(basis.explained[-1]), 4),
            "held_out_mean_mm": round(float(error.mean()), 3),
            "held_out_p95_mm": round(float(np.quantile(error, 0.95)), 3),
            "gender_d_prime": round(float((men.mean() - women.mean()) / spread), 2),
        },
    )


def sample_population(source: SourceWheel, assembly: Assembly) -> tuple[Population, float]:
    """Return the sampled heads, eye midpoint at the origin, and the scale that brings them to size."""
    pairs = detail_pairs(source)
    adults = [sample_adult(source, pairs, SEED, k) for k in range(SAMPLES + HELD_OUT)]
    matrix, offset = assembly.attachment.matrix(), assembly.attachment.offset_mm()
    eyes = [np.unique(part.faces) for part in assembly.parts if part.name.startswith("eye_")]
    heads = np.empty((len(adults), assembly.attachment.count, 3), np.float32)
    for k, adult in enumerate(adults):
        flat = matrix @ (source.base.vertices_dm + adult.displacement_dm).ravel()
        head = flat.reshape(-1, 3) * MM_PER_DM + offset
        heads[k] = head - head[np.concatenate(eyes)].mean(0)
    left, right = (heads[:SAMPLES, eye].mean((0, 1)) for eye in eyes)
    scale = EYE_DISTANCE_MM / float(np.linalg.norm(left - right))
    heads *= scale
    gender = np.array([2 * adult.gender - 1 for adult in adults])
    still = np.zeros(assembly.attachment.count, bool)
    still[np.concatenate(eyes)] = True
    heads = mended(heads, gender, still)
    age = np.array([adult.age for adult in adults])
    return Population(
        heads,
        gender,
        (age - AGE_YOUNG) / (AGE_OLDEST - AGE_YOUNG) * 2 - 1,
        np.array([adult.ancestry for adult in adults]),
    ), scale
