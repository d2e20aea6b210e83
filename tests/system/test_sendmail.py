"""The company's MTA is a Sendmail."""
import smtplib

import pytest

import people
import sendmail
import world as sandbox
from messages import base64_lines, noise

WORLD = sendmail.SendmailWorld
RULES = """
match recipient domain "plain.example"        deliver plain
match recipient domain "smime.example"        deliver smime
match recipient domain "pgp.example"          deliver pgp
match recipient domain "pickup.example"       deliver pickup expire 14 days
match subject tag "[secure]"                  deliver smime, pgp, pickup
match recipient in domains                    deliver plain
otherwise                                     deliver smime, pgp, plain
"""


@pytest.fixture(scope="module")
def sue(world):
    return people.certify(world, "sue@smime.example").with_suffix("")


@pytest.fixture(scope="module")
def pat(world):
    gpg = people.make_pgp(world, "pat@pgp.example", kind="default")
    yield gpg
    gpg.end()


def test_each_method_in_one_message(world, post, sue, pat):
    """A plain, an S/MIME, a PGP, a pickup and a Bcc recipient, and nobody anything else."""
    ben = people.certify(world, "ben@smime.example").with_suffix("")
    shown = ["joe@plain.example", "sue@smime.example", "pat@pgp.example", "pia@pickup.example"]
    message = post.compose(shown, b"The secret is 42.\r\n")
    post.accepted(message, [*shown, "ben@smime.example"])
    entity = people.entity_of(message)

    assert people.open_smime(post.box("sue@smime.example").one(), sue) == entity
    assert people.open_smime(post.box("ben@smime.example").one(), ben) == entity
    assert people.open_pgp(post.box("pat@pgp.example").one(), pat) == entity
    assert post.box("joe@plain.example").one().body == b"The secret is 42.\n"
    notice = post.box("pia@pickup.example").one()
    code = post.box("anna@example.com").one().codes()["pia@pickup.example"]
    assert people.entity_of(people.browse(notice.link(), code)) == entity
    for address in [*shown, "ben@smime.example"]:
        post.box(address).one()


@pytest.mark.parametrize("domain", ["plain.example", "smime.example", "pgp.example", "pickup.example"])
def test_one_recipient(world, post, name, domain):
    """Alone, each in place but what is parked."""
    address = f"{name}@{domain}"
    base = people.certify(world, address).with_suffix("") if domain == "smime.example" else None
    gpg = people.make_pgp(world, address) if domain == "pgp.example" else None
    message = post.compose([address], base64_lines(noise(200_000, name)), content=b"application/octet-stream\r\nContent-Transfer-Encoding: base64")
    post.accepted(message, [address], sender=f"{name}@example.com")
    mail = post.box(address).one()
    if domain == "smime.example":
        assert people.open_smime(mail, base) == people.entity_of(message)
    elif domain == "pgp.example":
        assert people.open_pgp(mail, gpg) == people.entity_of(message)
        gpg.end()
    elif domain == "plain.example":
        assert mail.body == people.entity_of(message).split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n")
    else:
        code = post.box(f"{name}@example.com").one().codes()[address]
        assert people.entity_of(people.browse(mail.link(), code)) == people.entity_of(message)


@pytest.mark.parametrize(("before", "after", "complaint"), [
    ('"plain.example"        deliver plain', '"plain.example"        deliver tls', "found tls with mta \"sendmail\""),
    ('"plain.example"        deliver plain', '"plain.example"        deliver smime, tls', "found tls with mta \"sendmail\""),
    ('sign "any"', 'sign "mta"', "found sign \"mta\" with mta \"sendmail\""),
])
def test_what_sendmail_cannot_enforce_is_refused_by_name(world, before, after, complaint):
    """Promise 1: a rule that nobody keeps is no rule."""
    config = world.directory / "refused.conf"
    config.write_text(world.config.read_text().replace(before, after))
    for words in (("postseal", "-f", config, "check"), ("postseal-milter", "-f", config)):
        with pytest.raises(sandbox.Trouble, match=complaint):
            sandbox.command(world.bin / words[0], *words[1:])


def refusal(world, post, name):
    """The reply to the first command that is refused."""
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        for answer in (lambda: smtp.mail(post.sender), lambda: smtp.rcpt(f"{name}@plain.example"),
                       lambda: smtp.data(post.compose([f"{name}@plain.example"]))):
            code, text = answer()
            if code != 250:
                return f"{code} {text.decode()}"
    return "250"


def test_mail_of_the_other_mta_is_deferred(world, post, name):
    """Promise 1: what is enforced depends on the MTA that is set."""
    config = world.directory / "postfix.conf"
    config.write_text(world.config.read_text().replace('mta "sendmail"', 'mta "postfix"'))
    world.stop_program("postseal-milter")
    world.start_program("postseal-milter", config=config)
    try:
        assert refusal(world, post, name).startswith("451 4.3.5")
    finally:
        world.stop_program("postseal-milter")
        world.start_program("postseal-milter")
    assert "is not the one that the setting mta names" in world.log("postseal-milter")


def test_a_milter_that_is_gone_defers(world, post, name):
    """Promise 1: F=T."""
    world.stop_program("postseal-milter")
    try:
        assert refusal(world, post, name).startswith("451 4.3.2")
    finally:
        world.start_program("postseal-milter")
    post.accepted(post.compose([f"{name}@plain.example"]), [f"{name}@plain.example"])
    post.box(f"{name}@plain.example").one()
