"""`postseal check`: connections that are to be verified, and by whom; each installation is broken in one place."""
import pytest

import installation
from installation import (  # noqa: F401
    both, configured, mended, postconf, pytest_generate_tests, set_to, test_broken_installation_is_told,
    test_right_installation_is_not_called_wrong, test_what_needs_attention_is_a_warning, world_of)
from listener import unix_socket
from name_server import NameServer


def prepare(world):
    installation.prepare(world)
    world.names, world.others = NameServer(world.directory / "names"), NameServer(world.directory / "others")
    for server in (world.names, world.others):
        server.zone("signed.example", "")
    world.names.start()
    with world.config.open("a") as config:
        config.write(f'finder resolver "127.0.0.1@{world.names.port}"\nfinder anchor "{world.names.anchor}"\n')


@pytest.fixture(scope="module", autouse=True)
def name_server(world):
    yield
    world.names.stop()


def restarted(program, change):
    """A change that the program reads only when it starts."""
    def start(world, mended):
        text = world.config.read_text()

        def undo():
            world.stop_program(program)
            world.config.write_text(text)
            world.start_program(program)
        mended(undo)
        world.stop_program(program)
        change(world, mended)
        world.start_program(program)
    return start


publishing = both(configured(r"^organisation ", 'tls from dane, mta-sts\norganisation '),
                  set_to("postseal-verified/unix/smtp_dns_support_level", "dnssec"))


def milter_at_a_port(world, mended):
    """As wire has it then: without a table."""
    configured(r'^milter listen "[^"]*"', f'milter listen "inet:{world.spare[0]}@127.0.0.1"')(world, mended)
    for name in ("smtpd_milters", "non_smtpd_milters"):
        postconf(world, "-e", f"{name}=inet:127.0.0.1:{world.spare[0]}")
    set_to("postseal-verified/unix/smtp_tls_policy_maps", "")(world, mended)


def lost_table(world, mended):
    table = world.milter_socket.parent / "tls.sock"
    mended(table.with_suffix(".lost").rename, table)
    table.rename(table.with_suffix(".lost"))


def foreign_listener(world, mended):
    """In the table's place; it never answers."""
    lost_table(world, mended)
    path = world.milter_socket.parent / "tls.sock"
    other = unix_socket(path)
    path.chmod(0o777)
    mended(path.unlink)
    mended(other.close)


BROKEN = {
    "nobody to say what domains publish": (both(configured(r"^organisation ", 'tls from dane, mta-sts\norganisation '),
                                                set_to("postseal-verified/unix/smtp_tls_policy_maps", "")),
                                           "reinject verified", "does not learn what domains publish"),
    "table of the milter elsewhere": (set_to("postseal-verified/unix/smtp_tls_policy_maps", "socketmap:unix:elsewhere/tls.sock:domains"),
                                      "reinject verified", "not the milter's table"),
    "milter at a port, which has no table": (both(publishing, restarted("postseal-milter", milter_at_a_port)), "reinject verified",
                                             "only beside a Unix socket, and listens at a port"),
    "table of the milter that is gone": (both(publishing, lost_table), "reinject verified", "its mail waits: .*tls.sock: No such file"),
    "table of the milter that Postfix may not ask": (
        both(publishing, lambda w, m: (m((w.milter_socket.parent / "tls.sock").chmod, 0o660), (w.milter_socket.parent / "tls.sock").chmod(0o600))),
        "reinject verified", "its mail waits: .*tls.sock: Permission denied"),
    "somebody else in the place of the table": (both(publishing, foreign_listener), "reinject verified", "does not answer as postseal-milter does"),
    "DANE for a Postfix that does not ask for signatures": (configured(r"^organisation ", 'tls from dane\norganisation '), "reinject verified",
                                                            "smtp_dns_support_level = disabled .*cannot verify by DANE"),
    "trust anchor that nothing is signed by": (
        both(publishing, restarted("postseal-finder", configured("^finder anchor .*", 'finder anchor "DIRECTORY/others/anchor"'))),
        "verified TLS", "DNSSEC can be validated .*signatures do not hold"),
    "authorities that cannot be read": (set_to("smtp_tls_CAfile", "/dev/null"), "reinject verified", "holds no certificate"),
    "authorities that are not in the chroot": (
        both(set_to("smtp_tls_CAfile", ""), set_to("smtp_tls_CApath", "/etc/ssl/certs"),
             lambda world, mended: postconf(world, "-F", "-e", "postseal-verified/unix/chroot=y")),
        "reinject verified", "no server can be verified, from within its chroot"),
}

RIGHT = {
    "the authorities of the system": both(set_to("smtp_tls_CAfile", ""), set_to("smtp_tls_CApath", "/etc/ssl/certs")),
    "domains that publish what they take": publishing,
}

WARNED = {
    "domain that takes verified TLS, though nobody can be asked": (
        both(publishing, installation.sql("insert into postseal.domain_tls (domain, evidence, asked_at, outcome, why) values"
                             " ('partner.example', 'mta-sts', now(), 'failed', 'HTTP status 500')", "delete from postseal.domain_tls")),
        "verified TLS", "partner.example .mta-sts.: since 20.* UTC: HTTP status 500"),
}
