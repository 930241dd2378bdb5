"""The embedded default: a procedural catchment, stochastic storms and a shallow-water solver.

The same solver also runs on a real heightmap under real rain. It is a screening model: not
calibrated, without sewers, without groundwater beyond one soil store.
"""
