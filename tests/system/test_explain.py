"""postseal policy explain and policy test about messages that are only thought of, beside what the milter decides about the
same messages: who authenticated, from where, at which local time, with what in it."""
import datetime
import itertools
import json
import os
import smtplib
import subprocess
import time
import zoneinfo

import pytest

import world as sandbox
from test_clock import LIBRARY

ZONE = zoneinfo.ZoneInfo("Europe/Zurich")
SETTINGS = """
networks { "10.0.0.0/8" "192.168.7.0/25" "2001:db8:1::/48" }
table branch networks { "10.1.0.0/16" "2001:db8:1:2::/64" }
"""
RULES = """
rule "office"   match sender "clock@example.com" time "Mon-Fri 08:00-18:00"  deliver plain
rule "skipped"  match sender "clock@example.com" time "Sun 02:00-03:00"      deliver plain
rule "weekend"  match sender "clock@example.com" time "Sat,Sun"              deliver plain
rule "overnight" match sender "clock@example.com" time "Mon-Thu 22:00-06:00" deliver plain
rule "midnight" match sender "clock@example.com" time "23:30-24:00"          deliver plain
rule "any time" match sender "clock@example.com"                             deliver plain
rule "branch, known" match client in <branch> authenticated                  deliver plain
rule "branch"   match client in <branch>                                     deliver plain
rule "known"    match authenticated                                          deliver plain
rule "inside"   match client in networks                                     deliver plain
rule "words"    match subject tag "[secure]" or text regex "AHV 756" or attachment name "*.key"  deliver plain
rule "rest"     otherwise deliver plain
"""


def prepare(world):
    sandbox.command("postconf", "-c", world.company.config, "smtpd_authorized_xclient_hosts=127.0.0.0/8", "inet_protocols=all")
    sandbox.command("postfix", "-c", world.company.config, "reload")


def explain(world, *words, message=None, zone="Europe/Zurich"):
    """The rules that explain says decide, by recipient."""
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "policy", "explain", "--json", *words, *([] if message is None else ["-"])],
                          input=message, capture_output=True, env={**os.environ, "TZ": zone})
    assert done.returncode == 0, done.stderr
    return {copy["recipient"]: copy["name"] for copy in json.loads(done.stdout)}


def expected(world, tmp_path, lines, zone="Europe/Zurich"):
    """The same by a file of expectations."""
    (tmp_path / "rules.expect").write_text("".join(line + "\n" for line in lines))
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "policy", "test", tmp_path / "rules.expect"],
                          capture_output=True, text=True, env={**os.environ, "TZ": zone})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def decided(world, address):
    """The rule that decided, as the milter put it on record."""
    return world.postgres.query(f"select rule_name from postseal.log where recipient = '{address}'")[-1][0]


def submit(world, sender, to, message, user=None, client=None):
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        said = [f"ADDR=IPV6:{client}" if ":" in client else f"ADDR={client}"] if client else []
        said += [f"LOGIN={user}"] if user else []
        if said:
            code, text = smtp.docmd("XCLIENT", " ".join(said))
            assert code == 220, text
            smtp.ehlo()
        assert smtp.sendmail(sender, to, message) == {}


# --- from where, and who ---

CLIENTS = {None: "rest", "10.1.2.3": "branch", "10.0.255.255": "inside", "10.2.0.0": "inside", "192.168.7.127": "inside",
           "2001:db8:1:2::7": "branch", "2001:db8:1:3::7": "inside"}


@pytest.mark.parametrize("client", CLIENTS, ids=str)
@pytest.mark.parametrize("user", [None, "own", "somebody@example.com"], ids=str)
def test_who_sends_from_where_is_decided_as_explained(world, post, name, tmp_path, client, user):
    """A login that may not send as this sender is no `authenticated`."""
    sender, to = f"{name}@example.com", f"{name}@plain.example"
    user = sender if user == "own" else user
    rule = CLIENTS[client]
    if user == sender:
        rule = {"branch": "branch, known"}.get(rule, "known")
    message = post.compose([to], sender=sender)
    submit(world, sender, [to], message, user, client)
    words = [*(("--user", user) if user else ()), *(("--client", client) if client else ())]
    assert explain(world, "--from", sender, "--to", to, *words, message=message) == {to: rule}
    assert decided(world, to) == rule
    expected(world, tmp_path, [f'from "{sender}" to "{to}"' + (f' user "{user}"' if user else "") + (f' client "{client}"' if client else "")
                               + f' gives only plain by "{rule}"'])


