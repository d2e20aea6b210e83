"""Domains that say themselves that they take verified TLS: DANE and MTA-STS, by real zones (NSD, with DNSSEC), a real web
server, a validating resolver (unbound), the real finder, and an outside Postfix with the right or the wrong certificate."""
import hashlib
import json
import re
import subprocess
import urllib.request

import pytest

import internet
import people
import world as sandbox
from name_server import NameServer

STS = ["sts.example", "forged.example", "leaving.example", "failing.example", "testing.example", "moved.example", "lost.example",
       "stuck.example", "later.example", "rolled.example", "hosted.example", "listed.example", "bogus.example", "both.example",
       "brief.example", "badcert.example", "turned.example", "huge.example", "mended.example", "known.example"]
SIGNED = ["dane.example", "liar.example", "alias.example", "backup.example", "bogus.example"]
DOMAINS = ["dane.example", "liar.example", "alias.example", "backup.example", "unsigned.example", "silent.example", "dark.example", *STS]
RULES = """
table verified file "{table}"
tls domains <verified>

match recipient domain { "silent.example" "bogus.example" "dark.example" }  deliver tls
otherwise                                                                   deliver tls, pickup
"""
SETTINGS = "tls from dane, mta-sts\nkeys within 20 seconds"
# Mail for verified TLS goes to the domain's own hosts, past a relay: this one is not there.
PARAMETERS = {"relay_domains": " ".join(DOMAINS), "smtp_dns_support_level": "dnssec", "smtp_host_lookup": "dns",
              "relayhost": "[::1]:9", "inet_protocols": "all"}


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
        self.policies["hosted.example"] = policy("hosted.example", host="mx.sts.example")
        for domain in STS:
            self.web.handlers[f"mta-sts.{domain}"] = self.answer(domain)

    def answer(self, domain):
        def handler(request):
            content = self.policies[domain]
            if content is None:
                request.reply(status="500 Internal Server Error")
            elif callable(content):
                content(request)
            else:
                request.reply(content, fields=("Content-Type: text/plain",))
        return handler

    def start_names(self, keys):
        public = sandbox.command("openssl", "x509", "-in", keys / "outside.pem", "-noout", "-pubkey")
        key = sandbox.command("openssl", "pkey", "-pubin", "-outform", "DER", input=public)
        record = f"TLSA 3 1 1 {hashlib.sha256(key).hexdigest()}\n"
        tlsa = f"_25._tcp.mx {record}_{self.ports['outside']}._tcp.mx {record}"
        hosts = {"alias.example": "@ MX 10 other\nother CNAME mx\n", "hosted.example": "@ MX 10 mx.sts.example.\n",
                 "backup.example": "@ MX 5 down\n@ MX 10 mx\ndown A 127.0.0.3\n" + tlsa.replace(".mx ", ".down ")}
        self.names = NameServer(self.directory / "names")
        for domain in DOMAINS:
            address = "127.0.0.2" if domain in ("liar.example", "forged.example") else "127.0.0.1"
            records = hosts.get(domain, "@ MX 10 mx\n") + f"mx A {address}\n"
            if domain in (*SIGNED, "unsigned.example"):
                records += tlsa
            if domain in STS:
                records += '_mta-sts TXT "v=STSv1; id=1;"\n'
            if domain != "silent.example":
                self.names.zone(domain, records, signed=domain in SIGNED, ttl=1 if domain == "rolled.example" else 600,
                                change=self.corrupt if domain == "bogus.example" else str)
        self.names.start()
        self.start_resolver()

    @staticmethod
    def corrupt(zone):
        """Other TLSA records than those that were signed."""
        return zone.replace("TLSA\t3 1 1 ", "TLSA\t3 0 1 ")

    def announce(self, domain, *records):
        """Instead of what the zone, which is not signed, had for MTA-STS."""
        path = self.names.zones[domain]
        kept = [line for line in path.read_text().splitlines() if not line.startswith("_mta-sts")]
        serial = [re.sub(r"(?<=hostmaster\.%s\. )(\d+)" % re.escape(domain), lambda m: str(int(m[1]) + 1), line) for line in kept]
        path.write_text("\n".join([*serial, *(f'_mta-sts TXT "{record}"' for record in records), ""]))
        self.names.reload()

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
            + "".join(f' domain-insecure: "{name}"\n' for name in DOMAINS if name not in SIGNED)
            + "remote-control:\n control-enable: no\n"
            + f'forward-zone:\n name: "."\n forward-addr: 127.0.0.1@{self.names.port}\n')
        with (self.directory / "unbound.log").open("w") as log:
            self.unbound = subprocess.Popen(["unbound", "-d", "-c", config], stdout=log, stderr=log)
        sandbox.wait_until(lambda: sandbox.port_answers(53, address), "unbound")
        self.company.resolver = self.directory / "resolv.conf"
        self.company.resolver.write_text(f"nameserver {address}\noptions trust-ad timeout:2\n")

    def write_config(self, rules, settings):
        super().write_config(rules, settings)
        with (self.directory / "verified").open("a") as table:
            table.write("listed.example\n")

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

    def map(self, key):
        """What Postfix's own client of the map is told."""
        done = subprocess.run(["postmap", "-c", self.company.config, "-q", key, f"socketmap:unix:{self.milter_socket.parent}/tls.sock:domains"],
                              capture_output=True, text=True)
        return done.returncode, done.stdout.strip(), done.stderr

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


