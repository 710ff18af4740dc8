#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/padme.h"
#include "formats/base64.h"
#include "vault/document.h"

/* Getting a document out. While one piece is opened and handed on beside it, the next is read from the
 * archive and held against the log. */

/* A piece on its way. */
struct stage {
    struct cv_buf data, padded;
    struct cv_piece piece;
    struct cv_secret section;
    uint64_t batch; /* whose key that is */
    bool keyed;
    uint64_t entry, from, to; /* which bytes of its content are wanted */
    cv_status st;
    struct cv_err err;
};

struct cv_document_reader {
    struct cv_vault *v;
    uint8_t vault_id[CV_VAULT_ID_BYTES], handle[CV_HANDLE_BYTES], digest[CV_SHA256_BYTES];
    char id[CV_ID_TEXT_BYTES], section[CV_NAME_BYTES];
    struct cv_run *runs;
    size_t run_count;
    uint64_t bytes, pieces, slot;
    struct cv_secret release;
    struct stage stages[2], *now;
    struct cv_sha256_ctx *hash;
    cv_document_fn fn;
    void *arg;
};

/* ---- which file ---- */

void cv_document_ref_free(struct cv_document_ref *ref)
{
    cv_json_free(ref->listed);
    memset(ref, 0, sizeof(*ref));
}

const char *cv_document_section(const struct cv_vault *v, const char *type, const char *section)
{
    struct cv_template_field f;
    const char *name;
    for (size_t i = 0; (name = cv_template_type_section(v->template, type, i)) != NULL; i++)
        if ((section == NULL || strcmp(section, name) == 0) &&
            cv_template_documents(v->template, type, name, &f))
            return name;
    return NULL;
}

/* take_listed(v, r, section, number, out): the element, if it is one. */
static cv_status take_listed(const struct cv_vault *v, const struct cv_record *r, const char *section,
                             size_t number, struct cv_document_ref *out, struct cv_err *err)
{
    struct cv_template_field f;
    const struct cv_json *data = cv_record_section(r, section);
    if (data == NULL)
        return cv_fail(err, CV_ERR_NOTFOUND, "the section %s of this version was erased", section);
    const bool lists = cv_template_documents(v->template, r->type, section, &f);
    struct cv_json *one = lists && number > 0 ? cv_json_at(cv_json_get(data, f.name), number - 1) : NULL;
    if (one == NULL)
        return cv_fail(err, CV_ERR_NOTFOUND, "record %s has no file %zu; see `document list`", r->id, number);
    memcpy(out->record, r->id, sizeof(out->record));
    snprintf(out->section, sizeof(out->section), "%s", section);
    out->version = r->version;
    out->number = number;
    out->listed = cv_json_ref(one);
    out->kept = cv_json_get_str(one, "document") != NULL;
    return CV_OK;
}

cv_status cv_document_ref(struct cv_vault *v, const char *record, uint64_t version, const char *section,
                          size_t number, const char *reason, struct cv_document_ref *out, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    struct cv_record r = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = cv_record_find(v, record, "read", reason, &versions, err);
    const char *where = st == CV_OK ? cv_document_section(v, versions.v[0].type, section) : NULL;
    if (st == CV_OK && where == NULL)
        st = section == NULL ? cv_fail(err, CV_ERR_ARG, "a %s keeps no files", versions.v[0].type)
                             : cv_fail(err, CV_ERR_ARG, "a %s keeps no files in the section %.40s",
                                       versions.v[0].type, section);
    const char *const sections[] = { where, NULL };
    st = CV_THEN(st, cv_record_read(v, record, version, sections, "read", reason, &r, err));
    st = CV_THEN(st, take_listed(v, &r, where, number, out, err));
    cv_record_free(&r);
    cv_versions_free(&versions);
    return st;
}

/* ---- opening ---- */

void cv_document_close(struct cv_document_reader *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < 2; i++) {
        cv_buf_free(&r->stages[i].data);
        cv_buf_free(&r->stages[i].padded);
        cv_secret_free(&r->stages[i].section);
    }
    cv_sha256_free(r->hash);
    cv_secret_free(&r->release);
    free(r->runs);
    free(r);
}

