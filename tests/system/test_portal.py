"""The portal as its visitors use it: first contact, accounts, the message centre, writing."""
import http.server
import json
import re
import subprocess
import threading
import time

import people
import pytest
import world as sandbox
from messages import base64_lines, lines, multipart, noise, part
from person import PASSWORD, Person, send, state
from visitor import Visitor

SMS_PORT = sandbox.free_ports(1)[0]
SETTINGS = f'sms "http://127.0.0.1:{SMS_PORT}/send"'
RULES = """
match portal recipient "office@example.com"   deliver plain
match portal recipient "closed@example.com"   reject "This office is closed. Please call."
match conversation                            deliver smime, pgp, pickup
match subject tag "[receipt]" recipient domain "pickup.example"  deliver pickup receipt
match subject tag "[mdn]" recipient domain "pickup.example"      deliver pickup receipt mdn
match subject tag "[dsn]" recipient domain "pickup.example"      deliver pickup receipt dsn
match recipient domain "pickup.example"       deliver pickup expire 14 days
match recipient domain "auto.example"         deliver smime, pgp, pickup
match recipient in domains                    deliver plain
otherwise                                     deliver plain
"""

@pytest.fixture
def person(world, post, name):
    post.sender = f"{name}.sender@example.com"
    world.postgres.query("delete from postseal.throttle")  # all come from one network
    return Person(world, post, f"{name}@pickup.example")


# --- first contact ---

def test_notice_is_text_and_html_without_anything_active(person):
    send(person, subject="Very private words")
    notice = person.mail("Protected message")
    assert notice["Auto-Submitted"] == "auto-generated" and notice["Reply-To"] == person.post.sender
    text = notice.parsed.get_body(("plain",)).get_content()
    html = notice.parsed.get_body(("html",)).get_content()
    for each in (text, html):
        assert person.post.sender in each and "Example Corp" in each and notice.link() in each
    assert "private words" not in notice.raw.decode() and "The secret" not in text
    assert not re.search(r"<(script|img|link|iframe|form|object)|src=|url\(", html)
    assert all(len(line) <= 78 for line in text.splitlines() if "http" not in line)


@pytest.mark.parametrize("domain, fields, word", [
    ("pickup.example", (), "has sent you"), ("pickup.example", ("Content-Language: de-CH",), "geschickt"),
    ("pickup.example", ("Content-Language: fr",), "vous a envoyé"), ("pickup.example", ("Content-Language: it-IT",), "inviato")])
def test_notice_speaks_the_language_of_the_message(world, post, name, domain, fields, word):
    to = f"{name}@{domain}"
    post.accepted(post.compose([to], fields=fields), [to])
    assert word in post.box(to).one().text()


def test_page_of_a_link_tells_nothing_but_the_organisation(person):
    send(person)
    link = person.mail("Protected message").link()
    page = person.browser.get(link).text
    assert "Example Corp" in page and person.post.sender not in page and person.address not in page
    for _ in range(20):
        person.browser.get(link)
    assert state(person) == "parked"
    assert person.unlock().status == 200 and state(person) == "opened"


