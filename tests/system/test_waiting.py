"""Copies that wait in the outbox, sealed to a key that has come to nothing since: also where the rule asks for no trust,
they do not leave, and their sender is told. Promises 1 and 2."""
import re

import pytest

import people
import world as sandbox
from finder import World as WORLD, found  # noqa: F401
from issuer import Issuer, der
from person import Person, send, state
from test_uploads import fingerprint, self_signed, upload

RULES = """
match recipient domain "auto.example"                 deliver smime, pgp, pickup
match recipient in domains subject tag "[smime]"      deliver smime
match recipient in domains                            deliver plain
otherwise                                             deliver smime, pickup
"""
SETTINGS = "keys from database, mail, wkd, dane within 6 seconds"


@pytest.fixture
def person(world, post, name):
    post.sender = f"{name}.anna@example.com"
    world.postgres.query("delete from postseal.throttle")
    return Person(world, post, f"{name}@auto.example")


@pytest.fixture
def member(person):
    send(person)
    person.unlock()
    person.enrol()
    return person


@pytest.fixture
def issuer(world, name):
    return Issuer(world, f"issuer{name}", "soft")


@pytest.fixture
def gpg(world, person, name):
    made = people.Gpg(world.directory / "keys" / f"{name}gpg", person.address)
    yield made
    made.end()


class Waiting:
    """A copy that is sealed, apart from the visible recipient's, and waits; `leaves` lets the courier have it."""

    def __init__(self, person, name, method, subject="Two"):
        self.person, self.world, self.subject = person, person.world, subject
        second = f"{name}second@smime.example"
        self.world.postseal("key", "import", self.world.authority.issue_mail(f"{name}second", second))
        self.world.stop_program("postseal-courier")
        post = person.post
        post.accepted(post.compose([second], b"Sealed.\r\n", subject=subject), [second, person.address])
        copy = post.copies(person.address)[-1]
        assert (copy["method"], copy["state"]) == (method, "queued")

    def mails(self):
        return [m for m in (people.Received(f.read_bytes()) for f in self.person.post.box(self.person.address).files())
                if "pkcs7" in m["Content-Type"] or "encrypted" in m["Content-Type"]]

    def returned(self):
        """Why, as its sender is told."""
        self.world.start_program("postseal-courier")
        sandbox.wait_until(lambda: state(self.person) == "failed", "the copy to be returned")
        told = Person(self.world, self.person.post, self.person.post.sender).mail("could not be delivered").text()
        assert self.person.address in told and not self.mails()
        return " ".join(told.split())

    def leaves(self):
        self.world.start_program("postseal-courier")
        sandbox.wait_until(self.mails, "the copy to arrive")


def test_copy_whose_key_is_what_it_was_leaves(world, member, name):
    upload(member, self_signed(world, name, member.address))
    waiting = Waiting(member, name, "smime")
    # Somebody else's doubt, and a key of another kind, are nothing to this copy.
    world.postgres.query(f"select postseal.trust_doubt('{name}.ben@example.com', '{member.address}', 'tried')")
    waiting.leaves()


def test_certificate_that_expires_meanwhile_was_good_when_it_was_used(world, person, name):
    world.postseal("key", "import", world.authority.issue_mail(name, person.address))
    waiting = Waiting(person, name, "smime")
    world.postgres.query(f"update postseal.key set not_after = now() - interval '1 minute' where owner like '%{name}%'")
    waiting.leaves()


def withdraws(member):
    member.confirm()
    member.browser.get("/settings/security")
    member.browser.send({}, action="/settings/key/remove")


def replaces(member):
    upload(member, self_signed(member.world, f"{member.address}new", member.address))


def revokes(member):
    member.world.postseal("trust", "revoke", member.address, member.address)


def ends(member):
    member.world.postseal("account", "delete", member.address)


@pytest.mark.parametrize("meanwhile", [withdraws, replaces, revokes, ends])
def test_copy_left_under_a_certificate_that_its_owner_no_longer_stood_by(world, member, name, meanwhile):
    certificate = self_signed(world, name, member.address)
    upload(member, certificate)
    waiting = Waiting(member, name, "smime")
    meanwhile(member)
    assert f"the certificate {fingerprint(certificate)[:16]} of {member.address} may no longer be used" in waiting.returned()


