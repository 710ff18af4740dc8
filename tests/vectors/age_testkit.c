/* Usage: age_testkit DIR
 * Run each vector of the C2SP age testkit (c2sp.org/CCTV/age) that lies in DIR, unpacked and inflated, in one
 * go and streamed in pieces of several sizes; its class of failure and whatever plaintext was released must
 * be as it says. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/scrypt.h"
#include "crypto/secret.h"
#include "formats/age.h"
#include "formats/armor.h"
#include "formats/base64.h"
#include "suite.h"

#define IDENTITIES_MAX 8
#define FILE_MAX ((size_t)64 << 20)

struct vector {
    char expect[32];
    char payload[2 * CV_SHA256_BYTES + 1]; /* hex, or empty */
    bool armored;
    bool unknown_identity; /* of a type that is not implemented */
    struct cv_age_identity *ids[IDENTITIES_MAX];
    size_t count;
    struct cv_bytes file; /* a view */
};

static void vector_free(struct vector *v)
{
    for (size_t i = 0; i < v->count; i++)
        cv_age_identity_free(v->ids[i]);
}

/* The value of a line `key: value`, as a C string. */
static bool value_of(const char *line, const char *key, const char **value)
{
    size_t n = strlen(key);
    if (strncmp(line, key, n) != 0 || strncmp(line + n, ": ", 2) != 0)
        return false;
    *value = line + n + 2;
    return true;
}

static bool parse_line(const char *line, struct vector *v)
{
    const char *value = NULL;
    cv_status st = CV_OK;
    if (value_of(line, "expect", &value))
        return snprintf(v->expect, sizeof v->expect, "%s", value) < (int)sizeof v->expect;
    if (value_of(line, "payload", &value))
        return snprintf(v->payload, sizeof v->payload, "%s", value) == 2 * CV_SHA256_BYTES;
    if (value_of(line, "armored", &value)) {
        v->armored = strcmp(value, "yes") == 0;
        return v->armored;
    }
    if (value_of(line, "file key", &value) || value_of(line, "comment", &value))
        return true;
    if (v->count == IDENTITIES_MAX)
        return false;
    if (value_of(line, "identity", &value) && strncmp(value, "AGE-SECRET-KEY-PQ-1", 19) == 0) {
        struct cv_age_identity *none = NULL;
        v->unknown_identity = true;
        return cv_age_identity_x25519(cv_bytes_str(value), &none, NULL) == CV_ERR_FORMAT;
    }
    if (value_of(line, "identity", &value))
        st = cv_age_identity_x25519(cv_bytes_str(value), &v->ids[v->count], NULL);
    else if (value_of(line, "passphrase", &value))
        st = cv_age_identity_passphrase(cv_bytes_str(value), CV_SCRYPT_LOG_N_MAX, &v->ids[v->count]);
    else
        return false;
    v->count += st == CV_OK;
    return st == CV_OK;
}

static bool parse(struct cv_bytes text, struct vector *v)
{
    while (text.n > 0) {
        const uint8_t *lf = memchr(text.p, '\n', text.n);
        char line[1024];
        size_t n = lf == NULL ? text.n : (size_t)(lf - text.p);
        if (lf == NULL || n >= sizeof line)
            return false;
        memcpy(line, text.p, n);
        line[n] = '\0';
        text = CV_BYTES(lf + 1, text.n - n - 1);
        if (n == 0) {
            v->file = text;
            return v->expect[0] != '\0';
        }
        if (!parse_line(line, v))
            return false;
    }
    return false;
}

static const char *header_class(cv_status st)
{
    switch (st) {
    case CV_ERR_NOKEY:
        return "no match";
    case CV_ERR_AUTH:
        return "HMAC failure";
    case CV_ERR_FORMAT:
    case CV_ERR_LIMIT:
        return "header failure";
    default:
        return cv_status_text(st);
    }
}

static const char *stream(const struct vector *v, struct cv_bytes file, size_t piece, struct cv_buf *plain)
{
    struct cv_age *r = NULL;
    cv_status st = cv_age_reader((const struct cv_age_identity *const *)v->ids, v->count, &r);
    while (st == CV_OK && file.n > 0) {
        size_t n = file.n < piece ? file.n : piece;
        st = cv_age_read(r, CV_BYTES(file.p, n), plain, NULL);
        file = CV_BYTES(file.p + n, file.n - n);
    }
    st = CV_THEN(st, cv_age_end(r, plain, NULL));
    bool opened = r != NULL && cv_age_opened(r);
    cv_age_free(r);
    if (st == CV_OK)
        return "success";
    return opened && st == CV_ERR_AUTH ? "payload failure" : header_class(st);
}

