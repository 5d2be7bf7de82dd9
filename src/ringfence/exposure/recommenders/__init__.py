"""Which accounts, tags and completions would a platform show? One recommender a file, and adapters to its own."""

from ringfence.exposure.recommenders.suggestions import NOBODY

__all__ = ["NOBODY"]
