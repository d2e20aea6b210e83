"""Certificates that their authorities revoked, or of which nobody can say so: openssl makes the CRLs and is the OCSP
responder; the finder hands its answers over as the test says."""
import datetime
import json
import pathlib
import subprocess

import pytest

import issuer
import world as sandbox
from finder import FAILED, NOTHING, SILENCE, Answer, World as WORLD, found  # noqa: F401
from issuer import NOW, der, state

RULES = """
match recipient domain "only.example"  deliver smime
match recipient in domains             deliver plain
otherwise                              deliver smime, pickup
"""
SETTINGS = "keys from database within 6 seconds"


class Issuer(issuer.Issuer):
    def responder(self, *known, **how):
        answer = super().responder(*known, **how)
        return lambda request: found(answer(request))


@pytest.fixture
def finder(world):
    return world.finder


@pytest.fixture
def soft(world, name):
    return Issuer(world, f"soft{name}", "soft")


@pytest.fixture
def hard(world, name):
    return Issuer(world, f"hard{name}", "hard")


def send(post, address):
    post.accepted(post.compose([address]), [address])
    return post.copies(address)[-1]


def ask_again(world, *bases):
    """As if the answers were about to end, and the lists were old."""
    these = " or ".join(f"certificate = '\\x{der(base)}'" for base in bases)
    world.postgres.query("update postseal.revocation_list set fetched_at = now() - interval '1 day'")
    world.postgres.query("update postseal.certificate_status set due_at = now(), good_until = now() + interval '1 hour'"
                         f" where {these}")


def ask_again_if_idle(world, base):
    """A question that got no answer ends later, and has the next one wait for minutes."""
    if world.postgres.query("select 1 from postseal.certificate_status where due_at > now() + interval '1 minute'"
                            f" and certificate = '\\x{der(base)}'"):
        ask_again(world, base)


def test_certificate_revoked_by_crl_is_not_used_by_the_first_mail(world, post, finder, soft, name):
    """Promise 1."""
    good, bad = f"{name}g@partner.example", f"{name}b@partner.example"
    soft.person(good)
    soft.revoke(soft.person(bad))
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    copy = send(post, bad)
    assert copy["method"] == "pickup"
    tried = world.postseal("policy", "explain", "--from", post.sender, "--to", bad)
    assert "revoked by its issuer on" in tried and "keyCompromise (CRL http://crl." in tried
    copy = send(post, good)
    assert copy["method"] == "smime" and f"not revoked (CRL {soft.crl_url} of " in copy["reason"]
    assert finder.questions(soft.crl_url) == ["FETCH"]  # one list serves both
    rows = world.postgres.query(f"select detail from postseal.activity where what = 'certificate revoked' and subject = '{bad}'")
    assert len(rows) == 1 and "keyCompromise" in rows[0][0]


def test_revocation_by_ocsp(world, post, finder, soft, name):
    good, bad = f"{name}g@partner.example", f"{name}b@partner.example"
    known = soft.person(good, crl=False, ocsp=True), soft.person(bad, crl=False, ocsp=True)
    soft.revoke(known[1], "cessationOfOperation")
    finder.answers["OCSP", soft.ocsp_url] = soft.responder(*known)
    assert send(post, bad)["method"] == "pickup"
    assert state(world, known[1]) == "revoked"
    copy = send(post, good)
    assert copy["method"] == "smime" and f"not revoked (OCSP {soft.ocsp_url} of " in copy["reason"]


def test_what_nobody_can_say_is_used_softly_and_not_hard(world, post, finder, soft, hard, name):
    outcomes = Answer(FAILED, why="refused"), Answer(NOTHING, why="not there"), SILENCE, found(b"rubbish"), found(b"")
    for number, outcome in enumerate(outcomes):
        finder.answers["FETCH", soft.crl_url] = finder.answers["FETCH", hard.crl_url] = outcome
        easy, strict = f"{name}s{number}@partner.example", f"{name}h{number}@partner.example"
        soft.person(easy)
        hard.person(strict)
        copy = send(post, easy)
        assert copy["method"] == "smime" and "whether it was revoked is not known" in copy["reason"]
        assert send(post, strict)["method"] == "pickup"


def test_a_rule_without_another_method_waits_for_the_answer(world, post, finder, hard, name):
    address = f"{name}@only.example"
    base = hard.person(address)
    finder.answers["FETCH", hard.crl_url] = SILENCE
    code, text = post.send(post.compose([address]), [address])
    assert code == 451, text
    finder.answers["FETCH", hard.crl_url] = found(hard.crl())
    sandbox.wait_until(lambda: state(world, base) == "good" or ask_again_if_idle(world, base), "the courier to ask", 120)
    assert send(post, address)["method"] == "smime"


def test_certificate_that_says_nothing_of_revocation(world, post, soft, hard, name):
    easy, strict = f"{name}s@partner.example", f"{name}h@partner.example"
    soft.person(easy, crl=False)
    hard.person(strict, crl=False)
    assert send(post, easy)["method"] == "smime"
    assert send(post, strict)["method"] == "pickup"


