#include "portal/written.h"

#include <string.h>

#include "portal/item.h"
#include "portal/large_upload.h"
#include "portal/sending.h"

enum {
	REFERENCES_MAX = 4000,
	DRAFT_SECONDS = 90 * 86400,
	LINE_ENDS_BYTES = 16,
	BASE64_LINE_CHARACTERS = 78, /* with its end */
	HEADER_BYTES = 64 * 1024,    /* of the message and its parts, at most */
};

/* For what is quoted or enclosed, the text counts as shown. */
static const struct mailbox_use as_text = {.part = MAILBOX_TEXT};

/* --- reading it --- */

static const char *
known_reply_kind(const char *reply_kind)
{
	static const char *const reply_kinds[] = {"reply", "replyall", "forward", NULL};

	for (const char *const *one = reply_kinds; *one != NULL; one++)
		if (strcmp(*one, reply_kind) == 0)
			return *one;
	return NULL;
}

void
written_take(const struct written_fields *fields, struct written *written_r)
{
	struct written *written = written_r;

	written->to = g_utf8_make_valid(fields->to, -1);
	written->subject = g_utf8_make_valid(fields->subject, -1);
	written->text = g_utf8_make_valid(fields->text, -1);
	written->kept = g_array_new(FALSE, FALSE, sizeof(guint));
	written->form =
		(struct writing_form){.to = g_strdelimit(written->to, "\r\n", ' '),
				      .subject = g_strdelimit(written->subject, "\r\n", ' '),
				      .text = written->text,
				      .id = written->id.text,
				      .reply_kind = known_reply_kind(fields->reply_kind)};
	if (!identifier_parse(&written->id, fields->form))
		identifier_make(&written->id);
	if (identifier_parse(&written->parent_id, fields->parent))
		written->form.parent_id = written->parent_id.text;
	if (identifier_parse(&written->draft_id, fields->draft))
		written->form.draft_id = written->draft_id.text;
}

void
written_read(const struct request *request, struct written *written_r)
{
	const struct written_fields fields = {.form = request_field(request, "form"),
					      .to = request_field(request, "to"),
					      .subject = request_field(request, "subject"),
					      .text = request_field(request, "text"),
					      .reply_kind = request_field(request, "reply_kind"),
					      .parent = request_field(request, "parent"),
					      .draft = request_field(request, "draft")};

	written_take(&fields, written_r);
	written_r->uploads = request->web.form.uploads;
	written_r->taken_out = writing_form_taken_out(request);
	for (guint i = 0; i < KEPT_MAX; i++) {
		g_autofree char *name = g_strdup_printf("keep-%u", i);

		if (*request_field(request, name) != '\0')
			g_array_append_val(written_r->kept, i);
	}
}

void
written_clear(struct written *written)
{
	mailbox_item_clear(&written->parent);
	mailbox_item_clear(&written->draft);
	g_free(written->to);
	g_free(written->subject);
	g_free(written->text);
	g_clear_pointer(&written->kept, g_array_unref);
	g_clear_pointer(&written->large, g_ptr_array_unref);
	g_clear_pointer(&written->taken_out, g_ptr_array_unref);
}

/* Only received messages can be answered: someone who could answer their own messages could name
 * anyone as author or reader, and write to them. Drafts cannot be forwarded either. */
bool
written_may_answer(const struct mailbox_item *item, const char *reply_kind)
{
	if (reply_kind == NULL)
		return false;
	if (strcmp(reply_kind, "forward") == 0)
		return mailbox_is_received(item) ||
		       (item->has_folder && item->folder == FOLDER_SENT);
	return mailbox_is_received(item);
}

static bool
is_draft(const struct mailbox_item *item)
{
	return item->has_folder && item->folder == FOLDER_DRAFTS;
}

static bool
is_taken_out(const struct written *written, const char *id)
{
	return written->taken_out != NULL &&
	       g_ptr_array_find_with_equal_func(written->taken_out, id, g_str_equal, NULL);
}

