"""What becomes of a message that a rule cannot look into, by the setting opaque and by a rule about it: through the real
MTA."""
import json

import documents
import pytest
import world as sandbox
from documents import zipped
from messages import base64_lines, multipart, part

NUMBER = "756.9217.0769.85"
SETTINGS = 'opaque "refuse"'
RULES = """
match sender "rule@example.com" opaque          deliver pickup
match sender "held@example.com" detect ahv      hold "It has a number." for <officers>
match sender "one@example.com" detect ahv       refuse recipient "It has a number."
match sender "names@example.com" attachment name "*.dwg" reject "It has a drawing."
match sender "watch@example.com" detect ahv     watch
match sender "watch@example.com"                deliver plain
match detect ahv                                deliver pickup
otherwise                                       deliver plain
table officers { "zoe@example.com" }
"""
TO = "reader@plain.example"


def prepare(world):
    """Only archives with a password are sent: one password for all."""
    (world.directory / "note.txt").write_text(NUMBER)
    sandbox.command("zip", "-q", "-j", "-P", "x", world.directory / "a.zip", world.directory / "note.txt")


def locked(world):
    return (world.directory / "a.zip").read_bytes()


def reply(post, data, to=(TO,), sender="anna", name='filename="report.zip"', text=b"See the file.\r\n"):
    inner = part(f"Content-Type: application/octet-stream\nContent-Disposition: attachment; {name}\n"
                 "Content-Transfer-Encoding: base64", base64_lines(data))
    body = multipart("b", part("Content-Type: text/plain", text), inner)
    message = post.compose(list(to), body, content=b"multipart/mixed; boundary=b", sender=f"{sender}@example.com")
    return post.send(message, list(to), sender=f"{sender}@example.com")


def setting(world, post, value, answers):
    """Another value of the setting, and how messages are answered then."""
    world.config.write_text(world.config.read_text().replace(SETTINGS, f'opaque "{value}"'))
    world.read_rules_again()
    assert reply(post, locked(world))[0] in answers


@pytest.fixture
def original(world, post):
    before = world.config.read_text()
    yield
    world.config.write_text(before)
    world.read_rules_again()
    assert reply(post, locked(world))[0] == 550


@pytest.mark.parametrize("name, shown", [
    ('filename="report.zip"', '"report.zip"'),
    ("filename*=UTF-8''Unf%C3%A4lle%2050%25.zip", '"Unfalle 50%.zip"'),
    ('filename="4556737586899855.zip"', '"4556************.zip"'),
    ('filename="' + "x" * 500 + '.zip"', '"xxxxxxxxxxxxx'),
], ids=["plain", "not ASCII", "a number", "long"])
def test_refusal_did_not_name_the_attachment(world, post, name, shown):
    """The sender of ten files was told that one of them cannot be inspected."""
    code, text = reply(post, locked(world), name=name)
    assert code == 550 and "The message cannot be inspected, which your organisation's rules require: the part " in text
    assert "is encrypted. Nothing was sent to anyone." in text
    assert shown in text


def test_refusal_says_which_of_many_attachments_and_why(post, world):
    """Also where the reader found it, and where it is within another file."""
    inner = zipped({"folder/inner.zip": locked(world)})
    code, text = reply(post, inner, name='filename="outer.zip"')
    assert code == 550 and '"outer.zip" holds a file that is encrypted' in text
    macros = documents.repacked(documents.docx_paragraph("x"), **{"word/vbaProject.bin": documents.cfb({"dir": bytes(4096)})})
    code, text = reply(post, macros, name='filename="macros.docm"')
    assert code == 550 and '"macros.docm" has macros' in text
    code, text = reply(post, documents.office_encrypted(documents.docx_paragraph("x")), name='filename="secret.docx"')
    assert code == 550 and '"secret.docx" ' in text


def test_refusal_is_on_record_with_its_rule(post, world, name):
    to = f"{name}@plain.example"
    assert reply(post, locked(world), to=(to,))[0] == 550
    [[reason, rule, method]] = world.postgres.query(f"select reason, rule, coalesce(method, '') from postseal.log where recipient = '{to}'")
    assert "the part “report.zip” is encrypted" in reason and rule == "match detect ahv deliver pickup" and method in ("", "reject")


def test_whole_message_is_refused_for_what_one_rule_cannot_see(post, world, name):
    """Whatever the rule would have done: hold, refuse one recipient, seal."""
    for sender in ("anna", "held", "one"):
        code, text = reply(post, locked(world), to=(f"{name}@plain.example", f"{name}@pickup.example"), sender=sender)
        assert code == 550 and '"report.zip" is encrypted' in text, sender
    assert world.postgres.query("select count(*) from postseal.approval") == [["0"]]


def test_what_was_found_elsewhere_decides_though_something_is_opaque(post, world, name):
    to = f"{name}@pickup.example"
    assert reply(post, locked(world), to=(to,), text=f"See {NUMBER}.\r\n".encode())[0] == 250
    assert post.copies(to)[0]["method"] == "pickup"


def test_rule_about_opaque_comes_first(post, world, name):
    to = f"{name}@pickup.example"
    assert reply(post, locked(world), to=(to,), sender="rule")[0] == 250
    assert post.copies(to)[0]["method"] == "pickup"
    assert reply(post, zipped({"a.txt": "x"}), sender="rule")[0] == 250


def test_names_that_are_not_encrypted_and_rules_that_watch_refuse_nothing(post, world):
    assert reply(post, locked(world), sender="names")[0] == 550  # by the rule behind it, which is about text
    assert '"report.zip" is encrypted' in reply(post, locked(world), sender="names")[1]
    assert reply(post, locked(world), sender="watch")[0] == 250
    rows = world.postgres.query("select rule, unanswered, method from postseal.watched where sender = 'watch@example.com'", "postseal_auditor")
    assert ['match sender "watch@example.com" detect ahv watch', "detect ahv", "plain"] in rows


def test_explain_names_the_attachment_as_well(post, world):
    (world.directory / "m.eml").write_bytes(
        b"From: <anna@example.com>\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/zip; name=plan.zip\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64_lines(locked(world)))
    rows = json.loads(world.postseal("policy", "explain", "--json", "--from", "anna@example.com", "--to", TO, world.directory / "m.eml"))
    assert "the part “plan.zip” is encrypted" in json.dumps(rows, ensure_ascii=False)


def test_setting_wait_defers_and_pass_lets_the_next_rule_decide(post, world, original):
    """"wait" is the default: test_content.py."""
    setting(world, post, "wait", range(400, 500))
    assert "`detect ahv` cannot be answered, because the part “report.zip” is encrypted (a rule `match opaque`" in world.log("postseal-milter")
    world.config.write_text(world.config.read_text().replace('opaque "wait"', SETTINGS))
    setting(world, post, "pass", (250,))
