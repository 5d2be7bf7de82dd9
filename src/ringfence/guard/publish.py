"""How does what discovery found reach the guard? As a snapshot with members, likely minors, terms and tags."""

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard import snapshot
from ringfence.guard.policy import Policy
from ringfence.model.faults import Fault
from ringfence.model.words import Role
from ringfence.store import audit, events
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

LEAST_USES = 5  # a tag used less often than this says nothing about who uses it


def publish(workspace: Workspace, scores: pa.Table, model: str) -> snapshot.Snapshot:
    """Build a snapshot from a workspace's lexicon, policy and scores, write it and make it the active one.

    Likely minors have a signal of their own, so that a policy can keep them from being introduced to anybody and send
    them to care. The rest of the short list, which discovery gave reasons for, is `network:nearby`: to be shown last.
    """
    policy = read_policy(workspace)
    lexicon = Lexicon.load(workspace.lexicon_file)
    found = scores.filter(pc.is_valid(scores["network_id"]))
    minor = pc.equal(found["role"], str(Role.LIKELY_MINOR))
    listed = pc.and_(pc.is_null(scores["network_id"]), pc.is_valid(scores["reasons"]))
    accounts = {
        "network:nearby": scores.filter(listed)["account_id"].to_pylist(),
        "network:member": found.filter(pc.invert(minor))["account_id"].to_pylist(),
        "network:likely_minor": found.filter(minor)["account_id"].to_pylist(),
    }
    built = snapshot.build(lexicon, policy, accounts, tags=_tags(workspace, found), model_version=model)
    audit.record(workspace, audit.Action.SNAPSHOT_PUBLISHED, built.version)
    with workspace.lock():
        snapshot.write(workspace.snapshots, built)
        snapshot.activate(workspace.snapshots, built.version)
    return built


def read_policy(workspace: Workspace) -> Policy:
    """The workspace's policy, checked."""
    file = workspace.policy_file
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("the policy cannot be read", where=str(file), mend="restore it, or run `ringfence init`") from error
    return Policy.parse(text, str(file))


def _tags(workspace: Workspace, found: pa.Table) -> dict[str, float]:
    """For each hashtag that accounts found use, the share of its uses that are theirs."""
    with events.connect(workspace) as connection:
        connection.register("found", found.select(["account_id"]))
        rows = connection.execute(
            """
            WITH uses AS (SELECT lower(unnest(hashtags)) AS tag, account FROM posts),
                 named AS (SELECT id FROM account_ids SEMI JOIN found USING (account_id))
            SELECT tag, avg((account IN (FROM named))::INT) AS share
            FROM uses GROUP BY tag HAVING count(*) >= $least AND share > 0 ORDER BY tag
            """,
            {"least": LEAST_USES},
        )
        return dict(rows.fetchall())
