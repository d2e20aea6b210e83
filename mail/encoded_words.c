#include "mail/encoded_words.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/text.h"

/* What programs do differently; a reading is a set of these. */
enum choice {
	ENDS_BEFORE_BLANK = 1 << 0,
	REFUSES_QUESTION_MARKS = 1 << 1,
	STOPS_AT_PADDING = 1 << 2,
	SKIPS_PADDING = 1 << 3,
	KNOWS_URL_SYMBOLS = 1 << 4,
	KEEPS_UNDERSCORES = 1 << 5,
	IGNORES_CHARSET = 1 << 6,
	CONVERTS_ONE_BY_ONE = 1 << 7,
	KEEPS_BLANKS = 1 << 8,
	DROPS_FOLDS = 1 << 9,
	DECODES_TWICE = 1 << 10,
	DOES_NOT_GUESS = 1 << 11,
	CHOICES = 1 << 12,
};

enum {
	CHARSET_BYTES = 60,
	TOGETHER = 4,	    /* choices of one reading, */
	LONG_BYTES = 2000,  /* of a longer value half as many, */
	HUGE_BYTES = 20000, /* and of a still longer one, one */
};

struct decoder {
	unsigned choices;
	unsigned matters; /* the choices that would make a difference */
	GString *out;
	GString *bytes;	   /* of words that are converted together */
	size_t characters; /* of them, those known to be characters by themselves */
	char charset[CHARSET_BYTES + 1];
	const char *next_end, *next_far_end; /* of a word in the text; NULL: not looked for yet */
	GHashTable *converted;		     /* struct conversion, of all readings of a value */
};

/* What bytes are in their character set, as far as it was needed. */
struct conversion {
	const char *found, *plain; /* character sets: with and without guessing */
	char *guessed, *as_declared;
};

struct word {
	const char *charset, *payload, *end; /* `end` is behind the word */
	size_t charset_length, payload_length;
	bool is_base64;
};

static const char blanks[] = " \t\r\n";

static bool
chooses(struct decoder *decoder, enum choice choice)
{
	decoder->matters |= choice;
	return (decoder->choices & choice) != 0;
}

/* --- finding words --- */

static bool
ends_word(const char *behind)
{
	return *behind == '\0' || strchr(blanks, *behind) != NULL;
}

static const char *
find_end(const char *from, bool before_blank)
{
	const char *end = strstr(from, "?=");

	while (before_blank && end != NULL && !ends_word(end + 2))
		end = strstr(end + 1, "?=");
	return end;
}

/* The next end is found once, however many words begin before it; without one, the end of the text
 * is. */
static const char *
next_end(const char **known, const char *from, bool before_blank)
{
	const char *found;

	if (*known != NULL && *known >= from)
		return *known;
	found = find_end(from, before_blank);
	*known = found == NULL ? from + strlen(from) : found;
	return *known;
}

/* The end of the payload that begins at `from`; a word that is not closed ends with the text. */
static const char *
payload_end(struct decoder *decoder, const char *from)
{
	const char *first = next_end(&decoder->next_end, from, false), *far;

	if (*first == '\0' || ends_word(first + 2) || g_str_has_prefix(first + 2, "=?"))
		return first;
	far = next_end(&decoder->next_far_end, first, true);
	return *far != '\0' && chooses(decoder, ENDS_BEFORE_BLANK) ? far : first;
}

static bool
word_at(struct decoder *decoder, const char *at, struct word *word)
{
	const char *end;

	if (at[0] != '=' || at[1] != '?')
		return false;
	word->charset = at + 2;
	word->charset_length = strcspn(word->charset, "?*\r\n");
	at = word->charset + strcspn(word->charset, "?");
	if (word->charset_length > CHARSET_BYTES || at[0] != '?' || at[1] == '\0' || at[2] != '?' ||
	    strchr("bBqQ", at[1]) == NULL)
		return false;
	word->is_base64 = g_ascii_tolower(at[1]) == 'b';
	word->payload = at + 3;
	end = payload_end(decoder, word->payload);
	word->payload_length = (size_t)(end - word->payload);
	word->end = *end == '\0' ? end : end + 2;
	return memchr(word->payload, '?', word->payload_length) == NULL ||
	       !chooses(decoder, REFUSES_QUESTION_MARKS);
}

/* --- their bytes --- */

