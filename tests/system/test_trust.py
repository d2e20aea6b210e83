"""Trust as rules ask for it, on the real Postfix: a key is used as far as the sender may trust it, and no further."""
import re
import urllib.error
import urllib.request

import pytest

import people
import world as sandbox
from conftest import Post
from person import Person, dump, send, state
from test_inbound import TEXT, outside, prepare, signed  # noqa: F401
from test_rotation import Node
from test_uploads import fingerprint, opens, self_signed, upload

RULES = """
receive any                      open
match subject tag "[personal]"   deliver smime trust personal, pickup
match subject tag "[colleague]"  deliver smime trust colleague, pickup
match subject tag "[domain]"     deliver smime trust domain, pickup receipt
match subject tag "[seen]"       deliver smime trust seen, pgp trust seen, pickup
match subject tag "[any]"        deliver smime, pgp, pickup
match recipient in domains       deliver plain
otherwise                        deliver pickup
"""
SETTINGS = """trust colleagues 2
networks { "192.0.2.0/24" }
keys from database, mail
"""


@pytest.fixture
def member(world, post, name):
    """Somebody with an account, to whom this sender handed over a code, and with a certificate that only they vouch for."""
    post.sender = f"{name}.anna@example.com"
    world.postgres.query("delete from postseal.throttle")
    person = Person(world, post, f"{name}@auto.example")
    send(person)
    person.unlock()
    person.enrol()
    person.certificate = self_signed(world, name, person.address)
    upload(person, person.certificate)
    return person


def method(person, tag, sender=None):
    """How a message with this tag travels to the person now."""
    before = person.post.sender
    person.post.sender = sender or before
    count = len(person.post.copies(person.address))
    send(person, subject=f"[{tag}] About your account")
    found = sandbox.wait_until(lambda: (all_of := person.post.copies(person.address))[count:] and all_of[-1], "the copy's record")
    person.post.sender = before
    return found["method"]


def test_personal_trust_begins_with_a_code_that_was_used(member, name):
    assert method(member, "personal") == "smime"
    assert method(member, "personal", f"{name}.ben@example.com") == "pickup"
    assert method(member, "seen", f"{name}.ben@example.com") == "smime"
    assert method(member, "any", f"{name}.ben@example.com") == "smime"
    sealed = sandbox.wait_until(lambda: [m for m in member.mails("About your account") if "pkcs7" in m["Content-Type"]], "the mail")
    assert opens(sealed[0], member.certificate)


def test_colleagues_are_counted_and_one_is_too_few(member, name):
    world, ben = member.world, f"{name}.ben@example.com"
    assert method(member, "colleague", ben) == "pickup"
    account = world.postgres.query(f"select subject from postseal.attestation where address = '{member.address}' and kind = 'account'")
    world.postgres.query(f"select postseal.attest(gen_random_uuid(), 'account', '{account[0][0]}', '{member.address}',"
                         f" '{name}.cleo@example.com', 'unlock code', null)")
    assert method(member, "colleague", ben) == "smime"
    assert method(member, "personal", ben) == "pickup"


def test_one_colleague_with_several_addresses_counts_once(member, name):
    """Three plus-addresses of one sender, and their codes, which all reach one mailbox, made a level of trust for everybody."""
    world, ben, eve = member.world, f"{name}.ben@example.com", f"{name}.anna"
    account = world.postgres.query(f"select subject from postseal.attestation where address = '{member.address}' and kind = 'account'")

    def state_by(author):
        world.postgres.query(f"select postseal.attest(gen_random_uuid(), 'account', '{account[0][0]}', '{member.address}',"
                             f" '{author}', 'unlock code', null)")
    for author in (f"{eve}+1@example.com", f"{eve}+2@example.com", f"{eve}+a+b@example.com"):
        state_by(author)
    assert method(member, "colleague", ben) == "pickup"
    assert method(member, "colleague", f"{eve}+3@example.com") == "pickup", "nor is anybody their own colleague"
    state_by(f"{name}.cleo+x@example.com")
    assert method(member, "colleague", ben) == "smime"


