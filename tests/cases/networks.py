"""Networks as discovery tells of them, made by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ringfence.cases.found import Change, Found, Network
from ringfence.cases.priority import Harm
from ringfence.discovery.last_results import Run
from ringfence.model.words import NetworkEvent

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
HARM = Harm(viewers=None, audience=10, minors_reached=1, minors_inside=0, growth=0.1, quiet=1.0)


def network(name: str, members: Sequence[str], harm: Harm = HARM, **roles: str) -> Network:
    """A network of members with scores in their order. `roles` gives some members another role."""
    row = {"network_id": name, "members": list(members), "size": len(members), "audience": 10, "reach": 12,
           "terms": ["firecrest"], "key_objects": ["uses_hashtag:firecrest"], "growth": 0.1,
           "first_seen": FIRST}  # fmt: skip
    scores = [
        {"account_id": one, "rank": place, "score": 10.0 - place, "probability": None,
         "role": roles.get(one, "promoter"), "network_id": name, "reasons": ["shares a link with 3 found"]}
        for place, one in enumerate(members, 1)
    ]  # fmt: skip
    told = {
        one: {"against": ["in no other network"], "contributions": [{"words": "links", "amount": 1.0}]}
        for one in members
    }
    return Network(row, scores, told, harm)


def found(
    day: int, networks: Sequence[Network], changes: Sequence[tuple[str, NetworkEvent, str]] = (), **more: object
) -> Found:
    """What a discovery found on some day after the first."""
    at = FIRST + timedelta(days=day)
    run = Run("m1", "l1", ("s1",), 0, 0, at, 1_000, 9_000, sum(len(one.scores) for one in networks), len(networks))
    told = [Change(at, name, event, other) for name, event, other in changes]
    return replace(Found(f"run-{day}", run, networks, frozenset(), told), **more)  # type: ignore[arg-type]


def with_probability(made: Network, probabilities: Mapping[str, float | None]) -> Network:
    """The same network with probabilities beside the scores."""
    return replace(made, scores=[{**one, "probability": probabilities.get(one["account_id"])} for one in made.scores])
