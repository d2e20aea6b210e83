"""Authorities that revoke: openssl makes their CRLs and is their OCSP responder."""
import datetime

import world as sandbox

NOW = datetime.datetime.now(datetime.timezone.utc)


class Issuer(sandbox.Authority):
    """An authority with an index of what it revoked, as openssl ca keeps it."""

    def __init__(self, world, name, revocation):
        directory = world.directory / "keys" / name
        directory.mkdir()
        super().__init__(directory)
        self.world, self.name, self.revoked = world, name, {}
        self.crl_url, self.ocsp_url = f"http://crl.{name}.example/ca.crl", f"http://ocsp.{name}.example/"
        (directory / "ca.conf").write_text(f"[ca]\ndefault_ca=a\n[a]\ndatabase={directory}/index\ndefault_md=sha256\n"
                                           "default_crl_days=1\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n")
        world.postseal("key", "import", "--root", "--revocation", revocation, directory / "authority.pem")

    def person(self, address, crl=True, ocsp=False, importing=True):
        """A certificate that says where to ask; returns its path without the ending."""
        more = f"crlDistributionPoints=URI:{self.crl_url}\n" if crl else ""
        more += f"authorityInfoAccess=OCSP;URI:{self.ocsp_url}\n" if ocsp else ""
        path = self.issue(address.split("@")[0], "/CN=Somebody", f"subjectAltName=email:{address}\n"
                          f"keyUsage=digitalSignature,keyAgreement\nextendedKeyUsage=emailProtection\n{more}",
                          key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"))
        if importing:
            self.world.postseal("key", "import", path)
        return str(path).removesuffix(".pem")

    def revoke(self, base, reason="keyCompromise", when=NOW):
        self.revoked[serial(base)] = f"{when:%y%m%d%H%M%SZ},{reason}"

    def index(self, *known):
        lines = [f"R\t400101000000Z\t{how}\t{number}\tunknown\t/CN=x\n" for number, how in self.revoked.items()]
        lines += [f"V\t400101000000Z\t\t{serial(base)}\tunknown\t/CN=x\n" for base in known if serial(base) not in self.revoked]
        (self.directory / "index").write_text("".join(lines))
        (self.directory / "index.attr").write_text("unique_subject = no\n")
        return self.directory / "index"

    def crl(self, *more, key="authority"):
        self.index()
        path = self.directory / "list.crl"
        sandbox.command("openssl", "ca", "-config", self.directory / "ca.conf", "-gencrl", "-keyfile", self.directory / f"{key}.key",
                        "-cert", self.directory / f"{key}.pem", "-out", path, *more)
        return sandbox.command("openssl", "crl", "-in", path, "-outform", "DER")

    def responder(self, *known, signer="authority", options=(), clock=()):
        """What openssl ocsp answers to a request, in bytes; `clock`: libfaketime's, for another time."""
        def answer(request):
            (self.directory / "request").write_bytes(request)
            sandbox.command(*clock, "openssl", "ocsp", "-index", self.index(*known), "-CA", self.directory / "authority.pem", "-rsigner",
                            self.directory / f"{signer}.pem", "-rkey", self.directory / f"{signer}.key", "-reqin",
                            self.directory / "request", "-respout", self.directory / "response", *(options or ("-nmin", "60")))
            return (self.directory / "response").read_bytes()
        return answer


def der(base):
    return sandbox.command("openssl", "x509", "-in", f"{base}.pem", "-outform", "DER").hex()


def serial(base):
    return sandbox.command("openssl", "x509", "-in", f"{base}.pem", "-noout", "-serial").decode().strip().split("=")[1]


def state(world, base):
    digest = sandbox.command("openssl", "x509", "-in", f"{base}.pem", "-noout", "-fingerprint", "-sha256").decode()
    fingerprint = digest.strip().split("=")[1].replace(":", "").lower()
    rows = world.postgres.query(f"select state from postseal.certificate_status where fingerprint = '{fingerprint}'")
    return rows[0][0] if rows else None
