"""Writing shards: encoded pictures and everything known about them."""
