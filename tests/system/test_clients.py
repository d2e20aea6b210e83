"""Other programs' S/MIME and OpenPGP: what Postseal seals and signs, they open and verify; what they seal and sign,
Postseal opens and judges. Each message is sealed once and opened by all of them: openssl, NSS (cmsutil), Bouncy Castle;
GnuPG, Sequoia (sq), RNP. tests/system/test_inbound.py has the forms that openssl and gpg make by default."""
import pathlib
import re
import subprocess

import pytest

import people
import world as sandbox
from test_inbound import (TEXT, arrived, employee, envelope, outside, pgp_employee, pgp_mime, pkcs7,  # noqa: F401
                          prepare, results)

RULES = """
receive sender domain "old.example"     open old ciphers
receive any                             open

match recipient domain "smime.example"  deliver smime
match recipient domain "pgp.example"    deliver pgp
otherwise                               deliver plain
"""
SETTINGS = 'networks { "192.0.2.0/24" }\n'
BODY = "Grüße, the secret is 42.\r\n".encode() + b"From here\r\n.\r\n" + b"line\r\n" * 3000
EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


# --- S/MIME ---

class Bouncy:
    """Bouncy Castle (tests/clients/Bouncy.java)."""
    PATH = ":".join(f"/usr/share/java/{part}.jar" for part in ("bcprov", "bcpkix", "bcmail", "bcutil"))

    def __init__(self, directory):
        self.directory = directory
        sandbox.command("ecj", "-17", "-nowarn", "-proc:none", "-cp", self.PATH, "-d", directory,
                        pathlib.Path(__file__).parents[1] / "clients/Bouncy.java")

    def run(self, *commands):
        said = sandbox.command("java", "-XX:TieredStopAtLevel=1", "-cp", f"{self.directory}:{self.PATH}", "Bouncy",
                               input="".join("\t".join(map(str, command)) + "\n" for command in commands).encode())
        lines = said.decode().splitlines()
        assert lines == ["good"] * len(commands), list(zip(commands, lines))


class Nss:
    """A database of NSS, and cmsutil."""

    def __init__(self, directory, root):
        self.directory = directory
        directory.mkdir()
        sandbox.command("certutil", "-N", "-d", f"sql:{directory}", "--empty-password")
        sandbox.command("certutil", "-A", "-d", f"sql:{directory}", "-n", "root", "-t", "CT,CT,CT", "-i", root)

    def add(self, name, base):
        sandbox.command("openssl", "pkcs12", "-export", "-in", f"{base}.pem", "-inkey", f"{base}.key", "-name", name,
                        "-out", f"{base}.p12", "-passout", "pass:nss")
        sandbox.command("pk12util", "-d", f"sql:{self.directory}", "-i", f"{base}.p12", "-W", "nss")

    def run(self, *words, data):
        given, made = self.directory / "in", self.directory / "out"
        given.write_bytes(data)
        made.unlink(missing_ok=True)
        sandbox.command("cmsutil", *words, "-d", f"sql:{self.directory}", "-i", given, "-o", made)
        return made.read_bytes()


@pytest.fixture(scope="module")
def bouncy(world):
    return Bouncy(world.directory / "bouncy")


@pytest.fixture(scope="module")
def nss(world):
    return Nss(world.directory / "nss", world.directory / "keys/authority.pem")


def crlf(data):
    return re.sub(rb"\r?\n", b"\r\n", data)


def der_of(mail):
    """The structure of an application/pkcs7-mime mail."""
    assert mail.parsed.get_content_type() == "application/pkcs7-mime"
    return mail.parsed.get_payload(decode=True)


def sent_to(post, to, sender=None):
    """Sends one message to several, and returns its entity."""
    message = post.compose(to, BODY, sender=sender)
    post.accepted(message, to, sender=sender)
    return people.entity_of(message)


