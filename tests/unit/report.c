/* Lines of the access log, and the report on it: what is counted where, and that nothing in it becomes
 * markup. */
#include "test.h"

#include "formats/logline.h"
#include "formats/report_put.h"

static struct cv_json *parse(const char *text)
{
    struct cv_json *v = NULL;
    struct cv_err err = { 0 };
    if (cv_json_parse(cv_bytes_str(text), (size_t)1 << 24, "doc", &v, &err) != CV_OK)
        fail_msg("%s", err.msg);
    return v;
}

/* ---- lines ---- */

static void test_bound(void **state)
{
    static const struct {
        const char *text;
        bool end, ok;
        const char *out;
    } rows[] = {
        { "2026-11-25", false, true, "2026-11-25T00:00:00Z" },
        { "2026-11-25", true, true, "2026-11-25T23:59:59Z" },
        { "2026-11-25T10:00:00Z", false, true, "2026-11-25T10:00:00Z" },
        { "2026-11-25T10:00:00Z", true, true, "2026-11-25T10:00:00Z" },
        { "2026-11-31", false, false, "" },
        { "2026-11", false, false, "" },
        { "2026-11-25T10:00Z", false, false, "" },
        { "2026-11-25T24:00:00Z", false, false, "" },
        { "2026-11-25T10:00:00", false, false, "" },
        { "yesterday", false, false, "" },
        { "", false, false, "" },
    };
    char out[CV_LOGLINE_TIME_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const bool ok = cv_logline_bound(rows[i].text, rows[i].end, out);
        if (ok != rows[i].ok || (ok && strcmp(out, rows[i].out) != 0))
            fail_msg("%s", rows[i].text);
    }
}

