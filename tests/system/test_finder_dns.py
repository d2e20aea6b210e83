"""Keys and DANE from the DNS: a real name server with signed zones, and what the finder takes from it. The trust
anchors are those of the zones; a zone without one is not protected by DNSSEC."""
import base64
import hashlib
import subprocess
import time

import pytest

import world as sandbox
from conftest import BUILD
from finding import Finder
from name_server import NameServer, Relay

HUGH = "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6"  # the example of RFC 7929 §3 and RFC 8162 §3
DAY = 86400
LARGE = [bytes([n]) * 20_000 for n in range(3)]
SHA256 = "3 1 1 " + "ab" * 32


def owner(local):
    return hashlib.sha256(local.encode()).hexdigest()[:56]


def generic(number, data):
    """A record in the form of RFC 3597."""
    return f"TYPE{number} \\# {len(data)} {data.hex()}"


def key_record(local, data):
    return f"{owner(local)}._openpgpkey {generic(61, data)}\n"


def corrupt(text):
    """Turns a letter of what is signed."""
    return text.replace(b"untouched".hex(), b"Untouched".hex()).replace(
        base64.b64encode(b"untouched").decode(), base64.b64encode(b"Untouched").decode())


class Keys:
    def __init__(self, directory):
        home = directory / "gnupg"
        home.mkdir(mode=0o700)
        self.gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
        sandbox.command(*self.gpg, "--passphrase", "", "--quick-gen-key", "hugh@dane.example", "ed25519")
        self.openpgp = sandbox.command(*self.gpg, "--export", "hugh@dane.example")
        # gpg says itself under which name the key belongs, and what the record is
        self.records = sandbox.command(*self.gpg, "--export-options", "export-dane", "--export", "hugh@dane.example").decode()
        sandbox.command("gpgconf", "--homedir", home, "--kill", "all")
        sandbox.command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Hugh", "-addext",
                        "subjectAltName=email:hugh@dane.example", "-keyout", directory / "hugh.key", "-out", directory / "hugh.pem")
        self.certificate = sandbox.command("openssl", "x509", "-in", directory / "hugh.pem", "-outform", "DER")
        self.public = sandbox.command("openssl", "pkey", "-in", directory / "hugh.key", "-pubout", "-outform", "DER")


def dane_zone(keys):
    certificate, public = keys.certificate, keys.public
    digest = hashlib.sha256(certificate).digest()
    return (
        keys.records + "$ORIGIN dane.example.\n"
        + f"{HUGH}._smimecert SMIMEA ( 3 0 1 {digest.hex()} )\n"
        + f"{HUGH}._smimecert SMIMEA ( 3 0 0 {certificate.hex()} )\n"
        + f"{HUGH}._smimecert SMIMEA ( 3 1 0 {public.hex()} )\n"
        + f"{HUGH}._smimecert SMIMEA ( 3 0 9 {certificate.hex()} )\n"
        + f"{HUGH}._smimecert SMIMEA ( 3 0 1 {digest[:31].hex()} )\n"
        + f"{owner('digest')}._smimecert SMIMEA ( 3 0 1 {digest.hex()} )\n"
        + f"{owner('broken')}._smimecert SMIMEA ( 9 0 0 {certificate.hex()} )\n"
        + key_record("joe", b"lower") + key_record("Ann", b"capital") + key_record("joe blow", b"blank")
        + key_record("jürg", b"umlaut") + "".join(key_record("large", data) for data in LARGE)
        + key_record("empty", b"x") + f"{owner('alias')}._openpgpkey CNAME {owner('joe')}._openpgpkey\n"
        + f"{owner('away')}._openpgpkey CNAME {owner('joe')}._openpgpkey.plain.example.\n"
        + f"{owner('beyond')}._openpgpkey CNAME {owner('joe')}._openpgpkey.bogus.example.\n"
        + f"{owner('round')}._openpgpkey CNAME {owner('trip')}._openpgpkey\n"
        + f"{owner('trip')}._openpgpkey CNAME {owner('round')}._openpgpkey\n"
        + "".join(f"{owner('many')}._openpgpkey {generic(61, bytes([n]))}\n" for n in range(40)))


