"""Figures: each reads finished files and writes one picture, as PNG and as SVG."""
