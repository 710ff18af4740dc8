#include "formats/tally.h"

#include "formats/figures.h"
#include "test.h"

/* What is counted, and what is given out of it, where the records or the template mean no good. */

static struct cv_json *json(const char *text)
{
    struct cv_json *o = NULL;
    assert_ok(cv_json_parse(cv_bytes_str(text), 1 << 20, "test", &o, NULL));
    return o;
}

static void add(struct cv_tally *t, const char *text, size_t times)
{
    struct cv_json *o = json(text);
    for (size_t i = 0; i < times; i++)
        assert_ok(cv_tally_add(t, o));
    cv_json_free(o);
}

/* number(f, dimension, word): of a category, UINT64_MAX if it is not named, UINT64_MAX - 1 if it is hidden.
 */
static uint64_t number(const struct cv_figures *f, size_t d, const char *word)
{
    size_t at[CV_SUPPRESS_DIMS] = { CV_FIGURES_ALL, CV_FIGURES_ALL, CV_FIGURES_ALL };
    uint64_t n = 0;
    for (size_t i = 0; i < f->dim[d].n; i++)
        if (strcmp(f->dim[d].c[i].word, word) == 0) {
            at[d] = i;
            return cv_figures_at(f, at, &n) ? n : UINT64_MAX - 1;
        }
    return UINT64_MAX;
}

/* A value that no field could hold is as if it was not said: it names no row, and costs nobody else theirs.
 */
static void test_hostile_values(void **state)
{
    static const char *const rows[] = {
        "{\"g\":\"King\",\"c\":[\"rs\"]}",
        "{\"g\":[\"Feminine\"],\"c\":\"RS\"}",
        "{\"g\":{\"Feminine\":1},\"c\":{}}",
        "{\"g\":17,\"c\":[17,null,[\"RS\"],{}]}",
        "{\"g\":\"\",\"c\":[\"\",\"R\",\"RSS\",\"R5\",\"20244\",\"=1+1\",\"<b>\"]}",
        "{\"g\":null,\"c\":[]}",
        "{\"g\":\"not said\",\"c\":[\"not said\",\"others\",\"all\"]}",
        "{}",
        "[]",
        "\"Feminine\"",
        "null",
        "{\"g\":\"Feminine \",\"c\":[\"RS \"]}",
    };
    struct cv_json *words = json("[\"Feminine\",\"Masculine\"]");
    const struct cv_tally_field fields[] = { { "gender", "Gender", "g", false, words },
                                             { "citizenship", "Citizenship", "c", true, NULL } };
    struct cv_tally *t = NULL;
    struct cv_figures f;
    (void)state;
    assert_ok(cv_tally_new(fields, 2, &t));
    add(t, "{\"g\":\"Feminine\",\"c\":[\"RS\",\"RS\",\"GE\"]}", 20);
    add(t, "{\"g\":\"Masculine\",\"c\":[\"RS\"]}", 30);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        add(t, rows[i], 1);
    assert_ok(cv_tally_figures(t, 11, &f, NULL));
    assert_int_equal(f.all, 50 + sizeof(rows) / sizeof(*rows));
    assert_int_equal(number(&f, 0, "Feminine"), 20);
    assert_int_equal(number(&f, 0, "Masculine"), 30);
    assert_int_equal(number(&f, 0, "not said"), 12);
    assert_int_equal(f.dim[0].n, 3);
    assert_int_equal(number(&f, 1, "GE"), 20);
    assert_int_equal(number(&f, 1, "RS"), 50);
    assert_int_equal(number(&f, 1, "not said"), 12);
    assert_int_equal(f.dim[1].n, 3);
    cv_figures_free(&f);
    cv_tally_free(t);
    cv_json_free(words);
}

/* More countries than can be told apart, or be shown: the rarest go with the others, and nobody is lost. */
static void test_many_values(void **state)
{
    const struct cv_tally_field fields[] = { { "place", "Place", "p", false, NULL },
                                             { "year", "Year", "y", false, NULL },
                                             { "again", "Again", "p", false, NULL } };
    struct cv_tally *t = NULL;
    struct cv_figures f;
    struct cv_err err = { 0 };
    uint64_t all = 0;
    (void)state;
    assert_ok(cv_tally_new(fields, 3, &t));
    for (int a = 'A'; a <= 'Z'; a++)
        for (int b = 'A'; b <= 'L'; b++) {
            char text[64];
            (void)snprintf(text, sizeof(text), "{\"p\":\"%c%c\",\"y\":\"20%02d\"}", a, b, b - 'A');
            add(t, text, 11 + (size_t)(a - 'A'));
        }
    assert_status(cv_tally_figures(t, 11, &f, &err), CV_ERR_LIMIT);
    assert_non_null(strstr(err.msg, "more than 4096"));
    cv_tally_free(t);
    assert_ok(cv_tally_new(fields, 2, &t));
    for (int a = 'A'; a <= 'Z'; a++)
        for (int b = 'A'; b <= 'L'; b++) {
            char text[64];
            (void)snprintf(text, sizeof(text), "{\"p\":\"%c%c\",\"y\":\"20%02d\"}", a, b, b - 'A');
            add(t, text, 11 + (size_t)(a - 'A'));
        }
    assert_ok(cv_tally_figures(t, 11, &f, NULL));
    assert_int_equal(f.dim[0].n, CV_SUPPRESS_CATEGORIES);
    assert_string_equal(f.dim[0].c[f.dim[0].others].word, CV_FIGURES_OTHERS);
    for (size_t i = 0; i < f.dim[0].n; i++)
        all += f.dim[0].c[i].count;
    assert_int_equal(all, f.all);
    assert_int_equal(f.dim[1].n, 12);
    cv_figures_free(&f);
    cv_tally_free(t);
}