def mail_zone(keys):
    """A name for each way in which a domain takes mail."""
    tlsa = {
        "good": SHA256, "second": "2 0 2 " + "cd" * 64, "whole": f"3 0 0 {keys.certificate.hex()}",
        "key": f"3 1 0 {keys.public.hex()}", "pkix": "1 1 1 " + "ab" * 32, "garbage": "3 0 0 " + "ab" * 90,
        "mixed": SHA256, "real": SHA256,
    }
    hosts = "".join(f"{name}.mx A 127.0.0.1\n_25._tcp.{name}.mx TLSA ( {data} )\n" for name, data in tlsa.items())
    return (
        hosts + "_25._tcp.mixed.mx TLSA 0 0 1 " + "ab" * 32 + "\n"
        "bare.mx A 127.0.0.1\nnowhere.mx TXT x\nsix.mx AAAA ::1\n_25._tcp.six.mx TLSA " + SHA256 + "\n"
        "alias.mx CNAME real.mx\n"
        "lead.mx CNAME bare.mx\n_25._tcp.lead.mx TLSA " + SHA256 + "\n"
        + "".join(f"{domain} MX 10 {first}.mx\n" + "".join(f"{domain} MX 20 {host}\n" for host in others)
                  for domain, first, *others in (
                      ("one", "good"), ("all", "good", "second.mx", "six.mx"), ("whole", "whole"), ("key", "key"),
                      ("pkix", "pkix"), ("garbage", "garbage"), ("mixed", "mixed"), ("half", "good", "bare.mx"),
                      ("alias", "alias"), ("lead", "lead"), ("backup", "good", "nowhere.mx"),
                      ("gone", "nowhere"), ("away", "good", "mx.plain.example."),
                      ("forged", "good", "mx.bogus.example."), ("lost", "good", "mx.void."),
                      ("forged-half", "bare", "mx.bogus.example.")))
        + "null MX 0 .\nnobody A 127.0.0.1\n_25._tcp.nobody TLSA " + SHA256 + "\nunused TXT x\n"
        + "named CNAME one\nodd MX 10 a\\032b.mx\n"
        + "".join(f"crowd MX 10 h{n}.mx\n" for n in range(40)))


def sts_zone():
    texts = {
        "good": ["v=STSv1; id=20160831085700Z;"], "parts": ["v=STSv1; id=2016", "0831Z"],
        "other": ["v=STSv1; id=a1; x-y.z=2;", "v=spf1 -all"], "two": ["v=STSv1; id=a;", "v=STSv1; id=b;"],
        "noid": ["v=STSv1; x=1;"], "long": ["v=STSv1; id=" + "a" * 33], "sign": ["v=STSv1; id=a-b;"],
        "none": ["v=STSv2; id=a;"],
    }
    records = []
    for name, strings in texts.items():
        if name == "parts":
            records.append(f"_mta-sts.{name} TXT " + " ".join(f'"{text}"' for text in strings))
        else:
            records += [f'_mta-sts.{name} TXT "{text}"' for text in strings]
    return "\n".join(records) + "\n"


@pytest.fixture(scope="module")
def directory():
    directory = BUILD / "tests" / "world" / "test_finder_dns"
    subprocess.run(["rm", "-rf", directory], check=True)
    directory.mkdir(parents=True)
    return directory


@pytest.fixture(scope="module")
def keys(directory):
    return Keys(directory)


