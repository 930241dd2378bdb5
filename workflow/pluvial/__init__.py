"""pluvial: from rainfall radar to water depth.

The packages are floors of one house. Data flows down this list, and a package imports only
those above it: ``files``, ``config``, ``grids``, ``sources``, ``simulation``, ``frames``,
``records``, ``dataset``, ``models``, ``training``, ``diagnostics``, ``figures``.
"""
