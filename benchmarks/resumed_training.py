"""Kill a training at random steps, go on with it, and compare every weight with an unbroken one.

    python benchmarks/resumed_training.py [--kills 5] [--seed 0]

The training is a small one, with noise on; it is killed (SIGKILL) again and again, each time after
another random step, until it has reached its end.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = [{workflow!r}, {tests!r}]
import numpy as np
from training.cases import changed, train
trained = train(Path({dataset!r}), Path({folder!r}), config=changed(checkpoint_minutes=0))
np.savez({weights!r}, *[np.asarray(variable) for variable in trained.model.variables])
"""
STEPS = 48


def start(dataset: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Train, or go on, in a process of its own."""
    script = SCRIPT.format(
        workflow=str(CHECKOUT / "workflow"),
        tests=str(CHECKOUT / "tests"),
        dataset=str(dataset),
        folder=str(folder),
        weights=str(folder / "weights.npz"),
    )
    folder.mkdir(exist_ok=True)
    return subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)


def steps_done(folder: Path) -> int:
    """The step of the newest checkpoint."""
    files = folder.glob("checkpoints/*/step-*.keras")
    return max((int(path.stem.partition("-")[2]) for path in files), default=0)


def main() -> None:
    """Print after which steps it was killed, and whether its end is the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.path[:0] = [str(CHECKOUT / "workflow"), str(CHECKOUT / "tests")]
    import numpy as np
    from training.cases import make_dataset

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = make_dataset(folder)
        whole = start(dataset, folder / "whole")
        if whole.wait():
            sys.exit("the unbroken training has failed")
        chosen = sorted(random.Random(options.seed).sample(range(1, STEPS - 1), options.kills))
        for target in chosen:
            broken = start(dataset, folder / "broken")
            while steps_done(folder / "broken") < target and broken.poll() is None:
                time.sleep(0.01)
            broken.send_signal(signal.SIGKILL)
            broken.wait()
            print(f"killed after step {steps_done(folder / 'broken')}", flush=True)
        if start(dataset, folder / "broken").wait():
            sys.exit("the resumed training has failed")
        one, two = (np.load(folder / run / "weights.npz") for run in ("whole", "broken"))
        equal = sum(np.array_equal(one[key], two[key]) for key in one.files)
        print(f"{equal} of {len(one.files)} weights are equal to the last bit")
        sys.exit(equal < len(one.files))


if __name__ == "__main__":
    main()
