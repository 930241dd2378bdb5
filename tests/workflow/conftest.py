"""The smoke case, run once for all tests of the workflow."""

from __future__ import annotations

import pytest
from workplace import Workplace, named_case


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The smoke case, run from nothing to figures."""
    place = Workplace(tmp_path_factory.mktemp("smoke"), named_case("smoke"))
    place.run()
    return place