def test_courier_learns_of_a_revocation_between_two_mails(world, post, finder, soft, name):
    """The second mail rests on what the courier asked ahead, though the CRL is not there any more."""
    address = f"{name}@partner.example"
    base = soft.person(address)
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    assert send(post, address)["method"] == "smime"
    soft.revoke(base)
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    ask_again(world, base)
    sandbox.wait_until(lambda: state(world, base) == "revoked", "the courier to ask", 90)
    finder.answers["FETCH", soft.crl_url] = Answer(FAILED, why="gone")
    sandbox.wait_until(lambda: send(post, address)["method"] == "pickup", "the milter to hear of it", 30)


@pytest.mark.parametrize("option", ["--for", "--domain"])
def test_revoked_certificate_of_another_address_or_a_whole_domain_stayed_in_use(world, post, finder, soft, name, option):
    """Promise 1: caches heard of it for the certificate's own addresses only."""
    office, chief = f"{name}office@partner.example", f"{name}chief@{name}.example"
    base = soft.person(office, importing=False)
    world.postseal("key", "import", option, chief if option == "--for" else f"{name}.example", f"{base}.pem")
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    assert send(post, chief)["method"] == "smime"
    soft.revoke(base)
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    ask_again(world, base)
    sandbox.wait_until(lambda: state(world, base) == "revoked", "the courier to ask", 90)
    sandbox.wait_until(lambda: send(post, chief)["method"] == "pickup", "the milter to hear of it", 30)
    (subject,), = world.postgres.query("select subject from postseal.activity where what = 'certificate revoked'"
                                       f" and subject like '%{office}%'")
    assert (chief in subject) == (option == "--for")


def test_a_revocation_stays_and_a_hold_ends(world, post, finder, soft, name):
    address, held = f"{name}@partner.example", f"{name}h@partner.example"
    base, suspended = soft.person(address), soft.person(held)
    soft.revoke(base, when=NOW + datetime.timedelta(days=400))  # of the future
    soft.revoke(suspended, "certificateHold")
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    assert send(post, address)["method"] == send(post, held)["method"] == "pickup"
    assert (state(world, base), state(world, suspended)) == ("revoked", "held")
    soft.revoked.clear()
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    ask_again(world, base, suspended)
    sandbox.wait_until(lambda: state(world, suspended) == "good", "the courier to ask", 90)
    sandbox.wait_until(lambda: send(post, held)["method"] == "smime", "the milter to hear of it", 30)
    assert send(post, address)["method"] == "pickup"
    with pytest.raises(Exception):  # not even by a program of ours
        world.postgres.query("set role postseal_milter; delete from postseal.certificate_status")
    world.postgres.query("update postseal.certificate_status set state = 'good'")
    assert state(world, base) == "revoked"


