"""The company's own authority. What it makes is read by openssl, by Python's cryptography, by gpg and by Postfix; what a
certificate must contain is written down here from the Baseline Requirements, not taken from our code."""
import datetime
import hashlib
import http.client
import json
import os
import pathlib
import re
import smtplib
import subprocess
import urllib.parse

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

import people
import world as sandbox
from test_inbound import TEXT, arrived, outside, pgp_mime, pkcs7  # noqa: F401

SETTINGS = 'ca issue "on first use"\nnetworks { "192.0.2.0/24" }\n'
RULES = """
receive any                              open
match recipient domain "smime.example"   deliver smime
otherwise                                deliver plain
"""
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def prepare(world):
    sandbox.command("postconf", "-c", world.company.config, "smtpd_authorized_xclient_hosts=127.0.0.0/8")
    sandbox.command("postfix", "-c", world.company.config, "reload")


@pytest.fixture
def run(world):
    """Runs the command; returns its exit status and rows, or what it says is wrong."""

    def run(*words):
        done = subprocess.run([world.bin / "postseal", "-f", world.config, *words, "--json"], capture_output=True, text=True,
                              timeout=180)
        return done.returncode, json.loads(done.stdout) if done.returncode == 0 else done.stderr

    return run


def rows(result):
    assert result[0] == 0, result[1]
    return result[1]


def exported(world, fingerprint):
    return world.postseal("key", "export", fingerprint).encode()


@pytest.fixture(scope="module")
def authority(world):
    """Fingerprint and PEM file of the authority in use."""
    world.postseal("ca", "init", "--key", "p-256", "--name", "Example Mail CA")
    row, = json.loads(world.postseal("ca", "show", "--json"))
    path = world.directory / "ca.pem"
    path.write_bytes(exported(world, row["fingerprint"]))
    return {**row, "path": path, "certificate": x509.load_pem_x509_certificate(path.read_bytes())}


def issue(world, run, address, kind="smime"):
    done = rows(run("ca", "issue", address))
    row, = [r for r in done if r["kind"] == kind]
    return row["fingerprint"]


@pytest.fixture
def anna(world, run, authority, name):
    """An employee who has been issued keys, and the path of the certificate."""
    address = f"{name}@example.com"
    fingerprint = issue(world, run, address)
    path = world.directory / f"{name}.pem"
    path.write_bytes(exported(world, fingerprint))
    return {"address": address, "fingerprint": fingerprint, "path": path,
            "certificate": x509.load_pem_x509_certificate(path.read_bytes())}


def crl(world, authority):
    found = world.postgres.query(f"select encode(content, 'hex') from postseal.ca_crl where ca = '{authority['identifier']}'")
    return bytes.fromhex(found[0][0]) if found else b""


def verified(world, authority, path, when="-crl_check"):
    """What openssl says of the certificate, with the revocation list in use."""
    der, pem = world.directory / "ca.crl.der", world.directory / "ca.crl"
    der.write_bytes(sandbox.wait_until(lambda: crl(world, authority), "a revocation list", 60))
    sandbox.command("openssl", "crl", "-inform", "DER", "-in", der, "-out", pem)
    done = subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "smimesign", when, "-CRLfile", pem, "-CAfile",
                           authority["path"], path], capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


# --- the authority ---

def test_authority_is_limited_to_mail_of_our_domains(authority):
    """RFC 5280 §4.2.1.10: whoever trusts it trusts it for nothing else."""
    root = authority["certificate"]
    extensions = {e.oid: e for e in root.extensions}
    assert extensions[ExtensionOID.BASIC_CONSTRAINTS].critical
    assert extensions[ExtensionOID.BASIC_CONSTRAINTS].value == x509.BasicConstraints(ca=True, path_length=0)
    usage = extensions[ExtensionOID.KEY_USAGE].value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature, usage.key_encipherment) == (True, True, False, False)
    limits = extensions[ExtensionOID.NAME_CONSTRAINTS]
    assert limits.critical and [n.value for n in limits.value.permitted_subtrees] == ["example.com"]
    assert list(extensions[ExtensionOID.EXTENDED_KEY_USAGE].value) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    assert root.subject == root.issuer


def test_private_keys_stay_wrapped(world, anna):
    """Promise 7: neither the authority's key nor an employee's is in the database in a form that openssl reads."""
    sealed = world.postgres.query("select encode(sealed, 'hex') from postseal.ca union all"
                                  " select encode(sealed, 'hex') from postseal.private_key")
    assert len(sealed) >= 2
    for (text,) in sealed:
        path = world.directory / "sealed.der"
        for start in (0, 4):
            path.write_bytes(bytes.fromhex(text)[start:])
            done = subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", path, "-passin", "pass:"], capture_output=True)
            assert done.returncode != 0


def test_second_authority_is_not_made_by_accident(run, authority):
    status, said = run("ca", "init")
    assert status == 1 and "--replace" in said
    assert [r["state"] for r in rows(run("ca", "show"))].count("in use") == 1


@pytest.mark.parametrize("address", ["anna@other.example", "anna@sub.example.com", "anna@example.com.evil.example"])
def test_certificate_for_a_foreign_address_is_not_issued(run, authority, address):
    status, said = run("ca", "issue", address)
    assert status == 1 and "own domains" in said
    assert rows(run("ca", "list", address)) == []


