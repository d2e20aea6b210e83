"""What leaves is signed by OpenDKIM, whichever way it takes: sealed in place, as a further copy, over
verified TLS, or as a notice of the portal. OpenDKIM itself verifies the signatures, as a receiver would."""
import re
import subprocess

import pytest

import people
import world as sandbox

DOMAINS = ("smime.example", "partner.example", "pickup.example", "plain.example")


class Dkim:
    """OpenDKIM with a key for example.com, as a milter in Postfix's queue directory."""

    def __init__(self, directory, socket):
        directory.mkdir()
        self.directory, self.socket = directory, socket
        sandbox.command("openssl", "genrsa", "-out", directory / "key", "2048")
        public = sandbox.command("openssl", "rsa", "-in", directory / "key", "-pubout").decode().splitlines()
        (directory / "public").write_text(f"s._domainkey.example.com v=DKIM1; k=rsa; p={''.join(public[1:-1])}\n")
        (directory / "sign").write_text(f"Mode s\nDomain example.com\nSelector s\nKeyFile {directory}/key\nUMask 0\n"
                                        f"Canonicalization relaxed/simple\nSocket local:{socket}\nRequireSafeKeys no\nSyslog no\n")
        (directory / "verify").write_text(f"Mode v\nTestPublicKeys {directory}/public\nSocket local:{directory}/none\nSyslog no\n")
        self.start()

    def start(self):
        self.program = subprocess.Popen(["opendkim", "-f", "-x", str(self.directory / "sign")])
        sandbox.wait_until(self.socket.exists, "opendkim")

    def stop(self):
        self.program.kill()
        self.program.wait()
        self.socket.unlink(missing_ok=True)

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


def rewire(world, placement, milters):
    """As wire finds a Postfix whose admin has OpenDKIM already."""
    world.wire("undo")
    for name, value in milters.items():
        words = ["-P"] if "/" in name else []
        sandbox.command("postconf", "-c", world.company.config, *words, "-e", f"{name}={value}")
    world.wire("-p", placement, "apply")
    world.company.reload()


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
