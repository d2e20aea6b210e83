#include "portal/large_link.h"

#include <string.h>

#include "audit/audit.h"
#include "core/catalogue.h"
#include "portal/answer.h"
#include "portal/large_download.h"

static const char link_purpose[] = "postseal large file link",
		  key_purpose[] = "postseal large file key";

static const struct statement add_link = {
	"large_link_add", "select postseal.large_file_add_link($1, $2, $3, $4, $5, $6, $7, $8)"};
static const struct statement find_link = {
	"large_link_find",
	"select f.id, f.about, f.size, f.arrived, f.account is not null, l.wrapped, l.message, l.sender,"
	" extract(epoch from l.expires_at)::bigint from postseal.large_file_link l"
	" join postseal.large_file f on f.id = l.file where l.digest = $1 and l.expires_at > now()"};
enum { MESSAGE = 6, SENDER, EXPIRES_AT };
static const struct statement note_reading = {"large_link_read",
					      "select postseal.large_file_link_read($1, $2)"};

/* --- making links --- */

static void
link_free(struct large_link *link)
{
	sodium_memzero(link, sizeof *link);
	g_free(link);
}

GPtrArray *
large_links_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))link_free);
}

static struct large_link *
make_link(const struct large_file *file)
{
	struct large_link *link = g_new0(struct large_link, 1);
	struct seal_key secret, wrapping;

	link->file = file->id;
	randombytes_buf(secret.bytes, SEAL_KEY_BYTES);
	seal_key_show(link->secret, &secret);
	seal_key_digest(link->digest, &secret, link_purpose);
	seal_key_digest(wrapping.bytes, &secret, key_purpose);
	seal_wrap(link->wrapped, &file->key, &wrapping, file->id.text);
	sodium_memzero(&secret, sizeof secret);
	sodium_memzero(&wrapping, sizeof wrapping);
	return link;
}

char *
large_links_make(GPtrArray *links, const GPtrArray *files, const struct author *author,
		 const char *text)
{
	const struct settings *settings = author->settings;
	const char *language = settings->language;
	g_autofree char *until = translate_date(language, g_get_real_time() / G_USEC_PER_SEC +
								  (gint64)settings->pickup_expire);
	GString *whole = g_string_new(text);

	g_string_append_printf(whole, "\n\n%s\n",
			       translate(language, "These files are too large for an email. "
						   "Whoever has a link can download its file:"));
	for (guint i = 0; i < files->len; i++) {
		const struct large_file *file = g_ptr_array_index(files, i);
		struct large_link *link = make_link(file);
		g_autofree char *name = large_download_name(file);

		g_ptr_array_add(links, link);
		g_string_append_printf(whole, "\n%s (%.1f MB)\n%s/file/%s\n", name,
				       (double)file->size / 1e6, settings->portal_url,
				       link->secret);
	}
	g_string_append_c(whole, '\n');
	g_string_append_printf(whole, translate(language, "Available until %s."), until);
	g_string_append_c(whole, '\n');
	return g_string_free(whole, FALSE);
}

char *
large_links_note(const GPtrArray *files, const struct author *author, const char *text)
{
	GString *whole = g_string_new(text);

	g_string_append(whole, "\n\n");
	g_string_append_printf(
		whole, translate(author->language, "These files are beside the message, at %s:"),
		author->settings->portal_url);
	g_string_append_c(whole, '\n');
	for (guint i = 0; i < files->len; i++) {
		const struct large_file *file = g_ptr_array_index(files, i);
		g_autofree char *name = large_download_name(file);

		g_string_append_printf(whole, "%s (%.1f MB)\n", name, (double)file->size / 1e6);
	}
	return g_string_free(whole, FALSE);
}

bool
large_link_add(struct connection *connection, const struct large_file_place *place,
	       const struct large_link_use *use, const struct large_link *link, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_bytes(&parameters, link->digest, sizeof link->digest);
	parameters_text(&parameters, link->file.text);
	parameters_text(&parameters, place->account);
	parameters_text(&parameters, place->id);
	parameters_text(&parameters, use->message);
	parameters_text(&parameters, use->sender);
	parameters_bytes(&parameters, link->wrapped, sizeof link->wrapped);
	parameters_number(&parameters, (int64_t)use->lifetime);
	return batch_add(connection, &add_link, &parameters, fault);
}