def test_program_that_may_only_sign_had_keys_made(world, authority):
    """The milter's user may ask for signatures. The bytes are those of struct keeper_request."""
    script = world.directory / "order.c"
    script.write_text('#include "keystore/keeper.h"\n#include <stdio.h>\n#include <string.h>\n'
                      'int main(int c, char **v) { struct keeper_order o = {0}; struct fault f = {0}; (void)c;\n'
                      'strcpy(o.subject, v[2]); strcpy(o.algorithm, "p-256"); o.years = 1; o.replaces = 1;\n'
                      'int made = 0; for (int w = KEEPER_CA_MAKE; w < KEEPER_WISHES; w++) {'
                      ' made += keeper_order(v[1], (enum keeper_wish)w, &o, &f); puts(f.text); }\nreturn made; }\n')
    flags = sandbox.command("pkg-config", "--cflags", "--libs", "glib-2.0", "libpq", "libsodium", "jansson").decode().split()
    program = world.run / "order"
    sandbox.command("cc", "-D_GNU_SOURCE", f"-I{sandbox.SOURCE}", script, sandbox.SOURCE / "keystore/keeper.c",
                    sandbox.SOURCE / "core/fault.c", "-o", program, *flags, "-lcrypto")
    program.chmod(0o755)
    before = world.postgres.query("select count(*) from postseal.ca"), world.postgres.query("select count(*) from postseal.key")
    done = subprocess.run(["setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", program,
                           world.run / "keeper.sock", "thief@example.com"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("only root may have keys made") == 6, done
    assert before == (world.postgres.query("select count(*) from postseal.ca"), world.postgres.query("select count(*) from postseal.key"))


# --- what an employee's certificate must contain ---

def requirements(certificate):
    """Where it departs from the S/MIME Baseline Requirements 1.0, section 7.1, mailbox-validated, strict."""
    wrong = []

    def must(clause, held):
        if not held:
            wrong.append(clause)

    extensions = {e.oid: e for e in certificate.extensions}
    usage = extensions[ExtensionOID.KEY_USAGE]
    names = extensions[ExtensionOID.SUBJECT_ALTERNATIVE_NAME]
    mailboxes = names.value.get_values_for_type(x509.RFC822Name)
    is_rsa = isinstance(certificate.public_key(), rsa.RSAPublicKey)
    life = certificate.not_valid_after - certificate.not_valid_before + datetime.timedelta(seconds=1)
    must("6.3.2 validity", life <= datetime.timedelta(days=825))
    must("7.1 serial", 0 < certificate.serial_number < 2 ** 159 and certificate.serial_number.bit_length() > 64)
    must("7.1.1 version", certificate.version == x509.Version.v3)
    # 7.1.2.3 a does not hold: those of the Baseline Requirements are not ours to name.
    must("7.1.6.1 policies", ExtensionOID.CERTIFICATE_POLICIES not in extensions)
    points = extensions[ExtensionOID.CRL_DISTRIBUTION_POINTS]
    must("7.1.2.3 b CRL", not points.critical and points.value[0].full_name[0].value.startswith("http"))
    must("7.1.2.3 c AIA", not extensions[ExtensionOID.AUTHORITY_INFORMATION_ACCESS].critical)
    must("7.1.2.3 d basicConstraints", ExtensionOID.BASIC_CONSTRAINTS not in extensions
         or not extensions[ExtensionOID.BASIC_CONSTRAINTS].value.ca)
    must("7.1.2.3 e keyUsage", usage.critical and usage.value.digital_signature
         and usage.value.key_encipherment == is_rsa and usage.value.key_agreement == (not is_rsa)
         and not usage.value.key_cert_sign and not usage.value.crl_sign and not usage.value.data_encipherment)
    must("7.1.2.3 f extKeyUsage", list(extensions[ExtensionOID.EXTENDED_KEY_USAGE].value) == [ExtendedKeyUsageOID.EMAIL_PROTECTION])
    key_id = extensions[ExtensionOID.AUTHORITY_KEY_IDENTIFIER]
    must("7.1.2.3 g AKI", not key_id.critical and key_id.value.key_identifier and key_id.value.authority_cert_issuer is None)
    must("7.1.2.3 h SAN", names.critical == (len(certificate.subject.rdns) == 0))
    must("7.1.2.3 SKI", ExtensionOID.SUBJECT_KEY_IDENTIFIER in extensions)
    must("7.1.3.2 digest", certificate.signature_hash_algorithm.name in ("sha256", "sha384", "sha512"))
    must("6.1.5 size", certificate.public_key().key_size >= (2048 if is_rsa else 256))
    must("7.1.4.2.4 subject", all(a.oid in (NameOID.COMMON_NAME, NameOID.EMAIL_ADDRESS, NameOID.SERIAL_NUMBER)
                                  for a in certificate.subject))
    must("7.1.4.2.2 a commonName", all(a.value in mailboxes + mailboxes_utf8(names)
                                       for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)))
    return wrong


def mailboxes_utf8(names):
    """SmtpUTF8Mailbox (RFC 9598): a UTF8String."""
    return [n.value[2:].decode() for n in names.value.get_values_for_type(x509.OtherName)
            if n.type_id.dotted_string == "1.3.6.1.5.5.7.8.9"]


def test_certificate_follows_the_baseline_requirements(world, run, authority, anna):
    certificate = anna["certificate"]
    assert requirements(certificate) == []
    names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    assert names.value.get_values_for_type(x509.RFC822Name) == [anna["address"]]
    good, said = verified(world, authority, anna["path"])
    assert good, said


def test_long_and_international_addresses_get_certificates_too(world, run, authority):
    """A common name has room for 64 characters (RFC 5280, ub-common-name); RFC 9598 for other scripts."""
    long = "a" * 60 + "@example.com"
    for address, expected in ((long, "rfc822"), ("jörg@example.com", "utf8")):
        certificate = x509.load_pem_x509_certificate(exported(world, issue(world, run, address)))
        assert requirements(certificate) == []
        names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
        found = names.value.get_values_for_type(x509.RFC822Name) if expected == "rfc822" else mailboxes_utf8(names)
        assert found == [address]
        path = world.directory / "one.pem"
        path.write_bytes(exported(world, issue(world, run, address)))
        good, said = verified(world, authority, path)
        assert good, said


def test_what_is_issued_already_is_not_issued_again(world, run, anna):
    assert issue(world, run, anna["address"]) == anna["fingerprint"]
    assert len(rows(run("ca", "list", anna["address"]))) == 2  # S/MIME and OpenPGP


def test_issued_certificate_signs_and_opens(world, run, post, outside, authority, anna, name):
    """openssl, strictly, verifies a message that was signed by it, up to the authority alone, and what it encrypts to it is opened
    to the same bytes. NSS, whose cmsutil cannot encrypt to elliptic curves, takes it for signer and recipient."""
    to = f"{name}@smime.example"
    base = people.certify(world, to).with_suffix("")
    post.accepted(post.compose([to], sender=anna["address"]), [to], sender=anna["address"])
    assert post.copies(to)[-1]["signed_by"] == anna["fingerprint"]
    signed, signer = world.directory / "signed", world.directory / "signer.pem"
    signed.write_bytes(people.open_smime(post.box(to).one(), base))
    text = sandbox.command("openssl", "cms", "-verify", "-in", signed, "-CAfile", authority["path"], "-x509_strict", "-purpose",
                           "smimesign", "-signer", signer)
    assert b"Hello." in text and x509.load_pem_x509_certificate(signer.read_bytes()) == anna["certificate"]
    store = f"sql:{world.directory}/nss"
    (world.directory / "nss").mkdir()
    sandbox.command("certutil", "-N", "-d", store, "--empty-password")
    sandbox.command("certutil", "-A", "-d", store, "-n", "ours", "-t", ",C,", "-a", "-i", authority["path"])
    sandbox.command("certutil", "-A", "-d", store, "-n", anna["address"], "-t", ",,", "-a", "-i", anna["path"])
    for use in ("S", "R"):  # signer, recipient
        assert b"certificate is valid" in sandbox.command("certutil", "-V", "-d", store, "-n", anna["address"], "-u", use)
    der = sandbox.command("openssl", "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", anna["path"], input=TEXT)
    _, mail = outside.sent(pkcs7(der), anna["address"])
    assert arrived(mail) == TEXT


# --- revocation ---

def test_revoked_certificate_is_on_the_list_at_once(world, run, authority, anna):
    assert verified(world, authority, anna["path"])[0]
    done = rows(run("ca", "revoke", "--reason", "keyCompromise", anna["fingerprint"]))
    assert [(r["kind"], r["reason"]) for r in done] == [("smime", "keyCompromise")]

    def listed():
        read = x509.load_der_x509_crl(crl(world, authority))
        return read.get_revoked_certificate_by_serial_number(anna["certificate"].serial_number)

    entry = sandbox.wait_until(listed, "the revocation list", 60)
    reason = entry.extensions.get_extension_for_oid(x509.CRLEntryExtensionOID.CRL_REASON).value.reason
    assert reason == x509.ReasonFlags.key_compromise
    good, said = verified(world, authority, anna["path"])
    assert not good and "certificate revoked" in said
    subject = f"smime {anna['fingerprint']}, keyCompromise"
    assert [anna["address"], subject] in world.postgres.query(
        "select subject, detail from postseal.activity where what = 'key revoked' and actor = 'root'")
    # Whoever lost a key gets another.
    assert issue(world, run, anna["address"]) != anna["fingerprint"]


def test_list_grows_in_number_and_is_renewed_before_it_ends(world, authority):
    """RFC 5280 §5.2.3."""
    sandbox.wait_until(lambda: crl(world, authority), "a revocation list", 60)

    def number():
        read = x509.load_der_x509_crl(crl(world, authority))
        assert read.next_update - read.last_update == datetime.timedelta(days=7)
        return read.extensions.get_extension_for_oid(ExtensionOID.CRL_NUMBER).value.crl_number

    before = number()
    world.postgres.query("update postseal.ca_crl set made_at = now() - interval '4 days', next_update = now() + interval '3 days'")
    world.postgres.query("notify postseal_ca")
    sandbox.wait_until(lambda: number() > before, "the next list", 60)


# --- published ---

def get(world, path, host="localhost"):
    """From the portal's own port: status, header fields, bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", world.ports["portal"], timeout=60)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def place(url):
    return urllib.parse.urlsplit(url)._replace(scheme="", netloc="").geturl()


def test_list_and_authority_are_where_the_certificate_says(world, authority, anna):
    extensions = anna["certificate"].extensions
    point = extensions.get_extension_for_oid(ExtensionOID.CRL_DISTRIBUTION_POINTS).value[0].full_name[0].value
    above = extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_INFORMATION_ACCESS).value[0].access_location.value
    sandbox.wait_until(lambda: crl(world, authority), "a revocation list", 60)
    status, fields, body = get(world, place(point))
    assert (status, fields["Content-Type"], fields["Cache-Control"]) == (200, "application/pkix-crl", "public, max-age=300")
    assert body == crl(world, authority) and "Set-Cookie" not in fields
    status, fields, body = get(world, place(above))
    assert (status, fields["Content-Type"]) == (200, "application/pkix-cert")
    assert x509.load_der_x509_certificate(body) == authority["certificate"]
    for wrong in ("x.crl", "01a20d7c-90c6-7637-90e1-6481ec755f5a.crl", authority["identifier"], authority["identifier"] + ".key"):
        assert get(world, "/ca/" + wrong)[0] == 404


def test_certificate_of_an_employee_is_published_until_it_is_revoked(world, run, anna):
    """By the exact address, and only what mail may be encrypted to."""
    place_of = f"/ca/certificates?email={urllib.parse.quote(anna['address'])}"
    status, fields, body = get(world, place_of)
    assert (status, fields["Content-Type"], fields["Cache-Control"]) == (200, "application/pkix-cert", "public, max-age=300")
    assert x509.load_der_x509_certificate(body) == anna["certificate"] and "Set-Cookie" not in fields
    assert get(world, place_of.replace("example.com", "EXAMPLE.com"))[2] == body
    for wrong in ("", "?email=", "?email=nobody@example.com", "?email=anna", "?email=%25", f"?email=*{anna['address'][1:]}", "?name=x"):
        assert get(world, f"/ca/certificates{wrong}")[0] == 404, wrong
    # A recipient's is not ours to publish.
    theirs = world.authority.issue_mail("published", "published@plain.example")
    world.postseal("key", "import", theirs)
    assert get(world, "/ca/certificates?email=published@plain.example")[0] == 404
    rows(run("ca", "revoke", "--reason", "keyCompromise", anna["fingerprint"]))
    assert get(world, place_of)[0] == 404
    renewed = issue(world, run, anna["address"])
    status, _, body = get(world, place_of)
    assert status == 200 and hashlib.sha256(body).hexdigest() == renewed


def wkd_url(address):
    """Where gpg looks for a key."""
    return sandbox.command("/usr/lib/gnupg/gpg-wks-client", "--print-wkd-url", address).decode().strip()


def shown(world, key):
    path = world.directory / "wkd.key"
    path.write_bytes(key)
    return sandbox.command("gpg", "--homedir", world.run, "--with-colons", "--show-keys", path).decode()


def openpgp_of(run, address):
    row, = [r for r in rows(run("ca", "list", address)) if r["kind"] == "pgp"]
    return row["fingerprint"]


def test_openpgp_key_is_where_gpg_looks_for_it(world, run, anna):
    """The URL is gpg's own; also directly below the domain, as the draft says where there is no sub-domain."""
    url = wkd_url(anna["address"])
    assert urllib.parse.urlsplit(url).netloc == "openpgpkey.example.com"
    status, fields, key = sandbox.wait_until(
        lambda: (lambda got: got if got[0] == 200 else None)(get(world, place(url))), "the key in the directory", 60)
    assert fields["Content-Type"] == "application/octet-stream" and "max-age" in fields["Cache-Control"]
    listed = shown(world, key)
    assert f"fpr:::::::::{openpgp_of(run, anna['address'])}:" in listed
    assert re.findall(r"^uid:.*?:([^:]*@[^:]*):", listed, re.M) == [anna["address"]]
    assert re.search(r"^pub:.*:[a-z]*s[a-z]*[A-Z]*:", listed, re.M) and re.search(r"^sub:.*:e:", listed, re.M)
    direct = place(url).replace("/example.com/hu/", "/hu/")
    assert get(world, direct, "example.com")[2] == key and get(world, direct, "EXAMPLE.com:443")[2] == key
    assert get(world, direct)[0] == 404 and get(world, direct, "other.example")[0] == 404
    assert get(world, "/.well-known/openpgpkey/policy", "example.com")[::2] == (200, b"")
    assert get(world, place(wkd_url("nobody.there@example.com")))[0] == 404


def is_published_as_revoked(world, address):
    status, _, key = get(world, place(wkd_url(address)))
    return status == 200 and re.search(r"^pub:r:", shown(world, key), re.M)


def test_revoked_openpgp_key_is_published_as_revoked(world, run, anna):
    rows(run("ca", "revoke", "--reason", "keyCompromise", openpgp_of(run, anna["address"])))
    sandbox.wait_until(lambda: is_published_as_revoked(world, anna["address"]), "the revocation", 60)


def looked(world):
    """What `postseal check` says of the authority."""
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "check", "--json"], capture_output=True, text=True, timeout=240)
    return [(r["verdict"], r["text"] or "") for r in json.loads(done.stdout) if r["look"] == "authority"]


