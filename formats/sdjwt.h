#ifndef CV_FORMATS_SDJWT_H
#define CV_FORMATS_SDJWT_H

#include "formats/jws.h"

/**
 * Selective Disclosure for JWTs (RFC 9901). Building is deterministic: the same claims and plan give the same
 * bytes, so that what was signed at intake can be disclosed from years later by rebuilding it. Members are
 * taken in order of their names; values are written compact and sorted; every _sd array is sorted.
 */

/* How the value at a JSON Pointer (RFC 6901) is disclosed. */
enum cv_sdjwt_form {
    CV_SDJWT_WHOLE,   /* as it is, in one disclosure */
    CV_SDJWT_MEMBERS, /* an object: {"_sd":[...]}, each member a disclosure of its own */
    CV_SDJWT_ELEMENTS /* an array: each element a disclosure of its own */
};

struct cv_sdjwt_plan {
    void *arg;
    enum cv_sdjwt_form (*form)(void *arg, const char *pointer, const struct cv_json *value);
    cv_status (*salt)(void *arg, const char *pointer, uint8_t salt[static 16]);
    /* append 32-byte decoy digests for the _sd or the array at ${pointer} ("" for the root), which has
     * ${have} real ones */
    cv_status (*decoys)(void *arg, const char *pointer, size_t have, struct cv_buf *out);
};

struct cv_sdjwt;

/** cv_sdjwt_build(visible, claims, plan, out, err): a payload of ${visible}'s members in the clear, an _sd
 * over the members of ${claims}, and "_sd_alg":"sha-256". CV_OK; CV_ERR_FORMAT for a reserved name or a
 * repeated digest; CV_ERR_NOMEM; what the plan returns. */
CV_MUST_CHECK cv_status cv_sdjwt_build(const struct cv_json *visible, const struct cv_json *claims,
                                       const struct cv_sdjwt_plan *plan, struct cv_sdjwt **out,
                                       struct cv_err *err);
void cv_sdjwt_free(struct cv_sdjwt *s);

/** cv_sdjwt_sign(s, typ, kid, sign, arg, jwt, err): sign the payload; append the compact JWT, and keep it. */
CV_MUST_CHECK cv_status cv_sdjwt_sign(struct cv_sdjwt *s, const char *typ, const char *kid, cv_sign_fn sign,
                                      void *arg, struct cv_buf *jwt, struct cv_err *err);

/** cv_sdjwt_adopt(s, jwt, parsed, err): take a JWT signed earlier instead; ${parsed} is it, verified by the
 * caller. Those of the claims that were built must all be in it: a reader of some sections rebuilds only
 * those. CV_OK; CV_ERR_AUTH if a digest is not in it. */
CV_MUST_CHECK cv_status cv_sdjwt_adopt(struct cv_sdjwt *s, struct cv_bytes jwt, const struct cv_jws *parsed,
                                       struct cv_err *err);

/** cv_sdjwt_same(s, jwt): the payload of ${jwt} is byte for byte what was built. */
bool cv_sdjwt_same(const struct cv_sdjwt *s, struct cv_bytes jwt);

/** cv_sdjwt_select(s, pointers, count, out, err): append JWT~disclosure~...~ for these, what leads to them,
 * and what is inside them. CV_OK; CV_ERR_NOTFOUND names the pointer. */
CV_MUST_CHECK cv_status cv_sdjwt_select(const struct cv_sdjwt *s, const char *const *pointers, size_t count,
                                        struct cv_buf *out, struct cv_err *err);

/** cv_sdjwt_bind(presentation, aud, nonce, iat, sign, arg, out, err): append ${presentation} and its
 * key-binding JWT (section 4.3). */
CV_MUST_CHECK cv_status cv_sdjwt_bind(struct cv_bytes presentation, const char *aud, const char *nonce,
                                      int64_t iat, cv_sign_fn sign, void *arg, struct cv_buf *out,
                                      struct cv_err *err);

/* What a verifier demands. */
struct cv_sdjwt_rules {
    const char *typ;         /* of the issuer-signed JWT */
    const char *aud, *nonce; /* of the key binding; NULL: not compared */
    bool need_binding;
    int64_t now; /* seconds; for exp, nbf and the binding's iat */
    /* the issuer's key; CV_ERR_NOTFOUND if it is not one to be trusted */
    cv_status (*issuer)(void *arg, const char *iss, const char *kid, uint8_t public[static 32]);
    void *arg;
};

/** cv_sdjwt_verify(presentation, rules, claims, err): sections 7.1 and 7.3, every MUST, and stricter:
 * repeated or unreferenced disclosures, unknown header names, private keys in cnf are refused. ${claims}: the
 * processed payload, to be freed. CV_OK; CV_ERR_AUTH for signatures, bindings and digests that fail;
 * CV_ERR_FORMAT; CV_ERR_LIMIT. */
CV_MUST_CHECK cv_status cv_sdjwt_verify(struct cv_bytes presentation, const struct cv_sdjwt_rules *rules,
                                        struct cv_json **claims, struct cv_err *err);

/* Shared by the two halves: base64url(SHA-256(text)), 43 characters and a NUL. */
#define CV_SDJWT_DIGEST_BYTES 44
CV_MUST_CHECK cv_status cv_sdjwt_digest(struct cv_bytes text, char out[static CV_SDJWT_DIGEST_BYTES]);

#endif
