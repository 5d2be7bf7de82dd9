from pathlib import Path

import pytest

from ringfence.ingest import formats
from ringfence.model.faults import Fault


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="no such file") as caught:
        formats.open_source(tmp_path / "posts.parquet", ())
    assert "posts.parquet" in caught.value.where


def test_a_file_of_another_format_is_answered_with_those_there_are(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("post_id\n")
    with pytest.raises(Fault, match=r"\.parquet, \.jsonl"):
        formats.open_source(file, ())
