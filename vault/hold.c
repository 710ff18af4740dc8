#include <string.h>

#include "vault/erase.h"
#include "vault/event.h"
#include "vault/heads.h"
#include "vault/notice.h"

/* Legal holds: notices that say so; the last one counts. */

/* writes(section, roles): reads it, and may write it. */
static bool writes(const struct cv_policy_section *section, cv_roles roles)
{
    return section != NULL && (section->readers & roles) != 0 &&
           ((section->create | section->edit) & roles) != 0;
}

/* may_hold(v, policy, who, type): under that policy, a right to write a section of such a record. */
static bool may_hold(const struct cv_vault *v, const struct cv_policy *p, const char *who, const char *type)
{
    const struct cv_policy_member *member = cv_policy_member(p, who);
    const char *section;
    if (member == NULL)
        return false;
    for (size_t i = 0; type != NULL && (section = cv_template_type_section(v->template, type, i)) != NULL;
         i++)
        if (writes(cv_policy_section(p, section), member->roles))
            return true;
    for (size_t i = 0; type == NULL && i < p->section_count; i++)
        if (writes(&p->sections[i], member->roles))
            return true;
    return false;
}

/* decides(v, notice, type, on): is it about a hold, by somebody who could? */
static cv_status decides(struct cv_vault *v, const struct cv_notice *n, const char *type, bool *out, bool *on,
                         struct cv_err *err)
{
    const char *about = cv_json_get_str(n->doc, "about");
    const struct cv_policy *then = NULL;
    *on = strcmp(about, "hold") == 0;
    *out = *on || strcmp(about, "clear") == 0;
    if (!*out)
        return CV_OK;
    cv_status st = cv_custody_policy_at(v->custody, n->index, &then, err);
    *out = st == CV_OK && may_hold(v, then, n->member, type);
    return st;
}

cv_status cv_hold_of(struct cv_vault *v, const char *id, const char *type, bool *held,
                     char by[static CV_PSEUDONYM_BYTES], struct cv_err *err)
{
    struct cv_notices list;
    bool counts, on;
    *held = false;
    by[0] = '\0';
    cv_status st = cv_notices_of(v, id, &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        st = decides(v, &list.n[i], type, &counts, &on, err);
        if (st != CV_OK || !counts)
            continue;
        *held = on;
        memcpy(by, list.n[i].member, CV_PSEUDONYM_BYTES);
    }
    cv_notices_free(&list);
    return st;
}

/* decides_of(v, n, record, ...): is it about a hold of a record that this member sees? */
static cv_status decides_of(struct cv_vault *v, const struct cv_notice *n, const char *record, bool *out,
                            bool *on, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    cv_status st = record != NULL ? cv_heads_find(v, record, &versions, err) : CV_OK;
    *out = *on = false;
    if (st == CV_OK && versions.count > 0)
        st = decides(v, n, versions.v[0].type, out, on, err);
    cv_versions_free(&versions);
    return st;
}

cv_status cv_holds(struct cv_vault *v, struct cv_json **out, struct cv_err *err)
{
    struct cv_notices list = { 0 };
    *out = cv_json_object();
    cv_status st = *out == NULL ? CV_ERR_NOMEM : cv_heads_catch_up(v, err);
    st = CV_THEN(st, cv_notices_of(v, NULL, &list, err));
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        const char *record = cv_json_get_str(list.n[i].doc, "record");
        bool counts = false, on = false;
        st = decides_of(v, &list.n[i], record, &counts, &on, err);
        if (st == CV_OK && counts && on)
            st = cv_json_set(*out, record, cv_json_str(list.n[i].member));
        else if (st == CV_OK && counts && cv_json_get(*out, record) != NULL)
            st = cv_json_del(*out, record);
    }
    cv_notices_free(&list);
    if (st == CV_OK)
        return CV_OK;
    cv_json_free(*out);
    *out = NULL;
    return st;
}

/* refuse(v, record): after it is logged. */
static cv_status refuse(struct cv_vault *v, const char *record, struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = "hold", .record = record };
    return cv_event_refuse(v, &refusal, CV_ERR_DENIED, err,
                           "none of your roles writes records of this type; the attempt is in the log");
}

/* write_hold(v, version, on, reason): the notice and its event, as one commit. */
static cv_status write_hold(struct cv_vault *v, const struct cv_version *version, bool on, const char *reason,
                            struct cv_err *err)
{
    uint64_t slot = 0;
    cv_status st = cv_record_slot(v, version->index, &slot, err); /* why is said of it, and goes with it */
    st = CV_THEN(st, cv_vault_begin(v, err));
    if (st != CV_OK)
        return st;
    const struct cv_event event = {
        .action = on ? "hold" : "clear", .record = version->id, .reason = reason, .slot = slot
    };
    st = cv_notice_add(v, event.action, version->id, NULL, err);
    st = CV_THEN(st, cv_event_add(v, &event, err));
    if (st == CV_OK)
        return cv_vault_commit(v, err);
    cv_vault_abort(v);
    return st;
}

cv_status cv_hold_set(struct cv_vault *v, const char *id, bool on, const char *reason, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    char by[CV_PSEUDONYM_BYTES];
    bool held = false;
    cv_status st = cv_record_find(v, id, "hold", NULL, &versions, err);
    if (st != CV_OK || versions.v == NULL)
        return st;
    const struct cv_version *last = &versions.v[versions.count - 1];
    if (!may_hold(v, cv_vault_policy(v), v->id->public.pseudonym, last->type))
        st = refuse(v, last->id, err);
    st = CV_THEN(st, cv_hold_of(v, last->id, last->type, &held, by, err));
    if (st == CV_OK && on && held)
        st = cv_fail(err, CV_ERR_EXISTS,
                     "the record is under a legal hold already, set by %s: nothing is to do", by);
    if (st == CV_OK && !on && !held)
        st = cv_fail(err, CV_ERR_EXISTS, "the record is under no legal hold: nothing is to do");
    st = CV_THEN(st, write_hold(v, last, on, reason, err));
    cv_versions_free(&versions);
    return cv_err_note(err, st, "hold");
}
