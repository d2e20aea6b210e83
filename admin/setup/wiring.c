/* The milter is configured in Postfix by contrib/postfix/wire, which first shows what it would
 * change. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/check/postfix.h"
#include "admin/setup/answers.h"
#include "admin/setup/program.h"
#include "core/listening.h"
#include "core/worker.h"

enum { WORDS_MAX = 8 };

/* The milter's address as Postfix writes it: libmilter's "inet:port@host" is "inet:host:port".
 * Caller frees. */
static char *
milter_for_postfix(const char *listen)
{
	const char *at = g_str_has_prefix(listen, "inet:") ? strchr(listen, '@') : NULL;

	if (at == NULL)
		return g_strdup(listen);
	return g_strdup_printf("inet:%s:%.*s", at + 1, (int)(at - listen) - 5, listen + 5);
}

/* What wire is to do, and what it prints. */
static bool
wire(const struct setup *setup, const char *verb, char **output_r, struct fault *fault)
{
	g_autofree char *program = worker_find_program("wire");
	g_autofree char *milter = milter_for_postfix(setup->settings->milter_listen);
	const char *words[WORDS_MAX] = {program, "-m", milter, verb};

	if (setup->second_pass != NULL) {
		words[3] = "-e";
		words[4] = setup->second_pass;
		words[5] = verb;
	}
	return program_read(words, output_r, fault);
}

static void
show(const char *changes)
{
	g_auto(GStrv) lines = g_strsplit(changes, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		if (**line != '\0')
			printf("    %s\n", *line);
}

/* Otherwise Postfix would defer all mail until the milter answers. */
static bool
check_milter(struct setup *setup, struct fault *fault)
{
	return listening_check(setup->settings->milter_listen, "postseal-milter", fault) ||
	       fault_within(fault, "not changing Postfix yet, because it would defer all mail");
}

/* The second pass needs a port of its own, which may be taken by another filter. */
static bool
check_second_pass(const struct setup *setup, const char *changes, struct fault *fault)
{
	const char *port = setup->second_pass == NULL ? "10025" : setup->second_pass;
	static const char *const hosts[] = {"127.0.0.1", "127.0.0.2"};

	for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
		g_autofree char *place = g_strdup_printf("%s:%s", hosts[i], port);
		g_autofree char *service = g_strdup_printf("\n%s inet ", place);

		if (strstr(changes, service) != NULL && !listening_is_free(place))
			return fault_set(
				fault, FAULT_CONFIG,
				"looking whether Postfix can listen at %s for the second pass: %s; choose "
				"another port with --second-pass",
				place, strerror(errno));
	}
	return true;
}

static bool
reload(struct setup *setup, struct fault *fault)
{
	if (!program_agrees((const char *const[]){"postfix", "status", NULL})) {
		setup_leaves(setup, "Postfix is not running: start it");
		return true;
	}
	return program_run((const char *const[]){"postfix", "reload", NULL}, fault) ||
	       fault_within(fault, "reloading Postfix");
}

static bool
apply(struct setup *setup, const char *changes, struct fault *fault)
{
	struct fault silent;

	puts("              Postfix will be changed as follows (" POSTSEAL_WIRE
	     " undo reverts it):");
	show(changes);
	if (setup->dry_run) {
		setup_says(setup, "change main.cf and master.cf, and reload Postfix");
		return true;
	}
	if (!check_milter(setup, &silent)) {
		setup_leaves(setup, "%s", silent.text);
		return true;
	}
	if (!check_second_pass(setup, changes, fault))
		return false;
	if (!answers_agree(setup, "Make these changes?")) {
		setup_leaves(setup,
			     "Postfix is unchanged, and its mail does not pass through Postseal");
		return true;
	}
	setup_says(setup, "change main.cf and master.cf, and reload Postfix");
	return wire(setup, "apply", NULL, fault) && reload(setup, fault);
}

bool
setup_wiring(struct setup *setup, struct fault *fault)
{
	g_autofree char *changes = NULL;
	struct postfix *postfix;
	struct fault differs;

	if (setup->settings->mta == MTA_SENDMAIL) {
		setup_notes(setup,
			    "Sendmail is configured by hand: see SENDMAIL in postseal-milter(8)");
		return true;
	}
	postfix = postfix_read(fault);
	if (postfix == NULL && fault->cause != FAULT_NONE)
		return false;
	if (postfix == NULL || setup->no_wire) {
		postfix_free(postfix);
		setup_notes(setup, postfix == NULL ? "Postfix is not installed on this machine"
						   : "not changed (--no-wire)");
		return true;
	}
	postfix_free(postfix);
	if (wire(setup, "status", NULL, &differs))
		return true;
	return wire(setup, "show", &changes, fault) && apply(setup, changes, fault);
}
