#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "formats/date.h"
#include "formats/words.h"
#include "vault/cover.h"
#include "vault/heads.h"
#include "vault/notice.h"
#include "vault/package_choose.h"

/* The plan of a package: what of a case would leave, on whose consent; made, and judged again. */

#define CONSENT "consent"
#define PERSON "person"
#define DAYS_TO_APPROVE 30
#define DAYS_OF_USE 365

void cv_plan_free(struct cv_plan *plan)
{
    cv_json_free(plan->doc);
    cv_json_free(plan->shown);
    memset(plan, 0, sizeof(*plan));
}

/* ---- rights ---- */

/* has_right(v, section, right): by the template that the policy names. */
static bool has_right(const struct cv_vault *v, const char *section, unsigned right)
{
    const struct cv_policy *p = cv_vault_policy(v);
    const struct cv_policy_member *me = cv_vault_me(v);
    for (size_t r = 0; me != NULL && r < p->role_count; r++)
        if ((me->roles & ((cv_roles)1 << r)) != 0 &&
            (cv_template_rights(v->template, section, p->roles[r].name) & right) != 0)
            return true;
    return false;
}

bool cv_holds_export(const struct cv_vault *v)
{
    const struct cv_policy_member *me = cv_vault_me(v);
    return me != NULL && (me->roles & cv_vault_policy(v)->export.holders) != 0;
}

bool cv_may_send(struct cv_vault *v, const char *profile, const char *id, const char *section,
                 const char *field)
{
    if (!cv_holds_export(v) || !cv_template_profile_allows(v->template, profile, section, field))
        return false;
    return (has_right(v, section, CV_RIGHT_EXPORT) && cv_vault_may_read(v, section)) ||
           (cv_template_profile_names(v->template, profile, section, field) && cv_record_may(v, id, section));
}

/* check_profile(v, name): one of the template's; they are named where it is not. */
static cv_status check_profile(const struct cv_vault *v, const char *name, struct cv_err *err)
{
    struct cv_buf list = { 0 };
    const char *known;
    cv_status st = CV_OK;
    for (size_t i = 0; name != NULL && (known = cv_template_profile(v->template, i)) != NULL; i++) {
        if (strcmp(known, name) == 0)
            name = NULL;
        st = CV_THEN(st, cv_buf_printf(&list, "%s%s", i > 0 ? ", " : "", known));
    }
    if (name != NULL)
        st = CV_THEN(st, cv_fail(err, CV_ERR_ARG, "there is no profile %.40s; there are: %.*s", name,
                                 (int)list.n, list.n > 0 ? (const char *)list.p : ""));
    cv_buf_free(&list);
    return st;
}

/* plan_records(w): type by type as the profile names them, each by entry. */
static cv_status plan_records(struct planning *w, struct cv_err *err)
{
    const char *type;
    cv_status st = CV_OK;
    for (size_t t = 0;
         st == CV_OK && (type = cv_template_profile_type(w->v->template, w->q->profile, t)) != NULL; t++)
        for (size_t i = 0; strcmp(type, CONSENT) != 0 && i < w->related.count && st == CV_OK; i++)
            if (strcmp(w->related.r[i].of->type, type) == 0 &&
                !cv_choose_left_out(w->q, w->related.r[i].of->id, NULL, NULL))
                st = cv_choose_record(w, w->related.r[i].of, &w->related.r[i], err);
    return st;
}

/* last_of(w, id, list, last): of any record that this member sees its last version, in its ${list}; else
 * NULL.
 */
static cv_status last_of(struct planning *w, const char *id, struct cv_versions *list,
                         const struct cv_version **last, struct cv_err *err)
{
    *last = NULL;
    cv_status st = cv_heads_find(w->v, id, list, err);
    if (st == CV_OK && list->count > 0)
        *last = &list->v[list->count - 1];
    return st;
}

