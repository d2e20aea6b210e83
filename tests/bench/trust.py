"""Trust at scale: what a decision takes among 1 000 000 keys and 5 000 000 attestations, compared with a store that has a
handful; how long `postseal trust why` takes there; how many certificates `postseal key import` takes in a second, and how
many sealed and signed messages a second are opened, compared with a milter that only replaces bodies.

Run as root: /usr/bin/python3 tests/bench/trust.py [KEYS]"""
import argparse
import concurrent.futures
import datetime
import pathlib
import smtplib
import statistics
import subprocess
import sys
import time
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "contrib" / "sandbox"), str(SOURCE / "tests" / "system"), str(SOURCE / "tests" / "bench")]

import people  # noqa: E402
import speed  # noqa: E402
from scale import FILL_KEYS  # noqa: E402
from world import World, command, end_process, wait_until  # noqa: E402

ROUNDS, MESSAGES, CERTIFICATES, WHY, SESSIONS = 5, 200, 20_000, 15, 20
SENDER, EMPLOYEE = "anna@example.com", "carol@example.com"
TO = [f"to{n}@smime.example" for n in range(10)]
SETTINGS = 'networks { "192.0.2.0/24" }\n'  # 127.0.0.1 is outside, so that mail comes in
RULES = """
receive any                                    open
match recipient domain "smime.example"         deliver smime trust domain, pickup
otherwise                                      deliver plain
"""
# Each key is stated by its directory, its domain's DNS, a signed mail, and the codes of two colleagues.
ATTEST = """
set session_replication_role = replica;
insert into postseal.attested (id, kind, subject, address, author, how)
select gen_random_uuid(), case when s.how = 'unlock code' then 'account' else 'smime' end, k.fingerprint, a.address,
       coalesce(s.author || n.n % 1000 || '@example.com', a.address), s.how
from postseal.key k join postseal.key_address a on a.key = k.id,
     lateral (select substr(k.owner, 4)::bigint as n) n,
     (values ('ldap', null), ('dane', null), ('signed mail', null), ('unlock code', 'a'), ('unlock code', 'b')) s (how, author)
where k.imported_by = 'bench';
analyze postseal.attested;
"""


