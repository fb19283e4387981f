"""Real frames in, paired avatar shards out."""
