"""Which clusters is a classifier asked about? Those that stand first without it, one media of each."""

from collections.abc import Callable

import numpy as np

from ringfence.media.triage.classifier import Classifier, Question
from ringfence.media.triage.near import Ids
from ringfence.media.triage.rank import Parts
from ringfence.media.triage.run import Triage
from ringfence.media.triage.seen import Seen

KINDS = ("pdq", "sha256", "md5")


def said(
    classifier: Classifier,
    seen: Seen,
    made: Triage,
    pointer: str,
    most: int,
    advanced: Callable[[float], None] = lambda _: None,
) -> Parts:
    """What it says of each cluster, NaN of those it is not asked about: all but the first `most` of both lists.

    `pointer` is where the platform keeps media; `{media_id}` in it stands for the id.
    """
    clusters = np.concatenate([made.listed(care=care)[:most] for care in (False, True)])
    questions = [question(seen, row, pointer) for row in _first_rows(made, clusters)]
    scores = np.full(len(made.groups), np.nan)
    scores[clusters] = classifier.scores(questions, advanced)
    return scores


def question(seen: Seen, row: int, pointer: str) -> Question:
    """What is asked of the media in one row."""
    media = seen.media.slice(row, 1).to_pylist()[0]
    media_id = media["media_id"] or media["key"]
    hashes = {kind: media[kind] for kind in KINDS if media[kind]}
    return Question(media_id, hashes, pointer.replace("{media_id}", media_id))


def _first_rows(made: Triage, clusters: Ids) -> list[int]:
    """One media of each cluster: the first by key."""
    groups, first = np.unique(made.groups.of, return_index=True)
    return [int(first[place]) for place in np.searchsorted(groups, clusters)]
