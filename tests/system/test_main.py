"""The main task: one message, several recipients, each copy sent as the policy says."""
import json
import re
import subprocess
import urllib.request

import pytest

import people
import world as sandbox
from messages import base64_lines, multipart, noise, part
from person import Person


@pytest.fixture(scope="module")
def sue(world):
    return people.certify(world, "sue@smime.example").with_suffix("")


@pytest.fixture(scope="module")
def pat(world):
    gpg = people.make_pgp(world, "pat@pgp.example", kind="default")
    yield gpg
    gpg.end()


def recipient_infos(mail):
    """Serial numbers named in an S/MIME envelope."""
    text = sandbox.command("openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "SMIME", input=mail.raw)
    return re.findall(rb"serialNumber: (\S+)", text)


def serial(base):
    text = sandbox.command("openssl", "x509", "-in", f"{base}.pem", "-noout", "-serial").decode()
    return int(text.strip().split("=")[1], 16)


def test_six_recipients_get_exactly_six_copies(world, post, sue, pat):
    """A plain, an S/MIME, a PGP, a TLS, a pickup and a Bcc recipient; and nobody gets anything else."""
    ben = people.certify(world, "ben@smime.example").with_suffix("")
    shown = ["joe@plain.example", "sue@smime.example", "pat@pgp.example", "tom@partner.example",
             "pia@pickup.example"]
    message = post.compose(shown, b"The secret is 42.\r\n")
    post.accepted(message, [*shown, "ben@smime.example"])
    entity = people.entity_of(message)

    assert people.open_smime(post.box("sue@smime.example").one(), sue) == entity
    assert people.open_smime(post.box("ben@smime.example").one(), ben) == entity
    assert people.open_pgp(post.box("pat@pgp.example").one(), pat) == entity
    plain = post.box("joe@plain.example").one()
    assert plain.body == b"The secret is 42.\n" and not plain.fields("X-Postseal-Login")
    tls = post.box("tom@partner.example").one()
    assert tls.body == b"The secret is 42.\n" and not tls.fields("X-Postseal-Login")
    assert "with ESMTPS" in tls["Received"]
    notice = post.box("pia@pickup.example").one()
    code = post.box("anna@example.com").one().codes()["pia@pickup.example"]
    assert people.entity_of(people.browse(notice.link(), code)) == entity
    assert re.search(r"Verified TLS connection established to partner\.example", world.company.log.read_text())

    # Exactly one mail each, and the records agree. (Meanwhile, the sender is told that the message
    # was read.)
    for address in [*shown, "ben@smime.example"]:
        post.box(address).one()
    def methods():
        return {a: [(c["method"], c["state"]) for c in post.copies(a)] for a in [*shown, "ben@smime.example"]}

    wanted = {"joe@plain.example": [("plain", "sent")], "sue@smime.example": [("smime", "sent")],
              "pat@pgp.example": [("pgp", "sent")], "tom@partner.example": [("tls", "sent")],
              "pia@pickup.example": [("pickup", "opened")], "ben@smime.example": [("smime", "sent")]}
    sandbox.wait_until(lambda: methods() == wanted, f"{wanted} on record")
    # Which next hop, how well protected, and what it replied.
    known, = world.postgres.query("select state_detail from postseal.log where recipient = 'tom@partner.example'")[0]
    assert re.match(r"partner\.example\[127\.0\.0\.1\]:\d+, verified TLSv1\.\d with cipher \S+: 250 2\.0\.0 Ok: queued as \S+$", known)


def test_bcc_is_unseen_in_what_is_opened_in_the_portal(world, post, name):
    """Promise 5: on the page, in the source, and in the name of the file that is downloaded."""
    seen, blind = f"{name}seen@pickup.example", f"{name}blind@pickup.example"
    also = f"{name}blind@plain.example"
    post.accepted(post.compose([seen], b"Hi.\r\n", fields=[f"Bcc: {blind}, {also}", f"Resent-Bcc: {also}"]), [seen, blind, also])
    for address, hidden in ((seen, (blind, also)), (blind, (also,))):
        person = Person(world, post, address)
        page = person.unlock()
        source = person.browser.get(page.path.replace("/message/", "/source/"))
        assert b"Hi." in source.body and "Hi." in page.text
        for other in hidden:
            assert other not in page.text and other.encode() not in source.body and other not in str(source.headers), (address, other)
        assert b"bcc:" not in source.body.lower()


def test_bcc_is_unseen_in_every_copy(world, post, name):
    """Promise 5, down to recipient infos and key IDs."""
    seen, blind = f"{name}seen@smime.example", f"{name}blind@smime.example"
    bases = {a: people.certify(world, a).with_suffix("") for a in (seen, blind)}
    gpgs = {}
    for address in (f"{name}seen@pgp.example", f"{name}blind@pgp.example"):
        gpgs[address] = people.make_pgp(world, address)
    seen_pgp, blind_pgp = gpgs
    plain = f"{name}@plain.example"
    blind_plain, blind_pickup = f"{name}blind@plain.example", f"{name}blind@pickup.example"
    everybody = [seen, blind, seen_pgp, blind_pgp, plain, blind_plain, f"{name}@pickup.example", blind_pickup]
    message = post.compose([seen, seen_pgp, plain, f"{name}@pickup.example"], b"Hi.\r\n",
                           fields=[f"Bcc: {blind}, {blind_pgp}"])
    post.accepted(message, everybody)

    for address in everybody:
        mail = post.box(address).one()
        trace, _, rest = mail.raw.partition(b"From:")
        others = [a for a in (blind, blind_pgp, blind_plain, blind_pickup) if a != address]
        assert not [a for a in others if a.encode() in rest], address
        assert not [a for a in others if a.encode() in trace], address
        assert not mail.fields("Bcc")
    smime = {a: recipient_infos(post.box(a).one()) for a in (seen, blind)}
    for address, infos in smime.items():
        assert [int(i, 16) if i.startswith(b"0x") else int(i) for i in infos] == [serial(bases[address])]
    for address, gpg in gpgs.items():
        packets = subprocess.run(["gpg", "--list-packets", "--list-only"], capture_output=True,
                                 input=people.pgp_data(post.box(address).one())).stdout.decode()
        assert len(re.findall(r":pubkey enc packet", packets)) == 1
        assert people.open_pgp(post.box(address).one(), gpg) == people.entity_of(message)
        gpg.end()


def test_peer_with_wrong_certificate_gets_nothing(world, post, name):
    to = f"{name}@wrong.example"
    post.accepted(post.compose([to]), [to])
    sandbox.wait_until(lambda: re.search(rf"to=<{to}>.*status=deferred", world.company.log.read_text()),
                       "Postfix to defer the mail")
    assert re.search(rf"to=<{to}>.*Server certificate not verified", world.company.log.read_text())
    assert post.box(to).files() == []


def test_link_alone_and_code_alone_open_nothing(post, name):
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to], b"The secret is 42.\r\n"), [to])
    link = post.box(to).one().link()
    code = sandbox.wait_until(lambda: people.find_code(post, to), "the unlock code")
    other = f"{name}other@pickup.example"
    post.accepted(post.compose([other]), [other])
    other_code = sandbox.wait_until(lambda: people.find_code(post, other), "the other code")
    for wrong_link, typed in ((link, other_code), (link[:-4] + "AAAA", code), (link, "")):
        status, page = people.try_code(wrong_link, typed)
        assert status in (400, 403) and b"The secret" not in page
    # Looking at the link, as mail scanners do, consumes nothing and reveals nothing.
    for _ in range(10):
        assert b"The secret" not in people.get(link) and b"anna" not in people.get(link)
    assert b"The secret is 42." in people.browse(link, code)


