#include "crypto/hpke.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/x25519.h"

#define N_ENC CV_X25519_BYTES
#define N_SECRET 32

/* suite_id of the KEM and of HPKE (RFC 9180, sections 4.1 and 5.1): kem 0x0020, kdf 0x0001, aead 0x0002 */
static const uint8_t kem_suite[] = { 'K', 'E', 'M', 0x00, 0x20 };
static const uint8_t hpke_suite[] = { 'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02 };

size_t cv_hpke_public_bytes(uint16_t suite)
{
    return suite == CV_HPKE_SUITE_1 ? CV_X25519_BYTES : 0;
}

size_t cv_hpke_overhead(uint16_t suite)
{
    return suite == CV_HPKE_SUITE_1 ? N_ENC + CV_AEAD_TAG_BYTES : 0;
}

/* LabeledExtract (RFC 9180, section 4) */
static cv_status labeled_extract(struct cv_bytes suite_id, struct cv_bytes salt, const char *label,
                                 struct cv_bytes ikm, uint8_t prk[static N_SECRET])
{
    struct cv_buf in = { 0 };
    cv_status st = cv_buf_reserve(&in, 64 + ikm.n);
    if (st == CV_OK)
        st = cv_buf_str(&in, "HPKE-v1");
    if (st == CV_OK)
        st = cv_buf_append(&in, suite_id);
    if (st == CV_OK)
        st = cv_buf_str(&in, label);
    if (st == CV_OK)
        st = cv_buf_append(&in, ikm);
    if (st == CV_OK)
        st = cv_hkdf_extract(CV_HKDF_SHA256, salt, cv_buf_view(&in), prk, N_SECRET);
    cv_buf_free(&in);
    return st;
}

/* LabeledExpand (RFC 9180, section 4) */
static cv_status labeled_expand(struct cv_bytes suite_id, const uint8_t prk[static N_SECRET],
                                const char *label, struct cv_bytes info, uint8_t *out, size_t out_n)
{
    struct cv_buf in = { 0 };
    cv_status st = cv_buf_u16(&in, (uint16_t)out_n);
    if (st == CV_OK)
        st = cv_buf_str(&in, "HPKE-v1");
    if (st == CV_OK)
        st = cv_buf_append(&in, suite_id);
    if (st == CV_OK)
        st = cv_buf_str(&in, label);
    if (st == CV_OK)
        st = cv_buf_append(&in, info);
    if (st == CV_OK)
        st = cv_hkdf_expand(CV_HKDF_SHA256, CV_BYTES(prk, N_SECRET), cv_buf_view(&in), out, out_n);
    cv_buf_free(&in);
    return st;
}

/* ExtractAndExpand (RFC 9180, section 4.1) */
static cv_status extract_and_expand(struct cv_bytes dh, struct cv_bytes enc, struct cv_bytes recipient,
                                    uint8_t shared[static N_SECRET])
{
    uint8_t prk[N_SECRET];
    uint8_t context[N_ENC + CV_X25519_BYTES];
    memcpy(context, enc.p, N_ENC);
    memcpy(context + N_ENC, recipient.p, CV_X25519_BYTES);
    cv_status st = labeled_extract(CV_ARR(kem_suite), CV_BYTES(NULL, 0), "eae_prk", dh, prk);
    if (st == CV_OK)
        st = labeled_expand(CV_ARR(kem_suite), prk, "shared_secret", CV_ARR(context), shared, N_SECRET);
    cv_wipe(prk, sizeof prk);
    return st;
}

/* KeySchedule in base mode (RFC 9180, section 5.1); sequence number 0, so the base nonce is the nonce. */
static cv_status key_schedule(const uint8_t shared[static N_SECRET], struct cv_bytes info,
                              uint8_t key[static CV_AEAD_KEY_BYTES],
                              uint8_t nonce[static CV_AEAD_NONCE_BYTES])
{
    uint8_t context[1 + 2 * CV_SHA256_BYTES] = { 0x00 /* mode_base */ };
    uint8_t secret[N_SECRET];
    struct cv_bytes none = { NULL, 0 }, id = CV_ARR(hpke_suite);
    cv_status st = labeled_extract(id, none, "psk_id_hash", none, context + 1);
    if (st == CV_OK)
        st = labeled_extract(id, none, "info_hash", info, context + 1 + CV_SHA256_BYTES);
    if (st == CV_OK)
        st = labeled_extract(id, CV_BYTES(shared, N_SECRET), "secret", none, secret);
    if (st == CV_OK)
        st = labeled_expand(id, secret, "key", CV_ARR(context), key, CV_AEAD_KEY_BYTES);
    if (st == CV_OK)
        st = labeled_expand(id, secret, "base_nonce", CV_ARR(context), nonce, CV_AEAD_NONCE_BYTES);
    cv_wipe(secret, sizeof secret);
    return st;
}

cv_status cv_hpke_public(uint16_t suite, struct cv_bytes secret, struct cv_buf *public)
{
    uint8_t pk[CV_X25519_BYTES];
    if (suite != CV_HPKE_SUITE_1)
        return CV_ERR_ARG;
    cv_status st = cv_x25519_public(secret, pk);
    return st == CV_OK ? cv_buf_append(public, CV_ARR(pk)) : st;
}

static cv_status with_public(uint16_t suite, struct cv_secret *secret, struct cv_buf *public)
{
    cv_status st = cv_hpke_public(suite, cv_secret_view(secret), public);
    if (st != CV_OK)
        cv_secret_free(secret);
    return st;
}

cv_status cv_hpke_generate(uint16_t suite, struct cv_secret *secret, struct cv_buf *public)
{
    if (suite != CV_HPKE_SUITE_1)
        return CV_ERR_ARG;
    cv_status st = cv_secret_random(secret, CV_X25519_BYTES);
    return st == CV_OK ? with_public(suite, secret, public) : st;
}

cv_status cv_hpke_derive(uint16_t suite, struct cv_bytes ikm, struct cv_secret *secret, struct cv_buf *public)
{
    if (suite != CV_HPKE_SUITE_1)
        return CV_ERR_ARG;
    uint8_t prk[N_SECRET];
    cv_status st = cv_secret_alloc(secret, CV_X25519_BYTES);
    if (st != CV_OK)
        return st;
    st = labeled_extract(CV_ARR(kem_suite), CV_BYTES(NULL, 0), "dkp_prk", ikm, prk);
    if (st == CV_OK)
        st = labeled_expand(CV_ARR(kem_suite), prk, "sk", CV_BYTES(NULL, 0), secret->p, secret->n);
    cv_wipe(prk, sizeof prk);
    if (st != CV_OK) {
        cv_secret_free(secret);
        return st;
    }
    return with_public(suite, secret, public);
}

static cv_status seal(struct cv_bytes ephemeral, struct cv_bytes enc, struct cv_bytes recipient,
                      struct cv_bytes info, struct cv_bytes plain, struct cv_buf *out)
{
    uint8_t shared[N_SECRET], key[CV_AEAD_KEY_BYTES], nonce[CV_AEAD_NONCE_BYTES];
    struct cv_secret dh = { 0 };
    struct cv_aead *aead = NULL;
    uint8_t *ct = NULL;
    size_t before = out->n;

    cv_status st = cv_x25519(ephemeral, recipient.p, &dh);
    if (st == CV_OK)
        st = extract_and_expand(cv_secret_view(&dh), enc, recipient, shared);
    if (st == CV_OK)
        st = key_schedule(shared, info, key, nonce);
    if (st == CV_OK)
        st = cv_aead_new(CV_AES_256_GCM, key, true, &aead);
    if (st == CV_OK)
        st = cv_buf_append(out, enc);
    if (st == CV_OK)
        st = cv_buf_extend(out, plain.n + CV_AEAD_TAG_BYTES, &ct);
    if (st == CV_OK)
        st = cv_aead_seal(aead, nonce, plain, ct);
    if (st != CV_OK)
        cv_buf_truncate(out, before);
    cv_aead_free(aead);
    cv_secret_free(&dh);
    cv_wipe(shared, sizeof shared);
    cv_wipe(key, sizeof key);
    return st;
}

static cv_status seal_with(uint16_t suite, struct cv_bytes public, struct cv_bytes info,
                           struct cv_bytes plain, struct cv_secret *ephemeral, struct cv_buf *enc,
                           struct cv_buf *out)
{
    cv_status st = CV_ERR_ARG;
    if (public.n == cv_hpke_public_bytes(suite))
        st = seal(cv_secret_view(ephemeral), cv_buf_view(enc), public, info, plain, out);
    cv_secret_free(ephemeral);
    cv_buf_free(enc);
    return st;
}

cv_status cv_hpke_seal(uint16_t suite, struct cv_bytes public, struct cv_bytes info, struct cv_bytes plain,
                       struct cv_buf *out)
{
    struct cv_secret ephemeral = { 0 };
    struct cv_buf enc = { 0 };
    cv_status st = cv_hpke_generate(suite, &ephemeral, &enc);
    return st == CV_OK ? seal_with(suite, public, info, plain, &ephemeral, &enc, out) : st;
}

cv_status cv_hpke_seal_derand(uint16_t suite, struct cv_bytes public, struct cv_bytes info,
                              struct cv_bytes plain, struct cv_bytes ikm_e, struct cv_buf *out)
{
    struct cv_secret ephemeral = { 0 };
    struct cv_buf enc = { 0 };
    cv_status st = cv_hpke_derive(suite, ikm_e, &ephemeral, &enc);
    return st == CV_OK ? seal_with(suite, public, info, plain, &ephemeral, &enc, out) : st;
}

cv_status cv_hpke_open(uint16_t suite, struct cv_bytes secret, struct cv_bytes info, struct cv_bytes sealed,
                       struct cv_secret *plain)
{
    uint8_t shared[N_SECRET], key[CV_AEAD_KEY_BYTES], nonce[CV_AEAD_NONCE_BYTES], public[CV_X25519_BYTES];
    struct cv_secret dh = { 0 };
    struct cv_aead *aead = NULL;
    plain->p = NULL;
    plain->n = 0;
    if (suite != CV_HPKE_SUITE_1)
        return CV_ERR_ARG;
    if (sealed.n < cv_hpke_overhead(suite))
        return CV_ERR_FORMAT;
    struct cv_bytes enc = { sealed.p, N_ENC };
    struct cv_bytes ct = { sealed.p + N_ENC, sealed.n - N_ENC };

    cv_status st = cv_x25519_own(secret, enc.p, &dh, public);
    if (st == CV_OK)
        st = extract_and_expand(cv_secret_view(&dh), enc, CV_ARR(public), shared);
    if (st == CV_OK)
        st = key_schedule(shared, info, key, nonce);
    if (st == CV_OK)
        st = cv_aead_new(CV_AES_256_GCM, key, false, &aead);
    if (st == CV_OK)
        st = cv_secret_alloc(plain, ct.n - CV_AEAD_TAG_BYTES);
    if (st == CV_OK)
        st = cv_aead_open(aead, nonce, ct, plain->p);
    if (st != CV_OK)
        cv_secret_free(plain);
    cv_aead_free(aead);
    cv_secret_free(&dh);
    cv_wipe(shared, sizeof shared);
    cv_wipe(key, sizeof key);
    return st;
}
