"""The raw formats users have: one module per format, each a section that reads its own files."""
