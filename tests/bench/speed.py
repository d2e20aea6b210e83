"""Messages a second through the same Postfix: without a milter, with other milters, and with
Postseal by method. smtp-source sends (20 sessions, 10 kB), smtp-sink receives. Nine alternating
rounds, medians, and ratios within the run, both for messages accepted a second and for messages
that are all delivered. Then where the CPU time of a message goes, by program: on a machine whose cores are all busy
that decides the rate.

Run as root: /usr/bin/python3 tests/bench/speed.py [--rounds N] [--sessions N] [COUNT [WHAT ...]]
"""
import argparse
import concurrent.futures
import os
import pathlib
import shutil
import smtplib
import statistics
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "contrib" / "sandbox"))

import costs  # noqa: E402
import people  # noqa: E402
from world import World, command, end_process, free_ports, port_answers, wait_until  # noqa: E402

BUILD = pathlib.Path(os.environ.get("POSTSEAL_BUILD", SOURCE / "build"))
LENGTH = 10_000
DIRECTORY = BUILD / "tests" / "world" / "speed"

RULES = """
match recipient domain "smime.example"    deliver smime
match recipient domain "pgp.example"      deliver pgp
match recipient domain "pickup.example"   deliver pickup
otherwise                                 deliver plain
"""

# what: (which milter, recipient, sender)
POSTSEAL = {
    "plain": (["to@plain.example"], "anna@example.com"),
    "smime": (["to@smime.example"], "anna@example.com"),
    "smime signed": (["to@smime.example"], "signer@example.com"),
    "pgp": (["to@pgp.example"], "anna@example.com"),
    "pickup": (["to@pickup.example"], "anna@example.com"),
    "split": (["to@smime.example", "to@pgp.example", "to@pickup.example"], "anna@example.com"),
}
RATIOS = [  # (what, compared with which peer, at least)
    ("plain", "collect", 0.92), ("smime", "replace", 0.9), ("smime signed", "replace", 0.85), ("pgp", "gpg", 0.95),
    ("pickup", "collect", 0.75), ("pickup delivered", "collect delivered", 0.4),
]
WAITING = ("select exists (select from postseal.outbox) or"
           " exists (select from postseal.parcel where issued_at is null)")


