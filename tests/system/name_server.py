"""NSD on loopback, with zones that ldns-signzone signs; what asks it takes it for its resolver."""
import signal
import socket
import subprocess
import threading
import time

import world as sandbox

HEAD = """$ORIGIN {name}.
$TTL {ttl}
@ SOA ns.{name}. hostmaster.{name}. 1 3600 600 86400 {negative}
@ NS ns.{name}.
ns A 127.0.0.1
"""


class NameServer:
    def __init__(self, directory):
        self.directory = directory
        self.port = sandbox.free_ports(1)[0]
        self.anchor = directory / "anchor"
        self.zones = {}
        self.process = None
        directory.mkdir(parents=True)
        self.anchor.write_text("")

    def zone(self, name, records, signed=True, words=(), ttl=600, negative=300, change=lambda text: text):
        """`words` go to ldns-signzone; `change` gets the text of the signed zone."""
        path = self.directory / f"{name}.zone"
        path.write_text(HEAD.format(name=name, ttl=ttl, negative=negative) + records)
        if signed:
            key = sandbox.command("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name, cwd=self.directory).decode().strip()
            sandbox.command("ldns-signzone", *words, path.name, key, cwd=self.directory)
            with self.anchor.open("a") as anchor:
                anchor.write((self.directory / f"{key}.ds").read_text())
            path = path.with_name(f"{name}.zone.signed")
            path.write_text(change(path.read_text()))
        self.zones[name] = path

    def start(self):
        config = self.directory / "nsd.conf"
        config.write_text(
            f'server:\n ip-address: 127.0.0.1@{self.port}\n username: ""\n chroot: ""\n database: ""\n'
            f' zonesdir: "{self.directory}"\n pidfile: "{self.directory}/nsd.pid"\n xfrdfile: "{self.directory}/xfrd.state"\n'
            f' zonelistfile: "{self.directory}/zone.list"\n xfrdir: "{self.directory}"\n server-count: 1\n'
            "remote-control:\n control-enable: no\n"
            + "".join(f'zone:\n name: "{name}"\n zonefile: "{path.name}"\n' for name, path in self.zones.items()))
        with (self.directory / "nsd.log").open("w") as log:
            self.process = subprocess.Popen(["nsd", "-d", "-c", config], stdout=log, stderr=log)
        sandbox.wait_until(lambda: sandbox.port_answers(self.port), f"NSD (see {self.directory}/nsd.log)")

    def reload(self):
        """Shows zones that were written again, and are not signed."""
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None


class Relay:
    """Passes questions on to a server over UDP, with a delay, or not at all."""

    def __init__(self, target):
        self.target = target
        self.delay = 0
        self.silent = False
        self.asked = 0
        self.port = sandbox.free_ports(1)[0]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", self.port))
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                question, asker = self.socket.recvfrom(65535)
            except OSError:
                return
            self.asked += 1
            if not self.silent:
                threading.Thread(target=self.answer, args=(question, asker), daemon=True).start()

    def answer(self, question, asker):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(5)
            upstream.sendto(question, ("127.0.0.1", self.target))
            try:
                answer = upstream.recv(65535)
            except OSError:
                return
        time.sleep(self.delay)
        self.socket.sendto(answer, asker)

    def stop(self):
        self.socket.close()
