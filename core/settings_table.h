/*
 * The settings of postseal.conf(5), a row each: settings.h makes the struct of them, settings.c the
 * table, and tests/unit/core/test_settings.c compares the manual page with them. The first argument
 * is the field and, with blanks for underscores, the setting's name in the file. The second is the
 * default as it would be written in the file; NULL: the setting must be given.
 *
 *   TEXT(field, default)                 a text; "" means none
 *   SECRET(field, default)               a text that is left out of the record of policies
 *   WORD(field, default, words)          one of the words: "en, de, fr, it"
 *   WORDS(field, default, words)         some of the words, in the order in which they are given;
 *                                        the default separates them with blanks
 *   LIST(field, default)                 texts; the default separates them with blanks
 *   DOMAINS(field, default)              mail domains, in their canonical form (core/domain.h)
 *   TABLE(field, default)                name of a table
 *   MODE(field, default)                 permissions of a file, in octal digits
 *   CLOCK(field, default)                a time of day, "07:00", in minutes after midnight
 *   FLAG(field, default)                 "yes" or "no"
 *   CHOICE(field, default, words)        an enum named after the field, in the order of the words
 *   COUNT(field, default, least, most)   a number
 *   BYTES(field, default, least, most)   a size
 *   SECONDS(field, default, least, most) a time
 */
TEXT(organisation, NULL)
DOMAINS(domains, NULL)
TEXT(hostname, "")
LIST(networks, "")
TEXT(authserv_id, "")
WORD(language, "en", "en, de, fr, it, es, nl, pl, pt")
SECRET(database, NULL)
COUNT(database_connections, "32", 2, 10000)
TEXT(secrets, POSTSEAL_SYSCONFDIR "/secrets")

TEXT(milter_listen, "unix:/var/spool/postfix/postseal/milter.sock")
TEXT(milter_group, "")
MODE(milter_mode, "0660")
TEXT(milter_user, "postseal_milter")
TEXT(milter_metrics, "")

TEXT(courier_user, "postseal_courier")
COUNT(courier_workers, "4", 1, 1000)
SECONDS(courier_lease, "15 minutes", 1, 7 * DAY)
SECONDS(courier_doubt, "1 day", 1, 100 * DAY)
TEXT(courier_metrics, "")

TEXT(keeper_socket, "/run/postseal-keeper/keeper.sock")
TEXT(keeper_agent, "/run/postseal-keeper/agent.sock")
TEXT(keeper_home, "/run/postseal-keeper/gnupg")
TEXT(keeper_group, "")
MODE(keeper_mode, "0660")
TEXT(keeper_user, "postseal_keeper")
TEXT(keeper_metrics, "")

CHOICE(ca_issue, "by hand", "by hand, on first use")
WORDS(ca_keys, "smime pgp", "smime, pgp")
SECONDS(ca_validity, "365 days", 1, 824 * DAY) /* of 825: a day for clocks that differ */
SECONDS(ca_renew, "30 days", 1, 400 * DAY)
SECONDS(ca_crl, "7 days", 60, 365 * DAY)
TEXT(ca_url, "")
TEXT(ca_token, "")
TEXT(ca_pin, "")

TEXT(finder_socket, "/run/postseal-finder/finder.sock")
TEXT(finder_user, "postseal_finder")
TEXT(finder_metrics, "")
LIST(finder_servers, "https://keys.openpgp.org")
LIST(finder_networks, "")
TEXT(finder_authorities, "")
TEXT(finder_proxy, "")
TEXT(finder_resolver, "")
TEXT(finder_anchor, "/usr/share/dns/root.key")
WORDS(keys_from, "database", "database, mail, wkd, dane, ldap, servers")
LIST(keys_authenticated, "")
DOMAINS(keys_domains, "")
CHOICE(revocation, "soft", "soft, hard, off")
SECONDS(keys_within, "2 seconds", 1, 120) /* of the 5 minutes for which the MTA waits */

