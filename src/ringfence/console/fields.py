"""What may a field of a form or an address hold? So much, and never the one character that no database takes."""

from typing import Annotated

from fastapi import Form, Query, Request

from ringfence.cases.written import LONGEST
from ringfence.model.faults import Fault

LONGEST_ID, LONGEST_WHY = 500, 2_000  # characters
MOST_NUMBER = 2**62  # what both databases hold
NUL = "\0"

Sought = Annotated[str, Query(max_length=LONGEST_ID)]
Before = Annotated[int | None, Query(ge=1, le=MOST_NUMBER)]
After = Annotated[int, Query(ge=0, le=MOST_NUMBER)]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
Name = Annotated[str, Form(max_length=LONGEST_ID)]
Why = Annotated[str, Form(max_length=LONGEST_WHY)]
Text = Annotated[str, Form(max_length=LONGEST)]
Number = Annotated[int, Form(ge=1, le=MOST_NUMBER)]


async def storable(request: Request) -> None:
    """Raise Fault where anything that was sent, as a part of the address or in the form, has a NUL."""
    sent = [*map(str, request.path_params.values()), *request.query_params.values()]
    if request.method == "POST":
        sent += [value for value in (await request.form()).values() if isinstance(value, str)]
    if any(NUL in value for value in sent):
        raise Fault("has a character that nothing can be kept with", where="what was sent", mend="write it without")
