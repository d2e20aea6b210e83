"""Domains that say themselves that they take verified TLS: DANE and MTA-STS, by real zones (NSD, with DNSSEC), a real web
server, a validating resolver (unbound), the real finder, and an outside Postfix with the right or the wrong certificate."""
import hashlib
import subprocess

import pytest

import internet
import people
import world as sandbox
from name_server import NameServer

DOMAINS = ["dane.example", "liar.example", "unsigned.example", "sts.example", "forged.example", "leaving.example",
           "failing.example", "testing.example", "moved.example", "lost.example", "silent.example"]
STS = ["sts.example", "forged.example", "leaving.example", "failing.example", "testing.example", "moved.example",
       "lost.example"]
RULES = """
match recipient domain "silent.example"  deliver tls
otherwise                                deliver tls, pickup
"""
SETTINGS = "tls from dane, mta-sts\nkeys within 20 seconds"
PARAMETERS = {"relay_domains": " ".join(DOMAINS), "smtp_dns_support_level": "dnssec", "smtp_host_lookup": "dns"}


def policy(domain, mode="enforce", host=None, age=86400):
    return f"version: STSv1\r\nmode: {mode}\r\nmx: {host or f'mx.{domain}'}\r\nmax_age: {age}\r\n".encode()


class World(sandbox.World):
    def make_certificates(self):
        super().make_certificates()
        keys = self.directory / "keys"
        names = ",".join(f"DNS:mx.{domain}" for domain in DOMAINS if domain != "forged.example")
        self.authority.issue("outside", "/CN=outside", f"subjectAltName={names}")
        self.authority.issue("web", "/CN=web", "subjectAltName=" + ",".join(f"DNS:mta-sts.{domain}" for domain in STS))
        self.start_names(keys)
        self.web = internet.Web(keys / "web.pem", keys / "web.key")
        self.policies = {domain: policy(domain) for domain in STS}
        for domain in STS:
            self.web.handlers[f"mta-sts.{domain}"] = self.answer(domain)

    def answer(self, domain):
        def handler(request):
            content = self.policies[domain]
            if content is None:
                request.reply(status="500 Internal Server Error")
            else:
                request.reply(content, fields=("Content-Type: text/plain",))
        return handler

    def start_names(self, keys):
        public = sandbox.command("openssl", "x509", "-in", keys / "outside.pem", "-noout", "-pubkey")
        key = sandbox.command("openssl", "pkey", "-pubin", "-outform", "DER", input=public)
        record = f"TLSA 3 1 1 {hashlib.sha256(key).hexdigest()}\n"
        tlsa = f"_25._tcp.mx {record}_{self.ports['outside']}._tcp.mx {record}"
        self.names = NameServer(self.directory / "names")
        for domain in DOMAINS:
            address = "127.0.0.2" if domain in ("liar.example", "forged.example") else "127.0.0.1"
            records = f"@ MX 10 mx\nmx A {address}\n"
            if domain in ("dane.example", "liar.example", "unsigned.example"):
                records += tlsa
            if domain in STS:
                records += '_mta-sts TXT "v=STSv1; id=1;"\n'
            if domain != "silent.example":
                self.names.zone(domain, records, signed=domain in ("dane.example", "liar.example"))
        self.names.start()
        self.start_resolver()

    def start_resolver(self):
        """Postfix asks at port 53."""
        address, listeners = internet.free_address(ports=(53,))
        for listener in listeners:
            listener.close()
        config = self.directory / "unbound.conf"
        config.write_text(
            f'server:\n interface: {address}\n username: ""\n chroot: ""\n directory: "{self.directory}"\n pidfile: ""\n'
            f' use-syslog: no\n do-not-query-localhost: no\n trust-anchor-file: "{self.names.anchor}"\n do-ip6: no\n'
            " access-control: 127.0.0.0/8 allow\n"
            + "".join(f' domain-insecure: "{name}"\n' for name in DOMAINS if name not in ("dane.example", "liar.example"))
            + "remote-control:\n control-enable: no\n"
            + f'forward-zone:\n name: "."\n forward-addr: 127.0.0.1@{self.names.port}\n')
        with (self.directory / "unbound.log").open("w") as log:
            self.unbound = subprocess.Popen(["unbound", "-d", "-c", config], stdout=log, stderr=log)
        sandbox.wait_until(lambda: sandbox.port_answers(53, address), "unbound")
        self.company.resolver = self.directory / "resolv.conf"
        self.company.resolver.write_text(f"nameserver {address}\noptions trust-ad timeout:2\n")

    def start_outside(self):
        super().start_outside()
        self.outside.set(virtual_mailbox_domains=" ".join(DOMAINS))

    def start_programs(self):
        self.finder = internet.Finder(
            self.directory / "finder", self.bin.parent,
            f'finder networks {{ "127.0.0.0/8" }}\nfinder authorities "{self.directory}/keys/authority.pem"\n'
            f'finder resolver "127.0.0.1@{self.names.port}"\nfinder anchor "{self.names.anchor}"',
            {f"mta-sts.{domain}": self.web.address for domain in STS}).start()
        lines = [line for line in self.config.read_text().splitlines() if not line.startswith("finder socket")]
        self.config.write_text("\n".join([f'finder socket "{self.finder.socket}"', *lines, ""]))
        super().start_programs()

    def start_program(self, name, *arguments, **options):
        return None if name == "postseal-finder" else super().start_program(name, *arguments, **options)

    def stop(self):
        super().stop()
        for part in ("finder", "web", "names"):
            if hasattr(self, part):
                getattr(self, part).stop()
        if hasattr(self, "unbound"):
            self.unbound.terminate()
            self.unbound.wait(timeout=20)


