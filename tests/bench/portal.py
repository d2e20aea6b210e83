#!/usr/bin/python3
"""What the portal can handle: 100 000 parked messages, 10 000 accounts, one mailbox of 10 000.
Measures pages a second over persistent connections, a file of 25 MB, and memory with 500 slow
readers."""
import ctypes
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import uuid

SOURCE = pathlib.Path(__file__).resolve().parents[2]
for folder in ("contrib/sandbox", "tests/system"):
    sys.path.insert(0, str(SOURCE / folder))

import conftest  # noqa: E402
import mail_client  # noqa: E402
import nacl_lite  # noqa: E402
import world as sandbox  # noqa: E402
from messages import base64_lines, multipart, noise, part  # noqa: E402
from person import Person, send  # noqa: E402

BUILD = pathlib.Path(os.environ.get("POSTSEAL_BUILD", SOURCE / "build"))
RULES = "match recipient in domains deliver plain\notherwise deliver pickup\n"
MESSAGES, ACCOUNTS, MAILBOX = 100_000, 10_000, 10_000
FILE_BYTES, SLOW = 25_000_000, 500
sodium = nacl_lite.sodium


def seal(plain, key, about):
    """Like seal_bytes() and seal_wrap(): nonce, ciphertext, tag."""
    nonce = os.urandom(24)
    out = ctypes.create_string_buffer(len(plain) + 16)
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, None, plain, ctypes.c_ulonglong(len(plain)), about, ctypes.c_ulonglong(len(about)), None, nonce, key)
    return nonce + out.raw


def mailbox_key(world, person, cookie):
    wrapped = world.postgres.query("select encode(s.wrapped, 'hex') from postseal.portal_session s join postseal.account a"
                                   f" on a.id = s.account where a.address = '{person.address}'")[0][0]
    secret = nacl_lite.unwrap(bytes.fromhex(wrapped), nacl_lite.unbase64(cookie), b"session")
    key = ctypes.create_string_buffer(32)
    sodium.crypto_kdf_derive_from_key(key, 32, ctypes.c_uint64(2), b"account\0", secret)
    return key.raw


def entry_id(number):
    """UUID version 7: they sort by time."""
    return uuid.UUID(int=0x019 << 116 | number << 80 | 7 << 76 | 2 << 62)


def seal_to(content, public_key):
    out = ctypes.create_string_buffer(len(content) + 48)
    sodium.crypto_box_seal(out, content, ctypes.c_ulonglong(len(content)), public_key)
    return out.raw


def fill(world, person, key):
    """The member's own mailbox as it really would be, one half of it never listed; for the others, only as many rows."""
    account, public_key = world.postgres.query("select id, encode(public_key, 'hex') from postseal.account"
                                               f" where address = '{person.address}'")[0]
    public_key = bytes.fromhex(public_key)
    copies = world.directory / "rows"
    with copies.open("w") as rows:
        for i in range(MAILBOX):
            parcel, entry, content = uuid.uuid4(), entry_id(i), os.urandom(32)
            summary = json.dumps({"subject": f"Message number {i}", "from": "Anna", "to": "me"}).encode()
            rows.write(f"{parcel}\t{entry}\t{seal(summary, content, str(parcel).encode()).hex()}"
                       f"\t{seal(content, key, str(entry).encode()).hex() if i % 2 else ''}"
                       f"\t{'' if i % 2 else seal_to(content, public_key).hex()}\n")
    sql = f"""
    create temp table mine (parcel uuid, entry uuid, summary text, kept text, sealed text);
    \\copy mine from '{copies}'
    insert into postseal.parcel (id, sender, header, size, summary, issued_at)
        select parcel, 'anna@example.com', '', 1000, decode(summary, 'hex'), now() from mine;
    insert into postseal.parcel_key (id, parcel, account, kept, sealed, folder, expires_at, issued_at)
        select entry, parcel, '{account}', decode(nullif(kept, ''), 'hex'), decode(nullif(sealed, ''), 'hex'), 'inbox', now() + interval '30 days', now() from mine;
    insert into postseal.account (id, address, shown, language, salt, wrapped, recovery_salt, recovery_wrapped, public_key)
        select gen_random_uuid(), 'm' || i || '@other.example', 'm', 'en', '\\x00', '\\x00', '\\x00', '\\x00', '\\x00'
        from generate_series(1, {ACCOUNTS}) i;
    create temp table theirs as select gen_random_uuid() as parcel, id as account
        from postseal.account, generate_series(1, {(MESSAGES - MAILBOX) // ACCOUNTS}) where address like '%@other.example';
    insert into postseal.parcel (id, sender, header, size, issued_at)
        select parcel, 'anna@example.com', '', 1000, now() from theirs;
    insert into postseal.parcel_chunk select parcel, 0, decode(repeat('00', 1000), 'hex') from theirs;
    insert into postseal.parcel_key (id, parcel, account, kept, folder, expires_at, issued_at)
        select gen_random_uuid(), parcel, account, '\\x00', 'inbox', now() + interval '30 days', now() from theirs;
    """
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", world.postgres.url], input=sql, text=True, check=True)
    # What a server does in the background after such a load, done now so that it does not disturb
    # the measurement.
    for statement in ("vacuum analyze", "checkpoint"):
        subprocess.run(["psql", "-q", "-d", world.postgres.url, "-c", statement], check=True)


