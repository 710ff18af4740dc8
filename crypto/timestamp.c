#include "crypto/timestamp.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#define AUTH_LEVEL 2 /* of OpenSSL: 112 bits */

struct cv_timestamp_ca {
    X509_STORE *store;
};

/* ---- asking ---- */

/* imprint_of(digest): a MessageImprint, by SHA-256. */
static TS_MSG_IMPRINT *imprint_of(const uint8_t digest[static CV_SHA256_BYTES])
{
    uint8_t copy[CV_SHA256_BYTES];
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *alg = X509_ALGOR_new();
    memcpy(copy, digest, sizeof(copy));
    const bool ok = imprint != NULL && alg != NULL &&
                    X509_ALGOR_set0(alg, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
                    TS_MSG_IMPRINT_set_algo(imprint, alg) == 1 &&
                    TS_MSG_IMPRINT_set_msg(imprint, copy, (int)sizeof(copy)) == 1;
    X509_ALGOR_free(alg);
    if (ok)
        return imprint;
    TS_MSG_IMPRINT_free(imprint);
    return NULL;
}

static bool set_nonce(TS_REQ *req, struct cv_bytes nonce)
{
    BIGNUM *n = BN_bin2bn(nonce.p, (int)nonce.n, NULL);
    ASN1_INTEGER *i = n != NULL ? BN_to_ASN1_INTEGER(n, NULL) : NULL;
    const bool ok = i != NULL && TS_REQ_set_nonce(req, i) == 1;
    ASN1_INTEGER_free(i);
    BN_free(n);
    return ok;
}

/* request(digest, nonce): what is asked; a reply is held against it. */
static TS_REQ *request(const uint8_t digest[static CV_SHA256_BYTES], struct cv_bytes nonce)
{
    TS_REQ *req = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = imprint_of(digest);
    const bool ok = req != NULL && imprint != NULL && TS_REQ_set_version(req, 1) == 1 &&
                    TS_REQ_set_msg_imprint(req, imprint) == 1 && TS_REQ_set_cert_req(req, 1) == 1 &&
                    (nonce.n == 0 || set_nonce(req, nonce));
    TS_MSG_IMPRINT_free(imprint);
    if (ok)
        return req;
    TS_REQ_free(req);
    return NULL;
}

cv_status cv_timestamp_request(const uint8_t digest[static CV_SHA256_BYTES],
                               const uint8_t nonce[static CV_TIMESTAMP_NONCE_BYTES], struct cv_buf *out)
{
    uint8_t *der = NULL;
    TS_REQ *req = request(digest, CV_BYTES(nonce, CV_TIMESTAMP_NONCE_BYTES));
    const int n = req != NULL ? i2d_TS_REQ(req, &der) : -1;
    cv_status st = req == NULL ? CV_ERR_NOMEM : n <= 0 ? CV_ERR_INTERNAL : CV_OK;
    st = CV_THEN(st, cv_buf_append(out, CV_BYTES(der, (size_t)n)));
    OPENSSL_free(der);
    TS_REQ_free(req);
    ERR_clear_error();
    return st;
}

/* ---- reading ---- */

static cv_status parse(struct cv_bytes reply, TS_RESP **out)
{
    const uint8_t *p = reply.p;
    *out = NULL;
    if (reply.n > CV_TIMESTAMP_MAX_BYTES)
        return CV_ERR_LIMIT;
    TS_RESP *r = reply.n > 0 ? d2i_TS_RESP(NULL, &p, (long)reply.n) : NULL;
    ERR_clear_error();
    if (r != NULL && p == reply.p + reply.n) {
        *out = r;
        return CV_OK;
    }
    TS_RESP_free(r);
    return CV_ERR_FORMAT;
}

/* failure_of(info): the name that section 2.4.2 gives it. */
static const char *failure_of(const ASN1_BIT_STRING *info)
{
    static const struct {
        int bit;
        const char *name;
    } names[] = {
        { 0, "badAlg" },
        { 2, "badRequest" },
        { 5, "badDataFormat" },
        { 14, "timeNotAvailable" },
        { 15, "unacceptedPolicy" },
        { 16, "unacceptedExtension" },
        { 17, "addInfoNotAvailable" },
        { 25, "systemFailure" },
    };
    for (size_t i = 0; info != NULL && i < sizeof(names) / sizeof(names[0]); i++)
        if (ASN1_BIT_STRING_get_bit(info, names[i].bit) != 0)
            return names[i].name;
    return NULL;
}

/* read_imprint(info, out): only one by SHA-256 is ever ours. */
static void read_imprint(TS_TST_INFO *info, struct cv_timestamp *out)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const X509_ALGOR *alg = TS_MSG_IMPRINT_get_algo(imprint);
    const ASN1_OCTET_STRING *msg = TS_MSG_IMPRINT_get_msg(imprint);
    out->sha256 =
        OBJ_obj2nid(alg->algorithm) == NID_sha256 && ASN1_STRING_length(msg) == (int)sizeof(out->imprint);
    if (out->sha256)
        memcpy(out->imprint, ASN1_STRING_get0_data(msg), sizeof(out->imprint));
}

