#include "formats/report.h"

#include <stdlib.h>
#include <string.h>

#include "formats/csv.h"
#include "formats/date.h"
#include "formats/logline.h"

#define CLOCK_SECONDS 600 /* clocks may differ by that much */
#define DAY_CHARS ((size_t)10)
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
    static const char *const reads[] = { "read", "list", "index", "search", NULL };
    static const char *const writes[] = { "create", "edit", "import", NULL };
    return one_of(action, reads)            ? CV_REPORT_READ
           : one_of(action, writes)         ? CV_REPORT_WRITTEN
           : cv_logline_leaves(action)      ? CV_REPORT_LEAVING
           : strcmp(action, "refused") == 0 ? CV_REPORT_REFUSED
                                            : CV_REPORT_OTHER;
}

/* reads_records(event, action): and not only that there are new ones. */
static bool reads_records(const struct cv_json *event, const char *action)
{
    return strcmp(action, "read") == 0 || strcmp(action, "export") == 0 ||
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

/* unusual(time): before 06:00, from 22:00 on, or at a weekend; in UTC. */
static bool unusual(const char *time)
{
    const int64_t s = cv_date_seconds(cv_bytes_str(time));
    if (s == INT64_MIN)
        return false;
    /* The first day of 1970 was a Thursday; days before it are brought up by whole weeks. */
    const int64_t day = (s - (((s % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS)) / DAY_SECONDS;
    const int64_t weekday = (((day + 3) % 7) + 7) % 7; /* 0: Monday */
    const char hour[] = { time[11], time[12], '\0' };
    return weekday >= 5 || strcmp(hour, "06") < 0 || strcmp(hour, "22") >= 0;
}

/* lists_of(r, e): all that can be told from the entry itself. */
static uint32_t lists_of(const struct cv_report *r, const struct cv_report_entry *e)
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
    uint32_t lists = 0;
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        if (strcmp(e->action, plain[i].action) == 0)
            lists |= 1U << plain[i].list;
    if (cv_logline_leaves(e->action))
        lists |= 1U << CV_REPORT_EXPORTS;
    if (cv_json_get(e->event, "written_by") != NULL)
        lists |= 1U << CV_REPORT_FORGED;
    if (!cv_logline_dated(e->event))
        lists |= 1U << CV_REPORT_CLOCK;
    if (!e->reading)
        return lists;
    if (share_word(cv_json_get(e->event, "sections"), cv_json_get(r->doc, "personal")))
        lists |= 1U << CV_REPORT_PERSONAL;
    if (cv_json_len(cv_json_get(e->event, "ids")) > CV_REPORT_MANY_IDS)
        lists |= 1U << CV_REPORT_BULK;
    if (unusual(e->time))
        lists |= 1U << CV_REPORT_HOURS;
    return lists;
}

static void read_entry(const struct cv_report *r, const struct cv_json *event, struct cv_report_entry *e)
{
    char since[CV_LOGLINE_TIME_BYTES], until[CV_LOGLINE_TIME_BYTES];
    *e = (struct cv_report_entry){ .event = event,
                                   .index = (uint64_t)cv_json_get_int(event, "entry"),
                                   .who = cv_logline_get(event, "written_by"),
                                   .time = cv_logline_dated(event) ? cv_logline_get(event, "time") : "-",
                                   .action = cv_logline_get(event, "action") };
    if (strcmp(e->who, "-") == 0)
        e->who = cv_logline_get(event, "member");
    e->group = group_of(e->action);
    e->reading = reads_records(event, e->action);
    e->within = cv_logline_bound(r->from, false, since) && cv_logline_bound(r->to, true, until) &&
                cv_logline_within(event, since, until);
    e->lists = e->within ? lists_of(r, e) : 0;
}

/* ---- bulk reads ---- */

static int by_member_and_day(const void *a, const void *b)
{
    const struct cv_report_entry *x = *(struct cv_report_entry *const *)a,
                                 *y = *(struct cv_report_entry *const *)b;
    const int who = strcmp(x->who, y->who);
    return who != 0 ? who : strncmp(x->time, y->time, DAY_CHARS);
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

struct clock {
    struct cv_report_entry *entry;
    int64_t at;
    size_t before; /* in the longest run that ends here */
    bool kept;
};

/* keep_longest(c, n, tails): the most entries whose times do not contradict each other are believed. */
static void keep_longest(struct clock *c, size_t n, size_t *tails)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = length;
        while (low < high) {
            const size_t mid = low + (high - low) / 2;
            if (c[tails[mid]].at <= c[i].at)
                low = mid + 1;
            else
                high = mid;
        }
        c[i].before = low > 0 ? tails[low - 1] : SIZE_MAX;
        tails[low] = i;
        length += low == length;
    }
    for (size_t i = length > 0 ? tails[length - 1] : SIZE_MAX; i != SIZE_MAX; i = c[i].before)
        c[i].kept = true;
}

/* mark_odd(c, n, since, until): the others, if they are off by more than clocks are, and they or what they
 * stand between are of the period. */
static void mark_odd(struct clock *c, size_t n, int64_t since, int64_t until)
{
    int64_t after = INT64_MAX, before = INT64_MIN;
    for (size_t i = n; i-- > 0;) { /* `before` of a clock is not needed any more: it holds what comes next */
        if (c[i].kept)
            after = c[i].at;
        else if (after != INT64_MAX && c[i].at - CLOCK_SECONDS > after &&
                 (c[i].entry->within || (after >= since && after <= until)))
            c[i].entry->lists |= 1U << CV_REPORT_CLOCK;
    }
    for (size_t i = 0; i < n; i++) {
        if (c[i].kept)
            before = c[i].at;
        else if (before != INT64_MIN && c[i].at + CLOCK_SECONDS < before &&
                 (c[i].entry->within || (before >= since && before <= until)))
            c[i].entry->lists |= 1U << CV_REPORT_CLOCK;
    }
}

static cv_status mark_clocks(struct cv_report *r)
{
    struct clock *c = calloc(r->count + 1, sizeof(*c));
    size_t *tails = calloc(r->count + 1, sizeof(*tails)), n = 0;
    cv_status st = c == NULL || tails == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < r->count && st == CV_OK; i++) {
        const int64_t at = cv_date_seconds(cv_bytes_str(r->entries[i].time));
        if (at != INT64_MIN)
            c[n++] = (struct clock){ .entry = &r->entries[i], .at = at };
    }
    if (st == CV_OK) {
        keep_longest(c, n, tails);
        mark_odd(c, n, cv_date_seconds(cv_bytes_str(r->from)),
                 cv_date_seconds(cv_bytes_str(r->to)) + DAY_SECONDS - 1);
    }
    free(c);
    free(tails);
    return st;
}

