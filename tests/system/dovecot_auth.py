"""A server that smtpd asks to authenticate users: Dovecot's authentication protocol 1.2, with PLAIN
only (https://doc.dovecot.org/developer_manual/design/auth_protocol/). Every password is right."""
import base64
import os

from listener import Listener, unix_socket


class Authenticator(Listener):
    def __init__(self, path):
        self.listen(unix_socket(path))

    def talk(self, peer):
        with peer, peer.makefile("rw", encoding="ascii", newline="\n") as lines:
            lines.write(f"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t{os.getpid()}\nCUID\t1\nCOOKIE\t{'0' * 32}\nDONE\n")
            lines.flush()
            for line in lines:
                words = line.rstrip("\n").split("\t")
                if words[0] != "AUTH":
                    continue
                response = next((w[5:] for w in words if w.startswith("resp=")), "")
                user = base64.b64decode(response).split(b"\0")[1].decode()
                lines.write(f"OK\t{words[1]}\tuser={user}\n")
                lines.flush()
