"""Child-safety guardrails for the discovery features of social platforms.

graph = ringfence.Graph.from_tables({"follows": table})   # Arrow, columns src, dst[, weight]
scores = ringfence.expand(graph, seeds=["a", "b"])        # Arrow, best first, with reasons
scores = ringfence.classify(graph, labels)                # Arrow, columns account_id, label in {0, 1, null}
"""

from ringfence.discovery.classify import classify
from ringfence.discovery.expand import expand
from ringfence.graph.relations import Graph
from ringfence.guard.decide import Guard
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

__all__ = ["Graph", "Guard", "Lexicon", "Workspace", "classify", "expand"]
