"""What rules say beside what is in a message: names, rules that only watch, files that are included,
clients and times."""
import json
import re
import smtplib
import subprocess
import urllib.request

import people
import pytest
import world as sandbox
from person import Person

RULES = """
rule "trial" match size over 1 B not recipient in domains watch
include "*.rules"
match sender "local@example.com" client in <here> reject "From this machine."
rule "secrets"
      match (subject tag "[secure]" or header "Sensitivity" "private") recipient domain "pickup.example"
      deliver pickup
match header "X-Cipher" "cbc" recipient domain "smime.example" deliver smime cipher aes-256-cbc
match header "X-Cipher" "gcm" recipient domain "smime.example" deliver smime cipher aes-256-gcm
match header "X-Cipher" "any" recipient domain "smime.example" deliver smime
rule "class a" match header "X-Ask" "class" recipient domain "smime.example"
      deliver plain add header "X-Classification" "Vertraulich – Stufe 2" add header "X-Rule" "a"
rule "class b" match header "X-Ask" "class" recipient domain "pgp.example"
      deliver plain add header "X-Classification" "public"
rule "class c" match header "X-Ask" "class" recipient domain "pickup.example"
      deliver pickup add header "X-Classification" "parked"
rule "class d" match header "X-Ask" "sealed"
      deliver smime, pgp hide subject add header "X-Classification" "Vertraulich – Stufe 2" add header "X-Rule" "d"
rule "class e" match header "X-Ask" "open" deliver smime, pgp add header "X-Classification" "Vertraulich – Stufe 2"
rule "not there" match recipient domain "rival.example" refuse recipient "Mail to this company is not allowed."
rule "rest" otherwise deliver plain
"""


SETTINGS = 'table here networks { "127.0.0.0/8" }'


def prepare(world):
    (world.directory / "office.rules").write_text("""# Office hours.
rule "night" match sender "night@example.com" time { "Mon-Fri 18:00-08:00" "Sat,Sun" } reject "At night."
""")


def figures(world):
    text = urllib.request.urlopen(f"http://127.0.0.1:{world.ports['milter_metrics']}/metrics").read().decode()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")}


def counted(world, rule, effect):
    return figures(world)[f'postseal_rules_matched_total{{rule="{rule}",effect="{effect}"}}']


def test_names_of_rules_are_on_record(world, post, name):
    to = [f"{name}@pickup.example", f"{name}@plain.example"]
    before = counted(world, "secrets", "decided"), counted(world, "trial", "watched"), counted(world, "rest", "decided")
    post.accepted(post.compose(to, fields=["Sensitivity: Private"]), to)
    after = counted(world, "secrets", "decided"), counted(world, "trial", "watched"), counted(world, "rest", "decided")
    assert [b - a for a, b in zip(before, after)] == [1, 2, 1]
    rows = world.postgres.query(f"select recipient, rule_name, rule, method from postseal.log where recipient like '{name}@%' order by 1")
    assert [(row[1], row[3]) for row in rows] == [("secrets", "pickup"), ("rest", "plain")]
    assert rows[1][2] == "otherwise deliver plain"
    # By month, method and rule name, and nothing is counted twice.
    months = world.postgres.query("select rule_name, method, sum(copies), bool_and(month = date_trunc('month', now())) from postseal.by_month"
                                  " where rule_name in ('secrets', 'rest') group by 1, 2 order by 1, 2", "postseal_auditor")
    counts = world.postgres.query("select rule_name, coalesce(method, 'refused'), count(*), true from postseal.copy"
                                  " where rule_name in ('secrets', 'rest') group by 1, 2 order by 1, 2")
    assert months == counts and ["secrets", "pickup"] in [row[:2] for row in months]
    one, = world.postgres.query("select sum(copies) from postseal.by_month where rule_name = 'secrets' and method = 'pickup'")[0]
    post.accepted(post.compose(to, fields=["Sensitivity: Private"]), to)
    assert world.postgres.query("select sum(copies) from postseal.by_month where rule_name = 'secrets' and method = 'pickup'") \
        == [[str(int(one) + 1)]]


def test_rules_that_watch_are_on_record_only(world, post, name):
    to = [f"{name}@plain.example", f"{name}@example.com"]
    post.accepted(post.compose(to), to)
    rows = world.postgres.query(f"select rule_name, rule, unanswered, method, recipient from postseal.watched where recipient like '{name}@%'")
    assert rows == [["trial", "match size over 1 B not recipient in domains watch", "", "plain", f"{name}@plain.example"]]


def test_rule_that_watches_and_cannot_see_lets_mail_through(world, post, name):
    """With the setting opaque "wait", a rule that decides would make the message wait."""
    to = [f"{name}@plain.example"]
    original = world.config.read_text()
    world.config.write_text(original.replace('rule "trial"', 'rule "words" match text regex "secret" watch\nrule "trial"'))
    try:
        content = b"multipart/mixed; boundary=b\r\nContent-Type: text/plain"
        message = post.compose(to, b"--b\r\n\r\nx\r\n--b--\r\n", content=content)
        (world.directory / "m.eml").write_bytes(message)
        answer = json.loads(world.postseal("policy", "explain", "--json", "--from", "anna@example.com", "--to", to[0],
                                           world.directory / "m.eml"))
    finally:
        world.config.write_text(original)
    steps = {step.get("name"): step for step in answer[0]["trace"]["rules"]}
    assert steps["words"]["watched"] and steps["words"]["unanswered"] == 'text regex "secret"'
    assert answer[0]["name"] == "rest" and answer[0]["method"] == "plain"


