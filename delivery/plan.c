#include "delivery/plan.h"

#include <string.h>

#include "core/address.h"
#include "delivery/facts.h"
#include "delivery/inbound/receive.h"
#include "delivery/keys_wanted.h"
#include "delivery/methods/clear_signature.h"
#include "delivery/wish.h"
#include "mail/addresses.h"
#include "mail/subject_tags.h"

enum { SEALED_FRAME_MAX = 65536, SEALED_KEY_MAX = 2048 };

static void
copy_free(struct copy *copy)
{
	policy_decision_clear(&copy->decision);
	if (copy->keys != NULL)
		g_ptr_array_unref(copy->keys);
	json_decref(copy->tried);
	g_free(copy->trust.conflict);
	g_free(copy->reason);
	g_free(copy->subject);
	g_free(copy->results);
	g_free(copy);
}

static void
group_free(struct group *group)
{
	g_ptr_array_unref(group->copies);
	g_ptr_array_unref(group->keys);
	g_free(group->boundary);
	g_free(group);
}

/* --- deciding --- */

static void
note_tried(struct copy *copy, const struct method *method, bool possible, const char *why)
{
	json_t *tried = json_pack("{s:s, s:b, s:s}", "method", method->name, "possible", possible,
				  "because", why);

	if (copy->trust.asked != TRUST_NONE) {
		json_object_set_new(tried, "asked",
				    json_string(trust_level_name(copy->trust.asked)));
		json_object_set_new(tried, "found",
				    json_string(trust_level_name(copy->trust.found)));
	}
	if (copy->lapsed != NULL)
		json_object_set_new(tried, "lapsed", json_string(copy->lapsed));
	json_array_append_new(copy->tried, tried);
}

/* `level`: the trust that the rule asks for, or NULL. */
static bool
try_method(const struct delivery_context *delivery, struct copy *copy, const struct method *method,
	   const char *level, struct fault *fault)
{
	g_autofree char *why = NULL;
	bool possible = false;

	copy->trust.asked = level == NULL ? TRUST_NONE : trust_level_named(level);
	copy->trust.found = TRUST_NONE;
	copy->lapsed = NULL;
	if (!method->is_possible(delivery, copy, &possible, &why, fault))
		return fault_within(fault, "asking whether %s can have %s",
				    copy->recipient->address, method->name);
	if (possible && copy->decision.sign && method->can_be_signed &&
	    !clear_signature_choose(delivery, copy, &why, fault))
		return false;
	note_tried(copy, method, possible, why);
	if (!possible)
		return true;
	copy->method = method;
	copy->reason = g_steal_pointer(&why);
	return true;
}

static const char *
level_of(const struct copy *copy, size_t method)
{
	return copy->decision.levels == NULL ? NULL : copy->decision.levels[method];
}

/* Among the methods that the rule allows, the recipient's own wish comes first; it never adds a
 * method. */
static bool
try_wish(const struct delivery_context *delivery, struct wishes *wishes, struct copy *copy,
	 struct fault *fault)
{
	const char *const *allowed = copy->decision.methods;
	const char *wish;
	size_t place = 0;

	if (allowed == NULL || allowed[0] == NULL || allowed[1] == NULL)
		return true;
	if (!wishes_find(wishes, copy->recipient->folded, &wish, fault))
		return false;
	if (wish == NULL || !g_strv_contains(allowed, wish))
		return true;
	while (strcmp(allowed[place], wish) != 0)
		place++;
	return try_method(delivery, copy, method_find(wish), level_of(copy, place), fault);
}

static bool
choose_method(const struct delivery_context *delivery, struct wishes *wishes, struct copy *copy,
	      struct fault *fault)
{
	const char *const *names = copy->decision.methods;

	if (!try_wish(delivery, wishes, copy, fault))
		return false;
	for (size_t i = 0; names != NULL && names[i] != NULL && copy->method == NULL; i++)
		if (!try_method(delivery, copy, method_find(names[i]), level_of(copy, i), fault))
			return false;
	return true;
}

