"""Facts and contracts both sides need: Action Units, expression units, rigs, corpora and the shard format."""