static bool read_time(TS_TST_INFO *info, struct cv_timestamp *out)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) != 1)
        return false;
    out->time = timegm(&tm);
    return true;
}

/* at_least_0(i): a number of an Accuracy; -1 for one that is none. */
static int64_t at_least_0(const ASN1_INTEGER *i)
{
    int64_t n = 0;
    return i == NULL ? 0 : ASN1_INTEGER_get_int64(&n, i) == 1 && n >= 0 ? n : -1;
}

static bool read_accuracy(TS_TST_INFO *info, struct cv_timestamp *out)
{
    TS_ACCURACY *a = TS_TST_INFO_get_accuracy(info);
    if (a == NULL)
        return true;
    const int64_t s = at_least_0(TS_ACCURACY_get_seconds(a)), ms = at_least_0(TS_ACCURACY_get_millis(a)),
                  us = at_least_0(TS_ACCURACY_get_micros(a));
    if (s < 0 || s > INT32_MAX || ms < 0 || ms > 999 || us < 0 || us > 999)
        return false;
    out->accuracy = (uint32_t)(s + (ms > 0 || us > 0));
    return true;
}

/* read_authority(token, out): whose certificate the token says has signed it. */
static void read_authority(PKCS7 *token, struct cv_timestamp *out)
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
    BIO *text = BIO_new(BIO_s_mem());
    if (signers != NULL && text != NULL && sk_X509_num(signers) == 1 &&
        X509_NAME_print_ex(text, X509_get_subject_name(sk_X509_value(signers, 0)), 0, XN_FLAG_ONELINE) >= 0) {
        const int n = BIO_read(text, out->authority, (int)sizeof(out->authority) - 1);
        out->authority[n > 0 ? n : 0] = '\0';
    }
    BIO_free(text);
    sk_X509_free(signers);
}

static bool fill(TS_RESP *r, struct cv_timestamp *out)
{
    TS_STATUS_INFO *status = TS_RESP_get_status_info(r);
    int64_t number = -1;
    if (ASN1_INTEGER_get_int64(&number, TS_STATUS_INFO_get0_status(status)) != 1 || number < 0 ||
        number > INT_MAX)
        number = -1;
    out->status = (long)number;
    out->failure = failure_of(TS_STATUS_INFO_get0_failure_info(status));
    out->granted = number == TS_STATUS_GRANTED || number == TS_STATUS_GRANTED_WITH_MODS;
    if (!out->granted)
        return true;
    TS_TST_INFO *info = TS_RESP_get_tst_info(r);
    if (info == NULL || !read_time(info, out) || !read_accuracy(info, out))
        return false;
    read_imprint(info, out);
    read_authority(TS_RESP_get_token(r), out);
    return true;
}

cv_status cv_timestamp_read(struct cv_bytes reply, struct cv_timestamp *out)
{
    TS_RESP *r = NULL;
    memset(out, 0, sizeof(*out));
    cv_status st = parse(reply, &r);
    if (st == CV_OK && !fill(r, out))
        st = CV_ERR_FORMAT;
    if (st != CV_OK)
        memset(out, 0, sizeof(*out));
    TS_RESP_free(r);
    ERR_clear_error();
    return st;
}

/* ---- whom to believe ---- */

/* no_passphrase: a pem_password_cb; without one, OpenSSL asks on the terminal for what is encrypted. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

/* take_all(store, in): each certificate, to the end of the text. */
static cv_status take_all(X509_STORE *store, BIO *in)
{
    for (size_t n = 0;; n++) {
        X509 *x = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
        if (x == NULL)
            return n > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? CV_OK
                                                                                         : CV_ERR_FORMAT;
        const bool ok = X509_STORE_add_cert(store, x) == 1;
        X509_free(x);
        if (!ok)
            return CV_ERR_NOMEM;
        if (n == CV_TIMESTAMP_CA_MAX)
            return CV_ERR_LIMIT;
    }
}

