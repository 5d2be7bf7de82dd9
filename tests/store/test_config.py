import pytest

from ringfence.model.faults import Fault
from ringfence.store.config import Config, parse, settings, written


def test_the_written_config_is_every_default() -> None:
    assert parse(written(), where="ringfence.toml") == Config()


def test_every_setting_stands_under_a_sentence_of_its_own() -> None:
    lines = written().splitlines()
    for key, _, sentence in settings():
        assert sentence.endswith(".")
        below = lines.index(f"# {sentence}") + 1
        assert lines[below].startswith(f"{key.split('.')[1]} = ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ingest", "cannot be read as TOML"),
        ("[ingets]\n", "unknown section ingets.*did you mean 'ingest'"),
        ("[ingest]\nchunk_row = 5\n", "unknown setting ingest.chunk_row.*did you mean 'chunk_rows'"),
        ("[ingest]\nchunk_rows = 0\n", "ingest.chunk_rows is 0"),
        ('[ingest]\nchunk_rows = "5"\n', "ingest.chunk_rows is '5'"),
        ('[ingest]\nundeclared_accounts = "refuse"\n', "ingest.undeclared_accounts is 'refuse'"),
        ("[guard]\nport = 65536\n", "guard.port is 65536"),
        ('[store]\nmemory_limit = "much"\n', "store.memory_limit is 'much'"),
    ],
)
def test_a_fault_in_the_config_is_one_line_with_its_place(text: str, words: str) -> None:
    with pytest.raises(Fault, match=f"^platform.toml: .*{words}") as raised:
        parse(text, where="platform.toml")
    assert "\n" not in str(raised.value)
