"""An exchange to test against: a real HTTP server that speaks each protocol, and fails in the ways a test asks for.

Its hashes are digests of bird names. A list is read through a cursor: what changes later is told in later lists.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5, sha1, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

USER, PASSWORD = "wren", "nest"
BASIC = {"authorization": "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
KEYS = {"x-functions-key": "twig", "Ocp-Apim-Subscription-Key": "moss"}
TOKEN = "access_token=12345678%7Cfeather"

Reply = tuple[int, dict[str, str], bytes]
Trouble = Callable[[BaseHTTPRequestHandler, Reply], Reply | None]  # None: it has answered itself


def digest(name: str, version: int = 0) -> tuple[str, str, str]:
    """MD5, SHA-1 and something of the length of a PDQ hash, of a bird's name."""
    content = f"{name} {version}".encode()
    return md5(content).hexdigest(), sha1(content).hexdigest(), sha256(content).hexdigest()


@dataclass
class Bird:
    """One item of the list."""

    version: int
    at: int
    gone: bool = False


@dataclass
class StandIn:
    """The list, and what it has been asked. `troubles` are used up, one a request."""

    size: int = 3
    birds: dict[str, Bird] = field(default_factory=dict)
    troubles: list[Trouble | None] = field(default_factory=list)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    cursors: list[list[tuple[str, Bird]]] = field(default_factory=list)
    forget: bool = False  # the names of pages are no longer good
    address: str = ""

    def put(self, name: str, at: int, *, gone: bool = False) -> None:
        before = self.birds.get(name)
        self.birds[name] = Bird(before.version + 1 if before else 0, at, gone)

    def truth(self) -> dict[str, int]:
        return {name: bird.version for name, bird in self.birds.items() if not bird.gone}

    def reply(self, method: str, target: str, headers: dict[str, str]) -> Reply:
        path = urlsplit(target).path
        if path.startswith("/v2/"):
            allowed = headers.get("authorization") == BASIC["authorization"]
            answer = self._ncmec(method, target)
        elif path.startswith("/1234/threat_updates"):
            allowed, answer = TOKEN in target, self._threatexchange(target)
        elif path.startswith("/ind-"):
            allowed, answer = TOKEN in target, _json({"descriptors": {"data": [{"id": "77"}]}})
        elif path == "/77":
            allowed, answer = TOKEN in target, _json({"success": True})
        else:
            allowed = all(headers.get(name.lower()) == value for name, value in KEYS.items())
            answer = self._stopncii(target) if method == "GET" else _json({})
        return answer if allowed else (401, {}, b"")

    def _page(self, first: int, last: int, asked: dict[str, list[str]]) -> tuple[list[tuple[str, Bird]], str]:
        """A page of what changed from `first` to `last`, sorted by name and not by time, and the next one's name."""
        if "cursor" in asked:
            number, start = (int(part) for part in asked["cursor"][0].split("-"))
        else:
            listed = [(name, Bird(bird.version, bird.at, bird.gone)) for name, bird in sorted(self.birds.items())]
            self.cursors.append([(name, bird) for name, bird in listed if first <= bird.at <= last])
            number, start = len(self.cursors) - 1, 0
        rest = self.cursors[number]
        end = start + self.size
        return rest[start:end], f"{number}-{end}" if end < len(rest) else ""

    def _ncmec(self, method: str, target: str) -> Reply:
        path, asked = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if method == "PUT":
            return _xml("<submissionResult/>")
        if path.endswith("/reasons"):
            return _xml('<availableFeedbackReasons><reason guid="0-1" name="Wrong bird"/></availableFeedbackReasons>')
        if path == "/v2/status":
            return _xml('<status><ipAddress>127.0.0.1</ipAddress><member id="1">Wren</member></status>')
        if self.forget and "cursor" in asked:
            return 404, {}, b""
        if "from" not in asked:  # the name of a page that it never gave
            return 404, {}, b""
        first, last = (int(datetime.fromisoformat(asked[key][0]).timestamp()) for key in ("from", "to"))
        birds, following = self._page(first, last, asked)
        paging = ""
        if following:
            start = int(following.partition("-")[2]) + 1
            span = {key: asked[key][0] for key in ("from", "to")}
            query = urlencode(span | {"start": start, "size": self.size, "max": 9, "cursor": following})
            paging = f"<paging><next>/v2/entries?{query.replace('&', '&amp;')}</next></paging>"
        entries = "".join(_entry(name, bird) for name, bird in birds)
        return _xml(f'<queryResult><images count="{len(birds)}">{entries}</images>{paging}</queryResult>')

    def _stopncii(self, target: str) -> Reply:
        asked = parse_qs(urlsplit(target).query)
        token = asked.get("nextPageToken")
        if token and (self.forget or "-" not in token[0]):
            return 400, {}, b""
        birds, following = self._page(int(asked["startTimestamp"][0]), 1 << 40, {"cursor": token} if token else {})
        listed = self.cursors[int(token[0].partition("-")[0]) if token else -1]
        newest = max([int(asked["startTimestamp"][0]), *(bird.at for _, bird in listed)])
        records: list[dict[str, object]] = [
            {"signalType": "ImagePDQ", "hashValue": digest(name)[2], "lastModtimestamp": bird.at,
             "hashStatus": "Withdrawn" if bird.gone else "Active", "caseNumbers": [], "CSPFeedbacks": []}
            for name, bird in birds
        ]  # fmt: skip
        return _json({"count": len(records), "nextPageToken": following or None, "nextSetTimestamp": newest,
                      "hasMoreRecords": bool(following), "hashRecords": records})  # fmt: skip

    def _threatexchange(self, target: str) -> Reply:
        asked = parse_qs(urlsplit(target).query)
        birds, following = self._page(int(asked.get("start_time", ["0"])[0]), 1 << 40, asked)
        data = [
            {"id": f"ind-{name}", "type": "HASH_PDQ", "indicator": digest(name, bird.version)[2],
             "last_updated": bird.at, "should_delete": bird.gone,
             "descriptors": {"data": [{"id": "77", "status": "MALICIOUS", "owner": {"id": "5"}}]}}
            for name, bird in birds
        ]  # fmt: skip
        paging = {"next": f"{self.address}/1234/threat_updates/?{TOKEN}&cursor={following}"} if following else {}
        return _json({"data": data, "paging": paging})