def test_explain_names_rules(world, name):
    shown = world.postseal("policy", "explain", "--from", "anna@example.com", "--to", f"{name}@plain.example")
    assert '"trial": match size over 1 B' in shown and "matches: this rule only watches" in shown
    assert '"rest": otherwise deliver plain' in shown and "matches: this rule decides" in shown


def test_rules_of_an_included_file_decide(world, name):
    """--client and --time tell explain what is not in the message."""
    def explain(*words):
        return world.postseal("policy", "explain", "--from", "night@example.com", "--to", f"{name}@plain.example", *words)

    friday = explain("--time", "2026-11-27 20:00")
    assert f'line 2    of {world.directory}/office.rules: "night": match sender' in friday and "=> refused: At night." in friday
    assert "=> plain" in explain("--time", "2026-11-27 12:00")
    wrong = subprocess.run([world.bin / "postseal", "-f", world.config, "policy", "explain", "--from", "a@example.com", "--to",
                            "b@plain.example", "--time", "2026-02-30 10:00"], capture_output=True, text=True)
    assert wrong.returncode == 1 and "it is not a time such as 2026-11-27 08:30" in wrong.stderr


def test_client_is_where_the_message_came_from(world, post, name):
    to = [f"{name}@plain.example"]
    code, text = post.send(post.compose(to, sender="local@example.com"), to, sender="local@example.com")
    assert code == 550 and "From this machine." in text
    rows = world.postgres.query(f"select rule, rule_file from postseal.log where recipient = '{to[0]}'")
    assert rows == [['match sender "local@example.com" client in <here> reject "From this machine."', ""]]
    shown = world.postseal("policy", "explain", "--from", "local@example.com", "--to", *to, "--client", "192.0.2.1")
    assert "=> plain" in shown


def test_included_file_is_read_again(world, post, name):
    """As of SIGHUP; one that is wrong leaves the rules as they were."""
    to, path = [f"{name}@plain.example"], world.directory / "more.rules"
    message = post.compose(to)

    try:
        path.write_text(f'rule "more" match recipient "{to[0]}" reject "More."\n')
        world.read_rules_again()
        assert "More." in post.send(message, to)[1]
        path.write_text("match nonsense\n")
        with pytest.raises(sandbox.Trouble, match="reloading"):
            world.read_rules_again()
        assert f"{path}:1:7: found nonsense" in world.log("postseal-milter")
        assert "More." in post.send(message, to)[1]
        failed = subprocess.run([world.bin / "postseal", "-f", world.config, "check"], capture_output=True, text=True)
        assert f"{path}:1:7: found nonsense" in failed.stdout + failed.stderr
    finally:
        path.unlink()
    world.read_rules_again()
    assert post.send(post.compose(to), to)[0] == 250


def test_rule_adds_header_fields_that_nobody_else_can_write(world, post, name):
    """In place, from the outbox and in a parcel: each copy has the fields of its own rule."""
    to = [f"{name}@{domain}.example" for domain in ("smime", "pgp", "pickup", "plain")]
    post.accepted(post.compose(to, fields=["X-Ask: class", "X-Classification: forged", "x-classification: forged again"]), to)
    a, b, plain = (post.box(address).one() for address in (to[0], to[1], to[3]))
    assert a.fields("X-Classification") == ["Vertraulich – Stufe 2"] and a.fields("X-Rule") == ["a"]
    assert b"\nX-Classification: Vertraulich =?" in a.raw and a.header.isascii()
    assert b.fields("X-Classification") == ["public"] and b.fields("X-Rule") == []
    assert plain.fields("X-Classification") == ["forged", "forged again"]
    assert a.body == b.body == plain.body
    reader = Person(world, post, to[2])
    page = reader.unlock()
    original = people.Received(reader.browser.get(f"/source/{page.path.rpartition('/')[2]}").body.replace(b"\r\n", b"\n"))
    assert original.fields("X-Classification") == ["parked"]