def track_page(person):
    sender = Person(person.world, person.post, person.post.sender)
    sender.browser.get(re.search(r"http://\S+/track/\S{43}", sender.mail("Unlock code").text()).group(0))
    return sender.browser


def test_sender_who_revoked_trust_gets_a_code_with_the_next_message(member, name):
    """Promise 1: at once, and whatever others state."""
    assert method(member, "personal") == method(member, "seen") == "smime"
    track_page(member).send({"action": "revoke"})
    assert method(member, "personal") == method(member, "seen") == "pickup"
    assert "/m/" in member.mail("Protected message", 2).text()
    assert method(member, "seen", f"{name}.ben@example.com") == "smime", "one sender's doubt is not everybody's"
    assert method(member, "any") == "smime", "a rule without trust means what it meant"
    told = member.world.postseal("trust", "why", "--from", member.post.sender, "--to", member.address)
    assert "revoked trust in" in told and "Level none" in told


def test_admin_vouches_and_takes_it_back(member, name):
    world, ben = member.world, f"{name}.ben@example.com"
    mark = fingerprint(member.certificate)
    assert method(member, "domain", ben) == "pickup"
    assert "stated that the certificate" in world.postseal("trust", "attest", "--because", "by telephone", member.address, mark[:16])
    assert method(member, "domain", ben) == "smime"
    told = world.postseal("trust", "why", "--from", ben, "--to", member.address)
    assert re.search(rf"Level organisation between {ben} and the certificate {mark}", told) and "by telephone" in told
    world.postseal("trust", "revoke", member.address)
    assert method(member, "seen", ben) == "pickup"
    assert world.postgres.query(f"select count(*) from postseal.activity where subject = '{member.address}' and what like 'trust %'"
                                " and detail like '%by telephone%'") == [["1"]]


def test_sealed_copy_left_the_outbox_under_a_key_that_was_revoked(member, name):
    """Promises 1 and 2: it does not leave, and its sender is told in a sentence."""
    world, post = member.world, member.post
    # Visible, so it takes the place; the blind copy is sealed apart and waits in the outbox.
    second = f"{name}second@auto.example"
    world.postseal("key", "import", world.authority.issue_mail(f"{name}second", second))
    assert method(Person(world, post, second), "domain") == "smime"
    world.postseal("trust", "attest", second, fingerprint(world.directory / "keys" / f"{name}second.pem"))
    world.stop_program("postseal-courier")
    message = post.compose([second], b"Sealed.\r\n", subject="[seen] Two")
    post.accepted(message, [second, member.address])
    copies = post.copies(member.address)
    assert copies[-1]["method"] == "smime" and copies[-1]["state"] == "queued"
    world.postseal("trust", "revoke", member.address)
    world.start_program("postseal-courier")
    sandbox.wait_until(lambda: state(member) == "failed", "the copy to be returned")
    told = Person(world, post, post.sender).mail("could not be delivered").text()
    assert member.address in told and "no longer trusted as far as your organisation's rules require" in " ".join(told.split())
    assert not [m for m in member.mails("Two") if "pkcs7" in m["Content-Type"]]


def test_authority_of_a_domain_is_worth_no_more_than_the_domain(world, post, name):
    person = Person(world, post, f"{name}@auto.example")
    world.postseal("key", "import", world.authority.issue_mail(name, person.address))
    root = world.directory / "keys" / "authority.pem"
    assert method(person, "colleague") == method(person, "domain") == "smime"
    world.postseal("key", "import", "--root", "--trust", "domain", root)
    try:
        assert method(person, "colleague") == "pickup" and method(person, "domain") == "smime"
        # Two certificates of one level: neither is the right one, certainly not the newer.
        world.postseal("key", "import", world.authority.issue_mail(f"{name}b", person.address))
        assert method(person, "domain") == "pickup" and method(person, "any") == "smime"
        assert f"{person.address}  smime: " in world.postseal("trust", "conflicts")
        assert world.postgres.query("select count(*) from postseal.activity where what = 'keys in conflict' and subject ="
                                    f" '{person.address}'") == [["1"]]
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{world.ports['milter_metrics']}/metrics").read().decode()
        assert re.search(r"^postseal_trust_conflicts_total [1-9]", metrics, re.M)
        trace = world.postgres.query(f"select trace->'methods'->0 from postseal.copy where address = '{person.address}'"
                                     " order by decided_at desc offset 1 limit 1")[0][0]
        assert '"asked": "domain"' in trace and '"found": "domain"' in trace
    finally:
        world.postseal("key", "import", "--root", "--trust", "organisation", root)


