"""Landmarks to expression weights, head pose and gaze."""
