"""A stolen database."""
import re

from messages import multipart, part
from person import PASSWORD, PORTAL_RULES as RULES, dump, send


def test_a_stolen_database_opens_nothing(person):
    """Promise 7. Everything in it, and the portal's own files, tried as keys: they open no message, subject,
    attachment or draft."""
    import nacl_lite
    world = person.world
    words = [b"WORDS-OF-THE-FIRST", b"WORDS-OF-THE-SUBJECT", b"WORDS-OF-THE-FILE", b"WORDS-OF-THE-DRAFT",
             b"WORDS-OF-THE-SECOND"]
    body = multipart("b", part("Content-Type: text/plain", words[0] + b"\r\n"),
                     part('Content-Type: text/plain; name="WORDS-OF-THE-NAME.txt"', words[2] + b"\r\n"))
    send(person, body, subject=words[1].decode(), content=b'multipart/mixed; boundary="b"')
    person.unlock()
    recovery = person.enrol()
    person.browser.get("/write")
    person.browser.send({"to": "office@example.com", "subject": words[1].decode(), "text": words[3].decode(),
                         "action": "keep"})
    send(person, words[4] + b"\r\n", words[1].decode())
    person.mail("Protected message", 2)
    person.browser.get("/settings/totp")
    stolen = dump(world)
    raw = stolen + b"".join(bytes.fromhex(h.decode()) for h in re.findall(rb"'\\x([0-9a-f]+)'", stolen))
    public = (world.directory / "secrets" / "courier.pub").read_bytes()
    cookies = [c.value for c in person.browser.jar if c.name == "postseal"]
    for secret in (*words, b"WORDS-OF-THE-NAME", PASSWORD.encode(), recovery.encode(), *[c.encode() for c in cookies]):
        assert secret not in raw, secret
    # Everything in the database and the portal's key file, tried as a key to everything that this
    # person has there.
    values = {bytes.fromhex(h.decode()) for h in re.findall(rb"'\\x([0-9a-f]+)'", stolen)}
    keys = {piece for v in values if len(v) <= 200 for piece in (v[:32], v[-32:]) if len(piece) == 32} | {public}
    boxes = [bytes.fromhex(row[0]) for row in world.postgres.query(
        "with mine as (select id, wrapped, recovery_wrapped from postseal.account"
        f" where address = '{person.address}') select encode(b, 'hex') from ("
        " select wrapped from mine union select recovery_wrapped from mine"
        " union select unnest(array[k.kept, k.sealed, k.boxed, k.link_boxed, k.wrapped]) from postseal.parcel_key k, mine"
        "  where k.account = mine.id"
        " union select s.wrapped from postseal.portal_session s, mine where s.account = mine.id) all_of_it (b)"
        " where b is not null")]
    assert len(keys) >= 20 and len(boxes) >= 5
    assert nacl_lite.open_any(boxes, keys) == []
    # The right key shows that the attempt can succeed: the cookie's secret opens the session.
    cookie = nacl_lite.unbase64(cookies[0])
    assert nacl_lite.open_any(boxes, keys | {cookie}, about=["session"]) != []
