"""The raw formats users have: one module per format, each yields times and arrays."""
