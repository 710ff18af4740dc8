#include "vault/heads.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cobblestone.h"
#include "crypto/hash.h"
#include "vault/grant.h"
#include "vault/imported.h"

#define HEAD_MAX ((size_t)1 << 20)
#define TAG_BYTES 32

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

static cv_status tag_of(const struct cv_vault *v, const char *id, uint8_t tag[static TAG_BYTES])
{
    struct cv_secret key = { 0 };
    cv_status st = cv_heads_key(v, "tag", &key);
    st = CV_THEN(st, cv_hmac_sha256(cv_secret_view(&key), cv_bytes_str(id), tag));
    cv_secret_free(&key);
    return st;
}

/* reader_of(v, out): whose index: with another set of roles a member sees other heads, with other grants more
 * of them, and after an erasure none of those listed before can be opened; then they are listed anew. */
static cv_status reader_of(const struct cv_vault *v, char out[static CV_READER_BYTES])
{
    char state[CV_RELEASE_STATE_BYTES] = "";
    cv_status st = cv_release_state(&v->custody->release, state, NULL);
    snprintf(out, CV_READER_BYTES, "%s/%" PRIx64 "/%zx/%s", v->id->public.pseudonym, cv_vault_me(v)->roles,
             v->grants != NULL ? v->grants->count : 0, state);
    return st;
}

/* context_of(index, out): which row a sealed head belongs to. */
static cv_status context_of(uint64_t index, struct cv_buf *out)
{
    cv_status st = cv_buf_str(out, "casevault/1/head");
    return CV_THEN(st, cv_buf_u64(out, index));
}

/* parse_head(text, out): a line of JSON, then the JWT, packed, which is kept as its member `jwt`. */
static cv_status parse_head(struct cv_bytes text, struct cv_json **out, struct cv_err *err)
{
    const uint8_t *end = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
    const size_t n = end != NULL ? (size_t)(end - text.p) : 0;
    if (end == NULL)
        return CV_ERR_FORMAT;
    cv_status st = cv_json_parse(CV_BYTES(text.p, n), HEAD_MAX, "head", out, err);
    if (st != CV_OK)
        return st;
    struct cv_buf jwt = { .max = HEAD_MAX };
    st = cv_jws_unpack(CV_BYTES(end + 1, text.n - n - 1), &jwt);
    if (st == CV_OK && !cv_json_is(*out, CV_JSON_OBJECT))
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, cv_json_set(*out, "jwt", cv_json_strn(cv_buf_view(&jwt))));
    cv_buf_free(&jwt);
    return st;
}

cv_status cv_head_open(struct cv_vault *v, uint64_t index, const struct cv_envelope *env,
                       struct cv_bytes release, struct cv_json **out, struct cv_err *err)
{
    const struct cv_part *part = cv_envelope_part(env, "head");
    struct cv_buf plain = { .max = HEAD_MAX };
    *out = NULL;
    if (part == NULL)
        return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (record): it has no head", index);
    cv_status st = cv_part_unseal(v, index, env, part, release, &plain, err);
    st = CV_THEN(st, parse_head(cv_buf_view(&plain), out, err));
    cv_buf_free(&plain);
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = cv_fail(err, CV_ERR_LOG,
                     "entry %" PRIu64 " (record): its head does not open: damaged, or not made by "
                     "casevault",
                     index);
    return st;
}

cv_status cv_head_author(struct cv_vault *v, uint64_t index, const struct cv_json *head,
                         char author[static CV_PSEUDONYM_BYTES], const struct cv_policy **policy,
                         struct cv_jws *out, struct cv_err *err)
{
    struct cv_jws jws = { 0 };
    const struct cv_policy *p = NULL;
    cv_status st = cv_jws_parse(cv_json_text(cv_json_get(head, "jwt")), CV_RECORD_TYP, &jws, err);
    st = CV_THEN(st, cv_custody_policy_at(v->custody, index, &p, err));
    const char *kid = st == CV_OK ? cv_json_get_str(jws.header, "kid") : NULL;
    const char *iss = st == CV_OK ? cv_json_get_str(jws.payload, "iss") : NULL;
    const struct cv_policy_member *member = kid != NULL ? cv_policy_member(p, kid) : NULL;
    author[0] = '\0';
    if (st == CV_OK && (member == NULL || iss == NULL || strcmp(iss, v->uuid) != 0))
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (record): its author was no member then", index);
    st = CV_THEN(st, cv_jws_verify(&jws, member->key.sign, "record", err));
    if (st == CV_OK)
        snprintf(author, CV_PSEUDONYM_BYTES, "%s", kid);
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = CV_ERR_LOG;
    if (policy != NULL)
        *policy = p;
    if (st == CV_OK && out != NULL) {
        *out = jws;
        return CV_OK;
    }
    cv_jws_free(&jws);
    return st;
}

