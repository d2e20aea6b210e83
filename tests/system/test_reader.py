"""postseal-reader: untrusted content is parsed where it can do no harm, and nobody else waits for
it.

A mail of 9 kB once kept the portal busy for 4 s and took 196 MB, one of 37 kB took 84 s and 3 GB,
and one of 100 kB that consisted only of <div> took 118 s; all visitors of that thread waited.
"""
import base64
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import hostile_html
import pytest
import world as sandbox
from conftest import BUILD
from person import PORTAL_RULES as RULES, Person, send
from visitor import Visitor

READER = BUILD / "bin" / "postseal-reader"
DONE, NO_FORMAT, TOO_LARGE, TOO_DEEP, TOO_MUCH_WORK, TOO_MUCH_MEMORY = range(6)
MEMORY_MAX = 150_000_000
# The worst of each kind that was found, by the size of the mail (bytes).
KNOWN = {
    "8.9 kB": b"<p>" + b"".join(b"<b id=%d>" % i for i in range(500)) + b"<p>x" * 1000,
    "37 kB": b"<p>" + b"".join(b"<b id=%d>" % i for i in range(2000)) + b"<p>x" * 4000,
    "100 kB": b"<div>" * 19990,
}
SAMPLE = 300 if os.environ.get("POSTSEAL_THOROUGH") else 40  # of the documents that the reader alone is given by the thousand
SANITIZED = "sanitize" in (BUILD / "CMakeCache.txt").read_text().partition("POSTSEAL_SANITIZE:")[2].partition("\n")[0]


class Reader:
    """A process that waits for its document."""

    def __init__(self):
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.pid = os.posix_spawn(READER, [str(READER)], {}, file_actions=[
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)])
        theirs.close()

    def ask(self, kind, document):
        """Outcome, answer, and seconds of work; the process has ended."""
        try:
            self.socket.sendall(struct.pack("=24sI", kind, len(document)) + document)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it needs no more to refuse
        answer = bytearray()
        try:
            while piece := self.socket.recv(1 << 16):
                answer += piece
        except ConnectionResetError:
            pass
        status, usage = self.end()
        assert status == 0, f"the reader died: {status}"
        outcome, length = struct.unpack_from("=II", answer)
        assert len(answer) == 8 + length
        return outcome, bytes(answer[8:]), usage.ru_utime + usage.ru_stime

    def end(self):
        self.socket.close()
        _, status, usage = os.wait4(self.pid, 0)
        return os.waitstatus_to_exitcode(status), usage


def test_ten_thousand_hostile_documents():
    """Each is answered, or refused with a reason; none takes longer than its size allows, or takes
    its reader with it."""
    outcomes, slowest = collections.Counter(), 0
    lock = threading.Lock()

    def read(document):
        nonlocal slowest
        kind, html = document
        outcome, made, seconds = Reader().ask(b"html", html)
        # The budget, and what it takes to start, check and answer; a machine under load is slower.
        allowed = 0.02 + len(html) * 0.5e-6
        with lock:
            outcomes[outcome] += 1
            slowest = max(slowest, seconds / allowed)
        assert seconds < 2 * allowed + 0.1, (kind, len(html), seconds)
        if outcome == DONE:
            lower = made.lower()
            assert not any(word in lower for word in (b"<script", b"<style", b"<svg", b"<iframe", b"<math", b"<template"))

    every = [*hostile_html.documents(20261126, 10_000), *hostile_html.largest(7), *KNOWN.items()]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(read, every))
    print(dict(outcomes), f"slowest {slowest:.2f} of its budget")
    assert sum(outcomes.values()) == len(every) and NO_FORMAT not in outcomes
    assert all(outcomes[o] > 0 for o in (DONE, TOO_LARGE, TOO_DEEP, TOO_MUCH_WORK)), outcomes


