"""Training of the depth model, and its predictions."""
