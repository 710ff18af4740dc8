/* The template parser, given what nobody should give it: it never crashes, and says one of the documented
 * statuses. */
#include "formats/template.h"
#include "test.h"

/* A small template in which every member that a template may have stands once. */
static const char small[] =
    "{\"casevault\":\"template v1\",\"name\":\"t\",\"roles\":[\"custodian\",\"r\"],"
    "\"sections\":{\"audit\":{\"label\":\"A\",\"rights\":{\"r\":\"r\"}},\"x\":{\"rights\":{\"r\":\"rcex\"}},"
    "\"y\":{\"rights\":{}}},\"lists\":{\"l\":[\"a\",\"b\"]},"
    "\"types\":{\"t\":{\"label\":\"T\",\"sections\":{\"x\":["
    "{\"name\":\"f\",\"label\":\"F\",\"type\":\"choice\",\"htcds\":\"h\",\"help\":\"H\",\"required\":false,"
    "\"list\":\"l\",\"multi\":true,\"max\":3,\"identifier\":false,\"elements\":true},"
    "{\"name\":\"c\",\"type\":\"choice\",\"choices\":[\"z\"]},{\"name\":\"n\",\"type\":\"integer\",\"min\":0}"
    ","
    "{\"name\":\"d\",\"type\":\"date\",\"partial\":true},{\"name\":\"to\",\"type\":\"ref\",\"to\":\"t\"},"
    "{\"name\":\"o\",\"type\":\"object\",\"fields\":[{\"name\":\"i\",\"type\":\"string\",\"multi\":true}]}],"
    "\"y\":[{\"name\":\"year\",\"type\":\"string\",\"from\":\"x.d|year\"}]}}},"
    "\"profiles\":{\"p\":{\"purpose\":\"P\",\"types\":[\"t\"],\"fields\":{\"x\":[\"f\",\"*\"]}}}}";

/* parse(text): the status; what it gives goes with it. */
static cv_status parse(struct cv_bytes text)
{
    struct cv_template *t = NULL;
    struct cv_err err = { 0 };
    const cv_status st = cv_template_parse(text, &t, &err);
    assert_true((st == CV_OK) == (t != NULL));
    assert_true(st == CV_OK || err.msg[0] != '\0');
    cv_template_free(t);
    return st;
}

static cv_status parse_str(const char *text)
{
    return parse(cv_bytes_str(text));
}

/* with(from, to): the small template with the first ${from} replaced; what comes of it. */
static cv_status with(const char *from, const char *to)
{
    struct cv_buf text = { 0 };
    const char *at = strstr(small, from);
    if (at == NULL)
        fail_msg("the small template has no %s", from);
    assert_ok(cv_buf_append(&text, CV_BYTES(small, (size_t)(at - small))));
    assert_ok(cv_buf_str(&text, to));
    assert_ok(cv_buf_str(&text, at + strlen(from)));
    const cv_status st = parse(cv_buf_view(&text));
    cv_buf_free(&text);
    return st;
}

static void test_whole(void **state)
{
    (void)state;
    assert_ok(parse_str(small));
}

static void test_cut(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(small) - 1; n++) {
        struct cv_buf text = { 0 }; /* of its own, so that reading past its end is seen */
        assert_ok(cv_buf_append(&text, CV_BYTES(small, n)));
        assert_status(parse(cv_buf_view(&text)), CV_ERR_FORMAT);
        cv_buf_free(&text);
    }
}

static void test_flipped(void **state)
{
    size_t refused = 0;
    (void)state;
    for (size_t bit = 0; bit < 8 * (sizeof(small) - 1); bit++) {
        char text[sizeof(small)];
        memcpy(text, small, sizeof(text));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        const cv_status st = parse(CV_BYTES(text, sizeof(text) - 1));
        assert_true(st == CV_OK || st == CV_ERR_FORMAT || st == CV_ERR_LIMIT);
        refused += st != CV_OK;
    }
    assert_true(refused > sizeof(small)); /* labels may change; most of the rest may not */
}

/* repeated(head, one, n, tail): ${n} times the same in the middle. */
static cv_status repeated(const char *head, const char *one, size_t n, const char *tail)
{
    struct cv_buf text = { 0 };
    assert_ok(cv_buf_str(&text, head));
    for (size_t i = 0; i < n; i++)
        assert_ok(cv_buf_str(&text, one));
    assert_ok(cv_buf_str(&text, tail));
    const cv_status st = parse(cv_buf_view(&text));
    cv_buf_free(&text);
    return st;
}

