#include "vault/grant.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/cobblestone.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "formats/base64.h"
#include "vault/event.h"
#include "vault/notice.h"

#define ITEMS_MAX ((size_t)16 << 20)
#define KEY_BYTES 32

/* ---- giving ---- */

/* good_date(text): YYYY-MM-DD, of a day that exists and has not passed. */
static bool good_date(const char *text)
{
    char now[CV_DATE_BYTES];
    cv_date_today(0, now);
    return cv_date_ok(cv_bytes_str(text), false) && strcmp(text, now) >= 0;
}

/* role_key(v, env, part, out): S of a part, by a role of this member. */
static cv_status role_key(struct cv_vault *v, const struct cv_envelope *env, const struct cv_part *part,
                          struct cv_secret *out, struct cv_err *err)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env->handle, part->name };
    struct cv_bytes batch;
    *out = (struct cv_secret){ 0 };
    cv_status st = cv_keyring_batch(v->keys, env->batch, part->section, &batch, err);
    return CV_THEN(st, cv_schedule_section(batch, &x, out));
}

/* part_key(v, entry, part, out): S of one part of a version. */
static cv_status part_key(struct cv_vault *v, uint64_t entry, const char *name, struct cv_secret *out,
                          struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_envelope env;
    cv_status st = cv_custody_read(v->custody, entry, CV_KIND_RECORD, &data, err);
    st = CV_THEN(st, cv_envelope_parse(cv_buf_view(&data), &env, err));
    const struct cv_part *part = st == CV_OK ? cv_envelope_part(&env, name) : NULL;
    if (st == CV_OK && part == NULL)
        st = cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (record): it has no part %s", entry, name);
    st = CV_THEN(st, role_key(v, &env, part, out, err));
    cv_buf_free(&data);
    return st;
}

/* add_key(v, keys, name, entry): S in base64url. */
static cv_status add_key(struct cv_vault *v, struct cv_json *keys, const char *name, uint64_t entry,
                         struct cv_err *err)
{
    struct cv_secret key = { 0 };
    cv_status st = part_key(v, entry, name, &key, err);
    st = CV_THEN(st, cv_json_set(keys, name, cv_json_b64u(cv_secret_view(&key))));
    cv_secret_free(&key);
    return st;
}

/* add_item(v, list, version, section, stands): the head of a version, and the section where it stands in this
 * one. */
static cv_status add_item(struct cv_vault *v, struct cv_json *list, const struct cv_version *version,
                          const char *section, bool stands, struct cv_err *err)
{
    struct cv_json *o = cv_json_object(), *keys = cv_json_object();
    cv_status st = cv_json_push(list, o);
    st = CV_THEN(st, cv_json_set(o, "entry", cv_json_int((int64_t)version->index)));
    st = CV_THEN(st, cv_json_set(o, "version", cv_json_int((int64_t)version->version)));
    st = CV_THEN(st, cv_json_set(o, "keys", cv_json_ref(keys)));
    st = CV_THEN(st, add_key(v, keys, "head", version->index, err));
    if (stands)
        st = CV_THEN(st, add_key(v, keys, section, version->index, err));
    cv_json_free(keys);
    return st;
}

/* stands_in(version, section): the number of the version that holds the section's content. */
static uint64_t stands_in(const struct cv_version *version, const char *section)
{
    const struct cv_json *carried = cv_json_get(version->carried, section);
    return carried != NULL ? (uint64_t)cv_json_to_int(carried) : version->version;
}

/* wanted(versions, g, i): is the i-th version asked for, or does one that is stand on it? */
static bool wanted(const struct cv_versions *versions, const struct cv_granting *g, size_t i, bool *stands)
{
    const uint64_t number = versions->v[i].version;
    *stands = false;
    for (size_t j = 0; j < versions->count; j++)
        if ((g->version == 0 || g->version == versions->v[j].version) &&
            stands_in(&versions->v[j], g->section) == number)
            *stands = true;
    return *stands || g->version == 0 || g->version == number;
}

