"""Child-safety guardrails for the discovery features of social platforms.

graph = ringfence.Graph.from_tables({"follows": table})   # Arrow, columns src, dst[, weight]
scores = ringfence.expand(graph, seeds=["a", "b"])        # Arrow, best first, with reasons
scores = ringfence.classify(graph, labels)                # Arrow, columns account_id, label in {0, 1, null}
found = ringfence.MediaIndex.of_hashes(known).near(asked) # PDQ hashes as text; which is near which, in bits
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ringfence.discovery.classify import classify
    from ringfence.discovery.expand import expand
    from ringfence.graph.relations import Graph
    from ringfence.guard.decide import Guard
    from ringfence.media.index.live import MediaIndex
    from ringfence.store.workspace import Workspace
    from ringfence.terms.lexicon import Lexicon

__all__ = ["Graph", "Guard", "Lexicon", "MediaIndex", "Workspace", "classify", "expand"]

_HOMES = {
    "Graph": "graph.relations",
    "Guard": "guard.decide",
    "Lexicon": "terms.lexicon",
    "MediaIndex": "media.index.live",
    "Workspace": "store.workspace",
    "classify": "discovery.classify",
    "expand": "discovery.expand",
}


def __getattr__(name: str) -> Any:
    """A public name, whose room is read when it is first asked for: a guard needs nothing that discovery does."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