/* ---- members ---- */

static int by_who(const void *a, const void *b)
{
    return strcmp(((const struct cv_report_member *)a)->who, ((const struct cv_report_member *)b)->who);
}

static int by_total(const void *a, const void *b)
{
    const struct cv_report_member *x = a, *y = b;
    return x->total != y->total ? (x->total < y->total ? 1 : -1) : strcmp(x->who, y->who);
}

static void count_entry(const struct cv_report_entry *e, struct cv_report_member *m)
{
    if (e->within) {
        m->total++;
        m->groups[e->group]++;
    }
    for (size_t i = 0; i < CV_REPORT_LISTS; i++)
        m->lists[i] += e->lists >> i & 1U;
}

/* count_members(r): one for each who wrote an entry that the page shows. */
static cv_status count_members(struct cv_report *r)
{
    size_t n = 0;
    r->members = calloc(r->count + 1, sizeof(*r->members));
    if (r->members == NULL)
        return CV_ERR_NOMEM;
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].within || r->entries[i].lists != 0)
            r->members[n++].who = r->entries[i].who;
    qsort(r->members, n, sizeof(*r->members), by_who);
    for (size_t i = 0; i < n; i++)
        if (r->member_count == 0 || by_who(&r->members[r->member_count - 1], &r->members[i]) != 0)
            r->members[r->member_count++] = r->members[i];
    for (size_t i = 0; i < r->count; i++) {
        const struct cv_report_member key = { .who = r->entries[i].who };
        struct cv_report_member *m = bsearch(&key, r->members, r->member_count, sizeof(key), by_who);
        if (m != NULL)
            count_entry(&r->entries[i], m);
    }
    qsort(r->members, r->member_count, sizeof(*r->members), by_total);
    return CV_OK;
}

/* number_members(r): each entry is given its member's place. */
static void number_members(struct cv_report *r)
{
    for (size_t m = 0; m < r->member_count; m++)
        r->members[m].names = cv_json_get(cv_json_get(r->doc, "names"), r->members[m].who);
    for (size_t i = 0; i < r->count; i++)
        for (size_t m = 0; m < r->member_count; m++)
            if (strcmp(r->members[m].who, r->entries[i].who) == 0) {
                r->entries[i].member = m;
                break;
            }
}

