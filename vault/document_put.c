#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "crypto/padme.h"
#include "crypto/random.h"
#include "formats/base64.h"
#include "vault/document.h"
#include "vault/notice.h"
#include "vault/record_put.h"

/* Putting a document in. While one group of pieces is committed here, the next is read, hashed and sealed
 * beside it, on another core: the lock is held for the writing only. */

#define GROUP 4 /* pieces in a commit: 16 MiB, so that a reader of the log is never kept waiting for long */
#define PADDED_FLOOR 256
#define PATIENCE 10 /* seconds in which others may change the record that it is attached to */

/* Pieces that are sealed and wait for their commit. */
struct group {
    struct cv_buf data[GROUP];
    size_t count;
    bool ended;
    cv_status st;
    struct cv_err err;
};

struct putting {
    struct cv_vault *v;
    const struct cv_document_place *place;
    const struct cv_document_file *file;
    uint8_t vault_id[CV_VAULT_ID_BYTES];
    struct cv_piece piece; /* the next one's header */
    uint64_t at;           /* in the file */
    struct cv_buf plain;   /* u32 length, content, zeros */
    struct cv_sha256_ctx *hash;
    struct cv_secret section, release;
    char id[CV_ID_TEXT_BYTES];
    struct cv_json *runs;
    struct group groups[2], *into;
};

static void putting_free(struct putting *p)
{
    cv_buf_free(&p->plain);
    cv_sha256_free(p->hash);
    cv_secret_free(&p->section);
    cv_secret_free(&p->release);
    cv_json_free(p->runs);
    for (size_t g = 0; g < 2; g++)
        for (size_t i = 0; i < GROUP; i++)
            cv_buf_free(&p->groups[g].data[i]);
    free(p);
}

/* read_piece(p): the next stretch of the file, padded, and hashed on the way. */
static cv_status read_piece(struct putting *p, struct cv_err *err)
{
    const uint64_t left = p->file->bytes - p->at;
    const size_t n = left < CV_PIECE_CONTENT_BYTES ? (size_t)left : CV_PIECE_CONTENT_BYTES;
    uint8_t *at = p->plain.p;
    p->piece.last = left == n;
    p->plain.n = p->piece.last ? (size_t)cv_padme(4 + n) : CV_PIECE_BYTES;
    p->plain.n = p->plain.n < PADDED_FLOOR ? PADDED_FLOOR : p->plain.n;
    cv_store_u32(at, (uint32_t)n);
    memset(at + 4 + n, 0, p->plain.n - 4 - n);
    cv_status st = cv_document_file_read(p->file, p->at, at + 4, n, err);
    st = CV_THEN(st, cv_sha256_update(p->hash, CV_BYTES(at + 4, n)));
    p->at += n;
    return p->piece.last ? CV_THEN(st, cv_document_file_same(p->file, err)) : st;
}

/* seal_piece(p, out): it becomes the data of an entry; the next one's number. */
static cv_status seal_piece(struct putting *p, struct cv_buf *out)
{
    const struct cv_piece_place place = { { p->vault_id, p->piece.handle, CV_PIECE_PART },
                                          p->piece.number,
                                          p->piece.last };
    cv_buf_truncate(out, 0);
    cv_status st = cv_piece_head(&p->piece, out);
    st = CV_THEN(st, cv_piece_seal(cv_secret_view(&p->section), cv_secret_view(&p->release), &place,
                                   cv_buf_view(&p->plain), out));
    p->piece.number++;
    return st;
}

/* fill(arg): the next group, beside the commit of the one before. */
static void fill(void *arg)
{
    struct putting *p = arg;
    struct group *g = p->into;
    g->st = CV_OK;
    g->ended = false;
    for (g->count = 0; g->count < GROUP && g->st == CV_OK && p->at < p->file->bytes; g->count++) {
        g->st = read_piece(p, &g->err);
        g->st = CV_THEN(g->st, seal_piece(p, &g->data[g->count]));
    }
    g->ended = p->at == p->file->bytes;
}

