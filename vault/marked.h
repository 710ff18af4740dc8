#ifndef CV_VAULT_MARKED_H
#define CV_VAULT_MARKED_H

#include "vault/marks.h"
#include "vault/vault.h"

/**
 * Which records bear a mark, and which marks a record bears: of the last version of every record, over the
 * sections that this member may read.
 */
struct cv_marked {
    const char *record, *type, *section; /* record: its id as text */
    const char *kind, *value, *text;     /* text: as it was written there */
};
typedef cv_status (*cv_marked_fn)(void *arg, const struct cv_marked *m, struct cv_err *err);

struct cv_marked_all;
/** cv_marked_open(v, why, reason, out, err): ${why} in the words of the event. CV_OK; CV_ERR_ARG if the vault
 * asks for a reason and there is none; CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_marked_open(struct cv_vault *v, const char *why, const char *reason,
                                       struct cv_marked_all **out, struct cv_err *err);
/** cv_marked_close(all): wiped; NULL is legal. */
void cv_marked_close(struct cv_marked_all *all);

/** cv_marked_having(all, kind, value, fn, arg, err): each record that bears this mark, in order of ids.
 * cv_marked_of(all, record, fn, arg, err): each mark of one record. What ${fn} is given is its own only while
 * it runs. CV_OK; what ${fn} says. */
CV_MUST_CHECK cv_status cv_marked_having(struct cv_marked_all *all, const char *kind, const char *value,
                                         cv_marked_fn fn, void *arg, struct cv_err *err);
CV_MUST_CHECK cv_status cv_marked_of(struct cv_marked_all *all, const char *record, cv_marked_fn fn,
                                     void *arg, struct cv_err *err);

/** cv_marked_section(t, section): has any type a mark in it? cv_marked_in(t, type, section): this one? */
bool cv_marked_section(const struct cv_template *t, const char *section);
bool cv_marked_in(const struct cv_template *t, const char *type, const char *section);

#endif
