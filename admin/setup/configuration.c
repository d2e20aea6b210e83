/* postseal.conf: written if there is none, kept if there is one. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/check/postfix.h"
#include "admin/setup/answers.h"
#include "admin/setup/step.h"
#include "core/cleanup.h"
#include "core/listening.h"
#include "delivery/method.h"
#include "policy/policy.h"

static const char default_listen[] = "127.0.0.1:8025";
static const char default_log[] = "/var/log/mail.log";

static const char rules[] = "\n# How mail is delivered: the first rule that matches decides.\n"
			    "match recipient in domains    deliver plain\n"
			    "match encrypted               deliver plain\n"
			    "match conversation            deliver smime, pgp, pickup\n"
			    "match subject tag \"[secure]\"  deliver smime, pgp, pickup\n"
			    "otherwise                     deliver smime, pgp, plain\n";

/* --- reading it --- */

static char *
all_of(const GPtrArray *errors)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < errors->len; i++)
		g_string_append_printf(text, "%s%s", i == 0 ? "" : "; ",
				       (const char *)g_ptr_array_index(errors, i));
	return g_strdup(text->str);
}

/* With its rules: a file that the programs would reject is no basis for the next steps. */
static bool
load(struct setup *setup, const char *path, struct fault *fault)
{
	g_auto(policy_complaints_auto) complaints = {0};
	g_autoptr(policy_auto) policy = NULL;
	g_autofree char *errors = NULL;

	policy_complaints_init(&complaints);
	policy = policy_load(path, methods_for_policy(), &complaints);
	if (policy != NULL)
		setup->settings = settings_load(path, complaints.errors);
	if (setup->settings != NULL)
		return true;
	errors = all_of(complaints.errors);
	return fault_set(fault, FAULT_CONFIG,
			 "reading the configuration: %s; correct it, or move the file away",
			 errors);
}

/* --- one that is there --- */

static void
tell_difference(const struct setup *setup, const char *name, const char *said, const char *written)
{
	if (said != NULL && strcmp(said, written) != 0)
		setup_notes(setup, "%s has %s \"%s\", not \"%s\"; the file is not changed",
			    setup->config, name, written, said);
}

static void
tell_differences(const struct setup *setup)
{
	const struct settings *settings = setup->settings;
	g_autofree char *said = setup->domains == NULL ? NULL : g_strjoinv(" ", setup->domains);
	g_autofree char *written = g_strjoinv(" ", settings->domains);

	tell_difference(setup, "organisation", setup->organisation, settings->organisation);
	tell_difference(setup, "domains", said, written);
	tell_difference(setup, "portal url", setup->portal_url, settings->portal_url);
	tell_difference(setup, "portal listen", setup->portal_listen, settings->portal_listen);
	if (setup->database != NULL && strcmp(setup->database, settings->database) != 0)
		setup_notes(setup, "%s names a different database; the file is not changed",
			    setup->config);
}

/* --- a new one --- */

static void
append_quoted(GString *text, const char *value)
{
	g_string_append_c(text, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			g_string_append_c(text, '\\');
		g_string_append_c(text, *value);
	}
	g_string_append_c(text, '"');
}

/* Where Postfix logs to, if not to the default file; NULL if it does. Caller frees. */
static char *
find_log(void)
{
	struct fault fault;
	struct postfix *postfix = postfix_read(&fault);
	g_autofree char *file =
		postfix == NULL ? NULL : g_strdup(postfix_value(postfix, NULL, "maillog_file"));

	postfix_free(postfix);
	if (file != NULL && g_path_is_absolute(file))
		return strcmp(file, default_log) == 0 ? NULL : g_steal_pointer(&file);
	return setup_has_systemd() && access(default_log, F_OK) != 0 ? g_strdup("journal") : NULL;
}

static GString *
compose(const struct setup *setup)
{
	GString *text =
		g_string_new("# Settings and rules of Postseal: see postseal.conf(5).\n"
			     "# After a change, run postseal check and reload the programs.\n\n");
	g_autofree char *log = find_log();

	g_string_append(text, "organisation ");
	append_quoted(text, setup->organisation);
	g_string_append(text, "\ndomains      {");
	for (char **domain = setup->domains; *domain != NULL; domain++) {
		g_string_append_c(text, ' ');
		append_quoted(text, *domain);
	}
	g_string_append(text, " }\ndatabase     ");
	append_quoted(text, setup->database);
	g_string_append(text, "\nportal       listen ");
	append_quoted(text, setup->portal_listen == NULL ? default_listen : setup->portal_listen);
	g_string_append(text, "  url ");
	append_quoted(text, setup->portal_url);
	g_string_append(text, "\nkeeper       group \"postseal_milter\"\n");
	if (log != NULL) {
		g_string_append(text, "mta log      ");
		append_quoted(text, log);
		g_string_append_c(text, '\n');
	}
	g_string_append(text, rules);
	return text;
}

/* A file that does not load is never put in place. */
static bool
try(struct setup *setup, const GString *text, struct fault *fault)
{
	AUTO_CLOSE int fd = memfd_create("postseal.conf", MFD_CLOEXEC);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);

	if (fd < 0 || write(fd, text->str, text->len) != (ssize_t)text->len)
		return fault_set(fault, FAULT_STORAGE, "trying the configuration: %s",
				 strerror(errno));
	return load(setup, path, fault);
}

static bool
check_portal_is_free(const struct setup *setup, struct fault *fault)
{
	const char *place = setup->settings->portal_listen;

	return listening_is_free(place) ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "looking whether the portal can listen at %s: %s; choose another place with "
		       "--portal-listen, and name it in the web server in front of the portal",
		       place, strerror(errno));
}

/* Only one setup at a time: the descriptor is kept open until the end. */
static bool
lock(const struct setup *setup, const char *directory, struct fault *fault)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (setup->dry_run || (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0))
		return true;
	return fault_set(fault, FAULT_CONFIG, "locking %s: %s", directory,
			 errno == EWOULDBLOCK ? "another postseal setup is running"
					      : strerror(errno));
}

static bool
prepare_directory(struct setup *setup, const char *directory, struct fault *fault)
{
	const struct new_file_owner root = {0, 0};

	if (access(directory, F_OK) != 0 &&
	    setup_says(setup, "create the directory %s", directory) &&
	    !new_file_directory(directory, 0755, &root, fault))
		return false;
	return lock(setup, directory, fault);
}

static bool
write_new(struct setup *setup, struct fault *fault)
{
	const struct new_file_owner root = {0, 0};
	g_autoptr(GString) text = NULL;

	text = compose(setup);
	if (!try(setup, text, fault) || !check_portal_is_free(setup, fault))
		return false;
	return !setup_says(setup, "write %s, with settings and a first set of rules",
			   setup->config) ||
	       new_file_write(setup->config, 0644, &root, text->str, text->len, fault);
}

bool
setup_configuration(struct setup *setup, struct fault *fault)
{
	g_autofree char *directory = g_path_get_dirname(setup->config);
	bool is_there = access(setup->config, F_OK) == 0;

	if (!is_there && errno != ENOENT)
		return fault_set(fault, FAULT_CONFIG, "looking for %s: %s", setup->config,
				 strerror(errno));
	if (!is_there && !answers_complete(setup, fault))
		return false;
	if (!prepare_directory(setup, directory, fault))
		return false;
	if (!is_there)
		return write_new(setup, fault);
	if (!load(setup, setup->config, fault))
		return false;
	tell_differences(setup);
	return true;
}