uint64_t cv_document_bytes(const struct cv_document_reader *r)
{
    return r->bytes;
}

/* take_place(r, d): where its pieces are. */
static cv_status take_place(struct cv_document_reader *r, const struct cv_document *d, struct cv_err *err)
{
    struct cv_buf head = { 0 };
    struct cv_piece first = { 0 };
    if (d == NULL || strcmp(d->section, r->section) != 0 || d->pieces != cv_piece_numbers(r->bytes))
        return cv_fail(err, CV_ERR_LOG, "document %s: the log does not tell where it is", r->id);
    r->runs = calloc(d->run_count, sizeof(*r->runs));
    if (r->runs == NULL)
        return CV_ERR_NOMEM;
    memcpy(r->runs, d->runs, d->run_count * sizeof(*r->runs));
    r->run_count = d->run_count;
    r->pieces = d->pieces;
    cv_status st = cv_custody_read(r->v->custody, r->runs[0].entry, CV_KIND_PIECE, &head, err);
    if (st == CV_OK && (cv_piece_parse(cv_buf_view(&head), &first, NULL) != CV_OK ||
                        memcmp(first.handle, r->handle, sizeof(r->handle)) != 0))
        st = CV_ERR_NOTFOUND;
    if (st == CV_ERR_NOTFOUND)
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 ": is not the first piece of document %s",
                     r->runs[0].entry, r->id);
    if (st == CV_OK)
        r->slot = first.slot;
    cv_buf_free(&head);
    return st;
}

/* find(r, record): by the notices about the record. */
static cv_status find(struct cv_document_reader *r, const char *record, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    struct cv_documents list = { 0 };
    struct cv_json *ids = cv_json_array();
    cv_status st = cv_json_push(ids, cv_json_str(r->id));
    st = CV_THEN(st, cv_record_versions(r->v, record, &versions, err));
    st = CV_THEN(st, cv_documents_with(r->v, versions.count > 0 ? versions.v[0].id : record, &versions, ids,
                                       &list, err));
    st = CV_THEN(st, take_place(r, cv_documents_named(&list, r->id), err));
    cv_json_free(ids);
    cv_documents_free(&list);
    cv_versions_free(&versions);
    return st;
}

static cv_status take_release(void *arg, size_t i, struct cv_bytes release, struct cv_err *err)
{
    struct cv_document_reader *r = arg;
    (void)i;
    return release.n == 0 ? cv_fail(err, CV_ERR_NOTFOUND, "document %s was erased; nothing opens it", r->id)
                          : cv_secret_copy(&r->release, release);
}

/* release(r, ref, ...): the event, and then the key. */
static cv_status release(struct cv_document_reader *r, const struct cv_document_ref *ref, const char *detail,
                         const char *reason, struct cv_err *err)
{
    char text[128];
    struct cv_want want = { .slot = r->slot, .part = CV_PIECE_PART };
    struct cv_json *sections = cv_json_array();
    memcpy(want.handle, r->handle, sizeof(want.handle));
    snprintf(text, sizeof(text), "document %s%s%s", r->id, detail != NULL ? ", " : "",
             detail != NULL ? detail : "");
    cv_status st = cv_json_push(sections, cv_json_str(ref->section));
    const struct cv_event event = { .action = "fetch",
                                    .record = ref->record,
                                    .version = ref->version,
                                    .sections = sections,
                                    .detail = text,
                                    .reason = reason,
                                    .slot = r->slot };
    st = CV_THEN(st, cv_release(r->v, &event, &want, 1, take_release, r, err));
    cv_json_free(sections);
    return st;
}

