"""The explorer: one HTML page of embeddings, the records behind them, and the verdict."""
