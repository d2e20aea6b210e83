"""`postseal check`: what keeps mail in the queue that nobody has decided on, and other settings of Postfix that look harmless;
each installation is broken in one place."""
from installation import (  # noqa: F401
    both, checked, configured, mended, postconf, prepare, pytest_generate_tests, set_to,
    test_broken_installation_is_told, test_right_installation_is_not_called_wrong,
    test_what_needs_attention_is_a_warning, world_of)
from test_check_passes import two_passes


def before(name, value):
    """In front of what is there."""
    def change(world, mended):
        set_to(name, f"{value},{world.company_value(name)}")(world, mended)
    return change


def behind(name, value):
    def change(world, mended):
        set_to(name, f"{world.company_value(name)},{value}")(world, mended)
    return change


def emptied(name):
    """A disk was full when it was written."""
    def change(world, mended):
        (world.company.config / name).write_text("")
    return change


def open_to_all(path):
    def change(world, mended):
        file = world.directory / path
        mended(file.chmod, file.stat().st_mode & 0o7777)
        file.chmod(0o666 if file.is_file() else 0o777)
    return change


def without(service):
    def change(world, mended):
        postconf(world, "-MX", service)
    return change


def instance(*services):
    """A second Postfix, as postmulti(1) makes it."""
    def change(world, mended):
        directory = world.directory / "second"
        directory.mkdir(exist_ok=True)
        (directory / "main.cf").write_text(f"compatibility_level = 3.6\nqueue_directory = {world.directory}/second-queue\n")
        (directory / "master.cf").write_text("".join(f"{service}\n" for service in services))
        postconf(world, "-e", f"multi_instance_directories={directory}")
    return change


def simple_filter(world, mended):
    """As FILTER_README has it: the script ends with sendmail -G -i."""
    postconf(world, "-M", "-e", "filter/unix=filter unix - n n - 10 pipe flags=Rq user=nobody argv=/usr/local/bin/filter -f ${sender} -- ${recipient}")
    set_to("SUBMISSION/content_filter", "filter:dummy")(world, mended)


def small_queue(world, mended):
    """Bytes; mail of this size fits nowhere."""
    set_to("queue_minfree", str(1 << 50))(world, mended)


BROKEN = {
    # what keeps undecided mail
    "mark that what is permitted does not get": (
        before("smtpd_data_restrictions", "permit_mynetworks"), "transports", "permit_mynetworks in smtpd_data_restrictions comes before the mark"),
    "mark that a table may keep away": (
        before("smtpd_data_restrictions", "check_sender_access,texthash:/dev/null"), "transports",
        "check_sender_access in smtpd_data_restrictions comes before the mark"),
    "table that takes the mark away before it stops a message": (
        before("smtp_header_checks", "regexp:{{/^Postseal-/ IGNORE}}"), "transports", r'answers "IGNORE" to "Postseal-Undecided: yes" before the table'),
    "table that only logs, and so ends the search": (
        before("smtp_header_checks", "regexp:{{/^/ INFO}}"), "transports", r'answers "INFO" to "Postseal-Undecided: yes" before the table'),
    "table of marks that a full disk left empty": (emptied("postseal_mark"), "transports", "postseal_mark, which .* it answers nothing in place of"),
    "table that stops undecided mail, left empty": (emptied("postseal_undecided"), "transports", "postseal_undecided, which .* it answers nothing"),
    "table that keeps mail for verified TLS, left empty": (emptied("postseal_only_verified"), "transports", "postseal_only_verified, which"),
    "table of mail that is requeued, left empty": (emptied("postseal_requeued"), "transports", "postseal_requeued, which"),
    "table of mail from outside, left empty": (both(two_passes, emptied("postseal_outside")), "transports", "postseal_outside, which"),
    "table of marks that anybody may write to": (open_to_all("company/etc/postseal_mark"), "transports", "anybody may write to it .mode 0666."),
    # who says by which rules mail leaves
    "postseal.conf that anybody may write to": (open_to_all("postseal.conf"), "settings", "anybody may write to .*postseal.conf"),
    "table of the rules that anybody may write to": (open_to_all("verified"), "settings", "anybody may write to .*verified"),
    # where copies are handed over
    "copies of all handed over for verified TLS": (
        configured(r'^reinject "(.*)/postseal"', r'reinject "\1/postseal-tls"'), "reinject", 'its content_filter is "postseal-verified:"'),
    "answers and codes handed over past the aliases": (
        both(two_passes, configured(r'^reinject mapped "(.*)/postseal-mapped"', r'reinject mapped "\1/postseal"')), "reinject mapped",
        'expected is "postseal-edge:"'),
    "copies that are decided on again": (
        both(two_passes, configured(r'^reinject "(.*)/postseal"', r'reinject "\1/postseal-mapped"')), "reinject", 'its content_filter is "postseal-edge:'),
    # what Postfix lacks
    "Postfix without TLS": (without("tlsmgr/unix"), "services", "tlsmgr/unix, without which there is no TLS"),
    "Postfix that writes no log": (without("postlog/unix-dgram"), "services", "postlog/unix-dgram, which writes .* is not in master.cf"),
    "tables behind a service that is gone": (
        both(set_to("virtual_alias_maps", "proxy:texthash:/dev/null"), without("proxymap/unix")), "services", "proxymap/unix, which virtual_alias_maps"),
    "queue without space": (small_queue, "sizes", "there is space for .* takes no mail with less than"),
}

