"""`postseal check` and what stands beside Postseal: other milters, given a sample of mail as Postfix would; the database, its
clock and the order of its text; settings of Postfix that time and colleagues add."""
import os
import re
import struct
import subprocess

import pytest

import world as sandbox
from installation import (  # noqa: F401
    both, checked, configured, listed, mended, postconf, prepare, pytest_generate_tests, set_to,
    test_broken_installation_is_told, test_right_installation_is_not_called_wrong,
    test_what_needs_attention_is_a_warning, world_of)
from listener import Listener, unix_socket
from scanner import Scanner
from test_check_passes import ALIASES, rewired, two_passes, wired
from test_check_programs import FAKETIME


@pytest.fixture(scope="module", autouse=True)
def prepared(world):
    prepare(world)


# --- milters ---

class Deferring(Scanner):
    """Answers each message with 4xx."""
    verdict = b"y451 4.7.0 Try again later\0"


class Signing(Scanner):
    """Inserts a signature (SMFIR_INSHEADER), as rspamd does with its module dkim_signing."""
    verdict = b"i" + struct.pack(">I", 1) + b"DKIM-Signature\0 v=1; a=rsa-sha256\0", b"c"


class Mute(Listener):
    """Hangs up on everybody."""

    def __init__(self, path):
        self.listen(unix_socket(path))

    def talk(self, peer):
        peer.close()


def beside(kind, name="other.sock", mode=0o666):
    """Such a milter, before Postseal."""
    def change(world, mended):
        path = world.company_queue / name
        milter = kind(path)
        mended(milter.close)
        os.chmod(path, mode)
        listed(f"unix:{name}", "ours")(world, mended)
    return change


def dkim(*lines, place=None):
    """The real OpenDKIM, which signs for example.com, with further settings."""
    def change(world, mended):
        directory = world.directory / "dkim"
        directory.mkdir(exist_ok=True)
        sandbox.command("openssl", "genrsa", "-out", directory / "key", "2048")
        (directory / "hosts").write_text("127.0.0.0/8\n")
        (directory / "signing").write_text("*@example.com k\n")
        (directory / "keys").write_text(f"k example.com:s:{directory}/gone\n")
        socket = f"local:{world.company_queue}/{place}" if place else f"inet:{world.spare[0]}@127.0.0.1"
        own = [f"Domain example.com\nSelector s\nKeyFile {directory}/key"] if not any("KeyTable" in line for line in lines) else []
        (directory / "conf").write_text("\n".join(own + ["Mode s", f"Socket {socket}", "RequireSafeKeys no", "Syslog no", "UMask 0",
                                                         *(line.replace("DIRECTORY", str(directory)) for line in lines)]) + "\n")
        program = subprocess.Popen(["opendkim", "-f", "-x", str(directory / "conf")])
        mended(program.wait)
        mended(program.kill)
        sandbox.wait_until((world.company_queue / place).exists if place else lambda: sandbox.port_answers(world.spare[0]),
                           "opendkim", 60)
    return change


def local_domain(world, mended):
    postconf(world, "-e", "mydestination=example.com")


BROKEN = {
    "scanner that Postfix may not reach": (
        beside(Scanner, mode=0o600), "milters", r"unix:other.sock as well, which cannot be reached by the user postfix .*Permission denied"),
    "scanner that hangs up": (beside(Mute), "milters", "unix:other.sock as well, which does not answer as a milter does"),
    "OpenDKIM without its key": (both(dkim("SigningTable refile:DIRECTORY/signing", "KeyTable DIRECTORY/keys"), rewired("edge", "dkim")),
                                 "milters", "temporary failure"),
    "scanner that signs": (beside(Signing), "milter order", "sign before Postseal seals.*local.d/dkim_signing.conf"),
    "scanner that signs, before two passes": (
        both(two_passes, beside(Signing)), "milter order", "unix:other.sock sign before Postseal seals"),
    "slow to each destination, and so to the second pass": (
        both(two_passes, set_to("default_destination_rate_delay", "5s")), "placement", "postseal-edge_destination_rate_delay = 5s"),
    "transports that a colleague wrote anew": (
        both(local_domain, ALIASES, wired("expanded"), set_to("transport_maps", "inline:{x.example=smtp:[y.example]}")), "placement",
        "transport_maps does not lead forward.postseal.invalid"),
    "no time for the milter": (set_to("milter_content_timeout", "5s"), "milter failures", "milter_content_timeout = 5s"),
    "no time for one answer of the milter": (set_to("SUBMISSION/milter_command_timeout", "2s"), "milter failures", "command_timeout = 2s"),
}


