"""Measures of embeddings and of predicted depth, as pure functions of arrays."""
