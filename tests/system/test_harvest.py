"""Keys that come with mail: what of it is kept, for whom, and what a stranger's mail can never do. The messages are made
by gpg and openssl, and so are the keys that answers are opened with."""
import base64
import email.utils
import hashlib
import re
import time

import pytest

import messages
import people
import world as sandbox
from test_inbound import TEXT, arrived, outside, prepare, signed  # noqa: F401
from test_inbound_pgp import detached

SETTINGS = """networks { "192.0.2.0/24" }
keys from database, mail, wkd
keys authenticated { "mx.example.com" }
"""
RULES = """
receive any                                     open
match recipient domain "auto.example"           deliver smime, pgp, pickup
otherwise                                       deliver plain
"""
EMPLOYEE = "anna@example.com"


@pytest.fixture
def gpg(world, name):
    made = []

    def make(address, *uids):
        made.append(people.Gpg(world.directory / "keys" / f"{name}{len(made)}.gnupg", address, "future-default"))
        for uid in uids:
            made[-1].run("--quick-add-uid", address, uid)
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def arrives(outside):
    """Mail of an author comes in."""
    def send(entity, author, **options):
        outside.send(outside.mail(entity, [EMPLOYEE], sender=author, **options), [EMPLOYEE], sender=author)
    return send


def all_are_read(world):
    sandbox.wait_until(lambda: world.postgres.query("select 1 from postseal.key_mailed where taken_at is null") == [],
                       "the courier to read what came with mail", 60)


@pytest.fixture
def comes(world, arrives):
    """The same, and what it brought has been read."""
    def send(entity, author, **options):
        arrives(entity, author, **options)
        all_are_read(world)
    return send


@pytest.fixture
def goes(post):
    """How mail to somebody goes now: the copy on record."""
    def send(address):
        post.accepted(post.compose([address]), [address])
        return post.copies(address)[-1]
    return send


def with_key(gpg, *keys):
    """A text and attached keys, as one entity."""
    parts = [b"Content-Type: application/pgp-keys; name=\"key.asc\"\r\n\r\n" + key.replace(b"\n", b"\r\n").rstrip(b"\r\n")
             for key in (keys or [gpg.public()])]
    return (b'Content-Type: multipart/mixed; boundary="keys"\r\n\r\n'
            + messages.multipart("keys", TEXT.rstrip(b"\r\n"), *parts))


def autocrypt(gpg, address=None, more=""):
    data = base64.b64encode(gpg.run("--export-options", "export-minimal", "--export", gpg.address)).decode()
    lines = "\r\n ".join(data[i:i + 70] for i in range(0, len(data), 70))
    return f"Autocrypt: addr={address or gpg.address}; prefer-encrypt=mutual;{more} keydata=\r\n {lines}"


def passes(address, verifier="mx.example.com"):
    domain = address.partition("@")[2]
    return f"Authentication-Results: {verifier} (OpenDKIM); dkim=pass (2048-bit key) header.d={domain} header.i=@{domain}"


def found(world, address, kind="pgp"):
    return [row[0] for row in world.postgres.query(
        f"select fingerprint from postseal.key_found where address = '{address}' and kind = '{kind}' and source = 'mail' order by found_at")]


# --- S/MIME ---

def test_answer_to_a_signed_mail_is_encrypted(world, post, comes, goes, name):
    """The way round: nobody imports a certificate."""
    address = f"{name}@auto.example"
    assert goes(address)["method"] == "pickup"
    comes(signed(world, TEXT, address), address)
    copy = goes(address)
    assert copy["method"] == "smime", copy
    base = world.directory / "keys" / re.sub(r"[^a-z0-9]", "-", address)
    mail = next(m for m in post.box(address).wait(2) if "pkcs7-mime" in m["Content-Type"])
    assert b"Hello." in people.open_smime(mail, base)
    assert "found by mail" in copy["reason"]


