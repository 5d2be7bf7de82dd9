import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner, Result

from ringfence.cli.review import GROUP
from ringfence.demo import evaluate
from ringfence.discovery import last_results, learners, probable, results, vetted
from ringfence.model.words import Opinion, Role
from ringfence.store import audit
from ringfence.store.audit import Action
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.world.write import World, write

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="module", autouse=True)
def _smaller_learners() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners, "ROUNDS", 40)
        patch.setattr(learners, "TREES", 20)
        yield


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return write(tmp_path_factory.mktemp("platform") / "world", 3_000, 7)


@pytest.fixture(scope="module")
def discovered(world: World) -> Workspace:
    place = Workspace.create(world.folder.parent / "workspace")
    load(place, [world.folder])
    Lexicon.from_terms(world.seed_terms).write(place.lexicon_file)
    vetted.add(place, world.seed_accounts, Opinion.POSITIVE, "test")
    results.scan(place)
    results.discover(place)
    return place


@pytest.fixture
def workspace(discovered: Workspace) -> Workspace:
    """The discovered platform before anybody has answered."""
    discovered.labels_file.unlink(missing_ok=True)
    return discovered


@pytest.fixture(scope="module")
def member(world: World, discovered: Workspace) -> frozenset[str]:
    accounts = last_results.read_scores(discovered)["account_id"].combine_chunks()
    return frozenset(accounts.filter(pa.array(evaluate.truth(world.folder, accounts).member)).to_pylist())


def run(workspace: Workspace, *words: object) -> Result:
    return CliRunner().invoke(GROUP, [*map(str, words), "--workspace", str(workspace.path)])


