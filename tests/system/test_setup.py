"""`postseal setup` on a private machine, with Debian's Postfix and PostgreSQL: from nothing to a
first message that arrives sealed, twice, and with everything that can go wrong on the way."""
import os
import pathlib
import pty
import re
import shlex
import smtplib
import subprocess

import pytest

import acting
import machine as sandbox_machine
import people
import readme
import world as sandbox
from conftest import SOURCE
from installing import ANSWERS, describe, files, install, machine, made, moments, set_up, state, the_machine, whole  # noqa: F401
from machine import CONFIG, OURS, Cluster

MESSAGE = (b"From: <anna@example.com>\r\nTo: <sue@smime.example>\r\nSubject: Hello\r\nMIME-Version: 1.0\r\n"
           b"Message-ID: <first@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe first one.\r\n")


# --- from nothing ---

def test_readme_leads_from_nothing_to_a_first_message_that_arrives_sealed(machine, tmp_path):
    authority = sandbox.Authority(tmp_path)
    authority.issue_mail("sue", "sue@smime.example")
    (tmp_path / "authority.pem").rename(tmp_path / "ca.pem")
    (tmp_path / "sue.pem").rename(tmp_path / "partner.pem")
    # test_package tries it at a terminal, where it is meant to be used without options.
    commands = [shlex.split(line) for line in readme.commands("Put it in front of your Postfix", "postseal")
                if line != "postseal setup"]
    assert [words[1] for words in commands].count("setup") == 1 and ["postseal", "check"] in commands
    machine.start_postfix()
    started = False
    for words in commands:
        done = machine.run(*words, cwd=tmp_path)
        if words[1] == "setup" and not started:  # there is no systemd here
            machine.start_programs()
            started = True
            done = machine.run(*words, cwd=tmp_path)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        assert "WRONG" not in done.stdout
    with smtplib.SMTP("127.0.0.1", 25) as smtp:
        smtp.sendmail("anna@example.com", ["sue@smime.example"], MESSAGE)
    mail = people.Mailbox(machine, "sue@smime.example").one()
    (tmp_path / "partner.pem").rename(tmp_path / "sue.pem")
    assert people.open_smime(mail, tmp_path / "sue") == people.entity_of(MESSAGE)


def manual_table():
    """What postseal(8) says about the files that setup makes."""
    section = (SOURCE / "man" / "postseal.8").read_text().split(".Sh INSTALLATION")[1].split("\n.Sh")[0]
    return re.findall(r"^\.It Pa (\S+) Ta (\S+) Ta (\S+) Ta (\S+)$", section, re.M)


def test_owners_and_modes_are_those_of_the_manual(machine):
    set_up(machine, *ANSWERS, "--yes")
    table = manual_table()
    assert {path: describe(pathlib.Path(path))[:3] for path, *_ in table} == \
        {path: (owner, group, mode) for path, owner, group, mode in table}
    assert {path for path, *_ in table} == {str(path) for path in files(*OURS)}
    # And nothing of ours is left elsewhere.
    assert not [path for path in files("/etc") if path.name.endswith(".new")]


def test_second_run_changes_nothing_and_says_so(machine):
    install(machine)
    before, touched = state(machine), moments(machine)
    again = set_up(machine, *ANSWERS, "--yes")
    assert again.returncode == 0 and made(again) == []
    assert "Nothing was changed: everything is in place" in again.stdout
    assert state(machine) == before and moments(machine) == touched


