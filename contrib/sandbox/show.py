"""What contrib/try does once everything is built: starts the world, sends messages both ways, and shows what became of them."""
import pathlib
import re
import smtplib
import sys

from people import Gpg, Mailbox, browse, certify, entity_of, open_pgp, open_smime
from publishing import PublishingWorld
from world import RULES, SOURCE, Trouble, World, command, wait_until

BUILD = SOURCE / "build"
DIRECTORY = BUILD / "try"
SENDER = "anna@example.com"
SMIME, PGP, TLS = "sue@smime.example", "pat@pgp.example", "tom@partner.example"
PICKUP, PLAIN, BCC = "pia@pickup.example", "joe@plain.example", "ben@smime.example"
# Nobody imports the keys of these.
WKD, LDAP, MAIL = "wanda@auto.example", "luis@auto.example", "hana@auto.example"


def letter(sender, to, subject, number, entity):
    """A message around a MIME entity."""
    return "\r\n".join((f"From: {sender.partition('@')[0].title()} <{sender}>", f"To: {', '.join(to)}", f"Subject: {subject}",
                        f"Message-ID: <{number}@{sender.partition('@')[2]}>", "Date: Tue, 24 Nov 2026 12:00:00 +0100",
                        "MIME-Version: 1.0", "")).encode() + entity