TEXT(portal_listen, "127.0.0.1:8025")
TEXT(portal_group, "")
MODE(portal_mode, "0660")
TEXT(portal_user, "postseal_portal")
TEXT(portal_metrics, "")
TEXT(portal_url, NULL)
LIST(portal_proxies, "127.0.0.0/8 ::1 unix")
TEXT(portal_pages, "")
BYTES(portal_upload, "25 MB", 1, 2 * GB)
BYTES(portal_quota, "250 MB", 1, 1000 * GB)
COUNT(portal_drafts, "100", 1, 1000000)
TEXT(portal_spool, "/var/lib/postseal-portal")
CHOICE(portal_factor, "offered", "offered, required")

TEXT(pop_listen, "")
TEXT(pop_stls, "")
TEXT(pop_certificate, "")
TEXT(pop_key, "")
TEXT(pop_metrics, "")

TEXT(submission_sasl, "")
TEXT(submission_milter, "unix:/var/spool/postfix/postseal-members/milter.sock")
TEXT(submission_server, "")
TEXT(submission_group, "")
MODE(submission_mode, "0660")
TEXT(submission_metrics, "")

CHOICE(mta, "postfix", "postfix, sendmail")
TEXT(reinject, "unix:/var/spool/postfix/public/postseal")
TEXT(reinject_verified, "unix:/var/spool/postfix/public/postseal-tls")
TEXT(reinject_mapped, "unix:/var/spool/postfix/public/postseal-mapped")
TEXT(reinject_user, "postfix")
SECONDS(reinject_timeout, "5 minutes", 1, DAY) /* for each reply of the MTA: RFC 5321 §4.5.3.2 */
TEXT(mta_log, "/var/log/mail.log")
TEXT(notices_from, "")
TEXT(postmaster, "")
TABLE(tls_domains, "")
WORDS(tls_from, "", "dane, mta-sts")

TEXT(spool_directory, "/var/spool/postseal")
BYTES(spool_memory, "256 KiB", 0, GB)
BYTES(limit_message, "50 MiB", 1, 100 * GB)
BYTES(limit_headers, "1 MiB", 1024, GB)
/* Postfix cuts off at 60000 bytes, the last line of 1000 or less with it (admin/check/sizes.c). */
BYTES(limit_field, "59 kB", 1000, 59000)
COUNT(limit_recipients, "1000", 1, 1000000)
COUNT(limit_parts, "10000", 1, 10000000)
COUNT(limit_passes, "3", 1, 100)
CHOICE(opaque, "wait", "wait, refuse, pass")

COUNT(trust_colleagues, "3", 1, 1000)

CHOICE(sign, "login", "login, mta, any")
TEXT(sign_logins, "")

TEXT(gpg_program, "/usr/bin/gpg")
TEXT(gpg_home, "/run/postseal/gnupg")
COUNT(gpg_processes, "0", 0, 1000) /* 0: as many as the machine has cores */
SECONDS(gpg_timeout, "60 seconds", 1, 3600)
SECONDS(gpg_wait, "240 seconds", 1, 3600) /* less than milter_content_timeout of Postfix */
COUNT(reader_processes, "4", 1, 1000)
SECONDS(reader_timeout, "5 seconds", 1, 30)    /* for one document */
SECONDS(reader_deadline, "30 seconds", 1, 240) /* for all documents of a message */

SECONDS(queue_lifetime, "5 days", 1, 100 * DAY)
SECONDS(retry_first, "60 seconds", 1, DAY)
SECONDS(retry_last, "4000 seconds", 1, 7 * DAY)

SECONDS(pickup_expire, "30 days", 1, 3660 * DAY)
SECONDS(approval_expire, "5 days", 1, 365 * DAY)
SECONDS(pickup_session, "30 minutes", 1, 30 * DAY)
COUNT(pickup_tries, "5", 1, 100)
FLAG(pickup_renew, "yes")
FLAG(pickup_files, "no")
CHOICE(receipts, "at once", "at once, daily, trouble")
SECONDS(remind_first, "3 days", 0, 3660 * DAY) /* 0: never */
SECONDS(remind_last, "10 days", 0, 3660 * DAY)
CLOCK(summary_at, "07:00")
SECRET(sms, "")
COUNT(record_years, "0", 0, 1000) /* 0: for ever */

/*
 * The settings that each program reads only when it starts, so that a change takes effect after a
 * restart (restart.h). The milter rereads all others on SIGHUP.
 *
 *   AT_START(field, programs)
 */
