#include "vault/heads.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "vault/grant.h"
#include "vault/head_rows.h"

/* parse_head(text, out): a line of JSON, then the JWT, packed, which is kept as its member `jwt`. */
static cv_status parse_head(struct cv_bytes text, struct cv_json **out, struct cv_err *err)
{
    const uint8_t *end = text.n > 0 ? memchr(text.p, '\n', text.n) : NULL;
    const size_t n = end != NULL ? (size_t)(end - text.p) : 0;
    if (end == NULL)
        return CV_ERR_FORMAT;
    cv_status st = cv_json_parse(CV_BYTES(text.p, n), CV_HEAD_MAX, "head", out, err);
    if (st != CV_OK)
        return st;
    struct cv_buf jwt = { .max = CV_HEAD_MAX };
    st = cv_jws_unpack(CV_BYTES(end + 1, text.n - n - 1), &jwt);
    if (st == CV_OK && !cv_json_is(*out, CV_JSON_OBJECT))
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, cv_json_set(*out, "jwt", cv_json_strn(cv_buf_view(&jwt))));
    cv_buf_free(&jwt);
    return st;
}

cv_status cv_head_open(struct cv_vault *v, uint64_t index, const struct cv_envelope *env,
                       struct cv_bytes release, struct cv_json **out, struct cv_err *err)
{
    const struct cv_part *part = cv_envelope_part(env, "head");
    struct cv_buf plain = { .max = CV_HEAD_MAX };
    *out = NULL;
    if (part == NULL)
        return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (record): it has no head", index);
    cv_status st = cv_part_unseal(v, index, env, part, release, &plain, err);
    st = CV_THEN(st, parse_head(cv_buf_view(&plain), out, err));
    cv_buf_free(&plain);
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = cv_fail(err, CV_ERR_LOG,
                     "entry %" PRIu64 " (record): its head does not open: damaged, or not made by "
                     "casevault",
                     index);
    return st;
}

cv_status cv_head_claim(struct cv_vault *v, uint64_t index, const struct cv_json *head,
                        struct cv_head_claim *out, struct cv_err *err)
{
    *out = (struct cv_head_claim){ 0 };
    cv_status st = cv_jws_parse(cv_json_text(cv_json_get(head, "jwt")), CV_RECORD_TYP, &out->jws, err);
    st = CV_THEN(st, cv_custody_policy_at(v->custody, index, &out->policy, err));
    const char *kid = st == CV_OK ? cv_json_get_str(out->jws.header, "kid") : NULL;
    const char *iss = st == CV_OK ? cv_json_get_str(out->jws.payload, "iss") : NULL;
    const struct cv_policy_member *member = kid != NULL ? cv_policy_member(out->policy, kid) : NULL;
    if (st == CV_OK && (member == NULL || iss == NULL || strcmp(iss, v->uuid) != 0))
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (record): its author was no member then", index);
    st = CV_THEN(st, cv_sha256(cv_json_text(cv_json_get(head, "jwt")), out->jwt));
    if (st == CV_OK) {
        snprintf(out->author, sizeof(out->author), "%s", kid);
        memcpy(out->key, member->key.sign, sizeof(out->key));
    }
    return st;
}

cv_status cv_head_author(struct cv_vault *v, uint64_t index, const struct cv_json *head,
                         char author[static CV_PSEUDONYM_BYTES], const struct cv_policy **policy,
                         struct cv_jws *out, struct cv_err *err)
{
    struct cv_head_claim claim;
    bool verified = false;
    author[0] = '\0';
    cv_status st = cv_head_claim(v, index, head, &claim, err);
    /* A signature is verified once: the index, which only this member can write, remembers of which bytes. */
    if (st == CV_OK && cv_json_get_str(head, "id") != NULL)
        st = cv_head_verified(v, index, cv_json_get_str(head, "id"), claim.jwt, claim.author, &verified);
    if (st == CV_OK && !verified)
        st = cv_jws_verify(&claim.jws, claim.key, "record", err);
    if (st == CV_OK)
        memcpy(author, claim.author, CV_PSEUDONYM_BYTES);
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = CV_ERR_LOG;
    if (policy != NULL)
        *policy = claim.policy;
    if (st == CV_OK && out != NULL) {
        *out = claim.jws;
        return CV_OK;
    }
    cv_jws_free(&claim.jws);
    return st;
}