def _entry(name: str, bird: Bird) -> str:
    at = datetime.fromtimestamp(bird.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head = f'<member id="42">A member</member><timestamp>{at}</timestamp><id>{name}</id>'
    if bird.gone:
        return f"<deletedImage>{head}</deletedImage>"
    one, two, three = digest(name, bird.version)
    prints = f"<md5>{one}</md5><sha1>{two}</sha1><pdq>{three}</pdq><pdna>AA</pdna>"
    return f"<image>{head}<classification>A1</classification><fingerprints>{prints}</fingerprints></image>"


def _xml(text: str) -> Reply:
    space = ' xmlns="https://hashsharing.ncmec.org/hashsharing/v2"'
    root = text.index(">") if text.index(">") < text.find(" ") or " " not in text else text.index(" ")
    root = root - 1 if text[root - 1] == "/" else root
    body = f'<?xml version="1.0" encoding="UTF-8"?>{text[:root]}{space}{text[root:]}'
    return 200, {"content-type": "application/xml"}, body.encode()


def _json(answer: object) -> Reply:
    return 200, {"content-type": "application/json; charset=utf-8"}, json.dumps(answer).encode()


@contextmanager
def serving(stand_in: StandIn) -> Iterator[StandIn]:
    """The same, listening on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            stand_in.asked.append((self.command, self.path, body))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply: Reply | None = stand_in.reply(self.command, self.path, headers)
            trouble = stand_in.troubles.pop(0) if stand_in.troubles else None
            with suppress(OSError):  # it hung up
                if trouble is not None and reply is not None:
                    reply = trouble(self, reply)
                if reply is not None:
                    send(self, *reply)

        do_GET = do_PUT = do_POST = _answer  # noqa: N815 (the library's names)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.handle_error = lambda *_: None  # type: ignore[method-assign]  # whoever asked has hung up
    stand_in.address = f"http://127.0.0.1:{http.server_port}"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, **headers: str) -> Trouble:
    return lambda _handler, _reply: (code, {name.replace("_", "-"): value for name, value in headers.items()}, b"no")


def hung_up(handler: BaseHTTPRequestHandler, _reply: Reply) -> None:
    """The connection ends without an answer."""
    handler.close_connection = True


def dropped(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """The connection ends in the middle of the body."""
    code, headers, body = reply
    handler.send_response(code)
    for name, value in {**headers, "content-length": str(len(body))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def cut(_handler: BaseHTTPRequestHandler, reply: Reply) -> Reply:
    """A body that ends in the middle, and says so nowhere."""
    code, headers, body = reply
    return code, headers, body[: len(body) // 2]


def says(body: bytes, content_type: str = "application/xml") -> Trouble:
    return lambda _handler, _reply: (200, {"content-type": content_type}, body)
