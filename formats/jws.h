#ifndef CV_FORMATS_JWS_H
#define CV_FORMATS_JWS_H

#include "formats/json.h"
#include "formats/sign.h"

/* The small, strict part of JWS (RFC 7515) that casevault uses: compact form, EdDSA over Ed25519 (RFC 8037),
 * the header names alg, typ and kid and no others; so `crit`, `jwk`, `x5c` and their like are refused,
 * whatever they say. */
#define CV_JWS_MAX_BYTES ((size_t)16 << 20)

/** cv_jws_sign(typ, kid, payload, sign, arg, out): append header.payload.signature; ${kid} may be NULL. */
CV_MUST_CHECK cv_status cv_jws_sign(const char *typ, const char *kid, struct cv_bytes payload,
                                    cv_sign_fn sign, void *arg, struct cv_buf *out);

struct cv_jws {
    struct cv_json *header, *payload;
    struct cv_bytes payload_text;  /* a view into bytes */
    struct cv_bytes signing_input; /* a view into what was parsed */
    uint8_t sig[CV_ED25519_SIG_BYTES];
    struct cv_buf bytes;
};
/** cv_jws_parse(compact, typ, out, err): structure, header and type; nothing is verified yet. CV_OK;
 * CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. Free with _free. */
CV_MUST_CHECK cv_status cv_jws_parse(struct cv_bytes compact, const char *typ, struct cv_jws *out,
                                     struct cv_err *err);
void cv_jws_free(struct cv_jws *j);
/** cv_jws_verify(j, public, what, err): CV_OK; CV_ERR_AUTH. */
CV_MUST_CHECK cv_status cv_jws_verify(const struct cv_jws *j, const uint8_t public[static 32],
                                      const char *what, struct cv_err *err);

/** cv_jws_pack(compact, out): append the same in fewer bytes, where they are to be kept: two thirds of what
 * the compact form takes where most of it is hashes (docs/FORMAT.md, section 9). CV_OK; CV_ERR_FORMAT if it
 * is not one that leads back. cv_jws_unpack(packed, out): append the compact form. CV_OK; CV_ERR_FORMAT;
 * nothing is verified.
 */
CV_MUST_CHECK cv_status cv_jws_pack(struct cv_bytes compact, struct cv_buf *out);
CV_MUST_CHECK cv_status cv_jws_unpack(struct cv_bytes packed, struct cv_buf *out);

/** cv_jwk_okp(public): {"kty":"OKP","crv":"Ed25519","x":...}. cv_jwk_okp_parse: exactly these members. */
struct cv_json *cv_jwk_okp(const uint8_t public[static 32]);
CV_MUST_CHECK cv_status cv_jwk_okp_parse(const struct cv_json *jwk, uint8_t public[static 32],
                                         struct cv_err *err);

#endif
