/*
 * What the MTA says on the socket for passwords: whatever it is, an answer is a line for the
 * request that was made, and nobody is let in without the right password over TLS.
 *
 * Input: lines, separated by line feeds.
 */
#include <glib.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "milter/submission/sasl_dialogue.h"
#include "portal/application_signin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool was_right;

bool __wrap_application_signin(struct database *database, const struct application_attempt *attempt,
			       struct application_entry *entry_r,
			       enum application_outcome *outcome_r, struct fault *fault);
bool
__wrap_application_signin(struct database *database, const struct application_attempt *attempt,
			  struct application_entry *entry_r, enum application_outcome *outcome_r,
			  struct fault *fault)
{
	(void)database;
	*entry_r = (struct application_entry){0};
	g_assert(*attempt->user != '\0' && *attempt->password != '\0');
	was_right = strcmp(attempt->password, "p") == 0;
	*outcome_r = was_right ? APPLICATION_SIGNED_IN : APPLICATION_WRONG;
	if (was_right)
		entry_r->account.address = g_strdup("a@example.com");
	return strcmp(attempt->password, "down") != 0 ||
	       fault_set(fault, FAULT_DATABASE, "the database is down");
}

static bool
take(struct sasl_dialogue *dialogue, char *line)
{
	g_autoptr(GString) reply = g_string_new(NULL);
	bool is_secured = strstr(line, "\tsecured") != NULL || dialogue->is_waiting;
	bool goes_on;

	was_right = false;
	goes_on = sasl_dialogue_take(dialogue, line, reply);
	g_assert(reply->len == 0 ||
		 (goes_on && strchr(reply->str, '\n') == reply->str + reply->len - 1));
	g_assert(reply->len == 0 || g_str_has_prefix(reply->str, "FAIL\t") ||
		 g_str_has_prefix(reply->str, "CONT\t") ||
		 (g_str_has_prefix(reply->str, "OK\t") && was_right && is_secured));
	return goes_on;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sasl_dialogue dialogue = {0};
	g_autofree char *text = g_malloc(size + 1);
	char *line = text, *end;

	if (size > SASL_LINE_MAX || sodium_init() < 0)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (!take(&dialogue, line))
			break;
	}
	sasl_dialogue_clear(&dialogue);
	return 0;
}
