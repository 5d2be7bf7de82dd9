"""ringfence damping"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli import say
from ringfence.discovery import results
from ringfence.guard import damping_export
from ringfence.guard.collect import collect
from ringfence.guard.policy_parts import HARD
from ringfence.guard.publish import read_policy
from ringfence.store import audit, events

GROUP = typer.Typer(
    name="damping", help="How much a recommender still learns from flagged accounts.", no_args_is_help=True
)


@GROUP.callback()
def group() -> None:
    """How much a recommender still learns from flagged accounts."""
