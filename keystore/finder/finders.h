/*
 * The ways of asking the network. A way is one file here and one line in finders[] (finders.c).
 *
 * `ask` runs on a thread of its own and may block until `until`, but not for longer: at most
 * FINDER_THREADS questions are asked at the same time, and FINDER_AT_ONCE of them by one way at one
 * place, so that a slow server delays only who asks for something that is there. It fills an answer
 * that is empty at first, with one of the three functions below. What it returns is not judged here
 * beyond what its standard says about the form; what it says in `why` is shown to admins, and ends
 * without a full stop.
 */
#ifndef POSTSEAL_KEYSTORE_FINDER_FINDERS_H
#define POSTSEAL_KEYSTORE_FINDER_FINDERS_H

#include "core/fault.h"
#include "core/settings.h"
#include "keystore/finder.h"

struct asker;

enum { FINDER_THREADS = 64, FINDER_AT_ONCE = 8 };

struct finder_task {
	const struct settings *settings;
	const char *subject;	   /* as in struct finder_question, not checked any further */
	GBytes *body;		   /* or NULL */
	gint64 until;		   /* g_get_monotonic_time() */
	const struct asker *asker; /* NULL in tests */
};

struct finder {
	enum finder_wish wish;
	/* Every question goes to the same servers, those of the settings. Otherwise the place is
	 * the domain of the subject. */
	bool is_shared;
	/* Called once when the program starts, after it has switched to its user. NULL: nothing is
	 * to be done. */
	bool (*begin)(const struct settings *settings, struct fault *fault);
	void (*ask)(const struct finder_task *task, struct finder_answer *answer);
};

extern const struct finder finder_dnssec;
extern const struct finder finder_fetch;
extern const struct finder finder_ldap_entry;
extern const struct finder finder_ldap_pgp;
extern const struct finder finder_ldap_smime;
extern const struct finder finder_mta_sts;
extern const struct finder finder_ocsp;
extern const struct finder finder_openpgpkey;
extern const struct finder finder_servers;
extern const struct finder finder_smimea;
extern const struct finder finder_tlsa;
extern const struct finder finder_wkd;

/* NULL: there is no such way. */
const struct finder *finder_find(enum finder_wish wish);
bool finders_begin(const struct settings *settings, struct fault *fault);
/* Answers, also to wishes without a way (FINDER_FAILED). `items` is set in every case. */
void finders_ask(enum finder_wish wish, const struct finder_task *task,
		 struct finder_answer *answer_r);
/* Questions with the same place are asked a few at a time: "wkd example.com". Caller frees. */
char *finders_place(enum finder_wish wish, const char *subject);

/* Adds an item to what was found. Takes ownership. */
void finder_found(struct finder_answer *answer, GBytes *item);
/* Something was found, but not everybody who may have more gave an answer. */
void finder_partial(struct finder_answer *answer, const char *why);
void finder_nothing(struct finder_answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finder_failed(struct finder_answer *answer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The domain of an address, which points into it; NULL, with the answer filled, if what follows the
 * last "@" is not a domain in canonical form (core/domain.h). */
const char *finder_domain(const struct finder_task *task, struct finder_answer *answer);

/* The time that is left, in milliseconds; 0 if there is none. */
long finder_milliseconds_left(const struct finder_task *task);
/* False once the asker has left: what takes time may end early, with whatever answer. */
bool finder_is_wanted(const struct finder_task *task);

#endif
