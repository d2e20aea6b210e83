#include "portal/writing_form.h"

#include <string.h>

#include "core/domain.h"
#include "core/log.h"
#include "portal/answer.h"
#include "portal/large_upload.h"

bool
writing_form_forwards(const struct writing_form *form)
{
	return form->reply_kind != NULL && strcmp(form->reply_kind, "forward") == 0;
}

const struct mailbox_item *
writing_form_source(const struct writing_form *form)
{
	/* The files of a draft that is gone are not those of the message that it forwards. */
	if (form->draft != NULL || form->draft_id != NULL)
		return form->draft;
	return writing_form_forwards(form) ? form->parent : NULL;
}

/* The page may be shown again: the member's choices are kept. */
static void
list_file(const struct request *request, const struct writing_form *form, struct page *page,
	  const char *name, const char *shown, bool is_new)
{
	bool is_chosen = !is_new && !form->is_saved && strcmp(request->route->method, "POST") == 0;

	page_repeat(page, "keep");
	page_attribute(page, "keep-box", "name", name);
	if (!is_chosen || *request_field(request, name) != '\0')
		page_attribute(page, "keep-box", "checked", "checked");
	page_text(page, "keep-name", shown);
}

static guint
list_attachments(const struct request *request, const struct writing_form *form, struct page *page,
		 const GPtrArray *attachments)
{
	for (guint i = 0; i < attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(attachments, i);

		g_autofree char *name = g_strdup_printf("keep-%u", i);

		list_file(request, form, page, name, part->name, false);
		page_remove(page, "keep-listed");
	}
	return attachments->len;
}

/* For a message that cannot be opened just now: the files that the member wanted to keep. */
static guint
list_unseen(const struct request *request, const struct writing_form *form, struct page *page)
{
	guint listed = 0;

	for (guint i = 0; i < KEPT_MAX; i++) {
		g_autofree char *name = g_strdup_printf("keep-%u", i), *shown = NULL;

		if (*request_field(request, name) == '\0')
			continue;
		shown = g_strdup_printf(request_say(request, "File %u"), i + 1);
		list_file(request, form, page, name, shown, false);
		page_remove(page, "keep-listed");
		listed++;
	}
	return listed;
}

GPtrArray *
writing_form_taken_out(const struct request *request)
{
	GPtrArray *listed = form_names(&request->web.form, "listed-");

	for (guint i = listed->len; i > 0; i--) {
		const char *id = g_ptr_array_index(listed, i - 1);
		g_autofree char *name = g_strconcat("large-", id, NULL);
		struct identifier parsed;

		if (!identifier_parse(&parsed, id) || *request_field(request, name) != '\0')
			g_ptr_array_remove_index(listed, i - 1);
	}
	return listed;
}

/* Those that were uploaded for the draft (large_file.h). They stay in it, whatever the page shows:
 * if they cannot be listed just now, they are not. */
static guint
list_large(const struct request *request, const struct writing_form *form, struct page *page)
{
	const struct author author = request_author(request);
	const struct large_file_place place = large_upload_place(&author, form->id);
	g_autoptr(GPtrArray) files = NULL;
	struct fault fault;
	guint listed = 0;

	if (form->id == NULL || request->session.state != SESSION_MEMBER ||
	    request->connection == NULL)
		return 0;
	files = large_file_list(request->connection, &place, &fault);
	if (files == NULL)
		log_error("%s: %s", request->route->path, fault.text);
	for (guint i = 0; files != NULL && i < files->len; i++) {
		const struct large_file *file = g_ptr_array_index(files, i);
		g_autofree char *listed_as = g_strconcat("listed-", file->id.text, NULL);
		g_autofree char *name = g_strconcat("large-", file->id.text, NULL);

		if (!large_file_is_whole(file))
			continue;
		list_file(request, form, page, name, file->name,
			  *request_field(request, listed_as) == '\0');
		page_attribute(page, "keep-listed", "name", listed_as);
		listed++;
	}
	return listed;
}

/* The existing files; all are kept unless the member deselects them. */
static void
list_kept(const struct request *request, struct page *page, const struct writing_form *form)
{
	const struct mailbox_item *source = writing_form_source(form);
	guint listed = 0;

	if (source != NULL)
		listed = list_attachments(request, form, page, source->layout->attachments);
	else if (form->draft_id != NULL || (writing_form_forwards(form) && form->parent_id != NULL))
		listed = list_unseen(request, form, page);
	listed += list_large(request, form, page);
	page_repeat_end(page, "keep");
	if (listed == 0)
		page_attribute(page, "kept", "hidden", "hidden");
}

void
writing_form_proof(char text_r[SEAL_KEY_CHARACTERS + 1], const struct session *session,
		   const char *id)
{
	g_autofree char *purpose = g_strconcat("written in ", id, NULL);
	struct seal_key proof;

	seal_key_digest(proof.bytes, &session->keys.mailbox, purpose);
	seal_key_show(text_r, &proof);
}

