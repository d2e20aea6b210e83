#include "portal/large_upload.h"

#include "core/catalogue.h"
#include "portal/answer.h"
#include "portal/autosave.h"
#include "portal/mailbox.h"

struct large_file_place
large_upload_place(const struct author *author, const char *draft)
{
	return (struct large_file_place){.account = author->account->id.text,
					 .id = draft,
					 .wrapping = &author->keys->mailbox,
					 .files_max = author->settings->portal_upload,
					 .room_max = author->settings->portal_quota};
}

json_t *
large_upload_names(const GPtrArray *files)
{
	json_t *names = json_array();

	for (guint i = 0; files != NULL && i < files->len; i++) {
		const struct large_file *file = g_ptr_array_index(files, i);

		if (large_file_is_whole(file))
			json_array_append_new(names, json_pack("{s:s, s:s}", "id", file->id.text,
							       "name", file->name));
	}
	return names;
}

/* Why not, and how far the file is, if that is known. */
static enum MHD_Result
refuse(struct request *request, enum large_file_outcome outcome, const struct large_file *file)
{
	static const struct {
		unsigned status;
		const char *why;
	} refusals[] = {
		[LARGE_FILE_TOO_LARGE] = {MHD_HTTP_CONTENT_TOO_LARGE,
					  N_("The files are too large.")},
		[LARGE_FILE_FULL] = {MHD_HTTP_INSUFFICIENT_STORAGE,
				     N_("Not saved: there is no room left. Please delete drafts or "
					"sent messages that you no longer need.")},
		[LARGE_FILE_GONE] = {MHD_HTTP_NOT_FOUND,
				     N_("This upload is no longer known. Please add the file "
					"again.")},
		[LARGE_FILE_AT_ANOTHER] = {MHD_HTTP_CONFLICT,
					   N_("This part of the file does not follow what has "
					      "arrived.")},
		[LARGE_FILE_LENGTH] = {MHD_HTTP_BAD_REQUEST,
				       N_("This part of the file does not have the right "
					  "length.")},
	};
	json_t *json = json_pack("{s:s}", "message", request_say(request, refusals[outcome].why));

	if (file != NULL)
		json_object_set_new(json, "arrived", json_integer((json_int_t)file->arrived));
	return autosave_answer(request, refusals[outcome].status, json);
}

static enum MHD_Result
answer_progress(struct request *request, const struct large_file *file)
{
	return autosave_answer(request, MHD_HTTP_OK,
			       json_pack("{s:s, s:I, s:b}", "file", file->id.text, "arrived",
					 (json_int_t)file->arrived, "whole",
					 large_file_is_whole(file)));
}

/* The place that the form names, if this member has such a draft. */
static bool
find_draft(struct request *request, const struct author *author, struct identifier *draft_r,
	   struct large_file_place *place_r, bool *found_r, struct fault *fault)
{
	struct identifier version;

	*found_r = false;
	if (!identifier_parse(draft_r, request_field(request, "form")))
		return true;
	*place_r = large_upload_place(author, draft_r->text);
	return mailbox_draft_version(request->connection, &request->session, draft_r->text,
				     &version, found_r, fault);
}

/* --- announcing --- */

static bool
read_announcement(const struct request *request, struct large_file_announcement *announcement_r)
{
	*announcement_r =
		(struct large_file_announcement){.name = request_field(request, "name"),
						 .type = request_field(request, "type"),
						 .modified = request_field(request, "modified")};
	return *announcement_r->name != '\0' &&
	       g_ascii_string_to_unsigned(request_field(request, "size"), 10, 1, G_MAXINT64,
					  &announcement_r->size, NULL);
}

enum MHD_Result
large_upload_begin(struct request *request)
{
	const struct author author = request_author(request);
	g_auto(large_file_auto) file = {0};
	struct large_file_announcement announcement;
	struct large_file_place place;
	enum large_file_outcome outcome;
	struct identifier draft;
	struct fault fault;
	bool found;

	if (!find_draft(request, &author, &draft, &place, &found, &fault))
		return answer_fault(request, &fault);
	if (!found)
		return refuse(request, LARGE_FILE_GONE, NULL);
	if (!read_announcement(request, &announcement))
		return refuse(request, LARGE_FILE_LENGTH, NULL);
	outcome = large_file_announce(request->connection, &place, &announcement, &file, &fault);
	if (outcome == LARGE_FILE_FAILED)
		return answer_fault(request, &fault);
	return outcome == LARGE_FILE_DONE ? answer_progress(request, &file)
					  : refuse(request, outcome, NULL);
}

/* --- a piece --- */

/* `file` says how far it is afterwards. */
static enum large_file_outcome
take_piece(struct request *request, const struct large_file_place *place, struct large_file *file,
	   struct fault *fault)
{
	const GPtrArray *uploads = request->web.form.uploads;
	const struct upload *piece = uploads->len == 1 ? g_ptr_array_index(uploads, 0) : NULL;
	enum large_file_outcome outcome;
	guint64 offset;
	bool found;

	if (piece == NULL)
		return LARGE_FILE_LENGTH;
	if (!g_ascii_string_to_unsigned(request_field(request, "offset"), 10, 0, G_MAXINT64,
					&offset, NULL))
		return LARGE_FILE_AT_ANOTHER;
	outcome = large_file_take(request->connection, place, file, offset, &piece->content, fault);
	/* Another window may have sent it. */
	if (outcome == LARGE_FILE_AT_ANOTHER || outcome == LARGE_FILE_LENGTH) {
		struct identifier id = file->id;

		large_file_clear(file);
		if (!large_file_find(request->connection, place, id.text, file, &found, fault))
			return LARGE_FILE_FAILED;
		return found ? outcome : LARGE_FILE_GONE;
	}
	return outcome;
}

enum MHD_Result
large_upload_take(struct request *request)
{
	const struct author author = request_author(request);
	g_auto(large_file_auto) file = {0};
	struct large_file_place place;
	struct identifier draft, id;
	enum large_file_outcome outcome;
	struct fault fault;
	bool found;

	if (!find_draft(request, &author, &draft, &place, &found, &fault) ||
	    (found && identifier_parse(&id, request->web.tail) &&
	     !large_file_find(request->connection, &place, id.text, &file, &found, &fault)))
		return answer_fault(request, &fault);
	if (!found || *file.id.text == '\0')
		return refuse(request, LARGE_FILE_GONE, NULL);
	outcome = take_piece(request, &place, &file, &fault);
	/* What has arrived of it must not take the room of what the member would rather keep. */
	if (outcome == LARGE_FILE_FAILED ||
	    (outcome == LARGE_FILE_FULL &&
	     !large_file_drop(request->connection, &place, file.id.text, &fault)))
		return answer_fault(request, &fault);
	return outcome == LARGE_FILE_DONE ? answer_progress(request, &file)
					  : refuse(request, outcome, &file);
}
