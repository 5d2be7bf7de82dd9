"""Why does a cluster stand where it stands? Each part of its priority in a sentence, with its amount."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ringfence.media.triage.rank import FIRST_DAYS, Ranking
from ringfence.media.triage.run import Triage

PARTS = ("company", "spread", "speed", "classifier")


def reasons(ranked: Ranking, cluster: int) -> tuple[str, ...]:
    """The sentences; their amounts, each rounded, add up to the priority."""
    uploaders, found = int(ranked.uploaders[cluster]), int(ranked.found[cluster])
    company, spread, speed, classifier = (float(part) for part in ranked.parts[cluster])
    mean = f"{ranked.mean[cluster]:.2f}"
    told = [
        f"company: {found:,} of its {_accounts(uploaders)} in a network, {mean} sure on average ({company:+.2f})",
        f"spread: {_accounts(found)} of networks shared it ({spread:+.2f})",
        f"speed: {_accounts(int(ranked.first_days[cluster]))} within {FIRST_DAYS} days of the first ({speed:+.2f})",
    ]
    if np.isfinite(ranked.said[cluster]):
        told.append(f"classifier: an external one says {ranked.said[cluster]:.2f} ({classifier:+.2f})")
    if ranked.minors[cluster]:
        told.append(f"{_accounts(int(ranked.minors[cluster]))} may be run by a child: no target, routed to care")
    return tuple(told)


def row(made: Triage, cluster: int) -> Mapping[str, Any]:
    """One cluster as the command line and the service tell it: no hash, no media, no account."""
    ranked = made.ranking
    micros = int(ranked.first[cluster])
    return {
        "cluster": made.groups.name[cluster],
        "priority": round(float(ranked.priority[cluster]), 6),
        "parts": dict(zip(PARTS, (round(float(one), 6) for one in ranked.parts[cluster]), strict=True)),
        "media": int((made.groups.of == cluster).sum()),
        "uploads": int(ranked.uploads[cluster]),
        "uploaders": int(ranked.uploaders[cluster]),
        "in_networks": int(ranked.found[cluster]),
        "likely_minors": int(ranked.minors[cluster]),
        "first": datetime.fromtimestamp(micros / 1e6, UTC),
        "reasons": reasons(ranked, cluster),
    }


def _accounts(count: int) -> str:
    return f"{count:,} {'account' if count == 1 else 'accounts'}"
