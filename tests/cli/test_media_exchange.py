"""Do the exchange commands bring banks up, tell exchanges what reviewers thought, and keep every secret?"""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.media.exchange.standin import PASSWORD, USER, Reply, StandIn, digest, serving, status
from typer.testing import CliRunner, Result

from ringfence.cli.media_exchange import GROUP
from ringfence.media.banks.banks import Banks
from ringfence.media.banks.reviews import Act
from ringfence.media.items import Item, Signal
from ringfence.model.faults import Fault
from ringfence.model.words import HashKind
from ringfence.store.workspace import Workspace

NAMES = ("dunnock", "firecrest", "kittiwake", "nuthatch", "siskin")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with serving(StandIn(size=2)) as one:
        for number, name in enumerate(NAMES):
            one.put(name, 1_700_000_000 + number)
        yield one


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "platform")


def run(place: Workspace, *args: str, **env: str) -> Result:
    return CliRunner().invoke(GROUP, [*args, "--workspace", str(place.path)], env=env)


def add(place: Workspace, stand_in: StandIn) -> None:
    options = ("--service", "ncmec", "--environment", "npo", "--bank", "wren", "--secret-env", "WREN")
    done = run(place, "add", "ncmec", *options, "--address", stand_in.address)
    assert done.exit_code == 0, done.output


def test_from_adding_to_feedback(place: Workspace, stand_in: StandIn) -> None:
    secret = {"WREN": f"{USER}:{PASSWORD}"}
    add(place, stand_in)
    listed = json.loads(run(place, "list", "--json").stdout)["exchanges"]
    assert [(one["exchange"], one["fetched"]) for one in listed] == [("ncmec", False)]

    done = run(place, "fetch", "ncmec", **secret)
    assert done.exit_code == 0, done.output
    assert "5 added, 0 changed, 0 removed, 0 unchanged" in done.stdout
    assert "not used: 5 of pdna" in done.stdout

    stand_in.put("siskin", 1_700_001_000, gone=True)
    stand_in.put("dunnock", 1_700_001_000)
    done = run(place, "fetch", "--anew", "--json", **secret)
    told = json.loads(done.stdout)["exchanges"]["ncmec"]
    assert (told["items"]["changed"], told["items"]["removed"], told["trouble"]) == (1, 1, None)

    with closing(Banks.of(place)) as banks:
        assert len(banks.contents("wren")) == 4
        banks.say(banks.find("wren", "42/dunnock"), Act.CONFIRM, by="wren", why="seen")
        banks.say(banks.find("wren", "42/nuthatch"), Act.DECONFIRM, by="wren", why="a nuthatch")
    told = json.loads(run(place, "feedback", "ncmec", "--json", **secret).stdout)
    assert told == {"sent": 2, "nothing_to_tell": 0, "trouble": None}
    assert len([path for method, path, _ in stand_in.asked if method == "PUT"]) == 6
    assert json.loads(run(place, "feedback", "ncmec", "--json", **secret).stdout)["sent"] == 0

    written = b"".join(file.read_bytes() for file in place.path.rglob("*") if file.is_file())
    assert PASSWORD.encode() not in written
    assert not list(place.media.glob(".*.seen"))


def test_what_broke_is_one_line_and_the_next_run_goes_on(place: Workspace, stand_in: StandIn) -> None:
    add(place, stand_in)
    done = run(place, "fetch", "ncmec")
    assert (done.exit_code, "WREN: is not set" in done.stderr) == (1, True)
    done = run(place, "fetch", "ncmec", WREN="wren:wrong")
    assert (done.exit_code, "refuses the secret (status 401)" in done.stderr) == (1, True)
    stand_in.troubles[:] = [None] * 25 + [status(404)]
    done = run(place, "fetch", "ncmec", "--json", WREN=f"{USER}:{PASSWORD}")
    told = json.loads(done.stdout)["exchanges"]["ncmec"]
    assert (done.exit_code, told["pages"], done.stderr.count("\n")) == (1, 25, 1)
    assert run(place, "fetch", WREN=f"{USER}:{PASSWORD}").exit_code == 0
    with closing(Banks.of(place)) as banks:
        assert sorted(one.source_id for one in banks.contents("wren")) == sorted([f"42/{name}" for name in NAMES])
    with pytest.raises(Fault, match="did you mean 'ncmec'"):
        raise run(place, "fetch", "ncmc").exception or AssertionError


def test_what_our_own_people_put_there_outlasts_beginning_anew(place: Workspace, stand_in: StandIn) -> None:
    add(place, stand_in)
    with closing(Banks.of(place)) as banks:
        banks.put("wren", Item("", (Signal(HashKind.MD5, b"x" * 16),)), by="wren")
    assert run(place, "fetch", "--anew", WREN=f"{USER}:{PASSWORD}").exit_code == 0
    with closing(Banks.of(place)) as banks:
        assert len(banks.contents("wren")) == len(NAMES) + 1


def test_a_file_is_imported_and_its_bad_rows_are_kept_aside(
    place: Workspace, stand_in: StandIn, tmp_path: Path
) -> None:
    file, mapping = tmp_path / "list.csv", tmp_path / "list.toml"
    mapping.write_text('[columns]\nsource_id = "id"\nmd5 = "md5"\n')
    file.write_text(f"id,md5\na,{digest('siskin')[0]}\nb,zz\n")
    asked = ("import", str(file), "--mapping", str(mapping), "--bank", "partner", "--json")
    done = run(place, *asked)
    told = json.loads(done.stdout)
    assert (done.exit_code, told["good"], told["bad"], told["items"]["added"]) == (3, 1, 1, 1)
    assert f"{file}:3: its MD5 hash is none" in done.stderr
    assert list(csv.reader(Path(told["quarantine"]).read_text().splitlines()))[1] == [
        "3",
        "its MD5 hash is none",
        "b,zz",
    ]
    assert json.loads(run(place, *asked).stdout)["items"]["unchanged"] == 1
    video = tmp_path / "firecrest.txt"
    video.write_text(f"0,90,{digest('siskin')[2]},0.0\n")
    assert run(place, "import", str(video), "--format", "vpdq", "--bank", "partner").exit_code == 0
    with closing(Banks.of(place)) as banks:
        assert sorted(one.source_id for one in banks.contents("partner")) == sorted(["a", "firecrest"])
    add(place, stand_in)
    for args in ((*asked[:4], "--bank", "WREN"), asked[:2] + asked[4:]):
        failed = run(place, *args).exception
        assert isinstance(failed, Fault)


def test_a_process_that_is_killed_leaves_whole_pages_and_the_next_goes_on(place: Workspace, stand_in: StandIn) -> None:
    add(place, stand_in)
    command = [sys.executable, "-c", "from ringfence.cli.media_exchange import GROUP; GROUP()", "fetch"]
    env = {**os.environ, "WREN": f"{USER}:{PASSWORD}"}

    def kill(_handler: object, _reply: Reply) -> None:
        process.kill()

    stand_in.troubles[:] = [None] * 26 + [kill]
    process = subprocess.Popen([*command, "--workspace", str(place.path)], env=env, stderr=subprocess.PIPE)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    with closing(Banks.of(place)) as banks:
        assert len(banks.contents("wren")) in {2, 4}
    done = run(place, "fetch", "--json", WREN=f"{USER}:{PASSWORD}")
    assert json.loads(done.stdout)["exchanges"]["ncmec"]["pages"] < 12  # from the start it would be 28
    with closing(Banks.of(place)) as banks:
        assert sorted(one.source_id for one in banks.contents("wren")) == sorted([f"42/{name}" for name in NAMES])