def test_check_sees_an_authority_that_is_no_good(world, authority, anna):
    """Its key does not open, its list is stale, or is not where certificates say, or its time ends."""
    sandbox.wait_until(lambda: crl(world, authority), "a revocation list", 60)
    assert [s for s, _ in looked(world)] == ["good"], looked(world)
    one = f"where id = '{authority['identifier']}'"
    sealed = world.postgres.query(f"select encode(sealed, 'hex') from postseal.ca {one}")[0][0]

    def spoilt(change, mend):
        world.postgres.query(change)
        try:
            return looked(world)
        finally:
            world.postgres.query(mend)

    (state, said), = spoilt(f"update postseal.ca set sealed = substr(sealed, 1, 4) || '\\x00112233'::bytea {one}",
                            f"update postseal.ca set sealed = decode('{sealed}', 'hex') {one}")
    assert state == "wrong" and "no master key of this node opens it" in said
    world.stop_program("postseal-keeper")
    try:
        (state, said), = looked(world)
        assert state == "wrong" and "asking the keeper" in said
    finally:
        world.start_program("postseal-keeper")
    world.stop_program("postseal-portal")
    try:
        assert any(state == "warning" and "cannot be fetched from http://localhost" in said for state, said in looked(world))
    finally:
        world.start_program("postseal-portal")


