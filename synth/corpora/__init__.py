"""Readers of the licensed corpora: from a layout on disk, which docs/datasets.md describes, to sequences."""