def test_former_name_of_the_option_still_works(world, name):
    asked = ("--from", f"{name}@example.com", "--to", f"{name}@plain.example")
    assert list(explain(world, *asked, "--login", f"{name}@example.com").values()) == ["known"]


@pytest.mark.parametrize("client", ["10.1.2", "10.1.2.3/16", "branch.example.com", "10.1.2.3 ", "", "2001:db8::1%eth0"])
def test_client_that_is_no_address_is_said(world, client):
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "policy", "explain", "--from", "a@example.com", "--to", "b@plain.example",
                           "--client", client], capture_output=True, text=True)
    assert done.returncode == 1 and f'reading the client "{client}": it is not an address such as' in done.stderr


# --- what is in the message ---

def parts(*each):
    body = "".join(f"--b\r\n{part}\r\n" for part in each) + "--b--\r\n"
    return body.encode(), b'multipart/mixed; boundary="b"'


CONTENT = {
    "tag": ({"subject": "[secure] Hello"}, "words"), "no tag": ({"subject": "secure Hello"}, "rest"),
    "text": ({"body": b"Your AHV 756.1\r\n"}, "words"), "no text": ({"body": b"Your AHV 75.61\r\n"}, "rest"),
    "attachment": (dict(zip(("body", "content"), parts("Content-Type: text/plain\r\n\r\nHi.",
                                                       'Content-Type: application/octet-stream; name="a.KEY"\r\n\r\nx'))), "words"),
    "no attachment": (dict(zip(("body", "content"), parts("Content-Type: text/plain\r\n\r\nHi.", "Content-Type: text/plain\r\n\r\na.key"))), "rest"),
}


@pytest.mark.parametrize("case", CONTENT)
def test_what_is_in_a_message_is_decided_as_explained(world, post, name, tmp_path, case):
    options, rule = CONTENT[case]
    sender, to = f"{name}@example.com", f"{name}@plain.example"
    message = post.compose([to], sender=sender, **options)
    submit(world, sender, [to], message)
    (tmp_path / "mail.eml").write_bytes(message)
    assert explain(world, "--from", sender, "--to", to, message=message) == {to: rule} == {to: decided(world, to)}
    assert explain(world, "--from", sender, "--to", to, str(tmp_path / "mail.eml")) == {to: rule}
    # With a bare line feed at the end of each line, as an editor writes it, it is the same message.
    assert explain(world, "--from", sender, "--to", to, message=message.replace(b"\r\n", b"\n")) == {to: rule}
    expected(world, tmp_path, [f'from "{sender}" to "{to}" file "mail.eml" gives plain by "{rule}"'])


def test_message_that_is_not_there_is_said(world, tmp_path):
    done = subprocess.run([world.bin / "postseal", "-f", world.config, "policy", "explain", "--from", "a@example.com", "--to", "b@plain.example",
                           tmp_path / "none.eml"], capture_output=True, text=True)
    assert done.returncode == 1 and "none.eml: No such file or directory" in done.stderr


# --- when ---

