"""`postseal check`: a Postfix that leads mail past the milter, changes recipients after it or verifies nobody; each installation is
broken in one place."""
import contextlib
import re
import socket
import struct
import subprocess
import threading

import pytest

import directory_server
from installation import (  # noqa: F401
    all_in_chroot, both, checked, configured, listed, mended, postconf, prepare, pytest_generate_tests, receiving,
    set_to, test_broken_installation_is_told, test_right_installation_is_not_called_wrong,
    test_what_needs_attention_is_a_warning, world_of)


def listener(answer):
    """Another program has the milter's port; it answers each connection with `answer` of what it received."""
    def change(world, mended):
        port = world.spare[0]
        server = socket.create_server(("127.0.0.1", port))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as client, contextlib.suppress(OSError):
                        client.settimeout(5)
                        client.sendall(answer(client.recv(4096)))
        thread = threading.Thread(target=serve)
        thread.start()
        mended(thread.join)
        mended(server.close)
        mended(server.shutdown, socket.SHUT_RDWR)
        configured(r'^milter listen "[^"]*"', f'milter listen "inet:{port}@127.0.0.1"')(world, mended)
        for name in ("smtpd_milters", "non_smtpd_milters"):
            postconf(world, "-e", f"{name}=inet:127.0.0.1:{port}")
        set_to("postseal-verified/unix/smtp_tls_policy_maps", "")(world, mended)
    return change


def as_another_milter(asked):
    """OpenDKIM's answer: it accepts what is offered, and wants no macros."""
    return b"" if len(asked) < 17 else struct.pack(">IcIII", 13, b"O", 6, 0x11, 0)


def without_chroot(world, mended):
    """And with a socket that smtpd knows by its full path."""
    postconf(world, "-F", "-e", "*/*/chroot=n")
    postconf(world, "-e", f"smtpd_milters=unix:{world.milter_socket}", f"non_smtpd_milters=unix:{world.milter_socket}")


def with_old_default(world, mended):
    """Before Postfix 3.0, "-" in the chroot column meant "y"; it still does where compatibility_level was never set."""
    postconf(world, "-F", "-e", "*/*/chroot=-")
    postconf(world, "-e", "compatibility_level=0")


def handed_over_at(name, setting, *options, transport=()):
    """Something else listens at the port, so that the courier is answered; master.cf calls it `name`."""
    def change(world, mended):
        port = world.ports["outside"]
        place = name.replace("PORT", str(port))
        configured(f'^{setting} "[^"]*"', f'{setting} "smtp://127.0.0.1:{port}"')(world, mended)
        postconf(world, "-M", "-e", f"192.0.2.1:{port}/inet=192.0.2.1:{port} inet n - n - - smtpd -o smtpd_milters=unix:postseal/milter.sock")
        postconf(world, "-M", "-e", f"{place}/inet={place} inet n - n - - smtpd " + " ".join(f"-o {o}" for o in options))
        for one in transport:
            postconf(world, "-P", "-e", one)
    return change


CLOSED = ("receive_override_options=no_milters", "mynetworks=127.0.0.0/8")


def postscreen(world, mended):
    postconf(world, "-M", "-e", "smtpd/pass=smtpd pass - - y - - smtpd")
    postconf(world, "-M", "-e", f"127.0.0.1:{world.spare[1]}/inet=127.0.0.1:{world.spare[1]} inet n - y - 1 postscreen")


def submission_with_login(world, mended):
    configured('^sign "any"', 'sign "mta"')(world, mended)
    for name, value in (("smtpd_sasl_auth_enable", "yes"), ("smtpd_sender_login_maps", "texthash:/dev/null"),
                        ("smtpd_sender_restrictions", "reject_sender_login_mismatch"),
                        ("smtpd_milters", "unix:postseal/milter.sock")):
        set_to(f"SUBMISSION/{name}", value)(world, mended)


BROKEN = {
    # the milter's socket
    "another milter at its port": (listener(as_another_milter), "milter socket", "is another one than postseal-milter"),
    "no milter at its port": (listener(lambda asked: b"HTTP/1.0 400 Bad Request\r\n\r\n"), "milter socket",
                              "does not answer as a milter does"),
    # what is handed over at a port
    "port for mail from Postseal that seals again, under another name": (
        handed_over_at("localhost:PORT", "reinject", "syslog_name=postfix/postseal"), "reinject", "localhost:[0-9]+/inet: .*sealed twice"),
    "port for mail from Postseal without a host": (
        handed_over_at("PORT", "reinject", "syslog_name=postfix/postseal"), "reinject", "sealed twice"),
    "port for verified TLS whose transport verifies nobody": (
        handed_over_at("localhost:PORT", "reinject verified", *CLOSED, "content_filter=postseal-verified:",
                       transport=["postseal-verified/unix/smtp_tls_security_level=may"]),
        "reinject verified", "may does not verify the server"),
    "port for mail from Postseal that is open to all": (
        handed_over_at("PORT", "reinject", *CLOSED), "milters", "disables the milter"),
    # which mail reaches it
    "clients that have other milters": (set_to("smtpd_milter_maps", "inline:{127.0.0.1=DISABLE}"), "milters", "smtpd_milter_maps"),
    "filter before the queue": (set_to("SUBMISSION/smtpd_proxy_filter", "127.0.0.1:9"), "milters", "smtpd_proxy_filter"),
    "sendmail(1) without the milter": (set_to("postseal-pickup/unix/non_smtpd_milters", ""), "milters",
                                       "postseal-pickup/unix/non_smtpd_milters"),
    "scanner that is stopped": (listed("unix:stopped.sock", "ours"), "milters", "unix:stopped.sock as well, which cannot be reached"),
    "table of wire that is gone": (lambda world, mended: (world.company.config / "postseal_undecided").unlink(), "transports",
                                   "postseal_undecided, which .*: No such file .*mail waits"),
    # recipients that change after it
    "copies by sender": (set_to("sender_bcc_maps", "inline:{a@example.com=b@example.com}"), "placement", "sender_bcc_maps"),
    "copies by recipient": (set_to("recipient_bcc_maps", "inline:{a@example.com=b@example.com}"), "placement", "recipient_bcc_maps"),
    "canonical addresses outside": (set_to("canonical_maps", "inline:{a@example.com=b@smime.example}"), "placement", "b@smime.example"),
    "recipients that are masqueraded": (both(set_to("masquerade_domains", "example.com"),
                                         set_to("masquerade_classes", "envelope_sender, envelope_recipient")), "placement", "masquerade"),
    "local aliases outside": (both(set_to("mydestination", "example.com"),
                                   set_to("alias_maps", "inline:{team=joe@smime.example}")), "placement", "joe@smime.example"),
    "mail of nobody sent on": (both(set_to("mydestination", "example.com"), set_to("luser_relay", "catch@example.com")),
                               "placement", "luser_relay"),
}

