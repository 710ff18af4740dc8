#include "formats/report.h"

#include <stdlib.h>
#include <string.h>

#include "formats/csv.h"
#include "formats/date.h"
#include "formats/logline.h"
#include "formats/report_ties.h"

#define CLOCK_SECONDS 600 /* clocks may differ by that much */
#define DAY_SECONDS 86400

static bool one_of(const char *word, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

static enum cv_report_group group_of(const char *action)
{
    static const char *const reads[] = { "read", "fetch", "list", "index", "search", "stats", NULL };
    static const char *const writes[] = { "create", "edit", "attach", "import", NULL };
    return one_of(action, reads)            ? CV_REPORT_READ
           : one_of(action, writes)         ? CV_REPORT_WRITTEN
           : cv_logline_leaves(action)      ? CV_REPORT_LEAVING
           : strcmp(action, "refused") == 0 ? CV_REPORT_REFUSED
                                            : CV_REPORT_OTHER;
}

/* reads_records(event, action): and not only that there are new ones. */
static bool reads_records(const struct cv_json *event, const char *action)
{
    return strcmp(action, "read") == 0 || strcmp(action, "fetch") == 0 || strcmp(action, "export") == 0 ||
           ((strcmp(action, "list") == 0 || strcmp(action, "search") == 0) &&
            cv_json_len(cv_json_get(event, "ids")) > 0);
}

static bool share_word(const struct cv_json *a, const struct cv_json *b)
{
    for (size_t i = 0; i < cv_json_len(a); i++) {
        const char *word = cv_json_cstr(cv_json_at(a, i));
        if (word != NULL && cv_json_has_word(b, word))
            return true;
    }
    return false;
}

/* unusual(at): before 06:00, from 22:00 on, or at a weekend; in UTC. */
static bool unusual(int64_t at)
{
    if (at == INT64_MIN)
        return false;
    /* The first day of 1970 was a Thursday; days before it are brought up by whole weeks. */
    const int64_t second = ((at % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
    const int64_t weekday = ((((at - second) / DAY_SECONDS + 3) % 7) + 7) % 7; /* 0: Monday */
    return weekday >= 5 || second < 6 * 3600 || second >= 22 * 3600;
}

/* lists_of(r, e, event): all that can be told from the entry itself. */
static uint32_t lists_of(const struct cv_report *r, const struct cv_report_entry *e,
                         const struct cv_json *event)
{
    static const struct {
        const char *action;
        enum cv_report_list list;
    } plain[] = {
        { "recovery", CV_REPORT_RECOVERY }, { "unreadable", CV_REPORT_UNREADABLE },
        { "basis", CV_REPORT_BASIS },       { "refused", CV_REPORT_REFUSALS },
        { "init", CV_REPORT_POLICY },       { "policy", CV_REPORT_POLICY },
        { "propose", CV_REPORT_POLICY },    { "approve", CV_REPORT_APPROVALS },
        { "agree", CV_REPORT_APPROVALS },   { "grant", CV_REPORT_GRANTS },
        { "hold", CV_REPORT_GRANTS },       { "clear", CV_REPORT_GRANTS },
        { "erase", CV_REPORT_ERASURES },
    };
    const char *action = cv_logline_get(event, "action");
    uint32_t lists = 0;
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        if (strcmp(action, plain[i].action) == 0)
            lists |= 1U << plain[i].list;
    if (cv_logline_leaves(action))
        lists |= 1U << CV_REPORT_EXPORTS;
    if (e->forged)
        lists |= 1U << CV_REPORT_FORGED;
    if (e->at == INT64_MIN)
        lists |= 1U << CV_REPORT_CLOCK;
    if (!e->reading)
        return lists;
    if (share_word(cv_json_get(event, "sections"), cv_json_get(r->doc, "personal")))
        lists |= 1U << CV_REPORT_PERSONAL;
    if (cv_json_len(cv_json_get(event, "ids")) > CV_REPORT_MANY_IDS)
        lists |= 1U << CV_REPORT_BULK;
    if (unusual(e->at))
        lists |= 1U << CV_REPORT_HOURS;
    return lists;
}

/* ---- the entries, one by one ---- */

/* member_of(r, who, out): their place; that of the entry before is tried first. */
static cv_status member_of(struct cv_report *r, const char *who, uint32_t *out)
{
    *out = r->count > 0 ? r->entries[r->count - 1].member : 0;
    if (*out < r->known && strcmp(r->members[*out].who, who) == 0)
        return CV_OK;
    for (*out = 0; *out < r->known; ++*out)
        if (strcmp(r->members[*out].who, who) == 0)
            return CV_OK;
    struct cv_report_member *more = realloc(r->members, (r->known + 1) * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    r->members = more;
    more[r->known] = (struct cv_report_member){ .who = strdup(who), .came = *out };
    if (more[r->known].who == NULL)
        return CV_ERR_NOMEM;
    r->known++;
    return CV_OK;
}

/* roles_of(r, roles, out): which of the sets it is; that of the entry before is tried first. */
static cv_status roles_of(struct cv_report *r, const struct cv_json *roles, uint32_t *out)
{
    *out = r->count > 0 ? r->entries[r->count - 1].roles : 0;
    if (cv_json_equal(cv_json_at(r->role_sets, *out), roles))
        return CV_OK;
    for (*out = 0; *out < cv_json_len(r->role_sets); ++*out)
        if (cv_json_equal(cv_json_at(r->role_sets, *out), roles))
            return CV_OK;
    return cv_json_push(r->role_sets, cv_json_copy(roles));
}

static cv_status make_room(struct cv_report *r)
{
    if (r->count < r->room)
        return CV_OK;
    const size_t room = r->room > 0 ? 2 * r->room : 256;
    struct cv_report_entry *more = room > UINT32_MAX ? NULL : realloc(r->entries, room * sizeof(*more));
    if (more == NULL)
        return CV_ERR_NOMEM;
    r->entries = more;
    r->room = room;
    return CV_OK;
}

cv_status cv_report_add(struct cv_report *r, uint64_t entry, const struct cv_json *event,
                        const struct cv_json *roles)
{
    const char *action = cv_logline_get(event, "action"), *who = cv_logline_get(event, "written_by");
    struct cv_report_entry e = { .index = entry,
                                 .at = cv_logline_dated(event)
                                           ? cv_date_seconds(cv_bytes_str(cv_logline_get(event, "time")))
                                           : INT64_MIN,
                                 .group = (uint8_t)group_of(action),
                                 .reading = reads_records(event, action),
                                 .forged = cv_json_get(event, "written_by") != NULL,
                                 .refs = cv_json_len(cv_json_get(event, "refs")) > 0,
                                 .ties = cv_report_ties(action) };
    e.lists = lists_of(r, &e, event);
    cv_status st = make_room(r);
    st = CV_THEN(st, member_of(r, strcmp(who, "-") != 0 ? who : cv_logline_get(event, "member"), &e.member));
    if (cv_json_is(roles, CV_JSON_ARRAY)) /* or else it stays the first, which is empty */
        st = CV_THEN(st, roles_of(r, roles, &e.roles));
    if (st == CV_OK)
        r->entries[r->count++] = e;
    return st;
}

cv_status cv_report_event(const struct cv_report *r, const struct cv_report_entry *e, struct cv_json **out,
                          struct cv_err *err)
{
    *out = NULL;
    cv_status st = r->source.read(r->source.arg, e->index, out, err);
    if (st == CV_OK && e->forged && cv_json_is(*out, CV_JSON_OBJECT))
        st = cv_json_set(*out, "written_by", cv_json_str(r->members[e->member].who));
    if (st != CV_OK) {
        cv_json_free(*out);
        *out = NULL;
    }
    return st;
}

/* ---- the period ---- */

static void mark_within(struct cv_report *r)
{
    const int64_t since = cv_date_seconds(cv_bytes_str(r->from));
    const int64_t until = cv_date_seconds(cv_bytes_str(r->to)) + DAY_SECONDS - 1;
    for (size_t i = 0; i < r->count; i++) {
        struct cv_report_entry *e = &r->entries[i];
        e->within = e->at == INT64_MIN || (e->at >= since && e->at <= until);
        e->lists = e->within ? e->lists : 0;
        r->within += e->within;
    }
}

/* ---- bulk reads ---- */

static int64_t day_of(const struct cv_report_entry *e)
{
    return e->at == INT64_MIN ? INT64_MIN : e->at / DAY_SECONDS - (e->at % DAY_SECONDS < 0);
}

static int by_member_and_day(const void *a, const void *b)
{
    const struct cv_report_entry *x = *(struct cv_report_entry *const *)a,
                                 *y = *(struct cv_report_entry *const *)b;
    const int64_t on = day_of(x), other = day_of(y);
    return x->member != y->member ? (x->member < y->member ? -1 : 1) : (on > other) - (on < other);
}

/* mark_bulk(r): the reads of who read much in one day. */
static cv_status mark_bulk(struct cv_report *r)
{
    struct cv_report_entry **reads = calloc(r->count + 1, sizeof(*reads));
    size_t n = 0;
    if (reads == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].within && r->entries[i].reading)
            reads[n++] = &r->entries[i];
    qsort(reads, n, sizeof(*reads), by_member_and_day);
    for (size_t from = 0, to = 0; from < n; from = to) {
        while (to < n && by_member_and_day(&reads[from], &reads[to]) == 0)
            to++;
        for (size_t i = from; i < to && to - from > CV_REPORT_MANY_READS; i++)
            reads[i]->lists |= 1U << CV_REPORT_BULK;
    }
    free(reads);
    return CV_OK;
}

/* ---- clocks: the order of entries is proved, and their times should not contradict it ---- */

#define NONE UINT32_MAX

/* keep_longest(r, before, tails): the most entries whose times do not contradict each other are believed;
 * ${before}: of each the one before it in the longest run that it ends. */
static void keep_longest(struct cv_report *r, uint32_t *before, uint32_t *tails)
{
    size_t length = 0;
    for (size_t i = 0; i < r->count; i++) {
        size_t low = 0, high = length;
        if (r->entries[i].at == INT64_MIN)
            continue;
        while (low < high) {
            const size_t mid = low + (high - low) / 2;
            if (r->entries[tails[mid]].at <= r->entries[i].at)
                low = mid + 1;
            else
                high = mid;
        }
        before[i] = low > 0 ? tails[low - 1] : NONE;
        tails[low] = (uint32_t)i;
        length += low == length;
    }
    for (uint32_t i = length > 0 ? tails[length - 1] : NONE; i != NONE; i = before[i])
        r->entries[i].kept = true;
}

/* mark_odd(r): the others, if they are off by more than clocks are, and they or what they stand between are
 * of the period. */
static void mark_odd(struct cv_report *r)
{
    const int64_t since = cv_date_seconds(cv_bytes_str(r->from));
    const int64_t until = cv_date_seconds(cv_bytes_str(r->to)) + DAY_SECONDS - 1;
    int64_t after = INT64_MAX, before = INT64_MIN;
    for (size_t i = r->count; i-- > 0;) {
        struct cv_report_entry *e = &r->entries[i];
        if (e->kept)
            after = e->at;
        else if (e->at != INT64_MIN && after != INT64_MAX && e->at - CLOCK_SECONDS > after &&
                 (e->within || (after >= since && after <= until)))
            e->lists |= 1U << CV_REPORT_CLOCK;
    }
    for (size_t i = 0; i < r->count; i++) {
        struct cv_report_entry *e = &r->entries[i];
        if (e->kept)
            before = e->at;
        else if (e->at != INT64_MIN && before != INT64_MIN && e->at + CLOCK_SECONDS < before &&
                 (e->within || (before >= since && before <= until)))
            e->lists |= 1U << CV_REPORT_CLOCK;
    }
}

static cv_status mark_clocks(struct cv_report *r)
{
    uint32_t *before = calloc(r->count + 1, sizeof(*before)), *tails = calloc(r->count + 1, sizeof(*tails));
    const cv_status st = before == NULL || tails == NULL ? CV_ERR_NOMEM : CV_OK;
    if (st == CV_OK) {
        keep_longest(r, before, tails);
        mark_odd(r);
    }
    free(before);
    free(tails);
    return st;
}

/* ---- members ---- */

static int by_total(const void *a, const void *b)
{
    const struct cv_report_member *x = a, *y = b;
    return x->total != y->total   ? (x->total < y->total ? 1 : -1)
           : x->shown != y->shown ? (x->shown ? -1 : 1)
                                  : strcmp(x->who, y->who);
}

/* count_members(r): what each did of what the page shows. */
static void count_members(struct cv_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct cv_report_entry *e = &r->entries[i];
        struct cv_report_member *m = &r->members[e->member];
        m->total += e->within;
        m->groups[e->group] += e->within;
        m->shown = m->shown || e->within || e->lists != 0;
        for (size_t k = 0; k < CV_REPORT_LISTS; k++) {
            m->lists[k] += e->lists >> k & 1U;
            r->lists[k] += e->lists >> k & 1U;
        }
    }
}

/* order_members(r): and entries are told their new places. */
static cv_status order_members(struct cv_report *r)
{
    uint32_t *place = calloc(r->known + 1, sizeof(*place));
    if (place == NULL)
        return CV_ERR_NOMEM;
    if (r->known > 0)
        qsort(r->members, r->known, sizeof(*r->members), by_total);
    for (size_t m = 0; m < r->known; m++) {
        struct cv_report_member *of = &r->members[m];
        of->names = cv_json_get(cv_json_get(r->doc, "names"), of->who);
        place[of->came] = (uint32_t)m;
        r->member_count += of->shown;
    }
    for (size_t i = 0; i < r->count; i++)
        r->entries[i].member = place[r->entries[i].member];
    free(place);
    return CV_OK;
}

static cv_status collect_roles(struct cv_report *r)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < r->count && st == CV_OK; i++) {
        const struct cv_json *roles = cv_json_at(r->role_sets, r->entries[i].roles);
        for (size_t k = 0; r->entries[i].within && k < cv_json_len(roles) && st == CV_OK; k++)
            if (cv_json_cstr(cv_json_at(roles, k)) != NULL)
                st = cv_json_push_word(r->roles, cv_json_cstr(cv_json_at(roles, k)));
    }
    return st;
}

