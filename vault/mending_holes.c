#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/leaf.h"
#include "formats/tar.h"
#include "vault/copy.h"
#include "vault/mending.h"
#include "vault/regular.h"
#include "vault/scan.h"

/* Where an entry is gone, something of just its length holds its place, so that every other entry stays where
 * it was: tails that later entries name by their offsets too. */

struct holes {
    struct cv_mending *m;
    const uint64_t *bad; /* entries at fault, going up */
    size_t count;
    uint64_t expected; /* the next entry's index */
    uint32_t number;
    struct cv_buf bytes; /* of this segment */
    uint64_t limit;      /* where its commits end */
    bool changed;
};

static cv_status read_segment(const struct cv_mending *m, uint32_t number, uint64_t most, struct cv_buf *out,
                              struct cv_err *err)
{
    struct cv_segments s = CV_SEGMENTS_NONE;
    uint64_t size = 0;
    cv_status st = cv_segments_open(&s, m->dir, false, err);
    st = CV_THEN(st, cv_segment_size(&s, number, &size, err));
    st = CV_THEN(st, cv_segment_read(&s, number, 0, (size_t)(size < most ? size : most), out, err));
    cv_segments_close(&s);
    return st;
}

/* entry_at(bytes, at, index, total): is there one, as far as its header tells? */
static bool entry_at(struct cv_bytes bytes, uint64_t at, uint64_t *index, uint64_t *total)
{
    char name[CV_TAR_NAME_MAX + 1];
    enum cv_kind kind;
    uint64_t size = 0;
    if (at + CV_TAR_BLOCK_BYTES > bytes.n || cv_tar_header(bytes.p + at, name, &size) != CV_OK ||
        cv_entry_name_parse(name, index, &kind) != CV_OK)
        return false;
    *total = CV_TAR_BLOCK_BYTES + (size + CV_TAR_BLOCK_BYTES - 1) / CV_TAR_BLOCK_BYTES * CV_TAR_BLOCK_BYTES;
    return true;
}

/* first_of(m, number, index): the index of the first entry of that or a later segment that can be read. */
static bool first_of(const struct cv_mending *m, uint32_t number, uint64_t *index)
{
    bool found = false;
    for (uint32_t n = number; !found && n <= m->last; n++) {
        struct cv_buf head = { 0 };
        uint64_t total;
        found = read_segment(m, n, CV_TAR_BLOCK_BYTES, &head, NULL) == CV_OK &&
                entry_at(cv_buf_view(&head), 0, index, &total);
        cv_buf_free(&head);
    }
    return found;
}

/* limit_of(h): where a later segment says that the commits of this one end; else its end. */
static cv_status limit_of(struct holes *h, struct cv_err *err)
{
    h->limit = h->bytes.n;
    cv_status st = CV_OK;
    for (uint32_t n = h->number + 1; st == CV_OK && n <= h->m->last && n <= h->number + CV_ABANDONED_MAX;
         n++) {
        struct cv_buf head = { 0 };
        struct cv_tar_entry e;
        struct cv_torn t;
        st = read_segment(h->m, n, (uint64_t)CV_ABANDONED_MAX * 1024, &head, err);
        struct cv_bytes rest = cv_buf_view(&head);
        while (st == CV_OK && cv_tar_read(rest, &e, NULL) == CV_OK &&
               cv_torn_parse(e.data, &t, NULL) == CV_OK) {
            if (t.segment == h->number && t.offset < h->limit)
                h->limit = t.offset;
            rest = CV_BYTES(rest.p + e.bytes, rest.n - (size_t)e.bytes);
        }
        cv_buf_free(&head);
        st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    }
    return st;
}

/* hold(h, index, bytes, out): something that holds the place of an entry. */
static cv_status hold(uint64_t index, uint64_t bytes, struct cv_buf *out, struct cv_err *err)
{
    char name[CV_ENTRY_NAME_BYTES];
    struct cv_tar_writer *w = NULL;
    const size_t size = (size_t)bytes - CV_TAR_BLOCK_BYTES;
    uint8_t *filler = malloc(size + 1);
    cv_status st = filler == NULL ? CV_ERR_NOMEM : cv_tar_writer_new(out, &w);
    if (st == CV_OK) {
        memset(filler, '-', size); /* no zeros: they would look like space that was never written */
        cv_entry_name(index, CV_KIND_LOST, name);
        st = cv_tar_add(w, name, CV_BYTES(filler, size), err);
    }
    cv_tar_writer_free(w);
    free(filler);
    return st;
}

/* fill(h, from, to, next): bytes that hold entries from the one expected up to ${next}, which can be read no
 * more. */
