#ifndef CV_VAULT_DOCUMENT_H
#define CV_VAULT_DOCUMENT_H

#include <sys/stat.h>

#include "formats/piece.h"
#include "vault/record.h"

/**
 * Documents: files that belong to a record, of any size, in constant memory. The file stands in piece entries
 * (formats/piece.h), sealed to a section, under a release key of its own; a version of the record, written
 * last and signed by its author, holds its name, size, digest and id in that section. Two notices
 * (docs/FORMAT.md, section 24) tie both together, for those who read no section: `begin` stands in the commit
 * of the first piece, `documents` in that of every version that lists any. What was begun and is in no
 * version belongs to nobody.
 */
#define CV_DOCUMENT_MAX_BYTES ((uint64_t)1 << 40)

/* Entries that follow one another and hold pieces. */
struct cv_run {
    uint64_t entry, count;
};

/* What notices tell of one document. */
struct cv_document {
    char id[CV_ID_TEXT_BYTES];
    uint8_t handle[CV_HANDLE_BYTES];
    char record[CV_ID_TEXT_BYTES];
    char section[CV_NAME_BYTES];
    char member[CV_PSEUDONYM_BYTES]; /* who began it */
    uint64_t first;                  /* the entry of its first piece */
    uint64_t *versions;              /* of the record, that list it */
    size_t version_count;
    struct cv_run *runs; /* all its pieces, in order, by the author of the first of these versions */
    size_t run_count;
    uint64_t pieces; /* in them */
};
struct cv_documents {
    struct cv_document *d;
    size_t count;
};
void cv_documents_free(struct cv_documents *list);
/** cv_documents_keep(list, keep, arg): only those that ${keep} says yes to. */
void cv_documents_keep(struct cv_documents *list, bool (*keep)(void *arg, const struct cv_document *d),
                       void *arg);

/** cv_documents_of(v, record, versions, out, err): the documents of a record whose ${versions} these are, in
 * the order in which they were begun. With a NULL record all that were begun in the vault, and no more of
 * them:
 * ${versions} is those of all records. CV_OK, also to members who may not know: they get none; CV_ERR_NOMEM;
 * CV_ERR_IO; CV_ERR_LOG. */
CV_MUST_CHECK cv_status cv_documents_of(struct cv_vault *v, const char *record,
                                        const struct cv_versions *versions, struct cv_documents *out,
                                        struct cv_err *err);
/** cv_documents_with(v, record, versions, ids, out, err): documents of a record, among them these, as far as
 * there are such: the notices beside its versions are looked at first, and all there are only for what is not
 * told there. As cv_documents_of. */
CV_MUST_CHECK cv_status cv_documents_with(struct cv_vault *v, const char *record,
                                          const struct cv_versions *versions, const struct cv_json *ids,
                                          struct cv_documents *out, struct cv_err *err);
/** cv_documents_named(list, id): NULL if it is not among them. */
const struct cv_document *cv_documents_named(const struct cv_documents *list, const char *id);
/** cv_documents_note(v, next, record, pieces, err): inside a commit, after the version: say which documents
 * its sections list. ${pieces}: of new ones, by id, where they are (NULL: none is new). CV_OK; CV_ERR_FORMAT
 * for one that is not this record's. */
struct cv_next;
CV_MUST_CHECK cv_status cv_documents_note(struct cv_vault *v, const struct cv_next *next,
                                          const struct cv_json *record, struct cv_err *err);

/* ---- putting one in ---- */

/* A plain file that is to be attached, opened, and as it was then. */
struct cv_document_file {
    int fd;
    const char *path; /* borrowed */
    struct stat then;
    uint64_t bytes;
    char *name;   /* the last part of its path, as one line of plain text; freed with it */
    bool renamed; /* it was not */
};
/** cv_document_file_open(path, out, err): CV_OK; CV_ERR_FORMAT for what is no plain file, or empty;
 * CV_ERR_LIMIT; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_document_file_open(const char *path, struct cv_document_file *out,
                                              struct cv_err *err);
void cv_document_file_close(struct cv_document_file *f);
/** cv_document_file_read(f, at, out, n, err): exactly ${n} bytes from ${at} on. CV_OK; CV_ERR_IO, also if it
 * has become shorter. */
CV_MUST_CHECK cv_status cv_document_file_read(const struct cv_document_file *f, uint64_t at, uint8_t *out,
                                              size_t n, struct cv_err *err);
/** cv_document_file_same(f, err): it is as it was when it was opened. CV_OK; CV_ERR_IO. */
CV_MUST_CHECK cv_status cv_document_file_same(const struct cv_document_file *f, struct cv_err *err);

/* Where documents are to go; found out, and allowed, before any is read. */
struct cv_document_place {
    char record[CV_ID_TEXT_BYTES], type[CV_NAME_BYTES];
    const char *section;
    struct cv_template_field field;
    int busy; /* the lock that tells others that documents are being put in; -1: none yet */
};
#define CV_DOCUMENT_PLACE_NONE ((struct cv_document_place){ .busy = -1 })
/** cv_document_place(v, record, section, more, reason, out, err): the section is read, which is an event, to
 * see whether it has room for ${more}. CV_OK; CV_ERR_ARG where the type or section keeps no documents;
 * CV_ERR_LIMIT; CV_ERR_DENIED, logged, to who may not write it; as cv_record_read. */
