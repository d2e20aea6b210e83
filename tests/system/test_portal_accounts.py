"""Accounts in the portal: passwords, trust, recovery, sessions, languages."""
import email.utils
import re
import urllib.request
from email.header import decode_header, make_header

import pytest
import world as sandbox
from person import PASSWORD, PORTAL_RULES as RULES, Person, send, state
from visitor import Visitor

# "CEO <ceo@example.com>", and what turns the direction of the text after it.
ENCODED = ["=?utf-8?b?Q0VPIDxjZW9AZXhhbXBsZS5jb20+?= é", "=?utf-8?q?CEO?=", "=?utf-8?b?4oCu?= Kim"]


def test_second_message_needs_no_code_and_a_stranger_does(person, name):
    send(person)
    person.unlock()
    person.enrol()
    assert "About your account" in person.browser.get("/inbox").text
    send(person, b"The second secret.\r\n", "Second")
    notice = person.mail("Protected message", 2)
    link = re.search(r"http://\S+/message/\S{36}", notice.text()).group(0)
    assert "/m/" not in notice.text() and "Second" in person.browser.get("/inbox").text
    # Signed out, the link leads there after the password.
    other = Visitor(person.browser.portal)
    assert other.get(link).path == "/signin"
    answer = other.send({"address": person.address, "password": PASSWORD})
    assert answer.path in link and "The second secret." in answer.text
    # Someone else in the company has never passed on a code.
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
    assert "this recipient needs a code again" in sender.browser.send({"action": "revoke"}).text
    send(person)
    assert "/m/" in person.mail("Protected message", 2).text()
    person.unlock(2)  # while signed in: trusted again
    assert "stated by" in person.world.postseal("trust", "show", person.address)
    person.world.postseal("trust", "revoke", person.address)
    send(person)
    assert "/m/" in person.mail("Protected message", 3).text()


@pytest.mark.parametrize("password, again, why", [
    ("short", "short", "too short"), ("password1234", "password1234", "easy to guess"),
    ("correct horse battery", "correct horse batterx", "do not match"), ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "easy to guess")])
def test_weak_passwords_are_refused_with_a_sentence(person, password, again, why):
    send(person)
    person.unlock()
    person.browser.get("/enrol")
    answer = person.browser.send({"password": password, "again": again})
    assert answer.status == 400 and why in answer.text
    field = re.search(r'<input type="password" id="password"[^>]*>', answer.text).group(0)
    assert 'aria-invalid="true"' in field and 'aria-errormessage="wrong"' in field and "autofocus" in field


def test_password_was_made_of_the_address_or_of_a_word(person, name):
    """hedi12345678 was accepted for hedi.muster@; and the list of common passwords had 120 entries."""
    person = Person(person.world, person.post, f"hedi.Muster.{name}@pickup.example")
    send(person)
    person.unlock()
    person.browser.get("/enrol")
    for password, why in (("hedi12345678", "part of your address or name"), ("my-MUSTER-word!", "part of your address or name"),
                          ("Pickup2026!!", "part of your address or name"), ("constitutional", "easy to guess"),
                          ("lanoitutitsnoc", "easy to guess"), ("Constitutional1", "easy to guess")):
        answer = person.browser.send({"password": password, "again": password})
        assert answer.status == 400 and why in answer.text, password
    person.enrol("what nobody else would ever write down " * 20)


def test_password_was_made_of_the_name(person):
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/settings")
    person.browser.send({"name": "Kim Roe-Šimić"}, action="/settings/name")
    person.confirm()
    for password, status in (("ŠIMIĆ-2026-walks", 400), ("nobody-knows-this-one-7", 200)):
        answer = person.browser.send({"password": password, "again": password}, action="/settings/password")
        assert answer.status == status and ("part of your address or name" in answer.text) == (status == 400)


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
        browser.get(re.search(r"http://\S+/proof/\S{43}", person.mail("please confirm your email address", count).text()).group(0))
        return browser

    browser = proof(1)
    new = "another long password"
    assert "not the recovery code" in browser.send({"password": new, "again": new, "recovery": "AAAAA"}).text
    answer = browser.send({"password": new, "again": new, "recovery": recovery.lower().replace("-", " ")})
    assert answer.path == "/inbox" and "Sealed to the account" in answer.text
    assert person.browser.get("/inbox").path == "/signin"  # signed out elsewhere
    browser = proof(2)
    assert "will be lost" in browser.send({"password": new, "again": new}).text
    answer = browser.send({"password": "a third password", "again": "a third password", "lose": "yes"})
    assert answer.status == 200 and "Sealed to the account" not in browser.get("/inbox").text
    lost = Person(person.world, person.post, person.post.sender).mail(": lost")
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


