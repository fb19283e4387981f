"""Shards in, Action Unit detectors and scores out."""
