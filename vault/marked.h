#ifndef CV_VAULT_MARKED_H
#define CV_VAULT_MARKED_H

#include "vault/marks.h"
#include "vault/vault.h"

/**
 * The marks of some records, read from the records themselves, in their last versions, and held against what
 * their authors signed: the index (vault/index.h) only says which ones to look at. Of sections that this
 * member may not read there are none.
 */
struct cv_marked {
    const char *record, *type, *section; /* record: its id as text */
    const char *kind, *value, *text;     /* text: as it was written there */
};
typedef cv_status (*cv_marked_fn)(void *arg, const struct cv_marked *m, struct cv_err *err);

/* What is looked at, and how that is called in its event. */
struct cv_marked_ask {
    const struct cv_json *which; /* record id -> array of the sections to look at */
    const char *record;          /* which is asked about; NULL: none that is stored */
    const char *terms;           /* what is looked for, sealed like a reason; NULL */
    const char *why, *reason;    /* the event's detail; the member's reason, or NULL */
};

struct cv_marked_all;
/** cv_marked_open(v, ask, out, err): one `search` event names the records, also if there are none; it is
 * durable before anything of them is opened. CV_OK; CV_ERR_ARG if the vault asks for a reason and there is
 * none; CV_ERR_IO; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_marked_open(struct cv_vault *v, const struct cv_marked_ask *ask,
                                       struct cv_marked_all **out, struct cv_err *err);
/** cv_marked_close(all): wiped; NULL is legal. */
void cv_marked_close(struct cv_marked_all *all);

/** cv_marked_having(all, kind, value, fn, arg, err): each of the records that bears this mark, in order of
 * ids. cv_marked_of(all, record, fn, arg, err): each mark of one of them. What ${fn} is given is its own only
 * while it runs. CV_OK; what ${fn} says. */
CV_MUST_CHECK cv_status cv_marked_having(struct cv_marked_all *all, const char *kind, const char *value,
                                         cv_marked_fn fn, void *arg, struct cv_err *err);
CV_MUST_CHECK cv_status cv_marked_of(struct cv_marked_all *all, const char *record, cv_marked_fn fn,
                                     void *arg, struct cv_err *err);

/** cv_marked_in(t, type, section): does the template have marks in it? cv_marked_section(t, section): in that
 * of any type? */
bool cv_marked_in(const struct cv_template *t, const char *type, const char *section);
bool cv_marked_section(const struct cv_template *t, const char *section);
/** cv_marked_refs(t, type, section): does it refer to other records there? */
bool cv_marked_refs(const struct cv_template *t, const char *type, const char *section);

#endif
