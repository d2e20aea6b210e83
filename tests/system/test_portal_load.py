"""The portal under load, much of it malicious: nobody waits for what someone else does."""
import concurrent.futures
import contextlib
import pathlib
import re
import socket
import subprocess
import time

import pytest
import world as sandbox
from messages import base64_lines, multipart as multipart_of, noise, part
from person import PORTAL_RULES as RULES, Person, send  # noqa: F401
from test_reader import same_browser
from visitor import Visitor, multipart

ELSEWHERE = {"X-Forwarded-For": "198.51.100.7"}
ATTACKERS = {"X-Forwarded-For": "203.0.113.7"}


@pytest.fixture
def member(person):
    send(person)
    person.unlock()
    person.enrol()
    return person


@contextlib.contextmanager
def locked(world, what):
    """Rows that nobody else can change meanwhile: whoever wants to has to wait, as for anything slow."""
    client = subprocess.Popen(["psql", "-X", "-q", "-t", "-d", world.postgres.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    client.stdin.write(f"begin; select 'locked ' || count(*) from (select from {what} for update) as rows;\n")
    client.stdin.flush()
    try:
        assert "locked" in client.stdout.readline()
        yield
    finally:
        client.stdin.close()
        client.wait(20)


def seconds_of(visitor, path):
    begun = time.monotonic()
    assert visitor.get(path).status == 200
    return time.monotonic() - begun


def signing_in(world, headers):
    visitor = Visitor(f"http://localhost:{world.ports['portal']}", headers)
    visitor.get("/signin")
    return visitor


def wrong_password(visitor):
    return visitor.send({"address": "nobody@pickup.example", "password": "wrong password"}).status


def test_new_cookie_for_each_request_is_no_new_visitor(world, member):
    """A client that sent a new cookie each time had a thread each time, and after eight of them
    nobody else was served. Those requests wait here for a row of the attackers' network; members on
    that network, and other visitors, do not wait."""
    wrong_password(signing_in(world, ATTACKERS))
    attackers = [signing_in(world, ATTACKERS) for _ in range(40)]
    assert len({c.value for a in attackers for c in a.jar}) == len(attackers)
    neighbour = same_browser(member)
    neighbour.headers.update(ATTACKERS)
    neighbour.get("/inbox")
    member.browser.headers.update(ELSEWHERE)
    with concurrent.futures.ThreadPoolExecutor(len(attackers)) as pool:
        with locked(world, "postseal.throttle"):
            asked = [pool.submit(wrong_password, attacker) for attacker in attackers]
            # More is turned away at once than a network may have waiting.
            done, _ = concurrent.futures.wait(asked, 20, concurrent.futures.FIRST_COMPLETED)
            assert {a.result() for a in done} == {503}
            for visitor in (signing_in(world, ELSEWHERE), member.browser, neighbour):
                assert max(seconds_of(visitor, page) for page in ("/settings", "/", "/style.css") * 3) < 2
        # Those who waited are answered: the password is wrong, or there were too many.
        assert {a.result() for a in asked} == {403, 429, 503}
    assert sum(a.result() != 503 for a in asked) >= 30


# --- what comes in ---

MEMORY_MAX = 40_000_000  # more than the portal used before, in bytes


def memory(world):
    status = pathlib.Path(f"/proc/{world.programs['postseal-portal']}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


def half_sent(world, browser, fields, files):
    """A member's form in transit: the end of its last part is missing."""
    body, kind = multipart(fields, files)
    link = socket.create_connection(("127.0.0.1", world.ports["portal"]), timeout=60)
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.jar)
    link.sendall(f"POST /send HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\nContent-Type: {kind}\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n".encode())
    link.sendall(body[:-100])
    return link, body[-100:]


def ended(link, rest):
    """The answer once the rest has arrived."""
    link.sendall(rest)
    answer = link.recv(65536).decode()
    link.close()
    return answer


def test_half_sent_files_do_not_fill_the_memory(world, member):
    """Each file had 256 kB of memory of its own: 40 forms with 90 files took 720 MB until they were complete."""
    member.browser.get("/write")
    _, form = member.browser.form()
    fields = {**form, "to": "office@example.com", "subject": "Files", "text": "Files.", "action": "keep"}
    files = [("files", f"{i}.bin", "application/octet-stream", b"x" * 200_000) for i in range(90)]
    before = memory(world)
    links = [half_sent(world, member.browser, fields, files) for _ in range(40)]
    assert memory(world) - before < MEMORY_MAX
    answers = [ended(*link) for link in links]
    assert sum("HTTP/1.1 429" in a and "in several windows at once" in a for a in answers) >= 36
    kept = [a for a in answers if "HTTP/1.1 429" not in a]
    # All are the same draft: the first is saved, and what comes from other windows becomes drafts of its own.
    assert sum("Location: /drafts" in a for a in kept) == 1
    assert sum("HTTP/1.1 409" in a and "both versions are kept" in a for a in kept) == len(kept) - 1
    # Those that were kept arrived whole, and there is room again.
    drafts = set(re.findall(r'href="(/draft/[^"]+)"', member.browser.get("/drafts").text))
    assert len(drafts) == len(kept)
    for draft in drafts:
        page = member.browser.get(draft).text
        assert all(f"{i}.bin" in page for i in range(90))
    member.browser.get("/write")
    assert member.browser.send({"to": "office@example.com", "subject": "s", "text": "t", "action": "keep"},
                               files=files[:1]).path == "/drafts"


def test_fields_of_a_form_are_bounded_together(world, member):
    """Each might have a megabyte, and there might be two hundred."""
    member.browser.get("/write")
    _, form = member.browser.form()
    before = memory(world)
    links = [half_sent(world, member.browser, {**form, **{f"f{i}": "x" * 900_000 for i in range(25)}}, []) for _ in range(4)]
    assert memory(world) - before < MEMORY_MAX
    assert all("HTTP/1.1 413" in ended(*link) for link in links)


def test_files_of_a_form_are_kept_apart(world, member):
    """They share one file on disk: each must come out as it went in, the empty one, the small ones
    and the large ones."""
    contents = {"empty": b"", "small": b"a\r\n", "large": noise(3_000_000, "l"), "last": b"\x00\xff" * 40_000}
    member.browser.get("/write")
    answer = member.browser.send({"to": "office@example.com", "subject": "Apart", "text": "t", "action": "send"},
                                 files=[("files", f"{n}.bin", "application/octet-stream", c) for n, c in contents.items()])
    assert answer.path == "/sent", answer.text
    mail = Person(world, member.post, "office@example.com").mail("Apart")
    assert {a.get_filename().removesuffix(".bin"): a.get_payload(decode=True) for a in mail.parsed.iter_attachments()} == contents


# --- the cost of a page ---

def pictured(person, count):
    """A mail that shows one large picture that often; the path of its HTML."""
    subject = f"{count} pictures"
    picture = base64_lines(b"\x89PNG\r\n\x1a\n" + noise(4_000_000, "picture"))
    body = multipart_of("m", part("Content-Type: text/html", b"<p>x</p>" + b'<img src="cid:p@x">\r\n' * count),
                        part("Content-Type: image/png\nContent-ID: <p@x>\nContent-Transfer-Encoding: base64", picture))
    send(person, body, subject=subject, content=b'multipart/related; boundary="m"')
    sandbox.wait_until(lambda: f">{subject}<" in person.browser.get("/inbox").text, subject)
    message = re.search(r'href="/message/([^"]+)"', person.browser.page.text).group(1)  # the newest
    assert person.browser.get(f"/message/{message}").status == 200
    return f"/html/{message}"


def test_picture_named_ten_thousand_times_is_read_once(member):
    """Past what a page may show, each reference read and decrypted the picture again, for nothing."""
    few, many = pictured(member, 4), pictured(member, 10_000)
    begun = time.monotonic()
    shown = member.browser.get(few).body.count(b"data:image/png")
    usual, begun = time.monotonic() - begun, time.monotonic()
    # Each picture is shown once whatever its size; what is shown again shares 16 MB.
    assert shown == 4 and member.browser.get(many).body.count(b"data:image/png") == 5
    assert time.monotonic() - begun < 2 * usual + 1
