"""What do a learner's columns mean to a reviewer? Each is named by what it says of the account, many alike."""

from collections.abc import Mapping, Sequence

from ringfence.discovery.habits import COLUMNS
from ringfence.discovery.signals import NAMES

# What an account ties to by each kind of tie, as a phrase that fits behind "how many" and "among".
THINGS: Mapping[str, str] = {
    "follows": "accounts it follows",
    "follows back": "accounts that follow it",
    "replies": "accounts it answers",
    "replies back": "accounts that answer it",
    "co_reported": "accounts it was reported with",
    "co_reported back": "accounts it was reported with",
    "mentions": "accounts it mentions",
    "mentions back": "accounts that mention it",
    "uses_hashtag": "hashtags it uses",
    "shares_media": "media it shares",
    "shares_link": "links it shares",
    "shares_domain": "sites it links to",
    "shares_text": "texts it shares",
    "shares_contact": "contacts it gives",
    "reposts": "posts it reposts",
    "reported_by": "reporters of it",
}
STEPS: Mapping[str, str] = {
    "follows": "follows",
    "follows back": "is followed by",
    "replies": "answers",
    "replies back": "is answered by",
    "co_reported": "was reported with",
    "co_reported back": "was reported with",
    "mentions": "mentions",
    "mentions back": "is mentioned by",
    "uses_hashtag": "uses hashtag",
    "shares_media": "shares media",
    "shares_link": "shares link",
    "shares_domain": "links to",
    "shares_text": "writes the text",
    "shares_contact": "gives the contact",
    "reposts": "reposts",
    "reported_by": "was reported by",
}
VOTES: Mapping[str, str] = {
    "walk": "walks from the seeds come by it",
    "spreading": "what spreads from the seeds over like accounts reaches it",
    "habits": "it behaves as the seeds do",
    "habits, as active": "it behaves as the seeds do, against others as active",
    "habits and ties, as active": "it behaves and is tied as the seeds are, against others as active",
    "nearest accounts": "the accounts most like it rank high",
}
SIGNALS: Mapping[str, str] = dict(
    zip(
        NAMES,
        (
            "long walks from the seeds",
            "short walks from the seeds",
            "what spreads from the seeds over like accounts",
            "how like the seeds its ties are",
            "how like the closest three seeds its ties are",
            "rare things it shares with seeds",
        ),
        strict=True,
    )
)
TIES_TO = "what it ties to"


def of_evidence(column: str) -> str:
    """A column of `refine.evidence` in words."""
    kind, _, what = column.partition(": ")
    first, beyond, _ = kind.partition(", then ")
    if what == "how many":
        return f"how many {THINGS[first]}"
    if beyond:
        return f"corroborated accounts one tie beyond the {THINGS[first]}"
    return f"corroborated accounts {'among' if what in _OF_COMPANY else 'behind'} the {THINGS[first]}"


_OF_COMPANY = frozenset({"members", "share of members"})


def of_learner(kinds: Sequence[str], features: int, columns: int, *, signals: bool) -> list[str]:
    """The columns of one of the pool's learners in words: directions, each kind's habits, features, then signals."""
    behind = [f"{_habit(column)} the {THINGS[kind]}" for kind in kinds for column in COLUMNS]
    behind += [f"feature {number}" for number in range(features)]
    behind += [SIGNALS[name] for name in NAMES] if signals else []
    return [TIES_TO] * (columns - len(behind)) + behind


def _habit(column: str) -> str:
    if column in ("total", "degree"):
        return "how many and how often, of"
    return "how evenly it spreads over" if column in ("entropy", "evenness", "largest share") else "how popular are"


def step(kind: str, *, back: bool) -> str:
    """A step of a path in words: from an account by a kind of tie, or `back` from an object to one of its users."""
    return "as does" if back else STEPS[kind]