def test_a_code_without_the_form_of_the_page_is_refused(person):
    """Cross-site request forgery: the token is of this browser and of our page."""
    send(person)
    link, code = person.mail("Protected message").link(), person.code() or sandbox.wait_until(person.code, "code")
    stranger = Visitor(person.browser.portal)
    assert stranger.ask(link, f"code={code}".encode()).status == 403
    other = Visitor(person.browser.portal)
    other.get(link)
    token = other.form()[1]["token"]
    assert stranger.ask(link, f"code={code}&token={token}".encode()).status == 403
    person.browser.get(link)
    assert person.browser.send({"code": code}, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert state(person) == "parked"


def test_cookie_changes_when_a_message_is_opened(person):
    """Session fixation: who planted a cookie does not read what its victim opens."""
    send(person)
    person.browser.get(person.mail("Protected message").link())
    before = {c.value for c in person.browser.jar if c.name == "postseal"}
    person.unlock()
    assert not before & {c.value for c in person.browser.jar if c.name == "postseal"}


def test_locked_message_can_have_a_new_code(person):
    send(person)
    link = person.mail("Protected message").link()
    code = sandbox.wait_until(person.code, "the code")
    for _ in range(5):
        person.browser.get(link)
        answer = person.browser.send({"code": people.another_code(code)})
    assert "locked" in answer.text and state(person) == "locked"
    sender = Person(person.world, person.post, person.post.sender)
    alert = sender.mail("is locked")
    page = re.search(r"http://\S+/track/\S{43}", alert.text()).group(0)
    sender.browser.get(page)
    assert "is locked" in sender.browser.page.text
    sender.browser.send({"deed": "renew"})
    new = person.mail("Protected message", 2).link()
    assert new != link and sandbox.wait_until(lambda: person.code(2), "new code") != code
    assert person.unlock(2).status == 200 and "The secret is 42." in person.browser.page.text
    # The old link is dead.
    person.browser.get(link)
    assert person.browser.send({"code": code}).status == 403


def test_codes_are_limited_for_each_network_and_each_recipient(person):
    """However many links somebody has: a network, and a recipient, are tried so often and no more."""
    stranger = Visitor(person.browser.portal, {"X-Forwarded-For": "198.51.100.77"})
    code = people.another_code("7KQ2M-9XW3P-T")

    def attempt(browser, link):
        browser.get(link)
        return browser.send({"code": code}).status

    assert [attempt(stranger, "/m/" + "A" * 43) for _ in range(61)] == [403] * 60 + [429]
    neighbour = Visitor(person.browser.portal, {"X-Forwarded-For": "198.51.100.3"})
    assert attempt(neighbour, "/m/" + "A" * 43) == 429
    for _ in range(5):
        send(person)
    person.mail("Protected message", 5)
    links = [m.link() for m in person.mails("Protected message")]
    statuses = [attempt(Visitor(person.browser.portal, {"X-Forwarded-For": f"203.0.{n}.1"}), links[n // 5])
                for n in range(21)]
    assert statuses == [403] * 20 + [429]


def test_recall_while_unread_and_not_after(person):
    send(person)
    link = person.mail("Protected message").link()
    sender = Person(person.world, person.post, person.post.sender)
    sender.browser.get(re.search(r"http://\S+/track/\S{43}", sender.mail("Unlock code").text()).group(0))
    assert "waits, not yet read" in sender.browser.page.text
    sender.browser.send({"deed": "recall"})
    assert "was recalled" in sender.browser.page.text and state(person) == "recalled"
    person.browser.get(link)
    assert person.browser.send({"code": sandbox.wait_until(person.code, "code")}).status == 403
    send(person)
    person.unlock(2)
    sender.browser.get(re.search(r"http://\S+/track/\S{43}", sender.mail("Unlock code", 2).text()).group(0))
    assert "was read" in sender.browser.page.text and 'value="recall"' not in sender.browser.page.text


# --- accounts ---

def test_second_message_needs_no_code_and_a_stranger_does(person, name):
    send(person)
    person.unlock()
    person.enrol()
    assert "About your account" in person.browser.get("/inbox").text
    send(person, b"The second secret.\r\n", "Second")
    notice = person.mail("Protected message", 2)
    link = re.search(r"http://\S+/message/\S{36}", notice.text()).group(0)
    assert "/m/" not in notice.text() and "Second" in person.browser.get("/inbox").text
    # Signed out, the link leads there by way of the password.
    other = Visitor(person.browser.portal)
    assert other.get(link).path == "/signin"
    answer = other.send({"address": person.address, "password": PASSWORD})
    assert answer.path in link and "The second secret." in answer.text
    # Somebody else of the company never handed over a code.
    person.post.sender = f"{name}.other@example.com"
    send(person, subject="Third")
    assert "/m/" in person.mail("Protected message", 3).text()
    assert sandbox.wait_until(person.code, "a code for the other sender")


def test_trust_is_revoked_by_the_sender_and_by_the_admin(person):
    send(person)
    person.unlock()
    person.enrol()
    sender = Person(person.world, person.post, person.post.sender)
    sender.browser.get(re.search(r"http://\S+/track/\S{43}", sender.mail("Unlock code").text()).group(0))
    sender.browser.send({"deed": "revoke"})
    send(person)
    assert "/m/" in person.mail("Protected message", 2).text()
    person.unlock(2)  # while signed in: trusted again
    assert "said by" in person.world.postseal("trust", "list", person.address)
    person.world.postseal("trust", "revoke", person.address)
    send(person)
    assert "/m/" in person.mail("Protected message", 3).text()


@pytest.mark.parametrize("password, again, why", [
    ("short", "short", "too short"), ("password1234", "password1234", "easy to guess"),
    ("correct horse battery", "correct horse batterx", "not the same"), ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "easy to guess")])
def test_weak_passwords_are_refused_with_a_sentence(person, password, again, why):
    send(person)
    person.unlock()
    person.browser.get("/enrol")
    answer = person.browser.send({"password": password, "again": again})
    assert answer.status == 400 and why in answer.text


def test_address_is_proven_by_a_link_and_a_conversation_begun(person):
    browser = person.browser
    browser.get("/join")
    said = browser.send({"address": person.address}).text
    link = re.search(r"http://\S+/proof/\S{43}", person.mail("Your address at").text()).group(0)
    browser.get(link)
    answer = browser.send({"password": PASSWORD, "again": PASSWORD})
    assert "recovery" in answer.text
    assert browser.get(link).status == 404  # it works once
    browser.get("/write")
    files = [("files", "plän.txt", "text/plain", b"attached\r\n")]
    answer = browser.send({"to": "office@example.com", "subject": "Grüße", "text": "Hello there.\r\nBye",
                           "action": "send"}, files=files)
    assert answer.path == "/sent" and "Grüße" in answer.text
    mail = Person(person.world, person.post, "office@example.com").mail("Grüße")
    assert mail["From"].addresses[0].addr_spec == "secure-mail@example.com"
    assert mail["Reply-To"] == person.address and ".portal@example.com>" in mail["Message-ID"]
    assert mail.parsed.get_body(("plain",)).get_content() == "Hello there.\nBye\n"
    attached = list(mail.parsed.iter_attachments())
    assert [a.get_filename() for a in attached] == ["plän.txt"]
    assert attached[0].get_payload(decode=True) == b"attached\r\n"
    # What is said about an address that has an account does not differ.
    again = Visitor(browser.portal)
    again.get("/join")
    token = r'value="[^"]*"'
    assert re.sub(token, "", again.send({"address": person.address}).text) == re.sub(token, "", said)


@pytest.mark.parametrize("to, why", [
    ("hr@example.com", "cannot be written to"), ("x@elsewhere.example", "cannot be reached"),
    ("closed@example.com", "This office is closed. Please call."), ("", "whom the message is for"),
    ("no address", "whom the message is for")])
def test_members_write_only_where_a_rule_allows_it(person, to, why):
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/write")
    answer = person.browser.send({"to": to, "subject": "S", "text": "kept text", "action": "send"})
    assert answer.status == 400 and why in answer.text and "kept text" in answer.text


def test_reply_reaches_the_employee_in_the_thread_and_the_answer_is_sealed(person):
    post = person.post
    send(person, message_id="<first@example.com>", fields=("References: <older@example.com>",))
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    data = noise(20_000_000, "reply")
    person.browser.get(f"/reply/{message}")
    fields = person.browser.form()[1]
    assert fields["to"] == post.sender and fields["subject"] == "Re: About your account"
    assert "> The secret is 42." in fields["text"]
    answer = person.browser.send({"text": "My answer", "action": "send"},
                                 files=[("files", "big.bin", "application/octet-stream", data)])
    assert answer.path == "/sent", answer.text
    reply = Person(person.world, post, post.sender).mail("Re: About your account")
    assert reply["In-Reply-To"] == "<first@example.com>"
    assert reply["References"] == "<older@example.com> <first@example.com>"
    assert next(reply.parsed.iter_attachments()).get_payload(decode=True) == data
    # The employee answers from any mail client; without a tag it is sealed again.
    to = f"{post.sender.split('.')[0]}@pickup.example"
    assert reply["Reply-To"] == to
    answer = post.compose([to], b"Thank you.\r\n", subject="Re: About your account",
                          fields=(f"In-Reply-To: {reply['Message-ID']}",))
    post.accepted(answer, [to])
    person.mail("Protected message", 2)
    assert post.copies(to)[-1]["method"] == "pickup"
    page = person.browser.get("/sent").text
    assert f"{post.sender}: was delivered" in page or f"{post.sender}: is on its way" in page


def test_reply_to_all_reaches_the_company_and_members_and_nobody_else(person, name):
    """Bob has an account, Carl has none; the office gets mail, Bob a notice, and Carl cannot be reached."""
    post = person.post
    bob = Person(person.world, post, f"{name}.bob@pickup.example")
    carl = Person(person.world, post, f"{name}.carl@pickup.example")
    everybody = [person.address, bob.address, carl.address, "office@example.com"]
    post.accepted(post.compose(everybody, b"To all of you.\r\n", subject="Together"), everybody)
    for each in (person, bob):
        each.unlock()
        each.enrol()
    person.browser.get("/inbox")
    message = re.search(r"/message/(\S{36})", person.browser.page.text).group(1)
    person.browser.get(f"/replyall/{message}")
    to = person.browser.form()[1]["to"]
    assert set(to.split(", ")) == {post.sender, bob.address, carl.address, "office@example.com"}
    answer = person.browser.send({"text": "To all", "action": "send"})
    assert answer.status == 400 and f"{carl.address} cannot be reached" in answer.text
    answer = person.browser.send({"to": to.replace(f", {carl.address}", ""), "text": "To all but Carl", "action": "send"},
                                 action="/send")
    assert answer.path == "/sent", answer.text
    assert "To all but Carl" in Person(person.world, post, "office@example.com").mail("Re: Together").text()
    assert "To all but Carl" in Person(person.world, post, post.sender).mail("Re: Together").text()
    # Between members there is a code as well: it comes to the one who wrote.
    link = bob.mail(f"Protected message from {person.address.lower()}", 1).link()
    code = sandbox.wait_until(lambda: [m.codes()[bob.address] for m in person.mails("Unlock code")
                                       if bob.address in m.codes()], "the member's code")[0]
    bob.browser.get(link)
    assert "To all but Carl" in bob.browser.send({"code": code}).text
    assert [r[0] for r in person.world.postgres.query(
        f"select state from postseal.log where sender = '{person.address}' order by recipient")].count("opened") == 1


def test_forward_keeps_the_files_that_are_wanted(person):
    body = multipart("b", part("Content-Type: text/plain", b"See both.\r\n"),
                     part('Content-Type: text/plain; name="one.txt"', b"ONE\r\n"),
                     part('Content-Type: text/plain; name="two.txt"', b"TWO\r\n"))
    send(person, body, content=b'multipart/mixed; boundary="b"')
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser.get(f"/forward/{message}")
    assert person.browser.form()[1]["subject"] == "Fwd: About your account"
    answer = person.browser.send({"to": person.post.sender, "action": "send"})
    assert answer.status == 400 and "cannot be written to" in answer.text  # being in the conversation is not enough
    answer = person.browser.send({"to": "office@example.com", "keep-0": "", "action": "send"}, action="/send")
    assert answer.path == "/sent", answer.text
    mail = Person(person.world, person.post, "office@example.com").mail("Fwd: About your account")
    assert [(a.get_filename(), a.get_payload(decode=True)) for a in mail.parsed.iter_attachments()] == [
        ("two.txt", b"TWO\r\n")]
    assert mail["In-Reply-To"] is None


def test_a_button_pressed_twice_sends_once(person):
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/write")
    form = person.browser.page
    for _ in range(2):
        person.browser.page = form
        answer = person.browser.send({"to": "office@example.com", "subject": "Pressed twice", "text": "t", "action": "send"},
                                     files=[("files", "a.txt", "text/plain", b"A")])
        assert answer.path == "/sent" and answer.text.count("Pressed twice") == 1
    sandbox.wait_until(lambda: person.world.nothing_waits(), "the courier")
    office = Person(person.world, person.post, "office@example.com")
    office.mail("Pressed twice")
    assert len(office.mails("Pressed twice")) == 1


def test_draft_is_kept_sealed_and_gone_on_with(person):
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser.get(f"/reply/{message}")
    answer = person.browser.send({"text": "half a thought", "action": "keep"},
                                 files=[("files", "a.txt", "text/plain", b"A")])
    assert answer.path == "/drafts"
    draft = re.search(r"/draft/(\S{36})", answer.text).group(1)
    person.browser.get(f"/draft/{draft}")
    fields = person.browser.form()[1]
    assert fields["text"].strip() == "half a thought" and fields["parent"] == message and fields["keep-0"] == "yes"
    answer = person.browser.send({"text": "a whole one", "action": "send"},
                                 files=[("files", "b.txt", "text/plain", b"B")])
    assert answer.path == "/sent" and person.browser.get("/drafts").text.count("/draft/") == 0
    mail = Person(person.world, person.post, person.post.sender).mail("Re: About your account")
    assert [a.get_payload(decode=True) for a in mail.parsed.iter_attachments()] == [b"A", b"B"]


def test_recovery_code_keeps_everything_and_without_it_the_senders_are_told(person):
    send(person)
    person.unlock()
    recovery = person.enrol()
    send(person, b"Only the account opens this.\r\n", "Sealed to the account")
    person.mail("Protected message", 2)

    def proof(count):
        browser = Visitor(person.browser.portal)
        browser.get("/join")
        browser.send({"address": person.address})
        browser.get(re.search(r"http://\S+/proof/\S{43}", person.mail("Your address at", count).text()).group(0))
        return browser

    browser = proof(1)
    new = "another long password"
    assert "not the recovery code" in browser.send({"password": new, "again": new, "recovery": "AAAAA"}).text
    answer = browser.send({"password": new, "again": new, "recovery": recovery.lower().replace("-", " ")})
    assert answer.path == "/inbox" and "Sealed to the account" in answer.text
    assert person.browser.get("/inbox").path == "/signin"  # signed out elsewhere
    browser = proof(2)
    assert "are lost" in browser.send({"password": new, "again": new}).text
    answer = browser.send({"password": "a third password", "again": "a third password", "lose": "yes"})
    assert answer.status == 200 and "Sealed to the account" not in browser.get("/inbox").text
    lost = Person(person.world, person.post, person.post.sender).mail("is lost")
    assert person.address in lost.text() and lost["In-Reply-To"]
    # Trust begins anew.
    send(person)
    assert "/m/" in person.mail("Protected message", 3).text()


def test_passwords_are_throttled_and_tell_nothing(person):
    send(person)
    person.unlock()
    person.enrol()
    stranger = Visitor(person.browser.portal, {"X-Forwarded-For": "203.0.113.9"})
    answers = [person.sign_in("wrong password", stranger) for _ in range(10)]
    assert {a.status for a in answers} == {403}
    assert person.sign_in(PASSWORD, stranger).status == 429
    nobody = Person(person.world, person.post, "nobody.at.all@pickup.example", **{"X-Forwarded-For": "198.51.100.1"})
    plain = re.sub(r'value="[^"]*"', "", nobody.sign_in("wrong password").text)
    assert plain == re.sub(r'value="[^"]*"', "", answers[0].text)


def test_sessions_are_listed_and_ended(person):
    send(person)
    person.unlock()
    person.enrol()
    other = Visitor(person.browser.portal, {"User-Agent": "Telephone/7"})
    assert person.sign_in(PASSWORD, other).path == "/inbox"
    assert "Telephone/7" in person.mail("New sign-in").text()
    assert "Telephone/7" in person.browser.get("/settings").text
    person.browser.send({}, action="/settings/sessions")
    assert other.get("/inbox").path == "/signin"
    assert "Telephone/7" not in person.browser.page.text


def test_language_is_the_browsers_and_then_the_members(person):
    german = Visitor(person.browser.portal, {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de">' in german.get("/").text and "Anmelden" in german.page.text
    assert "S'identifier" in german.get("/?lang=fr").text and '<html lang="fr">' in german.get("/join").text
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/settings")
    person.browser.send({"language": "it"}, action="/settings/language")
    assert '<html lang="it">' in person.browser.page.text
    send(person, subject="Second")
    assert "Le ha inviato" in person.mail("Messaggio protetto").text()


def test_admin_recalls_a_message_and_ends_an_account(person):
    world = person.world
    send(person)
    person.unlock()
    person.enrol()
    assert person.address in world.postseal("account", "list", "pickup.example")
    send(person, b"Only the account opens this.\r\n", "Recalled")
    person.mail("Protected message", 2)
    recalled = person.post.copies(person.address)[-1]["message"]
    assert person.address in world.postseal("message", "recall", recalled)
    assert "Recalled" not in person.browser.get("/inbox").text and state(person) == "recalled"
    with pytest.raises(sandbox.Trouble, match="nobody has it waiting unread"):
        world.postseal("message", "recall", recalled)
    send(person, b"Only the account opens this.\r\n", "Lost")
    person.mail("Protected message", 3)
    assert "1 messages are lost" in world.postseal("account", "delete", person.address)
    assert person.browser.get("/inbox").path == "/signin" and state(person) == "lost"
    assert "is lost" in Person(world, person.post, person.post.sender).mail("is lost")["Subject"]
    # What link and code opened, they open again.
    assert "The secret is 42." in unlock_first(person)


def unlock_first(person):
    notice = person.mails("Protected message")[0]
    code = [m.codes()[person.address] for m in Person(person.world, person.post, person.post.sender).mails("Unlock code")][0]
    person.browser.get(notice.link())
    return person.browser.send({"code": code}).text


# --- reading ---

def test_folders_are_paged_and_searched(person):
    send(person, subject="Number 0")
    person.unlock()
    person.enrol()
    for i in range(1, 27):
        send(person, subject=f"Number {i}")
    sandbox.wait_until(lambda: person.world.nothing_waits(), "the courier", 60)
    page = person.browser.get("/inbox").text
    assert page.count('class="subject"') == 25 and "Number 26" in page and "Number 0<" not in page
    older = re.search(r'href="(/inbox\?before=[^"]+)"', page).group(1).replace("&amp;", "&")
    rest = person.browser.get(older).text
    assert "Number 0<" in rest and "Number 1<" in rest and rest.count('class="subject"') == 2
    assert "Number 26" in person.browser.get(f"/inbox?sender={person.post.sender[:4]}").text
    assert "No messages" in person.browser.get("/inbox?sender=nobody").text
    today, long_ago = time.strftime("%Y-%m-%d"), "2001-01-01"
    assert "Number 26" in person.browser.get(f"/inbox?since={today}").text
    assert "No messages" in person.browser.get(f"/inbox?until={long_ago}").text
    assert person.browser.get("/inbox?since=nonsense&before=nonsense").status == 200


def test_attachments_come_one_by_one_as_a_zip_and_as_the_whole(person, tmp_path):
    data = noise(3_000_000, "zip")
    inner = lines("From: <x@example.com>\nSubject: inner\n\nInner text.")
    body = multipart("b", part("Content-Type: text/plain", b"See all.\r\n"),
                     part('Content-Type: application/pdf; name="same.pdf"\nContent-Transfer-Encoding: base64',
                          base64_lines(data)),
                     part('Content-Type: text/plain; name="same.pdf"\nContent-Disposition: attachment\n'
                          "Content-Transfer-Encoding: quoted-printable", b"a=3Db\r\n"),
                     part("Content-Type: message/rfc822", inner))
    send(person, body, content=b'multipart/mixed; boundary="b"')
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    parts = [person.browser.get(f"/attachment/{message}/{i}").body for i in range(3)]
    assert parts == [data, b"a=b\r\n", inner]
    path = tmp_path / "all.zip"
    path.write_bytes(person.browser.get(f"/zip/{message}").body)
    listing = sandbox.command("/usr/bin/python3", "-c", "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\n"
                              "assert z.testzip() is None\nprint([(i.filename, i.file_size) for i in z.infolist()])",
                              path).decode()
    assert eval(listing) == [("same.pdf", len(data)), ("same (2).pdf", 5), ("message.eml", len(inner))]
    whole = person.browser.get(f"/source/{message}").body
    assert people.entity_of(whole) == b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + body


def test_html_is_shown_in_a_frame_with_its_pictures(person):
    html = (b'<p style="color:red;position:fixed">Hello <b>you</b><img src="cid:logo@x" onerror="alert(1)">'
            b'<img src="https://tracker.example/p.gif"><a href="javascript:alert(1)">no</a>'
            b'<a href="https://example.com/">yes</a></p><script>alert(1)</script>\r\n')
    body = multipart("r", part("Content-Type: text/html; charset=utf-8", html),
                     part("Content-Type: image/png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64",
                          b"iVBORw0KGgo=\r\n"))
    send(person, body, content=b'multipart/related; boundary="r"')
    page = person.unlock()
    frame = re.search(r'<iframe[^>]*>', page.text).group(0)
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    shown = person.browser.get(re.search(r'src="(/html/[^"]+)"', frame).group(1))
    assert '<p style="color:red;">Hello <b>you</b><img src="data:image/png;base64,iVBORw0KGgo="><img>' in shown.text
    assert "tracker" not in shown.text and "script" not in shown.text and "alert" not in shown.text
    assert '<a href="https://example.com/" target="_blank" rel="noopener noreferrer nofollow">yes</a>' in shown.text
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "script-src 'none'" in shown.headers["Content-Security-Policy"]


def test_picture_that_no_html_shows_is_attached(person):
    """A telephone numbers the pictures within a plain text, too: there was no way to see them."""
    body = multipart("b", part("Content-Type: text/plain", b"Look:\r\n"),
                     part("Content-Type: image/png; name=x.png\nContent-Disposition: inline\nContent-ID: <x@x>\n"
                          "Content-Transfer-Encoding: base64", b"iVBORw0KGgo=\r\n"))
    for holder in (b"mixed", b"related"):
        count = len(person.mails("Protected message")) + 1
        send(person, body, content=b'multipart/' + holder + b'; boundary="b"')
        assert "x.png" in person.unlock(count).text
        message = person.browser.page.path.removeprefix("/message/")
        assert person.browser.get(f"/attachment/{message}/0").body == b"\x89PNG\r\n\x1a\n"


def test_nobody_reads_what_is_not_theirs(person, name):
    """Every identifier in every path, asked for by a guest, a member and a stranger."""
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    other = Person(person.world, person.post, f"{name}.other@pickup.example")
    send(other)
    other.unlock()
    stranger = Visitor(person.browser.portal)
    for path in ("message", "html", "source", "zip", "reply", "replyall", "forward", "draft"):
        answer = stranger.get(f"/{path}/{message}")
        assert answer.status in (200, 404) and answer.path == "/signin", path
        assert "secret" not in other.browser.get(f"/{path}/{message}").text, path
    assert other.browser.get(f"/attachment/{message}/0").status == 404
    other.enrol()
    for path in ("message", "html", "source", "zip", "reply", "replyall", "forward", "draft"):
        answer = other.browser.get(f"/{path}/{message}")
        assert answer.status == 404, path
    other.browser.get("/settings")
    assert other.browser.send({}, to=f"/delete/{message}", action="/settings/sessions").status == 404
    other.browser.get("/write")
    assert other.browser.send({"parent": message, "to": person.post.sender, "action": "send"}).status == 404
    other.browser.get("/write")
    assert other.browser.send({"draft": message, "to": person.post.sender, "action": "send"}).status == 404
    assert "The secret is 42." in person.browser.get(f"/message/{message}").text


def test_deleted_message_is_really_gone_and_the_record_stays(person):
    send(person, b"Delete these words.\r\n")
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    parcel = person.world.postgres.query(f"select parcel from postseal.parcel_key where id = '{message}'")[0][0]
    person.browser.get(f"/message/{message}")
    assert person.browser.send({}, action=f"/delete/{message}").path == "/inbox"
    for table in ("parcel where id", "parcel_chunk where parcel", "parcel_key where parcel"):
        assert person.world.postgres.query(f"select count(*) from postseal.{table} = '{parcel}'") == [["0"]]
    assert state(person) == "opened"
    history = person.world.postgres.query(f"select what from postseal.history where recipient = '{person.address}'")
    assert ["deleted"] in history


# --- receipts, reminders, expiry ---

def test_sender_is_told_once_that_it_was_read_in_the_thread(person):
    send(person, message_id="<thread@example.com>")
    person.unlock()
    person.browser.get(person.browser.page.path)
    receipt = Person(person.world, person.post, person.post.sender).mail("was read")
    assert receipt["In-Reply-To"] == "<thread@example.com>" and person.address in receipt.text()
    sandbox.wait_until(lambda: person.world.nothing_waits(), "the courier")
    assert len(Person(person.world, person.post, person.post.sender).mails("was read")) == 1


def test_receipt_by_rule_tells_how_it_was_sent_and_read(person):
    send(person, subject="[mdn] Terms")
    person.unlock()
    sender = Person(person.world, person.post, person.post.sender)
    assert f"{person.address}: waits" in sender.mail("How your message was sent").text()
    report = sender.mail("was read").parsed
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "disposition-notification"
    fields = report.get_payload()[1].as_string()
    assert f"Final-Recipient: rfc822;{person.address}" in fields and "; displayed" in fields


def test_receipt_as_delivery_status(person):
    send(person, subject="[dsn] Terms")
    person.unlock()
    report = Person(person.world, person.post, person.post.sender).mail("was read").parsed
    assert report.get_param("report-type") == "delivery-status"
    fields = report.get_payload()[1].as_string()
    assert f"Final-Recipient: rfc822; {person.address}" in fields and "Action: delivered" in fields


def later(person, days):
    """The clock is moved for one message: all its times lie so much earlier."""
    person.world.postgres.query(
        "update postseal.parcel_key k set issued_at = k.issued_at - interval '{0} days',"
        " expires_at = k.expires_at - interval '{0} days' from postseal.copy c"
        " where c.id = k.copy and c.recipient = '{1}' returning 1".format(days, person.address))
    person.world.stop_program("postseal-courier")
    person.world.start_program("postseal-courier")  # which keeps house as it starts


def test_reader_is_reminded_twice_and_then_the_message_expires(person):
    send(person)
    link = person.mail("Protected message").link()
    code = sandbox.wait_until(person.code, "the code")
    later(person, 4)
    assert person.mail("Reminder").link() == link
    later(person, 7)
    assert person.mail("Reminder", 2).link() == link
    later(person, 4)
    expired = Person(person.world, person.post, person.post.sender).mail("expired unread")
    assert person.address in expired.text() and state(person) == "expired"
    assert len(person.mails("Reminder")) == 2
    person.browser.get(link)
    assert person.browser.send({"code": code}).status == 403
    gone = person.world.postgres.query(
        "select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
        f" where c.recipient = '{person.address}'")
    assert gone == [["0"]]


# --- how members want their mail ---

def test_member_gives_a_certificate_and_mail_comes_so(world, post, name):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@auto.example")
    send(person)
    person.unlock()
    person.enrol()
    path = world.authority.issue_mail(name, person.address)
    stranger = world.authority.issue_mail(f"{name}-other", "someone@else.example")
    person.browser.get("/settings")

    def give(path):
        return person.browser.send({}, action="/settings/key",
                                   files=[("key", "c.pem", "application/x-pem-file", path.read_bytes())])

    assert "does not name your address" in give(stranger).text
    person.browser.get("/settings")
    assert "private key" in give(path.with_suffix(".key")).text
    person.browser.get("/settings")
    assert "S/MIME" in give(path).text
    send(person, b"Sealed to a given key.\r\n")
    mail = sandbox.wait_until(lambda: [m for m in person.mails("About your account")
                                       if "pkcs7" in m["Content-Type"]], "the S/MIME mail")[0]
    assert b"Sealed to a given key." in people.open_smime(mail, str(path).removesuffix(".pem"))
    # Wishing for the browser comes first; taking the key back ends S/MIME.
    person.browser.get("/settings")
    person.browser.send({"wish": "pickup"}, action="/settings/wish")
    send(person)
    sandbox.wait_until(lambda: post.copies(person.address)[-1]["method"] == "pickup", "pickup by wish")
    person.browser.send({"wish": "smime"}, action="/settings/wish")
    person.browser.send({}, action="/settings/key/remove")
    send(person)
    sandbox.wait_until(lambda: len(post.copies(person.address)) == 4, "the last copy")
    assert post.copies(person.address)[-1]["method"] == "pickup"


def test_member_gives_an_openpgp_key(world, post, name, tmp_path):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@auto.example")
    send(person)
    person.unlock()
    person.enrol()
    gpg = people.Gpg(tmp_path / "gpg", person.address)
    try:
        for data, word in ((gpg.secret(), "private key"), (b"nonsense", "does not hold one"), (gpg.public(), "OpenPGP")):
            person.browser.get("/settings")
            answer = person.browser.send({}, action="/settings/key", files=[("key", "k.asc", "text/plain", data)])
            assert word in answer.text, word
        assert gpg.fingerprint() in answer.text
        send(person, b"Sealed to a given key.\r\n")
        mail = sandbox.wait_until(lambda: [m for m in person.mails("About your account")
                                           if "pgp-encrypted" in m["Content-Type"]], "the PGP mail")[0]
        assert b"Sealed to a given key." in people.open_pgp(mail, gpg)
        assert "signed in" in world.postseal("trust", "list", person.address)
    finally:
        gpg.end()


# --- codes by SMS ---

@pytest.fixture
def hook():
    """The admin's hook: keeps what it is asked to send, and answers with `status`."""
    asked, status = [], [204]

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", SMS_PORT), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield asked, status
    server.shutdown()
    thread.join()
    server.server_close()


def test_code_goes_by_sms_and_the_tag_never_out(person, hook):
    asked, _ = hook
    send(person, subject="Results [sms:+41791234567]")
    notice = person.mail("Protected message")
    assert "sent to your telephone" in notice.text()
    (path, said), = asked
    assert path == "/send" and said["to"] == "+41791234567" and person.post.sender in said["text"]
    code = re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]", said["text"]).group(0)
    told = Person(person.world, person.post, person.post.sender).mail("Your protected message to")
    assert code not in told.text() and "sent by SMS" in told.text()
    person.browser.get(notice.link())
    page = person.browser.send({"code": code})
    assert "<h1>Results</h1>" in page.text and "+4179" not in page.text
    # The number is not in the database in the clear either.
    assert b"+41791234567" not in dump(person.world)


def test_code_goes_to_the_sender_when_the_hook_fails(person, hook):
    _, status = hook
    status[0] = 500
    send(person, subject="Results [sms:+41791234567]")
    assert sandbox.wait_until(person.code, "the code") and "The sender tells it" in person.mail("Protected message").text()


# --- a stolen database ---

def dump(world):
    """All of it, as a thief would take it."""
    return subprocess.run(["pg_dump", "--inserts", "-d", world.postgres.url], check=True, capture_output=True).stdout


def test_a_stolen_database_opens_nothing(person):
    """Everything in it, and the portal's own files, tried: neither message, subject, attachment nor draft."""
    import nacl_lite
    world = person.world
    words = [b"WORDS-OF-THE-FIRST", b"WORDS-OF-THE-SUBJECT", b"WORDS-OF-THE-FILE", b"WORDS-OF-THE-DRAFT",
             b"WORDS-OF-THE-SECOND"]
    body = multipart("b", part("Content-Type: text/plain", words[0] + b"\r\n"),
                     part('Content-Type: text/plain; name="WORDS-OF-THE-NAME.txt"', words[2] + b"\r\n"))
    send(person, body, subject=words[1].decode(), content=b'multipart/mixed; boundary="b"')
    person.unlock()
    recovery = person.enrol()
    person.browser.get("/write")
    person.browser.send({"to": "office@example.com", "subject": words[1].decode(), "text": words[3].decode(),
                         "action": "keep"})
    send(person, words[4] + b"\r\n", words[1].decode())
    person.mail("Protected message", 2)
    person.browser.get("/settings/totp")
    stolen = dump(world)
    raw = stolen + b"".join(bytes.fromhex(h.decode()) for h in re.findall(rb"'\\x([0-9a-f]+)'", stolen))
    public = (world.directory / "secrets" / "courier.pub").read_bytes()
    cookies = [c.value for c in person.browser.jar if c.name == "postseal"]
    for secret in (*words, b"WORDS-OF-THE-NAME", PASSWORD.encode(), recovery.encode(), *[c.encode() for c in cookies]):
        assert secret not in raw, secret
    # What is in the database and the portal's key file, tried as key to all that this person has there.
    values = {bytes.fromhex(h.decode()) for h in re.findall(rb"'\\x([0-9a-f]+)'", stolen)}
    keys = {piece for v in values if len(v) <= 200 for piece in (v[:32], v[-32:]) if len(piece) == 32} | {public}
    boxes = [bytes.fromhex(row[0]) for row in world.postgres.query(
        "with mine as (select id, wrapped, recovery_wrapped from postseal.account"
        f" where address = '{person.address}') select encode(b, 'hex') from ("
        " select wrapped from mine union select recovery_wrapped from mine"
        " union select unnest(array[k.kept, k.sealed, k.boxed, k.link_boxed, k.wrapped]) from postseal.parcel_key k, mine"
        "  where k.account = mine.id"
        " union select s.wrapped from postseal.portal_session s, mine where s.account = mine.id) all_of_it (b)"
        " where b is not null")]
    assert len(keys) >= 20 and len(boxes) >= 5
    assert nacl_lite.open_any(boxes, keys) == []
    # That the trial can succeed is seen with the right key: the cookie's secret opens the session.
    cookie = nacl_lite.unbase64(cookies[0])
    assert nacl_lite.open_any(boxes, keys | {cookie}, about=["session"]) != []


# --- hostile requests ---

def raw_request(world, text):
    import socket
    with socket.create_connection(("127.0.0.1", world.ports["portal"]), timeout=20) as link:
        link.sendall(text)
        link.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/style.css/../../x", "/%2e%2e/%2e%2e/etc/passwd", "//evil.example/", "/m/" + "A" * 9000,
    "/attachment/../../x/0", "/m/%00", "/m/%ff%fe", "/inbox%0d%0aSet-Cookie:%20x=y", "/message/' or 1=1 --",
    "/signin?message=https://evil.example/", "/signin?message=%0d%0aX:%20y", "/?lang=../../x", "/track/<script>"])
def test_odd_paths_are_answered_with_a_plain_page(world, path):
    answer = raw_request(world, f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head = answer.partition(b"\r\n\r\n")[0].decode()
    assert re.match(r"HTTP/1.1 (200|303|400|404|414|431) ", head), head
    assert "evil.example" not in head and "Set-Cookie: x" not in head and "\nX: y" not in head
    assert b"root:" not in answer and b"<script>" not in answer


def test_every_answer_has_its_headers(person):
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    for path in ("/", "/style.css", f"/message/{message}", f"/source/{message}", "/nowhere", "/signin"):
        headers = person.browser.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert ("no-store" in headers["Cache-Control"]) != path.endswith(".css")
    cookies = [c for c in person.browser.jar if c.name == "postseal"]
    assert all(c.has_nonstandard_attr("HttpOnly") and c.get_nonstandard_attr("SameSite") == "Strict" for c in cookies)


def test_forms_are_bounded(person):
    person.browser.get("/signin")
    assert person.browser.send({"address": "a@b.example", "password": "x" * 40000}).status == 413
    fields = {f"f{i}": "x" for i in range(300)}
    person.browser.get("/signin")
    assert person.browser.send(fields).status == 413
    # A file from somebody who is not signed in is not kept, and they are told in words.
    answer = person.browser.ask("/send", b"--form\r\n" + b"y" * 5_000_000, "multipart/form-data; boundary=form")
    assert answer.status == 403 and "signed out" in answer.text


def test_parts_of_a_form_without_names(person):
    """libmicrohttpd hands them over without one, and the portal died of it, before anybody had signed in."""
    body = multipart("form", part("Content-Disposition: form-data", b"nobody's"),
                     part('Content-Disposition: form-data; filename="f"', b"nobody's"))
    for path in ("/signin", "/join", "/send"):
        assert person.browser.ask(path, body, "multipart/form-data; boundary=form").status == 403


def test_account_is_made_once_though_the_button_was_pressed_twice(person):
    """The browser shows the answer to the second press, which was that the reader is signed out."""
    send(person)
    person.unlock()
    person.browser.get("/enrol")
    form, before = person.browser.page, list(person.browser.jar)
    fields = {"password": PASSWORD, "again": PASSWORD}
    assert person.browser.send(fields).status == 200
    person.browser.jar.clear()
    for cookie in before:
        person.browser.jar.set_cookie(cookie)
    person.browser.page = form
    answer = person.browser.send(fields)
    assert answer.status == 409 and "pressed the button twice" in answer.text
    person.sign_in()
    assert person.browser.get("/inbox").status == 200


def test_names_of_files_cannot_break_the_header(person):
    """Of an upload on its way to the company, and of an attachment on its way to the reader."""
    send(person)
    person.unlock()
    person.enrol()
    odd = 'a\u202etxt.exe"; x=y'
    person.browser.get("/write")
    person.browser.send({"to": "office@example.com", "subject": "Names\r\nBcc: x@evil.example", "text": "t", "action": "send"},
                        files=[("files", odd.replace('"', "%22"), "text/html\nX-Evil: yes", b"N")])
    mail = Person(person.world, person.post, "office@example.com").mail("Names")
    assert mail["Bcc"] is None and "X-Evil" not in mail.raw.decode() and "evil.example" in mail["Subject"]
    attached = next(mail.parsed.iter_attachments())
    assert attached.get_content_type() == "text/html" and attached.get_payload(decode=True) == b"N"


def test_type_of_a_part_that_is_not_utf8(person):
    """The layout of such a message could not be printed, and the portal died of it."""
    odd = b"--b\r\nContent-Type: ap\xfb\x98\x96\x9c\x9etion/pdf; name=x\r\n\r\nodd\r\n--b--\r\n"
    send(person, odd, content=b'multipart/mixed; boundary="b"')
    assert person.unlock().status == 200
    message = person.browser.page.path.removeprefix("/message/")
    for _ in range(2):  # from the message, and from what was kept of it
        assert person.browser.get(f"/attachment/{message}/0").body == b"odd"


def test_right_codes_and_passwords_do_not_use_up_what_a_network_may_try(person):
    """Many people read from one network: those who are right kept the others out after a while."""
    tries = "select coalesce(sum(count), 0) from postseal.throttle where what in ('code network', 'password network')"
    before = person.world.postgres.query(tries)
    send(person)
    person.unlock()
    person.enrol()
    assert person.sign_in(browser=Visitor(person.browser.portal)).path == "/inbox"
    assert person.world.postgres.query(tries) == before
    assert person.sign_in("wrong password", Visitor(person.browser.portal)).status == 403
    assert person.world.postgres.query(tries) != before


def test_multipart_without_a_boundary(person):
    """There was nothing to read; and with a long parameter that is not UTF-8, looking for the parts never ended."""
    for wrong in (b"", b"; " + b"boundary".ljust(88, b"v") + b'="\xfe\xff\xff\xffo"', b"; boundary=other"):
        count = len(person.mails("Protected message")) + 1
        send(person, b"--b\r\n\r\nstill to be read\r\n--b--\r\n", content=b"multipart/mixed" + wrong)
        assert person.unlock(count).status == 200
        assert "still to be read" in person.browser.page.text


def test_bombs_are_harmless(person):
    """A thousand parts, nesting without end, a header without end: the page comes, and comes soon."""
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(500))
    many = multipart("m", *[part("Content-Type: text/plain; name=x", b"x") for _ in range(3000)])
    html = b"<table>" * 30000 + b"<b>" * 30000
    for body, content in ((deep, b'multipart/mixed; boundary="b0"'), (many, b'multipart/mixed; boundary="m"'),
                          (html, b"text/html")):
        count = len(person.mails("Protected message")) + 1
        send(person, body, content=content)
        begun = time.monotonic()
        assert person.unlock(count).status == 200
        message = person.browser.page.path.removeprefix("/message/")
        assert person.browser.get(f"/html/{message}").status in (200, 404)
        assert time.monotonic() - begun < 60
