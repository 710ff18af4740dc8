#include <string.h>

#include "vault/erase.h"
#include "vault/event.h"
#include "vault/notice.h"

/* Legal holds: notices that say so; the last one counts. */

cv_status cv_hold_of(struct cv_vault *v, const char *id, bool *held, char by[static CV_PSEUDONYM_BYTES],
                     struct cv_err *err)
{
    struct cv_notices list;
    *held = false;
    by[0] = '\0';
    cv_status st = cv_notices_of(v, id, &list, err);
    for (size_t i = 0; i < list.count && st == CV_OK; i++) {
        const char *about = cv_json_get_str(list.n[i].doc, "about");
        if (strcmp(about, "hold") != 0 && strcmp(about, "clear") != 0)
            continue;
        *held = strcmp(about, "hold") == 0;
        memcpy(by, list.n[i].member, CV_PSEUDONYM_BYTES);
    }
    cv_notices_free(&list);
    return st;
}

/* may_write_some(v, type): a right to write a section of such a record. */
static bool may_write_some(const struct cv_vault *v, const char *type)
{
    const char *section;
    for (size_t i = 0; (section = cv_template_type_section(v->template, type, i)) != NULL; i++)
        if (cv_vault_may_read(v, section) &&
            (cv_vault_may_edit(v, section) || cv_vault_may_create(v, section)))
            return true;
    return false;
}

cv_status cv_hold_set(struct cv_vault *v, const char *id, bool on, const char *reason, struct cv_err *err)
{
    struct cv_versions versions = { 0 };
    char by[CV_PSEUDONYM_BYTES];
    bool held = false;
    cv_status st = cv_record_versions(v, id, &versions, err);
    if (st != CV_OK)
        return st;
    const char *record = versions.v[0].id;
    if (!may_write_some(v, versions.v[0].type)) {
        const struct cv_refusal refusal = { .to = "hold", .record = record };
        st = cv_event_refuse(v, &refusal, CV_ERR_DENIED, err,
                             "none of your roles writes records of this type");
    }
    st = CV_THEN(st, cv_hold_of(v, record, &held, by, err));
    if (st == CV_OK && on && held)
        st = cv_fail(err, CV_ERR_EXISTS, "the record is under a legal hold already, set by %s", by);
    if (st == CV_OK && !on && !held)
        st = cv_fail(err, CV_ERR_EXISTS, "the record is under no legal hold");
    st = CV_THEN(st, cv_vault_begin(v, err));
    if (st == CV_OK) {
        const struct cv_event event = { .action = on ? "hold" : "clear", .record = record, .reason = reason };
        st = cv_notice_add(v, on ? "hold" : "clear", record, NULL, err);
        st = CV_THEN(st, cv_event_add(v, &event, err));
        if (st == CV_OK)
            st = cv_vault_commit(v, err);
        else
            cv_vault_abort(v);
    }
    cv_versions_free(&versions);
    return cv_err_note(err, st, "hold");
}
