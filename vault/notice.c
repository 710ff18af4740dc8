#include "vault/notice.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "formats/statement.h"

#define PART "notice"
#define HEAD "head"
#define FLOOR 1024
#define NOTICE_MAX ((size_t)4 << 20)

/* ---- writing ---- */

/* body(v, entry, about, record, more, out): the statement, signed. It names the entry it is to stand in: who
 * reads it could put it into the log again, a hold that was ended long ago for instance. */
static cv_status body(const struct cv_vault *v, uint64_t entry, const char *about, const char *record,
                      const struct cv_json *more, struct cv_buf *out, struct cv_err *err)
{
    char now[CV_TIME_BYTES], name[CV_MEMBER_KEYNAME_BYTES];
    struct cv_json *doc = cv_json_object();
    struct cv_buf text = { 0 };
    cv_vault_now(now);
    cv_policy_member_keyname(cv_vault_policy(v), v->id->public.pseudonym, name);
    const struct cv_note_signer me = { name, v->id->public.sign, cv_identity_sign, (void *)(uintptr_t)v->id };
    cv_status st = cv_json_set(doc, "time", cv_json_str(now));
    st = CV_THEN(st, cv_json_set(doc, "member", cv_json_str(v->id->public.pseudonym)));
    st = CV_THEN(st, cv_json_set(doc, "entry", cv_json_int((int64_t)entry)));
    st = CV_THEN(st, cv_json_set(doc, "about", cv_json_str(about)));
    st = CV_THEN(st, cv_json_set(doc, "record", cv_json_str(record)));
    for (void *it = cv_json_first(more); it != NULL && st == CV_OK; it = cv_json_next(more, it))
        st = cv_json_set(doc, cv_json_iter_name(it), cv_json_copy(cv_json_iter_value(it)));
    st = CV_THEN(st, cv_statement_text(PART, cv_vault_policy(v)->vault, doc, &text));
    st = CV_THEN(st, cv_note_sign(cv_buf_view(&text), &me, 1, out, err));
    cv_json_free(doc);
    cv_buf_free(&text);
    return st;
}

cv_status cv_notice_add(struct cv_vault *v, const char *about, const char *record, const struct cv_json *more,
                        struct cv_err *err)
{
    static const char *const sections[] = { HEAD };
    struct cv_envelope env = { .slot = CV_NO_SLOT,
                               .count = 1,
                               .parts = { { .name = PART, .section = HEAD } } };
    struct cv_buf plain = { .max = NOTICE_MAX }, sealed = { 0 }, data = { 0 };
    struct cv_secret key = { 0 };
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env.handle, PART };
    cv_status st = cv_writer_need(v, sections, 1, &env.batch, err);
    st = CV_THEN(st, cv_random(env.handle, sizeof(env.handle)));
    st = CV_THEN(st, body(v, cv_custody_next(v->custody), about, record, more, &plain, err));
    st = CV_THEN(st, cv_schedule_section(cv_writer_key(v, HEAD), &x, &key));
    st = CV_THEN(st, cv_part_seal(cv_secret_view(&key), (struct cv_bytes){ 0 }, &x, FLOOR,
                                  cv_buf_view(&plain), &sealed));
    env.parts[0].sealed = cv_buf_view(&sealed);
    st = CV_THEN(st, cv_envelope_write(&env, &data));
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_NOTICE, cv_buf_view(&data), NULL, NULL, err));
    cv_secret_free(&key);
    cv_buf_free(&plain);
    cv_buf_free(&sealed);
    cv_buf_free(&data);
    return cv_err_note(err, st, PART);
}

/* ---- reading ---- */

/* unseal(v, data, plain): the signed note in an entry. */
static cv_status unseal(struct cv_vault *v, struct cv_bytes data, struct cv_buf *plain)
{
    struct cv_envelope env;
    struct cv_bytes batch;
    struct cv_secret key = { 0 };
    cv_status st = cv_envelope_parse(data, &env, NULL);
    const struct cv_part *part = st == CV_OK ? cv_envelope_part(&env, PART) : NULL;
    if (st == CV_OK && (part == NULL || strcmp(part->section, HEAD) != 0))
        st = CV_ERR_FORMAT;
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env.handle, PART };
    st = CV_THEN(st, cv_keyring_batch(v->keys, env.batch, HEAD, &batch, NULL));
    st = CV_THEN(st, cv_schedule_section(batch, &x, &key));
    st = CV_THEN(st, cv_part_open(cv_secret_view(&key), (struct cv_bytes){ 0 }, &x, part->sealed, plain));
    cv_secret_free(&key);
    return st;
}

