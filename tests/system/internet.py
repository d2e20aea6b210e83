"""The Internet as postseal-finder sees it: host names that lead to one address of the machine, and a web server there
that behaves as each test likes. And the finder itself, with a client that speaks its protocol."""
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading

import world as sandbox
from listener import Ear

WISHES = ("ping", "wkd", "openpgpkey", "smimea", "ldap-smime", "ldap-pgp", "servers", "mta-sts", "tlsa", "fetch", "ocsp", "dnssec")
OUTCOMES = ("found", "nothing", "failed")


def free_address(ports=(80, 443)):
    """An address of the machine's own where nobody listens on these ports; returns it and sockets that do now."""
    for _ in range(1000):
        address = f"127.{random.randrange(10, 250)}.{random.randrange(250)}.{random.randrange(1, 250)}"
        try:
            return address, [socket.create_server((address, port), backlog=500) for port in ports]
        except OSError:
            continue
    raise sandbox.Trouble("found no free address on loopback")


class Request:
    """What was asked, and the connection on which it is answered."""

    def __init__(self, connection, head, body):
        self.connection, self.head, self.body = connection, head, body
        self.line, *fields = head.split("\r\n")
        self.method, self.target = self.line.split(" ")[:2]
        self.fields = {name.lower(): value.strip() for name, value in (field.split(":", 1) for field in fields if field)}
        self.host = self.fields.get("host", "")

    def reply(self, content=b"", status="200 OK", fields=(), length=None):
        head = "".join(f"{field}\r\n" for field in (f"Content-Length: {len(content) if length is None else length}", *fields))
        self.connection.sendall(f"HTTP/1.1 {status}\r\n{head}Connection: close\r\n\r\n".encode() + content)

    def until_it_leaves(self, send=b""):
        """Sends something again and again, if anything, until the client has closed the connection."""
        self.connection.settimeout(0.1)
        for _ in range(600):
            try:
                if send:
                    self.connection.sendall(send)
                if self.connection.recv(1) == b"":
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
        return False


class Web:
    """HTTP at port 80 and HTTPS at port 443 of `address`. `handlers`: a function for each host name, called with the
    request; requests to other hosts get a 404."""

    def __init__(self, certificate, key):
        self.address, (plain, secure) = free_address()
        self.handlers, self.requests = {}, []
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self.certificates = {}
        self.tls.sni_callback = self.choose
        self.ears = [Ear(plain, self.serve), Ear(secure, self.serve_secure)]

    def present(self, host, certificate, key):
        """Another certificate for one host."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.certificates[host] = context

    def choose(self, connection, name, _):
        connection.context = self.certificates.get(name, connection.context)

    def serve_secure(self, connection):
        self.serve(connection, True)

    def serve(self, connection, secure=False):
        try:
            if secure:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.answer(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def answer(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        length = int((re.search(rb"(?i)\r\ncontent-length: (\d+)", head) or [b"", b"0"])[1])
        while len(body) < length:
            body += connection.recv(65536)
        request = Request(connection, head.decode("latin-1"), body)
        self.requests.append(request)
        handler = self.handlers.get(request.host)
        if handler is None:
            request.reply(status="404 Not Found")
        else:
            handler(request)

    def asked(self, host):
        return [request for request in self.requests if request.host == host]

    def stop(self):
        for ear in self.ears:
            ear.close()


class Trap:
    """Listens, and remembers that somebody connected."""

    def __init__(self, address="127.0.0.1", port=0):
        self.listener = socket.create_server((address, port))
        self.listener.settimeout(0)
        self.port = self.listener.getsockname()[1]

    def caught(self):
        try:
            self.listener.accept()[0].close()
            return True
        except BlockingIOError:
            return False


class Proxy:
    """An HTTP proxy that knows only CONNECT, and one address to connect to."""

    def __init__(self, address):
        self.address, self.asked = address, []
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.ear = Ear(listener, self.serve)

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(f"{method} {target}")
        server = socket.create_connection((self.address, int(target.rsplit(":", 1)[1])))
        client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        threading.Thread(target=self.pass_on, args=(client, server), daemon=True).start()
        self.pass_on(server, client)

    @staticmethod
    def pass_on(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Answer:
    def __init__(self, outcome, lifetime, secure, items, place, why):
        self.outcome, self.lifetime, self.secure = outcome, lifetime, secure
        self.items, self.place, self.why = items, place, why

    def __repr__(self):
        return f"{self.outcome} {self.items!r:.200} {self.place} {self.why}"


class Client:
    """A connection to the finder's socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(90)
        self.socket.connect(str(path))
        self.data = b""

    def ask(self, number, wish, subject, body=b"", seconds=30):
        subject = subject.encode()
        self.socket.sendall(struct.pack("=5I", number, int(seconds * 1000), WISHES.index(wish), len(subject), len(body))
                            + subject + body)

    def take(self, count):
        while len(self.data) < count:
            more = self.socket.recv(1 << 20)
            if not more:
                raise EOFError("the finder closed the connection")
            self.data += more
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def answer(self):
        """The next answer: the number of its question, and what it says."""
        number, outcome, lifetime, flags, place, why, count = struct.unpack("=7I", self.take(28))
        lengths = struct.unpack(f"={count}I", self.take(4 * count))
        place, why = self.take(place).decode(), self.take(why).decode()
        items = [self.take(length) for length in lengths]
        return number, Answer(OUTCOMES[outcome], lifetime, bool(flags & 1), items, place or None, why or None)

    def close(self):
        self.socket.close()


