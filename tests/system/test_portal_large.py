"""Large files that members send: streamed and sealed, and never in memory as a whole."""
import concurrent.futures
import hashlib
import http.client
import re
import urllib.parse

import world as sandbox
from messages import noise
from person import PORTAL_RULES as RULES, send  # noqa: F401 (read by the fixtures)
from test_portal_pickup import sender_page
from test_portal_kept import WRITTEN, member, tab, written  # noqa: F401 (a fixture)
from visitor import Visitor

SETTINGS = 'portal upload 2 GB\nportal quota 4 GB\npickup files "yes"'
PIECE = noise(1_000_000, "large")
PIECES = 300


def memory(member, field):
    """Bytes of the portal's memory."""
    with open(f"/proc/{member.world.programs['postseal-portal']}/status") as status:
        return int(re.search(rf"{field}:\s+(\d+) kB", status.read()).group(1)) * 1024


def send_pieces(browser, path, fields, field):
    """As a browser sends a file that does not fit into its memory either."""
    head = b"".join(f'--mark\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items())
    head += (f'--mark\r\nContent-Disposition: form-data; name="{field}"; filename="film.mp4"\r\n'
             "Content-Type: video/mp4\r\n\r\n").encode()
    tail = b"\r\n--mark--\r\n"
    place = urllib.parse.urlsplit(browser.portal)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=300)
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", "multipart/form-data; boundary=mark")
    connection.putheader("Content-Length", str(len(head) + PIECES * len(PIECE) + len(tail)))
    connection.putheader("Cookie", "; ".join(f"{c.name}={c.value}" for c in browser.jar))
    connection.endheaders()
    connection.send(head)
    for _ in range(PIECES):
        connection.send(PIECE)
    connection.send(tail)
    return connection.getresponse()


def is_what_was_sent(browser, path):
    digest, wanted = hashlib.sha256(), hashlib.sha256()
    response = browser.opener.open(f"{browser.portal}{path}", timeout=300)
    while piece := response.read(1 << 20):
        digest.update(piece)
    for _ in range(PIECES):
        wanted.update(PIECE)
    return digest.digest() == wanted.digest()


def test_large_file_takes_constant_memory_both_ways(member):
    """Peak of the resident memory, from before the first byte to after the last."""
    before = memory(member, "VmRSS")
    member.browser.get("/write")
    answer = send_pieces(member.browser, "/send", {**written(member.browser.page), **WRITTEN, "action": "save"}, "files")
    assert answer.status == 303 and answer.headers["Location"].startswith("/draft/")
    assert memory(member, "VmHWM") - before < 40_000_000, f"{before} {memory(member, 'VmHWM')}"
    draft = written(member.browser.get(answer.headers["Location"]))["draft"]
    assert is_what_was_sent(member.browser, f"/attachment/{draft}/0")
    assert memory(member, "VmHWM") - before < 40_000_000, f"{before} {memory(member, 'VmHWM')}"


def test_large_file_of_a_sender_takes_constant_memory_both_ways(person):
    """It is sealed piece by piece, and opened so."""
    send(person)
    sandbox.wait_until(person.code, "the code")
    browser = sender_page(person)
    path = browser.page.path.replace("/track/", "/track-file/")
    before = memory(person, "VmRSS")
    answer = send_pieces(browser, path, {"token": browser.form(path)[1]["token"]}, "file")
    assert answer.status == 303 and answer.headers["Location"].endswith("?done=added")
    assert memory(person, "VmHWM") - before < 40_000_000, f"{before} {memory(person, 'VmHWM')}"
    place = re.search(r'"(/added/[^"]+)"', person.unlock().text).group(1)
    assert is_what_was_sent(person.browser, place)
    part = person.browser.ask(place, headers={"Range": "bytes=299999990-"})
    assert part.status == 206 and part.body == PIECE[-10:]
    # In an archive of all files, it is as it came, and neither is that ever in memory as a whole.
    response = person.browser.opener.open(person.browser.portal + re.sub("/added/([^/]+)/.*", r"/zip/\1", place), timeout=300)
    length, begin, end = 0, b"", b""
    while piece := response.read(1 << 20):
        length, begin, end = length + len(piece), begin or piece, piece
    assert length > PIECES * len(PIECE) and begin.startswith(b"PK\3\4") and b"film.mp4" in begin[:100] and b"film.mp4" in end
    assert memory(person, "VmHWM") - before < 40_000_000, f"{before} {memory(person, 'VmHWM')}"


def test_uploads_of_one_office_held_up_all_its_other_pages(person):
    """Each network had two places at once, and a file that was being sealed took one for as long as that lasted."""
    send(person)
    sandbox.wait_until(person.code, "the code")
    first = sender_page(person)
    browsers = [first] + [tab(first) for _ in range(2)]
    path = first.page.path.replace("/track/", "/track-file/")
    with person.world.postgres.session() as session, concurrent.futures.ThreadPoolExecutor(len(browsers)) as pool:
        session.ask("begin; lock table postseal.large_file in exclusive mode")
        for browser in browsers:
            browser.get(first.page.path)
        uploads = [pool.submit(browser.send, action=path, files=[("file", "film.mp4", "video/mp4", PIECE * 9)]) for browser in browsers]
        sandbox.wait_until(lambda: person.world.postgres.query("select 1 from pg_stat_activity where wait_event_type = 'Lock'"
                                                               " and query like '%large_file_announce%'"), "an upload that waits")
        for _ in range(3):
            assert Visitor(first.portal).get("/signin").status == 200
        assert not any(upload.done() for upload in uploads)
        session.ask("rollback")
        assert all("added to the message" in upload.result().text for upload in uploads)
