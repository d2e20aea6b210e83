"""Keys from a real Web Key Directory (HTTPS), through the real finder and the real Postfix."""
import os
import signal
import urllib.parse

import pytest

import internet
import people
import world as sandbox

RULES = """
match recipient domain "auto.example"  deliver smime, pgp, pickup
otherwise                              deliver plain
"""
SETTINGS = "keys from database, wkd  within 3 seconds"
HOST = "openpgpkey.auto.example"


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
