#include "admin/check/wired_tables.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/check/tables.h"

#define APPLY POSTSEAL_WIRE " apply makes it again"

/* What each is asked, and how its answer begins. */
static const struct question {
	const char *name, *asked, *answer;
} questions[] = {
	{"postseal_mark", "127.0.0.1", "PREPEND Postseal-Undecided:"},
	{"postseal_undecided", "Postseal-Undecided: yes", "undecided"},
	{"postseal_only_verified", "X-Postseal-Verified: yes", "IGNORE"},
	{"postseal_requeued", "X-Postseal-Verified: yes", "FILTER postseal-verified:"},
	{"postseal_submitted", "REDIRECT a@b.example", "REJECT"},
	{"postseal_forward", "a@b.example", "a=b.example@forward.postseal.invalid"},
	{"postseal_forward_back", "a=b.example@forward.postseal.invalid", "a@b.example"},
	{"postseal_outside", "192.0.2.1", "FILTER postseal-outside:"},
	{"postseal_as_client", "XFORWARD NAME=a ADDR=192.0.2.1", "XCLIENT NAME=a ADDR=192.0.2.1"},
};

static const struct question *
question_of(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < G_N_ELEMENTS(questions); i++)
		if (strcmp(questions[i].name, name) == 0)
			return &questions[i];
	return NULL;
}

/* A file that a full disk left empty is there, and lets everything pass. */
static bool
check_answer(const char *setting, const char *path, struct fault *fault)
{
	const struct question *question = question_of(path);
	g_autofree char *map = g_strconcat("regexp:", path, NULL);
	g_autofree char *answer = question == NULL ? NULL : tables_ask(map, question->asked);

	return question == NULL || (answer != NULL && g_str_has_prefix(answer, question->answer)) ||
	       fault_set(
		       fault, FAULT_CONFIG,
		       "looking at the table %s, which %s of Postfix names: asked for \"%s\", it answers %s%s%s in place "
		       "of \"%s\", so that what it is there for does not happen; " APPLY,
		       path, setting, question->asked, answer == NULL ? "nothing" : "\"",
		       answer == NULL ? "" : answer, answer == NULL ? "" : "\"", question->answer);
}

/* A copy of /etc may lack one of them: Postfix defers whatever it looks up there. */
static bool
check_file(const char *setting, const char *path, struct fault *fault)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return fault_set(
			fault, FAULT_CONFIG,
			"looking at the table %s, which %s of Postfix names: %s, so that mail waits; " APPLY,
			path, setting, g_strerror(errno));
	if ((status.st_mode & S_IWOTH) != 0)
		return fault_set(
			fault, FAULT_CONFIG,
			"looking at the table %s, which %s of Postfix names: anybody may write to it (mode %04o), and so "
			"lead mail past Postseal; chmod 644 it",
			path, setting, (unsigned)status.st_mode & 07777);
	return check_answer(setting, path, fault);
}

/* `seen`: those that have been looked at. */
static bool
check_setting(const char *setting, const char *value, GHashTable *seen, struct fault *fault)
{
	static const char *const pattern = "regexp:(/[^][ \t,{}]*/postseal_[a-z_]+)";
	g_autoptr(GRegex) table = g_regex_new(pattern, 0, 0, NULL);
	g_autoptr(GMatchInfo) each = NULL;

	for (g_regex_match(table, value, 0, &each); g_match_info_matches(each);
	     g_match_info_next(each, NULL)) {
		char *path = g_match_info_fetch(each, 1);

		if (g_hash_table_add(seen, path) && !check_file(setting, path, fault))
			return false;
	}
	return true;
}

bool
wired_tables_check(const struct check *check, struct fault *fault)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter each;
	void *setting, *value;

	g_hash_table_iter_init(&each, check->postfix->values);
	while (g_hash_table_iter_next(&each, &setting, &value))
		if (!check_setting(setting, value, seen, fault))
			return false;
	return true;
}