/* note_of(key, tag, note): hide or show a record id and a file, which only who has the key can tell. */
static cv_status note_of(struct cv_bytes key, const uint8_t tag[static TAG_BYTES],
                         uint8_t note[static CV_SOURCE_NOTE_BYTES])
{
    uint8_t pad[TAG_BYTES];
    cv_status st = cv_hmac_sha256(key, CV_BYTES(tag, TAG_BYTES), pad);
    for (size_t i = 0; i < CV_SOURCE_NOTE_BYTES; i++)
        note[i] ^= pad[i];
    return st;
}

/* keep_source(v, head, env, reader): that such a record is there, for an import that brings it again. */
static cv_status keep_source(struct cv_vault *v, const struct cv_json *head, const struct cv_envelope *env,
                             const char *reader, struct cv_err *err)
{
    uint8_t mark[CV_IMPORTED_BYTES], tag[TAG_BYTES], note[CV_SOURCE_NOTE_BYTES];
    struct cv_imported from;
    struct cv_secret key = { 0 };
    if (cv_json_get_bytes(head, "source", mark, sizeof(mark)) != CV_OK)
        return CV_OK;
    cv_status st = cv_imported_show(v, env, mark, &from);
    if (st == CV_ERR_NOKEY)
        return CV_OK;
    st = CV_THEN(st, cv_id_parse(cv_json_text(cv_json_get(head, "id")), note, err));
    cv_store_u64(note + CV_ID_BYTES, from.file);
    st = CV_THEN(st, cv_heads_key(v, "sources", &key));
    st = CV_THEN(st, cv_hmac_sha256(cv_secret_view(&key), CV_ARR(from.digest), tag));
    st = CV_THEN(st, note_of(cv_secret_view(&key), tag, note));
    st = CV_THEN(st, cv_catalog_add_source(v->custody->catalog, reader, CV_ARR(tag), CV_ARR(note), err));
    cv_secret_free(&key);
    return st;
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
    uint8_t tag[TAG_BYTES], note[CV_SOURCE_NOTE_BYTES];
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

/* keep_head(v, index, env, head, author): a row of the index. */
static cv_status keep_head(struct cv_vault *v, uint64_t index, const struct cv_envelope *env,
                           const struct cv_json *head, const char *author, struct cv_bytes key,
                           struct cv_err *err)
{
    struct cv_json *row = cv_json_object();
    struct cv_buf text = { 0 }, sealed = { 0 }, context = { 0 };
    uint8_t tag[TAG_BYTES];
    char reader[CV_READER_BYTES];
    const char *id = cv_json_get_str(head, "id");
    cv_status st = reader_of(v, reader);
    st = CV_THEN(st, cv_json_set(row, "id", cv_json_ref(cv_json_get(head, "id"))));
    st = CV_THEN(st, cv_json_set(row, "type", cv_json_ref(cv_json_get(head, "type"))));
    st = CV_THEN(st, cv_json_set(row, "version", cv_json_ref(cv_json_get(head, "version"))));
    st = CV_THEN(st, cv_json_set(row, "carried", cv_json_ref(cv_json_get(head, "carried"))));
    st = CV_THEN(st, cv_json_set(row, "author", cv_json_str(author)));
    st = CV_THEN(st, cv_json_write(row, &text));
    st = CV_THEN(st, context_of(index, &context));
    st = CV_THEN(st, cv_cobblestone_seal(key, cv_buf_view(&context), cv_buf_view(&text), &sealed));
    st = CV_THEN(st, id == NULL ? CV_ERR_FORMAT : tag_of(v, id, tag));
    st = CV_THEN(
        st, cv_catalog_add_head(v->custody->catalog, reader, index, CV_ARR(tag), cv_buf_view(&sealed), err));
    st = CV_THEN(st, keep_source(v, head, env, reader, err));
    cv_json_free(row);
    cv_buf_free(&text);
    cv_buf_free(&sealed);
    cv_buf_free(&context);
    return cv_err_note(err, st, "head index");
}

/* The heads to be opened. */
struct catching_up {
    struct cv_vault *v;
    struct cv_want *wants;
    uint64_t *indexes;
    size_t count, room;
    struct cv_secret key;
    uint64_t *left; /* entries that could not be read before */
    size_t left_count;
};

/* granted(v, index): the head of this entry, with some section of it. */
static bool granted(const struct cv_vault *v, uint64_t index)
{
    const struct cv_granted *g = cv_granted(v, index, "");
    return g != NULL && !g->over;
}

/* note_entry(c, index, whole): does this member read its head? Then it is wanted. ${whole}: false where the
 * entry, or the one with its keys, is damaged: that spoils itself alone, and may be mended. */
static cv_status note_entry(struct catching_up *c, uint64_t index, bool *whole, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_envelope env;
    struct cv_err damaged = { 0 };
    cv_status st = cv_custody_read(c->v->custody, index, CV_KIND_RECORD, &data, &damaged);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, &damaged));
    const struct cv_part *head = st == CV_OK ? cv_envelope_part(&env, "head") : NULL;
    cv_buf_free(&data);
    const bool mine = head != NULL && cv_vault_may_read(c->v, head->section);
    struct cv_bytes key;
    if (mine)
        st = cv_keyring_batch(c->v->keys, env.batch, head->section, &key, &damaged);
    *whole = st == CV_OK || st == CV_ERR_NOKEY;
    if (!*whole || (!mine && (head == NULL || !granted(c->v, index))))
        return st == CV_ERR_IO || st == CV_ERR_NOMEM ? cv_fail(err, st, "%s", damaged.msg) : CV_OK;
    if (c->count == c->room) {
        const size_t room = c->room == 0 ? 256 : 2 * c->room;
        struct cv_want *wants = realloc(c->wants, room * sizeof(*wants));
        if (wants == NULL)
            return cv_fail(err, CV_ERR_NOMEM, "head index: out of memory");
        c->wants = wants;
        uint64_t *indexes = realloc(c->indexes, room * sizeof(*indexes));
        if (indexes == NULL)
            return cv_fail(err, CV_ERR_NOMEM, "head index: out of memory");
        c->indexes = indexes;
        c->room = room;
    }
    c->indexes[c->count] = index;
    c->wants[c->count] = (struct cv_want){ .slot = env.slot, .part = "head" };
    memcpy(c->wants[c->count++].handle, env.handle, sizeof(env.handle));
    return CV_OK;
}