static cv_status items_of(struct cv_vault *v, const struct cv_granting *g, const struct cv_versions *versions,
                          struct cv_buf *out, struct cv_err *err)
{
    struct cv_json *doc = cv_json_object(), *list = cv_json_array();
    cv_status st = cv_json_set(doc, "by", cv_json_str(v->id->public.pseudonym));
    st = CV_THEN(st, cv_json_set(doc, "record", cv_json_str(versions->v[0].id)));
    st = CV_THEN(st, cv_json_set(doc, "type", cv_json_str(versions->v[0].type)));
    st = CV_THEN(st, cv_json_set(doc, "section", cv_json_str(g->section)));
    st = CV_THEN(st, cv_json_set(doc, "items", cv_json_ref(list)));
    for (size_t i = 0; i < versions->count && st == CV_OK; i++) {
        bool stands;
        if (wanted(versions, g, i, &stands))
            st = add_item(v, list, &versions->v[i], g->section, stands, err);
    }
    st = CV_THEN(st, cv_json_write(doc, out));
    cv_json_free(list);
    cv_json_free(doc);
    return st;
}

/* recipient(v, to, seal, key): a role or a member. */
static cv_status recipient(const struct cv_vault *v, const char *to, struct cv_seal *seal,
                           const struct cv_key **key, struct cv_err *err)
{
    const struct cv_policy *p = cv_vault_policy(v);
    const struct cv_policy_role *role = cv_policy_role(p, to);
    const struct cv_policy_member *member = cv_policy_member(p, to);
    if ((role == NULL && member == NULL) || strcmp(to, CV_ROLE_RECOVERY) == 0)
        return cv_fail(err, CV_ERR_NOTFOUND,
                       "there is no role or member %.40s; see `role list` and `member list`", to);
    snprintf(seal->to_kind, sizeof(seal->to_kind), "%s", role != NULL ? "role" : "member");
    snprintf(seal->to, sizeof(seal->to), "%s", to);
    seal->to_epoch = role != NULL ? role->epoch : 0;
    *key = role != NULL ? &role->key : &member->key.seal;
    return CV_OK;
}

/* seal_grant(v, grant, to, items, data): the entry. */
static cv_status seal_grant(struct cv_vault *v, struct cv_grant *grant, const struct cv_key *to,
                            struct cv_bytes items, struct cv_buf *data)
{
    struct cv_secret key = { 0 };
    struct cv_buf sealed_key = { 0 }, sealed = { .max = ITEMS_MAX }, context = { 0 };
    cv_status st = cv_random(grant->handle, sizeof(grant->handle));
    cv_grant_name(grant);
    st = CV_THEN(st, cv_secret_random(&key, KEY_BYTES));
    st = CV_THEN(st, cv_seal_secret(cv_vault_policy(v), &grant->seal, to, cv_secret_view(&key), &sealed_key));
    st = CV_THEN(st, cv_grant_context(grant, cv_vault_policy(v)->vault_id, &context));
    st = CV_THEN(st, cv_cobblestone_seal(cv_secret_view(&key), cv_buf_view(&context), items, &sealed));
    grant->seal.sealed = cv_buf_view(&sealed_key);
    grant->items = cv_buf_view(&sealed);
    st = CV_THEN(st, cv_grant_write(grant, data));
    cv_secret_free(&key);
    cv_buf_free(&sealed_key);
    cv_buf_free(&sealed);
    cv_buf_free(&context);
    return st;
}

/* tell(v, g, record): readers of the record see it in its history. */
static cv_status tell(struct cv_vault *v, const struct cv_granting *g, const char *record, struct cv_err *err)
{
    struct cv_json *more = cv_json_object();
    cv_status st = cv_json_set(more, "section", cv_json_str(g->section));
    st = CV_THEN(st, cv_json_set(more, "to", cv_json_str(g->to)));
    if (g->version != 0)
        st = CV_THEN(st, cv_json_set(more, "version", cv_json_int((int64_t)g->version)));
    if (g->until != NULL)
        st = CV_THEN(st, cv_json_set(more, "until", cv_json_str(g->until)));
    st = CV_THEN(st, cv_notice_add(v, "grant", record, more, err));
    cv_json_free(more);
    return st;
}