def networks(person, first):
    """Many computers, each in a network of its own."""
    return [Visitor(person.browser.portal, {"X-Forwarded-For": f"198.{first}.{number}.7"}) for number in range(1, 60)]


def test_anybody_could_lock_a_member_out(person):
    """Ten requests each quarter of an hour were enough, from wherever they came."""
    send(person)
    person.unlock()
    person.enrol()
    at_home, on_the_road = networks(person, 1)[:2]
    assert person.sign_in(PASSWORD, at_home).path == "/inbox"
    attacker = Visitor(person.browser.portal, {"X-Forwarded-For": "203.0.113.9"})
    assert [person.sign_in("wrong password", attacker).status for _ in range(12)] == [403] * 10 + [429] * 2
    assert person.sign_in(PASSWORD, on_the_road).path == "/inbox"
    # Somebody who has many networks has no more tries, and those where the member was before stay open.
    answers = [person.sign_in("wrong password", computer).status for computer in networks(person, 2)]
    assert answers.count(403) <= 20 and answers[-20:] == [429] * 20
    assert person.sign_in(PASSWORD, networks(person, 3)[0]).status == 429
    again = Visitor(person.browser.portal, at_home.headers)
    assert person.sign_in(PASSWORD, again).path == "/inbox"
    assert person.confirm().path == "/settings/security"
    # Signing in gives nobody new tries; in a network that is known, ten are all there are.
    assert person.sign_in("wrong password", networks(person, 4)[0]).status == 429
    assert [person.sign_in("wrong password", Visitor(person.browser.portal, at_home.headers)).status for _ in range(11)] == [403] * 10 + [429]


def test_stranger_used_up_the_mails_that_the_owner_may_ask_for(person):
    def ask(browser):
        browser.get("/join")
        return browser.send({"address": person.address})
    for _ in range(5):
        ask(Visitor(person.browser.portal, {"X-Forwarded-For": "203.0.113.9"}))
    person.mail("please confirm your email address", 3)
    ask(person.browser)
    person.mail("please confirm your email address", 4)
    for browser in networks(person, 5)[:20]:
        ask(browser)
    person.mail("please confirm your email address", 12)
    sandbox.wait_until(person.world.nothing_waits, "the courier")
    assert len(person.mails("please confirm your email address")) == 12


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
    assert "Se connecter" in german.get("/?lang=fr").text and '<html lang="fr">' in german.get("/join").text
    send(person)
    person.unlock()
    person.enrol()
    person.browser.get("/settings")
    person.browser.send({"language": "it"}, action="/settings/language")
    assert '<html lang="it">' in person.browser.page.text
    send(person, subject="Second")
    assert "Le ha inviato" in person.mail("Messaggio protetto").text()


def test_language_chosen_at_the_foot_of_a_page_held_for_that_page_only(person):
    send(person)
    person.unlock()
    person.enrol()
    assert '<html lang="it">' in person.browser.get("/inbox?lang=it").text
    assert '<html lang="it">' in person.browser.get("/sent").text
    send(person, subject="Second")
    assert "Le ha inviato" in person.mail("Messaggio protetto").text()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        person.browser.get("/inbox?lang=pl", headers=headers)
        assert '<html lang="it">' in person.browser.get("/sent").text


def test_language_links_led_away_from_the_answer_to_a_form(person):
    """The answer has no address of its own: with the link, the recovery code or what was written was gone."""
    send(person)
    person.unlock()
    assert "?lang=de" in person.browser.get("/enrol").text
    answer = person.browser.send({"password": PASSWORD, "again": PASSWORD})
    assert "recovery" in answer.text and "?lang=" not in answer.text
    person.browser.get("/write")
    assert "?lang=" in person.browser.page.text
    answer = person.browser.send({"to": "hr@example.com", "text": "t", "action": "send"})
    assert answer.status == 400 and "?lang=" not in answer.text


