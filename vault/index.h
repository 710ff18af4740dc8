#ifndef CV_VAULT_INDEX_H
#define CV_VAULT_INDEX_H

#include "vault/record.h"

/**
 * The index: what records say, by words and by marks (vault/marks.h), section by section, of the sections
 * that this member reads by a role. It is derived: it lies in the cache in sealed files (vault/shard.h), and
 * is brought up to date when it is opened; what does not open there is made anew. Nothing in it was held
 * against an author's signature: it finds, and what is shown of a record is read from the record.
 */
struct cv_index;

/**
 * cv_index_open(v, reason, search, out, err): open it, and read into it (and into the head index) what was
 * written since. That reading is one event, `index`, durable before anything is opened; there is none if
 * nothing was written. ${search}: to be searched; then small shards, which others leave behind so that they
 * need not hold large ones, are put together when there are enough of them. ${reason} may be NULL. CV_OK,
 * also if this member reads nothing (cv_index_section then has none); CV_ERR_ARG if the vault asks why and
 * there is no reason; CV_ERR_IO; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_index_open(struct cv_vault *v, const char *reason, bool search,
                                      struct cv_index **out, struct cv_err *err);
void cv_index_free(struct cv_index *x);
/** cv_index_section(x, i): the i-th section it is of, NULL past the end. */
const char *cv_index_section(const struct cv_index *x, size_t i);

/** cv_index_add_granted(x, reason, left, err): also what was granted to this member, in the last versions of
 * the records: each is read, verified, under one event that names them, and nothing of it is kept. ${left}:
 * how many sections of records were too many for that; the newest are taken. CV_OK; as cv_glance. */
#define CV_INDEX_GRANTED_MAX 500
CV_MUST_CHECK cv_status cv_index_add_granted(struct cv_index *x, const char *reason, size_t *left,
                                             struct cv_err *err);

/** cv_index_unread(x): how many record entries could not be read, and are not in it. Those that are damaged
 * are tried again whenever it is opened; that reads nothing of a record that can be read. */
size_t cv_index_unread(const struct cv_index *x);
/** cv_index_lacks(x, entry): is it one of them? */
bool cv_index_lacks(const struct cv_index *x, uint64_t entry);

/** A place at which something was found. The record's id is CV_ID_BYTES; cv_id_text makes text of it. */
struct cv_place_in {
    uint8_t id[CV_ID_BYTES];
    uint64_t entry, version;     /* in which it stands */
    const char *section, *field; /* the index's, good as long as it is */
    const char *type;            /* the template's; NULL: none of it */
};
typedef cv_status (*cv_place_fn)(void *arg, const struct cv_place_in *at, struct cv_err *err);

/** cv_index_mark(x, kind, value, fn, arg, err): every place where a mark stands in what the index holds to be
 * the newest of a record; no event is written: the caller logs what it shows. CV_OK; what ${fn} says;
 * CV_ERR_IO if a file of the index fails under way (the next opening makes it anew); CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_index_mark(struct cv_index *x, const char *kind, const char *value, cv_place_fn fn,
                                      void *arg, struct cv_err *err);

/** cv_index_marks_of(x, id, fn, arg, err): the marks of one record, likewise; the texts are good until ${fn}
 * returns. */
typedef cv_status (*cv_mark_fn)(void *arg, const char *kind, const char *value, const struct cv_place_in *at,
                                struct cv_err *err);
CV_MUST_CHECK cv_status cv_index_marks_of(struct cv_index *x, const uint8_t id[static CV_ID_BYTES],
                                          cv_mark_fn fn, void *arg, struct cv_err *err);

/** cv_index_stands(x, at, out, err): does the head index say the same, that this section of the record stands
 * in that entry? What is told of a place to somebody must. */
CV_MUST_CHECK cv_status cv_index_stands(struct cv_index *x, const struct cv_place_in *at, bool *out,
                                        struct cv_err *err);

#endif