# --- without being asked ---

def test_employee_who_writes_gets_keys(world, run, post, authority, name):
    """The first mail is not signed, and does not wait; a later one is, and openssl knows by whom."""
    post.sender, to = f"{name}.first@example.com", f"{name}@smime.example"
    people.certify(world, to)
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: len(rows(run("ca", "list", post.sender))) == 2, "keys for the sender", 90)
    post.accepted(post.compose([to]), [to])
    copies = sandbox.wait_until(lambda: (lambda c: c if len(c) == 2 else None)(post.copies(to)), "both copies")
    fingerprint, = [r["fingerprint"] for r in rows(run("ca", "list", post.sender)) if r["kind"] == "smime"]
    assert [c["signed_by"] for c in copies] == ["", fingerprint]


def test_stranger_who_claims_a_foreign_address_gets_none(world, run, post, authority, name):
    post.sender, to = f"{name}@other.example", f"{name}@plain.example"
    post.accepted(post.compose([to]), [to])
    assert world.postgres.query(f"select * from postseal.ca_wish where address = '{post.sender}'") == []


def test_keys_are_renewed_before_they_expire(world, run, anna):
    """A new certificate beside the old one, which still opens; the OpenPGP key stays the same, for longer."""
    pgp = openpgp_of(run, anna["address"])
    world.postgres.query(f"update postseal.ca_issued set not_after = now() + interval '3 days' where address = '{anna['address']}'")
    world.postgres.query("update postseal.key set not_after = now() + interval '3 days' where id in"
                         f" (select key from postseal.key_address where address = '{anna['address']}')")
    world.postgres.query("notify postseal_ca")

    def renewed():
        listed = rows(run("ca", "list", anna["address"]))
        ends = {r["until"] for r in listed if r["kind"] == "pgp" or r["fingerprint"] != anna["fingerprint"]}
        return len(listed) == 3 and len([e for e in ends if e > str(datetime.datetime.now() + datetime.timedelta(days=300))]) >= 1

    sandbox.wait_until(renewed, "the renewal", 90)
    assert openpgp_of(run, anna["address"]) == pgp
    sandbox.wait_until(lambda: world.postgres.query(
        f"select not_after > now() + interval '300 days' from postseal.key where fingerprint = '{pgp}'") == [["t"]], "its end", 60)
    listed = shown(world, get(world, place(wkd_url(anna["address"])))[2])
    ends = [int(line.split(":")[6]) for line in listed.splitlines() if line.startswith(("pub:", "sub:"))]
    assert len(ends) == 2 and all(end > datetime.datetime.now().timestamp() + 300 * 86400 for end in ends)
    roles = dict(world.postgres.query("select k.fingerprint, k.role from postseal.key k join postseal.key_address a on a.key = k.id"
                                      f" where a.address = '{anna['address']}'"))
    assert roles[anna["fingerprint"]] == "own"


