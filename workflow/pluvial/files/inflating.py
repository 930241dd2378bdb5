"""What goes wrong when compressed bytes are inflated."""

from __future__ import annotations

import zlib
from typing import cast

from isal import igzip_lib

INFLATE_ERRORS: tuple[type[Exception], ...] = (
    EOFError,
    zlib.error,
    cast("type[Exception]", igzip_lib.IsalError),
)
"""The stream is cut off or damaged, as zlib and ISA-L say it."""