/* commit_grant(v, g, versions, data): the grant, its notice and its event, together. */
static cv_status commit_grant(struct cv_vault *v, const struct cv_granting *g,
                              const struct cv_versions *versions, struct cv_bytes data, struct cv_err *err)
{
    struct cv_json *sections = cv_json_array();
    const char *record = versions->v[0].id;
    char detail[96];
    uint64_t slot = 0;
    snprintf(detail, sizeof(detail), "to %.40s%s%.10s", g->to, g->until != NULL ? " until " : "",
             g->until != NULL ? g->until : "");
    cv_status st = cv_json_push(sections, cv_json_str(g->section));
    /* Why is said of the record, and goes with it. */
    st = CV_THEN(st, cv_record_slot(v, versions->v[versions->count - 1].index, &slot, err));
    const struct cv_event event = { .action = "grant",
                                    .record = record,
                                    .version = g->version,
                                    .sections = sections,
                                    .detail = detail,
                                    .reason = g->reason,
                                    .slot = slot };
    st = CV_THEN(st, cv_custody_add(v->custody, CV_KIND_GRANT, data, NULL, NULL, err));
    st = CV_THEN(st, tell(v, g, record, err));
    st = CV_THEN(st, cv_event_add(v, &event, err));
    cv_json_free(sections);
    return st;
}

/* check(v, g, versions): the section is one of the type's, and mine to read; the version and the date exist.
 */
static cv_status check(struct cv_vault *v, const struct cv_granting *g, const struct cv_versions *versions,
                       struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = "grant", .record = versions->v[0].id, .section = g->section };
    cv_status st = CV_OK;
    if (!cv_template_has(v->template, versions->v[0].type, g->section))
        st = cv_fail(err, CV_ERR_ARG, "a %s has no section %.40s", versions->v[0].type, g->section);
    else if (g->until != NULL && !good_date(g->until))
        st = cv_fail(err, CV_ERR_ARG, "--until wants a day to come, as YYYY-MM-DD");
    else if (!cv_vault_may_read(v, g->section))
        st = cv_event_refuse(
            v, &refusal, CV_ERR_NOKEY, err,
            "nobody can grant what they cannot read: none of your roles opens the section %s; the "
            "attempt is in the log",
            g->section);
    bool there = g->version == 0;
    for (size_t i = 0; i < versions->count; i++)
        there = there || versions->v[i].version == g->version;
    return st == CV_OK && !there
               ? cv_fail(err, CV_ERR_NOTFOUND, "the record has no version %" PRIu64, g->version)
               : st;
}

cv_status cv_grant_give(struct cv_vault *v, const struct cv_granting *g, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    struct cv_grant grant = { 0 };
    struct cv_buf items = { .max = ITEMS_MAX }, data = { .max = 2 * ITEMS_MAX };
    const struct cv_key *to = NULL;
    cv_status st = cv_record_find(v, g->record, "grant", NULL, &versions, err);
    st = CV_THEN(st, check(v, g, &versions, err));
    st = CV_THEN(st, cv_vault_begin(v, err));
    if (st != CV_OK) {
        cv_versions_free(&versions);
        return cv_err_note(err, st, "grant");
    }
    grant.policy = cv_vault_policy(v)->number;
    if (g->until != NULL)
        memcpy(grant.until, g->until, sizeof(grant.until));
    st = recipient(v, g->to, &grant.seal, &to, err);
    st = CV_THEN(st, items_of(v, g, &versions, &items, err));
    st = CV_THEN(st, seal_grant(v, &grant, to, cv_buf_view(&items), &data));
    st = CV_THEN(st, commit_grant(v, g, &versions, cv_buf_view(&data), err));
    if (st == CV_OK)
        st = cv_vault_commit(v, err);
    else
        cv_vault_abort(v);
    cv_versions_free(&versions);
    cv_buf_free(&items);
    cv_buf_free(&data);
    return cv_err_note(err, st, "grant");
}

/* ---- having been given ---- */

void cv_grants_free(struct cv_grants *g)
{
    cv_secret_free(&g->mask); /* without it, the keys are noise */
    free(g->g);
    memset(g, 0, sizeof(*g));
}

