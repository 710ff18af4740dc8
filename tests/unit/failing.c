/* Every call of crypto's that can fail is made to fail once, at each occurrence: of OpenSSL, of libscrypt,
 * for memory and for chance. What is asked for is then refused, and nothing is given out; nothing leaks. (The
 * calls are wrapped by the linker: see CV_FAILING in tests/CMakeLists.txt.) */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/ts.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "crypto/cobblestone.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hpke.h"
#include "crypto/keystream.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"
#include "crypto/shamir.h"
#include "crypto/timestamp.h"
#include "crypto/x25519.h"
#include "test.h"
#include "timestamp_ca.h"
#include "timestamp_samples.h"

static _Thread_local size_t calls, fails_at; /* 0: none */

static bool fails(void)
{
    if (fails_at == 0 || ++calls != fails_at)
        return false;
    errno = EIO;
    return true;
}

#define WRAP(type, name, failed, params, args)                                                               \
    type __real_##name params;                                                                               \
    type __wrap_##name params;                                                                               \
    type __wrap_##name params                                                                                \
    {                                                                                                        \
        return fails() ? (failed) : __real_##name args;                                                      \
    }

/* clang-format off */
WRAP(void *, malloc, NULL, (size_t n), (n))
WRAP(void *, calloc, NULL, (size_t n, size_t of), (n, of))
WRAP(ssize_t, getrandom, -1, (void *p, size_t n, unsigned f), (p, n, f))
WRAP(int, libscrypt_scrypt, -1, (const uint8_t *p, size_t pn, const uint8_t *s, size_t sn, uint64_t n, uint32_t r, uint32_t c,
      uint8_t *o, size_t on), (p, pn, s, sn, n, r, c, o, on))
WRAP(void *, CRYPTO_secure_zalloc, NULL, (size_t n, const char *f, int l), (n, f, l))
WRAP(BIO *, BIO_new, NULL, (const BIO_METHOD *m), (m))
WRAP(BIO *, BIO_new_mem_buf, NULL, (const void *p, int n), (p, n))
WRAP(BIGNUM *, BN_bin2bn, NULL, (const unsigned char *p, int n, BIGNUM *to), (p, n, to))
WRAP(ASN1_INTEGER *, BN_to_ASN1_INTEGER, NULL, (const BIGNUM *b, ASN1_INTEGER *to), (b, to))
WRAP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, NULL, (void), ())
WRAP(int, EVP_CIPHER_CTX_ctrl, 0, (EVP_CIPHER_CTX *c, int t, int n, void *p), (c, t, n, p))
WRAP(EVP_CIPHER *, EVP_CIPHER_fetch, NULL, (OSSL_LIB_CTX *c, const char *n, const char *p), (c, n, p))
WRAP(int, EVP_CipherInit_ex2, 0, (EVP_CIPHER_CTX *c, const EVP_CIPHER *t, const unsigned char *k, const unsigned char *iv,
      int enc, const OSSL_PARAM *p), (c, t, k, iv, enc, p))
WRAP(int, EVP_DecryptInit_ex2, 0, (EVP_CIPHER_CTX *c, const EVP_CIPHER *t, const unsigned char *k, const unsigned char *iv,
      const OSSL_PARAM *p), (c, t, k, iv, p))
WRAP(int, EVP_EncryptInit_ex2, 0, (EVP_CIPHER_CTX *c, const EVP_CIPHER *t, const unsigned char *k, const unsigned char *iv,
      const OSSL_PARAM *p), (c, t, k, iv, p))