/* ---- all of it ---- */

cv_status cv_report_new(const struct cv_json *doc, const struct cv_report_source *source,
                        struct cv_report *out)
{
    *out = (struct cv_report){
        .doc = doc, .source = *source, .roles = cv_json_array(), .role_sets = cv_json_array()
    };
    cv_status st = out->roles == NULL || out->role_sets == NULL ? CV_ERR_NOMEM : CV_OK;
    st = CV_THEN(st, cv_json_push(out->role_sets, cv_json_array()));
    if (st != CV_OK)
        cv_report_free(out);
    return st;
}

cv_status cv_report_judge(struct cv_report *r, struct cv_err *err)
{
    r->from = cv_logline_get(r->doc, "from");
    r->to = cv_logline_get(r->doc, "to");
    if (!cv_date_ok(cv_bytes_str(r->from), false) || !cv_date_ok(cv_bytes_str(r->to), false) ||
        strcmp(r->from, r->to) > 0)
        return cv_fail(err, CV_ERR_FORMAT, "report: no period");
    mark_within(r);
    cv_status st = mark_bulk(r);
    st = CV_THEN(st, mark_clocks(r));
    st = CV_THEN(st, cv_report_mark_untied(r, err));
    if (st == CV_OK)
        count_members(r);
    st = CV_THEN(st, order_members(r));
    st = CV_THEN(st, collect_roles(r));
    return cv_err_note(err, st, "report");
}

