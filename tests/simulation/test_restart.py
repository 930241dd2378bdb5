"""Restart files: the rest of the run is the same to the bit, and nothing foreign is taken."""

import numpy as np
import pytest
from pluvial.config.simulation import FlowConfig, SyntheticTerrain
from pluvial.errors import PluvialError
from pluvial.simulation.run import Simulator
from pluvial.simulation.terrain import make_terrain

SETTINGS = {"cell_m": 100.0, "flow": FlowConfig(), "step_seconds": 300.0}


@pytest.fixture(scope="module")
def terrain():
    elevation = make_terrain(SyntheticTerrain(format="synthetic", rows=24, cols=20))
    elevation[5:8, 3:6] = np.nan
    return elevation


@pytest.fixture(scope="module")
def rain(terrain):
    """Rain of 40 steps, dry in the middle and at the end."""
    rates = np.random.default_rng(0).gamma(0.3, 60.0, (40, *terrain.shape))
    rates[15:20] = 0.0
    rates[30:] = 0.0
    return rates


@pytest.fixture
def state(terrain, rain, tmp_path):
    """A restart file after ten wet steps."""
    sim = Simulator(terrain, **SETTINGS)
    for rates in rain[:10]:
        sim.advance(rates)
    sim.save_state(tmp_path / "state.npz")
    return tmp_path / "state.npz"


@pytest.mark.parametrize("split", [0, 1, 13, 18, 40])
def test_run_in_two_pieces_is_the_run_in_one(terrain, rain, tmp_path, split):
    whole = Simulator(terrain, **SETTINGS)
    first = Simulator(terrain, **SETTINGS)
    expected = [whole.advance(rates).tobytes() for rates in rain]
    found = [first.advance(rates).tobytes() for rates in rain[:split]]
    first.save_state(tmp_path / "state.npz")

    second = Simulator.load_state(tmp_path / "state.npz", terrain, **SETTINGS)
    assert second.steps_done == split
    found += [second.advance(rates).tobytes() for rates in rain[split:]]

    assert found == expected
    assert second.mass_error() == whole.mass_error()
    assert second.steps_done == whole.steps_done


def test_same_state_same_bytes(terrain, state, tmp_path):
    again = tmp_path / "again.npz"
    Simulator.load_state(state, terrain, **SETTINGS).save_state(again)
    assert again.read_bytes() == state.read_bytes()


def test_other_terrain_is_refused(terrain, state):
    moved = terrain.copy()
    moved[0, 0] += 1e-9
    with pytest.raises(PluvialError, match="another terrain"):
        Simulator.load_state(state, moved, **SETTINGS)
    with pytest.raises(PluvialError, match="another terrain"):
        Simulator.load_state(state, terrain[:-1], **SETTINGS)


@pytest.mark.parametrize(
    "change",
    [{"cell_m": 50.0}, {"step_seconds": 600.0}, {"flow": FlowConfig(manning_n=0.05)}],
    ids=["cell", "step", "flow"],
)
def test_other_settings_are_refused(terrain, state, change):
    with pytest.raises(PluvialError, match="another flow configuration, cell or step"):
        Simulator.load_state(state, terrain, **SETTINGS | change)


def test_missing_file_is_named(terrain, tmp_path):
    with pytest.raises(PluvialError, match=r"nowhere\.npz: the restart file is missing"):
        Simulator.load_state(tmp_path / "nowhere.npz", terrain, **SETTINGS)


def test_no_damage_changes_the_state_unnoticed(terrain, state, tmp_path):
    """Flip a bit anywhere: the file is refused, or the flip touched nothing that is read."""
    intact = state.read_bytes()
    again, refused = tmp_path / "again.npz", 0
    places = [*range(400), *range(400, len(intact), 211), *range(len(intact) - 900, len(intact))]
    for place in places:
        damaged = bytearray(intact)
        damaged[place] ^= 0x04
        state.write_bytes(damaged)
        try:
            Simulator.load_state(state, terrain, **SETTINGS).save_state(again)
        except PluvialError:
            refused += 1
        else:
            assert again.read_bytes() == intact, f"the flip at byte {place} went unnoticed"
    assert refused > 0.7 * len(places)


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99])
def test_truncated_file_is_refused(terrain, state, kept):
    content = state.read_bytes()
    state.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(PluvialError, match="damaged"):
        Simulator.load_state(state, terrain, **SETTINGS)


def test_foreign_archive_is_refused(terrain, tmp_path):
    np.savez(tmp_path / "other.npz", depth=np.zeros((3, 3)))
    with pytest.raises(PluvialError, match=r"it holds \['depth'\], not"):
        Simulator.load_state(tmp_path / "other.npz", terrain, **SETTINGS)
