"""How do reviewers' answers in a CSV file read? The list that `propose` draws, with its column `label` filled in."""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ringfence.discovery.reviewed import Answer, Label
from ringfence.ingest.choices import choices
from ringfence.model.faults import Fault

# The first two must be there. Rank and why are for whoever reviews, and are not read back.
COLUMNS = ("account_id", "label", "weight", "stratum", "rank", "why")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The answers of a file, and how many of its rows have none yet."""

    answers: tuple[Answer, ...]
    unanswered: int


def read(file: Path) -> Sheet:
    """One account a row; a row whose label is empty waits for its answer.

    Raises Fault that names the line: for a column that is none of COLUMNS, a row of another length, a row without an
    account, a label that is none of `Label`, a weight below 1 and a stratum that is no whole number.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("it cannot be read", where=str(file), mend="make it a readable UTF-8 file") from error
    rows = csv.DictReader(lines)
    _refuse_columns(tuple(rows.fieldnames or ()), f"{file}, line 1")
    read_ = list(_answers(rows, file))
    answers = tuple(one for one in read_ if one is not None)
    if not answers:
        raise Fault("it has no answer", where=str(file), mend="write yes, no or unsure in the column label")
    return Sheet(answers, len(read_) - len(answers))


def _refuse_columns(named: tuple[str, ...], where: str) -> None:
    mend = f"the columns are {', '.join(COLUMNS)}"
    if strangers := [name for name in named if name not in COLUMNS]:
        raise Fault(f"unknown column {strangers[0]!r}", where=where, mend=mend)
    if missing := [name for name in COLUMNS[:2] if name not in named]:
        raise Fault(f"it has no column {missing[0]}", where=where, mend=mend)


def _answers(rows: "csv.DictReader[str]", file: Path) -> Iterator[Answer | None]:
    for row in rows:
        where = f"{file}, line {rows.line_num}"
        if None in row or None in row.values():
            raise Fault("it has not as many cells as line 1", where=where, mend="quote cells that hold a comma")
        given: Mapping[str, str] = {name: cell.strip() for name, cell in row.items() if cell.strip()}
        if "account_id" not in given:
            raise Fault("it names no account", where=where, mend="fill the column account_id, or leave the row out")
        if "label" not in given:
            yield None
            continue
        label = given["label"].lower()
        if label not in list(Label):
            raise Fault(f"the label {given['label']!r}", where=where, mend=choices(label, Label))
        yield Answer(
            given["account_id"],
            Label(label),
            _weight(given["weight"], where) if "weight" in given else None,
            _stratum(given["stratum"], where) if "stratum" in given else None,
            where,
        )


def _weight(cell: str, where: str) -> float:
    try:
        weight = float(cell)
    except ValueError:
        weight = math.nan
    if not 1.0 <= weight < math.inf:
        raise Fault(f"the weight {cell!r}", where=where, mend="give how many accounts it stands for, 1 or more")
    return weight


def _stratum(cell: str, where: str) -> int:
    if not (cell.isascii() and cell.isdigit()):
        raise Fault(f"the stratum {cell!r}", where=where, mend="leave it as it was proposed, or empty")
    return int(cell)
