#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/padme.h"
#include "formats/base64.h"
#include "formats/package.h"

/* A package that comes in: every file is measured; texts are kept. The names come in one order. */

struct cv_package_reader {
    struct cv_zip_reader *zip;
    struct cv_package p;
    struct cv_json *files; /* as in a manifest */
    struct cv_sha256_ctx *hash;
    size_t fixed, policies, sdjwts, proofs, attachments; /* met so far */
    bool padded;
    uint64_t total; /* bytes that came */
    size_t texts;   /* bytes of texts */
    /* the file that is coming */
    char name[CV_ZIP_NAME_MAX + 1];
    uint64_t bytes;
    struct cv_buf *into; /* NULL: only measured */
    struct cv_buf text;  /* of a file that goes into an array */
    struct cv_json *list;
};

static const char *const fixed_names[] = { "README.txt",   "index.html",    "manifest.json",
                                           "manifest.sig", "template.json", "redactions.csv" };
#define FIXED (sizeof(fixed_names) / sizeof(fixed_names[0]))

static struct cv_buf *fixed_text(struct cv_package *p, size_t i)
{
    struct cv_buf *const texts[FIXED] = { &p->readme,    &p->index,    &p->manifest,
                                          &p->signature, &p->template, &p->redactions };
    return texts[i];
}

/* numbered(name, dir, n, end): is it the file of that number? */
static bool numbered(const char *name, const char *dir, size_t n, const char *end)
{
    char want[64];
    snprintf(want, sizeof(want), "%s/%zu.%s", dir, n, end);
    return strcmp(name, want) == 0;
}

/* place(r, name): where the next file belongs; false if it may not stand here. */
static bool place(struct cv_package_reader *r, const char *name)
{
    char prefix[40];
    r->into = NULL;
    r->list = NULL;
    if (r->padded)
        return false;
    if (r->fixed < FIXED) {
        r->into = fixed_text(&r->p, r->fixed);
        return strcmp(name, fixed_names[r->fixed++]) == 0;
    }
    if (r->sdjwts == 0 && numbered(name, "policies", r->policies + 1, "txt")) {
        r->list = r->p.policies;
        r->policies++;
    } else if (r->attachments == 0 && r->proofs == r->sdjwts && r->policies > 0 &&
               numbered(name, "records", r->sdjwts + 1, "sd-jwt")) {
        r->list = r->p.sdjwts;
        r->sdjwts++;
    } else if (r->proofs < r->sdjwts && numbered(name, "records", r->sdjwts, "tlog-proof")) {
        r->list = r->p.proofs;
        r->proofs++;
    } else {
        snprintf(prefix, sizeof(prefix), "attachments/%zu-", r->attachments + 1);
        r->padded = strcmp(name, "padding") == 0;
        const bool attachment =
            strncmp(name, prefix, strlen(prefix)) == 0 && strchr(name + strlen(prefix), '/') == NULL;
        if (r->sdjwts == 0 || r->proofs < r->sdjwts || (!r->padded && !attachment))
            return false;
        r->attachments += !r->padded;
    }
    if (r->list != NULL)
        r->into = &r->text;
    return true;
}

static cv_status begin(void *arg, const char *name, uint64_t bytes, struct cv_err *err)
{
    struct cv_package_reader *r = arg;
    if (!place(r, name))
        return cv_fail(err, CV_ERR_FORMAT, "%s does not belong where it stands", name);
    if (r->sdjwts > CV_PACKAGE_RECORDS_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "more than %d records", CV_PACKAGE_RECORDS_MAX);
    snprintf(r->name, sizeof(r->name), "%s", name);
    r->bytes = bytes;
    if (r->into == NULL)
        return CV_OK;
    if (bytes > CV_PACKAGE_TEXTS_MAX || r->texts + bytes > CV_PACKAGE_TEXTS_MAX)
        return cv_fail(err, CV_ERR_LIMIT, "%s: its records are more than %zu bytes", name,
                       CV_PACKAGE_TEXTS_MAX);
    r->texts += (size_t)bytes;
    return CV_OK; /* memory is taken as the bytes come, not as they are announced */
}

