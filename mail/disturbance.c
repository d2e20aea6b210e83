#include "mail/disturbance.h"

#include <gmime/gmime.h>
#include <string.h>

enum { LINE_MAX_BYTES = 2048, FIELD_MAX_BYTES = 16384, BOUNDARIES_MAX = 200 };

void
disturbance_init(struct disturbance *disturbance)
{
	*disturbance = (struct disturbance){
		.in_header = true,
		.line = g_string_new(NULL),
		.field = g_string_new(NULL),
		.last = g_string_new(NULL),
		.boundaries = g_ptr_array_new_with_free_func(g_free),
	};
}

void
disturbance_clear(struct disturbance *disturbance)
{
	g_string_free(disturbance->line, TRUE);
	g_string_free(disturbance->field, TRUE);
	g_string_free(disturbance->last, TRUE);
	g_ptr_array_unref(disturbance->boundaries);
}

/* --- text in a charset of single bytes --- */

static bool
is_of_single_bytes(const char *charset)
{
	static const char *const families[] = {"iso-8859-", "iso8859-", "windows-125", "cp125",
					       "koi8-"};

	for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
		if (g_ascii_strncasecmp(charset, families[i], strlen(families[i])) == 0)
			return strlen(charset) < DISTURBANCE_CHARSET;
	return false;
}

static void
make_table(struct disturbance *disturbance, const char *charset)
{
	GIConv converter = g_iconv_open("UTF-32LE", charset);

	g_strlcpy(disturbance->table_of, charset, DISTURBANCE_CHARSET);
	memset(disturbance->table, 0, sizeof disturbance->table);
	if (converter == (GIConv)-1)
		return;
	for (unsigned i = 0; i < G_N_ELEMENTS(disturbance->table); i++) {
		char byte = (char)(0x80 + i), made[8] = {0}, *in = &byte, *out = made;
		gsize in_left = 1, out_left = sizeof made;

		g_iconv(converter, NULL, NULL, NULL, NULL);
		if (g_iconv(converter, &in, &in_left, &out, &out_left) != (gsize)-1 &&
		    out_left == sizeof made - 4)
			disturbance->table[i] = (gunichar)(unsigned char)made[0] |
						(gunichar)(unsigned char)made[1] << 8 |
						(gunichar)(unsigned char)made[2] << 16;
	}
	g_iconv_close(converter);
}

static bool
is_letter(gunichar c)
{
	return g_unichar_isalpha(c) || g_unichar_ismark(c);
}

static bool
is_of_another_script(gunichar a, gunichar b)
{
	GUnicodeScript one = g_unichar_get_script(a), other = g_unichar_get_script(b);

	return one != other && one > G_UNICODE_SCRIPT_INHERITED &&
	       other > G_UNICODE_SCRIPT_INHERITED;
}

/* How unusual a letter is where it stands: within words, small letters follow a capital one, or all
 * are capital; digits and the end of a sentence are not followed by letters. */
static unsigned
oddness_of_letter(gunichar c, gunichar before, gunichar before_that)
{
	if (is_letter(before))
		return (is_of_another_script(c, before) ? 2 : 0) +
		       (g_unichar_isupper(c) && g_unichar_islower(before)) +
		       (g_unichar_islower(c) && g_unichar_isupper(before) &&
			g_unichar_isupper(before_that)) +
		       (c >= 0x80 && before >= 0x80 &&
			g_unichar_get_script(c) == G_UNICODE_SCRIPT_LATIN);
	return g_unichar_isdigit(before) ||
	       (before != 0 && before < 0x80 && strchr(",;:!?)", (int)before) != NULL);
}

static bool
is_blank(gunichar c)
{
	return c == 0 || c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xa0;
}

static bool
is_mark(gunichar c)
{
	return c != 0 && c < 0x80 && strchr(".,;:!?()", (int)c) != NULL;
}

/* Quotation marks and dashes, where they stand in text: „these“, ‘these’ and « these » – so. ¿Qué?
 */
static bool
is_placed(gunichar c, gunichar before, gunichar after)
{
	if (c == 0xa1 || c == 0xbf)
		return is_blank(before) && is_letter(after);
	switch (g_unichar_type(c)) {
	case G_UNICODE_DASH_PUNCTUATION:
		return is_blank(before) == is_blank(after);
	case G_UNICODE_OPEN_PUNCTUATION:
	case G_UNICODE_INITIAL_PUNCTUATION:
	case G_UNICODE_FINAL_PUNCTUATION:
		return is_blank(before) || before == '(' || is_blank(after) || is_mark(after) ||
		       (c == 0x2019 && is_letter(before) && is_letter(after));
	default:
		return false;
	}
}

