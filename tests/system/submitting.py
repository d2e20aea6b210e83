"""Where members send with a mail program: a service of the company's Postfix, as postseal-submission(8) has it but for
its port, since the tests have no privileged ones to themselves."""
import grp
import os
import pwd
import smtplib

import mail_client
import world as sandbox

SETTINGS = ('submission sasl "{queue}/postseal-members/sasl.sock"\n'
            'submission milter "unix:{queue}/postseal-members/milter.sock"\n'
            'submission server "localhost:{port members}" metrics "127.0.0.1:{port submission_metrics}"\n')
SERVICE = {
    "syslog_name": "postfix/members",
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_sasl_type": "dovecot",
    "smtpd_sasl_path": "postseal-members/sasl.sock",
    "smtpd_sasl_security_options": "noanonymous",
    "smtpd_milters": "unix:postseal-members/milter.sock",
    "smtpd_milter_maps": "",
    "smtpd_proxy_filter": "",
    "milter_default_action": "tempfail",
    "smtpd_relay_restrictions": "permit_sasl_authenticated,reject",
    "smtpd_recipient_restrictions": "",
    "content_filter": "retry:undecided",
}
TLS = {"smtpd_tls_wrappermode": "yes", "smtpd_tls_security_level": "encrypt", "smtpd_tls_auth_only": "yes"}
# Careless: our socket is the last to insist on TLS.
STARTTLS = {"smtpd_tls_security_level": "may", "smtpd_tls_auth_only": "no"}


def service_of(world, port="members"):
    return f"127.0.0.1:{world.ports[port]}/inet"


def postconf(world, *words):
    sandbox.command("postconf", "-c", world.company.config, *words)


def prepare(world):
    """For conftest.world: directory, certificate and services."""
    world.authority.issue("members", "/CN=localhost", "subjectAltName=DNS:localhost")
    path = world.company.queue / "postseal-members"
    path.mkdir()
    os.chown(path, pwd.getpwnam("nobody").pw_uid, grp.getgrnam("postfix").gr_gid)
    path.chmod(0o2750)
    certificate = {"smtpd_tls_cert_file": world.directory / "keys" / "members.pem",
                   "smtpd_tls_key_file": world.directory / "keys" / "members.key"}
    for port, tls in (("members", TLS), ("members_starttls", STARTTLS)):
        name = service_of(world, port)
        postconf(world, "-M", "-e", f"{name}={name.removesuffix('/inet')} inet n - y - - smtpd")
        postconf(world, "-P", "-e", *(f"{name}/{key}={value}" for key, value in {**SERVICE, **tls, **certificate}.items()))
    world.company.reload()


def start(world):
    started = world.start_program("postseal-submission")
    for port in ("members", "members_starttls"):
        sandbox.wait_until(lambda: sandbox.port_answers(world.ports[port]), "the members' service")
    return started


def connect(world):
    return smtplib.SMTP_SSL("localhost", world.ports["members"], timeout=60, context=mail_client.trust(world))
