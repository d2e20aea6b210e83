"""A portal with stricter settings: a second factor is required, the site has pages of its own, a
Unix socket, receipts in a bundle, no new codes."""
import http.client
import re
import socket
import urllib.parse

import pytest
import world as sandbox
from person import PASSWORD, Person, send, state, totp

SETTINGS = ('portal factor "required" pages "{directory}/pages" upload 1 MB\nportal proxies { "unix" "192.0.2.0/24" }\nreceipts "daily"\n'
            'pickup renew "no" session 20 minutes\nlanguage "de"')
RULES = "match recipient in domains deliver plain\notherwise deliver pickup\n"


def prepare(world):
    """The organisation's own pages."""
    pages = world.directory / "pages"
    pages.mkdir()
    (pages / "style.css").write_text("/* OUR STYLE */\n")
    (pages / "front.html").write_text('<main id="main" data-title="Ours"><h1>Our own front page</h1></main>')
    (pages / "de.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
                                 'msgid "I do not have an account yet"\nmsgstr "Unser eigener Text"\n')
    sandbox.command("msgfmt", "--endianness=little", "-o", pages / "de.mo", pages / "de.po")


@pytest.fixture
def person(world, post, name):
    post.sender = f"{name}.sender@example.com"
    return Person(world, post, f"{name}@pickup.example", **{"Accept-Language": "en"})


def code_in_german(person):
    mails = [m for m in Person(person.world, person.post, person.post.sender).mails("Freischaltcode")]
    return mails and mails[-1].codes()[person.address]


def unlock(person):
    link = person.mail("Geschützte Nachricht").link()
    person.browser.get(link)
    return person.browser.send({"code": sandbox.wait_until(lambda: code_in_german(person), "the code")})


def test_member_without_a_second_factor_can_only_set_it_up(person):
    send(person)
    message = unlock(person).path
    person.browser.get("/enrol")
    assert "recovery" in person.browser.send({"password": PASSWORD, "again": PASSWORD}).text
    for path in ("/inbox", "/write", message):
        assert person.browser.get(path).path == "/settings"
    assert "A second step is required" in person.browser.page.text
    person.browser.get("/settings/totp")
    secret = re.search(r'class="secret">([A-Z2-7]+)<', person.browser.page.text).group(1)
    assert "not correct" in person.browser.send({"code": "000000"}).text
    person.browser.send({"code": totp(secret)})
    assert person.browser.get("/inbox").path == "/inbox"


def test_a_second_factor_cannot_be_skipped(person):
    send(person)
    unlock(person)
    person.browser.get("/enrol")
    person.browser.send({"password": PASSWORD, "again": PASSWORD})
    person.browser.get("/settings/totp")
    secret = re.search(r'class="secret">([A-Z2-7]+)<', person.browser.page.text).group(1)
    person.browser.send({"code": totp(secret)})
    other = Person(person.world, person.post, person.address, **{"Accept-Language": "en"})
    assert other.sign_in().path == "/factor"
    for path in ("/inbox", "/settings", "/write", "/settings/totp"):
        assert other.browser.get(path).path in ("/signin", "/factor"), path
    other.browser.get("/factor")
    assert "not correct" in other.browser.send({"code": totp(secret)}).text  # it was used to set the app up


def test_own_pages_texts_and_limits(world, person):
    pages = world.directory / "pages"
    assert (pages / "style.css").exists()
    assert "OUR STYLE" in person.browser.get("/style.css").text
    assert "Our own front page" in person.browser.get("/").text and "Example Corp" in person.browser.page.text
    assert "Unser eigener Text" in person.browser.get("/signin?lang=de").text


def test_locked_message_cannot_be_renewed_when_boxes_are_not_kept(person):
    send(person)
    person.mail("Geschützte Nachricht")
    kept = person.world.postgres.query("select count(*) from postseal.parcel_key k join postseal.copy c on c.id = k.copy"
                                       f" where c.recipient = '{person.address}' and k.boxed is not null")
    assert kept == [["0"]]
    sender = Person(person.world, person.post, person.post.sender, **{"Accept-Language": "en"})
    page = re.search(r"http://\S+/track/\S{43}", sender.mail("Freischaltcode").text()).group(0)
    assert "renew" not in sender.browser.get(page).text and "recall" in sender.browser.page.text


def test_receipts_are_bundled(person):
    send(person)
    unlock(person)
    assert state(person) == "opened"
    due = person.world.postgres.query(
        f"select what, due_at > now() + interval '20 hours' from postseal.receipt where recipient = '{person.address}'")
    assert due == [["opened", "t"]]
    person.world.postgres.query(f"update postseal.receipt set due_at = now() where recipient = '{person.address}' returning 1")
    sender = Person(person.world, person.post, person.post.sender)
    assert ": gelesen" in sender.mail(": gelesen").text()


def test_portal_on_a_unix_socket(world, person):
    path = world.run / "portal.sock"
    config = world.config.read_text()
    world.stop_program("postseal-portal")
    world.config.write_text(config.replace(f'portal listen "127.0.0.1:{world.ports["portal"]}"',
                                           f'portal listen "unix:{path}" mode "0600"'))
    try:
        world.start_program("postseal-portal")
        link = http.client.HTTPConnection("localhost")
        link.sock = socket.socket(socket.AF_UNIX)
        link.sock.connect(str(path))
        link.world = world
        link.request("GET", "/", headers={"X-Forwarded-For": "203.0.113.5"})
        assert b"Our own front page" in link.getresponse().read() and path.stat().st_mode & 0o777 == 0o600
        assert wrong_password(link, "203.0.113.5") == "203.0.113.0/24"
    finally:
        world.stop_program("postseal-portal")
        world.config.write_text(config)
        world.start_program("postseal-portal")


def wrong_password(link, forwarded):
    """Through a connection; returns the network that the portal assigns to it."""
    link.request("GET", "/signin", headers={"X-Forwarded-For": forwarded})
    answer = link.getresponse()
    token = re.search(r'name="token" value="([^"]+)"', answer.read().decode()).group(1)
    link.request("POST", "/signin", urllib.parse.urlencode({"token": token, "address": "x@y.example", "password": "wrong"}),
                 {"Cookie": answer.headers["Set-Cookie"].partition(";")[0], "X-Forwarded-For": forwarded,
                  "Content-Type": "application/x-www-form-urlencoded"})
    assert link.getresponse().read() and answer.status == 200
    return re.findall(r"password is wrong: network=(\S+),", link.world.log("postseal-portal"))[-1]


def test_only_the_named_proxies_say_who_their_client_is(world):
    """Here, `portal proxies` names others than loopback."""
    link = http.client.HTTPConnection("127.0.0.1", world.ports["portal"], timeout=20)
    link.world = world
    assert wrong_password(link, "203.0.113.5") == "127.0.0.0/24"


def test_proxy_that_is_no_address(world):
    config = world.config.read_text()
    world.stop_program("postseal-portal")
    try:
        for wrong in ("localhost", "10.0.0.0/33", "10.0.0.1/x"):
            world.config.write_text(config.replace('"192.0.2.0/24"', f'"{wrong}"'))
            with pytest.raises(sandbox.Trouble, match=f'"{wrong}" is neither an address'):
                world.start_program("postseal-portal")
                world.stop_program("postseal-portal")
    finally:
        world.programs.pop("postseal-portal", None)
        world.config.write_text(config)
        world.start_program("postseal-portal")
