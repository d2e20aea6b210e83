"""Keys from a real Web Key Directory (HTTPS), and CRLs and OCSP responses from a web server and openssl's responder, through
the real finder and the real Postfix."""
import contextlib
import datetime
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

import pytest

import internet
import people
import world as sandbox
from issuer import NOW, Issuer, state

RULES = """
match recipient domain "auto.example"  deliver smime, pgp, pickup
otherwise                              deliver plain
"""
SETTINGS = "keys from database, wkd  within 3 seconds"
HOST = "openpgpkey.auto.example"
LISTS = "crl.auto.example"
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class World(sandbox.World):
    """With a web server, and a finder that finds it."""

    def start_programs(self):
        self.authority.issue("web", "/CN=web", f"subjectAltName=DNS:{HOST}")
        keys = self.directory / "keys"
        self.web = internet.Web(keys / "web.pem", keys / "web.key")
        self.keys = {}
        self.web.handlers[HOST] = self.answer
        self.start_finder()
        lines = [line for line in self.config.read_text().splitlines() if not line.startswith("finder socket")]
        self.config.write_text("\n".join([f'finder socket "{self.finder.socket}"', *lines, ""]))
        super().start_programs()

    def start_finder(self):
        self.finder = internet.Finder(
            self.directory / "finder", self.bin.parent,
            f'finder networks {{ "{self.web.address}" }}\nfinder authorities "{self.directory}/keys/authority.pem"',
            {HOST: self.web.address}).start()

    def start_program(self, name, *arguments, **options):
        return None if name == "postseal-finder" else super().start_program(name, *arguments, **options)

    def answer(self, request):
        content = self.keys.get(urllib.parse.unquote(request.target))
        if callable(content):
            content(request)
        elif content is None:
            request.reply(status="404 Not Found")
        else:
            request.reply(content)

    def stop(self):
        super().stop()
        if hasattr(self, "finder"):
            self.finder.stop()
            self.web.stop()


WORLD = World


def wkd_target(address):
    """As GnuPG's own client has it."""
    url = sandbox.command("/usr/lib/gnupg/gpg-wks-client", "--print-wkd-url", address).decode().strip()
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.unquote(f"{parts.path}?{parts.query}")


@pytest.fixture
def gpg(world, name):
    made = people.Gpg(world.directory / "keys" / name, f"{name}@auto.example")
    yield made
    made.end()


def send(post, address):
    post.accepted(post.compose([address]), [address])
    return post.copies(address)[-1]


def row(world, address):
    rows = world.postgres.query(f"select outcome, place, good_until > now() from postseal.key_answer where address = '{address}' and source = 'wkd'")
    return rows[0] if rows else None


def test_first_mail_to_a_stranger_is_sealed_to_the_key_in_their_web_key_directory(world, post, gpg):
    world.keys[wkd_target(gpg.address)] = gpg.run("--export", gpg.address)
    assert send(post, gpg.address)["method"] == "pgp"
    assert b"Hello." in people.open_pgp(post.box(gpg.address).one(), gpg)
    outcome, place, good = row(world, gpg.address)
    assert outcome == "found" and place.startswith(f"https://{HOST}/.well-known/openpgpkey/auto.example/hu/") and good == "t"
    before = len(world.web.asked(HOST))
    assert send(post, gpg.address)["method"] == "pgp"
    assert len(world.web.asked(HOST)) == before
    assert f"pgp {gpg.fingerprint()[:16]}  stated by auto.example (wkd)" in world.postseal("trust", "show", gpg.address)


def test_key_of_another_address_in_the_directory_is_not_used(world, post, gpg, name):
    victim = f"{name}victim@auto.example"
    world.keys[wkd_target(victim)] = gpg.run("--export", gpg.address)
    assert send(post, victim)["method"] == "pickup"
    assert row(world, victim)[0] == "nothing"