WRAP(int, EVP_DecryptUpdate, 0, (EVP_CIPHER_CTX *c, unsigned char *o, int *on, const unsigned char *i, int n), (c, o, on, i, n))
WRAP(int, EVP_EncryptUpdate, 0, (EVP_CIPHER_CTX *c, unsigned char *o, int *on, const unsigned char *i, int n), (c, o, on, i, n))
WRAP(int, EVP_DecryptFinal_ex, 0, (EVP_CIPHER_CTX *c, unsigned char *o, int *on), (c, o, on))
WRAP(int, EVP_EncryptFinal_ex, 0, (EVP_CIPHER_CTX *c, unsigned char *o, int *on), (c, o, on))
WRAP(EVP_MD_CTX *, EVP_MD_CTX_new, NULL, (void), ())
WRAP(EVP_MD *, EVP_MD_fetch, NULL, (OSSL_LIB_CTX *c, const char *n, const char *p), (c, n, p))
WRAP(int, EVP_DigestInit_ex2, 0, (EVP_MD_CTX *c, const EVP_MD *t, const OSSL_PARAM *p), (c, t, p))
WRAP(int, EVP_DigestUpdate, 0, (EVP_MD_CTX *c, const void *p, size_t n), (c, p, n))
WRAP(int, EVP_DigestFinal_ex, 0, (EVP_MD_CTX *c, unsigned char *o, unsigned *n), (c, o, n))
WRAP(int, EVP_DigestSignInit, 0, (EVP_MD_CTX *c, EVP_PKEY_CTX **k, const EVP_MD *t, ENGINE *e, EVP_PKEY *key), (c, k, t, e, key))
WRAP(int, EVP_DigestSign, 0, (EVP_MD_CTX *c, unsigned char *s, size_t *sn, const unsigned char *p, size_t n), (c, s, sn, p, n))
WRAP(int, EVP_DigestVerifyInit, 0, (EVP_MD_CTX *c, EVP_PKEY_CTX **k, const EVP_MD *t, ENGINE *e, EVP_PKEY *key), (c, k, t, e, key))
WRAP(int, EVP_DigestVerify, 0, (EVP_MD_CTX *c, const unsigned char *s, size_t sn, const unsigned char *p, size_t n), (c, s, sn, p, n))
WRAP(EVP_PKEY_CTX *, EVP_PKEY_CTX_new, NULL, (EVP_PKEY *k, ENGINE *e), (k, e))
WRAP(int, EVP_PKEY_derive_init, 0, (EVP_PKEY_CTX *c), (c))
WRAP(int, EVP_PKEY_derive_set_peer, 0, (EVP_PKEY_CTX *c, EVP_PKEY *k), (c, k))
WRAP(int, EVP_PKEY_derive, 0, (EVP_PKEY_CTX *c, unsigned char *o, size_t *n), (c, o, n))
WRAP(int, EVP_PKEY_get_raw_public_key, 0, (const EVP_PKEY *k, unsigned char *o, size_t *n), (k, o, n))
WRAP(EVP_PKEY *, EVP_PKEY_new_raw_private_key, NULL, (int t, ENGINE *e, const unsigned char *p, size_t n), (t, e, p, n))
WRAP(EVP_PKEY *, EVP_PKEY_new_raw_public_key, NULL, (int t, ENGINE *e, const unsigned char *p, size_t n), (t, e, p, n))
WRAP(TS_REQ *, TS_REQ_new, NULL, (void), ())
WRAP(int, TS_REQ_set_version, 0, (TS_REQ *r, long v), (r, v))
WRAP(int, TS_REQ_set_msg_imprint, 0, (TS_REQ *r, TS_MSG_IMPRINT *m), (r, m))
WRAP(int, TS_REQ_set_nonce, 0, (TS_REQ *r, const ASN1_INTEGER *n), (r, n))
WRAP(int, TS_REQ_set_cert_req, 0, (TS_REQ *r, int c), (r, c))
WRAP(TS_MSG_IMPRINT *, TS_MSG_IMPRINT_new, NULL, (void), ())
WRAP(int, TS_MSG_IMPRINT_set_algo, 0, (TS_MSG_IMPRINT *m, X509_ALGOR *a), (m, a))
WRAP(int, TS_MSG_IMPRINT_set_msg, 0, (TS_MSG_IMPRINT *m, unsigned char *p, int n), (m, p, n))
WRAP(TS_VERIFY_CTX *, TS_REQ_to_TS_VERIFY_CTX, NULL, (TS_REQ *r, TS_VERIFY_CTX *c), (r, c))
WRAP(int, TS_RESP_verify_response, 0, (TS_VERIFY_CTX *c, TS_RESP *r), (c, r))
WRAP(X509_ALGOR *, X509_ALGOR_new, NULL, (void), ())
WRAP(int, X509_ALGOR_set0, 0, (X509_ALGOR *a, ASN1_OBJECT *o, int t, void *v), (a, o, t, v))
WRAP(X509_STORE *, X509_STORE_new, NULL, (void), ())
WRAP(int, X509_STORE_add_cert, 0, (X509_STORE *s, X509 *c), (s, c))
WRAP(int, X509_STORE_up_ref, 0, (X509_STORE *s), (s))
WRAP(TS_RESP *, d2i_TS_RESP, NULL, (TS_RESP **r, const unsigned char **p, long n), (r, p, n))
WRAP(int, i2d_TS_REQ, -1, (const TS_REQ *r, unsigned char **o), (r, o))
/* clang-format on */

