"""Rules that ask a directory: slapd as Debian ships it, over TLS, by the real finder."""
import re
import socket
import subprocess

import pytest

import world as sandbox
from directory_server import ber, message
from slapd import SUFFIX, DirectoryServer, person

GROUP = f"cn=lawyers,ou=groups,{SUFFIX}"
RULES = """
table lawyers  directory staff filter "(&(|(mail=%s)(proxyAddresses=smtp:%s))(memberOf={group}))" lifetime 2 seconds
table left     directory staff filter "(&(mail=%s)(employeeType=left))" lifetime 1 hour
table partners directory staff filter "(&(objectClass=organization)(description=%s))"

rule "ask nobody" match header "X-Ask" "not" deliver plain
rule "left"       match sender in <left> reject "You have left."
rule "to lawyers" match recipient in <lawyers> reject "To a lawyer."
rule "lawyers"    match sender in <lawyers> deliver plain
rule "partners"   match recipient domain in <partners> reject "To a partner."
rule "rest"       otherwise reject "Nobody known."
""".replace("{group}", GROUP)
LAWYER = f"memberOf: {GROUP}\n"


class World(sandbox.World):
    def make_certificates(self):
        super().make_certificates()
        certificate = self.authority.issue("directory", "/CN=localhost", "subjectAltName=IP:127.0.0.1")
        self.server = DirectoryServer(self.directory / "slapd", certificate)
        self.elsewhere = socket.create_server(("127.0.0.1", 0))
        self.server.start(
            person("Law", "law@example.com", LAWYER + "proxyAddresses: smtp:law.alias@example.com\n")
            + person("Other", "other@example.com") + person("Gone", "gone@example.com", LAWYER + "employeeType: left\n")
            + person("Outside", "outside@plain.example", LAWYER)
            + person("Twin", "twin@example.com", LAWYER) + person("Twin 2", "twin@example.com", LAWYER)
            + "".join(person(f"Many {n}", "many@example.com", LAWYER) for n in range(150))
            + person("Star", "aXb@example.com", LAWYER)
            + f"dn: ou=elsewhere,{SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n"
              f"ref: ldap://127.0.0.1:{self.elsewhere.getsockname()[1]}/ou=elsewhere,{SUFFIX}\n\n"
            + f"dn: o=Partner,{SUFFIX}\nobjectClass: organization\no: Partner\ndescription: partner.example\n\n")

    def write_config(self, rules, settings=""):
        super().write_config(rules, settings + f"""
directory staff url "ldaps://127.0.0.1:{self.server.tls}" base "{SUFFIX}" authorities "{self.directory}/keys/authority.pem"
                domains {{ "nobody.example" }} filter "(uid=%s)"
""")

    def stop(self):
        super().stop()
        if hasattr(self, "server"):
            self.server.stop()


WORLD = World


def said(post, sender, to, *fields):
    """The rule that decided, by what was answered."""
    code, text = post.send(post.compose([to], sender=sender, fields=fields), [to], sender=sender)
    return "delivered" if code == 250 else text


def asked(world):
    """How often the directory was searched."""
    return len(re.findall(r"SRCH base=", world.server.log()))


@pytest.mark.parametrize("sender, rule", [
    ("law@example.com", "delivered"), ("LAW@Example.com", "delivered"), ("law.alias@example.com", "delivered"),
    ("twin@example.com", "delivered"),      # two entries
    ("many@example.com", "delivered"),      # more than the server returns
    ("other@example.com", "Nobody known."), ("stranger@example.com", "Nobody known."),
    ("a*b@example.com", "Nobody known."),   # no wildcard
    ("a\\2ab@example.com", None),           # nor its escape
    ("gone@example.com", "You have left."),
])
def test_members_of_a_group(world, post, sender, rule):
    if rule is None:
        with pytest.raises(AssertionError, match="5[05][0-9]|503|501"):
            said(post, sender, "joe@plain.example")
    else:
        assert rule in said(post, sender, "joe@plain.example")


def test_recipients_and_domains(world, post):
    assert "To a lawyer." in said(post, "other@example.com", "outside@plain.example")
    assert "To a partner." in said(post, "other@example.com", "tom@partner.example")
    assert "Nobody known." in said(post, "other@example.com", "tom@smime.example")


