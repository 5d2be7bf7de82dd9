"""What may a field of a form or an address hold? Text without the one character that no database takes."""

from typing import Annotated

from fastapi import Form, Query

_NO_NUL = r"^[^\x00]*$"
LONGEST_WHY = 2_000  # characters
MOST_NUMBER = 2**62  # what both databases hold

Sought = Annotated[str, Query(max_length=200, pattern=_NO_NUL)]
Before = Annotated[int | None, Query(ge=1, le=MOST_NUMBER)]
After = Annotated[int, Query(ge=0, le=MOST_NUMBER)]
Name = Annotated[str, Form(max_length=200, pattern=_NO_NUL)]
Why = Annotated[str, Form(max_length=LONGEST_WHY, pattern=_NO_NUL)]
Number = Annotated[int, Form(ge=1, le=MOST_NUMBER)]
