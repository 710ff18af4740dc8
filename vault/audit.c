#include "vault/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base64.h"
#include "vault/custody.h"
#include "vault/graves.h"
#include "vault/memory.h"
#include "vault/traces.h"

struct walk {
    struct cv_audit *out;
    cv_damage_fn damage;
    cv_progress_fn progress;
    void *arg;
    uint64_t total;
    uint64_t last_damaged;
    bool any;
    uint64_t seen_size; /* what this user remembers; checked on the way past */
    struct cv_hash seen_root;
    bool known, passed;
    const struct cv_kept_head *since;       /* a head that was kept elsewhere; NULL: none */
    char since_print[CV_FINGERPRINT_BYTES]; /* what the log was then; empty if it never had so many entries */
    struct cv_graves graves;
    struct cv_buf checkpoint; /* the last entry of that kind */
    char vault[CV_VAULT_HEX_BYTES];
    struct cv_witnessing *witnessing; /* NULL: nobody counts cosignatures */
};

static cv_status on_commit(void *arg, struct cv_scan *s, const struct cv_staged *entries, size_t count,
                           struct cv_err *err)
{
    struct walk *w = arg;
    (void)entries;
    w->out->entries += count + 1;
    w->out->commits++;
    const cv_status counted = w->witnessing != NULL ? cv_witnessing_commit(w->witnessing, s->chain) : CV_OK;
    if (counted != CV_OK)
        return counted;
    if (s->chain->adopted.number > 0) {
        w->out->policies++;
        if (w->out->policies == 1) {
            cv_status st = cv_memory_read(s->chain->policy->vault, &w->seen_size, &w->seen_root, err);
            if (st != CV_OK && st != CV_ERR_NOTFOUND)
                return st;
            w->known = st == CV_OK;
        }
    }
    if (w->since != NULL && s->chain->edge.size == w->since->size) {
        char hex[65];
        cv_hex_encode(CV_ARR(s->chain->root.b), hex);
        cv_vault_fingerprint(hex, w->since_print);
    }
    /* Told at the end: the log may tell another story, and be whole. */
    if (w->known && s->chain->edge.size == w->seen_size)
        w->passed = memcmp(s->chain->root.b, w->seen_root.b, sizeof(w->seen_root)) == 0;
    return CV_OK;
}

/* on_entry: what was erased; the vault's id is known from its first entry; the last checkpoint, to be kept.
 */
static cv_status on_entry(void *arg, uint64_t index, enum cv_kind kind, struct cv_bytes data,
                          struct cv_err *err)
{
    struct walk *w = arg;
    struct cv_policy *first = NULL;
    if (kind == CV_KIND_POLICY && index == 0 && cv_policy_genesis(data, &first, NULL) == CV_OK)
        memcpy(w->vault, first->vault, sizeof(w->vault));
    cv_policy_free(first);
    if (kind == CV_KIND_CHECKPOINT) {
        cv_buf_truncate(&w->checkpoint, 0);
        cv_status st = cv_buf_append(&w->checkpoint, data);
        if (st != CV_OK)
            return st;
    }
    cv_status st = w->witnessing != NULL ? cv_witnessing_entry(w->witnessing, index, kind, data) : CV_OK;
    st = CV_THEN(st, cv_graves_entry(&w->graves, w->vault, index, kind, data));
    return cv_err_note(err, st, "entry");
}

static cv_status on_damage(void *arg, uint64_t index, enum cv_kind kind, const char *what)
{
    struct walk *w = arg;
    if (w->any && w->last_damaged == index)
        return CV_OK; /* told already */
    w->any = true;
    w->last_damaged = index;
    w->out->damaged++;
    return w->damage(w->arg, index, kind, what);
}

static void on_progress(void *arg, uint64_t bytes)
{
    struct walk *w = arg;
    if (w->progress != NULL)
        w->progress(w->arg, bytes < w->total ? bytes : w->total, w->total);
}

/* total_bytes(s): of all segments, for the progress line. */
static uint64_t total_bytes(struct cv_segments *s)
{
    uint64_t total = 0, size = 0;
    for (uint32_t n = 1; cv_segment_size(s, n, &size, NULL) == CV_OK; n++)
        total += size;
    return total;
}

/* check_end(w, scan): there is a commit, and nothing after the last one. */
static cv_status check_end(struct walk *w, const struct cv_scan *scan, struct cv_err *err)
{
    const struct cv_chain *c = scan->chain;
    if (scan->tail != CV_TAIL_NONE || scan->abandoned_count > 0) {
        const struct cv_torn *t = &scan->abandoned[0];
        if (w->damage == NULL)
            return cv_fail(err, CV_ERR_LOG, "%.160s; %" PRIu64 " bytes at its end belong to no commit",
                           scan->tail_why, t->bytes);
        cv_status st =
            w->any ? CV_OK
                   : on_damage(w, c->next, CV_KIND_COUNT,
                               scan->tail == CV_TAIL_TORN
                                   ? "bytes of a write that was cut short; the next write closes them off"
                                   : "bytes at the end that belong to no commit");
        if (st != CV_OK)
            return st;
    }
    if (!c->started)
        return cv_fail(err, CV_ERR_LOG, "entry 0: there is no whole commit in the archive");
    return CV_OK;
}

/* check_seen(w, c): what this user saw last is still in the log. Where entries are damaged it may be among
 * them, and so may be the end of the log: then nobody can tell damage from an older copy. */