def opened_by_all(mail, base, world, bouncy):
    """What each program finds in an encrypted mail: {program: entity}"""
    sealed, found = (world.directory / "keys" / name for name in ("sealed.der", "opened"))
    sealed.write_bytes(der_of(mail))
    bouncy.run(("open", sealed, found, f"{base}.pem", f"{base}.key"))
    return {"openssl": people.open_smime(mail, base), "Bouncy Castle": found.read_bytes()}


def test_what_is_sealed_with_smime_opens_in_other_programs(world, post, bouncy, name):
    """CBC, GCM with OAEP, and key agreement, in one message where their content is the same."""
    addresses = [f"{name}{kind}@smime.example" for kind in ("cbc", "gcm", "ec")]
    bases = [people.certify(world, addresses[0]), people.certify(world, addresses[1], options=("--capability", "gcm,oaep")),
             people.certify(world, addresses[2], key=EC)]
    entity = sent_to(post, addresses)
    for address, base in zip(addresses, bases):
        found = opened_by_all(post.box(address).one(), base.with_suffix(""), world, bouncy)
        assert found == dict.fromkeys(found, entity), address


def test_what_is_sealed_with_smime_opens_in_nss(world, post, nss, name):
    """NSS 3.87 has neither GCM nor OAEP, nor can it read past another reader's key agreement."""
    addresses = [f"{name}{i}@smime.example" for i in range(3)]
    for address in addresses:
        nss.add(address, people.certify(world, address).with_suffix(""))
    entity = sent_to(post, addresses)
    assert [nss.run("-D", data=der_of(post.box(address).one())) for address in addresses] == [entity] * 3


@pytest.mark.parametrize("key", [("-newkey", "rsa:2048"), EC], ids=["RSA", "EC"])
def test_what_is_signed_with_smime_is_verified_by_other_programs(world, post, bouncy, nss, name, key):
    sender, to = f"{name}@example.com", f"{name}@smime.example"
    employee(world, sender, key=key)
    base = people.certify(world, to).with_suffix("")
    entity = sent_to(post, [to], sender)
    assert post.copies(to)[0]["signed_by"]
    signed = der_of(people.Received(people.open_smime(post.box(to).one(), base).replace(b"\r\n", b"\n")))
    root, path = world.directory / "keys/authority.pem", world.directory / "keys/signed.der"
    path.write_bytes(signed)
    assert sandbox.command("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-CAfile", root, input=signed) == entity
    bouncy.run(("verify", path, "-", root))
    assert b"GoodSignature" in nss.run("-D", "-h", "2", "-n", data=signed) and nss.run("-D", data=signed) == entity


OPENSSL = {"AES-192": ("-aes-192-cbc",), "AES-128 GCM": ("-aes-128-gcm",), "AES-192 GCM": ("-aes-192-gcm",),
           "GCM and key identifier": ("-aes-256-gcm", "-keyid")}


def several_openssl(world, reader, ec):
    """{what: DER} sealed by openssl for the reader, and for others."""
    others = [world.authority.issue_mail(f"other{i}", f"other{i}@example.net") for i in range(3)]
    made = {what: envelope(TEXT, reader, options=options, form="DER") for what, options in OPENSSL.items()}
    made["last of five readers"] = envelope(TEXT, *others, ec, reader, form="DER")
    made["GCM, for RSA and EC"] = envelope(TEXT, ec, reader, options=("-aes-256-gcm",), form="DER")
    return made


BOUNCY = {"RSA": ["aes128", "aes192", "aes256", "aes256,stream", "gcm128", "gcm256", "gcm256,keyid", "aes256,oaep", "gcm256,oaep"],
          "EC": ["aes128", "aes256,sha1", "gcm256", "gcm256,sha384"]}


def several_bouncy(world, bouncy, readers):
    given = world.directory / "keys/content"
    given.write_bytes(TEXT)
    made = {(kind, how): world.directory / "keys" / f"{kind}-{how}.der" for kind, all_of_them in BOUNCY.items() for how in all_of_them}
    bouncy.run(*(("seal", how, given, path, readers[kind]) for (kind, how), path in made.items()))
    return {what: path.read_bytes() for what, path in made.items()}


