"""Who works before the console in tests: one person of each role, whose id is the role's name."""

from ringfence.cases import credentials, keys, staff
from ringfence.cases.database import Database
from ringfence.cases.people import Role, at_shell
from ringfence.store.workspace import Workspace

PASSWORD = "a long enough password"
NAMES = {
    Role.VIEWER: "Vireo Lane",
    Role.REVIEWER: "Wren Hart",
    Role.SENIOR_REVIEWER: "Robin Vale",
    Role.LEXICON_KEEPER: "Linnet Moss",
    Role.AUDITOR: "Avocet Reed",
    Role.ADMINISTRATOR: "Ruff Stone",
}


def hired(workspace: Workspace) -> dict[Role, str]:
    """Hire one of each role, with a password and codes; the secrets that their apps would have."""
    database, tenant = Database.open(workspace), workspace.config.cases.tenant
    password, secrets = credentials.hashed(PASSWORD), {}
    with database.transaction(at_shell(tenant)) as within:
        for role, name in NAMES.items():
            person = str(role).replace("_", "-")
            staff.add(within, person, name, [role])
            credentials.set_password(within, person, password)
            address = credentials.set_totp(within, person, keys.sealing_key(workspace.path))
            secrets[role] = address.split("secret=")[1].split("&")[0]
    database.close()
    return secrets
