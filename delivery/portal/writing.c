#include "delivery/portal/writing.h"

#include <gmime/gmime.h>
#include <string.h>

#include "audit/audit.h"
#include "core/address.h"
#include "delivery/letter.h"
#include "delivery/outbox.h"
#include "delivery/portal/composition.h"
#include "delivery/portal/html_mail.h"
#include "delivery/portal/mailbox.h"

enum {
	QUOTE_MAX = 64 * 1024, /* of a text that is answered */
	RECIPIENTS_MAX = 50,
	REFERENCES_MAX = 4000,
	DRAFT_SECONDS = 90 * 86400,
};

/* What the form shows. */
struct sheet {
	const char *manner; /* "reply", "replyall", "forward", or NULL */
	const struct mailbox_item *parent; /* which is answered, or NULL */
	const struct mailbox_item *draft;  /* which is gone on with, or NULL */
	const char *to, *subject, *text;
	const char *wrong;
};

/* --- the form --- */

static const struct mailbox_item *
kept_from(const struct sheet *sheet)
{
	if (sheet->draft != NULL)
		return sheet->draft;
	return sheet->manner != NULL && strcmp(sheet->manner, "forward") == 0 ? sheet->parent : NULL;
}

/* The files that are there already; all are kept unless the member says otherwise. */
static void
list_kept(struct page *page, const struct mailbox_item *source)
{
	const GPtrArray *attachments = source == NULL ? NULL : source->layout->attachments;

	if (attachments == NULL || attachments->len == 0) {
		page_remove(page, "kept");
		return;
	}
	for (guint i = 0; i < attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(attachments, i);
		g_autofree char *name = g_strdup_printf("keep-%u", i);

		page_repeat(page, "keep");
		page_attribute(page, "keep-box", "name", name);
		page_text(page, "keep-name", part->name);
	}
	page_repeat_end(page, "keep");
}

static enum MHD_Result
show_sheet(struct request *request, unsigned status, const struct sheet *sheet)
{
	const struct settings *settings = request->portal->settings;
	g_autoptr(page_auto) page = request_page(request, "write.html");
	g_autofree char *domains = g_strjoinv(", @", settings->domains);
	g_autofree char *limit = request_size(request, settings->upload_max);
	g_autofree char *hint = g_strdup_printf(
		request_say(request, "You can write to addresses at %s, and to people in this conversation."), domains);
	g_autofree char *files = g_strdup_printf(request_say(request, "All files together may have %s."), limit);

	if (sheet->wrong == NULL)
		page_remove(page, "wrong");
	else
		page_text(page, "wrong", sheet->wrong);
	page_attribute(page, "to", "value", sheet->to);
	page_attribute(page, "subject", "value", sheet->subject);
	page_text(page, "text", sheet->text);
	page_text(page, "to-hint", hint);
	page_text(page, "files-hint", files);
	page_attribute(page, "manner", "value", sheet->manner == NULL ? "" : sheet->manner);
	page_attribute(page, "parent", "value", sheet->parent == NULL ? "" : sheet->parent->id.text);
	page_attribute(page, "draft", "value", sheet->draft == NULL ? "" : sheet->draft->id.text);
	list_kept(page, kept_from(sheet));
	return answer_page(request, status, page);
}

enum MHD_Result
serve_write(struct request *request)
{
	const struct sheet sheet = {.to = request_query(request, "to"), .subject = "", .text = ""};

	return show_sheet(request, MHD_HTTP_OK, &sheet);
}

static char *
prefixed(const char *prefix, const char *subject)
{
	return g_ascii_strncasecmp(subject, prefix, strlen(prefix)) == 0 ? g_strdup(subject)
									  : g_strconcat(prefix, " ", subject, NULL);
}

/* "> " before each line. */
static char *
quoted(const struct mailbox_item *item, struct fault *fault)
{
	const struct layout *layout = item->layout;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	GString *quote;
	bool cut;

	if (layout->text == NULL && layout->html == NULL)
		return g_strdup("");
	text = content_text(&item->content, layout->text != NULL ? layout->text : layout->html, QUOTE_MAX, &cut, fault);
	if (text == NULL)
		return NULL;
	if (layout->text == NULL) {
		g_autofree char *html = g_steal_pointer(&text);

		text = html_mail_text(html, strlen(html));
	}
	lines = g_strsplit(text, "\n", -1);
	quote = g_string_new(NULL);
	for (char **line = lines; *line != NULL; line++)
		g_string_append_printf(quote, "> %s\n", g_strchomp(*line));
	return g_string_free(quote, FALSE);
}

