"""Keys from directories: slapd as Debian ships it, and servers that are slow, lie or die."""
import re
import subprocess
import time

import pytest

import world as sandbox
from conftest import BUILD
from directory_server import (SUFFIX, DirectoryServer, FakeDirectory, ber, entry, message, person, reference, result,
                              value)
from finding import Finder



class Keys:
    def __init__(self, directory):
        directory.mkdir()
        self.authority = sandbox.Authority(directory)
        self.server = self.authority.issue("localhost", "/CN=localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.stranger = self.authority.issue("stranger", "/CN=other.example", "subjectAltName=DNS:other.example")
        self.expired = self.authority.issue("expired", "/CN=localhost", "subjectAltName=IP:127.0.0.1", days=-1)
        self.anna = self.authority.issue_mail("anna", "anna@example.com")
        self.anna_new = self.authority.issue_mail("anna-new", "anna@example.com")
        self.signed_data = sandbox.command("openssl", "crl2pkcs7", "-nocrl", "-certfile", self.anna_new, "-certfile",
                                           directory / "authority.pem", "-outform", "DER")
        sandbox.command("sq", "key", "generate", "--userid", "Bob <bob@example.com>", "--export", directory / "bob.pgp")
        self.bob = sandbox.command("sq", "key", "extract-cert", directory / "bob.pgp")

    @staticmethod
    def der(path):
        return sandbox.command("openssl", "x509", "-in", path, "-outform", "DER")


def entries(keys):
    anna = (value("userCertificate;binary", keys.der(keys.anna)) + value("userSMIMECertificate", keys.signed_data)
            + "proxyAddresses: SMTP:anna@example.com\nproxyAddresses: smtp:anna.alias@example.com\n")
    pgp = value("pgpKey", keys.bob)
    return (
        person("Anna", "anna@example.com", anna) + person("Nobody", "nobody@example.com")
        + person("Bob", "bob@example.com", pgp)
        + f"dn: pgpCertID=B0B,ou=keys,{SUFFIX}\nobjectClass: pgpKeyInfo\npgpCertID: B0B\n"
          f"pgpUserID: Bob <bob@keys.example>\ngpgMailbox: box@keys.example\n{pgp}\n"
        + person("Star", "a*b@example.com", value("pgpKey", b"star")) + person("Paren", "a(b)@example.com", value("pgpKey", b"paren"))
        + person("Slash", "a\\b@example.com", value("pgpKey", b"backslash"))
        + person("Garbage", "garbage@example.com", value("userSMIMECertificate", bytes(range(256)) * 40))
        + person("Fat", "fat@example.com", "".join(value("pgpKey", b"key %d" % n) for n in range(50)))
        + "".join(person(f"Crowd {n}", "crowd@example.com") for n in range(60))
        + "".join(person(f"Many {n}", f"many{n}@example.com") for n in range(3000))
        + f"dn: cn=Inner,ou=inner,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: person2\ncn: Inner\nsn: Inner\n"
          f"mail: inner@example.com\n{value('pgpKey', b'inner')}\n"
    )


@pytest.fixture(scope="module")
def directory():
    directory = BUILD / "tests" / "world" / "test_finder_ldap"
    subprocess.run(["rm", "-rf", directory], check=True)
    directory.mkdir(parents=True)
    return directory


@pytest.fixture(scope="module")
def keys(directory):
    return Keys(directory / "keys")


@pytest.fixture(scope="module")
def server(directory, keys):
    server = DirectoryServer(directory / "slapd", keys.server)
    server.start(entries(keys))
    yield server
    server.stop()


class Finders:
    """One with the directories that a test needs."""

    def __init__(self, directory, keys):
        self.directory, self.trusted = directory, keys.authority.directory / "authority.pem"
        self.running = []

    def start(self, *directories, base=SUFFIX, trusted=None):
        settings = 'finder resolver "127.0.0.1@1"\n' + "".join(
            f'directory d{number} base "{base}" authorities "{trusted or self.trusted}" {words}\n'
            for number, words in enumerate(directories))
        finder = Finder(self.directory / f"finder-{time.monotonic_ns()}", BUILD, settings)
        finder.start()
        self.running.append(finder)
        return finder

    def stop(self):
        for finder in self.running:
            finder.stop()


@pytest.fixture
def finders(directory, keys):
    finders = Finders(directory, keys)
    yield finders
    finders.stop()


@pytest.fixture(scope="module", params=("ldaps", "ldap"))
def finder(directory, keys, server, request):
    finders = Finders(directory, keys)
    yield finders.start(f'url "{request.param}://127.0.0.1:{server.tls if request.param == "ldaps" else server.plain}"')
    finders.stop()


# --- what is there ---

@pytest.mark.parametrize("address", ("anna@example.com", "anna.alias@example.com"))
def test_certificates_of_both_attributes_are_found(finder, keys, address):
    answer = finder.ask("ldap_smime", address)
    assert answer.outcome == "found" and answer.secure, answer
    authority = keys.authority.directory / "authority.pem"
    assert sorted(answer.items) == sorted(keys.der(path) for path in (keys.anna, keys.anna_new, authority))
    assert answer.place == f"cn=Anna,ou=people,{SUFFIX}"


@pytest.mark.parametrize("address", ("bob@example.com", "bob@keys.example", "box@keys.example"))
def test_openpgp_key_is_found_by_any_of_its_names(finder, keys, address):
    answer = finder.ask("ldap_pgp", address)
    assert answer.outcome == "found" and answer.items == [keys.bob], answer
    # nothing but the armour was looked at: what is in it is another tool's to say
    assert b"bob@example.com" in sandbox.command("gpg", "--show-keys", input=answer.items[0])


@pytest.mark.parametrize("wish", ("ldap_smime", "ldap_pgp"))
@pytest.mark.parametrize("address", ("nobody@example.com", "missing@example.com", "garbage@example.com"))
def test_nothing_is_nothing(finder, wish, address):
    answer = finder.ask(wish, address)
    assert answer.outcome == "nothing" and answer.items == [], answer


@pytest.mark.parametrize("address, item", (("a*b@example.com", b"star"), ("a(b)@example.com", b"paren"), ("a\\b@example.com", b"backslash")))
def test_special_characters_of_filters_are_found_literally(finder, address, item):
    """RFC 4515 §4."""
    answer = finder.ask("ldap_pgp", address)
    assert answer.outcome == "found" and answer.items == [item], answer


@pytest.mark.parametrize("address", (
    "*@example.com", "*", "b*@example.com", "bob@example.com)(mail=*", "x)(|(mail=*@example.com", "bob@example.com*",
    "bob\\40example.com", "\\2a@example.com", "bo?@example.com", "x@y)(pgpKey=*)(mail=z@example.com",
    "*@*>*)(mail=@example.com",
))
def test_address_became_part_of_the_filter(finder, address):
    """Promise 1: whoever chooses an address would choose whose key it gets."""
    for wish in ("ldap_pgp", "ldap_smime"):
        answer = finder.ask(wish, address)
        assert answer.outcome == "nothing" and answer.items == [], answer


@pytest.mark.parametrize("wish, address, why", (
    ("ldap_pgp", "crowd@example.com", "too many entries have this address"), ("ldap_pgp", "fat@example.com", "too many values")))
def test_too_much_is_a_failure(finder, wish, address, why):
    answer = finder.ask(wish, address)
    assert answer.outcome == "failed" and answer.items == [] and why in answer.why, answer


# --- which directories, and as whom ---

def test_directory_is_asked_only_for_its_domains(finders, server, keys):
    trap = FakeDirectory(keys.server)
    finder = finders.start(f'url "ldaps://127.0.0.1:{server.tls}" domains {{ "Example.COM" "keys.example" }}',
                           f'url "ldaps://127.0.0.1:{trap.port}" domains {{ "partner.example" }}')
    assert finder.ask("ldap_pgp", "bob@example.com").outcome == "found"
    assert finder.ask("ldap_pgp", "x@elsewhere.example").outcome == "nothing"
    assert finder.ask("ldap_pgp", "x@sub.example.com").outcome == "nothing"
    assert trap.heard == b""
    trap.close()


def test_login_shows_what_is_not_public(finders, server, directory):
    password = directory / "right.password"
    password.write_text("right\n")
    url = f'url "ldaps://127.0.0.1:{server.tls}"'
    assert finders.start(url).ask("ldap_pgp", "inner@example.com").outcome == "nothing"
    answer = finders.start(f'{url} bind "cn=postseal,{SUFFIX}" password "{password}"').ask("ldap_pgp", "inner@example.com")
    assert answer.outcome == "found" and answer.items == [b"inner"], answer


@pytest.mark.parametrize("content, why", (
    ("wrong\n", "login: Invalid credentials"), ("", "first line is empty"), ("\nright\n", "first line is empty"), (None, "No such file")))
def test_login_that_fails_became_an_anonymous_one(finders, server, directory, content, why):
    """RFC 4513 §5.1.2: with an empty password a server says yes, and means nobody."""
    password = directory / "other.password"
    password.unlink(missing_ok=True)
    if content is not None:
        password.write_text(content)
    finder = finders.start(f'url "ldaps://127.0.0.1:{server.tls}" bind "cn=postseal,{SUFFIX}" password "{password}"')
    answer = finder.ask("ldap_pgp", "bob@example.com")
    assert answer.outcome == "failed" and why in answer.why, answer


def test_filter_of_the_site_is_used(finders, server):
    finder = finders.start(f'url "ldaps://127.0.0.1:{server.tls}" filter "(&(sn=Bob)(mail=%s))"')
    assert finder.ask("ldap_pgp", "bob@example.com").outcome == "found"
    assert finder.ask("ldap_pgp", "a*b@example.com").outcome == "nothing"


def test_base_that_does_not_exist_is_a_failure(finders, server):
    """Also what a server says of what it hides."""
    answer = finders.start(f'url "ldaps://127.0.0.1:{server.tls}"', base="dc=nowhere").ask("ldap_pgp", "bob@example.com")
    assert answer.outcome == "failed" and "No such object" in answer.why, answer


def test_one_directory_that_fails_does_not_hide_what_another_has(finders, server, keys):
    (closed,) = sandbox.free_ports(1)
    finder = finders.start(f'url "ldaps://127.0.0.1:{closed}"', f'url "ldaps://127.0.0.1:{server.tls}"')
    answer = finder.ask("ldap_pgp", "bob@example.com")
    assert answer.items == [keys.bob] and "directory d0" in answer.why, answer
    answer = finder.ask("ldap_pgp", "missing@example.com")
    assert answer.outcome == "failed" and "directory d0" in answer.why, answer


@pytest.mark.parametrize("words, why", (
    ('url "http://localhost"', "must be like"), ('url "ldaps:///"', "must be like"), ('url "ldapi://%2ftmp"', "must be like"),
    ('url "ldaps://localhost/dc=x??sub?(mail=*)"', "must be like"), ('url "ldaps://localhost" filter "(mail=*)"', "in place of the address"),
))
def test_directory_that_cannot_be_asked_is_an_error_at_the_start(directory, words, why):
    finder = Finder(directory / "wrong", BUILD, f'finder resolver "127.0.0.1@1"\ndirectory d base "dc=x" {words}\n')
    done = subprocess.run([BUILD / "bin/postseal-finder", "-f", finder.config], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and why in done.stderr, done.stderr


# --- who it is ---

@pytest.mark.parametrize("certificate", ("stranger", "expired"))
def test_server_with_the_wrong_certificate_was_asked(finders, keys, certificate):
    """Promise 1: it could name any key."""
    fake = FakeDirectory(getattr(keys, certificate), lambda peer, number: peer.sendall(
        entry(number, "cn=x", pgpKey=[b"evil"]) + result(number, 0)))
    answer = finders.start(f'url "ldaps://127.0.0.1:{fake.port}"').ask("ldap_pgp", "bob@example.com")
    assert answer.outcome == "failed" and answer.items == [] and fake.heard == b"", answer
    fake.close()


def test_server_of_an_authority_that_is_not_trusted_was_asked(finders, keys):
    fake = FakeDirectory(keys.server)
    answer = finders.start(f'url "ldaps://127.0.0.1:{fake.port}"', trusted="/etc/ssl/certs/ca-certificates.crt").ask(
        "ldap_pgp", "bob@example.com")
    assert answer.outcome == "failed" and fake.heard == b"", answer
    fake.close()


def test_question_went_out_in_clear_where_starttls_was_refused(finders, directory):
    password = directory / "clear.password"
    password.write_text("secret-of-postseal\n")
    fake = FakeDirectory(None, lambda peer, number: peer.sendall(result(number, 2, tag=0x78)))
    finder = finders.start(f'url "ldap://127.0.0.1:{fake.port}" bind "cn=postseal" password "{password}"')
    answer = finder.ask("ldap_pgp", "bob@example.com")
    assert answer.outcome == "failed" and "StartTLS" in answer.why, answer
    assert b"1.3.6.1.4.1.1466.20037" in fake.heard and b"bob@" not in fake.heard and b"secret" not in fake.heard
    fake.close()


def test_environment_and_ldap_conf_have_no_say(directory, keys, monkeypatch):
    """LDAPTLS_REQCERT=never would let any server pass."""
    monkeypatch.setenv("LDAPTLS_REQCERT", "never")
    monkeypatch.setenv("LDAPTLS_CACERT", str(keys.authority.directory / "authority.pem"))
    fake = FakeDirectory(keys.stranger)
    finders = Finders(directory, keys)
    answer = finders.start(f'url "ldaps://127.0.0.1:{fake.port}"').ask("ldap_pgp", "bob@example.com")
    finders.stop()
    assert answer.outcome == "failed" and fake.heard == b"", answer
    fake.close()


# --- servers that do not behave ---

def endless(peer, number):
    for n in range(100_000):
        peer.sendall(entry(number, f"cn={n}", pgpKey=[b"key"]))


def endless_without_keys(peer, number):
    for n in range(100_000):
        peer.sendall(reference(number, "ldap://127.0.0.1:1/"))
        time.sleep(0.01)


def half(peer, number):
    peer.sendall(entry(number, "cn=x", pgpKey=[b"key"]))
    peer.close()


def half_an_entry(peer, number):
    peer.sendall(entry(number, "cn=x", pgpKey=[b"key"])[:-3])
    peer.close()


def slow(peer, number):
    peer.sendall(entry(number, "cn=x", pgpKey=[b"key"]))


BAD = {
    "silent": (lambda peer, number: None, "in time"),
    "slow": (slow, "in time"),
    "endless": (endless, "too many entries"),
    "endless without keys": (endless_without_keys, "in time"),
    "half": (half, "directory d0"),
    "half an entry": (half_an_entry, "directory d0"),
    "huge": (lambda peer, number: peer.sendall(b"\x30\x84\x7f\xff\xff\xff\x02\x01"), "directory d0"),
    "garbage": (lambda peer, number: peer.sendall(bytes(range(255, -1, -1)) * 50), "directory d0"),
    "web": (lambda peer, number: peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "in time"),
    "busy": (lambda peer, number: peer.sendall(result(number, 51)), "busy"),
    "referral": (lambda peer, number: peer.sendall(
        result(number, 10, more=ber(0xA3, ber(4, b"ldap://127.0.0.1:1/")))), "another server"),
    "nested": (lambda peer, number: peer.sendall(ber(0x30, b"\x30\x80" * 60_000)), "directory d0"),
    "broken entry": (lambda peer, number: peer.sendall(
        message(number, ber(0x64, ber(4, b"cn=x") + b"\x30\x05\x30\x7f\x04\x01a")) + result(number, 0)), None),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("wish", ("ldap_pgp", "ldap_smime"))
def test_server_that_misbehaves(finders, keys, name, wish):
    script, why = BAD[name]
    fake = FakeDirectory(keys.server, script)
    finder = finders.start(f'url "ldaps://127.0.0.1:{fake.port}"')
    begin = time.monotonic()
    answer = finder.ask(wish, "bob@example.com", seconds=2)
    assert time.monotonic() - begin < 15
    assert answer.items == [] and answer.outcome == ("failed" if why else answer.outcome), answer
    assert why is None or why.lower() in answer.why.lower(), answer
    assert finder.ask("ping", "x").outcome == "nothing"
    fake.close()


def test_what_was_not_asked_for_is_not_taken(finders, keys):
    fake = FakeDirectory(keys.server, lambda peer, number: peer.sendall(
        entry(number, "cn=x", userPassword=[b"a"], cACertificate_binary=[b"b"], mail=[b"c"])
        + reference(number, "ldap://127.0.0.1:1/") + result(number, 0)))
    answer = finders.start(f'url "ldaps://127.0.0.1:{fake.port}"').ask("ldap_smime", "bob@example.com")
    assert answer.outcome == "nothing" and answer.items == [], answer
    fake.close()


def test_server_that_never_begins_tls_delays_nobody_else(finders, server, keys):
    mute = FakeDirectory(None)
    mute.script = lambda peer, number: None
    finder = finders.start(f'url "ldaps://127.0.0.1:{mute.port}" domains {{ "mute.example" }}',
                           f'url "ldaps://127.0.0.1:{server.tls}" domains {{ "example.com" }}')
    begin = time.monotonic()
    answers = finder.ask_all(("ldap_pgp", "x@mute.example"), ("ldap_pgp", "bob@example.com"), seconds=3)
    assert time.monotonic() - begin < 15
    assert answers[0].outcome == "failed" and answers[1].items == [keys.bob], answers
    mute.close()


def test_directory_that_restarts_is_asked_again(directory, finders, keys):
    server = DirectoryServer(directory / "restarting", keys.server)
    server.start(person("Bob", "bob@example.com", value("pgpKey", b"bob")))
    finder = finders.start(f'url "ldaps://127.0.0.1:{server.tls}"')
    assert finder.ask("ldap_pgp", "bob@example.com").outcome == "found"
    server.stop()
    assert finder.ask("ldap_pgp", "bob@example.com", seconds=3).outcome == "failed"
    subprocess.run(["rm", "-rf", server.directory / "data"], check=True)
    (server.directory / "data").mkdir()
    server.start(person("Bob", "bob@example.com", value("pgpKey", b"new")))
    assert finder.ask("ldap_pgp", "bob@example.com").items == [b"new"]
    server.stop()


def test_many_questions_at_once(finder):
    answers = finder.ask_all(*(("ldap_pgp", f"many{n}@example.com") for n in range(60)), ("ldap_pgp", "bob@example.com"), seconds=50)
    assert [answer.outcome for answer in answers] == ["nothing"] * 60 + ["found"], answers


def test_no_password_in_the_log(finders, server, directory):
    password = directory / "logged.password"
    password.write_text("unlikely-password\n")
    finder = finders.start(f'url "ldaps://127.0.0.1:{server.tls}" bind "cn=postseal,{SUFFIX}" password "{password}"')
    answer = finder.ask("ldap_pgp", "bob@example.com")
    assert "unlikely" not in answer.why + (finder.directory / "finder.log").read_text()
    assert re.search("cn=postseal", server.log(), re.IGNORECASE)
