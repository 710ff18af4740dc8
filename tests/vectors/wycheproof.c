/* Usage: wycheproof DIR
 * Run Wycheproof's vectors of the primitives that casevault uses, as they lie in DIR. What they call valid
 * must come out as they say, what they call invalid must be refused; of what they call acceptable, each flag
 * is decided below. Exit 77 if the vectors are not there (script/conformance fetches them). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/x25519.h"
#include "suite.h"

/* Whether an input does what is to happen; ${fit} becomes false where our function cannot even be asked. */
typedef bool (*run_fn)(const struct cv_json *group, const struct cv_json *test, bool valid, int alg,
                       bool *fit);

static bool equal(const struct cv_buf *b, const struct cv_buf *want)
{
    return cv_bytes_equal(cv_buf_view(b), cv_buf_view(want));
}

/* ---- AES-256-GCM, ChaCha20-Poly1305: 32-byte keys, 12-byte nonces, 16-byte tags, no associated data ---- */

static bool seal_is(enum cv_aead_alg alg, const struct cv_buf *key, const struct cv_buf *iv,
                    const struct cv_buf *msg, const struct cv_buf *sealed)
{
    struct cv_aead *aead = NULL;
    struct cv_buf out = { 0 };
    uint8_t *p = NULL;
    bool ok = cv_buf_extend(&out, msg->n + CV_AEAD_TAG_BYTES, &p) == CV_OK &&
              cv_aead_new(alg, key->p, true, &aead) == CV_OK &&
              cv_aead_seal(aead, iv->p, cv_buf_view(msg), p) == CV_OK && equal(&out, sealed);
    cv_aead_free(aead);
    cv_buf_free(&out);
    return ok;
}

/* open_is: it opens to ${msg}, or, if it is not valid, is refused and leaves nothing behind. */
static bool open_is(enum cv_aead_alg alg, const struct cv_buf *key, const struct cv_buf *iv,
                    const struct cv_buf *msg, const struct cv_buf *sealed, bool valid)
{
    struct cv_aead *aead = NULL;
    struct cv_buf out = { 0 };
    uint8_t *p = NULL;
    bool ok = cv_buf_extend(&out, sealed->n, &p) == CV_OK && cv_aead_new(alg, key->p, false, &aead) == CV_OK;
    const cv_status st = ok ? cv_aead_open(aead, iv->p, cv_buf_view(sealed), p) : CV_ERR_INTERNAL;
    if (ok)
        cv_buf_truncate(&out, sealed->n - CV_AEAD_TAG_BYTES);
    if (valid)
        ok = ok && st == CV_OK && equal(&out, msg);
    else
        ok = ok && st == CV_ERR_AUTH && cv_bytes_zero(cv_buf_view(&out));
    cv_aead_free(aead);
    cv_buf_free(&out);
    return ok;
}

static bool run_aead(const struct cv_json *group, const struct cv_json *test, bool valid, int alg, bool *fit)
{
    bool ok = true;
    struct cv_buf key = suite_hex(test, "key", &ok), iv = suite_hex(test, "iv", &ok),
                  aad = suite_hex(test, "aad", &ok), msg = suite_hex(test, "msg", &ok),
                  sealed = suite_hex(test, "ct", &ok), tag = suite_hex(test, "tag", &ok);
    (void)group;
    *fit =
        key.n == CV_AEAD_KEY_BYTES && iv.n == CV_AEAD_NONCE_BYTES && tag.n == CV_AEAD_TAG_BYTES && aad.n == 0;
    ok = ok && cv_buf_append(&sealed, cv_buf_view(&tag)) == CV_OK;
    if (ok && *fit)
        ok = open_is((enum cv_aead_alg)alg, &key, &iv, &msg, &sealed, valid) &&
             (!valid || seal_is((enum cv_aead_alg)alg, &key, &iv, &msg, &sealed));
    cv_buf_free(&key);
    cv_buf_free(&iv);
    cv_buf_free(&aad);
    cv_buf_free(&msg);
    cv_buf_free(&sealed);
    cv_buf_free(&tag);
    return ok;
}

/* ---- HKDF ---- */

