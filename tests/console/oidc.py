"""A small OpenID Connect provider that a test starts, and that can be told to misbehave."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwk, jwt

HEADER = {"alg": "RS256", "kid": "one"}
CLIENT, SECRET = "console", "a secret: of+the console"


@dataclass
class Local:
    """`subject` signs in. `mischief` changes what the token says; `signed` is how it is made of the claims."""

    address: str = ""
    subject: str = "subject-of-wren"
    auth_time: Callable[[], int | None] = lambda: int(time.time())
    mischief: dict[str, Any] = field(default_factory=dict)
    key: jwk.RSAKey = field(default_factory=lambda: jwk.RSAKey.generate_key(2048, {"kid": "one"}))
    signed: Callable[["Local", dict[str, Any]], str] | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    issuer: str = ""

    def metadata(self) -> dict[str, str]:
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        return {"issuer": self.issuer or self.address} | {name: f"{self.address}/{one}" for name, one in places.items()}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes on to, with a code that is good once."""
        code = secrets.token_urlsafe(8)
        self.asked[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], credentials: str) -> dict[str, str] | None:
        """The answer for a code, to who began with it and has the client's secret."""
        asked = self.asked.pop(form.get("code", ""), None)
        pair = base64.b64decode(credentials.removeprefix("Basic ")).decode().split(":")
        if asked is None or [unquote_plus(one) for one in pair] != [CLIENT, SECRET]:
            return None
        if create_s256_code_challenge(form.get("code_verifier", "")) != asked["code_challenge"]:
            return None
        if asked["code_challenge_method"] != "S256" or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        now = int(time.time())
        claims = {"iss": self.address, "sub": self.subject, "aud": CLIENT, "exp": now + 60, "iat": now}
        claims |= {"nonce": asked["nonce"], "auth_time": self.auth_time()} | self.mischief
        claims = {name: value for name, value in claims.items() if value is not None}
        made = (
            self.signed(self, claims) if self.signed else jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        )
        return {"access_token": "unused", "token_type": "Bearer", "id_token": made}


@contextmanager
def serving(local: Local) -> Iterator[Local]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: value[0] for name, value in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("location", local.authorize(asked))
                self.send_header("content-length", "0")
                self.end_headers()
            elif parts.path == "/jwks":
                self.answer({"keys": [local.key.as_dict(private=False)]})
            else:
                self.answer(local.metadata())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: value[0] for name, value in parse_qs(body).items()}
            self.answer(local.token(form, self.headers["authorization"]))

        def answer(self, told: object) -> None:
            body = json.dumps(told or {"error": "invalid_grant"}).encode()
            self.send_response(200 if told else 400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    local.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield local
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
