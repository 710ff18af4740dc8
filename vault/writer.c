#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hpke.h"
#include "crypto/random.h"
#include "vault/head_own.h"
#include "vault/vault.h"

/* One writing session under one policy: a batch key B per section it writes to. */
struct cv_writer {
    bool open;
    bool committed;
    uint64_t policy, batch;
    size_t count;
    struct {
        char section[CV_NAME_BYTES];
        struct cv_secret key;
    } keys[CV_POLICY_SECTIONS_MAX];
};

void cv_writer_free(struct cv_writer *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->count; i++)
        cv_secret_free(&w->keys[i].key);
    free(w);
}

void cv_writer_forget(struct cv_vault *v)
{
    cv_writer_free(v->writer);
    v->writer = NULL;
}

cv_status cv_vault_begin(struct cv_vault *v, struct cv_err *err)
{
    cv_status st = cv_custody_begin(v->custody, err);
    if (st != CV_OK)
        return st;
    st = cv_vault_sign(
        v, err); /* another policy may have come into force, with another log key, or without us */
    if (st != CV_OK)
        cv_vault_abort(v);
    return st;
}

void cv_vault_abort(struct cv_vault *v)
{
    cv_custody_abort(v->custody);
    cv_head_own_abort(v);
    if (v->writer != NULL && !v->writer->committed)
        cv_writer_forget(v);
}

cv_status cv_vault_commit(struct cv_vault *v, struct cv_err *err)
{
    cv_status st = cv_custody_commit(v->custody, err);
    if (st != CV_OK) {
        cv_vault_abort(v);
        return st;
    }
    if (v->writer != NULL)
        v->writer->committed = true;
    cv_head_own_commit(v);
    return CV_OK;
}

struct cv_bytes cv_writer_key(const struct cv_vault *v, const char *section)
{
    for (size_t i = 0; v->writer != NULL && i < v->writer->count; i++)
        if (strcmp(v->writer->keys[i].section, section) == 0)
            return cv_secret_view(&v->writer->keys[i].key);
    return (struct cv_bytes){ 0 };
}

/* add_section(w, name): a fresh key, unless it has one. */
static cv_status add_section(struct cv_writer *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->keys[i].section, name) == 0)
            return CV_OK;
    if (w->count == CV_POLICY_SECTIONS_MAX)
        return CV_ERR_LIMIT;
    snprintf(w->keys[w->count].section, CV_NAME_BYTES, "%s", name);
    cv_status st = cv_secret_random(&w->keys[w->count].key, 32);
    if (st == CV_OK)
        w->count++;
    return st;
}

/* seal_keys(w, policy, batch, sealed): each key to its section; the views are set when ${sealed} no longer
 * moves. */
static cv_status seal_keys(const struct cv_writer *w, const struct cv_policy *policy, struct cv_batch *batch,
                           struct cv_buf *sealed)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < w->count && st == CV_OK; i++) {
        struct cv_batch_key *key = &batch->keys[batch->count++];
        struct cv_seal seal;
        const struct cv_policy_section *section = cv_policy_section(policy, w->keys[i].section);
        const size_t start = sealed->n;
        if (section == NULL)
            return CV_ERR_NOTFOUND;
        snprintf(key->section, sizeof(key->section), "%s", section->name);
        key->epoch = section->epoch;
        cv_batch_seal(batch, key, &seal);
        st = cv_seal_secret(policy, &seal, &section->key, cv_secret_view(&w->keys[i].key), sealed);
        key->sealed.n = sealed->n - start;
    }
    size_t at = 0;
    for (size_t i = 0; i < batch->count; at += batch->keys[i].sealed.n, i++)
        batch->keys[i].sealed.p = sealed->p + at;
    return st;
}

/* write_batch(v, w): the batch-keys entry, into the commit under way. */
static cv_status write_batch(struct cv_vault *v, struct cv_writer *w, struct cv_err *err)
{
    struct cv_batch *batch = calloc(1, sizeof(*batch));
    struct cv_buf sealed = { 0 }, data = { 0 };
    cv_status st = batch == NULL ? CV_ERR_NOMEM : cv_random(batch->id, sizeof(batch->id));
    if (st == CV_OK)
        batch->policy = cv_vault_policy(v)->number;
    st = CV_THEN(st, seal_keys(w, cv_vault_policy(v), batch, &sealed));
    st = CV_THEN(st, cv_batch_write(batch, &data));
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_BATCH, cv_buf_view(&data), NULL, &w->batch, err));
    free(batch);
    cv_buf_free(&sealed);
    cv_buf_free(&data);
    return st;
}

cv_status cv_writer_need(struct cv_vault *v, const char *const *sections, size_t count, uint64_t *batch,
                         struct cv_err *err)
{
    const uint64_t policy = cv_vault_policy(v)->number;
    bool all = v->writer != NULL && v->writer->open && v->writer->policy == policy;
    for (size_t i = 0; i < count && all; i++)
        all = cv_writer_key(v, sections[i]).n > 0;
    if (all) {
        *batch = v->writer->batch;
        return CV_OK;
    }
    struct cv_writer *w = calloc(1, sizeof(*w));
    cv_status st = w == NULL ? CV_ERR_NOMEM : CV_OK;
    /* A session that turns to other sections keeps those it had, so that it does not go to and fro. */
    for (size_t i = 0;
         v->writer != NULL && v->writer->policy == policy && i < v->writer->count && st == CV_OK; i++)
        st = add_section(w, v->writer->keys[i].section);
    for (size_t i = 0; i < count && st == CV_OK; i++)
        st = add_section(w, sections[i]);
    st = CV_THEN(st, write_batch(v, w, err));
    if (st != CV_OK) {
        cv_writer_free(w);
        return cv_err_note(err, st, "batch keys");
    }
    w->open = true;
    w->policy = policy;
    cv_writer_free(v->writer);
    v->writer = w;
    *batch = w->batch;
    return CV_OK;
}
