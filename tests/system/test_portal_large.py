"""Large files that members send: streamed and sealed, and never in memory as a whole."""
import hashlib
import http.client
import re
import urllib.parse

from messages import noise
from person import PORTAL_RULES as RULES, dump  # noqa: F401 (read by the fixtures)
from test_portal_kept import WRITTEN, member, written  # noqa: F401 (a fixture)

SETTINGS = "portal upload 2 GB\nportal quota 4 GB"
PIECE = noise(1_000_000, "large")
PIECES = 300


def memory(member, field):
    """Bytes of the portal's memory."""
    with open(f"/proc/{member.world.programs['postseal-portal']}/status") as status:
        return int(re.search(rf"{field}:\s+(\d+) kB", status.read()).group(1)) * 1024


def send_pieces(member, action):
    """As a browser sends a file that does not fit into its memory either."""
    member.browser.get("/write")
    fields = {**written(member.browser.page), **WRITTEN, "action": action}
    head = b"".join(f'--mark\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items())
    head += b'--mark\r\nContent-Disposition: form-data; name="files"; filename="film.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
    tail = b"\r\n--mark--\r\n"
    place = urllib.parse.urlsplit(member.browser.portal)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=300)
    connection.putrequest("POST", "/send")
    connection.putheader("Content-Type", "multipart/form-data; boundary=mark")
    connection.putheader("Content-Length", str(len(head) + PIECES * len(PIECE) + len(tail)))
    connection.putheader("Cookie", "; ".join(f"{c.name}={c.value}" for c in member.browser.jar))
    connection.endheaders()
    connection.send(head)
    for _ in range(PIECES):
        connection.send(PIECE)
    connection.send(tail)
    return connection.getresponse()


def test_large_file_takes_constant_memory_both_ways(member):
    """Peak of the resident memory, from before the first byte to after the last."""
    before = memory(member, "VmRSS")
    answer = send_pieces(member, "save")
    assert answer.status == 303 and answer.headers["Location"].startswith("/draft/")
    assert memory(member, "VmHWM") - before < 40_000_000, f"{before} {memory(member, 'VmHWM')}"
    draft = written(member.browser.get(answer.headers["Location"]))["draft"]
    digest, wanted = hashlib.sha256(), hashlib.sha256()
    response = member.browser.opener.open(f"{member.browser.portal}/attachment/{draft}/0", timeout=300)
    while piece := response.read(1 << 20):
        digest.update(piece)
    for _ in range(PIECES):
        wanted.update(PIECE)
    assert digest.digest() == wanted.digest()
    assert memory(member, "VmHWM") - before < 40_000_000, f"{before} {memory(member, 'VmHWM')}"
