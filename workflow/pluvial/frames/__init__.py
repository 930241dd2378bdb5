"""The canonical store: one CF NetCDF file of rain and one of depth per period."""
