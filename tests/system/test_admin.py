"""What admins run into: bad configuration, missing parts, keys in every form, permissions, wiring."""
import pathlib
import re
import subprocess

import pytest

import people
import world as sandbox

GOOD = """organisation "Example Corp"
domains { "example.com" }
database "DATABASE"
secrets "SECRETS"
portal url "http://127.0.0.1"
milter listen "unix:DIRECTORY/x.sock" user "nobody"
courier user "nobody"
portal listen "127.0.0.1:0" user "nobody" spool "/tmp"
spool directory "DIRECTORY"
gpg home "DIRECTORY/gnupg"
keeper socket "DIRECTORY/keeper.sock" user "nobody"
keeper agent "DIRECTORY/agent.sock"
keeper home "DIRECTORY/keeper"
otherwise deliver plain
"""


@pytest.fixture
def start(world, tmp_path):
    """Runs a program with a configuration of its own; it must end by itself."""
    tmp_path.chmod(0o777)

    def run(program, text=GOOD, **words):
        text = text.replace("DATABASE", words.get("database", world.postgres.url))
        text = text.replace("SECRETS", words.get("secrets", f"{world.directory}/secrets"))
        path = tmp_path / "postseal.conf"
        path.write_text(text.replace("DIRECTORY", str(tmp_path)))
        return subprocess.run([world.bin / program, "-f", path, *words.get("arguments", ())],
                              capture_output=True, text=True, timeout=60)

    return run


PROGRAMS = ("postseal-keeper", "postseal-milter", "postseal-courier", "postseal-portal")


@pytest.mark.parametrize("program", PROGRAMS)
def test_bad_setting_is_told_and_nothing_starts(start, program):
    done = start(program, GOOD.replace("otherwise", "colour \"red\"\notherwise"))
    assert done.returncode == 78 and re.search(r"postseal\.conf:14:1: found colour, expected", done.stderr), done.stderr


@pytest.mark.parametrize("program", ("postseal-milter", "postseal"))
@pytest.mark.parametrize("what,change,said", [
    ("an unknown method", ("deliver plain", "deliver smoke"), r"postseal\.conf:14:19: found the method smoke, expected one of"),
    ("no last rule", ("otherwise deliver plain", "match any deliver plain"), r"expected a last rule that begins with otherwise"),
    ("a table that cannot be read", ("otherwise", 'table t file "/nowhere/t"\notherwise'), r"postseal\.conf:14:7: reading the table <t>: .*/nowhere/t"),
], ids=lambda v: v if isinstance(v, str) and " " in v and "\\" not in v else "")
def test_bad_rule_is_told_and_nothing_is_decided(start, program, what, change, said):
    done = start(program, GOOD.replace(*change), arguments=["check"] if program == "postseal" else [])
    assert done.returncode == (1 if program == "postseal" else 78) and re.search(said, done.stderr), done.stderr


def test_bad_rule_does_not_keep_the_others_from_working(world):
    """Not even from starting again: reading mail in the portal, and keeping private keys, need no rules."""
    text = world.config.read_text()
    world.config.write_text(text.replace("otherwise", "match recipient in <nowhere> deliver\notherwise"))
    try:
        for name in ("postseal-keeper", "postseal-courier", "postseal-portal"):
            world.stop_program(name)
            world.start_program(name)
        assert "found <nowhere>, expected a table" in world.log("postseal-portal")
        world.postseal("key", "list")
    finally:
        world.config.write_text(text)
        for name in ("postseal-keeper", "postseal-courier", "postseal-portal"):
            world.stop_program(name)
            world.start_program(name)


def test_keeper_holds_no_parser_of_mail_or_rules(world):
    """The program that opens private keys links nothing that parses what strangers write."""
    needed = sandbox.command("readelf", "-d", world.bin / "postseal-keeper").decode()
    assert "libcrypto" in needed
    assert not re.search("gmime|xml2|pcre2|gumbo|archive|curl|milter", needed)


def test_all_errors_of_a_file_are_told_in_one_go(start):
    done = start("postseal-milter", GOOD.replace("otherwise", "one \"x\"\ntwo \"y\"\nmatch regex\notherwise"))
    assert done.returncode == 78 and len(re.findall(r"postseal\.conf:\d+:\d+: found", done.stderr)) == 3


