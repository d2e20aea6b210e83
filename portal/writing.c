#include "portal/writing.h"

#include <string.h>

#include "core/address.h"
#include "portal/answer.h"
#include "portal/item.h"
#include "portal/sending.h"
#include "portal/writing_form.h"

enum {
	QUOTE_MAX = 64 * 1024, /* bytes of quoted text in an answer */
	REFERENCES_MAX = 4000,
	DRAFT_SECONDS = 90 * 86400,
};

/* For what is quoted or enclosed, the text counts as shown. */
static const struct mailbox_use as_text = {.part = MAILBOX_TEXT};

/* Only received messages can be answered: someone who could answer their own messages could name
 * anyone as author or reader, and write to them. Drafts cannot be forwarded either. */
static bool
may_be_parent(const struct mailbox_item *item, const char *reply_kind)
{
	if (strcmp(reply_kind, "forward") == 0)
		return mailbox_is_received(item) ||
		       (item->has_folder && item->folder == FOLDER_SENT);
	return mailbox_is_received(item);
}

/* --- new forms --- */

enum MHD_Result
writing_new(struct request *request)
{
	const struct writing_form form = {
		.to = request_query(request, "to"), .subject = "", .text = ""};

	return writing_form_show(request, MHD_HTTP_OK, &form);
}

static char *
prefixed(const char *prefix, const char *subject)
{
	return g_ascii_strncasecmp(subject, prefix, strlen(prefix)) == 0
		       ? g_strdup(subject)
		       : g_strconcat(prefix, " ", subject, NULL);
}

/* With "> " before each line. */
static char *
quoted(const struct request *request, const struct mailbox_item *item, struct fault *fault)
{
	bool cut;
	g_autofree char *text = item_text(request, item, QUOTE_MAX, &cut, fault);
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);
	GString *quote;

	if (text == NULL)
		return NULL;
	quote = g_string_new(NULL);
	for (char **line = lines; *line != NULL; line++)
		g_string_append_printf(quote, "> %s\n", g_strchomp(*line));
	return g_string_free(quote, FALSE);
}

/* Each address once, and never the member's own. */
static void
add_addresses(const struct request *request, GPtrArray *list, const char *addresses)
{
	g_auto(GStrv) words = g_strsplit(addresses, " ", -1);

	for (char **word = words; *word != NULL; word++)
		if (**word != '\0' && strcmp(*word, request->session.account.address) != 0 &&
		    !g_ptr_array_find_with_equal_func(list, *word, g_str_equal, NULL))
			g_ptr_array_add(list, g_strdup(*word));
}

/* RFC 5322 §3.6.2: the addresses in Reply-To, or otherwise in From. */
static void
add_author(const struct request *request, GPtrArray *list, const struct mailbox_item *item)
{
	const struct layout *layout = item->layout;
	g_autofree char *sender = address_fold(item->sender);

	add_addresses(request, list, layout->reply_to);
	if (list->len == 0)
		add_addresses(request, list, layout->from_address);
	if (list->len == 0)
		add_addresses(request, list, sender);
}

/* The recipients of an answer. */
static char *
answer_to(const struct request *request, const struct mailbox_item *item, const char *reply_kind)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	if (strcmp(reply_kind, "forward") == 0)
		return g_strdup("");
	add_author(request, list, item);
	if (strcmp(reply_kind, "replyall") == 0)
		add_addresses(request, list, item->layout->addresses);
	g_ptr_array_add(list, NULL);
	return g_strjoinv(", ", (char **)list->pdata);
}

static enum MHD_Result
begin_form(struct request *request, const char *reply_kind, const char *prefix)
{
	g_auto(mailbox_item_auto) item = {0};
	g_autofree char *subject = NULL, *quote = NULL, *text = NULL, *when = NULL, *intro = NULL,
			*to = NULL;
	struct writing_form form = {.reply_kind = reply_kind, .parent = &item};
	enum MHD_Result answered;
	struct fault fault;

	if (!item_open(request, request->web.tail, &as_text, &item, &answered))
		return answered;
	if (!may_be_parent(&item, reply_kind))
		return answer_not_found(request);
	quote = quoted(request, &item, &fault);
	if (quote == NULL)
		return answer_fault(request, &fault);
	when = request_date(request, item.layout->date != 0 ? item.layout->date : item.at);
	intro = g_strdup_printf(request_say(request, "On %s, %s wrote:"), when,
				*item.layout->from != '\0' ? item.layout->from : item.sender);
	text = g_strdup_printf("\n\n%s\n%s", intro, quote);
	subject = prefixed(prefix, item.layout->subject);
	to = answer_to(request, &item, reply_kind);
	form.to = to;
	form.subject = subject;
	form.text = text;
	return writing_form_show(request, MHD_HTTP_OK, &form);
}

