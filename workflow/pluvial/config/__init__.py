"""The typed configuration: one module per stage, each key with its one-line description."""
