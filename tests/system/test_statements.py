"""Every statement of the programs, checked by the database under the role of each program that has it."""
import importlib.machinery
import importlib.util
import re

import pytest

import world as sandbox
from conftest import BUILD

loader = importlib.machinery.SourceFileLoader("directions", str(sandbox.SOURCE / "contrib" / "directions"))
directions = importlib.util.module_from_spec(importlib.util.spec_from_loader("directions", loader))
loader.exec_module(directions)

SANITIZED = "sanitize" in (BUILD / "CMakeCache.txt").read_text().partition("POSTSEAL_SANITIZE:")[2].partition("\n")[0]
# The program's role; only the admin uses the statements of no other program, with the admin's own rights.
ROLES = {"postseal-milter": "postseal_milter", "postseal-courier": "postseal_courier", "postseal-portal": "postseal_portal",
         "postseal-pop": "postseal_portal", "postseal-submission": "postseal_portal", "postseal-keeper": "postseal_keeper",
         "postseal": "root"}

# What tables of functions, such as methods[] and key_sources[], lead a program to, and it never asks.
NEVER_ASKED = {
    "postseal_milter": {"outbox_put_copies"},
    "postseal_courier": {"upload_by_address"},
    "postseal_portal": {"domain_tls_known", "key_authorities", "keys_retired", "open_for", "outbox_put_copies", "status_known",
                        "status_used", "status_wanted", "trust_level"},
}

ALL = {(name, sql): f"{path.relative_to(sandbox.SOURCE).as_posix()}:{number}"
       for _, path, number, name, sql in directions.statements()}
FIRST_WORDS = re.compile(r"\(?(select|insert into|update|delete from|with) ")


def texts_of(program):
    """Of all pointers that the program has in its data, where they are, and the texts that they lead to."""
    binary = (BUILD / "bin" / program).read_bytes()
    told = sandbox.command("readelf", "-W", "-l", "-r", BUILD / "bin" / program).decode()
    segments = [[int(n, 16) for n in found] for found in re.findall(r"^ +LOAD +(0x\w+) (0x\w+) 0x\w+ (0x\w+)", told, re.M)]

    def text_at(address):
        for offset, begin, size in segments:
            if begin <= address < begin + size:
                at = offset + address - begin
                return binary[at:binary.index(0, at)].decode(errors="replace")
        return None

    return {int(at, 16): text_at(int(to, 16)) for at, to in re.findall(r"^(\w{16}) .*_RELATIVE +(\w+)$", told, re.M)}


def linked_into(program):
    """The statements that are left in it: the linker takes out what nothing in the program leads to (--gc-sections). In
    memory, a statement begins with its name and its SQL."""
    texts = texts_of(program)
    found = {(name, texts.get(at + 8)) for at, name in texts.items()}
    return {(name, sql) for name, sql in found if re.fullmatch(r"[a-z]\w+", name or "") and FIRST_WORDS.match(sql or "")}


LINKED = {program: linked_into(program) for program in ROLES}
FIXED = [(program, *statement) for program, statements in LINKED.items() for statement in sorted(statements)]


def refusal(world, role, sql):
    """Why the role may not, or None. PREPARE checks names and types, EXPLAIN checks rights."""
    nulls = ", ".join(["null"] * max([0] + [n for n in range(1, 25) if f"${n}" in sql]))
    arguments = f"({nulls})" if nulls else ""
    text = f"begin; prepare asked as {sql}; explain execute asked{arguments};"
    try:
        world.postgres.query(text + " rollback", role)
    except RuntimeError as error:
        return str(error)
    return None


@pytest.mark.skipif(SANITIZED, reason="a sanitizer leads to everything")
@pytest.mark.parametrize("program, name, sql", FIXED, ids=[f"{program}:{name}" for program, name, _ in FIXED])
def test_statement_is_allowed_to_the_role_of_the_program_that_has_it(world, program, name, sql):
    """One that belongs to another role must not be linked into it; neither is anything an exception that need not be one."""
    role = ROLES[program]
    refused = refusal(world, role, sql)
    if name in NEVER_ASKED.get(role, ()):
        assert "permission denied" in refused
    else:
        assert refused is None, f"{ALL.get((name, sql), name)}: {refused}"


def test_each_statement_is_in_a_program():
    names = {name for statements in LINKED.values() for name, _ in statements}
    assert [where for (name, sql), where in ALL.items() if FIRST_WORDS.match(sql) and name not in names] == []
    for role, never in NEVER_ASKED.items():
        assert never <= {name for program in ROLES if ROLES[program] == role for name, _ in LINKED[program]}


@pytest.mark.skipif(SANITIZED, reason="a sanitizer leads to everything")
def test_statement_that_nothing_leads_to_is_not_linked_in():
    """Otherwise the other tests here would say little."""
    assert ("mta_took", "select postseal.mta_took($1, $2)") in LINKED["postseal-courier"]
    for program in ROLES.keys() - {"postseal-courier"}:
        assert 10 < len(LINKED[program]) < len(ALL) / 2 and "mta_took" not in [name for name, _ in LINKED[program]]


def test_missing_right_is_seen(world):
    assert "permission denied" in refusal(world, "postseal_keeper", "select id from postseal.parcel where id = $1")
    assert "permission denied" in refusal(world, "postseal_portal", "update postseal.copy set state = $1")
