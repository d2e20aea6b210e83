"""What opens an account can be changed only by its owner, who is told about it."""
import re
import time

import pytest
import world as sandbox
from person import PASSWORD, PORTAL_RULES as RULES, Person, send, totp
from visitor import Visitor

CHANGES = ["/settings/key", "/settings/key/remove", "/settings/totp", "/settings/totp/remove", "/settings/passkey",
           "/settings/passkey/remove", "/settings/password", "/settings/recovery"]


def member(person):
    send(person)
    person.unlock()
    person.enrol()
    person.browser = Visitor(person.browser.portal)  # someone who has just chosen the password need not type it again
    assert person.sign_in().path == "/inbox"


def facts(person):
    """Everything that the database has about the account and what opens it."""
    return person.world.postgres.query(
        "select a.salt, a.recovery_salt, a.totp, (select count(*) from postseal.passkey p where p.account = a.id),"
        f" (select count(*) from postseal.key_upload k where k.address = a.address) from postseal.account a"
        f" where a.address = '{person.address}'")


@pytest.mark.parametrize("path", CHANGES)
def test_a_browser_left_open_changes_nothing_that_opens_the_account(person, path):
    """The password was not asked for, its check was not throttled, and the owner was not told."""
    member(person)
    before = facts(person)
    person.browser.get("/settings")
    fields = {"password": "another password", "again": "another password", "id": "x", "secret": "A" * 32, "code": "123456",
              "kind": "pgp", "fingerprint": "x", "client": "x", "data": "x", "name": "x"}
    files = [("key", "k.pem", "text/plain", b"x")] if path == "/settings/key" else ()
    assert person.browser.send(fields, to=path, action="/settings/sessions", files=files).path == "/settings/confirm"
    assert facts(person) == before
    for page in ("/settings/security", "/settings/totp", "/settings/passkey"):
        assert person.browser.get(page).path == "/settings/confirm"
    assert person.confirm("wrong password").status == 403
    assert person.browser.get("/settings/security").path == "/settings/confirm"


def test_a_confirmation_is_good_for_one_change(person):
    member(person)
    assert person.confirm().path == "/settings/security"
    assert "another" not in person.browser.send({"password": "another long one", "again": "another long one"},
                                                action="/settings/password").text
    assert person.browser.get("/settings/security").path == "/settings/confirm"
    assert person.confirm().status == 403
    assert person.confirm("another long one").path == "/settings/security"
    person.world.postgres.query("update postseal.portal_session set confirmed_at = confirmed_at - interval '11 minutes' returning 1")
    assert person.browser.get("/settings/security").path == "/settings/confirm"


def test_confirming_is_throttled_as_signing_in_is(person):
    """A session in someone else's hands is no way to guess the password."""
    member(person)
    person.world.postgres.query("update postseal.throttle set count = 0 returning 1")
    assert [person.confirm("wrong password").status for _ in range(10)] == [403] * 10
    assert person.confirm().status == 429
    thief = Person(person.world, person.post, person.address, **{"X-Forwarded-For": "203.0.113.9"})
    for cookie in person.browser.jar:
        thief.browser.jar.set_cookie(cookie)
    assert thief.confirm().status == 429  # another network is the same session
    assert Person(person.world, person.post, person.address).sign_in().path == "/inbox"


def test_the_second_factor_is_asked_for_before_it_is_removed(person):
    member(person)
    person.confirm()
    secret = re.search(r'class="secret">([A-Z2-7]+)<', person.browser.get("/settings/totp").text).group(1)
    assert person.browser.send({"code": totp(secret, -1)}).path == "/settings"
    assert person.confirm().status == 403  # without a code
    assert person.confirm(code="000000").status == 403
    assert person.confirm("wrong password", code=totp(secret)).status == 403
    assert person.confirm(code=totp(secret)).path == "/settings/security"
    assert "asked for a code" not in person.browser.send({}, action="/settings/totp/remove").text
    assert person.sign_in(browser=Visitor(person.browser.portal)).path == "/inbox"


@pytest.mark.parametrize("language, subject, words", [
    ("en", "was changed", ["A certificate or public key was added", "password was changed"]),
    ("de", "wurde geändert", ["Ein Zertifikat oder öffentlicher Schlüssel wurde hinzugefügt", "Das Passwort wurde geändert"]),
    ("fr", "a été modifié", ["Un certificat ou une clé publique a été ajouté", "Le mot de passe a été modifié"]),
    ("it", "è stato modificato", ["È stato aggiunto un certificato o una chiave pubblica", "La password è stata cambiata"])])