@pytest.mark.parametrize("program", PROGRAMS)
def test_missing_parts_are_told_and_nothing_starts(start, program, tmp_path):
    done = start(program, database="postgresql:///postseal?host=/nowhere")
    assert done.returncode == 1 and "connecting to the database" in done.stderr and "/nowhere" in done.stderr
    done = start(program, secrets=str(tmp_path / "none"))
    assert done.returncode == 1 and "create it with: postseal secrets init" in done.stderr


def test_secret_that_others_can_read_is_refused(world, start, tmp_path):
    secrets = tmp_path / "secrets"
    sandbox.command("cp", "-a", world.directory / "secrets", secrets)
    (secrets / "master.key").chmod(0o444)
    done = start("postseal-keeper", secrets=str(secrets))
    assert done.returncode == 1 and "other users have access to it (mode 0444)" in done.stderr
    assert "chmod 0400" in done.stderr
    done = start("postseal", secrets=str(secrets), arguments=["check"])
    assert done.returncode == 1 and re.search(r"secrets +WRONG: .*master\.key", done.stdout)


def test_database_without_tables_says_how_to_make_them(world, start):
    world.postgres.run("createdb", "-h", world.postgres.sockets, "-U", "root", "empty")
    url = world.postgres.url.replace("/postseal?", "/empty?")
    done = start("postseal-milter", database=url)
    assert done.returncode == 1 and "postseal database init" in done.stderr
    done = start("postseal", database=url, arguments=["database", "init"])
    assert done.returncode == 0 and "applied audit/sql/001_log.sql" in done.stdout
    done = start("postseal", database=url, arguments=["database", "init"])
    assert done.returncode == 0 and done.stdout == "the database is ready\n"


def test_check_looks_at_everything(world, start):
    text = world.check()
    assert text.count(" good") == len(text.splitlines())
    assert re.search(r"^mta log +good: a file: where local users are not trusted", text, re.M)
    done = start("postseal", arguments=["check"])
    assert done.returncode == 1
    assert re.search(r"reinject +WRONG: connecting to the MTA at unix:/var/spool/postfix/public/postseal", done.stdout)
    if not pathlib.Path("/var/log/mail.log").exists():
        assert re.search(r"mta log +WARNING: not available, so mail may arrive twice .*No such file", done.stdout)
    assert re.search(r"^(Postfix|milters) +WRONG: ", done.stdout, re.M)  # this machine's own, which nobody has wired


def test_usage_names_all_commands(world):
    done = subprocess.run([world.bin / "postseal", "nonsense"], capture_output=True, text=True)
    assert done.returncode == 2
    for words in ("database init", "secrets init", "key import", "policy explain", "message list", "check"):
        assert words in done.stderr


# --- keys ---

def test_keys_in_every_form(world, name):
    directory = world.directory / "keys"
    addresses = {}
    for form in ("pem", "der", "p7b", "p12"):
        address = f"{name}{form}@smime.example"
        base = world.authority.issue_mail(f"{name}{form}", address).with_suffix("")
        addresses[form] = (address, base)
    pem, der, p7b, p12 = (addresses[f][1] for f in ("pem", "der", "p7b", "p12"))
    sandbox.command("openssl", "x509", "-in", f"{der}.pem", "-outform", "DER", "-out", f"{der}.crt")
    sandbox.command("openssl", "crl2pkcs7", "-nocrl", "-certfile", f"{p7b}.pem", "-out", f"{p7b}.p7b")
    sandbox.command("openssl", "pkcs12", "-export", "-in", f"{p12}.pem", "-inkey", f"{p12}.key", "-out", f"{p12}.p12",
                    "-passout", "pass:right")
    for password in ("right", "wrong"):
        (directory / f"{name}.{password}").write_text(f"{password}\n")
    with pytest.raises(sandbox.Trouble, match="the password is wrong"):
        world.postseal("key", "import", "--password-file", directory / f"{name}.wrong", f"{p12}.p12")
    world.postseal("key", "import", f"{pem}.pem", f"{der}.crt", f"{p7b}.p7b")
    world.postseal("key", "import", "--password-file", directory / f"{name}.right", f"{p12}.p12")
    for form, (address, base) in addresses.items():
        found = world.postseal("key", "find", address)
        fingerprint = re.match(r"smime ([0-9a-f]{64}) CN=", found).group(1)
        shown = world.postseal("key", "show", fingerprint[:12])
        assert address in shown and fingerprint in shown
        assert bool(re.search("private key +yes", shown)) == (form == "p12")
        exported = world.postseal("key", "export", fingerprint)
        assert sandbox.command("openssl", "x509", "-outform", "DER", input=exported.encode()) == \
            sandbox.command("openssl", "x509", "-in", f"{base}.pem", "-outform", "DER")
        assert address in world.postseal("key", "list", "smime.example")
        assert "deleted" in world.postseal("key", "delete", fingerprint)
        with pytest.raises(sandbox.Trouble, match="no usable key for"):
            world.postseal("key", "find", address)
    with pytest.raises(sandbox.Trouble, match="it contains no certificate .PEM, DER, PKCS#7, PKCS#12. and no OpenPGP key"):
        nonsense = directory / f"{name}.nonsense"
        nonsense.write_bytes(b"nonsense")
        world.postseal("key", "import", nonsense)