void cv_report_free(struct cv_report *r)
{
    for (size_t m = 0; m < r->known; m++)
        free(r->members[m].who);
    free(r->entries);
    free(r->members);
    cv_json_free(r->roles);
    cv_json_free(r->role_sets);
    *r = (struct cv_report){ 0 };
}

const char *cv_report_word(enum cv_report_list list)
{
    static const char *const words[CV_REPORT_LISTS] = {
        "recovery", "forged", "unreadable", "clock",  "basis",     "refused", "untied",   "personal",
        "hours",    "bulk",   "exports",    "policy", "approvals", "grants",  "erasures",
    };
    return words[list];
}

static cv_status csv_row(const struct cv_report *r, const struct cv_report_entry *e, struct cv_buf *out,
                         struct cv_err *err)
{
    struct cv_buf name = { 0 }, lists = { 0 };
    struct cv_json *event = NULL;
    cv_status st = cv_report_event(r, e, &event, err);
    st = CV_THEN(st, cv_logline_names(
                         cv_json_get(cv_json_get(r->doc, "names"), cv_logline_get(event, "member")), &name));
    st = CV_THEN(st, cv_buf_append(&name, CV_LIT("\0")));
    for (size_t i = 0; i < CV_REPORT_LISTS && st == CV_OK; i++)
        if (e->lists >> i & 1U)
            st =
                cv_buf_printf(&lists, "%s%s", lists.n > 0 ? " " : "", cv_report_word((enum cv_report_list)i));
    st = CV_THEN(st, cv_buf_append(&lists, CV_LIT("\0")));
    st =
        CV_THEN(st, cv_logline_csv(e->index, event, event, (const char *)name.p, (const char *)lists.p, out));
    cv_json_free(event);
    cv_buf_free(&name);
    cv_buf_free(&lists);
    return st;
}

cv_status cv_report_csv(const struct cv_report *r, cv_report_sink sink, void *arg, struct cv_err *err)
{
    struct cv_buf out = { 0 };
    cv_status st = cv_json_get_bool(r->doc, "training")
                       ? cv_csv_cell("TRAINING - no real people are in this vault", true, &out)
                       : CV_OK;
    st = CV_THEN(st, cv_logline_csv_head("lists", &out));
    st = CV_THEN(st, sink(arg, cv_buf_view(&out), err));
    for (size_t i = 0; i < r->count && st == CV_OK; i++) {
        cv_buf_truncate(&out, 0);
        if (r->entries[i].within || r->entries[i].lists != 0) {
            st = csv_row(r, &r->entries[i], &out, err);
            st = CV_THEN(st, sink(arg, cv_buf_view(&out), err));
        }
    }
    cv_buf_free(&out);
    return cv_err_note(err, st, "report");
}
