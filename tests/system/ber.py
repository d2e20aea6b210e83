"""BER and DER, as far as tests need to change what openssl made."""


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (size if len(content) < 128 else bytes([0x80 | len(size)]) + size) + content


def elements(data):
    """[(tag, contents)] of DER."""
    found, at = [], 0
    while at < len(data):
        head, length = 2, data[at + 1]
        if length & 0x80:
            head, length = 2 + (length & 0x7f), int.from_bytes(data[at + 2:at + 2 + (length & 0x7f)], "big")
        found.append((data[at], data[at + head:at + head + length]))
        at += head + length
    return found


def opened(structure):
    """A CMS structure: its type, and the elements of what it holds."""
    (_, outer), = elements(structure)
    (_, kind), (_, explicit) = elements(outer)
    (_, inner), = elements(explicit)
    return kind, elements(inner)


def closed(kind, parts):
    return der(0x30, der(0x06, kind), der(0xa0, der(0x30, *(der(*part) for part in parts))))