def test_openpgp_key_goes_in_and_out(world, name):
    gpg = people.Gpg(world.directory / "keys" / name, f"{name}@pgp.example", "future-default")
    path = world.directory / "keys" / f"{name}.asc"
    path.write_bytes(gpg.public())
    assert "imported pgp" in world.postseal("key", "import", path)
    exported = world.postseal("key", "export", gpg.fingerprint())
    other = people.Gpg(world.directory / "keys" / f"{name}other", f"{name}other@pgp.example", "future-default")
    other.run("--import", data=exported.encode())
    assert gpg.fingerprint() in other.run("--with-colons", "--list-keys").decode()
    gpg.end()
    other.end()


def test_private_keys_are_wrapped_by_a_key_outside_the_database(world, name):
    """Promise 7."""
    address = f"{name}@example.com"
    base = world.authority.issue_mail(name, address).with_suffix("")
    both = base.with_suffix(".both")
    both.write_text(base.with_suffix(".pem").read_text() + base.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    der = sandbox.command("openssl", "pkey", "-in", f"{base}.key", "-outform", "DER", "-traditional")
    dump = sandbox.command("pg_dump", "-h", world.postgres.sockets, "-U", "root", "postseal")
    exponent = der[350:450]  # a piece of the private one
    assert exponent.hex().encode() not in dump
    master = (world.directory / "secrets" / "master.key").read_bytes()
    assert master.hex().encode() not in dump


# --- rights ---

REFUSED = {
    "postseal_keeper": ["select * from postseal.message", "select * from postseal.parcel",
                        "update postseal.key set role = 'root'", "delete from postseal.private_key"],
    "postseal_milter": ["select * from postseal.private_key", "select * from postseal.parcel", "select * from postseal.outbox",
                        "delete from postseal.message", "delete from postseal.copy", "delete from postseal.event",
                        "update postseal.event set what = 'x'", "insert into postseal.key default values",
                        "update postseal.policy_version set content = ''", "insert into postseal.policy_in_force default values",
                        "update postseal.copy set state = 'sent'",
                        "update postseal.copy set rule = 'x'", "update postseal.message set sender = 'x'"],
    "postseal_courier": ["select * from postseal.private_key", "select * from postseal.parcel_chunk",
                         "delete from postseal.copy", "delete from postseal.event", "update postseal.key set role = 'own'",
                         "update postseal.copy set trace = '{}'", "update postseal.copy set reason = 'x'",
                         "update postseal.message set sender = 'x'"],
    "postseal_portal": ["select postseal.copy_move(id, 'failed', 'x') from postseal.copy", "update postseal.account set address = 'x'",
                        "update postseal.account set public_key = ''", "update postseal.parcel set issued_at = null",
                        "update postseal.parcel_key set issued_at = null", "update postseal.parcel_key set boxed = null",
                        "insert into postseal.attested (kind) values ('account')", "delete from postseal.revoked",
                        "update postseal.attested set author = 'x'", "delete from postseal.doubt",
                        "select * from postseal.private_key", "select * from postseal.key",
                        "select * from postseal.outbox_chunk", "select * from postseal.policy_version",
                        "delete from postseal.parcel", "select trace from postseal.copy",
                        "insert into postseal.key default values", "update postseal.message set sender = 'x'",
                        "update postseal.copy set trace = '{}'", "update postseal.copy set reason = 'x'",
                        "update postseal.copy set state = 'opened'", "select * from postseal.receipt",
                        "delete from postseal.event"],
    "postseal_auditor": ["select * from postseal.policy_version", "select content from postseal.key_mailed",
                         "select content from postseal.key_between", "select certificate from postseal.certificate_status",
                         "select content from postseal.policy_file", "select * from postseal.parcel", "select * from postseal.outbox",
                         "select * from postseal.private_key", "update postseal.copy set state = 'sent'",
                         "delete from postseal.event", "insert into postseal.event (what) values ('x')"],
}


def test_a_copy_moves_only_where_its_state_leads(world, post, name):
    """Promise 6: a program that is taken over cannot make an unread message a read one, or a failure a success."""
    to = f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    copy, = world.postgres.query(f"select copy from postseal.log where recipient = '{to}'")[0]
    for state in ("opened", "parked", "queued", "refused", "recalled"):
        assert world.postgres.query(f"select postseal.copy_move('{copy}', '{state}', 'x')", "postseal_courier") == [["f"]]
    assert post.copies(to)[0]["reason"] != "x"
    assert world.postgres.query(f"select postseal.copy_move('{copy}', 'failed', 'x')", "postseal_courier") == [["t"]]
    assert world.postgres.query(f"select what, detail from postseal.history where copy = '{copy}' order by at")[-1] \
        == ["failed", "x"]
    # The portal moves what waits behind it, and cannot record a false state for a copy.
    assert world.postgres.query(f"select postseal.copy_move_parked('{copy}', 'recalled', 'x')", "postseal_portal") == [["f"]]
    for program in ("postseal_portal", "postseal_courier", "postseal_milter"):
        with pytest.raises(RuntimeError, match="row-level security"):
            world.postgres.query(f"insert into postseal.event (message, copy, what) select message, id, 'opened' from postseal.copy"
                                 f" where id = '{copy}'", program)


def test_keys_that_were_deleted_left_a_record_of_mail_that_waits(world, post, name):
    """Promise 6: whoever deletes what waits, and however, the record says so."""
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: people.find_code(post, to), "the code")
    world.postgres.query("delete from postseal.parcel_key k using postseal.copy c where c.id = k.copy"
                         f" and c.recipient = '{to}'", "postseal_portal")
    assert [(c["state"], c["reason"]) for c in post.copies(to)] == [("lost", "its key was deleted")]