WORLD = World


def send(post, address):
    post.accepted(post.compose([address]), [address])
    return post.copies(address)[-1]


def known(world, domain, what, evidence="mta-sts"):
    rows = world.postgres.query(f"select {what} from postseal.domain_tls where domain = '{domain}' and evidence = '{evidence}'")
    return rows[0][0] if rows else None


def ask_again(world, domain):
    before = known(world, domain, "asked_at")
    world.postgres.query(f"update postseal.domain_tls set due_at = now() where domain = '{domain}'")
    sandbox.wait_until(lambda: known(world, domain, "asked_at") != before, "the courier to ask again", 60)


def activities(world, domain):
    return [what for what, in world.postgres.query(f"select what from postseal.activity where subject = '{domain}' order by id")]


def waits(world, address):
    """The company's Postfix has tried, and keeps the mail."""
    def is_deferred():
        return any(f"to=<{address}>" in line and "status=deferred" in line and "postseal-verified" in line
                   for line in world.company.log.read_text().splitlines())
    sandbox.wait_until(is_deferred, f"{address} to be deferred", 60)
    assert list(people.Mailbox(world, address).files()) == []


def test_domain_with_dane_gets_its_mail_over_tls_that_postfix_verifies(world, post, name):
    address = f"{name}@dane.example"
    copy = send(post, address)
    assert copy["method"] == "tls" and "DANE: every mail host of dane.example has TLSA records" in copy["reason"]
    assert b"Hello." in post.box(address).one().raw
    assert "Verified TLS connection established to mx.dane.example" in world.company.log.read_text()
    said = world.postseal("policy", "explain", "--from", post.sender, "--to", address)
    assert "DANE: every mail host of dane.example has TLSA records that DNSSEC proves" in said


def test_server_with_another_key_than_dane_says_gets_nothing(world, post, name):
    """Promise 1."""
    assert send(post, f"{name}@liar.example")["method"] == "tls"
    waits(world, f"{name}@liar.example")


