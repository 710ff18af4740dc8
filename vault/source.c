#include "vault/source.h"

#include <inttypes.h>
#include <string.h>

#include "vault/grant.h"

void cv_source_free(struct cv_source *s)
{
    cv_json_free(s->head);
    cv_json_free(s->sections);
    cv_json_free(s->seeds);
    cv_sdjwt_free(s->sd);
}

cv_status cv_source_new(uint64_t index, uint64_t version, struct cv_source *out)
{
    *out = (struct cv_source){
        .index = index, .version = version, .sections = cv_json_object(), .seeds = cv_json_object()
    };
    return out->sections == NULL || out->seeds == NULL ? CV_ERR_NOMEM : CV_OK;
}

cv_status cv_source_head(struct cv_vault *v, struct cv_source *s, const struct cv_envelope *env,
                         struct cv_bytes release, struct cv_err *err)
{
    cv_status st = cv_head_open(v, s->index, env, release, &s->head, err);
    return CV_THEN(st, cv_json_set(s->seeds, "head", cv_json_ref(cv_json_get(s->head, "seed"))));
}

cv_status cv_source_section(struct cv_vault *v, struct cv_source *s, const struct cv_envelope *env,
                            const char *name, struct cv_bytes release, struct cv_err *err)
{
    const struct cv_part *part = cv_envelope_part(env, name);
    struct cv_buf plain = { .max = 2 * CV_RECORD_MAX_BYTES };
    struct cv_json *o = NULL;
    if (part == NULL)
        return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (record): it has no part %s", s->index, name);
    cv_status st = cv_part_unseal(v, s->index, env, part, release, &plain, err);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&plain), 2 * CV_RECORD_MAX_BYTES, name, &o, err));
    if (st == CV_OK && !cv_json_is(cv_json_get(o, "data"), CV_JSON_OBJECT))
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, cv_json_set(s->sections, name, cv_json_ref(cv_json_get(o, "data"))));
    st = CV_THEN(st, cv_json_set(s->seeds, name, cv_json_ref(cv_json_get(o, "seed"))));
    cv_buf_free(&plain);
    cv_json_free(o);
    if (st == CV_ERR_AUTH || st == CV_ERR_FORMAT)
        st = cv_fail(err, CV_ERR_LOG,
                     "entry %" PRIu64 " (record): section %s does not open: damaged, or not made by "
                     "casevault",
                     s->index, name);
    return st;
}

/* check_rights(s, policy): could the author write these sections at that place in the log? */
static cv_status check_rights(const struct cv_source *s, const struct cv_policy *p, struct cv_err *err)
{
    const struct cv_policy_member *author = cv_policy_member(p, s->author);
    for (void *it = cv_json_first(s->sections); it != NULL; it = cv_json_next(s->sections, it)) {
        const struct cv_policy_section *section = cv_policy_section(p, cv_json_iter_name(it));
        /* Empty sections of a first version say nothing; in a later one somebody emptied them. */
        if (s->version == 1 && cv_json_len(cv_json_iter_value(it)) == 0)
            continue;
        const cv_roles may = section == NULL ? 0 : section->create | (s->version > 1 ? section->edit : 0);
        if (author == NULL || (author->roles & may) == 0)
            return cv_fail(err, CV_ERR_LOG,
                           "entry %" PRIu64 " (record): section %s was written by %s, who could not",
                           s->index, cv_json_iter_name(it), s->author);
    }
    return CV_OK;
}

cv_status cv_source_verify(struct cv_vault *v, const char *record, const char *record_type,
                           struct cv_source *s, struct cv_err *err)
{
    const struct cv_policy *policy = NULL;
    struct cv_jws jws = { 0 };
    struct cv_json *nothing = cv_json_object();
    const struct cv_claims claims = { v->template, record_type, s->head, s->sections, s->seeds };
    const char *id = cv_json_get_str(s->head, "id"), *type = cv_json_get_str(s->head, "type");
    if (s->head == NULL) { /* erased */
        cv_json_free(nothing);
        return CV_OK;
    }
    cv_status st = cv_head_author(v, s->index, s->head, s->author, &policy, &jws, err);
    if (st == CV_OK &&
        (id == NULL || strcmp(id, record) != 0 || type == NULL || strcmp(type, record_type) != 0 ||
         cv_json_get_int(s->head, "version") != (int64_t)s->version))
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (record): is not the version it stands for",
                     s->index);
    if (st == CV_OK)
        cv_date_of(cv_json_get_int(jws.payload, "iat"), s->day);
    st = CV_THEN(st, check_rights(s, policy, err));
    st = CV_THEN(st, cv_claims_build(&claims, nothing, &s->sd, err));
    if (st == CV_OK) {
        struct cv_err bad = { 0 };
        st = cv_sdjwt_adopt(s->sd, cv_json_text(cv_json_get(s->head, "jwt")), &jws, &bad);
        if (st != CV_OK)
            st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (record): %s", s->index, bad.msg);
    }
    cv_jws_free(&jws);
    cv_json_free(nothing);
    return st;
}