@pytest.mark.parametrize("role,sql", [(r, s) for r, all_sql in REFUSED.items() for s in all_sql])
def test_each_role_is_refused_what_is_not_its_own(world, role, sql):
    with pytest.raises(RuntimeError, match="permission denied"):
        world.postgres.query(sql, role)


FACTS = ("message", "copy", "event", "activity", "reading", "policy_version", "policy_in_force", "legal_hold", "legal_hold_end",
         "record_deletion", "policy_file", "policy_declaration")


def test_no_program_may_change_what_is_on_record(world):
    """Promise 6: not only in the cases above. Rows go, and a copy's state moves, by functions alone."""
    names = ", ".join(f"'{table}'" for table in FACTS)
    assert world.postgres.query(f"select count(*) from pg_tables where schemaname = 'postseal' and tablename in ({names})") == [[str(len(FACTS))]]
    assert world.postgres.query(f"""
        select table_name, grantee, privilege_type from information_schema.role_table_grants
        where table_schema = 'postseal' and table_name in ({names}) and grantee like 'postseal%'
          and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
        union select table_name, grantee, privilege_type || ' of ' || column_name from information_schema.column_privileges
        where table_schema = 'postseal' and table_name in ({names}) and grantee like 'postseal%' and privilege_type = 'UPDATE'
        union select table_name, grantee, privilege_type from information_schema.role_table_grants
        where table_schema = 'postseal' and grantee = 'PUBLIC'""") == []


