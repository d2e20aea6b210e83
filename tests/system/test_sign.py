"""A signature is that of whoever sent the message: clients authenticate (with XCLIENT, Postfix's
own way to do so in tests), and the address they give in MAIL FROM proves nothing."""
import smtplib

import pytest

import people
import world as sandbox

SETTINGS = 'sign "login" logins "{directory}/logins"\n'
RULES = """
match subject tag "[plain]" sender domain "example.com" authenticated deliver plain
match header "X-Ask" "clear" recipient domain "plain.example" deliver plain sign
match recipient domain "smime.example" deliver smime
match recipient domain "pgp.example" deliver pgp
otherwise deliver plain
"""


def prepare(world):
    sandbox.command("postconf", "-c", world.company.config, "smtpd_authorized_xclient_hosts=127.0.0.0/8")
    sandbox.command("postfix", "-c", world.company.config, "reload")
    (world.directory / "logins").write_text("# who may send as whom\noffice  office@example.com team@example.com\n"
                                            "Scanner devices.example.com # by domain\n")


def send(world, post, sender, to, login=None, subject="Hello", fields=()):
    message = post.compose([to], subject=subject, sender=sender, fields=fields)
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        if login is not None:
            code, text = smtp.docmd("XCLIENT", f"LOGIN={login}")
            assert code == 220, text
            smtp.ehlo()
        smtp.sendmail(sender, [to], message)
    return message


@pytest.fixture
def pair(world, name):
    """A sender with one of our certificates, and an address outside that accepts S/MIME."""
    def make(sender):
        base = people.certify(world, sender).with_suffix("")
        both = base.with_suffix(".both")
        both.write_text(base.with_suffix(".pem").read_text() + base.with_suffix(".key").read_text())
        world.postseal("key", "import", both)
        to = f"{name}@smime.example"
        return to, people.certify(world, to).with_suffix("")

    return make


def test_client_that_does_not_authenticate_gets_no_signature(world, post, pair, name):
    """It got the signature of any colleague named in From and MAIL FROM."""
    sender = f"{name}.boss@example.com"
    to, base = pair(sender)
    message = send(world, post, sender, to)
    assert people.open_smime(post.box(to).one(), base) == people.entity_of(message)
    copy = post.copies(to)[0]
    assert copy["signed_by"] == "" and "not signed: the client has not authenticated" in copy["reason"]


def test_another_login_gets_no_signature(world, post, pair, name):
    sender = f"{name}.boss@example.com"
    to, base = pair(sender)
    message = send(world, post, sender, to, login="mallory@example.com")
    assert people.open_smime(post.box(to).one(), base) == people.entity_of(message)
    copy = post.copies(to)[0]
    assert copy["signed_by"] == ""
    assert f"mallory@example.com has authenticated, but is not known to send as {sender}" in copy["reason"]


@pytest.mark.parametrize("login,sender", [
    ("{name}@example.com", "{name}@example.com"), ("{name}@EXAMPLE.com", "{name}@example.com"),
    ("office", "team@example.com"), ("OFFICE", "office@example.com"), ("scanner", "{name}@devices.example.com"),
])
def test_login_that_is_the_sender_or_is_listed_gets_the_signature(world, post, pair, name, login, sender):
    login, sender = login.format(name=name), sender.format(name=name)
    to, base = pair(sender)
    send(world, post, sender, to, login=login)
    assert b"smime-type=signed-data" in people.open_smime(post.box(to).one(), base)
    assert post.copies(to)[0]["signed_by"]


@pytest.mark.parametrize("login, why_not", [
    (None, "the client has not authenticated"),
    ("mallory@example.com", "mallory@example.com has authenticated, but is not known to send as"), ("{sender}", None),
])
def test_rule_that_signs_asks_who_has_authenticated_as_well(world, post, pair, name, login, why_not):
    """The option `sign` signs under the same conditions as the setting."""
    sender, to = f"{name}.boss@example.com", f"{name}@plain.example"
    pair(sender)
    message = send(world, post, sender, to, login=login and login.format(sender=sender), fields=["X-Ask: clear"])
    mail, copy = post.box(to).one(), post.copies(to)[0]
    assert copy["method"] == "plain" and (mail.parsed.get_content_type() == "multipart/signed") == (why_not is None)
    assert bool(copy["signed_by"]) == (why_not is None)
    if why_not is not None:
        assert people.entity_of(message).replace(b"\r\n", b"\n").endswith(mail.body) and why_not in copy["reason"]


@pytest.fixture
def by_mta(world):
    """The MTA lets nobody send as somebody else, and says who has authenticated."""
    original = world.config.read_text()

    def reload(text):
        world.config.write_text(text)
        world.read_rules_again()

    reload(original.replace('sign "login"', 'sign "mta"'))
    yield
    reload(original)


@pytest.mark.parametrize("login, is_signed", [(None, False), ("mallory@example.com", True), ("u17", True)])
def test_where_the_mta_vouches_who_has_authenticated_gets_the_signature(world, post, pair, name, by_mta, login, is_signed):
    sender = f"{name}.boss@example.com"
    to, base = pair(sender)
    message = send(world, post, sender, to, login=login)
    opened = people.open_smime(post.box(to).one(), base)
    assert (b"smime-type=signed-data" in opened) == is_signed and (opened == people.entity_of(message)) != is_signed
    copy = post.copies(to)[0]
    assert bool(copy["signed_by"]) == is_signed and ("the client has not authenticated" in copy["reason"]) != is_signed


def test_rules_can_ask_whether_the_sender_authenticated(world, post, name):
    """MAIL FROM by itself satisfied `sender in <lawyers>`."""
    sender, to = f"{name}@example.com", f"{name}@smime.example"
    people.certify(world, to)
    send(world, post, sender, to, subject="[plain] a")
    send(world, post, sender, to, subject="[plain] b", login="mallory@example.com")
    send(world, post, sender, to, subject="[plain] c", login=sender)
    sandbox.wait_until(lambda: len(post.copies(to)) == 3, "three copies")
    assert [copy["method"] for copy in post.copies(to)] == ["smime", "smime", "plain"]


def test_explain_knows_of_the_login(world, pair, name):
    sender = f"{name}@example.com"
    to, _ = pair(sender)
    asked = ("policy", "explain", "--from", sender, "--to", to)
    assert "not signed: the client has not authenticated" in world.postseal(*asked)
    assert ", signed by " in world.postseal(*asked, "--user", sender)


def test_wrong_line_in_the_file_of_logins_is_an_error_with_its_place(world):
    path = world.directory / "logins"
    good = path.read_text()
    try:
        path.write_text(good + "office\n")
        with pytest.raises(sandbox.Trouble, match=r"logins:4: expected an address or domain after the login office"):
            world.postseal("check")
    finally:
        path.write_text(good)