def test_code_as_people_type_it(post, name):
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to], b"The secret is 42.\r\n"), [to])
    link = post.box(to).one().link()
    code = sandbox.wait_until(lambda: people.find_code(post, to), "the unlock code")
    typed = f"  {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    assert b"The secret is 42." in people.browse(link, typed)


def test_wrong_codes_lock_the_message_and_the_sender_is_told(world, post, name):
    to, sender = f"{name}@pickup.example", f"{name}@example.com"
    post.accepted(post.compose([to], sender=sender), [to], sender=sender)
    link, code = post.box(to).one().link(), post.box(sender).one().codes()[to]
    wrong = people.another_code(code)
    mistyped = code[:-1] + ("A" if code[-1] != "A" else "B")
    for _ in range(7):
        assert people.try_code(link, mistyped)[0] == 400  # a typing mistake is not a try
    for left in (4, 3, 2, 1):
        status, page = people.try_code(link, wrong)
        assert status == 403 and f"{left} more time".encode() in page
    assert b"locked" in people.try_code(link, wrong)[1]
    assert b"locked" in people.try_code(link, code)[1]  # the right one is too late
    told = post.box(sender).wait(2)[1]
    assert "locked" in told["Subject"] and to in told.text()
    assert post.copies(to)[0]["state"] == "locked"