# Employees whose certificate of ours ends, and who have imported another since: there is nothing to do for them.
FILL_DONE = """
with made as (select n, gen_random_uuid() as ending, gen_random_uuid() as imported, 'aa' || n || '@example.com' as address
              from generate_series(1, 25) n),
keys as (insert into postseal.key (id, kind, fingerprint, role, content, owner, not_before, not_after, imported_by)
         select ending, 'smime', 'ending' || n, 'own', 'x'::bytea, 'x', now(), now() + interval '3 days', 'test' from made union all
         select imported, 'smime', 'imported' || n, 'own', 'x'::bytea, 'x', now(), now() + interval '1 year', 'test' from made returning 1),
issued as (insert into postseal.ca_issued (kind, fingerprint, address, ca, serial, not_before, not_after, issued_by)
           select 'smime', 'ending' || n, address, (select id from postseal.ca limit 1), decode(md5(n::text), 'hex'), now(),
                  now() + interval '3 days', 'test' from made returning 1)
insert into postseal.key_address (key, address) select ending, address from made union all select imported, address from made
returning 1
"""


def test_employees_with_nothing_to_renew_kept_all_others_waiting(world, run, anna):
    world.postgres.query(FILL_DONE)
    try:
        for table, condition in (("ca_issued", f"address = '{anna['address']}' and kind = 'smime'"),
                                 ("key", f"fingerprint = '{anna['fingerprint']}'")):
            world.postgres.query(f"update postseal.{table} set not_after = now() + interval '3 days' where {condition} returning 1")
        world.postgres.query("notify postseal_ca")
        sandbox.wait_until(lambda: len([r for r in rows(run("ca", "list", anna["address"])) if r["kind"] == "smime"]) == 2,
                           "the renewal", 90)
    finally:
        world.postgres.query("delete from postseal.ca_issued where issued_by = 'test' returning 1")
        world.postgres.query("delete from postseal.key where imported_by = 'test' returning 1")


# --- an employee leaves ---

