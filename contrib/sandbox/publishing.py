"""A world whose outside publishes keys: OpenPGP keys in a Web Key Directory, certificates in a directory (LDAP). The
finder sees the names of both, and no other names."""
import random
import re
import socket
import subprocess
import sys

import slapd
from world import SOURCE, Trouble, World, command, port_answers, wait_until

DOMAIN = "auto.example"
WEB, LDAP = f"openpgpkey.{DOMAIN}", f"ldap.{DOMAIN}"


def free_web_address():
    """An address of the machine's own where nobody listens at port 443."""
    for _ in range(1000):
        address = f"127.{random.randrange(10, 250)}.{random.randrange(250)}.{random.randrange(1, 250)}"
        try:
            socket.create_server((address, 443)).close()
            return address
        except OSError:
            continue
    raise Trouble("found no free address on loopback")


class PublishingWorld(World):
    def write_config(self, rules, settings=""):
        keys = self.directory / "keys"
        self.certificate = self.authority.issue("directories", "/CN=directories", f"subjectAltName=DNS:{WEB},DNS:{LDAP}")
        self.web_address = free_web_address()
        self.ldap = slapd.DirectoryServer(self.directory / "slapd", self.certificate)
        super().write_config(rules, f"""{settings}
keys from database, mail, wkd, ldap  within 20 seconds
directory partners url "ldap://{LDAP}:{self.ldap.plain}" base "ou=people,{slapd.SUFFIX}"
    domains {{ "{DOMAIN}" }}  authorities "{keys}/authority.pem"
finder networks {{ "127.0.0.0/8" }}
finder authorities "{keys}/authority.pem"
""")

    def start_programs(self):
        (self.directory / "names").write_text(f"127.0.0.1 localhost {LDAP}\n{self.web_address} {WEB}\n")
        (self.directory / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
        super().start_programs()

    def among_groups(self, *words):
        return super().among_groups("sh", "-c", 'mount --bind "$0/names" /etc/hosts && '
                                    'mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"', self.directory, *words)

    def publish(self, gpgs, people):
        """Starts both: the OpenPGP keys of these homes, and these people's entries with their certificates (paths)."""
        self.start_web(gpgs)
        self.ldap.start("".join(slapd.person(address.partition("@")[0], address, slapd.value("userCertificate;binary", command(
            "openssl", "x509", "-in", path, "-outform", "DER"))) for address, path in people.items()))
        self.programs["slapd"] = self.ldap.process.pid
        self.save()

    def start_web(self, gpgs):
        root = self.directory / "web"
        place = root / ".well-known" / "openpgpkey" / DOMAIN / "hu"
        place.mkdir(parents=True)
        (place.parent / "policy").touch()
        for gpg in gpgs:
            listed = gpg.run("--with-wkd-hash", "--list-keys", gpg.address).decode()
            name = re.search(rf"^\s+([a-z0-9]{{32}})@{re.escape(DOMAIN)}$", listed, re.M)[1]
            (place / name).write_bytes(gpg.run("--export", gpg.address))
        with (self.directory / "log" / "web").open("w") as log:
            web = subprocess.Popen([sys.executable, SOURCE / "contrib/sandbox/key_web.py", self.web_address, self.certificate,
                                    self.certificate.with_suffix(".key"), root],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.programs["web"] = web.pid
        self.save()
        wait_until(lambda: port_answers(443, self.web_address), f"the web server (see {self.directory}/log/web)")
