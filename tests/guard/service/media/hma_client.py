"""A client of Hasher-Matcher-Actioner, as its documentation describes the calls; it knows nothing of ringfence.

    python hma_client.py http://127.0.0.1:8642 picture.png [KEY]

Prints one JSON object, an answer a step.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

BOUNDARY = "----------------------8f3a91c7d05e"


class Client:
    def __init__(self, base: str, key: str) -> None:
        self.base = base.rstrip("/")
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json", **params: Any
    ) -> tuple[int, Any]:
        query = f"?{urllib.parse.urlencode(params)}" if params else ""
        headers = {**self.headers, **({"Content-Type": kind} if body is not None else {})}
        request = urllib.request.Request(f"{self.base}{path}{query}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())

    def get(self, path: str, **params: Any) -> tuple[int, Any]:
        return self.ask("GET", path, **params)

    def send(self, method: str, path: str, value: Any) -> tuple[int, Any]:
        return self.ask(method, path, json.dumps(value).encode())

    def upload(self, path: str, file: Path, **params: Any) -> tuple[int, Any]:
        """A form with one file in the field `photo`, as `curl --form photo=@file` sends it."""
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="{file.name}"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        body = head.encode() + file.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
        return self.ask("POST", path, body, f"multipart/form-data; boundary={BOUNDARY}", **params)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode()


def story(client: Client, picture: Path) -> dict[str, Any]:
    """Make a bank, put a picture into it, find it, take it out again."""
    said: dict[str, Any] = {"status": client.get("/status"), "site map": client.get("/site-map")}
    said["hash"] = client.upload("/h/hash", picture)
    pdq = said["hash"][1].get("pdq", "")
    near = f"{int(pdq or '0', 16) ^ 0b10101:064x}"
    said["make"] = client.send("POST", "/c/banks", {"name": "TEST_BANK"})
    said["make again"] = client.send("POST", "/c/banks", {"name": "TEST_BANK"})
    said["odd name"] = client.send("POST", "/c/banks", {"name": "test bank"})
    said["banks"] = client.get("/c/banks")
    said["add file"] = client.upload("/c/bank/TEST_BANK/content", picture)
    first = said["add file"][1].get("id")
    said["look up"] = client.get("/m/lookup", signal_type="pdq", signal=pdq)
    said["look up near"] = client.get("/m/lookup", signal_type="pdq", signal=near)
    said["look up file"] = client.upload("/m/lookup", picture)
    said["raw"] = client.get("/m/raw_lookup", signal_type="pdq", signal=pdq)
    said["raw distance"] = client.get("/m/raw_lookup", signal_type="pdq", signal=near, include_distance="true")
    said["compare"] = client.send("POST", "/m/compare", {"pdq": [pdq, near]})
    said["add hash"] = client.send("POST", "/c/bank/TEST_BANK/signal", {"pdq": "0f" * 32})
    said["look up hash"] = client.get("/m/lookup", signal_type="pdq", signal="0f" * 32)
    said["content"] = client.get(f"/c/bank/TEST_BANK/content/{first}", include_signals="true")
    said["disable bank"] = client.send("PUT", "/c/bank/TEST_BANK", {"enabled": False})
    said["look up disabled"] = client.get("/m/lookup", signal_type="pdq", signal=pdq)
    said["look up bypassing"] = client.get("/m/lookup", signal_type="pdq", signal=pdq, bypass_coinflip="true")
    said["enable bank"] = client.send("PUT", "/c/bank/TEST_BANK", {"enabled_ratio": 1.0})
    said["disable content"] = client.send("PUT", f"/c/bank/TEST_BANK/content/{first}", {"disable_until_ts": 1893456000})
    said["look up while disabled"] = client.get("/m/lookup", signal_type="pdq", signal=pdq)
    said["remove"] = client.ask("DELETE", f"/c/bank/TEST_BANK/content/{first}")
    said["look up removed"] = client.get("/m/lookup", signal_type="pdq", signal=pdq)
    said["index"] = client.get("/m/index/status")
    said["types"] = client.get("/c/signal_type")
    said["contents"] = client.get("/c/content_type")
    said["bad hash"] = client.get("/m/lookup", signal_type="pdq", signal="banana")
    said["no such type"] = client.get("/m/lookup", signal_type="banana", signal=pdq)
    said["no such bank"] = client.get("/c/bank/NO_BANK")
    said["rename"] = client.send("PUT", "/c/bank/TEST_BANK", {"name": "OTHER_BANK"})
    said["delete bank"] = client.ask("DELETE", "/c/bank/OTHER_BANK")
    said["banks after"] = client.get("/c/banks")
    return said


if __name__ == "__main__":
    base, picture, *key = sys.argv[1:]
    print(json.dumps(story(Client(base, key[0] if key else ""), Path(picture))))  # noqa: T201