static bool run_hkdf(const struct cv_json *group, const struct cv_json *test, bool valid, int hash, bool *fit)
{
    bool ok = true;
    struct cv_buf ikm = suite_hex(test, "ikm", &ok), salt = suite_hex(test, "salt", &ok),
                  info = suite_hex(test, "info", &ok), okm = suite_hex(test, "okm", &ok), out = { 0 };
    const int64_t size = cv_json_get_int(test, "size");
    uint8_t *p = NULL;
    (void)group;
    *fit = true;
    ok = ok && size > 0 && cv_buf_extend(&out, (size_t)size, &p) == CV_OK;
    if (ok) {
        const cv_status st = cv_hkdf((enum cv_hkdf_hash)hash, cv_buf_view(&salt), cv_buf_view(&ikm),
                                     cv_buf_view(&info), p, out.n);
        ok = valid ? st == CV_OK && equal(&out, &okm) : st != CV_OK;
    }
    cv_buf_free(&ikm);
    cv_buf_free(&salt);
    cv_buf_free(&info);
    cv_buf_free(&okm);
    cv_buf_free(&out);
    return ok;
}

/* ---- HMAC: tags are compared in the length that they have ---- */

static bool run_hmac(const struct cv_json *group, const struct cv_json *test, bool valid, int hash, bool *fit)
{
    bool ok = true;
    uint8_t out[CV_SHA512_BYTES];
    struct cv_buf key = suite_hex(test, "key", &ok), msg = suite_hex(test, "msg", &ok),
                  tag = suite_hex(test, "tag", &ok);
    const struct cv_bytes part = cv_buf_view(&msg);
    (void)group;
    *fit = true;
    ok = ok && tag.n <= (hash == CV_HMAC_SHA256 ? CV_SHA256_BYTES : CV_SHA512_BYTES) &&
         cv_hmac((enum cv_hmac_hash)hash, cv_buf_view(&key), &part, 1, out) == CV_OK;
    ok = ok && cv_bytes_equal_ct(CV_BYTES(out, tag.n), cv_buf_view(&tag)) == valid;
    cv_buf_free(&key);
    cv_buf_free(&msg);
    cv_buf_free(&tag);
    return ok;
}

/* ---- X25519 ---- */

static bool has_flag(const struct cv_json *test, const char *flag)
{
    return cv_json_has_word(cv_json_get(test, "flags"), flag);
}

/* Acceptable are: points on the twist, and public keys that are not reduced, which RFC 7748 wants computed
 * with (section 5); and points of small order, whose shared secret is zero, which we refuse (section 6.1). */
static bool run_x25519(const struct cv_json *group, const struct cv_json *test, bool valid, int none,
                       bool *fit)
{
    bool ok = true;
    struct cv_secret shared = { 0 };
    struct cv_buf secret = suite_hex(test, "private", &ok), public = suite_hex(test, "public", &ok),
                  want = suite_hex(test, "shared", &ok);
    (void)group;
    (void)valid;
    (void)none;
    *fit = true;
    ok = ok && public.n == CV_X25519_BYTES;
    if (ok) {
        const cv_status st = cv_x25519(cv_buf_view(&secret), public.p, &shared);
        if (has_flag(test, "ZeroSharedSecret"))
            ok = st == CV_ERR_AUTH && shared.p == NULL;
        else
            ok = st == CV_OK && cv_bytes_equal(cv_secret_view(&shared), cv_buf_view(&want));
    }
    cv_secret_free(&shared);
    cv_buf_free(&secret);
    cv_buf_free(&public);
    cv_buf_free(&want);
    return ok;
}

/* ---- Ed25519: what is valid is also what we sign ---- */

static bool sign_is(const struct cv_buf *seed, const struct cv_buf *msg, const struct cv_buf *want)
{
    struct cv_ed25519_key *key = NULL;
    uint8_t sig[CV_ED25519_SIG_BYTES];
    const bool ok = cv_ed25519_key_new(cv_buf_view(seed), &key) == CV_OK &&
                    cv_ed25519_sign(key, cv_buf_view(msg), sig) == CV_OK &&
                    cv_bytes_equal(CV_ARR(sig), cv_buf_view(want));
    cv_ed25519_key_free(key);
    return ok;
}

static bool run_ed25519(const struct cv_json *group, const struct cv_json *test, bool valid, int none,
                        bool *fit)
{
    bool ok = true;
    const struct cv_json *key = cv_json_get(group, "key");
    struct cv_buf public = suite_hex(key, "pk", &ok), seed = suite_hex(key, "sk", &ok),
                  msg = suite_hex(test, "msg", &ok), sig = suite_hex(test, "sig", &ok);
    (void)none;
    *fit = true;
    ok = ok && public.n == CV_ED25519_PUBLIC_BYTES;
    if (ok && sig.n != CV_ED25519_SIG_BYTES)
        ok = !valid; /* whoever reads a signature of ours takes just 64 bytes */
    else if (ok)
        ok = cv_ed25519_verify(public.p, cv_buf_view(&msg), sig.p) == (valid ? CV_OK : CV_ERR_AUTH) &&
             (!valid || sign_is(&seed, &msg, &sig));
    cv_buf_free(&public);
    cv_buf_free(&seed);
    cv_buf_free(&msg);
    cv_buf_free(&sig);
    return ok;
}