static cv_status take_head(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct catching_up *c = arg;
    struct cv_buf data = { 0 };
    struct cv_envelope env;
    struct cv_json *head = NULL;
    char author[CV_PSEUDONYM_BYTES];
    struct cv_err bad = { 0 };
    if (release.n == 0)
        return CV_OK; /* erased */
    cv_status st = cv_custody_read(c->v->custody, c->indexes[i], CV_KIND_RECORD, &data, &bad);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, &bad));
    st = CV_THEN(st, cv_head_open(c->v, c->indexes[i], &env, release, &head, &bad));
    st = CV_THEN(st, cv_head_author(c->v, c->indexes[i], head, author, NULL, NULL, &bad));
    st = CV_THEN(st, keep_head(c->v, c->indexes[i], &env, head, author, cv_secret_view(&c->key), &bad));
    cv_json_free(head);
    cv_buf_free(&data);
    /* One entry that lies costs itself, not the list. */
    return st == CV_ERR_IO || st == CV_ERR_NOMEM ? cv_fail(err, st, "%s", bad.msg) : CV_OK;
}

/* Entries that could not be read stand in the index under this in place of a tag, with nothing. */
#define DAMAGED CV_LIT("damaged")

static cv_status add_left(void *arg, uint64_t index, struct cv_bytes sealed, struct cv_err *err)
{
    struct catching_up *c = arg;
    uint64_t *more = realloc(c->left, (c->left_count + 1) * sizeof(*more));
    (void)sealed;
    if (more == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "head index: out of memory");
    c->left = more;
    more[c->left_count++] = index;
    return CV_OK;
}

/* try_again(c, me): what was damaged, and may have been mended; c->left is then what was. */
static cv_status try_again(struct catching_up *c, const char *me, struct cv_err *err)
{
    size_t mended = 0;
    cv_status st = cv_catalog_heads(c->v->custody->catalog, me, DAMAGED, add_left, c, err);
    for (size_t i = 0; i < c->left_count && st == CV_OK; i++) {
        bool whole = false;
        st = note_entry(c, c->left[i], &whole, err);
        if (whole)
            c->left[mended++] = c->left[i];
    }
    c->left_count = mended;
    return st;
}