def test_key_that_came_with_mail_was_unknown_to_the_commands_about_trust(world, comes, goes, name):
    """`trust why` said that no key is known, and nobody could vouch for it, while the milter used it."""
    address, why = f"{name}@auto.example", ("trust", "why", "--from", EMPLOYEE, "--to")
    comes(signed(world, TEXT, address), address)
    assert goes(address)["method"] == "smime"
    told = world.postseal(*why, address)
    mark = fingerprint(world.directory / "keys" / f"{name}-auto-example.pem")
    assert f"and the certificate {mark} of {address}" in told and f"A mail from {address} that was signed with this key came in" in told
    world.postseal("trust", "attest", address, mark[:16])
    assert "vouched for it" in world.postseal(*why, address)


def test_certificate_without_a_trusted_authority_is_not_kept(world, comes, goes, name):
    address = f"{name}@auto.example"
    path = world.authority.issue_mail(f"{name}.self", address, sign=False)
    comes(signed(world, TEXT, address, certificate=path), address)
    assert found(world, address, "smime") == [] and goes(address)["method"] == "pickup"


def test_certificate_of_somebody_else_is_not_kept(world, comes, goes, name):
    """Neither the victim's in an attacker's mail, nor the attacker's in mail of the victim's name."""
    attacker, victim = f"{name}a@auto.example", f"{name}b@auto.example"
    comes(signed(world, TEXT, attacker), victim)
    assert found(world, victim, "smime") == found(world, attacker, "smime") == []
    theirs = world.authority.issue_mail(f"{name}-b", victim)
    comes(signed(world, TEXT, attacker, options=("-certfile", theirs)), attacker)
    assert found(world, victim, "smime") == []
    assert found(world, attacker, "smime") == [fingerprint(world.directory / "keys" / f"{name}a-auto-example.pem")]


def der(path):
    return sandbox.command("openssl", "x509", "-in", path, "-outform", "DER")


def fingerprint(path):
    return hashlib.sha256(der(path)).hexdigest()


# --- a signature with attributes that openssl(1) does not make ---