/* take_ref(r, ref): what the author signed of it. */
static cv_status take_ref(struct cv_document_reader *r, const struct cv_document_ref *ref, const char *reason,
                          struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = "read",
                                        .record = ref->record,
                                        .version = ref->version,
                                        .section = ref->section,
                                        .reason = reason };
    const struct cv_json *sha = cv_json_get(ref->listed, "sha256");
    const int64_t bytes = cv_json_get_int(ref->listed, "bytes");
    if (!ref->kept)
        return cv_fail(err, CV_ERR_NOTFOUND,
                       "file %zu is not kept in the vault: the record names it and its SHA-256, no more",
                       ref->number);
    if (!cv_vault_may_read(r->v, ref->section))
        return cv_event_refuse(
            r->v, &refusal, CV_ERR_NOKEY, err,
            "a grant opens the record to you, not the files that it keeps; the attempt is in the log");
    if (bytes < 1 || (uint64_t)bytes > CV_DOCUMENT_MAX_BYTES ||
        cv_hex_decode(cv_json_text(sha), r->digest, sizeof(r->digest)) != CV_OK ||
        cv_id_parse(cv_json_text(cv_json_get(ref->listed, "document")), r->handle, NULL) != CV_OK)
        return cv_fail(err, CV_ERR_LOG, "file %zu of record %s: its size, digest or id cannot be",
                       ref->number, ref->record);
    r->bytes = (uint64_t)bytes;
    cv_id_text(r->handle, r->id);
    snprintf(r->section, sizeof(r->section), "%s", ref->section);
    return CV_OK;
}

cv_status cv_document_open(struct cv_vault *v, const struct cv_document_ref *ref, const char *detail,
                           const char *reason, struct cv_document_reader **out, struct cv_err *err)
{
    struct cv_document_reader *r = calloc(1, sizeof(*r));
    *out = NULL;
    if (r == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "document: out of memory");
    r->v = v;
    memcpy(r->vault_id, cv_vault_policy(v)->vault_id, sizeof(r->vault_id));
    cv_status st = take_ref(r, ref, reason, err);
    st = CV_THEN(st, find(r, ref->record, err));
    st = CV_THEN(st, cv_sha256_new(&r->hash));
    st = CV_THEN(st, release(r, ref, detail, reason, err));
    if (st == CV_OK)
        *out = r;
    else
        cv_document_close(r);
    return cv_err_note(err, st, "document");
}

/* ---- reading ---- */

/* entry_of(r, number): of a piece. */
static uint64_t entry_of(const struct cv_document_reader *r, uint64_t number)
{
    size_t i = 0;
    while (number >= r->runs[i].count)
        number -= r->runs[i++].count;
    return r->runs[i].entry + number;
}

/* key_for(r, s): what opens the section of its batch. */
static cv_status key_for(struct cv_document_reader *r, struct stage *s, struct cv_err *err)
{
    const struct cv_place_of x = { r->vault_id, r->handle, CV_PIECE_PART };
    struct cv_bytes batch;
    if (s->keyed && s->batch == s->piece.batch)
        return CV_OK;
    cv_secret_free(&s->section);
    s->keyed = false;
    cv_status st = cv_keyring_batch(r->v->keys, s->piece.batch, r->section, &batch, err);
    st = CV_THEN(st, cv_schedule_section(batch, &x, &s->section));
    s->keyed = st == CV_OK;
    s->batch = s->piece.batch;
    return st;
}

/* load(r, number, from, to, s): a piece from the archive: the bytes that were committed there, and it says
 * that it is this one. Whether that is true shows when it opens. */
static cv_status load(struct cv_document_reader *r, uint64_t number, uint64_t from, uint64_t to,
                      struct stage *s, struct cv_err *err)
{
    const uint64_t start = number * CV_PIECE_CONTENT_BYTES;
    const uint64_t end = number + 1 < r->pieces ? start + CV_PIECE_CONTENT_BYTES : r->bytes;
    s->entry = entry_of(r, number);
    s->from = from > start ? from - start : 0;
    s->to = (to < end ? to : end) - start;
    s->data.n = 0; /* ciphertext: nothing to wipe */
    cv_status st = cv_custody_read(r->v->custody, s->entry, CV_KIND_PIECE, &s->data, err);
    if (st == CV_ERR_NOTFOUND)
        return CV_ERR_LOG;
    if (st != CV_OK)
        return st;
    if (cv_piece_parse(cv_buf_view(&s->data), &s->piece, NULL) != CV_OK || s->piece.number != number ||
        s->piece.last != (number + 1 == r->pieces) || s->piece.slot != r->slot ||
        memcmp(s->piece.handle, r->handle, sizeof(r->handle)) != 0 ||
        strcmp(s->piece.section, r->section) != 0)
        return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (piece): is not piece %" PRIu64 " of document %s",
                       s->entry, number + 1, r->id);
    return key_for(r, s, err);
}

