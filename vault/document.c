#include "vault/document.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/heads.h"
#include "vault/notice.h"
#include "vault/record_put.h"
#include "vault/regular.h"

/* What is known of documents without reading a section: two notices, and a lock while one is put in. */

static void document_free(struct cv_document *d)
{
    free(d->versions);
    free(d->runs);
    memset(d, 0, sizeof(*d));
}

void cv_documents_free(struct cv_documents *list)
{
    for (size_t i = 0; i < list->count; i++)
        document_free(&list->d[i]);
    free(list->d);
    memset(list, 0, sizeof(*list));
}

void cv_documents_keep(struct cv_documents *list, bool (*keep)(void *arg, const struct cv_document *d),
                       void *arg)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct cv_document d = list->d[i];
        if (keep(arg, &d))
            list->d[kept++] = d;
        else
            document_free(&d);
    }
    list->count = kept;
}

const struct cv_document *cv_documents_named(const struct cv_documents *list, const char *id)
{
    for (size_t i = 0; id != NULL && i < list->count; i++)
        if (strcmp(list->d[i].id, id) == 0)
            return &list->d[i];
    return NULL;
}

/* same_commit(v, entry, notice): do both stand in one commit, and so come from one member? */
static bool same_commit(struct cv_vault *v, uint64_t entry, uint64_t notice)
{
    uint64_t checkpoint = 0;
    return entry < notice && (cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_CHECKPOINT, entry,
                                              &checkpoint, NULL) != CV_OK ||
                              checkpoint > notice);
}