/* What was uploaded for its draft, and stays. */
static bool
list_large(const struct request *request, struct written *written, struct fault *fault)
{
	const struct author author = request_author(request);
	const struct large_file_place place = large_upload_place(&author, written->id.text);

	g_clear_pointer(&written->large, g_ptr_array_unref);
	written->large = large_file_list(request->connection, &place, fault);
	for (guint i = written->large == NULL ? 0 : written->large->len; i > 0; i--) {
		const struct large_file *file = g_ptr_array_index(written->large, i - 1);

		if (!large_file_is_whole(file) || is_taken_out(written, file->id.text))
			g_ptr_array_remove_index(written->large, i - 1);
	}
	return written->large != NULL;
}

bool
written_open(const struct request *request, struct written *written, struct fault *fault)
{
	const struct mailbox mailbox = item_mailbox(request);
	struct writing_form *form = &written->form;
	bool has_parent, has_draft;

	if (!mailbox_open(&mailbox, form->parent_id == NULL ? "" : form->parent_id, &as_text,
			  &written->parent, &has_parent, fault) ||
	    !mailbox_open(&mailbox, form->draft_id == NULL ? "" : form->draft_id, &as_text,
			  &written->draft, &has_draft, fault))
		return false;
	if (has_parent && written_may_answer(&written->parent, form->reply_kind))
		form->parent = &written->parent;
	if (has_draft && is_draft(&written->draft))
		form->draft = &written->draft;
	return list_large(request, written, fault);
}

/* What cannot be determined stays as it was sent. */
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

void
written_look(const struct request *request, struct written *written)
{
	struct writing_form *form = &written->form;

	form->parent = look_at(request, form->parent_id, &written->parent);
	form->draft = look_at(request, form->draft_id, &written->draft);
}

static guint
upload_count(const struct written *written)
{
	return written->uploads == NULL ? 0 : written->uploads->len;
}

bool
written_is_empty(const struct written *written)
{
	g_autofree char *text = g_strstrip(g_strdup(written->text));

	return *text == '\0' && *written->to == '\0' && *written->subject == '\0' &&
	       written->form.draft_id == NULL && upload_count(written) == 0;
}

/* --- making a message of it --- */

/* The existing files that the member keeps, and the new ones. */
static GArray *
enclosures(const struct written *written)
{
	GArray *list = g_array_new(FALSE, TRUE, sizeof(struct enclosure));
	const struct mailbox_item *source = writing_form_source(&written->form);

	for (guint i = 0; source != NULL && i < written->kept->len; i++) {
		guint number = g_array_index(written->kept, guint, i);
		const struct layout_part *part =
			number < source->layout->attachments->len
				? g_ptr_array_index(source->layout->attachments, number)
				: NULL;
		struct enclosure kept = {.source = &source->content, .part = part};

		if (part == NULL) /* of a draft that was changed meanwhile: its author is told */
			continue;
		kept.name = part->name;
		kept.type = part->type;
		g_array_append_val(list, kept);
	}
	for (guint i = 0; i < upload_count(written); i++) {
		const struct upload *upload = g_ptr_array_index(written->uploads, i);
		const struct enclosure added = {
			.name = upload->name, .type = upload->type, .upload = &upload->content};

		g_array_append_val(list, added);
	}
	return list;
}

static void
enclose_large(const struct request *request, const struct written *written, GArray *list)
{
	for (guint i = 0; i < written->large->len; i++) {
		const struct large_file *file = g_ptr_array_index(written->large, i);
		const struct enclosure added = {.name = file->name,
						.type = file->type,
						.large = file,
						.database = request->portal->database};

		g_array_append_val(list, added);
	}
}