/* Two marks in a row are mostly the same, or those of HTML, quotations and addresses. */
static bool
is_pair(gunichar before, gunichar c)
{
	static const char pairs[] =
		"\"> =\" </ /> /? >< \". \", .\" ,\" !\" ?\" \"( )\" ). ), ); ): .) :/ "
		";& '. ', .' ,' ,- .- -> >> << \": \"; .: '' (\" ('";
	const char at[] = {(char)before, (char)c, '\0'};

	return before == c || (before < 0x80 && c < 0x80 && strstr(pairs, at) != NULL);
}

static bool
is_digit_or_blank(gunichar c)
{
	return is_blank(c) || g_unichar_isdigit(c);
}

/* § 5, 3 €, 25 °C ± 2, m², ½: at a number, or standing alone. */
static bool
is_of_number(gunichar c, gunichar before, gunichar after)
{
	static const gunichar signs[] = {0xa3, 0xa7, 0xb0, 0xb1, 0xb2,	 0xb3,	 0xb7,	0xbc,
					 0xbd, 0xbe, 0xd7, 0xf7, 0x2022, 0x2030, 0x20ac};

	for (size_t i = 0; i < G_N_ELEMENTS(signs); i++)
		if (signs[i] == c)
			return is_digit_or_blank(before) || is_digit_or_blank(after);
	return false;
}

/* The rest of ASCII: | a * b + 5 % | [x] #1 a_b */
static bool
is_usual(gunichar c, gunichar before, gunichar after)
{
	switch (c) {
	case '%':
		return is_digit_or_blank(before);
	case '[':
	case '{':
		return is_blank(before);
	case ']':
	case '}':
		return is_blank(after) || is_mark(after);
	case '#':
	case '$':
	case '+':
		return is_blank(before) && is_digit_or_blank(after);
	case '_':
	case '@':
		return g_unichar_isalnum(before) && g_unichar_isalnum(after);
	default:
		return is_blank(before) && is_blank(after);
	}
}

static unsigned
oddness_of_mark(gunichar c, gunichar before, gunichar after)
{
	if (c == before || c == after) /* *** or ____ */
		return 0;
	if (c >= 0x80)
		return !is_placed(c, before, after) && !is_of_number(c, before, after);
	if (strchr(".,;:!?'\"()/-<>=&", (int)c) == NULL)
		return !is_usual(c, before, after);
	return !is_blank(before) && !is_letter(before) && !g_unichar_isdigit(before) &&
	       before < 0x80 && !is_pair(before, c);
}

static unsigned
oddness_of(gunichar c, gunichar before, gunichar before_that, gunichar after)
{
	if (is_letter(c))
		return oddness_of_letter(c, before, before_that);
	if (g_unichar_isdigit(c))
		return is_letter(before);
	if (is_blank(c))
		return before == '\r' && c != '\n' ? 2 : 0;
	return c == '\f' ? 1 : oddness_of_mark(c, before, after);
}

enum { ODDNESS_MAX = 2, LATIN_HIGH_MAX = 5, BOTH_MAX = 6 };

static gunichar
character_at(const struct disturbance *disturbance, size_t at)
{
	unsigned char byte = disturbance->block[at];

	return byte < 0x80 ? byte : disturbance->table[byte - 0x80];
}

/* Does a block with bytes from 128 on look like text? */
static bool
is_text(const struct disturbance *disturbance, size_t length)
{
	gunichar before = 0, before_that = 0;
	unsigned oddness = 0, high_latin = 0;

	for (size_t i = 0; i < length; i++) {
		gunichar c = character_at(disturbance, i);

		if (c == 0 || (c >= 0x80 && g_unichar_iscntrl(c)))
			return false;
		high_latin += c >= 0x80 &&
			      (!is_letter(c) || g_unichar_get_script(c) == G_UNICODE_SCRIPT_LATIN);
		oddness += oddness_of(c, before, before_that,
				      i + 1 < length ? character_at(disturbance, i + 1) : 0);
		before_that = before;
		before = c;
	}
	return oddness <= ODDNESS_MAX && high_latin <= LATIN_HIGH_MAX &&
	       oddness + high_latin <= BOTH_MAX;
}

static void
end_block(struct disturbance *disturbance, size_t length)
{
	if (!disturbance->block_has_high)
		return;
	disturbance->block_has_high = false;
	if (strcmp(disturbance->table_of, disturbance->part.charset) != 0)
		make_table(disturbance, disturbance->part.charset);
	disturbance->part.is_no_text |= !is_text(disturbance, length);
}

/* --- the structure --- */

static void
end_part(struct disturbance *disturbance)
{
	end_block(disturbance, disturbance->at % DISTURBANCE_BLOCK);
	disturbance->is_found |= disturbance->part.is_not_utf8 && disturbance->part.is_no_text;
	disturbance->part = (struct disturbed_part){0};
}