static void test_bounds(void **state)
{
    (void)state;
    assert_status(repeated("{\"casevault\":\"template v1\",\"name\":", "[", 17, ""), CV_ERR_LIMIT);
    assert_status(repeated("", "[", 100000, ""), CV_ERR_LIMIT);
    assert_status(repeated(small, " ", CV_TEMPLATE_MAX_BYTES - (sizeof(small) - 1), ""), CV_OK);
    assert_status(repeated(small, " ", CV_TEMPLATE_MAX_BYTES, ""), CV_ERR_LIMIT);
    assert_status(repeated("{\"casevault\":\"template v1\",\"roles\":[0", ",0", 60, "]}"), CV_ERR_FORMAT);
    assert_status(repeated("{\"casevault\":\"template v1\",\"roles\":[0", ",0", 250000, "]}"), CV_ERR_LIMIT);
}

/* One thing changed, and what it must lead to. */
static void test_changed(void **state)
{
    static const struct {
        const char *name, *from, *to;
        cv_status want;
    } rows[] = {
        { "another version", "template v1", "template v2", CV_ERR_FORMAT },
        { "a version that only begins so", "template v1", "template v10", CV_ERR_FORMAT },
        { "a label in another script", "\"label\":\"F\"", "\"label\":\"\xe1\x83\xae\"", CV_OK },
        { "wrong UTF-8", "\"label\":\"F\"", "\"label\":\"\xff\"", CV_ERR_FORMAT },
        { "UTF-8 cut short", "\"label\":\"F\"", "\"label\":\"\xe1\x83\"", CV_ERR_FORMAT },
        { "overlong UTF-8", "\"label\":\"F\"", "\"label\":\"\xc0\x80\"", CV_ERR_FORMAT },
        { "a surrogate", "\"label\":\"F\"", "\"label\":\"\\ud800\"", CV_ERR_FORMAT },
        { "a NUL", "\"label\":\"F\"", "\"label\":\"\\u0000\"", CV_ERR_FORMAT },
        { "a duplicate at the top", "\"name\":\"t\"", "\"name\":\"t\",\"name\":\"t\"", CV_ERR_FORMAT },
        { "a duplicate in a field", "\"max\":3", "\"max\":3,\"max\":3", CV_ERR_FORMAT },
        { "a type twice", "\"types\":{", "\"types\":{\"t\":{},", CV_ERR_FORMAT },
        { "a field twice", "\"name\":\"c\"", "\"name\":\"f\"", CV_ERR_FORMAT },
        { "a role twice", "\"r\"]", "\"custodian\"]", CV_ERR_FORMAT },
        { "max 64", "\"max\":3", "\"max\":64", CV_OK },
        { "max 65", "\"max\":3", "\"max\":65", CV_ERR_FORMAT },
        { "max 0", "\"max\":3", "\"max\":0", CV_ERR_FORMAT },
        { "max below 0", "\"max\":3", "\"max\":-1", CV_ERR_FORMAT },
        { "max at 2^63 - 1", "\"max\":3", "\"max\":9223372036854775807", CV_ERR_FORMAT },
        { "max at 2^64 + 3", "\"max\":3", "\"max\":18446744073709551619", CV_ERR_FORMAT },
        { "max of 40 digits", "\"max\":3", "\"max\":1234567890123456789012345678901234567890",
          CV_ERR_FORMAT },
        { "max with a fraction", "\"max\":3", "\"max\":3.0", CV_ERR_FORMAT },
        { "max with an exponent", "\"max\":3", "\"max\":1e400", CV_ERR_FORMAT },
        { "min below 0", "\"min\":0", "\"min\":-9223372036854775808", CV_OK },
        { "min at 2^63 - 1", "\"min\":0", "\"min\":9223372036854775807", CV_OK },
        { "min at 2^64", "\"min\":0", "\"min\":18446744073709551616", CV_ERR_FORMAT },
        { "a default", "\"partial\":true", "\"default\":\"today\"", CV_OK },
        { "another default", "\"partial\":true", "\"default\":\"2024-05-31\"", CV_ERR_FORMAT },
        { "a default that is no word", "\"partial\":true", "\"default\":true", CV_ERR_FORMAT },
        { "a default of a list", "\"partial\":true", "\"default\":\"today\",\"multi\":true", CV_ERR_FORMAT },
        { "a default of no date", "\"type\":\"integer\",\"min\":0",
          "\"type\":\"string\",\"default\":\"today\"", CV_ERR_FORMAT },
        { "a default of a coded field", "\"type\":\"string\",\"from\":\"x.d|year\"",
          "\"type\":\"date\",\"partial\":true,\"from\":\"x.d\",\"default\":\"today\"", CV_ERR_FORMAT },
        { "a default in an object", "\"type\":\"string\",\"multi\":true",
          "\"type\":\"date\",\"default\":\"today\"", CV_ERR_FORMAT },
        { "min with a fraction", "\"min\":0", "\"min\":0.0", CV_ERR_FORMAT },
        { "min of what is no number", "\"type\":\"integer\",\"min\":0", "\"type\":\"string\",\"min\":0",
          CV_ERR_FORMAT },
        { "no name of 33", "\"name\":\"c\"", "\"name\":\"abcdefghijklmnopqrstuvwxyzabcdefg\"",
          CV_ERR_FORMAT },
        { "a name of 32", "\"name\":\"c\"", "\"name\":\"abcdefghijklmnopqrstuvwxyzabcdef\"", CV_OK },
        { "an empty name", "\"name\":\"c\"", "\"name\":\"\"", CV_ERR_FORMAT },
        { "a name that climbs", "\"name\":\"c\"", "\"name\":\"../c\"", CV_ERR_FORMAT },
        { "a section named head", "\"y\":{\"rights\":{}}", "\"y\":{\"rights\":{}},\"head\":{\"rights\":{}}",
          CV_ERR_FORMAT },
        { "no audit", "\"audit\":{\"label\":\"A\"", "\"z\":{\"label\":\"A\"", CV_ERR_FORMAT },
        { "no field", "[{\"name\":\"year\",\"type\":\"string\",\"from\":\"x.d|year\"}]", "[]",
          CV_ERR_FORMAT },
        { "an object in an object", "{\"name\":\"i\",\"type\":\"string\",",
          "{\"name\":\"i\",\"type\":\"object\",\"fields\":[{\"name\":\"j\",\"type\":\"string\"}],",
          CV_ERR_FORMAT },
        { "elements in an object", "\"type\":\"string\",\"multi\":true",
          "\"type\":\"string\",\"multi\":true,"
          "\"elements\":true",
          CV_ERR_FORMAT },
        { "a list that is not there", "\"list\":\"l\"", "\"list\":\"m\"", CV_ERR_FORMAT },
        { "a choice that is empty", "[\"z\"]", "[\"\"]", CV_ERR_FORMAT },
        { "a choice that is no word", "[\"z\"]", "[{}]", CV_ERR_FORMAT },
        { "an age group", "\"from\":\"x.d|year\"",
          "\"from\":\"x.d|year\"},{\"name\":\"a\",\"type\":\"choice\",\"choices\":[\"0-17\",\"18+\"],"
          "\"from\":"
          "\"x.d|age:x.d\",\"dimension\":\"age\"",
          CV_OK },
        { "an age group that is none", "\"from\":\"x.d|year\"",
          "\"from\":\"x.d|year\"},{\"name\":\"a\",\"type\":\"choice\",\"choices\":[\"0-17\",\"old\"],"
          "\"from\":"
          "\"x.d|age:x.d\"",
          CV_ERR_FORMAT },
        { "an age group that ends before it begins", "\"from\":\"x.d|year\"",
          "\"from\":\"x.d|year\"},{\"name\":\"a\",\"type\":\"choice\",\"choices\":[\"17-3\"],\"from\":"
          "\"x.d|age:x.d\"",
          CV_ERR_FORMAT },
        { "an age on no date", "\"from\":\"x.d|year\"",
          "\"from\":\"x.d|year\"},{\"name\":\"a\",\"type\":\"choice\",\"choices\":[\"0-17\"],\"from\":"
          "\"x.d|age:x.c\"",
          CV_ERR_FORMAT },
        { "an age on nothing", "\"from\":\"x.d|year\"", "\"from\":\"x.d|age:\"", CV_ERR_FORMAT },
        { "a year as a dimension", "\"from\":\"x.d|year\"", "\"from\":\"x.d|year\",\"dimension\":\"year\"",
          CV_OK },
        { "a dimension without from", "\"name\":\"c\",", "\"name\":\"c\",\"dimension\":\"c\",",
          CV_ERR_FORMAT },
        { "a dimension with a bad name", "\"from\":\"x.d|year\"",
          "\"from\":\"x.d|year\",\"dimension\":\"a,b\"", CV_ERR_FORMAT },
        { "a dimension twice", "\"from\":\"x.d|year\"",
          "\"from\":\"x.d|year\",\"dimension\":\"y\"},{\"name\":\"z\",\"type\":\"string\",\"from\":"
          "\"x.d|year\",\"dimension\":\"y\"",
          CV_ERR_FORMAT },
        { "a dimension of a date", "\"from\":\"x.d|year\"",
          "\"from\":\"x.d|year\"},{\"name\":\"z\",\"type\":\"date\",\"partial\":true,\"from\":\"x.d\","
          "\"dimension\":\"y\"",
          CV_ERR_FORMAT },
        { "a dimension of a word too long to show", "\"from\":\"x.d|year\"",
          "\"from\":\"x.d|year\"},{\"name\":\"z\",\"type\":\"choice\",\"choices\":["
          "\"0-0123456789012345678901234567890123456789012345678901234567890\"],\"from\":\"x.c\","
          "\"dimension\":\"z\"",
          CV_ERR_FORMAT },
        { "something after it", "\"types\":[\"t\"],\"fields\":{\"x\":[\"f\",\"*\"]}}}}",
          "\"types\":[\"t\"],\"fields\":{\"x\":[\"f\",\"*\"]}}}}{}", CV_ERR_FORMAT },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const cv_status st = with(rows[i].from, rows[i].to);
        if (st != rows[i].want)
            fail_msg("%s: status %d where %d is wanted", rows[i].name, st, rows[i].want);
    }
}