/* Why none of the methods was available: "smime: no certificate; pgp: no OpenPGP key". */
static char *
all_reasons(const struct copy *copy)
{
	g_autoptr(GString) text = g_string_new(NULL);
	size_t i;
	json_t *tried;

	json_array_foreach(copy->tried, i, tried)
		g_string_append_printf(text, "%s%s: %s", i > 0 ? "; " : "",
				       json_string_value(json_object_get(tried, "method")),
				       json_string_value(json_object_get(tried, "because")));
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
refuse(struct plan *plan, struct copy *copy)
{
	if (copy->decision.reject != NULL) {
		copy->reason = g_strdup(copy->decision.reject);
		fault_set(&plan->refusal, FAULT_REFUSED, "<%s>: %s Nothing was sent to anyone.",
			  copy->recipient->address, copy->reason);
	} else {
		copy->reason = all_reasons(copy);
		fault_set(&plan->refusal, FAULT_NO_METHOD,
			  "<%s>: your organisation's rules require this message to be protected, "
			  "which is not possible for this recipient (%s). Nothing was sent to "
			  "anyone.",
			  copy->recipient->address, copy->reason);
	}
	plan->refused = copy;
}

/* "otto" is the login of otto@example.com, if that is ours. */
static bool
is_local_part(const struct settings *settings, const char *login, const char *address)
{
	const size_t length = strlen(login);

	return strncmp(login, address, length) == 0 && address[length] == '@' &&
	       keystore_is_employee(settings->domains, address);
}

/* Do two folded addresses differ at most in what follows a + (235_said_by_mail.sql)? */
static bool
is_same_person(const char *one, const char *other)
{
	const size_t length = strcspn(one, "+@");
	const char *domain = strrchr(one, '@'), *other_domain = strrchr(other, '@');

	return strcmp(one, other) == 0 ||
	       (domain != NULL && other_domain != NULL && length > 0 &&
		length == strcspn(other, "+@") && strncmp(one, other, length) == 0 &&
		strcmp(domain, other_domain) == 0);
}

/* Does a field name them as an author, perhaps among others, or as who sends it for them? */
static bool
is_author(const struct message *message, const char *approver)
{
	g_autoptr(GHashTable) authors = addresses_authors(message);
	GHashTableIter iterator;
	gpointer address;

	g_hash_table_iter_init(&iterator, authors);
	while (g_hash_table_iter_next(&iterator, &address, NULL))
		if (is_same_person(address, approver))
			return true;
	return false;
}

/* Is it a login of theirs? If the MTA alone knows who may send as whom, only by its form, and as
 * far as that is listed here too. */
static bool
is_their_login(const struct delivery_context *delivery, const char *login, const char *approver)
{
	g_autofree char *folded = address_fold(login);

	return is_same_person(folded, approver) ||
	       is_local_part(delivery->settings, folded, approver) ||
	       policy_lists_login(delivery->policy, login, approver);
}

bool
plan_may_approve(const struct delivery_context *delivery, const char *approver)
{
	const char *login = delivery->message->authenticated;

	return !is_same_person(delivery->message->sender_folded, approver) &&
	       (delivery->from == NULL || !is_same_person(delivery->from, approver)) &&
	       !is_author(delivery->message, approver) &&
	       (login == NULL || *login == '\0' || !is_their_login(delivery, login, approver));
}

static bool
has_approver(const struct delivery_context *delivery, const struct policy_hold *hold)
{
	for (const char *const *approver = hold->approvers; *approver != NULL; approver++)
		if (plan_may_approve(delivery, *approver))
			return true;
	return false;
}

static void
hold(struct plan *plan, const struct delivery_context *delivery, struct copy *copy)
{
	copy->reason = g_strdup(copy->decision.hold->reason);
	if (has_approver(delivery, copy->decision.hold)) {
		copy->method = &method_hold;
		return;
	}
	if (plan->refused != NULL)
		return;
	plan->refused = copy;
	fault_set(&plan->refusal, FAULT_REFUSED,
		  "<%s>: this message needs approval (%s), and nobody but its sender could approve "
		  "it. Nothing was sent to anyone.",
		  copy->recipient->address, copy->reason);
}

/* A refusal would be final, while the answer may be here in a moment. */
static bool
wait_for_answers(const struct copy *copy, struct fault *fault)
{
	g_autofree char *reasons = all_reasons(copy);

	return fault_set(fault, FAULT_TIMEOUT, "<%s>: %s (%s)", copy->recipient->address,
			 copy->keys_awaited
				 ? "keys of this recipient are still being looked for"
				 : "whether this recipient's domain accepts verified TLS is still "
				   "being determined",
			 reasons);
}

static bool
decide(struct plan *plan, const struct delivery_context *delivery, struct wishes *wishes,
       struct copy *copy, struct fault *fault)
{
	if (copy->decision.refuse != NULL) {
		copy->reason = g_strdup(copy->decision.refuse);
		return true;
	}
	if (copy->decision.hold != NULL) {
		hold(plan, delivery, copy);
		return true;
	}
	if (copy->decision.reject == NULL && !choose_method(delivery, wishes, copy, fault))
		return false;
	if (inbound_is_for(delivery->inbound, delivery->settings, copy->recipient) &&
	    !inbound_describe(delivery, copy, fault))
		return false;
	if (copy->method == NULL && copy->decision.reject == NULL &&
	    (copy->keys_awaited || copy->tls_awaited))
		return wait_for_answers(copy, fault);
	if (copy->method == NULL && plan->refused == NULL)
		refuse(plan, copy);
	return true;
}

/* If nobody is left, the client is told at once. */
static void
refuse_if_nobody_is_left(struct plan *plan)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < plan->copies->len; i++) {
		const struct copy *copy = g_ptr_array_index(plan->copies, i);

		if (copy->decision.refuse == NULL)
			return;
		g_string_append_printf(text, "%s<%s>: %s", i > 0 ? " " : "",
				       copy->recipient->address, copy->reason);
	}
	if (plan->refused != NULL || plan->copies->len == 0)
		return;
	plan->refused = g_ptr_array_index(plan->copies, 0);
	fault_set(&plan->refusal, FAULT_REFUSED, "%s", text->str);
}