/* note_run(p, entry, count): where they are. */
static cv_status note_run(struct putting *p, uint64_t entry, size_t count)
{
    struct cv_json *pair = cv_json_array();
    cv_status st = cv_json_push(pair, cv_json_int((int64_t)entry));
    st = CV_THEN(st, cv_json_push(pair, cv_json_int((int64_t)count)));
    if (st == CV_OK)
        return cv_json_push(p->runs, pair);
    cv_json_free(pair);
    return st;
}

/* keys(p): of the first piece: a batch key for the section, a release key of the document's own. */
static cv_status keys(struct putting *p, struct cv_err *err)
{
    const char *const sections[] = { "audit", "head", p->place->section };
    const struct cv_place_of x = { p->vault_id, p->piece.handle, CV_PIECE_PART };
    struct cv_secret key = { 0 };
    cv_status st = cv_writer_need(p->v, sections, 3, &p->piece.batch, err);
    st = CV_THEN(st, cv_custody_take_slot(p->v->custody, &p->piece.slot, &key, err));
    st = CV_THEN(st, cv_schedule_section(cv_writer_key(p->v, p->place->section), &x, &p->section));
    st = CV_THEN(st, cv_schedule_release(cv_secret_view(&key), &x, &p->release));
    cv_secret_free(&key);
    return st;
}

/* claim(p, entry): the notice that says whose it is to be, and the event. */
static cv_status claim(struct putting *p, uint64_t entry, const char *reason, struct cv_err *err)
{
    struct cv_json *more = cv_json_object(), *sections = cv_json_array();
    char detail[64];
    snprintf(detail, sizeof(detail), "document %s", p->id);
    cv_status st = cv_json_set(more, "section", cv_json_str(p->place->section));
    st = CV_THEN(st, cv_json_set(more, "document", cv_json_str(p->id)));
    st = CV_THEN(st, cv_json_set(more, "piece", cv_json_int((int64_t)entry)));
    st = CV_THEN(st, cv_json_push(sections, cv_json_str(p->place->section)));
    const struct cv_event event = { .action = "attach",
                                    .record = p->place->record,
                                    .sections = sections,
                                    .detail = detail,
                                    .reason = reason,
                                    .slot = p->piece.slot };
    st = CV_THEN(st, cv_notice_add(p->v, "begin", p->place->record, more, err));
    st = CV_THEN(st, cv_event_add(p->v, &event, err));
    cv_json_free(more);
    cv_json_free(sections);
    return st;
}

/* begin(p): the first piece, which is read already, as a commit of its own: from it on the keys are there. */
static cv_status begin(struct putting *p, const char *reason, struct cv_err *err)
{
    struct cv_buf *data = &p->groups[0].data[0];
    uint64_t entry = 0;
    cv_status st = cv_vault_begin(p->v, err);
    if (st != CV_OK)
        return st;
    st = keys(p, err);
    st = CV_THEN(st, seal_piece(p, data));
    st = CV_THEN(st, cv_custody_add(p->v->custody, CV_KIND_PIECE, cv_buf_view(data), NULL, &entry, err));
    st = CV_THEN(st, note_run(p, entry, 1));
    st = CV_THEN(st, claim(p, entry, reason, err));
    if (st == CV_OK)
        return cv_vault_commit(p->v, err);
    cv_vault_abort(p->v);
    return st;
}

/* commit(p, g): a group, unless the policy has changed since it was sealed: its keys would be those of people
 * who may have left. */
static cv_status commit(struct putting *p, const struct group *g, struct cv_err *err)
{
    const char *const sections[] = { p->place->section };
    uint64_t batch = 0, entry = 0, first = 0;
    cv_status st = cv_vault_begin(p->v, err);
    if (st != CV_OK)
        return st;
    st = cv_writer_need(p->v, sections, 1, &batch, err);
    if (st == CV_OK && batch != p->piece.batch)
        st = cv_fail(err, CV_ERR_LOCKED, "the policy has just been changed; nothing was attached: try again");
    for (size_t i = 0; i < g->count && st == CV_OK; i++) {
        st = cv_custody_add(p->v->custody, CV_KIND_PIECE, cv_buf_view(&g->data[i]), NULL, &entry, err);
        first = i == 0 ? entry : first;
    }
    st = CV_THEN(st, note_run(p, first, g->count));
    if (st == CV_OK)
        return cv_vault_commit(p->v, err);
    cv_vault_abort(p->v);
    return st;
}

