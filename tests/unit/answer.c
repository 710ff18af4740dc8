#include "formats/answer.h"

#include "test.h"

/* What people type for a field. */

static const struct {
    const char *type, *section, *field, *typed, *value; /* as JSON; NULL: refused */
    const char *why;
} rows[] = {
    { "person", "identity", "gender", "2", "\"Masculine\"", NULL },
    { "person", "identity", "gender", "masc", "\"Masculine\"", NULL },
    { "person", "identity", "gender", "Female", "\"Feminine\"", NULL }, /* as forms label it */
    { "person", "identity", "gender", " feminine ", "\"Feminine\"", NULL },
    { "person", "identity", "gender", "trans", NULL, "more than one of the choices" },
    { "person", "identity", "gender", "rmin", "\"NonConforming\"", NULL },
    { "person", "identity", "gender", "genderfem", "\"TransgenderFeminine\"", NULL },
    { "person", "identity", "gender", "in", NULL, "more than one of the choices" },
    { "person", "identity", "gender", "0", NULL, "none of the choices" },
    { "person", "identity", "gender", "99", NULL, "none of the choices" },
    { "person", "identity", "gender", "18446744073709551617", NULL, "none of the choices" },
    { "person", "identity", "gender", "zebra", NULL, "none of the choices" },
    { "person", "identity", "gender", "*", NULL, "none of the choices" },
    { "person", "identity", "birth_date", "28.2.1990", "\"1990-02-28\"", NULL },
    { "person", "identity", "birth_date", "28 February 1990", "\"1990-02-28\"", NULL },
    { "person", "identity", "birth_date", "1990", "\"1990\"", NULL },
    { "person", "identity", "birth_date", "3/4/1990", NULL, "two ways" },
    { "person", "identity", "birth_date", "31.2.1990", NULL, "" },
    { "person", "identity", "deceased", "no", "false", NULL },
    { "person", "identity", "deceased", "perhaps", NULL, "neither yes nor no" },
    { "person", "identity", "number_of_children", "3", "3", NULL },
    { "person", "identity", "number_of_children", "three", NULL, "not a whole number" },
    { "person", "identity", "citizenship", "Serbia", "[\"RS\"]", NULL },
    { "person", "identity", "citizenship", "RS; Ukraine", "[\"RS\",\"UA\"]", NULL },
    { "person", "identity", "also_known_as", "Jo; Ana Maria", "[\"Jo\",\"Ana Maria\"]", NULL },
    { "person", "identity", "first_name", "  Јована  ", "\"Јована\"", NULL },
    { "person", "contact", "mobile_phone", "+381 60 123-4567", "\"+381601234567\"", NULL },
    { "person", "contact", "mobile_phone", "060 1234567", NULL, "country's code" },
    { "person", "admin", "cases", "nonsense", NULL, "not a record id" },
    { "person", "exploitation", "type_of_exploitation", "1, 2;1", NULL,
      NULL }, /* filled in below: two words */
};

static void values(void **state)
{
    struct cv_template *t = NULL;
    (void)state;
    assert_int_equal(cv_template_parse(cv_template_default_text(), &t, NULL), CV_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_template_field f;
        struct cv_json *value = NULL;
        struct cv_buf text = { 0 };
        const char *why = NULL;
        assert_true(cv_template_field_named(t, rows[i].type, rows[i].section, rows[i].field, &f));
        const cv_status st = cv_answer_value(&f, cv_bytes_str(rows[i].typed), &value, &why);
        if (rows[i].value == NULL && rows[i].why == NULL) {
            assert_int_equal(st, CV_OK);
            assert_int_equal(cv_json_len(value), 2);
            assert_true(cv_json_equal(cv_json_at(value, 0), cv_json_at(f.choices, 0)));
            assert_true(cv_json_equal(cv_json_at(value, 1), cv_json_at(f.choices, 1)));
        } else if (rows[i].value == NULL) {
            assert_int_equal(st, CV_ERR_FORMAT);
            assert_null(value);
            assert_non_null(strstr(why, rows[i].why));
        } else {
            assert_int_equal(st, CV_OK);
            assert_int_equal(cv_json_write(value, &text), CV_OK);
            assert_int_equal(cv_buf_append(&text, CV_BYTES("", 1)), CV_OK);
            assert_string_equal((const char *)text.p, rows[i].value);
        }
        cv_json_free(value);
        cv_buf_free(&text);
    }
    cv_template_free(t);
}

static void labels(void **state)
{
    static const struct {
        const char *word, *label;
    } words[] = {
        { "SexualExploitation", "Sexual exploitation" },
        { "NonSpecifiedUnknown", "Non specified unknown" },
        { "A_AgricultureForestryFishing", "Agriculture forestry fishing" },
        { "NGO", "NGO" },
        { "Given", "Given" },
        { "follow_up", "follow up" },
        { "18-24", "18-24" },
        { "", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct cv_buf text = { 0 };
        assert_int_equal(cv_choice_label(words[i].word, &text), CV_OK);
        assert_int_equal(cv_buf_append(&text, CV_BYTES("", 1)), CV_OK);
        assert_string_equal((const char *)text.p, words[i].label);
        cv_buf_free(&text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(values), cmocka_unit_test(labels) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
