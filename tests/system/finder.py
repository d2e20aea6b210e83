"""A finder that answers as the test says, or never: what asks postseal-finder cannot tell it from the real one."""
import os
import pathlib
import re
import socketserver
import struct
import threading

import world as sandbox

SOURCE = pathlib.Path(__file__).resolve().parents[2]
WISHES = re.findall(r"^\tFINDER_(\w+),", re.search(r"enum finder_wish \{(.*?)\};",
                                                    (SOURCE / "keystore/finder.h").read_text(), re.S)[1], re.M)
FOUND, NOTHING, FAILED = range(3)


class Answer:
    def __init__(self, outcome, items=(), lifetime=0, secure=True, partial=False, place="", why=""):
        self.head = outcome, lifetime, secure + 2 * partial
        self.items, self.place, self.why = items, place, why

    def frame(self, number):
        outcome, lifetime, flags = self.head
        place, why = self.place.encode(), self.why.encode()
        return b"".join([struct.pack("7I", number, outcome, lifetime, flags, len(place), len(why), len(self.items)),
                         *(struct.pack("I", len(item)) for item in self.items), place, why, *self.items])


def found(*items, **more):
    return Answer(FOUND, items, place="https://openpgpkey.example/", **more)


SILENCE = None


class Finder(socketserver.ThreadingUnixStreamServer):
    """`answers`: by way of asking ("WKD") and address or URL, also as a function of the request's body; for
    everything else, `otherwise`."""
    daemon_threads = True
    request_queue_size = 200

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.unlink(missing_ok=True)
        super().__init__(str(path), Asker)
        os.chmod(path, 0o666)
        self.answers, self.asked = {}, []
        self.otherwise = Answer(NOTHING, why="there is none")
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def questions(self, address):
        """The ways in which an address was asked for, in order."""
        return [wish for wish, subject, _ in self.asked if subject == address]

    def end(self):
        self.shutdown()
        self.server_close()
        self.path.unlink(missing_ok=True)


class Asker(socketserver.BaseRequestHandler):
    def exactly(self, length):
        data = b""
        while len(data) < length:
            more = self.request.recv(length - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def handle(self):
        try:
            while True:
                number, milliseconds, wish, subject, body = struct.unpack("5I", self.exactly(20))
                name = self.exactly(subject).decode()
                request = self.exactly(body)
                self.server.asked.append((WISHES[wish], name, milliseconds))
                answer = self.server.answers.get((WISHES[wish], name), self.server.otherwise)
                if callable(answer):
                    answer = answer(request)
                if answer is not SILENCE:
                    self.request.sendall(answer.frame(number))
        except ConnectionError:
            pass


class World(sandbox.World):
    """With this finder instead of the real one."""

    def start_programs(self):
        self.finder = Finder(self.directory / "finder.sock")
        lines = [line for line in self.config.read_text().splitlines() if not line.startswith("finder socket")]
        self.config.write_text("\n".join([f'finder socket "{self.finder.path}"', *lines, ""]))
        super().start_programs()

    def start_program(self, name, *arguments, **options):
        return None if name == "postseal-finder" else super().start_program(name, *arguments, **options)