/* The six bits of the symbol; -1: it is skipped. */
static int
symbol_bits(struct decoder *decoder, char c)
{
	static const char symbols[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(symbols, c);

	if (at != NULL)
		return (int)(at - symbols);
	if ((c == '-' || c == '_') && chooses(decoder, KNOWS_URL_SYMBOLS))
		return c == '-' ? 62 : 63;
	return -1;
}

/* Each group ends at its padding: what is left of it is dropped. */
static void
decode_base64(struct decoder *decoder, const struct word *word)
{
	unsigned bits = 0, held = 0;
	const char *end = word->payload + word->payload_length;

	for (const char *at = word->payload; at < end; at++) {
		int six = symbol_bits(decoder, *at);

		if (six >= 0) {
			bits = (bits << 6 | (unsigned)six) & 0xffff;
			held += 6;
			if (held >= 8) {
				held -= 8;
				g_string_append_c(decoder->bytes, (char)(bits >> held));
			}
			continue;
		}
		if (*at == '=')
			at += strspn(at, "=") - 1;
		if (at + 1 >= end || strchr(blanks, *at) != NULL)
			continue;
		if (chooses(decoder, STOPS_AT_PADDING))
			return;
		if (*at == '=' && !chooses(decoder, SKIPS_PADDING))
			held = 0;
	}
}

/* An equals sign without digits stays, unless the word ends with it. */
static void
decode_quoted(struct decoder *decoder, const struct word *word)
{
	const char *end = word->payload + word->payload_length;

	for (const char *at = word->payload; at < end; at++) {
		if (*at == '=' && end - at > 2 && g_ascii_isxdigit(at[1]) &&
		    g_ascii_isxdigit(at[2])) {
			g_string_append_c(decoder->bytes, (char)(g_ascii_xdigit_value(at[1]) << 4 |
								 g_ascii_xdigit_value(at[2])));
			at += 2;
		} else if (*at == '_') {
			g_string_append_c(decoder->bytes,
					  chooses(decoder, KEEPS_UNDERSCORES) ? '_' : ' ');
		} else if (*at != '=' || at + 1 + strspn(at + 1, blanks) < end) {
			g_string_append_c(decoder->bytes, *at);
		}
	}
}

/* --- their text --- */

static void
conversion_free(void *data)
{
	struct conversion *conversion = data;

	g_free(conversion->guessed);
	g_free(conversion->as_declared);
	g_free(conversion);
}

static GHashTable *
conversions_new(void)
{
	return g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
				     conversion_free);
}

/* The character set and the bytes, which may hold a NUL. */
static GBytes *
conversion_name(const char *charset, const GString *bytes)
{
	GString *name = g_string_new(charset == NULL ? "" : charset);

	g_string_append_c(name, '\n');
	g_string_append_len(name, bytes->str, (gssize)bytes->len);
	return g_string_free_to_bytes(name);
}

static struct conversion *
conversion_new(const char *charset, const GString *bytes)
{
	struct conversion *conversion = g_new0(struct conversion, 1);

	conversion->found = charset_find(charset, false, bytes->str, bytes->len);
	conversion->plain = charset_without_guess(charset, bytes->str, bytes->len);
	return conversion;
}

/* The readings of a value differ in few of its words: to find out about each word in each reading
 * took seconds. */
static struct conversion *
conversion_of(struct decoder *decoder, const char *charset)
{
	GBytes *name = conversion_name(charset, decoder->bytes);
	struct conversion *conversion = g_hash_table_lookup(decoder->converted, name);

	if (conversion != NULL) {
		g_bytes_unref(name);
		return conversion;
	}
	conversion = conversion_new(charset, decoder->bytes);
	g_hash_table_insert(decoder->converted, name, conversion);
	return conversion;
}

static void
append_converted(struct decoder *decoder, const char *charset)
{
	const GString *bytes = decoder->bytes;
	struct conversion *conversion;
	bool guesses = true;
	char **text;

	if (charset_is_plain(charset, bytes->str, bytes->len)) {
		g_string_append_len(decoder->out, bytes->str, (gssize)bytes->len);
		return;
	}
	conversion = conversion_of(decoder, charset);
	if (g_ascii_strcasecmp(conversion->found, conversion->plain) != 0)
		guesses = !chooses(decoder, DOES_NOT_GUESS);
	text = guesses ? &conversion->guessed : &conversion->as_declared;
	if (*text == NULL)
		*text = charset_decode(guesses ? conversion->found : conversion->plain, bytes->str,
				       bytes->len);
	g_string_append(decoder->out, *text);
}

/* ASCII and UTF-8 read the same if the character set is disregarded. */
static bool
charset_matters(const struct decoder *decoder)
{
	return *decoder->charset != '\0' && g_ascii_strcasecmp(decoder->charset, "utf-8") != 0 &&
	       g_ascii_strcasecmp(decoder->charset, "us-ascii") != 0;
}

/* Words that have been collected, or a run of plain text. */
static void
flush(struct decoder *decoder)
{
	bool disregarded = charset_matters(decoder) && chooses(decoder, IGNORES_CHARSET);

	if (decoder->bytes->len > 0)
		append_converted(decoder, disregarded || *decoder->charset == '\0'
						  ? NULL
						  : decoder->charset);
	g_string_truncate(decoder->bytes, 0);
	decoder->characters = 0;
	*decoder->charset = '\0';
}

static bool
has_same_charset(const struct decoder *decoder, const struct word *word)
{
	return strlen(decoder->charset) == word->charset_length &&
	       g_ascii_strncasecmp(decoder->charset, word->charset, word->charset_length) == 0;
}

/* It only matters for bytes that are not characters by themselves. */
static bool
are_characters(struct decoder *decoder)
{
	const GString *bytes = decoder->bytes;
	size_t *known = &decoder->characters;

	while (*known < bytes->len && (unsigned char)bytes->str[*known] < 0x80 &&
	       strchr("\x1b+~", bytes->str[*known]) == NULL)
		++*known;
	return *known == bytes->len;
}