/* Everybody in the conversation but the member. */
static char *
everybody(const struct request *request, const struct mailbox_item *item)
{
	g_auto(GStrv) addresses = g_strsplit(item->layout->addresses, " ", -1);
	g_autofree char *author = address_fold(item->sender);
	const char *self = request->session.account.address;
	GString *list = g_string_new(strcmp(author, self) == 0 ? "" : author);

	for (char **address = addresses; *address != NULL; address++)
		if (**address != '\0' && strcmp(*address, self) != 0 && strstr(list->str, *address) == NULL)
			g_string_append_printf(list, "%s%s", list->len > 0 ? ", " : "", *address);
	return g_string_free(list, FALSE);
}

/* False: it was answered already. */
static bool
open_item(struct request *request, const char *id, struct mailbox_item *item_r, enum MHD_Result *answered_r)
{
	struct fault fault;
	bool found;

	if (!mailbox_open(request->portal->database, &request->portal->spool, &request->session, id, item_r, &found,
			  &fault))
		*answered_r = answer_fault(request, &fault);
	else if (!found)
		*answered_r = answer_not_found(request);
	else
		return true;
	return false;
}

static enum MHD_Result
begin_sheet(struct request *request, const char *manner, const char *prefix)
{
	g_auto(mailbox_item_auto) item = {0};
	g_autofree char *subject = NULL, *quote = NULL, *text = NULL, *when = NULL, *intro = NULL, *to = NULL;
	struct sheet sheet = {.manner = manner, .parent = &item};
	enum MHD_Result answered;
	struct fault fault;

	if (!open_item(request, request->tail, &item, &answered))
		return answered;
	quote = quoted(&item, &fault);
	if (quote == NULL)
		return answer_fault(request, &fault);
	when = request_date(request, item.layout->date != 0 ? item.layout->date : item.at);
	intro = g_strdup_printf(request_say(request, "On %s, %s wrote:"), when,
				*item.layout->from != '\0' ? item.layout->from : item.sender);
	text = g_strdup_printf("\n\n%s\n%s", intro, quote);
	subject = prefixed(prefix, item.layout->subject);
	if (strcmp(manner, "forward") == 0)
		to = g_strdup("");
	else
		to = strcmp(manner, "replyall") == 0 ? everybody(request, &item) : g_strdup(item.sender);
	sheet.to = to;
	sheet.subject = subject;
	sheet.text = text;
	return show_sheet(request, MHD_HTTP_OK, &sheet);
}

enum MHD_Result
serve_reply(struct request *request)
{
	return begin_sheet(request, "reply", "Re:");
}

enum MHD_Result
serve_reply_all(struct request *request)
{
	return begin_sheet(request, "replyall", "Re:");
}

enum MHD_Result
serve_forward(struct request *request)
{
	return begin_sheet(request, "forward", "Fwd:");
}

enum MHD_Result
serve_draft(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_auto(mailbox_item_auto) parent = {0};
	g_autofree char *text = NULL;
	struct sheet sheet = {.draft = &item};
	enum MHD_Result answered;
	struct fault fault;
	bool cut, found;

	if (!open_item(request, request->tail, &item, &answered))
		return answered;
	if (!item.has_folder || item.folder != FOLDER_DRAFTS)
		return answer_not_found(request);
	text = item.layout->text == NULL
		       ? g_strdup("")
		       : content_text(&item.content, item.layout->text, QUOTE_MAX * 16, &cut, &fault);
	if (text == NULL)
		return answer_fault(request, &fault);
	if (item.answers != NULL &&
	    mailbox_open(request->portal->database, &request->portal->spool, &request->session, item.answers, &parent,
			 &found, &fault) &&
	    found) {
		sheet.parent = &parent;
		sheet.manner = item.manner;
	}
	sheet.to = strcmp(item.layout->to, "undisclosed-recipients:;") == 0 ? "" : item.layout->to;
	sheet.subject = item.layout->subject;
	sheet.text = text;
	return show_sheet(request, MHD_HTTP_OK, &sheet);
}

/* --- who may be written to --- */

struct addressee {
	char *address; /* as typed */
	char *folded;
	bool is_company;
	bool is_member;
	struct identifier copy;
};

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

static GPtrArray *
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
	return strcmp(sender, folded) == 0 || g_strv_contains((const char *const *)addresses, folded);
}

/* What the rules say: those with `portal` are for what is written here. */
static bool
ask_rules(struct request *request, const struct sheet *sheet, const char *folded, struct policy_decision *decision_r,
	  struct fault *fault)
{
	const struct policy_facts facts = {.sender = request->session.account.address,
					   .subject = sheet->subject,
					   .is_portal = true};
	g_autoptr(policy_question_auto) question =
		policy_question_new(request->portal->policy, request->portal->database, &facts);

