"""`postseal check`: two passes, filters and milters that sign; each installation is broken in one place."""
import world as sandbox
from installation import (  # noqa: F401
    all_in_chroot, both, checked, configured, listed, mended, once, postconf, prepare, pytest_generate_tests,
    receiving, set_to, signer, test_broken_installation_is_told, test_right_installation_is_not_called_wrong,
    test_what_needs_attention_is_a_warning, world_of)


def content_filter(options="receive_override_options=no_header_body_checks,no_milters"):
    """As in FILTER_README: what the filter was given comes back at a port that is open to this machine only. Postfix
    stands in for the filter."""
    def change(world, mended):
        port = world.spare[2]
        postconf(world, "-e", f"content_filter=scan:[127.0.0.1]:{port}")
        postconf(world, "-M", "-e", f"127.0.0.1:{port}/inet=127.0.0.1:{port} inet n - n - - smtpd -o content_filter= "
                 "-o mynetworks=127.0.0.0/8 -o smtpd_recipient_restrictions=permit_mynetworks,reject "
                 f"-o smtpd_authorized_xforward_hosts=127.0.0.0/8 {'-o ' if options else ''}{options}")
        postconf(world, "-M", "-e", "scan/unix=scan unix - - n - 2 smtp -o smtp_send_xforward_command=yes "
                 f"-o smtp_tls_security_level=none -o smtp_tcp_port={port}")
    return change


def wired(placement="edge"):
    def change(world, mended):
        world.wire("-p", placement, "apply")
    return change


def marked(world, mended):
    name = f"127.0.0.1:{world.spare[2]}/inet/smtpd_data_restrictions"
    postconf(world, "-P", "-e", f"{name}=check_client_access,regexp:{world.company.config}/postseal_mark")


def rewired(placement, *milters):
    """As an admin has them before Postseal comes."""
    def change(world, mended):
        world.wire("undo")
        listed(*milters)(world, mended)
        world.wire("-p", placement, "-s", f"inet:127.0.0.1:{world.spare[0]}", "apply")
    return change


ALIASES = set_to("virtual_alias_maps", "inline:{team@example.com=joe@smime.example}")  # that point outside
two_passes = once("two passes", both(ALIASES, wired("expanded")))
filtered = once("filtered", both(content_filter(), wired()))
signed_at_the_edge = both(signer, once("signed at the edge", rewired("edge", "dkim")))


RECEIVING = receiving('"127.0.0.0/8"', "127.0.0.0/8")


def verifier(world, mended):
    """It signs what leaves, and says of what comes in what its signature is worth."""
    signer(world, mended, "sv")


verified_too = both(verifier, once("signed at the edge", rewired("edge", "dkim")), RECEIVING)


