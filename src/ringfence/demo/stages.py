"""Where do the seconds and the memory go? Each stage of a run is timed while a progress bar shows it."""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ringfence.demo.pictures import Stage

BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


def peak_mb() -> float:
    """The most memory this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_UNIT / 1e6


class Clock:
    """Times stages one after another. `started` and `advanced` are told what to show."""

    def __init__(self, started: Callable[[str], None], advanced: Callable[[float], None]) -> None:
        self.stages: list[Stage] = []
        self.advanced = advanced
        self._started = started

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time one stage; its body may say which share of it is done."""
        self._started(name)
        began = time.perf_counter()
        yield self.advanced
        self.stages.append(Stage(name, time.perf_counter() - began, peak_mb()))
        self.advanced(1.0)