def test_reference_to_another_server_is_not_followed(world, post, name):
    """It is in each answer: who is only there counts as missing, and nobody is asked there."""
    assert "Nobody known." in said(post, f"{name}@example.com", "joe@plain.example")
    assert said(post, "law@example.com", "joe@plain.example") == "delivered"
    with socket.create_connection(("127.0.0.1", world.server.plain)) as client:
        # Everything below the base, RFC 4511 4.5.1; the reference is in the answer (4.5.3).
        asked = ber(4, SUFFIX.encode()) + ber(10, b"\2") + ber(10, b"\0") + ber(2, b"\0") * 2 + ber(1, b"\0") + ber(0x87, b"nobody") + ber(0x30, b"")
        client.sendall(message(1, ber(0x63, asked)))
        client.settimeout(20)
        assert f"ldap://127.0.0.1:{world.elsewhere.getsockname()[1]}/".encode() in client.recv(4096)
    world.elsewhere.setblocking(False)
    with pytest.raises(BlockingIOError):
        world.elsewhere.accept()


def test_explain_says_what_the_directory_said(world, post, tmp_path):
    mail = tmp_path / "mail.eml"
    mail.write_bytes(post.compose(["joe@plain.example"], sender="law@example.com"))
    answer = world.postseal("policy", "explain", "--from", "law@example.com", "--to", "joe@plain.example", mail)
    assert 'lawyers' in answer and "plain" in answer, answer


def test_answers_are_remembered_for_their_lifetime(world, post, name):
    """And then asked for again: who was made a lawyer is one within the lifetime."""
    sender = f"{name}@example.com"
    assert "Nobody known." in said(post, sender, "joe@plain.example")
    world.server.change(person(name, sender, LAWYER).replace("objectClass", "changetype: add\nobjectClass", 1))
    sandbox.wait_until(lambda: said(post, sender, "joe@plain.example") == "delivered", "the directory to be asked again")
    before = asked(world)
    for _ in range(5):  # `left` and `partners` live long
        said(post, "other@example.com", "joe@plain.example")
    assert asked(world) - before <= 2 * 5
    before = len(re.findall("employeeType=left", world.server.log()))
    said(post, "other@example.com", "joe@plain.example")
    assert len(re.findall("employeeType=left", world.server.log())) == before
    world.read_rules_again()
    said(post, "other@example.com", "joe@plain.example")
    sandbox.wait_until(lambda: len(re.findall("employeeType=left", world.server.log())) > before, "it to be asked again after a reload")


WAITS = "This message cannot be secured at the moment. It was not sent; it will be tried again."  # what went wrong is for the admin, in the log


def test_directory_that_is_down_lets_nothing_pass(world, post, name):
    """What depends on it waits, what does not leaves, and `check` says so; the milter starts and reloads without it."""
    sender = f"{name}@example.com"
    world.server.stop()
    try:
        assert WAITS in said(post, sender, "joe@plain.example")
        assert "asking the table <left>: directory staff (ldaps://127.0.0.1:" in world.log("postseal-milter")
        assert said(post, sender, "joe@plain.example", "X-Ask: not") == "delivered"
        world.stop_program("postseal-milter")
        world.start_program("postseal-milter")
        assert said(post, sender, "joe@plain.example", "X-Ask: not") == "delivered"
        done = subprocess.run([str(word) for word in world.among_groups(world.bin / "postseal", "-f", world.config, "check")],
                              capture_output=True, text=True)
        assert "asking the table <lawyers>: directory staff" in done.stdout + done.stderr, done
    finally:
        world.server.serve()
    sandbox.wait_until(lambda: "Nobody known." in said(post, sender, "joe@plain.example"), "the directory to be asked again")


def test_directory_that_is_down_makes_wait_who_was_asked_before(world, post, name):
    """Whatever it said: an answer is worth nothing once its lifetime is over."""
    yes, no = "law@example.com", f"{name}@example.com"
    assert said(post, yes, "joe@plain.example") == "delivered"
    assert "Nobody known." in said(post, no, "joe@plain.example")
    world.server.stop()
    try:
        for sender in (yes, no):
            sandbox.wait_until(lambda: WAITS in said(post, sender, "joe@plain.example"), "the lifetime to be over")
    finally:
        world.server.serve()
    sandbox.wait_until(lambda: said(post, yes, "joe@plain.example") == "delivered", "the directory to be asked again")


def test_finder_that_is_gone_lets_nothing_pass(world, post, name):
    world.stop_program("postseal-finder")
    try:
        assert WAITS in said(post, f"{name}@example.com", "joe@plain.example")
        assert "asking the table <left>: asking postseal-finder" in world.log("postseal-milter")
    finally:
        world.start_program("postseal-finder")
    sandbox.wait_until(lambda: "Nobody known." in said(post, f"{name}@example.com", "joe@plain.example"), "the finder to be asked again")
