"""How large may what is sent be? A form is small; more is refused before it is read."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST = 200_000  # bytes; the longest text of a form is 10,000 characters


class TooLong(Exception):
    """A body that goes on after what it may have."""


class Bodies:
    """Refuse what says that it is longer, and break off what turns out to be."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LONGEST:
                raise TooLong
            return message

        said = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not one.isdigit() or int(one) > LONGEST for one in said):
            await PlainTextResponse("This is longer than a form may be.", 413)(scope, receive, send)
            return
        try:
            await self.app(scope, bounded, send)
        except TooLong:
            await PlainTextResponse("This is longer than a form may be.", 413)(scope, receive, send)
