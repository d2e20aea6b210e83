"""Where keys come from if the admin says nothing: nobody in the network is asked. Keys for whole domains."""
import pytest

import people
import world as sandbox
from finder import World as WORLD, found  # noqa: F401

RULES = """
match subject tag "[organisation]"      deliver smime trust organisation, pickup
match subject tag "[domain]"            deliver smime trust domain, pickup
match recipient domain "smime.example"  deliver smime
match recipient domain "auto.example"   deliver smime, pgp, pickup
match recipient domain "pgp.example"    deliver pgp
otherwise                               deliver plain
"""


def fingerprint(path):
    said = sandbox.command("openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256").decode()
    return said.partition("=")[2].strip().replace(":", "").lower()


def test_key_for_a_whole_domain_serves_who_has_none(world, post, name):
    gateway = world.authority.issue_mail(f"{name}gateway", "gateway@smime.example")
    said = world.postseal("key", "import", "--domain", "smime.example", gateway)
    assert "for everybody in smime.example" in said
    post.accepted(post.compose([f"{name}@smime.example"]), [f"{name}@smime.example"])
    mail = post.box(f"{name}@smime.example").one()
    assert b"Hello." in people.open_smime(mail, str(gateway).removesuffix(".pem"))
    assert "for the whole domain" in post.copies(f"{name}@smime.example")[0]["reason"]

    own = people.certify(world, f"{name}@smime.example")
    post.accepted(post.compose([f"{name}@smime.example"]), [f"{name}@smime.example"])
    mail = post.box(f"{name}@smime.example").wait(2)[1]
    assert b"Hello." in people.open_smime(mail, str(own).removesuffix(".pem"))
    assert "for the whole domain" not in post.copies(f"{name}@smime.example")[1]["reason"]
    world.postseal("key", "delete", fingerprint(gateway))


def test_domain_key_is_for_the_most_specific_domain_and_no_other(world, name):
    wide, near, whole = (people.Gpg(world.directory / "keys" / f"{name}{n}", f"gateway@{n}.example") for n in ("wide", "near", "whole"))
    for gpg, domain in ((wide, "*.example"), (near, "*.agency.example"), (whole, "agency.example")):
        path = world.directory / "keys" / f"{gpg.address}.asc"
        path.write_bytes(gpg.public())
        world.postseal("key", "import", "--domain", domain, path)
    for address, gpg in (("a@agency.example", whole), ("a@x.agency.example", near), ("a@y.x.agency.example", near),
                         ("a@other.example", wide), ("gateway@near.example", near)):
        found = world.postseal("key", "find", address)
        assert gpg.fingerprint() in found, address
        assert found.count("pgp ") == 1, found
    listed = world.postseal("key", "list", "agency.example")
    assert whole.fingerprint() in listed and near.fingerprint() in listed and wide.fingerprint() not in listed
    for gpg in (wide, near, whole):
        world.postseal("key", "delete", gpg.fingerprint())
        gpg.end()


def test_certificate_for_a_domain_passed_for_one_of_the_person(world, post, name):
    """Its authority says that it is the gateway's. That it is for everybody in the domain, the admin says."""
    gateway, address = world.authority.issue_mail(f"{name}gateway", f"{name}gateway@elsewhere.example"), f"{name}@auto.example"
    world.postseal("key", "import", "--domain", "auto.example", gateway)
    for tag in ("organisation", "domain"):
        post.accepted(post.compose([address], subject=f"[{tag}] Hello"), [address])
    assert [copy["method"] for copy in post.copies(address)] == ["pickup", "smime"]
    world.postseal("key", "delete", fingerprint(gateway))


def test_certificate_for_a_domain_still_needs_its_chain(world, name):
    alone = world.authority.issue_mail(f"{name}alone", "gateway@auto.example", sign=False)
    world.postseal("key", "import", "--domain", "auto.example", alone)
    failed = sandbox.subprocess.run([world.bin / "postseal", "-f", world.config, "key", "find", f"{name}@auto.example"],
                                    capture_output=True)
    assert b"no chain to a trusted root" in failed.stdout
    world.postseal("key", "import", "--pin", "--domain", "auto.example", alone)
    assert fingerprint(alone) in world.postseal("key", "find", f"{name}@auto.example")
    world.postseal("key", "delete", fingerprint(alone))


def test_certificate_of_another_address_is_used_by_an_admins_word_only(world, post, name):
    office, chief, other = f"{name}office@elsewhere.example", f"{name}chief@auto.example", f"{name}other@auto.example"
    path = world.authority.issue_mail(f"{name}office", office)

    def method(address, tag="any"):
        count = len(post.copies(address))
        post.accepted(post.compose([address], subject=f"[{tag}] Hello"), [address])
        return sandbox.wait_until(lambda: (all_of := post.copies(address))[count:] and all_of[-1]["method"], "the copy's record")

    world.postseal("key", "import", path)
    assert method(chief) == "pickup", "its authority says that it is the office's"
    assert f"for {chief} by your word" in world.postseal("key", "import", "--for", chief.upper().replace("AUTO.EXAMPLE", "auto.example"), path)
    assert method(chief) == method(chief, "organisation") == "smime" and method(other) == "pickup"
    sealed = [m for m in post.box(chief).wait(3) if "pkcs7" in m["Content-Type"]]
    assert b"Hello." in people.open_smime(sealed[0], str(path).removesuffix(".pem"))
    assert ", by an administrator's word" in post.copies(chief)[-1]["reason"]
    assert fingerprint(path) in world.postseal("key", "list", chief) and fingerprint(path) in world.postseal("key", "find", office)
    assert "imported for this address" in world.postseal("trust", "why", "--from", post.sender, "--to", chief)

    # The word can be taken back, and given again; what the certificate says itself stays.
    world.postseal("trust", "revoke", chief)
    assert method(chief) == "pickup" and fingerprint(path) in world.postseal("key", "find", office)
    world.postseal("key", "import", path)
    assert method(chief) == "pickup"
    world.postseal("key", "import", "--for", chief, path)
    assert method(chief) == "smime"
    world.postseal("key", "delete", fingerprint(path))
    assert method(chief) == "pickup"