@pytest.mark.parametrize("kind", ["smime", "pgp"])
def test_copy_left_under_a_key_that_an_admin_had_deleted(world, person, gpg, name, kind):
    if kind == "smime":
        path = world.authority.issue_mail(name, person.address)
        mark = fingerprint(path)
    else:
        path = world.directory / "keys" / f"{name}.asc"
        path.write_bytes(gpg.public())
        mark = gpg.fingerprint()
    world.postseal("key", "import", path)
    waiting = Waiting(person, name, kind)
    world.postseal("key", "delete", mark)
    assert "it was removed, or nobody states any more that it is theirs" in waiting.returned()


def test_copy_left_under_a_certificate_that_only_the_word_of_an_admin_made_theirs(world, person, name):
    path = world.authority.issue_mail(name, f"{name}office@elsewhere.example")
    world.postseal("key", "import", "--for", person.address, path)
    waiting = Waiting(person, name, "smime")
    world.postseal("trust", "revoke", person.address)
    assert "nobody states any more that it is theirs" in waiting.returned()


def test_copy_left_under_a_found_key_whose_statement_was_revoked(world, person, gpg, name):
    world.finder.answers["WKD", person.address] = found(gpg.run("--export", person.address))
    waiting = Waiting(person, name, "pgp")
    world.postseal("trust", "revoke", person.address, "auto.example")
    assert f"the OpenPGP key {gpg.fingerprint()[:16]} of" in waiting.returned()


def test_copy_left_under_a_key_that_its_owner_had_revoked(world, person, gpg, name):
    """Another message learns of it."""
    world.finder.answers["WKD", person.address] = found(gpg.run("--export", person.address))
    waiting = Waiting(person, name, "pgp", subject="Waits")
    revocation = (gpg.home / "openpgp-revocs.d" / f"{gpg.fingerprint()}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
    gpg.run("--import", data=revocation.encode())
    world.finder.answers["WKD", person.address] = found(gpg.run("--export", person.address))
    world.postgres.query(f"update postseal.key_answer set good_until = now() where address = '{person.address}'")
    send(person)
    copies = person.post.copies(person.address)
    assert [copy["method"] for copy in copies] == ["pgp", "pickup"]
    world.start_program("postseal-courier")
    told = Person(world, person.post, person.post.sender).mail("could not be delivered").text()
    assert "it was revoked by its owner" in " ".join(told.split()) and not waiting.mails()
    assert person.post.copies(person.address)[0]["state"] == "failed"


@pytest.mark.parametrize("states,why", [("revoked", "it was revoked by its issuer"), ("held", "it was suspended by its issuer")])
def test_copy_left_under_a_certificate_that_its_issuer_had_revoked(world, person, issuer, name, states, why):
    """As another node's courier notes it (tests/system/test_revocation.py has how it learns of it)."""
    base = issuer.person(person.address)
    world.finder.answers["FETCH", issuer.crl_url] = found(issuer.crl())
    waiting = Waiting(person, name, "smime")
    world.postgres.query(f"set role postseal_courier; update postseal.certificate_status set state = '{states}', revoked_at = now()"
                         f" where certificate = '\\x{der(base)}'")
    assert why in waiting.returned()


def test_copy_left_under_an_authority_that_was_no_longer_trusted(world, person, issuer, name):
    issuer.person(person.address, crl=False)
    waiting = Waiting(person, name, "smime")
    world.postseal("key", "delete", fingerprint(issuer.directory / "authority.pem"))
    assert "the organisation no longer trusts its authority" in waiting.returned()


def test_copy_for_an_employee_left_under_a_key_that_was_revoked_here(world, person, name):
    person.address = f"{name}@example.com"
    path = world.authority.issue_mail(name, person.address)
    both = path.with_suffix(".both")
    both.write_bytes(path.read_bytes() + path.with_suffix(".key").read_bytes())
    world.postseal("key", "import", both)
    waiting = Waiting(person, name, "smime", subject="[smime] Two")
    world.postseal("employee", "leave", person.address)
    assert re.search("it was removed, or nobody states", waiting.returned())
