"""The card of a dataset: what it is, for people (Markdown) and for machines (Croissant)."""