/* Words of a template that somebody else wrote: text in the page, and no formula in a cell. */
static void test_hostile_words(void **state)
{
    struct cv_json *words =
        json("[\"=HYPERLINK(1)\",\"<img src=x onerror=alert(1)>\",\"@SUM(A1)\",\"a\\u202eb\"]");
    const struct cv_tally_field fields[] = { { "word", "<script>alert(2)</script>", "w", false, words } };
    struct cv_tally *t = NULL;
    struct cv_figures f;
    struct cv_buf csv = { 0 }, page = { 0 };
    (void)state;
    assert_ok(cv_tally_new(fields, 1, &t));
    add(t, "{\"w\":\"=HYPERLINK(1)\"}", 12);
    add(t, "{\"w\":\"<img src=x onerror=alert(1)>\"}", 13);
    add(t, "{\"w\":\"@SUM(A1)\"}", 14);
    add(t, "{\"w\":\"a\\u202eb\"}", 15);
    assert_ok(cv_tally_figures(t, 11, &f, NULL));
    const struct cv_figures_view v = { .f = &f,
                                       .by = { 0 },
                                       .count = 1,
                                       .at = { CV_FIGURES_ALL, CV_FIGURES_ALL, CV_FIGURES_ALL },
                                       .of = "</title><b>",
                                       .vault = "x",
                                       .made = "y",
                                       .training = true };
    assert_ok(cv_figures_csv(&v, &csv));
    assert_ok(cv_figures_page(&v, &page));
    assert_ok(cv_buf_append(&csv, CV_LIT("\0")));
    assert_ok(cv_buf_append(&page, CV_LIT("\0")));
    assert_non_null(strstr((char *)csv.p, "\"'=HYPERLINK(1)\",\"12\",\"no\"\r\n"));
    assert_non_null(strstr((char *)csv.p, "\"'@SUM(A1)\""));
    assert_null(strstr((char *)csv.p, "\xe2\x80\xae"));
    assert_int_equal(strncmp((char *)csv.p, "\"TRAINING", 9), 0);
    assert_null(strstr((char *)page.p, "<img"));
    assert_null(strstr((char *)page.p, "<script"));
    assert_null(strstr((char *)page.p, "</title><b>"));
    assert_null(strstr((char *)page.p, "\xe2\x80\xae"));
    assert_non_null(strstr((char *)page.p, "&#60;img"));
    assert_non_null(strstr((char *)page.p, "TRAINING"));
    cv_buf_free(&csv);
    cv_buf_free(&page);
    cv_figures_free(&f);
    cv_tally_free(t);
    cv_json_free(words);
}

/* Nobody at all, and fewer than k: no number is given out but zero for nobody. */
static void test_few(void **state)
{
    const struct cv_tally_field fields[] = { { "year", "Year", "y", false, NULL },
                                             { "place", "Place", "p", true, NULL } };
    const size_t all[CV_SUPPRESS_DIMS] = { CV_FIGURES_ALL, CV_FIGURES_ALL, CV_FIGURES_ALL };
    (void)state;
    for (size_t count = 0; count <= 12; count++) {
        struct cv_tally *t = NULL;
        struct cv_figures f;
        size_t at[CV_SUPPRESS_DIMS], shown = 0;
        uint64_t n;
        assert_ok(cv_tally_new(fields, 2, &t));
        add(t, "{\"y\":\"2024\",\"p\":[\"RS\",\"DE\"]}", count);
        assert_ok(cv_tally_figures(t, 11, &f, NULL));
        const struct cv_figures_view v = {
            .f = &f, .by = { 1, 0 }, .count = 2, .at = { CV_FIGURES_ALL, CV_FIGURES_ALL, CV_FIGURES_ALL }
        };
        cv_figures_begin(&v, at);
        do {
            shown += cv_figures_at(&f, at, &n) && n > 0;
            assert_true(n == 0 || n >= 11);
        } while (cv_figures_next(&v, at));
        assert_true((shown > 0) == (count >= 11));
        assert_true(cv_figures_at(&f, all, &n) == (count == 0 || count >= 11));
        cv_figures_free(&f);
        cv_tally_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_many_values),
        cmocka_unit_test(test_hostile_words),
        cmocka_unit_test(test_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