def test_the_owner_is_told_what_when_and_from_where(person, name, language, subject, words):
    """In their language, and without secrets."""
    member(person)
    person.browser.headers["User-Agent"] = "Telephone/7\u202e".encode().decode("latin-1")
    person.browser.get("/settings")
    person.browser.send({"language": language}, action="/settings/language")
    path = person.world.authority.issue_mail(f"{name}-{language}", person.address)
    print_ = sandbox.command("openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256").decode()
    fingerprint = print_.split("=")[1].strip().replace(":", "").lower()
    person.confirm()
    person.browser.send({}, action="/settings/key", files=[("key", "c.pem", "text/plain", path.read_bytes())])
    text = person.mail(subject).text()
    assert words[0] in text and fingerprint in text and "127.0.0.0/24" in text
    assert "Telephone/7\n" in text and str(time.gmtime().tm_year) in text and "\u202e" not in text
    person.confirm()
    person.browser.send({"password": "another long one", "again": "another long one"}, action="/settings/password")
    text = person.mail(subject, 2).text()
    assert words[1] in text and "another long one" not in text


def test_uploaded_keys_fall_with_a_reset_of_the_account(person, name):
    """Someone who held the account for an hour could read along for ever."""
    member(person)
    path = person.world.authority.issue_mail(name, person.address)
    person.confirm()
    person.browser.send({}, action="/settings/key", files=[("key", "c.pem", "text/plain", path.read_bytes())])
    browser = Visitor(person.browser.portal)
    browser.get("/join")
    browser.send({"address": person.address})
    browser.get(re.search(r"http://\S+/proof/\S{43}", person.mail("please confirm your email address").text()).group(0))
    browser.send({"password": "a third password", "again": "a third password", "lose": "yes"})
    assert "<code>" not in browser.get("/settings").text
    assert person.world.postgres.query(f"select count(*) from postseal.key_upload where address = '{person.address}'") == [["0"]]
    assert "revoked on" in person.world.postseal("trust", "show", person.address)


def test_who_signs_in_after_a_member_reads_nothing_that_they_opened(person, name):
    """A session that replaced another one kept what that one had opened with link and code."""
    member(person)
    other = Person(person.world, person.post, f"{name}.other@pickup.example")
    member(other)
    send(other)
    link = other.mail("Protected message", 2)
    person.post.sender = f"{name}.third@example.com"
    send(other, subject="Third")
    link = other.mail("Protected message", 3).link()
    code = sandbox.wait_until(other.code, "the code")
    person.browser.get(link)
    message = person.browser.send({"code": code}).path
    assert person.browser.get(message).status == 200
    third = Person(person.world, person.post, f"{name}.third@pickup.example")
    member(third)
    person.browser.get("/settings")
    person.browser.send({"address": third.address, "password": PASSWORD}, to="/signin", action="/settings/sessions")
    assert third.address in person.browser.get("/settings").text
    assert person.browser.get(message).status == 404


def marked(page):
    """The fields that are marked as wrong, and those that have the focus."""
    fields = [tag for tag in re.findall(r"<(?:input|textarea)[^>]*>", page) if "aria-invalid" in tag]
    assert all('aria-errormessage="wrong"' in tag and "autofocus" in tag for tag in fields) and 'id="wrong"' in page
    return [re.search(r'(?:^| )name="([^"]*)"', tag).group(1) for tag in fields]


@pytest.mark.parametrize("place, action, fields, field", [
    ("/signin", "/signin", {"address": "no address", "password": "x"}, "address"),
    ("/signin", "/signin", {"address": "nobody@pickup.example", "password": "x"}, "password"),
    ("/write", "/send", {"to": "hr@example.com", "text": "t", "action": "send"}, "to"),
    ("/settings", "/settings/name", {"name": "a@b.example"}, "name"),
    ("/settings/confirm", "/settings/confirm", {"password": "wrong password"}, "password"),
    ("/settings/security", "/settings/password", {"password": "one thing", "again": "another"}, "password"),
    ("/folders", "/folders", {"name": " ", "action": "create"}, "name")])
def test_wrong_field_was_neither_marked_nor_had_the_focus(person, place, action, fields, field):
    member(person)
    if place == "/settings/security":
        person.confirm()
    browser = Visitor(person.browser.portal) if place == "/signin" else person.browser
    browser.get(place)
    answer = browser.send(fields, action=action)
    assert answer.status in (400, 403) and marked(answer.text) == [field]


def test_wrong_password_or_recovery_code_was_not_marked_for_a_new_password(person):
    member(person)
    browser = Visitor(person.browser.portal)
    browser.get("/join")
    browser.send({"address": person.address})
    browser.get(re.search(r"http://\S+/proof/\S{43}", person.mail("please confirm your email address").text()).group(0))
    assert marked(browser.send({"password": "short", "again": "short"}).text) == ["password"]
    new = "another correct horse"
    assert marked(browser.send({"password": new, "again": new, "recovery": "WRONG"}).text) == ["recovery"]
