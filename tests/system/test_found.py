"""Keys that arrive by themselves: what is asked when, what an answer may do, and what it may not. The finder here
answers as the test says; tests/system/test_finder_keys.py asks real servers."""
import re
import subprocess
import time

import pytest

import people
import world as sandbox
from finder import FAILED, FOUND, NOTHING, SILENCE, Answer, Finder, World as WORLD, found  # noqa: F401

RULES = """
match recipient domain "smime.example"  deliver smime, pickup
match recipient domain "auto.example"   deliver smime, pgp, pickup
match recipient domain "pgp.example"    deliver pgp
match recipient domain "plain.example"  deliver plain
match recipient domain { "partner.example" "a.partner.example" "other.example" } deliver smime, pgp, pickup
match recipient domain "pickup.example" deliver pgp trust domain, pickup
match recipient in domains              deliver smime, plain
otherwise                               deliver smime, pgp, plain
"""
SETTINGS = """keys from database, wkd, dane, ldap, servers  within 2 seconds
keys domains { "partner.example" "pickup.example" }
"""
EVERYWHERE = ["WKD", "OPENPGPKEY", "SMIMEA", "LDAP_SMIME", "LDAP_PGP", "SERVERS"]


@pytest.fixture
def finder(world):
    return world.finder


@pytest.fixture
def gpg(world, name):
    made = []

    def make(address, which="", uids=()):
        made.append(people.Gpg(world.directory / "keys" / f"{name}{which}", address))
        for uid in uids:
            made[-1].run("--quick-add-uid", address, uid)
        return made[-1]

    yield make
    for each in made:
        each.end()


def binary(gpg):
    return gpg.run("--export", gpg.address)


def send(post, address, body=b"Hello.\r\n"):
    begun = time.monotonic()
    post.accepted(post.compose([address], body), [address])
    return time.monotonic() - begun


def last(post, address):
    return post.copies(address)[-1]


def row(world, address, source, what="outcome", kind="pgp"):
    rows = world.postgres.query(f"select {what} from postseal.key_answer where address = '{address}' and source = '{source}'"
                                f" and kind = '{kind}'")
    return rows[0][0] if rows else None


def ask_again(world, address, source, kind="pgp"):
    """As if the answer were about to end: the courier asks again."""
    before = row(world, address, source, "asked_at", kind)
    world.postgres.query(f"update postseal.key_answer set due_at = now() where address = '{address}' and source = '{source}'")
    sandbox.wait_until(lambda: row(world, address, source, "asked_at", kind) != before, "the courier to ask again", 90)


def test_first_mail_is_sealed_to_a_key_that_the_domain_publishes(world, post, finder, gpg, name):
    address = f"{name}@auto.example"
    key = gpg(address)
    finder.answers["WKD", address] = found(binary(key))
    send(post, address)
    assert b"Hello." in people.open_pgp(post.box(address).one(), key)
    copy = last(post, address)
    assert copy["keys"] == key.fingerprint()
    assert re.search(r", found by wkd on \d{4}-\d\d-\d\d \d\d:\d\d UTC", copy["reason"])
    assert sorted(finder.questions(address)) == sorted(EVERYWHERE)
    send(post, address)
    post.box(address).wait(2)
    assert sorted(finder.questions(address)) == sorted(EVERYWHERE)  # all answers are kept, also that there is nothing
    said = world.postseal("policy", "explain", "--from", post.sender, "--to", address)
    assert "found by wkd on" in said and re.search(r"no usable certificate \(dane: there is none \(asked \d{4}-", said)


def test_that_there_is_no_key_is_kept(world, post, finder, name):
    address = f"{name}@auto.example"
    send(post, address)
    assert last(post, address)["method"] == "pickup"
    assert sorted(finder.questions(address)) == sorted(EVERYWHERE)
    assert row(world, address, "wkd") == "nothing"
    send(post, address)
    assert len(finder.questions(address)) == len(EVERYWHERE)