/* Would all files within the message make it larger than mail may be (setting: limit message)? */
static bool
is_too_large_for_mail(const struct request *request, const struct written *written,
		      const GArray *enclosed)
{
	uint64_t bytes = 0;

	for (guint i = 0; i < enclosed->len; i++) {
		const struct enclosure *one = &g_array_index(enclosed, struct enclosure, i);

		bytes += one->upload != NULL ? one->upload->length : layout_size(one->part);
	}
	for (guint i = 0; i < written->large->len; i++)
		bytes += ((const struct large_file *)g_ptr_array_index(written->large, i))->size;
	/* In base64, and its lines. */
	return bytes / BASE64_LINE_BYTES * BASE64_LINE_CHARACTERS + strlen(written->text) +
		       HEADER_BYTES >
	       request->portal->settings->limit_message;
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

bool
written_knows_files(const struct written *written)
{
	const struct mailbox_item *source = writing_form_source(&written->form);

	for (guint i = 0; source != NULL && i < written->kept->len; i++)
		if (g_array_index(written->kept, guint, i) >= source->layout->attachments->len)
			return false;
	return true;
}

bool
written_knows_large(const struct request *request, const struct written *written)
{
	g_autoptr(GPtrArray) ticked = form_names(&request->web.form, "large-");

	for (guint i = 0; i < ticked->len; i++)
		if (large_file_among(written->large, g_ptr_array_index(ticked, i)) == NULL)
			return false;
	return true;
}

static void
digest(crypto_generichash_state *state, const char *text)
{
	if (text != NULL)
		crypto_generichash_update(state, (const unsigned char *)text, strlen(text));
	crypto_generichash_update(state, (const unsigned char *)"", 1);
}

struct digest_sink {
	struct sink sink;
	crypto_generichash_state *state;
};

static bool
digest_write(struct sink *sink, const void *data, size_t length, struct fault *fault)
{
	struct digest_sink *self = (struct digest_sink *)sink;

	(void)fault;
	crypto_generichash_update(self->state, data, length);
	return true;
}

static bool
digest_upload(crypto_generichash_state *state, const struct upload *upload, struct fault *fault)
{
	struct digest_sink sink = {{digest_write, NULL}, state};
	g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, upload->content.length);

	digest(state, upload->name);
	digest(state, size);
	return spool_part_copy(&upload->content, &sink.sink, fault);
}

/* The same each time a browser sends the same form with the same content. If the content or a file
 * differs, it is another message. */
static bool
identify(const struct request *request, const struct written *written,
	 unsigned char identity_r[AUDIT_IDENTITY_BYTES], struct fault *fault)
{
	const struct writing_form *form = &written->form;
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, AUDIT_IDENTITY_BYTES);
	digest(&state, request->session.account.id.text);
	digest(&state, form->id);
	digest(&state, form->to);
	digest(&state, form->subject);
	digest(&state, form->text);
	digest(&state, form->reply_kind);
	digest(&state, form->parent == NULL ? NULL : form->parent->id.text);
	for (guint i = 0; i < written->kept->len; i++) {
		g_autofree char *number =
			g_strdup_printf("kept %u", g_array_index(written->kept, guint, i));

		digest(&state, number);
	}
	for (guint i = 0; i < written->large->len; i++)
		digest(&state,
		       ((const struct large_file *)g_ptr_array_index(written->large, i))->id.text);
	for (guint i = 0; i < upload_count(written); i++)
		if (!digest_upload(&state, g_ptr_array_index(written->uploads, i), fault))
			return false;
	crypto_generichash_final(&state, identity_r, AUDIT_IDENTITY_BYTES);
	return true;
}

/* --- committing it --- */

static bool
write_composition(const void *data, const struct composition_author *from, struct sink *sink,
		  struct fault *fault)
{
	return composition_write(data, from, sink, fault);
}

/* Names that the message can be found by. Caller unrefs; the names are borrowed. */
static GPtrArray *
names_of(const GArray *enclosures)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < enclosures->len; i++)
		g_ptr_array_add(names,
				(gpointer)g_array_index(enclosures, struct enclosure, i).name);
	return names;
}

/* With the author and its own place filled in. */
static bool
commit_composition(struct sending *sending, const struct composition *composition,
		   struct fault *fault)
{
	g_autofree char *message_id = composition_message_id(composition);
	g_autoptr(GPtrArray) files = names_of(composition->enclosures);
	bool again;

	sending->content = (struct sending_content){.message_id = message_id,
						    .to = composition->to,
						    .subject = composition->subject,
						    .files = files,
						    .write = write_composition,
						    .data = composition};
	return sending_commit(sending, &again, fault);
}