/* note_new(c, me, next): the entries from ${next} on. */
static cv_status note_new(struct catching_up *c, const char *me, uint64_t *next, struct cv_err *err)
{
    struct cv_catalog *catalog = c->v->custody->catalog;
    uint64_t index = 0;
    bool whole = true;
    cv_status st;
    while ((st = cv_catalog_next(catalog, CV_KIND_RECORD, *next, &index, err)) == CV_OK) {
        st = note_entry(c, index, &whole, err);
        if (st == CV_OK && !whole)
            st = cv_catalog_add_head(catalog, me, index, DAMAGED, CV_LIT(""), err);
        if (st != CV_OK)
            return st;
        *next = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* list_new(v): into the index, what was written since it was last brought up to date. */
static cv_status list_new(struct cv_vault *v, struct cv_err *err)
{
    struct catching_up c = { .v = v };
    char me[CV_READER_BYTES];
    const unsigned made = cv_catalog_made(v->custody->catalog);
    const uint64_t records = v->custody->counts[CV_KIND_RECORD];
    uint64_t listed = 0, next = 0;
    char detail[64];
    cv_status st = reader_of(v, me);
    st = CV_THEN(st,
                 cv_catalog_forget_heads(cv_custody_catalog(v->custody), v->id->public.pseudonym, me, err));
    st = CV_THEN(st, cv_catalog_listed(cv_custody_catalog(v->custody), me, &listed, err));
    next = listed;
    st = CV_THEN(st, try_again(&c, me, err));
    st = CV_THEN(st, note_new(&c, me, &next, err));
    if (st == CV_OK && c.count > 0) {
        snprintf(detail, sizeof(detail), "ids and types of %zu new versions", c.count);
        const struct cv_event event = { .action = "list", .detail = detail };
        st = cv_heads_key(v, "heads", &c.key);
        st = CV_THEN(st, cv_release(v, &event, c.wants, c.count, take_head, &c, err));
    }
    for (size_t i = 0; i < c.left_count && st == CV_OK; i++)
        st = cv_catalog_drop_head(v->custody->catalog, me, c.left[i], DAMAGED, err);
    /* A catalog that was made anew on the way lacks what was listed before. */
    if (st == CV_OK && made == cv_catalog_made(v->custody->catalog)) {
        if (next > listed)
            st = cv_catalog_set_listed(v->custody->catalog, me, next, err);
        v->listed = records;
        memcpy(v->listed_as, me, sizeof(me));
        v->listed_in = made;
    }
    cv_secret_free(&c.key);
    free(c.wants);
    free(c.indexes);
    free(c.left);
    return st;
}

/* up_to_date(v, out): does the index cover every record entry, for the reader this member is now? */
static cv_status up_to_date(struct cv_vault *v, bool *out, struct cv_err *err)
{
    const uint64_t records = v->custody->counts[CV_KIND_RECORD];
    char me[CV_READER_BYTES];
    cv_status st = cv_grants_load(v, err);
    st = CV_THEN(st, reader_of(v, me));
    *out = st == CV_OK && records > 0 && v->listed == records && strcmp(v->listed_as, me) == 0 &&
           v->listed_in == cv_catalog_made(v->custody->catalog);
    return st;
}

cv_status cv_heads_catch_up(struct cv_vault *v, struct cv_err *err)
{
    const unsigned made = cv_catalog_made(v->custody->catalog);
    bool current = false;
    cv_status st = up_to_date(v, &current, err);
    if (st != CV_OK || current)
        return cv_err_note(err, st, "head index");
    st = list_new(v, err);
    if (made != cv_catalog_made(v->custody->catalog))
        st = CV_THEN(st, list_new(v, err));
    return cv_err_note(err, st, "head index");
}

struct finding {
    struct cv_vault *v;
    struct cv_versions *out;
    struct cv_secret key;
};

static cv_status read_row(struct cv_version *row, uint64_t index, const struct cv_json *o)
{
    const char *id = cv_json_get_str(o, "id"), *type = cv_json_get_str(o, "type");
    const char *author = cv_json_get_str(o, "author");
    const int64_t version = cv_json_get_int(o, "version");
    if (id == NULL || strlen(id) >= sizeof(row->id) || type == NULL || strlen(type) >= sizeof(row->type) ||
        author == NULL || strlen(author) >= sizeof(row->author) || version < 1 ||
        !cv_json_is(cv_json_get(o, "carried"), CV_JSON_OBJECT))
        return CV_ERR_FORMAT;
    memset(row, 0, sizeof(*row));
    strcpy(row->id, id);
    strcpy(row->type, type);
    strcpy(row->author, author);
    row->index = index;
    row->version = (uint64_t)version;
    row->carried = cv_json_ref(cv_json_get(o, "carried"));
    return CV_OK;
}

static cv_status take_row(void *arg, uint64_t index, struct cv_bytes sealed, struct cv_err *err)
{
    struct finding *f = arg;
    struct cv_buf text = { .max = HEAD_MAX }, context = { 0 };
    struct cv_json *o = NULL;
    cv_status st = context_of(index, &context);
    st = CV_THEN(st, cv_cobblestone_open(cv_secret_view(&f->key), cv_buf_view(&context), sealed, &text));
    cv_buf_free(&context);
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT) {
        cv_buf_free(&text);
        return CV_OK; /* sealed before an erasure: its key is gone, and it will be listed again */
    }
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&text), HEAD_MAX, "head index", &o, err));
    if (st == CV_OK) {
        struct cv_version *more = realloc(f->out->v, (f->out->count + 1) * sizeof(*more));
        st = more == NULL ? CV_ERR_NOMEM : CV_OK;
        if (more != NULL)
            f->out->v = more;
        st = CV_THEN(st, read_row(&more[f->out->count], index, o));
        if (st == CV_OK)
            f->out->count++;
    }
    cv_json_free(o);
    cv_buf_free(&text);
    return st;
}