	return policy_decide(question, folded, decision_r, fault);
}

/* *why_r: a sentence for the member, the caller's, or NULL: they may. */
static bool
check_addressee(struct request *request, const struct sheet *sheet, struct addressee *addressee, char **why_r,
		struct fault *fault)
{
	bool in_conversation = takes_part(sheet->parent, addressee->folded) &&
			       (sheet->manner == NULL || strcmp(sheet->manner, "forward") != 0);
	struct policy_decision decision = {0};
	struct account account;
	bool good;

	*why_r = NULL;
	addressee->is_company = is_company(request, addressee->folded);
	if (!addressee->is_company &&
	    !account_find(request->connection, addressee->folded, &account, &addressee->is_member, fault))
		return false;
	if (!addressee->is_company)
		account_clear(&account);
	good = ask_rules(request, sheet, addressee->folded, &decision, fault);
	if (good && decision.is_for_portal && decision.reject != NULL)
		*why_r = g_strdup_printf("%s: %s", addressee->address, decision.reject);
	else if (good && !(addressee->is_company || addressee->is_member))
		*why_r = g_strdup_printf(request_say(request, "%s cannot be reached from here."), addressee->address);
	else if (good && !in_conversation && !decision.is_for_portal)
		*why_r = g_strdup_printf(request_say(request, "%s cannot be written to from here, unless they wrote to "
							      "you first."), addressee->address);
	policy_decision_clear(&decision);
	return good;
}

static bool
check_addressees(struct request *request, const struct sheet *sheet, GPtrArray *addressees, char **why_r,
		 struct fault *fault)
{
	*why_r = NULL;
	if (addressees->len == 0)
		*why_r = g_strdup(request_say(request, "Please say whom the message is for."));
	else if (addressees->len > RECIPIENTS_MAX)
		*why_r = g_strdup(request_say(request, "These are too many recipients."));
	for (guint i = 0; i < addressees->len && *why_r == NULL; i++) {
		struct addressee *addressee = g_ptr_array_index(addressees, i);

		if (!address_is_valid(addressee->address))
			*why_r = g_strdup_printf(request_say(request, "%s is not a mail address."), addressee->address);
		else if (!check_addressee(request, sheet, addressee, why_r, fault))
			return false;
	}
	return true;
}

/* --- sending --- */

/* All that goes into one commit. */
struct sending {
	struct request *request;
	const struct sheet *sheet;
	struct composition composition;
	GPtrArray *addressees; /* none: a draft */
	struct identifier message;
	uint64_t size;
};

static bool
record(const struct sending *sending, struct fault *fault)
{
	struct connection *connection = sending->request->connection;
	g_autofree char *id = composition_message_id(&sending->composition);
	const struct audit_message message = {.id = sending->message,
					      .message_id = id,
					      .sender = sending->request->session.account.address,
					      .authenticated = sending->request->session.account.address,
					      .client = "portal",
					      .size = sending->size,
					      .policy = policy_digest(sending->request->portal->policy)};

	if (!audit_add_message(connection, &message, fault))
		return false;
	for (guint i = 0; i < sending->addressees->len; i++) {
		const struct addressee *addressee = g_ptr_array_index(sending->addressees, i);
		const struct audit_copy copy = {.id = addressee->copy,
						.recipient = addressee->address,
						.address = addressee->folded,
						.rule = "written in the portal",
						.method = addressee->is_company ? "plain" : "pickup",
						.reason = addressee->is_company ? "to the company itself"
										: "the recipient has an account",
						.trace = "{}",
						.keys = "{}",
						.state = addressee->is_company ? "queued" : "parked"};

		if (!audit_add_copy(connection, &message, &copy, fault))
			return false;
	}
	return true;
}

