"""Visitors who send a byte now and then, and so were never silent: each could keep a connection for ever."""
import socket
import threading
import time

import pytest
from person import PORTAL_RULES as RULES, send  # noqa: F401

FORM_SECONDS = 45
LATE = 15  # seconds, if the machine is busy


class Slow(threading.Thread):
    """Sends `begin`, and then a byte a second until it is cut off or answered, or `most` seconds are over."""

    def __init__(self, world, begin, most):
        super().__init__()
        self.link = socket.create_connection(("127.0.0.1", world.ports["portal"]), timeout=5)
        self.begin, self.most, self.seconds, self.answer = begin, most, None, b""
        self.start()

    def run(self):
        begun = time.monotonic()
        self.link.sendall(self.begin)
        self.link.settimeout(1)
        while (seconds := time.monotonic() - begun) < self.most:
            try:
                self.link.sendall(b"x")
                self.answer = self.link.recv(65536)
                break
            except TimeoutError:
                continue
            except OSError:
                break
        self.seconds = seconds
        self.link.close()


def head(browser, path, kind, length):
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.jar)
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n").encode()


@pytest.fixture
def member(person):
    send(person)
    person.unlock()
    person.enrol()
    return person


def test_slow_forms_are_ended_and_those_that_go_on_are_not(world, member):
    """A form has 45 seconds; one with files has longer, as long as they arrive at 8 kB a second."""
    part = b'--m\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    files = head(member.browser, "/send", "multipart/form-data; boundary=m", 20_000_000) + part
    most = FORM_SECONDS + LATE
    slow = [Slow(world, head(member.browser, "/signin", "application/x-www-form-urlencoded", 30_000) + b"address=", most),
            Slow(world, files, most)]
    steady = Slow(world, files + b"y" * 1_000_000, most)
    for one in (*slow, steady):
        one.join()
    assert all(FORM_SECONDS - 2 < one.seconds < most and one.answer == b"" for one in slow), [one.seconds for one in slow]
    assert steady.seconds >= most