/* mask(all, number, bytes): put on the mask of this number, or take it off. */
static cv_status mask(const struct cv_grants *all, uint64_t number, uint8_t bytes[static KEY_BYTES])
{
    uint8_t be[8], pad[CV_SHA256_BYTES];
    cv_store_u64(be, number);
    cv_status st = cv_hmac_sha256(cv_secret_view(&all->mask), CV_ARR(be), pad);
    for (size_t i = 0; i < KEY_BYTES; i++)
        bytes[i] ^= pad[i];
    cv_wipe(pad, sizeof(pad));
    return st;
}

/* take_key(all, keys, name, out): S from its base64url; none if the grant does not have it. */
static cv_status take_key(struct cv_grants *all, const struct cv_json *keys, const char *name,
                          struct cv_masked *out)
{
    *out = (struct cv_masked){ .number = all->masked };
    if (cv_json_get(keys, name) == NULL)
        return CV_OK;
    cv_status st = all->mask.n > 0 ? CV_OK : cv_secret_random(&all->mask, KEY_BYTES);
    st = CV_THEN(st, cv_json_get_bytes(keys, name, out->bytes, sizeof(out->bytes)));
    st = CV_THEN(st, mask(all, out->number, out->bytes));
    out->there = st == CV_OK;
    all->masked++;
    if (st != CV_OK)
        cv_wipe(out->bytes, sizeof(out->bytes));
    return st;
}

static cv_status take_item(struct cv_grants *all, const struct cv_json *doc, const struct cv_json *item,
                           bool over)
{
    const char *id = cv_json_get_str(doc, "record"), *type = cv_json_get_str(doc, "type");
    const char *section = cv_json_get_str(doc, "section");
    const struct cv_json *keys = cv_json_get(item, "keys");
    struct cv_granted *more = realloc(all->g, (all->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    all->g = more;
    struct cv_granted *g = &all->g[all->count];
    *g = (struct cv_granted){ .entry = (uint64_t)cv_json_get_int(item, "entry"),
                              .version = (uint64_t)cv_json_get_int(item, "version"),
                              .over = over };
    if (id == NULL || strlen(id) >= sizeof(g->id) || type == NULL || strlen(type) >= sizeof(g->type) ||
        section == NULL || strlen(section) >= sizeof(g->section))
        return CV_ERR_FORMAT;
    strcpy(g->id, id);
    strcpy(g->type, type);
    strcpy(g->section, section);
    cv_status st = take_key(all, keys, "head", &g->head);
    st = CV_THEN(st, take_key(all, keys, section, &g->key));
    if (st == CV_OK)
        all->count++;
    return st;
}

/* open_grant(v, g, data): one that is for us; what is not, or does not open, is passed over. */
static cv_status open_grant(struct cv_vault *v, struct cv_grants *all, struct cv_bytes data)
{
    struct cv_grant grant;
    struct cv_secret key = { 0 };
    struct cv_buf plain = { .max = ITEMS_MAX }, context = { 0 };
    struct cv_json *doc = NULL;
    char now[CV_DATE_BYTES];
    cv_date_today(0, now);
    cv_status st = cv_grant_parse(data, &grant, NULL);
    st = CV_THEN(st, cv_keyring_grant_key(v->keys, &grant.seal, &key, NULL));
    st = CV_THEN(st, cv_grant_context(&grant, cv_vault_policy(v)->vault_id, &context));
    st = CV_THEN(st, cv_cobblestone_open(cv_secret_view(&key), cv_buf_view(&context), grant.items, &plain));
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&plain), ITEMS_MAX, "grant", &doc, NULL));
    const struct cv_json *items = cv_json_get(doc, "items");
    const bool over = grant.until[0] != '\0' && strcmp(now, grant.until) > 0;
    for (size_t i = 0; st == CV_OK && i < cv_json_len(items); i++)
        st = take_item(all, doc, cv_json_at(items, i), over);
    cv_grant_free(&grant);
    cv_secret_free(&key);
    cv_buf_free(&plain);
    cv_buf_free(&context);
    cv_json_free(doc);
    return st == CV_ERR_NOMEM || st == CV_ERR_IO ? st : CV_OK;
}