RIGHT = {
    "at the edge, smtpd in its chroot, a Unix socket": lambda world, mended: None,
    "nothing in a chroot, the socket by its full path": without_chroot,
    "everything in the chroot": all_in_chroot,
    "everything in the chroot, by the old default": with_old_default,
    "a port for mail from Postseal, without the name that wire gives it": handed_over_at("localhost:PORT", "reinject", *CLOSED),
    "rspamd before it": listed("unix:scanner.sock", "ours"),
    "submission with logins that are bound to senders": submission_with_login,
    "postscreen in front": postscreen,
    "no sendmail(1): without pickup": lambda world, mended: postconf(world, "-MX", "pickup/unix"),
    "a cleanup without milters that nothing uses": set_to("cleanup/unix/non_smtpd_milters", ""),
    "clients named as in Postfix, and a relay that hands over mail from outside": receiving(
        '"10.0.0.0/8" "2001:db8::/32"', "127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 10.0.0.0/9 10.128.0.0/9 10.0.0.0/8 [2001:db8::]/32 192.0.2.9"),
    "clients in tables of Postfix": receiving('"10.0.0.0/8"', "127.0.0.0/8 cidr:/dev/null"),
    "clients named for Postfix, without mail that comes in": set_to("mynetworks", "127.0.0.0/8 10.0.0.0/8"),
}

WARNED = {
    "clients that Postfix does not know": (receiving('"10.0.0.0/8"', "127.0.0.0/8 10.1.0.0/16"), "networks",
                                           "networks has 10.0.0.0/8, and mynetworks of Postfix has not"),
    "clients that only Postfix knows": (receiving('"10.0.0.0/8"', "127.0.0.0/8 10.0.0.0/8 192.0.2.0/24 [2001:db8::]/32"), "networks",
                                        "Postfix has 192.0.2.0/24 in mynetworks"),
}


# --- maps that answer for one address at a time ---

@pytest.fixture(scope="module")
def directory(world):
    """slapd with where an address leads to; Debian's postfix-ldap asks it."""
    certificate = world.authority.issue("directory", "/CN=localhost", "subjectAltName=DNS:localhost")
    server = directory_server.DirectoryServer(world.directory / "slapd", certificate)
    server.start(directory_server.person("Abuse", "abuse@example.com", "proxyAddresses: anna@example.com\n")
                 + directory_server.person("Joe", "joe@example.com", "proxyAddresses: joe@smime.example\n"))
    yield server
    server.stop()


def aliases_in(world, directory, query="(mail=%s)"):
    file = world.directory / "aliases.cf"
    file.write_text(f"server_host = ldap://127.0.0.1:{directory.plain}\nversion = 3\nbind = no\ntimeout = 5\n"
                    f"search_base = ou=people,{directory_server.SUFFIX}\nquery_filter = {query}\n"
                    "result_attribute = proxyAddresses\n")
    postconf(world, "-e", f"virtual_alias_maps=ldap:{file}")
    return lambda address: subprocess.run(["postmap", "-c", world.company.config, "-q", address, f"ldap:{file}"],
                                          capture_output=True, text=True).stdout.strip()


def test_directory_that_holds_aliases_was_called_good(world_of, directory):
    """What it holds of other addresses cannot be known: the doubt is told with what was seen."""
    answer = aliases_in(world_of, directory)
    assert answer("abuse@example.com") == "anna@example.com"
    status, found = checked(world_of)
    assert status == 0 and found["placement"][0] == "WARNING"
    assert re.search(r"virtual_alias_maps \(ldap:.*a directory answers for one address at a time.*none leads outside, but any other may",
                     found["placement"][1])


def test_directory_that_leads_outside_is_told(world_of, directory):
    answer = aliases_in(world_of, directory, "(cn=Joe)")  # whoever is asked for
    assert answer("postmaster@example.com") == "joe@smime.example"
    status, found = checked(world_of)
    assert status == 1 and found["placement"][0] == "WRONG"
    assert "postmaster@example.com leads to joe@smime.example after the milter" in found["placement"][1].replace("\t", "")


def test_directory_that_does_not_answer_is_told(world_of, directory):
    class Nobody:
        plain = world_of.spare[0]
    aliases_in(world_of, Nobody)
    status, found = checked(world_of)
    assert status == 1 and found["placement"][0] == "WRONG"
    assert re.search("virtual_alias_maps.*asking ldap:.*fatal: .*mail waits", found["placement"][1])
