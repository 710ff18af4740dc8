#ifndef CV_FORMATS_PACKAGE_H
#define CV_FORMATS_PACKAGE_H

#include "formats/json.h"
#include "formats/policy.h"
#include "formats/zip.h"

/**
 * Packages (docs/PACKAGE.md): what leaves a vault for good. A zip, inside an age file, of a manifest, SD-JWTs
 * with key binding, proofs, policies and a page; attachments follow, and are streamed.
 */
#define CV_PACKAGE_TITLE "package v1"
#define CV_PACKAGE_STATEMENT "package" /* what manifest.sig states */
#define CV_RECORD_TYP "dc+sd-jwt"      /* of records, as their author signed them */
#define CV_RECORD_VCT "urn:casevault:record:1"
#define CV_PACKAGE_TEXTS_MAX ((size_t)512 << 20) /* bytes of all that is held in memory */
#define CV_PACKAGE_RECORDS_MAX 4000
#define CV_PACKAGE_VALUES_MAX 4000000 /* in all records, disclosed */

/* The texts of a package. Zero-initialise; end with cv_package_free. */
struct cv_package {
    struct cv_buf readme, index, manifest, signature, template, redactions;
    struct cv_json *policies;        /* array of texts */
    struct cv_json *sdjwts, *proofs; /* likewise, side by side */
};
CV_MUST_CHECK cv_status cv_package_new(struct cv_package *p);
void cv_package_free(struct cv_package *p);

/* A file that goes along: its digest stands in one of the records. */
#define CV_ATTACHMENT_NAME_BYTES (CV_ZIP_NAME_MAX + 1)
struct cv_attachment {
    char name[CV_ATTACHMENT_NAME_BYTES]; /* in the zip */
    uint64_t bytes;
    uint32_t crc;
    uint8_t sha256[32];
};
/** cv_attachment_name(number, name, out): `attachments/<number>-<name>`, what a zip may not hold left out. */
void cv_attachment_name(size_t number, const char *name, char out[static CV_ATTACHMENT_NAME_BYTES]);

/** cv_package_readme, _redactions(p, manifest, err): write these from a manifest that still lacks `files`. */
CV_MUST_CHECK cv_status cv_package_readme(struct cv_package *p, const struct cv_json *manifest);
CV_MUST_CHECK cv_status cv_package_redactions(struct cv_package *p, const struct cv_json *manifest);
/** cv_package_files(p, attachments, count, out): append `files` of the manifest to the array ${out}. */
CV_MUST_CHECK cv_status cv_package_files(const struct cv_package *p, const struct cv_attachment *attachments,
                                         size_t count, struct cv_json *out);
/** cv_package_data(p, out): append the page's data, as it stands in the page. */
CV_MUST_CHECK cv_status cv_package_data(const struct cv_package *p, struct cv_buf *out);
/** cv_package_finish(p): write the page, when all other texts are there. */
CV_MUST_CHECK cv_status cv_package_finish(struct cv_package *p);

/** Takes the next bytes of a file that is being written. */
typedef cv_status (*cv_put_fn)(void *arg, struct cv_bytes bytes, struct cv_err *err);
/** cv_package_zip(p, zip, out, err): append all entries up to the attachments; the caller adds these, and
 * ends with cv_package_close(zip, put, arg, err), which pads. */
CV_MUST_CHECK cv_status cv_package_zip(const struct cv_package *p, struct cv_zip *zip, struct cv_buf *out,
                                       struct cv_err *err);
CV_MUST_CHECK cv_status cv_package_close(struct cv_zip *zip, cv_put_fn put, void *arg, struct cv_err *err);

/* ---- reading ---- */

/** A package that comes in, piece by piece: texts are kept, attachments only measured. */
struct cv_package_reader;
CV_MUST_CHECK cv_status cv_package_reader_new(struct cv_package_reader **out);
void cv_package_reader_free(struct cv_package_reader *r);
/** cv_package_read(r, bytes, err): the next bytes of the zip, any number of them. CV_OK; CV_ERR_FORMAT;
 * CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_package_read(struct cv_package_reader *r, struct cv_bytes bytes,
                                        struct cv_err *err);
/** cv_package_end(r, package, files, err): it is whole, and has all it must have. ${package} borrows from the
 * reader, ${files} is what was met, as in a manifest's `files`, to be freed. */
CV_MUST_CHECK cv_status cv_package_end(struct cv_package_reader *r, const struct cv_package **package,
                                       struct cv_json **files, struct cv_err *err);

/* What is checked, by these names (docs/PACKAGE.md). */
enum cv_package_check {
    CV_CHECK_CONTAINER,
    CV_CHECK_POLICIES,
    CV_CHECK_SENDER,
    CV_CHECK_MANIFEST,
    CV_CHECK_FILES,
    CV_CHECK_PAGE,
    CV_CHECK_RECIPIENT,
    CV_CHECK_RECORDS,
    CV_CHECK_BINDING,
    CV_CHECK_PROOFS,
    CV_CHECK_EXPIRY,
    CV_CHECK_TWIN,
    CV_CHECK_COUNT
};
const char *cv_package_check_name(enum cv_package_check check);
/** cv_package_check_says(check): what holds if it does, as a sentence for people; English: translate it where
 * it is shown. */
const char *cv_package_check_says(enum cv_package_check check);

/* What a check found. */
struct cv_finding {
    cv_status status; /* CV_OK: it holds */
    bool done;        /* false: an earlier fault left nothing to check */
    char why[CV_ERR_BYTES];
};
struct cv_package_verdict {
    struct cv_finding checks[CV_CHECK_COUNT];
    struct cv_json *manifest; /* parsed; NULL if it does not read */
    struct cv_json *claims;   /* array: the processed payload of each record, those that verify */
    struct cv_json *authors;  /* array, beside it: the public line of who signed it */
    struct cv_json *places;   /* array, beside it where all bindings and proofs hold: {"index","size","log"}:
                                 where the log had   it, and the key of the log */
    char fingerprint[CV_FINGERPRINT_BYTES];
    bool other_page; /* index.html is the page that was sent, but not the one of this program */
};
void cv_package_verdict_free(struct cv_package_verdict *v);
/** cv_package_found(v, check, st, why): note the outcome of a check; the first fault stays. */
void cv_package_found(struct cv_package_verdict *v, enum cv_package_check check, cv_status st,
                      const char *why);

/** cv_package_judge(p, files, now, today, v): every check that needs nothing but the package; CONTAINER is
 * the reader's, SENDER, RECIPIENT and TWIN are the caller's. CV_OK, whatever was found; CV_ERR_NOMEM;
 * CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_package_judge(const struct cv_package *p, const struct cv_json *files, int64_t now,
                                         const char *today, struct cv_package_verdict *v);

/** cv_manifest_parse(text, out, err): exactly the members that docs/PACKAGE.md names, in one form. CV_OK;
 * CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_manifest_parse(struct cv_bytes text, struct cv_json **out, struct cv_err *err);

#endif