/* take_begin(v, n, list): a document; of notices that claim one, the first is believed. */
static cv_status take_begin(struct cv_vault *v, const struct cv_notice *n, struct cv_documents *list)
{
    const char *id = cv_json_get_str(n->doc, "document"), *section = cv_json_get_str(n->doc, "section");
    struct cv_document d = { .first = (uint64_t)cv_json_get_int(n->doc, "piece") };
    if (id == NULL || section == NULL || strlen(id) >= sizeof(d.id) || strlen(section) >= sizeof(d.section) ||
        strlen(cv_json_get_str(n->doc, "record")) >= sizeof(d.record) ||
        cv_id_parse(cv_bytes_str(id), d.handle, NULL) != CV_OK || cv_documents_named(list, id) != NULL ||
        !same_commit(v, d.first, n->index))
        return CV_OK;
    strcpy(d.id, id);
    strcpy(d.section, section);
    strcpy(d.record, cv_json_get_str(n->doc, "record"));
    memcpy(d.member, n->member, sizeof(d.member));
    struct cv_document *more = realloc(list->d, (list->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    list->d = more;
    list->d[list->count++] = d;
    return CV_OK;
}

/* take_runs(d, runs): where all its pieces are; what does not read is none. */
static cv_status take_runs(struct cv_document *d, const struct cv_json *runs)
{
    const size_t count = cv_json_len(runs);
    if (d->runs != NULL || count == 0)
        return CV_OK;
    d->runs = calloc(count, sizeof(*d->runs));
    if (d->runs == NULL)
        return CV_ERR_NOMEM;
    for (; d->run_count < count; d->run_count++) {
        const struct cv_json *pair = cv_json_at(runs, d->run_count);
        const int64_t entry = cv_json_to_int(cv_json_at(pair, 0)), n = cv_json_to_int(cv_json_at(pair, 1));
        if (cv_json_len(pair) != 2 || entry < 0 || n < 1 || n > UINT32_MAX ||
            d->pieces + (uint64_t)n > UINT32_MAX)
            break;
        d->runs[d->run_count] = (struct cv_run){ (uint64_t)entry, (uint64_t)n };
        d->pieces += (uint64_t)n;
    }
    if (d->run_count == count)
        return CV_OK;
    free(d->runs);
    d->runs = NULL;
    d->run_count = 0;
    d->pieces = 0;
    return CV_OK;
}

static cv_status add_version(struct cv_document *d, uint64_t version)
{
    for (size_t i = 0; i < d->version_count; i++)
        if (d->versions[i] == version)
            return CV_OK;
    uint64_t *more = realloc(d->versions, (d->version_count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    d->versions = more;
    d->versions[d->version_count++] = version;
    return CV_OK;
}

/* author_of(versions, record, number): who wrote that version; NULL if there is none (any more). */
static const char *author_of(const struct cv_versions *versions, const char *record, uint64_t number)
{
    for (size_t i = 0; i < versions->count; i++)
        if (versions->v[i].version == number && strcmp(versions->v[i].id, record) == 0)
            return versions->v[i].author;
    return NULL;
}

/* take_listed(n, versions, list): which documents a version lists, as its author says; and where one is, as
 * whoever began it says: that version may be gone since. */
static cv_status take_listed(const struct cv_notice *n, const struct cv_versions *versions,
                             struct cv_documents *list)
{
    const struct cv_json *items = cv_json_get(n->doc, "documents");
    const uint64_t number = (uint64_t)cv_json_get_int(n->doc, "version");
    const char *record = cv_json_get_str(n->doc, "record"), *section = cv_json_get_str(n->doc, "section");
    const char *author = author_of(versions, record, number);
    cv_status st = CV_OK;
    if (section == NULL)
        return CV_OK;
    for (size_t i = 0; i < cv_json_len(items) && st == CV_OK; i++) {
        const struct cv_json *item = cv_json_at(items, i);
        struct cv_document *d =
            (struct cv_document *)(uintptr_t)cv_documents_named(list, cv_json_get_str(item, "document"));
        if (d == NULL || strcmp(d->section, section) != 0 || strcmp(d->record, record) != 0)
            continue;
        if (author != NULL && strcmp(author, n->member) == 0)
            st = add_version(d, number);
        if (strcmp(d->member, n->member) == 0)
            st = CV_THEN(st, take_runs(d, cv_json_get(item, "pieces")));
    }
    return st;
}

/* take_all(v, list, versions, out): what these notices tell. */
static cv_status take_all(struct cv_vault *v, const struct cv_notices *list,
                          const struct cv_versions *versions, struct cv_documents *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < list->count && st == CV_OK; i++) {
        const char *about = cv_json_get_str(list->n[i].doc, "about");
        if (strcmp(about, "begin") == 0)
            st = take_begin(v, &list->n[i], out);
        else if (strcmp(about, "documents") == 0)
            st = take_listed(&list->n[i], versions, out);
    }
    return st;
}

/* told_in(v, record, from, to, ...): by the notices among these entries. */
static cv_status told_in(struct cv_vault *v, const char *record, uint64_t from, uint64_t to,
                         const struct cv_versions *versions, struct cv_documents *out, struct cv_err *err)
{
    struct cv_notices list;
    cv_status st = cv_notices_in(v, record, from, to, &list, err);
    st = CV_THEN(st, take_all(v, &list, versions, out));
    cv_notices_free(&list);
    return st;
}

cv_status cv_documents_of(struct cv_vault *v, const char *record, const struct cv_versions *versions,
                          struct cv_documents *out, struct cv_err *err)
{
    memset(out, 0, sizeof(*out));
    if (v->custody->counts[CV_KIND_PIECE] == 0)
        return CV_OK;
    cv_status st = told_in(v, record, 0, UINT64_MAX, versions, out, err);
    if (st != CV_OK)
        cv_documents_free(out);
    return cv_err_note(err, st, "documents");
}

/* commit_end(v, entry): the checkpoint of its commit. */
static uint64_t commit_end(struct cv_vault *v, uint64_t entry)
{
    uint64_t checkpoint = 0;
    const cv_status st =
        cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_CHECKPOINT, entry, &checkpoint, NULL);
    return st == CV_OK ? checkpoint : UINT64_MAX;
}

/* beside(v, version, versions, out): what is told in the commit of a version, and in those of the first
 * pieces that are told of there. */
static cv_status beside(struct cv_vault *v, const struct cv_version *version,
                        const struct cv_versions *versions, struct cv_documents *out, struct cv_err *err)
{
    struct cv_notices list;
    cv_status st = cv_notices_in(v, version->id, version->index, commit_end(v, version->index), &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        const struct cv_json *items = cv_json_get(list.n[i].doc, "documents");
        for (size_t k = 0; k < cv_json_len(items) && st == CV_OK; k++) {
            const struct cv_json *run = cv_json_at(cv_json_get(cv_json_at(items, k), "pieces"), 0);
            const int64_t first = cv_json_to_int(cv_json_at(run, 0));
            if (run != NULL && first > 0)
                st = told_in(v, version->id, (uint64_t)first, commit_end(v, (uint64_t)first), versions, out,
                             err);
        }
    }
    st = CV_THEN(st, take_all(v, &list, versions, out));
    cv_notices_free(&list);
    return st;
}

cv_status cv_documents_with(struct cv_vault *v, const char *record, const struct cv_versions *versions,
                            const struct cv_json *ids, struct cv_documents *out, struct cv_err *err)
{
    bool all = true;
    memset(out, 0, sizeof(*out));
    if (v->custody->counts[CV_KIND_PIECE] == 0)
        return CV_OK;
    cv_status st = CV_OK;
    for (size_t i = 0; i < versions->count && st == CV_OK; i++)
        st = beside(v, &versions->v[i], versions, out, err);
    for (size_t i = 0; i < cv_json_len(ids) && st == CV_OK; i++) {
        const struct cv_document *d = cv_documents_named(out, cv_json_cstr(cv_json_at(ids, i)));
        all = all && d != NULL && d->run_count > 0;
    }
    if (st == CV_OK && all)
        return CV_OK;
    cv_documents_free(out);
    return st == CV_OK ? cv_documents_of(v, record, versions, out, err) : cv_err_note(err, st, "documents");
}

/* ---- telling ---- */

/* listed_in(v, type, section, data): the ids of documents that a section lists. */
static cv_status listed_in(const struct cv_vault *v, const char *type, const char *section,
                           const struct cv_json *data, struct cv_json *ids)
{
    struct cv_template_field f;
    cv_status st = CV_OK;
    if (data == NULL || !cv_template_documents(v->template, type, section, &f))
        return CV_OK;
    const struct cv_json *list = cv_json_get(data, f.name);
    for (size_t i = 0; i < cv_json_len(list) && st == CV_OK; i++) {
        const char *id = cv_json_get_str(cv_json_at(list, i), "document");
        if (id != NULL)
            st = cv_json_push_word(ids, id);
    }
    return st;
}

/* item(next, section, known, id, out): one that is new, or was this section's before. */
static cv_status item(const struct cv_next *next, const char *section, const struct cv_documents *known,
                      const char *id, struct cv_json *out, struct cv_err *err)
{
    const struct cv_json *runs = cv_json_get(next->pieces, id);
    const struct cv_document *d = cv_documents_named(known, id);
    if (runs == NULL && (d == NULL || d->version_count == 0 || strcmp(d->section, section) != 0))
        return cv_fail(err, CV_ERR_FORMAT,
                       "%s.%s: %s is no document of this record; `document add` puts a file there",
                       next->type, section, id);
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "document", cv_json_str(id));
    if (runs != NULL)
        st = CV_THEN(st, cv_json_set(o, "pieces", cv_json_copy(runs)));
    if (st == CV_OK)
        return cv_json_push(out, o);
    cv_json_free(o);
    return st;
}

/* note_section(v, next, section, ids): the notice. */
static cv_status note_section(struct cv_vault *v, const struct cv_next *next, const char *section,
                              const struct cv_json *ids, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    struct cv_documents known = { 0 };
    struct cv_json *more = cv_json_object(), *list = cv_json_array(), *old = cv_json_array();
    cv_status st = next->version > 1 ? cv_heads_find(v, next->id, &versions, err) : CV_OK;
    for (size_t i = 0; i < cv_json_len(ids) && st == CV_OK; i++)
        if (cv_json_get(next->pieces, cv_json_cstr(cv_json_at(ids, i))) == NULL)
            st = cv_json_push(old, cv_json_ref(cv_json_at(ids, i)));
    if (next->version > 1)
        st = CV_THEN(st, cv_documents_with(v, next->id, &versions, old, &known, err));
    st = CV_THEN(st, cv_json_set(more, "version", cv_json_int((int64_t)next->version)));
    st = CV_THEN(st, cv_json_set(more, "section", cv_json_str(section)));
    st = CV_THEN(st, cv_json_set(more, "documents", cv_json_ref(list)));
    for (size_t i = 0; i < cv_json_len(ids) && st == CV_OK; i++)
        st = item(next, section, &known, cv_json_cstr(cv_json_at(ids, i)), list, err);
    st = CV_THEN(st, cv_notice_add(v, "documents", next->id, more, err));
    cv_json_free(old);
    cv_json_free(list);
    cv_json_free(more);
    cv_documents_free(&known);
    cv_versions_free(&versions);
    return st;
}

cv_status cv_documents_note(struct cv_vault *v, const struct cv_next *next, const struct cv_json *record,
                            struct cv_err *err)
{
    const char *section;
    cv_status st = CV_OK;
    for (size_t i = 0;
         st == CV_OK && (section = cv_template_type_section(v->template, next->type, i)) != NULL; i++) {
        struct cv_json *ids = cv_json_array();
        st =
            ids == NULL ? CV_ERR_NOMEM : listed_in(v, next->type, section, cv_json_get(record, section), ids);
        if (st == CV_OK && cv_json_len(ids) > 0)
            st = note_section(v, next, section, ids, err);
        cv_json_free(ids);
    }
    return cv_err_note(err, st, "documents");
}

/* ---- who is at one ---- */

#define BUSY "adding"

/* lock_of(handle): one byte of the file for each document. */
static struct flock lock_of(const uint8_t handle[static CV_HANDLE_BYTES])
{
    return (struct flock){
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)(cv_load_u64(handle) >> 2), .l_len = 1
    };
}

