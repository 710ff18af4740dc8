/* One primitive a run, for the drivers beside it that hold them against vectors and other implementations.
 * Arguments in hex, bulk on stdin, the answer in hex (bulk: raw) on stdout. Exit status: the cv_status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cobblestone.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hpke.h"
#include "crypto/keystream.h"
#include "crypto/padme.h"
#include "crypto/scrypt.h"
#include "crypto/shamir.h"
#include "formats/merkle.h"
#include "formats/sdjwt.h"

static struct cv_buf arg(const char *hex)
{
    struct cv_buf b = { 0 };
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        const char pair[3] = { hex[0], hex[1], '\0' };
        const uint8_t byte = (uint8_t)strtoul(pair, NULL, 16);
        if (cv_buf_append(&b, CV_BYTES(&byte, 1)) != CV_OK)
            exit(100);
    }
    return b;
}

static struct cv_buf input(void)
{
    struct cv_buf b = { 0 };
    uint8_t block[65536];
    for (size_t n; (n = fread(block, 1, sizeof(block), stdin)) > 0;)
        if (cv_buf_append(&b, CV_BYTES(block, n)) != CV_OK)
            exit(100);
    return b;
}

static void raw(struct cv_bytes b)
{
    if (b.n > 0 && fwrite(b.p, 1, b.n, stdout) != b.n)
        exit(100);
}

static void hex(struct cv_bytes b)
{
    for (size_t i = 0; i < b.n; i++)
        printf("%02x", b.p[i]);
    printf("\n");
}

/* cobblestone_open(key, context, piece): piece 0 is the one-shot form; whatever is given out goes to stdout
 * at once. */
static cv_status cobblestone_open(char **a)
{
    struct cv_buf key = arg(a[0]), context = arg(a[1]), in = input(), out = { 0 };
    const size_t piece = strtoul(a[2], NULL, 10);
    struct cv_cobblestone *r = NULL;
    cv_status st;
    if (piece == 0)
        st = cv_cobblestone_open(cv_buf_view(&key), cv_buf_view(&context), cv_buf_view(&in), &out);
    else {
        st = cv_cobblestone_reader(cv_buf_view(&key), cv_buf_view(&context), &r);
        for (size_t at = 0; at < in.n && st == CV_OK; at += piece)
            st = cv_cobblestone_read(r, CV_BYTES(in.p + at, in.n - at < piece ? in.n - at : piece), &out);
        st = CV_THEN(st, cv_cobblestone_end(r, &out));
    }
    raw(cv_buf_view(&out));
    cv_cobblestone_free(r);
    cv_buf_free(&key);
    cv_buf_free(&context);
    cv_buf_free(&in);
    cv_buf_free(&out);
    return st;
}

static cv_status cobblestone_seal(char **a)
{
    struct cv_buf key = arg(a[0]), context = arg(a[1]), in = input(), out = { 0 };
    cv_status st = cv_cobblestone_seal(cv_buf_view(&key), cv_buf_view(&context), cv_buf_view(&in), &out);
    raw(cv_buf_view(&out));
    cv_buf_free(&key);
    cv_buf_free(&context);
    cv_buf_free(&in);
    cv_buf_free(&out);
    return st;
}

static cv_status hpke_derive(char **a)
{
    struct cv_buf ikm = arg(a[0]), public = { 0 };
    struct cv_secret secret = { 0 };
    cv_status st = cv_hpke_derive(CV_HPKE_SUITE_1, cv_buf_view(&ikm), &secret, &public);
    hex(cv_secret_view(&secret));
    hex(cv_buf_view(&public));
    cv_secret_free(&secret);
    cv_buf_free(&ikm);
    cv_buf_free(&public);
    return st;
}

static cv_status hpke_open(char **a)
{
    struct cv_buf key = arg(a[0]), info = arg(a[1]), sealed = arg(a[2]);
    struct cv_secret plain = { 0 };
    cv_status st =
        cv_hpke_open(CV_HPKE_SUITE_1, cv_buf_view(&key), cv_buf_view(&info), cv_buf_view(&sealed), &plain);
    if (st == CV_OK)
        hex(cv_secret_view(&plain));
    cv_secret_free(&plain);
    cv_buf_free(&key);
    cv_buf_free(&info);
    cv_buf_free(&sealed);
    return st;
}

