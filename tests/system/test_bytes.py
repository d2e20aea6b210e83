"""Promise 4: what arrives is what was sent, byte for byte, for messages of many structures."""
import re

import pytest

import people
import world as sandbox
from messages import STRUCTURES

RULES = """
match recipient domain "smime.example"   deliver smime
match recipient domain "pgp.example"     deliver pgp
match recipient domain "pickup.example"  deliver pickup
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


def field_of(size, folded):
    """A field of so many bytes, from its name to the last of its value."""
    name = b"X-Long: "
    if not folded:
        return name + b"y" * (size - len(name))
    text, piece = name, b"y" * 70 + b"\r\n "
    while size - len(text) > len(piece) + 10:
        text += piece
    return text + b"z" * (size - len(text))


def downloaded(post, to):
    """What a parked message is when its recipient saves it as a file."""
    link = post.box(to).one().link()
    return people.browse(link, sandbox.wait_until(lambda: people.find_code(post, to), "the code"))


@pytest.mark.parametrize("folded", [True, False], ids=["folded", "in one line"])
@pytest.mark.parametrize("size", [998, 999, 2000, 2047, 2048, 2049, 4096, 58_900, 59_100, 59_999, 60_000, 60_001, 60_763, 65_536])
def test_long_header_field_lost_its_end_in_a_copy_that_was_parked(post, keys, name, size, folded):
    """Promise 4: whole, in place, in the outbox and in what is downloaded; or refused with the limit's name."""
    to = [f"{name}@pickup.example", SMIME, PLAIN]
    message_id = f"<{name}.bytes@example.com>"
    message = post.compose(to, b"Hello.\r\n", fields=[field_of(size, folded).decode(), "X-After: it"], message_id=message_id)
    code, text = post.send(message, to)
    counted = len(field_of(size, folded).replace(b"\r\n", b"\n"))  # as Postfix has it, about
    if code != 250:
        assert code == 552 and "limit field" in text and counted > 58_990
        return
    assert counted < 59_010
    for address in (SMIME, PLAIN):  # smtp(8) folds lines of more than 998 bytes
        field = re.search(rb"^X-Long: (.*?)\n(?=\S)", arrived(post, address, message_id).raw, re.M | re.S).group(0)
        kept = field_of(size, folded).replace(b"\r\n", b"\n") + b"\n"
        assert field == kept or (not folded and size > 998 and re.sub(rb"\n ", b"", field) == kept)
    saved = downloaded(post, to[0])
    assert saved.endswith(message), (saved[:300], len(saved), len(message))


@pytest.mark.parametrize("before", [*range(58_996, 59_008), 59_990])
def test_end_of_a_field_that_postfix_cuts_off_line_by_line_is_missed(post, keys, name, before):
    """Promise 4: of a folded field Postfix leaves out the line that would make it too large, and what follows. The longest line
    that RFC 5322 permits (§2.1.1) has 998 characters, and the field may be as much smaller."""
    message_id = f"<{name}.bytes@example.com>"
    field = field_of(before + (before - 8) // 73, True)  # each line ends with CRLF, which Postfix counts as one
    while len(field.replace(b"\r\n", b"\n")) < before:
        field += b"z"
    field += b"\r\n " + b"y" * 997
    code, text = post.send(post.compose([PLAIN], b"Hello.\r\n", fields=[field.decode()], message_id=message_id), [PLAIN])
    if code == 250:
        assert field.replace(b"\r\n", b"\n") + b"\n" in arrived(post, PLAIN, message_id).raw
    else:
        assert code == 552 and "limit field" in text


@pytest.mark.parametrize("length", [997, 998, 999, 1000, 2000, 2046, 2047, 2048, 2049, 5000])
def test_long_line_was_broken_in_a_copy_that_was_parked(post, keys, name, length):
    """Promise 4: of a text in eight bits, too, and where the message ends with it."""
    base, gpg = keys
    to = [f"{name}@pickup.example", SMIME, PGP]
    message_id = f"<{name}.bytes@example.com>"
    line = ("ü" + "x" * (length - 2)).encode()
    assert len(line) == length
    message = post.compose(to, b"Before.\r\n" + line + b"\r\n\r\n" + b"." * length + b"\r\n", message_id=message_id)
    post.accepted(message, to)
    assert downloaded(post, to[0]).endswith(message)
    assert people.open_smime(arrived(post, SMIME, message_id), base) == people.entity_of(message)
    assert people.open_pgp(arrived(post, PGP, message_id), gpg) == people.entity_of(message)