def test_auditor_sees_the_log(world, post, name):
    to = f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    rows = world.postgres.query(f"select method, state, rule, policy from postseal.log where recipient = '{to}'",
                                "postseal_auditor")
    assert rows[0][1] in ("handed", "sent")  # as far as the courier has read the MTA's log
    assert [rows[0][0], rows[0][2]] == ["plain", 'match recipient domain "plain.example" deliver plain']
    content = world.postgres.query(f"select content from postseal.policies where digest = '{rows[0][3]}' limit 1",
                                   "postseal_auditor")
    # The record shows neither what opens the database nor comments, which may contain what once
    # did.
    assert world.postgres.url not in content[0][0]
    in_force = re.sub(r"  # .*", "", world.config.read_text().replace(f'"{world.postgres.url}"', '"***"'))
    assert re.sub(r" +$", "", content[0][0], flags=re.M).strip() == in_force.strip()
    assert world.postgres.query("select sum(copies) > 0 from postseal.by_day", "postseal_auditor") == [["t"]]
    listed = world.postseal("message", "list", to)
    shown = world.postseal("message", "show", listed.split()[-1])
    assert to in shown and "history" in shown and "does not" not in shown


# --- wiring ---

MAIN_CF = "compatibility_level = 3.6\nsmtpd_milters = inet:localhost:8891, { unix:spam.sock, default_action = accept }\n"
MASTER_CF = """smtp inet n - y - - smtpd
submission inet n - y - - smtpd -o smtpd_milters=inet:localhost:8891
local unix - n n - - local
"""


@pytest.mark.parametrize("change,placement,milters", [
    ("mydestination =\n", "edge", "{unix:spam.sock,default_action=accept},unix:postseal/milter.sock,inet:localhost:8891"),
    ("always_bcc = archive@example.com\n", "expanded", "{unix:spam.sock,default_action=accept},unix:postseal/milter.sock"),
    ("virtual_alias_maps = hash:/etc/postfix/virtual\n", "expanded", "{unix:spam.sock,default_action=accept},unix:postseal/milter.sock"),
    ("alias_maps = ldap:/etc/postfix/aliases.cf\n", "expanded", "{unix:spam.sock,default_action=accept},unix:postseal/milter.sock"),
], ids=["edge", "bcc", "virtual", "aliases"])
def test_wiring_can_be_undone(tmp_path, change, placement, milters):
    """wire says where Postseal must be placed, and leaves main.cf and master.cf as they were."""
    (tmp_path / "main.cf").write_text(MAIN_CF + ("" if "alias_maps = l" in change else "alias_maps = hash:/etc/none\n") + change)
    (tmp_path / "master.cf").write_text(MASTER_CF)

    def settings():
        return [sandbox.command("postconf", "-c", tmp_path, *w).decode() for w in (["-n"], ["-M"], ["-P"])]

    wire = sandbox.SOURCE / "contrib/postfix/wire"
    before = settings()
    shown = sandbox.command(wire, "-c", tmp_path, "show").decode()
    assert settings() == before
    assert shown.startswith(f"# placement: {placement}, since") and f"\nsmtpd_milters = {milters}\n" in shown
    assert placement == "edge" or change.strip() in shown
    sandbox.command(wire, "-c", tmp_path, "apply")
    applied = settings()
    assert "milter_default_action = tempfail" in applied[0] and "postseal-verified" in applied[1]
    overridden = milters.replace("{unix:spam.sock,default_action=accept},", "")
    assert f"submission/inet/smtpd_milters = {overridden}" in applied[2]
    assert sandbox.command(wire, "-c", tmp_path, "show").decode() == shown  # as what was before asks for, not what is
    sandbox.command(wire, "-c", tmp_path, "apply")
    assert settings() == applied
    sandbox.command(wire, "-c", tmp_path, "-p", "edge" if placement == "expanded" else "expanded", "apply")
    assert settings() != applied
    sandbox.command(wire, "-c", tmp_path, "undo")
    assert settings() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["main.cf", "master.cf"]


def test_wiring_stays_where_it_cannot_be_made_anew(tmp_path):
    """wire removed the old wiring before it found that it could not make the new one."""
    (tmp_path / "main.cf").write_text(MAIN_CF + "mydestination =\ncontent_filter = scan:[127.0.0.1]:10024\n")
    (tmp_path / "master.cf").write_text(MASTER_CF)
    wire = sandbox.SOURCE / "contrib/postfix/wire"
    sandbox.command(wire, "-c", tmp_path, "apply")
    wired = [(tmp_path / name).read_text() for name in ("main.cf", "master.cf")]
    with pytest.raises(sandbox.Trouble, match="content_filter = scan"):
        sandbox.command(wire, "-c", tmp_path, "-p", "expanded", "apply")
    assert [(tmp_path / name).read_text() for name in ("main.cf", "master.cf")] == wired


