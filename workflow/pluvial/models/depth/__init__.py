"""The depth model: what leads from the rain tower's feature maps to water depth."""