def test_mail_that_people_write_is_not_refused():
    """As large as is processed, with the tables and styles of a newsletter, or nested like a long thread."""
    row = (b"<tr><td style='padding:4px;font-family:Arial,sans-serif;color:#333333' align=left valign=top>Hello <a "
           b"href='https://example.com/long?x=1&amp;y=2' style='color:#0066cc'>link</a> and more words of text</td></tr>\n")
    thread = b"<div><blockquote type=cite>" * 120 + b"<p>text</p>" * 2000 + b"</blockquote></div>" * 120
    for html in (b"<table>" + row * 4000 + b"</table>", thread, b"<p>Text &amp; <b>bold</b>, and <i>more</i>.</p>\n" * 15000):
        outcome, made, _ = Reader().ask(b"html", html)
        assert outcome == DONE and len(made) > 0.8 * len(html)


def test_reader_has_given_up_everything_before_it_reads():
    """As reported by the kernel."""
    reader = Reader()
    proc = pathlib.Path(f"/proc/{reader.pid}")

    def status(name):
        return (proc / "status").read_text().partition(f"\n{name}:")[2].partition("\n")[0].strip()

    if not SANITIZED:
        sandbox.wait_until(lambda: status("Seccomp") == "2", "the filter of system calls")
    else:
        sandbox.wait_until(lambda: status("NoNewPrivs") == "1", "no new privileges")
    assert status("NoNewPrivs") == "1"
    assert os.listdir(proc / "fd") == ["0"]
    limits = {line[:26].strip(): line[26:].split()[:2] for line in (proc / "limits").read_text().splitlines()}
    assert limits["Max file size"] == limits["Max core file size"] == limits["Max processes"] == ["0", "0"]
    assert limits["Max open files"] == ["1", "1"]
    assert SANITIZED or int(limits["Max address space"][1]) < MEMORY_MAX
    assert (proc / "environ").read_bytes() == b""
    assert reader.end()[0] == 0


def test_reader_ends_with_the_one_who_started_it():
    reader = Reader()
    assert reader.end()[0] == 0


# --- through the portal ---

@pytest.fixture
def person(world, post, name):
    post.sender = f"{name}.sender@example.com"
    return Person(world, post, f"{name}@pickup.example")