static void
collect_tags(const char *const *tag, GPtrArray *tags)
{
	for (; tag != NULL && *tag != NULL; tag++)
		if (!g_ptr_array_find_with_equal_func(tags, *tag, g_str_equal, NULL))
			g_ptr_array_add(tags, (gpointer)*tag);
}

/* What the rules say about each copy. */
static bool
ask_policy(const struct plan *plan, const struct delivery_context *delivery,
	   struct policy_question *question, GPtrArray *tags, struct fault *fault)
{
	for (guint i = 0; i < plan->copies->len; i++) {
		struct copy *copy = g_ptr_array_index(plan->copies, i);
		const bool is_inbound =
			inbound_is_for(delivery->inbound, delivery->settings, copy->recipient);

		if (!(is_inbound ? policy_receive : policy_decide)(
			    question, copy->recipient->folded, &copy->decision, fault))
			return fault_within(fault, "deciding for %s", copy->recipient->address);
		collect_tags(copy->decision.tags, tags);
	}
	return true;
}

static bool
decide_each(struct plan *plan, const struct delivery_context *delivery,
	    const struct policy_facts *facts, GPtrArray *tags, struct fault *fault)
{
	g_autoptr(policy_question_auto) question =
		policy_question_new(delivery->policy, delivery->database, facts);
	g_auto(wishes_auto) wishes;

	wishes_init(&wishes, delivery->database);
	if (!ask_policy(plan, delivery, question, tags, fault) ||
	    !keys_wanted(delivery, plan->copies, fault))
		return false;
	for (guint i = 0; i < plan->copies->len; i++)
		wishes_add(&wishes, ((const struct copy *)g_ptr_array_index(plan->copies, i))
					    ->recipient->folded);
	for (guint i = 0; i < plan->copies->len; i++) {
		struct copy *copy = g_ptr_array_index(plan->copies, i);

		if (!decide(plan, delivery, &wishes, copy, fault))
			return false;
	}
	refuse_if_nobody_is_left(plan);
	return true;
}

