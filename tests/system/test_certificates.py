"""S/MIME certificates: which are used for what, compared with the RFCs and OpenSSL; and the file
formats they come in."""
import base64
import datetime
import itertools
import re
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import people
import world as sandbox

RULES = """
match recipient domain "smime.example"   deliver smime
otherwise                                deliver plain
"""

KEYS = {
    "rsa2048": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "rsa1024": ("RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
    "pss": ("RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
    "p256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "p521": ("EC", "-pkeyopt", "ec_paramgen_curve:P-521"),
    "ed25519": ("ED25519",),
    "x25519": ("X25519",),
}
USAGES = (None, "digitalSignature", "nonRepudiation", "keyEncipherment", "keyAgreement", "dataEncipherment",
          "digitalSignature,keyEncipherment", "digitalSignature,keyAgreement")
PURPOSES = (None, "emailProtection", "serverAuth", "anyExtendedKeyUsage", "clientAuth,emailProtection")


class Maker:
    def __init__(self, directory, authority):
        self.directory, self.authority = directory, authority
        directory.mkdir()
        for key, words in KEYS.items():
            sandbox.command("openssl", "genpkey", "-algorithm", *words, "-out", directory / f"{key}.key")
            sandbox.command("openssl", "pkey", "-in", directory / f"{key}.key", "-pubout", "-out", directory / f"{key}.pub")

    def issue(self, name, address, key="rsa2048", usage=None, purpose=None, more="", subject=None, dates=("-days", "20")):
        """NAME.pem with the public half of an existing key, and NAME.key next to it."""
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(
            (f"subjectAltName=email:{address}\n" if address else "") + (f"keyUsage=critical,{usage}\n" if usage else "")
            + (f"extendedKeyUsage={purpose}\n" if purpose else "") + more)
        path = self.directory / f"{name}.pem"
        sandbox.command("openssl", "x509", "-new", "-force_pubkey", self.directory / f"{key}.pub", "-subj",
                        subject or f"/CN={name}", "-CA", self.authority / "authority.pem", "-CAkey",
                        self.authority / "authority.key", "-extfile", extensions, *dates, "-out", path)
        path.with_suffix(".key").write_bytes((self.directory / f"{key}.key").read_bytes())
        return path


@pytest.fixture(scope="module")
def maker(world):
    return Maker(world.directory / "certificates", world.directory / "keys")


def stored(world, domain):
    rows = world.postgres.query(
        "select a.address, coalesce(k.cannot_encrypt, ''), coalesce(k.cannot_sign, '') from postseal.key k"
        f" join postseal.key_address a on a.key = k.id where a.address like '%@{domain}'")
    return {address: (encrypt, sign) for address, encrypt, sign in rows}


def rfc_allows(key, usage, purpose):
    """(encryption, signature) according to the documents alone: RFC 8550 §4.4.2, §4.4.4; RFC 5480
    §3; RFC 8813 §3; RFC 4055 §1.2; RFC 8551 §4 for RSA below 2048 bits. Key types that Postseal
    does not support count as neither."""
    bits = set((usage or "all").split(","))
    mail = purpose is None or {"emailProtection", "anyExtendedKeyUsage"} & set(purpose.split(","))
    if not mail or key in ("rsa1024", "pss", "ed25519", "x25519"):
        return False, False
    encipher = "keyEncipherment" if key == "rsa2048" else "keyAgreement"
    return bool(bits & {"all", encipher}), bool(bits & {"all", "digitalSignature", "nonRepudiation"})


def openssl_allows(world, purpose, paths):
    """What `openssl verify -purpose` says of each."""
    done = subprocess.run(["openssl", "verify", "-purpose", purpose, "-auth_level", "2", "-CAfile",
                           world.directory / "keys" / "authority.pem", *paths], capture_output=True, text=True)
    return {line.rsplit(": ", 1)[0] for line in done.stdout.splitlines() if line.endswith(": OK")}


def test_matrix_of_keys_usages_and_purposes(world, maker):
    """Every kind of key with every usage: we say what the RFCs say, and OpenSSL opens what we would seal."""
    made = {}
    for number, (key, usage, purpose) in enumerate(itertools.product(KEYS, USAGES, PURPOSES)):
        address = f"m{number}@matrix.example"
        made[address] = (key, usage, purpose, maker.issue(f"m{number}", address, key, usage, purpose))
    bundle = maker.directory / "matrix.pem"
    bundle.write_bytes(b"".join(path.read_bytes() for *_, path in made.values()))
    world.postseal("key", "import", bundle)
    said = stored(world, "matrix.example")
    assert len(made) == len(said) == len(KEYS) * len(USAGES) * len(PURPOSES)
    wrong = {(key, usage, purpose, said[address]) for address, (key, usage, purpose, _) in made.items()
             if tuple(not why for why in said[address]) != rfc_allows(key, usage, purpose)}
    assert not wrong
    assert all("RFC " in why for whys in said.values() for why in whys if why)  # each refusal cites its clause
    # OpenSSL's own view: the same for RSA, except for anyExtendedKeyUsage; for EC, it does not
    # implement RFC 8813.
    encrypts = openssl_allows(world, "smimeencrypt", [path for *_, path in made.values()])
    signs = openssl_allows(world, "smimesign", [path for *_, path in made.values()])
    for address, (key, usage, purpose, path) in made.items():
        if key == "rsa2048" and purpose != "anyExtendedKeyUsage":
            assert (str(path) in encrypts, str(path) in signs) == tuple(not why for why in said[address]), (usage, purpose)
    # OpenSSL opens what can be sealed: one for each key and usage.
    plain = maker.directory / "plain"
    plain.write_bytes(b"Hello.\r\n")
    tried = 0
    for address, (key, usage, purpose, path) in made.items():
        if said[address][0] or purpose not in (None, "anyExtendedKeyUsage"):
            continue
        sealed = sandbox.command("openssl", "cms", "-encrypt", "-aes256", "-binary", "-in", plain, path)
        assert sandbox.command("openssl", "cms", "-decrypt", "-recip", path, "-inkey", path.with_suffix(".key"), "-binary",
                               input=sealed) == b"Hello.\r\n"
        tried += 1
    assert tried >= 20


@pytest.mark.parametrize("key,kdf", [("p256", "sha256kdf"), ("p384", "sha384kdf"), ("p521", "sha512kdf")])
def test_mail_to_an_elliptic_curve_key_agreement_certificate(world, post, maker, name, key, kdf):
    """RFC 8813 allows only digitalSignature and keyAgreement; the key derivation fits the curve
    (RFC 5753 §7.1.4)."""
    address = f"{name}@smime.example"
    path = maker.issue(name, address, key, "digitalSignature,keyAgreement", "emailProtection")
    assert "not for" not in world.postseal("key", "import", path)
    post.accepted(post.compose([address]), [address])
    mail = post.box(address).one()
    assert people.open_smime(mail, path.with_suffix("")).endswith(b"Hello.\r\n")
    der = base64.b64decode(mail.body)
    sha = {"sha256kdf": b"\x2b\x81\x04\x01\x0b\x01", "sha384kdf": b"\x2b\x81\x04\x01\x0b\x02", "sha512kdf": b"\x2b\x81\x04\x01\x0b\x03"}
    assert [k for k, oid in sha.items() if b"\x06\x06" + oid in der] == [kdf]  # RFC 5753 §7.1.4: secg-scheme 11
    assert bytes.fromhex("06096086480165030401" + "2d") in der  # id-aes256-wrap


def test_mail_to_a_certificate_for_any_purpose(world, post, maker, name):
    """anyExtendedKeyUsage includes mail (RFC 8550 §4.4.4)."""
    address = f"{name}@smime.example"
    path = maker.issue(name, address, "rsa2048", "keyEncipherment", "anyExtendedKeyUsage")
    world.postseal("key", "import", path)
    post.accepted(post.compose([address]), [address])
    assert people.open_smime(post.box(address).one(), path.with_suffix("")).endswith(b"Hello.\r\n")


def test_pss_key_is_told_at_import_and_no_mail_waits_for_it(world, post, maker, name):
    address = f"{name}@smime.example"
    path = maker.issue(name, address, "pss", "digitalSignature", "emailProtection")
    assert "not for encryption: an RSASSA-PSS key is for signatures only (RFC 4055" in world.postseal("key", "import", path)
    code, text = post.send(post.compose([address]), [address])
    assert code == 550 and "RSASSA-PSS" in text


def own(world, maker, name, address, usage):
    path = maker.issue(name, address, "rsa2048", usage, "emailProtection")
    both = path.with_suffix(".both")
    both.write_bytes(path.read_bytes() + path.with_suffix(".key").read_bytes())
    return path, world.postseal("key", "import", both)


def test_employee_with_a_pair_of_certificates_signs_with_the_right_one(world, post, maker, name):
    """One for signatures and one for encryption, as many authorities issue them (RFC 8550 §4.4.2)."""
    sender, to = f"{name}@example.com", f"{name}@smime.example"
    base = people.certify(world, to).with_suffix("")
    signing, said = own(world, maker, f"{name}-sign", sender, "digitalSignature")
    assert "own" in said and "not for signatures" not in said
    _, said = own(world, maker, f"{name}-encrypt", sender, "keyEncipherment")
    assert "not for signatures: its key usage lacks digitalSignature (RFC 8550 §4.4.2)" in said
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    mail = post.box(to).one()
    signed = people.open_smime(mail, base)
    sandbox.command("openssl", "cms", "-verify", "-CAfile", world.directory / "keys" / "authority.pem", "-binary",
                    input=signed)
    used = sandbox.command("openssl", "x509", "-in", signing, "-noout", "-fingerprint", "-sha256").decode()
    fingerprint = used.partition("=")[2].strip().replace(":", "").lower()
    copy = post.copies(to)[0]
    assert copy["signed_by"] == fingerprint and f"signed by {fingerprint[:16]}" in copy["reason"]


def test_mail_that_leaves_unsigned_says_why_in_the_log(world, post, maker, name):
    """An encryption-only certificate never signs: nobody could verify the signature."""
    sender, to = f"{name}@example.com", f"{name}@smime.example"
    base = people.certify(world, to).with_suffix("")
    own(world, maker, f"{name}-encrypt", sender, "keyEncipherment")
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    assert b"pkcs7" not in people.open_smime(post.box(to).one(), base)
    copy = post.copies(to)[0]
    assert copy["signed_by"] == "" and "not signed: " in copy["reason"] and "lacks digitalSignature" in copy["reason"]


def test_signing_certificate_of_a_recipient_is_kept_beside_the_one_for_encryption(world, post, maker, name):
    to = f"{name}@smime.example"
    signing = maker.issue(f"{name}-sign", to, "rsa2048", "digitalSignature", "emailProtection")
    encrypting = maker.issue(f"{name}-encrypt", to, "p256", "keyAgreement", "emailProtection")
    assert "imported" in world.postseal("key", "import", signing, encrypting)
    post.accepted(post.compose([to]), [to])
    assert people.open_smime(post.box(to).one(), encrypting.with_suffix("")).endswith(b"Hello.\r\n")
    assert "lacks keyEncipherment" in world.postseal("key", "find", to)


def test_validity_and_names(world, maker, name):
    """Valid or not, and every form in which a certificate names an address."""
    form = "%y%m%d%H%M%SZ"
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)

    def name_of(key, **how):
        return maker.issue(f"{name}{key}", **{"address": f"{name}{key}@smime.example", "usage": "keyEncipherment", **how})

    paths = {"good": name_of("good"),
             "subject": name_of("subject", address=None, subject=f"/emailAddress={name}SUBJECT@SMIME.example"),
             "two": name_of("two", address=None, more=f"subjectAltName=email:{name}two@smime.example,email:b@else.example\n"),
             "nameless": name_of("nameless", address=None),
             "dns": name_of("dns", address=None, more="subjectAltName=DNS:smime.example\n"),
             "critical": name_of("critical", more="1.2.3.4.5=critical,DER:0500\n"),
             "authority": name_of("authority", usage="keyCertSign", more="basicConstraints=critical,CA:TRUE\n")}
    sandbox.command("openssl", "req", "-new", "-key", paths["good"].with_suffix(".key"), "-subj", f"/CN={name}old", "-out",
                    maker.directory / f"{name}.csr")
    for key, begin, end in (("old", now - 9 * day, now - day), ("early", now + day, now + 9 * day)):
        extensions = maker.directory / f"{name}{key}.ext"
        extensions.write_text(f"subjectAltName=email:{name}{key}@smime.example\n")
        database = maker.directory / f"{name}{key}.ca"
        database.mkdir()
        (database / "index.txt").write_text("")
        (database / "config").write_text("[ca]\ndefault_ca=a\n[a]\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n"
                                         f"database={database}/index.txt\nnew_certs_dir={database}\n[p]\ncommonName=supplied\n")
        paths[key] = maker.directory / f"{name}{key}.pem"
        sandbox.command("openssl", "ca", "-batch", "-notext", "-config", database / "config", "-cert",
                        maker.authority / "authority.pem", "-keyfile", maker.authority / "authority.key", "-in",
                        maker.directory / f"{name}.csr", "-out", paths[key], "-startdate", begin.strftime(form), "-enddate",
                        end.strftime(form), "-extfile", extensions)
    said = world.postseal("key", "import", *paths.values())
    assert "it contains no email address (RFC 8550" in said and said.count("skipped") == 2
    for key, found in (("good", "CN="), ("subject", "emailAddress="), ("two", "CN=")):
        assert found in world.postseal("key", "find", f"{name}{key}@smime.example")
    for key, why in (("old", "expired on"), ("early", "not valid before"), ("critical", "critical extension.*RFC 5280 §4.2")):
        with pytest.raises(sandbox.Trouble, match=why):
            world.postseal("key", "find", f"{name}{key}@smime.example")


# --- files ---

def crlf(text, end):
    return text.replace(b"\n", end)


FORMS = {
    "PEM": lambda pem, der: pem,
    "PEM with CRLF": lambda pem, der: crlf(pem, b"\r\n"),
    "PEM with CR alone": lambda pem, der: crlf(pem, b"\r"),
    "UTF-16 with a mark": lambda pem, der: pem.decode().encode("utf-16"),
    "UTF-16 big endian without": lambda pem, der: pem.decode().encode("utf-16-be"),
    "UTF-8 with a mark": lambda pem, der: b"\xef\xbb\xbf" + pem,
    "PEM in an umlaut text": lambda pem, der: "Über uns:\n".encode() + pem,
    "TRUSTED": lambda pem, der: sandbox.command("openssl", "x509", "-trustout", input=pem),
    "openssl -text": lambda pem, der: sandbox.command("openssl", "x509", "-text", input=pem),
    "DER": lambda pem, der: der,
    "bare base64": lambda pem, der: base64.b64encode(der),
    "bare base64 in lines": lambda pem, der: base64.encodebytes(der),
    "BEGIN PKCS7": lambda pem, der: p7(pem),
    "BEGIN CMS": lambda pem, der: p7(pem).replace(b"PKCS7", b"CMS"),
    "PKCS7 in DER": lambda pem, der: sandbox.command("openssl", "pkcs7", "-outform", "DER", input=p7(pem)),
    "a mail with it attached": lambda pem, der: mail_of(b"application/x-x509-user-cert", der),
}


def p7(pem):
    return sandbox.command("openssl", "crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", input=pem)


def mail_of(content, data):
    return (b"From: <a@b.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
            b"Content-Type: text/plain\r\n\r\nHere it is.\r\n--x\r\nContent-Type: " + content
            + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data) + b"\r\n--x--\r\n")


