#include "admin/setup/answers.h"

#include <getopt.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/domain.h"
#include "core/quote.h"

enum { TEXT_MAX = 200, PORT_MAX = 65535 };

/* --- what an answer may be --- */

static bool
take_organisation(struct setup *setup, const char *text, struct fault *fault)
{
	bool good = *text != '\0' && g_utf8_validate(text, -1, NULL) &&
		    g_utf8_strlen(text, -1) <= TEXT_MAX;

	for (const char *at = text; good && *at != '\0'; at = g_utf8_next_char(at))
		good = !g_unichar_iscntrl(g_utf8_get_char(at));
	if (!good)
		return fault_set(fault, FAULT_INPUT,
				 "the organisation must have a name of one line, of at most %d "
				 "characters in UTF-8",
				 TEXT_MAX);
	g_free(setup->organisation);
	setup->organisation = g_strdup(text);
	return true;
}

static bool
add_domain(GStrvBuilder *domains, const char *text, struct fault *fault)
{
	g_autofree char *quoted = quote(text);
	g_autofree char *domain = NULL;

	if (strchr(text, '@') != NULL)
		return fault_set(fault, FAULT_INPUT,
				 "%s is a mail address, not a mail domain such as example.com",
				 quoted);
	if (!domain_parse(text, &domain, fault))
		return fault_within(fault, "%s is no mail domain such as example.com", quoted);
	g_strv_builder_add(domains, domain);
	return true;
}

/* Several values, separated by blanks or commas; each --domain adds to the earlier ones. */
static bool
take_domains(struct setup *setup, const char *text, struct fault *fault)
{
	g_auto(GStrv) words = g_strsplit_set(text, " ,\t", -1);
	g_autoptr(GStrvBuilder) domains = g_strv_builder_new();

	if (setup->domains != NULL)
		g_strv_builder_addv(domains, (const char **)setup->domains);
	for (char **word = words; *word != NULL; word++)
		if (**word != '\0' && !add_domain(domains, *word, fault))
			return false;
	g_strfreev(setup->domains);
	setup->domains = g_strv_builder_end(domains);
	if (*setup->domains != NULL)
		return true;
	g_clear_pointer(&setup->domains, g_strfreev);
	return fault_set(fault, FAULT_INPUT, "at least one mail domain is needed");
}

static bool
is_web_address(const char *text)
{
	g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri == NULL ? "" : g_uri_get_scheme(uri);

	return (strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0) &&
	       g_uri_get_host(uri) != NULL && *g_uri_get_host(uri) != '\0' &&
	       g_uri_get_userinfo(uri) == NULL && g_uri_get_query(uri) == NULL &&
	       g_uri_get_fragment(uri) == NULL && !g_str_has_suffix(text, "/");
}

static bool
take_portal(struct setup *setup, const char *text, struct fault *fault)
{
	g_autofree char *quoted = quote(text);

	if (!is_web_address(text))
		return fault_set(fault, FAULT_INPUT,
				 "%s is no address of a portal such as https://secure.example.com, "
				 "without a slash at the end",
				 quoted);
	g_free(setup->portal_url);
	setup->portal_url = g_strdup(text);
	return true;
}

static bool
is_port(const char *text)
{
	guint64 number;

	return g_ascii_string_to_unsigned(text, 10, 1, PORT_MAX, &number, NULL);
}

static bool
take_listen(struct setup *setup, const char *text, struct fault *fault)
{
	g_autofree char *quoted = quote(text);
	const char *colon = strrchr(text, ':');
	bool good = g_str_has_prefix(text, "unix:/") ||
		    (colon != NULL && colon != text && is_port(colon + 1));

	if (!good)
		return fault_set(
			fault, FAULT_INPUT,
			"the portal cannot listen at %s: expected an address and port such "
			"as 127.0.0.1:8025, or unix:/path",
			quoted);
	g_free(setup->portal_listen);
	setup->portal_listen = g_strdup(text);
	return true;
}

static bool
take_second_pass(struct setup *setup, const char *text, struct fault *fault)
{
	g_autofree char *quoted = quote(text);

	if (!is_port(text))
		return fault_set(fault, FAULT_INPUT, "%s is no port such as 10025", quoted);
	g_free(setup->second_pass);
	setup->second_pass = g_strdup(text);
	return true;
}

static const char *
value_of(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	return NULL;
}

/* Four users can read postseal.conf, and everyone can see a command line. */
static bool
check_database(const PQconninfoOption *options, struct fault *fault)
{
	if (value_of(options, "password") != NULL || value_of(options, "sslpassword") != NULL)
		return fault_set(
			fault, FAULT_INPUT,
			"the address of the database contains a password, which others could "
			"read: leave it out, and let the programs authenticate by "
			"certificates or a password file (PGPASSFILE in their units)");
	if (value_of(options, "dbname") == NULL)
		return fault_set(
			fault, FAULT_INPUT,
			"the address of the database names no database: expected local, or "
			"one such as postgresql://db.example.com/postseal");
	return true;
}