/* Every member, with a value of every other type. */
static void test_types(void **state)
{
    static const struct {
        const char *member; /* as it stands in the small template */
        char type;          /* of its value, one of those below */
    } rows[] = {
        { "\"casevault\":\"template v1\"", 's' },
        { "\"name\":\"t\"", 's' },
        { "\"roles\":[\"custodian\",\"r\"]", 'a' },
        { "\"lists\":{\"l\":[\"a\",\"b\"]}", 'o' },
        { "\"label\":\"A\"", 's' },
        { "\"rights\":{\"r\":\"r\"}", 'o' },
        { "\"r\":\"r\"", 's' },
        { "\"y\":{\"rights\":{}}", 'o' },
        { "\"l\":[\"a\",\"b\"]", 'a' },
        { "\"label\":\"T\"", 's' },
        { "\"name\":\"f\"", 's' },
        { "\"label\":\"F\"", 's' },
        { "\"type\":\"choice\"", 's' },
        { "\"htcds\":\"h\"", 's' },
        { "\"help\":\"H\"", 's' },
        { "\"required\":false", 'b' },
        { "\"list\":\"l\"", 's' },
        { "\"multi\":true", 'b' },
        { "\"max\":3", 'i' },
        { "\"min\":0", 'i' },
        { "\"identifier\":false", 'b' },
        { "\"elements\":true", 'b' },
        { "\"choices\":[\"z\"]", 'a' },
        { "\"partial\":true", 'b' },
        { "\"to\":\"t\"", 's' },
        { "\"fields\":[{\"name\":\"i\",\"type\":\"string\",\"multi\":true}]", 'a' },
        { "\"from\":\"x.d|year\"", 's' },
        { "\"y\":[{\"name\":\"year\",\"type\":\"string\",\"from\":\"x.d|year\"}]", 'a' },
        { "\"profiles\":{\"p\":{\"purpose\":\"P\",\"types\":[\"t\"],\"fields\":{\"x\":[\"f\",\"*\"]}}}",
          'o' },
        { "\"p\":{\"purpose\":\"P\",\"types\":[\"t\"],\"fields\":{\"x\":[\"f\",\"*\"]}}", 'o' },
        { "\"purpose\":\"P\"", 's' },
        { "\"types\":[\"t\"]", 'a' },
        { "\"fields\":{\"x\":[\"f\",\"*\"]}", 'o' },
        { "\"x\":[\"f\",\"*\"]", 'a' },
    };
    static const struct {
        char type;
        const char *value;
    } values[] = { { 'n', "null" },  { 'b', "true" }, { 'i', "7" },
                   { 's', "\"7\"" }, { 'a', "[7]" },  { 'o', "{\"7\":7}" } };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
            char to[64];
            const int name = (int)(strchr(rows[i].member, ':') - rows[i].member);
            if (values[j].type == rows[i].type)
                continue;
            snprintf(to, sizeof(to), "%.*s:%s", name, rows[i].member, values[j].value);
            if (with(rows[i].member, to) != CV_ERR_FORMAT)
                fail_msg("%s was taken", to);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),  cmocka_unit_test(test_cut),     cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_changed), cmocka_unit_test(test_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