def test_tlsa_records_that_nobody_signed_prove_nothing(world, post, name):
    """Whoever writes into DNS without DNSSEC cannot make a domain take plain mail. Promise 1."""
    copy = send(post, f"{name}@unsigned.example")
    assert copy["method"] == "pickup", copy
    assert known(world, "unsigned.example", "outcome", "dane") == "nothing"


def test_domain_with_mta_sts_gets_its_mail_over_tls_that_postfix_verifies(world, post, name):
    address = f"{name}@sts.example"
    copy = send(post, address)
    assert copy["method"] == "tls" and "MTA-STS: the policy 1 of sts.example enforces TLS with mx.sts.example" in copy["reason"]
    assert b"Hello." in post.box(address).one().raw
    assert "Verified TLS connection established to mx.sts.example" in world.company.log.read_text()


def test_host_without_a_certificate_for_the_name_in_the_policy_gets_nothing(world, post, name):
    """Promise 1."""
    assert send(post, f"{name}@forged.example")["method"] == "tls"
    waits(world, f"{name}@forged.example")


def test_domain_that_withdraws_its_policy(world, post, name):
    assert send(post, f"{name}@leaving.example")["method"] == "tls"
    world.policies["leaving.example"] = policy("leaving.example", "none")
    ask_again(world, "leaving.example")
    copy = send(post, f"{name}x@leaving.example")
    assert copy["method"] == "pickup" and world.postgres.query(
        "select 1 from postseal.domain_tls where domain = 'leaving.example' and policy = 'none'")
    assert activities(world, "leaving.example")[-1] == "TLS policy withdrawn"
    assert "verified TLS to leaving.example: MTA-STS no longer protects its mail: none" in world.log("postseal-courier")


def test_policy_that_can_no_longer_be_fetched_holds_until_its_max_age(world, post, name):
    """RFC 8461 §5.1; the admin hears of it at once."""
    assert send(post, f"{name}@failing.example")["method"] == "tls"
    world.policies["failing.example"] = None
    ask_again(world, "failing.example")
    assert known(world, "failing.example", "outcome") == "failed"
    assert send(post, f"{name}x@failing.example")["method"] == "tls"
    assert b"Hello." in post.box(f"{name}x@failing.example").one().raw
    assert activities(world, "failing.example")[-1] == "TLS policy failed"
    assert "verified TLS to failing.example: MTA-STS can no longer be found" in world.log("postseal-courier")
    world.postgres.query("update postseal.domain_tls set holds_until = now() where domain = 'failing.example' and evidence = 'mta-sts'")
    assert send(post, f"{name}y@failing.example")["method"] == "pickup"


def test_policy_in_mode_testing_protects_nothing(world, post, name):
    world.policies["testing.example"] = policy("testing.example", "testing")
    assert send(post, f"{name}@testing.example")["method"] == "pickup"


def test_policy_that_names_none_of_the_mail_hosts(world, post, name):
    """Such mail would wait for days."""
    world.policies["moved.example"] = policy("moved.example", host="*.elsewhere.example")
    assert send(post, f"{name}@moved.example")["method"] == "pickup"
    assert "TLS policy unfit" in activities(world, "moved.example")


def test_mail_waits_while_nobody_tells_postfix_whom_to_verify(world, post, name):
    """Promise 1."""
    address = f"{name}@lost.example"
    world.stop_program("postseal-courier")
    assert send(post, address)["method"] == "tls"
    world.stop_program("postseal-milter")
    world.start_program("postseal-courier")
    waits(world, address)
    world.start_program("postseal-milter")
    assert b"Hello." in post.box(address).one().raw


def test_message_is_deferred_while_nothing_is_known_of_the_domain(world, post, name):
    """Nobody answers for the domain, and the rule allows nothing else. Promise 1."""
    code, text = post.send(post.compose([f"{name}@silent.example"]), [f"{name}@silent.example"])
    assert 400 <= code < 500, text
    assert "accepts verified TLS is still being determined" in world.log("postseal-milter")
