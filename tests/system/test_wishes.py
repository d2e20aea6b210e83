"""A page of plain wishes of a law firm and one of a clinic (tests/data/wishes), made into rules by the manual alone. Each is tried
with `policy test`, and the same message through the milter: the rule decides where it was wished, and not beside it."""
import datetime
import email.policy
import io
import os
import re
import smtplib
import subprocess
import time
import zipfile
import zoneinfo
from email.message import EmailMessage

import pytest

import people
import world as sandbox
from slapd import SUFFIX, DirectoryServer, person
from test_clock import LIBRARY

WISHES = sandbox.SOURCE / "tests" / "data" / "wishes"
ZONE = "Europe/Zurich"
# Soon: certificates have their time.
FRIDAY = datetime.date.today() + datetime.timedelta((3 - datetime.date.today().weekday()) % 7 + 1)
NOON = f"{FRIDAY} 12:00"
SATURDAY, SUNDAY = FRIDAY + datetime.timedelta(1), FRIDAY + datetime.timedelta(2)
SETTINGS = 'networks { "10.0.0.0/8" }'
RULES = """
table verified file "{table}"
tls domains <verified>
include "house.rules"
"""


class World(sandbox.World):
    def make_certificates(self):
        super().make_certificates()
        self.server = DirectoryServer(self.directory / "slapd", self.authority.issue("directory", "/CN=localhost", "subjectAltName=IP:127.0.0.1"))
        self.server.start(person("Para", "para@example.com", "departmentNumber: paralegals\n") + person("Gone", "gone@example.com", "employeeType: left\n")
                          + person("Trainee", "trainee@example.com", "employeeType: trainee\n"))

    def write_config(self, rules, settings=""):
        (self.directory / "house.rules").write_text("otherwise deliver plain\n")
        super().write_config(rules, settings + f"""
directory staff url "ldaps://127.0.0.1:{self.server.tls}" base "{SUFFIX}" authorities "{self.directory}/keys/authority.pem"
""")

    def stop(self):
        super().stop()
        if hasattr(self, "server"):
            self.server.stop()


WORLD = World


def prepare(world):
    sandbox.command("postconf", "-c", world.company.config, "smtpd_authorized_xclient_hosts=127.0.0.0/8")
    sandbox.command("postfix", "-c", world.company.config, "reload")
    world.postgres.query("create table public.client (address text); grant select on public.client to public;"
                         "insert into public.client values ('client@smime.example'), ('client@plain.example'), ('dr@plain.example')")


def letter(subject="Hello", text="Good day.", files=(), fields=(), to=(), sender="anna@example.com"):
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, ", ".join(to), subject
    mail["Message-ID"] = email.utils.make_msgid(domain="example.com")
    mail["Date"] = email.utils.formatdate()
    for name, value in fields:
        mail[name] = value
    mail.set_content(text)
    for name, data, kind in files:
        mail.add_attachment(data, maintype=kind.split("/")[0], subtype=kind.split("/")[1], filename=name)
    return mail.as_bytes()


