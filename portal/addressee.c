#include "portal/addressee.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/address.h"

enum { RECIPIENTS_MAX = 50 };

static void
addressee_free(struct addressee *addressee)
{
	g_free(addressee->address);
	g_free(addressee->folded);
	g_free(addressee);
}

static void
collect(GPtrArray *addressees, InternetAddressList *list)
{
	for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
		InternetAddress *one = internet_address_list_get_address(list, i);
		struct addressee *addressee;
		const char *text;

		if (!INTERNET_ADDRESS_IS_MAILBOX(one))
			continue;
		text = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
		if (text == NULL)
			continue;
		addressee = g_new0(struct addressee, 1);
		addressee->address = g_strdup(text);
		addressee->folded = address_fold(text);
		identifier_make(&addressee->copy);
		g_ptr_array_add(addressees, addressee);
	}
}

GPtrArray *
addressees_in(const char *text)
{
	g_autofree char *commas = g_strdelimit(g_strdup(text), ";\r\n", ',');
	InternetAddressList *list = internet_address_list_parse(NULL, commas);
	GPtrArray *addressees = g_ptr_array_new_with_free_func((GDestroyNotify)addressee_free);

	collect(addressees, list);
	g_clear_object(&list);
	return addressees;
}

static bool
is_company(const struct request *request, const char *folded)
{
	const char *domain = address_domain(folded);

	for (char **own = request->portal->settings->domains; *own != NULL; own++) {
		g_autofree char *name = address_fold(*own);

		if (strcmp(name, domain) == 0)
			return true;
	}
	return false;
}

static bool
takes_part(const struct mailbox_item *parent, const char *folded)
{
	g_auto(GStrv) addresses = NULL;
	g_autofree char *sender = NULL;

	if (parent == NULL)
		return false;
	sender = address_fold(parent->sender);
	addresses = g_strsplit(parent->layout->addresses, " ", -1);
	return strcmp(sender, folded) == 0 ||
	       g_strv_contains((const char *const *)addresses, folded);
}

/* What the rules say: those with `portal` are for what is written here. */
static bool
ask_rules(struct request *request, const struct addressee_question *question, const char *folded,
	  struct policy_decision *decision_r, struct fault *fault)
{
	const struct policy_facts facts = {.sender = request->session.account.address,
					   .subject = question->subject,
					   .is_portal = true};
	g_autoptr(policy_question_auto) asked =
		policy_question_new(request->portal->policy, request->portal->database, &facts);

	return policy_decide(asked, folded, decision_r, fault);
}

/* *why_r: a sentence for the member, the caller's, or NULL: they may. */
static bool
check_addressee(struct request *request, const struct addressee_question *question,
		struct addressee *addressee, char **why_r, struct fault *fault)
{
	bool in_conversation =
		takes_part(question->parent, addressee->folded) && !question->forwards;
	struct policy_decision decision = {0};
	struct account account;
	bool good;

	*why_r = NULL;
	addressee->is_company = is_company(request, addressee->folded);
	if (!addressee->is_company && !account_find(request->connection, addressee->folded,
						    &account, &addressee->is_member, fault))
		return false;
	if (!addressee->is_company)
		account_clear(&account);
	good = ask_rules(request, question, addressee->folded, &decision, fault);
	if (good && decision.is_for_portal && decision.reject != NULL)
		*why_r = g_strdup_printf("%s: %s", addressee->address, decision.reject);
	else if (good && addressee->is_company && !in_conversation && !decision.is_for_portal)
		*why_r = g_strdup_printf(
			request_say(request,
				    "%s cannot be written to from here, unless they wrote to "
				    "you first."),
			addressee->address);
	else if (good && !addressee->is_company &&
		 !(addressee->is_member && (in_conversation || decision.is_for_portal)))
		/* The same for members as for others: who is one is not told. */
		*why_r = g_strdup_printf(request_say(request, "%s cannot be reached from here."),
					 addressee->address);
	if (good && decision.is_for_portal) {
		addressee->rule = decision.rule;
		addressee->rule_line = decision.line;
	}
	policy_decision_clear(&decision);
	return good;
}

bool
addressees_check(struct request *request, const struct addressee_question *question,
		 GPtrArray *addressees, char **why_r, struct fault *fault)
{
	*why_r = NULL;
	if (addressees->len == 0)
		*why_r = g_strdup(request_say(request, "Please say whom the message is for."));
	else if (addressees->len > RECIPIENTS_MAX)
		*why_r = g_strdup(request_say(request, "These are too many recipients."));
	for (guint i = 0; i < addressees->len && *why_r == NULL; i++) {
		struct addressee *addressee = g_ptr_array_index(addressees, i);

		if (!address_is_valid(addressee->address))
			*why_r = g_strdup_printf(request_say(request, "%s is not a mail address."),
						 addressee->address);
		else if (!check_addressee(request, question, addressee, why_r, fault))
			return false;
	}
	return true;
}