def wrk(url, cookie, connections=16):
    out = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", "8s", "-H", f"Cookie: postseal={cookie}", url],
                         check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out:
        raise SystemExit(out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def request(world, path, cookie):
    link = socket.create_connection(("127.0.0.1", world.ports["portal"]))
    link.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: postseal={cookie}\r\nConnection: close\r\n\r\n".encode())
    return link


def download(world, path, cookie):
    """Milliseconds to the first byte of content, and MB a second."""
    begun = time.monotonic()
    with request(world, path, cookie) as link:
        head = b""
        while b"\r\n\r\n" not in head or head.endswith(b"\r\n\r\n"):
            head += link.recv(65536)
        first, got, buffer = time.monotonic(), len(head), bytearray(1 << 20)
        while n := link.recv_into(buffer):
            got += n
    assert got > FILE_BYTES
    return (first - begun) * 1000, FILE_BYTES / 1e6 / (time.monotonic() - begun)


def fetch(world, secret):
    """MB a second of the large message, as a mail program fetches it. Of the others, none has content to be listed."""
    plain = socket.create_connection(("localhost", world.ports["pop"]))
    with mail_client.trust(world).wrap_socket(plain, server_hostname="localhost") as link:
        link.recv(1000)
        for line in ("USER load@pickup.example", f"PASS {secret}"):
            link.sendall(f"{line}\r\n".encode())
            assert link.recv(1000).startswith(b"+OK")
        begun, got, end, buffer = time.monotonic(), 0, b"", bytearray(1 << 20)
        link.sendall(b"RETR 1\r\n")
        while not end.endswith(b"\r\n.\r\n"):
            n = link.recv_into(buffer)
            got += n
            end = (end + bytes(buffer[max(0, n - 5):n]))[-5:]
    assert got > FILE_BYTES
    return got / 1e6 / (time.monotonic() - begun)


def search(person):
    """Milliseconds until the page with what was found has arrived."""
    begun = time.monotonic()
    page = person.browser.send({"words": "number 7777"}, action="/search")
    took = (time.monotonic() - begun) * 1000
    assert "Message number 7777" in page.text and "1 message<" in page.text, page.text
    return took


def rss(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1000


def slow(world, path, cookie):
    """MB used by the portal while many readers each read a little at a time."""
    links = []
    for _ in range(SLOW):
        link = request(world, path, cookie)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        links.append(link)
    highest, begun = 0, time.monotonic()
    while time.monotonic() - begun < 10:
        for link in links:
            link.recv(512)
        highest = max(highest, rss(world.programs["postseal-portal"]))
    begun = time.monotonic()
    with request(world, "/", cookie) as link:
        while link.recv(65536):
            pass
    answered = (time.monotonic() - begun) * 1000
    for link in links:
        link.close()
    return highest, answered


def main():
    world = sandbox.World(BUILD / "tests" / "world" / "bench_portal", BUILD)
    try:
        world.start(RULES, mail_client.SETTINGS, mail_client.prepare)
        mail_client.start(world)
        post = conftest.Post(world)
        person = Person(world, post, "load@pickup.example")
        body = multipart("b", part("Content-Type: text/plain", b"See the file.\r\n"),
                         part('Content-Type: application/zip; name="f.zip"\nContent-Transfer-Encoding: base64',
                              base64_lines(noise(FILE_BYTES, "file"))))
        send(person, body, content=b'multipart/mixed; boundary="b"')
        person.unlock()
        message = person.browser.page.path.removeprefix("/message/")
        person.enrol()
        secret = mail_client.application_password(person)
        cookie = next(c.value for c in person.browser.jar if c.name == "postseal")
        fill(world, person, mailbox_key(world, person, cookie))
        url = f"http://127.0.0.1:{world.ports['portal']}"
        page = person.browser.get("/inbox").text
        assert page.count('class="subject"') == 25 and "Message number" in page, page
        before = rss(world.programs["postseal-portal"])
        print(f"page sizes: inbox {len(page)} bytes, style {len(person.browser.get('/style.css').body)}")
        first, tries = search(person), sorted(search(person) for _ in range(25))
        print(f"search of {MAILBOX} messages: {first:.0f} ms the first time, then {tries[12]:.0f} (to reach: 300)")
        print(f"front page      {wrk(url + '/', cookie):8.0f} a second")
        print(f"inbox           {wrk(url + '/inbox', cookie):8.0f} a second (to reach: 1000)")
        print(f"inbox, half way {wrk(url + f'/inbox?before={entry_id(MAILBOX // 2)}', cookie):8.0f} a second")
        print(f"message         {wrk(url + f'/message/{message}', cookie):8.0f} a second")
        tries = sorted(download(world, f"/attachment/{message}/0", cookie) for _ in range(25))
        print(f"25 MB file: first byte after {tries[12][0]:.0f} ms (to reach: 50), {sorted(t[1] for t in tries)[12]:.0f} MB/s"
              " (to reach: 300)")
        tries = sorted(fetch(world, secret) for _ in range(25))
        print(f"25 MB message by POP3: {tries[12]:.0f} MB/s (to reach: 300), memory {rss(world.programs['postseal-pop']):.0f} MB")
        after = rss(world.programs["postseal-portal"])
        highest, answered = slow(world, f"/attachment/{message}/0", cookie)
        print(f"memory: {before:.0f} MB after filling, {after:.0f} after load, {highest:.0f} with {SLOW} slow readers"
              f" (to reach: 100); another visitor waits {answered:.0f} ms then")
    finally:
        world.stop()


main()
