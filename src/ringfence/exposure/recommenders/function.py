"""How is a recommender asked that is a Python function? It is given names and a number, and returns names."""

from collections.abc import Callable, Sequence
from importlib import import_module

from ringfence.exposure.recommenders.deadline import within
from ringfence.model.faults import Fault

Function = Callable[[str | None, Sequence[str], int], Sequence[str]]


class PlatformFunction:
    """A `Platform` that calls `function(viewer, followed, wanted)`.

    The function is an object or is named as "package.module:name". With `seconds`, a call that takes longer is a
    timeout, and its thread is left behind.
    """

    __slots__ = ("_function", "_seconds")

    def __init__(self, function: Function | str, seconds: float | None = None) -> None:
        """Raises Fault where no such function can be imported."""
        self._function = _imported(function) if isinstance(function, str) else function
        self._seconds = seconds

    def __call__(self, viewer: str | None, followed: Sequence[str], wanted: int) -> Sequence[str]:
        """See `Platform`."""
        if self._seconds is None:
            return self._function(viewer, followed, wanted)
        return within(self._seconds, lambda: self._function(viewer, followed, wanted))


def _imported(named: str) -> Function:
    module, _, name = named.partition(":")
    if not module or not name:
        raise Fault("this names no function", where=repr(named), mend='write it as "package.module:name"')
    try:
        found = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:  # whatever the module does when it is read is the operator's to mend
        raise Fault(
            f"cannot be imported ({type(error).__name__}: {error})",
            where=repr(named),
            mend="mend the module or the name",
        ) from error
    if not callable(found):
        raise Fault("is no function", where=repr(named), mend="name something that can be called")
    function: Function = found
    return function