enum MHD_Result
writing_reply(struct request *request)
{
	return begin_form(request, "reply", "Re:");
}

enum MHD_Result
writing_reply_all(struct request *request)
{
	return begin_form(request, "replyall", "Re:");
}

enum MHD_Result
writing_forward(struct request *request)
{
	return begin_form(request, "forward", "Fwd:");
}

enum MHD_Result
writing_draft(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_auto(mailbox_item_auto) parent = {0};
	g_autofree char *text = NULL;
	const struct mailbox mailbox = item_mailbox(request);
	struct writing_form form = {.draft = &item};
	enum MHD_Result answered;
	struct fault fault;
	bool cut, found = false;

	if (!item_open(request, request->web.tail, &as_text, &item, &answered))
		return answered;
	if (!item.has_folder || item.folder != FOLDER_DRAFTS)
		return answer_not_found(request);
	text = item.layout->text == NULL ? g_strdup("")
					 : content_text(&item.content, item.layout->text,
							QUOTE_MAX * 16, &cut, &fault);
	if (text == NULL)
		return answer_fault(request, &fault);
	if (item.answers != NULL &&
	    !mailbox_open(&mailbox, item.answers, &as_text, &parent, &found, &fault))
		return answer_fault(request, &fault);
	if (found && may_be_parent(&parent, item.reply_kind)) {
		form.parent = &parent;
		form.reply_kind = item.reply_kind;
	}
	form.to = strcmp(item.layout->to, "undisclosed-recipients:;") == 0 ? "" : item.layout->to;
	form.subject = item.layout->subject;
	form.text = text;
	return writing_form_show(request, MHD_HTTP_OK, &form);
}

/* The existing files that the member keeps, and the new ones. */
static GArray *
enclosures(const struct request *request, const struct mailbox_item *source)
{
	GArray *list = g_array_new(FALSE, TRUE, sizeof(struct enclosure));

	for (guint i = 0; source != NULL && i < source->layout->attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(source->layout->attachments, i);
		const struct enclosure kept = {.name = part->name,
					       .type = part->type,
					       .source = &source->content,
					       .part = part};
		g_autofree char *name = g_strdup_printf("keep-%u", i);

		if (*request_field(request, name) != '\0')
			g_array_append_val(list, kept);
	}
	for (guint i = 0; i < request->web.form.uploads->len; i++) {
		const struct upload *upload = g_ptr_array_index(request->web.form.uploads, i);
		const struct enclosure added = {
			.name = upload->name, .type = upload->type, .upload = &upload->content};

		g_array_append_val(list, added);
	}
	return list;
}

/* RFC 5322 §3.6.4: the other message's references, and the message itself. If there are many, only
 * the first and the last ones. */
static char *
references_to(const struct layout *layout)
{
	const char *earlier = layout->references;

	if (strlen(earlier) > REFERENCES_MAX)
		earlier = strchr(earlier + strlen(earlier) - REFERENCES_MAX, '<');
	return g_strstrip(
		g_strdup_printf("%s %s", earlier == NULL ? "" : earlier, layout->message_id));
}

static void
digest(crypto_generichash_state *state, const char *text)
{
	if (text != NULL)
		crypto_generichash_update(state, (const unsigned char *)text, strlen(text));
	crypto_generichash_update(state, (const unsigned char *)"", 1);
}

/* The same each time a browser sends the same form with the same content. If the content differs,
 * it is another message. */
static void
identify(const struct request *request, const struct writing_form *form,
	 unsigned char identity_r[AUDIT_IDENTITY_BYTES])
{
	crypto_generichash_state state;
	struct identifier id;

	if (!identifier_parse(&id, request_field(request, "form")))
		identifier_make(&id);
	crypto_generichash_init(&state, NULL, 0, AUDIT_IDENTITY_BYTES);
	digest(&state, request->session.account.id.text);
	digest(&state, id.text);
	digest(&state, form->to);
	digest(&state, form->subject);
	digest(&state, form->text);
	digest(&state, form->reply_kind);
	digest(&state, form->parent == NULL ? NULL : form->parent->id.text);
	for (guint i = 0; i < request->web.form.uploads->len; i++) {
		const struct upload *upload = g_ptr_array_index(request->web.form.uploads, i);
		g_autofree char *size =
			g_strdup_printf("%" G_GUINT64_FORMAT, upload->content.length);

		digest(&state, upload->name);
		digest(&state, size);
	}
	crypto_generichash_final(&state, identity_r, AUDIT_IDENTITY_BYTES);
}