/* content_of(r, s, out): the piece, opened: nothing else than what was put in there. */
static cv_status content_of(struct cv_document_reader *r, struct stage *s, struct cv_bytes *out)
{
    const struct cv_piece_place place = { { r->vault_id, r->handle, CV_PIECE_PART },
                                          s->piece.number,
                                          s->piece.last };
    const uint64_t start = (uint64_t)s->piece.number * CV_PIECE_CONTENT_BYTES;
    cv_buf_truncate(&s->padded, 0);
    cv_status st = cv_piece_open(cv_secret_view(&s->section), cv_secret_view(&r->release), &place,
                                 s->piece.sealed, &s->padded);
    st = CV_THEN(st, cv_unpad(cv_buf_view(&s->padded), out));
    if (st == CV_OK && out->n != (s->piece.last ? r->bytes - start : CV_PIECE_CONTENT_BYTES))
        st = CV_ERR_FORMAT;
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = cv_fail(&s->err, CV_ERR_LOG,
                     "entry %" PRIu64 " (piece): does not open: damaged, or not made by casevault", s->entry);
    return st;
}

/* hand_on(arg): open a piece, and give what is wanted of it, beside the loading of the next. */
static void hand_on(void *arg)
{
    struct cv_document_reader *r = arg;
    struct stage *s = r->now;
    struct cv_bytes content = { 0 };
    s->st = content_of(r, s, &content);
    if (s->st != CV_OK)
        return;
    content = CV_BYTES(content.p + s->from, (size_t)(s->to - s->from));
    s->st = cv_sha256_update(r->hash, content);
    s->st = CV_THEN(s->st, r->fn(r->arg, content, &s->err));
}

/* judge(r): after the last: all of it is what its author signed. */
static cv_status judge(struct cv_document_reader *r, bool whole, struct cv_err *err)
{
    uint8_t got[CV_SHA256_BYTES];
    cv_status st = cv_sha256_final(r->hash, got);
    return st == CV_OK && whole && memcmp(got, r->digest, sizeof(got)) != 0
               ? cv_fail(err, CV_ERR_LOG, "document %s: its SHA-256 is not the one that its author signed",
                         r->id)
               : st;
}

cv_status cv_document_read(struct cv_document_reader *r, uint64_t from, uint64_t to, cv_document_fn fn,
                           void *arg, struct cv_err *err)
{
    if (from >= to || to > r->bytes)
        return cv_fail_n(err, CV_ERR_ARG, r->bytes, "it has %" PRIu64 " byte", "it has %" PRIu64 " bytes",
                         r->bytes);
    const uint64_t last = (to - 1) / CV_PIECE_CONTENT_BYTES;
    uint64_t number = from / CV_PIECE_CONTENT_BYTES;
    size_t next = 0;
    r->fn = fn;
    r->arg = arg;
    r->now = NULL;
    cv_status st = CV_OK;
    for (bool more = true; more && st == CV_OK; next = 1 - next) {
        struct stage *s = &r->stages[next];
        more = number <= last;
        if (more)
            st = load(r, number++, from, to, s, err);
        cv_beside_wait(r->v->custody->beside);
        if (r->now != NULL && r->now->st != CV_OK) /* of an earlier piece: it is what went wrong first */
            return r->now->err.status != CV_OK ? cv_fail(err, r->now->st, "%s", r->now->err.msg) : r->now->st;
        r->now = s;
        if (more && st == CV_OK)
            cv_beside_start(&r->v->custody->beside, hand_on, r);
    }
    cv_beside_wait(r->v->custody->beside);
    return CV_THEN(st, judge(r, from == 0 && to == r->bytes, err));
}