def test_authority_made_a_sender_trust_again_who_had_revoked(member, name):
    """Promise 1: what an authority says of a domain gives way to a sender's doubt; only the organisation's word does not."""
    world, root = member.world, member.world.directory / "keys" / "authority.pem"
    world.postseal("key", "import", world.authority.issue_mail(f"{name}c", member.address))
    world.postseal("key", "import", "--root", "--trust", "domain", root)
    try:
        assert method(member, "domain", f"{name}.ben@example.com") == method(member, "personal") == "smime"
        track_page(member).send({"action": "revoke"})
        assert method(member, "domain") == "pickup"
        assert method(member, "domain", f"{name}.ben@example.com") == "smime"
    finally:
        world.postseal("key", "import", "--root", "--trust", "organisation", root)
    assert method(member, "domain") == "smime"


@pytest.mark.parametrize("how", ["wkd", "administrator", "signed mail"])
def test_portal_states_only_what_it_can_know(member, how):
    """A stranger who took over the portal makes no statement in the name of a domain, an admin or a mail."""
    with pytest.raises(RuntimeError, match="may not state trust"):
        member.world.postgres.query(f"select postseal.attest(gen_random_uuid(), 'smime', 'ab', '{member.address}', 'x', '{how}', null)",
                                    "postseal_portal")


def test_statement_is_only_added_to_the_record(member):
    """Promise 6."""
    member.world.postseal("trust", "revoke", member.address)
    rows = member.world.postgres.query("select author, how, evidence, revoked_by from postseal.attestation"
                                       f" where address = '{member.address}' and kind = 'account'")
    assert rows[0][0] == member.post.sender and rows[0][2].startswith("message ") and rows[0][3] == "root"
    for role in ("postseal_portal", "postseal_milter", "postseal_courier", "postseal_auditor"):
        for sql in ("delete from postseal.attested", "update postseal.revoked set because = ''", "delete from postseal.revoked"):
            with pytest.raises(RuntimeError, match="permission denied"):
                member.world.postgres.query(sql, role)


REVOKE = r"http://\S+/trust/\S{43}"


def revocation(person, about="used your code"):
    """The link in the sender's receipt, and a browser that has never been here."""
    sender = Person(person.world, person.post, person.post.sender)
    return sender, re.search(REVOKE, sender.mail(about).text()).group(0)


def doubts(person):
    return person.world.postgres.query("select author, because from postseal.doubt"
                                       f" where author = '{person.post.sender}' and address = '{person.address}'")


def test_link_that_a_mail_scanner_follows_changes_nothing(member):
    """Only the form does, and only the form of our page (HEAD and GET are what scanners send)."""
    assert method(member, "personal") == "smime"
    sender, link = revocation(member)
    assert "/trust/" not in sender.mail("Unlock code").text(), "nobody is trusted yet"
    for ask in ("GET", "HEAD", "GET"):
        with urllib.request.urlopen(urllib.request.Request(link, method=ask)) as answer:
            assert answer.status == 200
    forged = urllib.request.Request(link, b"token=" + b"A" * 43, method="POST")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(forged)
    assert not doubts(member) and method(member, "personal") == "smime"
    asked = sender.browser.get(link)
    assert member.address in asked.text and member.post.sender in asked.text and "new unlock code" in asked.text
    assert "<script" not in asked.text