def test_keys_of_an_employee_who_left_only_open(world, run, post, authority, anna):
    """Revoked, so that others learn of it; what was encrypted to them is still opened, and comes back to nobody."""
    done = rows(run("employee", "leave", anna["address"]))
    assert f"smime {anna['fingerprint']}" in [r["subject"] for r in done if r["what"] == "key retired"]
    listed = rows(run("ca", "list", anna["address"]))
    assert {r["reason"] for r in listed} == {"affiliationChanged"}
    sandbox.wait_until(lambda: not verified(world, authority, anna["path"])[0], "the revocation list", 60)
    status, said = run("ca", "issue", anna["address"])
    assert status == 3 and "has left" in said
    sealed = subprocess.run(["openssl", "cms", "-encrypt", "-aes256", anna["path"]], input=b"Content-Type: text/plain\r\n\r\nFor her.\r\n",
                            capture_output=True, check=True).stdout
    # It comes from outside.
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        assert smtp.docmd("XCLIENT", "ADDR=203.0.113.5")[0] == 220
        smtp.ehlo()
        head = f"From: <bob@partner.example>\r\nTo: {anna['address']}\r\nSubject: x\r\nMessage-ID: <{anna['fingerprint']}@partner.example>\r\n"
        smtp.sendmail("bob@partner.example", [anna["address"]], head.encode() + sealed.replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"))
    assert b"For her." in post.box(anna["address"]).one().raw
    rows(run("employee", "return", anna["address"]))
    assert anna["fingerprint"] not in [r["fingerprint"] for r in rows(run("ca", "issue", anna["address"]))]


def grips(home, key):
    """Of the primary key and the subkeys, each with what it is for."""
    listed = home.run("--with-colons", "--with-keygrip", "--list-keys", key).decode()
    return dict(re.findall(r"^(?:pub|sub):(?:[^:]*:){10}([a-z]*)[A-Z]*:.*?^grp:+([0-9A-F]+):", listed, re.M | re.S))


def agent(world, *commands):
    """What the keeper's agent says to whoever may use its keys, as the milter may."""
    return subprocess.run(["gpg-connect-agent", "-S", world.run / "keeper-agent.sock", *commands, "/bye"], capture_output=True,
                          text=True, check=True).stdout


def test_openpgp_mail_to_somebody_who_left_is_opened(world, run, post, outside, anna, name):
    """It opened nothing. Whoever succeeds them reads it, nobody else does, and nothing is signed with the key."""
    key = sandbox.wait_until(lambda: (lambda got: got[2] if got[0] == 200 else None)(get(world, place(wkd_url(anna["address"])))), "WKD", 60)
    partner = people.Gpg(world.directory / "keys" / f"{name}.gnupg", "bob@partner.example")
    partner.run("--import", data=key)
    made = partner.run("--armor", "--trust-model", "always", "-r", anna["address"], "--encrypt", data=TEXT)
    sealed = pgp_mime(made.replace(b"\n", b"\r\n"))
    grip = grips(partner, anna["address"])
    _, mail = outside.sent(sealed, anna["address"])
    assert arrived(mail) == TEXT
    heir, other = f"{name}.heir@example.com", f"{name}.other@example.com"
    digest = "a" * 64
    # A hostile milter: it signs while the key is in use, which is its work, and never gets the key.
    assert agent(world, f"EXPORT_KEY {grip['e']}").startswith("ERR") and agent(world, "GENKEY").startswith("ERR")
    assert agent(world, f"DELETE_KEY --force {grip['e']}").startswith("ERR")
    rows(run("employee", "leave", "--deputy", heir, anna["address"]))
    sandbox.wait_until(lambda: is_published_as_revoked(world, anna["address"]), "the revocation", 60)
    for path in post.box(anna["address"]).files():
        path.unlink()
    _, mail = outside.sent(sealed, anna["address"])
    assert arrived(mail) == TEXT and post.copies(anna["address"])[-1]["method"] == "open"
    _, mail = outside.sent(sealed, heir)
    assert arrived(mail) == TEXT and openpgp_of(run, anna["address"]) in post.copies(heir)[-1]["keys"]
    _, mail = outside.sent(sealed, other)
    assert b"BEGIN PGP MESSAGE" in mail.raw
    primary = next(grip[use] for use in grip if "s" in use)
    assert "OK" in agent(world, f"HAVEKEY {grip['e']}") and "No secret key" in agent(world, f"HAVEKEY {primary}")
    assert "No secret key" in agent(world, f"SIGKEY {primary}", f"SETHASH 8 {digest}", "PKSIGN")
    partner.end()


# --- other authorities ---

CA_OF_MAIL = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nextendedKeyUsage=emailProtection\n"


class Above:
    """Somebody else's authority: openssl, with a root and an authority below it that signs requests."""

    def __init__(self, directory, name):
        self.directory = directory / f"above-{name}"
        self.directory.mkdir()
        self.root, self.between = self.directory / "root", self.directory / "between"
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{self.root}.key", "-out", f"{self.root}.pem",
                 "-days", "900", "-subj", f"/O=Holding/CN=Root {name}", "-addext", "basicConstraints=critical,CA:TRUE",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{self.between}.key", "-out", f"{self.between}.csr",
                 "-subj", f"/O=Holding/CN=Between {name}")
        self.make_between("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")

    def run(self, *words, clock="+0"):
        """`clock`: how far openssl's is from the machine's."""
        return sandbox.command("openssl", *words, env={**os.environ, "LD_PRELOAD": str(FAKETIME), "FAKETIME": clock})

    def sign(self, csr, extensions, to, by=None, subject=None, clock="+0"):
        config = self.directory / "ext"
        config.write_text(extensions + "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        self.run("x509", "-req", "-in", csr, "-CA", f"{by or self.between}.pem", "-CAkey", f"{by or self.between}.key",
                 "-CAcreateserial", "-sha256", "-days", "400", "-extfile", config, "-out", to, *(("-subj", subject) if subject else ()),
                 clock=clock)

    def make_between(self, extensions):
        self.sign(f"{self.between}.csr", extensions, f"{self.between}.pem", self.root)

    def answer(self, csr, extensions=CA_OF_MAIL, with_chain=True, **how):
        path = self.directory / "answer.pem"
        self.sign(csr, extensions, path, **how)
        if with_chain:
            path.write_bytes(path.read_bytes() + pathlib.Path(f"{self.between}.pem").read_bytes())
        return path