static const uint8_t key[32] = { 1, 2, 3 }, nonce[12] = { 4 };
static const struct cv_bytes text = { (const uint8_t *)"text", 4 };
static uint8_t sealed_aead[4 + CV_AEAD_TAG_BYTES], public[32], peer[32], signature[64],
    digest[CV_SHA256_BYTES];
static struct cv_buf sealed, sealed_hpke, reply;
static struct cv_secret shares[3];
static struct cv_ed25519_key *signer;
static struct cv_timestamp_ca *authority;
static uint8_t big[CV_COBBLESTONE_CHUNK_BYTES + 5];

/* none_of(out, st): what was refused gave nothing. */
static cv_status none_of(struct cv_buf *out, cv_status st)
{
    const bool given = out->n > 0;
    cv_buf_free(out);
    return st != CV_OK && given ? CV_ERR_EXISTS : st;
}

static cv_status none_secret(struct cv_secret *out, cv_status st)
{
    const bool given = out->p != NULL;
    cv_secret_free(out);
    return st != CV_OK && given ? CV_ERR_EXISTS : st;
}

static cv_status hash(void)
{
    uint8_t out[CV_SHA512_BYTES];
    struct cv_sha256_ctx *ctx = NULL;
    const struct cv_bytes parts[2] = { text, text };
    cv_status st = cv_sha256(text, out);
    st = CV_THEN(st, cv_sha256_parts(parts, 2, out));
    st = CV_THEN(st, cv_sha512(text, out));
    st = CV_THEN(st, cv_sha256_new(&ctx));
    st = CV_THEN(st, cv_sha256_update(ctx, text));
    st = CV_THEN(st, cv_sha256_final(ctx, out));
    cv_sha256_free(ctx);
    st = CV_THEN(st, cv_hmac_sha256(CV_ARR(key), text, out));
    return CV_THEN(st, cv_hmac(CV_HMAC_SHA512, CV_ARR(big), parts, 2, out));
}

static cv_status hkdf(void)
{
    uint8_t out[80], prk[32];
    cv_status st = cv_hkdf(CV_HKDF_SHA256, text, CV_ARR(key), text, out, sizeof(out));
    st = CV_THEN(st, cv_hkdf_extract(CV_HKDF_SHA256, text, CV_ARR(key), prk, sizeof(prk)));
    return CV_THEN(st, cv_hkdf_expand(CV_HKDF_SHA256, CV_ARR(prk), text, out, sizeof(out)));
}

