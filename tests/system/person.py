"""Someone outside the company: a mailbox and a browser, and what they do in the portal."""
import base64
import hashlib
import hmac
import re
import struct
import subprocess
import time

import people
import world as sandbox
from visitor import Visitor

PASSWORD = "correct horse battery"
PORTAL_RULES = """
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


class Person:
    """Someone outside, with a mailbox and a browser."""

    def __init__(self, world, post, address, **headers):
        self.world, self.post, self.address = world, post, address
        self.browser = Visitor(f"http://localhost:{world.ports['portal']}", headers)

    def mails(self, subject):
        return [m for m in (people.Received(f.read_bytes()) for f in self.post.box(self.address).files())
                if subject in str(m["Subject"])]

    def mail(self, subject, count=1):
        """The newest mail with this in its subject, once there are `count` of them."""
        return sandbox.wait_until(lambda: len(self.mails(subject)) >= count and self.mails(subject)[-1],
                                  f"{count} mails about {subject!r} for {self.address}")

    def unlock(self, count=1):
        """Opens the newest message with link and code."""
        link = self.mail("Protected message", count).link()
        code = sandbox.wait_until(lambda: self.code(count), "the code")
        self.browser.get(link)
        return self.browser.send({"code": code})

    def code(self, count=1):
        found = [people.Received(f.read_bytes()) for f in self.post.box(self.post.sender).files()]
        codes = [m.codes()[self.address] for m in found
                 if "Unlock code" in str(m["Subject"]) and self.address in m.codes()]
        return len(codes) >= count and codes[-1]

    def enrol(self, password=PASSWORD):
        self.browser.get("/enrol")
        answer = self.browser.send({"password": password, "again": password})
        assert answer.status == 200 and "recovery" in answer.text, answer.text
        return re.search(r"(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}", answer.text).group(0)

    def sign_in(self, password=PASSWORD, browser=None):
        browser = browser or self.browser
        browser.get("/signin")
        return browser.send({"address": self.address, "password": password})

    def confirm(self, password=PASSWORD, **fields):
        """Confirms the person's identity again, before a key, the password or the second factor is changed."""
        self.browser.get("/settings/confirm")
        return self.browser.send({"password": password, **fields}, action="/settings/confirm")


def send(person, body=b"The secret is 42.\r\n", subject="About your account", **options):
    post = person.post
    post.accepted(post.compose([person.address], body, subject=subject, **options), [person.address])


def state(person):
    return person.post.copies(person.address)[-1]["state"]


def totp(secret, step=0):
    """An app's code (RFC 6238), now or some half-minute steps away. That of the step before is soon too old to be taken: it is
    told when there is time left to type it."""
    if step < 0:
        sandbox.wait_until(lambda: time.time() % 30 < 15, "a half minute to begin")
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


def dump(world):
    """The whole database, as a thief would take it."""
    return subprocess.run(["pg_dump", "--inserts", "-d", world.postgres.url], check=True, capture_output=True).stdout
