/* What is typed to search for, as a tree; and what is wrong with it. */
#include "formats/query.h"

#include "test.h"

/* tell(q, at, out): the tree as text. */
static void tell(const struct cv_query *q, size_t at, struct cv_buf *out)
{
    const struct cv_query_node *n = &q->node[at];
    static const char *const operators[] = {
        [CV_QUERY_AND] = "&", [CV_QUERY_OR] = "|", [CV_QUERY_NOT] = "!"
    };
    if (n->kind == CV_QUERY_SPAN) {
        assert_ok(
            cv_buf_printf(out, "%s%s<%s..%s>", n->field, n->field[0] != '\0' ? ":" : "", n->from, n->to));
        return;
    }
    if (n->kind == CV_QUERY_WORDS) {
        assert_ok(cv_buf_printf(out, "%s%s%s%.*s%s%s%s", n->field, n->field[0] != '\0' ? ":" : "",
                                n->quoted ? "'" : "", (int)n->text.n, (const char *)n->text.p,
                                n->quoted ? "'" : "", n->opens ? "*" : "", n->almost ? "~" : ""));
        return;
    }
    assert_ok(cv_buf_printf(out, "(%s ", operators[n->kind]));
    tell(q, n->left, out);
    if (n->kind != CV_QUERY_NOT) {
        assert_ok(cv_buf_str(out, " "));
        tell(q, n->right, out);
    }
    assert_ok(cv_buf_str(out, ")"));
}

static void test_trees(void **state)
{
    static const char *const rows[][2] = {
        { "a", "a" },
        { "  a\tb\n", "(& a b)" },
        { "a b c", "(& (& a b) c)" },
        { "a AND b", "(& a b)" },
        { "a OR b c", "(| a (& b c))" },
        { "(a OR b) c", "(& (| a b) c)" },
        { "a OR b OR c", "(| (| a b) c)" },
        { "a NOT b", "(& a (! b))" },
        { "NOT b a", "(& (! b) a)" },
        { "a AND NOT (b OR c)", "(& a (! (| b c)))" },
        { "\"a OR b\"", "'a OR b'" },
        { "and or not And", "(& (& (& and or) not) And)" },
        { "ANDREA NOTA ORSO", "(& (& ANDREA NOTA) ORSO)" },
        { "a* b~ \"c d\"*", "(& (& a* b~) 'c d'*)" },
        { "f:a f.g:b f2_x:\"c d\"", "(& (& f:a f.g:b) f2_x:'c d')" },
        { "f:OR", "f:OR" },
        { "F:a 1:a f: :a f::a", "(& (& (& (& F:a 1:a) f:) :a) f::a)" },
        { "1990..1995-06", "<1990..1995-06>" },
        { "d:..1995-06-30", "d:<..1995-06-30>" },
        { "1990.. a", "(& <1990..> a)" },
        { "1995-05..1995", "<1995-05..1995>" },
        { "\"1990..1995\"", "'1990..1995'" },
        { "a..", NULL },
        { "+381 60 1234567", "+381 60 1234567" },
        { "+381 60 x", "(& +381 60 x)" },
        { "+ 60", "(& + 60)" },
        { "phone:+381 60", "phone:+381 60" },
        { "a(b)c", "(& (& a b) c)" },
        { "a\"b\"c", NULL },
        { "Јована", "Јована" },
        { "((((((a))))))", "a" },
        { "*", NULL },
        { "~", NULL },
        { "", NULL },
        { "(", NULL },
        { "a )", NULL },
        { "a OR", NULL },
        { "NOT a", NULL },
        { "(NOT a) OR b", NULL },
        { "a (NOT NOT b)", NULL },
        { "a..b", NULL },
        { "1995..1990", NULL },
        { "2023-02-29..", NULL },
        { "1990...1991", NULL },
    };
    struct cv_query *q = malloc(sizeof(*q));
    (void)state;
    assert_non_null(q);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_buf out = { 0 };
        struct cv_err err = { 0 };
        const cv_status st = cv_query_parse(cv_bytes_str(rows[i][0]), q, &err);
        if (st == CV_OK)
            tell(q, q->root, &out);
        if (rows[i][1] == NULL && (st != CV_ERR_ARG || err.msg[0] == '\0'))
            fail_msg("%s: status %d, %s", rows[i][0], (int)st, err.msg);
        if (rows[i][1] != NULL && !cv_bytes_equal(cv_buf_view(&out), cv_bytes_str(rows[i][1])))
            fail_msg("%s: %.*s, not %s; %s", rows[i][0], (int)out.n, (const char *)out.p, rows[i][1],
                     err.msg);
        cv_buf_free(&out);
    }
    free(q);
}

