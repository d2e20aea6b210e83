#include "mail/subject_tags.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail/encoded_words.h"

enum {
	DIGITS_MIN = 7,
	DIGITS_MAX = 15, /* of a phone number */
	LINE_CHARACTERS = 76,
	LINE_CHARACTERS_MOST = 998, /* RFC 5322 §2.1.1 */
	TIMES_MAX = 16,		    /* how often a tag is removed from one subject */
	WORD_BYTES = 39, /* of text in an encoded word, so that one fits after the field name */
};

static const char blanks[] = " \t\r\n";

static bool
is_blank(char c)
{
	return c != '\0' && strchr(blanks, c) != NULL;
}

/* --- finding --- */

/* The length in bytes of the tag, which is folded, at the beginning of `text`; 0: `text` does not
 * begin with it. */
static size_t
tag_length(const char *text, const char *tag)
{
	const char *at = text;

	while (*tag != '\0') {
		g_autofree char *folded =
			*at == '\0' ? NULL : g_utf8_casefold(at, g_utf8_next_char(at) - at);

		if (folded == NULL || !g_str_has_prefix(tag, folded))
			return 0;
		tag += strlen(folded);
		at = g_utf8_next_char(at);
	}
	return (size_t)(at - text);
}

/* `text` is valid UTF-8. */
static const char *
find_tag(const char *text, const char *tag, size_t *length_r)
{
	g_autofree char *folded = g_utf8_casefold(tag, -1);

	if (*folded == '\0')
		return NULL;
	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		bool may_be = (unsigned char)(*text | *folded) >= 0x80 ||
			      g_ascii_tolower(*text) == g_ascii_tolower(*folded);

		*length_r = may_be ? tag_length(text, folded) : 0;
		if (*length_r > 0)
			return text;
	}
	return NULL;
}

/* --- in the text that is shown --- */

/* Removes the tag, and the blank that separated it. */
static bool
cut_tag(char *text, const char *tag)
{
	size_t length;
	char *at = (char *)find_tag(text, tag, &length), *end;

	if (at == NULL)
		return false;
	end = at + length;
	if (*end == ' ')
		end++;
	else if (at > text && at[-1] == ' ')
		at--;
	memmove(at, end, strlen(end) + 1);
	return true;
}

static bool
cut_tags(char *text, const char *const *tags)
{
	bool cut = false;

	for (; *tags != NULL; tags++)
		for (int times = 0; times < TIMES_MAX && cut_tag(text, *tags); times++)
			cut = true;
	return cut;
}

/* --- in the field as it stands --- */

/* A value without its line ends, and the position of each byte in the original. */
struct unfolded {
	char *text;
	size_t *places;
};

static void
unfold(struct unfolded *unfolded, const char *value)
{
	size_t used = 0, length = strlen(value);

	unfolded->text = g_malloc(length + 1);
	unfolded->places = g_new(size_t, length + 1);
	for (size_t i = 0; i <= length; i++)
		if (value[i] != '\n' && value[i] != '\r') {
			unfolded->places[used] = i;
			unfolded->text[used++] = value[i];
		}
}

static void
unfolded_clear(struct unfolded *unfolded)
{
	g_free(unfolded->text);
	g_free(unfolded->places);
}

/* Of the blanks before and after a tag, one run is kept: the one with the line end, so that lines
 * stay short. */
static void
cut_field(GString *value, size_t from, size_t end)
{
	size_t before = from, behind = end;
	const char *text = value->str;

	while (before > 0 && is_blank(text[before - 1]))
		before--;
	while (is_blank(text[behind]))
		behind++;
	if (text[behind] == '\0')
		from = before, end = behind;
	else if (before < from && memchr(text + end, '\n', behind - end) != NULL && before > 0)
		from = before;
	else if (before < from)
		end = behind;
	g_string_erase(value, (gssize)from, (gssize)(end - from));
}