def test_no_plain_text_stays_anywhere(world, post, sue, pat, name):
    """After delivery, no queue, spool or table contains what was sealed."""
    secret = f"ZEBRA{name}CROSSING"
    to = ["sue@smime.example", "pat@pgp.example", f"{name}@pickup.example"]
    before = {a: len(post.box(a).files()) for a in to}
    post.accepted(post.compose(to, f"{secret} {secret}\r\n".encode(), subject="unspoken " + secret), to)
    for address in to:
        post.box(address).wait(before[address] + 1)
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    dump = sandbox.command("pg_dump", "-h", world.postgres.sockets, "-U", "root", "postseal")
    assert secret.encode() not in dump and secret.encode().hex().encode() not in dump
    for place in (world.company.queue, world.directory / "spool", world.run):
        for path in place.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path
    for address in ("sue@smime.example", "pat@pgp.example"):
        mail = post.box(address).files()[-1].read_bytes()
        assert secret.encode() not in mail.partition(b"\n\n")[2]


def test_rejected_for_one_recipient_refuses_the_whole_message(post, name):
    known, unknown = f"{name}@plain.example", f"{name}@smime.example"
    code, text = post.send(post.compose([known, unknown]), [known, unknown])
    assert code == 550 and unknown in text and "no certificate" in text
    assert post.copies(known)[0]["state"] == "refused" and unknown in post.copies(known)[0]["reason"]
    code, text = post.send(
        post.compose([known], b"", content=b'application/octet-stream; name="PLAN.dwg"'), [known])
    assert (code, "Drawings may not leave by mail." in text) == (550, True)
    assert post.box(known).files() == []


