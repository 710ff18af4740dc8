#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/grant.h"
#include "vault/heads.h"
#include "vault/index_build.h"

/* Bringing the index up to date: entries are read in batches, and the parts of a batch are opened and taken
 * in by two threads, each with sections of its own. */

#define BATCH 256
#define BATCH_KEY_BYTES ((size_t)64 << 10) /* ends a batch that has many sections */
#define WORTH_TELLING 5000                 /* entries: what takes less is over before it can be read */

/* ---- what is missing ---- */

/* records_in(x, from, to, out): is there a record entry among them? */
static cv_status records_in(struct cv_index *x, uint64_t from, uint64_t to, bool *out, struct cv_err *err)
{
    uint64_t index = 0;
    const cv_status st =
        cv_catalog_next(cv_custody_catalog(x->v->custody), CV_KIND_RECORD, from, &index, err);
    *out = st == CV_OK && index < to;
    return st == CV_ERR_NOTFOUND ? CV_OK : st;
}

static cv_status add_span(struct building *b, struct cv_index_section *s, uint64_t from, uint64_t to,
                          size_t at, struct cv_err *err)
{
    bool any = false;
    cv_status st = from < to ? records_in(b->x, from, to, &any, err) : CV_OK;
    if (st != CV_OK || !any)
        return st;
    struct span *more = realloc(b->spans, (b->count + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    b->spans = more;
    more[b->count++] = (struct span){ .s = s, .from = from, .to = to, .at = at };
    return CV_OK;
}

/* plan(b, s): the gaps between shards, and what came after the last. */
static cv_status plan(struct building *b, struct cv_index_section *s, struct cv_err *err)
{
    uint64_t covered = 0;
    cv_status st = CV_OK;
    for (size_t i = 0; i < s->count && st == CV_OK; i++) {
        st = add_span(b, s, covered, s->shards[i]->head.from, i, err);
        covered = s->shards[i]->head.to;
    }
    return CV_THEN(st, add_span(b, s, covered, b->x->v->custody->chain.next, s->count, err));
}

static bool is_over(const struct span *span)
{
    return span->over;
}

/* span_of(b, s, index): the span of the section that an entry lies in, or NULL. */
static struct span *span_of(struct building *b, const char *section, uint64_t index)
{
    for (size_t i = 0; i < b->count; i++)
        if (index >= b->spans[i].from && index < b->spans[i].to && strcmp(b->spans[i].s->name, section) == 0)
            return &b->spans[i];
    return NULL;
}

/* ---- opening parts: in both threads ---- */

static struct cv_bytes key_of(const struct entry *e, size_t i)
{
    return CV_BYTES(e->keys.p + i * CV_BUILD_KEY_BYTES, CV_BUILD_KEY_BYTES);
}

/* open_part(b, e, i, plain): CV_ERR_AUTH, CV_ERR_FORMAT where it is damaged. */
static cv_status open_part(const struct building *b, const struct entry *e, size_t i, struct cv_buf *plain)
{
    const struct cv_part *part = &e->env.parts[i];
    const struct cv_place_of of = { cv_vault_policy(b->x->v)->vault_id, e->env.handle, part->name };
    struct cv_secret section = { 0 }, release = { 0 };
    cv_buf_truncate(plain, 0);
    cv_status st = cv_schedule_section(key_of(e, i + 1), &of, &section);
    st = CV_THEN(st, cv_schedule_release(key_of(e, 0), &of, &release));
    st = CV_THEN(st,
                 cv_part_open(cv_secret_view(&section), cv_secret_view(&release), &of, part->sealed, plain));
    cv_secret_free(&section);
    cv_secret_free(&release);
    return st;
}

/* grave(st): CV_OK for what costs an entry alone. */
static cv_status grave(cv_status st)
{
    return cv_index_grave(st) ? st : CV_OK;
}

/* take_head(e, plain): what the head says that the index needs to know. */
static cv_status take_head(struct entry *e, struct cv_bytes plain)
{
    const uint8_t *end = plain.n > 0 ? memchr(plain.p, '\n', plain.n) : NULL;
    struct cv_json *head = NULL;
    if (end == NULL)
        return CV_ERR_FORMAT;
    cv_status st = cv_json_parse(CV_BYTES(plain.p, (size_t)(end - plain.p)), plain.n, "head", &head, NULL);
    const char *type = cv_json_get_str(head, "type");
    const int64_t version = cv_json_get_int(head, "version");
    if (st == CV_OK && (type == NULL || strlen(type) >= sizeof(e->type) || version < 1))
        st = CV_ERR_FORMAT;
    st = CV_THEN(st, cv_id_parse(cv_json_text(cv_json_get(head, "id")), e->id, NULL));
    if (st == CV_OK) {
        strcpy(e->type, type);
        e->version = (uint64_t)version;
        e->carried = cv_json_ref(cv_json_get(head, "carried"));
        e->good = true;
    }
    cv_json_free(head);
    return st;
}

static void open_heads(void *arg)
{
    struct worker *w = arg;
    w->st = CV_OK;
    for (size_t i = w->first; i < w->last && w->st == CV_OK; i++) {
        struct entry *e = &w->b->batch[i];
        if (e->lost)
            continue;
        cv_status st = open_part(w->b, e, 0, &w->plain);
        st = CV_THEN(st, take_head(e, cv_buf_view(&w->plain)));
        e->lost = st != CV_OK;
        w->st = grave(st);
    }
    cv_buf_truncate(&w->plain, 0);
}

/* take_part(w, span, e, i): one section of one version. */
static cv_status take_part(struct worker *w, struct span *span, const struct entry *e, size_t i)
{
    struct cv_json *o = NULL;
    struct cv_shard_head *h = &span->shard->head;
    struct cv_filling what = {
        .type = e->type, .section = span->s->name, .entry = e->index, .version = e->version
    };
    memcpy(what.id, e->id, sizeof(what.id));
    cv_status st = open_part(w->b, e, i, &w->plain);
    st = CV_THEN(st, cv_json_parse(cv_buf_view(&w->plain), 2 * CV_RECORD_MAX_BYTES, "section", &o, NULL));
    what.data = cv_json_get(o, "data");
    st = CV_THEN(st, cv_index_fill(&w->filler, span->shard, &what));
    cv_json_free(o);
    if (st != CV_OK && grave(st) == CV_OK)
        st = cv_shard_lose(span->shard, e->index, false);
    h->slot_from = h->slot_to == 0 || e->env.slot < h->slot_from ? e->env.slot : h->slot_from;
    h->slot_to = e->env.slot >= h->slot_to ? e->env.slot + 1 : h->slot_to;
    return st;
}

static cv_status take_section(struct worker *w, struct span *span)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < w->b->entries && st == CV_OK; i++) {
        const struct entry *e = &w->b->batch[i];
        if (e->index < span->from || e->index >= span->to)
            continue;
        if (e->lost)
            st = cv_shard_lose(span->shard, e->index, e->again);
        if (!e->good || cv_json_get(e->carried, span->s->name) != NULL)
            continue;
        for (size_t k = 1; k < e->env.count && st == CV_OK; k++)
            if (strcmp(e->env.parts[k].name, span->s->name) == 0 &&
                strcmp(e->env.parts[k].section, span->s->name) == 0)
                st = take_part(w, span, e, k);
    }
    return st;
}