static const char *
named(const struct mailbox_item *item, const char *id)
{
	if (item != NULL)
		return item->id.text;
	return id == NULL ? "" : id;
}

/* What the page says in addition to the reason why it is shown again. */
static void
fill_advice(const struct request *request, struct page *page, unsigned status,
	    const struct writing_form *form)
{
	const struct form *sent = &request->web.form;

	if (!form->is_kept)
		page_remove(page, "signin");
	else
		page_attribute(page, "address", "value", request_field(request, "address"));
	if (form->is_kept || status != MHD_HTTP_FORBIDDEN ||
	    request->session.state == SESSION_MEMBER)
		page_remove(page, "signin-elsewhere");
	if ((form->is_saved || sent->uploads->len == 0) && !sent->has_dropped &&
	    !sent->is_too_large)
		page_remove(page, "files-again");
}

/* Caller frees. */
static char *
domains_shown(const struct settings *settings)
{
	GString *text = g_string_new(NULL);

	for (char **domain = settings->domains; *domain != NULL; domain++) {
		g_autofree char *shown = domain_shown(*domain);

		g_string_append_printf(text, "%s%s", text->len == 0 ? "" : ", ", shown);
	}
	return g_string_free(text, FALSE);
}

/* Whom the member may write to. Caller frees. */
static char *
to_hint(const struct request *request, const struct writing_form *form)
{
	g_autofree char *domains = domains_shown(request->portal->settings);

	if (*named(form->parent, form->parent_id) == '\0')
		return g_strdup_printf(request_say(request, "You can write to addresses at %s."),
				       domains);
	return g_strdup_printf(
		request_say(request,
			    "You can write to addresses at %s and to people in this conversation."),
		domains);
}

/* A page that a signed-out visitor gets names the author that it named before. */
static void
fill_author(const struct request *request, struct page *page, const char *id)
{
	const struct session *session = &request->session;
	char proof[SEAL_KEY_CHARACTERS + 1];

	if (session->state == SESSION_MEMBER)
		writing_form_proof(proof, session, id);
	page_attribute(page, "author", "value",
		       session->state == SESSION_MEMBER ? session->account.id.text
							: request_field(request, "author"));
	page_attribute(page, "proof", "value",
		       session->state == SESSION_MEMBER ? proof : request_field(request, "proof"));
}

static void
fill_other(struct page *page, const struct writing_form *form)
{
	g_autofree char *place =
		form->other == NULL ? NULL : g_strconcat("/draft/", form->other, NULL);

	if (place == NULL)
		page_remove(page, "other");
	else
		page_attribute(page, "other-link", "href", place);
}

/* What the script needs to know. */
static void
fill_script(const struct request *request, struct page *page)
{
	const struct settings *settings = request->portal->settings;
	g_autofree char *limit = g_strdup_printf("%" G_GUINT64_FORMAT, settings->portal_upload);
	g_autofree char *session = g_strdup_printf("%" G_GUINT64_FORMAT, settings->pickup_session);

	page_attribute(page, "writing", "data-limit", limit);
	page_attribute(page, "writing", "data-session", session);
}

enum MHD_Result
writing_form_show(struct request *request, unsigned status, const struct writing_form *form)
{
	const struct settings *settings = request->portal->settings;
	g_autoptr(page_auto) page = answer_begin(request, "write.html");
	struct identifier id;
	g_autofree char *limit = request_size(request, settings->portal_upload);
	g_autofree char *hint = to_hint(request, form);
	g_autofree char *files =
		g_strdup_printf(request_say(request, "All files together may be up to %s."), limit);

	answer_wrong(page, form->wrong, form->wrong_field == NULL ? "" : form->wrong_field);
	page_text_if_any(page, "saved", form->saved);
	fill_advice(request, page, status, form);
	fill_other(page, form);
	page_attribute(page, "to", "value", form->to);
	page_attribute(page, "subject", "value", form->subject);
	page_text(page, "text", form->text);
	page_text(page, "to-hint", hint);
	page_text(page, "files-hint", files);
	if (form->id == NULL || !identifier_parse(&id, form->id))
		identifier_make(&id);
	page_attribute(page, "form", "value", id.text);
	fill_author(request, page, id.text);
	page_attribute(page, "reply_kind", "value",
		       form->reply_kind == NULL ? "" : form->reply_kind);
	page_attribute(page, "parent", "value", named(form->parent, form->parent_id));
	page_attribute(page, "draft", "value", named(form->draft, form->draft_id));
	list_kept(request, page, form);
	if (request->session.state != SESSION_MEMBER) {
		page_remove(page, "script");
		page_remove(page, "notes");
		return answer_page(request, status, page);
	}
	fill_script(request, page);
	return answer_page_that_saves(request, status, page);
}