def test_source_that_never_answers_costs_the_budget_and_no_more(world, post, finder, gpg, name):
    """What is late is left to the courier, which has more patience, and serves the next message."""
    address = f"{name}@auto.example"
    key = gpg(address)
    finder.answers["WKD", address] = found(binary(key))
    finder.answers["LDAP_PGP", address] = finder.answers["LDAP_SMIME", address] = SILENCE
    assert send(post, address) < 10  # 2 seconds and the machine's other work
    assert b"Hello." in people.open_pgp(post.box(address).one(), key)
    finder.answers["LDAP_PGP", address] = finder.answers["LDAP_SMIME", address] = Answer(NOTHING)
    sandbox.wait_until(lambda: row(world, address, "ldap", kind="smime") == "nothing", "the courier's question", 90)
    patience = [milliseconds for wish, subject, milliseconds in finder.asked if (wish, subject) == ("LDAP_SMIME", address)]
    assert patience[0] <= 2000 < patience[-1]
    before = len(finder.questions(address))
    send(post, address)
    assert len(finder.questions(address)) == before


def decided(world):
    """(seconds, decisions) of the milter so far."""
    figures = people.Visitor(f"http://127.0.0.1:{world.ports['milter_metrics']}").get("/metrics").text
    return [float(re.search(rf'^postseal_phase_seconds_{what}{{phase="decide"}} (\S+)', figures, re.M)[1]) for what in ("sum", "count")]


def test_budget_was_each_recipients_own(world, post, finder, name):
    """Forty strangers, and no source that answers: the decision about all of them has the two seconds of the setting."""
    strangers = [f"{name}n{i}@auto.example" for i in range(40)]
    for each in strangers:
        for wish in EVERYWHERE:
            finder.answers[wish, each] = SILENCE
    before = decided(world)
    post.accepted(post.compose(strangers[:1], b"Hello.\r\n"), strangers)
    after = decided(world)
    assert after[1] == before[1] + 1
    assert 1.5 < after[0] - before[0] < 4, "the budget, and the machine's other work"
    assert {last(post, each)["method"] for each in strangers} == {"pickup"}
    finder.answers.update({(wish, each): Answer(NOTHING) for each in strangers for wish in EVERYWHERE})
    known = ("select count(distinct address), count(*) filter (where outcome is distinct from 'nothing') from postseal.key_answer"
             f" where address like '{name}n%'")
    sandbox.wait_until(lambda: world.postgres.query(known) == [["40", "0"]], "the courier to ask for those for whom there was no time", 120)


def test_message_waits_where_a_refusal_would_be_final(world, post, finder, gpg, name):
    """The rule allows only pgp, and nobody knows yet whether there is a key. Promise 1: nor does it leave in plain."""
    address = f"{name}@pgp.example"
    key = gpg(address)
    finder.answers["WKD", address] = SILENCE
    code, text = post.send(post.compose([address]), [address])
    finder.answers["WKD", address] = found(binary(key))  # before the courier asks: its next question would be minutes away
    assert 400 <= code < 500, text
    assert f"<{address}>: keys of this recipient are still being looked for" in world.log("postseal-milter")
    sandbox.wait_until(lambda: row(world, address, "wkd") == "found", "the courier's question", 90)
    send(post, address)
    assert b"Hello." in people.open_pgp(post.box(address).one(), key)
    stranger = f"{name}x@pgp.example"
    code, text = post.send(post.compose([stranger]), [stranger])
    assert 500 <= code < 600 and "wkd: there is none" in text, text


