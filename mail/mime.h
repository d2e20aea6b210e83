/*
 * Looking into a message with GMime, for the policy's questions: header fields decoded
 * (RFC 2047), parts with their names and types, the text of text parts. Nothing is ever
 * printed again from what GMime parsed.
 */
#ifndef POSTSEAL_MAIL_MIME_H
#define POSTSEAL_MAIL_MIME_H

#include "core/settings.h"
#include "mail/message.h"
#include "policy/policy.h"

struct mime;

/* Call once, before any thread. */
void mime_start(void);

/* Message and settings must outlive it. It is parsed when first asked about its parts. */
struct mime *mime_new(const struct message *message, const struct settings *settings);
void mime_free(struct mime *mime);
typedef struct mime mime_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(mime_auto, mime_free)

/* What the policy may ask; the texts belong to `mime`. */
struct policy_facts mime_facts(struct mime *mime);

/* Subject, decoded to UTF-8; "" where there is none. */
const char *mime_subject(const struct mime *mime);
/* Without the tags; the value for the field, with its leading blank and encoded words where
 * needed. NULL when no tag is in it. The caller's. */
char *mime_subject_without(const struct mime *mime, const char *const *tags);
/* The first tag such as "[sms:+41791234567]" in the subject, and the number in it; the caller's. NULL:
 * there is none. */
char *mime_phone_tag(const struct mime *mime, char **number_r);
/* Encoded words decoded to UTF-8, without blanks around; the caller's. */
char *mime_text_shown(const char *value);
/* A field decoded to UTF-8, or "" where there is none; the caller's. */
char *mime_field_shown(const struct message *message, const char *name);
/* The subject as it goes out: `changed`, or where that is NULL, the message's own; the caller's. */
char *mime_subject_shown(const struct message *message, const char *changed);
/* Who wrote it, as a list of messages shows it: the name, else the address; the caller's. */
char *mime_author(const struct message *message);
/* The folded address of the first mailbox in From, or NULL. The caller's. */
char *mime_from(const struct mime *mime);
/* Folded addresses that a reader of the message sees: To, Cc and their Resent- forms. */
GHashTable *mime_visible(const struct mime *mime);

#endif