def test_what_an_admins_word_does_not_replace(world, name):
    """The chain of a certificate; and private keys are nobody else's."""
    chief = f"{name}chief@auto.example"
    alone = world.authority.issue_mail(f"{name}alone", f"{name}@elsewhere.example", sign=False)
    world.postseal("key", "import", "--for", chief, alone)
    failed = sandbox.subprocess.run([world.bin / "postseal", "-f", world.config, "key", "find", chief], capture_output=True)
    assert b"no chain to a trusted root" in failed.stdout
    world.postseal("key", "import", "--pin", "--for", chief, alone)
    assert fingerprint(alone) in world.postseal("key", "find", chief)
    world.postseal("key", "delete", fingerprint(alone))
    own = world.authority.issue_mail(f"{name}own", f"{name}@example.com")
    both = own.with_suffix(".both")
    both.write_bytes(own.read_bytes() + own.with_suffix(".key").read_bytes())
    assert "a private key is its owner's alone" in world.postseal("key", "import", "--for", chief, both)
    assert fingerprint(own) not in world.postseal("key", "list", f"{name}@example.com")
    with pytest.raises(sandbox.Trouble):
        world.postseal("key", "import", "--for", "not an address", alone)


def test_employees_key_was_imported_for_another_address_without_effect(world, name):
    """The output said that it was; and a word from before the key became an employee's was listed on."""
    employee, chief, former = f"{name}@example.com", f"{name}chief@auto.example", f"{name}former@auto.example"
    own = world.authority.issue_mail(f"{name}own", employee)
    both = own.with_suffix(".both")
    both.write_bytes(own.read_bytes() + own.with_suffix(".key").read_bytes())
    world.postseal("key", "import", "--for", former, own)
    assert fingerprint(own) in world.postseal("key", "find", former)
    world.postseal("key", "import", both)
    assert fingerprint(own) not in world.postseal("key", "list", former)
    said = world.postseal("key", "import", "--for", chief, own)
    assert f"skipped smime {fingerprint(own)[:16]} own <{employee}>: it is an employee's, and a private key is its owner's alone" in said
    assert "by your word" not in said
    assert world.postgres.query(f"select count(*) from postseal.attestation where address = '{chief}'") == [["0"]]
    for address in (chief, former):
        found = sandbox.subprocess.run([world.bin / "postseal", "-f", world.config, "key", "find", address], capture_output=True)
        assert fingerprint(own).encode() not in found.stdout
    assert fingerprint(own) in world.postseal("key", "find", employee)
    # For a whole domain, neither.
    for path in (own, both):
        said = world.postseal("key", "import", "--domain", f"{name}.auto.example", path)
        assert "a private key is its owner's alone" in said and "for everybody in" not in said
    assert fingerprint(own) not in world.postseal("key", "list", f"{name}.auto.example")
    # Of one who has left as well.
    world.postseal("employee", "leave", employee)
    assert "it is an employee's" in world.postseal("key", "import", "--for", chief, own)
    world.postseal("key", "delete", fingerprint(own))


def test_network_is_asked_only_if_the_admin_says_so(world, post, name):
    gpg = people.Gpg(world.directory / "keys" / name, f"{name}@auto.example")
    world.finder.answers["WKD", gpg.address] = found(gpg.public())
    post.accepted(post.compose([gpg.address]), [gpg.address])
    assert post.copies(gpg.address)[0]["method"] == "pickup"
    world.postseal("policy", "explain", "--from", post.sender, "--to", gpg.address)
    assert world.finder.asked == []
    assert world.postgres.query("select count(*) from postseal.key_answer") == [["0"]]
    gpg.end()


FILL = """
alter table postseal.key set (autovacuum_enabled = false);
alter table postseal.key_address set (autovacuum_enabled = false);
insert into postseal.key (id, kind, fingerprint, role, content, owner, not_before, pinned, imported_by)
 select gen_random_uuid(), 'smime', 'many' || n, 'recipient', '', n || '@many.example', now(), true, 'test'
 from generate_series(1, 20000) n;
insert into postseal.key_address (key, address) select id, owner from postseal.key where imported_by = 'test'
"""
READ = "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables where relname = 'key'"


def rows_read(world):
    return int(world.postgres.query(READ)[0][0])


def test_look_ups_read_all_keys_after_an_import_or_a_restore(world, name):
    """The database has statistics only some minutes later; without them its planner took every key for one of the person."""
    certificate = world.authority.issue_mail(name, f"{name}@smime.example")
    empty = rows_read(world)
    for statement in FILL.split(";"):
        world.postgres.query(statement)
    try:
        # Each row was read for its address, and once more as what that refers to.
        sandbox.wait_until(lambda: rows_read(world) - empty >= 40000, "the statistics of filling")
        before = rows_read(world)
        assert "imported" in world.postseal("key", "import", certificate)
        assert fingerprint(certificate) in world.postseal("key", "find", f"{name}@smime.example")
        sandbox.wait_until(lambda: rows_read(world) > before, "the statistics of what was read")
        assert rows_read(world) - before < 1000
    finally:
        world.postgres.query("delete from postseal.key where imported_by = 'test'")
        for table in ("key", "key_address"):
            world.postgres.query(f"alter table postseal.{table} reset (autovacuum_enabled)")