static bool
take_database(struct setup *setup, const char *text, struct fault *fault)
{
	const char *url = strcmp(text, "local") == 0 ? "postgresql:///postseal" : text;
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &why);
	bool good;

	if (options == NULL) { /* without quoting the text: it may hold a password */
		fault_set(fault, FAULT_INPUT,
			  "the database is neither local nor an address such as "
			  "postgresql://db.example.com/postseal");
		PQfreemem(why);
		return false;
	}
	good = check_database(options, fault);
	PQconninfoFree(options);
	if (good) {
		g_free(setup->database);
		setup->database = g_strdup(url);
	}
	return good;
}

/* --- options and questions --- */

static const struct answer {
	const char *option;
	const char *question; /* NULL: not asked for */
	const char *standard; /* the answer if only Enter is pressed */
	bool (*take)(struct setup *setup, const char *text, struct fault *fault);
	size_t offset; /* offset of the pointer in struct setup, which is NULL if there is no answer
			  yet */
} answers[] = {
	{"organisation", "Name of the organisation, as messages and pages show it", NULL,
	 take_organisation, G_STRUCT_OFFSET(struct setup, organisation)},
	{"domain", "Its mail domains, with blanks between them", NULL, take_domains,
	 G_STRUCT_OFFSET(struct setup, domains)},
	{"portal",
	 "Address of the portal as browsers will reach it, such as https://secure.example.com",
	 NULL, take_portal, G_STRUCT_OFFSET(struct setup, portal_url)},
	{"database", "Database: local, or the address of one elsewhere", "local", take_database,
	 G_STRUCT_OFFSET(struct setup, database)},
	{"portal-listen", NULL, NULL, take_listen, G_STRUCT_OFFSET(struct setup, portal_listen)},
	{"second-pass", NULL, NULL, take_second_pass, G_STRUCT_OFFSET(struct setup, second_pass)},
};

enum { OPTION_YES = G_N_ELEMENTS(answers), OPTION_NO_WIRE, OPTION_DRY_RUN };

static bool
is_missing(const struct setup *setup, const struct answer *answer)
{
	return answer->question != NULL && G_STRUCT_MEMBER(void *, setup, answer->offset) == NULL;
}

bool
answers_read(struct setup *setup, int argc, char **argv, struct fault *fault)
{
	struct option options[G_N_ELEMENTS(answers) + 4] = {
		[OPTION_YES] = {"yes", no_argument, NULL, OPTION_YES},
		[OPTION_NO_WIRE] = {"no-wire", no_argument, NULL, OPTION_NO_WIRE},
		[OPTION_DRY_RUN] = {"dry-run", no_argument, NULL, OPTION_DRY_RUN}};
	int option;

	for (int i = 0; i < (int)G_N_ELEMENTS(answers); i++)
		options[i] = (struct option){answers[i].option, required_argument, NULL, i};
	fault->cause = FAULT_NONE;
	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option < 0 || option > OPTION_DRY_RUN)
			return false;
		if (option < OPTION_YES && !answers[option].take(setup, optarg, fault))
			return fault_within(fault, "reading --%s", answers[option].option);
		setup->yes |= option == OPTION_YES;
		setup->no_wire |= option == OPTION_NO_WIRE;
		setup->dry_run |= option == OPTION_DRY_RUN;
	}
	return optind == argc;
}

/* NULL at the end of the input; caller frees. */
static char *
read_line(void)
{
	g_autofree char *line = NULL;
	size_t size = 0;

	fflush(stdout);
	if (getline(&line, &size, stdin) < 0)
		return NULL;
	return g_strdup(g_strstrip(line));
}

static bool
ask(struct setup *setup, const struct answer *answer, struct fault *fault)
{
	for (;;) {
		g_autofree char *line = NULL;

		printf("%s%s%s%s: ", answer->question, answer->standard == NULL ? "" : " [",
		       answer->standard == NULL ? "" : answer->standard,
		       answer->standard == NULL ? "" : "]");
		line = read_line();
		if (line == NULL)
			return fault_set(fault, FAULT_INPUT, "asking for --%s: end of input",
					 answer->option);
		if (answer->take(setup,
				 *line == '\0' && answer->standard != NULL ? answer->standard
									   : line,
				 fault))
			return true;
		printf("%s.\n", fault->text);
	}
}

/* Lists all of them, so that nobody has to run the command again for each. */
static bool
tell_missing(const struct setup *setup, struct fault *fault)
{
	g_autoptr(GString) missing = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
		if (is_missing(setup, &answers[i]))
			g_string_append_printf(missing, "%s--%s", missing->len == 0 ? "" : ", ",
					       answers[i].option);
	return missing->len == 0 ||
	       fault_set(fault, FAULT_INPUT, "without a terminal, these options are required: %s",
			 missing->str);
}

bool
answers_complete(struct setup *setup, struct fault *fault)
{
	if (!setup->terminal)
		return tell_missing(setup, fault);
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
		if (is_missing(setup, &answers[i]) && !ask(setup, &answers[i], fault))
			return false;
	return true;
}

bool
answers_agree(const struct setup *setup, const char *question)
{
	g_autofree char *line = NULL;

	if (setup->yes)
		return true;
	printf("%s [y/N] ", question);
	line = read_line();
	return line != NULL &&
	       (g_ascii_strcasecmp(line, "y") == 0 || g_ascii_strcasecmp(line, "yes") == 0);
}

bool
answers_wait(const char *for_what)
{
	g_autofree char *line = NULL;

	printf("%s, press Enter. ", for_what);
	line = read_line();
	return line != NULL;
}