@pytest.mark.parametrize("unit", sorted((sandbox.SOURCE / "contrib/systemd").glob("*.service")), ids=lambda p: p.stem)
def test_units_leave_the_programs_few_rights(unit):
    """systemd's exposure level: 2.0 or better."""
    report = sandbox.command("systemd-analyze", "security", "--offline=true", "--no-pager", unit).decode()
    assert float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", report).group(1)) <= 2.0


# --- which keys can be used ---

def openpgp(world, home, address, change=None):
    """A key, changed with gpg commands and imported; returns what the import said."""
    gpg = people.Gpg(world.directory / "keys" / home, address, "future-default")
    path = world.directory / "keys" / f"{home}.asc"
    if change is not None:
        change(gpg)
    path.write_bytes(gpg.public())
    said = world.postseal("key", "import", path)
    gpg.end()
    return said


def revoke(gpg):
    certificate = gpg.home / "openpgp-revocs.d" / f"{gpg.fingerprint()}.rev"
    gpg.run("--import", data=certificate.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))


def test_revoked_openpgp_key_is_not_used(world, name):
    address = f"{name}@pgp.example"
    assert "revoked by its owner" in openpgp(world, name, address, revoke)
    with pytest.raises(sandbox.Trouble, match="revoked by its owner"):
        world.postseal("key", "find", address)


def test_expired_openpgp_key_is_not_used(world, name):
    address = f"{name}@pgp.example"
    people.make_pgp(world, address, name, "future-default", "seconds=1").end()

    def find():
        return subprocess.run([world.bin / "postseal", "-f", world.config, "key", "find", address],
                              capture_output=True, text=True)

    assert "expired on" in sandbox.wait_until(lambda: find().returncode == 3 and find(), "the key to expire").stdout


def test_secret_key_with_passphrase_is_refused_with_advice(world, name):
    address = f"{name}@example.com"
    home = world.directory / "keys" / name
    gpg = people.Gpg(home, address, "future-default")
    gpg.run("--quick-gen-key", "--passphrase", "geheim", f"Locked <locked-{address}>", "future-default")
    path = world.directory / "keys" / f"{name}.asc"
    path.write_bytes(gpg.run("--passphrase", "geheim", "--armor", "--export-secret-keys", f"locked-{address}"))
    gpg.end()
    with pytest.raises(sandbox.Trouble, match="it has a passphrase"):
        world.postseal("key", "import", path)


def test_international_address_in_a_certificate(world, name):
    """SmtpUTF8Mailbox (RFC 9598)."""
    base = world.authority.issue(name, f"/CN={name}", "subjectAltName=@names\n"
                                 "keyUsage=keyEncipherment\nextendedKeyUsage=emailProtection\n[names]\n"
                                 "otherName=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:"
                                 f"j\u00f6rg{name}@b\u00fccher.example")
    world.postseal("key", "import", base)
    assert re.match("smime [0-9a-f]{64}", world.postseal("key", "find", f"J\u00d6RG{name}@xn--bcher-kva.example"))


@pytest.mark.parametrize("extensions,said", [
    ("keyUsage=digitalSignature\nextendedKeyUsage=emailProtection", "lacks keyEncipherment (RFC 8550 §4.4.2)"),
    ("keyUsage=keyEncipherment\nextendedKeyUsage=serverAuth", "does not include mail (RFC 8550 §4.4.4)"),
])
def test_certificate_for_another_purpose_is_not_used(world, name, extensions, said):
    address = f"{name}@smime.example"
    path = world.authority.issue(name, f"/CN={name}", f"subjectAltName=email:{address}\n{extensions}")
    assert said in world.postseal("key", "import", path)
    with pytest.raises(sandbox.Trouble, match=re.escape(said)):
        world.postseal("key", "find", address)


def test_self_signed_authority_is_trusted_only_when_told(world, name):
    path = world.authority.issue(name, f"/CN={name} Root", "basicConstraints=critical,CA:TRUE", sign=False)
    assert "trusted only with --root" in world.postseal("key", "import", path)
    assert "root" in world.postseal("key", "import", "--root", path)