static cv_status aead_with(enum cv_aead_alg alg)
{
    struct cv_aead *a = NULL;
    uint8_t out[sizeof(sealed_aead)];
    cv_status st = cv_aead_new(alg, key, true, &a);
    st = CV_THEN(st, cv_aead_seal(a, nonce, text, out));
    cv_aead_free(a);
    a = NULL;
    const struct cv_bytes made = alg == CV_AES_256_GCM ? CV_ARR(sealed_aead) : CV_ARR(out);
    st = CV_THEN(st, cv_aead_new(alg, key, false, &a));
    uint8_t plain[sizeof(sealed_aead)];
    st = CV_THEN(st, cv_aead_open(a, nonce, made, plain));
    cv_aead_free(a);
    return st;
}

static cv_status aead(void)
{
    cv_status st = aead_with(CV_AES_256_GCM);
    return CV_THEN(st, aead_with(CV_CHACHA20_POLY1305));
}

static cv_status seal(void)
{
    struct cv_buf out = { 0 };
    return none_of(&out, cv_cobblestone_seal(CV_ARR(key), text, CV_ARR(big), &out));
}

static cv_status open(void)
{
    struct cv_buf out = { 0 };
    return none_of(&out, cv_cobblestone_open(CV_ARR(key), text, cv_buf_view(&sealed), &out));
}

/* Piece by piece: pieces before the one that fails were given already. */
static cv_status in_pieces(void)
{
    struct cv_buf made = { 0 }, out = { 0 };
    struct cv_cobblestone *c = NULL;
    cv_status st = cv_cobblestone_writer(CV_ARR(key), text, &made, &c);
    for (size_t at = 0; at < sizeof(big) && st == CV_OK; at += 9001)
        st = cv_cobblestone_write(c, CV_BYTES(big + at, sizeof(big) - at < 9001 ? sizeof(big) - at : 9001),
                                  &made);
    st = CV_THEN(st, cv_cobblestone_finish(c, &made));
    cv_cobblestone_free(c);
    c = NULL;
    st = CV_THEN(st, cv_cobblestone_reader(CV_ARR(key), text, &c));
    for (size_t at = 0; at < made.n && st == CV_OK; at += 7001)
        st = cv_cobblestone_read(c, CV_BYTES(made.p + at, made.n - at < 7001 ? made.n - at : 7001), &out);
    st = CV_THEN(st, cv_cobblestone_end(c, &out));
    cv_cobblestone_free(c);
    cv_buf_free(&made);
    cv_buf_free(&out);
    return st;
}

static cv_status hpke_seal(void)
{
    struct cv_buf out = { 0 };
    return none_of(&out, cv_hpke_seal(CV_HPKE_SUITE_1, CV_ARR(public), text, text, &out));
}

static cv_status hpke_open(void)
{
    struct cv_secret out = { 0 };
    return none_secret(&out,
                       cv_hpke_open(CV_HPKE_SUITE_1, CV_ARR(key), text, cv_buf_view(&sealed_hpke), &out));
}

static cv_status hpke_keys(void)
{
    struct cv_buf out = { 0 }, again = { 0 };
    struct cv_secret secret = { 0 };
    cv_status st = none_of(&out, cv_hpke_public(CV_HPKE_SUITE_1, CV_ARR(key), &out));
    st = CV_THEN(st, cv_hpke_derive(CV_HPKE_SUITE_1, CV_ARR(key), &secret, &again));
    cv_secret_free(&secret);
    cv_buf_free(&again);
    st = CV_THEN(st, cv_hpke_generate(CV_HPKE_SUITE_1, &secret, &again));
    cv_secret_free(&secret);
    cv_buf_free(&again);
    return st;
}

static cv_status sign(void)
{
    struct cv_ed25519_key *k = NULL;
    uint8_t sig[64];
    cv_status st = cv_ed25519_key_new(CV_ARR(key), &k);
    st = CV_THEN(st, cv_ed25519_sign(k, text, sig));
    cv_ed25519_key_free(k);
    return CV_THEN(st, cv_ed25519_verify(cv_ed25519_public(signer), text, signature));
}