def test_long_password_was_cut_on_the_writing_page():
    for page in (sandbox.SOURCE / "portal" / "pages").glob("*.html"):
        lengths = re.findall(r'type="password"[^>]*maxlength="(\d+)"', page.read_text())
        assert len(lengths) == page.read_text().count('type="password"') and set(lengths) <= {"1000"}, page


def test_answer_arrives_with_the_members_name(person):
    """Beside the address, which a name never hides; what looks like an address, or like another's, is no name."""
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.browser.get("/settings")
    person.browser.send({"name": "  Kim Roe-Šimić "}, action="/settings/name")
    assert 'value="Kim Roe-Šimić"' in person.browser.page.text
    for bad in ("anna@example.com", "Anna <anna", "Anna (anna", "x" * 81, "a\u202eb", "a＠b", "a\nb", 'a"b', *ENCODED,
                "\u3164", "\u2800", "a\u2028b", "a" + "\u3000" * 40 + "b", "12"):
        assert person.browser.send({"name": bad}, action="/settings/name").status == 400, bad
        assert "Please enter a name" in person.browser.page.text
    assert 'value="Kim Roe-Šimić"' in person.browser.get("/settings").text
    person.browser.get(f"/reply/{message}")
    assert person.browser.send({"text": "An answer.", "action": "send"}).path == "/sent"
    answer = Person(person.world, person.post, person.post.sender).mail("Re:")
    name, address = email.utils.parseaddr(str(answer["From"]))
    assert name == f"Kim Roe-Šimić ({person.address})" and address.endswith("@example.com"), answer["From"]
    assert answer["Reply-To"] == person.address
    person.browser.get("/settings")
    person.browser.send({"name": ""}, action="/settings/name")
    assert "Roe" not in person.browser.page.text


@pytest.mark.parametrize("called", ENCODED)
def test_encoded_word_that_was_accepted_as_a_name_names_nobody_else(person, called):
    """It made mail from the company's own address say that it came from the CEO."""
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    person.enrol()
    person.world.postgres.query(f"update postseal.account set name = '{called}' where address = '{person.address}' returning 1")
    person.browser.get(f"/reply/{message}")
    assert person.browser.send({"text": "An answer.", "subject": f"Re: {called}", "action": "send"}).path == "/sent"
    answer = Person(person.world, person.post, person.post.sender).mail("Re:")
    shown = str(make_header(decode_header(answer["From"])))
    assert person.address in shown and "CEO" not in shown and "ceo@" not in shown and "\u202e" not in shown, answer["From"]
    assert str(answer["Subject"]) == f"Re: {called}"
    person.browser.get("/sent")
    assert person.browser.get(re.search(r"/message/\S{36}", person.browser.page.text)[0]).status == 200
    assert "CEO" not in person.browser.page.text.replace(called, "") and called not in person.browser.get("/settings").text


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
    with pytest.raises(sandbox.Trouble, match="does not wait unread"):
        world.postseal("message", "recall", recalled)
    send(person, b"Only the account opens this.\r\n", "Lost")
    person.mail("Protected message", 3)
    assert "messages lost: 1" in world.postseal("account", "delete", person.address)
    assert person.browser.get("/inbox").path == "/signin" and state(person) == "lost"
    assert ": lost" in Person(world, person.post, person.post.sender).mail(": lost")["Subject"]
    # What link and code opened before, they open again.
    assert "The secret is 42." in unlock_first(person)


def unlock_first(person):
    notice = person.mails("Protected message")[0]
    code = [m.codes()[person.address] for m in Person(person.world, person.post, person.post.sender).mails("Unlock code")][0]
    person.browser.get(notice.link())
    return person.browser.send({"code": code}).text


def test_account_is_made_once_though_the_button_was_pressed_twice(person):
    """The browser shows the answer to the second press, which said that the reader is signed out."""
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


def test_right_codes_and_passwords_do_not_use_up_what_a_network_may_try(person):
    """Many people read from one network: after a while, those with right codes kept the others out."""
    tries = "select coalesce(sum(count), 0) from postseal.throttle where what in ('code network', 'password network')"
    before = person.world.postgres.query(tries)
    send(person)
    person.unlock()
    person.enrol()
    assert person.sign_in(browser=Visitor(person.browser.portal)).path == "/inbox"
    assert person.world.postgres.query(tries) == before
    assert person.sign_in("wrong password", Visitor(person.browser.portal)).status == 403
    assert person.world.postgres.query(tries) != before