#ifdef AT_START
AT_START(organisation, "courier keeper portal submission")
AT_START(domains, "courier keeper portal submission")
AT_START(hostname, "courier portal submission")
AT_START(language, "courier portal")
AT_START(database, "milter courier keeper portal pop submission")
AT_START(database_connections, "milter")
AT_START(secrets, "milter courier keeper portal submission")
AT_START(milter_listen, "milter")
AT_START(milter_group, "milter")
AT_START(milter_mode, "milter")
AT_START(milter_user, "milter")
AT_START(milter_metrics, "milter")
AT_START(courier_user, "courier")
AT_START(courier_workers, "courier")
AT_START(courier_lease, "courier")
AT_START(courier_doubt, "courier")
AT_START(courier_metrics, "courier")
AT_START(keeper_socket, "milter keeper")
AT_START(keeper_agent, "milter keeper")
AT_START(keeper_home, "keeper")
AT_START(keeper_group, "keeper")
AT_START(keeper_mode, "keeper")
AT_START(keeper_user, "keeper")
AT_START(keeper_metrics, "keeper")
AT_START(ca_keys, "keeper")
AT_START(ca_validity, "keeper")
AT_START(ca_renew, "keeper")
AT_START(ca_crl, "keeper")
AT_START(ca_url, "keeper")
AT_START(ca_token, "keeper")
AT_START(ca_pin, "keeper")
AT_START(finder_socket, "milter courier finder")
AT_START(finder_user, "finder")
AT_START(finder_metrics, "finder")
AT_START(finder_servers, "finder")
AT_START(finder_networks, "finder")
AT_START(finder_authorities, "finder")
AT_START(finder_proxy, "finder")
AT_START(finder_resolver, "finder")
AT_START(finder_anchor, "finder")
AT_START(keys_from, "milter courier")
AT_START(keys_domains, "milter")
AT_START(revocation, "milter")
AT_START(portal_listen, "portal")
AT_START(portal_group, "portal")
AT_START(portal_mode, "portal")
AT_START(portal_user, "portal pop submission")
AT_START(portal_metrics, "portal")
AT_START(portal_url, "courier keeper portal")
AT_START(portal_proxies, "portal")
AT_START(portal_pages, "milter courier portal submission")
AT_START(portal_upload, "portal submission")
AT_START(portal_quota, "portal submission")
AT_START(portal_drafts, "portal submission")
AT_START(portal_spool, "portal submission")
AT_START(portal_factor, "portal pop submission")
AT_START(pop_listen, "portal pop")
AT_START(pop_stls, "portal pop")
AT_START(pop_certificate, "pop")
AT_START(pop_key, "pop")
AT_START(pop_metrics, "pop")
AT_START(submission_sasl, "submission")
AT_START(submission_milter, "submission")
AT_START(submission_server, "portal")
AT_START(submission_group, "submission")
AT_START(submission_mode, "submission")
AT_START(submission_metrics, "submission")
AT_START(mta, "courier")
AT_START(reinject, "courier")
AT_START(reinject_verified, "courier")
AT_START(reinject_mapped, "courier")
AT_START(reinject_user, "courier")
AT_START(reinject_timeout, "courier")
AT_START(mta_log, "courier")
AT_START(tls_from, "courier")
AT_START(notices_from, "courier portal submission")
AT_START(postmaster, "courier")
AT_START(spool_memory, "submission")
AT_START(limit_message, "portal")
AT_START(limit_headers, "submission")
AT_START(limit_field, "submission")
AT_START(limit_parts, "submission")
AT_START(gpg_program, "milter courier keeper")
AT_START(gpg_home, "milter")
AT_START(gpg_processes, "milter")
AT_START(gpg_timeout, "milter")
AT_START(reader_processes, "milter portal")
AT_START(reader_timeout, "milter portal")
AT_START(queue_lifetime, "courier portal submission")
AT_START(retry_first, "courier")
AT_START(retry_last, "courier")
AT_START(pickup_expire, "portal submission")
AT_START(pickup_session, "portal")
AT_START(pickup_tries, "portal")
AT_START(pickup_renew, "courier")
AT_START(pickup_files, "portal")
AT_START(receipts, "courier portal pop")
AT_START(remind_first, "courier")
AT_START(remind_last, "courier")
AT_START(summary_at, "courier portal")
AT_START(sms, "courier")
AT_START(record_years, "courier")
#endif
