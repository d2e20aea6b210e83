"""How members want to receive their mail: keys and preferences."""
import people
import world as sandbox
from person import PORTAL_RULES as RULES, Person, send


def test_member_gives_a_certificate_and_mail_comes_so(world, post, name):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@auto.example")
    send(person)
    person.unlock()
    person.enrol()
    path = world.authority.issue_mail(name, person.address)
    stranger = world.authority.issue_mail(f"{name}-other", "someone@else.example")

    def give(path):
        person.browser.get("/settings/security")
        return person.browser.send({}, action="/settings/key",
                                   files=[("key", "c.pem", "application/x-pem-file", path.read_bytes())])

    assert "does not contain your email address" in give(stranger).text
    assert "private key" in give(path.with_suffix(".key")).text
    assert "S/MIME" in give(path).text
    send(person, b"Sealed to a given key.\r\n")
    mail = sandbox.wait_until(lambda: [m for m in person.mails("About your account")
                                       if "pkcs7" in m["Content-Type"]], "the S/MIME mail")[0]
    assert b"Sealed to a given key." in people.open_smime(mail, str(path).removesuffix(".pem"))
    # Preferring the browser comes first; withdrawing the key ends S/MIME.
    person.browser.get("/settings")
    person.browser.send({"wish": "pickup"}, action="/settings/wish")
    send(person)
    sandbox.wait_until(lambda: post.copies(person.address)[-1]["method"] == "pickup", "pickup by wish")
    person.browser.send({"wish": "smime"}, action="/settings/wish")
    assert person.confirm().path == "/settings/security"
    assert "<code>" not in person.browser.send({}, action="/settings/key/remove").text
    send(person)
    sandbox.wait_until(lambda: len(post.copies(person.address)) == 4, "the last copy")
    assert post.copies(person.address)[-1]["method"] == "pickup"


def test_member_gives_an_openpgp_key(world, post, name, tmp_path):
    post.sender = f"{name}.sender@example.com"
    person = Person(world, post, f"{name}@auto.example")
    send(person)
    person.unlock()
    person.enrol()
    gpg = people.Gpg(tmp_path / "gpg", person.address)
    try:
        for data, word in ((gpg.secret(), "private key"), (b"nonsense", "neither a certificate"), (gpg.public(), "OpenPGP")):
            person.browser.get("/settings/security")
            answer = person.browser.send({}, action="/settings/key", files=[("key", "k.asc", "text/plain", data)])
            assert word in answer.text, word
        assert gpg.fingerprint() in answer.text
        send(person, b"Sealed to a given key.\r\n")
        mail = sandbox.wait_until(lambda: [m for m in person.mails("About your account")
                                           if "pgp-encrypted" in m["Content-Type"]], "the PGP mail")[0]
        assert b"Sealed to a given key." in people.open_pgp(mail, gpg)
        assert "signed in" in world.postseal("trust", "show", person.address)
    finally:
        gpg.end()