/* The files that were uploaded for the draft: within the message, or beside it, with links in mail
 * to the company. */
struct large_files {
	GPtrArray *links;	/* struct large_link */
	GPtrArray *ended;	/* identifiers */
	char *text, *mail_text; /* of the message, if it says more than what was written; or NULL */
};

static void
large_files_clear(struct large_files *large)
{
	g_ptr_array_unref(large->links);
	g_ptr_array_unref(large->ended);
	g_free(large->text);
	g_free(large->mail_text);
}

static void
place_large(const struct request *request, const struct written *written, struct sending *sending,
	    GArray *enclosed, struct large_files *large_r)
{
	struct large_files *large = large_r;

	*large = (struct large_files){.links = large_links_new(), .ended = g_ptr_array_new()};
	for (guint i = 0; written->taken_out != NULL && i < written->taken_out->len; i++)
		g_ptr_array_add(large->ended, g_ptr_array_index(written->taken_out, i));
	sending->files.place = large_upload_place(sending->author, written->id.text);
	sending->files.links = large->links;
	sending->files.ended = large->ended;
	if (sending->addressees == NULL || written->large->len == 0)
		return;
	if (is_too_large_for_mail(request, written, enclosed)) {
		sending->files.beside = written->large;
		large->text = large_links_note(written->large, sending->author, written->text);
		if (sending_is_to_company(sending))
			large->mail_text = large_links_make(large->links, written->large,
							    sending->author, written->text);
		return;
	}
	enclose_large(request, written, enclosed);
	for (guint i = 0; i < written->large->len; i++)
		g_ptr_array_add(
			large->ended,
			((struct large_file *)g_ptr_array_index(written->large, i))->id.text);
}

/* With the addressees and the author's own place filled in. */
static enum written_outcome
commit(struct request *request, const struct written *written, struct sending *sending,
       struct fault *fault)
{
	const struct writing_form *form = &written->form;
	const struct author author = request_author(request);
	bool answers = form->parent != NULL && !writing_form_forwards(form);
	g_autofree char *references = answers ? references_to(form->parent->layout) : g_strdup("");
	g_autoptr(GArray) files = enclosures(written);
	g_autofree char *shown = sending->addressees == NULL
					 ? g_strdup(form->to)
					 : addressees_shown(sending->addressees);
	struct large_files large;
	bool done;
	struct composition composition = {.domain = request->portal->settings->domains[0],
					  .to = shown,
					  .subject = form->subject,
					  .text = form->text,
					  .in_reply_to =
						  answers ? form->parent->layout->message_id : "",
					  .references = references,
					  .enclosures = files};

	sending->author = &author;
	sending->draft = form->id;
	sending->version = form->draft == NULL ? NULL : form->draft->id.text;
	identifier_make(&sending->message);
	identifier_make(&composition.id);
	identifier_make(&sending->own.id);
	if (!identify(request, written, sending->identity, fault))
		return WRITTEN_FAILED;
	place_large(request, written, sending, files, &large);
	if (large.text != NULL)
		composition.text = large.text;
	composition.mail_text = large.mail_text;
	done = commit_composition(sending, &composition, fault);
	large_files_clear(&large);
	if (done)
		return WRITTEN_DONE;
	if ((!sending->is_full && !sending->is_changed && !sending->is_too_often) ||
	    !request_connect_again(request, fault))
		return WRITTEN_FAILED;
	if (sending->is_too_often)
		return WRITTEN_TOO_OFTEN;
	return sending->is_full ? WRITTEN_FULL : WRITTEN_CHANGED;
}

enum written_outcome
written_send(struct request *request, struct written *written, const GPtrArray *addressees,
	     struct fault *fault)
{
	struct sending sending = {.addressees = addressees,
				  .own = {.folder = FOLDER_SENT,
					  .lifetime = request->portal->settings->pickup_expire}};

	return commit(request, written, &sending, fault);
}