def test_evidence_that_does_not_count(world, post, finder, hard, name):
    """CRLs and responses that are old, from the future, of another signer, or about something else: all refused. Promise 1."""
    hard.issue("stranger", "/O=Example Trust/CN=Example Root", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign", sign=False)
    hard.issue("unauthorised", "/CN=Nobody", "keyUsage=digitalSignature")
    hard.issue("delegate", "/CN=Responder", "keyUsage=digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=yes")
    hard.issue("othername", "/CN=Somebody else", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign", sign=False)
    lists = {"old": hard.crl("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200102000000Z"),
             "future": hard.crl("-crl_lastupdate", "20400101000000Z", "-crl_nextupdate", "20400102000000Z"),
             "stranger": hard.crl(key="stranger"), "of another": hard.crl(key="othername")}
    conf = hard.directory / "ca.conf"
    text = conf.read_text()
    conf.write_text(text + "2.5.29.27=critical,DER:02:01:01\n")
    lists["delta"] = hard.crl("-crlexts", "e")
    conf.write_text(text + "issuingDistributionPoint=critical,@i\n[i]\nindirectCRL=TRUE\n")
    lists["indirect"] = hard.crl()
    conf.write_text(text + "issuingDistributionPoint=critical,@i\n[i]\nonlyCA=TRUE\n")
    lists["for authorities"] = hard.crl()
    conf.write_text(text + "issuingDistributionPoint=critical,@i\n[i]\nonlysomereasons=keyCompromise\n")
    lists["for some reasons"] = hard.crl()
    conf.write_text(text + "issuingDistributionPoint=critical,@i\n[i]\nfullname=URI:http://elsewhere.example/\n")
    lists["of another place"] = hard.crl()
    conf.write_text(text)
    for number, (what, content) in enumerate(lists.items()):
        address = f"{name}c{number}@partner.example"
        base = hard.person(address)
        finder.answers["FETCH", hard.crl_url] = found(content)
        assert send(post, address)["method"] == "pickup", what
        assert state(world, base) == "unchecked", what

    known = []
    stale = hard.responder(options=("-ndays", "1"))(other_request(hard))
    for what, answer in {"stranger": hard.responder(*known, signer="stranger"),
                         "unauthorised": hard.responder(*known, signer="unauthorised"),
                         "unknown": hard.responder(), "another's": lambda request: stale,
                         "refusal": lambda request: found(bytes.fromhex("30030a0106"))}.items():
        address = f"{name}o{len(known)}@partner.example"
        known.append(hard.person(address, crl=False, ocsp=True))
        finder.answers["OCSP", hard.ocsp_url] = answer
        assert send(post, address)["method"] == "pickup", what
        assert state(world, known[-1]) == "unchecked", what

    address = f"{name}d@partner.example"
    known.append(hard.person(address, crl=False, ocsp=True))
    finder.answers["OCSP", hard.ocsp_url] = hard.responder(*known, signer="delegate")
    sandbox.wait_until(lambda: send(post, address)["method"] == "smime", "the answer of a responder that is authorised", 60)


def other_request(issuer):
    issuer.issue("other", "/CN=Other", "keyUsage=digitalSignature")
    path = issuer.directory / "other.req"
    sandbox.command("openssl", "ocsp", "-issuer", issuer.directory / "authority.pem", "-cert", issuer.directory / "other.pem", "-reqout", path)
    return path.read_bytes()


def test_openssl_verify_agrees(world, post, finder, soft, name):
    """openssl verify -crl_check is the judge."""
    addresses = [f"{name}{which}@partner.example" for which in "ab"]
    bases = [soft.person(address) for address in addresses]
    soft.revoke(bases[0])
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    for address, base in zip(addresses, bases):
        verdict = subprocess.run(["openssl", "verify", "-crl_check", "-CAfile", soft.directory / "authority.pem", "-CRLfile",
                                  soft.directory / "list.crl", f"{base}.pem"], capture_output=True)
        assert (send(post, address)["method"] == "smime") == (verdict.returncode == 0)


def test_employee_whose_certificate_was_revoked_signs_no_more(world, post, finder, soft, name):
    post.sender, address = f"{name}@example.com", f"{name}r@partner.example"
    base = soft.person(post.sender, importing=False)
    pathlib.Path(f"{base}.pem").write_bytes(pathlib.Path(f"{base}.key").read_bytes() + pathlib.Path(f"{base}.pem").read_bytes())
    world.postseal("key", "import", f"{base}.pem")
    soft.person(address)
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    assert send(post, address)["signed_by"] != ""
    soft.revoke(base)
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    ask_again(world, base)
    sandbox.wait_until(lambda: state(world, base) == "revoked", "the courier to ask", 90)
    sandbox.wait_until(lambda: send(post, address)["signed_by"] == "", "the milter to hear of it", 30)
    assert "not signed: " in post.copies(address)[-1]["reason"]


def test_crl_that_is_older_than_the_one_known_changes_nothing(world, post, finder, soft, name):
    """Whoever stands between sends yesterday's list, on which nothing is revoked."""
    first, second = f"{name}a@partner.example", f"{name}b@partner.example"
    older = soft.crl("-crl_lastupdate", f"{NOW - datetime.timedelta(hours=20):%Y%m%d%H%M%SZ}", "-crl_nextupdate",
                     f"{NOW + datetime.timedelta(hours=20):%Y%m%d%H%M%SZ}")
    soft.person(first)
    bad = soft.person(second)
    soft.revoke(bad)
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    assert send(post, first)["method"] == "smime"
    world.postgres.query("update postseal.revocation_list set fetched_at = now() - interval '1 day'")
    finder.answers["FETCH", soft.crl_url] = found(older)
    assert send(post, second)["method"] == "pickup"


def report(world, address):
    rows = json.loads(world.postseal("key", "report", "--json"))
    return {row["what"]: row for row in rows if row["addresses"] == address}


def test_sender_is_told_that_a_key_has_lapsed_and_the_admin_before(world, post, finder, soft, name):
    """The mail with the code says why the portal was needed; the report says it before the mail, and what it waits for after."""
    post.sender, ended, revoked, soon = (f"{name}{which}@{domain}" for which, domain in (
        ("s", "example.com"), ("e", "partner.example"), ("r", "partner.example"), ("d", "partner.example")))
    soft.revoke(soft.person(revoked))
    finder.answers["FETCH", soft.crl_url] = found(soft.crl())
    for address, days in ((ended, "-1"), (soon, "9")):
        path = soft.issue(address.split("@")[0], "/CN=Somebody", f"subjectAltName=email:{address}", days=days)
        world.postseal("key", "import", path)
    assert "expired" in report(world, ended) and not report(world, soon)["expires"]["has_another"]

    post.accepted(post.compose([ended, revoked]), [ended, revoked])
    texts = " ".join(" ".join(mail.text().split()) for mail in post.box(post.sender).wait(1))
    assert f"these recipients has expired. Please ask them for a new one: {ended}" in texts
    assert f"these recipients was revoked. Please ask them for a new one: {revoked}" in texts
    assert "keyCompromise" in report(world, revoked)["revoked"]["detail"]
    assert "1 messages in 30 days; the last: no usable certificate" in report(world, ended)["lacks"]["detail"]
