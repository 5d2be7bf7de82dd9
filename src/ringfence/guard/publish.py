"""How does what discovery found reach the guard? As a snapshot with members, likely minors, terms and tags."""

import pyarrow as pa
import pyarrow.compute as pc

from ringfence.guard import shelf, signing, snapshot
from ringfence.guard.flags import FLAGS
from ringfence.guard.policy import Policy
from ringfence.guard.signing import Signer
from ringfence.model.faults import Fault
from ringfence.model.words import Role
from ringfence.store import audit, events
from ringfence.store.workspace import Workspace
from ringfence.terms.lexicon import Lexicon

LEAST_USES = 5  # a tag used less often than this says nothing about who uses it


def publish(workspace: Workspace, scores: pa.Table, model: str) -> snapshot.Built:
    """Build a snapshot from a workspace's lexicon, policy and scores, write it and make it the active one.

    Likely minors have a signal of their own, so that a policy can keep them from being introduced to anybody and send
    them to care. The rest of the short list, which discovery gave reasons for, is `network:nearby`: to be shown last.
    """
    policy = read_policy(workspace)
    lexicon = Lexicon.load(workspace.lexicon_file)
    found = scores.filter(pc.is_valid(scores["network_id"]))
    minor = pc.equal(found["role"], str(Role.LIKELY_MINOR))
    listed = pc.and_(pc.is_null(scores["network_id"]), pc.is_valid(scores["reasons"]))
    flags = pa.concat_tables(
        [
            _flags(scores.filter(listed), "network:nearby"),
            _flags(found.filter(pc.invert(minor)), "network:member"),
            _flags(found.filter(minor), "network:likely_minor"),
        ]
    )
    signer = signer_of(workspace)
    built = snapshot.build(lexicon, policy, flags, signer=signer, tags=_tags(workspace, found), model_version=model)
    audit.record(workspace, audit.Action.SNAPSHOT_PUBLISHED, built.version)
    with workspace.lock():
        signing.trust(workspace.snapshots, signer)
        shelf.publish(workspace.snapshots, built, signer)
    return built


def signer_of(workspace: Workspace) -> Signer:
    """The key that a workspace signs with, made when it is first needed."""
    return signing.from_file(workspace.path / signing.SECRET_FILE)


def _flags(accounts: pa.Table, signal: str) -> pa.Table:
    rows = accounts.num_rows
    columns = [accounts["account_id"], pa.repeat(signal, rows), pa.repeat(pa.scalar(1.0, pa.float32()), rows)]
    return pa.table([*columns, pa.nulls(rows, FLAGS.field("until").type)], schema=FLAGS)


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
