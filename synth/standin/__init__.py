"""Simulated labelled subjects: recordings that take the place of licensed footage."""

from synth.standin.sequence import STANDIN_CORPORA, StandinSequence, Truth, standin_sequences

__all__ = ["STANDIN_CORPORA", "StandinSequence", "Truth", "standin_sequences"]
