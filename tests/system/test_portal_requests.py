"""Requests that no browser would send."""
import re

import pytest
from messages import multipart, part
from person import PORTAL_RULES as RULES, send
def raw_request(world, text):
    import socket
    with socket.create_connection(("127.0.0.1", world.ports["portal"]), timeout=20) as link:
        link.sendall(text)
        link.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/style.css/../../x", "/%2e%2e/%2e%2e/etc/passwd", "//evil.example/", "/m/" + "A" * 9000,
    "/attachment/../../x/0", "/m/%00", "/m/%ff%fe", "/inbox%0d%0aSet-Cookie:%20x=y", "/message/' or 1=1 --",
    "/signin?message=https://evil.example/", "/signin?message=%0d%0aX:%20y", "/?lang=../../x", "/track/<script>"])
def test_odd_paths_are_answered_with_a_plain_page(world, path):
    answer = raw_request(world, f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head = answer.partition(b"\r\n\r\n")[0].decode()
    assert re.match(r"HTTP/1.1 (200|303|400|404|414|431) ", head), head
    assert "evil.example" not in head and "Set-Cookie: x" not in head and "\nX: y" not in head
    assert b"root:" not in answer and b"<script>" not in answer


def test_every_answer_has_its_headers(person):
    send(person)
    person.unlock()
    message = person.browser.page.path.removeprefix("/message/")
    for path in ("/", "/style.css", f"/message/{message}", f"/source/{message}", "/nowhere", "/signin"):
        headers = person.browser.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert ("no-store" in headers["Cache-Control"]) != path.endswith(".css")
    cookies = [c for c in person.browser.jar if c.name == "postseal"]
    assert all(c.has_nonstandard_attr("HttpOnly") and c.get_nonstandard_attr("SameSite") == "Strict" for c in cookies)


def test_forms_are_bounded(person):
    person.browser.get("/signin")
    assert person.browser.send({"address": "a@b.example", "password": "x" * 40000}).status == 413
    fields = {f"f{i}": "x" for i in range(300)}
    person.browser.get("/signin")
    assert person.browser.send(fields).status == 413
    # A file from somebody who is not signed in is not kept, and they are told in words.
    answer = person.browser.ask("/send", b"--form\r\n" + b"y" * 5_000_000, "multipart/form-data; boundary=form")
    assert answer.status == 403 and "signed out" in answer.text


def test_parts_of_a_form_without_names(person):
    """libmicrohttpd hands them over without one, and the portal died of it, before anybody had signed in."""
    body = multipart("form", part("Content-Disposition: form-data", b"nobody's"),
                     part('Content-Disposition: form-data; filename="f"', b"nobody's"))
    for path in ("/signin", "/join", "/send"):
        assert person.browser.ask(path, body, "multipart/form-data; boundary=form").status == 403