static cv_status agree(void)
{
    struct cv_secret shared = { 0 };
    uint8_t own[32];
    cv_status st = none_secret(&shared, cv_x25519(CV_ARR(key), peer, &shared));
    st = CV_THEN(st, none_secret(&shared, cv_x25519_own(CV_ARR(key), peer, &shared, own)));
    return CV_THEN(st, cv_x25519_public(CV_ARR(key), own));
}

static cv_status stream(void)
{
    struct cv_keystream *k = NULL;
    uint8_t out[40];
    cv_status st = cv_keystream_new(&k);
    st = CV_THEN(st, cv_keystream_start(k, key));
    st = CV_THEN(st, cv_keystream_take(k, out, sizeof(out)));
    cv_keystream_free(k);
    return st;
}

static cv_status secret(void)
{
    struct cv_secret made = { 0 }, copy = { 0 };
    uint8_t out[32];
    cv_status st = cv_secret_random(&made, 32);
    st = CV_THEN(st, cv_secret_copy(&copy, text));
    cv_secret_free(&made);
    cv_secret_free(&copy);
    st = CV_THEN(st, cv_random(out, sizeof(out)));
    return CV_THEN(st, cv_scrypt(text, text, 4, out, sizeof(out)));
}

static cv_status split(void)
{
    struct cv_secret made[3] = { { 0 } };
    cv_status st = cv_shamir_split(CV_ARR(key), 2, 3, made);
    for (size_t i = 0; i < 3; i++)
        st = none_secret(&made[i], st);
    return st;
}

static cv_status combine(void)
{
    static const uint8_t xs[2] = { 1, 3 };
    const struct cv_bytes two[2] = { cv_secret_view(&shares[0]), cv_secret_view(&shares[2]) };
    struct cv_secret out = { 0 };
    return none_secret(&out, cv_shamir_combine(xs, two, 2, &out));
}

static cv_status ask(void)
{
    static const uint8_t number[CV_TIMESTAMP_NONCE_BYTES] = { 1 };
    struct cv_buf out = { 0 };
    return none_of(&out, cv_timestamp_request(digest, number, &out));
}

static cv_status authorities(void)
{
    struct cv_timestamp_ca *made = NULL;
    cv_status st = cv_timestamp_ca_new(cv_bytes_str(ca_pem), &made);
    cv_timestamp_ca_free(made);
    return st;
}

static cv_status stamped(void)
{
    return cv_timestamp_verify(cv_buf_view(&reply), digest, (struct cv_bytes){ 0 }, authority,
                               CV_TIMESTAMP_THEN);
}

static cv_status read_stamp(void)
{
    struct cv_timestamp t;
    return cv_timestamp_read(cv_buf_view(&reply), &t);
}

static const struct row {
    const char *name;
    cv_status (*act)(void);
    size_t
        spare; /* a call that may fail: the name of an authority is told, and nothing hangs on it; 0: none */
} rows[] = {
    { "hash", hash, 0 },
    { "hkdf", hkdf, 0 },
    { "aead", aead, 0 },
    { "seal", seal, 0 },
    { "open", open, 0 },
    { "in pieces", in_pieces, 0 },
    { "hpke seal", hpke_seal, 0 },
    { "hpke open", hpke_open, 0 },
    { "hpke keys", hpke_keys, 0 },
    { "sign", sign, 0 },
    { "agree", agree, 0 },
    { "stream", stream, 0 },
    { "secret", secret, 0 },
    { "split", split, 0 },
    { "combine", combine, 0 },
    { "ask for a timestamp", ask, 0 },
    { "authorities", authorities, 0 },
    { "verify a timestamp", stamped, 2 },
    { "read a timestamp", read_stamp, 2 },
};

/* One try, in a thread of its own: what a thread keeps for the next time is made anew. */
struct
try {
    const struct row *row;
    size_t at, calls;
    cv_status st;
};

