"""OpenPGP keys: which are used, compared with gpg; what an import merges; what gpg is made to write."""
import datetime
import pathlib
import re
import subprocess

import pytest

import people
import world as sandbox

RULES = """
match recipient domain "pgp.example"   deliver pgp
otherwise                              deliver plain
"""

# A key from GnuPG 2.4 that announces OCB: features 07 and preferred AEAD 2 in its self-signature.
OCB_KEY = """-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawgTGRYJKwYBBAHaRw8BAQdAU7DnFZXI6yo5ZErzswB4dgN3E8w+yDMadxsE
NcRRqOa0DW9jYkB4LmV4YW1wbGWIkwQTFgoAOxYhBL17D80ijV4GiR+iNeFeVLrW
ADznBQJrCBMZAhsDBQsJCAcCAiICBhUKCQgLAgQWAgMBAh4HAheAAAoJEOFeVLrW
ADznedYBAOLYD1VEDzViSC6tBjoCiA6Q09e2QhHiqGx9al7sKqZJAQDnNkJQYDvy
vGg0ioXtM6S+91ITTM3TqWdK8VV89hmzB7g4BGsIExkSCisGAQQBl1UBBQEBB0BG
iFSwIZnALNtOm/p21bOYD/2sXz49qS6XomDnuJzQdwMBCAeIeAQYFgoAIBYhBL17
D80ijV4GiR+iNeFeVLrWADznBQJrCBMZAhsMAAoJEOFeVLrWADznt34A/2nyqtuK
2+Wy3n3+sA/ZXrfjPuNptbSq/C/pMzmbbJjpAP98L8TGGM6U4RtdHqRylfGv0O6o
JWzHis/Lt+iaFfWZCw==
-----END PGP PUBLIC KEY BLOCK-----
"""


