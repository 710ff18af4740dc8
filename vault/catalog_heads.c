#include <string.h>

#include "vault/catalog_inside.h"

#define TAG_MAX 32

/* What the catalog keeps for each member, made and sealed by the caller: the head index, how far it lists,
 * what imports brought, and secrets that were opened. */

cv_status cv_catalog_add_head(struct cv_catalog *c, const char *member, uint64_t index, struct cv_bytes tag,
                              struct cv_bytes sealed, struct cv_err *err)
{
    return catalog_done(ASK(c, Q_ADD_HEAD, err, TXT(member), BYT(tag), NUM(index), BYT(sealed)));
}

cv_status cv_catalog_drop_head(struct cv_catalog *c, const char *member, uint64_t index, struct cv_bytes tag,
                               struct cv_err *err)
{
    return catalog_done(ASK(c, Q_DROP_HEAD, err, TXT(member), BYT(tag), NUM(index)));
}

static struct cv_bytes column(sqlite3_stmt *s, int at)
{
    const void *p = sqlite3_column_blob(s, at);
    return CV_BYTES(p, (size_t)sqlite3_column_bytes(s, at));
}

cv_status cv_catalog_heads(struct cv_catalog *c, const char *member, struct cv_bytes tag, cv_head_fn fn,
                           void *arg, struct cv_err *err)
{
    const enum query q = tag.n > 0 ? Q_HEADS_TAG : Q_HEADS_ALL;
    const struct value values[] = { TXT(member), BYT(tag) };
    cv_status st = catalog_ask(c, q, values, tag.n > 0 ? 2 : 1, err);
    while (st == CV_OK) {
        sqlite3_stmt *s = c->stmt[q];
        const struct cv_catalog_head head = { (uint64_t)sqlite3_column_int64(s, 0), column(s, 1),
                                              column(s, 2) };
        st = fn(arg, &head, err);
        if (st != CV_OK)
            sqlite3_reset(s);
        st = CV_THEN(st, catalog_step(c, s, err));
    }
    if (st == CV_ERR_IO)
        st = cv_catalog_mend(c, st, err);
    return catalog_done(st);
}

cv_status cv_catalog_head(struct cv_catalog *c, const char *member, uint64_t index, struct cv_bytes tag,
                          struct cv_buf *sealed, struct cv_err *err)
{
    uint8_t last[TAG_MAX];
    if (tag.n > sizeof(last))
        return CV_ERR_ARG;
    memset(last, 0xff, sizeof(last));
    memcpy(last, tag.p, tag.n);
    cv_status st = ASK(c, Q_HEAD, err, TXT(member), BYT(tag), BYT(CV_ARR(last)), NUM(index));
    if (st != CV_OK)
        return st;
    st = cv_buf_append(sealed, column(c->stmt[Q_HEAD], 0));
    sqlite3_reset(c->stmt[Q_HEAD]);
    return st;
}

cv_status cv_catalog_listed(struct cv_catalog *c, const char *member, uint64_t *next, struct cv_err *err)
{
    return catalog_done(catalog_number(c, Q_LISTED, ASK(c, Q_LISTED, err, TXT(member)), next));
}

cv_status cv_catalog_set_listed(struct cv_catalog *c, const char *member, uint64_t next, struct cv_err *err)
{
    return catalog_done(ASK(c, Q_SET_LISTED, err, TXT(member), NUM(next)));
}

cv_status cv_catalog_forget_heads(struct cv_catalog *c, const char *member, const char *keep,
                                  struct cv_err *err)
{
    uint64_t any = 0;
    cv_status st = catalog_number(c, Q_OTHERS, ASK(c, Q_OTHERS, err, TXT(member), TXT(keep)), &any);
    st = CV_THEN(st, catalog_done(ASK(c, Q_FORGET_HEADS, err, TXT(member), TXT(keep))));
    st = CV_THEN(st, catalog_done(ASK(c, Q_FORGET_SOURCES, err, TXT(member), TXT(keep))));
    st = CV_THEN(st, catalog_done(ASK(c, Q_FORGET_LISTED, err, TXT(member), TXT(keep))));
    return catalog_done(st);
}

cv_status cv_catalog_add_source(struct cv_catalog *c, const char *member, struct cv_bytes tag,
                                struct cv_bytes note, struct cv_err *err)
{
    return catalog_done(ASK(c, Q_ADD_SOURCE, err, TXT(member), BYT(tag), BYT(note)));
}

cv_status cv_catalog_source(struct cv_catalog *c, const char *member, struct cv_bytes tag,
                            uint8_t note[static CV_SOURCE_NOTE_BYTES], struct cv_err *err)
{
    cv_status st = ASK(c, Q_SOURCE, err, TXT(member), BYT(tag));
    if (st != CV_OK)
        return st;
    st = catalog_exact(c->stmt[Q_SOURCE], 0, note, CV_SOURCE_NOTE_BYTES) ? CV_OK : CV_ERR_NOTFOUND;
    sqlite3_reset(c->stmt[Q_SOURCE]);
    return st;
}

cv_status cv_catalog_any_source(struct cv_catalog *c, const char *member, struct cv_err *err)
{
    uint64_t any = 0;
    return catalog_number(c, Q_ANY_SOURCE, ASK(c, Q_ANY_SOURCE, err, TXT(member)), &any);
}

cv_status cv_catalog_ring(struct cv_catalog *c, const char *member, uint64_t policy, uint64_t seals,
                          struct cv_buf *sealed, struct cv_err *err)
{
    cv_status st = ASK(c, Q_RING, err, TXT(member), NUM(policy), NUM(seals));
    if (st != CV_OK)
        return st;
    sqlite3_stmt *s = c->stmt[Q_RING];
    st = cv_buf_append(sealed, CV_BYTES(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0)));
    sqlite3_reset(s);
    return st;
}

cv_status cv_catalog_set_ring(struct cv_catalog *c, const char *member, uint64_t policy, uint64_t seals,
                              struct cv_bytes sealed, struct cv_err *err)
{
    return catalog_done(ASK(c, Q_SET_RING, err, TXT(member), NUM(policy), NUM(seals), BYT(sealed)));
}