static void *try_it(void *arg)
{
    struct try *t = arg;
    calls = 0;
    fails_at = t->at;
    t->st = t->row->act();
    fails_at = 0;
    t->calls = calls;
    return NULL;
}

static void run(struct try *t)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, try_it, t), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_each_call(void **state)
{
    size_t failed = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t at = 1;; at++) {
            struct try t = { .row = &rows[i], .at = at };
            run(&t);
            if (t.calls < at) { /* there are no more */
                assert_ok(t.st);
                assert_true(at > 1);
                break;
            }
            if (t.st == CV_ERR_EXISTS || (t.st == CV_OK && at != rows[i].spare))
                fail_msg("%s, call %zu fails: status %d", rows[i].name, at, (int)t.st);
            failed++;
        }
    assert_true(failed > 200);
    printf("figures: %zu calls of OpenSSL and for memory made to fail\n", failed);
}

/* What is fetched once is fetched in a process that has not done so yet: nothing works there, and all of it
 * says so. */
static void test_nothing_fetched(void **state)
{
    (void)state;
    for (size_t at = 1; at <= 5; at++) {
        const pid_t child = fork();
        if (child == 0) {
            struct cv_buf out = { 0 };
            uint8_t hashed[CV_SHA512_BYTES];
            struct cv_aead *a = NULL;
            struct cv_keystream *k = NULL;
            fails_at = at;
            const bool refused = cv_sha256(text, hashed) != CV_OK &&
                                 cv_aead_new(CV_AES_256_GCM, key, true, &a) != CV_OK &&
                                 cv_keystream_new(&k) != CV_OK && cv_sha512(text, hashed) != CV_OK &&
                                 cv_cobblestone_seal(CV_ARR(key), text, text, &out) != CV_OK;
            exit(refused && a == NULL && k == NULL && out.n == 0 ? 0 : 1);
        }
        int status = 1;
        assert_true(child > 0);
        assert_true(waitpid(child, &status, 0) == child);
        assert_int_equal(status, 0);
    }
}

static int setup(void **state)
{
    struct cv_aead *a = NULL;
    (void)state;
    memset(big, 7, sizeof(big));
    reply = unhex(good);
    assert_ok(cv_sha256(CV_LIT("casevault"), digest));
    assert_ok(cv_aead_new(CV_AES_256_GCM, key, true, &a));
    assert_ok(cv_aead_seal(a, nonce, text, sealed_aead));
    cv_aead_free(a);
    assert_ok(cv_x25519_public(CV_ARR(key), public));
    memcpy(peer, public, sizeof(peer));
    assert_ok(cv_cobblestone_seal(CV_ARR(key), text, CV_ARR(big), &sealed));
    assert_ok(cv_hpke_seal(CV_HPKE_SUITE_1, CV_ARR(public), text, text, &sealed_hpke));
    assert_ok(cv_ed25519_key_new(CV_ARR(key), &signer));
    assert_ok(cv_ed25519_sign(signer, text, signature));
    assert_ok(cv_shamir_split(CV_ARR(key), 2, 3, shares));
    assert_ok(cv_timestamp_ca_new(cv_bytes_str(ca_pem), &authority));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_buf_free(&reply);
    cv_buf_free(&sealed);
    cv_buf_free(&sealed_hpke);
    for (size_t i = 0; i < 3; i++)
        cv_secret_free(&shares[i]);
    cv_ed25519_key_free(signer);
    cv_timestamp_ca_free(authority);
    return 0;
}

int main(void)
{
    const struct CMUnitTest fresh[] = { cmocka_unit_test(test_nothing_fetched) };
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_call) };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    const int first = cmocka_run_group_tests_name("nothing fetched", fresh, NULL, NULL);
    return first != 0 ? first : cmocka_run_group_tests(tests, setup, teardown);
}