def html_of(person, html, text=b"The same as text.\r\n"):
    """Sends a mail with text and HTML; returns the paths of its page and of its HTML, once it has arrived."""
    body = (b"--b\r\nContent-Type: text/plain\r\n\r\n" + text + b"\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + lines_of(html) + b"\r\n--b--\r\n")
    known = set(messages(person))
    send(person, body, content=b'multipart/alternative; boundary="b"')
    fresh = sandbox.wait_until(lambda: set(messages(person)) - known, "the message")
    return f"/message/{next(iter(fresh))}", f"/html/{next(iter(fresh))}"


def lines_of(html):
    return base64.encodebytes(html).replace(b"\n", b"\r\n")


def messages(person):
    return [link.split("/message/")[1] for link in person.browser.get("/inbox").text.split('"')
            if link.startswith("/message/")]


@pytest.fixture
def member(person):
    send(person)
    person.unlock()
    person.enrol()
    return person


def children(pid):
    return [int(p) for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children") for p in task.read_text().split()]


def memory(pid, what="VmHWM"):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return int(status.partition(f"{what}:")[2].split(maxsplit=1)[0]) * 1024 if what in status else 0


def test_hostile_mail_is_shown_as_text(member):
    for html in KNOWN.values():
        page, frame = html_of(member, html)
        begun = time.monotonic()
        shown = member.browser.get(frame)
        assert time.monotonic() - begun < 5
        assert shown.status == 200 and "formatted version of this message cannot be shown here" in shown.text
        assert "The same as text." in member.browser.get(page).text


def same_browser(person):
    """Another connection of the same browser, with its cookies."""
    visitor = Visitor(person.browser.portal)
    for cookie in person.browser.jar:
        visitor.jar.set_cookie(cookie)
    return visitor


def readers(world):
    return [p for p in children(world.programs["postseal-portal"]) if name_of(p) == "postseal-reader"]


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def memory_of_all(world):
    """Used by the portal and its readers, now."""
    return sum(memory(pid, "VmRSS") for pid in (world.programs["postseal-portal"], *readers(world)))


class Round:
    """Another visitor's pages, again and again, while some visitors request hostile ones."""

    def __init__(self, world, attackers, hostile, pages, seconds=6):
        self.seconds, self.largest, self.answered = [], 0, collections.Counter()
        self.ended = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(len(attackers)) as pool:
            asking = [pool.submit(self.keep_asking, attacker, hostile, i) for i, attacker in enumerate(attackers)]
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for visitor, page in pages:
                    begun = time.monotonic()
                    assert visitor.get(page).status == 200
                    self.seconds.append(time.monotonic() - begun)
                    self.largest = max(self.largest, memory_of_all(world))
            self.ended.set()
            for one in asking:
                one.result()

    def keep_asking(self, attacker, hostile, start):
        for i in range(start, start + 10_000):
            if self.ended.is_set():
                return
            self.answered[attacker.get(hostile[i % len(hostile)]).status] += 1

    def slow(self):
        """The time that 99 of 100 pages did not exceed."""
        return sorted(self.seconds)[len(self.seconds) * 99 // 100]


def test_other_visitors_do_not_wait_for_hostile_mail(world, member, post):
    """The worst of each kind, and some of the generated ones, requested by eight browsers of one account without pause: another
    visitor's pages, HTML included, take at most 200 ms at the 99th percentile, in the best of three
    rounds (the machine runs other tests as well), and portal and readers together stay below 150
    MB."""
    other = Person(world, post, "other.visitor@pickup.example")
    send(other)
    other.unlock()
    other.enrol()
    page, frame = html_of(other, b"<p>An <b>ordinary</b> mail.</p>" * 50)
    made = [*hostile_html.largest(3), *hostile_html.documents(20261128, SAMPLE)]
    hostile = [html_of(member, html)[1] for html in (*KNOWN.values(), *(html for _, html in made))]
    attackers = [same_browser(member) for _ in range(8)]
    pages = [(other.browser, path) for path in ("/inbox", page, frame)] + [(Visitor(other.browser.portal), "/signin")]
    rounds = []
    while len(rounds) < 3 and not (rounds and rounds[-1].slow() < 0.2):
        rounds.append(Round(world, attackers, hostile, pages))
        assert rounds[-1].answered[200] > 0 and set(rounds[-1].answered) <= {200, 503}
    if not SANITIZED:
        assert min(r.slow() for r in rounds) < 0.2
        assert max(r.largest for r in rounds) < MEMORY_MAX


def test_reader_that_is_killed_at_work_costs_one_view(world, member):
    """Only that view: the next one is shown."""
    slow = dict(hostile_html.largest(3))["nesting"]
    page, frame = html_of(member, slow)
    _, good = html_of(member, b"<p>Well <b>formed</b></p>")

    def kill_one():
        for pid in readers(world):
            if memory(pid, "VmRSS") > 8_000_000:
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(same_browser(member).get, frame)
        sandbox.wait_until(lambda: kill_one() or asked.done(), "a reader at work")
        assert "formatted version of this message cannot be shown here" in asked.result().text
    assert "Well <b>formed</b>" in member.browser.get(good).text


def checked(world):
    """What `postseal check` says, whatever its opinion of the machine's own Postfix."""
    return subprocess.run([world.bin / "postseal", "-f", world.config, "check"], capture_output=True).stdout.decode()


def test_without_the_program_the_text_is_shown_and_check_says_so(world, member, tmp_path):
    page, frame = html_of(member, b"<p>Hello</p>", b"Hello as text.")
    folder, bin_folder = tmp_path / "bin", world.bin
    folder.mkdir(mode=0o755)
    for name in ("postseal-portal", "postseal"):
        shutil.copy(bin_folder / name, folder / name)
    world.stop_program("postseal-portal")
    try:
        world.bin = folder
        for parent in (tmp_path, *tmp_path.parents[:3]):
            parent.chmod(parent.stat().st_mode | 0o055)
        world.start_program("postseal-portal")
        assert "formatted version of this message cannot be shown here" in member.browser.get(frame).text
        assert "Hello as text." in member.browser.get(page).text
        assert re.search("reader +WRONG: .*postseal-reader", checked(world))
        world.stop_program("postseal-portal")
    finally:
        world.bin = bin_folder
        world.start_program("postseal-portal")
    assert "<p>Hello</p>" in member.browser.get(frame).text
    assert re.search("reader +good", checked(world))