RIGHT = {
    "what refuses, before the mark": before("smtpd_data_restrictions", "reject_unauth_pipelining,reject_multi_recipient_bounce"),
    "what permits, behind the mark": behind("smtpd_data_restrictions", "permit_mynetworks"),
    "tables of smtp(8) for other lines, in front": before("smtp_header_checks", "regexp:{{/^X-Mailer:/ IGNORE}}"),
    "tables of smtp(8) for any line, behind": behind("smtp_header_checks", "regexp:{{/^/ INFO}}"),
    "aliases behind proxymap, which can be listed": set_to("virtual_alias_maps", "proxy:texthash:/dev/null"),
    "a domain of ours, and the names of machines": both(
        set_to("virtual_mailbox_domains", "example.com"), set_to("virtual_alias_domains", "gateway.example.com, mx.example.com, localhost.localdomain")),
    "a second Postfix for this machine alone": instance("127.0.0.1:10587 inet n - n - - smtpd", "smtp unix - - n - - smtp"),
    "a longer name in the log": set_to("syslog_name", "postfix-out"),
    "a filter that hands back at a port, of its own program": set_to("SUBMISSION/content_filter", "smtp:[127.0.0.1]:9"),
}

WARNED = {
    "refusals that are not final": (set_to("soft_bounce", "yes"), "milter failures", "soft_bounce = yes"),
    "Postfix that logs under a name of its own": (set_to("syslog_name", "mailout"), "mta log", "syslog_name of Postfix is mailout"),
    "transport that logs under a name of its own": (
        set_to("smtp/unix/syslog_name", "outgoing"), "mta log", "smtp/unix/syslog_name of Postfix is outgoing"),
    "addresses that are not quoted in the log": (set_to("info_log_address_format", "internal"), "mta log", "info_log_address_format = internal"),
    "domain that only Postfix knows": (
        set_to("virtual_mailbox_domains", "example.com second.example"), "domains", "Postfix has second.example in virtual_mailbox_domains"),
    "filter that hands back with sendmail(1)": (simple_filter, "milters", "filter:dummy gives mail to a program.*sealed, a second time"),
    "a second Postfix that asks nobody": (
        instance("smtp inet n - n - - smtpd"), "services", "another Postfix on this machine, .*/second, which takes mail .* does not ask our milter"),
}


def test_table_that_is_never_answered_made_check_wait_for_ever(world_of, mended):
    """A table behind proxymap(8), and no Postfix that runs: postmap(1) waits until somebody starts it."""
    postconf(world_of, "-e", "virtual_alias_maps=proxy:regexp:/dev/null")
    mended(world_of.company.start, world_of.directory / "hosts")
    world_of.company.stop()
    status, found = checked(world_of)
    assert status == 1 and found["placement"][0] == "WARNING", found
    assert "none leads outside" in found["placement"][1] and found["reinject"][0] == "WRONG"

