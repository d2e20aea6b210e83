"""The MTA's side of the milter protocol (version 6, as in Postfix), over a Unix socket.

What the milter asks for is done to the message here as an MTA would do it, so a test sees what
would leave.
"""
import socket
import struct

VERSION, ACTIONS, STEPS = 6, 0x1ff, 0x1fffff
NO_HELO, NO_EOH, NO_DATA = 0x02, 0x40, 0x200  # the milter does not want these
QUIET = {b"C": 0x1000, b"H": 0x2000, b"M": 0x4000, b"R": 0x8000, b"T": 0x10000, b"L": 0x80, b"N": 0x40000, b"B": 0x80000}
PIECE = 65535


class Gone(Exception):
    """The milter closed the connection, or does not answer in time: an MTA replies 4xx then."""


class Mail:
    """A message in transit: bytes; fields as (name, what follows the colon)."""

    def __init__(self, sender, recipients, fields, body):
        self.sender, self.recipients, self.fields, self.body = sender, list(recipients), list(fields), body

    def copy(self):
        return Mail(self.sender, self.recipients, self.fields, self.body)


class Verdict:
    """`code` is the SMTP reply's first digit ("4", "5"), or "accept" or "discard"; `mail` is what an MTA would send on."""

    def __init__(self, code, text, mail):
        self.code, self.text, self.mail = code, text, mail


def text(*words):
    return b"".join(word.encode() + b"\0" for word in words)


class Connection:
    def __init__(self, path, seconds=40):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        try:
            self.socket.connect(str(path))
            self.put(b"O", struct.pack("!III", VERSION, ACTIONS, STEPS))
            command, data = self.get()
            if command != b"O":
                raise Gone("no negotiation")
            self.steps = struct.unpack_from("!III", data)[2]
            self.macros(b"C", "j", "gateway.example.com", "{daemon_name}", "gateway.example.com", "v", "Postfix 3.7")
            self.ask(b"C", text("client.example.com") + b"4" + struct.pack("!H", 40000) + text("127.0.0.1"))
            if not self.steps & NO_HELO:
                self.ask(b"H", text("client.example.com"))
        except OSError as error:
            raise Gone(str(error)) from error

    def close(self):
        self.socket.close()

    def put(self, command, data=b""):
        self.socket.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def receive(self, length):
        data = b""
        while len(data) < length:
            piece = self.socket.recv(length - len(data))
            if not piece:
                raise Gone("closed")
            data += piece
        return data

    def get(self):
        length, = struct.unpack("!I", self.receive(4))
        data = self.receive(length)
        return data[:1], data[1:]

    def macros(self, stage, *pairs):
        self.put(b"D", stage + text(*pairs))

    def ask(self, command, data=b""):
        """Sends a command, and waits for the answer if there is one; an answer that ends the message is raised."""
        self.put(command, data)
        if self.steps & QUIET.get(command, 0):
            return
        answer, data = self.get()
        if answer not in (b"c", b"s"):
            raise Answered(answer, data)

    def offer(self, mail, queue_id):
        """The verdict on a message. Raises Gone."""
        try:
            self.begin(mail, queue_id)
            self.put(b"E")
            return self.end(mail.copy())
        except Answered as early:
            self.put(b"A")
            return verdict(early.answer, early.data, mail)
        except OSError as error:
            raise Gone(str(error)) from error

    def begin(self, mail, queue_id):
        self.macros(b"M", "{mail_addr}", mail.sender, "{mail_mailer}", "smtp", "{auth_authen}", mail.sender,
                    "{auth_type}", "PLAIN")
        self.ask(b"M", text(f"<{mail.sender}>", "BODY=8BITMIME"))
        for address in mail.recipients:
            self.macros(b"R", "i", queue_id, "{rcpt_addr}", address, "{rcpt_mailer}", "relay",
                        "{rcpt_host}", address.split("@")[1])
            self.ask(b"R", text(f"<{address}>"))
        if not self.steps & NO_DATA:
            self.macros(b"T", "i", queue_id)
            self.ask(b"T")
        for name, value in mail.fields:
            self.ask(b"L", name + b"\0" + value + b"\0")
        if not self.steps & NO_EOH:
            self.ask(b"N")
        for at in range(0, len(mail.body), PIECE):
            self.ask(b"B", mail.body[at:at + PIECE])
        self.macros(b"E", "i", queue_id)

    def end(self, mail):
        body = None
        while True:
            answer, data = self.get()
            if answer == b"b":
                body = (body or b"") + data
            elif answer in CHANGES:
                CHANGES[answer](mail, data)
            elif answer != b"p":
                mail.body = mail.body if body is None else body
                return verdict(answer, data, mail)


class Answered(Exception):
    def __init__(self, answer, data):
        super().__init__(answer)
        self.answer, self.data = answer, data


def verdict(answer, data, mail):
    said = data.rstrip(b"\0").decode(errors="replace")
    kinds = {b"a": "accept", b"c": "accept", b"d": "discard", b"t": "4", b"r": "5", b"y": said[:1]}
    return Verdict(kinds[answer], said, mail)


def change_field(mail, data):
    place, = struct.unpack_from("!I", data)
    name, value = data[4:].split(b"\0")[:2]
    places = [n for n, field in enumerate(mail.fields) if field[0].lower() == name.lower()]
    at = places[place - 1] if 0 < place <= len(places) else None
    if at is None:
        mail.fields.append((name, value))
    elif value == b"":
        mail.fields[at] = (b"", b"")  # gone, but keeps the positions of the others
    else:
        mail.fields[at] = (name, value)


def add_field(mail, data):
    mail.fields.append(tuple(data.split(b"\0")[:2]))


def insert_field(mail, data):
    place, = struct.unpack_from("!I", data)
    mail.fields.insert(place, tuple(data[4:].split(b"\0")[:2]))


def delete_recipient(mail, data):
    address = data.rstrip(b"\0").decode().strip("<>")
    if address in mail.recipients:
        mail.recipients.remove(address)


def add_recipient(mail, data):
    mail.recipients.append(data.split(b"\0")[0].decode().strip("<>"))


CHANGES = {b"m": change_field, b"h": add_field, b"i": insert_field, b"-": delete_recipient, b"+": add_recipient}