/* To the company: an ordinary mail in the thread, from an address of the company. */
static bool
queue(const struct sending *sending, struct fault *fault)
{
	const struct portal *portal = sending->request->portal;
	const struct account *account = &sending->request->session.account;
	g_autofree char *from = letter_from(portal->settings);
	const struct composition_author author = {.name = account->shown, .address = from, .reply_to = account->shown};
	struct outbox_mail mail = {.kind = "reply",
				   .message = sending->message.text,
				   .sender = "",
				   .smtputf8 = !g_str_is_ascii(account->shown),
				   .lifetime = portal->settings->queue_seconds};
	struct outbox_writer writer;
	bool done;

	identifier_make(&mail.id);
	done = outbox_begin(&writer, sending->request->connection, portal->courier, &mail, fault);
	for (guint i = 0; done && i < sending->addressees->len; i++) {
		const struct addressee *addressee = g_ptr_array_index(sending->addressees, i);
		const struct outbox_recipient recipient = {.address = addressee->address, .copy = addressee->copy.text};

		done = !addressee->is_company || outbox_add_recipient(&writer, &recipient, fault);
	}
	done = done && composition_write(&sending->composition, &author, &writer.sealing.sink, fault) &&
	       outbox_end(&writer, fault);
	outbox_clear(&writer);
	return done;
}

/* For the author's own folder, and for members it is sent to: sealed once. */
static bool
park(const struct sending *sending, const struct mailbox_own *own, struct fault *fault)
{
	const struct portal *portal = sending->request->portal;
	const struct session *session = &sending->request->session;
	const struct composition *composition = &sending->composition;
	const struct composition_author author = {.address = session->account.shown};
	const struct parcel_settings settings = {
		.message = own->folder == FOLDER_DRAFTS ? NULL : sending->message.text,
		.sender = session->account.shown,
		.size = sending->size,
		.smtputf8 = !g_str_is_ascii(session->account.shown),
		.subject = composition->subject,
		.from = session->account.shown,
		.to = composition->to,
		.language = session->account.language};
	struct parcel_writer parcel;
	bool done = parcel_begin(&parcel, sending->request->connection, &settings, fault) &&
		    mailbox_put(&parcel, session, own, fault);

	for (guint i = 0; done && i < sending->addressees->len; i++) {
		const struct addressee *addressee = g_ptr_array_index(sending->addressees, i);
		const struct parcel_recipient recipient = {.copy = addressee->copy.text,
							   .lifetime = portal->settings->pickup_seconds};

		done = addressee->is_company || parcel_add_key(&parcel, &recipient, portal->courier, fault);
	}
	done = done && composition_write(composition, &author, &parcel.sealing.sink, fault) &&
	       parcel_end(&parcel, fault);
	parcel_clear(&parcel);
	return done;
}

static bool
any_company(const GPtrArray *addressees)
{
	for (guint i = 0; i < addressees->len; i++)
		if (((const struct addressee *)g_ptr_array_index(addressees, i))->is_company)
			return true;
	return false;
}

static bool
measure(struct sending *sending, struct fault *fault)
{
	const struct composition_author author = {.address = sending->request->session.account.shown};
	struct counting_sink counter;

	counting_sink_init(&counter);
	if (!composition_write(&sending->composition, &author, &counter.sink, fault))
		return false;
	sending->size = counter.bytes;
	return true;
}

static bool
commit(struct sending *sending, const struct mailbox_own *own, struct fault *fault)
{
	struct connection *connection = sending->request->connection;
	const struct mailbox_item *draft = sending->sheet->draft;
	bool is_sent = own->folder == FOLDER_SENT;

	return measure(sending, fault) && batch_begin(connection, fault) && (!is_sent || record(sending, fault)) &&
	       (!is_sent || !any_company(sending->addressees) || queue(sending, fault)) &&
	       park(sending, own, fault) && (draft == NULL || mailbox_drop(connection, draft, fault)) &&
	       batch_commit(connection, fault);
}

/* Those of the files that were there already which the member keeps, and the new ones. */
static GArray *
enclosures(const struct request *request, const struct mailbox_item *source)
{
	GArray *list = g_array_new(FALSE, TRUE, sizeof(struct enclosure));

	for (guint i = 0; source != NULL && i < source->layout->attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(source->layout->attachments, i);
		const struct enclosure kept = {
			.name = part->name, .type = part->type, .source = &source->content, .part = part};
		g_autofree char *name = g_strdup_printf("keep-%u", i);

		if (*request_field(request, name) != '\0')
			g_array_append_val(list, kept);
	}
	for (guint i = 0; i < request->uploads->len; i++) {
		const struct upload *upload = g_ptr_array_index(request->uploads, i);
		const struct enclosure added = {.name = upload->name, .type = upload->type, .spool = upload->content};

		g_array_append_val(list, added);
	}
	return list;
}

/* RFC 5322 §3.6.4: what the other refers to, and itself. The first and the last of many. */
static char *
references_to(const struct layout *layout)
{
	const char *earlier = layout->references;

	if (strlen(earlier) > REFERENCES_MAX)
		earlier = strchr(earlier + strlen(earlier) - REFERENCES_MAX, '<');
	return g_strstrip(g_strdup_printf("%s %s", earlier == NULL ? "" : earlier, layout->message_id));
}

