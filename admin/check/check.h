/*
 * `postseal check`: checks that everything Postseal needs is in place and fits together. A look is
 * a function in one of these files and a line in looks[] (check.c).
 */
#ifndef POSTSEAL_ADMIN_CHECK_CHECK_H
#define POSTSEAL_ADMIN_CHECK_CHECK_H

#include "admin/check/postfix.h"
#include "admin/command.h"

struct check {
	const struct admin *admin;
	const struct settings *settings;
	const struct postfix *postfix; /* NULL: there is none on this machine */
	GPtrArray *warnings;	       /* char *: of the current look */
	GHashTable *samples; /* struct sample: what other milters made of one (sample.h) */
};

/* Something that works but will not for long, or that someone should look at: a line in addition to
 * what the look reports. */
void check_warn(const struct check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds what usually helps to what libpq said of a connection; false. */
bool check_advise(struct fault *fault);

/* A look returns false and fills in the fault if something is wrong; what it puts into *note_r
 * (caller frees) is worth reading in any case. */

/* parts.c: Postseal's own parts */
bool check_policy(const struct check *check, char **note_r, struct fault *fault);
bool check_database(const struct check *check, char **note_r, struct fault *fault);
bool check_tables(const struct check *check, char **note_r, struct fault *fault);
bool check_reader(const struct check *check, char **note_r, struct fault *fault);
bool check_portal(const struct check *check, char **note_r, struct fault *fault);
bool check_programs(const struct check *check, char **note_r, struct fault *fault);

/* key_files.c: can they be read, and do they belong together, and to this database? */
bool check_secrets(const struct check *check, char **note_r, struct fault *fault);
bool check_key_store(const struct check *check, char **note_r, struct fault *fault);

/* users.c: what each program reads and connects to, tried as its user */
bool check_settings(const struct check *check, char **note_r, struct fault *fault);
bool check_roles(const struct check *check, char **note_r, struct fault *fault);
bool check_finder(const struct check *check, char **note_r, struct fault *fault);
bool check_keeper(const struct check *check, char **note_r, struct fault *fault);
bool check_spool(const struct check *check, char **note_r, struct fault *fault);
bool check_gpg(const struct check *check, char **note_r, struct fault *fault);

/* log.c: can the courier read the log of the MTA, and does the MTA write there? */
bool check_mta_log(const struct check *check, char **note_r, struct fault *fault);

/* units.c: do the programs start with the machine, and are they the ones that are installed? */
bool check_units(const struct check *check, char **note_r, struct fault *fault);

/* names.c: was the machine or the portal renamed? */
bool check_names(const struct check *check, char **note_r, struct fault *fault);

/* results.c: does a milter beside us write Authentication-Results under our name? */
bool check_results(const struct check *check, char **note_r, struct fault *fault);

/* certificates.c: which have expired, or will soon? */
bool check_certificates(const struct check *check, char **note_r, struct fault *fault);
bool check_portal_certificate(const struct check *check, char **note_r, struct fault *fault);

/* pop.c: are mail programs served, and with a certificate that they accept? */
bool check_pop(const struct check *check, char **note_r, struct fault *fault);

/* submission.c: do members send with mail programs, and only what they may? */
bool check_submission(const struct check *check, char **note_r, struct fault *fault);
/* reinjection.c: marks the services that take mail back: the other looks leave them out. */
void check_mark_returns(const struct check *check, struct postfix *postfix);
/* Marks the services at which members sign in: the other looks leave them out. */
void check_mark_members(const struct check *check, struct postfix *postfix);

/* authority.c: the organisation's own, its key and its revocation list */
bool check_authority(const struct check *check, char **note_r, struct fault *fault);

/* key_sources.c: do they contradict each other, and are they asked in time? */
bool check_key_sources(const struct check *check, char **note_r, struct fault *fault);

/* verified_tls.c: can it be found out, and for which domains is there trouble? */
bool check_verified_tls(const struct check *check, char **note_r, struct fault *fault);

/* reinjection.c: where the courier hands mail to the MTA */
bool check_reinject(const struct check *check, char **note_r, struct fault *fault);
bool check_bounces(const struct check *check, char **note_r, struct fault *fault);
bool check_reinject_verified(const struct check *check, char **note_r, struct fault *fault);
bool check_reinject_mapped(const struct check *check, char **note_r, struct fault *fault);

/* wiring.c: does Postfix hand every message to the milter? */
/* Are there no settings by which mail that comes in at the service passes its smtpd_milters by? */
bool check_bypasses(const struct check *check, const char *service, struct fault *fault);
bool check_socket(const struct check *check, char **note_r, struct fault *fault);
bool check_milters(const struct check *check, char **note_r, struct fault *fault);
bool check_order(const struct check *check, char **note_r, struct fault *fault);
bool check_logins(const struct check *check, char **note_r, struct fault *fault);
bool check_failures(const struct check *check, char **note_r, struct fault *fault);

/* networks.c: are the same clients ours to Postfix and to the rules? */
bool check_networks(const struct check *check, char **note_r, struct fault *fault);

/* mail_domains.c: are the same domains ours to Postfix and to the rules? */
bool check_mail_domains(const struct check *check, char **note_r, struct fault *fault);

/* services.c: which services are missing, and is there another Postfix on this machine? */
bool check_postfix_services(const struct check *check, char **note_r, struct fault *fault);

/* placement.c: does anything change recipients after the milter? */
bool check_placement(const struct check *check, char **note_r, struct fault *fault);

/* outside.c: can milters that sign tell what outsiders wrote from what is ours? */
bool check_outside(const struct check *check, char **note_r, struct fault *fault);

/* transports.c: does mail that nobody has decided on stay, and is what was sealed taken back? */
bool check_filters(const struct check *check, char **note_r, struct fault *fault);
bool check_transports(const struct check *check, char **note_r, struct fault *fault);
bool check_sizes(const struct check *check, char **note_r, struct fault *fault);

/* sendmail_wiring.c: the same for Sendmail */
bool check_sendmail_milters(const struct check *check, char **note_r, struct fault *fault);
bool check_sendmail_order(const struct check *check, char **note_r, struct fault *fault);
bool check_sendmail_failures(const struct check *check, char **note_r, struct fault *fault);
bool check_sendmail_bounces(const struct check *check, char **note_r, struct fault *fault);
bool check_sendmail_placement(const struct check *check, char **note_r, struct fault *fault);

extern const struct command check_commands[];

#endif
