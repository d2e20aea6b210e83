"""Promise 4: what arrives is what was sent, byte for byte, for messages of many structures."""
import pytest

import people
from messages import STRUCTURES

RULES = """
match recipient domain "smime.example"   deliver smime
match recipient domain "pgp.example"     deliver pgp
otherwise                                deliver plain
"""

SMIME, PGP, PLAIN = "bytes@smime.example", "bytes@pgp.example", "bytes@plain.example"


@pytest.fixture(scope="module")
def keys(world):
    base = people.certify(world, SMIME).with_suffix("")
    gpg = people.make_pgp(world, PGP)
    yield base, gpg
    gpg.end()


def arrived(post, address, message_id):
    """The only copy with this Message-ID."""
    import world as sandbox
    mark = f"Message-ID: {message_id}".encode()
    found = sandbox.wait_until(
        lambda: [f for f in post.box(address).files() if mark in f.read_bytes()[:5000]], f"{message_id} for {address}")
    assert len(found) == 1
    return people.Received(found[0].read_bytes())


def sent_entity(message):
    """SMTP ends the last line if the message does not (RFC 5321 §4.1.1.4)."""
    entity = people.entity_of(message)
    return entity if entity.endswith(b"\r\n") else entity + b"\r\n"


@pytest.mark.parametrize("name,content,body", STRUCTURES, ids=[s[0] for s in STRUCTURES])
def test_bytes_survive(post, keys, name, content, body):
    base, gpg = keys
    message_id = f"<{abs(hash(name))}.bytes@example.com>"
    message = post.compose([SMIME, PGP, PLAIN], body, content=content, message_id=message_id)
    post.accepted(message, [SMIME, PGP, PLAIN])
    entity = sent_entity(message)
    assert people.open_smime(arrived(post, SMIME, message_id), base) == entity
    assert people.open_pgp(arrived(post, PGP, message_id), gpg) == entity
    # Postfix stores lines with LF in a Maildir.
    assert arrived(post, PLAIN, message_id).body == entity.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")


def test_there_are_forty_structures():
    assert len({s[0] for s in STRUCTURES}) >= 40


def test_long_header_field_is_whole_or_refused(post, keys):
    """Promise 4: Postfix cuts off everything after 60000 bytes before a milter sees it."""
    def sent(count, to, message_id):
        value = ",\r\n ".join(f"<person{i:05d}@other.example>" for i in range(count))
        message = post.compose([], fields=[f"X-People: {value}"], message_id=message_id)
        return value.replace("\r\n", "\n").encode(), post.send(message, to)

    # In place and through the outbox.
    value, (code, _) = sent(1900, [SMIME, PLAIN], "<long.bytes@example.com>")
    assert code == 250 and len(value) > 55_000
    for address in (SMIME, PLAIN):
        assert b"\nX-People: " + value + b"\n" in arrived(post, address, "<long.bytes@example.com>").raw
    for count in (2100, 3000, 9000):
        _, (code, text) = sent(count, [SMIME, PLAIN], f"<longer{count}.bytes@example.com>")
        assert code == 552 and "limit field" in text