/* --- following one --- */

struct opened {
	unsigned char digest[SEAL_DIGEST_BYTES];
	struct large_file file;
	char *message, *sender;
	gint64 expires_at;
};

static void
opened_clear(struct opened *opened)
{
	large_file_clear(&opened->file);
	g_free(opened->message);
	g_free(opened->sender);
}
typedef struct opened opened_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(opened_auto, opened_clear)

/* *found_r: the link still works. */
static bool
open_link(struct request *request, const char *text, struct opened *opened_r, bool *found_r,
	  struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	struct seal_key secret, wrapping;
	bool good;

	*found_r = false;
	if (!seal_key_read(&secret, text))
		return true;
	seal_key_digest(opened_r->digest, &secret, link_purpose);
	seal_key_digest(wrapping.bytes, &secret, key_purpose);
	sodium_memzero(&secret, sizeof secret);
	parameters_bytes(&parameters, opened_r->digest, sizeof opened_r->digest);
	good = connection_execute(request->connection, &find_link, &parameters, &result, fault);
	*found_r = good && PQntuples(result) == 1;
	if (*found_r) {
		opened_r->message = g_strdup(PQgetvalue(result, 0, MESSAGE));
		opened_r->sender = g_strdup(PQgetvalue(result, 0, SENDER));
		opened_r->expires_at = result_number(result, 0, EXPIRES_AT);
		good = large_file_read_row(&opened_r->file, result, &wrapping, fault);
	}
	sodium_memzero(&wrapping, sizeof wrapping);
	return good;
}

static enum MHD_Result
show(struct request *request, const struct opened *opened, const char *secret)
{
	g_autoptr(page_auto) page = answer_begin(request, "file.html");
	g_autofree char *name = large_download_name(&opened->file);
	g_autofree char *size = request_size(request, opened->file.size);
	g_autofree char *until = request_date(request, opened->expires_at);
	g_autofree char *place = g_strdup_printf("/file/%s/download", secret);

	page_text(page, "name", name);
	page_text(page, "size", size);
	page_text(page, "sender", opened->sender);
	page_text(page, "until", until);
	page_attribute(page, "download", "href", place);
	page_attribute(page, "download", "download", name);
	return answer_page(request, MHD_HTTP_OK, page);
}

/* On record before a byte leaves. */
static bool
record(struct request *request, const struct opened *opened, struct fault *fault)
{
	struct connection *connection = request->connection;
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree char *detail = g_strdup_printf("large file %s, from %s, by its link",
						  opened->file.id.text, request->web.network);

	parameters_bytes(&parameters, opened->digest, sizeof opened->digest);
	parameters_text(&parameters, request->web.network);
	if (!transaction_begin(connection, fault) ||
	    !connection_execute(connection, &note_reading, &parameters, &result, fault))
		return false;
	if (!result_flag(result, 0, 0))
		return transaction_commit(connection, fault);
	return batch_begin(connection, fault) &&
	       audit_event(connection, opened->message, NULL, "downloaded", detail, fault) &&
	       batch_end_transaction(connection, fault) && batch_commit(connection, fault);
}

enum MHD_Result
large_link_show(struct request *request)
{
	g_auto(GStrv) words = g_strsplit(request->web.tail, "/", 2);
	g_auto(opened_auto) opened = {0};
	struct fault fault;
	bool found;

	if (words[1] != NULL && strcmp(words[1], "download") != 0)
		return answer_not_found(request);
	if (!open_link(request, words[0], &opened, &found, &fault))
		return answer_fault(request, &fault);
	if (!found)
		return answer_outcome(request, MHD_HTTP_NOT_FOUND, "This link no longer works",
				      "The file has expired or was deleted. If you still need it, "
				      "please ask its sender.");
	if (words[1] == NULL)
		return show(request, &opened, words[0]);
	return request->web.is_head || record(request, &opened, &fault)
		       ? large_download_answer(request, &opened.file)
		       : answer_fault(request, &fault);
}
