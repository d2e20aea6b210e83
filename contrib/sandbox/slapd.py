"""slapd on loopback, as Debian ships it: a partner's directory of certificates and OpenPGP keys."""
import base64
import subprocess

import world as sandbox

SUFFIX = "dc=example,dc=com"
# As far as needed: the schema that GnuPG ships for key servers, and the attributes of Active Directory and of GnuPG 2.3.
SCHEMA = """
attributetype ( 1.3.6.1.4.1.3401.8.2.11 NAME 'pgpKey' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.3401.8.2.16 NAME 'pgpUserID' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.3401.8.2.14 NAME 'pgpCertID' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.3.6.1.4.1.11591.2.4.1.2 NAME 'gpgMailbox' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.2.840.113556.1.2.102 NAME 'memberOf' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.3401.8.2.24 NAME 'pgpKeyInfo' SUP top STRUCTURAL MUST ( pgpCertID $ pgpKey )
    MAY ( pgpUserID $ gpgMailbox ) )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'person2' SUP top AUXILIARY MAY ( proxyAddresses $ pgpKey $ memberOf ) )
"""


def value(name, data):
    return f"{name}:: {base64.b64encode(data).decode()}\n"


def person(name, mail, more=""):
    return (f"dn: cn={name},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: person2\ncn: {name}\nsn: {name}\n"
            f"mail: {mail}\n{more}\n")


class DirectoryServer:
    def __init__(self, directory, certificate):
        self.directory, self.certificate = directory, certificate
        self.plain, self.tls = sandbox.free_ports(2)
        self.process = None
        (directory / "data").mkdir(parents=True)

    def configure(self, more=""):
        config = self.directory / "slapd.conf"
        (self.directory / "pgp.schema").write_text(SCHEMA)
        config.write_text(
            "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "inetorgperson"))
            + f"include {self.directory}/pgp.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
            f"pidfile {self.directory}/slapd.pid\nargsfile {self.directory}/slapd.args\n"
            f"TLSCACertificateFile {self.certificate.with_name('authority.pem')}\nTLSCertificateFile {self.certificate}\n"
            f"TLSCertificateKeyFile {self.certificate.with_suffix('.key')}\n{more}\n"
            f'database mdb\nsuffix "{SUFFIX}"\nrootdn "cn=admin,{SUFFIX}"\nrootpw secret\n'
            f"directory {self.directory}/data\nindex mail eq\nsizelimit 100\n"
            f'access to dn.subtree="ou=inner,{SUFFIX}" by dn="cn=postseal,{SUFFIX}" read by * none\n'
            "access to attrs=userPassword by anonymous auth by * none\naccess to * by * read\n")
        return config

    def start(self, ldif):
        config = self.configure()
        head = (f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"
                + "".join(f"dn: ou={unit},{SUFFIX}\nobjectClass: organizationalUnit\nou: {unit}\n\n" for unit in ("people", "keys", "inner"))
                + f"dn: cn=postseal,{SUFFIX}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: postseal\n"
                  "userPassword: right\n\n")
        (self.directory / "all.ldif").write_text(head + ldif)
        sandbox.command("slapadd", "-q", "-f", config, "-l", self.directory / "all.ldif")
        self.serve()

    def serve(self):
        with (self.directory / "slapd.log").open("a") as log:
            self.process = subprocess.Popen(
                ["slapd", "-d", "256", "-f", self.directory / "slapd.conf", "-h", f"ldap://127.0.0.1:{self.plain}/ ldaps://127.0.0.1:{self.tls}/"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        sandbox.wait_until(lambda: sandbox.port_answers(self.tls), f"slapd (see {self.directory}/slapd.log)")

    def change(self, ldif):
        self.stop()
        sandbox.command("slapmodify", "-f", self.directory / "slapd.conf", input=ldif.encode())
        self.serve()

    def log(self):
        return (self.directory / "slapd.log").read_text()

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None
