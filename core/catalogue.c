#include "core/catalogue.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* GNU gettext manual, "The Format of GNU MO Files". */
enum { MO_MAGIC = 0x950412de, MO_COUNT = 8, MO_ORIGINALS = 12, MO_TRANSLATIONS = 16 };
enum { LANGUAGES = 8 };

static const char *const languages[LANGUAGES + 1] = {"en", "de", "fr", "it", "es",
						     "nl", "pl", "pt", NULL};
static GHashTable *texts[LANGUAGES]; /* maps texts to translations; plural forms follow the first,
					each with its NUL */

/* --- plural forms: Unicode CLDR, "Language Plural Rules" --- */

enum { FORMS = 2, FORMS_POLISH = 3 };

static unsigned
forms_of(const char *language)
{
	return strcmp(language, "pl") == 0 ? FORMS_POLISH : FORMS;
}

static unsigned
polish_form(unsigned long count)
{
	unsigned long ones = count % 10, tens = count / 10 % 10;

	if (count == 1)
		return 0;
	return ones >= 2 && ones <= 4 && tens != 1 ? 1 : 2;
}

/* Which of them goes with this count. French has the singular for zero, too. */
static unsigned
form_for(const char *language, unsigned long count)
{
	if (strcmp(language, "pl") == 0)
		return polish_form(count);
	return strcmp(language, "fr") == 0 ? count > 1 : count != 1;
}

/* --- catalogues --- */

static uint32_t
word_at(const char *data, size_t place)
{
	uint32_t word;

	memcpy(&word, data + place, sizeof word);
	return word;
}

/* String number `i` of the table at `table`; NULL if it is not within the data. Those that follow
 * each other in it are counted. */
static const char *
string_at(const char *data, size_t size, size_t table, uint32_t i, unsigned *count_r)
{
	size_t entry = table + (size_t)i * 8, length, offset;

	if (entry + 8 > size)
		return NULL;
	length = word_at(data, entry);
	offset = word_at(data, entry + 4);
	if (offset >= size || length >= size - offset || data[offset + length] != '\0')
		return NULL;
	*count_r = 0;
	for (size_t j = 0; j <= length; j++)
		*count_r += data[offset + j] == '\0';
	return data + offset;
}

static bool
take(int number, const char *name, const char *data, size_t size, struct fault *fault)
{
	uint32_t count;

	if (size < MO_TRANSLATIONS + 4 || word_at(data, 0) != MO_MAGIC)
		return fault_set(
			fault, FAULT_CONFIG,
			"reading the translations in %s: it is not a file that msgfmt made on "
			"this machine",
			name);
	count = word_at(data, MO_COUNT);
	for (uint32_t i = 0; i < count; i++) {
		unsigned originals, forms;
		const char *text =
			string_at(data, size, word_at(data, MO_ORIGINALS), i, &originals);
		const char *other =
			string_at(data, size, word_at(data, MO_TRANSLATIONS), i, &forms);

		if (text == NULL || other == NULL)
			return fault_set(fault, FAULT_CONFIG,
					 "reading the translations in %s: the file is damaged",
					 name);
		if (originals > 1 && *other != '\0' && forms != forms_of(languages[number]))
			return fault_set(
				fault, FAULT_CONFIG,
				"reading the translations in %s: “%s” has %u plural forms, "
				"not the %u of this language",
				name, text, forms, forms_of(languages[number]));
		if (*text != '\0' && *other != '\0')
			g_hash_table_insert(texts[number], (gpointer)text, (gpointer)other);
	}
	return true;
}

static int
number_of(const char *language)
{
	for (int i = 0; languages[i] != NULL; i++)
		if (strcmp(languages[i], language) == 0)
			return i;
	return 0;
}

/* The contents are kept for as long as the program runs. */
static bool
take_own(const char *directory, int number, struct fault *fault)
{
	g_autofree char *path = g_strdup_printf("%s/%s.mo", directory, languages[number]);
	g_autoptr(GError) error = NULL;
	char *data;
	gsize length;

	if (g_file_get_contents(path, &data, &length, &error))
		return take(number, path, data, length, fault);
	if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return true;
	return fault_set(fault, FAULT_CONFIG, "reading the translations in %s: %s", path,
			 error->message);
}

bool
catalogue_start(const char *directory, struct fault *fault)
{
	for (int i = 0; i < LANGUAGES; i++)
		texts[i] = g_hash_table_new(g_str_hash, g_str_equal);
	for (const struct catalogue_file *file = catalogue_files; file->name != NULL; file++) {
		g_autofree char *language = g_strndup(file->name, strcspn(file->name, "."));

		if (!take(number_of(language), file->name, file->text, file->length, fault))
			return false;
	}
	for (int i = 0; i < LANGUAGES && *directory != '\0'; i++)
		if (!take_own(directory, i, fault))
			return false;
	return true;
}

const char *const *
catalogue_languages(void)
{
	return languages;
}

const char *
catalogue_language(const char *tag)
{
	for (int i = 0; tag != NULL && languages[i] != NULL; i++)
		if (g_ascii_strncasecmp(tag, languages[i], 2) == 0 && !g_ascii_isalnum(tag[2]))
			return languages[i];
	return NULL;
}

/* Browsers send the list in order of preference already: weights are ignored. */
const char *
catalogue_accepted(const char *list)
{
	g_auto(GStrv) tags = g_strsplit(list == NULL ? "" : list, ",", 20);

	for (char **tag = tags; *tag != NULL; tag++) {
		const char *language = catalogue_language(g_strstrip(*tag));

		if (language != NULL)
			return language;
	}
	return NULL;
}

static const char *
find(const char *language, const char *text)
{
	GHashTable *table = texts[number_of(language)];

	return table == NULL ? NULL : g_hash_table_lookup(table, text);
}

const char *
translate(const char *language, const char *text)
{
	const char *other = find(language, text);

	return other == NULL ? text : other;
}

const char *
translate_plural(const char *language, const char *one, const char *many, unsigned long count)
{
	const char *other = find(language, one);

	if (other == NULL)
		return count == 1 ? one : many;
	for (unsigned form = form_for(language, count); form > 0; form--)
		other += strlen(other) + 1;
	return other;
}

static char *
date_in(const char *language, GDateTime *when)
{
	/* A date format for strftime(3), with numbers instead of names of months. */
	return when == NULL ? g_strdup("")
			    : g_date_time_format(when, translate(language, "%-d %b %Y, %H:%M"));
}

char *
translate_date(const char *language, int64_t at)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(at);

	return date_in(language, when);
}

char *
translate_clock(const char *language, int64_t clock)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(clock);

	return date_in(language, when);
}

char *
translate_day(const char *language, int64_t clock)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(clock);

	/* A date format for strftime(3), with numbers instead of names of months. */
	return when == NULL ? g_strdup("")
			    : g_date_time_format(when, translate(language, "%-d %b %Y"));
}

const char *
translate_weekday(const char *language, int number)
{
	static const char *const names[] = {N_("Monday"),   N_("Tuesday"), N_("Wednesday"),
					    N_("Thursday"), N_("Friday"),  N_("Saturday"),
					    N_("Sunday")};

	return number < 1 || number > (int)G_N_ELEMENTS(names)
		       ? ""
		       : translate(language, names[number - 1]);
}