static void take_sections(void *arg)
{
    struct worker *w = arg;
    w->st = CV_OK;
    for (size_t i = 0; i < w->count && w->st == CV_OK; i++)
        w->st = take_section(w, w->spans[i]);
    cv_buf_truncate(&w->plain, 0);
}

/* ---- batches: in the first thread ---- */

/* gather(b, index): into the batch, with the keys of what is wanted of it. An entry that is erased, or whose
 * head this member may not read, is left out; one that is damaged is there, and lost. */
static cv_status gather(struct building *b, uint64_t index, struct cv_err *err)
{
    struct cv_vault *v = b->x->v;
    struct entry *e = &b->batch[b->entries];
    struct cv_reached r = { 0 };
    memset(e, 0, sizeof(*e));
    e->index = index;
    cv_status st = cv_index_reach(v, index, &r, NULL);
    if (st != CV_OK && st != CV_ERR_NOKEY && !cv_index_grave(st)) {
        e->lost = e->again = true;
        b->entries++;
        return CV_OK;
    }
    st = CV_THEN(st, cv_secret_alloc(&e->keys, (1 + r.env.count) * CV_BUILD_KEY_BYTES));
    if (st == CV_OK)
        memcpy(e->keys.p, r.release.p, CV_BUILD_KEY_BYTES);
    e->env = r.env; /* whose views are into the data */
    e->data = r.data;
    r.data = (struct cv_buf){ 0 };
    for (size_t i = 0; i < e->env.count && st == CV_OK; i++) {
        struct cv_bytes key;
        if (i > 0 && span_of(b, e->env.parts[i].name, index) == NULL)
            continue;
        st = cv_keyring_batch(v->keys, e->env.batch, e->env.parts[i].section, &key, NULL);
        if (st == CV_OK)
            memcpy(e->keys.p + (1 + i) * CV_BUILD_KEY_BYTES, key.p, CV_BUILD_KEY_BYTES);
        else if (i > 0 && grave(st) == CV_OK)
            st = CV_OK; /* zeros open nothing */
    }
    cv_reached_free(&r);
    if (st == CV_OK) {
        b->entries++;
        b->key_bytes += e->keys.n;
    } else {
        cv_buf_free(&e->data);
        cv_secret_free(&e->keys);
    }
    return grave(st) == CV_OK ? CV_OK : cv_err_note(err, st, "index");
}

