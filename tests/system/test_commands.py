"""The admin's command: all of its subcommands work alike, and every action is on record."""
import json
import os
import pty
import re
import shlex
import subprocess

import pytest

import acting
import people
import world as sandbox
from test_install import BUILD, complete

NOBODY = "01a20d7c-90c6-7637-90e1-6481ec755f5a"
LISTED = subprocess.run([BUILD / "bin" / "postseal", "--help"], capture_output=True, text=True, check=True).stdout
COMMANDS = [line.strip().split("  ")[0] for line in LISTED.splitlines() if line.startswith("  ")]
# They are interactive, so they print no rows.
DIALOGUES = {"setup"}


@pytest.fixture
def run(world, tmp_path):
    """Runs the command as an admin does; keeps its output."""

    def run(*words, **options):
        return subprocess.run([world.bin / "postseal", "-f", world.config, *words], capture_output=True, text=True,
                              cwd=tmp_path, timeout=120, **options)

    return run


def rows(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def activity(world, what):
    return world.postgres.query(f"select actor, subject, detail from postseal.activity where what = '{what}' order by id")


# --- each command alike ---

def example(run, command):
    """The words of the example in a command's help, without `postseal`."""
    shown = run(*command.split(), "--help")
    assert shown.returncode == 0 and shown.stderr == ""
    line, = re.findall(r"^example: postseal (.*)$", shown.stdout, re.M)
    assert line.startswith(command)
    return shlex.split(line)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_the_command_understands(run, command):
    """Whether or not what it names exists, the usage is right."""
    words = example(run, command)
    done = run(*words)
    assert done.returncode in (0, 1, 3) and "usage:" not in done.stderr, done.stderr
    assert done.returncode != 0 or not done.stderr
    if command not in DIALOGUES:
        again = run(*words, "--json")
        assert again.returncode == 3 or all(isinstance(row, dict) for row in json.loads(again.stdout or "[]"))


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_usage_is_told_with_status_two(run, command):
    done = run(*command.split(), "--colour", "red")
    assert done.returncode == 2 and done.stdout == "", (done.returncode, done.stderr)
    assert f"usage: postseal {command}" in done.stderr or "--colour" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_command_stands_in_manual_and_completions(command):
    manual = (sandbox.SOURCE / "man" / "postseal.8").read_text()
    assert re.search(rf"^\.It Ic {re.escape(command)}( |$)", manual, re.M)
    words = command.split()
    assert words[-1] in complete("postseal", *words[:-1], words[-1][:2])
    assert ("--json" in complete("postseal", *words, "--")) == (command not in DIALOGUES)


def cell(value):
    """A value in the form in which report.h says text shows it."""
    if value is None or value == "" or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(cell(each) for each in value)
    return str(value)


@pytest.mark.parametrize("words", ["key list", "message list", "account list", "activity list --limit 20", "outbox list",
                                   "activity about sue@smime.example"])
def test_text_and_json_have_the_same_rows(world, post, run, words):
    people.certify(world, "sue@smime.example")
    post.accepted(post.compose(["sue@smime.example"]), ["sue@smime.example"])
    sandbox.wait_until(lambda: post.copies("sue@smime.example")[-1]["state"] == "sent", "nothing more to happen to it")
    text, data = run(*words.split()), rows(run(*words.split(), "--json"))
    lines = text.stdout.splitlines()
    assert len(lines) == len(data) + bool(data), "the first names the columns"
    assert not data or re.split("  +", lines[0]) == [key.replace("_", " ") for key in data[0]]
    for line, row in zip(lines[1:], data):
        assert re.split("  +", line.rstrip()) == [re.sub("  +", "  ", cell(v)) for v in row.values()]


def test_message_is_shown_with_the_same_facts_as_json(world, post, run):
    post.accepted(post.compose(["x@plain.example"]), ["x@plain.example"])
    sandbox.wait_until(lambda: post.copies("x@plain.example")[-1]["state"] == "sent", "nothing more to happen to it")
    message = post.copies("x@plain.example")[-1]["message"]
    shown, (data,) = run("message", "show", message).stdout, rows(run("message", "show", message, "--json"))
    for value in [*(v for k, v in data.items() if k not in ("copies", "history")),
                  *(v for k, v in data["copies"][0].items() if k != "trace")]:
        assert value in (None, []) or cell(value) in shown
    assert [h["what"] for h in data["history"]][0] == "handed"


def test_json_is_right_for_every_character(world, run):
    """Python's json gets back what was put in, and the terminal gets nothing to execute."""
    nasty = "\x1b[2J\x01\"\\\b\f\n\r\t/\x7f\u009b31m\u202e\u2028\U0001f600 M\u00fcller\ufeff\u0000".replace("\0", "")
    world.postgres.query("insert into postseal.activity (actor, what, subject, detail) values ('anna', 'nasty', 'nasty', "
                         + "$nasty$" + nasty + "$nasty$)")
    done = run("activity", "list", "nasty", "--json")
    assert [row["detail"] for row in rows(done)] == [nasty]
    assert all(32 <= ord(c) < 127 or c == "\n" for c in done.stdout)
    text = run("activity", "list", "nasty").stdout
    assert "\\u001b[2J\\u0001" in text and "\U0001f600 M\u00fcller" in text and "\\u202e\\u2028" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)