def test_server_that_never_answers_serves_the_next_message(world, post, gpg):
    target, held = wkd_target(gpg.address), []
    world.keys[target] = lambda request: held.append(request.until_it_leaves())
    assert send(post, gpg.address)["method"] == "pickup"
    world.keys[target] = gpg.run("--export", gpg.address)
    sandbox.wait_until(lambda: (row(world, gpg.address) or [""])[0] == "found", "the courier to ask again", 90)
    assert send(post, gpg.address)["method"] == "pgp"
    sandbox.wait_until(lambda: held, "the finder to leave the server alone")


def test_finder_killed_while_it_asks(world, post, gpg):
    """The mail goes on by what the rule allows besides, and the key arrives once the finder is back."""
    target = wkd_target(gpg.address)

    def kill(request):
        os.kill(world.finder.program.pid, signal.SIGKILL)
        request.until_it_leaves()

    world.keys[target] = kill
    assert send(post, gpg.address)["method"] == "pickup"
    world.keys[target] = gpg.run("--export", gpg.address)
    world.finder.program.wait()
    world.finder.start()
    assert send(post, gpg.address)["method"] == "pgp"
    assert b"Hello." in people.open_pgp([m for m in post.box(gpg.address).wait(2) if "encrypted" in m["Content-Type"]][0], gpg)


# --- CRLs and OCSP ---

class Published(Issuer):
    """An authority whose answers are at the web server, each at a path of its own."""

    def __init__(self, world, name):
        super().__init__(world, name, "hard")
        self.url, self.paths = f"http://{name}.{LISTS}", {}
        world.finder.hosts.write_text(world.finder.hosts.read_text() + f"{world.web.address} {name}.{LISTS}\n")
        world.web.handlers[f"{name}.{LISTS}"] = lambda request: self.paths[request.target](request)

    def certified(self, post, address, path, handler, ocsp=False):
        """The handler answers what is asked about the certificate; returns what became of a mail, and the certificate."""
        self.crl_url = self.ocsp_url = f"{self.url}{path}"
        base = self.person(address, crl=not ocsp, ocsp=ocsp)
        self.paths[path] = handler(base)
        began = time.monotonic()
        copy = send(post, address)
        return copy, base, time.monotonic() - began


@pytest.fixture
def published(world, name):
    return Published(world, f"published{name}")