# --- trust that was revoked ---

def needs_a_code(person, count):
    """Does this message to the person, counted from the first, come with link and code?"""
    send(person)
    return "/m/" in person.mail("Protected message", count).text()


def open_with(person, browser, link, code):
    browser.get(link)
    answer = browser.send({"code": code})
    assert answer.status == 200 and "The secret is 42." in answer.text
    return answer


def two_messages(person):
    """Two messages from one sender, each with link and code: those of the older, and of the newer."""
    found = []
    for count in (1, 2):
        send(person)
        link = person.mail("Protected message", count).link()
        found.append((link, sandbox.wait_until(lambda count=count: person.code(count), "the code")))
    return found


def revoke(person, who):
    if who == "sender":
        sender = Person(person.world, person.post, person.post.sender)
        sender.browser.get(re.search(r"http://\S+/\w+/\S{43}(?=\s|$)", sender.mail("Unlock code").text()).group(0))
        sender.browser.send({"action": "revoke"})
    elif who == "admin":
        person.world.postseal("trust", "revoke", person.address)
    else:
        browser = Visitor(person.browser.portal)
        browser.get("/join")
        browser.send({"address": person.address})
        browser.get(re.search(r"http://\S+/proof/\S{43}", person.mail("please confirm your email address").text()).group(0))
        browser.send({"password": PASSWORD, "again": PASSWORD, "lose": "yes"})
        person.browser = browser
    assert person.post.world.postgres.query(
        f"select 1 from postseal.attestation where address = '{person.address}' and revoked_at is null") == []


@pytest.mark.parametrize("who", ["sender", "admin", "reset"])
def test_trust_that_was_revoked_came_back_by_an_older_code(person, who):
    """Opened by a member after the revocation; and a code made since then creates trust again."""
    (link, code), other = two_messages(person)
    open_with(person, person.browser, *other)
    person.enrol()
    revoke(person, who)
    open_with(person, person.browser, link, code)
    assert "stated by" not in "".join(line for line in person.world.postseal("trust", "show", person.address).splitlines()
                                      if "revoked" not in line)
    assert needs_a_code(person, 3)
    person.unlock(3)
    assert not needs_a_code(person, 4)


@pytest.mark.parametrize("who", ["sender", "admin", "reset"])
def test_trust_that_was_revoked_came_back_with_whoever_signed_in_later(person, who):
    """A guest opened it before the revocation and signed in afterwards: what was opened moved into
    the account, and brought trust."""
    (link, code), other = two_messages(person)
    guest = Visitor(person.browser.portal)
    open_with(person, guest, link, code)
    open_with(person, person.browser, *other)
    person.enrol()
    revoke(person, who)
    assert person.sign_in(browser=guest).path == "/inbox"
    assert guest.get("/inbox").text.count("/message/") >= 1
    assert needs_a_code(person, 3)


class Halting(urllib.request.HTTPRedirectHandler):
    """A browser that loses its connection when it is redirected."""

    def redirect_request(self, *_):
        return None


def test_a_guest_kept_what_an_old_code_had_opened_after_a_new_one_was_made(person):
    """Unlocked, but not read yet: the sender had a new link and code made, and the session of the
    old ones went on."""
    send(person)
    link = person.mail("Protected message").link()
    code = sandbox.wait_until(person.code, "the code")
    person.browser.get(link)
    person.browser.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(person.browser.jar), Halting())
    assert person.browser.send({"code": code}).status == 303
    assert state(person) == "parked"
    sender = Person(person.world, person.post, person.post.sender)
    sender.browser.get(re.search(r"http://\S+/\w+/\S{43}(?=\s|$)", sender.mail("Unlock code").text()).group(0))
    sender.browser.send({"action": "renew"})
    key = person.world.postgres.query(f"select k.id from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                                      f" where c.recipient = '{person.address}'")[0][0]
    assert person.browser.get(f"/message/{key}").status == 404 and state(person) == "parked"
    person.browser.get(person.mail("Protected message", 2).link())
    person.browser.send({"code": sandbox.wait_until(lambda: person.code(2), "the new code")})
    assert "The secret is 42." in person.browser.get(f"/message/{key}").text