static void
add_word(struct decoder *decoder, const struct word *word)
{
	if ((!has_same_charset(decoder, word) && !chooses(decoder, IGNORES_CHARSET)) ||
	    (!are_characters(decoder) && chooses(decoder, CONVERTS_ONE_BY_ONE)))
		flush(decoder);
	memcpy(decoder->charset, word->charset, word->charset_length);
	decoder->charset[word->charset_length] = '\0';
	if (word->is_base64)
		decode_base64(decoder, word);
	else
		decode_quoted(decoder, word);
}

/* Where the text continues behind a word: blanks before the next word are not shown. */
static const char *
behind_word(struct decoder *decoder, const struct word *word)
{
	const char *next = word->end + strspn(word->end, blanks);
	struct word following;

	if (next == word->end || !word_at(decoder, next, &following) ||
	    chooses(decoder, KEEPS_BLANKS)) {
		flush(decoder);
		return word->end;
	}
	return next;
}

/* `text` has no line ends any more. */
static void
decode(struct decoder *decoder, const char *text)
{
	struct word word;

	while (*text != '\0') {
		if (word_at(decoder, text, &word)) {
			if (*decoder->charset == '\0')
				flush(decoder); /* the plain text before it */
			add_word(decoder, &word);
			text = behind_word(decoder, &word);
			continue;
		}
		if (*decoder->charset != '\0')
			flush(decoder);
		g_string_append_c(decoder->bytes, *text++);
	}
	flush(decoder);
}

/* --- readings --- */

static char *
unfolded(struct decoder *decoder, const char *value)
{
	GString *text = g_string_new(NULL);

	for (; *value != '\0'; value++) {
		bool is_fold = *value == '\n' || *value == '\r';

		if ((is_fold || *value == '\t') && chooses(decoder, DROPS_FOLDS))
			value += strspn(value, blanks) - 1;
		else if (!is_fold)
			g_string_append_c(text, *value);
	}
	return g_strstrip(g_string_free(text, FALSE));
}

static void
decode_again(struct decoder *decoder)
{
	g_autofree char *once = g_strdup(decoder->out->str);

	decoder->next_end = decoder->next_far_end = NULL;
	g_string_truncate(decoder->out, 0);
	decode(decoder, once);
}

static char *
decoded(const char *value, unsigned choices, GHashTable *converted, unsigned *matters)
{
	struct decoder decoder = {.choices = choices,
				  .out = g_string_new(NULL),
				  .bytes = g_string_new(NULL),
				  .converted = converted};
	g_autofree char *text = unfolded(&decoder, value);

	decode(&decoder, text);
	if (strstr(text, "=?") != NULL && strstr(decoder.out->str, "=?") != NULL &&
	    chooses(&decoder, DECODES_TWICE))
		decode_again(&decoder);
	*matters |= decoder.matters;
	g_string_free(decoder.bytes, TRUE);
	return g_string_free(decoder.out, FALSE);
}

char *
encoded_words_decode(const char *value)
{
	g_autoptr(GHashTable) converted = conversions_new();
	unsigned matters = 0;

	return decoded(value, 0, converted, &matters);
}

static char *
as_shown(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *seen = text_as_seen(valid, strlen(valid));
	GString *shown = g_string_new(NULL);

	for (const char *at = seen == NULL ? valid : seen; *at != '\0'; at++)
		if (!g_ascii_isspace(*at))
			g_string_append_c(shown, *at);
		else if (shown->len > 0 && shown->str[shown->len - 1] != ' ')
			g_string_append_c(shown, ' ');
	return g_strchomp(g_string_free(shown, FALSE));
}

/* Visits the text, unless it was visited before. */
static bool
show(GHashTable *visited, const char *text, reading_visit *visit, void *visitor)
{
	char *shown = as_shown(text);

	return !g_hash_table_add(visited, shown) || visit(visitor, shown);
}

static int
choices_together(size_t length)
{
	return length > HUGE_BYTES ? 1 : length > LONG_BYTES ? TOGETHER / 2 : TOGETHER;
}

bool
encoded_words_each(const char *value, struct reading_limit *limit, reading_visit *visit,
		   void *visitor)
{
	g_autoptr(GHashTable) visited =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) converted = conversions_new();
	bool tried[CHOICES] = {false}, go_on = true;
	size_t length = strlen(value);
	int together = choices_together(length);
	unsigned matters = 0, before;

	for (unsigned choices = 0; go_on && choices < CHOICES; choices++) {
		g_autofree char *text = NULL;

		if (tried[choices] || (choices & ~matters) != 0 ||
		    __builtin_popcount(choices) > together)
			continue;
		tried[choices] = true;
		before = matters;
		text = decoded(value, choices, converted, &matters);
		go_on = (before == 0 || reading_limit_take(limit, length + strlen(text))) &&
			show(visited, text, visit, visitor);
		if (matters != before)
			choices = 0; /* what has become worth trying may be smaller */
	}
	return go_on;
}
