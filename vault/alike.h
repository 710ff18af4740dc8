#ifndef CV_VAULT_ALIKE_H
#define CV_VAULT_ALIKE_H

#include "vault/record.h"

/**
 * Is a person known already? New records are held against those that are there, by document, telephone,
 * account, name and birth date (vault/marks.h), and every likeness is told with its reasons; what to make of
 * it is for people: nothing is ever merged. Only over sections that this member may read.
 *
 *   same document 60 | telephone 40 | account 40                          two that say it at all
 *   name: the same words 40 | each of them, but for its sound or one slip 30 | some of them, or its only one
 * 15 birth date: the same 30 | day and month swapped 25 | one digit differs, or the same as far as it is
 * known 15 | another -20
 *
 * From 40 points on it is told, from 60 on it is called likely.
 */
#define CV_ALIKE_TOLD 40
#define CV_ALIKE_LIKELY 60
#define CV_ALIKE_MOST 5 /* records are told for each new one: the likeliest */

struct cv_alike;
/** cv_alike_new(v, reason, out, err): CV_OK; CV_ERR_NOMEM. End with cv_alike_free. */
CV_MUST_CHECK cv_status cv_alike_new(struct cv_vault *v, const char *reason, struct cv_alike **out,
                                     struct cv_err *err);
void cv_alike_free(struct cv_alike *a);

/** cv_alike_add(a, record, self, tag, err): one more new record to ask for, one that the template takes;
 * ${self} is its own id if it is stored already, else NULL. One of a type that has no names is passed over.
 * CV_OK; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_alike_add(struct cv_alike *a, const struct cv_json *record, const char *self,
                                     uint64_t tag, struct cv_err *err);
/** cv_alike_count(a): how many are asked for. cv_alike_forget(a, from): those from there on
 * are not, any more. */
size_t cv_alike_count(const struct cv_alike *a);
void cv_alike_forget(struct cv_alike *a, size_t from);

/** cv_alike_find(a, fn, arg, err): compare those that were added, in their order, and forget them. One
 * `search` event names what was found; it is durable before ${fn} is called, once for each that has any
 * likeness, with
 *   [{"record":<id>,"name":<text, or absent>,"points":n,"likely":bool,"why":[<text>...]}...]
 * the likeliest first. CV_OK; what ${fn} says; CV_ERR_ARG if the vault asks for a reason and there is none.
 */
typedef cv_status (*cv_alike_fn)(void *arg, uint64_t tag, const struct cv_json *similar);
CV_MUST_CHECK cv_status cv_alike_find(struct cv_alike *a, cv_alike_fn fn, void *arg, struct cv_err *err);

/** cv_alike_closed(a): labels of sections of the added records that say something to compare, and that this
 * member may not read: there it could not be looked. Borrowed. */
const struct cv_json *cv_alike_closed(const struct cv_alike *a);

/** cv_alike_left(a, persons): records that have a number or a like name in common with an added one, and were
 * not compared with it, since CV_ALIKE_COMPARED were likelier by what the index says; of ${persons} in all.
 * cv_alike_unread(a): records that could not be read, and so are not known of (cv_index_unread). */
#define CV_ALIKE_COMPARED 200
size_t cv_alike_left(const struct cv_alike *a, size_t *persons);
size_t cv_alike_unread(const struct cv_alike *a);

/** cv_alike_names(one, other, why): points for two folded names ("ana petrovic"), and in what they agree;
 * cv_alike_births(one, other, why): for two birth dates, likewise. NULL: in nothing. */
int cv_alike_names(const char *one, const char *other, const char **why);
int cv_alike_births(const char *one, const char *other, const char **why);

#endif
