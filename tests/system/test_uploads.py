"""Keys that recipients upload in the portal: someone who held an account for an hour must not read
along for ever."""
import re

import pytest

import people
import world as sandbox
from person import PORTAL_RULES as RULES, Person, send  # noqa: F401


@pytest.fixture
def member(world, post, name):
    post.sender = f"{name}.sender@example.com"
    world.postgres.query("delete from postseal.throttle")
    person = Person(world, post, f"{name}@auto.example")
    send(person)
    person.unlock()
    person.enrol()
    return person


def upload(person, path):
    person.confirm()
    person.browser.get("/settings/security")
    answer = person.browser.send({}, action="/settings/key", files=[("key", "c.pem", "application/x-pem-file", path.read_bytes())])
    assert answer.status == 200, answer.text


def self_signed(world, name, address):
    """Only its owner says whose it is."""
    return world.authority.issue_mail(name, address, sign=False)


def sealed_mail(person, count, body):
    send(person, body)
    return sandbox.wait_until(lambda: (mails := [m for m in person.mails("About your account") if "pkcs7" in m["Content-Type"]])
                              and len(mails) == count and mails[-1], f"{count} S/MIME mails")


def opens(mail, path):
    """OpenSSL matches issuer and serial number, so a stranger's key does not open it."""
    try:
        return people.open_smime(mail, str(path).removesuffix(".pem"))
    except sandbox.Trouble:
        return None


def fingerprint(path):
    said = sandbox.command("openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256").decode()
    return said.partition("=")[2].strip().replace(":", "").lower()


def test_newest_upload_takes_the_place_of_the_one_before(world, member, name):
    first, second = (self_signed(world, f"{name}{n}", member.address) for n in (1, 2))
    upload(member, first)
    assert b"One." in opens(sealed_mail(member, 1, b"One.\r\n"), first)
    upload(member, second)
    mail = sealed_mail(member, 2, b"Two.\r\n")
    assert b"Two." in opens(mail, second) and opens(mail, first) is None
    trust = world.postseal("trust", "show", member.address)
    assert re.search(rf"{fingerprint(first)[:16]}.* revoked .*replaced by its owner", trust)


def test_upload_does_not_come_beside_the_key_of_the_organisation(world, member, name):
    ours, theirs = world.authority.issue_mail(f"{name}ours", member.address), self_signed(world, f"{name}theirs", member.address)
    world.postseal("key", "import", ours)
    upload(member, theirs)
    mail = sealed_mail(member, 1, b"Hello.\r\n")
    assert b"Hello." in opens(mail, ours) and opens(mail, theirs) is None
    found = world.postseal("key", "find", member.address)
    assert f"{fingerprint(theirs)[:16]}: uploaded by its owner, while the organisation vouches for another key" in found
    world.postseal("key", "delete", fingerprint(ours))
    assert fingerprint(theirs) in world.postseal("key", "find", member.address)


def test_certificate_with_a_chain_is_vouched_for_whoever_brought_it(world, member, name):
    """A renewed certificate from an authority that the organisation trusts counts along with the existing one."""
    ours, renewed = (world.authority.issue_mail(f"{name}{n}", member.address) for n in ("old", "new"))
    world.postseal("key", "import", ours)
    upload(member, renewed)
    mail = sealed_mail(member, 1, b"Hello.\r\n")
    assert b"Hello." in opens(mail, ours) and b"Hello." in opens(mail, renewed)


def test_uploads_end_with_the_account(world, member, name):
    path = self_signed(world, name, member.address)
    upload(member, path)
    assert fingerprint(path) in world.postseal("key", "find", member.address)
    world.postseal("account", "delete", member.address)
    with pytest.raises(sandbox.Trouble, match="no usable key"):
        world.postseal("key", "find", member.address)
    assert "the account ended" in world.postseal("trust", "show", member.address)


def test_upload_ends_with_the_statement_it_rests_on(world, member, name):
    path = self_signed(world, name, member.address)
    upload(member, path)
    world.postseal("trust", "revoke", member.address, member.address)
    with pytest.raises(sandbox.Trouble, match="no usable key"):
        world.postseal("key", "find", member.address)


def as_portal(world, sql):
    return world.postgres.query(f"begin; set local role postseal_portal; {sql}; commit")


def put(kind, address, key_fingerprint, content):
    return (f"select postseal.account_key_upload(gen_random_uuid(), '{kind}', '{address}', '{key_fingerprint}',"
            f" decode('{content.hex()}', 'hex'), 'Somebody', null, null, '{{}}')")


def attest(kind, address, key_fingerprint):
    return (f"select postseal.attest(gen_random_uuid(), '{kind}', '{key_fingerprint}', '{address}', '{address}',"
            " 'signed in', null)")


def test_stolen_portal_cannot_say_whose_a_key_is(world, member, name, tmp_path):
    """With all rights of the portal's role: Promise 1, nothing is sealed to a stranger instead of the recipient."""
    path = self_signed(world, name, member.address)
    der = sandbox.command("openssl", "x509", "-in", path, "-outform", "DER")
    for sql in (put("smime", member.address, "0" * 64, der),
                "insert into postseal.key_upload (id, kind, address, fingerprint, content, owner) values"
                f" (gen_random_uuid(), 'pgp', '{member.address}', 'AB', '', '')",
                f"select postseal.key_upload_put(gen_random_uuid(), 'smime', '{member.address}', '{fingerprint(path)}',"
                f" decode('{der.hex()}', 'hex'), 'S', null, null, '{{}}')",
                "insert into postseal.key_address select id, 'x@auto.example' from postseal.key limit 1",
                "select content from postseal.key"):
        with pytest.raises(RuntimeError, match="permission denied|violates check constraint"):
            as_portal(world, sql)
    # Nobody without an account, and no employee with a key of the organisation.
    own = world.authority.issue_mail(f"{name}own", f"{name}@example.com")
    both = own.with_suffix(".both")
    both.write_bytes(own.read_bytes() + own.with_suffix(".key").read_bytes())
    world.postseal("key", "import", both)
    for address in (f"nobody-{name}@auto.example", f"{name}@example.com"):
        as_portal(world, put("smime", address, fingerprint(path), der))
        assert world.postgres.query(f"select 1 from postseal.key_upload where address = '{address}'") == []
    # A fingerprint that belongs to another key is compared with the key.
    gpg = people.Gpg(tmp_path / "gpg", member.address)
    armoured = gpg.run("--export", member.address)
    as_portal(world, put("pgp", member.address, "A" * 40, armoured))
    as_portal(world, attest("pgp", member.address, "A" * 40))
    with pytest.raises(sandbox.Trouble, match="the fingerprint on record does not match the key"):
        world.postseal("key", "find", member.address)
    gpg.end()


def test_upload_for_an_address_of_ours_counts_for_nothing(world, name):
    """Even if one got into the database."""
    address = f"{name}@example.com"
    path = self_signed(world, name, address)
    der = sandbox.command("openssl", "x509", "-in", path, "-outform", "DER")
    world.postgres.query("insert into postseal.key_upload (id, kind, address, fingerprint, content, owner) values"
                         f" (gen_random_uuid(), 'smime', '{address}', '{fingerprint(path)}', decode('{der.hex()}', 'hex'), 'S')")
    world.postgres.query(attest("smime", address, fingerprint(path)))
    with pytest.raises(sandbox.Trouble, match="employees' keys are imported by the organisation, not uploaded"):
        world.postseal("key", "find", address)
