#include "mail/html_tokens.h"

#include <string.h>

#include "mail/html_entities.h"

/* The states of the standard; states that differ only in the errors they report are merged. */
enum state {
	DATA,
	RCDATA,
	RAWTEXT,
	SCRIPT,
	PLAINTEXT,
	TAG_OPEN,
	END_TAG_OPEN,
	TAG_NAME,
	RAW_LESS_THAN,
	RAW_END_OPEN,
	RAW_END_NAME,
	BEFORE_ATTRIBUTE,
	ATTRIBUTE_NAME,
	AFTER_ATTRIBUTE_NAME,
	BEFORE_VALUE,
	VALUE_DOUBLE,
	VALUE_SINGLE,
	VALUE_UNQUOTED,
	AFTER_VALUE,
	SELF_CLOSING,
	BOGUS_COMMENT,
	MARKUP,
	COMMENT_START,
	COMMENT_START_DASH,
	COMMENT,
	COMMENT_END_DASH,
	COMMENT_END,
	COMMENT_END_BANG,
	CDATA,
	CDATA_BRACKET,
	CDATA_END,
	REFERENCE,
	NAMED_REFERENCE,
	NUMERIC_REFERENCE,
	HEXADECIMAL,
	DECIMAL,
};

enum script { SCRIPT_PLAIN, SCRIPT_ESCAPED, SCRIPT_DOUBLE };

enum { SCRIPT_MARK = 8, REPLACEMENT = 0xfffd };

void
html_tokens_init(struct html_tokens *tokens, const struct html_reader *reader, void *context)
{
	*tokens = (struct html_tokens){.reader = reader, .context = context, .state = DATA};
	tokens->value = g_string_new(NULL);
}

void
html_tokens_clear(struct html_tokens *tokens)
{
	g_string_free(tokens->value, TRUE);
}

