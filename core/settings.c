#include "core/settings.h"

#include <stddef.h>
#include <string.h>

#include "core/domain.h"

#define DAY	  UINT64_C(86400)
#define GB	  UINT64_C(1000000000)
#define AT(field) offsetof(struct settings, field)

const char settings_standard_path[] = POSTSEAL_SYSCONFDIR "/postseal.conf";

static const struct setting table[] = {
#define TEXT(field, standard)	       {#field, SETTING_TEXT, AT(field), standard, NULL, 0, 0},
#define SECRET(field, standard)	       {#field, SETTING_SECRET, AT(field), standard, NULL, 0, 0},
#define WORD(field, standard, words)   {#field, SETTING_WORD, AT(field), standard, words, 0, 0},
#define WORDS(field, standard, words)  {#field, SETTING_WORDS, AT(field), standard, words, 0, 0},
#define LIST(field, standard)	       {#field, SETTING_LIST, AT(field), standard, NULL, 0, 0},
#define DOMAINS(field, standard)       {#field, SETTING_DOMAINS, AT(field), standard, NULL, 0, 0},
#define TABLE(field, standard)	       {#field, SETTING_TABLE, AT(field), standard, NULL, 0, 0},
#define MODE(field, standard)	       {#field, SETTING_MODE, AT(field), standard, NULL, 0, 0},
#define CLOCK(field, standard)	       {#field, SETTING_CLOCK, AT(field), standard, NULL, 0, 0},
#define FLAG(field, standard)	       {#field, SETTING_FLAG, AT(field), standard, "no, yes", 0, 0},
#define CHOICE(field, standard, words) {#field, SETTING_CHOICE, AT(field), standard, words, 0, 0},
#define COUNT(field, standard, least, most)                                                        \
	{#field, SETTING_COUNT, AT(field), standard, NULL, least, most},
#define BYTES(field, standard, least, most)                                                        \
	{#field, SETTING_BYTES, AT(field), standard, NULL, least, most},
#define SECONDS(field, standard, least, most)                                                      \
	{#field, SETTING_SECONDS, AT(field), standard, NULL, least, most},
#include "core/settings_table.h"
	{NULL, SETTING_TEXT, 0, NULL, NULL, 0, 0},
};

#define OF(field, type, standard)                                                                  \
	{                                                                                          \
#field, type, offsetof(struct directory, field), standard, NULL, 0, 0              \
	}

static const struct setting directory_table[] = {
	OF(url, SETTING_TEXT, NULL),	   OF(base, SETTING_TEXT, NULL),
	OF(domains, SETTING_DOMAINS, ""),  OF(filter, SETTING_TEXT, ""),
	OF(bind, SETTING_TEXT, ""),	   OF(password, SETTING_TEXT, ""),
	OF(authorities, SETTING_TEXT, ""), {NULL, SETTING_TEXT, 0, NULL, NULL, 0, 0},
};

const struct setting *
setting_all(void)
{
	return table;
}

char *
setting_name(const struct setting *setting)
{
	return g_strdelimit(g_strdup(setting->field), "_", ' ');
}

static const char *const expected[] = {
	[SETTING_TEXT] = "a text in quotes",
	[SETTING_SECRET] = "a text in quotes",
	[SETTING_WORD] = "a text in quotes",
	[SETTING_WORDS] = "words separated by commas",
	[SETTING_LIST] = "a list such as { \"a\" \"b\" }",
	[SETTING_DOMAINS] = "a list of domains such as { \"example.com\" \"example.org\" }",
	[SETTING_TABLE] = "a table such as <partners>",
	[SETTING_MODE] = "octal digits in quotes such as \"0660\"",
	[SETTING_CLOCK] = "a time of day in quotes such as \"07:00\"",
	[SETTING_FLAG] = "\"yes\" or \"no\"",
	[SETTING_CHOICE] = "a text in quotes",
	[SETTING_COUNT] = "a number",
	[SETTING_BYTES] = "a size such as 25 MB",
	[SETTING_SECONDS] = "a time such as 30 seconds",
};

/* --- values --- */

/* `object` is a struct settings or directory. */
static void *
place_of(const void *object, const struct setting *setting)
{
	return (char *)object + setting->offset;
}

/* The index of the word among the setting's words; -1: it is none of them. */
static int
word_number(const struct setting *setting, const char *word)
{
	g_auto(GStrv) words = g_strsplit(setting->words, ", ", -1);

	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static bool
set_mode(void *object, const struct setting *setting, const char *text)
{
	guint64 mode;

	if (!g_ascii_string_to_unsigned(text, 8, 0, 0777, &mode, NULL))
		return false;
	*(mode_t *)place_of(object, setting) = (mode_t)mode;
	return true;
}

static bool
set_clock(void *object, const struct setting *setting, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 3);
	guint64 hours, minutes;

	if (g_strv_length(parts) != 2 || strlen(parts[1]) != 2 ||
	    !g_ascii_string_to_unsigned(parts[0], 10, 0, 23, &hours, NULL) ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 0, 59, &minutes, NULL))
		return false;
	*(uint64_t *)place_of(object, setting) = hours * 60 + minutes;
	return true;
}

/* False if the setting does not accept this text. */
static bool
set_text(void *object, const struct setting *setting, const char *text)
{
	void *at = place_of(object, setting);

	if (setting->words != NULL && word_number(setting, text) < 0)
		return false;
	if (setting->standard == NULL && *text == '\0')
		return false; /* a setting that must be given cannot be empty */
	switch (setting->type) {
	case SETTING_MODE:
		return set_mode(object, setting, text);
	case SETTING_CLOCK:
		return set_clock(object, setting, text);
	case SETTING_FLAG:
		*(bool *)at = word_number(setting, text) == 1;
		return true;
	case SETTING_CHOICE:
		*(unsigned *)at = (unsigned)word_number(setting, text);
		return true;
	default:
		g_free(*(char **)at);
		*(char **)at = g_strdup(text);
		return true;
	}
}

static bool
set_number(void *object, const struct setting *setting, uint64_t number)
{
	if (number < setting->least || number > setting->most)
		return false;
	*(uint64_t *)place_of(object, setting) = number;
	return true;
}

/* Takes the default as the table writes it: "5 days". */
static void
set_standard(void *object, const struct setting *setting)
{
	const char *unit = strchr(setting->standard, ' ');
	uint64_t factor = 1;

	if (setting->type == SETTING_LIST || setting->type == SETTING_DOMAINS ||
	    setting->type == SETTING_WORDS) {
		*(char ***)place_of(object, setting) = g_strsplit(setting->standard, " ", -1);
		return;
	}
	if (setting->type < SETTING_COUNT) {
		set_text(object, setting, setting->standard);
		return;
	}
	if (unit != NULL)
		unit_find(unit + 1, &factor);
	set_number(object, setting, g_ascii_strtoull(setting->standard, NULL, 10) * factor);
}

bool
setting_is_same(const struct setting *setting, const void *one, const void *other)
{
	const void *a = place_of(one, setting), *b = place_of(other, setting);

	switch (setting->type) {
	case SETTING_TEXT:
	case SETTING_SECRET:
	case SETTING_WORD:
	case SETTING_TABLE:
		return g_strcmp0(*(char *const *)a, *(char *const *)b) == 0;
	case SETTING_WORDS:
	case SETTING_LIST:
	case SETTING_DOMAINS:
		return g_strv_equal(*(const char *const *const *)a, *(const char *const *const *)b);
	case SETTING_MODE:
		return *(const mode_t *)a == *(const mode_t *)b;
	case SETTING_FLAG:
		return *(const bool *)a == *(const bool *)b;
	case SETTING_CHOICE:
		return *(const unsigned *)a == *(const unsigned *)b;
	default:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	}
}

static void
set_standards(void *object, const struct setting *settings)
{
	for (const struct setting *s = settings; s->field != NULL; s++)
		if (s->standard != NULL)
			set_standard(object, s);
}

static void
free_values(void *object, const struct setting *settings)
{
	for (const struct setting *s = settings; s->field != NULL; s++) {
		if (s->type == SETTING_TEXT || s->type == SETTING_SECRET ||
		    s->type == SETTING_WORD || s->type == SETTING_TABLE)
			g_free(*(char **)place_of(object, s));
		else if (s->type == SETTING_LIST || s->type == SETTING_DOMAINS ||
			 s->type == SETTING_WORDS)
			g_strfreev(*(char ***)place_of(object, s));
	}
}

static void
directory_free(struct directory *directory)
{
	free_values(directory, directory_table);
	g_free(directory->name);
	g_free(directory);
}

struct settings *
settings_new(void)
{
	struct settings *settings = g_new0(struct settings, 1);

	set_standards(settings, table);
	settings->directories = g_ptr_array_new_with_free_func((GDestroyNotify)directory_free);
	g_free(settings->hostname);
	settings->hostname = g_strdup(g_get_host_name());
	return settings;
}

const struct directory *
settings_directory(const struct settings *settings, const char *name)
{
	for (guint i = 0; i < settings->directories->len; i++) {
		const struct directory *directory = g_ptr_array_index(settings->directories, i);

		if (strcmp(directory->name, name) == 0)
			return directory;
	}
	return NULL;
}

void
settings_free(struct settings *settings)
{
	if (settings == NULL)
		return;
	free_values(settings, table);
	g_ptr_array_unref(settings->directories);
	g_free(settings);
}

/* --- lines --- */

struct settings_reader {
	const struct configuration *configuration;
	GPtrArray *errors;
	struct settings *settings;
	GHashTable *seen;   /* struct setting → struct token, its name in the file */
	GPtrArray *tables;  /* struct token */
	GPtrArray *secrets; /* struct token, in the order of the file */
	guint before;	    /* errors that were there before */
};

/* A line as it is being read: `at` is the next token. */
struct cursor {
	struct settings_reader *reader;
	const struct token *at;
	const struct setting *setting;
	void *object; /* that it belongs to: a struct settings or directory */
};

struct settings_reader *
settings_reader_new(const struct configuration *configuration, GPtrArray *errors)
{
	struct settings_reader *reader = g_new0(struct settings_reader, 1);

	reader->configuration = configuration;
	reader->errors = errors;
	reader->before = errors->len;
	reader->settings = settings_new();
	reader->seen = g_hash_table_new(NULL, NULL);
	reader->tables = g_ptr_array_new();
	reader->secrets = g_ptr_array_new();
	return reader;
}

const GPtrArray *
settings_reader_tables(const struct settings_reader *reader)
{
	return reader->tables;
}

static bool
expect(const struct cursor *cursor, const char *wanted)
{
	g_autofree char *found = configuration_show(cursor->at);
	g_autofree char *name = cursor->setting == NULL ? NULL : setting_name(cursor->setting);

	configuration_complain(cursor->reader->errors, &cursor->at->place,
			       "found %s, expected %s%s%s", found, wanted,
			       name == NULL ? "" : " for ", name == NULL ? "" : name);
	return false;
}

static bool
read_text(struct cursor *cursor)
{
	const struct setting *setting = cursor->setting;

	if (cursor->at->kind != TOKEN_STRING)
		return expect(cursor, expected[setting->type]);
	if (!set_text(cursor->object, setting, cursor->at->text)) {
		g_autofree char *words = g_strdup_printf("one of: %s", setting->words);

		return expect(cursor, setting->words == NULL ? expected[setting->type] : words);
	}
	if (setting->type == SETTING_SECRET)
		g_ptr_array_add(cursor->reader->secrets, (gpointer)cursor->at);
	cursor->at++;
	return true;
}

static bool
read_table(struct cursor *cursor)
{
	if (cursor->at->kind != TOKEN_TABLE)
		return expect(cursor, expected[SETTING_TABLE]);
	set_text(cursor->object, cursor->setting, cursor->at->text);
	g_ptr_array_add(cursor->reader->tables, (gpointer)cursor->at);
	cursor->at++;
	return true;
}

static bool
read_list(struct cursor *cursor)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	char ***at = place_of(cursor->object, cursor->setting);
	struct fault fault;

	if (cursor->at->kind != TOKEN_OPEN)
		return expect(cursor, expected[cursor->setting->type]);
	for (cursor->at++; cursor->at->kind == TOKEN_STRING;) {
		g_autofree char *canonical = NULL;

		if (cursor->setting->type == SETTING_DOMAINS &&
		    !domain_parse(cursor->at->text, &canonical, &fault))
			return expect(cursor, "a domain such as \"example.com\"");
		g_ptr_array_add(texts, canonical == NULL ? g_strdup(cursor->at->text)
							 : g_steal_pointer(&canonical));
		cursor->at++;
		if (cursor->at->kind == TOKEN_COMMA && cursor->at[1].kind == TOKEN_STRING)
			cursor->at++;
	}
	if (texts->len == 0)
		return expect(cursor, "a text in quotes");
	if (cursor->at->kind != TOKEN_CLOSE)
		return expect(cursor, "another text in quotes or a closing brace");
	cursor->at++;
	g_ptr_array_add(texts, NULL);
	g_strfreev(*at);
	*at = g_strdupv((char **)texts->pdata);
	return true;
}

/* Words without quotes; the line goes on with another setting where no comma follows. */
static bool
read_words(struct cursor *cursor)
{
	const struct setting *setting = cursor->setting;
	g_autofree char *wanted = g_strdup_printf("one or more of: %s", setting->words);
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	char ***at = place_of(cursor->object, setting);

	for (bool more = true; more; cursor->at += more ? 2 : 1) {
		const struct token *word = cursor->at;

		if (word->kind != TOKEN_WORD || word_number(setting, word->text) < 0)
			return expect(cursor, wanted);
		for (guint i = 0; i < words->len; i++)
			if (strcmp(g_ptr_array_index(words, i), word->text) == 0)
				return expect(cursor, "each word once");
		g_ptr_array_add(words, word->text);
		more = word[1].kind == TOKEN_COMMA;
	}
	g_ptr_array_add(words, NULL);
	g_strfreev(*at);
	*at = g_strdupv((char **)words->pdata);
	return true;
}

/* The range of a number, worded as in the file. */
static char *
range(const struct setting *setting)
{
	const char *unit = setting->type == SETTING_BYTES     ? " bytes"
			   : setting->type == SETTING_SECONDS ? " seconds"
							      : "";

	return g_strdup_printf("%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT "%s", setting->least,
			       setting->most, unit);
}

static bool
read_number(struct cursor *cursor)
{
	const struct setting *setting = cursor->setting;
	const struct token *number = cursor->at, *unit = cursor->at + 1;
	enum unit wanted = setting->type == SETTING_BYTES     ? UNIT_BYTES
			   : setting->type == SETTING_SECONDS ? UNIT_SECONDS
							      : UNIT_NONE;
	enum unit found = UNIT_NONE;
	uint64_t factor = 1, value;

	if (number->kind != TOKEN_NUMBER)
		return expect(cursor, expected[setting->type]);
	if (unit->kind == TOKEN_WORD)
		found = unit_find(unit->text, &factor);
	if (found != wanted && !(found == UNIT_NONE && wanted == UNIT_BYTES)) {
		cursor->at += found != UNIT_NONE;
		return expect(cursor, expected[setting->type]);
	}
	if (!unit_multiply(number->number, factor, &value) ||
	    !set_number(cursor->object, setting, value)) {
		g_autofree char *between = range(setting);

		return expect(cursor, between);
	}
	cursor->at += found == UNIT_NONE ? 1 : 2;
	return true;
}

static bool
read_value(struct cursor *cursor)
{
	switch (cursor->setting->type) {
	case SETTING_TABLE:
		return read_table(cursor);
	case SETTING_WORDS:
		return read_words(cursor);
	case SETTING_LIST:
	case SETTING_DOMAINS:
		return read_list(cursor);
	case SETTING_COUNT:
	case SETTING_BYTES:
	case SETTING_SECONDS:
		return read_number(cursor);
	default:
		return read_text(cursor);
	}
}

/* Finds a setting by its words; the second may be NULL. */
static const struct setting *
find(const char *first, const char *second)
{
	g_autofree char *field =
		second == NULL ? g_strdup(first) : g_strconcat(first, "_", second, NULL);

	for (const struct setting *s = table; s->field != NULL; s++)
		if (strcmp(s->field, field) == 0)
			return s;
	return NULL;
}

/* Reads one setting: `name` is the token that names it, and `cursor` is after the name. */
static bool
read_setting(struct cursor *cursor, const struct token *name, const char *first, const char *second)
{
	struct settings_reader *reader = cursor->reader;
	g_autofree char *shown =
		second == NULL ? g_strdup(first) : g_strconcat(first, " ", second, NULL);

	cursor->setting = find(first, second);
	if (cursor->setting == NULL)
		configuration_complain(reader->errors, &name->place,
				       "found %s, expected a setting, table, match or otherwise "
				       "(postseal.conf(5) lists the settings)",
				       shown);
	else if (!g_hash_table_insert(reader->seen, (gpointer)cursor->setting, (gpointer)name))
		configuration_complain(reader->errors, &name->place,
				       "found %s a second time, expected it once", shown);
	else
		return read_value(cursor);
	return false;
}

/* --- directories --- */

static const struct setting *
find_of_directory(const struct token *word)
{
	for (const struct setting *s = directory_table; s->field != NULL; s++)
		if (word->kind == TOKEN_WORD && strcmp(s->field, word->text) == 0)
			return s;
	return NULL;
}

/* `url "ldaps://…"` */
static bool
read_of_directory(struct cursor *cursor, GHashTable *seen)
{
	const struct token *word = cursor->at;

	cursor->setting = NULL;
	if (find_of_directory(word) == NULL)
		return expect(cursor, "url, base, domains, filter, bind, password, authorities or "
				      "the end of the line");
	cursor->setting = find_of_directory(word);
	if (!g_hash_table_add(seen, (gpointer)cursor->setting)) {
		configuration_complain(cursor->reader->errors, &word->place,
				       "found %s a second time, expected it once", word->text);
		return false;
	}
	cursor->at++;
	return read_value(cursor);
}

static bool
is_complete(struct cursor *cursor, const struct directory *directory)
{
	if (settings_directory(cursor->reader->settings, directory->name) != NULL)
		return expect(cursor, "a name that no other directory has");
	cursor->setting = NULL;
	if (directory->url == NULL)
		return expect(cursor, "url");
	if (directory->base == NULL)
		return expect(cursor, "base");
	if ((*directory->bind == '\0') != (*directory->password == '\0'))
		return expect(cursor, "bind and password, or neither");
	return true;
}

/* `directory staff url "ldaps://…" base "dc=…"`, from the name on. */
static void
read_directory(struct cursor *cursor)
{
	struct directory *directory;
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	bool good = true;

	if (cursor->at->kind != TOKEN_WORD) {
		expect(cursor, "a name for the directory");
		return;
	}
	directory = g_new0(struct directory, 1);
	directory->name = g_strdup(cursor->at->text);
	set_standards(directory, directory_table);
	cursor->object = directory;
	for (cursor->at++; good && cursor->at->kind != TOKEN_END;)
		good = read_of_directory(cursor, seen);
	if (good && is_complete(cursor, directory))
		g_ptr_array_add(cursor->reader->settings->directories, directory);
	else
		directory_free(directory);
}

bool
settings_same_directories(const struct settings *one, const struct settings *other)
{
	if (one->directories->len != other->directories->len)
		return false;
	for (guint i = 0; i < one->directories->len; i++) {
		const struct directory *a = g_ptr_array_index(one->directories, i);
		const struct directory *b = g_ptr_array_index(other->directories, i);

		for (const struct setting *s = directory_table; s->field != NULL; s++)
			if (!setting_is_same(s, a, b))
				return false;
		if (strcmp(a->name, b->name) != 0)
			return false;
	}
	return true;
}

/* `organisation "x"`, or several settings with the same first word: `portal listen "x" url "y"`. */
void
settings_reader_line(struct settings_reader *reader, const struct configuration_line *line)
{
	const struct token *first = &g_array_index(line->tokens, struct token, 0);
	struct cursor cursor = {.reader = reader, .at = first + 1, .object = reader->settings};
	bool good;

	if (first->kind != TOKEN_WORD) {
		cursor.at = first;
		expect(&cursor, "a setting, table, match or otherwise");
		return;
	}
	if (strcmp(first->text, "directory") == 0) {
		read_directory(&cursor);
		return;
	}
	good = cursor.at->kind == TOKEN_WORD || read_setting(&cursor, first, first->text, NULL);
	while (good && cursor.at->kind != TOKEN_END) {
		const struct token *second = cursor.at;

		cursor.setting = NULL;
		if (second->kind != TOKEN_WORD) {
			expect(&cursor, "a setting or the end of the line");
			return;
		}
		cursor.at++;
		good = read_setting(&cursor, second, first->text, second->text);
	}
}

/* --- the whole file --- */

/* Copies what is between two tokens: blanks and line ends, but not comments. */
static void
append_gap(GString *text, const char *gap, size_t length)
{
	bool in_comment = false;

	for (size_t i = 0; i < length; i++) {
		in_comment = gap[i] != '\n' && (in_comment || gap[i] == '#');
		if (!in_comment)
			g_string_append_c(text, gap[i]);
	}
}

/* The text of one of the files, without what is secret. */
static void
append_public(GString *text, const struct settings_reader *reader,
	      const struct configuration_file *file)
{
	const GPtrArray *lines = reader->configuration->lines;
	size_t done = 0;

	for (guint i = 0; i < lines->len; i++) {
		const GArray *tokens =
			((const struct configuration_line *)g_ptr_array_index(lines, i))->tokens;

		for (guint j = 0; j < tokens->len; j++) {
			const struct token *token = &g_array_index(tokens, struct token, j);
			size_t begin = token->place.begin, end = token->place.end;

			if (token->place.file != file)
				break;
			append_gap(text, file->text + done, begin - done);
			if (g_ptr_array_find(reader->secrets, token, NULL))
				g_string_append(text, "\"***\"");
			else
				g_string_append_len(text, file->text + begin,
						    (gssize)(end - begin));
			done = end;
		}
	}
	append_gap(text, file->text + done, file->length - done);
}

char *
settings_reader_public(const struct settings_reader *reader)
{
	const GPtrArray *files = reader->configuration->files;
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < files->len; i++) {
		const struct configuration_file *file = g_ptr_array_index(files, i);

		if (i > 0)
			g_string_append_printf(text, "\n# %s\n", file->path);
		append_public(text, reader, file);
	}
	return g_utf8_make_valid(text->str, (gssize)text->len);
}