def test_crl_of_a_web_server_that_does_as_it_likes(world, post, published, name):
    """A hard authority: what cannot be had, or does not count, is no evidence; and nobody waits longer than the budget. Promise 1."""
    day = datetime.timedelta(days=1)
    times = {what: ("-crl_lastupdate", f"{begin:%Y%m%d%H%M%SZ}", "-crl_nextupdate", f"{begin + day:%Y%m%d%H%M%SZ}")
             for what, begin in (("old", NOW - 9 * day), ("future", NOW + 9 * day))}
    published.issue("stranger", "/O=Example Trust/CN=Example Root", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign", sign=False)
    good = published.crl()
    lists = {"old": published.crl(*times["old"]), "future": published.crl(*times["future"]), "wrong-signer": published.crl(key="stranger"),
             "huge": good + bytes(4 << 20), "followed-by-more": good + b"0"}
    published.paths["/moved.crl"] = lambda request: request.reply(good)

    def says(content, **how):
        return lambda base: lambda request: request.reply(content, **how)

    def redirects(target):
        return says(b"", status="302 Found", fields=(f"Location: {target}",))
    handlers = {
        "good": says(good), "redirecting": redirects(f"{published.url}/moved.crl"),
        **{what: says(content) for what, content in lists.items()},
        "dying": says(good[:len(good) // 2], length=len(good)), "gone": says(b"", status="404 Not Found"),
        "round": redirects(f"{published.url}/round"), "inwards": redirects("http://127.0.0.9/x.crl"),
        "never": lambda base: lambda request: request.until_it_leaves(),
        "slow": lambda base: lambda request: request.until_it_leaves(send=b"0")}
    for number, (what, handler) in enumerate(handlers.items()):
        copy, base, seconds = published.certified(post, f"{name}c{number}@auto.example", f"/{what}", handler)
        usable = what in ("good", "redirecting")
        assert copy["method"] == ("smime" if usable else "pickup"), what
        assert state(world, base) == ("good" if usable else "unchecked"), what
        assert seconds < 40, what

    def revokes(base):
        published.revoke(base)
        return lambda request: request.reply(published.crl())
    copy, base, _ = published.certified(post, f"{name}r@auto.example", "/revoked", revokes)
    assert (copy["method"], state(world, base)) == ("pickup", "revoked")


def test_responder_that_does_as_it_likes(world, post, published, name):
    """openssl ocsp makes the answers, at the right and at other times, by the right signer and another, about another."""
    published.issue("stranger", "/CN=Nobody", "keyUsage=digitalSignature\nextendedKeyUsage=OCSPSigning", sign=False)
    type_ = "Content-Type: application/ocsp-response"

    def says(change=lambda content: content, about=None, length=None, **how):
        def handler(base):
            answer = published.responder(*([base] if about is None else about), **how)

            def reply(request):
                content = answer(request.body)
                request.reply(change(content), fields=(type_,), length=length and length(content))
            return reply
        return handler
    other = published.person(f"{name}other@auto.example", importing=False)
    another = []

    def about_another(base):
        """Signed, in time, and about a certificate that nobody asked for."""
        path = published.directory / "other.req"
        sandbox.command("openssl", "ocsp", "-issuer", published.directory / "authority.pem", "-cert", f"{other}.pem", "-reqout", path)
        another.append(published.responder(other)(path.read_bytes()))
        return lambda request: request.reply(another[0], fields=(type_,))
    handlers = {
        "good": says(), "wrong-signer": says(signer="stranger"), "unknown": says(about=()), "about-another": about_another,
        "old": says(clock=("env", f"LD_PRELOAD={FAKETIME}", "FAKETIME=-2d")),
        "future": says(clock=("env", f"LD_PRELOAD={FAKETIME}", "FAKETIME=+2d")),
        "huge": says(change=lambda content: content + bytes(1 << 20)), "dying": says(change=lambda content: content[:9], length=len),
        "page": lambda base: lambda request: request.reply(b"<html>", fields=("Content-Type: text/html",)),
        "redirecting": lambda base: lambda request: request.reply(status="302 Found", fields=(f"Location: {published.url}/good",))}
    for number, (what, handler) in enumerate(handlers.items()):
        copy, base, _ = published.certified(post, f"{name}o{number}@auto.example", f"/{what}", handler, ocsp=True)
        assert copy["method"] == ("smime" if what == "good" else "pickup"), what
        assert state(world, base) == ("good" if what == "good" else "unchecked"), what


def test_openssls_own_responder_is_asked(world, post, published, name):
    """The real `openssl ocsp` as a server: one that is good, one that was revoked, and none any more."""
    good, bad, late = (f"{name}{which}@auto.example" for which in "gbl")
    port, = sandbox.free_ports(1)
    published.ocsp_url = f"http://{world.web.address}:{port}/"
    known = [published.person(address, crl=False, ocsp=True) for address in (good, bad, late)]
    published.revoke(known[1], "superseded")
    log = published.directory / "responder.log"
    with contextlib.ExitStack() as stack:
        responder = stack.enter_context(subprocess.Popen(
            ["openssl", "ocsp", "-index", published.index(*known), "-port", str(port), "-CA", published.directory / "authority.pem", "-nmin", "60",
             "-rsigner", published.directory / "authority.pem", "-rkey", published.directory / "authority.key"],
            stdout=subprocess.DEVNULL, stderr=stack.enter_context(log.open("wb"))))
        stack.callback(responder.kill)
        sandbox.wait_until(lambda: "waiting for OCSP client connections" in log.read_text(), "the responder", 60)
        assert [send(post, address)["method"] for address in (good, bad)] == ["smime", "pickup"]
        assert [state(world, base) for base in known] == ["good", "revoked", None]
    assert send(post, late)["method"] == "pickup"
    assert state(world, known[2]) == "unchecked"