def test_what_other_programs_seal_with_smime_is_opened(world, post, outside, bouncy, nss, name):  # noqa: F811
    """To the very bytes (Promise 4). What openssl, Bouncy Castle and NSS write for the same content differs in nearly
    everything that RFC 5652 leaves open."""
    addresses = {kind: f"{name}{kind.lower()}@example.com" for kind in ("RSA", "EC")}
    readers = {"RSA": employee(world, addresses["RSA"]), "EC": employee(world, addresses["EC"], key=EC)}
    nss.add("reader", readers["RSA"].with_suffix(""))
    sealed = {("RSA", f"openssl {what}"): der for what, der in several_openssl(world, readers["RSA"], readers["EC"]).items()}
    sealed["RSA", "NSS"] = nss.run("-E", "-r", addresses["RSA"], data=TEXT)
    sealed.update(several_bouncy(world, bouncy, readers))
    for (kind, how), der in sealed.items():
        outside.send(outside.mail(pkcs7(der), [addresses[kind]], subject=how), [addresses[kind]])
    for kind, address in addresses.items():
        wanted = {how: TEXT for its_kind, how in sealed if its_kind == kind}
        mails = post.box(address).wait(len(wanted), 60)
        assert {mail["Subject"]: arrived(mail) for mail in mails} == wanted


def test_triple_des_of_other_programs_is_opened_by_rule_only(world, post, outside, bouncy, name):  # noqa: F811
    address = f"{name}@example.com"
    given, made = world.directory / "keys/content", world.directory / "keys/3des.der"
    given.write_bytes(TEXT)
    bouncy.run(("seal", "3des", given, made, employee(world, address)))
    entity = pkcs7(made.read_bytes())
    message, mail = outside.sent(entity, address)
    assert arrived(mail) == people.entity_of(message)
    outside.send(outside.mail(entity, [address], sender="bob@old.example"), [address], sender="bob@old.example")
    assert TEXT in [arrived(mail) for mail in post.box(address).wait(2)]


def compressed(entity):
    """Without openssl's zlib, which Debian leaves out: RFC 3274, written by hand."""
    import zlib

    def der(tag, content):
        length = bytes([len(content)]) if len(content) < 128 else bytes([0x82]) + len(content).to_bytes(2, "big")
        return bytes([tag]) + length + content

    data = bytes.fromhex("06092a864886f70d010701")
    inner = der(0x30, data + der(0xa0, der(4, zlib.compress(entity))))
    body = der(0x30, bytes.fromhex("020100") + der(0x30, bytes.fromhex("060b2a864886f70d0109100308")) + inner)
    return der(0x30, bytes.fromhex("060b2a864886f70d0109100109") + der(0xa0, body))


def test_what_was_compressed_before_it_was_sealed_is_not_lost(world, post, outside, name):  # noqa: F811
    """The layer within (RFC 8551 §3.6) is as it was sent: the reader's program opens it."""
    address = f"{name}@example.com"
    inner = pkcs7(compressed(TEXT), "compressed-data")
    _, mail = outside.sent(envelope(inner, employee(world, address)), address)
    assert arrived(mail) == inner


def openssl_signed(bases, work, how):
    return sandbox.command("openssl", "cms", "-sign", "-binary", "-signer", f"{bases}.pem", "-inkey", f"{bases}.key", "-outform", "DER",
                           *(["-nodetach"] if how == "opaque" else []), input=TEXT)


def multipart_signed(signature):
    content = TEXT.removesuffix(b"\r\n")
    part = (b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
            + pkcs7(signature).partition(b"\r\n\r\n")[2])
    return (b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="s"\r\n\r\n--s\r\n'
            + content + b"\r\n\r\n--s\r\n" + part + b"--s--\r\n")