def test_argument_was_given_to_the_terminal_as_it_was(world, run):
    """A script passes on what a stranger wrote: neither the record nor the terminal is harmed."""
    done = run("key", "delete", b"\xff\xfe\x1b[2J")
    assert done.returncode == 3 and "\\u001b[2J" in done.stderr
    assert activity(world, "command given")[-1][1:] == ["key delete", "\ufffd\ufffd\x1b[2J"]


@pytest.mark.parametrize("words", [["message", "show", NOBODY], ["message", "why", NOBODY], ["message", "recall", NOBODY],
                                   ["key", "show", "00112233"], ["key", "export", "00112233"], ["key", "delete", "00112233"],
                                   ["key", "find", "nobody@smime.example"], ["account", "delete", "nobody@pickup.example"],
                                   ["message", "show", "no-identifier"]], ids=" ".join)
def test_what_is_not_there_is_told_with_status_three(run, words):
    done = run(*words)
    assert done.returncode == 3 and done.stderr.startswith("postseal: ") and len(done.stderr.splitlines()) == 1


def test_database_that_is_away_is_told_with_status_one(world, run, tmp_path):
    config = tmp_path / "away.conf"
    config.write_text(world.config.read_text().replace(world.postgres.url, f"host={tmp_path} dbname=postseal"))
    for words in (["key", "list"], ["key", "delete", "00112233"], ["message", "recall", NOBODY]):
        done = subprocess.run([world.bin / "postseal", "-f", config, *words], capture_output=True, text=True)
        assert done.returncode == 1 and "connecting to the database" in done.stderr


# --- who did what ---

def test_command_that_only_reads_cannot_write(world, run):
    """PostgreSQL itself shows it: a rule that writes on each read makes the command fail."""
    world.postgres.query("create function postseal.spoil() returns text language sql volatile as"
                         " $$ insert into postseal.activity (actor, what, subject) values ('x', 'spoilt', 'x') returning 'x' $$;"
                         "alter view postseal.log rename to log_kept;"
                         "create view postseal.log as select *, postseal.spoil() from postseal.log_kept")
    try:
        done = run("message", "list")
        assert done.returncode == 1 and "read-only transaction" in done.stderr
    finally:
        world.postgres.query("drop view postseal.log; alter view postseal.log_kept rename to log; drop function postseal.spoil()")
    assert activity(world, "spoilt") == []


def test_who_gave_a_command_was_not_on_record(world, run):
    """Promise 6: before it takes effect, with the user behind sudo, and even if nothing came of it."""
    done = run("account", "delete", "nobody@pickup.example", env=acting.environment("anna"))
    assert done.returncode == 3
    actor, subject, detail = activity(world, "command given")[-1]
    assert (actor, subject, detail) == (acting.by_sudo("anna"), "account delete", "nobody@pickup.example")
    before = len(activity(world, "command given"))
    run("key", "list")
    run("message", "list")
    assert len(activity(world, "command given")) == before


def test_recall_does_not_happen_where_it_cannot_be_put_on_record(world, post, run, name):
    """Promise 6."""
    to = f"{name}@pickup.example"
    post.accepted(post.compose([to]), [to])
    message = post.copies(to)[0]["message"]
    world.postgres.query("alter table postseal.activity add constraint full_up check (what <> 'command given') not valid")
    try:
        assert run("message", "recall", message).returncode == 1
        assert post.copies(to)[0]["state"] == "parked"
    finally:
        world.postgres.query("alter table postseal.activity drop constraint full_up")
    done = run("message", "recall", message, "--json", env=acting.environment("anna"))
    assert [row["recipient"] for row in rows(done)] == [to]
    assert post.copies(to)[0]["reason"] == f"by {acting.by_sudo('anna')}, unread"


def test_message_why_says_what_policy_explain_said(post, run):
    post.accepted(post.compose(["x@plain.example"]), ["x@plain.example"])
    message = post.copies("x@plain.example")[-1]["message"]
    said = run("policy", "explain", "--from", post.sender, "--to", "x@plain.example").stdout
    why = run("message", "why", message).stdout
    assert why == said and "matches: this rule decides" in why and "=> plain" in why
    assert run("message", "why", message, "y@plain.example").returncode == 3


# --- long work ---

def on_a_terminal(world, *words):
    """Standard error as a person sees it, and standard output."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([world.bin / "postseal", "-f", world.config, *words], stdout=subprocess.PIPE, stderr=theirs) as done:
        os.close(theirs)
        out, shown = done.stdout.read().decode(), b""
        while True:
            try:
                some = os.read(ours, 4096)
            except OSError:  # EIO: nobody has it open any more
                break
            shown += some
        os.close(ours)
    return shown.decode(), out


def test_progress_is_shown_on_a_terminal_only(world, run, name):
    paths = [people.certify(world, f"{name}.{n}@smime.example") for n in range(3)]
    shown, out = on_a_terminal(world, "key", "import", *paths, "--json")
    assert "1 of 3 files" in shown and "2 of 3 files" in shown and shown.endswith("\r\033[K")
    assert len(json.loads(out)) == 3
    assert run("key", "import", *paths).stderr == ""