static bool
cut_field_tag(GString *value, const char *tag)
{
	struct unfolded unfolded;
	const char *at;
	size_t length;

	unfold(&unfolded, value->str);
	at = find_tag(unfolded.text, tag, &length);
	if (at != NULL)
		cut_field(value, unfolded.places[at - unfolded.text],
			  unfolded.places[at - unfolded.text + (ptrdiff_t)length - 1] + 1);
	unfolded_clear(&unfolded);
	return at != NULL;
}

/* Compares without regard to blanks. */
static bool
read_alike(const char *a, const char *b)
{
	while (true) {
		bool a_blank = is_blank(*a), b_blank = is_blank(*b);

		a += strspn(a, blanks);
		b += strspn(b, blanks);
		if (*a == '\0' || *b == '\0')
			return *a == *b;
		if (a_blank != b_blank || *a++ != *b++)
			return false;
	}
}

/* The value with the tags cut out of its bytes; NULL if the result would not read as `wanted`.
 * Caller frees. */
static char *
cut_in_place(const char *value, const char *const *tags, const char *wanted)
{
	g_autoptr(GString) left = NULL;
	g_autofree char *shown = NULL;

	if (!g_utf8_validate(value, -1, NULL))
		return NULL;
	left = g_string_new(value);
	for (; *tags != NULL; tags++)
		for (int times = 0; times < TIMES_MAX && cut_field_tag(left, *tags); times++)
			;
	if (!is_blank(*left->str))
		g_string_prepend_c(left, ' ');
	shown = field_shown(left->str);
	return read_alike(shown, wanted) ? g_string_free(g_steal_pointer(&left), FALSE) : NULL;
}

/* --- written anew --- */

/* The whole text as encoded words, split between characters. Caller frees. */
static char *
encoded_words(const char *text)
{
	g_autoptr(GString) words = g_string_new(NULL);

	while (*text != '\0') {
		const char *end = text;
		g_autofree char *base64 = NULL;

		while (*end != '\0' && g_utf8_next_char(end) - text <= WORD_BYTES)
			end = g_utf8_next_char(end);
		base64 = g_base64_encode((const guchar *)text, (gsize)(end - text));
		g_string_append_printf(words, "%s=?UTF-8?B?%s?=", words->len > 0 ? " " : "",
				       base64);
		text = end;
	}
	return g_strdup(words->str);
}

/* Breaks lines at blanks. `used` characters precede the text on its line. */
static char *
folded_lines(const char *text, size_t used)
{
	GString *lines = g_string_new(NULL);

	while (*text != '\0') {
		size_t length = strspn(text, " ") + strcspn(text + strspn(text, " "), " ");
		bool breaks = lines->len > 0 && used + length > LINE_CHARACTERS &&
			      text[strspn(text, " ")] != '\0';

		if (breaks)
			g_string_append_c(lines, '\n');
		g_string_append_len(lines, text, (gssize)length);
		used = breaks ? length : used + length;
		text += length;
	}
	return g_string_free(lines, FALSE);
}

static char *
as_encoded_words(const char *shown)
{
	g_autofree char *words = encoded_words(shown), *value = g_strconcat(" ", words, NULL);

	return folded_lines(value, strlen("Subject:"));
}

static size_t
longest_word(const char *text)
{
	size_t longest = 0;

	for (; *text != '\0'; text += strspn(text, " ")) {
		size_t length = strcspn(text, " ");

		longest = MAX(longest, length);
		text += length;
	}
	return longest;
}

static char *
written_anew(const char *shown)
{
	g_autofree char *encoded = g_mime_utils_header_encode_text(NULL, shown, "utf-8");
	g_autofree char *value = g_strconcat(" ", encoded, NULL);

	if (longest_word(encoded) + 2 > LINE_CHARACTERS_MOST)
		return as_encoded_words(shown);
	return folded_lines(value, strlen("Subject:"));
}