def ask(world, domain):
    """By the admin's command; what it says."""
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "tls", "ask", "--json", domain], capture_output=True, text=True)
    said, = json.loads(done.stdout)
    assert done.returncode == (0 if said["tls"] == "available" else 3), done.stderr
    return said


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
    ask_again(world, "leaving.example")  # by the courier
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


def test_domain_that_never_answers_held_up_the_others(world):
    """The courier asked for all that were due, and waited for the slowest before it asked for more."""
    world.policies["stuck.example"] = lambda request: request.until_it_leaves()
    add = "insert into postseal.domain_tls (domain, evidence) values ('{}', 'mta-sts')"
    world.postgres.query(add.format("stuck.example"))
    sandbox.wait_until(lambda: world.web.asked("mta-sts.stuck.example"), "the courier to ask", 60)
    world.postgres.query(add.format("later.example"))
    sandbox.wait_until(lambda: known(world, "later.example", "outcome") == "found", "the courier to ask the other", 25)
    assert known(world, "stuck.example", "outcome") is None


def test_policy_that_is_replaced_and_one_whose_record_disappears(world, post, name):
    """RFC 8461 §3.3, §5.1: a new one is fetched; without a record, the one that was found holds for its max_age."""
    assert send(post, f"{name}@rolled.example")["method"] == "tls"
    world.policies["rolled.example"] = policy("rolled.example", host="*.rolled.example", age=1000)
    world.announce("rolled.example", "v=STSv1; id=2;")
    sandbox.wait_until(lambda: ask(world, "rolled.example") and known(world, "rolled.example", "policy_id") == "2", "the new policy", 60)
    assert known(world, "rolled.example", "array_to_string(hosts, ' ')") == "*.rolled.example"
    assert activities(world, "rolled.example")[-1] == "TLS policy changed"
    assert world.map("rolled.example")[1] == "secure servername=hostname match=.rolled.example"
    assert send(post, f"{name}x@rolled.example")["method"] == "tls"
    assert b"Hello." in post.box(f"{name}x@rolled.example").one().raw
    world.announce("rolled.example")
    sandbox.wait_until(lambda: ask(world, "rolled.example") and known(world, "rolled.example", "outcome") == "nothing", "its end", 60)
    assert send(post, f"{name}y@rolled.example")["method"] == "tls"


def test_bogus_signatures_were_taken_for_none(world, post, name):
    """DANE that cannot be proved keeps the mail waiting; its MTA-STS policy, which is good, does not stand in for it. Promise 1."""
    code, text = post.send(post.compose([f"{name}@bogus.example"]), [f"{name}@bogus.example"])
    assert 400 <= code < 500, text
    assert ask(world, "bogus.example")["tls"] == "unknown"
    assert (known(world, "bogus.example", "outcome", "dane"), known(world, "bogus.example", "outcome")) == ("failed", "found")
    code, text = post.send(post.compose([f"{name}@bogus.example"]), [f"{name}@bogus.example"])
    assert 400 <= code < 500, text
    assert "signatures do not hold" in known(world, "bogus.example", "last_failure", "dane")
    status, told, said = world.map("bogus.example")
    assert status != 0 and told == "" and "query error" in said, said


def test_table_of_the_admin_comes_first(world, post, name):
    """Its policy names a host of which nothing is true; the admin has said otherwise."""
    world.policies["listed.example"] = policy("listed.example", host="mx.elsewhere.example")
    assert ask(world, "listed.example")["in_table"]
    assert known(world, "listed.example", "unfit")
    assert world.map("listed.example") == (1, "", "")
    copy = send(post, f"{name}@listed.example")
    assert copy["method"] == "tls" and "listed.example is in <verified>" in copy["reason"]
    assert b"Hello." in post.box(f"{name}@listed.example").one().raw


@pytest.mark.parametrize("domain", ("alias.example", "backup.example", "hosted.example"))
def test_mail_hosts_behind_an_alias_that_are_down_or_of_another_domain(world, post, name, domain):
    assert send(post, f"{name}@{domain}")["method"] == "tls"
    assert b"Hello." in post.box(f"{name}@{domain}").one(60).raw
    delivered, = [line for line in world.company.log.read_text().splitlines() if f"to=<{name}@{domain}>" in line and "status=sent" in line]
    assert "postseal-verified" in delivered


