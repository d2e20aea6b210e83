#include "portal/writing.h"

#include <string.h>

#include "core/address.h"
#include "core/log.h"
#include "portal/addressee.h"
#include "portal/answer.h"
#include "portal/autosave.h"
#include "portal/item.h"
#include "portal/large_file.h"
#include "portal/sending.h"
#include "portal/signin.h"
#include "portal/unsaved.h"
#include "portal/written.h"

/* Bytes of text: quoted in an answer; passed on, where nobody else has it. */
enum { QUOTE_MAX = 64 * 1024, FORWARD_MAX = 200 * 1024 };

/* For what is quoted or enclosed, the text counts as shown. */
static const struct mailbox_use as_text = {.part = MAILBOX_TEXT};

/* --- new forms --- */

enum MHD_Result
writing_new(struct request *request)
{
	const struct writing_form form = {
		.to = request_query(request, "to"), .subject = "", .text = ""};

	return writing_form_show(request, MHD_HTTP_OK, &form);
}

enum MHD_Result
writing_to(struct request *request)
{
	const struct writing_form form = {
		.to = request_field(request, "to"), .subject = "", .text = ""};

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
quoted(const struct request *request, const struct mailbox_item *item, size_t max,
       struct fault *fault)
{
	bool cut;
	g_autofree char *text = item_text(request, item, item->layout, max, &cut, fault);
	g_auto(GStrv) lines = text == NULL ? NULL : g_strsplit(text, "\n", -1);
	GString *quote;

	if (text == NULL)
		return NULL;
	quote = g_string_new(NULL);
	for (char **line = lines; *line != NULL; line++)
		g_string_append_printf(quote, "> %s\n", g_strchomp(*line));
	if (cut)
		g_string_append_printf(quote, "\n%s\n", item_cut_note(request));
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

/* What a message has beside it stays there; NULL: nothing, or that is not known now. */
static const char *
note_beside(const struct request *request, const struct mailbox_item *item)
{
	g_autoptr(GPtrArray) beside = NULL;
	struct fault fault;

	beside = large_file_of_parcel(request->connection, item->content.parcel.text,
				      &item->content.key, &fault);
	if (beside == NULL)
		log_error("%s: %s", request->route->path, fault.text);
	return beside == NULL || beside->len == 0
		       ? NULL
		       : request_say(request,
				     "The files beside this message are not forwarded with it. "
				     "Please download them and add them here.");
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
	if (!written_may_answer(&item, reply_kind))
		return answer_not_found(request);
	quote = quoted(request, &item, strcmp(reply_kind, "forward") == 0 ? FORWARD_MAX : QUOTE_MAX,
		       &fault);
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
	if (strcmp(reply_kind, "forward") == 0)
		form.saved = note_beside(request, &item);
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

/* Caller frees. */
static char *
saved_when(const struct request *request, const struct mailbox_item *draft)
{
	g_autofree char *at = request_date(request, draft->at);
	g_autofree char *until = request_date(request, draft->expires_at);

	return g_strdup_printf(request_say(request, "Saved on %s. This draft is kept until %s."),
			       at, until);
}

/* The present version of the draft that the path names by the identifier that it keeps. Older links
 * name a version, and so does whatever is no draft. Caller frees; NULL with `fault` filled. */
static char *
named_version(struct request *request, struct fault *fault)
{
	struct identifier draft, version;
	bool found = false;

	if (identifier_parse(&draft, request->web.tail) &&
	    !mailbox_draft_version(request->connection, &request->session, draft.text, &version,
				   &found, fault))
		return NULL;
	return g_strdup(found ? version.text : request->web.tail);
}

enum MHD_Result
writing_draft(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_auto(mailbox_item_auto) parent = {0};
	g_autofree char *text = NULL, *saved = NULL, *version = NULL;
	const struct mailbox mailbox = item_mailbox(request);
	const struct layout_part *body;
	struct writing_form form = {.draft = &item};
	enum MHD_Result answered;
	struct fault fault;
	bool cut, found = false;

	version = named_version(request, &fault);
	if (version == NULL)
		return answer_fault(request, &fault);
	if (!item_open(request, version, &as_text, &item, &answered))
		return answered;
	if (!item.has_folder || item.folder != FOLDER_DRAFTS)
		return answer_not_found(request);
	body = layout_shown(item.layout, LAYOUT_IN_TEXT, 0);
	text = body == NULL ? g_strdup("")
			    : content_text(&item.content, body, QUOTE_MAX * 16, &cut, &fault);
	if (text == NULL)
		return answer_fault(request, &fault);
	if (item.answers != NULL &&
	    !mailbox_open(&mailbox, item.answers, &as_text, &parent, &found, &fault))
		return answer_fault(request, &fault);
	if (found && written_may_answer(&parent, item.reply_kind)) {
		form.parent = &parent;
		form.reply_kind = item.reply_kind;
	}
	form.id = item.draft;
	form.saved = saved = saved_when(request, &item);
	form.to = strcmp(item.layout->to, "undisclosed-recipients:;") == 0 ? "" : item.layout->to;
	form.subject = item.layout->subject;
	form.text = text;
	return writing_form_show(request, MHD_HTTP_OK, &form);
}

/* --- what was written --- */

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

/* Its draft was saved, sent or deleted in another window; what was written here was saved beside
 * that. */
static enum MHD_Result
answer_changed(struct request *request, struct writing_form *form)
{
	if (form->other != NULL)
		form->wrong = request_say(
			request,
			"This draft was saved in another window meanwhile. Nothing was sent, and both "
			"versions are kept: what you wrote here is now a draft of its own. Files that "
			"were already in the draft are in the other version.");
	else
		form->wrong = request_say(
			request,
			"This draft has expired, or it was sent or deleted in another window. Nothing "
			"was sent now. What you wrote here is saved as a new draft. The files in the "
			"old one are no longer available.");
	return writing_form_show(
		request, form->other != NULL ? MHD_HTTP_CONFLICT : MHD_HTTP_NOT_FOUND, form);
}

/* Saves what was written. False: it is not the draft's next version, and *answered_r says so. */
static bool
save(struct request *request, struct written *written, enum MHD_Result *answered_r)
{
	struct fault fault;

	switch (written_save(request, written, &fault)) {
	case WRITTEN_DONE:
		written->form.is_saved = true;
		return true;
	case WRITTEN_BESIDE:
		written->form.is_saved = true;
		*answered_r = answer_changed(request, &written->form);
		break;
	case WRITTEN_FULL:
	case WRITTEN_CHANGED:
		*answered_r = answer_full(request, &written->form);
		break;
	case WRITTEN_TOO_OFTEN:
	case WRITTEN_FAILED:
		*answered_r = answer_fault(request, &fault);
		break;
	}
	return false;
}

/* Saves what was written, if there is room, and shows the form again. */
static enum MHD_Result
answer_saved(struct request *request, struct written *written, unsigned status, const char *why)
{
	struct writing_form *form = &written->form;
	struct fault fault;
	enum written_outcome outcome = written_save(request, written, &fault);

	if (outcome == WRITTEN_FAILED)
		return answer_fault(request, &fault);
	form->is_saved = outcome == WRITTEN_DONE || outcome == WRITTEN_BESIDE;
	if (outcome == WRITTEN_BESIDE)
		return answer_changed(request, form);
	form->wrong = why;
	return writing_form_show(request, status, form);
}

/* The message existed when the form was made, and no longer does: what was written can still be
 * sent, or stored. */
static enum MHD_Result
answer_parent_gone(struct request *request, struct written *written)
{
	struct writing_form *form = &written->form;

	form->parent = NULL;
	form->parent_id = form->reply_kind = NULL;
	return answer_saved(
		request, written, MHD_HTTP_NOT_FOUND,
		request_say(request,
			    "The message that you are replying to or forwarding has been "
			    "deleted or recalled, or it has expired. Nothing was sent, and "
			    "your text is still here. You can send it as a new message, "
			    "without the files of the other one."));
}

/* --- the buttons --- */

static bool
look_at_files(const struct request *request, const struct written *written, char **why_r)
{
	uint64_t bytes = 0;

	for (guint i = 0; i < written->large->len; i++)
		bytes += ((const struct large_file *)g_ptr_array_index(written->large, i))->size;
	for (guint i = 0; i < request->web.form.uploads->len; i++)
		bytes += ((const struct upload *)g_ptr_array_index(request->web.form.uploads, i))
				 ->content.length;
	if (bytes <= request->portal->settings->portal_upload)
		return true;
	*why_r = g_strdup(request_say(request, "The files are too large."));
	return false;
}

/* If its draft was changed, but to the same text, the present version is what is sent. */
static enum MHD_Result
send_to(struct request *request, struct written *written, const GPtrArray *addressees)
{
	struct fault fault;
	enum MHD_Result answered;
	enum written_outcome outcome = written_send(request, written, addressees, &fault);

	if (outcome == WRITTEN_CHANGED) {
		if (!save(request, written, &answered))
			return answered;
		outcome = written_send(request, written, addressees, &fault);
	}
	switch (outcome) {
	case WRITTEN_DONE:
		return answer_see(request, "/sent");
	case WRITTEN_TOO_OFTEN:
		return answer_saved(request, written, MHD_HTTP_TOO_MANY_REQUESTS,
				    request_say(request, sending_too_often));
	case WRITTEN_FULL:
	case WRITTEN_CHANGED:
	case WRITTEN_BESIDE:
		return answer_full(request, &written->form);
	case WRITTEN_FAILED:
		break;
	}
	return answer_fault(request, &fault);
}

static enum MHD_Result
press_send(struct request *request, struct written *written)
{
	const struct writing_form *form = &written->form;
	g_autoptr(GPtrArray) addressees = addressees_in(form->to);
	const struct addressee_question question = {
		.answered = writing_form_forwards(form) ? NULL : form->parent,
		.subject = form->subject};
	const struct author author = request_author(request);
	g_autofree char *why = NULL;
	struct fault fault;

	if (!look_at_files(request, written, &why))
		return answer_saved(request, written, MHD_HTTP_BAD_REQUEST, why);
	if (!addressees_check(&author, &question, addressees, &why, &fault))
		return answer_fault(request, &fault);
	if (why != NULL)
		written->form.wrong_field = "to";
	return why != NULL ? answer_saved(request, written, MHD_HTTP_BAD_REQUEST, why)
			   : send_to(request, written, addressees);
}

/* Saves what was written, and shows `place` with the draft's identifier, or alone. */
static enum MHD_Result
save_and_see(struct request *request, struct written *written, const char *place, bool is_of_draft)
{
	g_autofree char *why = NULL, *whole = NULL;
	enum MHD_Result answered;

	if (!look_at_files(request, written, &why)) {
		written->form.wrong = why;
		return writing_form_show(request, MHD_HTTP_BAD_REQUEST, &written->form);
	}
	if (!save(request, written, &answered))
		return answered;
	whole = g_strconcat(place, is_of_draft ? written->id.text : NULL, NULL);
	return answer_see(request, whole);
}

static enum MHD_Result
press_keep(struct request *request, struct written *written)
{
	return save_and_see(request, written, "/drafts", false);
}

static enum MHD_Result
press_save(struct request *request, struct written *written)
{
	return save_and_see(request, written, "/draft/", true);
}

/* A slip must not cost the text: it is saved first, and the next page asks. */
static enum MHD_Result
press_discard(struct request *request, struct written *written)
{
	if (written_is_empty(written))
		return answer_see(request, "/drafts");
	return save_and_see(request, written, "/discard/", true);
}

/* Not a button, but the page's script. */
static enum MHD_Result
press_nothing(struct request *request, struct written *written)
{
	g_autofree char *why = NULL;

	return look_at_files(request, written, &why)
		       ? autosave_save(request, written)
		       : autosave_refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, why);
}

static const struct {
	const char *name;
	enum MHD_Result (*press)(struct request *request, struct written *written);
} buttons[] = {{"keep", press_keep},
	       {"save", press_save},
	       {"discard", press_discard},
	       {"autosave", press_nothing}};

static enum MHD_Result
press(struct request *request, struct written *written)
{
	for (size_t i = 0; i < G_N_ELEMENTS(buttons); i++)
		if (strcmp(request_field(request, "action"), buttons[i].name) == 0)
			return buttons[i].press(request, written);
	return press_send(request, written);
}

static bool
is_autosave(const struct request *request)
{
	return strcmp(request_field(request, "action"), "autosave") == 0;
}

enum MHD_Result
writing_send(struct request *request)
{
	g_auto(written_auto) written = {0};
	const struct writing_form *form = &written.form;
	enum MHD_Result answered;
	struct fault fault;

	written_read(request, &written);
	if (unsaved_is_of_another(request))
		return writing_give_back(
			request, MHD_HTTP_FORBIDDEN,
			request_say(request, "This was written in another account. Nothing was "
					     "sent, and the text is still here."));
	if (!written_open(request, &written, &fault))
		return answer_fault(request, &fault);
	if (form->parent == NULL && *request_field(request, "parent") != '\0')
		return answer_parent_gone(request, &written);
	/* A file that somebody ticked is never left out without a word. */
	if (!is_autosave(request) && !written_knows_files(&written))
		return answer_refusal(request, REFUSED_FILES);
	if (form->draft == NULL && form->draft_id != NULL && !is_autosave(request) &&
	    !save(request, &written, &answered))
		return answered;
	if (!is_autosave(request) && !written_knows_large(request, &written))
		return answer_refusal(request, REFUSED_FILES);
	return press(request, &written);
}

enum MHD_Result
writing_discard(struct request *request)
{
	g_auto(mailbox_item_auto) item = {0};
	g_autoptr(page_auto) page = NULL;
	g_autofree char *go_on = NULL, *delete = NULL, *saved = NULL, *version = NULL;
	enum MHD_Result answered;
	struct fault fault;

	version = named_version(request, &fault);
	if (version == NULL)
		return answer_fault(request, &fault);
	if (!item_find(request, version, &item, &answered))
		return answered;
	if (!item.has_folder || item.folder != FOLDER_DRAFTS)
		return answer_not_found(request);
	page = answer_begin(request, "discard.html");
	go_on = g_strconcat("/draft/", item.draft == NULL ? item.id.text : item.draft, NULL);
	delete = g_strconcat("/delete/", item.id.text, NULL);
	saved = saved_when(request, &item);
	page_text(page, "subject", item.layout == NULL ? "" : item.layout->subject);
	page_text(page, "saved", saved);
	page_attribute(page, "delete", "action", delete);
	page_attribute(page, "go-on", "href", go_on);
	return answer_page(request, MHD_HTTP_OK, page);
}

/* --- what could not be carried out --- */

/* The text is saved. Whichever files arrived may be incomplete. */
static void
save_text(struct request *request, struct written *written)
{
	struct fault fault;

	request->web.form.has_dropped |= request->web.form.uploads->len > 0;
	g_ptr_array_set_size(request->web.form.uploads, 0);
	if (!written_open(request, written, &fault) ||
	    (written->form.draft == NULL && written->form.draft_id != NULL))
		return;
	written->form.is_saved = written_save(request, written, &fault) == WRITTEN_DONE;
}

/* Keeps what was written for its author, who is not signed in. */
static void
keep_for_author(struct request *request, struct written *written)
{
	struct fault fault;

	if (request->connection == NULL ||
	    unsaved_keep(request, written, &written->form.is_kept, &fault))
		return;
	written->form.is_kept = false;
	log_error("%s: %s", request->route->path, fault.text);
}

enum MHD_Result
writing_give_back(struct request *request, unsigned status, const char *why)
{
	g_auto(written_auto) written = {0};
	bool is_member = request->session.state == SESSION_MEMBER;

	written_read(request, &written);
	if (!is_member || unsaved_is_of_another(request))
		keep_for_author(request, &written);
	/* Whoever is signed in now is not shown it. */
	if (is_member && written.form.is_kept)
		return unsaved_answer_other(request, status);
	if (is_member && status == MHD_HTTP_CONTENT_TOO_LARGE && request_form_is_ours(request))
		save_text(request, &written);
	else
		written_look(request, &written);
	written.form.wrong = why;
	return writing_form_show(request, status, &written.form);
}

enum MHD_Result
writing_signin(struct request *request)
{
	g_auto(written_auto) written = {0};

	written_read(request, &written);
	keep_for_author(request, &written);
	/* Only the browser has it, and signing in would lose it. */
	if (!written.form.is_kept)
		return answer_refusal(request, REFUSED_SIGNED_OUT);
	return signin_submit(request);
}