def text(words):
    return ("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + words + "\r\n").encode()


CONTRACT = text("Dear all, the price is 42 Euro. Gr\u00fc\u00dfe, Anna")
ANSWER = text("Dear Anna, 40, and we sign. Hana")


def verdict(good):
    return "yes" if good else "NO"


def send(world, sender, to, message):
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.sendmail(sender, to, message, mail_options=["BODY=8BITMIME"])


def reason(world, address):
    """Why the newest copy for an address went as it did, as the log has it."""
    rows = world.postgres.query(f"select reason from postseal.log where recipient = '{address}' order by offered_at desc limit 1")
    return rows[0][0]


def import_keys(world):
    """What an admin imports by hand: an authority, two certificates and an OpenPGP key."""
    world.tell("making certificates and keys for the recipients")
    world.postseal("key", "import", "--root", world.directory / "keys" / "authority.pem")
    sue, ben = (certify(world, a).with_suffix("") for a in (SMIME, BCC))
    gpg = Gpg(world.directory / "keys" / "gnupg", PGP)
    (world.directory / "keys" / "pat.asc").write_bytes(gpg.public())
    world.postseal("key", "import", world.directory / "keys" / "pat.asc")
    return gpg, sue, ben


def show_copies(world):
    """One message by every method."""
    gpg, sue, ben = import_keys(world)
    world.tell(f"sending one message from {SENDER} to six recipients")
    visible = [SMIME, PGP, TLS, PICKUP, PLAIN]
    send(world, SENDER, [*visible, BCC], letter(SENDER, visible, "The contract", "contract.1", CONTRACT))
    copy = Mailbox(world, PLAIN).one()
    print(f"\n{PLAIN}: plain\n  arrived as it was: {verdict(b'42 Euro' in copy.raw)}")
    copy = Mailbox(world, SMIME).one()
    print(f"{SMIME}: S/MIME\n  openssl cms -decrypt gives back the very bytes: "
          f"{verdict(open_smime(copy, sue) == CONTRACT)}")
    copy = Mailbox(world, BCC).one()
    print(f"{BCC}: S/MIME, Bcc\n  alone in an envelope of its own, which opens: "
          f"{verdict(open_smime(copy, ben) == CONTRACT)}")
    copy = Mailbox(world, PGP).one()
    print(f"{PGP}: PGP/MIME\n  gpg --decrypt gives back the very bytes: "
          f"{verdict(open_pgp(copy, gpg) == CONTRACT)}")
    Mailbox(world, TLS).one()
    print(f"{TLS}: verified TLS\n  the company's Postfix wrote: "
          + next(line.split(": ", 1)[1] for line in world.company.log.read_text().splitlines()
                 if "Verified TLS connection established to partner.example" in line))
    link = Mailbox(world, PICKUP).one().link()
    code = Mailbox(world, SENDER).one().codes()[PICKUP]
    opened = browse(link, code)
    print(f"{PICKUP}: pickup\n  link in the notice: {link}\n  code in the mail to {SENDER}: {code}\n"
          f"  both together open the very bytes in the portal: {verdict(entity_of(opened) == CONTRACT)}\n")
    gpg.end()


def show_found_keys(world):
    """Two recipients whose keys are found while the message waits."""
    world.tell("publishing a key in a Web Key Directory, and a certificate in a directory (LDAP)")
    gpg = Gpg(world.directory / "keys" / "wanda", WKD)
    luis = world.authority.issue_mail("luis", LDAP)
    world.publish([gpg], {LDAP: luis})
    world.tell(f"sending a message from {SENDER} to two recipients whose keys nobody imported")
    send(world, SENDER, [WKD, LDAP], letter(SENDER, [WKD, LDAP], "The contract", "contract.2", CONTRACT))
    copy = Mailbox(world, WKD).one()
    place = world.postgres.query(f"select place from postseal.key_answer where address = '{WKD}' and outcome = 'found'")[0][0]
    print(f"\n{WKD}: PGP/MIME, with the key that her domain publishes\n  Postseal found it at {place}\n"
          f"  the log says: {reason(world, WKD)}\n"
          f"  gpg --decrypt gives back the very bytes: {verdict(open_pgp(copy, gpg) == CONTRACT)}")
    copy = Mailbox(world, LDAP).one()
    print(f"{LDAP}: S/MIME, with the certificate from his company's directory\n"
          f"  the log says: {reason(world, LDAP)}\n"
          f"  openssl cms -decrypt gives back the very bytes: {verdict(open_smime(copy, luis.with_suffix('')) == CONTRACT)}\n")
    gpg.end()


def sealed_answer(hana, anna):
    """Signed, then encrypted, as a mail client does it."""
    signed = command("openssl", "cms", "-sign", "-binary", "-outform", "SMIME", "-signer", hana, "-inkey",
                     hana.with_suffix(".key"), input=ANSWER)
    sealed = command("openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform", "SMIME", anna, input=crlf(signed))
    return crlf(sealed)


def crlf(made):
    """A MIME entity as it travels; the message has MIME-Version."""
    return re.sub(rb"^MIME-Version: 1\.0\r\n", b"", re.sub(rb"\r?\n", b"\r\n", made))


def show_answer(world):
    """A sealed mail that comes in, the certificate that it brings, and what goes back with it."""
    world.tell(f"giving {SENDER} a certificate; {MAIL} sends her a mail, signed and encrypted")
    anna = certify(world, SENDER)
    both = anna.with_suffix(".both")
    both.write_text(anna.read_text() + anna.with_suffix(".key").read_text())
    world.postseal("key", "import", both)
    hana = world.authority.issue_mail("hana", MAIL)
    before = len(Mailbox(world, SENDER).files())
    send(world, MAIL, [SENDER], letter(MAIL, [SENDER], "Your contract", "answer.1", sealed_answer(hana, anna)))
    mail = Mailbox(world, SENDER).wait(before + 1)[-1]
    results = " ".join(mail["Authentication-Results"].split())
    print(f"\n{SENDER}: a mail from {MAIL}, opened by Postseal\n  she can read it: {verdict(b'40, and we sign' in mail.raw)}\n"
          f"  what she, or her mail client, is told of it:\n    Authentication-Results: {results}\n")
    wait_until(lambda: world.postgres.query("select 1 from postseal.key_mailed where taken_at is null") == [],
               "the certificate that came with it to be read")
    world.tell(f"{SENDER} answers")
    send(world, SENDER, [MAIL], letter(SENDER, [MAIL], "Re: Your contract", "contract.3", CONTRACT))
    copy = Mailbox(world, MAIL).one()
    opened = open_smime(copy, hana.with_suffix(""))
    verified = command("openssl", "cms", "-verify", "-binary", "-CAfile", world.directory / "keys" / "authority.pem", input=opened)
    print(f"\n{MAIL}: S/MIME, with the certificate that came with her mail\n  the log says: {reason(world, MAIL)}\n"
          "  openssl cms -decrypt and -verify give back the very bytes, signed by Anna: "
          f"{verdict(verified == CONTRACT)}\n  Postseal says why: postseal trust why --from {SENDER} --to {MAIL}")
    for line in world.postseal("trust", "why", "--from", SENDER, "--to", MAIL).splitlines():
        print(f"    {line}")


def start(directory=DIRECTORY, build=BUILD):
    world = PublishingWorld(directory, build, lambda words: print("==", words, flush=True))
    world.start(f"receive any open\n{RULES}", 'networks { "127.0.0.0/8" }  # of the company: mail from there goes out')
    show_copies(world)
    show_found_keys(world)
    show_answer(world)
    print(f"""
All of it runs on. Next:
  look into the log    {build}/bin/postseal -f {world.config} message list
  see whose keys       {build}/bin/postseal -f {world.config} key list
  send something       any mail client, to SMTP 127.0.0.1:{world.ports['submission']}; rules: {world.config}
  use it in scripts    eval "$(contrib/try env)"
  end it               contrib/try stop""")
    return world


def env(world):
    for name, value in {
        "SMTP": f"127.0.0.1:{world.ports['submission']}",
        "PORTAL": f"http://localhost:{world.ports['portal']}",
        "DATABASE_URL": world.postgres.url,
        "OUTSIDE_MAILDIR": world.maildirs,
        "CONFIG": world.config,
        "MILTER": f"unix:{world.milter_socket}",
        "COMPANY_POSTFIX": world.company.config,
        "OUTSIDE_POSTFIX": world.outside.config,
        "BIN": world.bin,
    }.items():
        print(f"{name}='{value}'")


def main(words):
    world = World(DIRECTORY, BUILD)
    if words == ["start"]:
        start()
    elif not world.load():
        raise Trouble("the sandbox is not running; start it with: contrib/try")
    elif words == ["env"]:
        env(world)
    else:
        world.stop()
        print("ended; nothing of it runs any more")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Trouble, RuntimeError, AssertionError) as trouble:
        sys.exit(f"contrib/try: {trouble}\n(the logs are under {pathlib.Path(DIRECTORY)})")