/* repeated(part, n, out): ${part} as often as that. */
static void repeated(const char *part, size_t n, struct cv_buf *out)
{
    for (size_t i = 0; i < n; i++)
        assert_ok(cv_buf_str(out, part));
}

static void test_limits(void **state)
{
    static const struct {
        const char *part, *middle, *end;
        size_t n;
        cv_status st;
    } rows[] = {
        { "(", "a", ")", CV_QUERY_DEPTH - 1, CV_OK },         { "(", "a", ")", CV_QUERY_DEPTH, CV_ERR_ARG },
        { "NOT ", "a", "", CV_QUERY_DEPTH, CV_ERR_ARG },      { "a ", "", "", CV_QUERY_NODES / 2, CV_OK },
        { "a ", "", "", CV_QUERY_NODES / 2 + 1, CV_ERR_ARG }, { "a", "", "", CV_QUERY_MAX_BYTES, CV_OK },
        { "a", "", "", CV_QUERY_MAX_BYTES + 1, CV_ERR_ARG },  { "(", "", "", 500, CV_ERR_ARG },
    };
    struct cv_query *q = malloc(sizeof(*q));
    (void)state;
    assert_non_null(q);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_buf text = { 0 };
        repeated(rows[i].part, rows[i].n, &text);
        assert_ok(cv_buf_str(&text, rows[i].middle));
        repeated(rows[i].end, rows[i].n, &text);
        const cv_status st = cv_query_parse(cv_buf_view(&text), q, NULL);
        if (st != rows[i].st)
            fail_msg("row %zu: status %d", i, (int)st);
        cv_buf_free(&text);
    }
    assert_status(cv_query_parse(CV_LIT("a\0b"), q, NULL), CV_ERR_ARG);
    assert_status(cv_query_parse(CV_LIT("\xff"), q, NULL), CV_ERR_ARG);
    free(q);
}

/* Where: in characters, from 1. */
static void test_where(void **state)
{
    static const char *const rows[][2] = {
        { "ab \"c", "at character 4:" },
        { "Јована (", "at character 9:" },
        { "a) b", "at character 2:" },
        { "a b*c", "at character 3:" },
    };
    struct cv_query *q = malloc(sizeof(*q));
    (void)state;
    assert_non_null(q);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_err err = { 0 };
        assert_status(cv_query_parse(cv_bytes_str(rows[i][0]), q, &err), CV_ERR_ARG);
        if (strstr(err.msg, rows[i][1]) == NULL)
            fail_msg("%s: %s", rows[i][0], err.msg);
    }
    free(q);
}

static cv_status parse(void *arg, struct cv_bytes bytes)
{
    return cv_query_parse(bytes, arg, NULL);
}

static void test_damage(void **state)
{
    const struct cv_bytes whole = CV_LIT("f:a* (\"b c\"* OR NOT x~) AND 1990..1991-02-03 +381 60 \xd0\x88");
    struct cv_query *q = malloc(sizeof(*q));
    (void)state;
    assert_non_null(q);
    every_cut(whole, 0, whole.n, parse, q, MAY(CV_OK) | MAY(CV_ERR_ARG));
    every_bit(whole, 0, whole.n, parse, q, MAY(CV_OK) | MAY(CV_ERR_ARG));
    free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
