"""Requests that no browser would send."""
import http.client
import json
import re
import socket
import struct
import urllib.parse

import pytest
import world as sandbox
from messages import multipart, part
from person import PASSWORD, PORTAL_RULES as RULES, send
from visitor import Visitor


def raw_request(world, text):
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
    # A file from a visitor who is not signed in is not kept, and the visitor is told so.
    answer = person.browser.ask("/send", b"--form\r\n" + b"y" * 5_000_000, "multipart/form-data; boundary=form")
    assert answer.status == 403 and "signed out" in answer.text


def test_parts_of_a_form_without_names(person):
    """libmicrohttpd passes them on without a name, and the portal died, before anyone had signed in."""
    body = multipart("form", part("Content-Disposition: form-data", b"nobody's"),
                     part('Content-Disposition: form-data; filename="f"', b"nobody's"))
    for path in ("/signin", "/join", "/send"):
        assert person.browser.ask(path, body, "multipart/form-data; boundary=form").status == 403


# --- requests that can be read in two ways ---

NEXT = b"GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n"  # which must not be taken for a separate request
AMBIGUOUS = {
    "two lengths": b"Host: x\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nabcde",
    "one length twice": b"Host: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
    "length and chunks": b"Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "a blank before the colon": b"Host: x\r\nTransfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\nabc",
    "unknown coding": b"Host: x\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
    "two codings": b"Host: x\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "list of codings": b"Host: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "folded coding": b"Host: x\r\nTransfer-Encoding:\r\n  gzip,\r\n chunked\r\n\r\n0\r\n\r\n",
    "signed length": b"Host: x\r\nContent-Length: +5\r\n\r\nabcde",
    "negative length": b"Host: x\r\nContent-Length: -5\r\n\r\nabcde",
    "hexadecimal length": b"Host: x\r\nContent-Length: 0x5\r\n\r\nabcde",
    "list of lengths": b"Host: x\r\nContent-Length: 5, 5\r\n\r\nabcde",
    "length and more": b"Host: x\r\nContent-Length: 5 0\r\n\r\nabcde",
    "no length": b"Host: x\r\nContent-Length: \r\n\r\n",
    "length beyond all": b"Host: x\r\nContent-Length: 18446744073709551616\r\n\r\nabcde",
    "chunk beyond all": b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabcde\r\n0\r\n\r\n",
    "negative chunk": b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabcde\r\n0\r\n\r\n",
    "hexadecimal chunk": b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
    "chunk that is longer": b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n0\r\n\r\n",
    "two hosts": b"Host: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n",
    "no host": b"Content-Length: 0\r\n\r\n",
    "odd name": b"Host: x\r\nX(Y): z\r\nContent-Length: 0\r\n\r\n",
}


def answers(world, text):
    """Status lines of the answers, until the portal closes the connection."""
    with socket.create_connection(("127.0.0.1", world.ports["portal"]), timeout=20) as link:
        link.sendall(text)
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    return {int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", answer)}


@pytest.mark.parametrize("head", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_request_that_can_be_read_in_two_ways_is_refused(world, head):
    """RFC 9112 §11.2: what a web server in front took for the body of one visitor's request was
    taken for the next request, whose answer goes to another visitor. Nothing after such a request
    is read."""
    assert answers(world, b"POST /signin HTTP/1.1\r\n" + head + NEXT) <= {400, 413}


def test_older_requests_have_no_chunks(world):
    assert answers(world, b"POST /signin HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT) == {400}
    assert answers(world, b"GET /style.css HTTP/1.0\r\n\r\n" + NEXT) == {200}


def test_pipelined_requests_are_answered_in_order(world):
    """Including those that are served apart."""
    paths = ["/signin", "/style.css", "/inbox", "/logo.svg", "/join", "/nowhere"]
    text = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths[:-1])
    text += f"GET {paths[-1]} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", world.ports["portal"]), timeout=20) as link:
        link.sendall(text.encode())
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"200", b"200", b"303", b"200", b"200", b"404"]