@pytest.fixture(scope="module")
def server(directory, keys):
    server = NameServer(directory / "nsd")
    joe = key_record("joe", b"untouched")
    now = int(time.time())
    server.zone("dane.example", dane_zone(keys))
    server.zone("mail.example", mail_zone(keys) + sts_zone())
    server.zone("plain.example", joe + "mx A 127.0.0.1\n_25._tcp.mx TLSA " + SHA256 + "\n@ MX 10 mx\n"
                f"{HUGH}._smimecert SMIMEA ( 3 0 0 {keys.certificate.hex()} )\n"
                '_mta-sts TXT "v=STSv1; id=unsigned;"\n', signed=False)
    server.zone("bogus.example", joe + "mx A 127.0.0.1\n_25._tcp.mx TLSA 3 1 1 " + b"untouched".hex() + "00" * 23 + "\n@ MX 10 mx\n",
                change=corrupt)
    # A validator may allow for clocks that are a day off.
    server.zone("expired.example", joe, words=("-i", str(now - 20 * DAY), "-e", str(now - 3 * DAY)))
    server.zone("future.example", joe, words=("-i", str(now + 2 * DAY), "-e", str(now + 20 * DAY)))
    server.zone("hashed.example", joe, words=("-n",), negative=120)
    server.zone("stripped.example", joe, change=lambda text: "".join(
        line for line in text.splitlines(True) if "RRSIG" not in line))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def finder(directory, server):
    finder = Finder(directory / "finder", BUILD, f'finder resolver "127.0.0.1@{server.port}" anchor "{server.anchor}"\n')
    finder.start()
    yield finder
    finder.stop()


def test_dnssec_can_be_validated(finder, server):
    """By the first of its anchors; the last test in this file has one that nothing here is signed by."""
    anchor = server.anchor.read_text().split()[0].rstrip(".")
    answer = finder.ask("dnssec", "")
    assert answer.outcome == "found" and answer.secure and answer.items == [anchor.encode()], answer


# --- OPENPGPKEY ---

def test_key_published_as_gpg_says_is_found(finder, keys):
    answer = finder.ask("openpgpkey", "hugh@dane.example")
    assert answer.outcome == "found" and answer.secure, answer
    assert answer.items == [keys.openpgp]
    assert answer.place == f"{HUGH}._openpgpkey.dane.example"
    assert 0 < answer.lifetime <= 600


@pytest.mark.parametrize("address, data", (
    ("JOE@dane.example", b"lower"),  # its owner lets no case matter
    ("Ann@dane.example", b"capital"),  # its owner does
    ('"joe blow"@dane.example', b"blank"),
    ("jürg@dane.example", b"umlaut"),
    ("alias@dane.example", b"lower"),
))
def test_name_is_made_of_the_local_part(finder, address, data):
    answer = finder.ask("openpgpkey", address)
    assert answer.outcome == "found" and answer.items == [data], answer


def test_answer_of_60_kilobytes_comes_over_tcp(finder):
    answer = finder.ask("openpgpkey", "large@dane.example")
    assert answer.outcome == "found" and sorted(answer.items) == LARGE


@pytest.mark.parametrize("address, lifetime", (("nobody@dane.example", 300), ("nobody@hashed.example", 120)))
def test_denial_is_kept_for_as_long_as_the_zone_says(finder, address, lifetime):
    """NSEC and NSEC3; RFC 2308 §5."""
    answer = finder.ask("openpgpkey", address)
    assert answer.outcome == "nothing" and answer.secure, answer
    assert 0 < answer.lifetime <= lifetime


@pytest.mark.parametrize("wish, subject", (
    ("openpgpkey", "joe@plain.example"), ("smimea", "hugh@plain.example"), ("tlsa", "plain.example"),
    ("openpgpkey", "away@dane.example"),  # a CNAME out of what is signed
))
def test_answer_without_dnssec_was_taken_for_dane(finder, wish, subject):
    """Promise 1: anybody on the way could have written it."""
    answer = finder.ask(wish, subject)
    assert answer.outcome == "nothing" and not answer.secure and answer.items == [], answer
    assert "DNSSEC" in answer.why


@pytest.mark.parametrize("address", ("joe@bogus.example", "joe@expired.example", "joe@future.example",
                                     "joe@stripped.example", "nobody@stripped.example", "beyond@dane.example"))