/* No such type fits into one block behind "Content-Type:". */
static bool
is_known(const char *type)
{
	static const char *const known[] = {"text/",	    "multipart/", "message/",
					    "application/", "image/",	  "audio/",
					    "video/",	    "font/",	  "model/"};

	while (g_ascii_isspace(*type))
		type++;
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (g_ascii_strncasecmp(type, known[i], strlen(known[i])) == 0)
			return g_ascii_isalnum(type[strlen(known[i])]);
	return false;
}

static void
take_type(struct disturbance *disturbance, const char *value)
{
	struct disturbed_part *part = &disturbance->part;
	GMimeContentType *type = g_mime_content_type_parse(NULL, value);
	const char *charset = g_mime_content_type_get_parameter(type, "charset");
	const char *boundary = g_mime_content_type_get_parameter(type, "boundary");

	part->is_message = g_mime_content_type_is_type(type, "message", "rfc822") ||
			   g_mime_content_type_is_type(type, "message", "global");
	part->is_multipart = g_mime_content_type_is_type(type, "multipart", "*");
	part->may_escape = charset != NULL && g_ascii_strncasecmp(charset, "iso-2022", 8) == 0;
	if (charset != NULL && is_of_single_bytes(charset))
		g_strlcpy(part->charset, charset, sizeof part->charset);
	if (part->is_multipart && boundary != NULL && *boundary != '\0' &&
	    disturbance->boundaries->len < BOUNDARIES_MAX)
		g_ptr_array_add(disturbance->boundaries, g_strdup(boundary));
	g_object_unref(type);
	if (disturbance->headers > 0)
		return;
	disturbance->types++;
	disturbance->is_found |= !is_known(value);
}

static bool
begins_with(const char *text, const char *word)
{
	return g_ascii_strncasecmp(text, word, strlen(word)) == 0;
}

static void
take_encoding(struct disturbance *disturbance, const char *value)
{
	while (g_ascii_isspace(*value))
		value++;
	disturbance->part.is_coded =
		begins_with(value, "quoted-printable") || begins_with(value, "base64");
	disturbance->part.is_eight_bit = begins_with(value, "8bit") || begins_with(value, "binary");
}

static void
end_field(struct disturbance *disturbance)
{
	static const char type[] = "Content-Type:", encoding[] = "Content-Transfer-Encoding:";
	const char *field = disturbance->field->str;

	if (begins_with(field, type))
		take_type(disturbance, field + strlen(type));
	else if (begins_with(field, encoding))
		take_encoding(disturbance, field + strlen(encoding));
	g_string_truncate(disturbance->field, 0);
}

static void
end_header(struct disturbance *disturbance)
{
	struct disturbed_part *part = &disturbance->part;

	end_field(disturbance);
	disturbance->in_header = part->is_message && !part->is_coded;
	disturbance->is_found |= disturbance->headers == 0 && disturbance->types != 1;
	if (disturbance->headers++ == 0)
		disturbance->is_found_in_header = disturbance->is_found;
	if (!part->is_eight_bit || part->is_multipart || part->is_message)
		*part->charset = '\0';
	if (disturbance->in_header)
		*part = (struct disturbed_part){0};
}

static void
take_header_line(struct disturbance *disturbance, const char *line)
{
	if (*line == '\0') {
		end_header(disturbance);
		return;
	}
	if (*line != ' ' && *line != '\t')
		end_field(disturbance);
	if (disturbance->field->len + strlen(line) < FIELD_MAX_BYTES)
		g_string_append(disturbance->field, line);
}

/* Is the line one of a multipart that was named? */
static bool
is_delimiter(const struct disturbance *disturbance, const char *line, bool *closes_r)
{
	if (!g_str_has_prefix(line, "--"))
		return false;
	for (guint i = 0; i < disturbance->boundaries->len; i++) {
		const char *boundary = g_ptr_array_index(disturbance->boundaries, i), *rest;

		if (!g_str_has_prefix(line + 2, boundary))
			continue;
		rest = line + 2 + strlen(boundary);
		*closes_r = g_str_has_prefix(rest, "--");
		rest += *closes_r ? 2 : 0;
		if (rest[strspn(rest, " \t")] == '\0')
			return true;
	}
	return false;
}

static void
end_line(struct disturbance *disturbance)
{
	GString *line = disturbance->line;
	bool closes;

	if (line->len > 0 && line->str[line->len - 1] == '\r')
		g_string_truncate(line, line->len - 1);
	if (line->len > 0)
		g_string_assign(disturbance->last, line->str);
	if (is_delimiter(disturbance, line->str, &closes)) {
		end_part(disturbance);
		g_string_truncate(disturbance->field, 0);
		disturbance->in_header = !closes;
	} else if (disturbance->in_header) {
		take_header_line(disturbance, line->str);
	}
	g_string_truncate(line, 0);
}