static enum MHD_Result
send_or_keep(struct request *request, const struct sheet *sheet, GPtrArray *addressees, bool keep)
{
	bool answers = sheet->parent != NULL && (sheet->manner == NULL || strcmp(sheet->manner, "forward") != 0);
	g_autofree char *references = answers ? references_to(sheet->parent->layout) : g_strdup("");
	g_autoptr(GArray) files = enclosures(request, kept_from(sheet));
	g_autoptr(GPtrArray) nobody = g_ptr_array_new();
	struct sending sending = {.request = request,
				  .sheet = sheet,
				  .addressees = keep ? nobody : addressees,
				  .composition = {.domain = request->portal->settings->domains[0],
						  .to = sheet->to,
						  .cc = "",
						  .subject = sheet->subject,
						  .text = sheet->text,
						  .in_reply_to = answers ? sheet->parent->layout->message_id : "",
						  .references = references,
						  .enclosures = files}};
	const struct mailbox_own own = {.folder = keep ? FOLDER_DRAFTS : FOLDER_SENT,
					.answers = keep && sheet->parent != NULL ? sheet->parent->id.text : NULL,
					.manner = keep && sheet->parent != NULL ? sheet->manner : NULL,
					.lifetime = keep ? DRAFT_SECONDS : request->portal->settings->pickup_seconds};
	struct fault fault;

	identifier_make(&sending.message);
	identifier_make(&sending.composition.id);
	if (!commit(&sending, &own, &fault))
		return answer_fault(request, &fault);
	return answer_see(request, keep ? "/drafts" : "/sent");
}

static const char *
known_manner(const char *manner)
{
	static const char *const manners[] = {"reply", "replyall", "forward", NULL};

	for (const char *const *one = manners; *one != NULL; one++)
		if (strcmp(*one, manner) == 0)
			return *one;
	return NULL;
}

static bool
look_at_files(const struct request *request, char **why_r)
{
	uint64_t bytes = 0;

	for (guint i = 0; i < request->uploads->len; i++)
		bytes += spool_size(((const struct upload *)g_ptr_array_index(request->uploads, i))->content);
	if (bytes <= request->portal->settings->upload_max)
		return true;
	*why_r = g_strdup(request_say(request, "The files are too large."));
	return false;
}

static enum MHD_Result
send_sheet(struct request *request, struct sheet *sheet)
{
	bool keep = strcmp(request_field(request, "action"), "keep") == 0;
	g_autoptr(GPtrArray) addressees = addressees_in(sheet->to);
	g_autofree char *why = NULL;
	struct fault fault;

	if (look_at_files(request, &why) && !keep &&
	    !check_addressees(request, sheet, addressees, &why, &fault))
		return answer_fault(request, &fault);
	if (why != NULL) {
		sheet->wrong = why;
		return show_sheet(request, MHD_HTTP_BAD_REQUEST, sheet);
	}
	return send_or_keep(request, sheet, addressees, keep);
}

/* The message that a field names, if there is one. False: it was answered already. */
static bool
open_named(struct request *request, const char *field, struct mailbox_item *item_r, bool *named_r,
	   enum MHD_Result *answered_r)
{
	const char *id = request_field(request, field);

	*named_r = *id != '\0';
	return !*named_r || open_item(request, id, item_r, answered_r);
}

enum MHD_Result
serve_send(struct request *request)
{
	g_auto(mailbox_item_auto) parent = {0};
	g_auto(mailbox_item_auto) draft = {0};
	g_autofree char *to = g_utf8_make_valid(request_field(request, "to"), -1);
	g_autofree char *subject = g_utf8_make_valid(request_field(request, "subject"), -1);
	g_autofree char *text = g_utf8_make_valid(request_field(request, "text"), -1);
	struct sheet sheet = {.to = g_strdelimit(to, "\r\n", ' '), .subject = g_strdelimit(subject, "\r\n", ' '),
			      .text = text, .manner = known_manner(request_field(request, "manner"))};
	bool has_parent, has_draft;
	enum MHD_Result answered;

	if (!open_named(request, "parent", &parent, &has_parent, &answered) ||
	    !open_named(request, "draft", &draft, &has_draft, &answered))
		return answered;
	if (has_draft && (!draft.has_folder || draft.folder != FOLDER_DRAFTS))
		return answer_not_found(request);
	sheet.parent = has_parent ? &parent : NULL;
	sheet.draft = has_draft ? &draft : NULL;
	return send_sheet(request, &sheet);
}