class Ring:
    """A home of gpg in which keys are made, now and in the past."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.home.mkdir(mode=0o700)

    def try_run(self, *words, data=None, ago=0):
        past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=ago)
        clock = ("--faked-system-time", past.strftime("%Y%m%dT%H%M%S")) if ago else ()
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--yes", "--pinentry-mode", "loopback",
                               "--passphrase", "", "--trust-model", "always", "--no-auto-check-trustdb", *clock, *words], input=data, capture_output=True)

    def run(self, *words, **options):
        done = self.try_run(*words, **options)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    def make(self, user_id, algorithm="ed25519", usage="sign", expire="never", ago=0):
        """Makes only a primary key; returns its fingerprint."""
        said = self.run("--status-fd", "1", "--quick-gen-key", user_id, algorithm, usage, expire, ago=ago).decode()
        return re.search(r"KEY_CREATED P ([0-9A-F]{40})", said).group(1)

    def add(self, fingerprint, algorithm="cv25519", usage="encr", expire="never", ago=0):
        self.run("--quick-add-key", fingerprint, algorithm, usage, expire, ago=ago)

    def public(self, fingerprint):
        return self.run("--export", fingerprint)

    def edit(self, fingerprint, *commands):
        return self.run("--command-fd", "0", "--status-fd", "2", "--expert", "--edit-key", fingerprint,
                        data="\n".join((*commands, "save", "")).encode())

    def revocation(self, fingerprint):
        """From the file that gpg writes next to a key, made usable by removing the colon."""
        return (self.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_bytes().replace(b":-----BEGIN", b"-----BEGIN")

    def can_encrypt(self, fingerprint):
        return self.try_run("-r", fingerprint, "--encrypt", data=b"Hello.\r\n").returncode == 0

    def end(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], capture_output=True)


@pytest.fixture
def ring(world, name):
    made = Ring(world.directory / "keys" / f"{name}-ring")
    yield made
    made.end()


def take(world, name, data):
    path = world.directory / "keys" / f"{name}.pgp"
    path.write_bytes(data)
    return world.postseal("key", "import", path)


def is_found(world, address):
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "key", "find", address], capture_output=True, text=True)
    return done.returncode == 0


# --- which are used ---

# name: (algorithm of the primary key, usage, expiry, made how many days ago)
PRIMARIES = {"ed25519": ("ed25519", "sign", "never", 0), "rsa2048": ("rsa2048", "sign", "never", 0),
             "rsa1024": ("rsa1024", "sign", "never", 0), "nistp256": ("nistp256", "sign", "never", 0),
             "nistp521": ("nistp521", "sign", "never", 0), "brainpool": ("brainpoolP256r1", "sign", "never", 0),
             "secp256k1": ("secp256k1", "sign", "never", 0), "dsa2048": ("dsa2048", "sign", "never", 0),
             "expired": ("ed25519", "sign", "1d", 9), "expiring": ("ed25519", "sign", "30d", 9)}


SUBKEYS = {"none": (), "one": (("cv25519", "encr", "never", 0),), "rsa": (("rsa2048", "encr", "never", 0),),
           "weak": (("rsa1024", "encr", "never", 0),), "expired": (("cv25519", "encr", "1d", 5),),
           "expired weak beside good": (("rsa1024", "encr", "1d", 5), ("cv25519", "encr", "never", 0)),
           "newer weak beside good": (("cv25519", "encr", "never", 5), ("rsa1024", "encr", "never", 0)),
           "older weak beside good": (("rsa1024", "encr", "never", 5), ("cv25519", "encr", "never", 0)),
           "expired beside good": (("cv25519", "encr", "1d", 5), ("cv25519", "encr", "never", 0)),
           "signing beside good": (("ed25519", "sign", "never", 0), ("nistp384", "encr", "20d", 0)),
           "elgamal": (("elg2048", "encr", "never", 0),)}


def is_weak(primary, subkeys):
    """RSA below 2048 bits (RFC 9580 §12.4): in the primary key, or in the subkey that gpg uses, the newest one."""
    return primary == "rsa1024" or subkeys in ("weak", "newer weak beside good")


SLOW = {"dsa2048": ("one", "elgamal"), "rsa2048": ("none", "one", "rsa", "newer weak beside good"),
        "rsa1024": ("none", "one", "weak")}


@pytest.mark.parametrize("primary", PRIMARIES)
def test_primary_key_with_every_kind_of_subkey(world, ring, primary):
    """We use exactly the keys to which gpg encrypts, except those that are too weak."""
    algorithm, usage, expire, ago = PRIMARIES[primary]
    made = {}
    for subkeys, parts in SUBKEYS.items():
        if primary in SLOW and subkeys not in SLOW[primary] or subkeys == "elgamal" and primary not in SLOW:
            continue  # slow to make, and the result is the same
        address = f"{primary}.{subkeys.replace(' ', '-')}@matrix.example"
        made[address] = subkeys, ring.make(f"Test <{address}>", algorithm, usage, expire, max(ago, 6))
        for part in parts:
            if primary == "expired" and part[3] == 0:
                part = (*part[:3], 8.5)  # while it was valid
            ring.add(made[address][1], *part)
    take(world, f"matrix-{primary}", ring.run("--export"))
    for address, (subkeys, fingerprint) in made.items():
        expected = ring.can_encrypt(fingerprint) and not is_weak(primary, subkeys)
        assert is_found(world, address) == expected, address


REVOKED_PARTS = {"subkey": ("key 1", "revkey", "y", "0", "", "y"), "user id": ("uid 1", "revuid", "y", "0", "", "y")}


@pytest.mark.parametrize("what", (*REVOKED_PARTS, "second user id", "key"))
def test_what_is_revoked_is_not_used(world, ring, name, what):
    address = f"{name}@pgp.example"
    fingerprint = ring.make(f"Test <{address}>")
    ring.add(fingerprint)
    if what == "second user id":
        ring.run("--quick-add-uid", fingerprint, f"Old <old-{address}>")
        ring.run("--quick-revoke-uid", fingerprint, f"Old <old-{address}>")
    elif what == "key":
        ring.run("--import", data=ring.revocation(fingerprint))
    elif what == "subkey":
        ring.edit(fingerprint, *REVOKED_PARTS["subkey"])
    else:
        ring.run("--quick-add-uid", fingerprint, f"Other <other-{address}>")
        ring.run("--quick-revoke-uid", fingerprint, f"Test <{address}>")
    take(world, name, ring.public(fingerprint))
    assert is_found(world, address) == (what == "second user id")
    assert not is_found(world, f"old-{address}")
    assert is_found(world, f"other-{address}") == (what == "user id")


@pytest.mark.parametrize("form,found", (("{}", True), ("<{}>", True), ("Ann Example <{}>", True), ("J\xf6rg <{}>", True),
                                        ("Ann (work) <{}>", True), ("\"Ann, B.\" <{}>", True), ("Ann {} Example", False),
                                        ("Ann <{}> Example", False), ("Ann <other@x.example> <{}>", True)))
def test_user_id_in_any_form(world, ring, name, form, found):
    """RFC 9580 §5.11: name and address, or only the address; whatever bytes the name consists of."""
    address = f"{name}@pgp.example"
    user_id = form.format(address)
    ring.run("--allow-freeform-uid", "--quick-gen-key", user_id.encode("latin-1"), "future-default", "default", "never")
    take(world, name, ring.run("--export"))
    assert is_found(world, address) == found


def test_latin1_user_id_does_not_fail_the_ring(world, ring, name):
    ring.run("--quick-gen-key", f"J\xf6rg <{name}a@pgp.example>".encode("latin-1"), "future-default", "default", "never")
    ring.run("--quick-gen-key", f"B <{name}b@pgp.example>", "future-default", "default", "never")
    take(world, name, ring.run("--armor", "--export"))
    assert is_found(world, f"{name}a@pgp.example") and is_found(world, f"{name}b@pgp.example")
    assert f"J\xf6rg <{name}a@pgp.example>" in world.postseal("key", "find", f"{name}a@pgp.example")


# --- merging ---

def test_old_file_of_a_renewed_key_does_not_expire_it(world, ring, name):
    address = f"{name}@pgp.example"
    fingerprint = ring.make(f"Test <{address}>", expire="3d", ago=9)
    ring.add(fingerprint, ago=9)
    old = ring.public(fingerprint)
    take(world, name, old)
    assert not is_found(world, address)
    ring.run("--quick-set-expire", fingerprint, "30d")
    take(world, name, ring.public(fingerprint))
    assert is_found(world, address)
    take(world, name, old)
    assert is_found(world, address)


def test_revocation_stays(world, ring, name):
    address = f"{name}@pgp.example"
    fingerprint = ring.make(f"Test <{address}>")
    ring.add(fingerprint)
    old = ring.public(fingerprint)
    take(world, name, old)
    ring.run("--import", data=ring.revocation(fingerprint))
    assert "revoked by its owner (RFC 9580" in take(world, name, ring.public(fingerprint))
    assert "revoked by its owner (RFC 9580" in take(world, name, old)
    assert not is_found(world, address)


def test_revocation_certificate_alone(world, ring, name):
    address = f"{name}@pgp.example"
    fingerprint = ring.make(f"Test <{address}>")
    ring.add(fingerprint)
    with pytest.raises(sandbox.Trouble, match=f"it revokes the key {fingerprint[-16:]}, which is not in the key store"):
        take(world, name, ring.revocation(fingerprint))
    take(world, name, ring.public(fingerprint))
    assert is_found(world, address)
    assert "revoked by its owner" in take(world, name, ring.revocation(fingerprint))
    assert not is_found(world, address)


def test_own_key_stays_ours_when_its_public_half_comes_again(world, post, ring, name):
    sender, to = f"{name}@example.com", f"{name}@pgp.example"
    fingerprint = ring.make(f"Test <{sender}>")
    ring.add(fingerprint)
    take(world, name, ring.run("--export-secret-keys", fingerprint))
    ring.run("--quick-add-uid", fingerprint, f"Second <second-{sender}>")
    take(world, name, ring.public(fingerprint))
    their = people.make_pgp(world, to, f"{name}-their")
    their.run("--import", data=ring.public(fingerprint))
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    assert people.open_pgp(post.box(to).one(), their).endswith(b"Hello.\r\n")
    assert post.copies(to)[0]["signed_by"] == fingerprint
    their.end()


def test_own_key_without_a_signing_key_says_why_in_the_log(world, post, ring, name):
    sender, to = f"{name}@example.com", f"{name}@pgp.example"
    fingerprint = ring.make(f"Test <{sender}>", "rsa2048", "cert")
    ring.add(fingerprint)
    assert "not for signatures: it has no usable subkey for signatures" in take(
        world, name, ring.run("--export-secret-keys", fingerprint))
    their = people.make_pgp(world, to, f"{name}-their")
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    people.open_pgp(post.box(to).one(), their)
    assert "not signed: " in post.copies(to)[0]["reason"]
    their.end()


# --- files ---

def utf16(armour):
    return armour.decode().encode("utf-16")


FORMS = {
    "armour with a mark": lambda armour, binary: b"\xef\xbb\xbf" + armour,
    "armour in UTF-16": lambda armour, binary: utf16(armour),
    "armour with CR alone": lambda armour, binary: armour.replace(b"\n", b"\r"),
    "armour with CRLF in a text": lambda armour, binary: b"My key:\r\n\r\n" + armour.replace(b"\n", b"\r\n") + b"Bye\r\n",
    "binary": lambda armour, binary: binary,
    "a mail with it attached": lambda armour, binary: (
        b"From: <a@b.example>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: application/pgp-keys\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + armour.replace(b"=", b"=3D") + b"\r\n--x--\r\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_key_comes_in_any_form(world, ring, name, form):
    fingerprint = ring.make(f"Test <{name}@pgp.example>")
    ring.add(fingerprint)
    take(world, name, FORMS[form](ring.run("--armor", "--export", fingerprint), ring.public(fingerprint)))
    assert is_found(world, f"{name}@pgp.example")


def test_broken_key_is_named_and_the_good_one_beside_it_imported(world, ring, name):
    fingerprint = ring.make(f"Test <{name}@pgp.example>")
    ring.add(fingerprint)
    good = ring.run("--armor", "--export", fingerprint)
    broken = good[:60] + good[60:120][::-1] + good[120:]
    said = take(world, name, broken + good + good.partition(b"-----END")[0] + b"\n-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n")
    assert is_found(world, f"{name}@pgp.example")
    assert said.count("skipped PGP") == 3 and "its END line is missing (RFC 9580 §6.2)" in said


# --- what gpg writes ---

def packets(data):
    listing = subprocess.run(["gpg", "--batch", "--list-packets"], input=data, capture_output=True)
    return [int(tag) for tag in re.findall(rb"^# off=\d+ ctb=\w+ tag=(\d+)", listing.stdout, re.M)]


def cipher_and_digest(home, data):
    """As reported by gpg on decryption: numbers from RFC 9580 §9.3 and §9.5."""
    done = subprocess.run(["gpg", "--homedir", home, "--batch", "--status-fd", "2", "--decrypt"], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr
    said = done.stderr.decode()
    digest = re.search(r"^\[GNUPG:\] VALIDSIG(?: \S+){7} (\d+)", said, re.M)
    return int(re.search(r"DECRYPTION_INFO \d+ (\d+)", said).group(1)), digest and int(digest.group(1))


@pytest.mark.parametrize("preferences,cipher", (("none", 7), ("3DES SHA1", 7), ("AES SHA256", 7), ("3DES AES192 AES", 8),
                                                ("AES CAMELLIA256 AES256 SHA1", 9), (None, 9)))
def test_cipher_and_digest_follow_rfc_9580(world, post, ring, name, preferences, cipher):
    """Never triple DES or SHA-1, whatever the recipients' keys announce."""
    sender, to = f"{name}@example.com", f"{name}@pgp.example"
    own = people.Gpg(world.directory / "keys" / f"{name}own", sender, "rsa2048")
    take(world, f"{name}own", own.secret())
    fingerprint = ring.make(f"Test <{to}>", "rsa2048")
    ring.add(fingerprint, "rsa2048")
    if preferences is not None:
        ring.edit(fingerprint, f"setpref {preferences}", "y")
    take(world, name, ring.public(fingerprint))
    ring.run("--import", data=own.public())
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    data = people.pgp_data(post.box(to).one())
    assert cipher_and_digest(ring.home, data) == (cipher, 10)
    assert packets(data)[:2] == [1, 18]
    own.end()


def test_no_packet_of_type_20_for_a_key_that_announces_ocb(world, post, name):
    """Only GnuPG reads those (RFC 9580 §5.13 has types 18 of version 1 and 2)."""
    to = f"{name}@pgp.example"
    key = world.directory / "keys" / f"{name}.asc"
    key.write_text(OCB_KEY)
    world.postseal("key", "import", key)
    world.postgres.query(f"update postseal.key_address set address = '{to}' where address = 'ocb@x.example'")
    post.accepted(post.compose([to]), [to])
    assert packets(people.pgp_data(post.box(to).one()))[:2] == [1, 18]