class Finder:
    """postseal-finder with settings of its own, in a directory of its own."""

    def __init__(self, directory, build, settings, names):
        """`names`: {host name: address}; nothing else has an address."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.bin = pathlib.Path(build) / "bin"
        # Paths of sockets must be short.
        self.run = pathlib.Path(f"/tmp/postseal-finder.{os.getpid()}.{random.randrange(10 ** 6)}")
        self.run.mkdir()
        os.chmod(self.run, 0o777)
        self.socket = self.run / "finder.sock"
        self.config = self.directory / "postseal.conf"
        self.config.write_text(f"""organisation "Example Corp"
domains {{ "example.com" }}
database "postgresql:///nowhere"
portal url "https://secure.example.com"
finder socket "{self.socket}" user "nobody"
{settings}
""")
        self.log = self.directory / "log"
        self.hosts = self.directory / "hosts"
        self.hosts.write_text("".join(f"{address} {name}\n" for name, address in names.items()))
        self.resolver = self.directory / "resolv.conf"
        self.resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.switch = self.directory / "nsswitch.conf"
        self.switch.write_text("passwd: files\ngroup: files\nhosts: files\n")
        self.program = None

    def start(self, environment=None):
        mounts = "".join(f'mount --bind "{ours}" {theirs} && ' for ours, theirs in (
            (self.hosts, "/etc/hosts"), (self.resolver, "/etc/resolv.conf"), (self.switch, "/etc/nsswitch.conf")))
        under = os.environ.get("POSTSEAL_UNDER", "").split()
        self.log.touch()
        begun = len(self.log.read_text())
        with self.log.open("ab") as output:
            self.program = subprocess.Popen(
                ["unshare", "-m", "--propagation", "slave", "sh", "-c", mounts + 'exec "$@"', "sh", *under,
                 self.bin / "postseal-finder", "-f", self.config],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **(environment or {})})
        sandbox.wait_until(lambda: "listening" in self.log.read_text()[begun:] or self.program.poll() is not None, "the finder")
        if self.program.poll() is not None:
            raise sandbox.Trouble(f"the finder ended: {self.log.read_text()[begun:]}")
        return self

    def client(self):
        return Client(self.socket)

    def ask(self, wish, subject, body=b"", seconds=30):
        client = self.client()
        try:
            client.ask(1, wish, subject, body, seconds)
            return client.answer()[1]
        finally:
            client.close()

    def stop(self, how=signal.SIGTERM):
        if self.program is not None and self.program.poll() is None:
            self.program.send_signal(how)
            self.program.wait(90)
        for path in self.run.glob("*"):
            path.unlink()
        self.run.rmdir()