def told(workspace: Workspace, *words: object) -> dict[str, object]:
    done = run(workspace, *words, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    answer: dict[str, object] = json.loads(done.output)
    return answer


def sheet(file: Path, *rows: str, head: str = "account_id,label") -> Path:
    file.write_text("\n".join([head, *rows]) + "\n")
    return file


def answered(workspace: Workspace, file: Path, member: frozenset[str], count: int) -> list[dict[str, str]]:
    """What a reviewer makes of a list: each account as it is."""
    rows = list(csv.DictReader(run(workspace, "propose", "--count", count).output.splitlines()))
    with file.open("w", newline="") as out:
        filled = csv.DictWriter(out, list(rows[0]))
        filled.writeheader()
        filled.writerows([row | {"label": "yes" if row["account_id"] in member else "no"} for row in rows])
    return rows


def strangers(workspace: Workspace, count: int, last: int = 0) -> list[str]:
    """Accounts that are no seeds and no minors, from the best rank on, or from the worst."""
    ids = [row["account_id"] for row in probable.proposed(workspace, 2_000).to_pylist()]
    return ids[-count:] if last else ids[:count]


def test_from_a_drawn_list_to_probabilities_and_a_count(
    workspace: Workspace, member: frozenset[str], tmp_path: Path
) -> None:
    before = last_results.read_scores(workspace)
    seeds = set(vetted.positive(workspace))
    rows = answered(workspace, tmp_path / "one.csv", member, 300)
    assert len({row["account_id"] for row in rows} - seeds) == 300
    assert told(workspace, "record", tmp_path / "one.csv", "--by", "wren")["recorded"] == 300
    second = answered(workspace, tmp_path / "two.csv", member, 60)
    assert not {row["account_id"] for row in rows} & {row["account_id"] for row in second}  # nobody twice
    assert told(workspace, "record", tmp_path / "two.csv")["reviewed"] == 360

    state = told(workspace, "classify")
    assert (state["state"], state["reviewed"], state["prevalence"]) == ("calibrated", 360, None)
    after = last_results.read_scores(workspace)
    assert after.drop_columns("probability").equals(before.drop_columns("probability"))
    rest = after.filter(pc.is_valid(after["probability"]))
    belongs = np.array([name in member for name in rest["account_id"].to_pylist()])
    assert roc_auc_score(belongs, rest["probability"].to_numpy()) > 0.9
    assert rest["probability"].to_numpy().mean() == pytest.approx(belongs.mean(), abs=0.03)

    counted = told(workspace, "prevalence", "--confidence", "0.999")  # one draw: at 90% every tenth world would fail
    aside = seeds | {name for name in before["account_id"].to_pylist() if name not in rest["account_id"].to_pylist()}
    assert counted["lowest"] <= len(member - aside) <= counted["highest"]  # type: ignore[operator]
    acts = [(entry.action, entry.who) for entry in audit.read(workspace)]
    assert (Action.LABELS_CHANGED, "wren") in acts
    assert Action.CLASSIFY_RUN in {action for action, _ in acts}


def test_a_likely_minor_is_not_drawn_and_has_no_probability(
    workspace: Workspace, member: frozenset[str], tmp_path: Path
) -> None:
    def minors() -> set[str]:
        scores = last_results.read_scores(workspace)
        return set(scores.filter(pc.equal(scores["role"], str(Role.LIKELY_MINOR)))["account_id"].to_pylist())

    before = minors()
    assert before, "this world has none, and tests nothing"
    rows = answered(workspace, tmp_path / "all.csv", member, 2_900)
    assert len(rows) > 2_800
    assert not before & {row["account_id"] for row in rows}
    told(
        workspace,
        "record",
        sheet(tmp_path / "some.csv", *(tmp_path / "all.csv").read_text().splitlines()[1:200], head=",".join(rows[0])),
    )
    told(workspace, "record", sheet(tmp_path / "minor.csv", *(f"{name},yes" for name in sorted(before))))
    told(workspace, "classify", "--prevalence", 0.02)
    scores = last_results.read_scores(workspace)
    assert minors() == before
    assert scores.filter(pc.is_in(scores["account_id"], pa.array(sorted(before))))["probability"].null_count == len(
        before
    )
    assert scores["probability"].null_count < scores.num_rows / 2


@pytest.mark.parametrize(
    ("count", "prevalence", "state"),
    [
        (
            40,
            ["--prevalence", 0.02],
            "uncalibrated: 40 reviewed accounts are too few; review at least 50 of both kinds",
        ),
        (120, [], "uncalibrated: no reviewed account was drawn"),
        (120, ["--prevalence", 0.02], "calibrated"),
    ],
)
def test_what_cannot_be_calibrated_says_why_and_leaves_no_probability(
    workspace: Workspace, tmp_path: Path, count: int, prevalence: list[object], state: str
) -> None:
    yes, no = strangers(workspace, count // 4), strangers(workspace, count - count // 4, last=1)
    rows = [*(f"{name},yes" for name in yes), *(f"{name},no" for name in no)]
    told(workspace, "record", sheet(tmp_path / "told.csv", *rows))
    assert str(told(workspace, "classify", *prevalence)["state"]).startswith(state)
    null = last_results.read_scores(workspace)["probability"].null_count
    assert (null < 1_000) if state == "calibrated" else (null == 3_000)


def test_one_class_is_no_traceback(workspace: Workspace, tmp_path: Path) -> None:
    told(workspace, "record", sheet(tmp_path / "no.csv", *(f"{name},no" for name in strangers(workspace, 60, last=1))))
    assert "are all of one class" in run(workspace, "classify", "--prevalence", 0.1).output


def test_unsure_takes_nothing_back_and_settling_does(workspace: Workspace, tmp_path: Path) -> None:
    one, two = strangers(workspace, 2)
    told(workspace, "record", sheet(tmp_path / "a.csv", f"{one},yes", f"{two},unsure", f"{one},unsure"))
    refused = run(workspace, "record", sheet(tmp_path / "b.csv", f"{two},no", f"{one},no"))
    assert "b.csv, line 3" in str(refused.exception)
    assert "--settle" in str(refused.exception)
    assert told(workspace, "record", tmp_path / "b.csv", "--settle") == {"recorded": 2, "unanswered": 0, "reviewed": 2}
    assert "all of one class" not in run(workspace, "classify").output
    assert "2 accounts reviewed, 0 of them belong" in run(workspace, "classify").output


@pytest.mark.parametrize(
    ("rows", "head", "words"),
    [
        (["kittiwake,yes"], "account_id,label", "line 2: 'kittiwake' is no account of this platform"),
        (["{0},maybe"], "account_id,label", "line 2: the label 'maybe'; use one of yes, no, unsure"),
        (["{0},yes", "{1},no", "{0},no"], "account_id,label", "line 4: '{0}' is no here and yes at"),
        (["{0},yes,0.5"], "account_id,label,weight", "line 2: the weight '0.5'; give how many accounts it stands for"),
        (["{0},yes,nan"], "account_id,label,weight", "line 2: the weight 'nan'"),
        (["{0},yes,-1"], "account_id,label,stratum", "line 2: the stratum '-1'"),
        (["{0},yes,1"], "account_id,label,colour", "line 1: unknown column 'colour'"),
        (["{0}"], "account_id", "line 1: it has no column label"),
        (["{0},yes", "{1}"], "account_id,label", "line 3: it has not as many cells as line 1"),
        ([",yes"], "account_id,label", "line 2: it names no account"),
        (["{0},", "{1},"], "account_id,label", "it has no answer"),
        ([], "account_id,label", "it has no answer"),
    ],
)
def test_a_file_that_may_not_be_recorded_is_one_line_and_leaves_nothing(
    workspace: Workspace, tmp_path: Path, rows: list[str], head: str, words: str
) -> None:
    known = strangers(workspace, 3)
    told(workspace, "record", sheet(tmp_path / "first.csv", f"{known[2]},yes"))
    before = workspace.labels_file.read_bytes()
    done = run(workspace, "record", sheet(tmp_path / "bad.csv", *(row.format(*known) for row in rows), head=head))
    assert done.exit_code != 0
    assert str(done.exception).startswith(str(tmp_path / "bad.csv"))
    assert words.format(*known) in str(done.exception)
    assert "\n" not in str(done.exception)
    assert workspace.labels_file.read_bytes() == before


def test_before_there_is_anything_each_step_says_what_comes_first(
    workspace: Workspace, tmp_path: Path, ringfence: Run
) -> None:
    for words, mend in (
        (("classify",), "ringfence review record"),
        (("prevalence",), "ringfence review propose"),
        (("record", tmp_path / "none.csv"), "readable UTF-8 file"),
        (("classify", "--prevalence", "1.5"), "above 0 and below 1"),
    ):
        assert mend in str(run(workspace, *words).exception)
    place = tmp_path / "new"
    assert ringfence("init", place).returncode == 0
    done = ringfence("review", "propose", "--workspace", place)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert "ringfence discover" in done.stderr


def test_the_same_workspace_gives_the_same_list(workspace: Workspace) -> None:
    assert told(workspace, "propose", "--count", 40) == told(workspace, "propose", "--count", 40)


def test_probabilities_are_gone_after_the_next_discovery(workspace: Workspace, tmp_path: Path) -> None:
    told(workspace, "record", sheet(tmp_path / "a.csv", f"{strangers(workspace, 1)[0]},yes"))
    told(workspace, "classify")
    stated = probable.last(workspace)
    assert stated is not None
    assert stated.state.startswith("uncalibrated")
    results.discover(workspace)
    assert probable.last(workspace) is None
