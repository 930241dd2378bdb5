"""Where and when: the georeferenced grid and the regular time axis."""