/* judge(v, bytes, out): signed by the member it names, who was one then. */
static cv_status judge(struct cv_vault *v, struct cv_bytes bytes, struct cv_notice *out)
{
    struct cv_note note = { 0 };
    struct cv_bytes json = { 0 };
    const struct cv_policy *policy = NULL;
    char name[CV_MEMBER_KEYNAME_BYTES];
    cv_status st = cv_note_parse(bytes, &note, NULL);
    st = CV_THEN(st, cv_statement_split(note.text, PART, cv_vault_policy(v)->vault, &json, NULL));
    st = CV_THEN(st, cv_json_parse(json, NOTICE_MAX, PART, &out->doc, NULL));
    st = CV_THEN(st, cv_custody_policy_at(v->custody, out->index, &policy, NULL));
    const char *who = st == CV_OK ? cv_json_get_str(out->doc, "member") : NULL;
    const struct cv_policy_member *member = who != NULL ? cv_policy_member(policy, who) : NULL;
    if (st == CV_OK &&
        (member == NULL || cv_json_get_int(out->doc, "entry") != (int64_t)out->index ||
         cv_json_get_str(out->doc, "record") == NULL || cv_json_get_str(out->doc, "about") == NULL ||
         cv_json_get_str(out->doc, "time") == NULL))
        st = CV_ERR_FORMAT;
    if (st == CV_OK) {
        cv_policy_member_keyname(policy, who, name);
        st = cv_note_verify(&note, name, member->key.sign);
        memcpy(out->member, member->key.pseudonym, sizeof(out->member));
    }
    cv_note_free(&note);
    return st;
}

static cv_status read_one(struct cv_vault *v, uint64_t index, struct cv_notice *out, struct cv_err *err)
{
    struct cv_buf data = { 0 }, plain = { .max = NOTICE_MAX };
    memset(out, 0, sizeof(*out));
    out->index = index;
    cv_status st = cv_custody_read(v->custody, index, CV_KIND_NOTICE, &data, err);
    if (st == CV_OK &&
        (unseal(v, cv_buf_view(&data), &plain) != CV_OK || judge(v, cv_buf_view(&plain), out) != CV_OK)) {
        cv_json_free(out->doc);
        out->doc = NULL;
    }
    cv_buf_free(&data);
    cv_buf_free(&plain);
    return st;
}

void cv_notices_free(struct cv_notices *list)
{
    for (size_t i = 0; i < list->count; i++)
        cv_json_free(list->n[i].doc);
    free(list->n);
    memset(list, 0, sizeof(*list));
}

static cv_status keep(struct cv_notices *list, struct cv_notice *n)
{
    struct cv_notice *more = realloc(list->n, (list->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    list->n = more;
    list->n[list->count++] = *n;
    n->doc = NULL;
    return CV_OK;
}

cv_status cv_notices_of(struct cv_vault *v, const char *record, struct cv_notices *out, struct cv_err *err)
{
    return cv_notices_in(v, record, 0, UINT64_MAX, out, err);
}

cv_status cv_notices_in(struct cv_vault *v, const char *record, uint64_t from, uint64_t to,
                        struct cv_notices *out, struct cv_err *err)
{
    uint64_t at = from, index = 0;
    cv_status st = CV_OK;
    memset(out, 0, sizeof(*out));
    if (!cv_vault_may_read(v, HEAD) || v->custody->counts[CV_KIND_NOTICE] == 0)
        return CV_OK;
    while ((st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_NOTICE, at, &index, err)) == CV_OK &&
           index < to) {
        struct cv_notice n;
        st = read_one(v, index, &n, err);
        if (st == CV_OK && n.doc != NULL &&
            (record == NULL || strcmp(cv_json_get_str(n.doc, "record"), record) == 0))
            st = keep(out, &n);
        cv_json_free(n.doc);
        if (st != CV_OK)
            break;
        at = index + 1;
    }
    if (st == CV_ERR_NOTFOUND || st == CV_OK)
        return CV_OK;
    cv_notices_free(out);
    return cv_err_note(err, st, "notices");
}