def test_what_other_programs_sign_with_smime_is_judged_rightly(world, post, outside, bouncy, nss, name):  # noqa: F811
    """Good where it is the author's, and not where a byte is another."""
    work, address, cases = world.directory / "keys", f"{name}@example.com", {}
    (work / "content").write_bytes(TEXT)
    for kind, key in ("RSA", ("-newkey", "rsa:2048")), ("EC", EC):
        author = f"{name}{kind.lower()}@partner.example"
        base = world.authority.issue_mail(f"{name}{kind}", author, key=key).with_suffix("")
        nss.add(f"{name}{kind}", base)
        for how, words in ("opaque", ()), ("detached", ("-T",)):
            cases["Bouncy Castle", kind, how, author] = work / f"{kind}-{how}.der"
            bouncy.run(("sign", how, work / "content", work / f"{kind}-{how}.der", f"{base}.pem", f"{base}.key"))
            cases["NSS", kind, how, author] = work / f"nss-{kind}-{how}.der"
            cases["NSS", kind, how, author].write_bytes(nss.run("-S", "-G", "-P", *words, "-N", f"{name}{kind}", data=TEXT))
            cases["openssl", kind, how, author] = work / f"openssl-{kind}-{how}.der"
            cases["openssl", kind, how, author].write_bytes(openssl_signed(base, work, how))
    wanted = {}
    for (program, kind, how, author), path in cases.items():
        der = path.read_bytes()
        entity = multipart_signed(der) if how == "detached" else pkcs7(der, "signed-data")
        changed = multipart_signed(der).replace(b"42", b"43") if how == "detached" else pkcs7(der.replace(b"42", b"43"), "signed-data")
        for each, result in (entity, "pass"), (changed, "fail"):
            subject = f"{program} {kind} {how} {result}"
            outside.send(outside.mail(each, [address], sender=author, subject=subject), [address], sender=author)
            wanted[subject] = result
    mails = post.box(address).wait(len(wanted), 60)
    assert {mail["Subject"]: results(mail).get("smime") for mail in mails} == wanted


# --- OpenPGP ---

KINDS = {"rsa": ("rsa2048", "rsa2048"), "curve": ("ed25519", "cv25519"), "nist": ("nistp256", "nistp256"),
         "nist-large": ("nistp521", "nistp521"), "brainpool": ("brainpoolP256r1", "brainpoolP256r1")}
# What Debian 12's sq cannot do with Nettle.
NOT_SEQUOIA = ["brainpool"]


class Pgp(people.Gpg):
    """A key of one kind, as gpg has it, and as the others read it from files."""

    def __init__(self, directory, address, kind):
        primary, subkey = KINDS[kind]
        super().__init__(directory / f"{address}.gnupg", address, primary)
        self.kind, self.files = kind, {"secret": directory / f"{address}.secret.asc", "public": directory / f"{address}.public.asc"}
        self.run("--passphrase", "", "--quick-add-key", self.fingerprint(), subkey, "encr", "30d")
        self.files["secret"].write_bytes(self.secret())
        self.files["public"].write_bytes(self.public())
        self.rnp = directory / f"{address}.rnp"
        self.rnp.mkdir(mode=0o700)

    def run_rnp(self, *words, key, data):
        return sandbox.command("rnp", "--homedir", self.rnp, "--keyfile", self.files[key], "--password", "", "--notty", *words,
                               "--output", "-", "-", input=data)

    def opened_by_all(self, armor):
        found = {"gpg": self.decrypt(armor), "rnp": self.run_rnp("-d", key="secret", data=armor)}
        if self.kind not in NOT_SEQUOIA:
            found["sq"] = sandbox.command("sq", "decrypt", "--recipient-key", self.files["secret"], input=armor)
        return found

    def sealed_by_all(self):
        """{what: armor} of TEXT, for this key."""
        words = ("--armor", "--trust-model", "always")
        made = {"gpg": self.run(*words, "-r", self.address, "-e", data=TEXT), "gpg, hidden": self.run(*words, "-R", self.address, "-e", data=TEXT),
                "gpg, uncompressed": self.run(*words, "-z", "0", "-r", self.address, "-e", data=TEXT),
                "rnp": self.run_rnp("-e", "--armor", "-r", self.address, key="public", data=TEXT),
                "rnp, OCB": self.run_rnp("-e", "--armor", "--aead=OCB", "-r", self.address, key="public", data=TEXT)}
        if self.kind not in NOT_SEQUOIA:
            made["sq"] = sandbox.command("sq", "encrypt", "--recipient-cert", self.files["public"], input=TEXT)
        return made