def test_receipt_that_is_answered_revokes_trust_once(member):
    """Promise 1: the next message goes by pickup with a new code; and again only after it was used."""
    world = member.world
    assert method(member, "personal") == "smime"
    sender, link = revocation(member)
    sender.browser.get(link)
    told = sender.browser.send({})
    assert "its rules do not ask for trust, messages may still be encrypted" in told.text, "it promised a code in any case"
    assert told.status == 200 and "A new code is required" in told.text and "<form" not in told.text.split("<main")[1].split("</main")[0]
    assert doubts(member) == [[member.post.sender, "revoked by its sender with the link in a receipt"]]
    assert world.postgres.query("select count(*) from postseal.event e join postseal.copy c on c.id = e.copy"
                                f" where e.what = 'trust revoked' and c.address = '{member.address}'") == [["1"]]
    assert world.postgres.query("select count(*) from postseal.activity where what = 'trust doubted'"
                                f" and subject = '{member.address}'") == [["1"]]
    assert method(member, "personal") == "pickup"
    member.unlock(2)
    assert method(member, "personal") == "smime", "the new code was used"
    # The link that was used is worth nothing any more, though its form is still open somewhere.
    assert "A new code is required" in sender.browser.get(link).text
    assert not re.search('<form method="post"(?! action)', sender.browser.page.text)
    sender.browser.ask(link, f"token={token_of(sender)}".encode())
    assert len(doubts(member)) == 1 and method(member, "personal") == "smime"
    # A newer receipt has a link of its own.
    assert sender.mail("used your code", 2) and len(sender.mails("used your code")) == 2


def token_of(visitor):
    """The token of any form of ours, which this browser's cookie yields."""
    visitor.browser.get("/signin")
    return visitor.browser.form("/signin")[1]["token"]


def test_link_of_somebody_else_or_past_its_time_does_nothing(member, name):
    """Unknown ones too: another installation's, a parcel's, a page's."""
    world = member.world
    assert method(member, "personal") == "smime"
    sender, link = revocation(member)
    track = re.search(r"/track/(\S{43})", sender.mail("Unlock code").text()).group(1)
    token = token_of(sender)
    for secret in ("A" * 43, "x", track, link.rsplit("/", 1)[1][:-1]):
        assert sender.browser.get(f"/trust/{secret}").status == 404
        sender.browser.ask(f"/trust/{secret}", f"token={token}".encode())
    world.postgres.query(f"update postseal.trust_link set expires_at = now() where recipient = '{member.address}'")
    assert sender.browser.get(link).status == 404 and "no longer works" in sender.browser.page.text
    sender.browser.ask(link, f"token={token}".encode())
    assert not doubts(member) and method(member, "personal") == "smime"
    # Database and link together are what it takes: neither has the other's half.
    assert link.rsplit("/", 1)[1] not in dump(world).decode(errors="replace")


def test_link_is_for_one_sender_and_recipient(member, name):
    ben, anna = f"{name}.ben@example.com", member.post.sender
    member.post.sender = ben
    send(member, subject="[code] From another sender")
    member.browser.get(member.mail("Protected message", 2).link())
    member.browser.send({"code": sandbox.wait_until(member.code, "the code")})
    assert method(member, "personal", ben) == "smime"
    sender, link = revocation(member)
    sender.browser.get(link)
    sender.browser.send({})
    assert method(member, "personal", ben) == "pickup" and method(member, "personal", anna) == "smime"


def test_link_after_the_account_has_ended_still_does_what_it_says(member):
    sender, link = revocation(member)
    member.world.postgres.query(f"select postseal.account_end('{member.address}', 'tried')")
    sender.browser.get(link)
    assert "A new code is required" in sender.browser.send({}).text
    assert doubts(member) and method(member, "seen") == "pickup"