/* weigh(b, span): bytes that a span has in this batch; of a lost entry it has something, whatever it was. */
static size_t weigh(const struct building *b, const struct span *span)
{
    size_t bytes = 0;
    for (size_t i = 0; i < b->entries; i++) {
        const struct entry *e = &b->batch[i];
        const struct cv_part *part = cv_envelope_part(&e->env, span->s->name);
        if (e->index >= span->from && e->index < span->to)
            bytes += e->lost ? 1 : part != NULL ? part->sealed.n : 0;
    }
    return bytes;
}

/* deal(b): every span that has something in this batch to one of the threads, to the one with less so far;
 * the shard that it goes into is begun. */
static cv_status deal(struct building *b)
{
    size_t load[2] = { 0, 0 };
    cv_status st = CV_OK;
    b->workers[0].count = b->workers[1].count = 0;
    for (size_t i = 0; i < b->count && st == CV_OK; i++) {
        struct span *span = &b->spans[i];
        const size_t bytes = weigh(b, span);
        if (bytes == 0)
            continue;
        struct worker *w = &b->workers[load[1] < load[0] ? 1 : 0];
        load[w - b->workers] += bytes;
        if (span->shard == NULL)
            st = cv_span_begin(b, span);
        w->spans[w->count++] = span;
    }
    return st;
}

/* close_full(b, after): entries before ${after} were read: shards that are full end here, and so do spans,
 * also one in which there was nothing to find: it is not to be read again. */
static cv_status close_full(struct building *b, uint64_t after, struct cv_err *err)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < b->count && st == CV_OK; i++) {
        struct span *span = &b->spans[i];
        const bool over = after >= span->to && span->from < span->to;
        if (!over && (span->shard == NULL || span->shard->head.records < cv_shard_full))
            continue;
        const uint64_t end = over ? span->to : after;
        if (span->shard == NULL)
            st = cv_span_begin(b, span);
        st = CV_THEN(st, cv_span_end(b, span, end, err));
        span->from = end;
    }
    cv_span_deal(b, is_over);
    st = CV_THEN(st, cv_span_both(b, cv_span_seal));
    for (size_t i = 0; i < b->count; i++)
        if (b->spans[i].over) {
            b->spans[i].over = false;
            b->spans[i].shard = NULL;
            b->spans[i].at++;
        }
    return st;
}

static void empty_batch(struct building *b)
{
    for (size_t i = 0; i < b->entries; i++) {
        cv_buf_free(&b->batch[i].data);
        cv_secret_free(&b->batch[i].keys);
        cv_json_free(b->batch[i].carried);
    }
    b->entries = 0;
    b->key_bytes = 0;
}

static cv_status work_off(struct building *b, uint64_t after, struct cv_err *err)
{
    const size_t half = b->entries / 2;
    b->workers[0].first = 0;
    b->workers[0].last = b->workers[1].first = half;
    b->workers[1].last = b->entries;
    cv_status st = cv_span_both(b, open_heads);
    st = CV_THEN(st, deal(b));
    st = CV_THEN(st, cv_span_both(b, take_sections));
    empty_batch(b);
    return CV_THEN(st, close_full(b, after, err));
}

static void tell_progress(const struct cv_vault *v, uint64_t entries, uint64_t total)
{
    if (v->progress != NULL && total >= WORTH_TELLING)
        v->progress(v->progress_arg, "Reading into the search index, entries", entries, total);
}

/* read_all(b): every record entry that some span covers. */
static cv_status read_all(struct building *b, uint64_t from, uint64_t to, struct cv_err *err)
{
    struct cv_vault *v = b->x->v;
    const uint64_t first = from;
    uint64_t index = from;
    cv_status st = CV_OK;
    while (st == CV_OK && from < to) {
        st = cv_catalog_next(cv_custody_catalog(v->custody), CV_KIND_RECORD, from, &index, err);
        if (st != CV_OK || index >= to)
            break;
        from = index + 1;
        bool wanted = false;
        for (size_t i = 0; i < b->count; i++)
            wanted = wanted || (index >= b->spans[i].from && index < b->spans[i].to);
        st = wanted ? gather(b, index, err) : CV_OK;
        if (st == CV_OK && (b->entries == BATCH || b->key_bytes >= BATCH_KEY_BYTES)) {
            st = work_off(b, from, err);
            tell_progress(v, from - first, to - first);
        }
    }
    st = st == CV_ERR_NOTFOUND ? CV_OK : st;
    st = CV_THEN(st, work_off(b, to, err));
    tell_progress(v, to - first, to - first);
    return st;
}

