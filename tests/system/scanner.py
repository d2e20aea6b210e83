"""A milter that refuses, at the end of a message, what has the field X-Virus, as virus scanners do."""
import struct

from listener import Listener, unix_socket


class Scanner(Listener):
    verdict = b"c"  # on all other mail: a packet, or several

    def __init__(self, path):
        self.seen = []  # the body of each message
        self.listen(unix_socket(path))

    def talk(self, peer):
        """A packet is its length, a letter for the command, and data."""
        file, found, body = peer.makefile("rb"), False, b""
        while len(length := file.read(4)) == 4:
            packet = file.read(struct.unpack(">I", length)[0])
            command, answers = packet[:1], (b"c",)
            if command == b"Q":
                return
            if command == b"O":
                answers = (b"O" + struct.pack(">III", 6, 0, 0),)
            elif command in b"DA":
                found, body = (found, body) if command == b"D" else (False, b"")
                continue
            elif command == b"L":
                found = found or packet[1:].startswith(b"X-Virus")
            elif command == b"B":
                body += packet[1:]
            elif command == b"E":
                given = b"y550 5.7.1 Virus found\0" if found else self.verdict
                answers = given if isinstance(given, tuple) else (given,)
                self.seen.append(body)
                found, body = False, b""
            peer.sendall(b"".join(struct.pack(">I", len(answer)) + answer for answer in answers))
