#include "vault/contents.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base64.h"
#include "formats/piece.h"
#include "formats/words.h"

/* One commit: what stands in it, and what its events say. */
struct told {
    uint64_t checkpoint;
    uint64_t records, policies, erasures; /* entries */
    uint64_t created;                     /* versions that events name */
    uint64_t documents, attached;         /* first pieces; events of them */
    bool changed, erased;
};

struct checking {
    struct cv_vault *v;
    cv_contents_fn fn;
    void *arg;
    struct cv_contents *out;
    struct told *commits;
    size_t count;
    struct cv_json *begun;   /* handles of documents, in hex */
    struct cv_json *exports; /* "member record version" that were exported so far */
    char last[CV_TIME_BYTES];
    bool founded;
};

static void fault(struct checking *c, uint64_t index, const char *what)
{
    c->out->faults++;
    c->fn(c->arg, index, _(what));
}

/* commit_of(c, index): the one that an entry belongs to; NULL behind the last. */
static struct told *commit_of(struct checking *c, uint64_t index)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (c->commits[mid].checkpoint < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->count ? &c->commits[low] : NULL;
}

/* each(c, kind, fn): the index of every entry of a kind. */
static cv_status each(struct checking *c, enum cv_kind kind, cv_status (*fn)(struct checking *, uint64_t),
                      struct cv_err *err)
{
    uint64_t at = 0, index = 0;
    cv_status st;
    while ((st = cv_catalog_next(cv_custody_catalog(c->v->custody), kind, at, &index, err)) == CV_OK) {
        st = fn(c, index);
        if (st != CV_OK)
            return st;
        at = index + 1;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status take_checkpoint(struct checking *c, uint64_t index)
{
    if ((c->count & (c->count - 1)) == 0) {
        struct told *more = realloc(c->commits, (c->count > 0 ? 2 * c->count : 1) * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        c->commits = more;
    }
    c->commits[c->count++] = (struct told){ .checkpoint = index };
    return CV_OK;
}

static cv_status take_record(struct checking *c, uint64_t index)
{
    struct told *t = commit_of(c, index);
    if (t != NULL)
        t->records++;
    return CV_OK;
}

/* take_piece(c, index): the first of a document, or one of those that go on with it. What does not read is
 * told by whoever verifies the log. */
static cv_status take_piece(struct checking *c, uint64_t index)
{
    struct told *t = commit_of(c, index);
    struct cv_buf head = { 0 };
    struct cv_piece piece;
    char handle[2 * CV_HANDLE_BYTES + 1];
    cv_status st = cv_custody_peek(c->v->custody, index, CV_KIND_PIECE, CV_PIECE_HEADER_MAX, &head, NULL);
    if (st == CV_OK && cv_piece_parse(cv_buf_view(&head), &piece, NULL) == CV_OK) {
        cv_hex_encode(CV_ARR(piece.handle), handle);
        if (piece.number == 0) {
            c->out->documents++;
            if (t != NULL)
                t->documents++;
            st = cv_json_set(c->begun, handle, cv_json_bool(true));
        } else if (cv_json_get(c->begun, handle) == NULL)
            fault(c, index, "goes on with a document that no entry begins");
    }
    cv_buf_free(&head);
    return st;
}

static cv_status take_policy(struct checking *c, uint64_t index)
{
    struct told *t = commit_of(c, index);
    if (t != NULL)
        t->policies++;
    return CV_OK;
}

static cv_status take_erase(struct checking *c, uint64_t index)
{
    struct told *t = commit_of(c, index);
    if (t != NULL)
        t->erasures++;
    return CV_OK;
}

static bool is(const struct cv_json *event, const char *action)
{
    const char *have = cv_json_get_str(event, "action");
    return have != NULL && strcmp(have, action) == 0;
}

/* said(event, name): the text of a member, as far as it has one. */
static const char *said(const struct cv_json *event, const char *name)
{
    const char *text = cv_json_get_str(event, name);
    return text != NULL ? text : "";
}

/* check_time(c, index, event): clocks of several machines differ, so that this is told, and no fault. */
static void check_time(struct checking *c, uint64_t index, const struct cv_json *event)
{
    const char *time = said(event, "time");
    if (strcmp(time, c->last) < 0) {
        c->out->backward_first = c->out->backward == 0 ? index : c->out->backward_first;
        c->out->backward++;
    }
    snprintf(c->last, sizeof(c->last), "%s", time);
}

/* check_package(c, index, event): what left was exported before, by whoever sent it. */
static cv_status check_package(struct checking *c, uint64_t index, const struct cv_json *event)
{
    char key[128];
    snprintf(key, sizeof(key), "%.16s %.32s %lld", said(event, "member"), said(event, "record"),
             (long long)cv_json_get_int(event, "version"));
    if (is(event, "export"))
        return cv_json_set(c->exports, key, cv_json_bool(true));
    c->out->packages++;
    if (cv_json_get(c->exports, key) == NULL)
        fault(c, index, "says that a record left, and no event says that it was opened for that");
    return CV_OK;
}

static cv_status on_event(void *arg, uint64_t index, const struct cv_json *event, const struct cv_json *text,
                          struct cv_err *err)
{
    struct checking *c = arg;
    struct told *t = commit_of(c, index);
    (void)text;
    (void)err;
    c->out->events++;
    if (is(event, "unreadable"))
        fault(c, index, "does not open: damaged, or not made by casevault");
    if (cv_json_get(event, "written_by") != NULL)
        fault(c, index, "is in the name of somebody else than who wrote it");
    if (!is(event, "unreadable"))
        check_time(c, index, event);
    if (t != NULL && (is(event, "create") || is(event, "edit")))
        t->created++;
    if (t != NULL && is(event, "import"))
        t->created += cv_json_len(cv_json_get(event, "ids"));
    if (t != NULL && is(event, "attach"))
        t->attached++;
    c->founded |= is(event, "init");
    if (t != NULL && (is(event, "policy") || is(event, "approve") || is(event, "recovery")))
        t->changed = true;
    if (t != NULL && (is(event, "erase") || is(event, "approve")))
        t->erased = true;
    return is(event, "export") || is(event, "package") ? check_package(c, index, event) : CV_OK;
}

/* check_commits(c): what stands in each is what its events say. The first policy is older than any key that
 * an event could be sealed with: its event is `init`, in a commit of its own. */
static void check_commits(struct checking *c)
{
    char what[CV_ERR_BYTES];
    if (c->count > 0)
        c->commits[0].changed |= c->founded;
    for (size_t i = 0; i < c->count; i++) {
        const struct told *t = &c->commits[i];
        c->out->records += t->records;
        c->out->policies += t->policies;
        c->out->erasures += t->erasures;
        if (t->records != t->created) {
            snprintf(what, sizeof(what),
                     cv_words(t->records,
                              "closes a commit of %" PRIu64 " record version, and its events name %" PRIu64,
                              "closes a commit of %" PRIu64 " record versions, and its events name %" PRIu64),
                     t->records, t->created);
            fault(c, t->checkpoint, what);
        }
        if (t->documents != t->attached) {
            snprintf(what, sizeof(what),
                     cv_words(t->documents,
                              "closes a commit in which %" PRIu64
                              " document begins, and its events name %" PRIu64,
                              "closes a commit in which %" PRIu64
                              " documents begin, and its events name %" PRIu64),
                     t->documents, t->attached);
            fault(c, t->checkpoint, what);
        }
        if (t->policies > 0 && !t->changed)
            fault(c, t->checkpoint, "closes a commit with a policy, and no event of it says so");
        if (t->erasures > 0 && !t->erased)
            fault(c, t->checkpoint, "closes a commit with an erasure, and no event of it says so");
    }
}

cv_status cv_contents_check(struct cv_vault *v, cv_contents_fn fn, void *arg, struct cv_contents *out,
                            struct cv_err *err)
{
    struct checking c = {
        .v = v, .fn = fn, .arg = arg, .out = out, .begun = cv_json_object(), .exports = cv_json_object()
    };
    struct cv_err bad = { 0 };
    memset(out, 0, sizeof(*out));
    cv_status st = c.begun == NULL || c.exports == NULL ? CV_ERR_NOMEM
                                                        : each(&c, CV_KIND_CHECKPOINT, take_checkpoint, err);
    st = CV_THEN(st, each(&c, CV_KIND_RECORD, take_record, err));
    st = CV_THEN(st, each(&c, CV_KIND_PIECE, take_piece, err));
    st = CV_THEN(st, each(&c, CV_KIND_POLICY, take_policy, err));
    st = CV_THEN(st, each(&c, CV_KIND_ERASE, take_erase, err));
    st = CV_THEN(st, cv_audit_events(v, "its contents were verified", on_event, &c, &bad));
    if (st == CV_OK || (st == CV_ERR_LOG && out->faults > 0)) {
        check_commits(&c);
        st = out->faults == 0
                 ? CV_OK
                 : cv_fail_n(err, CV_ERR_LOG, out->faults, "%" PRIu64 " entry is not what the events say",
                             "%" PRIu64 " entries are not what the events say", out->faults);
    } else if (bad.status != CV_OK)
        st = cv_fail(err, st, "%s", bad.msg);
    free(c.commits);
    cv_json_free(c.begun);
    cv_json_free(c.exports);
    return cv_err_note(err, st, "contents");
}