/* As the standard reads it. NULL: no tag is in it. Caller frees. */
static char *
remove_standard(const char *value, const char *const *tags)
{
	g_autofree char *decoded = field_shown(value);
	g_autofree char *shown = g_utf8_make_valid(decoded, -1);
	char *left;

	if (!cut_tags(shown, tags))
		return NULL;
	g_strstrip(shown);
	left = cut_in_place(value, tags, shown);
	return left == NULL ? written_anew(shown) : left;
}

struct doubt {
	const char *const *tags;
	char *left; /* a reading that had a tag, without it */
};

static bool
cut_reading(void *visitor, const char *text)
{
	struct doubt *doubt = visitor;
	g_autofree char *left = g_strdup(text);

	if (cut_tags(left, doubt->tags))
		doubt->left = g_strstrip(g_steal_pointer(&left));
	return doubt->left == NULL;
}

/* What only some programs read as a tag. The subject is written in such a way that all of them read
 * the same; what does not end, as one tag is made up of what is left of another, is left out. */
static char *
remove_doubtful(const char *value, const char *const *tags)
{
	char *written = NULL;

	for (int times = 0; times < TIMES_MAX; times++) {
		struct doubt doubt = {.tags = tags};

		if (encoded_words_each(written == NULL ? value : written, NULL, cut_reading,
				       &doubt))
			return written;
		g_free(written);
		written = as_encoded_words(doubt.left);
		g_free(doubt.left);
	}
	g_free(written);
	return g_strdup(" ");
}

char *
subject_tags_remove(const char *value, const char *const *tags)
{
	char *standard = remove_standard(value, tags);
	char *written = remove_doubtful(standard == NULL ? value : standard, tags);

	if (written == NULL)
		return standard;
	g_free(standard);
	return written;
}

/* --- what is read --- */

char *
subject_tags_shown(const struct message *message, const char *const *tags)
{
	const struct field *field = message_field(message, "Subject");
	g_autofree char *without = field == NULL ? NULL : subject_tags_remove(field->value, tags);
	g_autofree char *shown = field == NULL
					 ? g_strdup("")
					 : field_shown(without == NULL ? field->value : without);

	/* Encoded words may contain line ends. */
	return g_strdelimit(g_utf8_make_valid(shown, -1), "\r\n", ' ');
}

/* Does the text up to `end` consist of blanks and bracketed words? */
static bool
are_tags(const char *text, const char *end)
{
	text += strspn(text, blanks);
	while (text < end && *text == '[' && (text = strchr(text, ']')) != NULL && text < end)
		text += 1 + strspn(text + 1, blanks);
	return text != NULL && text >= end;
}

bool
subject_tags_has(const char *subject, const char *tag, bool leads)
{
	g_autofree char *valid = g_utf8_make_valid(subject, -1);
	size_t length;
	const char *at = find_tag(valid, tag, &length);

	return at != NULL && (!leads || (are_tags(valid, at) &&
					 memchr(valid, '\n', (size_t)(at - valid)) == NULL));
}

static bool
is_telephone_number(const char *text)
{
	size_t digits = strlen(text) - (*text == '+');

	return *text == '+' && digits >= DIGITS_MIN && digits <= DIGITS_MAX &&
	       strspn(text + 1, "0123456789") == digits;
}

char *
subject_tags_phone(const struct message *message, char **number_r)
{
	static const char mark[] = "[sms:";
	g_autofree char *subject = message_field_shown(message, "Subject");
	const char *at = strcasestr(subject, mark);
	const char *end = at == NULL || !are_tags(subject, at) ? NULL : strchr(at, ']');
	g_autofree char *number = NULL;

	*number_r = NULL;
	if (end == NULL)
		return NULL;
	number = g_strndup(at + strlen(mark), (gsize)(end - at) - strlen(mark));
	if (!is_telephone_number(number))
		return NULL;
	*number_r = g_steal_pointer(&number);
	return g_strndup(at, (gsize)(end - at) + 1);
}