static void
complain_of_what_is_missing(struct settings_reader *reader)
{
	for (const struct setting *s = table; s->field != NULL; s++) {
		g_autofree char *name = setting_name(s);

		if (s->standard == NULL && *(void **)place_of(reader->settings, s) == NULL)
			configuration_complain(reader->errors, &reader->configuration->end,
					       "found no setting %s, expected %s", name,
					       expected[s->type]);
	}
}

/* Postfix can be told who may send as whom; Sendmail has nothing of the kind. */
static void
complain_of_what_does_not_fit(struct settings_reader *reader)
{
	const struct token *sign = g_hash_table_lookup(reader->seen, find("sign", NULL));

	if (reader->settings->mta == MTA_SENDMAIL && reader->settings->sign == SIGN_MTA)
		configuration_complain(
			reader->errors, &sign->place,
			"found sign \"mta\" with mta \"sendmail\", expected \"login\" or \"any\": "
			"Sendmail does not check who may send as whom");
}

struct settings *
settings_reader_finish(struct settings_reader *reader)
{
	struct settings *settings = reader->settings;

	if (reader->errors->len == reader->before)
		complain_of_what_is_missing(reader);
	complain_of_what_does_not_fit(reader);
	g_hash_table_unref(reader->seen);
	g_ptr_array_unref(reader->tables);
	g_ptr_array_unref(reader->secrets);
	g_free(reader);
	return settings;
}

struct settings *
settings_load(const char *path, GPtrArray *errors)
{
	const guint before = errors->len;
	g_autoptr(configuration_auto) configuration = configuration_read(path, errors);
	g_autoptr(settings_auto) settings = NULL;
	struct settings_reader *reader;

	if (configuration == NULL)
		return NULL;
	reader = settings_reader_new(configuration, errors);
	for (guint i = 0; i < configuration->lines->len; i++) {
		const struct configuration_line *line = g_ptr_array_index(configuration->lines, i);

		if (!line->is_rule)
			settings_reader_line(reader, line);
	}
	settings = settings_reader_finish(reader);
	return errors->len > before ? NULL : g_steal_pointer(&settings);
}

struct settings *
settings_read(const char *path)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
	struct settings *settings = settings_load(path, errors);

	configuration_log(errors);
	return settings;
}
