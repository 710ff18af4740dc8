/* Packages. Every signature is good, and what is not a zip is put into one, so that what lies behind both is
 * reached: the texts of a package in its order, each ended by a byte 0xff; `page` and `files` of the manifest
 * are put right where it reads. */
#include "tests/fuzz/fuzz.h"

#include "crypto/hash.h"
#include "formats/base64.h"
#include "formats/package.h"
#include "formats/page.h"

static bool held(const struct cv_package_verdict *v, enum cv_package_check check)
{
    return v->checks[check].done && v->checks[check].status == CV_OK;
}

static void judge(struct cv_bytes zip, size_t piece)
{
    struct cv_package_reader *r = NULL;
    const struct cv_package *package = NULL;
    struct cv_json *files = NULL;
    struct cv_package_verdict v = { 0 };
    cv_status st = cv_package_reader_new(&r);
    for (size_t at = 0; at < zip.n && st == CV_OK; at += piece)
        st = cv_package_read(r, CV_BYTES(zip.p + at, zip.n - at < piece ? zip.n - at : piece), NULL);
    st = CV_THEN(st, cv_package_end(r, &package, &files, NULL));
    if (st == CV_OK) {
        must(cv_package_judge(package, files, 1800000000, "2026-11-25", &v) == CV_OK);
        must(cv_json_len(v.claims) == cv_json_len(v.authors));
        must(!held(&v, CV_CHECK_RECORDS) || !held(&v, CV_CHECK_BINDING) || !held(&v, CV_CHECK_PROOFS) ||
             cv_json_len(v.claims) == cv_json_len(v.places));
        fuzz_taken = held(&v, CV_CHECK_MANIFEST) && held(&v, CV_CHECK_RECORDS) && held(&v, CV_CHECK_PROOFS);
    }
    cv_package_verdict_free(&v);
    cv_json_free(files);
    cv_package_reader_free(r);
}

/* put_right(p): what no mutation would hit: digests of the files and of the page, and what is signed. */
static cv_status put_right(struct cv_package *p)
{
    struct cv_json *m = NULL, *files = cv_json_array(), *o = cv_json_object();
    uint8_t hash[32];
    char hex[65];
    cv_status st = cv_json_parse(cv_buf_view(&p->manifest), 1 << 20, "manifest", &m, NULL);
    if (st == CV_OK && cv_json_is(m, CV_JSON_OBJECT)) {
        st = cv_package_files(p, NULL, 0, files);
        if (cv_json_get(m, "files") != NULL)
            st = CV_THEN(st, cv_json_set(m, "files", cv_json_ref(files)));
        st = CV_THEN(st, cv_page_digest(hash));
        cv_hex_encode(CV_ARR(hash), hex);
        if (cv_json_get(m, "page") != NULL)
            st = CV_THEN(st, cv_json_set(m, "page", cv_json_str(hex)));
        cv_buf_truncate(&p->manifest, 0);
        st = CV_THEN(st, cv_json_write(m, &p->manifest));
        st = CV_THEN(st, cv_buf_str(&p->manifest, "\n"));
        st = CV_THEN(st, cv_sha256(cv_buf_view(&p->manifest), hash));
        cv_hex_encode(CV_ARR(hash), hex);
        char *at =
            p->signature.n > 80 ? memmem(p->signature.p, p->signature.n - 80, "{\"manifest\":\"", 13) : NULL;
        if (at != NULL)
            memcpy(at + 13, hex, 64);
    }
    cv_json_free(m);
    cv_json_free(files);
    cv_json_free(o);
    return st;
}

static cv_status put(void *arg, struct cv_bytes bytes, struct cv_err *err)
{
    (void)err;
    return cv_buf_append(arg, bytes);
}

static void of_texts(struct cv_bytes in)
{
    struct cv_package p;
    struct cv_zip *zip = NULL;
    struct cv_buf out = { 0 };
    cv_status st = cv_package_new(&p);
    struct cv_buf *const first[] = { &p.readme, &p.manifest, &p.signature, &p.template, &p.redactions };
    for (size_t i = 0; i < 5; i++)
        st = CV_THEN(st, cv_buf_append(first[i], fuzz_part(&in)));
    while (st == CV_OK && in.n > 0 && in.p[0] == 'c') /* casevault policy v1 */
        st = cv_json_push(p.policies, cv_json_strn(fuzz_part(&in)));
    while (st == CV_OK && in.n > 0) {
        st = cv_json_push(p.sdjwts, cv_json_strn(fuzz_part(&in)));
        st = CV_THEN(st, cv_json_push(p.proofs, cv_json_strn(fuzz_part(&in))));
    }
    (void)!put_right(&p);
    st = CV_THEN(st, cv_package_finish(&p));
    st = CV_THEN(st, cv_zip_new(&zip));
    st = CV_THEN(st, cv_package_zip(&p, zip, &out, NULL));
    st = CV_THEN(st, cv_package_close(zip, put, &out, NULL));
    if (st == CV_OK)
        judge(cv_buf_view(&out), 65536);
    cv_zip_free(zip);
    cv_package_free(&p);
    cv_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n > 2 && memcmp(p, "PK", 2) == 0)
        judge(CV_BYTES(p, n), 1 + p[n - 1]);
    else
        of_texts(CV_BYTES(p, n));
    return 0;
}
