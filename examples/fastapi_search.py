"""How does a search handler ask the guard in its own process, and what does it do when the guard itself fails?

    RINGFENCE_SNAPSHOTS=platform/snapshots uvicorn fastapi_search:app

The platform's own search is a list of names here. Everything else is as it would be.
"""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Header

from ringfence.guard.answers import Decision, Viewer
from ringfence.guard.current import Current
from ringfence.guard.policies.policy import Cause, default_policy
from ringfence.model.faults import Fault
from ringfence.model.words import Surface, Verdict

LOG = logging.getLogger(__name__)
RESULTS = ("a lake in spring", "boats on the lake", "walks around the lake")
HIDDEN = (Verdict.BLOCK, Verdict.DROP)


def search_results(query: str) -> list[str]:
    """The platform's own search."""
    return [result for result in RESULTS if query.lower() in result]


def answer(decision: Decision, find: Callable[[], Sequence[str]]) -> dict[str, Any]:
    """What the person gets. A blocked query is never run, and there is no way to see its results anyway."""
    if decision.verdict in HIDDEN:
        helped = [{"name": one.name, "url": one.url, "phone": one.phone} for one in decision.help]
        return {"results": [], "message": decision.message, "help": helped}
    results = list(find())
    return {"results": results[:1] if decision.verdict is Verdict.DEMOTE else results, "message": "", "help": []}


def make_app(snapshots: Path) -> FastAPI:
    """The handler over a folder of snapshots. It follows what is published there, without a restart."""
    fallback = default_policy()
    current = Current(snapshots, fallback)
    app = FastAPI()

    @app.get("/search")
    def search(q: str, user: str = "", accept_language: Annotated[str, Header()] = "") -> dict[str, Any]:
        viewer = Viewer(user, language=accept_language.partition(",")[0].strip())
        try:
            decision = current.guard().search(q, viewer)
        except (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError, Fault) as error:
            # The platform's own fallback: what the policy says for no snapshot. Never the results, and never the query.
            LOG.error("the guard failed: %s", type(error).__name__)  # noqa: TRY400 - a traceback could hold the query
            verdict = fallback.degraded_verdict(Cause.NO_SNAPSHOT, Surface.SEARCH)
            return {"results": [], "message": "", "help": []} if verdict in HIDDEN else {"results": search_results(q)}
        return answer(decision, lambda: search_results(q))

    return app


if folder := os.environ.get("RINGFENCE_SNAPSHOTS"):
    app = make_app(Path(folder))