@pytest.mark.parametrize("kind", ["smime", "pgp"])
@pytest.mark.parametrize("asked", ["sealed", "open"])
def test_field_that_a_rule_adds_was_forged_within_what_is_sealed(world, post, name, kind, asked):
    """With `hide subject` mail clients show what is inside, and that was what the sender wrote."""
    to, mine = f"{name}@{kind}.example", "Vertraulich – Stufe 2"
    key = people.certify(world, to).with_suffix("") if kind == "smime" else people.make_pgp(world, to)
    message = post.compose([to], subject="Secret plans", fields=[
        f"X-Ask: {asked}", "X-Classification: forged", "x-classification: forged again", "X-Other: stays"])
    post.accepted(message, [to])
    mail = post.box(to).one()
    inside = people.open_smime(mail, key) if kind == "smime" else people.open_pgp(mail, key)
    assert mail.fields("X-Classification") == [mine] and mail.fields("X-Other") == ["stays"] and b"forged" not in mail.raw
    if asked == "open":
        assert mail["Subject"] == "Secret plans" and inside == people.entity_of(message)
    else:
        within = people.Received(inside.replace(b"\r\n", b"\n"))
        assert within.fields("X-Classification") == [mine] and within.fields("X-Rule") == mail.fields("X-Rule") == ["d"]
        assert within["Subject"] == "Secret plans" and mail["Subject"] == "[...]" and b"forged" not in inside
        # RFC 9788: what is said to be outside is there, letter by letter.
        outer = re.findall(rb"\r\nHP-Outer: (X-.*)\r\n", inside)
        assert [line.partition(b":")[0] for line in outer] == [b"X-Ask", b"X-Other", b"X-Classification", b"X-Rule"]
        assert all(b"\n%s\n" % line in mail.raw for line in outer)
    if kind == "pgp":
        key.end()


def bounces(post, address):
    return [mail for mail in (people.Received(file.read_bytes()) for file in post.box(post.sender).files())
            if "could not be delivered" in str(mail["Subject"]) and f"<{address}>" in mail.text()]


def test_refused_recipient_is_told_in_a_bounce_and_the_others_get_the_message(world, post, name):
    to = [f"{name}@rival.example", f"{name}@plain.example", f"{name}@pickup.example"]
    message = post.compose(to, fields=["Sensitivity: Private"])
    post.accepted(message, to)
    assert post.box(to[1]).one()
    (bounce,) = sandbox.wait_until(lambda: bounces(post, to[0]), "the bounce")
    assert "Mail to this company is not allowed." in bounce.text() and "Nobody else is affected." in bounce.text()
    report = next(part for part in bounce.parsed.walk() if part.get_content_type() == "message/delivery-status").as_string()
    assert f"Final-Recipient: rfc822; {to[0]}" in report and "Status: 5.7.1" in report and to[1] not in report
    rows = world.postgres.query(f"select recipient, coalesce(method, ''), state, rule_name, reason from postseal.log where recipient like '{name}@%' order by 1")
    assert [[row[1], row[2] == "refused", row[3]] for row in rows] == [
        ["pickup", False, "secrets"], ["plain", False, "rest"], ["", True, "not there"]], rows
    assert rows[2][4] == "Mail to this company is not allowed."
    sandbox.wait_until(world.nothing_waits, "the courier")
    assert post.box(to[0]).files() == []


def test_only_recipient_that_is_refused_is_told_at_once(world, post, name):
    to = [f"{name}@rival.example", f"{name}2@rival.example"]
    code, text = post.send(post.compose(to), to)
    assert code == 550 and f"<{to[0]}>: Mail to this company is not allowed. <{to[1]}>: Mail" in text
    sandbox.wait_until(world.nothing_waits, "the courier")
    assert bounces(post, to[0]) == [] and post.box(to[0]).files() == []


def test_refused_recipient_who_wants_no_bounce_gets_none(world, post, name):
    to = [f"{name}@rival.example", f"{name}@plain.example"]
    with smtplib.SMTP("127.0.0.1", post.port) as client:
        client.ehlo()
        client.mail(post.sender)
        client.rcpt(to[0], ["NOTIFY=NEVER"])
        client.rcpt(to[1])
        assert client.data(post.compose(to))[0] == 250
    assert post.box(to[1]).one()
    sandbox.wait_until(world.nothing_waits, "the courier")
    assert bounces(post, to[0]) == []


def test_refused_recipient_is_explained_and_expected(world, name):
    to = f"{name}@rival.example"
    shown = world.postseal("policy", "explain", "--from", "anna@example.com", "--to", to, "--to", f"{name}@plain.example")
    assert "=> refused: Mail to this company is not allowed." in shown and "the whole message" not in shown
    file = world.directory / "expected"
    file.write_text(f'from "anna@example.com" to "{to}" gives refuse by "not there"\n')
    world.postseal("policy", "test", file)


@pytest.mark.parametrize("announces", [(), ("--capability", "gcm")], ids=["says nothing", "announces GCM"])
@pytest.mark.parametrize("asked, kind", [("cbc", "enveloped-data"), ("gcm", "authEnveloped-data"), ("any", None)])
def test_rule_chooses_the_cipher(world, post, name, announces, asked, kind):
    to = f"{name}@smime.example"
    base = people.certify(world, to, options=announces).with_suffix("")
    message = post.compose([to], fields=[f"X-Cipher: {asked}"])
    post.accepted(message, [to])
    mail = post.box(to).one()
    expected = kind or ("authEnveloped-data" if announces else "enveloped-data")
    assert mail.parsed.get_param("smime-type") == expected
    assert people.open_smime(mail, base) == people.entity_of(message)
    assert ("as the rule asks" in post.copies(to)[0]["reason"]) == (kind is not None)