def locked():
    """A ZIP archive whose file is encrypted, as its header says."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", b"x" * 20)
    data = bytearray(packed.getvalue())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return ("a.zip", bytes(data), "application/zip")


def ahv(n):
    digits = "756" + f"{n:09}"
    return digits + str(-sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10)


def patient(n):
    """Its last digit makes the weighted sum a multiple of 11."""
    for digit in range(10):
        number = f"{n:07}{digit}"
        if sum(int(d) * w for d, w in zip(number, range(8, 0, -1))) % 11 == 0:
            return "P-" + number
    return patient(n + 1)


def many(one):
    return "\n".join(f"Row {n}: {one(1000 + 7 * n)}" for n in range(12))


# Who, to whom, what, and what is expected. Who is signed in as themselves, at noon on a Friday, at a desk of the house.
LAW = [
    (dict(sender="gone@example.com"), 'reject by "leavers"'),
    (dict(user=None), 'reject by "not signed in"'),
    (dict(user="mallory@example.com"), 'reject by "not signed in"'),
    (dict(user=None, client="10.1.0.9", sender="scan@example.com"), 'smime, pgp, plain by "rest"'),
    (dict(to=["client@smime.example", "them@pickup.example"]), 'reject by "both sides"'),
    (dict(to=["client@smime.example"], fields=[("Cc", "Them <THEM@pickup.example>")]), 'reject by "both sides"'),
    (dict(to=["them@pickup.example"], text="This is\nwithout   prejudice."), 'hold by "privileged"'),
    (dict(to=["them@pickup.example"], files=[("memo.txt", b"Unpr\xc3\xa4judizierlich!\r\n", "text/plain")]), 'hold by "privileged"'),
    (dict(to=["a@smime.example"], text="This is without prejudice."), 'smime, pgp, plain by "rest"'),
    (dict(to=["them@pickup.example"], text="Without any prejudice."), 'smime, pgp, plain by "rest"'),
    (dict(sender="para@example.com", to=["desk@partner.example"]), 'hold by "paralegals to court"'),
    (dict(sender="para@example.com", to=["huber@example.com"]), 'only plain by "inside"'),
    (dict(to=["desk@partner.example"]), 'only tls by "courts"'),
    (dict(to=["me@auto.example"], files=[("a.pdf", b"%PDF-1.4\n", "application/pdf")]), 'refuse by "private mailbox"'),
    (dict(to=["me@auto.example"]), 'smime, pgp, plain by "rest"'),
    (dict(to=["client@plain.example"], subject="[plain] Agreed"), 'only plain by "client agreed"'),
    (dict(to=["client@plain.example"], subject="Re: [plain] Agreed"), 'smime, pgp, plain by "clients"'),
    (dict(to=["other@plain.example"], subject="[plain] Agreed"), 'smime, pgp, plain by "rest"'),
    (dict(to=["a@pickup.example"], fields=[("Sensitivity", "Company-Confidential")]), 'smime, pgp, pickup by "confidential"'),
    (dict(to=["a@pickup.example"], subject="On M-2026/0815"), 'smime, pgp, pickup by "matters"'),
    (dict(to=["a@pickup.example"], text="See m-2026/0815."), 'smime, pgp, plain by "rest"'),
    (dict(to=["a@pickup.example"], text="x" * 76 + "\n" + "\n".join(["y" * 990] * 5800)), 'only pickup by "large"'),
    (dict(to=["client@plain.example"], files=[locked()]), 'only plain by "locked, to clients"'),
    (dict(to=["a@pickup.example"], sender="keller@example.com", files=[locked()]), 'wait'),
    (dict(to=["a@smime.example"], sender="keller@example.com", files=[locked()]), 'only pickup by "locked"'),
    (dict(user=None, client="10.1.0.7", fields=[("List-Id", "<news.example.com>")]), 'only plain by "newsletter"'),
    (dict(to=["them@pickup.example"], time=f"{FRIDAY} 20:00"), 'hold by "not at night"'),
    (dict(to=["them@pickup.example"], time=f"{FRIDAY} 19:59"), 'smime, pgp, plain by "rest"'),
    (dict(to=["them@pickup.example"], time=f"{SATURDAY} 12:00"), 'hold by "not at night"'),
    (dict(to=["client@smime.example"]), 'smime, pgp, plain by "clients"'),
]
CLINIC = [
    (dict(sender="trainee@example.com"), 'refuse by "trainees"'),
    (dict(sender="trainee@example.com", to=["anna@example.com"]), 'only plain by "inside"'),
    (dict(client="10.3.0.17", sender="mri@example.com", user=None, to=["a@smime.example"]), 'reject by "machines"'),
    (dict(client="10.3.0.17", sender="mri@example.com", user=None, to=["maker@plain.example"]), 'only plain by "maintenance"'),
    (dict(text=many(ahv)), 'hold by "patient list"'),
    (dict(text=many(patient)), 'hold by "patient list"'),
    (dict(files=[("list.csv", many(ahv).encode(), "text/csv")]), 'hold by "patient list"'),
    (dict(text=many(ahv), to=["dr.b@example.com"]), 'only plain by "inside"'),
    (dict(sender="reception@example.com", time=f"{FRIDAY} 07:29"), 'reject by "reception"'),
    (dict(sender="reception@example.com", time=f"{FRIDAY} 07:30"), 'smime, pgp, plain by "rest"'),
    (dict(sender="reception@example.com", time=f"{SUNDAY} 12:00"), 'reject by "reception"'),
    (dict(sender="psych1@example.com", to=["a@pickup.example"]), 'smime, pgp, pickup by "psychiatry"'),
    (dict(to=["desk@partner.example"]), 'only tls, pickup by "insurers"'),
    (dict(sender="reminder@example.com", text="Please come on Monday."), 'only plain by "reminders"'),
    (dict(sender="reminder@example.com", text="Please come about your hepatitis\r\nC on Monday.", to=["a@pickup.example"]),
     'smime, pgp, pickup by "diagnoses"'),
    (dict(sender="reminder@example.com", text=f"Your number is {patient(42)}.", to=["a@pickup.example"]), 'smime, pgp, pickup by "numbers"'),
    (dict(files=[locked()], to=["a@pickup.example"]), 'smime, pgp, pickup by "unreadable"'),
    (dict(subject=f"Report {ahv(123456789)}", to=["a@pickup.example"]), 'smime, pgp, pickup by "numbers"'),
    (dict(files=[(f"{patient(4711)}.pdf", b"x\n", "text/plain")], to=["a@pickup.example"]), 'smime, pgp, pickup by "numbers"'),
    (dict(text="The number is P-12345678.", to=["a@plain.example"]), 'smime, pgp, plain by "rest"'),
    (dict(text="Verdacht auf DÉPRESSION", to=["a@pickup.example"]), 'smime, pgp, pickup by "diagnoses"'),
    (dict(text="The economic depressions of the thirties", to=["a@plain.example"]), 'smime, pgp, plain by "rest"'),
    (dict(files=[("knee.DCM", b"\0" * 128 + b"DICM" + bytes(range(256)), "application/octet-stream")], to=["a@pickup.example"]), 'only pickup by "x-rays"'),
    (dict(to=["old@smime.example"]), 'only smime by "old clinic"'),
    (dict(to=["dr@plain.example"]), 'smime, pgp, pickup by "referrers"'),
    (dict(text="Geb. 3.4.1971"), 'smime, pgp, plain by "rest"'),
]
CASES = [(house, number) for house, cases in (("law", LAW), ("clinic", CLINIC)) for number in range(len(cases))]


@pytest.fixture(scope="module")
def clock(world):
    file = world.directory / "clock"
    file.write_text("+0\n")
    world.stop_program("postseal-milter")
    world.start_program("postseal-milter", environment={
        "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1", "TZ": ZONE})
    people.certify(world, "old@smime.example")

    def set_to(at):
        moment = datetime.datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=zoneinfo.ZoneInfo(ZONE)).timestamp()
        file.write_text(f"{moment + 1 - time.time():+.3f}\n")
    return set_to


@pytest.fixture(scope="module")
def in_force(world, clock):
    """Puts a house's rules into force."""
    now = []

    def put(house):
        if now == [house]:
            return
        (world.directory / "house.rules").write_text((WISHES / f"{house}.rules").read_text())
        world.read_rules_again()
        now[:] = [house]
    return put