cv_status cv_grants_load(struct cv_vault *v, struct cv_err *err)
{
    uint64_t index = 0;
    cv_status st = CV_OK;
    if (v->custody->counts[CV_KIND_GRANT] == 0)
        return CV_OK;
    if (v->grants == NULL && (v->grants = calloc(1, sizeof(*v->grants))) == NULL)
        return cv_fail(err, CV_ERR_NOMEM, "grants: out of memory");
    while ((st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_GRANT, v->grants->next, &index,
                                 err)) == CV_OK) {
        struct cv_buf data = { 0 };
        st = cv_custody_read(v->custody, index, CV_KIND_GRANT, &data, err);
        st = CV_THEN(st, open_grant(v, v->grants, cv_buf_view(&data)));
        cv_buf_free(&data);
        if (st != CV_OK)
            return cv_err_note(err, st, "grants");
        v->grants->next = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* next_granted(v, at, entry, section): the grants of it from the ${at}-th on; with an empty section, of any.
 */
static const struct cv_granted *next_granted(const struct cv_vault *v, size_t *at, uint64_t entry,
                                             const char *section)
{
    for (; v->grants != NULL && *at < v->grants->count; (*at)++) {
        const struct cv_granted *g = &v->grants->g[*at];
        if (g->entry == entry && (section[0] == '\0' || (strcmp(g->section, section) == 0 && g->key.there))) {
            (*at)++;
            return g;
        }
    }
    return NULL;
}

const struct cv_granted *cv_granted(const struct cv_vault *v, uint64_t entry, const char *section)
{
    const struct cv_granted *over = NULL, *g;
    for (size_t at = 0; (g = next_granted(v, &at, entry, section)) != NULL;) {
        if (!g->over)
            return g;
        over = g;
    }
    return over;
}

bool cv_granted_section(const struct cv_vault *v, const char *section)
{
    for (size_t i = 0; v->grants != NULL && i < v->grants->count; i++) {
        const struct cv_granted *g = &v->grants->g[i];
        if (!g->over && g->key.there && strcmp(g->section, section) == 0)
            return true;
    }
    return false;
}

/* granted_open(v, entry, env, part, release, plain): by a grant that is not over. Whoever gave it may have
 * lied: one that opens nothing must not hide one that does. CV_ERR_NOTFOUND if there is none. */
static cv_status granted_open(const struct cv_vault *v, uint64_t entry, const struct cv_envelope *env,
                              const struct cv_part *part, struct cv_bytes release, struct cv_buf *plain)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env->handle, part->name };
    const bool head = strcmp(part->name, "head") == 0;
    const struct cv_granted *g;
    cv_status st = CV_ERR_NOTFOUND;
    for (size_t at = 0; (g = next_granted(v, &at, entry, head ? "" : part->name)) != NULL;) {
        const struct cv_masked *key = head ? &g->head : &g->key;
        struct cv_secret bare = { 0 };
        if (g->over || !key->there)
            continue;
        st = cv_secret_copy(&bare, CV_ARR(key->bytes));
        st = CV_THEN(st, mask(v->grants, key->number, bare.p));
        st = CV_THEN(st, cv_part_open(cv_secret_view(&bare), release, &x, part->sealed, plain));
        cv_secret_free(&bare);
        if (st != CV_ERR_AUTH && st != CV_ERR_FORMAT)
            return st;
    }
    return st;
}

cv_status cv_part_unseal(struct cv_vault *v, uint64_t entry, const struct cv_envelope *env,
                         const struct cv_part *part, struct cv_bytes release, struct cv_buf *plain,
                         struct cv_err *err)
{
    const struct cv_place_of x = { cv_vault_policy(v)->vault_id, env->handle, part->name };
    struct cv_secret key = { 0 };
    cv_status st = cv_vault_may_read(v, part->section) ? CV_ERR_NOTFOUND
                                                       : granted_open(v, entry, env, part, release, plain);
    if (st != CV_ERR_NOTFOUND)
        return st;
    st = role_key(v, env, part, &key, err);
    st = CV_THEN(st, cv_part_open(cv_secret_view(&key), release, &x, part->sealed, plain));
    cv_secret_free(&key);
    return st;
}
