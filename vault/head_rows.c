#include "vault/head_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cobblestone.h"
#include "crypto/hash.h"
#include "vault/grant.h"
#include "vault/imported.h"

/* ---- whose they are ---- */

cv_status cv_heads_key(const struct cv_vault *v, const char *label, struct cv_secret *out)
{
    struct cv_secret slot = { 0 };
    struct cv_buf info = { 0 };
    cv_status st = cv_release_get(&v->custody->release, 0, &slot, NULL);
    st = CV_THEN(st, cv_buf_str(&info, label));
    st = CV_THEN(st, cv_buf_append(&info, CV_ARR(cv_vault_policy(v)->vault_id)));
    st = CV_THEN(st, cv_identity_derive(v->id, cv_secret_view(&slot), cv_buf_view(&info), out));
    cv_secret_free(&slot);
    cv_buf_free(&info);
    return st;
}

/* reader_of(v, out): with another set of roles a member sees other heads, with other grants more of them, and
 * after an erasure none of those listed before can be opened; then they are listed anew. CV_ERR_NOKEY: no
 * member any more, which a process may learn on its way. */
static cv_status reader_of(const struct cv_vault *v, char out[static CV_READER_BYTES])
{
    const struct cv_policy_member *me = cv_vault_me(v);
    char state[CV_RELEASE_STATE_BYTES] = "";
    cv_status st = me == NULL ? CV_ERR_NOKEY : cv_release_state(&v->custody->release, state, NULL);
    snprintf(out, CV_READER_BYTES, "%s/%" PRIx64 "/%zx/%s", v->id->public.pseudonym,
             me != NULL ? me->roles : 0, v->grants != NULL ? v->grants->count : 0, state);
    return st;
}

void cv_head_rows_free(struct cv_head_rows *rows)
{
    if (rows == NULL)
        return;
    cv_secret_free(&rows->seal);
    cv_secret_free(&rows->tag);
    cv_secret_free(&rows->sources);
    free(rows);
}

cv_status cv_head_rows(struct cv_vault *v, struct cv_head_rows **out, struct cv_err *err)
{
    char reader[CV_READER_BYTES];
    *out = NULL;
    cv_status st = reader_of(v, reader);
    if (st == CV_OK && v->rows != NULL && strcmp(v->rows->reader, reader) == 0) {
        *out = v->rows;
        return CV_OK;
    }
    struct cv_head_rows *rows = calloc(1, sizeof(*rows));
    st = CV_THEN(st, rows == NULL ? CV_ERR_NOMEM : CV_OK);
    st = CV_THEN(st, cv_heads_key(v, "heads", &rows->seal));
    st = CV_THEN(st, cv_heads_key(v, "tag", &rows->tag));
    st = CV_THEN(st, cv_heads_key(v, "sources", &rows->sources));
    if (st != CV_OK) {
        cv_head_rows_free(rows);
        return cv_err_note(err, st, "head index");
    }
    memcpy(rows->reader, reader, sizeof(reader));
    cv_head_rows_free(v->rows);
    v->rows = rows;
    *out = rows;
    return CV_OK;
}

bool cv_head_rows_as_left(struct cv_vault *v, const struct cv_head_rows *rows)
{
    struct cv_catalog *catalog = v->custody->catalog;
    uint64_t to = 0;
    return strcmp(v->listed_as, rows->reader) == 0 && v->listed_in == cv_catalog_made(catalog) &&
           cv_catalog_listed(catalog, rows->reader, &to, NULL) == CV_OK && to == v->listed_to;
}

cv_status cv_head_tag(const struct cv_head_rows *rows, const char *id, uint8_t tag[static CV_HEAD_TAG_BYTES])
{
    return cv_hmac_sha256(cv_secret_view(&rows->tag), cv_bytes_str(id), tag);
}

/* context_of(index, out): which row a sealed head belongs to. */
static cv_status context_of(uint64_t index, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, "casevault/1/head");
    return CV_THEN(st, cv_buf_u64(out, index));
}

/* ---- what imports brought ---- */

/* note_of(key, tag, note): hide or show a record id and a file, which only who has the key can tell. */
static cv_status note_of(struct cv_bytes key, const uint8_t tag[static CV_HEAD_TAG_BYTES],
                         uint8_t note[static CV_SOURCE_NOTE_BYTES])
{
    uint8_t pad[CV_HEAD_TAG_BYTES];
    cv_status st = cv_hmac_sha256(key, CV_BYTES(tag, CV_HEAD_TAG_BYTES), pad);
    for (size_t i = 0; i < CV_SOURCE_NOTE_BYTES; i++)
        note[i] ^= pad[i];
    return st;
}

