"""Training: a loop that can be interrupted, and the embeddings that come out of it."""