def test_finder_that_is_gone_refuses_no_message(world, post, finder, name):
    """Another allowed method is available; nothing leaves weaker than the rule says (Promise 1)."""
    figures = lambda: people.Visitor(f"http://127.0.0.1:{world.ports['milter_metrics']}").get("/metrics").text
    finder.end()
    try:
        assert send(post, f"{name}@auto.example") < 10
        assert last(post, f"{name}@auto.example")["method"] == "pickup"
        code, _ = post.send(post.compose([f"{name}@pgp.example"]), [f"{name}@pgp.example"])
        assert 400 <= code < 500
    finally:
        world.finder = Finder(finder.path)
    said = [line for line in world.log("postseal-milter").splitlines() if "asking postseal-finder at" in line]
    assert len(said) == 1, said
    count = re.search(r"^postseal_finder_unreachable_total (\d+)", figures(), re.M)
    assert int(count[1]) >= 6


def test_key_of_somebody_else_is_never_used(world, post, finder, gpg, name):
    """The attacker has a web server, and serves the key of their own address, or one with the victim's name in it."""
    address = f"{name}@auto.example"
    mallory = gpg(f"mallory{name}@auto.example", uids=[f'"{address}" <mallory{name}@auto.example>', f"{address} <mallory{name}@x.example>"])
    finder.answers["WKD", address] = found(binary(mallory), mallory.public())
    send(post, address)
    copy = last(post, address)
    assert copy["method"] == "pickup" and "what is there has no user ID with this address" in copy["reason"] + str(
        world.postgres.query(f"select why from postseal.key_answer where address = '{address}'"))
    assert world.postgres.query(f"select 1 from postseal.key_found where address = '{address}'") == []


def test_user_ids_of_others_are_removed(world, post, finder, gpg, name):
    """A key is kept for the address it was found for, and says nothing about others."""
    address, other = f"{name}@auto.example", f"other{name}@auto.example"
    key = gpg(address, uids=[f"Other <{other}>"])
    finder.answers["WKD", address] = found(binary(key))
    send(post, address)
    assert b"Hello." in people.open_pgp(post.box(address).one(), key)
    content, = world.postgres.query(f"select encode(content, 'hex') from postseal.key_found where address = '{address}'")[0]
    listed = subprocess.run(["gpg", "--homedir", key.home, "--batch", "--show-keys", "--with-colons"],
                            input=bytes.fromhex(content), capture_output=True, check=True).stdout.decode()
    assert address in listed and other not in listed
    send(post, other)
    assert last(post, other)["method"] == "pickup"


def test_two_sources_that_contradict_each_other(world, post, finder, gpg, name):
    """The first in `keys from` decides, not the newer; the admin is told."""
    address = f"{name}@auto.example"
    theirs, newer = gpg(address, "theirs"), gpg(address, "newer")
    finder.answers["WKD", address] = found(binary(theirs))
    finder.answers["SERVERS", address] = found(newer.public())
    send(post, address)
    assert b"Hello." in people.open_pgp(post.box(address).one(), theirs)
    copy = last(post, address)
    assert copy["keys"] == theirs.fingerprint()
    listed = world.postseal("key", "conflicts")
    assert address in listed and theirs.fingerprint() in listed and newer.fingerprint() in listed
    assert f"contradict each other about the pgp keys of {address}" in world.log("postseal-milter")
    assert world.postgres.query(f"select what from postseal.activity where subject = '{address}' and what = 'key conflict'")
    assert "different keys are claimed for" in subprocess.run(
        world.among_groups(world.bin / "postseal", "-f", world.config, "check"), capture_output=True, text=True).stdout
    assert "servers has it, but wkd comes first" in world.postseal("key", "find", address)


def test_imported_key_is_used_without_waiting(world, post, finder, gpg, name):
    address = f"{name}@auto.example"
    ours = people.make_pgp(world, address, f"{name}ours")
    other = gpg(address, "other")
    for wish in EVERYWHERE:
        if wish not in ("SMIMEA", "LDAP_SMIME"):
            finder.answers[wish, address] = SILENCE
    assert send(post, address) < 10
    assert b"Hello." in people.open_pgp(post.box(address).one(), ours)
    assert last(post, address)["keys"] == ours.fingerprint()
    finder.answers["WKD", address] = found(binary(other))

    def is_found():
        # The courier may be waiting in vain for the answer that did not come before.
        world.postgres.query("update postseal.key_answer set due_at = now(), claimed_until = '-infinity'"
                             f" where address = '{address}' and source = 'wkd'")
        return address in world.postseal("key", "conflicts", address)

    sandbox.wait_until(is_found, "the courier to find the other key", 90)
    send(post, address)
    assert last(post, address)["keys"] == ours.fingerprint()
    ours.end()