/* keep_source(v, rows, head, of): that such a record is there, for an import that brings it again. */
static cv_status keep_source(struct cv_vault *v, const struct cv_head_rows *rows, const struct cv_json *head,
                             const struct cv_head_origin *of, struct cv_err *err)
{
    uint8_t mark[CV_IMPORTED_BYTES], tag[CV_HEAD_TAG_BYTES], note[CV_SOURCE_NOTE_BYTES];
    struct cv_imported from;
    const struct cv_bytes key = cv_secret_view(&rows->sources);
    if (cv_json_get_bytes(head, "source", mark, sizeof(mark)) != CV_OK)
        return CV_OK;
    cv_status st = cv_imported_show(v, of->batch, of->handle, mark, &from);
    if (st == CV_ERR_NOKEY)
        return CV_OK;
    st = CV_THEN(st, cv_id_parse(cv_json_text(cv_json_get(head, "id")), note, err));
    cv_store_u64(note + CV_ID_BYTES, from.file);
    st = CV_THEN(st, cv_hmac_sha256(key, CV_ARR(from.digest), tag));
    st = CV_THEN(st, note_of(key, tag, note));
    return CV_THEN(st,
                   cv_catalog_add_source(v->custody->catalog, rows->reader, CV_ARR(tag), CV_ARR(note), err));
}

cv_status cv_heads_sources_open(struct cv_vault *v, struct cv_heads_sources *out, struct cv_err *err)
{
    cv_secret_free(&out->key);
    cv_status st = reader_of(v, out->reader);
    st = CV_THEN(st, cv_heads_key(v, "sources", &out->key));
    st = CV_THEN(st, cv_catalog_any_source(v->custody->catalog, out->reader, err));
    out->some = st == CV_OK;
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

cv_status cv_heads_source(struct cv_vault *v, const struct cv_heads_sources *sources,
                          const uint8_t digest[static CV_DIGEST_BYTES], struct cv_before *out,
                          struct cv_err *err)
{
    uint8_t tag[CV_HEAD_TAG_BYTES], note[CV_SOURCE_NOTE_BYTES];
    *out = (struct cv_before){ 0 };
    if (!sources->some)
        return CV_OK;
    cv_status st = cv_hmac_sha256(cv_secret_view(&sources->key), CV_BYTES(digest, CV_DIGEST_BYTES), tag);
    st = CV_THEN(st, cv_catalog_source(v->custody->catalog, sources->reader, CV_ARR(tag), note, err));
    st = CV_THEN(st, note_of(cv_secret_view(&sources->key), tag, note));
    if (st == CV_OK) {
        out->known = true;
        cv_id_text(note, out->id);
        out->file = cv_load_u64(note + CV_ID_BYTES);
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* ---- rows ---- */

/* row_of(head, jwt, author): what is kept of a head; NULL if out of memory. */
static struct cv_json *row_of(const struct cv_json *head, const uint8_t jwt[static 32], const char *author)
{
    static const char *const names[] = { "id", "type", "version", "carried" };
    struct cv_json *row = cv_json_object();
    cv_status st = CV_OK;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && st == CV_OK; i++)
        st = cv_json_set(row, names[i], cv_json_ref(cv_json_get(head, names[i])));
    st = CV_THEN(st, cv_json_set(row, "author", cv_json_str(author)));
    st = CV_THEN(st, cv_json_set(row, "jwt", cv_json_b64u(CV_BYTES(jwt, CV_SHA256_BYTES))));
    if (st == CV_OK)
        return row;
    cv_json_free(row);
    return NULL;
}

cv_status cv_head_row_add(struct cv_vault *v, const struct cv_head_rows *rows,
                          const struct cv_head_origin *of, const struct cv_json *head,
                          const uint8_t jwt[static 32], const char *author, struct cv_err *err)
{
    struct cv_json *row = row_of(head, jwt, author);
    struct cv_buf text = { 0 }, sealed = { 0 }, context = { 0 };
    uint8_t tag[CV_HEAD_TAG_BYTES];
    const char *id = cv_json_get_str(head, "id");
    cv_status st = row == NULL ? CV_ERR_NOMEM : id == NULL ? CV_ERR_FORMAT : cv_head_tag(rows, id, tag);
    st = CV_THEN(st, cv_json_write(row, &text));
    st = CV_THEN(st, context_of(of->index, &context));
    st = CV_THEN(st, cv_cobblestone_seal(cv_secret_view(&rows->seal), cv_buf_view(&context),
                                         cv_buf_view(&text), &sealed));
    st = CV_THEN(st, cv_catalog_add_head(v->custody->catalog, rows->reader, of->index, CV_ARR(tag),
                                         cv_buf_view(&sealed), err));
    st = CV_THEN(st, keep_source(v, rows, head, of, err));
    cv_json_free(row);
    cv_buf_free(&text);
    cv_buf_free(&sealed);
    cv_buf_free(&context);
    return cv_err_note(err, st, "head index");
}

cv_status cv_head_row_open(const struct cv_head_rows *rows, uint64_t index, struct cv_bytes sealed,
                           struct cv_json **out, struct cv_err *err)
{
    struct cv_buf text = { .max = CV_HEAD_MAX }, context = { 0 };
    *out = NULL;
    cv_status st = context_of(index, &context);
    st = CV_THEN(st, cv_cobblestone_open(cv_secret_view(&rows->seal), cv_buf_view(&context), sealed, &text));
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = CV_ERR_NOTFOUND;
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&text), CV_HEAD_MAX, "head index", out, err));
    cv_buf_free(&context);
    cv_buf_free(&text);
    return st;
}