/* Shows the form again, with what was written in it. */
static enum MHD_Result
answer_full(struct request *request, struct writing_form *form)
{
	const struct settings *settings = request->portal->settings;
	g_autofree char *room = request_size(request, settings->portal_quota);
	g_autofree char *drafts = g_strdup_printf("%" G_GUINT64_FORMAT, settings->portal_drafts);
	g_autofree char *wrong = g_strdup_printf(
		request_say(request,
			    "There is no room left. Your drafts and sent messages may take up "
			    "%s together, and you may have %s drafts. Please delete some that "
			    "you no longer need in another window, then try again."),
		room, drafts);

	form->wrong = wrong;
	return writing_form_show(request, MHD_HTTP_BAD_REQUEST, form);
}

static enum MHD_Result
send_or_keep(struct request *request, struct writing_form *form, const GPtrArray *addressees,
	     bool keep)
{
	const struct settings *settings = request->portal->settings;
	bool answers = form->parent != NULL && !writing_form_forwards(form);
	g_autofree char *references = answers ? references_to(form->parent->layout) : g_strdup("");
	g_autoptr(GArray) files = enclosures(request, writing_form_source(form));
	g_autofree char *shown = keep ? g_strdup(form->to) : addressees_shown(addressees);
	struct sending sending = {
		.request = request,
		.draft = form->draft,
		.addressees = keep ? NULL : addressees,
		.composition = {.domain = settings->domains[0],
				.to = shown,
				.subject = form->subject,
				.text = form->text,
				.in_reply_to = answers ? form->parent->layout->message_id : "",
				.references = references,
				.enclosures = files},
		.own = {.folder = FOLDER_SENT, .lifetime = settings->pickup_expire}};
	struct fault fault;
	bool again;

	if (keep)
		sending.own = (struct mailbox_own){
			.folder = FOLDER_DRAFTS,
			.answers = form->parent == NULL ? NULL : form->parent->id.text,
			.reply_kind = form->parent == NULL ? NULL : form->reply_kind,
			.lifetime = DRAFT_SECONDS};
	identifier_make(&sending.message);
	identifier_make(&sending.composition.id);
	identify(request, form, sending.identity);
	if (!sending_commit(&sending, &again, &fault))
		return sending.is_full ? answer_full(request, form) : answer_fault(request, &fault);
	return answer_see(request, keep ? "/drafts" : "/sent");
}

static const char *
known_reply_kind(const char *reply_kind)
{
	static const char *const reply_kinds[] = {"reply", "replyall", "forward", NULL};

	for (const char *const *one = reply_kinds; *one != NULL; one++)
		if (strcmp(*one, reply_kind) == 0)
			return *one;
	return NULL;
}

static bool
look_at_files(const struct request *request, char **why_r)
{
	uint64_t bytes = 0;

	for (guint i = 0; i < request->web.form.uploads->len; i++)
		bytes += ((const struct upload *)g_ptr_array_index(request->web.form.uploads, i))
				 ->content.length;
	if (bytes <= request->portal->settings->portal_upload)
		return true;
	*why_r = g_strdup(request_say(request, "The files are too large."));
	return false;
}

static enum MHD_Result
send_form(struct request *request, struct writing_form *form)
{
	bool keep = strcmp(request_field(request, "action"), "keep") == 0;
	g_autoptr(GPtrArray) addressees = addressees_in(form->to);
	const struct addressee_question question = {
		.answered = writing_form_forwards(form) ? NULL : form->parent,
		.subject = form->subject};
	g_autofree char *why = NULL;
	struct fault fault;

	if (look_at_files(request, &why) && !keep &&
	    !addressees_check(request, &question, addressees, &why, &fault))
		return answer_fault(request, &fault);
	if (why != NULL) {
		form->wrong = why;
		return writing_form_show(request, MHD_HTTP_BAD_REQUEST, form);
	}
	return send_or_keep(request, form, addressees, keep);
}

/* --- what was sent --- */