def test_policy_cannot_be_had_though_it_is_announced(world, post, name):
    """A certificate for another name, a redirect, 64 kB and more; and one that ends at once."""
    keys = world.directory / "keys"
    world.web.present("mta-sts.badcert.example", keys / "outside.pem", keys / "outside.key")
    world.policies["turned.example"] = lambda request: request.reply(
        status="302 Found", fields=("Location: https://mta-sts.sts.example/.well-known/mta-sts.txt",))
    world.policies["huge.example"] = policy("huge.example") + b"x: " + b"x" * 65536
    world.policies["brief.example"] = policy("brief.example", age=0)
    for domain in ("badcert.example", "turned.example", "huge.example", "brief.example"):
        assert send(post, f"{name}@{domain}")["method"] == "pickup", domain
    assert [ask(world, domain)["tls"] for domain in ("badcert.example", "turned.example", "huge.example")] == ["unknown"] * 3
    assert "it redirects" in known(world, "turned.example", "last_failure")
    assert known(world, "brief.example", "holds_until <= asked_at") == "t"


def test_finder_that_is_dead(world, post, name):
    """What is known still counts, and the rest waits, or goes another way. Promise 1."""
    assert send(post, f"{name}@known.example")["method"] == "tls"
    world.finder.program.kill()
    world.finder.program.wait()
    try:
        assert send(post, f"{name}x@known.example")["method"] == "tls"
        assert send(post, f"{name}@mended.example")["method"] == "pickup"
        code, text = post.send(post.compose([f"{name}@dark.example"]), [f"{name}@dark.example"])
        assert 400 <= code < 500, text
        done = subprocess.run([world.bin / "postseal", "-f", world.config, "tls", "ask", "dark.example"], capture_output=True, text=True)
        assert done.returncode == 1 and "asking postseal-finder" in done.stderr, done
    finally:
        world.finder.start()
    sandbox.wait_until(lambda: known(world, "mended.example", "outcome") == "found", "the courier to ask", 150)
    assert send(post, f"{name}x@mended.example")["method"] == "tls"


def test_several_ask_at_the_same_time(world, post, name):
    """As milters on several nodes do."""
    asking = [subprocess.Popen([world.bin / "postseal", "-f", world.config, "tls", "ask", "--json", "both.example"],
                               stdout=subprocess.PIPE) for _ in range(3)]
    assert send(post, f"{name}@both.example")["method"] == "tls"
    for program in asking:
        said, _ = program.communicate(timeout=60)
        assert program.returncode == 0 and json.loads(said)[0]["tls"] == "available"
    assert activities(world, "both.example") == ["TLS policy found"]


def test_next_hops_that_are_no_domains_are_not_in_the_map(world):
    """Postfix's own client asks, as for next hops in brackets, with ports, of addresses, and for parent domains."""
    for key in ("[::1]", "[::1]:25", "[IPv6:2001:db8::1]", "[127.0.0.1]:25", "sts.example:25", "[mx.sts.example]", ".example", "x" * 990):
        assert world.map(key) == (1, "", ""), key


def test_admin_learns_of_failures_at_once(world, post, name):
    """By the command, the metrics and check: which domains, why, since when, and how much mail waits for them."""
    assert send(post, f"{name}@forged.example")["method"] == "tls"
    waits(world, f"{name}@forged.example")
    world.policies["testing.example"] = None
    ask(world, "testing.example")

    def failing():
        rows = json.loads(world.postseal("tls", "list", "--failing", "--json"))
        return {(row["domain"], row["source"]): row for row in rows}
    sandbox.wait_until(lambda: failing().get(("forged.example", "mta-sts"), {}).get("copies_waiting"), "the MTA's log to be read", 60)
    row = failing()["testing.example", "mta-sts"]
    assert row["failing_since"] and "HTTP status 500" in row["last_failure"] and row["last_failed"]
    assert ("sts.example", "mta-sts") not in failing()
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{world.ports['courier_metrics']}/metrics").read().decode()
    assert re.search(r'^postseal_tls_failing_domains\{evidence="mta-sts"\} [1-9]', metrics, re.M)
    assert re.search(r"^postseal_tls_deferred_copies [1-9]", metrics, re.M)
    assert re.search(r'^postseal_tls_domains\{evidence="dane",state="unavailable"\} [1-9]', metrics, re.M)
    world.policies["testing.example"] = policy("testing.example")
    said = ask(world, "testing.example")
    assert said["tls"] == "available" and said["postfix"] == "secure servername=hostname match=mx.testing.example"
    row, = [source for source in said["sources"] if source["source"] == "mta-sts"]
    assert row["failing_since"] is None and "HTTP status 500" in row["last_failure"]
    assert activities(world, "testing.example")[-2:] == ["TLS policy answered again", "TLS policy changed"]
