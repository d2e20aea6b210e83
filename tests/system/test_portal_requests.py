"""Requests that no browser would send."""
import http.client
import re
import urllib.parse

import pytest
from messages import multipart, part
from person import PASSWORD, PORTAL_RULES as RULES, send
from visitor import Visitor
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


# --- addresses ---

ADDRESSES = ["inj@plain.example> ORCPT=rfc822;evil", "inj@plain.example>\r\nRCPT TO:<x@evil.example", "a b@plain.example",
             '"a>b"@plain.example', "a@plain.example>", "<a@plain.example", "a@[127.0.0.1]",
             "@relay.example:a@plain.example", "a%evil.example@plain.example", "evil.example!a@plain.example", "a@plain.example.",
             "a@plain", "a@-plain.example", "a@plain..example", "a@b@plain.example",
             "a\u202e@plain.example", "a\u00a0b@plain.example", "a@plain.example (x)", "x" * 310 + "@plain.example",
             "a@" + ".".join(["b" * 60] * 5), "a@plain\x00.example"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_that_are_no_plain_address(person, address):
    """SMTP parameters were added through the form, and lines of the log forged: RFC 5321 §4.1.2."""
    count = "select count(*) from postseal.address_proof"
    before = person.world.postgres.query(count)
    for path in ("/join", "/signin"):
        person.browser.get(path)
        answer = person.browser.send({"address": address, "password": PASSWORD})
        assert answer.status in (400, 403, 413), path
    assert person.world.postgres.query(count) == before
    assert "evil" not in person.world.log("postseal-portal")


@pytest.mark.parametrize("address", ["o'neil+tag@sub.plain.example", "müller@bücher.example", "x_y=z@a-b.example", " blank@plain.example "])
def test_addresses_that_people_have(person, address):
    person.browser.get("/join")
    assert person.browser.send({"address": address}).status == 200


def test_no_line_of_the_log_is_forged(person):
    """By an address such as x@y>, network=198.51.100.0/24: what a program reads there comes before it, and it is quoted."""
    person.browser.get("/signin")
    person.browser.send({"address": f"{person.address}", "password": "wrong password"})
    person.browser.get("/signin")
    person.browser.send({"address": "x'{network=198.51.100.0/24}@pickup.example", "password": "wrong password"})
    lines = [line for line in person.world.log("postseal-portal").splitlines() if "password is wrong" in line]
    assert lines[-2].endswith(f'password is wrong: network=127.0.0.0/24, address="{person.address}"')
    assert lines[-1].endswith("address=\"x'{network=198.51.100.0/24}@pickup.example\"") and ": network=127.0.0.0/24, " in lines[-1]


# --- who is in front ---

def network_of(world, forwarded):
    """What the portal takes for the network of a client whose request has these fields X-Forwarded-For."""
    visitor = Visitor(f"http://localhost:{world.ports['portal']}")
    visitor.get("/signin")
    fields = {**visitor.form()[1], "address": "x@pickup.example", "password": "wrong password"}
    link = http.client.HTTPConnection("127.0.0.1", world.ports["portal"], timeout=20)
    link.putrequest("POST", "/signin")
    body = urllib.parse.urlencode(fields).encode()
    for name, value in (("Content-Length", str(len(body))), ("Content-Type", "application/x-www-form-urlencoded"),
                        ("Cookie", "; ".join(f"{c.name}={c.value}" for c in visitor.jar)),
                        *(("X-Forwarded-For", value) for value in forwarded)):
        link.putheader(name, value)
    link.endheaders(body)
    assert link.getresponse().status == 403
    return re.findall(r"password is wrong: network=(\S+),", world.log("postseal-portal"))[-1]


@pytest.mark.parametrize("forwarded, network", [
    ([], "127.0.0.0/24"), (["203.0.113.7"], "203.0.113.0/24"), (["203.0.113.7, 198.51.100.9"], "198.51.100.0/24"),
    (["203.0.113.7", "198.51.100.9"], "198.51.100.0/24"), (["203.0.113.7, 192.0.2.1", "198.51.100.9"], "198.51.100.0/24"),
    (["203.0.113.7", "2001:db8:1:2:3::4"], "2001:db8:1:2::/64"), (["::ffff:203.0.113.7"], "203.0.113.0/24"),
    (["198.51.100.9, nonsense"], "unknown"), (["198.51.100.9", ""], "unknown")])
def test_the_clients_own_x_forwarded_for_is_not_believed(world, forwarded, network):
    """A client sends the field, too; the last is the one that our web server added."""
    assert network_of(world, forwarded) == network