bool
html_tokens_are_in_text(const struct html_tokens *tokens)
{
	return tokens->state == DATA;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void
hold(struct html_tokens *tokens, char c)
{
	if (tokens->held_length < HTML_HELD_MAX)
		tokens->held[tokens->held_length++] = c;
	tokens->held[tokens->held_length] = '\0';
}

static void
let_go(struct html_tokens *tokens)
{
	tokens->held_length = 0;
	tokens->held[0] = '\0';
}

/* --- text --- */

static bool
is_in_value(const struct html_tokens *tokens)
{
	return tokens->return_state >= VALUE_DOUBLE && tokens->return_state <= VALUE_UNQUOTED;
}

static void
say(struct html_tokens *tokens, const char *text, size_t length)
{
	tokens->reader->text(tokens->context, tokens->within, text, length);
}

static void
add_value(struct html_tokens *tokens, const char *text, size_t length)
{
	if (tokens->value->len + length <= HTML_VALUE_MAX)
		g_string_append_len(tokens->value, text, (gssize)length);
}

/* Puts a character into whatever the reference is part of. */
static void
put(struct html_tokens *tokens, const char *text, size_t length)
{
	if (is_in_value(tokens))
		add_value(tokens, text, length);
	else
		say(tokens, text, length);
}

/* --- references --- */

static void
begin_reference(struct html_tokens *tokens)
{
	tokens->return_state = tokens->state;
	tokens->state = REFERENCE;
	let_go(tokens);
	hold(tokens, '&');
}

/* It was not a reference after all. */
static void
put_held(struct html_tokens *tokens)
{
	put(tokens, tokens->held, tokens->held_length);
	let_go(tokens);
	tokens->state = tokens->return_state;
}

/* `next` is the character after the held text. In an attribute value, a name without a semicolon is
 * not a reference if letters, digits or "=" follow it. */
static void
end_named(struct html_tokens *tokens, char next)
{
	size_t used;
	const char *text = html_entity(tokens->held + 1, tokens->held_length - 1, &used);
	char behind = text == NULL		       ? 0
		      : used + 1 < tokens->held_length ? tokens->held[used + 1]
						       : next;

	if (text == NULL || (is_in_value(tokens) && tokens->held[used] != ';' &&
			     (behind == '=' || g_ascii_isalnum(behind)))) {
		put_held(tokens);
		return;
	}
	put(tokens, text, strlen(text));
	memmove(tokens->held, tokens->held + 1 + used, tokens->held_length - used);
	tokens->held_length -= used + 1;
	put_held(tokens);
}

static gunichar
character_of(guint32 number)
{
	/* 13.2.5.80: read as windows-1252, as browsers have always done. */
	static const guint16 windows[] = {0x20ac, 0x81,	  0x201a, 0x0192, 0x201e, 0x2026, 0x2020,
					  0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,
					  0x017d, 0x8f,	  0x90,	  0x2018, 0x2019, 0x201c, 0x201d,
					  0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
					  0x0153, 0x9d,	  0x017e, 0x0178};

	if (number >= 0x80 && number < 0x80 + G_N_ELEMENTS(windows))
		return windows[number - 0x80];
	return number == 0 || number > 0x10ffff || (number >= 0xd800 && number < 0xe000)
		       ? REPLACEMENT
		       : number;
}

static void
end_numeric(struct html_tokens *tokens)
{
	char text[6];

	if (tokens->digits == 0) {
		put_held(tokens);
		return;
	}
	let_go(tokens);
	put(tokens, text, (size_t)g_unichar_to_utf8(character_of(tokens->number), text));
	tokens->state = tokens->return_state;
}

static void
add_digit(struct html_tokens *tokens, unsigned base, char c)
{
	if (tokens->number <= 0x10ffff)
		tokens->number = tokens->number * base + (unsigned)g_ascii_xdigit_value(c);
	tokens->digits = 1;
}

/* Returns true if the byte is part of the reference. */
static bool
step_reference(struct html_tokens *tokens, char c)
{
	switch (tokens->state) {
	case REFERENCE:
		if (!g_ascii_isalnum(c) && c != '#') {
			put_held(tokens);
			return false;
		}
		tokens->state = c == '#' ? NUMERIC_REFERENCE : NAMED_REFERENCE;
		hold(tokens, c);
		return true;
	case NAMED_REFERENCE:
		if (!g_ascii_isalnum(c) && c != ';') {
			end_named(tokens, c);
			return false;
		}
		hold(tokens, c);
		if (c == ';' || tokens->held_length > HTML_ENTITY_MAX)
			end_named(tokens, 0);
		return true;
	case NUMERIC_REFERENCE:
		tokens->number = tokens->digits = 0;
		tokens->state = c == 'x' || c == 'X' ? HEXADECIMAL : DECIMAL;
		if (tokens->state == HEXADECIMAL)
			hold(tokens, c);
		return tokens->state == HEXADECIMAL;
	default:
		if (tokens->state == HEXADECIMAL ? g_ascii_isxdigit(c) : g_ascii_isdigit(c)) {
			add_digit(tokens, tokens->state == HEXADECIMAL ? 16 : 10, c);
			return true;
		}
		bool ends = c == ';' && tokens->digits > 0;

		end_numeric(tokens);
		return ends;
	}
}

/* --- tags --- */

static void
begin_tag(struct html_tokens *tokens, bool is_end)
{
	tokens->is_end_tag = is_end;
	tokens->name_length = 0;
	tokens->name[0] = '\0';
	tokens->attribute_length = 0;
	tokens->state = TAG_NAME;
}

/* A name that is too long, or contains a NUL, means nothing to us. */
static void
add_name(char *name, size_t *length, char c)
{
	if (*length < HTML_NAME_MAX)
		name[*length] = c == '\0' ? '\x1a' : g_ascii_tolower(c);
	++*length;
	name[*length > HTML_NAME_MAX ? 0 : *length] = '\0';
}

static void
end_attribute(struct html_tokens *tokens)
{
	if (tokens->attribute_length > 0 && !tokens->is_end_tag)
		tokens->reader->attribute(tokens->context, tokens->attribute, tokens->value->str);
	tokens->attribute_length = 0;
}

static void
begin_attribute(struct html_tokens *tokens)
{
	end_attribute(tokens);
	tokens->attribute[0] = '\0';
	g_string_truncate(tokens->value, 0);
	tokens->state = ATTRIBUTE_NAME;
}

static bool
is_one_of(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* How the content of an element is tokenized (13.2.6.4). */
static enum state
state_within(const char *name)
{
	static const char *const raw[] = {"style", "xmp", "iframe", "noembed", "noframes", NULL};
	static const char *const references[] = {"title", "textarea", NULL};

	if (is_one_of(name, raw))
		return RAWTEXT;
	if (is_one_of(name, references))
		return RCDATA;
	if (strcmp(name, "script") == 0)
		return SCRIPT;
	return strcmp(name, "plaintext") == 0 ? PLAINTEXT : DATA;
}

static void
count_foreign(struct html_tokens *tokens, bool is_self_closing)
{
	static const char *const names[] = {"svg", "math", NULL};

	if (!is_one_of(tokens->name, names))
		return;
	if (!tokens->is_end_tag)
		tokens->foreign += !is_self_closing;
	else if (tokens->foreign > 0)
		tokens->foreign--;
}

static void
end_tag(struct html_tokens *tokens, bool is_self_closing)
{
	end_attribute(tokens);
	tokens->within[0] = '\0';
	tokens->state = DATA;
	tokens->reader->tag(tokens->context, tokens->name, tokens->is_end_tag);
	count_foreign(tokens, is_self_closing);
	if (tokens->is_end_tag || tokens->foreign > 0)
		return;
	tokens->state = state_within(tokens->name);
	tokens->script = SCRIPT_PLAIN;
	let_go(tokens);
	if (tokens->state != DATA)
		memcpy(tokens->within, tokens->name, sizeof tokens->within);
}

static bool
step_tag_open(struct html_tokens *tokens, char c)
{
	if (g_ascii_isalpha(c)) {
		begin_tag(tokens, tokens->state == END_TAG_OPEN);
		return false;
	}
	if (tokens->state == END_TAG_OPEN) {
		tokens->state = c == '>' ? DATA : BOGUS_COMMENT;
		return c == '>';
	}
	if (c == '/' || c == '!' || c == '?') {
		tokens->state = c == '/' ? END_TAG_OPEN : c == '!' ? MARKUP : BOGUS_COMMENT;
		let_go(tokens);
		return true;
	}
	say(tokens, "<", 1);
	tokens->state = DATA;
	return false;
}

static bool
step_before_attribute(struct html_tokens *tokens, char c)
{
	if (is_space(c))
		return true;
	if (c == '/' || c == '>') {
		tokens->state = AFTER_ATTRIBUTE_NAME;
		return false;
	}
	begin_attribute(tokens);
	add_name(tokens->attribute, &tokens->attribute_length, c);
	return true;
}

static bool
step_attribute_name(struct html_tokens *tokens, char c)
{
	if (is_space(c) || c == '/' || c == '>') {
		tokens->state = AFTER_ATTRIBUTE_NAME;
		return false;
	}
	if (c == '=')
		tokens->state = BEFORE_VALUE;
	else
		add_name(tokens->attribute, &tokens->attribute_length, c);
	return true;
}

static bool
step_after_attribute_name(struct html_tokens *tokens, char c)
{
	if (is_space(c))
		return true;
	if (c == '>') {
		end_tag(tokens, false);
		return true;
	}
	if (c == '/' || c == '=') {
		tokens->state = c == '/' ? SELF_CLOSING : BEFORE_VALUE;
		return true;
	}
	begin_attribute(tokens);
	return false;
}

static bool
step_before_value(struct html_tokens *tokens, char c)
{
	if (is_space(c))
		return true;
	if (c == '>') {
		end_tag(tokens, false);
		return true;
	}
	tokens->state = c == '"' ? VALUE_DOUBLE : c == '\'' ? VALUE_SINGLE : VALUE_UNQUOTED;
	return tokens->state != VALUE_UNQUOTED;
}

static bool
step_value(struct html_tokens *tokens, char c)
{
	if (c == '&') {
		begin_reference(tokens);
	} else if (tokens->state == VALUE_UNQUOTED && c == '>') {
		end_tag(tokens, false);
	} else if (tokens->state == VALUE_UNQUOTED && is_space(c)) {
		tokens->state = BEFORE_ATTRIBUTE;
	} else if ((tokens->state == VALUE_DOUBLE && c == '"') ||
		   (tokens->state == VALUE_SINGLE && c == '\'')) {
		tokens->state = AFTER_VALUE;
	} else if (c != '\0') {
		add_value(tokens, &c, 1);
	}
	return true;
}

static bool
step_after_value(struct html_tokens *tokens, char c)
{
	bool is_self_closing = tokens->state == SELF_CLOSING;

	if (c == '>') {
		end_tag(tokens, is_self_closing);
		return true;
	}
	if (!is_self_closing && c == '/') {
		tokens->state = SELF_CLOSING;
		return true;
	}
	tokens->state = BEFORE_ATTRIBUTE;
	return is_space(c);
}

static bool
step_tag_name(struct html_tokens *tokens, char c)
{
	if (is_space(c))
		tokens->state = BEFORE_ATTRIBUTE;
	else if (c == '/')
		tokens->state = SELF_CLOSING;
	else if (c == '>')
		end_tag(tokens, false);
	else
		add_name(tokens->name, &tokens->name_length, c);
	return true;
}

/* --- content that is no markup --- */

static enum state
raw_state(const struct html_tokens *tokens)
{
	return state_within(tokens->within);
}

static void
begin_raw_end(struct html_tokens *tokens, char c)
{
	begin_tag(tokens, true);
	memcpy(tokens->name, tokens->within, sizeof tokens->name);
	let_go(tokens);
	tokens->state = c == '/' ? SELF_CLOSING : BEFORE_ATTRIBUTE;
	if (c == '>')
		end_tag(tokens, false);
}

static bool
step_raw(struct html_tokens *tokens, char c)
{
	bool goes_on = tokens->state == RAW_LESS_THAN
			       ? c == '/'
			       : g_ascii_isalpha(c) && tokens->held_length < HTML_HELD_MAX;

	if (goes_on) {
		tokens->state = tokens->state == RAW_LESS_THAN ? RAW_END_OPEN : RAW_END_NAME;
		hold(tokens, c);
		return true;
	}
	if (tokens->state == RAW_END_NAME && (is_space(c) || c == '/' || c == '>') &&
	    g_ascii_strcasecmp(tokens->held + strlen("</"), tokens->within) == 0) {
		begin_raw_end(tokens, c);
		return true;
	}
	say(tokens, tokens->held, tokens->held_length);
	let_go(tokens);
	tokens->state = raw_state(tokens);
	return false;
}

static bool
script_ends_with(const struct html_tokens *tokens, const char *mark)
{
	size_t length = strlen(mark);

	return tokens->held_length >= length &&
	       memcmp(tokens->held + tokens->held_length - length, mark, length) == 0;
}

/* 13.2.5.17 to 31: after "<!--" and a second "<script", the end tag does not count. The last bytes
 * are held. */
static void
step_script(struct html_tokens *tokens, char c)
{
	bool ends_name = is_space(c) || c == '/' || c == '>';

	if (ends_name && script_ends_with(tokens, "</script")) {
		if (tokens->script != SCRIPT_DOUBLE) {
			begin_raw_end(tokens, c);
			return;
		}
		tokens->script = SCRIPT_ESCAPED;
	} else if (ends_name && tokens->script == SCRIPT_ESCAPED &&
		   script_ends_with(tokens, "<script")) {
		tokens->script = SCRIPT_DOUBLE;
	}
	if (tokens->held_length == SCRIPT_MARK)
		memmove(tokens->held, tokens->held + 1, --tokens->held_length);
	hold(tokens, g_ascii_tolower(c));
	if (tokens->script == SCRIPT_PLAIN && script_ends_with(tokens, "<!--"))
		tokens->script = SCRIPT_ESCAPED;
	else if (script_ends_with(tokens, "-->"))
		tokens->script = SCRIPT_PLAIN;
}

/* --- comments --- */

/* "--", DOCTYPE, or CDATA in svg and math; everything else is a comment up to the next ">", and
 * DOCTYPE is treated as one too. */
static bool
step_markup(struct html_tokens *tokens, char c)
{
	static const char cdata[] = "[CDATA[";

	hold(tokens, c);
	if (strcmp(tokens->held, "--") == 0) {
		tokens->state = COMMENT_START;
		let_go(tokens);
	} else if (tokens->foreign > 0 && strcmp(tokens->held, cdata) == 0) {
		tokens->state = CDATA;
	} else if (strcmp(tokens->held, "-") != 0 &&
		   (tokens->foreign == 0 ||
		    strncmp(tokens->held, cdata, tokens->held_length) != 0)) {
		tokens->state = BOGUS_COMMENT;
		return false;
	}
	return true;
}

/* "<!--[if" ends at its first ">" if the caller wants to see its content. */
static bool
step_comment_start(struct html_tokens *tokens, char c)
{
	if (tokens->state == COMMENT_START && c == '-' && tokens->held_length == 0) {
		tokens->state = COMMENT_START_DASH;
		return true;
	}
	if (c == '>' && tokens->held_length == 0) {
		tokens->state = DATA;
		return true;
	}
	if (tokens->state == COMMENT_START_DASH) {
		tokens->state = c == '-' ? COMMENT_END : COMMENT;
		return c == '-';
	}
	hold(tokens, g_ascii_tolower(c));
	if (strncmp(tokens->held, "[if", tokens->held_length) != 0) {
		tokens->state = COMMENT;
		return false;
	}
	if (tokens->held_length == 3)
		tokens->state = tokens->reader->conditional != NULL &&
						tokens->reader->conditional(tokens->context)
					? BOGUS_COMMENT
					: COMMENT;
	return true;
}

static bool
step_comment(struct html_tokens *tokens, char c)
{
	enum state state = (enum state)tokens->state;

	if (c == '-')
		tokens->state = state == COMMENT	    ? COMMENT_END_DASH
				: state == COMMENT_END_BANG ? COMMENT_END_DASH
							    : COMMENT_END;
	else if (c == '>' && (state == COMMENT_END || state == COMMENT_END_BANG))
		tokens->state = DATA;
	else if (c == '!' && state == COMMENT_END)
		tokens->state = COMMENT_END_BANG;
	else
		tokens->state = COMMENT;
	return true;
}

static bool
step_cdata(struct html_tokens *tokens, char c)
{
	if (tokens->state == CDATA_END && c == '>') {
		tokens->state = DATA;
	} else if (c == ']') {
		if (tokens->state == CDATA_END)
			say(tokens, "]", 1);
		tokens->state = tokens->state == CDATA ? CDATA_BRACKET : CDATA_END;
	} else {
		say(tokens, "]]",
		    tokens->state == CDATA	     ? 0
		    : tokens->state == CDATA_BRACKET ? 1
						     : 2);
		say(tokens, &c, 1);
		tokens->state = CDATA;
	}
	return true;
}

/* --- all --- */

/* Text up to the next byte that may end it; returns the number of bytes. */
static size_t
step_text(struct html_tokens *tokens, const char *data, size_t length)
{
	size_t end = 0;
	bool has_references = tokens->state == DATA || tokens->state == RCDATA;

	while (end < length && data[end] != '\0' &&
	       (tokens->state == PLAINTEXT ||
		(data[end] != '<' && (data[end] != '&' || !has_references))))
		end++;
	if (end > 0)
		say(tokens, data, end);
	if (end == length || data[end] == '\0')
		return MIN(end + 1, length); /* a NUL is dropped (13.2.6.4.7) */
	if (data[end] == '&') {
		begin_reference(tokens);
	} else {
		let_go(tokens);
		hold(tokens, '<');
		tokens->return_state = tokens->state;
		tokens->state = tokens->state == DATA ? TAG_OPEN : RAW_LESS_THAN;
	}
	return end + 1;
}

/* Returns true if the byte was consumed; otherwise the new state looks at it again. */
static bool
step(struct html_tokens *tokens, char c)
{
	switch ((enum state)tokens->state) {
	case SCRIPT:
		step_script(tokens, c);
		return true;
	case TAG_OPEN:
	case END_TAG_OPEN:
		return step_tag_open(tokens, c);
	case TAG_NAME:
		return step_tag_name(tokens, c);
	case RAW_LESS_THAN:
	case RAW_END_OPEN:
	case RAW_END_NAME:
		return step_raw(tokens, c);
	case BEFORE_ATTRIBUTE:
		return step_before_attribute(tokens, c);
	case ATTRIBUTE_NAME:
		return step_attribute_name(tokens, c);
	case AFTER_ATTRIBUTE_NAME:
		return step_after_attribute_name(tokens, c);
	case BEFORE_VALUE:
		return step_before_value(tokens, c);
	case VALUE_DOUBLE:
	case VALUE_SINGLE:
	case VALUE_UNQUOTED:
		return step_value(tokens, c);
	case AFTER_VALUE:
	case SELF_CLOSING:
		return step_after_value(tokens, c);
	case BOGUS_COMMENT:
		if (c == '>')
			tokens->state = DATA;
		return true;
	case MARKUP:
		return step_markup(tokens, c);
	case COMMENT_START:
	case COMMENT_START_DASH:
		return step_comment_start(tokens, c);
	case COMMENT:
	case COMMENT_END_DASH:
	case COMMENT_END:
	case COMMENT_END_BANG:
		return step_comment(tokens, c);
	case CDATA:
	case CDATA_BRACKET:
	case CDATA_END:
		return step_cdata(tokens, c);
	default:
		return step_reference(tokens, c);
	}
}

static bool
is_text(int state)
{
	return state == DATA || state == RCDATA || state == RAWTEXT || state == PLAINTEXT;
}

void
html_tokens_step(struct html_tokens *tokens, const char *data, size_t length)
{
	for (size_t at = 0; at < length;)
		if (is_text(tokens->state))
			at += step_text(tokens, data + at, length - at);
		else
			at += step(tokens, data[at]);
}

void
html_tokens_end(struct html_tokens *tokens)
{
	switch ((enum state)tokens->state) {
	case NAMED_REFERENCE:
		end_named(tokens, 0);
		break;
	case HEXADECIMAL:
	case DECIMAL:
		end_numeric(tokens);
		break;
	case REFERENCE:
	case NUMERIC_REFERENCE:
		put_held(tokens);
		break;
	case TAG_OPEN:
		say(tokens, "<", 1);
		break;
	case END_TAG_OPEN:
		say(tokens, "</", 2);
		break;
	case RAW_LESS_THAN:
	case RAW_END_OPEN:
	case RAW_END_NAME:
		say(tokens, tokens->held, tokens->held_length);
		break;
	default:
		break;
	}
	tokens->state = DATA;
}
