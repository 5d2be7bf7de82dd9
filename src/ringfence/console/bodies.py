"""How large may what is sent be? A form is small; more is refused before it is read."""

from contextlib import suppress

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
        said = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not one.isdigit() or int(one) > LONGEST for one in said) or await self._too_long(scope, receive, send):
            await PlainTextResponse("This is longer than a form may be.", 413)(scope, receive, send)

    async def _too_long(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Have it answered, unless the body is too long: whatever is then made of what broke off is not sent."""
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LONGEST:
                raise TooLong
            return message

        async def sent(message: Message) -> None:
            if read <= LONGEST:
                await send(message)

        with suppress(TooLong):
            await self.app(scope, bounded, sent)
        return read > LONGEST