WARNED = {
    "scanner that defers": (beside(Deferring), "milters", r"temporary failure \(451 4.7.0 Try again later\)"),
    "signer that takes this whole machine for its own, in two passes": (
        both(dkim("InternalHosts DIRECTORY/hosts"), rewired("expanded", "dkim")), "mail from outside",
        "signs what a client at 127.0.0.2 writes in your name"),
}


RIGHT = {
    "a scanner that mail does not wait for": listed("{unix:gone.sock,default_action=accept}", "ours"),
    "OpenDKIM at a socket, as its manual writes it": both(dkim(place="dkim.sock"), rewired("edge", "local:dkim.sock")),
    "slow to each destination but the second pass": both(
        set_to("default_destination_rate_delay", "5s"), ALIASES, wired("expanded")),
    "transports of its own, in two passes": both(
        local_domain, set_to("transport_maps", "inline:{x.example=smtp:[y.example]}"), ALIASES, wired("expanded")),
    "a balancer that names clients, keywords kept from some, and two passes": both(
        set_to("smtpd_upstream_proxy_protocol", "haproxy"),
        set_to("smtpd_discard_ehlo_keyword_address_maps", "inline:{127.0.0.1=silent-discard}"), two_passes),
}


def test_milter_that_was_listed_since_was_lost_when_wired_again(world_of, mended):  # noqa: F811
    """wire went by what there was before it, also for the milters: a scanner or signer of later was gone, and no word of it."""
    world_of.wire("undo")
    postconf(world_of, "-e", "smtpd_milters=unix:first.sock,unix:dkim.sock")
    world_of.wire("-p", "expanded", "apply")
    ours = "unix:postseal/milter.sock"
    assert world_of.company_value("smtpd_milters") == f"unix:first.sock,{ours}"
    postconf(world_of, "-e", f"smtpd_milters=unix:later.sock,{ours},unix:first.sock")
    world_of.wire("-p", "expanded", "apply")
    assert world_of.company_value("smtpd_milters") == f"unix:later.sock,unix:first.sock,{ours}"
    assert sandbox.command("postconf", "-c", world_of.company.config, "-Ph", f"{world_of.second_pass}/smtpd_milters").decode().strip() \
        == f"{ours},unix:dkim.sock"
    postconf(world_of, "-e", "smtpd_milters=unix:anew.sock")  # as manuals of other milters say it
    world_of.wire("-p", "edge", "apply")
    assert world_of.company_value("smtpd_milters") == f"unix:anew.sock,{ours}"
    world_of.wire("undo")
    assert world_of.company_value("smtpd_milters") == "unix:anew.sock"


# --- the database ---

def test_text_that_is_sorted_otherwise_since_an_upgrade_was_called_good(world, mended):  # noqa: F811
    """Promise 1: a key that an index does not find is a message that leaves without it. PostgreSQL warns on its own, at
    each connection."""
    mended(world.postgres.query, "update pg_database set datcollversion = pg_database_collation_actual_version(oid)"
           " where datname = current_database()")
    world.postgres.query("update pg_database set datcollversion = '2.31' where datname = current_database()")
    shown = subprocess.run([world.bin / "postseal", "-f", world.config, "check"], capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    assert re.search("^database  +WRONG: .*by version 2.31 .*reindexdb postseal.*refresh collation version", shown.stdout, re.M), shown.stdout


def test_clock_that_is_not_that_of_the_database_was_called_good(world):
    shown = subprocess.run(["env", f"LD_PRELOAD={FAKETIME}", "FAKETIME=+5m", world.bin / "postseal", "-f", world.config, "check"],
                           capture_output=True, text=True, check=False)
    assert re.search(r"^database  +WARNING: the clock of the database's machine is \d+ seconds behind that", shown.stdout, re.M), shown.stdout


def test_rules_that_are_not_in_force_yet_are_told_apart(world_of, mended):  # noqa: F811
    """Whoever edits the file, checks it and forgets to reload believed that it was in force."""
    assert "not in force" not in checked(world_of)[1]["policy"][1]
    configured("^rule \"drawings\"", 'match subject tag "[later]" deliver pickup\nrule "drawings"')(world_of, mended)
    verdict, note = checked(world_of)[1]["policy"]
    assert verdict == "good" and "not in force yet in postseal-milter" in note
