#include "policy/dictionary.h"

#include <string.h>

enum { ENTRY_MAX_BYTES = 200, ROOT = 0, BYTES = 256 };

/* A node of a tree of bytes. Node 0 is the root, and nobody's child. */
struct node {
	guint32 child, sibling; /* 0: none */
	guint32 entry;		/* that ends here, from 1; 0: none */
	unsigned char byte;
};

struct dictionary {
	GArray *nodes;	      /* struct node */
	guint32 first[BYTES]; /* children of the root */
	unsigned size;
};

struct dictionary_finds {
	const struct dictionary *dictionary;
	unsigned char *found; /* a byte for each entry */
	unsigned count;
	GString *folded; /* of the text that is being searched */
};

/* --- texts are compared folded --- */

static void
append_folded(GString *folded, const char *character, size_t length)
{
	g_autofree char *small = g_utf8_casefold(character, (gssize)length);

	g_string_append(folded, small);
}

/* Small letters, and one blank for each run of blanks and line ends. */
static void
fold(GString *folded, const char *text, size_t length)
{
	const char *next;

	g_string_truncate(folded, 0);
	for (const char *at = text; at < text + length; at = next) {
		next = g_utf8_next_char(at);
		if (g_unichar_isspace(g_utf8_get_char(at))) {
			if (folded->len > 0 && folded->str[folded->len - 1] != ' ')
				g_string_append_c(folded, ' ');
		} else if ((*at & 0x80) == 0) {
			g_string_append_c(folded, g_ascii_tolower(*at));
		} else {
			append_folded(folded, at, (size_t)(next - at));
		}
	}
}

static bool
is_letter(gunichar character)
{
	return g_unichar_isalnum(character) || g_unichar_ismark(character);
}

/* --- the tree --- */

struct dictionary *
dictionary_new(void)
{
	struct dictionary *dictionary = g_new0(struct dictionary, 1);
	const struct node root = {0};

	dictionary->nodes = g_array_new(FALSE, FALSE, sizeof(struct node));
	g_array_append_val(dictionary->nodes, root);
	return dictionary;
}

void
dictionary_free(struct dictionary *dictionary)
{
	if (dictionary == NULL)
		return;
	g_array_unref(dictionary->nodes);
	g_free(dictionary);
}

unsigned
dictionary_size(const struct dictionary *dictionary)
{
	return dictionary->size;
}

static struct node *
node_at(const struct dictionary *dictionary, guint32 number)
{
	return &g_array_index(dictionary->nodes, struct node, number);
}

static guint32
child_of(const struct dictionary *dictionary, guint32 node, unsigned char byte)
{
	guint32 child = node == ROOT ? dictionary->first[byte] : node_at(dictionary, node)->child;

	while (child != 0 && node_at(dictionary, child)->byte != byte)
		child = node_at(dictionary, child)->sibling;
	return child;
}

static guint32
add_child(struct dictionary *dictionary, guint32 parent, unsigned char byte)
{
	guint32 *first =
		parent == ROOT ? &dictionary->first[byte] : &node_at(dictionary, parent)->child;
	const struct node node = {.byte = byte, .sibling = *first};

	*first = dictionary->nodes->len;
	g_array_append_val(dictionary->nodes, node);
	return dictionary->nodes->len - 1;
}

static bool
has_letter(const char *text)
{
	for (; *text != '\0'; text = g_utf8_next_char(text))
		if (g_unichar_isalnum(g_utf8_get_char(text)))
			return true;
	return false;
}

bool
dictionary_add(struct dictionary *dictionary, const char *entry, struct fault *fault)
{
	g_autoptr(GString) folded = g_string_new(NULL);
	g_autofree char *composed = g_utf8_validate(entry, -1, NULL)
					    ? g_utf8_normalize(entry, -1, G_NORMALIZE_NFC)
					    : NULL;
	guint32 node = ROOT;

	if (composed == NULL)
		return fault_set(fault, FAULT_CONFIG, "a word is not valid UTF-8");
	fold(folded, composed, strlen(composed));
	if (!has_letter(folded->str) || folded->len > ENTRY_MAX_BYTES)
		return fault_set(fault, FAULT_CONFIG,
				 "\"%.60s\" is not a word or phrase of at most %d bytes", composed,
				 ENTRY_MAX_BYTES);
	for (gsize i = 0; i < folded->len; i++) {
		const unsigned char byte = (unsigned char)folded->str[i];
		const guint32 child = child_of(dictionary, node, byte);

		node = child != 0 ? child : add_child(dictionary, node, byte);
	}
	if (node_at(dictionary, node)->entry == 0)
		node_at(dictionary, node)->entry = ++dictionary->size;
	return true;
}

/* --- searching --- */

struct dictionary_finds *
dictionary_finds_new(const struct dictionary *dictionary)
{
	struct dictionary_finds *finds = g_new0(struct dictionary_finds, 1);

	finds->dictionary = dictionary;
	finds->found = g_malloc0(dictionary->size + 1);
	finds->folded = g_string_new(NULL);
	return finds;
}

void
dictionary_finds_free(struct dictionary_finds *finds)
{
	g_free(finds->found);
	g_string_free(finds->folded, TRUE);
	g_free(finds);
}

unsigned
dictionary_finds_count(const struct dictionary_finds *finds)
{
	return finds->count;
}

/* Does a word go on from before this place to behind it? */
static bool
is_within_word(const char *text, const char *at)
{
	return at > text && is_letter(g_utf8_get_char(at)) &&
	       is_letter(g_utf8_get_char(g_utf8_prev_char(at)));
}

/* Notes the entries that begin here: a short one may be the beginning of a longer one. */
static void
search_from(struct dictionary_finds *finds, const char *text, const char *at)
{
	const struct dictionary *dictionary = finds->dictionary;
	guint32 node = ROOT;

	for (; *at != '\0'; at++) {
		guint32 entry;

		node = child_of(dictionary, node, (unsigned char)*at);
		if (node == ROOT)
			return;
		entry = node_at(dictionary, node)->entry;
		if (entry != 0 && !finds->found[entry] && !is_within_word(text, at + 1)) {
			finds->found[entry] = 1;
			finds->count++;
		}
	}
}

bool
dictionary_search(struct dictionary_finds *finds, const char *text, size_t length, unsigned enough)
{
	const char *folded;

	fold(finds->folded, text, length);
	folded = finds->folded->str;
	for (const char *at = folded; *at != '\0' && finds->count < enough;
	     at = g_utf8_next_char(at))
		if (finds->dictionary->first[(unsigned char)*at] != 0 &&
		    !is_within_word(folded, at))
			search_from(finds, folded, at);
	return finds->count >= enough;
}