def test_dry_run_shows_each_step_and_changes_nothing(machine):
    machine.start_postfix()
    before = state(machine)
    dry = set_up(machine, *ANSWERS, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert state(machine) == before
    would = re.findall(r"^(\S.*?)  +would ", dry.stdout, re.M)
    assert set(would) == {"settings", "users", "directories", "key files", "database", "Postfix"}
    assert "smtpd_milters = unix:postseal/milter.sock" in dry.stdout


def test_postfix_is_not_wired_before_the_milter_answers(machine):
    """The README's former steps ended like this: every mail was deferred."""
    machine.start_postfix()
    original = pathlib.Path("/etc/postfix/main.cf").read_bytes()
    done = set_up(machine, *ANSWERS, "--yes")
    assert done.returncode == 1 and "not changing Postfix yet, because it would defer all mail" in done.stdout
    assert pathlib.Path("/etc/postfix/main.cf").read_bytes() == original


# --- what belongs to the admin stays ---

def test_postseal_conf_of_the_admin_is_kept_and_differences_are_shown(machine):
    theirs = ('organisation "Other Corp"\ndomains { "other.example" }\ndatabase "postgresql:///postseal"\n'
              'portal listen "127.0.0.1:8026" url "https://mail.other.example"\nkeeper group "postseal_milter"\n'
              'otherwise deliver plain\n')
    CONFIG.parent.mkdir()
    CONFIG.write_text(theirs)
    CONFIG.chmod(0o640)
    done = set_up(machine, *ANSWERS, "--yes")
    assert CONFIG.read_text() == theirs and describe(CONFIG)[:3] == ("root", "root", "0640")
    for difference in ('organisation "Other Corp", not "Example Corp"', 'domains "other.example", not "example.com"',
                       'portal url "https://mail.other.example", not "https://secure.example.com"'):
        assert difference in done.stdout
    assert "key files" in made(done) and "database" in made(done)


def test_postseal_conf_with_an_error_ends_it(machine):
    CONFIG.parent.mkdir()
    CONFIG.write_text('organisation "Other Corp"\nothrwise deliver plain\n')
    done = set_up(machine, *ANSWERS, "--yes")
    assert done.returncode == 1 and f"{CONFIG}:2:1: " in done.stderr and "correct it, or move the file away" in done.stderr
    assert made(done) == []


def test_key_files_and_directories_that_are_there_are_kept(machine):
    secrets = CONFIG.parent / "secrets"
    secrets.mkdir(parents=True, mode=0o755)
    (secrets / "master.key").write_bytes(b"k" * 32)
    (secrets / "master.key").chmod(0o400)
    pathlib.Path("/var/spool/postseal").mkdir(mode=0o755)
    done = set_up(machine, *ANSWERS, "--yes")
    assert (secrets / "master.key").read_bytes() == b"k" * 32
    assert describe(secrets / "master.key")[:3] == ("postseal_keeper", "postseal_keeper", "0400")
    assert f"change the owner of {secrets}/master.key from root to postseal_keeper" in done.stdout
    assert describe(secrets)[2] == "0755" and describe(pathlib.Path("/var/spool/postseal"))[:3] == ("root", "root", "0755")


def test_role_that_is_there_is_kept(machine):
    machine.postgres.ask("create role root login superuser connection limit 7")
    machine.postgres.ask("create role postseal_milter login connection limit 9")
    done = set_up(machine, *ANSWERS, "--yes")
    assert "create the tables" in done.stdout, done.stderr
    assert machine.postgres.ask("select rolname, rolconnlimit, rolsuper from pg_roles where rolname in ('root',"
                                " 'postseal_milter') order by 1") == "postseal_milter|9|f\nroot|7|t"


def test_role_that_may_not_make_roles_is_named(machine):
    machine.postgres.ask("create role root login")
    done = set_up(machine, *ANSWERS, "--yes")
    assert done.returncode == 1 and "permission denied to create role" in done.stderr
    assert "alter role ... createrole" in done.stderr
    machine.postgres.ask("alter role root createrole")
    assert "create the tables" in set_up(machine, "--yes").stdout


# --- a database elsewhere ---

@pytest.fixture(scope="module")
def elsewhere(the_machine):
    cluster = Cluster("/var/lib/postgresql/elsewhere", "/run/postgresql-elsewhere", 5433, "listen_addresses = '127.0.0.1'",
                      "trust")
    cluster.start()
    yield cluster
    cluster.stop()


def test_sql_for_a_database_elsewhere_makes_what_the_local_mode_makes(machine, elsewhere, whole):
    answers = (*ANSWERS[:-1], "postgresql://127.0.0.1:5433/postseal")
    first = set_up(machine, *answers, "--yes")
    assert first.returncode == 1 and "run the SQL above" in first.stderr, first.stdout + first.stderr
    sql = first.stdout[first.stdout.index("-- for psql"):]
    for _ in range(2):  # even if part of it exists already
        subprocess.run(["psql", "-h", "127.0.0.1", "-p", "5433", "-U", "postgres", "-Xq", "-v", "ON_ERROR_STOP=1"],
                       input=sql, text=True, check=True, capture_output=True)
    second = set_up(machine, *answers, "--yes")
    assert "create the tables" in second.stdout, second.stderr
    assert elsewhere.dump() == whole[2]
    assert "postseal" not in machine.postgres.dump()[1]


# --- answers ---

def test_questions_are_asked_at_a_terminal_and_again_after_a_wrong_answer(machine):
    machine.start_postfix()
    answers = ["Example \"Corp\"", "anna@example.com", "example.com example.org", "secure.example.com",
               "https://secure.example.com", "", ]
    leader, follower = pty.openpty()
    program = subprocess.Popen([machine.bin / "postseal", "setup"], stdin=follower, stdout=follower, stderr=follower,
                               start_new_session=True, env={**os.environ, "PATH": f"{machine.bin}:{os.environ['PATH']}"})
    os.close(follower)
    os.write(leader, "".join(f"{answer}\n" for answer in answers).encode())
    said = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        said += part
    assert program.wait(60) == 1
    text = said.decode()
    assert '"anna@example.com" is a mail address, not a mail domain' in text
    assert '"secure.example.com" is no address of a portal' in text
    conf = CONFIG.read_text()
    assert 'organisation "Example \\"Corp\\""' in conf and '{ "example.com" "example.org" }' in conf
    assert 'database     "postgresql:///postseal"' in conf


@pytest.mark.parametrize("changes,sentence", [
    ({"--domain": "anna@example.com"}, '"anna@example.com" is a mail address, not a mail domain'),
    ({"--domain": "example.com."}, "the domain ends with a dot"),
    ({"--portal": "secure.example.com"}, "is no address of a portal such as https://secure.example.com"),
    ({"--portal": "https://secure.example.com/"}, "without a slash at the end"),
    ({"--organisation": "Two\nlines"}, "a name of one line"),
    ({"--database": "postgresql://anna:secret@db.example.com/postseal"}, "contains a password, which others could read"),
    ({"--database": "postgresql://db.example.com"}, "names no database"),
    ({"--database": "remote"}, "neither local nor an address"),
    ({"--domain": None}, "these options are required: --domain"),
    ({"--organisation": None, "--portal": None}, "these options are required: --organisation, --portal"),
    ({"--yes": None}, "give --yes or --no-wire"),
], ids=lambda value: " ".join(map(str, value)) if isinstance(value, dict) else "")
def test_wrong_answer_is_refused_with_a_sentence(machine, changes, sentence):
    words = dict(zip(ANSWERS[::2], ANSWERS[1::2])) | {"--yes": ""} | changes
    done = set_up(machine, *(word for name, value in words.items() if value is not None for word in (name, value) if word))
    assert done.returncode == 1 and sentence in done.stderr, done.stderr
    assert "secret" not in done.stdout + done.stderr
    assert not CONFIG.parent.exists() and "postseal" not in pathlib.Path("/etc/passwd").read_text()


def test_port_that_is_taken_is_named(machine):
    with sandbox_machine.taken(8025):
        done = set_up(machine, *ANSWERS, "--yes")
        assert done.returncode == 1 and not CONFIG.exists()
        assert "looking whether the portal can listen at 127.0.0.1:8025: Address already in use; choose another place" in done.stderr
        done = set_up(machine, *ANSWERS, "--portal-listen", "127.0.0.1:8026", "--yes")
        assert 'listen "127.0.0.1:8026"' in CONFIG.read_text(), done.stderr


def test_port_of_the_second_pass_that_is_taken_is_named(machine):
    """Many sites have another filter on 10025."""
    set_up(machine, *ANSWERS, "--yes")
    sandbox.command("postconf", "-e", "always_bcc = archive@plain.example")
    machine.start_postfix()
    machine.start_programs()
    with sandbox_machine.taken(10025):
        done = set_up(machine, "--yes")
        assert done.returncode == 1 and "listen at 127.0.0.1:10025 for the second pass" in done.stderr
        assert "--second-pass" in done.stderr
        assert "smtpd_milters" not in pathlib.Path("/etc/postfix/main.cf").read_text()
        done = set_up(machine, "--second-pass", "10026", "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
    again = set_up(machine, "--second-pass", "10026", "--yes")
    assert again.returncode == 0 and made(again) == []


def test_without_privileges_nothing_is_tried(machine):
    done = set_up(machine, *ANSWERS, "--yes", user="nobody")
    assert done.returncode == 1 and "must be run as root: run it with sudo" in done.stderr
    assert not CONFIG.parent.exists()


def test_postgresql_that_does_not_run_is_named(machine):
    machine.postgres.stop()
    try:
        done = set_up(machine, *ANSWERS, "--yes")
        assert done.returncode == 1 and "working in the local PostgreSQL as the user postgres (is it running" in done.stderr
        assert 'setup stopped at "database"' in done.stderr
    finally:
        machine.postgres.resume()
    assert "create the tables" in set_up(machine, "--yes").stdout


def test_two_at_once_do_not_meet(machine):
    CONFIG.parent.mkdir()
    held = subprocess.Popen(["flock", CONFIG.parent, "sleep", "60"])
    try:
        sandbox.wait_until(lambda: subprocess.run(["flock", "-n", CONFIG.parent, "true"]).returncode != 0, "the lock to be held")
        done = set_up(machine, *ANSWERS, "--yes")
        assert done.returncode == 1 and "another postseal setup is running" in done.stderr
    finally:
        held.kill()
        held.wait()


# --- systemd ---

SYSTEMCTL = """#!/bin/sh
# systemctl(1) that keeps what it was told in files.
case $1 in
is-enabled | is-active) [ -e {units}/$3 ] ;;
enable) [ $3 != {broken} ] || {{ echo "Job for $3.service failed." >&2; exit 1; }}; touch {units}/$3 ;;
esac
"""


def test_units_are_started_in_order_and_a_failure_is_told(machine, tmp_path):
    control = machine.bin / "systemctl"
    pathlib.Path("/run/systemd/system").mkdir(parents=True)
    try:
        control.write_text(SYSTEMCTL.format(units=tmp_path, broken="postseal-courier"))
        control.chmod(0o755)
        done = set_up(machine, *ANSWERS, "--no-wire")
        assert done.returncode == 1
        assert "starting postseal-courier (journalctl -u postseal-courier says more): running systemctl: Job for" in done.stderr
        control.write_text(SYSTEMCTL.format(units=tmp_path, broken="nothing"))
        done = set_up(machine, *ANSWERS, "--no-wire")
        assert re.findall(r"enable and start (postseal-\w+)", done.stdout) == ["postseal-courier", "postseal-portal"]
        assert made(set_up(machine, *ANSWERS, "--no-wire")) == []
        assert not pathlib.Path("/run/postseal-keeper").exists()  # systemd makes it
    finally:
        control.unlink()
        pathlib.Path("/run/systemd/system").rmdir()


def test_who_installed_it_was_not_on_record(machine):
    """Promise 6: as soon as there is a place for it; with no password of a database's URL."""
    install(machine)
    given = ("select subject || coalesce(' ' || nullif(detail, ''), '') from postseal.activity"
             f" where what = 'command given' and actor = '{acting.by_sudo('root')}' order by id")
    before = [row[0] for row in machine.postgres.query(given)]
    assert before and set(before) <= {"setup", "database init"}
    set_up(machine, *ANSWERS, "--dry-run")
    assert [row[0] for row in machine.postgres.query(given)] == before
    assert machine.run("postseal", "secrets", "init").returncode == 0
    assert [row[0] for row in machine.postgres.query(given)] == [*before, "secrets init"]
