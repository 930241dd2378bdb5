"""Compiling numerical loops, with their types kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """``function`` compiled by numba on its first call and cached beside its source.

    Without fastmath and without threads: every sum is taken in the order in which it is written,
    so that the same input gives the same bytes.
    """
    compile_function = numba.njit(cache=True, error_model="numpy")
    return cast("Callable[Parameters, Result]", compile_function(function))
