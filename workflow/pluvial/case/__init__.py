"""A whole case: all sections of the configuration, checked together, and what documents them."""