# Local time, how many seconds after that the milter is asked, and the rule. The clocks went forward on 29 March 2026 at 02:00, and
# back on 25 October at 03:00. 27 November is a Friday.
TIMES = [
    ("2026-11-27 07:59", 30, "any time"), ("2026-11-27 08:00", 0, "office"), ("2026-11-27 17:59", 30, "office"), ("2026-11-27 18:00", 0, "any time"),
    ("2026-11-28 08:00", 0, "weekend"), ("2026-11-28 00:00", 0, "weekend"), ("2026-11-27 23:59", 30, "midnight"), ("2026-11-29 23:59", 30, "weekend"),
    ("2026-11-30 00:00", 0, "any time"), ("2026-11-30 05:59", 30, "any time"), ("2026-12-01 05:59", 30, "overnight"), ("2026-12-01 06:00", 0, "any time"),
    ("2026-11-26 21:59", 30, "any time"), ("2026-11-26 22:00", 0, "overnight"), ("2026-11-27 05:59", 30, "overnight"), ("2026-11-27 22:00", 0, "any time"),
    ("2026-11-29 02:00", 0, "skipped"), ("2026-11-29 02:59", 30, "skipped"), ("2026-11-29 03:00", 0, "weekend"),
    ("2026-03-29 01:59", 30, "weekend"), ("2026-03-29 03:00", 0, "weekend"), ("2026-10-25 02:30", 0, "skipped"), ("2026-10-25 03:00", 0, "weekend"),
    ("2026-07-03 08:00", 0, "office"), ("2026-07-03 17:59", 30, "office"), ("2026-07-03 18:00", 0, "any time"),
]


@pytest.fixture(scope="module")
def clock(world):
    """Sets the milter's clock, to seconds since 1970."""
    file = world.directory / "clock"
    file.write_text("+0\n")
    world.stop_program("postseal-milter")
    world.start_program("postseal-milter", environment={
        "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1", "TZ": "Europe/Zurich"})
    yield lambda at: file.write_text(f"{at - time.time():+.3f}\n")
    world.stop_program("postseal-milter")
    world.start_program("postseal-milter")


def explained_at(world, to, at, zone="Europe/Zurich"):
    return explain(world, "--from", "clock@example.com", "--to", to, "--time", at, zone=zone)[to]


@pytest.mark.parametrize("at,after,rule", TIMES, ids=[at for at, *_ in TIMES])
def test_time_is_decided_as_explained(world, post, name, clock, tmp_path, at, after, rule):
    to = f"{name}@plain.example"
    moment = datetime.datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE).timestamp()
    clock(moment + after)
    submit(world, "clock@example.com", [to], post.compose([to], sender="clock@example.com"))
    assert decided(world, to) == rule == explained_at(world, to, at)
    expected(world, tmp_path, [f'from "clock@example.com" to "{to}" time "{at}" gives plain by "{rule}"'])


def test_both_hours_between_two_and_three_are_the_same_to_a_rule(world, post, name, clock):
    """When the clocks go back, the hour is there twice: the milter decides by what the clock on the wall shows."""
    first = int(datetime.datetime(2026, 10, 25, 0, 30, tzinfo=datetime.timezone.utc).timestamp())  # 02:30 in summer time
    for number, moment in enumerate((first, first + 3600, first + 7200)):
        to = f"{name}.{number}@plain.example"
        clock(moment)
        submit(world, "clock@example.com", [to], post.compose([to], sender="clock@example.com"))
        assert decided(world, to) == ("skipped" if number < 2 else "weekend")


def test_time_that_the_clocks_leave_out_is_no_time(world, name, tmp_path):
    """It was taken for another one, an hour later."""
    asked = [world.bin / "postseal", "-f", world.config, "policy", "explain", "--from", "clock@example.com", "--to", f"{name}@plain.example"]
    for at, zone, good in (("2026-03-29 02:30", "Europe/Zurich", False), ("2026-03-29 02:30", "UTC", True), ("2026-03-29 01:59", "Europe/Zurich", True),
                           ("2026-03-29 03:00", "Europe/Zurich", True)):
        done = subprocess.run([*asked, "--time", at], capture_output=True, text=True, env={**os.environ, "TZ": zone})
        assert (done.returncode == 0) == good, done
        assert good or "the clocks go forward then, and leave it out" in done.stderr


def test_zone_is_that_of_the_machine_or_the_environment(world, name, tmp_path):
    """The same moment is another time of the week elsewhere; a time that is given is local everywhere."""
    to = f"{name}@plain.example"
    for zone, at in itertools.product(("Europe/Zurich", "UTC", "Asia/Kolkata", "America/St_Johns"), ("2026-11-27 08:00", "2026-11-27 17:59")):
        assert explained_at(world, to, at, zone) == "office"
        expected(world, tmp_path, [f'from "clock@example.com" to "{to}" time "{at}" gives plain by "office"'], zone)