static cv_status collect_roles(struct cv_report *r)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < r->count && st == CV_OK; i++) {
        const struct cv_json *roles = cv_json_get(r->entries[i].event, "roles");
        for (size_t k = 0; r->entries[i].within && k < cv_json_len(roles) && st == CV_OK; k++)
            if (cv_json_cstr(cv_json_at(roles, k)) != NULL)
                st = cv_json_push_word(r->roles, cv_json_cstr(cv_json_at(roles, k)));
    }
    return st;
}

cv_status cv_report_new(const struct cv_json *doc, struct cv_report *out, struct cv_err *err)
{
    const struct cv_json *events = cv_json_get(doc, "events");
    *out = (struct cv_report){ .doc = doc,
                               .from = cv_logline_get(doc, "from"),
                               .to = cv_logline_get(doc, "to") };
    if (!cv_json_is(events, CV_JSON_ARRAY) || !cv_date_ok(cv_bytes_str(out->from), false) ||
        !cv_date_ok(cv_bytes_str(out->to), false) || strcmp(out->from, out->to) > 0)
        return cv_fail(err, CV_ERR_FORMAT, "report: no period, or no events");
    out->count = cv_json_len(events);
    out->entries = calloc(out->count + 1, sizeof(*out->entries));
    out->roles = cv_json_array();
    cv_status st = out->entries == NULL || out->roles == NULL ? CV_ERR_NOMEM : CV_OK;
    for (size_t i = 0; i < out->count && st == CV_OK; i++) {
        read_entry(out, cv_json_at(events, i), &out->entries[i]);
        out->within += out->entries[i].within;
    }
    st = CV_THEN(st, mark_bulk(out));
    st = CV_THEN(st, mark_clocks(out));
    st = CV_THEN(st, count_members(out));
    st = CV_THEN(st, collect_roles(out));
    if (st != CV_OK) {
        cv_report_free(out);
        return cv_err_note(err, st, "report");
    }
    number_members(out);
    for (size_t m = 0; m < out->member_count; m++)
        for (size_t i = 0; i < CV_REPORT_LISTS; i++)
            out->lists[i] += out->members[m].lists[i];
    return CV_OK;
}

void cv_report_free(struct cv_report *r)
{
    free(r->entries);
    free(r->members);
    cv_json_free(r->roles);
    *r = (struct cv_report){ 0 };
}

const char *cv_report_word(enum cv_report_list list)
{
    static const char *const words[CV_REPORT_LISTS] = {
        "recovery", "forged", "unreadable", "clock",  "basis",     "refused", "personal",
        "hours",    "bulk",   "exports",    "policy", "approvals", "grants",  "erasures",
    };
    return words[list];
}

static cv_status csv_row(const struct cv_report *r, const struct cv_report_entry *e, struct cv_buf *out)
{
    struct cv_buf name = { 0 }, lists = { 0 };
    cv_status st = cv_logline_names(
        cv_json_get(cv_json_get(r->doc, "names"), cv_logline_get(e->event, "member")), &name);
    st = CV_THEN(st, cv_buf_append(&name, CV_LIT("\0")));
    for (size_t i = 0; i < CV_REPORT_LISTS && st == CV_OK; i++)
        if (e->lists >> i & 1U)
            st =
                cv_buf_printf(&lists, "%s%s", lists.n > 0 ? " " : "", cv_report_word((enum cv_report_list)i));
    st = CV_THEN(st, cv_buf_append(&lists, CV_LIT("\0")));
    st = CV_THEN(
        st, cv_logline_csv(e->index, e->event, e->event, (const char *)name.p, (const char *)lists.p, out));
    cv_buf_free(&name);
    cv_buf_free(&lists);
    return st;
}

cv_status cv_report_csv(const struct cv_report *r, struct cv_buf *out)
{
    cv_status st = cv_json_get_bool(r->doc, "training")
                       ? cv_csv_cell("TRAINING - no real people are in this vault", true, out)
                       : CV_OK;
    st = CV_THEN(st, cv_logline_csv_head("lists", out));
    for (size_t i = 0; i < r->count && st == CV_OK; i++)
        if (r->entries[i].within || r->entries[i].lists != 0)
            st = csv_row(r, &r->entries[i], out);
    return st;
}