static bool
decide_all(struct plan *plan, const struct delivery_context *delivery, struct fault *fault)
{
	g_autoptr(GPtrArray) tags = g_ptr_array_new();
	g_autofree char *phone_tag = subject_tags_phone(delivery->message, &plan->phone);
	const struct documents_settings documents = {
		.reader = delivery->reader,
		.directory = delivery->variants->directory,
		.processes = (unsigned)delivery->settings->reader_processes,
		.seconds = (unsigned)delivery->settings->reader_deadline,
	};
	struct facts facts;
	bool decided;

	for (const char *const *rule = delivery->approved; rule != NULL && *rule != NULL; rule++)
		collect_tags(policy_hold_tags(delivery->policy, *rule), tags);
	facts_init(&facts, delivery->message, delivery->settings, &documents, delivery->database);
	facts.policy.time = delivery->time;
	facts.policy.approved = delivery->approved;
	decided = decide_each(plan, delivery, &facts.policy, tags, fault);
	facts_clear(&facts);
	if (phone_tag != NULL)
		g_ptr_array_add(tags, phone_tag);
	g_ptr_array_add(tags, NULL);
	plan->tags = (const char *const *)g_strdupv((char **)tags->pdata);
	return decided;
}

struct copy *
plan_copy(const struct plan *plan, const char *folded)
{
	for (guint i = 0; i < plan->copies->len; i++) {
		struct copy *copy = g_ptr_array_index(plan->copies, i);

		if (strcmp(copy->recipient->folded, folded) == 0)
			return copy;
	}
	return NULL;
}

static void
add_copies(struct plan *plan, const struct message *message, GHashTable *visible)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < message->recipients->len; i++) {
		const struct recipient *recipient = g_ptr_array_index(message->recipients, i);
		struct copy *copy;

		if (!g_hash_table_add(seen, recipient->folded))
			continue;
		copy = g_new0(struct copy, 1);
		copy->recipient = recipient;
		copy->visible = g_hash_table_contains(visible, recipient->folded);
		copy->tried = json_array();
		identifier_make(&copy->id);
		g_ptr_array_add(plan->copies, copy);
	}
}

/* The maximum size of a sealed variant: base64 in lines of 64 characters, the structure around the
 * message, signatures, and the key for each recipient. */
static uint64_t
sealed_max(const struct message *message)
{
	return message_size(message) / 48 * 66 + SEALED_FRAME_MAX +
	       (uint64_t)message->recipients->len * SEALED_KEY_MAX;
}

bool
plan_init(struct plan *plan, const struct delivery_context *delivery, struct fault *fault)
{
	g_autoptr(GHashTable) visible = addresses_visible(delivery->message);

	*plan = (struct plan){
		.copies = g_ptr_array_new_with_free_func((GDestroyNotify)copy_free),
		.groups = g_ptr_array_new_with_free_func((GDestroyNotify)group_free),
	};
	plan->place_is_taken = delivery->place_is_taken;
	plan->keeps_notify = delivery->settings->mta == MTA_SENDMAIL;
	plan->outgrows_place =
		delivery->size_limit > 0 && sealed_max(delivery->message) > delivery->size_limit;
	add_copies(plan, delivery->message, visible);
	return decide_all(plan, delivery, fault);
}

void
plan_clear(struct plan *plan)
{
	g_clear_pointer(&plan->groups, g_ptr_array_unref);
	g_clear_pointer(&plan->copies, g_ptr_array_unref);
	g_strfreev((char **)plan->tags);
	plan->tags = NULL;
	g_clear_pointer(&plan->phone, g_free);
}

json_t *
copy_trace(const struct copy *copy)
{
	return json_pack("{s:O, s:O}", "rules", copy->decision.trace, "methods", copy->tried);
}

/* --- grouping --- */

static char *
new_boundary(void)
{
	struct identifier identifier;

	/* "=_" cannot occur in quoted-printable or base64 (RFC 2045 §6.7). */
	identifier_make(&identifier);
	return g_strconcat("=_", identifier.text, NULL);
}

