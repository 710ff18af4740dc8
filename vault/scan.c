#include "vault/scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "formats/tar.h"
#include "formats/words.h"

#define PROGRESS_BYTES ((uint64_t)4 << 20)

void cv_scan_free(struct cv_scan *s)
{
    free(s->places);
    s->places = NULL;
    cv_ahead_free(s->ahead);
    s->ahead = NULL;
}

/* look(s, at, n, out): a view of ${n} bytes of the current segment at ${at}, fewer only at its end. */
static cv_status look(struct cv_scan *s, uint64_t at, size_t n, struct cv_bytes *out, struct cv_err *err)
{
    if (s->ahead == NULL && cv_ahead_new(s->segments, &s->ahead) != CV_OK)
        return cv_err_note(err, CV_ERR_NOMEM, "archive");
    return cv_ahead_look(s->ahead, s->segment, at, n, out, err);
}

/* passed(s, bytes): of an entry. */
static void passed(struct cv_scan *s, uint64_t bytes)
{
    const uint64_t before = s->bytes_read;
    s->bytes_read += bytes;
    if (s->on_progress != NULL && before / PROGRESS_BYTES != s->bytes_read / PROGRESS_BYTES)
        s->on_progress(s->arg, s->bytes_read);
}

enum found { FOUND_ENTRY, FOUND_END, FOUND_CUT, FOUND_ZEROS, FOUND_GARBAGE };

struct entry {
    uint64_t index;
    enum cv_kind kind;
    uint64_t bytes;
    struct cv_bytes all, data; /* views of what was read */
    const uint8_t *hash;       /* SHA-256 of all of it, or NULL: not worked out yet */
};

/* named_tail(s): does a later segment begin by naming a tail of this one? Then its commits end there. Only a
 * reader that goes on after damage needs to know beforehand. */
