"""Is it really learning? Judgements from embeddings and records, without TensorFlow."""