@pytest.fixture
def above(world, name):
    return Above(world.directory, name)


def requested(world, *words):
    path = world.directory / "request.csr"
    path.write_text(world.postseal("ca", "request", *words))
    return path


def test_answers_to_our_request_that_are_wrong_are_refused(world, run, above, name):
    """Each with a sentence that says why, and nothing changes. The words are those of openssl and of the clauses of RFC 5280."""
    in_use = [r["identifier"] for r in rows(run("ca", "show")) if r["state"] == "in use"]
    csr = requested(world, "--name", f"Sub CA {name}", "--key", "p-256")
    asked = sandbox.command("openssl", "req", "-in", csr, "-noout", "-verify", "-text").decode()
    assert "CA:TRUE, pathlen:0" in asked and "email:example.com" in asked and f"CN = Sub CA {name}" in asked

    def refused(answer):
        status, said = run("ca", "accept", str(answer))
        assert status != 0 and said.count("\n") == 1, said
        assert [r["identifier"] for r in rows(run("ca", "show")) if r["state"] == "in use"] == in_use
        return said

    assert "be imported" in refused(above.answer(csr))
    world.postseal("key", "import", "--root", f"{above.root}.pem")
    assert "no chain to a trusted root" in refused(above.answer(csr, with_chain=False))
    other = above.directory / "other"
    above.run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{other}.key", "-out", f"{other}.csr",
              "-subj", f"/CN=Sub CA {name}")
    assert "for the key of a request of ours" in refused(above.answer(f"{other}.csr"))
    assert "“Somebody”, and the request was for" in refused(above.answer(csr, subject="/O=Example/CN=Somebody"))
    assert "§4.2.1.9" in refused(above.answer(csr, "basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\n"))
    assert "cRLSign" in refused(above.answer(csr, CA_OF_MAIL.replace(",cRLSign", "")))
    assert "does not include mail" in refused(above.answer(csr, CA_OF_MAIL.replace("emailProtection", "serverAuth")))
    assert "name constraints exclude the mail of example.com" in refused(
        above.answer(csr, CA_OF_MAIL + "nameConstraints=critical,permitted;email:other.example\n"))
    assert "expired on" in refused(above.answer(csr, clock="-500d"))
    assert "is not valid before" in refused(above.answer(csr, clock="+2d"))
    above.make_between("basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n")
    assert "path length of 0" in refused(above.answer(csr))
    above.make_between("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
                       "nameConstraints=critical,permitted;dirName:holding\n[holding]\nO=Holding\n#")
    said = refused(above.answer(csr))
    assert "permitted subtree violation" in said or "name constraints" in said, said


def test_authority_below_another_is_used_and_verified(world, run, post, authority, above, name):
    """A correspondent who trusts the root alone verifies a signature: the certificates between come with it."""
    world.postseal("key", "import", "--root", f"{above.root}.pem")
    chain = above.directory / "answer.p7b"
    above.run("crl2pkcs7", "-nocrl", "-certfile", above.answer(
        requested(world, "--name", f"Sub CA {name}", "--key", "p-256"), CA_OF_MAIL + "certificatePolicies=1.3.6.1.4.1.99999.7\n"),
              "-out", chain)
    above.run("pkcs7", "-in", chain, "-outform", "DER", "-out", chain)
    try:
        done = rows(run("ca", "accept", str(chain)))
        assert [r["subject"] for r in done] == [f"Sub CA {name}"]
        assert run("ca", "accept", str(chain))[0] == 3  # no request waits any more
        address, to = f"{name}.sub@example.com", f"{name}@smime.example"
        fingerprint = issue(world, run, address)
        # Whoever asks for the policy under which the authority was certified finds it.
        named = x509.load_pem_x509_certificate(exported(world, fingerprint)).extensions.get_extension_for_oid(
            ExtensionOID.CERTIFICATE_POLICIES)
        assert [p.policy_identifier.dotted_string for p in named.value] == ["1.3.6.1.4.1.99999.7"]
        base = people.certify(world, to)
        post.accepted(post.compose([to], sender=address), [to], sender=address)
        signed, signer = above.directory / "signed", above.directory / "signer.pem"
        signed.write_bytes(people.open_smime(post.box(to).one(), base.with_suffix("")))
        above.run("cms", "-verify", "-in", signed, "-CAfile", f"{above.root}.pem", "-x509_strict", "-signer", signer, "-out", "/dev/null")
        assert x509.load_pem_x509_certificate(signer.read_bytes()).fingerprint(hashes.SHA256()).hex() == fingerprint
    finally:
        world.postgres.query("update postseal.ca set state = 'retired' where state = 'in use'; update postseal.ca set state = 'in use'"
                             f" where id = '{authority['identifier']}'")


