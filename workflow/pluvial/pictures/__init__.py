"""Labelled pictures for the sanity model: read or drawn, split, and drawn in pairs."""
