from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.model.faults import Fault
from ringfence.terms import seal
from ringfence.terms.formats import KIND, Format, written
from ringfence.terms.lexicon import Lexicon

LEXICON = Lexicon.from_terms(["firecrest", "kittiwake"])
PLAIN = written(LEXICON, Format.CSV)
KEY = b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def with_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(seal.KEY, KEY)


def test_a_sealed_file_shows_nothing_and_reads_as_the_same(tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    path.write_bytes(seal.seal(PLAIN, KIND))
    assert b"firecrest" not in path.read_bytes()
    assert Lexicon.load(path) == LEXICON
    assert seal.seal(PLAIN, KIND) != path.read_bytes()  # never the same nonce twice


def test_without_a_key_nothing_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(seal.KEY)
    assert seal.seal(PLAIN, KIND) == PLAIN


def test_a_plain_file_is_read_though_there_is_a_key(tmp_path: Path) -> None:
    LEXICON.write(tmp_path / "birds.csv")
    assert Lexicon.load(tmp_path / "birds.csv") == LEXICON


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(max_size=8))
def test_anything_comes_back(content: bytes, kind: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(seal.KEY, KEY)
        assert seal.unseal(seal.seal(content, kind), kind, where="x") == content


def test_one_changed_bit_anywhere_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "birds.csv"
    sealed = seal.seal(PLAIN, KIND)
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(Fault):
            Lexicon.load(path)


def test_a_cut_or_longer_file_is_a_fault() -> None:
    sealed = seal.seal(PLAIN, KIND)
    for changed in (*(sealed[:size] for size in range(len(seal.MAGIC), len(sealed))), sealed + b"\0"):
        with pytest.raises(Fault, match="sealed"):
            seal.unseal(changed, KIND, where="x")


def test_a_file_of_another_kind_is_a_fault() -> None:
    with pytest.raises(Fault, match="another key, or was changed"):
        seal.unseal(seal.seal(PLAIN, "lexicon"), "seeds", where="x")


def test_no_key_or_another_key_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "birds.csv"
    path.write_bytes(seal.seal(PLAIN, KIND))
    monkeypatch.delenv(seal.KEY)
    with pytest.raises(Fault, match=f"birds.csv: it is sealed, and there is no key; set {seal.KEY}"):
        Lexicon.load(path)
    monkeypatch.setenv(seal.KEY, seal.new_key())
    with pytest.raises(Fault, match="sealed with another key"):
        Lexicon.load(path)


@pytest.mark.parametrize("text", ["x", "AAAA", KEY[:-4], KEY + "AAAA", "!" * 44, "é"])
def test_what_is_no_key_is_refused_and_not_shown(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(seal.KEY, text)
    with pytest.raises(Fault) as caught:
        seal.seal(PLAIN, KIND)
    assert caught.value.where == seal.KEY
    assert len(text) < 5 or text not in str(caught.value)


def test_new_keys_are_keys_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    new = seal.new_key()
    assert new != seal.new_key()
    monkeypatch.setenv(seal.KEY, f" {new}\n")
    assert len(seal.key() or b"") == 32
