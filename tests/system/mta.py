"""An MTA for the courier that does what the test says: refuses, hangs, breaks off."""
import socket
import threading

from listener import Listener


class Lines:
    """The lines of a connection, and the pieces in which they arrived."""

    def __init__(self, peer, pieces):
        self.peer, self.pieces, self.rest = peer, pieces, b""

    def readline(self):
        while b"\n" not in self.rest:
            piece = self.peer.recv(1 << 20)
            if not piece:
                return b""
            self.pieces.append(piece)
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return line + b"\n"


class Mta(Listener):
    """Replies on a port of its own. `mail` is the reply to MAIL; `rcpt` maps an address to a reply;
    DATA is answered with 354 whatever came before. `trouble` is what happens to a mail: None,
    "drop" (in the middle of DATA), "hang" (no greeting), "lose" (accepts the mail and dies before
    its reply), "slow" (accepts it and replies after `patience`)."""

    def __init__(self, extensions=("PIPELINING", "8BITMIME", "DSN", "SMTPUTF8")):
        self.extensions = extensions
        self.mail = "250 Ok"
        self.rcpt = {}
        self.data_reply = "250 2.0.0 Ok: queued as STUB"
        self.trouble = None
        self.patience = threading.Event()
        self.mails = []  # (mail command, [rcpt commands], content)
        self.pieces = []  # everything received, unchanged
        self.listen(socket.create_server(("127.0.0.1", 0)))
        self.port = self.listener.getsockname()[1]

    def talk(self, peer):
        with peer:
            try:
                self.serve(peer, Lines(peer, self.pieces))
            except (OSError, ValueError):
                pass

    def say(self, peer, text):
        peer.sendall(text.encode() + b"\r\n")

    def serve(self, peer, file):
        if self.trouble == "hang":
            file.readline()
            return
        self.say(peer, "220 stub ESMTP")
        mail, rcpts = None, []
        while True:
            line = file.readline().decode()
            verb = line[:4].upper()
            if not line or verb == "QUIT":
                return
            if verb == "EHLO":
                self.say(peer, "\r\n".join(f"250-{e}" for e in ("stub", *self.extensions)) + "\r\n250 HELP")
            elif verb == "MAIL":
                mail, rcpts = line.strip(), []
                self.say(peer, self.mail)
            elif verb == "RCPT":
                address = line.split("<")[1].split(">")[0]
                reply = self.rcpt.get(address, "250 2.1.5 Ok")
                if reply.startswith("2"):
                    rcpts.append(line.strip())
                self.say(peer, reply)
            elif verb == "DATA":
                if self.trouble == "drop":
                    self.say(peer, "354 go on")
                    file.readline()
                    return
                self.say(peer, "354 go on")
                content = b""
                while (data := file.readline()) != b".\r\n":
                    if not data:
                        return
                    content += data[1:] if data.startswith(b"..") else data
                if self.trouble == "lose":
                    self.mails.append((mail, rcpts, content))
                    return
                if self.data_reply.startswith("2"):
                    self.mails.append((mail, rcpts, content))
                if self.trouble == "slow":
                    self.patience.wait(60)
                self.say(peer, self.data_reply)
            else:
                self.say(peer, "250 Ok")