/* plan_consents(w): those that are relied on go along, where the profile carries them. */
static cv_status plan_consents(struct planning *w, struct cv_err *err)
{
    const char *type;
    bool carried = false;
    cv_status st = CV_OK;
    for (size_t t = 0; (type = cv_template_profile_type(w->v->template, w->q->profile, t)) != NULL; t++)
        carried = carried || strcmp(type, CONSENT) == 0;
    for (size_t i = 0; carried && st == CV_OK && i < cv_json_len(w->consents); i++) {
        struct cv_versions list = { 0 };
        const struct cv_version *of = NULL;
        st = last_of(w, cv_json_get_str(cv_json_at(w->consents, i), "record"), &list, &of, err);
        if (st == CV_OK && of != NULL && !cv_choose_left_out(w->q, of->id, NULL, NULL))
            st = cv_choose_record(w, of, NULL, err);
        cv_versions_free(&list);
    }
    return st;
}

/* ---- the whole ---- */

/* elsewhere(w, id, err): a record that the plan may not name, however it got there. */
static cv_status elsewhere(struct planning *w, const char *id, struct cv_err *err)
{
    const struct cv_refusal refusal = { .to = "export", .record = w->q->case_id, .reason = w->q->reason };
    return cv_event_refuse(
        w->v, &refusal, CV_ERR_CONSENT, err,
        "the package asks for record %s, which does not belong to its case (any more); ask "
        "for it anew with `package new`",
        id);
}

/* relied(consents, id): is it one of those that something goes on? */
static bool relied(const struct cv_json *consents, const char *id)
{
    for (size_t i = 0; i < cv_json_len(consents); i++)
        if (strcmp(cv_json_get_str(cv_json_at(consents, i), "record"), id) == 0)
            return true;
    return false;
}

#define OTHER_CONSENTS N_("the consents are not those that it was asked for with")

/* stop(v, case, reason, why): it must be asked for anew; logged, then told. */
static cv_status stop(struct cv_vault *v, const char *case_id, const char *reason, struct cv_err *err,
                      const char *why)
{
    const struct cv_refusal refusal = { .to = "export without consent", .record = case_id, .reason = reason };
    return cv_event_refuse(v, &refusal, CV_ERR_CONSENT, err, "%s; ask for it anew with `package new`",
                           _(why));
}

/* check_consents(w): a consent goes along only where something goes on it. */
static cv_status check_consents(struct planning *w, struct cv_err *err)
{
    /* Where one is missing and there is no legal basis, that is told. */
    const bool told = cv_json_len(w->missing) > 0 && (w->q->basis == NULL || w->q->basis[0] == '\0');
    for (size_t i = 0; !told && i < cv_json_len(w->asked); i++) {
        const char *id = cv_json_get_str(cv_json_at(w->asked, i), "record");
        if (strcmp(cv_json_get_str(cv_json_at(w->asked, i), "type"), CONSENT) == 0 &&
            !relied(w->consents, id))
            return stop(w->v, w->q->case_id, w->q->reason, err, OTHER_CONSENTS);
    }
    return CV_OK;
}

/* of_subject(w, data): is the consent one of a person whom something is about? */
static bool of_subject(void *arg, const struct cv_json *data)
{
    const struct planning *w = arg;
    const char *person = cv_json_get_str(data, "person");
    for (size_t i = 0; person != NULL && i < cv_json_len(w->items); i++)
        if (cv_json_has_word(cv_json_get(cv_json_at(w->items, i), "subjects"), person))
            return true;
    return false;
}

static cv_status judge(struct planning *w, const struct cv_partner_info *partner, struct cv_err *err)
{
    struct cv_consents consents = { 0 };
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    cv_status st = cv_consents(w->v, w->q->reason, of_subject, w, &consents, err);
    const struct cv_cover cover = { .template = w->v->template,
                                    .consents = &consents,
                                    .purpose = cv_template_profile_purpose(w->v->template, w->q->profile),
                                    .partner = partner->id,
                                    .kind = cv_json_get_str(partner->directory, "type"),
                                    .today = today };
    st = CV_THEN(st, cv_cover_all(&cover, w->items, w->consents, w->missing));
    st = CV_THEN(st, check_consents(w, err));
    cv_consents_free(&consents);
    return st;
}

/* again(w, item): whose it is and what it needs, as the plan says and as the records say. */
static cv_status again(struct planning *w, const struct cv_json *item, struct cv_err *err)
{
    const char *id = cv_json_get_str(item, "record");
    const struct cv_relative *r = cv_relative(&w->related, id);
    const struct cv_json *fields = cv_json_get(item, "fields");
    const bool consent = strcmp(cv_json_get_str(item, "type"), CONSENT) == 0;
    struct cv_versions list = { 0 };
    const struct cv_version *last = NULL;
    cv_status st = last_of(w, id, &list, &last, err);
    const bool there = last != NULL, other = there && strcmp(last->type, cv_json_get_str(item, "type")) != 0;
    cv_versions_free(&list);
    if (st == CV_OK && (other || (there && !consent && r == NULL)))
        return elsewhere(w, id, err);
    if (st != CV_OK || consent) /* check_consents sees to these */
        return st;
    struct cv_json *o = cv_json_object(), *needs = cv_json_copy(cv_json_get(item, "needs")),
                   *who = cv_json_copy(cv_json_get(item, "subjects"));
    st = o == NULL || needs == NULL || who == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < cv_json_len(fields) && st == CV_OK; i++) {
        char section[CV_NAME_BYTES] = "";
        const char *pointer = cv_json_cstr(cv_json_at(fields, i));
        snprintf(section, sizeof(section), "%.*s", (int)strcspn(pointer + (pointer[0] == '/'), "/"),
                 pointer + (pointer[0] == '/'));
        st = cv_json_push_word(needs, section);
    }
    if (r != NULL) /* else it was erased, and reading it says so */
        st = CV_THEN(st, cv_choose_subjects(w, r, who));
    st = CV_THEN(st, cv_json_set(o, "subjects", cv_json_ref(who)));
    st = CV_THEN(st, cv_json_set(o, "needs", cv_json_ref(needs)));
    st = CV_THEN(st, cv_json_push(w->items, cv_json_ref(o)));
    cv_json_free(o);
    cv_json_free(needs);
    cv_json_free(who);
    return st;
}

cv_status cv_plan_judge(struct cv_vault *v, const struct cv_json *doc, const struct cv_partner_info *partner,
                        const char *reason, struct cv_json *consents, struct cv_json *missing,
                        struct cv_err *err)
{
    const struct cv_package_request q = { .case_id = cv_json_get_str(doc, "record"),
                                          .profile = cv_json_get_str(doc, "profile"),
                                          .basis = cv_json_get_str(doc, "basis"),
                                          .reason = reason };
    struct planning w = { .v = v,
                          .q = &q,
                          .items = cv_json_array(),
                          .consents = consents,
                          .missing = missing,
                          .asked = cv_json_get(doc, "items") };
    cv_status st =
        w.items == NULL ? CV_ERR_NOMEM : cv_related(v, q.case_id, q.profile, reason, &w.related, err);
    for (size_t i = 0; i < cv_json_len(w.asked) && st == CV_OK; i++)
        st = again(&w, cv_json_at(w.asked, i), err);
    st = CV_THEN(st, judge(&w, partner, err));
    cv_related_free(&w.related);
    cv_json_free(w.items);
    return st;
}

/* same_partner(doc, p): the name and the key that were asked for. */
static bool same_partner(const struct cv_json *doc, const struct cv_partner_info *p)
{
    const struct cv_json *asked = cv_json_get(doc, "partner");
    return cv_json_equal(cv_json_get(p->directory, "age_recipient"), cv_json_get(asked, "recipient")) &&
           cv_json_equal(cv_json_get(p->directory, "name"), cv_json_get(asked, "name"));
}

/* judge_again(v, doc, partner, ...): consent as it is today, for what really goes. */
static cv_status judge_again(struct cv_vault *v, const struct cv_json *doc,
                             const struct cv_partner_info *partner, const char *reason,
                             struct cv_json *consents, struct cv_err *err)
{
    struct cv_json *missing = cv_json_array();
    char why[CV_ERR_BYTES];
    cv_status st =
        missing == NULL ? CV_ERR_NOMEM : cv_plan_judge(v, doc, partner, reason, consents, missing, err);
    if (st == CV_OK && cv_json_len(missing) > 0 && cv_json_get_str(doc, "basis")[0] == '\0') {
        cv_plan_missing(missing, why, sizeof(why));
        st = stop(v, cv_json_get_str(doc, "record"), reason, err, why);
    } else if (st == CV_OK && !cv_json_equal(consents, cv_json_get(doc, "consents")))
        st = stop(v, cv_json_get_str(doc, "record"), reason, err, OTHER_CONSENTS);
    cv_json_free(missing);
    return st;
}

cv_status cv_dispatch_judge(struct cv_vault *v, const struct cv_dispatch *d, const char *reason,
                            struct cv_json *consents, struct cv_err *err)
{
    struct cv_partner_info partner = { 0 };
    const char *purpose = cv_template_profile_purpose(v->template, cv_json_get_str(d->doc, "profile"));
    if (purpose == NULL || strcmp(purpose, cv_json_get_str(d->doc, "purpose")) != 0)
        return stop(v, cv_json_get_str(d->doc, "record"), reason, err, "its profile is not for this purpose");
    cv_status st =
        cv_partner_find(v, cv_json_get_str(cv_json_get(d->doc, "partner"), "record"), reason, &partner, err);
    if (st == CV_OK && !same_partner(d->doc, &partner))
        st = stop(v, cv_json_get_str(d->doc, "record"), reason, err,
                  "the partner's name or key was changed since this was asked for");
    st = CV_THEN(st, cv_partner_sealable(&partner, err));
    st = CV_THEN(st, judge_again(v, d->doc, &partner, reason, consents, err));
    cv_partner_free(&partner);
    return st;
}

cv_status cv_partner_sealable(const struct cv_partner_info *p, struct cv_err *err)
{
    const char *to = cv_json_get_str(p->directory, "age_recipient");
    if (to == NULL)
        return cv_fail(err, CV_ERR_ARG,
                       "it is not known how packages for %.60s are sealed: add its age recipient, or "
                       "`passphrase`, with `record edit %s --set directory.age_recipient=...`",
                       cv_json_get_str(p->directory, "name"), p->id);
    if (strcmp(to, "passphrase") != 0 && !cv_partner_confirmed(p->directory))
        return cv_fail(
            err, CV_ERR_ARG,
            "the recipient key of %.60s was not confirmed by a fingerprint that they read out; see "
            "`partner add`",
            cv_json_get_str(p->directory, "name"));
    return CV_OK;
}

static cv_status write_doc(const struct planning *w, const struct cv_partner_info *partner,
                           struct cv_json *doc)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES], until[CV_DATE_BYTES], expires[CV_DATE_BYTES];
    struct cv_json *to = cv_json_object();
    const char *kind = cv_json_get_str(partner->directory, "type");
    cv_date_today(DAYS_TO_APPROVE, until);
    cv_date_today(DAYS_OF_USE, expires);
    cv_status st = cv_random(raw, sizeof(raw));
    cv_id_text(raw, id);
    st = CV_THEN(st, cv_json_set(to, "name", cv_json_str(cv_json_get_str(partner->directory, "name"))));
    st = CV_THEN(st, cv_json_set(to, "record", cv_json_str(partner->id)));
    st = CV_THEN(st,
                 cv_json_set(to, "recipient", cv_json_ref(cv_json_get(partner->directory, "age_recipient"))));
    st = CV_THEN(st, cv_json_set(doc, "package", cv_json_str(id)));
    st = CV_THEN(st, cv_json_set(doc, "partner", cv_json_ref(to)));
    st = CV_THEN(st, cv_json_set(doc, "kind", cv_json_str(kind != NULL ? kind : "")));
    st = CV_THEN(st, cv_json_set(doc, "profile", cv_json_str(w->q->profile)));
    st = CV_THEN(st, cv_json_set(doc, "purpose",
                                 cv_json_str(cv_template_profile_purpose(w->v->template, w->q->profile))));
    st = CV_THEN(st,
                 cv_json_set(doc, "expires", cv_json_str(w->q->expires != NULL ? w->q->expires : expires)));
    st = CV_THEN(st, cv_json_set(doc, "until", cv_json_str(until)));
    st = CV_THEN(st, cv_json_set(doc, "basis", cv_json_str(w->q->basis != NULL ? w->q->basis : "")));
    st = CV_THEN(st, cv_json_set(doc, "items", cv_json_ref(w->items)));
    st = CV_THEN(st, cv_json_set(doc, "withheld", cv_json_ref(w->withheld)));
    st = CV_THEN(st, cv_json_set(doc, "consents", cv_json_ref(w->consents)));
    st = CV_THEN(st, cv_json_set(doc, "missing", cv_json_ref(w->missing)));
    cv_json_free(to);
    return st;
}

static cv_status prepare(struct planning *w, struct cv_partner_info *partner, struct cv_err *err)
{
    const struct cv_package_request *q = w->q;
    const struct cv_refusal refusal = { .to = "export", .reason = q->reason };
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    w->items = cv_json_array();
    w->withheld = cv_json_array();
    w->consents = cv_json_array();
    w->missing = cv_json_array();
    w->shown = cv_json_array();
    if (w->items == NULL || w->withheld == NULL || w->consents == NULL || w->missing == NULL ||
        w->shown == NULL)
        return CV_ERR_NOMEM;
    if (q->expires != NULL && (!cv_date_ok(cv_bytes_str(q->expires), false) || strcmp(q->expires, today) < 0))
        return cv_fail(err, CV_ERR_ARG, "--expires wants a day that is not over, as in %s", today);
    cv_status st = check_profile(w->v, q->profile, err);
    if (st == CV_OK && !cv_holds_export(w->v))
        st = cv_event_refuse(
            w->v, &refusal, CV_ERR_DENIED, err,
            "none of your roles may send anything out of the vault; the attempt is in the log");
    st = CV_THEN(st, cv_partner_find(w->v, q->partner, q->reason, partner, err));
    st = CV_THEN(st, cv_partner_sealable(partner, err));
    st = CV_THEN(st, cv_related(w->v, q->case_id, q->profile, q->reason, &w->related, err));
    return CV_THEN(st, cv_choose_check(w, err));
}

cv_status cv_plan_make(struct cv_vault *v, const struct cv_package_request *request, struct cv_plan *out,
                       struct cv_err *err)
{
    struct planning w = { .v = v, .q = request };
    struct cv_partner_info partner = { 0 };
    memset(out, 0, sizeof(*out));
    out->doc = cv_json_object();
    cv_status st = prepare(&w, &partner, err);
    st = CV_THEN(st, plan_records(&w, err));
    if (st == CV_OK && cv_json_len(w.items) == 0)
        st = cv_fail(err, CV_ERR_NOTFOUND, "nothing of this case would go under the profile %.40s",
                     request->profile);
    st = CV_THEN(st, judge(&w, &partner, err));
    st = CV_THEN(st, plan_consents(&w, err));
    st = CV_THEN(st, write_doc(&w, &partner, out->doc));
    if (st == CV_OK)
        memcpy(out->case_id, w.related.r[0].of->id, sizeof(out->case_id));
    out->unread = w.related.unread;
    out->shown = st == CV_OK ? cv_json_ref(w.shown) : NULL;
    cv_related_free(&w.related);
    cv_partner_free(&partner);
    cv_json_free(w.items);
    cv_json_free(w.withheld);
    cv_json_free(w.consents);
    cv_json_free(w.missing);
    cv_json_free(w.shown);
    if (st != CV_OK)
        cv_plan_free(out);
    return cv_err_note(err, st, "package");
}
