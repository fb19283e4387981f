"""Tables and figures about corpora."""
