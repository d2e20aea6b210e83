"""The Debian package: built in a clean root, checked by lintian, installed on a bare Debian that
boots, set up as README says, upgraded, removed and purged. The commands typed are read from README
itself."""
import base64
import gzip
import http.cookiejar
import re
import shlex
import shutil
import smtplib
import socket
import subprocess
import urllib.parse

import pytest

import people
import readme
import world as sandbox
from conftest import BUILD, SOURCE
from node import TOGETHER
from packing import BESIDE, PROGRAMS, STEPS, TREE, checked, contents, lintian, make_both, repack
from test_inbound import envelope
from test_upgrade import DATA, FACTS, MOVE_TIMES
from test_upgrade import RULES as OLD_RULES
from visitor import Visitor

MESSAGE = ("From: <anna@example.com>\r\nTo: <{to}>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
           "Content-Type: {content}; charset=utf-8\r\n\r\nWhat anna wrote.\r\n")


def message(to, subject="Hello", content="text/plain"):
    return MESSAGE.format(to=to, subject=subject, content=content).encode()


@pytest.fixture(scope="module")
def made():
    """The package, and a bare Debian that is booted."""
    package, node = make_both()
    try:
        node.boot()
        node.start_outside()
        yield package, node
    finally:
        node.remove()


@pytest.fixture
def package(made):
    return made[0]


@pytest.fixture
def node(made):
    return made[1]


# --- what it is ---

def test_lintian_has_nothing_to_say(package):
    said = lintian(package)
    assert said.returncode == 0 and not re.findall(r"^[EW]: .*", said.stdout, re.M), said.stdout + said.stderr


def test_version_is_that_of_the_build(package):
    version = re.search(r"project\(postseal VERSION (\S+) ", (SOURCE / "CMakeLists.txt").read_text()).group(1)
    assert package.name.split("_")[1] == version


def test_files_are_where_debian_has_them(package):
    there = contents(package)
    programs = {path.name for path in (BUILD / "bin").iterdir() if path.is_file()}
    for name in programs:
        place = "libexec/postseal" if name in ("postseal-gpg", "postseal-keyreader", "postseal-reader", "postseal-reader-office", "postseal-reader-pdf", "postseal-reader-preview") else "sbin"
        assert there[f"/usr/{place}/{name}"] == ("-rwxr-xr-x", "root/root"), name
    for page in (SOURCE / "man").iterdir():
        assert f"/usr/share/man/man{page.suffix[1:]}/{page.name}.gz" in there
    for path in ("/usr/libexec/postseal/wire", "/usr/lib/sysusers.d/postseal.conf", "/usr/lib/tmpfiles.d/postseal.conf",
                 "/usr/share/bash-completion/completions/postseal", "/usr/share/zsh/vendor-completions/_postseal",
                 *(f"/usr/share/doc/postseal/examples/{name}" for name in (
                     "nginx/postseal.conf", "caddy/Caddyfile", "grafana/postseal.json", "prometheus/postseal.rules.yml"))):
        assert path in there
    assert {path for path in there if path.startswith("/etc/") and not path.endswith("/")} == {
        "/etc/postseal/postseal.conf.example", "/etc/postseal/partners"}
    assert sandbox.command("dpkg-deb", "-I", package, "conffiles").decode().split() == [
        "/etc/postseal/partners", "/etc/postseal/postseal.conf.example"]


# --- installed: README's second step ---

@pytest.fixture(scope="module")
def installed(made):
    _, node = made
    for line in STEPS[1]:
        node.good(line, [("mail configuration type", "Internet Site"), ("System mail name", "gateway.example.com")])
    node.lead_mail_outside()
    return node


def test_manual_pages_are_without_fault(installed):
    for page in (installed.root / "usr/share/man").rglob("postseal*"):
        text = gzip.decompress(page.read_bytes())
        sandbox.command("mandoc", "-T", "lint", "-W", "warning", input=text)
        assert b"/usr/local" not in text, page