static cv_status read_version(const struct cv_json *o, uint64_t index, struct cv_version *out)
{
    const char *id = cv_json_get_str(o, "id"), *type = cv_json_get_str(o, "type");
    const char *author = cv_json_get_str(o, "author");
    const int64_t version = cv_json_get_int(o, "version");
    if (id == NULL || strlen(id) >= sizeof(out->id) || type == NULL || strlen(type) >= sizeof(out->type) ||
        author == NULL || strlen(author) >= sizeof(out->author) || version < 1 ||
        !cv_json_is(cv_json_get(o, "carried"), CV_JSON_OBJECT))
        return CV_ERR_FORMAT;
    strcpy(out->id, id);
    strcpy(out->type, type);
    strcpy(out->author, author);
    out->index = index;
    out->version = (uint64_t)version;
    if (cv_json_len(cv_json_get(o, "carried")) > 0) /* of most none is, and there may be a million */
        out->carried = cv_json_ref(cv_json_get(o, "carried"));
    return CV_OK;
}

cv_status cv_head_row_version(const struct cv_head_rows *rows, uint64_t index, struct cv_bytes sealed,
                              struct cv_version *out, struct cv_err *err)
{
    struct cv_json *o = NULL;
    memset(out, 0, sizeof(*out));
    cv_status st = cv_head_row_open(rows, index, sealed, &o, err);
    st = CV_THEN(st, read_version(o, index, out));
    cv_json_free(o);
    return st;
}

/* Looking for the row of one entry. */
struct looking {
    const struct cv_head_rows *rows;
    uint64_t index;
    const uint8_t *jwt;
    const char *author;
    bool found;
};

static cv_status look_at(void *arg, const struct cv_catalog_head *head, struct cv_err *err)
{
    struct looking *l = arg;
    struct cv_json *row = NULL;
    uint8_t jwt[CV_SHA256_BYTES];
    if (head->index != l->index)
        return CV_OK;
    cv_status st = cv_head_row_open(l->rows, head->index, head->sealed, &row, err);
    const char *author = cv_json_get_str(row, "author");
    l->found = st == CV_OK && author != NULL && strcmp(author, l->author) == 0 &&
               cv_json_get_bytes(row, "jwt", jwt, sizeof(jwt)) == CV_OK &&
               memcmp(jwt, l->jwt, sizeof(jwt)) == 0;
    cv_json_free(row);
    return st == CV_ERR_NOMEM ? st : CV_OK;
}

cv_status cv_head_verified(struct cv_vault *v, uint64_t index, const char *id, const uint8_t jwt[static 32],
                           const char *author, bool *out)
{
    struct looking l = { .index = index, .jwt = jwt, .author = author };
    struct cv_head_rows *rows = NULL;
    uint8_t tag[CV_HEAD_TAG_BYTES];
    cv_status st = cv_head_rows(v, &rows, NULL);
    l.rows = rows;
    st = CV_THEN(st, cv_head_tag(rows, id, tag));
    st = CV_THEN(st, cv_catalog_heads(v->custody->catalog, rows->reader, CV_ARR(tag), look_at, &l, NULL));
    *out = st == CV_OK && l.found;
    return st;
}