static cv_status named_tail(struct cv_scan *s, struct cv_err *err)
{
    struct cv_buf head = { 0 };
    cv_status st = CV_OK;
    s->limit = 0;
    for (uint32_t n = s->segment + 1; st == CV_OK && s->limit == 0 && n <= s->segment + CV_ABANDONED_MAX;
         n++) {
        cv_buf_truncate(&head, 0);
        st = cv_segment_read(s->segments, n, 0, CV_ABANDONED_MAX * 1024, &head, err);
        struct cv_bytes rest = cv_buf_view(&head);
        struct cv_tar_entry e;
        struct cv_torn t;
        while (st == CV_OK && cv_tar_read(rest, &e, NULL) == CV_OK &&
               cv_torn_parse(e.data, &t, NULL) == CV_OK) {
            if (t.segment == s->segment)
                s->limit = t.offset;
            rest = CV_BYTES(rest.p + e.bytes, rest.n - (size_t)e.bytes);
        }
    }
    cv_buf_free(&head);
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* next_entry(s, at, out, found): what stands at ${at}. */
static cv_status next_entry(struct cv_scan *s, uint64_t at, struct entry *out, enum found *found,
                            struct cv_err *err)
{
    struct cv_bytes head;
    char name[CV_TAR_NAME_MAX + 1];
    uint64_t size = 0;
    const struct cv_ahead_entry *known = s->ahead != NULL ? cv_ahead_entry(s->ahead, s->segment, at) : NULL;
    if (known != NULL) {
        *out = (struct entry){ known->index,
                               known->kind,
                               known->all.n,
                               known->all,
                               CV_BYTES(known->all.p + CV_TAR_BLOCK_BYTES, known->size),
                               known->hash };
        *found = FOUND_ENTRY;
        return CV_OK;
    }
    *out = (struct entry){ 0 };
    cv_status st = look(s, at, CV_TAR_BLOCK_BYTES, &head, err);
    if (st != CV_OK)
        return st;
    *found = head.n == 0                   ? FOUND_END
             : head.n < CV_TAR_BLOCK_BYTES ? FOUND_CUT
             : cv_bytes_zero(head)         ? FOUND_ZEROS
                                           : FOUND_GARBAGE;
    if (*found != FOUND_GARBAGE || cv_tar_header(head.p, name, &size) != CV_OK ||
        cv_entry_name_parse(name, &out->index, &out->kind) != CV_OK)
        return CV_OK;
    out->bytes =
        CV_TAR_BLOCK_BYTES + (size + CV_TAR_BLOCK_BYTES - 1) / CV_TAR_BLOCK_BYTES * CV_TAR_BLOCK_BYTES;
    if (out->bytes > CV_BUF_MAX) {
        *found = FOUND_GARBAGE;
        return CV_OK;
    }
    st = look(s, at, (size_t)out->bytes, &out->all, err);
    if (st != CV_OK)
        return st;
    if (out->all.n < out->bytes) {
        *found = FOUND_CUT;
        return CV_OK;
    }
    out->data = CV_BYTES(out->all.p + CV_TAR_BLOCK_BYTES, (size_t)size);
    const size_t end = CV_TAR_BLOCK_BYTES + (size_t)size;
    if (cv_bytes_zero(CV_BYTES(out->all.p + end, (size_t)out->bytes - end)))
        *found = FOUND_ENTRY;
    return CV_OK;
}

static cv_status note_place(struct cv_scan *s, uint64_t at, uint64_t bytes)
{
    if (s->place_count == s->place_room) {
        const size_t room = s->place_room == 0 ? 64 : 2 * s->place_room;
        struct cv_place *more = realloc(s->places, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        s->places = more;
        s->place_room = room;
    }
    s->places[s->place_count++] = (struct cv_place){ s->segment, at, bytes };
    return CV_OK;
}

static void drop_commit(struct cv_scan *s)
{
    cv_chain_drop(s->chain);
    s->place_count = 0;
    s->torn_count = 0;
}

/* check_torn(s): every tail left behind is named, in order, by the next commit, and nothing else is. */
static cv_status check_torn(const struct cv_scan *s, struct cv_err *err)
{
    bool same = s->torn_count == s->abandoned_count;
    for (size_t i = 0; i < s->torn_count && same; i++)
        same = s->torn[i].segment == s->abandoned[i].segment && s->torn[i].offset == s->abandoned[i].offset &&
               s->torn[i].bytes == s->abandoned[i].bytes &&
               memcmp(s->torn[i].hash, s->abandoned[i].hash, 32) == 0;
    if (same)
        return CV_OK;
    return cv_fail(err, CV_ERR_LOG, "%s",
                   s->tail_why[0] != '\0' ? s->tail_why : _("a torn entry names bytes that are not there"));
}

/* pass_checkpoint(s, e, hash, at): the entry that closes a commit. */
static cv_status pass_checkpoint(struct cv_scan *s, const struct entry *e, const uint8_t hash[static 32],
                                 uint64_t at, struct cv_err *err)
{
    struct cv_chain *c = s->chain;
    struct cv_err why = { 0 };
    const size_t count = c->staged_count;
    cv_status st = note_place(s, at, e->bytes);
    if (st != CV_OK)
        return st;
    st = check_torn(s, &why);
    if (st == CV_ERR_LOG && s->on_damage != NULL) {
        st = s->on_damage(s->arg, c->next, CV_KIND_TORN,
                          "the bytes it names, left behind by a cut, are not those it saw");
        memset(&why, 0, sizeof(why));
    }
    st = CV_THEN(st, cv_chain_checkpoint(c, e->index, hash, e->data, s->on_damage, s->arg, &why));
    if (st == CV_ERR_LOG && s->on_damage != NULL && why.status != CV_OK) {
        st = s->on_damage(s->arg, e->index, CV_KIND_CHECKPOINT, why.msg);
        return CV_THEN(st, cv_chain_lost(c, e->index, CV_KIND_CHECKPOINT));
    }
    if (st != CV_OK) {
        if (err != NULL && err->status == CV_OK)
            *err = why;
        return st;
    }
    s->offset = at + e->bytes;
    s->tail_why[0] = '\0';
    s->abandoned_count = 0;
    if (s->on_commit != NULL)
        st = s->on_commit(s->arg, s, c->staged, count, err);
    s->place_count = 0;
    s->torn_count = 0;
    return st;
}

/* take_torn(s, e): what it says was left behind; one that says nothing is damage like any other. */
static cv_status take_torn(struct cv_scan *s, const struct entry *e, struct cv_err *err)
{
    cv_status st = cv_torn_parse(e->data, &s->torn[s->torn_count], NULL);
    if (st == CV_OK)
        s->torn_count++;
    if (st == CV_OK || st == CV_ERR_NOMEM)
        return st;
    return s->on_damage != NULL
               ? s->on_damage(s->arg, e->index, CV_KIND_TORN, "names no bytes left behind by a cut")
               : cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 " (torn): names no bytes left behind by a cut",
                         e->index);
}

static cv_status pass_entry(struct cv_scan *s, const struct entry *e, uint64_t at, struct cv_err *err)
{
    uint8_t hash[32];
    cv_status st = CV_OK;
    if (e->hash != NULL)
        memcpy(hash, e->hash, sizeof(hash));
    else
        st = cv_sha256(e->all, hash);
    /* After damage the reader may have skipped entries; the log will name them. */
    while (st == CV_OK && s->on_damage != NULL && e->index > s->chain->next + s->chain->staged_count) {
        st = note_place(s, at, 0);
        st = CV_THEN(st, cv_chain_lost(s->chain, s->chain->next + s->chain->staged_count, CV_KIND_COUNT));
    }
    if (st == CV_OK && s->on_entry != NULL)
        st = s->on_entry(s->arg, e->index, e->kind, e->data, err);
    if (st != CV_OK || e->kind == CV_KIND_CHECKPOINT)
        return CV_THEN(st, pass_checkpoint(s, e, hash, at, err));
    if (e->kind == CV_KIND_TORN) {
        if (s->torn_count == CV_ABANDONED_MAX)
            return cv_fail(err, CV_ERR_LOG, "entry %" PRIu64 ": too many torn entries", e->index);
        st = take_torn(s, e, err);
    }
    st = CV_THEN(st, cv_chain_entry(s->chain, e->index, e->kind, hash, e->data, err));
    return CV_THEN(st, note_place(s, at, e->bytes));
}

/* resync(s, at, next): after damage, the next place that holds an entry. */
static cv_status resync(struct cv_scan *s, uint64_t *at, bool *more, struct cv_err *err)
{
    const uint64_t expected = s->chain->next + s->chain->staged_count;
    *more = false;
    for (uint64_t p = *at + CV_TAR_BLOCK_BYTES;; p += CV_TAR_BLOCK_BYTES) {
        struct entry e;
        enum found found;
        cv_status st = next_entry(s, p, &e, &found, err);
        if (st != CV_OK || found == FOUND_END)
            return st;
        if (found == FOUND_ENTRY && e.index > expected && e.index - expected < CV_COMMIT_LEAVES_MAX) {
            *at = p;
            *more = true;
            return CV_OK;
        }
    }
}

/* Could a cut explain the bytes from the last commit to the end of the segment? */
static enum cv_tail classify(struct cv_bytes tail, char why[static 256], uint64_t index, uint32_t segment)
{
    struct cv_bytes rest = tail;
    bool closed = false;
    snprintf(why, 256, _("entry %" PRIu64 ": damaged, in archive/%08u.tar"), index, segment);
    for (size_t i = 0; i + CV_TAR_BLOCK_BYTES <= tail.n; i += CV_TAR_BLOCK_BYTES)
        if (cv_bytes_zero(CV_BYTES(tail.p + i, CV_TAR_BLOCK_BYTES)))
            return CV_TAIL_TORN; /* space that was allotted and never written */
    while (rest.n >= CV_TAR_BLOCK_BYTES) {
        char name[CV_TAR_NAME_MAX + 1];
        uint64_t size = 0, at = 0;
        enum cv_kind kind;
        if (cv_tar_header(rest.p, name, &size) != CV_OK || cv_entry_name_parse(name, &at, &kind) != CV_OK)
            return CV_TAIL_DAMAGED;
        size = CV_TAR_BLOCK_BYTES + (size + CV_TAR_BLOCK_BYTES - 1) / CV_TAR_BLOCK_BYTES * CV_TAR_BLOCK_BYTES;
        if (size > rest.n)
            return CV_TAIL_TORN;
        closed = kind == CV_KIND_CHECKPOINT;
        rest = CV_BYTES(rest.p + size, rest.n - (size_t)size);
    }
    return closed && rest.n == 0 ? CV_TAIL_DAMAGED : CV_TAIL_TORN;
}

/* leave(s): the rest of this segment after its last commit belongs to none; remember it for the next commit
 * to name. */
static cv_status leave(struct cv_scan *s, struct cv_err *err)
{
    struct cv_buf tail = { 0 };
    uint64_t size = 0;
    char why[256];
    cv_status st = cv_segment_size(s->segments, s->segment, &size, err);
    if (st == CV_OK && (s->abandoned_count == CV_ABANDONED_MAX || size - s->offset > CV_BUF_MAX))
        st = cv_fail(err, CV_ERR_LOG, "archive/%08u.tar: too much of it belongs to no commit", s->segment);
    st = CV_THEN(st,
                 cv_segment_read(s->segments, s->segment, s->offset, (size_t)(size - s->offset), &tail, err));
    if (st == CV_OK) {
        struct cv_torn *t = &s->abandoned[s->abandoned_count++];
        *t = (struct cv_torn){ .segment = s->segment, .offset = s->offset, .bytes = tail.n };
        st = cv_sha256(cv_buf_view(&tail), t->hash);
        const enum cv_tail tail_is =
            classify(cv_buf_view(&tail), why, s->chain->next + s->chain->staged_count, s->segment);
        if (s->tail_why[0] == '\0')
            memcpy(s->tail_why, why, sizeof(why));
        if (tail_is > s->tail)
            s->tail = tail_is;
    }
    cv_buf_free(&tail);
    drop_commit(s);
    return st;
}

/* holed(s, end): the commit that did not verify ends the archive, and has a block of zeros: space that a cut
 * left unwritten. Nobody was told of it; whoever was will miss it. */
static bool holed(struct cv_scan *s, uint64_t end)
{
    struct cv_buf tail = { 0 };
    uint64_t size = 0;
    char why[256];
    bool last = cv_segment_size(s->segments, s->segment, &size, NULL) == CV_OK && size == end;
    if (last && cv_segment_size(s->segments, s->segment + 1, &size, NULL) != CV_ERR_NOTFOUND)
        last = named_tail(s, NULL) == CV_OK && s->limit == s->offset;
    s->limit = 0;
    const bool torn = last && end - s->offset <= CV_BUF_MAX &&
                      cv_segment_read(s->segments, s->segment, s->offset, (size_t)(end - s->offset), &tail,
                                      NULL) == CV_OK &&
                      classify(cv_buf_view(&tail), why, 0, s->segment) == CV_TAIL_TORN;
    cv_buf_free(&tail);
    return torn;
}

/* skip_segments(s, why, more): one that is missing is told, and the next that is there goes on. */
static cv_status skip_segments(struct cv_scan *s, const char *why, bool *more, struct cv_err *err)
{
    uint32_t next = 0;
    cv_status st = cv_segment_after(s->segments, s->segment + 1, &next, err);
    st = CV_THEN(st, s->on_damage(s->arg, s->chain->next + s->chain->staged_count, CV_KIND_COUNT, why));
    *more = st == CV_OK;
    if (*more) {
        s->segment = next;
        s->offset = 0;
    }
    return st;
}

/* next_segment(s, more): move on, if there is one. */
static cv_status next_segment(struct cv_scan *s, bool *more, struct cv_err *err)
{
    uint64_t size = 0;
    struct cv_err why = { 0 };
    cv_status st = cv_segment_size(s->segments, s->segment + 1, &size, err);
    if (st == CV_ERR_NOTFOUND) {
        const cv_status gap = cv_segment_gap(s->segments, s->segment + 1, &why);
        /* Somebody else may just have begun it, and the one after. */
        st = gap == CV_OK ? CV_ERR_NOTFOUND : cv_segment_size(s->segments, s->segment + 1, &size, err);
        if (st == CV_ERR_NOTFOUND && gap == CV_ERR_LOG && s->on_damage != NULL)
            return skip_segments(s, why.msg, more, err);
        if (st == CV_ERR_NOTFOUND && gap != CV_OK)
            return cv_fail(err, gap, "%s", why.msg);
    }
    *more = st == CV_OK;
    if (*more) {
        s->segment++;
        s->offset = 0;
    }
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

/* end_segment(s, at, found, more): nothing more can be read of this one. */
static cv_status end_segment(struct cv_scan *s, enum found found, bool *more, struct cv_err *err)
{
    cv_status st = CV_OK;
    const struct cv_chain *c = s->chain;
    const bool clean = found == FOUND_END && c->staged_count == 0;
    /* The checkpoint that closed the segment may be gone. */
    const bool lost = found == FOUND_END && c->staged_count > 0 && c->staged[c->staged_count - 1].lost;
    if (!clean && (s->on_damage != NULL || lost) && s->limit == 0 && s->chain->staged_count > 0) {
        /* What a damaged head left undecided: entries may go on in the next segment. */
        uint64_t size = 0;
        if (cv_segment_size(s->segments, s->segment + 1, &size, NULL) != CV_OK)
            st = leave(s, err);
    } else if (!clean)
        st = leave(s, err);
    st = CV_THEN(st, next_segment(s, more, err));
    if (st == CV_OK && *more && clean)
        s->tail = CV_TAIL_NONE;
    return st;
}

/* stop_here(s, at): whoever asked wants no more of it. */
static bool stop_here(const struct cv_scan *s, uint64_t at)
{
    return s->stop_segment > 0 &&
           (s->segment > s->stop_segment || (s->segment == s->stop_segment && at >= s->stop_offset));
}

cv_status cv_scan_run(struct cv_scan *s, struct cv_err *err)
{
    uint64_t size = 0, at = s->offset;
    s->tail = CV_TAIL_NONE;
    cv_status st = cv_segment_size(s->segments, s->segment, &size, err);
    if (st == CV_ERR_NOTFOUND && s->offset == 0)
        return CV_OK; /* the next commit makes it */
    if (st == CV_ERR_NOTFOUND || (st == CV_OK && size < s->offset))
        return cv_fail(err, CV_ERR_LOG, "archive/%08u.tar: shorter than it was; the vault has gone back",
                       s->segment);
    for (bool more = true; st == CV_OK && more;) {
        struct entry e;
        enum found found;
        const uint32_t segment = s->segment;
        if (stop_here(s, at))
            return CV_OK;
        if (s->on_damage != NULL && at == 0)
            st = named_tail(s, err);
        if (s->limit > 0 && at >= s->limit)
            found = FOUND_CUT;
        else
            st = CV_THEN(st, next_entry(s, at, &e, &found, err));
        if (st == CV_OK && found == FOUND_ENTRY) {
            struct cv_err why = { 0 };
            st = pass_entry(s, &e, at, &why);
            at += e.bytes;
            passed(s, e.bytes);
            if (st == CV_ERR_LOG && s->on_damage == NULL && holed(s, at)) {
                st = leave(s, err);
                st = CV_THEN(st, next_segment(s, &more, err));
                at = 0;
            } else if (st != CV_OK)
                st = cv_fail(err, st, "%s", why.msg);
            if (s->abandoned_count == 0)
                s->tail = CV_TAIL_NONE;
            continue;
        }
        if (st == CV_OK && found != FOUND_END && s->on_damage != NULL && (s->limit == 0 || at < s->limit)) {
            st = resync(s, &at, &more, err);
            if (st == CV_OK && !more && found == FOUND_GARBAGE)
                st = s->on_damage(s->arg, s->chain->next + s->chain->staged_count, CV_KIND_COUNT, "damaged");
            if (st != CV_OK || more)
                continue;
        }
        st = CV_THEN(st, end_segment(s, found, &more, err));
        if (s->segment != segment)
            at = 0;
    }
    return st;
}