def test_users_and_directories_are_made(installed):
    """systemd-sysusers did not accept a colon in a user's description, and the package could not be installed."""
    node = installed
    for program in PROGRAMS:
        assert node.run("getent", "passwd", f"postseal_{program}").split(":")[4:] == [
            f"Postseal {program}", "/nonexistent", "/usr/sbin/nologin\n"]
    assert set(node.run("id", "-Gn", "postseal_courier").split()) == {"postseal_courier", "adm", "postdrop", "postseal_finder"}
    assert set(node.run("id", "-Gn", "postseal_milter").split()) == {"postseal_milter", "postseal_finder"}
    assert set(node.run("id", "-Gn", "postseal_keeper").split()) == {"postseal_keeper", "postseal_milter"}
    assert node.run("stat", "-c", "%n %U:%G %a", "/etc/postseal/secrets", "/var/spool/postseal").splitlines() == [
        "/etc/postseal/secrets root:root 711", "/var/spool/postseal postseal_milter:postseal_milter 700"]


@pytest.mark.parametrize("program", (*PROGRAMS, "pop", "submission"))
def test_unit_is_as_systemd_wants_it(installed, program):
    said = installed.said("systemd-analyze", "verify", "--man=no", f"postseal-{program}.service")
    assert "postseal" not in said, said
    exposure = installed.run("systemd-analyze", "security", "--no-pager", f"postseal-{program}.service")
    assert float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", exposure).group(1)) <= 2.0


def test_nothing_starts_before_there_is_a_configuration(installed):
    for program in PROGRAMS:
        shown = installed.unit(program, "ActiveState", "UnitFileState", "ConditionResult")
        assert shown == {"ActiveState": "inactive", "UnitFileState": "enabled", "ConditionResult": "no"}
    assert "postseal" not in installed.run("systemctl", "--failed", "--no-legend")


def test_example_of_a_configuration_loads_as_it_is(installed):
    said = installed.status(*TOGETHER, "postseal", "-f", "/etc/postseal/postseal.conf.example", "check")
    assert re.search(r"^policy +good: \d+ rules", said, re.M), said
    assert not re.search(r"^postseal: ", said, re.M), said


# --- set up: README's other steps ---

AGREE = "Make these changes? [y/N]"


def questions(line):
    """What `postseal setup` asks, and the answers that README gives as options."""
    words = shlex.split(line)
    said = dict(zip(words, words[1:]))
    return [("Name of the organisation", said["--organisation"]), ("mail domains", said["--domain"]),
            ("Address of the portal", said["--portal"]), ("Database: local, or", said["--database"])]


def add_rules(node, lines):
    """Inserted before the existing rules."""
    path = "/etc/postseal/postseal.conf"
    node.write(path, re.sub(r"^match ", "\n".join(lines) + "\nmatch ", node.read(path), count=1, flags=re.M))


def furnish_keys(node):
    """What the admin has from the partners: a certificate and an OpenPGP key, in one file."""
    sue = node.authority.issue_mail("sue", "sue@partner.example")
    node.pat = people.Gpg(node.directory / "pat", "pat@pgp.example", "future-default")
    (node.root / TREE[1:] / "partner.pem").write_bytes(sue.read_bytes() + node.pat.public())
    node.pat.end()
    node.write("/etc/postseal/partners", "bank.example\n")


def follow(node, block, by_options):
    """Types a block from README; returns what was shown last."""
    if block[0].split()[0] in ("table", "match"):
        return add_rules(node, block)
    for line in block:
        if line != "postseal setup":
            shown = node.good(line)
            continue
        # Someone who is not sure yet, and then is.
        _, shown = node.shell(line, [*questions(by_options), (AGREE, "n")])
        assert "Postfix is unchanged" in shown and "smtpd_milters" not in node.run("postconf", "-n")
        shown = node.good(line, [(AGREE, "y")])
    return shown


@pytest.fixture(scope="module")
def configured(installed, request):
    """README to its end, and the first mail, whose time counts."""
    node = installed
    furnish_keys(node)
    by_options = next(line for block in STEPS for line in block if line.startswith("postseal setup -"))
    node.shown = [follow(node, block, by_options) for block in STEPS[2:-1]]
    node.timed("the first mail", lambda: (node.send("sue@partner.example", message("sue@partner.example")),
                                          node.box("sue@partner.example").one()))
    node.shown.append(follow(node, STEPS[-1], by_options))
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\nfrom a bare Debian to the first sealed mail:", *(f"\n{seconds:6.1f} s  {what}" for what, seconds in node.took.items()),
              f"\n{sum(node.took.values()):6.1f} s")
    node.are_active()
    return node