class Bench:
    def __init__(self, count, rules=RULES, letter=None, sessions=20):
        """`letter`: a file with the message that is sent, to another recipient each time; without Message-ID, Date and Subject each is a message
        of its own. None: smtp-source makes it."""
        self.count, self.rules, self.letter, self.sessions = count, rules, letter, sessions
        self.world = World(DIRECTORY, BUILD)
        self.peers = {}
        self.rates = {}
        self.costs = {}
        self.shares = {}

    def start(self):
        world = self.world
        world.start(self.rules)
        world.postseal("key", "import", "--root", world.directory / "keys" / "authority.pem")
        people.certify(world, "to@smime.example")
        own = people.certify(world, "signer@example.com").with_suffix("")
        both = own.with_suffix(".both")
        both.write_text(own.with_suffix(".pem").read_text() + own.with_suffix(".key").read_text())
        world.postseal("key", "import", both)
        people.make_pgp(world, "to@pgp.example", "pgp", "default").end()
        self.sink_port, = free_ports(1)
        self.sink = subprocess.Popen(["smtp-sink", "-u", "nobody", f"127.0.0.1:{self.sink_port}", "1000"],
                                     stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: port_answers(self.sink_port), "smtp-sink")
        self.peer("collect")
        self.peer("headers")
        self.peer("replace")
        self.peer("gpg", world.directory / "keys" / "pgp.asc", self.home())
        self.opendkim()
        self.database = world.postgres.session()
        self.postseal = self.as_smtpd_sees(world.milter_socket)
        self.marks = {name: command("postconf", "-c", world.company.config, "-h", name).decode().strip()
                      for name in ("smtpd_data_restrictions", "smtp_header_checks")}

    def home(self):
        home = self.world.directory / "peer-gnupg"
        home.mkdir(mode=0o700)
        return home

    def peer(self, mode, *words):
        path = self.world.milter_socket.with_name(f"{mode}.sock")
        program = subprocess.Popen([BUILD / "tests" / "peer_milter", f"unix:{path}", mode, *words])
        wait_until(path.exists, f"the peer {mode}")
        path.chmod(0o666)
        self.peers[mode] = (self.as_smtpd_sees(path), program)

    def opendkim(self):
        if shutil.which("opendkim") is None:
            print("opendkim is not installed: left out")
            return
        directory = self.world.directory / "dkim"
        directory.mkdir()
        command("openssl", "genrsa", "-out", directory / "key", "2048")
        (directory / "key").chmod(0o600)
        path = self.world.milter_socket.with_name("opendkim.sock")
        (directory / "conf").write_text(f"Mode s\nDomain example.com\nSelector s\nKeyFile {directory}/key\n"
                                        f"Socket local:{path}\nRequireSafeKeys no\nSyslog no\nUMask 000\n")
        program = subprocess.Popen(["opendkim", "-f", "-x", directory / "conf"])
        wait_until(path.exists, "opendkim")
        self.peers["opendkim"] = (self.as_smtpd_sees(path), program)

    @staticmethod
    def as_smtpd_sees(path):
        """As seen by smtpd, which runs in its chroot, the queue directory, as shipped by Debian."""
        return f"unix:{path.parent.name}/{path.name}"

    def wire(self, milter):
        """Mail is marked as undecided only for Postseal: another milter would leave the mark, and
        Postfix would hold the mail."""
        company = self.world.company
        marks = self.marks if milter == self.postseal else {name: "" for name in self.marks}
        command("postconf", "-c", company.config, "-e", f"smtpd_milters = {milter}",
                f"relayhost = [127.0.0.1]:{self.sink_port}", "smtp_tcp_port = 25",
                *(f"{name} = {value}" for name, value in marks.items()))
        company.reload()
        time.sleep(1)  # Postfix replaces its processes; nothing is measured yet

    def queue_is_empty(self):
        def holds(directory):
            return any(f.is_file() for f in (self.world.company.queue / directory).rglob("*"))

        if holds("deferred"):
            raise SystemExit(f"Postfix has deferred mail, see {self.world.company.log}")
        return not any(map(holds, ("incoming", "active", "maildrop")))

    def send_split(self, to, sender):
        """smtp-source takes one recipient, so there are as many sessions, each with its share of the messages."""
        body = "".join(f"{n}{'X' * 75}\r\n" for n in range(LENGTH // 78))
        text = f"From: {sender}\r\nTo: {', '.join(to)}\r\nSubject: split\r\nMessage-ID: <%s@example.com>\r\n\r\n{body}"

        def session(number):
            for count in range(self.count // self.sessions):
                with smtplib.SMTP("127.0.0.1", self.world.ports["submission"]) as smtp:
                    smtp.sendmail(sender, to, text % f"{number}.{count}.{time.monotonic_ns()}")

        with concurrent.futures.ThreadPoolExecutor(self.sessions) as pool:
            list(pool.map(session, range(self.sessions)))

    def send(self, to, sender):
        if len(to) > 1:
            return self.send_split(to, sender)
        content = ("-l", str(LENGTH)) if self.letter is None else ("-N", "-F", self.letter)
        done = subprocess.run(["smtp-source", "-s", str(self.sessions), *content, "-m", str(self.count), "-f", sender, "-t", to[0],
                               f"127.0.0.1:{self.world.ports['submission']}"], capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"smtp-source: {done.stderr.decode()[-500:]}")

    def drive(self, to, sender):
        """Seconds until all are accepted, and until none is waiting any more."""
        begin = time.monotonic()
        self.send(to, sender)
        accepted = time.monotonic() - begin
        wait_until(lambda: self.database.ask(WAITING) == "f" and self.queue_is_empty(), "everything to be delivered", 600)
        return accepted, time.monotonic() - begin

    def roots(self):
        world = self.world
        return {"MTA": int((world.company.queue / "pid" / "master.pid").read_text()),
                "PostgreSQL": int((world.postgres.data / "postmaster.pid").read_text().split()[0]),
                **{name.removeprefix("postseal-"): pid for name, pid in world.programs.items()},
                **{mode: program.pid for mode, (_, program) in self.peers.items()}}

    def measure(self, what, milter, pid, to=("to@plain.example",), sender="anna@example.com"):
        self.wire(milter)
        before, all_before = costs.alone(pid) if pid else (0, 0), costs.trees(self.roots())
        accepted, delivered = self.drive(to, sender)
        after, all_after = costs.alone(pid) if pid else (0, 0), costs.trees(self.roots())
        self.rates.setdefault(what, []).append(self.count / accepted)
        self.rates.setdefault(f"{what} delivered", []).append(self.count / delivered)
        self.costs.setdefault(what, []).append(tuple((b - a) / self.count for a, b in zip(before, after)))
        self.shares.setdefault(what, []).append({name: (all_after[name] - spent) / self.count
                                                 for name, spent in all_before.items()})

    def round(self, wanted):
        if not wanted or "bare" in wanted:
            self.measure("bare", "", None)
        for mode, (milter, program) in self.peers.items():
            if not wanted or mode in wanted:
                self.measure(mode, milter, program.pid, sender="anna@example.com")
        pid = self.world.programs["postseal-milter"]
        for what, (to, sender) in POSTSEAL.items():
            if not wanted or what in wanted:
                self.measure(what, self.postseal, pid, to, sender)

    def report(self):
        rate = {what: statistics.median(values) for what, values in self.rates.items()}
        print(f"{'messages a second':16} accepted  delivered  CPU ms of the milter (and of its children)")
        for what, costs in self.costs.items():
            own, children = (statistics.median(c[i] for c in costs) for i in (0, 1))
            print(f"{what:16} {rate[what]:9.0f}  {rate[what + ' delivered']:9.0f}  {own:6.2f}"
                  + (f" ({children:.2f})" if children else ""))
        self.report_shares()
        for what, peer, least in RATIOS:
            if what in rate and peer in rate:
                ratio = rate[what] / rate[peer]
                print(f"{what} / {peer}: {ratio:.2f} (to reach: {least})")
        alone = [rate[what] for what in ("smime", "pgp", "pickup") if what in rate]
        if "split" in rate and len(alone) == 3:
            print(f"split, in copies / the slowest alone: {3 * rate['split'] / min(alone):.2f} (to reach: 0.5)")

    def report_shares(self):
        print("CPU ms of a message, by program:")
        for what, rounds in self.shares.items():
            shares = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
            parts = sorted(((spent, name) for name, spent in shares.items() if spent >= 0.05), reverse=True)
            print(f"{what:16} {sum(shares.values()):6.2f} = "
                  + " + ".join(f"{spent:.2f} {name}" for spent, name in parts))

    def stop(self):
        for _, program in self.peers.values():
            end_process(program.pid)
        if hasattr(self, "sink"):
            end_process(self.sink.pid)
        if hasattr(self, "database"):
            self.database.end()
        self.world.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sessions", type=int, default=20, help="at the same time")
    parser.add_argument("count", type=int, nargs="?", default=400)
    parser.add_argument("what", nargs="*")
    options = parser.parse_args()
    bench = Bench(options.count, sessions=options.sessions)
    try:
        bench.start()
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", flush=True)
            bench.round(options.what)
        bench.report()
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