def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    head = bytes([size]) if size < 128 else bytes([0x80 | len(n := size.to_bytes((size.bit_length() + 7) // 8, "big"))]) + n
    return bytes([tag]) + head + body


def oid(text):
    first, second, *rest = (int(n) for n in text.split("."))
    encoded = bytes([40 * first + second])
    for number in rest:
        groups = [number & 127]
        while number := number >> 7:
            groups.append(128 | number & 127)
        encoded += bytes(reversed(groups))
    return tlv(6, encoded)


def issuer_and_serial(path):
    """Of a certificate, without a header: its issuer and serial number."""
    certificate = der(path)

    def inner(data):
        size = data[1]
        skip = 2 + (size & 127 if size & 128 else 0)
        return data[skip:skip + (size if size < 128 else int.from_bytes(data[2:skip], "big"))]

    def first(data):
        size = data[1]
        skip = 2 + (size & 127 if size & 128 else 0)
        length = skip + (size if size < 128 else int.from_bytes(data[2:skip], "big"))
        return data[:length], data[length:]
    body = inner(inner(certificate))
    _, body = first(body)        # version
    serial, body = first(body)
    _, body = first(body)        # algorithm
    issuer, _ = first(body)
    return issuer + serial


def signed_with(entity, path, attributes, *others):
    """SignedData (RFC 5652 §5), detached, with attributes of our own."""
    digest_algorithm = tlv(0x30, oid("2.16.840.1.101.3.4.2.1"))
    listed = [tlv(0x30, oid("1.2.840.113549.1.9.3"), tlv(0x31, oid("1.2.840.113549.1.7.1"))),
              tlv(0x30, oid("1.2.840.113549.1.9.4"), tlv(0x31, tlv(4, hashlib.sha256(entity).digest()))), *attributes]
    listed.sort()
    value = sandbox.command("openssl", "dgst", "-sha256", "-sign", path.with_suffix(".key"), input=tlv(0x31, *listed))
    signer = tlv(0x30, b"\x02\x01\x01", tlv(0x30, issuer_and_serial(path)), digest_algorithm, tlv(0xa0, *listed),
                 tlv(0x30, oid("1.2.840.113549.1.1.1"), b"\x05\x00"), tlv(4, value))
    data = tlv(0x30, b"\x02\x01\x01", tlv(0x31, digest_algorithm), tlv(0x30, oid("1.2.840.113549.1.7.1")),
               tlv(0xa0, der(path), *(der(other) for other in others)), tlv(0x31, signer))
    cms = tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xa0, data))
    return (b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="s"\r\n\r\n--s\r\n'
            + entity + b"\r\n--s\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + messages.base64_lines(cms) + b"\r\n--s--\r\n")


PREFERENCE, MICROSOFT = "1.2.840.113549.1.9.16.2.11", "1.3.6.1.4.1.311.16.4"


@pytest.mark.parametrize("how", ["standard", "Microsoft", "not said"])
def test_certificate_for_encryption_is_the_one_that_the_signature_names(world, comes, goes, name, how):
    """RFC 8551 §2.5.3: two certificates, one for each use; or two for both."""
    address = f"{name}@auto.example"
    uses = "keyUsage={}\nextendedKeyUsage=emailProtection\nsubjectAltName=email:" + address
    only = how == "not said"
    signs = world.authority.issue(f"{name}-sign", "/CN=s", uses.format("digitalSignature" if only else "digitalSignature,keyEncipherment"))
    opens = world.authority.issue(f"{name}-open", "/CN=o", uses.format("keyEncipherment"))
    named = {"standard": [tlv(0x30, oid(PREFERENCE), tlv(0x31, tlv(0xa0, issuer_and_serial(opens))))],
             "Microsoft": [tlv(0x30, oid(MICROSOFT), tlv(0x31, tlv(0x30, issuer_and_serial(opens))))],
             "not said": []}[how]
    comes(signed_with(TEXT, signs, named, opens), address)
    assert found(world, address, "smime") == [fingerprint(opens)]
    assert goes(address)["method"] == "smime"


def test_cipher_is_the_stronger_one_that_the_signature_announces(world, post, comes, goes, name):
    address = f"{name}@auto.example"
    path = world.authority.issue_mail(f"{name}-caps", address)
    capabilities = tlv(0x30, oid("1.2.840.113549.1.9.15"), tlv(0x31, tlv(0x30, tlv(0x30, oid("2.16.840.1.101.3.4.1.46")))))
    comes(signed_with(TEXT, path, [capabilities]), address)
    assert goes(address)["method"] == "smime"
    mail = post.box(address).one()
    assert "authEnveloped" in mail["Content-Type"]
    assert b"Hello." in people.open_smime(mail, path.with_suffix(""))


def test_authorities_that_only_the_mail_had_are_kept_with_the_certificate(world, comes, goes, name):
    address = f"{name}@auto.example"
    between = world.authority.issue(f"{name}-ca", f"/CN={name} CA", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign")
    path = world.directory / "keys" / f"{name}-below.pem"
    extensions = path.with_suffix(".ext")
    extensions.write_text(f"subjectAltName=email:{address}\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=emailProtection\n")
    sandbox.command("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", path.with_suffix(".key"), "-subj", "/CN=below",
                    "-out", path.with_suffix(".csr"))
    sandbox.command("openssl", "x509", "-req", "-in", path.with_suffix(".csr"), "-CA", between, "-CAkey", between.with_suffix(".key"),
                    "-CAcreateserial", "-days", "30", "-extfile", extensions, "-out", path)
    comes(signed(world, TEXT, address, certificate=path, options=("-certfile", between)), address)
    assert goes(address)["method"] == "smime"


def test_trust_that_was_revoked_came_back_with_the_next_signed_mail(world, comes, goes, name):
    """Promise 1: the same mail again, or any other that whoever has the key can sign."""
    address = f"{name}@auto.example"
    mail = signed(world, TEXT, address)
    comes(mail, address)
    assert goes(address)["method"] == "smime"
    world.postseal("trust", "revoke", address)
    assert goes(address)["method"] == "pickup"
    comes(mail, address)
    comes(signed(world, TEXT + b"Another.\r\n", address), address)
    assert goes(address)["method"] == "pickup"
    assert world.postgres.query(f"select count(*) from postseal.attestation where address = '{address}' and revoked_at is null") == [["0"]]
    # somebody's word does what mail cannot
    world.postseal("trust", "attest", address, found(world, address, "smime")[0])
    assert goes(address)["method"] == "smime"
    world.postgres.query(f"select postseal.attest(gen_random_uuid(), 'smime', '{'0' * 64}', '{address}', '{address}', 'signed mail', null)")
    assert world.postgres.query(f"select how from postseal.attestation where address = '{address}' and revoked_at is null order by how") == [
        ["administrator"], ["signed mail"]], "another key of theirs is another matter"


# --- OpenPGP ---

def test_answer_to_mail_with_the_key_that_signed_it_is_encrypted(world, post, comes, goes, gpg, name):
    address = f"{name}@auto.example"
    key = gpg(address)
    comes(detached(key, with_key(key)), address, fields=[passes(address)])
    copy = goes(address)
    assert copy["method"] == "pgp" and copy["keys"] == key.fingerprint()
    assert b"Hello." in people.open_pgp(post.box(address).one(), key)
    assert world.postgres.query(f"select how from postseal.attestation where address = '{address}'") == [["signed mail"]]


def test_strangers_own_key_was_taken_for_whomever_their_signed_mail_claimed_to_be_from(world, comes, goes, gpg, name):
    """Promise 1: the next mail to the person they named was sealed to the stranger."""
    victim = f"{name}@auto.example"
    key = gpg(victim)
    for fields in ([], [autocrypt(key)], [passes("a@evil.example")], [passes(victim, "mx.evil.example")]):
        comes(detached(key, with_key(key)), victim, fields=fields)
        assert found(world, victim) == [] and goes(victim)["method"] == "pickup"


def test_attached_key_that_did_not_sign_counts_less(world, comes, goes, gpg, name):
    """Without a signature, only if the domain sent the message; and then, nobody may trust it."""
    address, other = f"{name}a@auto.example", f"{name}b@auto.example"
    comes(with_key(gpg(address)), address)
    assert found(world, address) == [] and goes(address)["method"] == "pickup"
    key = gpg(other)
    comes(with_key(key), other, fields=[passes(other)])
    assert found(world, other) == [key.fingerprint()]
    assert world.postgres.query("select t.how, g.level from postseal.attestation t join postseal.trust_ground g using (how)"
                                f" where t.address = '{other}'") == [["attached", "none"]]


HEADERS = {
    "authentic": (lambda a: [passes(a)], True),
    "by DMARC": (lambda a: [f"Authentication-Results: mx.example.com; dmarc=pass (p=reject; x) header.from={a.partition('@')[2]}"], True),
    "of nobody known": (lambda a: [], False),
    "by another verifier": (lambda a: [passes(a, "mx.evil.example")], False),
    "another domain's signature": (lambda a: [passes("a@evil.example")], False),
    "of two domains at once": (lambda a: [passes(a).replace("header.d=", "header.d=evil.example header.d=")], False),
    "failed": (lambda a: [passes(a).replace("dkim=pass", "dkim=fail")], False),
    "in a comment": (lambda a: [f"Authentication-Results: mx.example.com; dkim=none (dkim=pass header.d={a.partition('@')[2]})"], False),
    "of what came in": (lambda a: ["Authentication-Results: mx.example.com; dkim=none", passes(a)], False),
}


def test_autocrypt_header_needs_something_that_says_who_sent_it(world, arrives, goes, gpg, name):
    keys = {how: gpg(f"{name}{i}@auto.example") for i, how in enumerate(HEADERS)}
    for how, key in keys.items():
        arrives(TEXT, key.address, fields=[*HEADERS[how][0](key.address), autocrypt(key)])
    all_are_read(world)
    assert {how: found(world, key.address) for how, key in keys.items()} == {
        how: [key.fingerprint()] if HEADERS[how][1] else [] for how, key in keys.items()}
    assert goes(keys["authentic"].address)["method"] == "pgp" and goes(keys["failed"].address)["method"] == "pickup"


def asked(world, address):
    """Which sources in the network were asked for the address, for which kind of key."""
    return world.postgres.query("select source, kind from postseal.key_answer where asked_at is not null"
                                f" and address = '{address}' order by 1, 2")


def test_announced_key_is_looked_for_before_anybody_needs_it(world, arrives, goes, gpg, name):
    """Where its domain publishes it, and nowhere else: the field itself, which anybody can write, is not believed."""
    known, unknown, nobody = (f"{name}{which}@auto.example" for which in "abc")
    announced = f"OpenPGP: id={'AB' * 20}; url=http://127.0.0.1:1/key.asc; preference=signencrypt"
    arrives(TEXT, unknown, fields=[announced])
    arrives(TEXT, nobody, fields=[passes(nobody)])
    arrives(TEXT, EMPLOYEE, fields=[passes(EMPLOYEE), announced])
    arrives(TEXT, known, fields=[passes(known), announced])
    sandbox.wait_until(lambda: asked(world, known) == [["wkd", "pgp"]], "the courier to ask", 90)
    assert asked(world, unknown) == asked(world, nobody) == asked(world, EMPLOYEE) == []
    assert found(world, known) == [] and "127.0.0.1:1" not in world.log("postseal-finder")
    # Once is enough for as long as the answer is good.
    answer = f"select due_at, good_until, asked_at from postseal.key_answer where address = '{known}'"
    before = world.postgres.query(answer)
    arrives(TEXT, known, fields=[passes(known), announced])
    assert world.postgres.query(answer) == before


BROKEN = {
    "for another address": lambda key, other: [autocrypt(key, "victim@auto.example")],
    "two of them": lambda key, other: [autocrypt(key), autocrypt(key)],
    "with an unknown attribute": lambda key, other: [autocrypt(key, more=" kind=x;")],
    "key of another address": lambda key, other: [autocrypt(other, key.address)],
    "much of nothing": lambda key, other: [f"Autocrypt: addr={key.address}; keydata=" + "\r\n ".join(["A" * 900] * 60)],
    "no key": lambda key, other: [f"Autocrypt: addr={key.address}; keydata=aGVsbG8="],
}


def test_autocrypt_header_that_is_not_the_authors_is_nothing(world, arrives, gpg, name):
    """Autocrypt Level 1, §2.1 and §2.3."""
    address = f"{name}@auto.example"
    key, other = gpg(address), gpg(f"{name}x@auto.example")
    for fields in BROKEN.values():
        arrives(TEXT, address, fields=[passes(address), *fields(key, other)])
    all_are_read(world)
    assert world.postgres.query(f"select address from postseal.key_found where source = 'mail' and (address like '{name}%'"
                                " or address = 'victim@auto.example')") == []


def test_older_autocrypt_header_replaces_no_newer_one(world, comes, gpg, name):
    address = f"{name}@auto.example"
    new, old = gpg(address), gpg(address)

    def dated(key, days):
        when = email.utils.formatdate(email.utils.mktime_tz(email.utils.parsedate_tz(email.utils.formatdate())) - days * 86400)
        comes(TEXT, address, fields=[f"Date: {when}", passes(address), autocrypt(key)])
    dated(new, 2)
    dated(old, 9)
    assert found(world, address) == [new.fingerprint()]
    assert world.postgres.query(f"select fingerprint, prefers_encryption from postseal.autocrypt where address = '{address}'") == [
        [new.fingerprint(), "t"]]


# --- what a stranger's mail can never do ---

def test_keys_of_other_addresses_are_never_taken(world, comes, goes, gpg, name):
    attacker, victim = f"{name}a@auto.example", f"{name}b@auto.example"
    key = gpg(attacker, victim)
    comes(detached(key, with_key(key)), attacker, fields=[passes(attacker), autocrypt(key)])
    assert found(world, attacker) == [key.fingerprint()] and found(world, victim) == []
    packets = world.postgres.query(f"select encode(content, 'escape') from postseal.key_found where address = '{attacker}'")[0][0]
    assert victim not in packets
    assert goes(victim)["method"] == "pickup"


def test_mail_never_outranks_a_key_that_somebody_vouches_for(world, post, comes, goes, gpg, name):
    address = f"{name}@auto.example"
    known = people.make_pgp(world, address)
    try:
        forged = gpg(address)
        comes(detached(forged, with_key(forged)), address, fields=[passes(address), autocrypt(forged)])
        copy = goes(address)
        assert copy["keys"] == known.fingerprint()
        assert address in world.postseal("key", "conflicts")
    finally:
        known.end()


def test_mail_never_outranks_a_key_of_another_source(world, comes, goes, gpg, name):
    """Though the setting names mail before it."""
    address = f"{name}@auto.example"
    published, forged = gpg(address), gpg(address)
    comes(detached(forged, with_key(forged)), address, fields=[passes(address)])
    packets = published.run("--export", address).hex()
    mark = published.fingerprint()
    world.postgres.query("insert into postseal.key_found (id, address, source, kind, author, fingerprint, content, owner) values"
                         f" (gen_random_uuid(), '{address}', 'wkd', 'pgp', 'auto.example', '{mark}', decode('{packets}', 'hex'), 'x')")
    world.postgres.query(f"select postseal.attest(gen_random_uuid(), 'pgp', '{mark}', '{address}', 'auto.example', 'wkd', null)")
    assert goes(address)["keys"] == mark


def test_several_keys_that_mail_brought_are_none(world, comes, goes, gpg, name):
    address = f"{name}@auto.example"
    first, second = gpg(address), gpg(address)
    comes(detached(first, with_key(first)), address, fields=[passes(address)])
    assert goes(address)["method"] == "pgp"
    comes(detached(second, with_key(second)), address, fields=[passes(address)])
    assert goes(address)["method"] == "pickup"
    with pytest.raises(sandbox.Trouble, match="nobody says which is right"):
        world.postseal("key", "find", address)
    told = world.postseal("key", "conflicts", address)
    assert first.fingerprint() in told and second.fingerprint() in told
    assert world.postgres.query("select count(*) from postseal.activity where what = 'key conflict' and subject ="
                                f" '{address}'") == [["1"]]
    # an admin's word settles it
    world.postseal("trust", "attest", address, first.fingerprint()[:16])
    assert goes(address)["keys"] == first.fingerprint()
    assert first.fingerprint() not in world.postseal("key", "conflicts", address)


def test_preference_in_an_autocrypt_header_changes_nothing(world, comes, goes, gpg, name):
    """The rules say what is sealed: a key is used with and without prefer-encrypt, as postseal.conf(5) says."""
    for i, preference in enumerate(("mutual", "nopreference")):
        key = gpg(f"{name}{i}@auto.example")
        comes(TEXT, key.address, fields=[passes(key.address), autocrypt(key).replace("=mutual", f"={preference}")])
        assert goes(key.address)["keys"] == key.fingerprint()


def test_employees_keys_do_not_come_by_mail(world, comes, gpg, name):
    address = f"{name}@example.com"
    key = gpg(address)
    comes(detached(key, with_key(key)), address, fields=[passes(address), autocrypt(key)])
    assert found(world, address) == []


def test_an_author_who_sends_many_keys_is_heard_a_few_times_a_day(world, arrives, gpg, name):
    address = f"{name}@auto.example"
    key = gpg(address)
    for i in range(7):
        key.run("--quick-set-expire", key.fingerprint(), f"{20 + i}d")
        arrives(TEXT, address, fields=[passes(address), autocrypt(key)])
    assert world.postgres.query(f"select count(*) from postseal.key_mailed where address = '{address}'") == [["5"]]


def test_mail_is_delivered_whatever_its_keys_are(world, post, arrives, gpg, name):
    """Bad input: keys that are none, cut off, huge, or of thousands of user IDs."""
    address = f"{name}@auto.example"
    key = gpg(address)
    whole = key.run("--export", address)
    many = whole + (b"\xb4\x20" + b"a" * 32) * 1500
    before = len(post.box(EMPLOYEE).files())
    for junk in (whole[:-40], many, b"\x99\xff\xff" + b"x" * 60000, b"\xc6\xff\xff\xff\xff\xff", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n\n",
                 whole * 300):
        arrives(with_key(key, base64.b64encode(junk)).replace(b"application/pgp-keys;", b"application/pgp-keys; x=y\r\nContent-Transfer-Encoding: base64\r\nX-Name:"),
              address, fields=[passes(address)])
    post.box(EMPLOYEE).wait(before + 6)
    all_are_read(world)
    assert set(found(world, address)) <= {key.fingerprint()}


def mpi(bits):
    return bits.to_bytes(2, "big") + b"\x81" * (bits // 8)


def vast_key(address, signatures=12):
    """RSA with a modulus and an exponent of 16384 bits each, and signatures that only checking shows to be wrong: 5 s each."""
    def packet(tag, body):
        return bytes([0xc0 | tag, 0xff]) + len(body).to_bytes(4, "big") + body
    begun = (int(time.time()) - 86400).to_bytes(4, "big")
    key, uid = b"\x04" + begun + b"\x01" + mpi(16384) * 2, f"Test <{address}>".encode()
    over = b"\x99" + len(key).to_bytes(2, "big") + key
    mark = hashlib.sha1(over).digest()
    head = b"\x04\x13\x01\x0a\x00\x1d\x05\x02" + begun + b"\x16\x21\x04" + mark
    digest = hashlib.sha512(over + b"\xb4" + len(uid).to_bytes(4, "big") + uid + head + b"\x04\xff\x00\x00\x00\x23").digest()
    signature = packet(2, head + b"\x00\x0a\x09\x10" + mark[-8:] + digest[:2] + mpi(16384 - 8))
    return packet(6, key) + packet(13, uid) + signature * signatures


def test_keys_with_vast_numbers_kept_gpg_busy_that_others_wait_for(world, post, arrives, gpg, name):
    """A stranger's mail took a minute and was then deferred; two of them at once held up everybody's."""
    address, path = f"{name}@auto.example", world.directory / "keys" / f"{name}.vast"
    key = gpg(address)
    path.write_bytes(vast_key(address))
    before, begun = len(post.box(EMPLOYEE).files()), time.monotonic()
    arrives(detached(key, with_key(key, b"", sandbox.command("gpg", "--enarmor", input=vast_key(address)).replace(b"ARMORED FILE", b"PUBLIC KEY BLOCK"))),
            address, fields=[passes(address)])
    post.box(EMPLOYEE).wait(before + 1)
    with pytest.raises(sandbox.Trouble, match="checking one signature takes seconds"):
        world.postseal("key", "import", path)
    assert time.monotonic() - begun < 50, "12 signatures take gpg a minute"
    all_are_read(world)
    assert found(world, address) == []


def test_junk_beside_a_good_signature_changes_nothing(world, post, arrives, gpg, name):
    """Anybody on the way can add a field."""
    address = f"{name}@auto.example"
    known = people.make_pgp(world, address)
    try:
        whole = known.run("--export", address)
        signed_mail = detached(known, TEXT)
        for path in post.box(EMPLOYEE).files():
            path.unlink()
        for junk in (whole[:-40], whole + b"\xff" * 500, whole[:60] + b"\0" * 60):
            arrives(signed_mail, address, fields=[f"Autocrypt: addr={address}; keydata={base64.b64encode(junk).decode()}"])
    finally:
        known.end()
    assert ["x-openpgp=pass" in mail["Authentication-Results"] for mail in post.box(EMPLOYEE).wait(3)] == [True] * 3