def test_owner_sees_who_vouches_and_revokes_it(member, name):
    world, ben = member.world, f"{name}.ben@example.com"
    mark = fingerprint(member.certificate)
    world.postseal("trust", "attest", member.address, mark[:16])
    world.postgres.query(f"select postseal.attest(gen_random_uuid(), 'smime', '{mark}', '{member.address}', 'auto.example', 'wkd', null)")
    page = member.browser.get("/settings").text
    vouched = page.split("Who vouches for you")[1].split("</section>")[0]
    assert member.post.sender in vouched and "Published by your domain:" in vouched and "Confirmed by:" in vouched
    assert "root" not in vouched, "an admin's name is nobody's business outside"
    assert method(member, "domain", ben) == "smime"
    for words in ("Confirmed by:", "Published by your domain:"):
        member.confirm()
        page = member.browser.get("/settings/security").text
        row = [li for li in page.split("<li") if words in li][0]
        member.browser.send({"statement": re.search(r'name="statement" value="([^"]+)"', row)[1]}, action="/settings/trust")
        assert words not in member.browser.get("/settings").text
    assert method(member, "domain", ben) == "pickup" and method(member, "seen", ben) == "smime"
    assert world.postgres.query("select distinct revoked_by, revoked_because from postseal.attestation where revoked_at is not null"
                                f" and address = '{member.address}'") == [[member.address, "revoked by its owner"]]
    told = sandbox.wait_until(lambda: [t for m in member.mails("was changed") if "Confirmed by: " in (t := m.text())], "the owner to be told")
    assert "root" not in told[0]
    # What was stated by the sender whose code was used: the next message needs a code.
    member.confirm()
    member.browser.get("/settings/security")
    member.browser.send({}, action="/settings/trust")
    assert method(member, "personal") == "pickup" and "Who vouches for you" not in member.browser.get("/settings").text


# --- the way round ---

def answer(person, outside, certificate):
    """An answer by mail, signed with openssl; it has been delivered, and what it brought has been read."""
    entity = signed(person.world, TEXT, person.address, certificate=certificate)
    outside.send(outside.mail(entity, [person.post.sender], sender=person.address, subject="Re: About your account"),
                 [person.post.sender], sender=person.address)
    Person(person.world, person.post, person.post.sender).mail("Re: About your account")
    sandbox.wait_until(lambda: person.world.postgres.query("select 1 from postseal.key_mailed where taken_at is null") == [],
                       "the answer's certificate to be read")


def goes_round(person, level, about, answers):
    """Pickup, an answer, S/MIME, a revocation by the link in the receipt, and pickup with a new code. Promise 1."""
    assert method(person, level) == "pickup"
    assert b"The secret is 42." in person.unlock().body
    certificate = answers()
    assert method(person, level) == "smime"
    sealed = sandbox.wait_until(lambda: [m for m in person.mails("About your account") if "pkcs7" in m["Content-Type"]], "the mail")
    assert b"The secret is 42." in opens(sealed[0], certificate)
    sender, link = revocation(person, about)
    sender.browser.get(link)
    assert "A new code is required" in sender.browser.send({}).text
    assert method(person, level) == "pickup"
    count = [copy["method"] for copy in person.post.copies(person.address)].count("pickup")
    code = sandbox.wait_until(lambda: person.code(count), "the new code")
    assert b"The secret is 42." in people.browse(person.mail("Protected message", count).link(), code)
    assert len([m for m in person.mails("About your account") if "pkcs7" in m["Content-Type"]]) == 1
    return person.world.postseal("trust", "why", "--from", person.post.sender, "--to", person.address)


def stranger(world, post, name):
    post.sender = f"{name}.anna@example.com"
    world.postgres.query("delete from postseal.throttle")
    return Person(world, post, f"{name}@auto.example")


