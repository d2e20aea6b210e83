#include "portal/addressee.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/address.h"
#include "core/catalogue.h"
#include "keystore/keystore.h"
#include "mail/display_name.h"

static const struct statement senders = {
	"addressee_senders",
	"select distinct p.sender from postseal.parcel_key k join postseal.parcel p on p.id = k.parcel "
	"where k.account = $1 and k.folder = 'inbox' and k.expires_at > now()"};

static void
addressee_free(struct addressee *addressee)
{
	g_free(addressee->name);
	g_free(addressee->address);
	g_free(addressee->folded);
	g_free(addressee);
}

/* The name in a form that is safe in an address list that will be parsed again: GMime does not
 * handle backslashes, a name with quotes could bring in mailboxes that nobody checked, and one that
 * would be decoded could turn into such a name. */
static char *
harmless_name(const char *name)
{
	return name == NULL || strpbrk(name, "\"\\<>") != NULL ||
			       display_name_would_be_decoded(name)
		       ? NULL
		       : g_strdup(name);
}

GPtrArray *
addressees_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)addressee_free);
}

struct addressee *
addressees_add(GPtrArray *addressees, const char *name, const char *address)
{
	struct addressee *addressee = g_new0(struct addressee, 1);

	addressee->name = harmless_name(name);
	addressee->address = g_strdup(address);
	addressee->folded = address_fold(address);
	identifier_make(&addressee->copy);
	g_ptr_array_add(addressees, addressee);
	return addressee;
}

struct addressee *
addressees_find(const GPtrArray *addressees, const char *folded)
{
	for (guint i = 0; i < addressees->len; i++) {
		struct addressee *addressee = g_ptr_array_index(addressees, i);

		if (strcmp(addressee->folded, folded) == 0)
			return addressee;
	}
	return NULL;
}

static void
collect(GPtrArray *addressees, InternetAddressList *list)
{
	for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
		InternetAddress *one = internet_address_list_get_address(list, i);
		const char *text;

		if (!INTERNET_ADDRESS_IS_MAILBOX(one))
			continue;
		text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
		if (text != NULL)
			addressees_add(addressees, internet_address_get_name(one), text);
	}
}

GPtrArray *
addressees_in(const char *text)
{
	g_autofree char *commas = g_strdelimit(g_strdup(text), ";\r\n", ',');
	InternetAddressList *list = internet_address_list_parse(NULL, commas);
	GPtrArray *addressees = addressees_new();

	collect(addressees, list);
	g_clear_object(&list);
	return addressees;
}

char *
addressees_shown(const GPtrArray *addressees)
{
	InternetAddressList *list = internet_address_list_new();
	char *shown;

	for (guint i = 0; i < addressees->len; i++) {
		const struct addressee *one = g_ptr_array_index(addressees, i);
		InternetAddress *mailbox = internet_address_mailbox_new(one->name, one->address);

		internet_address_list_add(list, mailbox);
		g_object_unref(mailbox);
	}
	shown = internet_address_list_to_string(list, NULL, FALSE);
	g_object_unref(list);
	return shown == NULL ? g_strdup("") : shown;
}

static bool
is_among(const char *addresses, const char *folded)
{
	g_auto(GStrv) list = g_strsplit(addresses, " ", -1);

	return g_strv_contains((const char *const *)list, folded);
}

/* A received message says who takes part in the conversation: its sender wrote those names, not the
 * person who answers. */
static bool
takes_part(const struct mailbox_item *answered, const char *folded)
{
	const struct layout *layout = answered == NULL ? NULL : answered->layout;
	g_autofree char *sender = answered == NULL ? NULL : address_fold(answered->sender);

	return layout != NULL &&
	       (strcmp(sender, folded) == 0 || is_among(layout->from_address, folded) ||
		is_among(layout->reply_to, folded) || is_among(layout->addresses, folded));
}

GHashTable *
addressee_correspondents(struct connection *connection, const struct account *account,
			 struct fault *fault)
{
	GHashTable *correspondents;
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, account->id.text);
	if (!connection_execute(connection, &senders, &parameters, &result, fault))
		return NULL;
	correspondents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (int row = 0; row < PQntuples(result); row++)
		g_hash_table_add(correspondents, address_fold(PQgetvalue(result, row, 0)));
	return correspondents;
}

static bool
has_written(GHashTable *correspondents, const char *folded)
{
	return correspondents != NULL && g_hash_table_contains(correspondents, folded);
}

/* Asks the rules: those with `portal` apply to messages written here. */
static bool
ask_rules(const struct author *author, const struct addressee_question *question,
	  const char *folded, struct policy_decision *decision_r, struct fault *fault)
{
	const struct policy_facts facts = {.sender = author->account->address,
					   .subject = question->subject,
					   .is_portal = true};
	g_autoptr(policy_question_auto) asked = NULL;

	if (author->policy == NULL)
		return fault_set(
			fault, FAULT_CONFIG,
			"asking the rules: postseal.conf has errors, which were logged at the "
			"start");
	asked = policy_question_new(author->policy, author->database, &facts);
	return policy_decide(asked, folded, decision_r, fault);
}

static char *
refusal(const struct author *author, const struct addressee *addressee)
{
	if (addressee->is_company)
		return g_strdup_printf(translate(author->language,
						 "You cannot write to %s from here unless they "
						 "wrote to you first."),
				       addressee->address);
	return g_strdup_printf(translate(author->language, "%s cannot be reached from here."),
			       addressee->address);
}

static bool
check_rights(const struct author *author, const struct addressee_question *question,
	     struct addressee *addressee, char **why_r, struct fault *fault)
{
	bool in_conversation = takes_part(question->answered, addressee->folded) ||
			       has_written(question->correspondents, addressee->folded);
	struct policy_decision decision = {0};
	bool good = ask_rules(author, question, addressee->folded, &decision, fault);

	*why_r = NULL;
	addressee->is_company = keystore_is_employee(author->settings->domains, addressee->folded);
	if (good && decision.is_for_portal && decision.reject != NULL)
		*why_r = g_strdup_printf("%s: %s", addressee->address, decision.reject);
	else if (good && !in_conversation && !decision.is_for_portal)
		*why_r = refusal(author, addressee);
	if (good && decision.is_for_portal) {
		addressee->rule = decision.rule;
		addressee->rule_line = decision.line;
		addressee->rule_name = decision.name;
	}
	policy_decision_clear(&decision);
	return good;
}

bool
addressee_check(const struct author *author, const struct addressee_question *question,
		struct addressee *addressee, char **why_r, struct fault *fault)
{
	*why_r = NULL;
	if (address_is_valid(addressee->address))
		return check_rights(author, question, addressee, why_r, fault);
	*why_r = g_strdup_printf(translate(author->language, "%s is not an email address."),
				 addressee->address);
	return true;
}

bool
addressees_check(const struct author *author, const struct addressee_question *question,
		 GPtrArray *addressees, char **why_r, struct fault *fault)
{
	*why_r = NULL;
	if (addressees->len == 0)
		*why_r = g_strdup(translate(author->language, "Please enter a recipient."));
	else if (addressees->len > ADDRESSEES_MAX)
		*why_r = g_strdup(translate(author->language, "There are too many recipients."));
	for (guint i = 0; i < addressees->len && *why_r == NULL; i++)
		if (!addressee_check(author, question, g_ptr_array_index(addressees, i), why_r,
				     fault))
			return false;
	return true;
}