static cv_status check_seen(const struct walk *w, const struct cv_chain *c, struct cv_err *err)
{
    if (!w->known || w->passed)
        return w->out->damaged == 0
                   ? CV_OK
                   : cv_fail(err, CV_ERR_LOG, "%" PRIu64 " entries are damaged; the rest is whole",
                             w->out->damaged);
    if (w->out->damaged > 0)
        return cv_fail(err, CV_ERR_LOG,
                       "%" PRIu64 " entries are damaged, and entry %" PRIu64
                       ", which you have seen, is damaged or gone",
                       w->out->damaged, w->seen_size);
    return w->seen_size > c->edge.size
               ? cv_fail(err, CV_ERR_LOG,
                         "the log has gone back: you have seen entry %" PRIu64 ", and it ends at %" PRIu64,
                         w->seen_size, c->edge.size)
               : cv_fail(err, CV_ERR_LOG,
                         "the log tells another story at entry %" PRIu64 " than the one you saw",
                         w->seen_size);
}

/* check_kept(w, c): the log went past the head that was kept elsewhere. */
static cv_status check_kept(const struct walk *w, const struct cv_chain *c, struct cv_err *err)
{
    if (w->since == NULL || strcmp(w->since_print, w->since->print) == 0)
        return CV_OK;
    if (w->since_print[0] != '\0')
        return cv_fail(err, CV_ERR_LOG,
                       "the log tells another story than the head you named: with %" PRIu64
                       " entries it was %s",
                       w->since->size, w->since_print);
    return w->since->size > c->edge.size ? cv_fail(err, CV_ERR_LOG,
                                                   "the log has gone back: you named a head of %" PRIu64
                                                   " entries, and it ends at %" PRIu64,
                                                   w->since->size, c->edge.size)
                                         : cv_fail(err, CV_ERR_LOG,
                                                   "the log never had a head of %" PRIu64
                                                   " entries: it was another log's, or is misread",
                                                   w->since->size);
}

/* check_release(w, dir, c): the key file is there, long enough for what the log took from it, and lacks just
 * what was erased. */
static cv_status check_release(const struct walk *w, int dir, const struct cv_chain *c, struct cv_err *err)
{
    struct cv_release r = { .fd = -1 };
    cv_status st = cv_release_open(&r, dir, c->policy->vault, err);
    if (st == CV_OK && r.filled < c->slots)
        st = cv_fail(err, CV_ERR_LOG, "release.keys: holds %" PRIu64 " keys where the log took %" PRIu64,
                     r.filled, c->slots);
    st = CV_THEN(st, cv_graves_check(&w->graves, &r, c->slots, err));
    cv_release_close(&r);
    return st;
}

static cv_status walk(const char *path, struct walk *w, struct cv_err *err)
{
    struct cv_segments segments = CV_SEGMENTS_NONE;
    struct cv_chain chain = { .slots = 1 };
    struct cv_scan scan = { .segments = &segments,
                            .chain = &chain,
                            .segment = 1,
                            .on_commit = on_commit,
                            .on_damage = w->damage != NULL ? on_damage : NULL,
                            .on_entry = on_entry,
                            .on_progress = on_progress,
                            .arg = w };
    memset(w->out, 0, sizeof(*w->out));
    const int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cv_status st = dir < 0 ? cv_fail(err, CV_ERR_NOVAULT, "%s: no vault here", path)
                           : cv_traces_archive(&segments, dir, path, err);
    if (st == CV_OK)
        w->total = total_bytes(&segments);
    st = CV_THEN(st, cv_scan_run(&scan, err));
    if (st == CV_OK && !chain.started && !w->any && scan.tail != CV_TAIL_DAMAGED)
        st = cv_traces_judge(dir, path, err);
    st = CV_THEN(st, check_end(w, &scan, err));
    st = CV_THEN(st, check_seen(w, &chain, err));
    st = CV_THEN(st, check_kept(w, &chain, err));
    st = CV_THEN(st, check_release(w, dir, &chain, err));
    cv_graves_free(&w->graves);
    w->out->bytes = scan.bytes_read;
    if (chain.policy != NULL) {
        memcpy(w->out->vault, chain.policy->vault, sizeof(w->out->vault));
        w->out->training = chain.policy->training;
    }
    w->out->head_size = chain.edge.size;
    w->out->head_root = chain.root;
    w->out->known = w->known;
    cv_scan_free(&scan);
    cv_chain_free(&chain);
    cv_segments_close(&segments);
    if (dir >= 0)
        close(dir);
    return st;
}

cv_status cv_audit_verify(const char *path, const char *trust, const struct cv_kept_head *since,
                          cv_progress_fn progress, void *arg, struct cv_audit *out, struct cv_err *err)
{
    struct walk w = { .out = out, .since = since, .progress = progress, .arg = arg };
    struct cv_commit last = { 0 };
    char kept[4096];
    int memory = -1;
    cv_status st = cv_witnessing_new(&w.witnessing);
    st = CV_THEN(st, walk(path, &w, err));
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
    struct walk w = { .out = out, .damage = damage, .progress = progress, .arg = arg };
    cv_status st = walk(path, &w, err);
    cv_buf_free(&w.checkpoint);
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
    if (st == CV_OK)
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
    st = cv_fail(bad, CV_ERR_LOG, "entry %" PRIu64 " (event): does not open: %.160s", index, why.msg);
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
