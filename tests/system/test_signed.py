"""What leaves is signed by OpenDKIM, whichever way it takes: sealed in place, as a further copy, over
verified TLS, or as a notice of the portal. OpenDKIM itself verifies the signatures, as a receiver would."""
import pathlib
import re
import smtplib
import subprocess

import pytest

import people
import world as sandbox

DOMAINS = ("smime.example", "partner.example", "pickup.example", "plain.example")


class Dkim:
    """OpenDKIM with a key for example.com, as a milter at a Unix socket in Postfix's queue directory, or at a port."""

    def __init__(self, directory, place):
        directory.mkdir()
        self.directory, self.place = directory, place
        socket = f"local:{place}" if isinstance(place, pathlib.Path) else f"inet:{place}@127.0.0.1"
        sandbox.command("openssl", "genrsa", "-out", directory / "key", "2048")
        public = sandbox.command("openssl", "rsa", "-in", directory / "key", "-pubout").decode().splitlines()
        (directory / "public").write_text(f"s._domainkey.example.com v=DKIM1; k=rsa; p={''.join(public[1:-1])}\n")
        (directory / "sign").write_text(f"Mode s\nDomain example.com\nSelector s\nKeyFile {directory}/key\nUMask 0\n"
                                        f"Canonicalization relaxed/simple\nSocket {socket}\nRequireSafeKeys no\nSyslog no\n")
        (directory / "verify").write_text(f"Mode v\nTestPublicKeys {directory}/public\nSocket local:{directory}/none\nSyslog no\n")
        self.start()

    def start(self):
        self.program = subprocess.Popen(["opendkim", "-f", "-x", str(self.directory / "sign")])
        sandbox.wait_until(self.place.exists if isinstance(self.place, pathlib.Path) else lambda: sandbox.port_answers(self.place),
                           "opendkim")

    def stop(self):
        self.program.kill()
        self.program.wait()
        if isinstance(self.place, pathlib.Path):
            self.place.unlink(missing_ok=True)

    def verdict(self, path):
        """What OpenDKIM says of a mail in a mailbox."""
        mail = self.directory / "mail"
        mail.write_bytes(re.sub(rb"\r?\n", b"\r\n", path.read_bytes()))
        return subprocess.run(["opendkim", "-x", str(self.directory / "verify"), "-t", str(mail)],
                              capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def dkim(world):
    made = Dkim(world.directory / "opendkim", world.company_queue / "dkim.sock")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def at_port(world):
    made = Dkim(world.directory / "opendkim-port", sandbox.free_ports(1)[0])
    yield made
    made.stop()


def rewire(world, placement, milters, *options):
    """As wire finds a Postfix whose admin has OpenDKIM already."""
    world.wire("undo")
    for name, value in milters.items():
        words = ["-P"] if "/" in name else []
        sandbox.command("postconf", "-c", world.company.config, *words, "-e", f"{name}={value}")
    world.wire("-p", placement, *options, "apply")
    master = (world.company.queue / "pid" / "master.pid").read_text().strip()
    old = subprocess.run(["pgrep", "-P", master, "smtpd"], capture_output=True, text=True).stdout.split()
    world.company.reload()
    sandbox.wait_until(lambda: not any(pathlib.Path("/proc", p).exists() for p in old), "smtpd to read its settings again", 60)


@pytest.mark.parametrize("placement", ["edge", "expanded"])
def test_copies_and_notices_left_unsigned(world, post, dkim, placement):
    """Where nothing is decided on any more, nobody signed, either."""
    rewire(world, placement, {"smtpd_milters": "unix:dkim.sock"})
    to = [f"{placement}@{domain}" for domain in DOMAINS]
    people.certify(world, to[0])
    post.accepted(post.compose(to), to)
    for address in to:
        box = people.Mailbox(world, address)
        box.one()
        assert re.search("verification .* succeeded", dkim.verdict(box.files()[0])), address


def test_signer_of_one_service_alone_was_lost_with_two_passes(world, post, dkim):
    """Wire took it out of the first pass, as it must not sign there, and put it nowhere else."""
    service = f"127.0.0.1:{world.ports['submission']}/inet"
    rewire(world, "expanded", {"smtpd_milters": "", f"{service}/smtpd_milters": "unix:dkim.sock"})
    post.accepted(post.compose(["alone@plain.example"]), ["alone@plain.example"])
    box = people.Mailbox(world, "alone@plain.example")
    box.one()
    assert re.search("verification .* succeeded", dkim.verdict(box.files()[0]))
    world.wire("undo")
    sandbox.command("postconf", "-c", world.company.config, "-P", "-X", f"{service}/smtpd_milters")
    world.wire("apply")


def test_mail_waits_while_the_signer_is_away(world, post, dkim):
    """Promise 2: copies in the outbox are not lost, and none leaves without its signature."""
    rewire(world, "edge", {"smtpd_milters": "unix:dkim.sock"})
    address = "late@pickup.example"
    dkim.stop()
    try:
        with pytest.raises(AssertionError, match="451|4.7.1"):
            post.accepted(post.compose([address]), [address])
    finally:
        dkim.start()
    post.accepted(post.compose([address]), [address])
    box = people.Mailbox(world, address)
    box.one()
    assert re.search("verification .* succeeded", dkim.verdict(box.files()[0]))


# --- whose mail it is ---

STRANGER = "127.0.0.9"  # is not in mynetworks below, nor is it an internal host of OpenDKIM (127.0.0.1)
LEFT = ("smime.example", "partner.example", "plain.example")


def send_from(world, client, message, sender, to):
    with smtplib.SMTP("127.0.0.1", world.ports["submission"], source_address=(client, 0)) as smtp:
        smtp.sendmail(sender, to, message)


def arrived(world, dkim, address):
    """The mail, and whether OpenDKIM verifies a signature of example.com on it."""
    box = people.Mailbox(world, address)
    mail = box.one(60)
    return mail, re.search("verification .* succeeded", dkim.verdict(box.files()[0])) is not None


@pytest.fixture(params=["unix", "inet"])
def signer(request, dkim, at_port):
    """(OpenDKIM, how Postfix names it)"""
    return (dkim, "unix:dkim.sock") if request.param == "unix" else (at_port, f"inet:127.0.0.1:{at_port.place}")


@pytest.mark.parametrize("placement", ["edge", "expanded"])
def test_mail_that_outsiders_forged_was_signed(world, post, signer, placement, name):
    """Of the copies of one message, one stays in place and the others are handed over by Postseal: no signer took them for
    the company's own mail when they came in, and none may do so later. What employees send is signed all the same."""
    dkim, milter = signer
    inside, outside = ([f"{name}.{who}@{domain}" for domain in LEFT] for who in ("in", "out"))
    people.certify(world, inside[0])
    people.certify(world, outside[0])
    rewire(world, placement, {"smtpd_milters": milter, "mynetworks": "127.0.0.1", "relay_domains": " ".join(LEFT)}, "-s", milter)
    send_from(world, STRANGER, post.compose(outside, sender="ceo@example.com"), "forger@elsewhere.example", outside)
    send_from(world, "127.0.0.1", post.compose(inside), "anna@example.com", inside)
    for address in inside:
        assert arrived(world, dkim, address)[1], address
    for address in outside:
        mail, is_signed = arrived(world, dkim, address)
        assert not is_signed and mail["DKIM-Signature"] is None, address