/* What a browser sent, before it is checked. */
struct sent_form {
	struct writing_form form;
	struct mailbox_item parent, draft;
	struct identifier parent_id, draft_id;
	char *to, *subject, *text;
};

static void
sent_form_clear(struct sent_form *sent)
{
	mailbox_item_clear(&sent->parent);
	mailbox_item_clear(&sent->draft);
	g_free(sent->to);
	g_free(sent->subject);
	g_free(sent->text);
}
typedef struct sent_form sent_form_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sent_form_auto, sent_form_clear)

static void
read_sent(const struct request *request, struct sent_form *sent)
{
	sent->to = g_utf8_make_valid(request_field(request, "to"), -1);
	sent->subject = g_utf8_make_valid(request_field(request, "subject"), -1);
	sent->text = g_utf8_make_valid(request_field(request, "text"), -1);
	sent->form = (struct writing_form){
		.to = g_strdelimit(sent->to, "\r\n", ' '),
		.subject = g_strdelimit(sent->subject, "\r\n", ' '),
		.text = sent->text,
		.reply_kind = known_reply_kind(request_field(request, "reply_kind"))};
	if (identifier_parse(&sent->parent_id, request_field(request, "parent")))
		sent->form.parent_id = sent->parent_id.text;
	if (identifier_parse(&sent->draft_id, request_field(request, "draft")))
		sent->form.draft_id = sent->draft_id.text;
}

/* Only for the page: nothing is opened. What cannot be determined stays as it was sent. */
static const struct mailbox_item *
look_at(const struct request *request, const char *id, struct mailbox_item *item_r)
{
	const struct mailbox mailbox = item_mailbox(request);
	struct fault fault;
	bool found;

	return id != NULL && request->connection != NULL &&
			       mailbox_find(&mailbox, id, item_r, &found, &fault) && found &&
			       item_r->layout != NULL
		       ? item_r
		       : NULL;
}

enum MHD_Result
writing_give_back(struct request *request, unsigned status, const char *why)
{
	g_auto(sent_form_auto) sent = {0};

	read_sent(request, &sent);
	sent.form.parent = look_at(request, sent.form.parent_id, &sent.parent);
	sent.form.draft = look_at(request, sent.form.draft_id, &sent.draft);
	sent.form.wrong = why;
	return writing_form_show(request, status, &sent.form);
}

/* The message existed when the form was made, and no longer does: what was written can still be
 * sent, or stored. */
static enum MHD_Result
answer_parent_gone(struct request *request, struct writing_form *form)
{
	form->parent = NULL;
	form->parent_id = form->reply_kind = NULL;
	form->wrong = request_say(
		request,
		"The message that you are replying to or forwarding has been deleted or recalled, or "
		"it has expired. Nothing was sent, and your text is still here. You can send it as a "
		"new message, without the files of the other one.");
	return writing_form_show(request, MHD_HTTP_NOT_FOUND, form);
}

static enum MHD_Result
answer_draft_gone(struct request *request, struct writing_form *form)
{
	form->draft = NULL;
	form->draft_id = NULL;
	form->wrong = request_say(
		request,
		"This draft has expired, or it was sent or deleted in another window. Nothing was "
		"sent now, and your text is still here. The files in the draft are no longer "
		"available.");
	return writing_form_show(request, MHD_HTTP_NOT_FOUND, form);
}

enum MHD_Result
writing_send(struct request *request)
{
	g_auto(sent_form_auto) sent = {0};
	struct writing_form *form = &sent.form;
	const struct mailbox mailbox = item_mailbox(request);
	bool has_parent, has_draft;
	struct fault fault;

	read_sent(request, &sent);
	if (!mailbox_open(&mailbox, request_field(request, "parent"), &as_text, &sent.parent,
			  &has_parent, &fault) ||
	    !mailbox_open(&mailbox, request_field(request, "draft"), &as_text, &sent.draft,
			  &has_draft, &fault))
		return answer_fault(request, &fault);
	if (has_parent && form->reply_kind != NULL && may_be_parent(&sent.parent, form->reply_kind))
		form->parent = &sent.parent;
	if (has_draft && sent.draft.has_folder && sent.draft.folder == FOLDER_DRAFTS)
		form->draft = &sent.draft;
	if (form->parent == NULL && *request_field(request, "parent") != '\0')
		return answer_parent_gone(request, form);
	if (form->draft == NULL && *request_field(request, "draft") != '\0')
		return answer_draft_gone(request, form);
	return send_form(request, form);
}
