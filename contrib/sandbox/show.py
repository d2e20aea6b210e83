"""What contrib/try does once everything is built: starts the world, sends a message, and shows its copies."""
import pathlib
import smtplib
import sys

from people import Gpg, Mailbox, browse, certify, entity_of, open_pgp, open_smime
from world import SOURCE, Trouble, World

DIRECTORY = SOURCE / "build" / "try"
SENDER = "anna@example.com"
SMIME, PGP, TLS = "sue@smime.example", "pat@pgp.example", "tom@partner.example"
PICKUP, PLAIN, BCC = "pia@pickup.example", "joe@plain.example", "ben@smime.example"

MESSAGE = f"""\
From: Anna <{SENDER}>
To: {SMIME}, {PGP}, {TLS}, {PICKUP}, {PLAIN}
Subject: The contract
Message-ID: <contract.1@example.com>
Date: Tue, 24 Nov 2026 12:00:00 +0100
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Dear all, the price is 42 Euro. Gr\u00fc\u00dfe, Anna
""".replace("\n", "\r\n").encode()


def verdict(good):
    return "yes" if good else "NO"


def show_copies(world, gpg, sue, ben):
    entity = entity_of(MESSAGE)
    copy = Mailbox(world, PLAIN).one()
    print(f"\n{PLAIN}: plain\n  arrived as it was: {verdict(b'42 Euro' in copy.raw)}")
    copy = Mailbox(world, SMIME).one()
    print(f"{SMIME}: S/MIME\n  openssl cms -decrypt gives back the very bytes: "
          f"{verdict(open_smime(copy, sue) == entity)}")
    copy = Mailbox(world, BCC).one()
    print(f"{BCC}: S/MIME, Bcc\n  alone in an envelope of its own, which opens: "
          f"{verdict(open_smime(copy, ben) == entity)}")
    copy = Mailbox(world, PGP).one()
    print(f"{PGP}: PGP/MIME\n  gpg --decrypt gives back the very bytes: "
          f"{verdict(open_pgp(copy, gpg) == entity)}")
    Mailbox(world, TLS).one()
    print(f"{TLS}: verified TLS\n  the company's Postfix wrote: "
          + next(line.split(": ", 1)[1] for line in world.company.log.read_text().splitlines()
                 if "Verified TLS connection established to partner.example" in line))
    link = Mailbox(world, PICKUP).one().link()
    code = Mailbox(world, SENDER).one().codes()[PICKUP]
    opened = browse(link, code)
    print(f"{PICKUP}: pickup\n  link in the notice: {link}\n  code in the mail to {SENDER}: {code}\n"
          f"  both together open the very bytes in the portal: {verdict(entity_of(opened) == entity)}")


def start():
    world = World(DIRECTORY, SOURCE / "build", lambda text: print("==", text, flush=True))
    world.start()
    print("== making certificates and keys for the recipients", flush=True)
    world.postseal("key", "import", "--root", DIRECTORY / "keys" / "authority.pem")
    sue, ben = (certify(world, a).with_suffix("") for a in (SMIME, BCC))
    gpg = Gpg(DIRECTORY / "keys" / "gnupg", PGP)
    (DIRECTORY / "keys" / "pat.asc").write_bytes(gpg.public())
    world.postseal("key", "import", DIRECTORY / "keys" / "pat.asc")
    print(f"== sending one message from {SENDER} to six recipients", flush=True)
    with smtplib.SMTP("127.0.0.1", world.ports["submission"]) as smtp:
        smtp.sendmail(SENDER, [SMIME, PGP, TLS, PICKUP, PLAIN, BCC], MESSAGE,
                      mail_options=["BODY=8BITMIME"])
    show_copies(world, gpg, sue, ben)
    gpg.end()
    print(f"""
All of it runs on. Next:
  look into the log    {SOURCE}/build/bin/postseal -f {world.config} message list
  send something       any mail client, to SMTP 127.0.0.1:{world.ports['submission']}; rules: {world.config}
  use it in scripts    eval "$(contrib/try env)"
  end it               contrib/try stop""")


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
    world = World(DIRECTORY, SOURCE / "build")
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