def test_what_caches_keep_sets_no_cookie(world):
    """The language that one visitor chose was set with the style sheet, which a cache may give to others."""
    browser = Visitor(f"http://localhost:{world.ports['portal']}")
    answer = browser.get("/style.css?lang=de")
    assert "public" in answer.headers["Cache-Control"] and answer.headers["Set-Cookie"] is None
    assert any("language=de" in cookie for cookie in browser.get("/signin?lang=de").headers.get_all("Set-Cookie"))


def test_manifest_names_the_organisation_and_its_icons(world):
    browser = Visitor(f"http://localhost:{world.ports['portal']}")
    page = browser.get("/signin").text
    assert 'rel="manifest" href="/manifest.webmanifest"' in page and 'rel="apple-touch-icon" href="/icon-180.png"' in page
    answer = browser.get("/manifest.webmanifest")
    assert answer.headers["Content-Type"] == "application/manifest+json" and answer.headers["Set-Cookie"] is None
    manifest = json.loads(answer.text)
    assert manifest["name"] == "Example Corp" and manifest["start_url"] == manifest["scope"] == "/"
    for icon in manifest["icons"]:
        there = browser.get(icon["src"])
        width, height = struct.unpack(">II", there.body[16:24])
        assert there.body.startswith(b"\x89PNG") and there.headers["Content-Type"] == icon["type"]
        assert icon["sizes"] == f"{width}x{height}"
        assert there.body == (sandbox.SOURCE / "portal/pages" / icon["src"][1:]).read_bytes()


@pytest.mark.parametrize("path", ["/message//evil.example", "/message/%0d%0aX:%20y", "/message/x&lang=de", "/message/" + "9" * 36])
def test_who_is_led_to_the_sign_in_is_led_to_nothing_else(world, path):
    with socket.create_connection(("127.0.0.1", world.ports["portal"]), timeout=20) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode())
        answer = link.recv(65536)
    assert re.search(rb"\r\nLocation: /signin\r\n", answer), answer


# --- addresses ---

ADDRESSES = ["inj@plain.example> ORCPT=rfc822;evil", "inj@plain.example>\r\nRCPT TO:<x@evil.example", "a b@plain.example",
             '"a>b"@plain.example', "a@plain.example>", "<a@plain.example", "a@[127.0.0.1]",
             "@relay.example:a@plain.example", "a%evil.example@plain.example", "evil.example!a@plain.example", "a@plain.example.",
             "a@plain", "a@-plain.example", "a@plain..example", "a@b@plain.example",
             "a\u202e@plain.example", "a\u00a0b@plain.example", "a@plain.example (x)", "x" * 310 + "@plain.example",
             "a@" + ".".join(["b" * 60] * 5), "a@plain\x00.example"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_that_are_no_plain_address(person, address):
    """SMTP parameters were added through the form, and lines of the log were forged: RFC 5321 §4.1.2."""
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
    """With an address such as x@y>, network=198.51.100.0/24: what a program parses comes before it,
    and it is quoted."""
    person.browser.get("/signin")
    person.browser.send({"address": f"{person.address}", "password": "wrong password"})
    person.browser.get("/signin")
    person.browser.send({"address": "x'{network=198.51.100.0/24}@pickup.example", "password": "wrong password"})
    lines = [line for line in person.world.log("postseal-portal").splitlines() if "password is wrong" in line]
    assert lines[-2].endswith(f'password is wrong: network=127.0.0.0/24, address="{person.address}"')
    assert lines[-1].endswith("address=\"x'{network=198.51.100.0/24}@pickup.example\"") and ": network=127.0.0.0/24, " in lines[-1]


# --- who is in front ---

def network_of(world, forwarded):
    """The network that the portal assigns to a client whose request has these X-Forwarded-For fields."""
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
    """A client can send the field as well; the last one is the one that our web server added."""
    assert network_of(world, forwarded) == network
