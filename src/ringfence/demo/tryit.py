"""What is worth trying on the demo's guard? Queries, completions, tags and slates that say something on its data."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from ringfence.guard.policies.help import INTERNATIONAL, built_in
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.service.page import Candidates, Completions, Examples
from ringfence.terms.lexicon import Lexicon

SLATE = 5


def examples(folder: Path) -> Examples:
    """Examples from a demo's own lexicon and scores; every term in them is a bird's name or made of one."""
    words = [term.word for term in Lexicon.load(folder / "workspace" / "lexicon.csv")]
    scores = pq.read_table(folder / "workspace" / "results" / "scores.parquet")
    named = scores.filter(pc.is_valid(scores["network_id"]))["account_id"].to_pylist()
    others = scores["account_id"].slice(scores.num_rows // 2, SLATE).to_pylist()
    first = words[0]
    mixed = tuple(account for pair in zip(others, named[-SLATE:], strict=False) for account in pair)
    return Examples(
        queries=(first, f"where to find {first.upper()}", "good coffee", f"{first}s and other birds"),
        completions=(Completions(first[:4], (first, f"{first[:4]} station", f"{first} photos", "coffee")),),
        tags=(f"#{first}", f"#{words[-1]}", "#topic1", "#hoopoe"),
        slates=(
            Candidates("a slate with accounts found in it", "someone", mixed),
            Candidates("the same for somebody under age", "someone", mixed, minor=True),
            Candidates("a slate of strangers to any network", "someone", tuple(others)),
        ),
        related=(
            Completions("birds", (first, "bird feeders", f"{first} photos")),
            Completions(first, ("nest boxes", "coffee")),
        ),
        countries=tuple(sorted(country for country in built_in() if country != INTERNATIONAL)),
        languages=tuple(sorted({tag for texts in default_policy().messages.values() for tag in texts if tag})),
    )