static int by_id(const void *a, const void *b)
{
    const struct cv_version *x = a, *y = b;
    const int c = strcmp(x->id, y->id);
    return c != 0 ? c : (x->index > y->index) - (x->index < y->index);
}

static int by_entry(const void *a, const void *b)
{
    const struct cv_version *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

/* lose(list, row): leave it out, but tell of it. */
static void lose(struct cv_versions *list, struct cv_version *row)
{
    struct cv_lost *lost = &list->lost[list->lost_count++];
    *lost = (struct cv_lost){ .index = row->index, .version = row->version };
    memcpy(lost->id, row->id, sizeof(lost->id));
    memcpy(lost->author, row->author, sizeof(lost->author));
    cv_json_free(row->carried);
}

/* first_wins(list): where entries claim the same version of a record, the first in the log is it; and no
 * entry can make a record of another type, or an older version, out of what is there. */
static cv_status first_wins(struct cv_versions *list)
{
    size_t kept = 0, first = 0;
    if (list->count == 0)
        return CV_OK;
    list->lost = calloc(list->count, sizeof(*list->lost));
    if (list->lost == NULL)
        return CV_ERR_NOMEM;
    qsort(list->v, list->count, sizeof(*list->v), by_id);
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || strcmp(list->v[i].id, list->v[kept - 1].id) != 0)
            first = kept;
        else if (list->v[i].version <= list->v[kept - 1].version ||
                 strcmp(list->v[i].type, list->v[first].type) != 0) {
            lose(list, &list->v[i]);
            continue;
        }
        list->v[kept++] = list->v[i];
    }
    list->count = kept;
    qsort(list->v, list->count, sizeof(*list->v), by_entry);
    return CV_OK;
}

/* find_rows(v, id, out): what the index holds of a record, or of all. */
static cv_status find_rows(struct cv_vault *v, const char *id, struct cv_versions *out, struct cv_err *err)
{
    struct finding f = { .v = v, .out = out };
    uint8_t tag[TAG_BYTES];
    char reader[CV_READER_BYTES];
    memset(out, 0, sizeof(*out));
    cv_status st = reader_of(v, reader);
    st = CV_THEN(st, cv_heads_key(v, "heads", &f.key));
    if (id != NULL)
        st = CV_THEN(st, tag_of(v, id, tag));
    st = CV_THEN(st, cv_catalog_heads(v->custody->catalog, reader,
                                      id != NULL ? CV_ARR(tag) : (struct cv_bytes){ 0 }, take_row, &f, err));
    st = CV_THEN(st, first_wins(out));
    cv_secret_free(&f.key);
    if (st != CV_OK)
        cv_versions_free(out);
    return st;
}

cv_status cv_heads_find(struct cv_vault *v, const char *id, struct cv_versions *out, struct cv_err *err)
{
    const unsigned made = cv_catalog_made(v->custody->catalog);
    cv_status st = find_rows(v, id, out, err);
    if (st != CV_OK || made == cv_catalog_made(v->custody->catalog))
        return st;
    cv_versions_free(out);
    st = cv_heads_catch_up(v, err);
    return CV_THEN(st, find_rows(v, id, out, err));
}
