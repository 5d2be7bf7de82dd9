import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from ringfence.guard.service import tls
from ringfence.model.faults import Fault
from ringfence.store import config


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(ca: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("tls")
    issued = ca.issue_cert("localhost")
    names = {name: folder / f"{name}.pem" for name in tls.FILES}
    issued.cert_chain_pems[0].write_to_path(names["tls_cert"])
    issued.private_key_pem.write_to_path(names["tls_key"])
    ca.cert_pem.write_to_path(names["client_ca"])
    return {name: str(file) for name, file in names.items()}


def settings(**files: str) -> config.Guard:
    return config.Guard(**files)  # type: ignore[arg-type]


def greeted(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """What a client gets to read after the handshake; raises what the client meets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_greet, args=(listener, server))
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=10) as raw,
                client.wrap_socket(raw, server_hostname="localhost") as wrapped,
            ):
                return wrapped.recv(10).decode()
        finally:
            thread.join()


def _greet(listener: socket.socket, server: ssl.SSLContext) -> None:
    raw, _ = listener.accept()
    try:
        with server.wrap_socket(raw, server_side=True) as wrapped:
            wrapped.sendall(b"hello")
    except (ssl.SSLError, ConnectionError):
        raw.close()


@pytest.fixture
def client(ca: trustme.CA) -> ssl.SSLContext:
    made = ssl.create_default_context()
    ca.configure_trust(made)
    return made


def mutual(files: dict[str, str]) -> ssl.SSLContext:
    made = tls.of(settings(**files))
    if made is None:
        raise AssertionError
    return made


def test_without_files_there_is_no_tls() -> None:
    assert tls.of(settings()) is None


def test_a_client_with_a_certificate_of_the_ca_is_greeted(
    ca: trustme.CA, files: dict[str, str], client: ssl.SSLContext
) -> None:
    ca.issue_cert("frontend").configure_cert(client)
    assert greeted(mutual(files), client) == "hello"


@pytest.mark.parametrize("theirs", [None, "another"])
def test_a_client_without_one_or_with_one_of_another_ca_is_not(
    files: dict[str, str], client: ssl.SSLContext, theirs: str | None
) -> None:
    if theirs:
        trustme.CA().issue_cert(theirs).configure_cert(client)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        raise_when_empty(greeted(mutual(files), client))


def raise_when_empty(read: str) -> None:
    """With TLS 1.3 a client learns only by reading that it was not taken."""
    if not read:
        raise ConnectionResetError


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_without_a_client_ca_any_client_of_tls_1_2_and_later_is_greeted(
    files: dict[str, str], client: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    client.minimum_version = client.maximum_version = version
    server = mutual({name: files[name] for name in ("tls_cert", "tls_key")})
    assert greeted(server, client) == "hello"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_an_older_tls_is_refused(files: dict[str, str], client: ssl.SSLContext) -> None:
    client.minimum_version = ssl.TLSVersion.TLSv1
    client.maximum_version = ssl.TLSVersion.TLSv1_1
    client.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        greeted(mutual(files), client)
    assert mutual(files).minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.fixture(params=["half", "missing", "unmatched", "nonsense", "nonsense ca"])
def broken(request: pytest.FixtureRequest, files: dict[str, str], tmp_path: Path) -> dict[str, str]:
    nonsense, other = tmp_path / "nonsense.pem", tmp_path / "other.pem"
    nonsense.write_text("nothing")
    trustme.CA().issue_cert("x").private_key_pem.write_to_path(other)
    return {
        "half": {"client_ca": files["client_ca"]},
        "missing": {**files, "tls_key": str(tmp_path / "none.pem")},
        "unmatched": {**files, "tls_key": str(other)},
        "nonsense": {**files, "tls_cert": str(nonsense)},
        "nonsense ca": {**files, "client_ca": str(nonsense)},
    }[request.param]


def test_what_is_not_right_is_a_fault_and_never_a_weaker_service(broken: dict[str, str]) -> None:
    with pytest.raises(Fault):
        tls.of(settings(**broken))