/* The class of failure in ${got}; false if the plaintext released is not the vector's. */
static bool run_stream(const struct vector *v, size_t piece, const char **got)
{
    struct cv_buf raw = { 0 }, plain = { 0 };
    uint8_t sum[CV_SHA256_BYTES];
    char hex[2 * CV_SHA256_BYTES + 1];
    struct cv_bytes file = v->file;
    cv_status st = v->armored ? cv_armor_decode(file, &raw, NULL) : CV_OK;
    if (v->armored)
        file = cv_buf_view(&raw);
    *got = st == CV_ERR_FORMAT ? "armor failure"
           : st == CV_OK       ? stream(v, file, piece, &plain)
                               : "armor error";
    bool ok = cv_sha256(cv_buf_view(&plain), sum) == CV_OK;
    cv_hex_encode(CV_ARR(sum), hex);
    ok = ok && (v->payload[0] != '\0' ? strcmp(hex, v->payload) == 0 : plain.n == 0);
    cv_buf_free(&raw);
    cv_buf_free(&plain);
    return ok;
}

/* In one go the two failures of CV_ERR_AUTH look alike, and no plaintext may come out but of a whole file. */
static bool run_whole(const struct vector *v, const char *want)
{
    struct cv_buf raw = { 0 }, plain = { 0 };
    struct cv_bytes file = v->file;
    cv_status st = v->armored ? cv_armor_decode(file, &raw, NULL) : CV_OK;
    if (v->armored)
        file = cv_buf_view(&raw);
    st = CV_THEN(st, cv_age_decrypt((const struct cv_age_identity *const *)v->ids, v->count, file, FILE_MAX,
                                    &plain, NULL));
    bool ok = st == CV_OK || plain.n == 0;
    if (strcmp(want, "success") == 0)
        ok = ok && st == CV_OK;
    else if (strcmp(want, "no match") == 0)
        ok = ok && st == CV_ERR_NOKEY;
    else if (strcmp(want, "HMAC failure") == 0 || strcmp(want, "payload failure") == 0)
        ok = ok && st == CV_ERR_AUTH;
    else
        ok = ok && (st == CV_ERR_FORMAT || st == CV_ERR_LIMIT);
    cv_buf_free(&raw);
    cv_buf_free(&plain);
    return ok;
}

/* Without the only identity that opens it, a file must stay closed: at best, its header is found wrong. */
static bool run_unknown(const struct vector *v, const char *name)
{
    const char *got = NULL;
    struct vector blind = *v;
    blind.payload[0] = '\0';
    bool ok =
        run_stream(&blind, 4096, &got) &&
        (strcmp(got, "no match") == 0 || (strcmp(got, "header failure") == 0 && strcmp(got, v->expect) == 0));
    if (!ok)
        fprintf(stderr, "%s: got %s without its identity\n", name, got);
    return ok;
}

static bool run(const struct vector *v, const char *name)
{
    static const size_t pieces[] = { FILE_MAX, 65536, 1013, 1 };
    bool costly = v->payload[0] != '\0' && v->file.n > 1000000;
    if (v->unknown_identity && strcmp(v->expect, "header failure") != 0)
        return run_unknown(v, name);
    if (v->unknown_identity && v->count == 0)
        return run_unknown(v, name);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const char *got = NULL;
        if (costly && pieces[i] == 1)
            continue;
        bool plain_ok = run_stream(v, pieces[i], &got);
        if (!plain_ok || strcmp(got, v->expect) != 0) {
            fprintf(stderr, "%s, in pieces of %zu: got %s, want %s%s\n", name, pieces[i], got, v->expect,
                    plain_ok ? "" : "; wrong plaintext came out");
            return false;
        }
    }
    if (!run_whole(v, v->expect)) {
        fprintf(stderr, "%s, in one go: want %s\n", name, v->expect);
        return false;
    }
    return true;
}

static int not_hidden(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    struct dirent **names = NULL;
    struct suite s = { .name = "age testkit (C2SP CCTV)" };
    if (argc != 2) {
        fprintf(stderr, "usage: age_testkit DIR\n");
        return 2;
    }
    int n = scandir(argv[1], &names, not_hidden, alphasort);
    for (int i = 0; i < n; i++) {
        char path[4096];
        struct cv_buf bytes = { 0 };
        struct vector v = { 0 };
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
        bool ok = suite_read(path, &bytes) && parse(cv_buf_view(&bytes), &v);
        if (!ok)
            fprintf(stderr, "%s: not a vector that is understood\n", names[i]->d_name);
        const bool blind = ok && v.unknown_identity && v.count == 0;
        if (!ok || !run(&v, names[i]->d_name))
            suite_case(&s, false, names[i]->d_name);
        else if (blind)
            suite_leave_out(&s);
        else
            suite_case(&s, true, names[i]->d_name);
        vector_free(&v);
        cv_buf_free(&bytes);
        free(names[i]);
    }
    free(names);
    return suite_tell(&s, "post-quantum recipients, which are not ours yet: they stay closed") ? 0 : 1;
}