def test_tag_is_removed_from_the_subject(post, name):
    to = f"{name}@auto.example"
    message = post.compose([to, f"{name}b@plain.example"], subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?= [SECURE] now")
    post.accepted(message, [to, f"{name}b@plain.example"])
    assert post.box(f"{name}b@plain.example").one()["Subject"] == "Grüße now"
    link = post.box(to).one().link()
    code = sandbox.wait_until(lambda: people.find_code(post, to), "the unlock code")
    opened = people.Received(people.browse(link, code).replace(b"\r\n", b"\n"))
    assert opened["Subject"] == "Grüße now"


def test_signed_then_encrypted(world, post, name):
    """If the sender has a certificate and a key of the company's, copies are signed."""
    sender, smime, pgp = f"{name}@example.com", f"{name}@smime.example", f"{name}@pgp.example"
    own = people.certify(world, sender).with_suffix("")
    bundle = own.with_suffix(".p12")
    sandbox.command("openssl", "pkcs12", "-export", "-in", f"{own}.pem", "-inkey", f"{own}.key", "-out", bundle,
                    "-passout", "pass:geheim")
    password = own.with_suffix(".password")
    password.write_text("geheim\n")
    world.postseal("key", "import", "--password-file", password, bundle)
    our_gpg = people.Gpg(world.directory / "keys" / f"{name}own", sender, "future-default")
    secret = own.with_suffix(".asc")
    secret.write_bytes(our_gpg.secret())
    world.postseal("key", "import", secret)
    base = people.certify(world, smime).with_suffix("")
    their_gpg = people.Gpg(world.directory / "keys" / f"{name}their", pgp, "future-default")
    public = base.with_suffix(".asc")
    public.write_bytes(their_gpg.public())
    world.postseal("key", "import", public)

    message = post.compose([smime, pgp], b"Signed.\r\n", sender=sender)
    post.accepted(message, [smime, pgp], sender=sender)
    entity = people.entity_of(message)
    inner = people.open_smime(post.box(smime).one(), base)
    verified = sandbox.command("openssl", "cms", "-verify", "-CAfile", world.directory / "keys" / "authority.pem",
                               "-binary", input=inner)
    assert verified == entity
    their_gpg.run("--import", data=our_gpg.public())
    done = subprocess.run(["gpg", "--homedir", str(their_gpg.home), "--batch", "--status-fd", "2", "--decrypt"],
                          input=people.pgp_data(post.box(pgp).one()), capture_output=True)
    assert done.stdout == entity and b"GOODSIG" in done.stderr
    assert post.copies(smime)[0]["signed_by"] and post.copies(pgp)[0]["signed_by"] == our_gpg.fingerprint()
    our_gpg.end()
    their_gpg.end()


def test_algorithms_follow_what_the_recipient_announced(world, post, name):
    """AES-256-GCM if support for it is recorded, otherwise CBC; RSA-OAEP if announced; EC keys."""
    gcm, cbc, ec = (f"{name}{x}@smime.example" for x in ("gcm", "cbc", "ec"))
    bases = {gcm: people.certify(world, gcm, options=("--capability", "gcm,oaep")).with_suffix(""),
             cbc: people.certify(world, cbc).with_suffix(""),
             ec: people.certify(world, ec, key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"))
             .with_suffix("")}
    message = post.compose([gcm, cbc, ec], b"Hi.\r\n")
    post.accepted(message, [gcm, cbc, ec])
    for address, base in bases.items():
        assert people.open_smime(post.box(address).one(), base) == people.entity_of(message)
    text = sandbox.command("openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "SMIME",
                           input=post.box(gcm).one().raw)
    assert b"aes-256-gcm" in text and b"rsaesOaep" in text
    assert post.box(gcm).one().parsed.get_param("smime-type") == "authEnveloped-data"
    assert b"aes-256-cbc" in sandbox.command("openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "SMIME",
                                             input=post.box(cbc).one().raw)


def test_explain_tells_what_the_milter_does(world, post, sue, tmp_path):
    mail = tmp_path / "mail.eml"
    mail.write_bytes(post.compose(["sue@smime.example"], subject="[secure] x"))
    text = world.postseal("policy", "explain", "--from", "anna@example.com", "--to", "sue@smime.example", "--to",
                          "x@auto.example", "--to", "y@smime.example", mail)
    assert re.search(r"does not match: recipient domain \"plain.example\"", text)
    assert re.search(r"smime +available: certificate [0-9a-f]{16}", text)
    assert "=> pickup" in text and "=> refused: smime: no certificate" in text
    answer = json.loads(world.postseal("policy", "explain", "--json", "--from", "anna@example.com", "--to",
                                       "sue@smime.example", mail))
    assert answer[0]["method"] == "smime" and len(answer[0]["keys"][0]) == 64
    post.accepted(post.compose(["sue@smime.example"]), ["sue@smime.example"])
    assert post.copies("sue@smime.example")[-1]["keys"] == answer[0]["keys"][0]


def test_dsn_parameters_travel_with_the_copies(world, post, sue, name):
    """RFC 3461: a request for a notification is kept for the in-place copy and for the others."""
    sender = f"{name}@example.com"
    to = ["sue@smime.example", f"{name}@plain.example"]
    post.accepted(post.compose(to, sender=sender), to, sender=sender, options=["RET=HDRS", "ENVID=QQ314159"],
                  rcpt_options=["NOTIFY=SUCCESS,FAILURE"])
    reports = post.box(sender).wait(2)
    finals = {re.search(r"Final-Recipient: rfc822; ?(\S+)", r.raw.decode()).group(1) for r in reports}
    assert finals == set(to)
    assert all(b"Original-Envelope-Id: QQ314159" in r.raw for r in reports)


def test_success_of_a_parked_copy_was_told_when_its_notice_arrived(world, post, name):
    """RFC 3461 §5.2: about the copy, with the envelope's identifier, and once."""
    sender, to = f"{name}@example.com", f"{name}@pickup.example"
    post.accepted(post.compose([to], sender=sender), [to], sender=sender, options=["RET=HDRS", "ENVID=QQ+2B314159"],
                  rcpt_options=["NOTIFY=SUCCESS", "ORCPT=rfc822;Pia+2Bbox@pickup.example"])
    post.box(to).one()
    sandbox.wait_until(world.nothing_waits, "the outbox to be empty")
    reports = [m for m in post.box(sender).wait(2) if m.parsed.get_content_type() == "multipart/report"]
    status = reports[0].parsed.get_payload()[1].as_string()
    assert len(reports) == 1 and "Original-Envelope-Id: QQ+314159\n" in status and "Action: relayed" in status
    assert "Original-Recipient: rfc822;Pia+box@pickup.example\n" in status and f"Final-Recipient: rfc822; {to}" in status


def test_forged_field_of_ours_is_removed(post, name):
    to = f"{name}@plain.example"
    post.accepted(post.compose([to], fields=["X-Postseal-Login: anna", "x-postseal-anything: 1"]), [to])
    assert "ostseal" not in post.box(to).one().header.decode().replace("(Postseal)", "")


def test_expired_and_weak_keys_are_passed_over(world, post, name):
    """Only keys that can be used now count, and an unusable one does not block the one next to it."""
    address = f"{name}@smime.example"
    people.certify(world, address, f"{name}-weak", key=("-newkey", "rsa:1024"))
    people.certify(world, address, f"{name}-stranger", sign=False)
    code, text = post.send(post.compose([address]), [address])
    assert code == 550 and "too weak" in text and "no chain to a trusted root" in text
    good = people.certify(world, address, f"{name}-good").with_suffix("")
    second = people.certify(world, address, f"{name}-second").with_suffix("")
    message = post.compose([address])
    post.accepted(message, [address])
    mail = post.box(address).one()
    assert people.open_smime(mail, good) == people.open_smime(mail, second) == people.entity_of(message)


def test_pinned_certificate_needs_no_chain(world, post, name):
    address = f"{name}@smime.example"
    base = people.certify(world, address, sign=False, options=("--pin",)).with_suffix("")
    message = post.compose([address])
    post.accepted(message, [address])
    assert people.open_smime(post.box(address).one(), base) == people.entity_of(message)


def test_key_that_is_deleted_is_not_used_any_more(world, post, name):
    """The cache is notified (LISTEN/NOTIFY)."""
    address = f"{name}@smime.example"
    path = people.certify(world, address)
    post.accepted(post.compose([address]), [address])
    fingerprint = sandbox.command("openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256").decode()
    world.postseal("key", "delete", fingerprint.split("=")[1].replace(":", "").strip())
    sandbox.wait_until(lambda: post.send(post.compose([address]), [address])[0] == 550, "the cache to forget")


def test_metrics_count_what_happened(world, post, sue, name):
    """postseal-metrics(7): every program serves its figures."""
    def figures(program):
        text = urllib.request.urlopen(f"http://127.0.0.1:{world.ports[program + '_metrics']}/metrics").read().decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}

    key = 'postseal_copies_total{method="smime",verdict="accepted"}'
    post.accepted(post.compose(["sue@smime.example"]), ["sue@smime.example"])  # its keys are known now
    before = figures("milter").get(key, 0)
    post.accepted(post.compose(["sue@smime.example"]), ["sue@smime.example"])
    after = figures("milter")
    assert after[key] == before + 1
    assert after['postseal_phase_seconds_count{phase="commit"}'] >= 1
    assert after['postseal_phase_seconds_bucket{phase="all",le="+Inf"}'] == after['postseal_phase_seconds_count{phase="all"}']
    assert after['postseal_key_lookups_total{cache="hit"}'] > 0 and after["postseal_messages_in_hand"] == 0
    assert figures("courier")["postseal_outbox_mails"] >= 0
    assert isinstance(figures("keeper"), dict) and isinstance(figures("portal"), dict)


def test_attachments_are_listed_and_downloaded(post, name):
    """By name, one by one, byte for byte; a name is never a path."""
    to, data = f"{name}@pickup.example", noise(200_000, "attachment")
    body = multipart("b", part("Content-Type: text/plain; charset=utf-8", b"See <b>both</b>.\r\n"),
                     part('Content-Type: application/pdf; name="a & b.pdf"\n'
                          'Content-Disposition: attachment; filename="../../a & b.pdf"\n'
                          "Content-Transfer-Encoding: base64", base64_lines(data)),
                     part('Content-Type: text/csv; name="second.csv"', b"1;2\r\n"))
    post.accepted(post.compose([to], body, content=b'multipart/mixed; boundary="b"'), [to])
    link = post.box(to).one().link()
    code = sandbox.wait_until(lambda: people.find_code(post, to), "the unlock code")
    browser = people.visitor(link)
    status, page = people.try_code(link, code, browser)
    assert status == 200 and b"See &lt;b&gt;both&lt;/b&gt;." in page
    message = browser.page.path.removeprefix("/message/")
    # (The preview of a document is a link to it as well.)
    assert re.findall(r'href="/attachment/([^"]*)"[^>]*>([^<]+)<', page.decode()) == [
        (f"{message}/0", "a &amp; b.pdf"), (f"{message}/1", "second.csv")]
    first = browser.get(f"/attachment/{message}/0")
    assert first.body == data and first.headers["Content-Type"] == "application/octet-stream"
    assert first.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%20%26%20b.pdf"
    assert browser.get(f"/attachment/{message}/1").body.startswith(b"1;2")
    for tail in ("2", "-1", "x", "99999999999999999999"):
        assert browser.get(f"/attachment/{message}/{tail}").status == 404