/* From now on, the form continues the version that was saved. */
static bool
go_on_with(struct request *request, struct written *written, const struct identifier *version,
	   struct fault *fault)
{
	const struct mailbox mailbox = item_mailbox(request);
	bool found;

	mailbox_item_clear(&written->draft);
	written->draft_id = *version;
	written->form.draft_id = written->draft_id.text;
	written->form.draft = NULL;
	if (!mailbox_open(&mailbox, version->text, &as_text, &written->draft, &found, fault))
		return false;
	if (found)
		written->form.draft = &written->draft;
	return true;
}

static enum written_outcome
save_version(struct request *request, struct written *written, struct fault *fault)
{
	const struct writing_form *form = &written->form;
	struct sending sending = {
		.own = {.folder = FOLDER_DRAFTS,
			.draft = form->id,
			.answers = form->parent == NULL ? NULL : form->parent->id.text,
			.reply_kind = form->parent == NULL ? NULL : form->reply_kind,
			.lifetime = DRAFT_SECONDS}};
	enum written_outcome outcome = commit(request, written, &sending, fault);

	return outcome == WRITTEN_DONE && !go_on_with(request, written, &sending.own.id, fault)
		       ? WRITTEN_FAILED
		       : outcome;
}

/* Without what browsers and mail do to the ends of lines and of the text. */
static char *
comparable(const char *text)
{
	g_auto(GStrv) pieces = g_strsplit(text, "\r", -1);

	return g_strstrip(g_strjoinv("", pieces));
}

/* Does the draft hold this text already, since the same form was sent twice? */
static bool
is_saved(struct request *request, const struct written *written, const struct mailbox_item *draft,
	 bool *same_r, struct fault *fault)
{
	const struct layout *layout = draft->layout;
	g_autofree char *typed = comparable(written->text), *stored = NULL, *text = NULL;
	bool cut;

	text = item_text(request, draft, layout, 2 * strlen(written->text) + LINE_ENDS_BYTES, &cut,
			 fault);
	if (text == NULL)
		return false;
	stored = comparable(text);
	*same_r = !cut && written->kept->len == layout->attachments->len &&
		  strcmp(stored, typed) == 0 && strcmp(layout->subject, written->subject) == 0 &&
		  upload_count(written) == 0;
	return true;
}

/* The version that another window saved, if there is one. */
static bool
open_other(struct request *request, const struct written *written, struct mailbox_item *other_r,
	   bool *found_r, struct fault *fault)
{
	const struct mailbox mailbox = item_mailbox(request);
	struct identifier version;

	return mailbox_draft_version(request->connection, &request->session, written->form.id,
				     &version, found_r, fault) &&
	       (!*found_r ||
		mailbox_open(&mailbox, version.text, &as_text, other_r, found_r, fault));
}

static enum written_outcome
save_beside(struct request *request, struct written *written, struct fault *fault)
{
	g_auto(mailbox_item_auto) other = {0};
	bool found, same = false;
	enum written_outcome outcome;

	if (!open_other(request, written, &other, &found, fault) ||
	    (found && !is_saved(request, written, &other, &same, fault)))
		return WRITTEN_FAILED;
	if (same)
		return go_on_with(request, written, &other.id, fault) ? WRITTEN_DONE
								      : WRITTEN_FAILED;
	if (found) {
		written->other = written->id;
		written->form.other = written->other.text;
	}
	written->form.draft = NULL;
	/* These are the other version's. */
	g_ptr_array_set_size(written->large, 0);
	g_clear_pointer(&written->taken_out, g_ptr_array_unref);
	identifier_make(&written->id);
	outcome = save_version(request, written, fault);
	return outcome == WRITTEN_DONE ? WRITTEN_BESIDE : outcome;
}

enum written_outcome
written_save(struct request *request, struct written *written, struct fault *fault)
{
	enum written_outcome outcome = WRITTEN_CHANGED;

	if (written->form.draft != NULL || written->form.draft_id == NULL)
		outcome = save_version(request, written, fault);
	return outcome == WRITTEN_CHANGED ? save_beside(request, written, fault) : outcome;
}
