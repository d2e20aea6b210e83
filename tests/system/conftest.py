"""Each test file has a world of its own, so that files can run in parallel."""
import email.utils
import itertools
import os
import pathlib
import smtplib
import sys

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "contrib" / "sandbox"), str(SOURCE / "tests" / "inject"),
               str(SOURCE / "tests" / "browser")]

import people  # noqa: E402
import world as sandbox  # noqa: E402
from chromium import Chromium  # noqa: E402
from person import Person  # noqa: E402

BUILD = pathlib.Path(os.environ.get("POSTSEAL_BUILD", SOURCE / "build"))


@pytest.fixture(scope="module")
def world(request):
    name = pathlib.Path(request.module.__file__).stem
    rules = getattr(request.module, "RULES", sandbox.RULES)
    settings = getattr(request.module, "SETTINGS", "")
    kind = getattr(request.module, "WORLD", sandbox.World)
    made = kind(BUILD / "tests" / "world" / name, BUILD, parameters=getattr(request.module, "PARAMETERS", None))
    try:
        made.start(rules, settings, getattr(request.module, "prepare", None))
        made.postseal("key", "import", "--root", made.directory / "keys" / "authority.pem")
        yield made
    finally:
        made.stop()


numbers = itertools.count(1)


@pytest.fixture(scope="module")
def started_chromium():
    driver = Chromium(BUILD)
    yield driver
    driver.close()


@pytest.fixture
def chromium(started_chromium):
    """Without the windows of other tests, each of which is a process that draws."""
    yield started_chromium
    started_chromium.run("for (const context of browser.contexts()) await context.close();")


@pytest.fixture
def name():
    """A local part that no other test uses."""
    return f"r{next(numbers)}"


class Post:
    """An employee's mail client."""

    def __init__(self, world):
        self.world = world
        self.sender = "anna@example.com"
        self.port = world.ports["submission"]

    def compose(self, to, body=b"Hello.\r\n", subject="Hello", fields=(), content=b"text/plain; charset=utf-8",
                sender=None, message_id=None):
        """Bytes of a message; `content` is the value of Content-Type and what follows it."""
        sender = self.sender if sender is None else sender
        head = [f"From: <{sender}>", f"To: {', '.join(to) if to else 'undisclosed-recipients:;'}",
                f"Subject: {subject}", f"Message-ID: {message_id or email.utils.make_msgid(domain='example.com')}",
                f"Date: {email.utils.formatdate()}", "MIME-Version: 1.0", *fields]
        return "\r\n".join(head).encode() + b"\r\nContent-Type: " + content + b"\r\n\r\n" + body

    def send(self, message, to, sender=None, options=(), rcpt_options=()):
        """Sends like an SMTP client; returns the reply to the end of the data."""
        with smtplib.SMTP("127.0.0.1", self.port) as smtp:
            smtp.ehlo()
            code, text = smtp.mail(self.sender if sender is None else sender, ["BODY=8BITMIME", *options])
            assert code == 250, text
            for address in to:
                code, text = smtp.rcpt(address, rcpt_options)
                assert code == 250, text
            code, text = smtp.data(message)
            return code, text.decode()

    def accepted(self, message, to, **options):
        code, text = self.send(message, to, **options)
        assert code == 250, text

    def box(self, address):
        return people.Mailbox(self.world, address)

    def copies(self, address):
        """What the log says about the copies for an address."""
        rows = self.world.postgres.query(
            "select method, state, reason, array_to_string(keys, ' '), coalesce(signed_by, ''), message"
            f" from postseal.log where recipient = '{address}' order by offered_at, copy")
        return [dict(zip(("method", "state", "reason", "keys", "signed_by", "message"), row)) for row in rows]


@pytest.fixture
def post(world):
    return Post(world)


@pytest.fixture
def person(world, post, name):
    """Someone outside to whom an employee writes for the first time."""
    post.sender = f"{name}.sender@example.com"
    world.postgres.query("delete from postseal.throttle")  # all come from one network
    return Person(world, post, f"{name}@pickup.example")