@pytest.fixture
def pgp(world, name):
    made = []

    def make(address, kind):
        made.append(Pgp(world.directory / "keys", address, kind))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_what_is_sealed_with_openpgp_opens_in_other_programs(world, post, pgp, name):
    keys = {f"{name}{kind}@pgp.example": pgp(f"{name}{kind}@pgp.example", kind) for kind in KINDS}
    for key in keys.values():
        world.postseal("key", "import", key.files["public"])
    entity = sent_to(post, list(keys))
    for address, key in keys.items():
        found = key.opened_by_all(people.pgp_data(post.box(address).one()))
        assert found == dict.fromkeys(found, entity), address


@pytest.mark.parametrize("kind", ["rsa", "curve", "nist"])
def test_what_is_signed_with_openpgp_is_verified_by_other_programs(world, post, pgp, name, kind):
    sender, to = f"{name}@example.com", f"{name}@pgp.example"
    ours, theirs = pgp(sender, kind), pgp(to, "curve")
    world.postseal("key", "import", ours.files["secret"])
    world.postseal("key", "import", theirs.files["public"])
    entity = sent_to(post, [to], sender)
    assert post.copies(to)[0]["signed_by"] == ours.fingerprint()
    armor = people.pgp_data(post.box(to).one())
    theirs.run("--import", data=ours.public())
    assert b"GOODSIG" in theirs.run("--status-fd", "1", "--decrypt", "--output", theirs.home / "opened", data=armor)
    assert sandbox.command("sq", "decrypt", "--recipient-key", theirs.files["secret"], "--signer-cert", ours.files["public"],
                           input=armor) == entity
    both = theirs.home / "both"
    both.write_bytes(theirs.run("--passphrase", "", "--export-secret-keys") + ours.run("--export"))
    done = subprocess.run(["rnp", "--homedir", theirs.rnp, "--keyfile", both, "--password", "", "--notty", "-d", "--output", "-", "-"],
                          input=armor, capture_output=True)
    assert done.stdout == entity and b"Good signature made" in done.stderr, done.stderr.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_what_other_programs_seal_with_openpgp_is_opened(world, post, outside, pgp, name, kind):  # noqa: F811
    address = f"{name}@example.com"
    key = pgp(address, kind)
    world.postseal("key", "import", key.files["secret"])
    sealed = key.sealed_by_all()
    for how, armor in sealed.items():
        outside.send(outside.mail(pgp_mime(crlf(armor)), [address], subject=how), [address])
    mails = post.box(address).wait(len(sealed), 60)
    assert {mail["Subject"]: arrived(mail) for mail in mails} == dict.fromkeys(sealed, TEXT)


def test_openpgp_for_several_readers_is_opened_for_ours(world, post, outside, pgp, name):  # noqa: F811
    """The key is the last of several, all named or none (RFC 9580 §5.1: a key ID of zero)."""
    address = f"{name}@example.com"
    key, others = pgp(address, "curve"), [pgp(f"{name}{i}@partner.example", kind) for i, kind in enumerate(("rsa", "nist"))]
    world.postseal("key", "import", key.files["secret"])
    for other in others:
        key.run("--import", data=other.public())
    for option in ("-r", "-R"):
        words = [word for each in (*others, key) for word in (option, each.address)]
        armor = key.run("--armor", "--trust-model", "always", *words, "-e", data=TEXT)
        outside.send(outside.mail(pgp_mime(crlf(armor)), [address]), [address])
    assert [arrived(mail) for mail in post.box(address).wait(2, 60)] == [TEXT, TEXT]
