"""NetCDF-4: the variables of an HDF5 file that keeps to the NetCDF data model.

Source: NetCDF User Guide, appendix B, the NetCDF-4 format. A dimension is a dataset that is a
dimension scale of HDF5; other variables refer to the scales of their dimensions.
"""

from __future__ import annotations

from typing import Any

from pluvial.sources.cf import Variable
from pluvial.sources.entries import Entry
from pluvial.sources.hdf5 import attribute, attributes, members, opened_hdf5, stored

BARE = "This is a netCDF dimension but not a netCDF variable"


def netcdf4(entry: Entry) -> dict[str, Variable]:
    """The variables in the root group of a NetCDF-4 file, by name.

    Raises:
        PluvialError: if it is no HDF5, or damaged.
    """
    found = {}
    with opened_hdf5(entry) as file:
        for name, item in members(file).items():
            bare = str(attribute(item, "NAME")).startswith(BARE)
            if hasattr(item, "dtype") and item.shape is not None and not bare:
                found[name] = Variable(
                    entry,
                    name,
                    _dimensions(file, name, item),
                    item.shape,
                    attributes(item),
                    stored(entry, item),
                )
    return found


def _dimensions(file: Any, name: str, item: Any) -> tuple[str, ...]:
    """The names of a variable's dimensions; empty ones where none is told."""
    import h5py

    if len(item.shape) == 1 and attribute(item, "CLASS") == "DIMENSION_SCALE":
        return (name,)
    names = [""] * len(item.shape)
    if "DIMENSION_LIST" in item.attrs:
        # At a damaged type of varying length libhdf5 crashes.
        kind = item.attrs.get_id("DIMENSION_LIST").get_type()
        if kind == h5py.h5t.vlen_create(h5py.h5t.STD_REF_OBJ):
            for axis, scales in enumerate(item.attrs["DIMENSION_LIST"][: len(names)]):
                names[axis] = str(file[scales[0]].name).strip("/") if len(scales) else ""
    return tuple(names)