static const struct {
    const char *name, *file;
    run_fn run;
    int alg;
    const char *acceptable; /* the flags by which run decides what is acceptable; NULL: none of that fits */
    const char *note;
} sets[] = {
    { "Wycheproof AES-GCM", "aes_gcm_test.json", run_aead, CV_AES_256_GCM, NULL,
      "other keys than 256 bits, other nonces than 96, associated data: none of them is ours" },
    { "Wycheproof ChaCha20-Poly1305", "chacha20_poly1305_test.json", run_aead, CV_CHACHA20_POLY1305, NULL,
      "other nonces than 96 bits, associated data: age has none" },
    { "Wycheproof HKDF-SHA-256", "hkdf_sha256_test.json", run_hkdf, CV_HKDF_SHA256, NULL, "" },
    { "Wycheproof HKDF-SHA-512", "hkdf_sha512_test.json", run_hkdf, CV_HKDF_SHA512, NULL, "" },
    { "Wycheproof HMAC-SHA-256", "hmac_sha256_test.json", run_hmac, CV_HMAC_SHA256, NULL, "" },
    { "Wycheproof HMAC-SHA-512", "hmac_sha512_test.json", run_hmac, CV_HMAC_SHA512, NULL, "" },
    { "Wycheproof X25519", "x25519_test.json", run_x25519, 0, "Twist NonCanonicalPublic ZeroSharedSecret",
      "" },
    { "Wycheproof Ed25519", "eddsa_test.json", run_ed25519, 0, NULL, "" },
};

/* decided(test, flags): of what is acceptable, one of its flags is among those decided above. */
static bool decided(const struct cv_json *test, const char *flags)
{
    char words[128];
    bool found = false;
    (void)snprintf(words, sizeof words, "%s", flags);
    for (char *save = NULL, *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        found = found || has_flag(test, w);
    return found;
}

static void run_case(size_t i, const struct cv_json *group, const struct cv_json *test, struct suite *s)
{
    const char *result = cv_json_get_str(test, "result");
    const bool valid = result != NULL && strcmp(result, "valid") == 0;
    const bool acceptable = result != NULL && strcmp(result, "acceptable") == 0;
    const bool invalid = result != NULL && strcmp(result, "invalid") == 0;
    bool fit = false;
    char id[32];
    (void)snprintf(id, sizeof id, "%lld", (long long)cv_json_get_int(test, "tcId"));
    const bool ok = sets[i].run(group, test, valid, sets[i].alg, &fit);
    if (ok && !fit) {
        suite_leave_out(s);
        return;
    }
    const bool known =
        valid || invalid || (acceptable && sets[i].acceptable != NULL && decided(test, sets[i].acceptable));
    suite_case(s, ok && known, id);
}

static bool run_set(size_t i, const char *dir)
{
    char path[4096];
    struct suite s = { .name = sets[i].name };
    (void)snprintf(path, sizeof path, "%s/%s", dir, sets[i].file);
    struct cv_json *doc = suite_json(path);
    const struct cv_json *groups = cv_json_get(doc, "testGroups");
    for (size_t g = 0; g < cv_json_len(groups); g++) {
        const struct cv_json *group = cv_json_at(groups, g), *tests = cv_json_get(group, "tests");
        for (size_t t = 0; t < cv_json_len(tests); t++)
            run_case(i, group, cv_json_at(tests, t), &s);
    }
    /* Nothing that the file announces may have been passed over. */
    const bool all = doc != NULL && (int64_t)s.cases == cv_json_get_int(doc, "numberOfTests");
    cv_json_free(doc);
    return suite_tell(&s, sets[i].note) && all;
}

int main(int argc, char **argv)
{
    bool ok = true;
    if (argc != 2) {
        fprintf(stderr, "usage: wycheproof DIR\n");
        return 2;
    }
    if (access(argv[1], R_OK) != 0) {
        fprintf(stderr, "skipped: %s is missing; run script/conformance\n", argv[1]);
        return 77;
    }
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        ok = run_set(i, argv[1]) && ok;
    return ok ? 0 : 1;
}
