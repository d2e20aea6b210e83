"""postseal-finder with settings of its own, and what it answers."""
import json
import os
import socket
import subprocess

import world as sandbox

SETTINGS = """organisation "Example Corp"
domains {{ "example.com" }}
database "postgresql:///none"
portal listen "127.0.0.1:1" url "https://secure.example.com"
finder socket "{socket}" user "root"
"""


class Answer:
    def __init__(self, line):
        said = json.loads(line)
        self.outcome, self.lifetime, self.secure = said["outcome"], said["lifetime"], said["secure"]
        self.place, self.why = said["place"], said["why"]
        self.items = [bytes.fromhex(item) for item in said["items"]]

    def __repr__(self):
        return f"{self.outcome} secure={self.secure} lifetime={self.lifetime} at {self.place}: {self.why} {self.items}"


class Finder:
    def __init__(self, directory, build, settings):
        self.directory, self.build = directory, build
        self.socket = directory / "finder.sock"
        self.config = directory / "postseal.conf"
        self.process = None
        directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(SETTINGS.format(socket=self.socket) + settings)

    def start(self):
        with (self.directory / "finder.log").open("a") as log:
            self.process = subprocess.Popen(
                [*os.environ.get("POSTSEAL_UNDER", "").split(), self.build / "bin/postseal-finder", "-f", self.config],
                stdout=log, stderr=log)
        sandbox.wait_until(self.answers, f"postseal-finder (see {self.directory}/finder.log)")

    def answers(self):
        assert self.process.poll() is None, (self.directory / "finder.log").read_text()
        try:
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(self.socket))
        except OSError:
            return False
        return self.ask("ping", "x").outcome == "nothing"

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(timeout=20) == 0, (self.directory / "finder.log").read_text()
            self.process = None

    def ask_all(self, *questions, seconds=20):
        """Pairs of a wish and its subject."""
        words = [word for question in questions for word in question]
        done = subprocess.run([self.build / "tests/finder_probe", self.socket, str(seconds), *words],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [Answer(line) for line in done.stdout.splitlines()]

    def ask(self, wish, subject, seconds=20):
        return self.ask_all((wish, subject), seconds=seconds)[0]