static void test_within(void **state)
{
    static const struct {
        const char *event, *since, *until;
        bool within;
    } rows[] = {
        { "{\"time\":\"2026-11-25T10:00:00Z\"}", NULL, NULL, true },
        { "{\"time\":\"2026-11-25T10:00:00Z\"}", "2026-11-25T10:00:00Z", "2026-11-25T10:00:00Z", true },
        { "{\"time\":\"2026-11-25T10:00:00Z\"}", "2026-11-25T10:00:01Z", NULL, false },
        { "{\"time\":\"2026-11-25T10:00:00Z\"}", NULL, "2026-11-25T09:59:59Z", false },
        { "{\"time\":\"1999\"}", "2026-11-25T10:00:01Z", NULL, true },
        { "{\"time\":7}", "2026-11-25T10:00:01Z", NULL, true },
        { "{}", "2026-11-25T10:00:01Z", "2026-11-25T10:00:01Z", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_json *event = parse(rows[i].event);
        if (cv_logline_within(event, rows[i].since, rows[i].until) != rows[i].within)
            fail_msg("%s", rows[i].event);
        cv_json_free(event);
    }
}

static void test_csv(void **state)
{
    struct cv_json *event = parse(
        "{\"time\":\"2026-11-25T10:00:00Z\",\"member\":\"m1\",\"action\":\"list\",\"ids\":[\"A\",7,\"B\"],"
        "\"sections\":[\"identity\"],\"detail\":\"titles\",\"written_by\":\"m2\"}");
    struct cv_json *text = parse("{\"reason\":\"=cmd()\\\"\\u202e\"}");
    struct cv_buf out = { 0 };
    (void)state;
    assert_ok(cv_logline_csv(9, event, text, "+Ana", NULL, &out));
    assert_bytes(cv_buf_view(&out), CV_LIT("\"9\",\"2026-11-25T10:00:00Z\",\"m1\",\"'+Ana\",\"list\",\"\","
                                           "\"\",\"3 records: identity; titles FORGED, "
                                           "written by m2\",\"A ? B\",\"'=cmd()\"\"\xef\xbf\xbd\"\r\n"));
    cv_buf_free(&out);
    cv_json_free(event);
    cv_json_free(text);
}

/* ---- the report ---- */

#define HEAD                                                                                                 \
    "{\"vault\":\"v\",\"training\":false,\"made\":\"2026-12-01T08:00:00Z\",\"by\":\"m9\",\"from\":\"2026-"   \
    "11-01\",\"to\":"                                                                                        \
    "\"2026-11-30\",\"names\":{\"m1\":[\"Ana\"]},\"personal\":[\"identity\",\"testimony\"],\"recovered\":[]" \
    ",\"lies\":[],"                                                                                          \
    "\"events\":["
#define EVENT(n, time, who, action, more)                                                                    \
    "{\"entry\":" #n ",\"time\":\"" time "\",\"member\":\"" who "\",\"action\":\"" action "\"" more "}"

/* again: an event of the document, by its entry. */
static cv_status again(void *arg, uint64_t entry, struct cv_json **out, struct cv_err *err)
{
    const struct cv_json *events = arg;
    (void)err;
    for (size_t i = 0; i < cv_json_len(events); i++)
        if ((uint64_t)cv_json_get_int(cv_json_at(events, i), "entry") == entry) {
            *out = cv_json_copy(cv_json_at(events, i));
            return *out == NULL ? CV_ERR_NOMEM : CV_OK;
        }
    return CV_ERR_NOTFOUND;
}

/* judged(doc, r): of its "events", each with "entry" and "roles". */
static cv_status judged(const struct cv_json *doc, struct cv_report *r, struct cv_err *err)
{
    struct cv_json *events = cv_json_get(doc, "events");
    const struct cv_report_source source = { again, events };
    cv_status st = cv_report_new(doc, &source, r);
    for (size_t i = 0; i < cv_json_len(events) && st == CV_OK; i++) {
        const struct cv_json *event = cv_json_at(events, i);
        st = cv_report_add(r, (uint64_t)cv_json_get_int(event, "entry"), event, cv_json_get(event, "roles"));
    }
    return CV_THEN(st, cv_report_judge(r, err));
}

static void report(const char *text, struct cv_json **doc, struct cv_report *r)
{
    struct cv_err err = { 0 };
    *doc = parse(text);
    if (judged(*doc, r, &err) != CV_OK)
        fail_msg("%s", err.msg);
}

static uint32_t bit(enum cv_report_list list)
{
    return 1U << list;
}

/* Which lists one entry stands in. 2026-11-25 is a Wednesday. */
static void test_lists(void **state)
{
    static const struct {
        const char *event;
        bool within;
        uint32_t lists;
    } rows[] = {
        { EVENT(1, "2026-11-25T10:00:00Z", "m1", "read", ",\"sections\":[\"admin\"]"), true, 0 },
        { EVENT(1, "2026-11-25T10:00:00Z", "m1", "read", ",\"sections\":[\"admin\",\"identity\"]"), true,
          1U << CV_REPORT_PERSONAL },
        { EVENT(1, "2026-11-25T05:59:59Z", "m1", "read", ""), true, 1U << CV_REPORT_HOURS },
        { EVENT(1, "2026-11-25T06:00:00Z", "m1", "read", ""), true, 0 },
        { EVENT(1, "2026-11-25T21:59:59Z", "m1", "read", ""), true, 0 },
        { EVENT(1, "2026-11-25T22:00:00Z", "m1", "read", ""), true, 1U << CV_REPORT_HOURS },
        { EVENT(1, "2026-11-27T10:00:00Z", "m1", "read", ""), true, 0 },
        { EVENT(1, "2026-11-28T10:00:00Z", "m1", "read", ""), true, 1U << CV_REPORT_HOURS },
        { EVENT(1, "2026-11-29T10:00:00Z", "m1", "read", ""), true, 1U << CV_REPORT_HOURS },
        { EVENT(1, "2026-11-30T10:00:00Z", "m1", "read", ""), true, 0 },
        { EVENT(1, "2026-11-28T10:00:00Z", "m1", "create", ""), true, 0 },
        { EVENT(1, "2026-11-28T10:00:00Z", "m1", "list", ""), true, 0 },
        { EVENT(1, "2026-11-28T10:00:00Z", "m1", "list", ",\"ids\":[\"A\"]"), true, 1U << CV_REPORT_HOURS },
        { EVENT(1, "2026-10-31T23:59:59Z", "m1", "refused", ""), false, 0 },
        { EVENT(1, "2026-11-01T00:00:00Z", "m1", "refused", ""), true, 1U << CV_REPORT_REFUSALS },
        { EVENT(1, "2026-11-30T23:59:59Z", "m1", "refused", ""), true, 1U << CV_REPORT_REFUSALS },
        { EVENT(1, "2026-12-01T00:00:00Z", "m1", "refused", ""), false, 0 },
        { EVENT(1, "soon", "m1", "erase", ""), true, 1U << CV_REPORT_ERASURES | 1U << CV_REPORT_CLOCK },
        { EVENT(1, "2026-11-25T10:00:00Z", "m1", "basis", ""), true,
          1U << CV_REPORT_BASIS | 1U << CV_REPORT_EXPORTS },
        { EVENT(1, "2026-11-25T10:00:00Z", "m1", "agree", ""), true,
          1U << CV_REPORT_APPROVALS | 1U << CV_REPORT_EXPORTS },
        { EVENT(1, "2026-11-25T10:00:00Z", "m1", "export", ",\"sections\":[\"testimony\"]"), true,
          1U << CV_REPORT_PERSONAL | 1U << CV_REPORT_EXPORTS },
        { EVENT(1, "2026-11-25T10:00:00Z", "m1", "recovery", ""), true, 1U << CV_REPORT_RECOVERY },
        { EVENT(1, "2026-11-25T10:00:00Z", "m1", "grant", ",\"written_by\":\"m2\""), true,
          1U << CV_REPORT_GRANTS | 1U << CV_REPORT_FORGED },
        { "{\"action\":\"unreadable\"}", true, 1U << CV_REPORT_UNREADABLE | 1U << CV_REPORT_CLOCK },
        { "7", true, 1U << CV_REPORT_CLOCK },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_buf text = { 0 };
        struct cv_json *doc = NULL;
        struct cv_report r;
        assert_ok(cv_buf_printf(&text, HEAD "%s]}%c", rows[i].event, 0));
        report((const char *)text.p, &doc, &r);
        if (r.within != rows[i].within || r.entries[0].lists != rows[i].lists)
            fail_msg("%s: %d %x", rows[i].event, (int)r.within, r.entries[0].lists);
        cv_report_free(&r);
        cv_json_free(doc);
        cv_buf_free(&text);
    }
}

/* Who is tied to record P, when they read it: the case C names it, and statement S names C. */
static void test_untied(void **state)
{
#define READ(n, who, record)                                                                                 \
    EVENT(n, "2026-11-25T10:00:00Z", who, "read", ",\"record\":\"" record "\",\"sections\":[\"testimony\"]")
#define DID(n, who, action, more) EVENT(n, "2026-11-25T10:00:00Z", who, action, more)
    static const struct {
        const char *before;
        bool untied;
    } rows[] = {
        { DID(1, "m2", "create", ",\"record\":\"P\""), true },
        { DID(1, "m1", "create", ",\"record\":\"P\""), false },
        { DID(1, "m1", "edit", ",\"record\":\"P\""), false },
        { DID(1, "m1", "create", ",\"record\":\"C\",\"refs\":[\"P\",\"Q\"]"), false },
        { DID(1, "m2", "create", ",\"record\":\"C\",\"refs\":[\"P\"]") "," DID(
              2, "m1", "create", ",\"record\":\"S\",\"refs\":[\"C\"]"),
          false },
        { DID(1, "m2", "create", ",\"record\":\"C\",\"refs\":[\"P\"]") "," DID(
              2, "m2", "create", ",\"record\":\"S\",\"refs\":[\"C\"]") "," DID(3, "m1", "edit",
                                                                               ",\"record\":\"S\""),
          false },
        { DID(1, "m2", "create", ",\"record\":\"C\",\"refs\":[\"P\",\"Q\"]") "," DID(
              2, "m2", "create", ",\"record\":\"D\",\"refs\":[\"Q\"]") "," DID(3, "m1", "edit",
                                                                               ",\"record\":\"D\""),
          true },
        { DID(1, "m1", "read", ",\"record\":\"C\",\"refs\":[\"P\"]"), true },
        { DID(1, "m1", "import", ",\"ids\":[\"A\",\"P\"]"), false },
        { DID(1, "m1", "list", ",\"ids\":[\"A\",\"P\"]"), true },
        { DID(1, "m1", "disclose", ",\"ids\":[\"A\",\"P\"]"), false },
        { DID(1, "m2", "grant", ",\"record\":\"P\",\"detail\":\"to m1 until 2026-12-01\""), false },
        { DID(1, "m2", "grant", ",\"record\":\"P\",\"detail\":\"to m11\""), true },
        { DID(1, "m2", "grant", ",\"record\":\"Q\",\"detail\":\"to m1\""), true },
        { DID(1, "m2", "create", ",\"record\":\"P\",\"written_by\":\"m1\""), false },
        { DID(1, "m1", "create", ",\"record\":\"C\",\"refs\":7"), true },
        { DID(1, "m1", "create", ",\"record\":\"C\",\"refs\":[7,{\"P\":1},[\"P\"]]"), true },
        { DID(1, "m1", "create", ",\"record\":7,\"refs\":[\"P\"]"), true },
        { DID(1, "m1", "disclose", ",\"ids\":{\"P\":1}"), true },
        { DID(1, "m2", "grant", ",\"record\":\"P\",\"detail\":7"), true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (int after = 0; after < 2; after++) {
            struct cv_buf text = { 0 };
            struct cv_json *doc = NULL;
            struct cv_report r;
            assert_ok(after ? cv_buf_printf(&text, HEAD "%s,%s]}%c", READ(9, "m1", "P"), rows[i].before, 0)
                            : cv_buf_printf(&text, HEAD "%s,%s]}%c", rows[i].before, READ(9, "m1", "P"), 0));
            report((const char *)text.p, &doc, &r);
            if (r.lists[CV_REPORT_UNTIED] != rows[i].untied)
                fail_msg("%s", (const char *)text.p);
            cv_report_free(&r);
            cv_json_free(doc);
            cv_buf_free(&text);
        }
}

/* What names very many is no case: nobody is tied by it to all of them. */
static void test_hub(void **state)
{
    (void)state;
    for (size_t names = 63; names <= 65; names++) {
        struct cv_buf text = { 0 };
        struct cv_json *doc = NULL;
        struct cv_report r;
        assert_ok(cv_buf_str(&text, HEAD READ(1, "m1", "P") ","));
        assert_ok(cv_buf_str(&text, "{\"entry\":2,\"time\":\"2026-11-25T10:00:00Z\",\"member\":\"m2\","
                                    "\"action\":\"create\",\"record\":\"C\",\"refs\":[\"P\",\"Q\""));
        for (size_t i = 2; i < names; i++)
            assert_ok(cv_buf_printf(&text, ",\"R%zu\"", i));
        assert_ok(cv_buf_str(&text, "]}," DID(3, "m1", "edit", ",\"record\":\"Q\"") "]}"));
        assert_ok(cv_buf_append(&text, CV_LIT("\0")));
        report((const char *)text.p, &doc, &r);
        assert_int_equal(r.lists[CV_REPORT_UNTIED], names > 64);
        cv_report_free(&r);
        cv_json_free(doc);
        cv_buf_free(&text);
    }
}

/* reads(count, ids): so many reads by one member on a day, one of them of so many records; how many are bulk.
 */
static size_t reads(size_t count, size_t ids)
{
    struct cv_buf text = { 0 };
    struct cv_json *doc = NULL;
    struct cv_report r;
    assert_ok(cv_buf_str(&text, HEAD));
    for (size_t i = 0; i < count; i++)
        assert_ok(cv_buf_printf(
            &text, "{\"entry\":%zu,\"time\":\"2026-11-25T10:00:00Z\",\"member\":\"m1\",\"action\":\"read\"},",
            i));
    assert_ok(cv_buf_str(
        &text,
        "{\"entry\":999,\"time\":\"2026-11-26T10:00:00Z\",\"member\":\"m1\",\"action\":\"list\",\"ids\":["));
    for (size_t i = 0; i < ids; i++)
        assert_ok(cv_buf_printf(&text, "%s\"R%zu\"", i > 0 ? "," : "", i));
    assert_ok(cv_buf_append(&text, CV_LIT("]}]}\0")));
    report((const char *)text.p, &doc, &r);
    const size_t bulk = r.lists[CV_REPORT_BULK];
    cv_report_free(&r);
    cv_json_free(doc);
    cv_buf_free(&text);
    return bulk;
}

static void test_bulk(void **state)
{
    (void)state;
    assert_int_equal(reads(100, 50), 0);
    assert_int_equal(reads(100, 51), 1);
    assert_int_equal(reads(101, 50), 101);
    assert_int_equal(reads(101, 51), 102);
}

/* Times against the order: who lies is named, and nobody else, whichever way they lie. */
static void test_clock(void **state)
{
    static const struct {
        const char *times[6];
        const char *odd; /* places */
    } rows[] = {
        { { "2026-11-02", "2026-11-03", "2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06" }, "" },
        { { "2026-11-02", "2026-11-03", "2026-11-01", "2026-11-04", "2026-11-05", "2026-11-06" }, "2" },
        { { "2026-11-02", "2026-11-03", "2099-11-01", "2026-11-04", "2026-11-05", "2026-11-06" }, "2" },
        { { "2026-11-02", "2026-11-03", "2026-11-03", "2026-01-01", "2026-01-02", "2026-11-06" }, "34" },
        { { "2026-09-02", "2026-09-03", "2026-11-01", "2026-09-04", "2026-09-05", "2026-09-06" }, "2" },
        { { "2026-09-02", "2026-09-03", "2026-08-01", "2026-09-04", "2026-09-05", "2026-09-06" }, "" },
        { { "2099-09-02", "2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06", "2026-11-07" }, "0" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_buf text = { 0 };
        struct cv_json *doc = NULL;
        struct cv_report r;
        char odd[7] = "";
        size_t n = 0;
        assert_ok(cv_buf_str(&text, HEAD));
        for (size_t k = 0; k < 6; k++)
            assert_ok(cv_buf_printf(
                &text, "%s{\"entry\":%zu,\"time\":\"%sT10:00:00Z\",\"member\":\"m1\",\"action\":\"create\"}",
                k > 0 ? "," : "", k, rows[i].times[k]));
        assert_ok(cv_buf_append(&text, CV_LIT("]}\0")));
        report((const char *)text.p, &doc, &r);
        for (size_t k = 0; k < 6; k++)
            if (r.entries[k].lists & bit(CV_REPORT_CLOCK))
                odd[n++] = (char)('0' + k);
        if (strcmp(odd, rows[i].odd) != 0)
            fail_msg("row %zu: %s", i, odd);
        cv_report_free(&r);
        cv_json_free(doc);
        cv_buf_free(&text);
    }
}

/* Ten minutes are what clocks differ by. */
static void test_clock_tolerance(void **state)
{
    struct cv_json *doc = NULL;
    struct cv_report r;
    (void)state;
    report(
        HEAD EVENT(1, "2026-11-25T10:00:00Z", "m1", "read", "") "," EVENT(
            2, "2026-11-25T10:20:00Z", "m1", "read",
            "") "," EVENT(3, "2026-11-25T10:20:00Z", "m1", "read",
                          "") "," EVENT(4, "2026-11-25T10:10:00Z", "m2", "read",
                                        "") "," EVENT(5, "2026-11-25T10:21:00Z", "m1", "read",
                                                      "") "," EVENT(6, "2026-11-25T10:10:59Z", "m2", "read",
                                                                    "") "," EVENT(7, "2026-11-25T10:22:00Z",
                                                                                  "m1", "read", "") "]}",
        &doc, &r);
    assert_int_equal(r.lists[CV_REPORT_CLOCK], 1);
    assert_true(r.entries[5].lists & bit(CV_REPORT_CLOCK));
    cv_report_free(&r);
    cv_json_free(doc);
}

static size_t count(const struct cv_buf *page, const char *word)
{
    size_t n = 0;
    if (page->n == 0)
        return 0;
    for (const uint8_t *at = page->p;
         (at = memmem(at, page->n - (size_t)(at - page->p), word, strlen(word))) != NULL; at++)
        n++;
    return n;
}

/* Records that reads name are counted once each, however few are counted at a time. */
static void test_many(void **state)
{
    static const size_t lots[] = { 1, 2, 7, 40, 41, 32768 };
    const size_t before = cv_report_lot;
    struct cv_buf text = { 0 };
    struct cv_json *doc = NULL;
    struct cv_report r;
    (void)state;
    assert_ok(cv_buf_str(&text, HEAD READ(1, "m1", "R3") "," READ(2, "m1", "S") "," READ(3, "m2", "T")));
    for (size_t k = 4; k < 7; k++) { /* 39 records, three times, and in them R3 */
        assert_ok(cv_buf_printf(&text,
                                ",{\"entry\":%zu,\"time\":\"2026-11-25T10:00:00Z\",\"member\":\"m1\","
                                "\"action\":\"list\",\"sections\":[\"identity\"],\"ids\":[7",
                                k));
        for (size_t i = 0; i < 39; i++)
            assert_ok(cv_buf_printf(&text, ",\"R%zu\"", i));
        assert_ok(cv_buf_str(&text, "]}"));
    }
    assert_ok(cv_buf_append(&text, CV_LIT("]}\0")));
    report((const char *)text.p, &doc, &r);
    for (size_t i = 0; i < sizeof(lots) / sizeof(*lots); i++) {
        struct cv_report_out p = { .r = &r, .st = CV_OK };
        cv_report_lot = lots[i];
        assert_int_equal(cv_report_many(&p, 0), 40);
        assert_int_equal(cv_report_many(&p, 1), 1);
        assert_ok(p.st);
    }
    cv_report_lot = before;
    cv_report_free(&r);
    cv_json_free(doc);
    cv_buf_free(&text);
}

/* The page comes in pieces, each entry where it belongs, and nobody holds the whole. */
static cv_status measure(void *arg, struct cv_bytes piece, struct cv_err *err)
{
    (void)err;
    assert_true(piece.n > 0 && piece.n < 65536);
    return cv_buf_append(arg, piece);
}

static void test_pieces(void **state)
{
    const size_t entries = 2000;
    struct cv_buf text = { 0 }, page = { 0 };
    struct cv_json *doc = NULL;
    struct cv_report r;
    (void)state;
    assert_ok(cv_buf_str(&text, HEAD));
    for (size_t i = 0; i < entries; i++)
        assert_ok(cv_buf_printf(&text,
                                "%s{\"entry\":%zu,\"time\":\"2026-11-%02zuT10:00:00Z\",\"member\":\"m%zu\","
                                "\"action\":\"%s\",\"roles\":[\"r%zu\"]}",
                                i > 0 ? "," : "", i + 1, 1 + i / 100, i % 3, i % 2 == 0 ? "read" : "refused",
                                i % 5));
    assert_ok(cv_buf_append(&text, CV_LIT("]}\0")));
    report((const char *)text.p, &doc, &r);
    assert_ok(cv_report_page(&r, measure, &page, NULL));
    assert_int_equal(count(&page, "<tr id=\"e"), entries);
    /* ... once more by member and by role; those refused, and those at a weekend, in lists besides */
    assert_int_equal(count(&page, "<a href=\"#e"), 2 * entries + r.lists[CV_REPORT_REFUSALS] +
                                                       r.lists[CV_REPORT_HOURS] + r.lists[CV_REPORT_BULK]);
    assert_int_equal(r.lists[CV_REPORT_REFUSALS], entries / 2);
    cv_report_free(&r);
    cv_json_free(doc);
    cv_buf_free(&text);
    cv_buf_free(&page);
}

/* An event that cannot be read again ends it: no page is made without it. */
static cv_status not_again(void *arg, uint64_t entry, struct cv_json **out, struct cv_err *err)
{
    (void)arg;
    (void)entry;
    *out = NULL;
    return cv_fail(err, CV_ERR_IO, "no disk");
}

static void test_source(void **state)
{
    struct cv_json *doc = NULL;
    struct cv_report r;
    struct cv_buf page = { 0 };
    struct cv_err err = { 0 };
    (void)state;
    report(HEAD EVENT(1, "2026-11-25T10:00:00Z", "m1", "edit", "") "]}", &doc, &r);
    r.source.read = not_again;
    assert_status(cv_report_page(&r, measure, &page, &err), CV_ERR_IO);
    assert_string_equal(err.msg, "no disk");
    assert_status(cv_report_csv(&r, measure, &page, NULL), CV_ERR_IO);
    cv_report_free(&r);
    cv_json_free(doc);
    cv_buf_free(&page);
}

/* A forged entry is counted under who wrote it. */
static void test_forged(void **state)
{
    struct cv_json *doc = NULL;
    struct cv_report r;
    (void)state;
    report(HEAD EVENT(1, "2026-11-25T10:00:00Z", "m1", "read",
                      ",\"written_by\":\"m2\"") "," EVENT(2, "2026-11-25T10:00:00Z", "m2", "read", "") "]}",
           &doc, &r);
    assert_int_equal(r.member_count, 1);
    assert_string_equal(r.members[0].who, "m2");
    assert_int_equal(r.members[0].groups[CV_REPORT_READ], 2);
    cv_report_free(&r);
    cv_json_free(doc);
}

static void test_refused(void **state)
{
    static const char *const docs[] = {
        "7",
        "{}",
        "{\"from\":\"2026-11-03\",\"to\":\"2026-11-02\",\"events\":[]}",
        "{\"from\":\"2026-11\",\"to\":\"2026-11-02\",\"events\":[]}",
        "{\"from\":\"2026-11-01\",\"to\":7,\"events\":[]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(docs) / sizeof(*docs); i++) {
        struct cv_json *doc = parse(docs[i]);
        struct cv_report r;
        assert_status(judged(doc, &r, NULL), CV_ERR_FORMAT);
        cv_report_free(&r);
        cv_json_free(doc);
    }
}

#define HOSTILE "<img src=x onerror=alert(1)>\\u202e\\u0007\\\"'&</style></script>\\u200b"
static const char hostile[] = HEAD EVENT(
    1, "2026-11-25T10:00:00Z", "m1", "read",
    ",\"sections\":[\"identity\"],\"record\":\"" HOSTILE
    "\",\"roles\":[\"r\"]") "," EVENT(2, HOSTILE, HOSTILE, HOSTILE,
                                      ",\"reason\":\"" HOSTILE "\",\"detail\":\"" HOSTILE
                                      "\",\"ids\":[\"" HOSTILE
                                      "\"]") "," EVENT(3, "2026-11-25T10:00:00Z", "m1", "refused",
                                                       ",\"sections\":[\"" HOSTILE
                                                       "\",7],\"roles\":[\"" HOSTILE
                                                       "\"]") "," EVENT(4, "2026-11-25T10:00:00Z", "m1",
                                                                        "package",
                                                                        ",\"written_by\":\"" HOSTILE
                                                                        "\",\"version\":\"x\"") "]}";

static cv_status take(void *arg, struct cv_bytes piece, struct cv_err *err)
{
    (void)err;
    return cv_buf_append(arg, piece);
}

/* make(doc, out): the page, if it can be made. */
static cv_status make(const struct cv_json *doc, struct cv_buf *out)
{
    struct cv_report r;
    struct cv_err err = { 0 };
    cv_status st = judged(doc, &r, &err);
    st = CV_THEN(st, cv_report_page(&r, take, out, &err));
    cv_report_free(&r);
    return st;
}

static void test_text(void **state)
{
    static const char *const never[] = { "<img",     "<script", "</script",    "onerror=alert(1)>",
                                         "\x80\xae", "\x07",    "\xe2\x80\x8b" };
    struct cv_json *doc = parse(hostile);
    struct cv_buf page = { 0 };
    (void)state;
    assert_ok(make(doc, &page));
    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
        if (count(&page, never[i]) != 0)
            fail_msg("%s stands in it", never[i]);
    assert_int_equal(count(&page, "</style"), 1);
    assert_true(count(&page, "&#60;img src=x onerror=alert(1)&#62;\xef\xbf\xbd\xef\xbf\xbd&#34;&#39;&#38;") >
                5);
    assert_int_equal(count(&page, "id=\"e1\""), 1);
    cv_buf_free(&page);
    cv_json_free(doc);
}

/* Whatever of it is changed: a page, or an error. */
static void test_mutations(void **state)
{
    const size_t n = strlen(hostile);
    char *text = strdup(hostile);
    (void)state;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++) {
            static const char other[] = { '"', '[', '1' };
            struct cv_json *doc = NULL;
            struct cv_buf page = { 0 };
            const char was = text[i];
            text[i] = other[k];
            if (cv_json_parse(cv_bytes_str(text), n, "doc", &doc, NULL) == CV_OK) {
                const cv_status st = make(doc, &page);
                if (st != CV_OK && st != CV_ERR_FORMAT)
                    fail_msg("byte %zu: status %d", i, (int)st);
                assert_int_equal(count(&page, "<img"), 0);
            }
            text[i] = was;
            cv_json_free(doc);
            cv_buf_free(&page);
        }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_untied),
        cmocka_unit_test(test_hub),
        cmocka_unit_test(test_bulk),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_clock_tolerance),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_mutations),
    };
    cv_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
