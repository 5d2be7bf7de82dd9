"""How is a platform kept from holding up an audit? It is asked in a thread that is left behind when time is up."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Answer = TypeVar("Answer")


def within(seconds: float, call: Callable[[], Answer]) -> Answer:
    """What `call` returns or raises; TimeoutError if it does neither in time.

    A call that hangs for good keeps its thread: bound how many may (`checked` gives up after some failures in a row).
    """
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the thread that asked
            future.set_exception(error)

    Thread(target=run, daemon=True, name="platform").start()
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():
            raise  # the platform's own
        raise TimeoutError(f"no answer within {seconds:g} s") from None