/* go_on(p): the other pieces, group by group. */
static cv_status go_on(struct putting *p, cv_document_progress_fn progress, void *arg, struct cv_err *err)
{
    cv_status st = CV_OK;
    size_t now = 0;
    p->into = &p->groups[now];
    fill(p);
    for (bool more = p->groups[now].count > 0; more && st == CV_OK; now = 1 - now) {
        struct group *g = &p->groups[now];
        if (g->st != CV_OK)
            return g->err.status != CV_OK ? cv_fail(err, g->st, "%s", g->err.msg) : g->st;
        const uint64_t done = p->at;
        more = !g->ended;
        p->into = &p->groups[1 - now];
        if (more)
            cv_beside_start(&p->v->custody->beside, fill, p);
        st = commit(p, g, err);
        if (progress != NULL && st == CV_OK)
            progress(arg, done);
        if (more)
            cv_beside_wait(p->v->custody->beside);
    }
    return st;
}

/* describe(p, out): what the section lists of it. */
static cv_status describe(struct putting *p, struct cv_json **out)
{
    uint8_t digest[CV_SHA256_BYTES];
    char hex[65];
    *out = cv_json_object();
    cv_status st = cv_sha256_final(p->hash, digest);
    cv_hex_encode(CV_ARR(digest), hex);
    st = CV_THEN(st, cv_json_set(*out, "name", cv_json_str(p->file->name)));
    st = CV_THEN(st, cv_json_set(*out, "sha256", cv_json_str(hex)));
    st = CV_THEN(st, cv_json_set(*out, "bytes", cv_json_int((int64_t)p->file->bytes)));
    return CV_THEN(st, cv_json_set(*out, "document", cv_json_str(p->id)));
}

static cv_status prepare(struct putting *p, int *busy, struct cv_err *err)
{
    uint8_t *at;
    memcpy(p->vault_id, cv_vault_policy(p->v)->vault_id, sizeof(p->vault_id));
    memcpy(p->piece.section, p->place->section, strlen(p->place->section) + 1);
    p->runs = cv_json_array();
    cv_status st = p->runs == NULL ? CV_ERR_NOMEM : cv_random(p->piece.handle, sizeof(p->piece.handle));
    cv_id_text(p->piece.handle, p->id);
    st = CV_THEN(st, cv_sha256_new(&p->hash));
    st = CV_THEN(st, cv_buf_extend(&p->plain, CV_PIECE_BYTES, &at));
    return CV_THEN(st, cv_document_begin(p->v, p->piece.handle, busy, err));
}

cv_status cv_document_store(struct cv_vault *v, struct cv_document_place *place,
                            const struct cv_document_file *file, const char *reason,
                            cv_document_progress_fn progress, void *arg, struct cv_json *pieces,
                            struct cv_json **out, struct cv_err *err)
{
    struct putting *p = calloc(1, sizeof(*p));
    *out = NULL;
    if (p == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "document: out of memory");
    p->v = v;
    p->place = place;
    p->file = file;
    cv_status st = prepare(p, &place->busy, err);
    st = CV_THEN(st, read_piece(p, err));
    st = CV_THEN(st, begin(p, reason, err));
    st = CV_THEN(st, go_on(p, progress, arg, err));
    st = CV_THEN(st, describe(p, out));
    st = CV_THEN(st, cv_json_set(pieces, p->id, cv_json_ref(p->runs)));
    if (st != CV_OK) {
        cv_json_free(*out);
        *out = NULL;
    }
    putting_free(p);
    return cv_err_note(err, st, "document");
}

/* ---- where to, and at last the version ---- */