/* hpke_seal(public, info, plain[, ikmE]) */
static cv_status hpke_seal(char **a)
{
    struct cv_buf key = arg(a[0]), info = arg(a[1]), plain = arg(a[2]), ikm = { 0 }, out = { 0 };
    cv_status st;
    if (a[3] != NULL) {
        ikm = arg(a[3]);
        st = cv_hpke_seal_derand(CV_HPKE_SUITE_1, cv_buf_view(&key), cv_buf_view(&info), cv_buf_view(&plain),
                                 cv_buf_view(&ikm), &out);
    } else
        st = cv_hpke_seal(CV_HPKE_SUITE_1, cv_buf_view(&key), cv_buf_view(&info), cv_buf_view(&plain), &out);
    hex(cv_buf_view(&out));
    cv_buf_free(&key);
    cv_buf_free(&info);
    cv_buf_free(&plain);
    cv_buf_free(&ikm);
    cv_buf_free(&out);
    return st;
}

static cv_status scrypt(char **a)
{
    struct cv_buf pass = arg(a[0]), salt = arg(a[1]);
    uint8_t out[64];
    cv_status st = cv_scrypt(cv_buf_view(&pass), cv_buf_view(&salt), (unsigned)strtoul(a[2], NULL, 10), out,
                             sizeof(out));
    if (st == CV_OK)
        hex(CV_ARR(out));
    cv_buf_free(&pass);
    cv_buf_free(&salt);
    return st;
}

/* keystream(key, n): in pieces, as it is used; and from the beginning once more */
static cv_status keystream(char **a)
{
    struct cv_buf key = arg(a[0]);
    uint8_t out[4096], again[16];
    struct cv_keystream *k = NULL;
    const size_t n = strtoul(a[1], NULL, 10);
    cv_status st = key.n != CV_KEYSTREAM_KEY_BYTES || n > sizeof(out) ? CV_ERR_FORMAT : cv_keystream_new(&k);
    if (st == CV_OK && cv_keystream_take(k, out, 1) != CV_ERR_ARG)
        st = CV_ERR_INTERNAL;
    if (st == CV_OK)
        st = cv_keystream_start(k, key.p);
    for (size_t at = 0, step = 1; at < n && st == CV_OK; at += step, step = 2 * step + 1) {
        step = step < n - at ? step : n - at;
        st = cv_keystream_take(k, out + at, step);
    }
    if (st == CV_OK)
        st = cv_keystream_start(k, key.p);
    if (st == CV_OK)
        st = cv_keystream_take(k, again, sizeof(again));
    if (st == CV_OK && n >= sizeof(again) && memcmp(again, out, sizeof(again)) != 0)
        st = CV_ERR_INTERNAL;
    cv_keystream_free(k);
    if (st == CV_OK)
        hex(CV_BYTES(out, n));
    cv_buf_free(&key);
    return st;
}

/* hkdf(256|512, salt, ikm, info, n) */
static cv_status hkdf(char **a)
{
    struct cv_buf salt = arg(a[1]), ikm = arg(a[2]), info = arg(a[3]);
    uint8_t out[1024];
    const size_t n = strtoul(a[4], NULL, 10);
    cv_status st = n > sizeof(out)
                       ? CV_ERR_ARG
                       : cv_hkdf(strcmp(a[0], "256") == 0 ? CV_HKDF_SHA256 : CV_HKDF_SHA512,
                                 cv_buf_view(&salt), cv_buf_view(&ikm), cv_buf_view(&info), out, n);
    if (st == CV_OK)
        hex(CV_BYTES(out, n));
    cv_buf_free(&salt);
    cv_buf_free(&ikm);
    cv_buf_free(&info);
    return st;
}

static cv_status hmac(char **a)
{
    struct cv_buf key = arg(a[0]), text = arg(a[1]);
    uint8_t out[32];
    cv_status st = cv_hmac_sha256(cv_buf_view(&key), cv_buf_view(&text), out);
    hex(CV_ARR(out));
    cv_buf_free(&key);
    cv_buf_free(&text);
    return st;
}

/* ed25519(seed, message): public key and signature, verified */
static cv_status ed25519(char **a)
{
    struct cv_buf seed = arg(a[0]), text = arg(a[1]);
    struct cv_ed25519_key *key = NULL;
    uint8_t sig[64];
    cv_status st = cv_ed25519_key_new(cv_buf_view(&seed), &key);
    st = CV_THEN(st, cv_ed25519_sign(key, cv_buf_view(&text), sig));
    st = CV_THEN(st, cv_ed25519_verify(cv_ed25519_public(key), cv_buf_view(&text), sig));
    if (st == CV_OK) {
        hex(CV_BYTES(cv_ed25519_public(key), 32));
        hex(CV_ARR(sig));
    }
    cv_ed25519_key_free(key);
    cv_buf_free(&seed);
    cv_buf_free(&text);
    return st;
}