def test_readme_leads_from_a_bare_debian_to_a_sealed_mail_in_less_than_ten_minutes(configured):
    """Each line was typed as README shows it, and no question was asked that README does not answer."""
    mail = configured.box("sue@partner.example").one()
    opened = people.open_smime(mail, configured.directory / "keys" / "sue")
    assert opened == people.entity_of(message("sue@partner.example"))
    assert sum(configured.took.values()) < 600, configured.took
    assert re.search(r"sue@partner\.example +\| smime ", configured.shown[-1])  # the outcome is as README shows it


def test_setup_by_options_finds_in_place_what_was_answered(configured):
    by_options = configured.shown[1]
    assert "Nothing was changed: everything is in place" in by_options and "not changed" not in by_options


def test_check_finds_the_installation_right(configured):
    said = checked(configured)
    assert "WRONG" not in said, said


def test_mail_in_plain_arrives_as_it_is(configured):
    configured.send("kim@plain.example", message("kim@plain.example"))
    assert configured.box("kim@plain.example").one().body == b"What anna wrote.\n"
    assert configured.method("kim@plain.example") == "plain"


def test_mail_by_openpgp_is_opened_by_gpg(configured):
    configured.send("pat@pgp.example", message("pat@pgp.example"))
    assert people.open_pgp(configured.box("pat@pgp.example").one(), configured.pat).endswith(b"What anna wrote.\r\n")
    configured.pat.end()


def test_mail_by_verified_tls_is_known_to_the_mta(configured):
    configured.send("ben@bank.example", message("ben@bank.example"))
    mail = configured.box("ben@bank.example").one()
    assert "using TLSv1." in mail["Received"] and mail.body == b"What anna wrote.\n"
    assert configured.method("ben@bank.example") == "tls"
    assert "Verified TLS connection established to bank.example" in configured.run("journalctl", "--no-pager")


def test_rejected_mail_is_returned_with_the_sentence_of_the_rule(configured):
    """Debian's Postfix delivers to local users, so that there are two passes, and a refusal becomes a bounce."""
    configured.send("kim@plain.example", message("kim@plain.example", content='application/octet-stream; name="plan.dwg"'))

    def is_returned():
        return any("Drawings may not leave by mail. Please call security." in " ".join(path.read_text().split())
                   for path in configured.box("anna@example.com").files())

    sandbox.wait_until(is_returned, "the mail to be returned")


def open_parcel(node, recipient, sender="anna@example.com"):
    """The page opened with link and code, through the portal's own port."""
    link = re.search(r"https://secure\.example\.com(/m/\S{43})", node.box(recipient).one().text()).group(1)
    code = sandbox.wait_until(lambda: people.find_code(Sender(node, sender), recipient), "the code")
    return unlock(node, link, code)


