"""One run: configuration, plan, workers, one shard per subject."""