BROKEN = {
    "verifier that writes under our name": (verified_too, "results", "opendkim at inet:.* under the name gateway.example.com, too"),
    "OpenDKIM before it, at a port": (both(signer, listed("dkim", "ours")), "milter order", "sign before Postseal"),
    "filter that hands back to the milter": (content_filter(""), "milters", "sealed twice: add no_milters"),
    "mark on what a filter hands back": (both(filtered, marked), "transports", "marked as undecided"),
    # two passes
    "second pass that is decided in the first": (both(two_passes, set_to("milter_macro_defaults", "")), "placement", "decides twice"),
    "mail that the second pass hands to others": (both(two_passes, set_to("postseal-edge/unix/smtp_fallback_relay", "[x.example]")),
                                                  "placement", "smtp_fallback_relay"),
    "second pass that is reached from another address": (
        both(two_passes, set_to("postseal-edge/unix/smtp_bind_address", "192.0.2.9")), "placement", "connects from 192.0.2.9"),
    "second pass that is reached from the only interface": (
        both(two_passes, set_to("postseal-edge/unix/smtp_bind_address", ""), set_to("inet_interfaces", "192.0.2.9")),
        "placement", "connects from 192.0.2.9"),
    "second pass in a Postfix without IPv4": (both(two_passes, set_to("inet_protocols", "ipv6")), "placement", "does not start"),
    # mail from outside that a signer takes for ours
    "mail from outside in the second pass of all": (
        both(two_passes, lambda w, m: set_to("smtpd_data_restrictions", f"check_client_access regexp:{w.company.config}/postseal_mark")(w, m)),
        "mail from outside", "do not lead mail from outside.*sign what is forged"),
    "mail from outside that is permitted before": (
        both(two_passes, lambda w, m: set_to("smtpd_data_restrictions", w.company_value("smtpd_data_restrictions").replace(
            "postseal_mark,", "postseal_mark,permit_auth_destination,"))(w, m)),
        "mail from outside", "permit_auth_destination in smtpd_data_restrictions comes before"),
    "client of mail from outside that nobody names": (both(two_passes, set_to("postseal-outside/unix/smtp_send_xforward_command", "no")),
                                                      "mail from outside", "postseal-outside/unix: with smtp_send_xforward_command = no"),
    "client of mail from outside that no milter sees": (both(two_passes, set_to("OUTSIDE/smtpd_command_filter", "")),
                                                        "mail from outside", "with smtpd_command_filter = , milters are not told"),
    "second pass for mail from outside that is gone": (
        both(two_passes, lambda w, m: postconf(w, "-MX", "postseal-outside/unix")), "placement", "needs the transport postseal-outside/unix"),
    "second pass for mail from outside without the milter": (both(two_passes, set_to("OUTSIDE/smtpd_milters", "")), "milters", "does not name"),
    "copies handed over as mail of this machine": (
        both(signed_at_the_edge, set_to("postseal/unix/smtpd_authorized_xclient_hosts", "")),
        "mail from outside", "postseal/unix: with smtpd_authorized_xclient_hosts = , milters are not told"),
}

RIGHT = {
    "small header fields, and a limit that is smaller": both(
        set_to("header_size_limit", "20000"), configured("^gpg home", 'limit field 19 kB\ngpg home')),
    "verifier beside us, each under a name of its own": both(
        verified_too, configured("^gpg home", 'authserv id "postseal.gateway.example.com"\ngpg home')),
    "signer under our name, which writes no results": both(signed_at_the_edge, RECEIVING),
    "after expansion, with aliases and copies": both(two_passes, set_to("always_bcc", "archive@example.com")),
    "after expansion, everything in the chroot": both(two_passes, all_in_chroot),
    "OpenDKIM behind it": signed_at_the_edge,
    "rspamd before it, OpenDKIM behind it, after expansion": both(signer, rewired("expanded", "unix:scanner.sock", "dkim")),
    "one address to send from, after expansion": both(set_to("smtp_bind_address", "192.0.2.9"), two_passes),
    "a single interface, after expansion": both(set_to("inet_interfaces", "192.0.2.9"), two_passes),
    "data restrictions that end with permit, in two passes": both(
        lambda w, m: w.wire("undo"), set_to("smtpd_data_restrictions", "reject_unauth_pipelining, permit"), wired("expanded")),
    "a content_filter beside it": filtered,
}

WARNED = {
    "OpenDKIM behind it, but not where copies and notices are handed over": (
        both(signer, listed("ours", "dkim")), "milter order", "does not sign what Postseal hands over"),
}


def test_mail_passes_a_content_filter_beside_it(world_of, mended):
    """The mail was once marked as undecided again when the filter handed it back, and stayed in the queue."""
    filtered(world_of, mended)
    mended(world_of.company.reload)
    world_of.company.reload()
    sandbox.wait_until(lambda: sandbox.port_answers(world_of.spare[2]), "the port where mail comes back")
    assert checked(world_of, "--probe", "filtered@plain.example")[0] == 0
    box = world_of.maildirs / "plain.example" / "filtered"
    sandbox.wait_until(lambda: box.exists() and list(box.rglob("new/*")), "the mail")