CV_MUST_CHECK cv_status cv_document_place(struct cv_vault *v, const char *record, const char *section,
                                          size_t more, const char *reason, struct cv_document_place *out,
                                          struct cv_err *err);

typedef void (*cv_document_progress_fn)(void *arg, uint64_t bytes);

/** cv_document_store(v, place, file, reason, progress, arg, out, err): its pieces, in commits of bounded
 * size, the first with an event. ${out} is what the section is to list: {"name","sha256","bytes","document"};
 * ${pieces} gets, by its id, where they are. CV_OK; CV_ERR_IO if it changed while it was read; as
 * cv_vault_commit. What then is in the log already belongs to no version. */
CV_MUST_CHECK cv_status cv_document_store(struct cv_vault *v, struct cv_document_place *place,
                                          const struct cv_document_file *file, const char *reason,
                                          cv_document_progress_fn progress, void *arg, struct cv_json *pieces,
                                          struct cv_json **out, struct cv_err *err);
/** cv_document_attach(v, place, list, pieces, reason, out, err): the version that lists them; where somebody
 * else changes the record at that moment, once more. As cv_record_edit. */
CV_MUST_CHECK cv_status cv_document_attach(struct cv_vault *v, const struct cv_document_place *place,
                                           struct cv_json *list, const struct cv_json *pieces,
                                           const char *reason, struct cv_stored *out, struct cv_err *err);

/** cv_document_begin(v, handle, fd, err): a lock that tells that the document with this handle is being put
 * in: until
 * ${fd}, which is -1 at first, is closed, or this process ends. CV_OK; CV_ERR_IO. cv_document_leave(place):
 * no more. cv_document_busy(v, handle): is somebody at it? */
CV_MUST_CHECK cv_status cv_document_begin(struct cv_vault *v, const uint8_t handle[static CV_HANDLE_BYTES],
                                          int *fd, struct cv_err *err);
void cv_document_leave(struct cv_document_place *place);
bool cv_document_busy(struct cv_vault *v, const uint8_t handle[static CV_HANDLE_BYTES]);
/** cv_document_left(v, out, err): documents that were begun, came into no version, are not erased, and that
 * nobody is at: what a broken-off command left. */
CV_MUST_CHECK cv_status cv_document_left(struct cv_vault *v, struct cv_documents *out, struct cv_err *err);

/* ---- getting one out ---- */

/* A file that a version of a record lists. */
struct cv_document_ref {
    char record[CV_ID_TEXT_BYTES];
    uint64_t version;
    char section[CV_NAME_BYTES];
    size_t number;          /* from 1 */
    struct cv_json *listed; /* {"name","sha256",...} */
    bool kept;              /* by the vault */
};
void cv_document_ref_free(struct cv_document_ref *ref);
/** cv_document_ref(v, record, version, section, number, reason, out, err): read the section (an event) and
 * find its
 * ${number}-th file. With a NULL section the first of the type that lists files. CV_OK; CV_ERR_ARG;
 * CV_ERR_NOTFOUND; as cv_record_read. */
CV_MUST_CHECK cv_status cv_document_ref(struct cv_vault *v, const char *record, uint64_t version,
                                        const char *section, size_t number, const char *reason,
                                        struct cv_document_ref *out, struct cv_err *err);
/** cv_document_section(v, type, section): ${section}, or the first that lists files, if it does; else NULL.
 */
const char *cv_document_section(const struct cv_vault *v, const char *type, const char *section);

/* An opened document: its event is durable, its keys are at hand. */
struct cv_document_reader;
/** cv_document_open(v, ref, detail, reason, out, err): ${detail} is what the event says besides, NULL for
 * nothing. CV_OK; CV_ERR_NOTFOUND if it is not kept here, or was erased; CV_ERR_NOKEY for who reads it by a
 * grant; CV_ERR_LOG if pieces are missing. */
CV_MUST_CHECK cv_status cv_document_open(struct cv_vault *v, const struct cv_document_ref *ref,
                                         const char *detail, const char *reason,
                                         struct cv_document_reader **out, struct cv_err *err);
void cv_document_close(struct cv_document_reader *r);
/** cv_document_bytes(r): how long the file is. */
uint64_t cv_document_bytes(const struct cv_document_reader *r);

typedef cv_status (*cv_document_fn)(void *arg, struct cv_bytes bytes, struct cv_err *err);
/** cv_document_read(r, from, to, fn, arg, err): bytes ${from} up to and without ${to}, in order, through
 * ${fn}, which another thread calls, one at a time. Each was authenticated as that part of this document; of
 * the whole file the digest is checked too, after the last call: what ${fn} got is good only on CV_OK.
 * CV_ERR_LOG for a piece that is damaged, cut, or another's; as ${fn}. */
CV_MUST_CHECK cv_status cv_document_read(struct cv_document_reader *r, uint64_t from, uint64_t to,
                                         cv_document_fn fn, void *arg, struct cv_err *err);

#endif
