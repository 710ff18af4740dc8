/* A libFuzzer target: packages. Signatures are taken for good (link with -Wl,--wrap=cv_ed25519_verify), and
 * what is not a zip is put into one, so that what lies behind both is reached. Build with clang:
 *
 *   CC=clang cmake -S . -B build/fuzz -DCASEVAULT_SANITIZE=address,undefined,fuzzer-no-link
 * -DBUILD_TESTING=OFF cmake --build build/fuzz --target cv_formats
 *   clang -fsanitize=address,undefined,fuzzer -D_GNU_SOURCE -I. tests/fuzz/package.c
 * -Wl,--wrap=cv_ed25519_verify \ build/fuzz/formats/libcv_formats.a build/fuzz/crypto/libcv_crypto.a
 * -ljansson -lz -lcrypto -lscrypt
 *
 * A seed is a zip, or the texts of a package in its order, each ended by a byte 0xff; `page` and `files` of
 * the manifest are put right where it reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/padme.h"
#include "crypto/secret.h"
#include "formats/base64.h"
#include "formats/package.h"
#include "formats/page.h"

cv_status __wrap_cv_ed25519_verify(const uint8_t *public, struct cv_bytes message, const uint8_t *sig);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

cv_status __wrap_cv_ed25519_verify(const uint8_t *public, struct cv_bytes message, const uint8_t *sig)
{
    (void)public;
    (void)message;
    (void)sig;
    return CV_OK;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    cv_json_init();
    return cv_secret_heap_init() == CV_ERR_INTERNAL;
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
    if (st == CV_OK && cv_package_judge(package, files, 1800000000, "2026-11-25", &v) != CV_OK)
        abort();
    cv_package_verdict_free(&v);
    cv_json_free(files);
    cv_package_reader_free(r);
}

/* piece(in): up to the next 0xff. */
static struct cv_bytes text(struct cv_bytes *in)
{
    const uint8_t *end = in->n > 0 ? memchr(in->p, 0xff, in->n) : NULL;
    const struct cv_bytes out = CV_BYTES(in->p, end != NULL ? (size_t)(end - in->p) : in->n);
    *in = end != NULL ? CV_BYTES(end + 1, in->n - out.n - 1) : (struct cv_bytes){ 0 };
    return out;
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
        st = CV_THEN(st, cv_buf_append(first[i], text(&in)));
    while (st == CV_OK && in.n > 0 && in.p[0] == 'c') /* casevault policy v1 */
        st = cv_json_push(p.policies, cv_json_strn(text(&in)));
    while (st == CV_OK && in.n > 0) {
        st = cv_json_push(p.sdjwts, cv_json_strn(text(&in)));
        st = CV_THEN(st, cv_json_push(p.proofs, cv_json_strn(text(&in))));
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
