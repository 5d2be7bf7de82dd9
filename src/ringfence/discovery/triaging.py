"""How is new media of a workspace triaged, with its banks and the classifier of its config? For all who show it."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.discovery import last_results
from ringfence.discovery.new_media import Known, NewMedia, new_media, nothing_known
from ringfence.media.banks import schema
from ringfence.media.banks.bank import Bank
from ringfence.media.banks.banks import Banks
from ringfence.media.matcher import Matcher
from ringfence.media.triage import asking, decide
from ringfence.media.triage.classifier import Classifier
from ringfence.media.triage.known import known
from ringfence.media.triage.rank import Parts
from ringfence.media.triage.run import Triage
from ringfence.media.triage.seen import Seen
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Triaged:
    """What was found, and the classifier that was asked, None where the config names none."""

    found: NewMedia
    classifier: Classifier | None


def triaged(workspace: Workspace, advanced: Callable[[float], None] = lambda _: None) -> Triaged:
    """Group and rank what the store has. `advanced` gets the share of the classifier's answers that are there."""
    scores = last_results.read_scores(workspace)
    settings = workspace.config.media_classifier
    classifier = _classifier(workspace)
    if classifier is None:
        return Triaged(new_media(workspace, scores, _known(workspace)), None)

    def ask(seen: Seen, made: Triage) -> Parts:
        return asking.said(classifier, seen, made, settings.pointer, settings.most, advanced)

    return Triaged(new_media(workspace, scores, _known(workspace), ask), classifier)


def counts(made: Triage) -> dict[str, int]:
    """How many clusters are where."""
    return {
        "clusters": len(made.groups),
        "for_review": len(made.listed(care=False)),
        "for_care": len(made.listed(care=True)),
        "known": int(made.known.sum()),
        "decided": int(made.decided.sum()),
        "on_no_list": made.quiet,
    }


def hand_over(workspace: Workspace) -> None:
    """Bring the platform's own bank up to all decisions, and make it before the first."""
    banks = Banks.of(workspace)
    try:
        if decide.BANK not in banks.every():
            banks.add(Bank(decide.BANK))
        decide.hand_over(workspace, banks)
    finally:
        banks.close()


def _known(workspace: Workspace) -> Known:
    """What asks the banks of the platform, where it has any."""
    if not (workspace.media / schema.FILE).exists():
        return nothing_known

    def asked(media: pa.Table) -> NDArray[np.bool_]:
        matcher = Matcher.open(workspace)
        try:
            return known(matcher, media)
        finally:
            matcher.close()

    return asked


def _classifier(workspace: Workspace) -> Classifier | None:
    """The one of the configuration; none is shipped."""
    asked = workspace.config.media_classifier
    if not asked.url:
        return None
    key = os.environ.get(asked.key_variable) if asked.key_variable else None
    if asked.key_variable and not key:
        where = "media_classifier.key_variable"
        raise Fault(f"{asked.key_variable} is not set", where=where, mend="set it, or empty the setting")
    return Classifier(
        asked.url,
        asked.label,
        seconds=asked.seconds,
        retries=asked.retries,
        failures=asked.failures,
        pause=asked.pause_seconds,
        headers={"authorization": f"Bearer {key}"} if key else None,
    )
