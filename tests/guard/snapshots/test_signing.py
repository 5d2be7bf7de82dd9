import stat
from pathlib import Path

import pytest

from ringfence.guard.snapshots import signing
from ringfence.guard.snapshots.signing import TRUSTED, TRUSTED_FILE, Trusted, trusted_in
from ringfence.model.faults import Fault


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    made = signing.from_file(tmp_path / "signing.key")
    assert signing.from_file(tmp_path / "signing.key").public == made.public
    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "not base64 at all!", "QUJD", "QUJD" * 30])
def test_a_broken_key_is_never_replaced_by_a_new_one(tmp_path: Path, content: str) -> None:
    """A new key would make every host refuse what this workspace publishes, without anybody having said so."""
    (tmp_path / "signing.key").write_text(content)
    with pytest.raises(Fault, match="signing key"):
        signing.from_file(tmp_path / "signing.key")
    assert (tmp_path / "signing.key").read_text() == content


def test_the_fingerprints_of_a_workspace_depend_on_its_key_alone(tmp_path: Path) -> None:
    one, other = signing.from_file(tmp_path / "one"), signing.from_file(tmp_path / "other")
    assert signing.from_file(tmp_path / "one").fingerprints == one.fingerprints != other.fingerprints
    assert one.key.private_bytes_raw()[:16] != one.fingerprints


def test_the_environment_goes_before_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = signing.new(), signing.new()
    signing.trust(tmp_path, here)
    assert trusted_in(tmp_path) == Trusted(frozenset({here.public}))
    monkeypatch.setenv(TRUSTED, f"{there.name} {signing.new().name}")
    assert there.public in trusted_in(tmp_path).keys
    assert here.public not in trusted_in(tmp_path).keys


def test_without_any_key_nothing_is_trusted(tmp_path: Path) -> None:
    assert trusted_in(tmp_path) == Trusted(frozenset())


@pytest.mark.parametrize("name", ["ed25519:AAAA", "rsa:AAAA", "ed25519:", "kittiwake", "ed25519:****"])
def test_what_is_no_key_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / TRUSTED_FILE).write_text(name)
    with pytest.raises(Fault, match="no public key"):
        trusted_in(tmp_path)
