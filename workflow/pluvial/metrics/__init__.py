"""Measures of embeddings, as pure functions of arrays: for training and for its judgement."""
