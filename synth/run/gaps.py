"""Frames for which a corpus brings no landmarks: the detector fills in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.landmarks import SCHEMES
from assets.shard_format import Status
from synth.corpora.sequence import CorpusSequence
from synth.landmarks.finder import Networks
from synth.landmarks.track import TrackSettings, track_sequence
from synth.tracks import FrameTrack, Sequence


def fill_gaps(track: FrameTrack, sequence: Sequence, settings: TrackSettings, networks: Networks) -> FrameTrack:
    """Return the track with detected landmarks where the corpus has none.

    Only sequences of licensed corpora are filled: they lack a landmark file for some frames that do show a face. NaN in
    landmarks that a user made means that there is no face.

    Parameters
    ----------
    track : FrameTrack
        Of the sequence's own landmarks.
    sequence : Sequence
    settings : TrackSettings
    networks : Networks

    Returns
    -------
    FrameTrack
        In the same scheme; rows in which the detector finds no face either stay as they are.
    """
    rows = np.flatnonzero(track.status == Status.NO_FACE)
    if not isinstance(sequence, CorpusSequence) or sequence.landmark_files is None or not len(rows):
        return track
    bare = replace(settings, pixels=False, scores=False)
    detected = track_sequence(replace(sequence.take(rows), landmark_files=None), bare, networks)
    places = list(SCHEMES[track.scheme].points)
    points, status = track.landmarks_px.copy(), track.status.copy()
    confidence, faces_found = track.confidence.copy(), track.faces_found.copy()
    points[rows] = detected.landmarks_px[:, places, : points.shape[2]]
    status[rows], confidence[rows], faces_found[rows] = detected.status, detected.confidence, detected.faces_found
    return replace(track, landmarks_px=points, status=status, confidence=confidence, faces_found=faces_found)