@pytest.mark.parametrize("form", FORMS)
def test_certificate_comes_in_any_form(world, maker, name, form):
    path = maker.issue(name, f"{name}@smime.example", "rsa2048", "keyEncipherment")
    file = path.with_suffix(".form")
    file.write_bytes(FORMS[form](path.read_bytes(), sandbox.command("openssl", "x509", "-in", path, "-outform", "DER")))
    world.postseal("key", "import", file)
    assert f"CN={name}" in world.postseal("key", "find", f"{name}@smime.example")


@pytest.mark.parametrize("opaque", (False, True))
def test_whole_signed_mail_brings_its_certificate(world, maker, name, opaque):
    path = maker.issue(name, f"{name}@smime.example", "rsa2048", "digitalSignature,keyEncipherment")
    mail = path.with_suffix(".eml")
    mail.write_bytes(b"From: <x@y.example>\nSubject: Signed\n" + sandbox.command(
        "openssl", "cms", "-sign", "-signer", path, "-inkey", path.with_suffix(".key"), *(["-nodetach"] if opaque else []),
        input=b"Content-Type: text/plain\r\n\r\nHello.\r\n"))
    world.postseal("key", "import", mail)
    assert f"CN={name}" in world.postseal("key", "find", f"{name}@smime.example")


def test_broken_block_is_named_and_the_good_one_beside_it_imported(world, maker, name):
    path = maker.issue(name, f"{name}@smime.example", "rsa2048", "keyEncipherment")
    broken = path.read_bytes().replace(b"MII", b"MIA", 1)
    cut = path.read_bytes().partition(b"-----END")[0]
    file = path.with_suffix(".both")
    file.write_bytes(broken + cut + path.read_bytes() + b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")
    said = world.postseal("key", "import", file)
    assert "skipped CERTIFICATE: the certificate cannot be read (RFC 7468 §5.1, RFC 5280 §4.1)" in said
    assert "skipped CERTIFICATE: its END line is missing (RFC 7468 §2)" in said
    assert "skipped CERTIFICATE REQUEST: it is neither a certificate nor a key" in said
    assert f"CN={name}" in world.postseal("key", "find", f"{name}@smime.example")
    file.write_bytes(broken)
    with pytest.raises(sandbox.Trouble, match="the certificate cannot be read"):
        world.postseal("key", "import", file)


def certificates(name, count):
    """Of one key and one name, which differ in their numbers and addresses; PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    for number in range(count):
        address = x509.RFC822Name(f"{number}.{name}@smime.example")
        made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
                .serial_number(1 + number).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
                .add_extension(x509.SubjectAlternativeName([address]), critical=False).sign(key, hashes.SHA256()))
        yield made.public_bytes(serialization.Encoding.PEM)


def test_certificates_after_the_thousandth_in_a_file_were_lost(world, name):
    """Without a word, and with status 0."""
    count, file = 1500, world.directory / f"{name}.many"
    file.write_bytes(b"".join(certificates(name, count)))
    world.postseal("key", "import", file)
    assert world.postgres.query(f"select count(*) from postseal.key_address where address like '%.{name}@smime.example'") == [[str(count)]]


def import_with(world, password, file):
    secret = file.with_suffix(".password")
    secret.write_text(password + "\n")
    return world.postseal("key", "import", "--password-file", secret, file)


@pytest.mark.parametrize("form", ("PKCS#8", "traditional", "PKCS#8 with triple DES"))
def test_encrypted_pem_private_key_asks_for_its_password(world, maker, name, form):
    """The key was dropped, and the employee's mail left unsigned."""
    address = f"{name}@example.com"
    path = maker.issue(name, address, "rsa2048", "digitalSignature")
    how = {"PKCS#8": ("pkcs8", "-topk8", "-v2", "aes256"), "traditional": ("rsa", "-traditional", "-aes256"),
           "PKCS#8 with triple DES": ("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES")}[form]
    file = path.with_suffix(".both")
    file.write_bytes(path.read_bytes() + sandbox.command("openssl", *how, "-in", path.with_suffix(".key"), "-passout", "pass:right"))
    with pytest.raises(sandbox.Trouble, match="the password is wrong"):
        import_with(world, "wrong", file)
    assert " own " in import_with(world, "right", file)


@pytest.mark.parametrize("options", (("-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES"),
                                     ("-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-RC2-128"),
                                     ("-certpbe", "AES-256-CBC", "-keypbe", "AES-256-CBC")), ids=("rc2-40", "rc2-128", "aes"))
def test_old_pkcs12_opens(world, maker, name, options):
    """Windows and Java write RC2 and triple DES; we said that the password was wrong."""
    path = maker.issue(name, f"{name}@example.com", "rsa2048", "digitalSignature")
    file = path.with_suffix(".p12")
    sandbox.command("openssl", "pkcs12", "-export", "-in", path, "-inkey", path.with_suffix(".key"), "-out", file,
                    "-passout", "pass:right", *options)
    with pytest.raises(sandbox.Trouble, match="the password is wrong"):
        import_with(world, "wrong", file)
    assert " own " in import_with(world, "right", file)


def harder(data, count):
    """DER in which a password is hashed so often, instead of 2048 times (or by scrypt, so often side by side)."""
    made, at = b"", 0
    while at < len(data):
        head, length = 2, data[at + 1]
        if length & 0x80:
            head, length = 2 + (length & 0x7f), int.from_bytes(data[at + 2:at + 2 + (length & 0x7f)], "big")
        tag, content = data[at], data[at + head:at + head + length]
        if content == b"\x08\0" and tag == 2:
            content = count.to_bytes(5, "big").lstrip(b"\0")
        elif tag & 0x20 or (tag == 4 and content[:2] == b"\x30\x82"):
            content = harder(content, count)
        size = len(content).to_bytes(3, "big").lstrip(b"\0") or b"\0"
        made += bytes([tag]) + (size if len(content) < 128 else bytes([0x80 | len(size)]) + size) + content
        at += head + length
    return made


BOMBS = {"PKCS#12": ("pkcs12", "-export", "-iter", "2048"), "PKCS#12, only its MAC": ("pkcs12", "-export", "-keypbe", "NONE", "-certpbe", "NONE"),
         "PKCS#12 in the old way": ("pkcs12", "-export", "-legacy", "-iter", "2048"), "PBKDF2": ("pkcs8", "-topk8", "-iter", "2048"),
         "PKCS#5": ("pkcs8", "-topk8", "-iter", "2048", "-v1", "PBE-SHA1-3DES"),
         "scrypt": ("pkcs8", "-topk8", "-scrypt", "-scrypt_N", "16384", "-scrypt_r", "1", "-scrypt_p", "2048")}


@pytest.mark.parametrize("form", BOMBS)
def test_password_that_would_be_hashed_for_hours_is_refused(world, maker, name, form):
    path = maker.issue(name, f"{name}@example.com", "rsa2048", "digitalSignature")
    file = path.with_suffix(".bomb")
    what = ("-in", path, "-inkey", path.with_suffix(".key")) if "PKCS#12" in form else ("-in", path.with_suffix(".key"))
    text = sandbox.command("openssl", *BOMBS[form], *what, "-passout", "pass:right", *(() if "PKCS#12" in form else ("-outform", "DER")))
    made = harder(text, 2 ** 31 - 1)
    assert made != text
    if "PKCS#12" not in form:
        made = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64.encodebytes(made) + b"-----END ENCRYPTED PRIVATE KEY-----\n"
    file.write_bytes(made)
    with pytest.raises(sandbox.Trouble, match="would have to be hashed more than 20000000 times"):
        import_with(world, "right", file)


def test_private_key_without_its_certificate_is_named(world, maker, name):
    path = maker.issue(name, f"{name}@smime.example", "p256", "keyAgreement")
    file = path.with_suffix(".both")
    file.write_bytes(path.read_bytes() + (maker.directory / "rsa2048.key").read_bytes())
    assert re.search("skipped PRIVATE KEY: no certificate in the same file belongs to it", world.postseal("key", "import", file))
