"""How does a day's events join a graph without a rebuild? Counts are kept in the workspace, with what they cover.

`graph/kept.json` names the parts of the store that were counted and one file for each relation. It is written last, and
whole: a process killed at any point leaves the old graph or the new one, and files that nothing names, which the next
writer removes. What is kept is a copy of what the store says. Wherever the two do not fit, all is counted anew.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.graph import build, window
from ringfence.graph.count import UNITS, Tally, count
from ringfence.graph.counted import Alike, Counted, widened
from ringfence.graph.csr import Csr
from ringfence.graph.finish import finished
from ringfence.graph.memory import fits
from ringfence.graph.relations import Graph
from ringfence.model.faults import Fault
from ringfence.model.words import Relation
from ringfence.store import batches, disk
from ringfence.store.workspace import Workspace

BUILD = 1  # grows with every change to what is counted or to how it is kept
FOLDER, MANIFEST = "graph", "kept.json"
NUMBER = re.compile(r"-(\d+)\.npz$")

Say = Callable[[str], object]


class _Build(msgspec.Struct, frozen=True):
    """What every build's manifest has, whatever else."""

    build: int


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was counted: `parts` are the store's files with their sizes, by folder, and `files` hold the counts.

    `accounts` is how many there were, and `names` a checksum of their ids by dense id.
    """

    build: int
    accounts: int
    names: int
    parts: dict[str, dict[str, int]]
    files: dict[str, str]


class Unusable(Exception):
    """What is kept cannot be gone on from; the words say why."""


@dataclass(frozen=True, slots=True)
class _State:
    """A manifest and the counts it names; neither where nothing can be gone on from."""

    kept: Kept | None
    tally: Tally


def graph_of(workspace: Workspace, connection: duckdb.DuckDBPyConnection, say: Say = lambda _: None) -> Graph:
    """The graph of all events, counting only those that came since it was last asked for.

    It is equal to `build.build`, to the last bit where weights are whole numbers. `connection` is one that `events`
    made for this workspace. `say` is told, a line each time, what was left out or could not be gone on from.

    Raises Fault when there is no room for the graph. That it could not be kept is only said.
    """
    parts = _parts(workspace.store)
    window.since(connection, _paths(workspace.store, parts), {})
    accounts = build.names(connection)
    before = _before(workspace, parts, accounts, say)
    tally = _brought_up(workspace, connection, parts, before, len(accounts))
    if before.kept is None or before.kept.parts != parts:
        try:
            with workspace.lock():
                _write(workspace, parts, accounts, before, tally)
        except Fault as fault:
            say(f"the graph is not kept, and will be counted anew: {fault}")
    return finished(connection, tally, accounts, say)


def _before(workspace: Workspace, parts: Mapping[str, Mapping[str, int]], accounts: pa.StringArray, say: Say) -> _State:
    folder = workspace.path / FOLDER
    if not (folder / MANIFEST).exists():
        return _State(None, {})
    try:
        kept = _manifest(folder / MANIFEST)
        _check(kept, parts, accounts)
        return _State(kept, {unit: _read(folder / file, kept.accounts) for unit, file in kept.files.items()})
    except Unusable as why:
        say(f"the graph kept in {folder} is counted anew: {why}")
        return _State(None, {})


def _manifest(file: Path) -> Kept:
    try:
        content = file.read_bytes()
        build_of = msgspec.json.decode(content, type=_Build).build
        if build_of != BUILD:
            raise Unusable(f"it is of build {build_of}, and this is build {BUILD}")
        return msgspec.json.decode(content, type=Kept)
    except (OSError, msgspec.DecodeError) as error:
        raise Unusable(f"{file.name} cannot be read ({error})") from error


def _check(kept: Kept, parts: Mapping[str, Mapping[str, int]], accounts: pa.StringArray) -> None:
    if any(
        parts.get(folder, {}).get(part) != size for folder, held in kept.parts.items() for part, size in held.items()
    ):
        raise Unusable("it covers events that are not in the store")
    if kept.accounts > len(accounts) or _checksum(accounts[: kept.accounts]) != kept.names:
        # The same files loaded in another order: every part is there, and every dense id is another account's.
        raise Unusable("its accounts are not those of the store")
    if set(kept.files) != set(UNITS):
        raise Unusable("it does not hold every relation")


def _brought_up(
    workspace: Workspace,
    connection: duckdb.DuckDBPyConnection,
    parts: Mapping[str, Mapping[str, int]],
    before: _State,
    size: int,
) -> Tally:
    """The counts of all `parts`, from those of before and the parts that came since."""
    known = before.kept.parts if before.kept is not None else {}
    fresh = {folder: [part for part in held if part not in known.get(folder, {})] for folder, held in parts.items()}
    window.since(connection, _paths(workspace.store, fresh), _paths(workspace.store, known))
    fits(sum(counted.matrix.ties for counted in before.tally.values()) + build.most_ties(connection), size)
    if before.kept is not None and not any(fresh.values()):
        return before.tally
    return count(connection, before.tally, size, frozenset(Relation))


def _parts(store: Path) -> dict[str, dict[str, int]]:
    """The size of every committed part that a graph is made of, by folder and name."""
    done = batches.committed(store)
    return {
        folder: {file.name: file.stat().st_size for file in batches.files(store, done, folder)}
        for folder in window.COLUMNS
    }


def _paths(store: Path, parts: Mapping[str, Iterable[str]]) -> dict[str, list[Path]]:
    return {folder: [store / folder / part for part in held] for folder, held in parts.items()}


def _write(
    workspace: Workspace,
    parts: dict[str, dict[str, int]],
    accounts: pa.StringArray,
    before: _State,
    tally: Tally,
) -> None:
    folder = workspace.path / FOLDER
    with disk.writing(folder):
        folder.mkdir(exist_ok=True)
        # Somebody else may have kept a graph meanwhile, and swept the files of the one this goes on from.
        stands = before.kept is not None and _stands(folder / MANIFEST, before.kept)
        # Numbers are never used again, so no file changes under a manifest that names it, whoever wrote that.
        run = 1 + max((int(number[1]) for file in folder.iterdir() if (number := NUMBER.search(file.name))), default=0)
        files = {}
        for unit, counted in tally.items():
            old = before.tally.get(unit)
            if stands and before.kept and old and old.matrix.targets is counted.matrix.targets:
                files[unit] = before.kept.files[unit]
                continue
            files[unit] = f"{unit}-{run}.npz"
            aside = folder / f".{files[unit]}"
            _save(aside, {"file": np.array(files[unit]), **_arrays(counted)})
            disk.keep(aside, folder / files[unit])
        kept = Kept(BUILD, len(accounts), _checksum(accounts), parts, files)
        disk.write_whole(folder / MANIFEST, msgspec.json.encode(kept))
        for left in set(folder.iterdir()) - {folder / name for name in (MANIFEST, *files.values())}:
            left.unlink()


def _stands(manifest: Path, kept: Kept) -> bool:
    try:
        return _manifest(manifest) == kept
    except Unusable:
        return False


def _arrays(counted: Counted) -> dict[str, NDArray[Any]]:
    matrix = counted.matrix
    held: dict[str, NDArray[Any]] = {
        "starts": matrix.starts,
        "targets": matrix.targets,
        "weights": matrix.weights,
        "columns": np.array(matrix.columns),
    }
    if counted.names is not None:
        held["names"], held["name_ends"] = _letters(counted.names)
    if counted.alike is not None:
        held |= {"marks": counted.alike.marks, "owners": counted.alike.owners, "label": counted.alike.label}
    return held


def _save(file: Path, arrays: dict[str, NDArray[Any]]) -> None:
    with zipfile.ZipFile(file, "w", allowZip64=True) as held:
        for name, array in arrays.items():
            with held.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _read(file: Path, size: int) -> Counted:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        if str(arrays["file"]) != file.name:
            raise Unusable(f"{file.name} holds what was kept as {arrays['file']}")
        counted = _counted(arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, pa.ArrowException) as error:
        raise Unusable(f"{file.name} cannot be read ({error})") from error
    matrix = counted.matrix
    whole = matrix.rows <= size and matrix.starts[0] == 0 and matrix.starts[-1] == matrix.ties == len(matrix.weights)
    if not whole or (matrix.ties and matrix.targets.max() >= matrix.columns):
        raise Unusable(f"{file.name} does not hold together")
    return widened(counted, size)


def _counted(arrays: dict[str, NDArray[Any]]) -> Counted:
    matrix = Csr(arrays["starts"], arrays["targets"], arrays["weights"], int(arrays["columns"]))
    names = None
    if "names" in arrays:
        ends, letters = arrays["name_ends"], arrays["names"]
        names = pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(letters))
        names.validate(full=True)
    alike = Alike(arrays["marks"], arrays["owners"], arrays["label"]) if "marks" in arrays else None
    return Counted(matrix, names, alike)


def _letters(names: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """All names behind one another, and where each begins, with the end of the last."""
    packed = pa.concat_arrays([names]) if names.offset == 0 else pa.concat_arrays([names[:0], names])
    ends = np.frombuffer(packed.buffers()[1], np.int32)[: len(packed) + 1] if len(packed) else np.zeros(1, np.int32)
    letters = packed.buffers()[2]
    held = (
        np.frombuffer(letters, np.uint8)[: ends[-1]] if letters is not None and letters.size else np.empty(0, np.uint8)
    )
    return held, ends


def _checksum(names: pa.StringArray) -> int:
    letters, ends = _letters(names)
    return zlib.crc32(ends.tobytes(), zlib.crc32(letters.tobytes()))
