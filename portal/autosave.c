#include "portal/autosave.h"

#include <jansson.h>
#include <string.h>

#include "portal/answer.h"
#include "portal/item.h"
#include "portal/large_upload.h"

enum MHD_Result
autosave_answer(struct request *request, unsigned status, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);

	json_decref(json);
	MHD_add_response_header(response, "Content-Type", "application/json");
	request->cookie_is_new = false;
	return answer_response(request, status, response);
}

enum MHD_Result
autosave_refuse(struct request *request, unsigned status, const char *why)
{
	return autosave_answer(request, status, json_pack("{s:s}", "message", why));
}

static json_t *
file_names(const struct mailbox_item *draft)
{
	json_t *names = json_array();

	for (guint i = 0; draft != NULL && i < draft->layout->attachments->len; i++) {
		const struct layout_part *part = g_ptr_array_index(draft->layout->attachments, i);

		json_array_append_new(names, json_string(part->name));
	}
	return names;
}

static enum MHD_Result
answer_saved(struct request *request, const struct written *written, unsigned status,
	     const char *message)
{
	char proof[SEAL_KEY_CHARACTERS + 1];

	writing_form_proof(proof, &request->session, written->id.text);
	return autosave_answer(request, status,
			       json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:s*}", "draft",
					 written->draft_id.text, "form", written->id.text, "proof",
					 proof, "files", file_names(written->form.draft), "large",
					 large_upload_names(written->large), "message", message,
					 "other", written->form.other));
}

static enum MHD_Result
answer_done(struct request *request, const struct written *written)
{
	g_autofree char *when = request_date(request, g_get_real_time() / G_USEC_PER_SEC);
	g_autofree char *message = g_strdup_printf(request_say(request, "Saved on %s."), when);

	return answer_saved(request, written, MHD_HTTP_OK, message);
}

enum MHD_Result
autosave_save(struct request *request, struct written *written)
{
	struct fault fault;

	switch (written_save(request, written, &fault)) {
	case WRITTEN_DONE:
		return answer_done(request, written);
	case WRITTEN_BESIDE:
		return answer_saved(
			request, written, MHD_HTTP_CONFLICT,
			request_say(
				request,
				"This draft was saved in another window meanwhile. Both versions "
				"are kept: what you write here is now a draft of its own."));
	case WRITTEN_FULL:
	case WRITTEN_CHANGED:
		return autosave_refuse(
			request, MHD_HTTP_INSUFFICIENT_STORAGE,
			request_say(request,
				    "Not saved: there is no room left. Please delete drafts or "
				    "sent messages that you no longer need."));
	case WRITTEN_TOO_OFTEN: /* saving is not writing to anybody */
	case WRITTEN_FAILED:
		break;
	}
	return answer_fault(request, &fault);
}
