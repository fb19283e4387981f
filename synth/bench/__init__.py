"""Measurements: speed and quality, each beside its baseline, as `synth bench` prints them."""