def unlock(node, link, code):
    with node.network():
        browser = Visitor("http://127.0.0.1:8025")
        # As over HTTPS, which is spoken by the web server in front of it.
        browser.jar.set_policy(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
        browser.get(urllib.parse.urlsplit(link).path)
        return browser.send({"code": code})


class Sender:
    def __init__(self, node, address):
        self.sender, self.box = address, node.box


def test_parked_mail_is_read_with_link_and_code(configured):
    configured.send("joe@out.example", message("joe@out.example", "[secure] For joe"))
    page = open_parcel(configured, "joe@out.example")
    assert page.status == 200 and "What anna wrote." in page.text
    assert configured.method("joe@out.example") == "pickup"


# --- methods that README lists, and which need a rule of their own ---

OWN_RULES = ['table officers { "otto@example.com" }',
             'match sender "anna@example.com" opaque                       deliver pickup',
             'match subject regex "Budget" not recipient in domains        hold "Budgets need approval." for <officers>',
             'match recipient domain "out.example" subject regex "Rivals"  refuse recipient "Nothing for rivals."']


@pytest.fixture
def ruled(configured):
    node, path = configured, "/etc/postseal/postseal.conf"
    kept = node.read(path)
    add_rules(node, OWN_RULES)
    node.run("systemctl", "restart", "postseal-milter")
    yield node
    node.write(path, kept)
    node.run("systemctl", "restart", "postseal-milter")


def test_held_mail_leaves_once_it_is_released(ruled):
    node, to = ruled, "karl@plain.example"
    node.send(to, message(to, "Budget"))
    assert node.method(to) == "hold" and not node.box(to).files()
    approval = node.asked("select id from postseal.approval where done_at is null")
    assert "Budgets need approval." in node.run("postseal", "hold", "show", approval)
    node.run("postseal", "hold", "release", approval)
    assert node.box(to).one().body == b"What anna wrote.\n"
    assert node.asked(f"select string_agg(method, ' ' order by method) from postseal.log where recipient = '{to}'") == "hold plain"


def test_recipient_that_a_rule_refuses_is_told_in_a_bounce(ruled):
    node, rival, other = ruled, "rita@out.example", "kurt@plain.example"
    with node.network(), smtplib.SMTP("127.0.0.1", 25, timeout=60) as smtp:
        smtp.sendmail("anna@example.com", [rival, other], message(f"{rival}>, <{other}", "Rivals"))
    node.box(other).one()
    sandbox.wait_until(lambda: any("Nothing for rivals." in path.read_text() and rival in path.read_text()
                                   for path in node.box("anna@example.com").files()), "the bounce")
    assert not node.box(rival).files()
    assert node.asked(f"select state from postseal.log where recipient = '{rival}'") == "refused"


def test_what_cannot_be_looked_into_is_parked_as_its_rule_says(ruled):
    node, to = ruled, "olga@plain.example"
    (node.directory / "note.txt").write_text("Nobody sees this.")
    sandbox.command("zip", "-q", "-j", "-P", "x", node.directory / "a.zip", node.directory / "note.txt")
    closed = base64.encodebytes((node.directory / "a.zip").read_bytes()).replace(b"\n", b"\r\n")
    node.send(to, message(to, "Closed", 'application/zip; name="a.zip"').replace(b"MIME-Version", b"Content-Transfer-Encoding: base64\r\nMIME-Version")
              .replace(b"What anna wrote.\r\n", closed))
    assert node.method(to) == "pickup"
    assert "https://secure.example.com/m/" in node.box(to).one().text()


# --- its units ---

@pytest.fixture(scope="module")
def signing(configured):
    """A sender with a key signs, whoever submits the mail."""
    node = configured
    anna = people.Gpg(node.directory / "anna", "anna@example.com", "future-default")
    (node.root / TREE[1:] / "anna.asc").write_bytes(anna.secret())
    anna.end()
    node.run("postseal", "key", "import", f"{TREE}/anna.asc")
    node.write("/etc/postseal/postseal.conf", node.read("/etc/postseal/postseal.conf") + 'sign "any"\n')
    node.run("systemctl", "restart", "postseal-milter")
    return node


def test_keeper_signs_as_its_unit_lets_it(signing):
    """Units that start may still prevent the keeper or gpg from doing what they must."""
    signing.send("pat@pgp.example", message("pat@pgp.example", "Signed"))
    assert signing.asked("select count(*) from postseal.log where recipient = 'pat@pgp.example' and signed_by is not null") == "1"
    signing.are_active()


def test_each_group_setting_works_with_the_units(signing):
    """The units' system call filter prevented a program from giving its socket to another group."""
    node = signing
    manual = (SOURCE / "man" / "postseal.conf.5").read_text()
    assert re.findall(r"^\.It Cm (\w+) group", manual, re.M) == ["milter", "keeper", "portal", "submission"]
    path = "/etc/postseal/postseal.conf"
    members = "/var/spool/postfix/postseal-members"
    node.write(path, re.sub(r'listen "127\S+', 'listen "unix:/run/postseal-portal/portal.sock" group "www-data"', node.read(path)) +
               f'milter group "postfix"\nsubmission sasl "{members}/sasl.sock" group "mail"\n')
    for user, group in (("portal", "www-data"), ("milter", "postfix"), ("portal", "mail")):
        node.run("usermod", "-a", "-G", group, f"postseal_{user}")
    programs = (*PROGRAMS, "submission")
    node.run("systemctl", "restart", *(f"postseal-{p}" for p in programs))
    node.are_active()
    sockets = {"/run/postseal-portal/portal.sock": "postseal_portal:www-data 660",
               "/var/spool/postfix/postseal/milter.sock": "postseal_milter:postfix 660",
               f"{members}/sasl.sock": "postseal_portal:mail 660", f"{members}/milter.sock": "postseal_portal:mail 660",
               "/run/postseal-keeper/keeper.sock": "postseal_keeper:postseal_milter 660"}
    for socket, owner in sockets.items():
        assert node.run("stat", "-c", "%U:%G %a", socket).strip() == owner
    node.run("runuser", "-u", "www-data", "--", "test", "-w", "/run/postseal-portal/portal.sock")
    node.send("pat@pgp.example", message("pat@pgp.example", "Again"))
    assert node.method("pat@pgp.example") == "pgp"


def test_group_without_the_programs_user_is_told(signing):
    node, path = signing, "/etc/postseal/postseal.conf"
    kept = node.read(path)
    node.write(path, kept.replace('group "www-data"', 'group "games"'))
    node.status("systemctl", "restart", "postseal-portal")
    assert "portal.sock to the group games: Operation not permitted; the program's user must be a member of it" in node.run(
        "journalctl", "--no-pager", "-u", "postseal-portal")
    node.write(path, kept)
    node.run("systemctl", "restart", "postseal-portal")
    node.are_active()


def test_restarts_are_limited(configured):
    """As systemd reads the units: a limit of 0 is none, and passed this test."""
    for program in (*PROGRAMS, "pop", "submission"):
        shown = configured.unit(program, "StartLimitBurst", "StartLimitIntervalUSec", "RestartUSec", "Restart")
        assert shown == {"StartLimitBurst": "360", "StartLimitIntervalUSec": "1h", "RestartUSec": "5s", "Restart": "always"}


def test_program_that_never_starts_is_given_up_by_systemd(configured):
    """With a limit that a test can wait for, in place of the half hour."""
    node = configured
    folder = node.root / "etc/systemd/system/postseal-finder.service.d"
    folder.mkdir()
    (folder / "test.conf").write_text("[Unit]\nStartLimitBurst=3\n[Service]\nRestartSec=50ms\nExecStart=\nExecStart=/bin/false\n")
    node.run("systemctl", "daemon-reload")
    try:
        node.run("systemctl", "stop", "postseal-finder")
        node.run("systemctl", "reset-failed", "postseal-finder")
        node.status("systemctl", "start", "postseal-finder")
        sandbox.wait_until(lambda: node.unit("finder", "ActiveState", "NRestarts") == {"ActiveState": "failed", "NRestarts": "3"},
                           "systemd to give up", 60)
        assert "Start request repeated too quickly" in node.run("journalctl", "--no-pager", "-u", "postseal-finder")
    finally:
        (folder / "test.conf").unlink()
        folder.rmdir()
        node.run("systemctl", "daemon-reload")
        node.run("systemctl", "reset-failed", "postseal-finder")
        node.run("systemctl", "start", "postseal-finder")
    node.are_active()


def test_units_for_sendmail_give_the_courier_its_socket(configured):
    """Sendmail makes it for root alone whenever it starts. systemd has nothing to say about the units, either."""
    node = configured
    names = ("postseal-sendmail.path", "postseal-sendmail.service")
    for name in names:
        node.run("cp", f"/usr/share/doc/postseal/examples/sendmail/{name}", "/etc/systemd/system")
    said = node.said("systemd-analyze", "verify", "--man=no", *names)
    assert "postseal" not in said, said
    node.run("systemctl", "daemon-reload")
    node.run("systemctl", "enable", "-q", "--now", names[0])
    inside = "/run/postseal-sendmail/reinject.sock"
    try:
        for _ in range(2):  # as Sendmail does when it is restarted
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(f"/proc/{node.init}/root{inside}")
            node.run("chmod", "600", inside)
            sandbox.wait_until(lambda: node.run("stat", "-c", "%U:%G %a", inside) == "root:postseal_courier 660\n",
                               "access to be given", 30)
            sandbox.wait_until(lambda: node.status("systemctl", "is-active", names[1]) == "inactive", "the unit to end", 30)
            node.run("rm", inside)
    finally:
        node.run("systemctl", "disable", "-q", "--now", names[0])
        node.run("rm", *(f"/etc/systemd/system/{name}" for name in names))
        node.run("rm", "-r", "/run/postseal-sendmail")
        node.run("systemctl", "daemon-reload")


# --- beside rspamd and OpenDKIM ---

def settle(node, path, lines):
    """Settings "Name value" that replace those of the same name."""
    names = "|".join(line.split()[0] for line in lines)
    node.write(path, re.sub(rf"^({names})\s.*\n", "", node.read(path), flags=re.M) + "\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def beside(configured):
    node = configured
    install, opendkim, rspamd, wiring = BESIDE
    for line in install:
        node.good(line)
    settle(node, "/etc/opendkim.conf", opendkim)
    node.write("/etc/rspamd/local.d/dkim_signing.conf", "\n".join(rspamd) + "\n")
    for line in wiring[:-1]:
        node.good(line)
    # systemctl(1) returns before rspamd listens.
    sandbox.wait_until(lambda: node.status("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/11332 && echo yes") == "yes",
                       "rspamd to listen", 120)
    node.good(wiring[-1])
    return node


def signed(node, address, subject):
    """What OpenDKIM says of the newest mail there, as a receiver would ask it."""
    node.send(address, message(address, subject))
    path = sandbox.wait_until(lambda: next((p for p in node.box(address).files() if mentions(p, subject)), None), "the mail", 60)
    text = (node.root / "etc/dkimkeys/mail.txt").read_text()
    key = "".join(re.findall(r'"([^"]*)"', text)).split("p=")[1]
    directory = node.directory / "verify"
    directory.mkdir(exist_ok=True)
    (directory / "public").write_text(f"mail._domainkey.example.com v=DKIM1; k=rsa; p={key}\n")
    (directory / "conf").write_text(f"Mode v\nTestPublicKeys {directory}/public\nSocket local:{directory}/none\nSyslog no\n")
    (directory / "mail").write_bytes(re.sub(rb"\r?\n", b"\r\n", path.read_bytes()))
    return subprocess.run(["opendkim", "-x", directory / "conf", "-t", directory / "mail"], capture_output=True, text=True,
                          check=False).stdout


def mentions(path, subject):
    return f"\nSubject: {subject}".encode() in path.read_bytes()


@pytest.mark.parametrize("address", ["sue@partner.example", "pat@pgp.example", "ben@bank.example", "kim@plain.example"])
def test_mail_is_signed_by_opendkim_as_readme_has_it(beside, address):
    assert re.search("verification .* succeeded", signed(beside, address, "Signed as well"))


def test_mail_is_scanned_by_rspamd_as_readme_has_it(beside):
    """The pattern that every scanner must find (GTUBE) is refused, and nothing of it is decided on."""
    gtube = message("kim@plain.example", "Spam").replace(
        b"What anna wrote.", b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X")
    with pytest.raises(smtplib.SMTPDataError, match="Gtube"):
        beside.submit("kim@plain.example", gtube)


def test_rspamd_that_signs_too_early_was_called_good(beside):
    node = beside
    node.run("rm", "/etc/rspamd/local.d/dkim_signing.conf")
    node.run("install", "-d", "-o", "_rspamd", "/var/lib/rspamd/dkim")
    node.run("install", "-o", "_rspamd", "-m", "400", "/etc/dkimkeys/mail.private", "/var/lib/rspamd/dkim/example.com.dkim.key")
    node.run("systemctl", "restart", "rspamd")
    try:
        sandbox.wait_until(lambda: re.search("^milter order +WRONG: .*inet:localhost:11332 sign before Postseal seals", checked(node), re.M),
                           "check to tell of it", 60)
    finally:
        node.write("/etc/rspamd/local.d/dkim_signing.conf", "enabled = false;\n")
        node.run("rm", "-r", "/var/lib/rspamd/dkim")
        node.run("systemctl", "restart", "rspamd")
    sandbox.wait_until(lambda: "WRONG" not in checked(node), "all to be right again", 60)


def test_unit_that_would_not_start_again_was_called_good(configured):
    configured.run("systemctl", "disable", "-q", "postseal-courier")
    try:
        assert re.search("^units +WARNING: postseal-courier.service runs, but will not be started", checked(configured), re.M)
    finally:
        configured.run("systemctl", "enable", "-q", "postseal-courier")


# --- README's other sections ---

def use_settings(node, lines):
    """Settings behind those that are there, as the programs read them."""
    path = "/etc/postseal/postseal.conf"
    node.write(path, node.read(path) + "\n".join(lines) + "\n")
    node.run("systemctl", "restart", *(f"postseal-{program}" for program in PROGRAMS))
    node.are_active()


@pytest.fixture
def settings_kept(configured):
    kept = configured.read("/etc/postseal/postseal.conf")
    yield configured
    configured.write("/etc/postseal/postseal.conf", kept)
    configured.run("systemctl", "restart", *(f"postseal-{program}" for program in PROGRAMS))
    configured.are_active()


def test_mail_that_comes_in_is_opened_as_readme_has_it(settings_kept):
    """The employee's private key is imported, and the two lines are in postseal.conf."""
    node = settings_kept
    settings, = readme.blocks("Mail that comes in")
    certificate = node.authority.issue_mail("ina", "ina@example.com")
    both = certificate.read_bytes() + certificate.with_suffix(".key").read_bytes()
    (node.root / TREE[1:] / "ina.pem").write_bytes(both)
    node.run("postseal", "key", "import", f"{TREE}/ina.pem")
    use_settings(node, settings)
    assert "receive any open" in node.run("postseal", "policy", "explain", "--inbound", "--from", "sue@partner.example", "--to", "ina@example.com")
    entity = b"Content-Type: text/plain\r\n\r\nThe answer is 42.\r\n"
    sealed = envelope(entity, certificate)
    with node.network(), smtplib.SMTP("127.0.0.1", 25, timeout=60) as smtp:
        smtp.sendmail("sue@partner.example", ["ina@example.com"], b"From: <sue@partner.example>\r\nTo: <ina@example.com>\r\n"
                      b"Subject: An answer\r\nMIME-Version: 1.0\r\n" + sealed)
    mail = node.box("ina@example.com").one()
    assert mail.body == b"The answer is 42.\n" and mail["Content-Type"] == "text/plain"


def test_key_of_a_gateway_serves_its_domain_as_readme_has_it(settings_kept):
    """The network of the node knows no names: what is asked there is not answered, and what is imported counts."""
    node = settings_kept
    settings, (command,) = readme.blocks("Keys that arrive by themselves")
    gateway = node.authority.issue_mail("gateway", "gateway@sub.partner.example")
    shutil.copy(gateway, node.root / TREE[1:])
    shown = node.good(command)
    assert "*.partner.example" in shown, shown
    use_settings(node, settings)
    assert not re.search("^(policy|units|keys?) +WRONG", checked(node), re.M)
    to = "zoe@sub.partner.example"
    node.send(to, message(to))
    assert people.open_smime(node.box(to).one(60), node.directory / "keys" / "gateway") == people.entity_of(message(to))


# --- later ---

UPGRADE, REMOVAL = readme.blocks("Upgrade and removal")


def test_upgrade_without_new_tables_needs_nothing_but_the_package(configured, package):
    node = configured
    waiting = node.asked("select count(*) from postseal.parcel")
    before = {p: node.unit(p, "MainPID") for p in PROGRAMS}
    said = node.said("dpkg", "-i", f"/root/{package.name}")
    node.are_active()
    assert all(node.unit(p, "MainPID") != before[p] for p in PROGRAMS)
    assert waiting == node.asked("select count(*) from postseal.parcel") != "0"
    assert "newer schema" not in said
    node.send("pat@pgp.example", message("pat@pgp.example", "After the upgrade"))
    assert node.method("pat@pgp.example") == "pgp"


def waits(node, to):
    """Mail is deferred, and stays with its sender."""
    with pytest.raises(smtplib.SMTPResponseException, match="451"):
        node.send(to, message(to, "Waits"))


def left_by(node):
    return node.run("sh", "-c", "ls -d /etc/postfix/postseal* /var/spool/postseal /var/spool/postfix/postseal*"
                    " /var/lib/postseal-portal /run/postseal* /etc/postseal/* /etc/systemd/system/*/postseal* 2>/dev/null || true").split()


def test_removed_package_lets_mail_wait_and_purged_one_keeps_the_keys(configured):
    """Promise 1: without Postseal, nothing leaves that it would have sealed."""
    node = configured
    said = node.said("apt-get", "remove", "-q", "postseal")
    assert "Postfix still hands its mail to Postseal" in said and "/etc/postfix/postseal.undo undo" in said
    waits(node, "sue@partner.example")
    assert {"/etc/postseal/postseal.conf", "/var/spool/postseal"} <= set(left_by(node))
    # Outgoing mail stays blocked as long as needed, even when nothing else is left.
    said = node.said("apt-get", "purge", "-q", "postseal")
    assert "/etc/postseal/secrets stays" in said and "/etc/postfix/postseal.undo undo" in said
    waits(node, "sue@partner.example")
    node.run("/etc/postfix/postseal.undo", "undo")
    node.run("postfix", "reload")
    assert "postseal" not in node.run("postconf", "-n") + node.run("postconf", "-M")
    assert left_by(node) == ["/etc/postseal/secrets"]
    assert node.run("ls", "/etc/postseal/secrets").split() == ["courier.key", "courier.pub", "login.key", "master.key"]
    assert "postseal_milter" in node.run("getent", "passwd", "postseal_milter")
    assert node.asked("select count(*) from postseal.log") != "0"


OLD_CONFIGURATION = """organisation "Example Corp"
domains { "example.com" }
database "postgresql:///postseal"
portal url "https://secure.example.com"
keeper group "postseal_milter"
mta log "journal"
"""


@pytest.fixture(scope="module")
def old(made, configured):
    """An older release is installed, with a database in its schema in which mail is waiting."""
    package, node = made
    other = repack(package, "0.0.1")
    (node.root / "root/old").mkdir()
    sandbox.command("cp", other, node.root / "root/old")
    node.run("rm", "-rf", "/etc/postseal/secrets")
    node.said("apt-get", "install", "-q", f"/root/old/{other.name}")
    node.run("dropdb", "postseal")
    node.run("runuser", "-u", "postgres", "--", "createdb", "-O", "root", "postseal")
    node.write("/root/database.sql", (DATA / "database.sql").read_text() + MOVE_TIMES.replace("{at}", FACTS["at"]))
    node.run("runuser", "-u", "postgres", "--", "psql", "-q", "-c", "alter role root superuser")  # dates are set in all tables
    node.run("psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", "postseal", "-f", "/root/database.sql")
    node.run("runuser", "-u", "postgres", "--", "psql", "-q", "-c", "alter role root nosuperuser")
    for name, owner in (("master.key", "keeper"), ("courier.key", "courier")):
        (node.root / "etc/postseal/secrets" / name).write_bytes((DATA / "secrets" / name).read_bytes())
        node.run("chmod", "400", f"/etc/postseal/secrets/{name}")
        node.run("chown", f"postseal_{owner}:", f"/etc/postseal/secrets/{name}")
    (node.root / "etc/postseal/secrets/courier.pub").write_bytes((DATA / "secrets/courier.pub").read_bytes())
    node.write("/etc/postseal/postseal.conf", OLD_CONFIGURATION + OLD_RULES)
    node.run("/usr/libexec/postseal/wire", "apply")
    node.run("postfix", "reload")
    node.run("systemctl", "restart", "--no-block", *(f"postseal-{p}" for p in PROGRAMS))
    return node


def test_upgrade_from_an_older_schema_brings_out_what_waited(old):
    """Promise 2: what was in the outbox and behind the portal reaches its destination."""
    node = old
    waits(node, "sue@smime.example")
    for line in UPGRADE:
        shown = node.good(line)
        if line.startswith("apt "):
            for command in UPGRADE[1:]:
                assert f"'{command}'" in shown
            waits(node, "sue@smime.example")
    node.are_active(30)  # by themselves
    signed = people.open_smime(node.box("sue@smime.example").one(60), DATA / "sue")
    text = sandbox.command("openssl", "cms", "-verify", "-CAfile", DATA / "authority.pem", "-no_check_time", input=signed)
    assert FACTS["waiting"]["text"].encode() in text
    assert FACTS["waiting"]["parcel_text"] in open_parcel(node, "waiting@pickup.example").text
    assert FACTS["unread"]["text"] in unlock(node, FACTS["unread"]["link"], FACTS["unread"]["code"]).text


def test_removed_as_readme_says_leaves_what_it_names(old):
    node = old
    for line in REMOVAL:
        node.good(line)
    assert left_by(node) == ["/etc/postseal/secrets"]
    assert "postseal" not in node.run("postconf", "-n") + node.run("postconf", "-M")
    node.submit("kim@plain.example", message("kim@plain.example", "Without it"))
    sandbox.wait_until(lambda: any(mentions(p, "Without it") for p in node.box("kim@plain.example").files()), "the mail")
    assert subprocess.run(node.inside("dpkg", "--audit"), capture_output=True, check=True).stdout == b""
