"""Who carries plans out on this platform? What ringfence.toml says."""

from ringfence.cases.actions import Action
from ringfence.enforcement.enforcer import Enforcer
from ringfence.enforcement.file import FileEnforcer
from ringfence.enforcement.secret import secret
from ringfence.enforcement.webhook import Patience, WebhookEnforcer
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


def enforcer(workspace: Workspace) -> Enforcer:
    """The enforcer of a workspace. Raises Fault for a webhook without an address or a secret."""
    told = workspace.config.enforcement
    if told.enforcer == "file":
        return FileEnforcer(workspace.path / told.file, reversible(workspace))
    if not told.url:
        raise Fault("is not set", where="enforcement.url", mend="say in ringfence.toml where the webhook is")
    patience = Patience(told.seconds, told.retries, told.failures, told.pause_seconds)
    return WebhookEnforcer(told.url, secret(told), patience, told.at_once, reversible(workspace))


def reversible(workspace: Workspace) -> frozenset[Action]:
    """What the platform can take back."""
    return frozenset(Action(one) for one in workspace.config.enforcement.reversible)
