"""Where does a workspace keep the guard's policy and its signing key?"""

from ringfence.guard.policies.policy import Policy
from ringfence.guard.snapshots import signing
from ringfence.guard.snapshots.signing import Signer
from ringfence.model.faults import Fault
from ringfence.store.workspace import Workspace


def signer_of(workspace: Workspace) -> Signer:
    """The key that a workspace signs with, made when it is first needed."""
    return signing.from_file(workspace.path / signing.SECRET_FILE)


def read_policy(workspace: Workspace) -> Policy:
    """The workspace's policy, checked."""
    file = workspace.policy_file
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Fault("the policy cannot be read", where=str(file), mend="restore it, or run `ringfence init`") from error
    return Policy.parse(text, str(file))