def test_bogus_answer_is_neither_a_key_nor_none(finder, address):
    """Promise 1: changed, expired, not yet valid, or without the signatures that must be there."""
    answer = finder.ask("openpgpkey", address)
    assert answer.outcome == "failed" and answer.items == [] and not answer.secure, answer
    assert "signatures do not hold" in answer.why


@pytest.mark.parametrize("address, why", (
    ("many@dane.example", "more than 32 records"), ("joe@nowhere.void", "could not be asked"),
    ("round@dane.example", "could not be asked"), ("joe@" + "a" * 60 + ".dane.example" * 14, "no such record"),
))
def test_what_cannot_be_answered_has_a_reason(finder, address, why):
    answer = finder.ask("openpgpkey", address)
    assert answer.outcome in ("failed", "nothing") and why in answer.why, answer


# --- SMIMEA ---

def test_whole_certificate_comes_before_what_only_confirms_one(finder, keys):
    answer = finder.ask("smimea", "hugh@dane.example")
    assert answer.outcome == "found" and answer.secure and answer.place == f"{HUGH}._smimecert.dane.example", answer
    assert answer.items[0] == bytes([3, 0, 0]) + keys.certificate
    assert sorted(answer.items[1:]) == sorted([
        bytes([3, 0, 1]) + hashlib.sha256(keys.certificate).digest(), bytes([3, 1, 0]) + keys.public])
    digest = finder.ask("smimea", "digest@dane.example")
    assert digest.items == [bytes([3, 0, 1]) + hashlib.sha256(keys.certificate).digest()]


def test_malformed_record_is_not_passed_on(finder):
    answer = finder.ask("smimea", "broken@dane.example")
    assert answer.outcome == "nothing" and "RFC 8162" in answer.why, answer


# --- TLSA ---

@pytest.mark.parametrize("domain, hosts", (
    ("one", ["good.mx"]), ("all", ["good.mx", "second.mx", "six.mx"]), ("whole", ["whole.mx"]), ("key", ["key.mx"]),
    ("mixed", ["mixed.mx"]), ("alias", ["real.mx"]), ("lead", ["lead.mx"]), ("backup", ["good.mx"]), ("nobody", ["nobody"]),
    ("named", ["good.mx"]),
))
def test_domain_whose_hosts_all_have_dane(finder, domain, hosts):
    answer = finder.ask("tlsa", f"{domain}.mail.example")
    assert answer.outcome == "found" and answer.secure, answer
    assert sorted(answer.items) == [f"_25._tcp.{host}.mail.example".encode() for host in hosts]
    assert 0 < answer.lifetime <= 600


@pytest.mark.parametrize("domain, why", (
    ("half", "bare.mx.mail.example, which takes its mail: DNS has no such record"),
    ("pkix", "none of its TLSA records can be used"), ("garbage", "none of its TLSA records can be used"),
    ("away", "mx.plain.example, which takes its mail: DNS has records, but DNSSEC does not"),
    ("null", "takes no mail"), ("gone", "has an address"), ("unused", "has an address"), ("missing", "no such record"),
    ("odd", "does not name a host"),
    ("forged-half", "bare.mx.mail.example, which takes its mail"),
))
def test_one_host_without_dane_was_enough(finder, domain, why):
    """Promise 1: an attacker makes the MTA go to whichever host is the weakest."""
    answer = finder.ask("tlsa", f"{domain}.mail.example")
    assert answer.outcome == "nothing" and answer.items == [] and why in answer.why, answer


@pytest.mark.parametrize("domain, why", (
    ("forged.mail.example", "signatures do not hold"), ("lost.mail.example", "could not be asked"),
    ("bogus.example", "signatures do not hold"), ("crowd.mail.example", "more than 32 MX records"),
))
def test_domain_that_cannot_be_judged_is_in_doubt(finder, domain, why):
    answer = finder.ask("tlsa", domain)
    assert answer.outcome == "failed" and answer.items == [] and why in answer.why, answer