static cv_status fill(struct holes *h, uint64_t from, uint64_t to, uint64_t next, struct cv_err *err)
{
    struct cv_buf held = { .max = CV_BUF_MAX };
    cv_status st = CV_OK;
    if (next <= h->expected || to - from < (next - h->expected) * CV_TAR_BLOCK_BYTES)
        return cv_fail(err, CV_ERR_LOG,
                       "archive/%08u.tar: what is damaged at %" PRIu64 " cannot be set apart", h->number,
                       from);
    while (st == CV_OK && h->expected + 1 < next)
        st = hold(h->expected++, CV_TAR_BLOCK_BYTES, &held, err);
    st = CV_THEN(st, hold(h->expected++, to - from - held.n, &held, err));
    if (st == CV_OK)
        memcpy(h->bytes.p + from, held.p, held.n);
    h->changed = true;
    cv_buf_free(&held);
    return st;
}

static bool is_bad(const struct holes *h, uint64_t index)
{
    size_t lo = 0, hi = h->count;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (h->bad[mid] < index)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < h->count && h->bad[lo] == index;
}

/* unreadable(h, at, next): no entry that belongs here stands at ${at}: from where on does one, and which? */
static cv_status unreadable(struct holes *h, uint64_t *at, struct cv_err *err)
{
    uint64_t index = 0, total;
    for (uint64_t p = *at + CV_TAR_BLOCK_BYTES; p < h->limit; p += CV_TAR_BLOCK_BYTES)
        if (entry_at(cv_buf_view(&h->bytes), p, &index, &total) && index > h->expected &&
            index - h->expected < CV_COMMIT_LEAVES_MAX && p + total <= h->limit) {
            cv_status st = fill(h, *at, p, index, err);
            *at = p;
            return st;
        }
    const uint64_t from = *at;
    *at = h->limit;
    if (h->limit == h->bytes.n && h->limit % CV_TAR_BLOCK_BYTES == 0 &&
        first_of(h->m, h->number + 1, &index) && index > h->expected)
        return fill(h, from, h->limit, index, err);
    return CV_OK; /* a tail: whether it may be one, the whole log tells */
}

static cv_status mend_segment(struct holes *h, struct cv_err *err)
{
    cv_status st = limit_of(h, err);
    for (uint64_t at = 0; st == CV_OK && at < h->limit;) {
        uint64_t index = 0, total = 0;
        if (!entry_at(cv_buf_view(&h->bytes), at, &index, &total) || index != h->expected ||
            at + total > h->limit) {
            st = unreadable(h, &at, err);
            continue;
        }
        if (is_bad(h, index))
            st = fill(h, at, at + total, index + 1, err);
        else
            h->expected++;
        at += total;
    }
    return st;
}

/* make_missing(h): a segment that is gone: places for what was in it. */
static cv_status make_missing(struct holes *h, struct cv_err *err)
{
    uint64_t next = 0;
    if (!first_of(h->m, h->number + 1, &next) || next <= h->expected ||
        next - h->expected >= CV_COMMIT_LEAVES_MAX)
        return cv_fail(err, CV_ERR_LOG, "archive/%08u.tar: cannot tell what was in it", h->number);
    h->changed = true;
    cv_status st = CV_OK;
    while (st == CV_OK && h->expected < next)
        st = hold(h->expected++, CV_TAR_BLOCK_BYTES, &h->bytes, err);
    return st;
}

static cv_status one(struct holes *h, struct cv_err *err)
{
    char name[16];
    h->bytes = (struct cv_buf){ .max = CV_BUF_MAX };
    h->changed = false;
    snprintf(name, sizeof(name), "%08u.tar", h->number);
    cv_status st = read_segment(h->m, h->number, UINT64_MAX, &h->bytes, err);
    if (st == CV_ERR_NOTFOUND)
        st = make_missing(h, err);
    else
        st = CV_THEN(st, mend_segment(h, err));
    if (st == CV_OK && h->changed) {
        st = cv_copy_file(h->m->archive, name, "new", cv_buf_view(&h->bytes), err);
        if (st == CV_OK)
            st = cv_mending_note(h->m, h->number, true);
    }
    cv_buf_free(&h->bytes);
    return st;
}

cv_status cv_mending_holes(struct cv_mending *m, const uint64_t *bad, size_t count, struct cv_err *err)
{
    struct holes h = { .m = m, .bad = bad, .count = count };
    cv_status st = CV_OK;
    for (h.number = 1; st == CV_OK && h.number <= m->last; h.number++)
        st = one(&h, err);
    return st;
}