def test_revocation_stays_whoever_has_an_older_copy(world, post, finder, gpg, name):
    address = f"{name}@auto.example"
    key = gpg(address)
    old = binary(key)
    finder.answers["WKD", address] = found(old)
    send(post, address)
    revocation = (key.home / "openpgp-revocs.d" / f"{key.fingerprint()}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
    key.run("--import", data=revocation.encode())
    finder.answers["WKD", address] = found(binary(key))
    ask_again(world, address, "wkd")
    send(post, address)
    assert last(post, address)["method"] == "pickup" and "revoked by its owner" in str(world.postseal(
        "policy", "explain", "--from", post.sender, "--to", address))
    finder.answers["WKD", address] = finder.answers["SERVERS", address] = found(old)
    ask_again(world, address, "wkd")
    ask_again(world, address, "servers")
    path = world.directory / "keys" / f"{name}old.gpg"
    path.write_bytes(old)
    world.postseal("key", "import", path)
    send(post, address)
    assert last(post, address)["method"] == "pickup"


def test_renewed_key_is_merged(world, post, finder, gpg, name):
    address = f"{name}@auto.example"
    key = gpg(address)
    finder.answers["WKD", address] = found(binary(key))
    send(post, address)
    key.run("--quick-set-expire", key.fingerprint(), "300d")
    key.run("--quick-set-expire", key.fingerprint(), "300d", "*")
    finder.answers["WKD", address] = found(binary(key))
    ask_again(world, address, "wkd")
    rows = world.postgres.query(f"select count(*), max(not_after) > now() + interval '200 days' from postseal.key_found where address = '{address}'")
    assert rows == [["1", "t"]]


def test_key_ends_when_its_domain_says_so_and_not_when_anybody_could(world, post, finder, gpg, name):
    address = f"{name}@auto.example"
    key = gpg(address)
    finder.answers["WKD", address] = found(binary(key))
    send(post, address)
    for answer in (Answer(FAILED, why="no route"), Answer(NOTHING, secure=False)):
        finder.answers["WKD", address] = answer
        ask_again(world, address, "wkd")
        send(post, address)
        assert last(post, address)["method"] == "pgp"
    finder.answers["WKD", address] = Answer(NOTHING)
    ask_again(world, address, "wkd")
    send(post, address)
    assert last(post, address)["method"] == "pickup"
    assert "its source no longer has it" in world.postseal("trust", "show", address)
    finder.answers["WKD", address] = found(binary(key))
    ask_again(world, address, "wkd")
    send(post, address)
    assert last(post, address)["method"] == "pgp"


def test_part_of_an_answer_withdrew_what_another_directory_has(world, post, finder, gpg, name):
    """A directory that is down may have the key: what others have says nothing of it, and the next question comes soon."""
    address = f"{name}@auto.example"
    key, other = gpg(address), gpg(address, "other")
    finder.answers["WKD", address] = found(binary(key))
    send(post, address)
    finder.answers["WKD", address] = found(binary(other), partial=True, why="a directory has not answered in time")
    ask_again(world, address, "wkd")
    rows = world.postgres.query(f"select count(*) from postseal.key_found where address = '{address}' and withdrawn_at is null")
    assert rows == [["2"]]
    asked = world.postgres.query("select good_until < now() + interval '11 minutes', why from postseal.key_answer"
                                 f" where address = '{address}' and source = 'wkd'")
    assert asked == [["t", "a directory has not answered in time"]]
    assert "its source no longer has it" not in world.postseal("trust", "show", address)


def test_revoked_statement_ends_the_key_for_good(world, post, finder, gpg, name):
    address = f"{name}@auto.example"
    key = gpg(address)
    finder.answers["WKD", address] = found(binary(key))
    send(post, address)
    world.postseal("trust", "revoke", address, "auto.example")
    ask_again(world, address, "wkd")
    send(post, address)
    assert last(post, address)["method"] == "pickup"
    assert "the statement that it is theirs was revoked" in world.postseal("policy", "explain", "--from", post.sender, "--to", address)


def der(path):
    return sandbox.command("openssl", "x509", "-in", path, "-outform", "DER")


def test_certificate_from_dane_needs_no_chain_and_others_do(world, post, finder, name):
    address = f"{name}@smime.example"
    alone = world.authority.issue_mail(f"{name}alone", address, sign=False)
    finder.answers["SMIMEA", address] = found(b"\x03\x00\x00" + der(alone))
    finder.answers["LDAP_SMIME", address] = found(der(alone))
    send(post, address)
    assert b"Hello." in people.open_smime(post.box(address).one(), str(alone).removesuffix(".pem"))
    assert "found by dane" in last(post, address)["reason"]

    for wish, answer in (("LDAP_SMIME", found(der(alone))),
                         ("SMIMEA", found(b"\x01\x00\x00" + der(alone))),
                         ("SMIMEA", found(b"\x03\x00\x00" + der(alone), secure=False)),  # not DANE
                         ("SMIMEA", found(b"\x03\x00\x01" + der(alone), b"\x03\x01\x00" + der(alone), b"\x03\x00\x00", b""))):
        other = f"{name}{len(finder.answers)}@smime.example"
        own = world.authority.issue_mail(other.split("@")[0], other, sign=False)
        items = [item.replace(der(alone), der(own)) for item in answer.items]
        finder.answers[wish, other] = Answer(FOUND, items, secure=answer.head[2])
        send(post, other)
        assert last(post, other)["method"] == "pickup", (wish, last(post, other))

    other = f"{name}other@smime.example"
    finder.answers["SMIMEA", other] = found(b"\x03\x00\x00" + der(alone))
    send(post, other)
    assert last(post, other)["method"] == "pickup"


def test_directory_with_a_certificate_of_a_trusted_authority(world, post, finder, name):
    address = f"{name}@smime.example"
    good = world.authority.issue_mail(name, address)
    finder.answers["LDAP_SMIME", address] = found(b"rubbish", der(good))
    send(post, address)
    assert b"Hello." in people.open_smime(post.box(address).one(), str(good).removesuffix(".pem"))


def test_colleague_gets_what_the_companys_own_directory_has(world, post, finder, name):
    """And nothing that anybody else says of an employee, nor what the directory says under the wrong name. The real finder
    asks each directory for its own domains only: test_finder_ldap.py."""
    colleague, other, outsider = f"{name}@example.com", f"{name}other@example.com", f"{name}@smime.example"
    theirs, foreign = world.authority.issue_mail(name, colleague), world.authority.issue_mail(f"{name}foreign", outsider)
    alone = world.authority.issue_mail(f"{name}alone", other, sign=False)
    finder.answers["LDAP_SMIME", colleague] = found(der(foreign), der(theirs))
    finder.answers["LDAP_SMIME", other] = found(der(foreign), der(alone))
    finder.answers["SMIMEA", other] = found(b"\x03\x00\x00" + der(alone))
    send(post, colleague)
    mail = post.box(colleague).one()
    assert b"Hello." in people.open_smime(mail, str(theirs).removesuffix(".pem"))
    with pytest.raises(sandbox.Trouble):
        people.open_smime(mail, str(foreign).removesuffix(".pem"))
    assert "found by ldap" in last(post, colleague)["reason"]
    send(post, other)
    assert last(post, other)["method"] == "plain" and finder.questions(other) == ["LDAP_SMIME"]
    # What it said of a colleague is of no use to whoever is outside.
    send(post, outsider)
    assert last(post, outsider)["method"] == "pickup"


def test_nobody_is_asked_for_whom_no_key_can_be_used(world, post, finder, name):
    plain, employee = f"{name}@plain.example", f"{name}@example.com"
    send(post, plain)
    assert finder.questions(plain) == []
    send(post, employee)
    assert finder.questions(employee) == ["LDAP_SMIME"]


def test_key_servers_with_several_keys_are_not_believed(world, post, finder, gpg, name):
    address = f"{name}@auto.example"
    one, two = gpg(address, "one"), gpg(address, "two")
    finder.answers["SERVERS", address] = found(one.public(), two.public())
    send(post, address)
    assert last(post, address)["method"] == "pickup"
    assert "the key servers have several keys" in world.postseal("policy", "explain", "--from", post.sender, "--to", address)


def test_questions_do_not_come_due_all_at_once(world, post, finder, name):
    """Promise of the design: refreshed before answers end, spread over time."""
    addresses = [f"{name}{i}@auto.example" for i in range(12)]
    post.accepted(post.compose(addresses), addresses)
    due = world.postgres.query("select count(distinct due_at), bool_and(due_at < good_until), max(due_at) - min(due_at) > interval '10 minutes'"
                               f" from postseal.key_answer where address like '{name}%@auto.example' and outcome = 'nothing'")
    assert due == [[str(len(addresses) * len(EVERYWHERE)), "t", "t"]]


def test_key_find_asks_now_and_prints_what_each_source_says(world, finder, gpg, name):
    address = f"{name}@auto.example"
    with pytest.raises(sandbox.Trouble, match="no usable key"):
        world.postseal("key", "find", address)
    key = gpg(address)
    finder.answers["WKD", address] = found(binary(key))
    said = world.postseal("key", "find", address)
    assert re.search(rf"^pgp {key.fingerprint()} .* found by wkd", said, re.M), said
    assert re.search(r"^wkd, pgp: found at https://openpgpkey.example/ \(asked \d{4}-", said, re.M), said
    assert re.search(r"^dane, smime: there is none", said, re.M), said
    assert finder.questions(address) == EVERYWHERE or sorted(finder.questions(address)) == sorted(2 * EVERYWHERE)
    assert address in world.postseal("key", "asked", address)


def test_source_that_stands_still_keeps_no_other_waiting(world, finder, name):
    """The directory answers nothing, and many questions for it came due before the one for the domain's own."""
    address = f"{name}@auto.example"
    stuck = [f"{name}stuck{i}@auto.example" for i in range(40)]
    for each in stuck:
        finder.answers["LDAP_SMIME", each] = SILENCE
    rows = [f"('{each}', 'ldap', 'smime', now() - interval '1 hour')" for each in stuck]
    world.postgres.query("insert into postseal.key_answer (address, source, kind, due_at) values "
                         + ", ".join([*rows, f"('{address}', 'wkd', 'pgp', now())"]))
    sandbox.wait_until(lambda: row(world, address, "wkd") == "nothing", "the answer of the other source", 90)
    waiting = world.postgres.query("select count(*) from postseal.key_answer where asked_at is null and source = 'ldap'"
                                   f" and address like '{name}stuck%'")
    assert waiting == [[str(len(stuck))]]
    finder.answers.update({("LDAP_SMIME", each): Answer(NOTHING) for each in stuck})


# --- keys for whole domains (RFC 3183) ---

GATEWAY = "domain-confidentiality-authority@"


def test_certificate_of_the_domains_gateway_is_used_for_whoever_has_none(world, post, finder, name):
    """Also in sub-domains; a person's own certificate comes first."""
    gateway = GATEWAY + "partner.example"
    theirs = world.authority.issue_mail(f"{name}gate", gateway)
    finder.answers["LDAP_SMIME", gateway] = found(der(theirs))
    address = f"{name}@partner.example"
    send(post, address)
    assert b"Hello." in people.open_smime(post.box(address).one(), theirs.with_suffix(""))
    for address in (f"{name}@partner.example", f"{name}@a.partner.example"):
        send(post, address)
        # As decided: no mail server has the second name, and the bounce puts its own reason in the log.
        decided = world.postgres.query(f"select first_reason from postseal.copy where address = '{address}' order by decided_at desc limit 1")
        assert f"of {gateway}, found by ldap" in decided[0][0]
        assert f"of {gateway}, found by ldap" in world.postseal("key", "find", address)

    address = f"{name}own@partner.example"
    own = world.authority.issue_mail(f"{name}own", address)
    finder.answers["LDAP_SMIME", address] = found(der(own))
    send(post, address)
    assert b"Hello." in people.open_smime(post.box(address).one(), own.with_suffix(""))

    finder.answers["LDAP_SMIME", gateway] = Answer(NOTHING)
    ask_again(world, gateway, "ldap", "smime")
    address = f"{name}b@partner.example"
    send(post, address)
    sandbox.wait_until(lambda: last(post, address)["method"] == "pickup", "the record")


def test_nobody_becomes_a_domains_gateway_without_an_admins_word(world, post, finder, name):
    """Whoever can have that mailbox at a provider would read everybody's mail."""
    gateway, address = GATEWAY + "other.example", f"{name}@other.example"
    finder.answers["LDAP_SMIME", gateway] = found(der(world.authority.issue_mail(f"{name}gate", gateway)))
    send(post, address)
    assert last(post, address)["method"] == "pickup" and finder.questions(gateway) == []


def test_certificate_of_somebody_else_is_no_gateways(world, post, finder, name):
    """It names another address, or no trusted authority issued it."""
    gateway = GATEWAY + "partner.example"
    wrong = [world.authority.issue_mail(f"{name}x", f"{name}x@partner.example"), world.authority.issue_mail(f"{name}y", gateway, sign=False)]
    finder.answers["LDAP_SMIME", gateway] = found(*map(der, wrong))
    if row(world, gateway, "ldap", kind="smime") is not None:  # another test has asked
        ask_again(world, gateway, "ldap", "smime")
    address = f"{name}@partner.example"
    send(post, address)
    assert last(post, address)["method"] == "pickup"


def test_gateways_key_is_trusted_as_its_domains_word(world, post, finder, gpg, name):
    gateway, address = GATEWAY + "pickup.example", f"{name}@pickup.example"
    key = gpg(gateway)
    finder.answers["WKD", gateway] = found(binary(key))
    send(post, address)
    assert b"Hello." in people.open_pgp(post.box(address).one(), key)
    assert last(post, address)["keys"] == key.fingerprint() and "trust domain" in last(post, address)["reason"]
    # Beside another copy it waits in the outbox, which judged it by what nobody had stated about the recipient: it was returned.
    post.accepted(post.compose([address]), ["joe@plain.example", address])
    assert b"Hello." in people.open_pgp(post.box(address).wait(2)[1], key)
    assert last(post, address)["state"] in ("handed", "sent")


def test_admin_was_not_told_of_two_keys_from_one_source(world, post, finder, gpg, name):
    """Whoever may write to one of several directories read along."""
    address = f"{name}@auto.example"
    theirs, stranger = gpg(address), gpg(address, which="b")
    finder.answers["LDAP_PGP", address] = found(binary(theirs), binary(stranger))
    world.postseal("key", "find", address)
    told = world.postseal("key", "conflicts", address)
    assert theirs.fingerprint() in told and stranger.fingerprint() in told
    world.postseal("trust", "attest", address, theirs.fingerprint()[:16])
    assert stranger.fingerprint() not in world.postseal("key", "conflicts", address)