# --- time ---

def test_many_questions_are_asked_at_the_same_time(finder):
    answers = finder.ask_all(*(("openpgpkey", f"{name}@dane.example") for name in ["joe", "large"] + [f"n{n}" for n in range(100)]))
    assert [a.outcome for a in answers] == ["found"] * 2 + ["nothing"] * 100


@pytest.fixture
def relay(server):
    relay = Relay(server.port)
    yield relay
    relay.stop()


@pytest.fixture
def relayed(directory, server, relay):
    finder = Finder(directory / f"relayed-{relay.port}", BUILD, f'finder resolver "127.0.0.1@{relay.port}" anchor "{server.anchor}"\n')
    finder.start()
    yield finder
    finder.stop()


def test_slow_server_is_waited_for_no_longer_than_asked(relayed, relay):
    relay.silent = True
    begin = time.monotonic()
    answer = relayed.ask("openpgpkey", "joe@dane.example", seconds=2)
    assert answer.outcome == "failed", answer
    assert time.monotonic() - begin < 10
    assert relay.asked > 0
    # and it is asked again once it is back
    relay.silent = False
    sandbox.wait_until(lambda: relayed.ask("openpgpkey", "ann@dane.example").outcome == "nothing", "the server to be asked again")


def test_late_answer_is_not_another_questions_answer(relayed, relay):
    relay.delay = 1.5
    first = relayed.ask("openpgpkey", "joe@dane.example", seconds=1)
    assert first.outcome == "failed"
    answers = relayed.ask_all(("openpgpkey", "nobody@dane.example"), ("openpgpkey", "alias@dane.example"), seconds=30)
    assert [a.outcome for a in answers] == ["nothing", "found"] and answers[1].items == [b"lower"], answers


def test_server_that_dies_fails_and_is_no_denial(directory, keys):
    """Promise 1: a domain whose server is down has not taken its DANE records back."""
    server = NameServer(directory / "dying")
    server.zone("dying.example", key_record("joe", b"x"))
    server.start()
    finder = Finder(directory / "bereft", BUILD, f'finder resolver "127.0.0.1@{server.port}" anchor "{server.anchor}"\n')
    finder.start()
    try:
        assert finder.ask("openpgpkey", "joe@dying.example").outcome == "found"
        server.stop()
        for wish, subject in (("openpgpkey", "ann@dying.example"), ("tlsa", "dying.example")):
            assert finder.ask(wish, subject, seconds=3).outcome == "failed"
        server.start()
        sandbox.wait_until(lambda: finder.ask("openpgpkey", "zoe@dying.example").outcome == "nothing", "the server to be asked again")
    finally:
        finder.stop()
        server.stop()


@pytest.mark.parametrize("settings, why", (
    ('finder resolver "one" anchor "{anchor}"', "setting up DNS: one"),
    ('finder resolver "127.0.0.1" anchor "/nowhere/root.key"', "/nowhere/root.key: No such file"),
    ('finder resolver "127.0.0.1" anchor "{broken}"', "trust anchor"),
))
def test_finder_does_not_start_without_resolver_or_trust_anchor(directory, server, settings, why):
    broken = directory / "broken.key"
    broken.write_text("dane.example. IN DS not a key\n")
    finder = Finder(directory / "wrong", BUILD, settings.format(anchor=server.anchor, broken=broken) + "\n")
    done = subprocess.run([BUILD / "bin/postseal-finder", "-f", finder.config], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and why in done.stderr, done.stderr


def test_roots_anchor_of_debian_can_be_read(directory, server):
    finder = Finder(directory / "root", BUILD, f'finder resolver "127.0.0.1@{server.port}"\n')
    finder.start()
    try:
        # the root says nothing here, so that nothing below it is proved
        assert finder.ask("dnssec", "", seconds=5).outcome == "failed"
        assert finder.ask("openpgpkey", "hugh@dane.example", seconds=5).outcome == "failed"
    finally:
        finder.stop()