def said_by_test(world, tmp_path, case, message, to, gives):
    sender = case.get("sender", "anna@example.com")
    user = case.get("user", sender)
    lists = "{ " + " ".join(f'"{address}"' for address in to) + " }"
    (tmp_path / "mail.eml").write_bytes(message)
    (tmp_path / "rules.expect").write_text(
        f'from "{sender}" to {lists}' + (f' user "{user}"' if user else "") + f' client "{case.get("client", "10.1.2.3")}"'
        f' time "{case.get("time", NOON)}" file "mail.eml" gives {gives}\n')
    return subprocess.run(list(map(str, world.among_groups(world.bin / "postseal", "-f", world.config, "policy", "test", tmp_path / "rules.expect"))),
                          capture_output=True, text=True, env={**os.environ, "TZ": ZONE})


def submit(world, case, message, to):
    """The reply to the end of the data."""
    sender = case.get("sender", "anna@example.com")
    user = case.get("user", sender)
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.ehlo()
        code, text = smtp.docmd("XCLIENT", f"ADDR={case.get('client', '10.1.2.3')}" + (f" LOGIN={user}" if user else ""))
        assert code == 220, text
        smtp.ehlo()
        smtp.mail(sender)
        for address in to:
            code, text = smtp.rcpt(address)
            if code != 250:
                return code
        return smtp.data(message)[0]


