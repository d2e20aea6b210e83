#include "portal/own_folder.h"

#include <string.h>

static const struct statement folders_all = {
	"own_folders", "select id, name from postseal.own_folder where account = $1"};

static const struct statement folder_put = {
	"own_folder_put", "insert into postseal.own_folder (id, account, name) "
			  "select $1, $2, $3 where (select count(*) from postseal.own_folder "
			  "where account = $2) < $4 returning id"};

static const struct statement folder_rename = {
	"own_folder_rename",
	"update postseal.own_folder set name = $3 where id = $1 and account = $2"};

static const struct statement folder_delete = {
	"own_folder_delete", "delete from postseal.own_folder where id = $1 and account = $2"};

static const struct statement file_message = {
	"own_folder_file",
	"update postseal.parcel_key set filed = (select f.id from postseal.own_folder f "
	"where f.id = $3 and f.account = $2) "
	"where id = $1 and account = $2 and folder in ('inbox', 'sent')"};

static void
folder_free(void *data)
{
	struct own_folder *folder = data;

	g_free(folder->name);
	g_free(folder);
}

static gint
compare(gconstpointer one, gconstpointer other)
{
	const struct own_folder *first = *(const struct own_folder *const *)one;
	const struct own_folder *second = *(const struct own_folder *const *)other;
	g_autofree char *first_key = g_utf8_casefold(first->name, -1);
	g_autofree char *second_key = g_utf8_casefold(second->name, -1);
	int order = g_utf8_collate(first_key, second_key);

	return order != 0 ? order : strcmp(first->id.text, second->id.text);
}

static struct own_folder *
read_folder(const struct session *session, const PGresult *result, int row)
{
	struct own_folder *folder = g_new0(struct own_folder, 1);
	size_t length, opened_length;
	g_autofree unsigned char *sealed = result_bytes(result, row, 1, &length);
	g_autofree unsigned char *opened = NULL;

	identifier_parse(&folder->id, PQgetvalue(result, row, 0));
	opened = seal_open_bytes(sealed, length, &session->keys.index, folder->id.text,
				 &opened_length);
	folder->name = opened == NULL ? g_strdup("?")
				      : g_utf8_make_valid((char *)opened, (gssize)opened_length);
	return folder;
}

GPtrArray *
own_folder_all(struct connection *connection, const struct session *session, struct fault *fault)
{
	GPtrArray *folders;
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;

	parameters_text(&parameters, session->account.id.text);
	if (!connection_execute(connection, &folders_all, &parameters, &result, fault))
		return NULL;
	folders = g_ptr_array_new_with_free_func(folder_free);
	for (int row = 0; row < PQntuples(result); row++)
		g_ptr_array_add(folders, read_folder(session, result, row));
	g_ptr_array_sort(folders, compare);
	return folders;
}

const struct own_folder *
own_folder_find(const GPtrArray *folders, const char *id)
{
	for (guint i = 0; i < folders->len; i++) {
		const struct own_folder *folder = g_ptr_array_index(folders, i);

		if (strcmp(folder->id.text, id) == 0)
			return folder;
	}
	return NULL;
}

char *
own_folder_name(const char *typed)
{
	g_autofree char *valid = g_utf8_make_valid(typed, -1);
	char *name;

	for (char *c = valid; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	g_strstrip(valid);
	name = g_utf8_substring(valid, 0,
				MIN(g_utf8_strlen(valid, -1), (glong)OWN_FOLDER_NAME_MAX));
	return g_strchomp(name);
}

static unsigned char *
seal_name(const struct session *session, const char *id, const char *name, size_t *length_r)
{
	return seal_bytes(name, strlen(name), &session->keys.index, id, length_r);
}

bool
own_folder_create(struct connection *connection, const struct session *session, const char *name,
		  bool *has_room_r, struct fault *fault)
{
	struct parameters parameters = {0};
	g_autoptr(PGresult) result = NULL;
	g_autofree unsigned char *sealed = NULL;
	struct identifier id;
	size_t length;

	identifier_make(&id);
	sealed = seal_name(session, id.text, name, &length);
	parameters_text(&parameters, id.text);
	parameters_text(&parameters, session->account.id.text);
	parameters_bytes(&parameters, sealed, length);
	parameters_number(&parameters, OWN_FOLDERS_MAX);
	if (!connection_execute(connection, &folder_put, &parameters, &result, fault))
		return false;
	*has_room_r = PQntuples(result) == 1;
	return true;
}

bool
own_folder_rename(struct connection *connection, const struct session *session, const char *id,
		  const char *name, struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier parsed;
	g_autofree unsigned char *sealed = NULL;
	size_t length;

	if (!identifier_parse(&parsed, id))
		return true;
	sealed = seal_name(session, parsed.text, name, &length);
	parameters_text(&parameters, parsed.text);
	parameters_text(&parameters, session->account.id.text);
	parameters_bytes(&parameters, sealed, length);
	return connection_execute(connection, &folder_rename, &parameters, NULL, fault);
}

bool
own_folder_delete(struct connection *connection, const struct session *session, const char *id,
		  struct fault *fault)
{
	struct parameters parameters = {0};
	struct identifier parsed;

	if (!identifier_parse(&parsed, id))
		return true;
	parameters_text(&parameters, parsed.text);
	parameters_text(&parameters, session->account.id.text);
	return connection_execute(connection, &folder_delete, &parameters, NULL, fault);
}

bool
own_folder_file(struct connection *connection, const struct session *session, const char *id,
		const char *folder, struct fault *fault)
{
	struct parameters parameters = {0};

	parameters_text(&parameters, id);
	parameters_text(&parameters, session->account.id.text);
	parameters_text(&parameters, folder);
	return batch_add(connection, &file_message, &parameters, fault);
}