static int open_busy(struct cv_vault *v)
{
    return cv_open_regular(v->custody->dir, BUSY, O_RDWR | O_CREAT, 0660);
}

cv_status cv_document_begin(struct cv_vault *v, const uint8_t handle[static CV_HANDLE_BYTES], int *fd,
                            struct cv_err *err)
{
    struct flock lock = lock_of(handle);
    if (*fd < 0)
        *fd = open_busy(v);
    return *fd >= 0 && fcntl(*fd, F_OFD_SETLK, &lock) == 0
               ? CV_OK
               : cv_fail_errno(err, "%s/%s: cannot lock", v->custody->path, BUSY);
}

void cv_document_leave(struct cv_document_place *place)
{
    if (place->busy >= 0)
        close(place->busy);
    place->busy = -1;
}

bool cv_document_busy(struct cv_vault *v, const uint8_t handle[static CV_HANDLE_BYTES])
{
    struct flock lock = lock_of(handle);
    const int fd = open_busy(v);
    /* Who cannot look takes it for busy: nothing is erased that is being put in. */
    const bool busy = fd < 0 || fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    return busy;
}

/* gone(v, d): was its key destroyed? Damage is told where somebody reads it. */
static bool gone(struct cv_vault *v, const struct cv_document *d)
{
    struct cv_buf head = { 0 };
    struct cv_piece p = { 0 };
    struct cv_secret key = { 0 };
    const bool found =
        cv_custody_peek(v->custody, d->first, CV_KIND_PIECE, CV_PIECE_HEADER_MAX, &head, NULL) == CV_OK &&
        cv_piece_parse(cv_buf_view(&head), &p, NULL) == CV_OK;
    const bool destroyed = !found || cv_release_get(&v->custody->release, p.slot, &key, NULL) == CV_ERR_NOKEY;
    cv_secret_free(&key);
    cv_buf_free(&head);
    return destroyed;
}