/* --- bytes --- */

/* Something that is not UTF-8 may be in the charset of the part. */
static void
note_not_utf8(struct disturbance *disturbance)
{
	if (disturbance->in_header || *disturbance->part.charset == '\0')
		disturbance->is_found = true;
	disturbance->part.is_not_utf8 = true;
}

static void
look_at_ascii(struct disturbance *disturbance, unsigned char byte)
{
	if (byte == '\033')
		disturbance->is_found |= !disturbance->part.may_escape;
	else if (byte < ' ' || byte == 0x7f)
		disturbance->is_found |= byte == '\0' || strchr("\t\r\n\f", byte) == NULL;
}

static void
look_at_high(struct disturbance *disturbance, unsigned char byte)
{
	bool is_first = byte >= 0xc2 && byte <= 0xf4;

	disturbance->is_found |= disturbance->part.is_coded && !disturbance->in_header;
	disturbance->block_has_high |= *disturbance->part.charset != '\0';
	if (disturbance->continued > 0 && byte < 0xc0) {
		disturbance->continued--;
		return;
	}
	if (!is_first || disturbance->continued > 0)
		note_not_utf8(disturbance);
	disturbance->continued = !is_first ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
}

/* Does the line go on like a delimiter of a multipart that was named? */
static bool
continues_delimiter(const struct disturbance *disturbance, unsigned char byte)
{
	const GString *line = disturbance->line;

	if (line->len < 2)
		return byte == '-' && (line->len == 0 || line->str[0] == '-');
	if (!g_str_has_prefix(line->str, "--"))
		return false;
	for (guint i = 0; i < disturbance->boundaries->len; i++) {
		const char *boundary = g_ptr_array_index(disturbance->boundaries, i);
		size_t length = strlen(boundary), so_far = line->len - 2;

		if (strncmp(line->str + 2, boundary, MIN(so_far, length)) == 0 &&
		    (so_far < length ? boundary[so_far] == (char)byte
				     : byte != '\0' && strchr("- \t\r\n", byte) != NULL))
			return true;
	}
	return false;
}

/* Structure is not judged as text: it is compared with what it has to be. */
static void
look_at_byte(struct disturbance *disturbance, unsigned char byte)
{
	size_t place = disturbance->at % DISTURBANCE_BLOCK;
	bool is_structure = disturbance->in_header || continues_delimiter(disturbance, byte);

	disturbance->block[place] = is_structure && byte < 0x80 ? ' ' : byte;
	if (byte >= 0x80) {
		look_at_high(disturbance, byte);
	} else {
		if (disturbance->continued > 0)
			note_not_utf8(disturbance);
		disturbance->continued = 0;
		look_at_ascii(disturbance, byte);
	}
	disturbance->at++;
	if (place == DISTURBANCE_BLOCK - 1)
		end_block(disturbance, DISTURBANCE_BLOCK);
	if (byte == '\n')
		end_line(disturbance);
	else if (disturbance->line->len < LINE_MAX_BYTES && byte != '\0')
		g_string_append_c(disturbance->line, (char)byte);
}

void
disturbance_look(struct disturbance *disturbance, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++)
		look_at_byte(disturbance, bytes[i]);
}

/* --- the end --- */

enum { BOUNDARY_MIN = 8 };

/* A multipart ends so, of which the text was a part: what stood in front of it was cut off. */
static bool
ends_within_multipart(const struct disturbance *disturbance)
{
	const char *line = disturbance->last->str;
	size_t length = strlen(line);
	bool has_letter = false, closes;

	while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	if (length < BOUNDARY_MIN + 4 || !g_str_has_prefix(line, "--") ||
	    strncmp(line + length - 2, "--", 2) != 0)
		return false;
	for (size_t i = 2; i < length - 2; i++) {
		if (!g_ascii_isalnum(line[i]) && strchr("'()+_,-./:=?", line[i]) == NULL)
			return false;
		has_letter |= g_ascii_isalnum(line[i]);
	}
	return has_letter && !is_delimiter(disturbance, line, &closes);
}

bool
disturbance_end(struct disturbance *disturbance, bool in_header_alone)
{
	if (disturbance->continued > 0)
		note_not_utf8(disturbance);
	end_line(disturbance);
	if (disturbance->headers == 0)
		end_header(disturbance);
	end_part(disturbance);
	return in_header_alone ? disturbance->is_found_in_header
			       : disturbance->is_found || ends_within_multipart(disturbance);
}