/* may_write(v, place, version, reason): refused before anything is read. */
static cv_status may_write(struct cv_vault *v, const struct cv_document_place *place, uint64_t version,
                           const char *reason, struct cv_err *err)
{
    const struct cv_refusal refusal = {
        .to = "edit", .record = place->record, .version = version, .section = place->section, .reason = reason
    };
    return cv_vault_may_edit(v, place->section) || cv_vault_may_create(v, place->section)
               ? CV_OK
               : cv_event_refuse(v, &refusal, CV_ERR_DENIED, err, CV_PUT_CLOSED, place->section);
}

/* has_room(v, place, more, reason): for so many more. */
static cv_status has_room(struct cv_vault *v, const struct cv_document_place *place, size_t more,
                          const char *reason, struct cv_err *err)
{
    const char *const sections[] = { place->section, NULL };
    struct cv_record r = { 0 };
    cv_status st = cv_record_read(v, place->record, 0, sections, "read", reason, &r, err);
    const size_t have = cv_json_len(cv_json_get(cv_record_section(&r, place->section), place->field.name));
    if (st == CV_OK && have + more > place->field.max)
        st = cv_fail_n(
            err, CV_ERR_LIMIT, have,
            "record %s has %zu file in the section %s, of at most %zu; put the others into another "
            "record",
            "record %s has %zu files in the section %s, of at most %zu; put the others into another "
            "record",
            place->record, have, place->section, place->field.max);
    cv_record_free(&r);
    return st;
}

cv_status cv_document_place(struct cv_vault *v, const char *record, const char *section, size_t more,
                            const char *reason, struct cv_document_place *out, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    *out = CV_DOCUMENT_PLACE_NONE;
    cv_status st = cv_vault_policy(v)->reason_required && reason == NULL
                       ? cv_fail(err, CV_ERR_ARG, "this vault asks why: add --reason TEXT")
                       : cv_record_find(v, record, "edit", reason, &versions, err);
    if (st != CV_OK)
        return st;
    const struct cv_version *last = &versions.v[versions.count - 1];
    memcpy(out->record, last->id, sizeof(out->record));
    memcpy(out->type, last->type, sizeof(out->type));
    out->section = cv_document_section(v, out->type, section);
    if (section != NULL && !cv_template_has(v->template, out->type, section))
        st = cv_fail(err, CV_ERR_ARG, "a %s has no section %.40s", out->type, section);
    else if (out->section == NULL ||
             !cv_template_documents(v->template, out->type, out->section, &out->field))
        st =
            section == NULL
                ? cv_fail(err, CV_ERR_ARG, "a %s keeps no files; attach them to an evidence item of the case",
                          out->type)
                : cv_fail(
                      err, CV_ERR_ARG,
                      "a %s keeps no files in the section %.32s; attach them to an evidence item of the case",
                      out->type, section);
    st = CV_THEN(st, may_write(v, out, last->version, reason, err));
    st = CV_THEN(st, has_room(v, out, more, reason, err));
    cv_versions_free(&versions);
    return st;
}

cv_status cv_document_attach(struct cv_vault *v, const struct cv_document_place *place, struct cv_json *list,
                             const struct cv_json *pieces, const char *reason, struct cv_stored *out,
                             struct cv_err *err)
{
    const struct timespec pause = { .tv_nsec = 20000000L };
    struct cv_json *more = cv_json_object(), *section = cv_json_object();
    cv_status st = cv_json_set(section, place->field.name, cv_json_ref(list));
    st = CV_THEN(st, cv_json_set(more, place->section, cv_json_ref(section)));
    const struct cv_edit change = { .more = more, .pieces = pieces };
    const time_t until = time(NULL) + PATIENCE;
    while (st == CV_OK) {
        struct cv_err why = { 0 };
        st = cv_record_edit(v, place->record, &change, reason, out, &why);
        if (st != CV_ERR_LOCKED || time(NULL) > until) {
            st = st == CV_OK ? CV_OK : cv_fail(err, st, "%s", why.msg);
            break;
        }
        nanosleep(&pause, NULL);
        st = CV_OK;
    }
    cv_json_free(section);
    cv_json_free(more);
    return st;
}