def test_way_round_with_a_certificate_that_only_its_owner_vouches_for(world, post, outside, name):
    person = stranger(world, post, name)

    def answers():
        certificate = self_signed(world, name, person.address)
        answer(person, outside, certificate)
        assert method(person, "seen") == "pickup", "a signature that nobody vouches for says nothing of its author"
        person.unlock(2)
        person.enrol()
        upload(person, certificate)
        told = world.postseal("trust", "why", "--from", post.sender, "--to", person.address)
        assert f"Level personal between {post.sender} and the certificate {fingerprint(certificate)}" in told
        return certificate
    goes_round(person, "personal", "used your code", answers)


def test_way_round_with_a_certificate_of_an_authority_of_domains(world, post, outside, name):
    """Nobody imports a certificate, and the stranger never sees our portal again after the first message."""
    person, root = stranger(world, post, name), world.directory / "keys" / "authority.pem"
    world.postseal("key", "import", "--root", "--trust", "domain", root)

    def answers():
        certificate = world.authority.issue_mail(name, person.address)
        answer(person, outside, certificate)
        return certificate
    try:
        told = goes_round(person, "domain", ": read", answers)
    finally:
        world.postseal("key", "import", "--root", "--trust", "organisation", root)
    assert "revoked trust in" in told


# --- several nodes ---

@pytest.fixture(scope="module")
def node(world):
    """A second milter on the same database, behind an smtpd of its own; `port` is where that one listens."""
    node = Node(world, "second")
    node.port, = sandbox.free_ports(1)
    main = sandbox.command("postconf", "-c", world.company.config, "-M", f"127.0.0.1:{world.ports['submission']}/inet").decode()
    service = main.strip().replace(f":{world.ports['submission']}", f":{node.port}", 1)
    sandbox.command("postconf", "-c", world.company.config, "-M",
                    f"127.0.0.1:{node.port}/inet={service} -o smtpd_milters=unix:postseal/milter-second.sock")
    try:
        node.start("postseal-milter")
        world.company.reload()
        sandbox.wait_until(lambda: sandbox.port_answers(node.port), "the second smtpd")
        yield node
    finally:
        node.stop()


@pytest.fixture
def beyond(world, node):
    """An employee's mail client at the second node."""
    post = Post(world)
    post.port = node.port
    return post


def test_revocation_on_one_node_counts_on_the_other_at_once(member, beyond, node, name):
    """Promise 1: the very next message, and what waits in the outbox by the other node's decision."""
    world = member.world
    beyond.sender = member.post.sender
    there = Person(world, beyond, member.address)
    assert method(member, "personal") == method(there, "personal") == "smime"
    # The visible recipient's copy stays in place; the blind one is sealed apart and waits.
    second = f"{name}second@auto.example"
    world.postseal("key", "import", world.authority.issue_mail(f"{name}second", second))
    world.stop_program("postseal-courier")
    beyond.accepted(beyond.compose([second], b"Sealed.\r\n", subject="[seen] Two"), [second, member.address])
    assert beyond.copies(member.address)[-1]["state"] == "queued"
    track_page(member).send({"action": "revoke"})
    assert method(there, "seen") == "pickup" and method(member, "seen") == "pickup"
    node.start("postseal-courier")
    sandbox.wait_until(lambda: "failed" in [c["state"] for c in member.post.copies(member.address)], "the copy to be returned")
    node.programs.pop().terminate()
    world.start_program("postseal-courier")
    assert not [m for m in member.mails("Two") if "pkcs7" in m["Content-Type"]]


def test_key_imported_on_one_node_is_used_by_the_other(world, post, beyond, node, name):
    """The other node has asked before, and remembers that there was none; and so with a key that is deleted."""
    person = Person(world, beyond, f"{name}@auto.example")
    certificate = world.authority.issue_mail(name, person.address)
    assert method(person, "any") == "pickup"
    world.postseal("key", "import", certificate)
    sandbox.wait_until(lambda: method(person, "any") == "smime", "the other node to use the key")
    node.postseal("key", "delete", fingerprint(certificate))
    here = Person(world, post, person.address)
    sandbox.wait_until(lambda: method(here, "any") == method(person, "any") == "pickup", "both nodes to forget the key")