@pytest.mark.parametrize("house,number", CASES)
def test_wish(world, clock, in_force, tmp_path, house, number):
    case, gives = {"law": LAW, "clinic": CLINIC}[house][number]
    in_force(house)
    to = case.get("to", ["a@plain.example"])
    content = {key: case[key] for key in ("subject", "text", "files", "fields") if key in case}
    message = letter(**content, to=to, sender=case.get("sender", "anna@example.com"))
    done = said_by_test(world, tmp_path, case, message, to, gives)
    assert done.returncode == 0, done.stdout + done.stderr
    clock(case.get("time", NOON))
    code = submit(world, case, message, to)
    outcome = gives.partition(" by ")[0].removeprefix("only ")
    assert code // 100 == {"reject": 5, "refuse": 5, "wait": 4}.get(outcome, 2), code
    if outcome == "wait":
        return
    message_id = re.search(rb"Message-ID: (\S+)", message).group(1).decode()
    rows = world.postgres.query("select rule_name, method, state from postseal.log l join postseal.message m on m.id = l.message"
                                f" where m.message_id = '{message_id}'")
    assert {row[0] for row in rows} == {gives.partition('by "')[2].rstrip('"')}
    if outcome == "hold":
        assert {row[2] for row in rows} == {"held"}
    elif outcome not in ("reject", "refuse"):
        assert {row[1] for row in rows} <= set(outcome.split(", "))


def test_rules_are_without_complaint(world, in_force):
    """Whoever wrote them by the manual is warned of nothing."""
    for house in ("law", "clinic"):
        in_force(house)
        done = subprocess.run([world.bin / "postseal", "-f", world.config, "policy", "explain", "--from", "a@example.com", "--to", "b@example.com"],
                              capture_output=True, text=True)
        assert "warning" not in done.stderr, done.stderr


def test_each_rule_is_one_of_the_wishes_and_each_is_tried():
    for house, cases in (("law", LAW), ("clinic", CLINIC)):
        text = (WISHES / f"{house}.rules").read_text()
        wishes, rules = re.findall(r'^# "', text, re.M), re.findall(r'^rule "(.*?)"', text, re.M)
        tried = {name for _, gives in cases for name in re.findall('by "(.*?)"', gives)}
        assert 10 <= len(wishes) <= 20 and set(rules) - tried <= {"conversation", "trial: birth dates"}


def test_what_is_watched_is_on_record(world, clock, in_force, tmp_path):
    in_force("clinic")
    message = letter(text="Born on 3.4.1971", to=["a@plain.example"])
    assert submit(world, {}, message, ["a@plain.example"]) == 250
    rows = world.postgres.query("select rule_name, method from postseal.watched where rule_name like 'trial:%'")
    assert ["trial: birth dates", "plain"] in rows
