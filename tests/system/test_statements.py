"""Every statement of the programs, checked by the database under the role that uses it."""
import importlib.machinery
import importlib.util

import pytest

import world as sandbox

loader = importlib.machinery.SourceFileLoader("directions", str(sandbox.SOURCE / "contrib" / "directions"))
directions = importlib.util.module_from_spec(importlib.util.spec_from_loader("directions", loader))
loader.exec_module(directions)

# The roles whose statements are in a folder; other folders are shared, and one of these roles must
# have the right.
ROLES = {"delivery/courier": ["postseal_courier"], "portal": ["postseal_portal"], "keystore/keeper": ["postseal_keeper"],
         "milter": ["postseal_milter"]}
ANY = ["postseal_milter", "postseal_courier", "postseal_portal", "postseal_keeper"]
# Only the admin uses these, with the admin's own rights.
ADMIN = ("admin", "core/migrate.c", "core/seal/rotation.c", "delivery/rewrap.c", "keystore/import.c", "keystore/rewrap.c",
         "keystore/statements.h")

ALL = [(path.relative_to(sandbox.SOURCE).as_posix(), number, name, sql)
       for _, path, number, name, sql in directions.statements()]


def roles_of(path):
    for folder, roles in ROLES.items():
        if path.startswith(folder + "/"):
            return roles
    return ANY


def refusal(world, role, sql):
    """Why the role may not, or None. PREPARE checks names and types, EXPLAIN checks rights."""
    nulls = ", ".join(["null"] * max([0] + [n for n in range(1, 25) if f"${n}" in sql]))
    arguments = f"({nulls})" if nulls else ""
    text = f"begin; prepare asked as {sql};"
    if sql.split()[0] in ("select", "insert", "update", "delete", "with"):
        text += f" explain execute asked{arguments};"
    try:
        world.postgres.query(text + " rollback", role)
    except RuntimeError as error:
        return str(error)
    return None


@pytest.mark.parametrize("path,number,name,sql", ALL, ids=[f"{a[0]}:{a[2]}" for a in ALL])
def test_statement_is_allowed_to_the_role_that_uses_it(world, path, number, name, sql):
    if sql.split()[0] in ("begin", "commit", "rollback", "listen", "set"):
        return
    roles = ["root"] if path.startswith(ADMIN) else roles_of(path)
    refused = [refusal(world, role, sql) for role in roles]
    assert None in refused, f"{path}:{number} {name}: {refused[0]}"


def test_missing_right_is_seen(world):
    assert "permission denied" in refusal(world, "postseal_keeper", "select id from postseal.parcel where id = $1")
    assert "permission denied" in refusal(world, "postseal_portal", "update postseal.copy set state = $1")