/* inclusion(index, size, leaf hash, root, proof) */
static cv_status inclusion(char **a)
{
    struct cv_buf leaf = arg(a[2]), root = arg(a[3]), proof = arg(a[4]);
    struct cv_hash l, r;
    cv_status st = leaf.n == sizeof(l) && root.n == sizeof(r) ? CV_OK : CV_ERR_FORMAT;
    if (st == CV_OK) {
        memcpy(l.b, leaf.p, sizeof(l));
        memcpy(r.b, root.p, sizeof(r));
        st = cv_merkle_verify_inclusion(strtoull(a[0], NULL, 10), strtoull(a[1], NULL, 10), &l,
                                        cv_buf_view(&proof), &r);
    }
    cv_buf_free(&leaf);
    cv_buf_free(&root);
    cv_buf_free(&proof);
    return st;
}

static cv_status issuer(void *arg_, const char *iss, const char *kid, uint8_t public[static 32])
{
    (void)iss;
    (void)kid;
    memcpy(public, arg_, 32);
    return CV_OK;
}

/* sdjwt(issuer's public key, typ, aud, nonce, now): the presentation on stdin, its claims on stdout */
static cv_status sdjwt(char **a)
{
    struct cv_buf key = arg(a[0]), in = input(), out = { 0 };
    const struct cv_sdjwt_rules rules = { .typ = a[1],
                                          .aud = a[2],
                                          .nonce = a[3],
                                          .need_binding = true,
                                          .now = strtoll(a[4], NULL, 10),
                                          .issuer = issuer,
                                          .arg = key.p };
    struct cv_json *claims = NULL;
    struct cv_err err = { 0 };
    cv_status st = cv_sdjwt_verify(cv_buf_view(&in), &rules, &claims, &err);
    if (st == CV_OK && cv_json_write(claims, &out) == CV_OK)
        raw(cv_buf_view(&out));
    else
        fprintf(stderr, "%s\n", err.msg);
    cv_json_free(claims);
    cv_buf_free(&key);
    cv_buf_free(&in);
    cv_buf_free(&out);
    return st;
}

static cv_status padme(char **a)
{
    printf("%llu\n", (unsigned long long)cv_padme(strtoull(a[0], NULL, 10)));
    return CV_OK;
}

/* shamir_split(secret, threshold, count): a share a line. */
static cv_status shamir_split(char **a)
{
    struct cv_buf secret = arg(a[0]);
    struct cv_secret shares[CV_SHAMIR_SHARES_MAX] = { { 0 } };
    const unsigned count = (unsigned)strtoul(a[2], NULL, 10);
    cv_status st = cv_shamir_split(cv_buf_view(&secret), (unsigned)strtoul(a[1], NULL, 10), count, shares);
    for (unsigned i = 0; i < CV_SHAMIR_SHARES_MAX; i++) {
        if (st == CV_OK && i < count)
            hex(cv_secret_view(&shares[i]));
        cv_secret_free(&shares[i]);
    }
    cv_buf_free(&secret);
    return st;
}

/* shamir_combine(xs, ys): the numbers of the shares, and the shares one after another. */
static cv_status shamir_combine(char **a)
{
    struct cv_buf xs = arg(a[0]), ys = arg(a[1]);
    struct cv_bytes each[CV_SHAMIR_SHARES_MAX] = { { 0 } };
    struct cv_secret secret;
    const size_t length = xs.n > 0 ? ys.n / xs.n : 0;
    for (size_t i = 0; i < xs.n && i < CV_SHAMIR_SHARES_MAX; i++)
        each[i] = CV_BYTES(ys.p + i * length, length);
    cv_status st = cv_shamir_combine(xs.p, each, (unsigned)xs.n, &secret);
    if (st == CV_OK)
        hex(cv_secret_view(&secret));
    cv_secret_free(&secret);
    cv_buf_free(&xs);
    cv_buf_free(&ys);
    return st;
}

static const struct {
    const char *name;
    int args;
    cv_status (*run)(char **args);
} table[] = {
    { "cobblestone-open", 3, cobblestone_open },
    { "cobblestone-seal", 2, cobblestone_seal },
    { "hpke-derive", 1, hpke_derive },
    { "hpke-open", 3, hpke_open },
    { "hpke-seal", 3, hpke_seal },
    { "scrypt", 3, scrypt },
    { "keystream", 2, keystream },
    { "hkdf", 5, hkdf },
    { "hmac", 2, hmac },
    { "ed25519", 2, ed25519 },
    { "inclusion", 5, inclusion },
    { "sdjwt", 5, sdjwt },
    { "padme", 1, padme },
    { "shamir-split", 3, shamir_split },
    { "shamir-combine", 2, shamir_combine },
};

int main(int argc, char **argv)
{
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 101;
    cv_json_init();
    for (size_t i = 0; argc > 1 && i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(argv[1], table[i].name) == 0 && argc - 2 >= table[i].args)
            return (int)table[i].run(argv + 2);
    return 102;
}