/* Only a sealed message has an inside. */
static bool
hides_subject(const struct copy *copy)
{
	return copy->decision.hide_subject && copy->method->fields != NULL;
}

static struct group *
group_new(struct plan *plan, const struct copy *copy)
{
	struct group *group = g_new0(struct group, 1);

	group->method = copy->method;
	group->apart_by = copy->apart_by;
	group->is_signed = copy->is_signed;
	group->opening = copy->opening;
	group->subject = copy->subject;
	group->results = copy->results;
	group->hides_subject = hides_subject(copy);
	group->added = copy->decision.added;
	group->hold = copy->decision.hold;
	group->rule = copy->decision.rule;
	group->tags = plan->tags;
	group->copies = g_ptr_array_new();
	group->keys = g_ptr_array_new();
	group->boundary = new_boundary();
	g_ptr_array_add(plan->groups, group);
	return group;
}

/* Rules that add the same fields. */
static bool
is_added_alike(const struct policy_field *one, const struct policy_field *other)
{
	if (one == NULL || other == NULL)
		return one == other;
	for (; one->name != NULL && other->name != NULL; one++, other++)
		if (strcmp(one->name, other->name) != 0 || strcmp(one->value, other->value) != 0)
			return false;
	return one->name == other->name;
}

/* A recipient who is not named in the message gets a group of its own if readers could see the
 * others' keys. */
static struct group *
group_for(struct plan *plan, const struct copy *copy)
{
	for (guint i = 0; i < plan->groups->len; i++) {
		struct group *group = g_ptr_array_index(plan->groups, i);
		const struct copy *first = g_ptr_array_index(group->copies, 0);

		if (group->method != copy->method || group->apart_by != copy->apart_by ||
		    group->opening != copy->opening || group->hold != copy->decision.hold ||
		    group->hides_subject != hides_subject(copy) ||
		    !is_added_alike(group->added, copy->decision.added))
			continue;
		if (copy->method->names_keys && !(copy->visible && first->visible))
			continue;
		return group;
	}
	return group_new(plan, copy);
}

static void
add_to_group(struct group *group, struct copy *copy)
{
	g_ptr_array_add(group->copies, copy);
	for (guint i = 0; copy->keys != NULL && i < copy->keys->len; i++) {
		struct key *key = g_ptr_array_index(copy->keys, i);

		if (!g_ptr_array_find(group->keys, key, NULL))
			g_ptr_array_add(group->keys, key);
	}
}

/* The MTA refuses a replaced body that exceeds its limit, and does so only after everything else
 * has been committed. */
static bool
fits_in_place(const struct plan *plan, const struct group *group)
{
	return !group_has_new_content(group) || !plan->outgrows_place;
}

/* Sendmail adds up what is asked of a recipient who is taken out and added again (NOTIFY, RFC
 * 3461), and what is meant where nothing is asked: what must be NEVER is handed over anew. */
static bool
keeps_silence(const struct plan *plan, const struct group *group)
{
	for (guint i = 0; i < group->copies->len; i++) {
		if (plan->keeps_notify &&
		    ((const struct copy *)g_ptr_array_index(group->copies, i))->is_reported_by_us)
			return false;
	}
	return true;
}

static void
pick_in_place(struct plan *plan)
{
	struct group *best = NULL;

	for (guint i = 0; i < plan->groups->len; i++) {
		struct group *group = g_ptr_array_index(plan->groups, i);

		if (fits_in_place(plan, group) && keeps_silence(plan, group) &&
		    group->method->in_place_rank > (best == NULL ? 0 : best->method->in_place_rank))
			best = group;
	}
	if (best != NULL)
		best->in_place = true;
}

void
plan_group(struct plan *plan)
{
	g_ptr_array_set_size(plan->groups, 0);
	for (guint i = 0; i < plan->copies->len; i++) {
		struct copy *copy = g_ptr_array_index(plan->copies, i);

		if (!copy->already_committed && copy->method != NULL)
			add_to_group(group_for(plan, copy), copy);
	}
	if (!plan->place_is_taken)
		pick_in_place(plan);
}
