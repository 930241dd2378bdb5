"""What a training costs: how long it waits for data, and how busy its GPUs are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

Item = TypeVar("Item")

SAMPLE_SECONDS = 1.0


class Watch:
    """Times a stretch of training, and samples its GPUs through NVML where there are any."""

    def __init__(self) -> None:
        self.waited = 0.0
        self.steps = 0
        self._began = time.perf_counter()
        self._busy: list[float] = []
        self._memory = 0.0
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._sampler.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._sampler.join()

    def timed(self, batches: Iterable[Item]) -> Iterator[Item]:
        """The batches; the time that each takes to come is counted as waiting."""
        iterator = iter(batches)
        while True:
            asked = time.perf_counter()
            batch = next(iterator, None)
            self.waited += time.perf_counter() - asked
            if batch is None:
                return
            self.steps += 1
            yield batch

    def found(self, batch: int) -> dict[str, float]:
        """Pairs per second, share of the time spent waiting, and GPUs where there are any."""
        seconds = time.perf_counter() - self._began
        row = {
            "pairs_per_second": self.steps * batch / seconds,
            "input_wait": self.waited / seconds,
        }
        if self._busy:
            row["gpu_utilisation"] = sum(self._busy) / len(self._busy)
            row["gpu_memory_gib"] = self._memory
        return row

    def _sample(self) -> None:
        gpus = _gpus()
        while gpus and not self._stop.wait(SAMPLE_SECONDS):
            import pynvml

            rates = [pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu / 100 for gpu in gpus]
            self._busy.append(sum(rates) / len(rates))
            used = sum(pynvml.nvmlDeviceGetMemoryInfo(gpu).used for gpu in gpus)
            self._memory = max(self._memory, used / 2**30)


def _gpus() -> list[Any]:
    """NVML's handles of the GPUs; none where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
        return [pynvml.nvmlDeviceGetHandleByIndex(k) for k in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []
