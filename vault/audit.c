#include "vault/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base64.h"
#include "vault/custody.h"
#include "vault/memory.h"
#include "vault/walk.h"

cv_status cv_audit_verify(const char *path, const char *trust, const struct cv_kept_head *since,
                          cv_progress_fn progress, void *arg, struct cv_audit *out, struct cv_err *err)
{
    struct cv_walk w = { .out = out, .since = since, .progress = progress, .arg = arg };
    struct cv_commit last = { 0 };
    char kept[4096];
    int memory = -1;
    cv_status st = cv_witnessing_new(&w.witnessing);
    st = CV_THEN(st, cv_walk_run(path, &w, err));
    if (st == CV_OK)
        cv_witnessing_count(w.witnessing, &out->witnessed);
    cv_witnessing_free(w.witnessing);
    /* Remembering a vault is trusting it: nobody gets there by only looking. */
    if (st == CV_OK && !w.known && trust != NULL)
        st = cv_custody_trust(out->vault, trust, err);
    if (st == CV_OK && (w.known || trust != NULL)) {
        st = cv_commit_parse(cv_buf_view(&w.checkpoint), &last, err);
        st = CV_THEN(st, cv_memory_keep(out->vault, "head", last.note, kept, err));
        st = CV_THEN(st, cv_memory_write(&memory, out->vault, out->head_size, &out->head_root, err));
    }
    cv_commit_free(&last);
    cv_buf_free(&w.checkpoint);
    if (memory >= 0)
        close(memory);
    return st;
}

cv_status cv_check(const char *path, cv_damage_fn damage, cv_progress_fn progress, void *arg,
                   struct cv_audit *out, struct cv_err *err)
{
    struct cv_walk w = { .out = out, .damage = damage, .progress = progress, .arg = arg };
    cv_status st = cv_walk_run(path, &w, err);
    cv_buf_free(&w.checkpoint);
    return st;
}

cv_status cv_check_older(const char *path, cv_progress_fn progress, void *arg, struct cv_audit *out,
                         struct cv_err *err)
{
    struct cv_walk w = { .out = out, .progress = progress, .arg = arg, .older = true, .forked = true };
    int memory = -1;
    cv_status st = cv_walk_run(path, &w, err);
    if (st == CV_OK && !w.known)
        st = cv_custody_trust(out->vault, NULL, err);
    st = CV_THEN(st, cv_memory_write(&memory, out->vault, out->head_size, &out->head_root, err));
    cv_buf_free(&w.checkpoint);
    if (memory >= 0)
        close(memory);
    return st;
}

/* unreadable(out): what stands for an event that does not open. */
static cv_status unreadable(struct cv_json **out)
{
    *out = cv_json_object();
    cv_status st = cv_json_set(*out, "action", cv_json_str("unreadable"));
    return CV_THEN(
        st, cv_json_set(*out, "detail", cv_json_str("does not open: damaged, or not made by casevault")));
}

/* Who made the commit that entries from..checkpoint belong to. */
struct committer {
    uint64_t from, checkpoint;
    bool unknown;                    /* nothing tells any more */
    bool recovery;                   /* shares, in a member's place */
    char member[CV_PSEUDONYM_BYTES]; /* else */
};

/* signer_of(policy, note, out): the member whose signature verifies; a checkpoint has one. */
static void signer_of(const struct cv_policy *p, const struct cv_note *note, struct committer *out)
{
    char name[CV_MEMBER_KEYNAME_BYTES];
    cv_policy_recovery_keyname(p, name);
    out->recovery = cv_note_verify(note, name, p->recovery.key) == CV_OK;
    out->member[0] = '\0';
    for (size_t i = 0; i < p->member_count && out->member[0] == '\0'; i++) {
        bool claimed = false;
        cv_policy_member_keyname(p, p->members[i].key.pseudonym, name);
        for (size_t k = 0; k < note->count; k++)
            claimed = claimed || strcmp(note->sigs[k].name, name) == 0;
        if (claimed && cv_note_verify(note, name, p->members[i].key.sign) == CV_OK)
            memcpy(out->member, p->members[i].key.pseudonym, sizeof(out->member));
    }
}

