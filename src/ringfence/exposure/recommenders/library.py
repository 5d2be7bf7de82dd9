"""How are the libraries of the extra called? One line says if one is missing; `implicit` gets two threads, BLAS one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from threadpoolctl import threadpool_limits

from ringfence.model.faults import Fault

THREADS = min(2, os.cpu_count() or 1)


def needed(module: str) -> Any:
    """A module of the extra `recommenders`. Raises Fault where it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise Fault(
            f"{error.name} is not installed", where="recommender", mend="install ringfence[recommenders]"
        ) from error


@contextmanager
def one_thread_in_blas() -> Iterator[None]:
    """`implicit` has threads of its own; those of BLAS beside them cost ten times the time, and it warns of that.

    Only a BLAS that is loaded already is limited, so import the library before.
    """
    with threadpool_limits(1, "blas"):
        yield
