"""Servers that do not behave like slapd."""
import socket
import ssl

import world as sandbox
from listener import Listener
from slapd import SUFFIX, DirectoryServer, person, value  # noqa: F401

# --- LDAP by hand (X.690, RFC 4511) ---

def ber(tag, data):
    size = len(data)
    if size < 128:
        return bytes([tag, size]) + data
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(length)]) + length + data


def message(number, operation):
    return ber(0x30, ber(2, bytes([number])) + operation)


def entry(number, dn, **attributes):
    return message(number, ber(0x64, ber(4, dn.encode()) + ber(0x30, b"".join(
        ber(0x30, ber(4, name.replace("_", ";").encode()) + ber(0x31, b"".join(ber(4, v) for v in values)))
        for name, values in attributes.items()))))


def reference(number, url):
    return message(number, ber(0x73, ber(4, url.encode())))


def result(number, code, tag=0x65, more=b""):
    return message(number, ber(tag, ber(10, bytes([code])) + ber(4, b"") + ber(4, b"") + more))


class FakeDirectory(Listener):
    """Answers the first search as `script` says, a function of the peer's socket and the number of the request."""

    def __init__(self, certificate=None, script=lambda peer, number: None):
        self.script = script
        self.heard = b""
        self.context = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        listener = socket.create_server(("127.0.0.1", sandbox.free_ports(1)[0]))
        self.port = listener.getsockname()[1]
        self.listen(listener)

    def talk(self, peer):
        try:
            peer.settimeout(30)
            if self.context is not None:
                peer = self.context.wrap_socket(peer, server_side=True)
            request = peer.recv(65536)
            if not request:
                return
            self.heard += request
            # 30 LEN 02 01 NUMBER, with short or long lengths
            at = 2 if request[1] < 128 else 2 + request[1] - 128
            self.script(peer, request[at + 2])
            while peer.recv(65536):
                pass
        except OSError:
            pass
        finally:
            peer.close()