static bool zeros(struct cv_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] != 0)
            return false;
    return true;
}

static cv_status data(void *arg, struct cv_bytes bytes, struct cv_err *err)
{
    struct cv_package_reader *r = arg;
    if (r->padded && !zeros(bytes))
        return cv_fail(err, CV_ERR_FORMAT, "its padding is not empty");
    cv_status st = cv_sha256_update(r->hash, bytes);
    if (r->into != NULL)
        st = CV_THEN(st, cv_buf_append(r->into, bytes));
    return st;
}

/* listed(name): does a manifest's `files` list it? */
static bool listed(const char *name)
{
    static const char *const own[] = { "index.html", "manifest.json", "manifest.sig", "padding" };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(name, own[i]) == 0)
            return false;
    return true;
}

static cv_status end(void *arg, struct cv_err *err)
{
    struct cv_package_reader *r = arg;
    uint8_t hash[32];
    char hex[65];
    cv_status st = cv_sha256_final(r->hash, hash);
    if (st == CV_OK && r->list != NULL) {
        st = cv_json_push(r->list, cv_json_strn(cv_buf_view(&r->text)));
        if (st != CV_OK)
            st = cv_fail(err, CV_ERR_FORMAT, "%s: is no text", r->name);
        cv_buf_truncate(&r->text, 0);
    }
    if (st != CV_OK || !listed(r->name))
        return st;
    cv_hex_encode(CV_ARR(hash), hex);
    struct cv_json *o = cv_json_object();
    st = cv_json_set(o, "name", cv_json_str(r->name));
    st = CV_THEN(st, cv_json_set(o, "bytes", cv_json_int((int64_t)r->bytes)));
    st = CV_THEN(st, cv_json_set(o, "sha256", cv_json_str(hex)));
    st = CV_THEN(st, cv_json_push(r->files, cv_json_ref(o)));
    cv_json_free(o);
    return st;
}

cv_status cv_package_reader_new(struct cv_package_reader **out)
{
    struct cv_package_reader *r = *out = calloc(1, sizeof(*r));
    if (r == NULL)
        return CV_ERR_NOMEM;
    const struct cv_zip_sink sink = { r, begin, data, end };
    r->files = cv_json_array();
    cv_status st = cv_package_new(&r->p);
    st = CV_THEN(st, cv_sha256_new(&r->hash));
    st = CV_THEN(st, cv_zip_reader_new(&sink, &r->zip));
    if (st == CV_OK && r->files == NULL)
        st = CV_ERR_NOMEM;
    if (st != CV_OK) {
        cv_package_reader_free(r);
        *out = NULL;
    }
    return st;
}

void cv_package_reader_free(struct cv_package_reader *r)
{
    if (r == NULL)
        return;
    cv_zip_reader_free(r->zip);
    cv_package_free(&r->p);
    cv_json_free(r->files);
    cv_sha256_free(r->hash);
    cv_buf_free(&r->text);
    free(r);
}

cv_status cv_package_read(struct cv_package_reader *r, struct cv_bytes bytes, struct cv_err *err)
{
    r->total += bytes.n;
    return cv_zip_read(r->zip, bytes, err);
}

cv_status cv_package_end(struct cv_package_reader *r, const struct cv_package **package,
                         struct cv_json **files, struct cv_err *err)
{
    *package = NULL;
    *files = NULL;
    cv_status st = cv_zip_end(r->zip, err);
    if (st == CV_OK && !r->padded)
        st = cv_fail(err, CV_ERR_FORMAT, "it lacks files that every package has");
    const uint64_t bare = r->total - (r->padded ? r->bytes : 0);
    if (st == CV_OK && cv_padme(bare) != r->total)
        st = cv_fail(err, CV_ERR_FORMAT, "its padding is not of the right length");
    if (st != CV_OK)
        return st;
    *package = &r->p;
    *files = cv_json_ref(r->files);
    return CV_OK;
}