/* ---- the event ---- */

/* tell(b, sections, detail): which sections of which entries are going to be read. */
static cv_status tell(const struct building *b, struct cv_json *sections, struct cv_buf *detail)
{
    cv_status st = CV_OK;
    bool alike = true;
    for (size_t i = 0; i < b->count && st == CV_OK; i++) {
        st = cv_json_push_word(sections, b->spans[i].s->name);
        alike = alike && b->spans[i].from == b->spans[0].from && b->spans[i].to == b->spans[0].to;
    }
    for (size_t i = 0; i < (alike ? 1 : b->count) && st == CV_OK; i++) {
        const struct span *span = &b->spans[i];
        st = cv_buf_printf(detail, "%s%s%sentries %" PRIu64 " to %" PRIu64, i > 0 ? "; " : "",
                           alike ? "" : span->s->name, alike ? "" : " of ", span->from, span->to - 1);
    }
    return CV_THEN(st, cv_buf_append(detail, CV_BYTES("", 1)));
}

static cv_status log_reading(const struct building *b, const char *reason, struct cv_err *err)
{
    struct cv_json *sections = cv_json_array();
    struct cv_buf detail = { 0 };
    cv_status st = sections == NULL ? CV_ERR_NOMEM : tell(b, sections, &detail);
    const struct cv_event event = {
        .action = "index", .sections = sections, .detail = (const char *)detail.p, .reason = reason
    };
    st = CV_THEN(st, cv_event_log(b->x->v, &event, err));
    cv_json_free(sections);
    cv_buf_free(&detail);
    return st;
}

/* ---- all of it ---- */

/* ready(b, workers): what the two threads work with; ended by done(). */
static cv_status ready(struct building *b, struct worker workers[static 2])
{
    struct span **own = calloc(2 * b->count + 1, sizeof(*own));
    b->workers = workers;
    b->batch = calloc(BATCH, sizeof(*b->batch));
    for (size_t i = 0; i < 2; i++)
        workers[i] = (struct worker){ .b = b, .filler = { .template = b->x->v->template } };
    workers[0].filler.folder = b->x->folder;
    workers[0].spans = own;
    if (own != NULL)
        workers[1].spans = own + b->count;
    return b->batch == NULL || own == NULL ? CV_ERR_NOMEM : cv_folder_new(&workers[1].filler.folder);
}

static void done(struct building *b)
{
    empty_batch(b);
    cv_beside_free(b->beside);
    cv_folder_free(b->workers[1].filler.folder);
    free(b->workers[0].spans);
    for (size_t i = 0; i < 2; i++) {
        cv_buf_free(&b->workers[i].plain);
        cv_buf_free(&b->workers[i].filler.words);
        cv_marks_free(&b->workers[i].filler.marks);
    }
    for (size_t i = 0; i < b->count; i++)
        cv_secret_free(&b->spans[i].key);
    free(b->batch);
}

static cv_status build(struct building *b, const char *reason, struct cv_err *err)
{
    struct worker workers[2];
    uint64_t from = UINT64_MAX, to = 0;
    cv_status st = ready(b, workers);
    st = CV_THEN(st, cv_span_go_on(b, err));
    for (size_t i = 0; i < b->count; i++) {
        from = b->spans[i].from < from ? b->spans[i].from : from;
        to = b->spans[i].to > to ? b->spans[i].to : to;
    }
    st = CV_THEN(st, log_reading(b, reason, err));
    st = CV_THEN(st, read_all(b, from, to, err));
    done(b);
    return st;
}

cv_status cv_index_build(struct cv_index *x, const char *reason, struct cv_err *err)
{
    struct building b = { .x = x };
    cv_status st = CV_OK;
    for (size_t i = 0; i < x->count && st == CV_OK; i++)
        st = plan(&b, &x->s[i], err);
    if (st == CV_OK && b.count > 0)
        st = build(&b, reason, err);
    free(b.spans);
    st = CV_THEN(st, cv_index_lost(x));
    return cv_err_note(err, st, "index");
}