/* committed_by(v, index, c): look it up, unless it is the commit of the entry before. */
static cv_status committed_by(struct cv_vault *v, uint64_t index, struct committer *c, struct cv_err *err)
{
    struct cv_buf data = { 0 };
    struct cv_commit commit = { 0 };
    struct cv_note note = { 0 };
    const struct cv_policy *policy = NULL;
    if (c->checkpoint > 0 && index >= c->from && index < c->checkpoint)
        return CV_OK;
    c->from = index;
    cv_status st =
        cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_CHECKPOINT, index, &c->checkpoint, err);
    st = CV_THEN(st, cv_custody_read(v->custody, c->checkpoint, CV_KIND_CHECKPOINT, &data, err));
    st = CV_THEN(st, cv_commit_parse(cv_buf_view(&data), &commit, err));
    st = CV_THEN(st, cv_note_parse(commit.note, &note, err));
    st = CV_THEN(st, cv_custody_policy_at(v->custody, c->checkpoint, &policy, err));
    c->unknown = st == CV_ERR_LOG || (st == CV_OK && commit.first > index);
    if (c->unknown) { /* its own checkpoint is damaged or gone: nobody can tell */
        if (err != NULL)
            *err = (struct cv_err){ 0 };
        st = CV_OK;
    } else if (st == CV_OK)
        signer_of(policy, &note, c);
    cv_note_free(&note);
    cv_commit_free(&commit);
    cv_buf_free(&data);
    return st;
}

/* check_author(v, index, body, c, bad): what it says of who did it, against who signed the commit. An event
 * in another's name is shown as it stands, with the name of whoever wrote it. */
static cv_status check_author(struct cv_vault *v, uint64_t index, struct cv_json *body, struct committer *c,
                              struct cv_err *bad)
{
    const char *who = cv_json_get_str(body, "member");
    struct cv_err why = { 0 };
    cv_status st = committed_by(v, index, c, &why);
    if (st != CV_OK)
        return cv_fail(bad, st == CV_ERR_NOTFOUND ? CV_ERR_LOG : st, "%s", why.msg);
    if (c->unknown)
        return cv_json_set(body, "written_by", cv_json_str("unknown"));
    if (c->recovery || (who != NULL && strcmp(who, c->member) == 0))
        return CV_OK;
    st = cv_fail(bad, CV_ERR_LOG, "entry %" PRIu64 " (event): is in the name of %.16s, and %s wrote it",
                 index, who != NULL ? who : "nobody", c->member);
    return st == CV_ERR_LOG ? cv_json_set(body, "written_by", cv_json_str(c->member)) : st;
}

/* read_event(v, index, body, text, c, bad): one that does not open must hide no other. */
static cv_status read_event(struct cv_vault *v, uint64_t index, struct cv_json **body, struct cv_json **text,
                            struct committer *c, struct cv_err *bad)
{
    struct cv_err why = { 0 };
    cv_status st = cv_event_read(v, index, body, text, &why);
    if (st == CV_OK && cv_json_is(*body, CV_JSON_OBJECT))
        return check_author(v, index, *body, c, bad);
    if (st == CV_ERR_NOMEM || st == CV_ERR_IO)
        return cv_fail(bad, st, "%s", why.msg);
    cv_json_free(*body);
    *body = NULL;
    st = cv_fail(bad, CV_ERR_LOG, "entry %" PRIu64 " (event): does not open: %s", index, why.msg);
    return st == CV_ERR_LOG ? unreadable(body) : st;
}

cv_status cv_audit_events(struct cv_vault *v, const char *detail, cv_event_fn fn, void *arg,
                          struct cv_err *err)
{
    const bool may = cv_vault_may_read(v, "audit");
    const struct cv_event event = { .action = "log", .detail = detail };
    const struct cv_refusal refusal = { .to = "read the log" };
    uint64_t index = 0, next = 0;
    struct committer committer = { 0 };
    struct cv_err bad = { 0 };
    cv_status st = may ? cv_event_log(v, &event, err)
                       : cv_event_refuse(v, &refusal, CV_ERR_NOKEY, err,
                                         "none of your roles reads the access log; the attempt is in it");
    while (st == CV_OK && (st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_EVENT, next, &index,
                                                err)) == CV_OK) {
        struct cv_json *body = NULL, *text = NULL;
        v->log_told = index + 1;
        st = read_event(v, index, &body, &text, &committer, &bad);
        st = CV_THEN(st, fn(arg, index, body, text, err));
        cv_json_free(body);
        cv_json_free(text);
        next = index + 1;
    }
    if (st == CV_ERR_NOTFOUND)
        st = bad.status; /* the first that did not open, after all that did */
    return bad.status != CV_OK ? cv_fail(err, st, "%s", bad.msg) : cv_err_note(err, st, "events");
}

cv_status cv_audit_again(struct cv_vault *v, uint64_t index, struct cv_json **body, struct cv_json **text,
                         struct cv_err *err)
{
    struct cv_err why = { 0 };
    *body = *text = NULL;
    if (index >= v->log_told)
        return cv_fail(err, CV_ERR_INTERNAL, "entry %" PRIu64 " (event): no event tells that it is read",
                       index);
    cv_status st = cv_event_read(v, index, body, text, &why);
    if (st == CV_OK && cv_json_is(*body, CV_JSON_OBJECT))
        return CV_OK;
    cv_json_free(*body);
    cv_json_free(*text);
    *body = *text = NULL;
    return st == CV_ERR_NOMEM || st == CV_ERR_IO ? cv_fail(err, st, "%s", why.msg) : unreadable(body);
}
