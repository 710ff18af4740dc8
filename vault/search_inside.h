#ifndef CV_VAULT_SEARCH_INSIDE_H
#define CV_VAULT_SEARCH_INSIDE_H

#include "vault/index_inside.h"
#include "vault/search.h"

/* What search.c and search_term.c share. */

/* A word, phrase or span of days, and the records in which it was met, by number. */
struct cv_term {
    const struct cv_query_node *node;
    struct cv_buf match;        /* what FTS5 is asked, NUL-terminated; empty: nothing */
    struct cv_buf word;         /* the folded word, where it is one and could be a name's; NUL-terminated */
    char number[72];            /* letters and digits alone, where it could be a number; empty if not */
    char telephone[24];         /* likewise */
    char ref[CV_ID_TEXT_BYTES]; /* likewise a record's id */
    char from[12], to[12];      /* of days; from empty: none */
    char partly[2][12];         /* the month and year that the first of them lies in; empty: not */
    struct cv_place_in *place;  /* the first, of each record; entry 0: not met */
    bool *almost;               /* likewise: only as a name spelled almost so */
    size_t room;
    size_t met;
    bool forgiven; /* names spelled almost so were looked for, */
    bool nowhere;  /* since it was met nowhere */
};

/* Records met by any term. */
struct cv_met {
    uint8_t (*id)[CV_ID_BYTES];
    size_t count, room;
    uint32_t *slot; /* numbers plus one, by hash */
    size_t slots;
};

/** cv_term_new(x, node, out, err): CV_OK; CV_ERR_ARG where there is no word in it. */
CV_MUST_CHECK cv_status cv_term_new(struct cv_index *x, const struct cv_query_node *node, struct cv_term *out,
                                    struct cv_err *err);
void cv_term_free(struct cv_term *term);

/** cv_term_look(x, term, met): everywhere. cv_term_forgive(x, term, met): names spelled almost so as well,
 * where it is a word that could be one. CV_OK; CV_ERR_FORMAT where a shard is damaged; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_term_look(struct cv_index *x, struct cv_term *term, struct cv_met *met);
CV_MUST_CHECK cv_status cv_term_forgive(struct cv_index *x, struct cv_term *term, struct cv_met *met);

/** cv_term_names(spec, section, field): does what stands before a colon name this field? */
bool cv_term_names(const char *spec, const char *section, const char *field);

#endif