def test_public_authority_certifies_an_employee(world, run, post, above, name):
    """The private half never leaves; the answer gives it its certificate, and it signs."""
    address, to = f"{name}@example.com", f"{name}@smime.example"
    world.postseal("key", "import", "--root", f"{above.root}.pem")
    csr = requested(world, "--for", address, "--key", "rsa-3072")
    said = sandbox.command("openssl", "req", "-in", csr, "-noout", "-verify", "-text").decode()
    assert f"email:{address}" in said and f"CN = {address}" in said and "(3072 bit)" in said and "CA:TRUE" not in said
    assert world.postseal("ca", "request", "--for", address) == csr.read_text()  # the same, while it waits
    mail = "keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=emailProtection\nsubjectAltName=email:"
    for extensions, why in ((mail + "somebody@example.com\n", "is not for " + address),
                            (mail.replace("emailProtection", "serverAuth") + address + "\n", "of no use for mail")):
        status, said = run("ca", "accept", str(above.answer(csr, extensions)))
        assert status == 1 and why in said
    answer = above.answer(csr, mail + address + "\n", subject=f"/C=DE/O=Example Corp/CN={address}")
    row, = rows(run("ca", "accept", str(answer)))
    assert row["address"] == address and run("ca", "accept", str(answer))[0] == 3
    base = people.certify(world, to)
    post.accepted(post.compose([to], sender=address), [to], sender=address)
    signed = above.directory / "signed"
    signed.write_bytes(people.open_smime(post.box(to).one(), base.with_suffix("")))
    above.run("cms", "-verify", "-in", signed, "-CAfile", f"{above.root}.pem", "-purpose", "smimesign", "-out", "/dev/null")
    assert post.copies(to)[0]["signed_by"] == row["fingerprint"]
    status, said = run("ca", "request", "--for", "anna@other.example")
    assert status == 1 and "own domains" in said


def test_address_was_an_option_of_gpg(world, run, authority, name):
    """Whoever may wish for keys, as the milter's role may, had the keeper run gpg with options of its own choice."""
    stolen = f"{world.run}/{name}@example.com"
    for address in (f"--status-file={stolen}", f"--output={stolen}", "evil\n@example.com"):
        world.postgres.query(f"select postseal.keys_wish(e'{address}')", "postseal_milter")
    sandbox.wait_until(lambda: world.postgres.query("select count(*) from postseal.ca_issued where address like '--%'") == [["4"]],
                       "keys for the odd addresses", 120)
    assert not os.path.exists(stolen)
    sandbox.wait_until(lambda: world.postgres.query("select tried_at is not null from postseal.ca_wish where address like 'evil%'")
                       == [["t"]], "the refusal", 60)
    assert "control character" in world.postgres.query("select trouble from postseal.ca_wish where address like 'evil%'")[0][0]


# --- a token ---

def test_authority_in_a_token_signs_there(world, run):
    """SoftHSM makes the key, which cannot be read from it; the keeper has it sign."""
    directory = world.run / "token"
    directory.mkdir()
    configuration, pin = directory / "softhsm2.conf", directory / "pin"
    (directory / "tokens").mkdir()
    configuration.write_text(f"directories.tokendir = {directory}/tokens\nobjectstore.backend = file\n")
    pin.write_text("1234\n")
    environment = {**os.environ, "SOFTHSM2_CONF": str(configuration)}
    module = "/usr/lib/softhsm/libsofthsm2.so"
    sandbox.command("softhsm2-util", "--init-token", "--free", "--label", "ca", "--so-pin", "5678", "--pin", "1234", env=environment)
    sandbox.command("pkcs11-tool", "--module", module, "--token-label", "ca", "--login", "--pin", "1234", "--keypairgen",
                    "--key-type", "rsa:3072", "--label", "mail", "--id", "01", env=environment)
    sandbox.command("chown", "-R", "nobody", directory)
    config = world.directory / "token.conf"
    config.write_text('ca token "pkcs11:token=ca;object=mail" pin "' + str(pin) + '"\n' + world.config.read_text())
    world.stop_program("postseal-keeper")
    world.start_program("postseal-keeper", config=config, environment={
        "SOFTHSM2_CONF": str(configuration), "PKCS11_MODULE_PATH": module})
    try:
        made = rows(run("ca", "init", "--key", "token", "--name", "Token CA", "--replace"))
        row, = [r for r in made if r["state"] == "in use"]
        assert row["in_token"] and row["subject"] == "Token CA"
        assert world.postgres.query("select sealed is null from postseal.ca where state = 'in use'") == [["t"]]
        top, leaf = world.directory / "token-ca.pem", world.directory / "token-leaf.pem"
        top.write_bytes(exported(world, row["fingerprint"]))
        fingerprint = issue(world, run, "tokens@example.com")
        leaf.write_bytes(exported(world, fingerprint))
        good, said = verified(world, {"identifier": row["identifier"], "path": top}, leaf)
        assert good, said
        rows(run("ca", "revoke", fingerprint))
        sandbox.wait_until(lambda: not verified(world, {"identifier": row["identifier"], "path": top}, leaf)[0], "its revocation", 60)
    finally:
        world.stop_program("postseal-keeper")
        world.start_program("postseal-keeper")