cv_status cv_timestamp_ca_new(struct cv_bytes pem, struct cv_timestamp_ca **out)
{
    struct cv_timestamp_ca *ca = NULL;
    BIO *in = NULL;
    cv_status st = CV_ERR_NOMEM;
    *out = NULL;
    if (pem.n > CV_TIMESTAMP_CA_MAX_BYTES)
        return CV_ERR_LIMIT;
    if (pem.n == 0)
        return CV_ERR_FORMAT;
    ca = calloc(1, sizeof(*ca));
    in = BIO_new_mem_buf(pem.p, (int)pem.n);
    if (ca != NULL && in != NULL && (ca->store = X509_STORE_new()) != NULL) {
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(ca->store), AUTH_LEVEL);
        st = take_all(ca->store, in);
    }
    if (st == CV_OK) {
        *out = ca;
        ca = NULL;
    }
    cv_timestamp_ca_free(ca);
    BIO_free(in);
    ERR_clear_error();
    return st;
}

void cv_timestamp_ca_free(struct cv_timestamp_ca *ca)
{
    if (ca == NULL)
        return;
    X509_STORE_free(ca->store);
    free(ca);
}

/* ---- verifying ---- */

/* typed(si, nid, type, needed): an attribute that OpenSSL reads without looking at its type (until 2026:
 * CVE-2025-69420, CVE-2026-22796). */
static bool typed(PKCS7_SIGNER_INFO *si, int nid, int type, bool needed)
{
    const ASN1_TYPE *a = PKCS7_get_signed_attribute(si, nid);
    return a == NULL ? !needed : ASN1_TYPE_get(a) == type;
}

/* sound(token): one signer, by a hash that nobody finds collisions of, and attributes of the right types. */
static bool sound(PKCS7 *token)
{
    STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(token);
    if (signers == NULL || sk_PKCS7_SIGNER_INFO_num(signers) != 1)
        return false;
    PKCS7_SIGNER_INFO *si = sk_PKCS7_SIGNER_INFO_value(signers, 0);
    X509_ALGOR *hash = NULL;
    PKCS7_SIGNER_INFO_get0_algs(si, NULL, &hash, NULL);
    const int nid = OBJ_obj2nid(hash->algorithm);
    return (nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512) &&
           typed(si, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, true) &&
           typed(si, NID_id_smime_aa_signingCertificate, V_ASN1_SEQUENCE, false) &&
           typed(si, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE, false);
}

/* set_time(ca, t): when certificates must be valid, from now on; NULL: at the time of looking. */
static void set_time(struct cv_timestamp_ca *ca, const int64_t *t)
{
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(ca->store);
    if (t != NULL)
        X509_VERIFY_PARAM_set_time(param, (time_t)*t);
    else
        (void)X509_VERIFY_PARAM_clear_flags(param, X509_V_FLAG_USE_CHECK_TIME);
}

/* holds(r, req, ca): OpenSSL's own judgement; everything that the request can be compared with is. */
static cv_status holds(TS_RESP *r, TS_REQ *req, struct cv_timestamp_ca *ca)
{
    TS_VERIFY_CTX *ctx = TS_REQ_to_TS_VERIFY_CTX(req, NULL);
    if (ctx == NULL || X509_STORE_up_ref(ca->store) != 1) {
        TS_VERIFY_CTX_free(ctx);
        return CV_ERR_NOMEM;
    }
#if OPENSSL_VERSION_NUMBER >= 0x30400000L
    (void)TS_VERIFY_CTX_set0_store(ctx, ca->store);
#else
    (void)TS_VERIFY_CTX_set_store(ctx, ca->store);
#endif
    (void)TS_VERIFY_CTX_add_flags(ctx, TS_VFY_SIGNATURE);
    cv_status st = TS_RESP_verify_response(ctx, r) == 1 ? CV_OK : CV_ERR_AUTH;
    TS_VERIFY_CTX_free(ctx);
    return st;
}

cv_status cv_timestamp_verify(struct cv_bytes reply, const uint8_t digest[static CV_SHA256_BYTES],
                              struct cv_bytes nonce, struct cv_timestamp_ca *ca, enum cv_timestamp_when when)
{
    struct cv_timestamp said = { 0 };
    TS_RESP *r = NULL;
    TS_REQ *req = NULL;
    cv_status st = parse(reply, &r);
    if (st == CV_OK && !fill(r, &said))
        st = CV_ERR_FORMAT;
    if (st == CV_OK && (!said.granted || !said.sha256 || !sound(TS_RESP_get_token(r)) ||
                        memcmp(said.imprint, digest, sizeof(said.imprint)) != 0))
        st = CV_ERR_AUTH;
    if (st == CV_OK && (req = request(digest, nonce)) == NULL)
        st = CV_ERR_NOMEM;
    if (st == CV_OK) {
        set_time(ca, when == CV_TIMESTAMP_THEN ? &said.time : NULL);
        st = holds(r, req, ca);
    }
    TS_REQ_free(req);
    TS_RESP_free(r);
    ERR_clear_error();
    return st;
}