def certificate(key, issuer, issuer_key, number):
    """DER-encoded, of a key that all share: they differ in number and address."""
    address, now = f"n{number}@import.example", datetime.datetime.now(datetime.timezone.utc)
    return (x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)]))
            .issuer_name(issuer).public_key(key.public_key()).serial_number(1000 + number)
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=90))
            .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
            .add_extension(x509.KeyUsage(True, False, False, False, True, False, False, False, False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
            .sign(issuer_key, hashes.SHA256()))


class Trust:
    def __init__(self):
        self.world = World(speed.BUILD / "tests" / "world" / "trust", speed.BUILD)

    def start(self):
        world = self.world
        world.start(RULES, SETTINGS)
        world.postseal("key", "import", "--root", world.directory / "keys" / "authority.pem")
        for address in TO:
            people.certify(world, address)
        own = people.certify(world, EMPLOYEE).with_suffix("")
        both = own.with_suffix(".both")
        both.write_text(own.with_suffix(".pem").read_text() + own.with_suffix(".key").read_text())
        world.postseal("key", "import", both)

    # --- decisions ---

    def decided(self):
        """(seconds, decisions) so far."""
        port = self.world.ports["milter_metrics"]
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        return tuple(float(next(line.split()[-1] for line in text.splitlines()
                                if line.startswith(f'postseal_phase_seconds_{what}{{phase="decide"}}'))) for what in ("sum", "count"))

    def decide(self):
        """Milliseconds of a decision: one message after the other, so that nothing waits for a processor."""
        rounds = []
        for _ in range(ROUNDS):
            before = self.decided()
            with smtplib.SMTP("127.0.0.1", self.world.ports["submission"]) as smtp:
                for n in range(MESSAGES):
                    to = TO[n % len(TO)]
                    smtp.docmd("XCLIENT", "ADDR=192.0.2.1")
                    smtp.ehlo()
                    smtp.sendmail(SENDER, [to], f"From: {SENDER}\r\nTo: {to}\r\nSubject: s\r\nMessage-ID: "
                                                f"<{time.monotonic_ns()}@example.com>\r\n\r\n{'text ' * 20}\r\n")
            after = self.decided()
            rounds.append(1e3 * (after[0] - before[0]) / (after[1] - before[1]))
            wait_until(self.world.nothing_waits, "the outbox to be empty", 120)
        return statistics.median(rounds)

    def fill(self, keys):
        step = 100_000
        for first in range(1, keys, step):
            self.world.postgres.query(FILL_KEYS.format(a=first, b=min(first + step - 1, keys)))
        self.world.postgres.query(ATTEST)
        self.world.postgres.query("checkpoint")
        return [int(self.world.postgres.query(f"select count(*) from postseal.{table}")[0][0]) for table in ("key", "attested")]

    # --- commands ---

    def why(self):
        """Milliseconds of a whole command, and of one that asks nothing."""
        def spent(*words):
            begin = time.monotonic()
            self.world.postseal(*words)
            return 1e3 * (time.monotonic() - begin)

        return (statistics.median(spent("trust", "why", "--from", SENDER, "--to", TO[0]) for _ in range(WHY)),
                statistics.median(spent("--version") for _ in range(WHY)))

    def import_many(self):
        """Certificates a second, all with a chain to a root that is trusted."""
        directory = self.world.directory / "keys"
        root = x509.load_pem_x509_certificate((directory / "authority.pem").read_bytes())
        root_key = serialization.load_pem_private_key((directory / "authority.key").read_bytes(), None)
        key, path = ec.generate_private_key(ec.SECP256R1()), directory / "many.pem"
        with path.open("wb") as file:
            for number in range(CERTIFICATES):
                file.write(certificate(key, root.subject, root_key, number).public_bytes(serialization.Encoding.PEM))
        begin = time.monotonic()
        self.world.postseal("key", "import", path)
        spent = time.monotonic() - begin
        count = int(self.world.postgres.query("select count(*) from postseal.key_address"
                                              " where address like '%@import.example'")[0][0])
        if count != CERTIFICATES:
            raise SystemExit(f"{count} of {CERTIFICATES} certificates were imported")
        return CERTIFICATES / spent

    # --- mail that comes in ---

    def sealed(self):
        """A message of 10 kB, signed and then encrypted, as it comes in."""
        keys = self.world.directory / "keys"
        signer = self.world.authority.issue_mail("bob", "bob@partner.example").with_suffix("")
        text = b"Content-Type: text/plain\r\n\r\n" + b"".join(b"%d%s\r\n" % (n, b"X" * 75) for n in range(128))
        signed = command("openssl", "cms", "-sign", "-signer", f"{signer}.pem", "-inkey", f"{signer}.key", "-md", "sha256",
                         "-outform", "SMIME", input=text)
        entity = command("openssl", "cms", "-encrypt", "-aes256", "-outform", "SMIME", keys / "carol-example-com.pem", input=signed)
        return entity.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def send(self, entity, count):
        def session(number):
            with smtplib.SMTP("127.0.0.1", self.world.ports["submission"]) as smtp:
                for n in range(count // SESSIONS):
                    smtp.sendmail("bob@partner.example", [EMPLOYEE],
                                  b"From: bob@partner.example\r\nTo: %s\r\nSubject: s\r\nMessage-ID: <%d.%d.%d@partner.example>\r\n%s"
                                  % (EMPLOYEE.encode(), number, n, time.monotonic_ns(), entity))

        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(SESSIONS) as pool:
            list(pool.map(session, range(SESSIONS)))
        return count // SESSIONS * SESSIONS / (time.monotonic() - begin)

    def inbound(self):
        """(opened a second, replaced by the peer a second): medians of alternating rounds."""
        world, company = self.world, self.world.company
        path = world.milter_socket.with_name("replace.sock")
        peer = subprocess.Popen([speed.BUILD / "tests" / "peer_milter", f"unix:{path}", "replace"])
        wait_until(path.exists, "the peer")
        path.chmod(0o666)
        names = ("smtpd_data_restrictions", "smtp_header_checks")
        marks = {name: command("postconf", "-c", company.config, "-h", name).decode().strip() for name in names}
        entity, rates = self.sealed(), {"opened": [], "replace": []}
        try:
            for _ in range(ROUNDS):
                for what, socket in (("replace", path), ("opened", world.milter_socket)):
                    set_to = marks if what == "opened" else {name: "" for name in names}
                    command("postconf", "-c", company.config, "-e", f"smtpd_milters = unix:{socket.parent.name}/{socket.name}",
                            *(f"{name} = {value}" for name, value in set_to.items()))
                    company.reload()
                    time.sleep(1)  # Postfix replaces its processes; nothing is measured yet
                    self.send(entity, SESSIONS)  # warm
                    rates[what].append(self.send(entity, 400))
                    wait_until(world.nothing_waits, "the outbox to be empty", 120)
        finally:
            end_process(peer.pid)
        return statistics.median(rates["opened"]), statistics.median(rates["replace"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("keys", type=int, nargs="?", default=1_000_000)
    options = parser.parse_args()
    trust = Trust()
    try:
        trust.start()
        opened, replaced = trust.inbound()
        print(f"opened and verified: {opened:.0f}/s, replaced by a peer: {replaced:.0f}/s: {opened / replaced:.2f} (to reach: 0.8)",
              flush=True)
        print(f"import: {trust.import_many():.0f} certificates/s (to reach: 2000)", flush=True)
        trust.decide()  # warm
        empty = trust.decide()
        keys, attested = trust.fill(options.keys)
        trust.decide()
        full = trust.decide()
        print(f"decision: {empty:.3f} ms, among {keys} keys and {attested} attestations {full:.3f} ms: {full / empty:.2f} times "
              "(to reach: 1.2)", flush=True)
        spent, nothing = trust.why()
        print(f"trust why: {spent:.1f} ms, of which {nothing:.1f} ms to start (to reach: 50)", flush=True)
    finally:
        trust.world.stop()


if __name__ == "__main__":
    main()
