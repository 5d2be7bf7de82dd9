"""The whole way, once: a generated platform, its networks found, its discovery guarded, the exposure measured."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ringfence.demo import evaluate
from ringfence.demo.new_media import MediaFigures, figures
from ringfence.demo.pictures import Node
from ringfence.demo.report import Baselines, DemoReport, Explanation, Innocents, Network, render
from ringfence.demo.stages import Clock, peak_mb
from ringfence.discovery import last_results, results, vetted
from ringfence.discovery.expand import MODEL, Expansion
from ringfence.discovery.new_media import new_media
from ringfence.discovery.plain_words import step
from ringfence.exposure.arms import Arm, budgeted, damping, hard, none
from ringfence.exposure.cuts.odds import FEWEST
from ringfence.exposure.measure import Exposure, measure
from ringfence.exposure.recommenders.friend_of_friend import FriendOfFriend
from ringfence.graph.csr import Csr, Ids
from ringfence.guard.decide import Guard
from ringfence.guard.policies.policy import default_policy
from ringfence.guard.publish import publish
from ringfence.model.words import Opinion, Relation, Role, Verdict
from ringfence.store import events
from ringfence.store.disk import write_whole
from ringfence.store.load import load
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon
from ringfence.terms.versions import keep
from ringfence.world.write import World, write

REPORT = "report.html"
EXAMPLES = 3
SHOWN = (Verdict.ALLOW, Verdict.REVIEW)
CUT_AT_MOST = 50_000  # accounts; on more of them, learning a cut would take longer than all else in a demo


@dataclass(frozen=True, slots=True)
class Summary:
    """The demo's figures. `precision` and `recall` are of the accounts found; the AUPRCs are of whole rankings.

    `innocents_touched` counts accounts found that are neither members nor their audience.
    """

    accounts: int
    ties: int
    posts: int
    planted_members: int
    found_members: int
    precision: float
    recall: float
    innocents_touched: int
    networks_found: int
    one_feature_auprc: float
    keyword_auprc: float
    auprc: float
    ever_shown_before: float
    ever_shown_after: float
    leak: dict[str, float]  # by arm; of test accounts that follow one member
    displaced: dict[str, float]  # by arm but the first; of innocent slots
    media_first: dict[str, float]  # by order; of the first clusters of new media, the share that is of networks
    seconds: dict[str, float]
    peak_mb: float


def run(folder: Path, accounts: int, seed: int, clock: Clock) -> Summary:
    """Make a world and a workspace in `folder`, go all the way, and write the report there."""
    with clock.stage("world") as progress:
        world = write(folder / "world", accounts, seed, progress)
    workspace = _workspace(folder / "workspace", world)
    with clock.stage("ingest"):
        load(workspace, [world.folder])
    with clock.stage("terms") as progress:
        seen = 0

        def scanned(rows: int) -> None:
            nonlocal seen
            seen += rows
            progress(min(1.0, seen / (world.posts + world.accounts)))

        signals = results.scan(workspace, scanned)
    with clock.stage("discovery"):
        found = results.discover(workspace)
    with clock.stage("guard"):
        publish(workspace, last_results.read_scores(workspace), MODEL)
        guard = Guard.load(workspace.snapshots)
    with clock.stage("exposure"):
        truth = evaluate.truth(world.folder, found.graph.accounts)
        exposure = _exposure(found, truth, guard, seed)
    with clock.stage("media"):
        scores = last_results.read_scores(workspace)
        new = new_media(workspace, scores)
    with clock.stage("evaluation"), events.connect(workspace) as connection:
        baselines = _baselines(found, truth, signals, evaluate.best_feature(connection, truth.member))
        media = figures(world, new, scores)
    report = _report(world, workspace, found, truth, baselines, exposure, media, clock)
    write_whole(folder / REPORT, render(report).encode())
    return _summary(report, found, truth)


def _workspace(path: Path, world: World) -> Workspace:
    workspace = Workspace.create(path)
    write_whole(workspace.policy_file, default_policy().text.encode())
    keep(workspace, Lexicon.from_terms(world.seed_terms))
    vetted.add(workspace, world.seed_accounts, Opinion.POSITIVE, "demo")
    return workspace


def _exposure(found: Expansion, truth: evaluate.Truth, guard: Guard, seed: int) -> Exposure:
    """Test accounts that follow one member, in every arm; the guard knows only what was found."""
    names = np.array(found.graph.accounts.to_pylist(), dtype=object)

    def keep(viewer: int, _followed: Ids, ids: Ids) -> NDArray[np.bool_]:
        slate = guard.suggest(str(viewer), names[ids].tolist())
        # Demoted accounts come last, and there is always somebody popular to show before them.
        return np.array([decision.verdict in SHOWN for decision in slate.decisions], dtype=bool)

    follows = _follows(found)
    suggest = FriendOfFriend(follows)
    return measure(
        follows,
        np.flatnonzero(truth.member).astype(np.uint32),
        np.flatnonzero(found.members).astype(np.uint32),
        {"bird watcher": np.flatnonzero(truth.kind == "bird_watcher").astype(np.uint32)},
        seed,
        arms=(
            none(suggest),
            Arm("guard", suggest, keep),
            damping(follows, found.members),
            hard(follows, found.members),
            *_cut(follows, suggest, found.members, seed),
        ),
    )


def _cut(follows: Csr, suggest: FriendOfFriend, flagged: NDArray[np.bool_], seed: int) -> list[Arm]:
    """The cut, where the platform is small and enough was found to learn one from."""
    if follows.columns > CUT_AT_MOST or flagged.sum() < FEWEST:
        return []
    return [budgeted(follows, suggest, flagged, seed)]


def _follows(found: Expansion) -> Csr:
    return next(ties.forward for ties in found.graph.relations if ties.relation is Relation.FOLLOWS)


def _baselines(found: Expansion, truth: evaluate.Truth, signals: pa.Table, best: tuple[str, float]) -> Baselines:
    others = np.ones(found.graph.size, dtype=bool)
    others[found.seeds.accounts] = False  # a seed is given, not found
    keyword = evaluate.keyword_rule(signals, found.graph.size)
    return Baselines(
        feature=best[0],
        feature_auprc=best[1],
        keyword_auprc=evaluate.average_precision(truth.member[others], keyword[others]),
        auprc=evaluate.average_precision(truth.member[others], found.score[others]),
    )


def _report(
    world: World,
    workspace: Workspace,
    found: Expansion,
    truth: evaluate.Truth,
    baselines: Baselines,
    exposure: Exposure,
    media: MediaFigures,
    clock: Clock,
) -> DemoReport:
    member = found.members
    kinds = sorted(set(truth.kind[~truth.member].tolist()))
    return DemoReport(
        seed=exposure.seed,
        accounts=world.accounts,
        ties=world.ties,
        posts=world.posts,
        seed_terms=world.seed_terms,
        seed_accounts=world.seed_accounts,
        networks=_networks(workspace),
        planted_members=int(truth.member.sum()),
        named=int(member.sum()),
        named_members=int((member & truth.member).sum()),
        likely_minors=sum(role is Role.LIKELY_MINOR for role in found.roles),
        innocents=tuple(
            Innocents(kind, int((member & (truth.kind == kind)).sum()), int((truth.kind == kind).sum()))
            for kind in kinds
        ),
        baselines=baselines,
        exposure=exposure,
        media=media,
        explanations=_explanations(workspace, found),
        nodes=tuple(_node(found, account) for account in np.flatnonzero(member)),
        edges=_edges(found),
        scores=found.score,
        planted=truth.member,
        cut=float(found.score[member].min()) if member.any() else float(found.score.max()),
        stages=tuple(clock.stages),
        versions=(("model", MODEL), ("world seed", str(exposure.seed)), ("policy", default_policy().version)),
    )


def _networks(workspace: Workspace) -> tuple[Network, ...]:
    return tuple(
        Network(
            row["network_id"],
            row["size"],
            row["audience"],
            row["reach"],
            tuple(row["terms"]),
            row["first_seen"],
            row["growth"] or 0.0,
        )
        for row in last_results.read_networks(workspace).to_pylist()
    )


def _explanations(workspace: Workspace, found: Expansion) -> tuple[Explanation, ...]:
    """The first found of each role, seeds left out: what a reviewer would read."""
    order = found.order()
    order = order[found.members[order]]
    seeds = set(found.seeds.accounts.tolist())
    chosen: dict[str, int] = {}
    for account in order:
        role = found.roles[account]
        if role and account not in seeds:
            chosen.setdefault(role, account)
    names = [str(found.graph.accounts[int(account)]) for account in list(chosen.values())[:EXAMPLES]]
    return tuple(_explanation(last_results.explain(workspace, name)) for name in names)


def _explanation(row: dict[str, Any]) -> Explanation:
    told = row["explanation"]
    return Explanation(
        account_id=row["account_id"],
        role=row["role"],
        reasons=tuple(row["reasons"]),
        contributions=tuple((one["words"], one["amount"]) for one in told["contributions"]),
        path=tuple(f"{step(one['relation'], back=one['back'])} {one['name']}" for one in told["path"]),
        path_to=told["path_to"],
        against=tuple(told["against"]),
    )


def _node(found: Expansion, account: np.int64) -> Node:
    network = found.networks.ids[found.networks.member_of[account]]
    return Node(str(found.graph.accounts[int(account)]), network, str(found.roles[account] or ""))


def _edges(found: Expansion) -> tuple[tuple[int, int], ...]:
    position = np.cumsum(found.members) - 1
    first, second = position[found.networks.first], position[found.networks.second]
    return tuple(zip(first.tolist(), second.tolist(), strict=True))


def _summary(report: DemoReport, found: Expansion, truth: evaluate.Truth) -> Summary:
    lured = report.exposure.strata[0]
    innocent = ~truth.member & (truth.kind != "audience")
    return Summary(
        accounts=report.accounts,
        ties=report.ties,
        posts=report.posts,
        planted_members=report.planted_members,
        found_members=report.named_members,
        precision=report.precision,
        recall=report.recall,
        innocents_touched=int((found.members & innocent).sum()),
        networks_found=len(report.networks),
        one_feature_auprc=report.baselines.feature_auprc,
        keyword_auprc=report.baselines.keyword_auprc,
        auprc=report.baselines.auprc,
        ever_shown_before=lured.before.ever.value,
        ever_shown_after=lured.after.ever.value,
        leak={arm.name: arm.summary.leak.value for arm in lured.arms},
        displaced={cost.arm: cost.displaced.value for cost in report.exposure.collateral},
        media_first={order.name: order.first.value for order in report.media.orders},
        seconds={stage.name: round(stage.seconds, 2) for stage in report.stages},
        peak_mb=round(peak_mb(), 1),
    )


def as_json(summary: Summary) -> dict[str, object]:
    """The summary as one JSON object."""
    return asdict(summary)