/* unsettled(v, d): it came into no version, and its key is there. */
static bool unsettled(void *arg, const struct cv_document *d)
{
    return d->run_count == 0 && !gone(arg, d);
}

static bool nobody_at_it(void *arg, const struct cv_document *d)
{
    return !cv_document_busy(arg, d->handle);
}

cv_status cv_document_left(struct cv_vault *v, struct cv_documents *out, struct cv_err *err)
{
    const struct cv_versions none = { 0 };
    char seen[CV_PSEUDONYM_BYTES + sizeof("files/")];
    uint64_t from = 0, settled = v->custody->chain.next;
    memset(out, 0, sizeof(*out));
    if (v->custody->counts[CV_KIND_PIECE] == 0)
        return CV_OK;
    /* What was begun before that is settled for good. */
    snprintf(seen, sizeof(seen), "files/%s", v->id->public.pseudonym);
    cv_status st = cv_catalog_listed(cv_custody_catalog(v->custody), seen, &from, err);
    st = CV_THEN(st, told_in(v, NULL, from, UINT64_MAX, &none, out, err));
    if (st == CV_OK)
        cv_documents_keep(out, unsettled, v);
    for (size_t i = 0; i < out->count; i++)
        settled = out->d[i].first < settled ? out->d[i].first : settled;
    if (st == CV_OK && settled > from && !v->custody->locked && cv_vault_may_read(v, "head"))
        st = cv_catalog_set_listed(cv_custody_catalog(v->custody), seen, settled, err);
    cv_documents_keep(out, nobody_at_it, v);
    if (st != CV_OK)
        cv_documents_free(out);
    return cv_err_note(err, st, "documents");
}
