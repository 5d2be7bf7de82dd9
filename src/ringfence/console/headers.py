"""What does every answer tell the browser? To run nothing but our own files, and to keep nothing."""

from collections.abc import Collection

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = "/static/"
EVIDENCE = "/evidence/"  # the only pages on which a picture of the platform's own viewer may be asked for
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Nothing goes to other sites. Under no-referrer our own forms would say that they come from nowhere (csrf.py).
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "x-robots-tag": "noindex, nofollow",
}
KEPT, NEVER_KEPT = "public, max-age=31536000, immutable", "no-store"
TLS_ONLY = "max-age=31536000"


class Headers:
    """Put the headers on every answer, and answer nobody who asks for another host."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], *, secure: bool, viewer: str = "") -> None:
        """`viewer` is the origin of the restricted viewer of media, where the operator has set one."""
        self.app = app
        self.shown = POLICY.replace("img-src 'self' data:", f"img-src 'self' data: {viewer}") if viewer else POLICY
        self.hosts = hosts
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._complete(MutableHeaders(scope=message), scope, message["status"])
            await send(message)

        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            await PlainTextResponse("There is no console by that name.", 421)(scope, receive, sent)
            return
        await self.app(scope, receive, sent)

    def _complete(self, headers: MutableHeaders, scope: Scope, status: int) -> None:
        for name, value in ALWAYS.items():
            headers[name] = value
        if scope["path"].startswith(EVIDENCE):
            headers["content-security-policy"] = self.shown
        if self.secure:
            headers["strict-transport-security"] = TLS_ONLY
        # The address of a static file has its version in it, so that a new one is another address.
        whole = scope["path"].startswith(STATIC) and scope["query_string"].startswith(b"v=") and status == 200  # noqa: PLR2004
        headers["cache-control"] = KEPT if whole else NEVER_KEPT
